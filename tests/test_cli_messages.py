"""Messages as people configure, test and list them; and told by a daemon."""

import json

import pytest

from syncd.daemon import Daemon
from syncd.wiring import wire
from tests.messages.mail_server import MailServer
from tests.sources.https_server import HttpServer, Said
from tests.workbench import eventually, workbench

SECRET = "whsec_" + "azEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
WEB = "web: {port: 0}\n"
CHANNELS = """web: {{port: 0, url: "https://sync.example.com"}}
messages:
  digest: null
  channels:
    - {{name: mail, type: smtp, host: 127.0.0.1, port: {port}, security: none, from: s@example.com, to: a@example.com}}
    - {{name: hook, type: webhook, url: "${{env:HOOK}}", secrets: ["${{env:SECRET}}"], kinds: [held]}}
"""


@pytest.fixture
def bench(tmp_path):
    with workbench(tmp_path) as made:
        made.in_process = True
        yield made


def test_a_channel_is_tested_and_what_happened_is_said(bench):
    mail, hook = MailServer(), HttpServer(lambda _: Said(status=500))
    bench.environ.update(HOOK=hook.link, SECRET=SECRET)
    bench.configure((WEB, CHANNELS.format(port=mail.port)))
    done = bench.run("messages", "test", expect=8)
    to = f"a@example.com by the mail server 127.0.0.1, port {mail.port}"
    assert done.stdout == f"mail: a test was sent to {to}; look whether it has come\n"
    assert done.stderr == (
        "hook: the test was not sent to the webhook at 127.0.0.1: the receiver answered 500. Mend messages.channels in the "
        "configuration, or the receiver; then: syncd messages test hook\n"
    )
    assert "there is: mail, hook" in bench.run("messages", "test", "pager", expect=2).stderr
    (one,) = bench.json("messages", "test", "hook", expect=8)["channels"]
    assert (one["name"], one["type"], one["error"]) == ("hook", "webhook", "the receiver answered 500")
    bench.configure()
    assert "No channel is configured" in bench.run("messages", "test", expect=2).stderr
    mail.stop()
    hook.stop()
    assert len(mail.mails) == 1


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        (
            "{name: m, type: smtp, host: mail.example.com, security: none, from: a@b.c, to: a@b.c}",
            "loopback only",
        ),
        ("{name: m, type: smtp, host: mail.example.com, from: a@b.c, to: a@b.c, user: x}", "go together"),
        ("{name: m, type: smtp, host: mail.example.com, from: a@b.c, to: nobody}", "e-mail addresses"),
        ("{name: m, type: pigeon}", "must be smtp or webhook or apprise"),
        ("{name: m, type: webhook, url: 'https://x.example'}", "secrets"),
        ("{name: m, type: webhook, url: 'https://x.example', secrets: [x], kinds: [all]}", "kinds"),
    ],
)
def test_what_cannot_work_is_refused(bench, channel, says):
    bench.configure((WEB, f"{WEB}messages: {{channels: [{channel}]}}\n"))
    assert says in bench.run("config", "check", expect=3).stderr


def test_a_daemon_tells_of_a_held_run_and_of_its_end(bench, monkeypatch):
    hook = HttpServer(lambda _: Said())
    bench.environ.update(HOOK=hook.link, SECRET=SECRET)
    monkeypatch.setattr("syncd.messages.messenger.LOOK_EVERY", 0.05)
    monkeypatch.setattr("syncd.messages.messenger.SEND_EVERY", 0.05)
    bench.configure(
        (WEB, CHANNELS.format(port=1)), ("policy: sync", "policy: sync, limits: {creates: {count: 5}}")
    )
    bench.staff(12)
    bench.run("push", expect=4)
    app = wire(bench.config())
    daemon = Daemon(app, bench.config())
    daemon.start()
    try:
        eventually(lambda: len(hook.asked) == 1)
        run_id = bench.json("runs")["runs"][0]["id"]
        bench.run("reject", str(run_id))
        eventually(lambda: len(hook.asked) == 2)
    finally:
        assert daemon.end()
        app.close()
        hook.stop()
    first, last = (json.loads(asked.body) for asked in hook.asked)
    assert first["key"] == last["key"] == f"held:{run_id}"
    assert first["lines"][:2] == [
        "Why: LIMIT-CREATES.",
        "What waits: 12 add assignment, 12 add membership, 12 create user, 2 create team.",
    ]
    assert first["link"] == f"https://sync.example.com/runs/{run_id}"
    assert (last["occasion"], last["lines"]) == ("over", ["The run is cancelled now."])
    listed = {(row["channel"], row["state"]) for row in bench.json("messages")["messages"]}
    assert listed == {("hook", "sent"), ("mail", "waiting")}, "one that cannot be reached is in nobody's way"
    assert "Channel mail: 2 messages wait: 127.0.0.1 cannot be reached" in bench.run("status").stderr
