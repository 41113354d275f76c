"""Traces as a collector gets them: of commands, of several processes, and while the collector is none."""

import json
import re
import sys
import threading

import pytest

from syncd.daemon import Daemon
from syncd.wiring import wire
from tests.messages.mail_server import certificate
from tests.sources.https_server import Said
from tests.telemetry.receiver import Receiver, taken, values
from tests.workbench import KEY, eventually, workbench

WEB = "web: {port: 0}\n"
SECRET = "Bearer CANARY-collector-77"
ERROR = 2


@pytest.fixture
def bench(tmp_path):
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(3)
        yield made


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.stop()


def to(link: str, more: str = "") -> tuple[str, str]:
    """The change of the configuration that sends traces there."""
    return WEB, f"{WEB}telemetry: {{otlp: {{endpoint: '{link}'{more}}}}}\n"


def events(bench, name: str) -> list[dict[str, object]]:
    """What was told by this name, and stored."""
    return [json.loads(line) for line in bench.run("logs", "--json", "--event", name).stdout.splitlines()]


def test_a_push_is_one_trace(bench, receiver):
    bench.in_process = False
    bench.configure(to(receiver.link, ", service_name: syncd-hr"))
    run_id = bench.json("push")["run"]

    assert {asked.path for asked in receiver.asked} == {"/v1/traces"}
    assert {asked.headers["content-type"] for asked in receiver.asked} == {"application/x-protobuf"}
    assert {one["service.name"] for one in receiver.resources} == {"syncd-hr"}
    assert len({span.trace_id for span in receiver.spans}) == 1
    ids = [span.span_id for span in receiver.spans]
    assert len(ids) == len(set(ids))

    (run,) = receiver.named("push")
    assert run.parent_span_id == b""
    facts = values(run.attributes)
    assert facts["syncd.run.id"] == run_id
    assert (facts["syncd.run.state"], facts["syncd.account"]) == ("succeeded", "main")
    assert facts["syncd.changes.done"] == 3 + 3 + 3 + 2, "people, their memberships and path, and two teams"
    (plan,) = receiver.named("plan")
    assert plan.parent_span_id == run.span_id
    assert [event.name for event in plan.events] == ["refresh_read", "source_read"]
    assert values(plan.attributes)["syncd.plan.changes"] == facts["syncd.changes.done"]

    attempts = receiver.named("create_user")
    assert len(attempts) == 3
    for attempt in attempts:
        assert attempt.parent_span_id == run.span_id
        facts = values(attempt.attributes)
        assert (facts["syncd.attempt.outcome"], facts["syncd.changes.done.create_user"]) == ("completed", 1)
        (request,) = [
            one
            for one in receiver.spans
            if one.parent_span_id == attempt.span_id and one.name == "POST /users"
        ]
        assert attempt.start_time_unix_nano <= request.start_time_unix_nano < request.end_time_unix_nano
        facts = values(request.attributes)
        assert (facts["http.request.method"], facts["http.response.status_code"]) == ("POST", 201)
        assert facts["server.address"] == "127.0.0.1"
        assert request.kind == request.SPAN_KIND_CLIENT
    read = receiver.named("GET /users/details")
    assert {one.parent_span_id for one in read} == {plan.span_id}
    requests = [one for one in receiver.spans if one.kind == one.SPAN_KIND_CLIENT]
    assert len(requests) == len(bench.sandbox.log)


def test_nobody_is_named_and_no_secret_is_sent(bench, receiver):
    rows = bench.staff(4)
    rows[1]["email"] = "no address"
    bench.write_hr(rows)
    bench.configure(to(receiver.link))
    bench.run("push", expect=None)
    sent = b"".join(asked.body for asked in receiver.asked)
    assert b"create_user" in sent
    for row in rows:
        for name in ("employee_id", "first_name", "last_name", "email"):
            assert row[name].encode() not in sent
    assert KEY.encode() not in sent


def test_several_processes_make_one_trace_and_another_database_another(bench, receiver, tmp_path):
    limits = ("policy: sync", "policy: sync, limits: {creates: {count: 1}}")
    bench.in_process = False
    bench.configure(to(receiver.link), limits)
    run_id = bench.json("push", expect=4)["run"]
    assert {span.name for span in receiver.spans if span.kind != span.SPAN_KIND_CLIENT} == {"plan"}
    bench.run("approve", str(run_id))
    assert len({one["service.instance.id"] for one in receiver.resources}) == 2
    (trace_id,) = {span.trace_id for span in receiver.spans}
    (run,) = receiver.named("push")
    known = {span.span_id for span in receiver.spans}
    assert {span.parent_span_id for span in receiver.spans} - known == {b""}, "every parent is there"
    assert receiver.named("plan")[0].parent_span_id == run.span_id

    other = tmp_path / "other"
    other.mkdir()
    with workbench(other) as second:
        second.in_process = True
        second.staff(1)
        second.configure(to(receiver.link))
        assert second.json("push")["run"] == run_id
    assert len({span.trace_id for span in receiver.named("push")}) == 2
    assert receiver.named("push")[1].trace_id != trace_id


def test_a_daemon_sends_what_its_runs_were(bench, receiver):
    bench.configure(to(receiver.link))
    bench.run("refresh")
    run_id = bench.queue("push")
    app = wire(bench.config())
    daemon = Daemon(app, bench.config())
    daemon.start()
    try:
        eventually(lambda: bench.state(run_id) == "succeeded")
        eventually(lambda: receiver.named("push"))
    finally:
        assert daemon.end()
        app.close()
    assert len(receiver.named("refresh")) == 1


def test_a_try_that_failed_is_an_error_with_its_code_and_no_sentence(bench, receiver):
    fault = {"kind": "status", "method": "POST", "path": "^/?users", "status": 400, "count": 1}
    bench.sandbox.faults.set([{**fault, "body": '{"Message": "Zorqua Brindlewyck is no learner"}'}])
    bench.configure(to(receiver.link))
    bench.run("push", expect=5)
    failed = [one for one in receiver.named("create_user") if one.status.code == ERROR]
    assert len(failed) == 1
    facts = values(failed[0].attributes)
    assert (facts["syncd.attempt.outcome"], facts["http.response.status_code"]) == ("discarded", 400)
    assert str(facts["error.type"]).startswith("LITMOS-")
    (request,) = [one for one in receiver.spans if one.parent_span_id == failed[0].span_id]
    assert (request.status.code, values(request.attributes)["error.type"]) == (ERROR, "400")
    assert b"Zorqua" not in b"".join(asked.body for asked in receiver.asked)


def test_a_refused_key_is_an_error(bench, receiver):
    bench.configure(to(receiver.link))
    bench.environ["LITMOS_API_KEY"] = "WRONG"
    bench.run("push", expect=None)
    (run,) = receiver.named("push")
    assert run.status.code == ERROR
    assert run.status.message == ""
    failed = [one for one in receiver.spans if one.kind == one.SPAN_KIND_CLIENT]
    assert {values(one.attributes)["error.type"] for one in failed} == {"401"}
    assert receiver.named("plan")[0].status.code == ERROR


def test_variables_of_opentelemetry_lead_nowhere(bench, receiver):
    other = Receiver()
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        bench.environ[name] = other.link
    bench.environ |= {
        "OTEL_EXPORTER_OTLP_HEADERS": "x-more=1",
        "OTEL_SERVICE_NAME": "x",
        "OTEL_SDK_DISABLED": "true",
    }
    bench.run("push")
    bench.configure(to(receiver.link))
    bench.run("refresh")
    other.stop()
    assert other.asked == []
    assert receiver.named("refresh")
    assert "x-more" not in receiver.asked[0].headers
    assert receiver.resources[0]["service.name"] == "syncd"


def test_commands_that_only_read_ask_nobody(bench, receiver):
    bench.configure(to(receiver.link))
    bench.run("push")
    before = len(receiver.asked)
    for command in ("runs", "status", "problems", "logs"):
        bench.run(command)
    assert len(receiver.asked) == before


def test_headers_are_read_anew_and_shown_nowhere(bench, receiver):
    file = bench.folder / "authorization"
    file.write_text(SECRET + "\n", encoding="utf-8")
    bench.configure(to(receiver.link, ", headers: {Authorization: '${file:authorization}'}"))
    bench.run("refresh")
    assert {asked.headers["authorization"] for asked in receiver.asked} == {SECRET}
    shown = bench.run("config", "show").stdout
    assert "telemetry.otlp.headers" in shown
    assert "CANARY-collector" not in shown
    file.write_text("Bearer\x07 CANARY", encoding="utf-8")
    bench.run("refresh")
    (told,) = events(bench, "spans_not_sent")
    assert "CANARY" not in str(told)
    assert "Authorization holds characters" in str(told)


# ---------------------------------------------------------------- a collector that is none


def test_a_dead_collector_is_in_nobodys_way_and_told(bench):
    gone = Receiver()
    gone.stop()
    bench.configure(to(gone.link))
    bench.run("push")
    (failure,) = events(bench, "spans_not_sent")
    assert "cannot be reached" in str(failure)
    (dropped,) = events(bench, "spans_dropped")
    assert int(re.findall(r"'number': (\d+)", str(dropped))[0]) > 10


def test_nobody_waits_for_a_slow_collector(bench):
    answered = threading.Event()

    def answer(_asked):
        answered.wait(60)
        return taken()

    slow = Receiver(answer)
    bench.configure(to(slow.link))
    bench.run("push")
    assert not answered.is_set(), "the push is over, and the collector has not answered yet"
    assert len(slow.asked) == 1
    assert events(bench, "spans_dropped")
    answered.set()
    slow.stop()


def test_a_redirect_is_not_followed(bench, receiver):
    away = Receiver(lambda _: Said(status=307, headers=(("Location", f"{receiver.link}/v1/traces"),)))
    bench.configure(to(away.link))
    bench.run("push")
    away.stop()
    assert away.asked
    assert receiver.asked == []
    (failure,) = events(bench, "spans_not_sent")
    assert "a redirect, which is not followed: put the final address in telemetry.otlp.endpoint" in str(
        failure
    )


def test_without_the_package_it_is_said_what_to_install(bench, receiver, monkeypatch):
    bench.configure(to(receiver.link))
    for name in [name for name in sys.modules if name.split(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    said = bench.run("push", expect=3).stderr
    assert 'telemetry.otlp: needs the package opentelemetry-proto: pip install "syncd[otel]"' in said
    assert bench.sandbox.log == []
    found = bench.json("doctor", expect=3)["findings"][-1]
    assert (found["check"], found["state"]) == ("collector", "problem")
    assert "pip install" in found["next"]
    bench.configure()
    bench.run("push")


# ---------------------------------------------------------------- what doctor and the configuration say


def test_doctor_says_whether_the_collector_answers(bench, receiver):
    bench.configure(to(receiver.link))
    found = bench.json("doctor")["findings"][-1]
    assert (found["check"], found["state"]) == ("collector", "ok")
    assert receiver.spans == [], "an empty request"
    receiver.stop()
    done = bench.run("doctor")
    assert re.search(
        r"warning +collector +no traces reach 127\.0\.0\.1:\d+: 127\.0\.0\.1 cannot be reached", done.stdout
    )
    assert "next: mend the collector or `telemetry.otlp`; then: syncd doctor" in done.stdout
    away = Receiver(lambda _: Said(status=401))
    bench.configure(to(away.link))
    assert "the receiver answered 401" in bench.run("doctor").stdout
    away.stop()


def test_a_certificate_is_verified(bench, tmp_path):
    bench.in_process = False
    cert, both = certificate(tmp_path)
    made = Receiver(certificate=both)
    link = made.link.replace("localhost", "127.0.0.1")
    bench.configure(to(link))
    assert "certificate" in bench.run("doctor").stdout
    bench.configure(to(link, f", ca_file: {cert}"))
    assert bench.json("doctor")["findings"][-1]["state"] == "ok"
    made.stop()
    assert len(made.asked) == 1


@pytest.mark.parametrize(
    ("otlp", "says"),
    [
        ("{endpoint: 'http://collector.example.com:4318'}", "endpoint: must be https"),
        ("{endpoint: 'collector:4318'}", "endpoint: must be a URL"),
        ("{endpoint: 'https://u:p@collector.example.com'}", "must hold no user and no password"),
        ("{endpoint: 'https://collector.example.com/?key=x'}", "must have no query"),
        ("{headers: {A: x}}", "endpoint: is required"),
        ("{endpoint: 'https://c.example.com', headers: {Content-Type: x}}", "is set by syncd itself"),
        ("{endpoint: 'https://c.example.com', headers: {'A B': x}}", "is no name of a header"),
        ("{endpoint: 'https://c.example.com', timeout: 2}", "timeout"),
        ("{endpont: 'https://c.example.com'}", "did you mean"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(bench, otlp, says):
    bench.configure((WEB, f"{WEB}telemetry: {{otlp: {otlp}}}\n"))
    said = bench.run("config", "check", expect=3).stderr
    assert says in said
    assert re.search(r"syncd\.yaml:\d+:\d+: telemetry\.otlp", said)


def test_a_secret_in_the_file_is_warned_of(bench, receiver):
    bench.configure(to(receiver.link, ", headers: {Authorization: x}"))
    done = bench.run("config", "check")
    assert "telemetry.otlp.headers: is written in the file" in done.stdout + done.stderr
