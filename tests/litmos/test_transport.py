import gzip
import json
import math
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from syncd.core.operation import Interrupted
from syncd.errors import (
    ConfigError,
    LitmosError,
    Permanent,
    StoreError,
    Transient,
    Unauthorized,
    Uncertain,
)
from syncd.failpoint import KILLED
from syncd.litmos.sending import boot_time
from tests.litmos.fakes import KEY, FakeGate, FakeWatch, transport
from tests.litmos.server import Server, reply

TLS = Path(__file__).parent / "tls"
USERS = ("users",)


def send(
    server,
    method="GET",
    body=b"",
    *,
    gate=None,
    watch=None,
    path=USERS,
    params=None,
    clock=boot_time,
    **settings,
):
    carrier = transport(server.url, gate, clock=clock, **settings)
    return carrier.send(method, path, params or {}, body, watch=watch or FakeWatch())


def answering(data):
    return Server(lambda _heard, _line: data)


def doing(deed):
    """A server that does something to the line and closes it."""
    return Server(lambda _heard, line: deed(line))


def test_a_request_carries_all_that_litmos_wants_and_the_key_in_the_header_alone():
    with answering(reply("[]")) as server:
        answer = send(server, path=("users", "a b/c?"), params={"search": "ann+x@example.com"})
        heard = server.heard[0]
    assert (answer.status, answer.body) == (200, b"[]")
    assert heard.target.startswith("/v1.svc/users/a%20b%2Fc%3F?")
    assert heard.query == {"search": "ann+x@example.com", "source": "syncd-test", "format": "json"}
    assert heard.headers["apikey"] == KEY
    assert heard.headers["accept"] == heard.headers["content-type"] == "application/json"
    assert KEY not in heard.target
    assert KEY not in repr(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_an_empty_write_says_that_its_length_is_zero(method):
    with answering(reply()) as server:
        send(server, method)
        assert server.heard[0].headers["content-length"] == "0"
        assert "transfer-encoding" not in server.heard[0].headers


def test_the_key_is_asked_for_each_time():
    keys = iter(["first", "second"])
    with answering(reply("[]")) as server:
        carrier = transport(server.url, api_key=lambda: next(keys))
        for _ in range(2):
            carrier.send("GET", USERS, {}, watch=FakeWatch())
        assert [heard.headers["apikey"] for heard in server.heard] == ["first", "second"]


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_before_a_slot_is_taken(key):
    gate = FakeGate()
    with answering(reply("[]")) as server, pytest.raises(Unauthorized) as caught:
        send(server, gate=gate, api_key=lambda: key)
    assert gate.released == []
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_a_path_with_a_hole_is_never_sent(segment):
    with answering(reply()) as server:
        with pytest.raises(Permanent):
            send(server, "DELETE", path=("teams", "T", "users", segment))
        assert server.heard == []


def test_a_redirect_is_answered_not_followed():
    with answering(reply()) as other, answering(reply("", "302 Found", Location=other.url)) as server:
        assert send(server).status == 302
        assert other.connections == 0


def test_cookies_are_not_kept():
    with answering(reply("[]", Set_Cookie="session=1; Path=/")) as server:
        carrier = transport(server.url)
        for _ in range(2):
            carrier.send("GET", USERS, {}, watch=FakeWatch())
        assert "cookie" not in server.heard[1].headers


def test_one_connection_serves_many_requests():
    with answering(reply("[]")) as server:
        carrier = transport(server.url)
        for _ in range(3):
            carrier.send("GET", USERS, {}, watch=FakeWatch())
        assert (len(server.heard), server.connections) == (3, 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.litmos.com/v1.svc",
        "http://127.0.0.1.example.com/v1.svc",
        "http://2130706433/v1.svc",
        "ftp://127.0.0.1/v1.svc",
        "https://user:pw@api.litmos.com/v1.svc",
        "https://api.litmos.com/v1.svc?apikey=x",
        "api.litmos.com",
        "",
    ],
)
def test_a_url_that_could_give_the_key_away_is_refused(url):
    with pytest.raises(ConfigError):
        transport(url)


def test_source_must_fit():
    with pytest.raises(ConfigError, match="source"):
        transport("https://api.litmos.com/v1.svc", source="x" * 51)


# --- how far it got decides the error and the slot -------------------------------------------------------------------


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

TWICE = gzip.compress(gzip.compress(b"[]"))
BOMB = gzip.compress(b" " * 1_000_000)

AFTER_SENDING = {
    "reset": lambda line: line.reset(),
    "closed": lambda _line: None,
    "silence": lambda line: line.be_silent(),
    "dripping head": lambda line: line.drip(HEAD + b"X: y\r\n" * 100),
    "endless 100s": lambda line: line.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "half a head": lambda line: line.say(b"HTTP/1.1 200 O"),
    "no HTTP": lambda line: line.say(b"SSH-2.0-OpenSSH\r\n\r\n"),
    "endless head": lambda line: line.say(HEAD + b"X: " + b"y" * 300_000),
}
IN_THE_BODY = {
    "dripping body": lambda line: line.drip(HEAD + b"Content-Length: 500\r\n\r\n" + b"[" * 500, every=0.001),
    "cut by length": lambda line: line.say(HEAD + b'Content-Length: 50\r\n\r\n[{"Id":"a"}'),
    "cut in chunks": lambda line: line.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[{}]"),
    "bad gzip": lambda line: line.say(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]"),
    "coded twice": lambda line: line.say(
        HEAD + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(TWICE) + TWICE
    ),
    "coded twice in two headers": lambda line: line.say(
        HEAD + b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]"
    ),
    "a bomb": lambda line: line.say(
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB
    ),
    "too long": lambda line: line.say(HEAD + b"Content-Length: 2000\r\n\r\n" + b" " * 2000),
}


@pytest.mark.parametrize(("method", "kind"), [("GET", Transient), ("PUT", Uncertain)])
@pytest.mark.parametrize("fault", [*AFTER_SENDING, *IN_THE_BODY])
def test_what_fails_after_the_first_byte_leaves_a_write_uncertain_and_a_read_transient(fault, method, kind):
    gate = FakeGate()
    deed = AFTER_SENDING.get(fault) or IN_THE_BODY[fault]
    began = time.monotonic()
    with doing(deed) as server:
        with pytest.raises(LitmosError) as caught:
            send(server, method, gate=gate, timeout=0.25, max_body=1000)
        assert len(server.heard) == 1, "nothing is ever sent twice"
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    assert gate.released == [(True, fault in IN_THE_BODY)]
    assert time.monotonic() - began < 1.0, "the deadline is for the whole request"


def test_a_late_sign_of_life_gives_no_more_time():
    def mumble(line):
        line.stop.wait(0.5)
        line.say(b"HTTP/1.1 ")
        line.be_silent()

    began = time.monotonic()
    with doing(mumble) as server, pytest.raises(Transient):
        send(server, timeout=0.6)
    assert time.monotonic() - began < 0.95


def test_a_refused_connection_is_transient_for_a_write_and_frees_the_slot():
    gate = FakeGate()
    with answering(reply()) as server:
        url = server.url
    carrier = transport(url, gate=gate)
    watch = FakeWatch()
    with pytest.raises(Transient) as caught:
        carrier.send("POST", USERS, {}, b"{}", watch=watch)
    assert caught.value.code == "LITMOS-CONNECT"
    assert gate.released == [(False, False)]
    assert watch.announced == [], "sent_at is committed only when a connection stands"


def test_an_unknown_host_is_transient():
    gate = FakeGate()
    with pytest.raises(Transient) as caught:
        transport("https://litmos.invalid/v1.svc", gate=gate).send("POST", USERS, {}, watch=FakeWatch())
    assert caught.value.code == "LITMOS-CONNECT"
    assert gate.released == [(False, False)]


def test_a_slot_that_has_passed_by_the_time_the_connection_stands_sends_nothing():
    gate = FakeGate(send_by=boot_time() - 0.001)
    with answering(reply()) as server:
        with pytest.raises(Transient) as caught:
            send(server, "POST", gate=gate)
        assert server.heard == []
    assert caught.value.code == "LITMOS-TOO-LATE"
    assert gate.released == [(False, False)]


def test_time_that_the_watch_takes_counts_against_the_slot():
    now = [100.0]

    class SlowWatch(FakeWatch):
        def before_send(self, *, write):
            now[0] += 10
            super().before_send(write=write)

    gate = FakeGate(send_by=105.0)
    with answering(reply()) as server:
        with pytest.raises(Transient):
            send(server, "POST", gate=gate, watch=SlowWatch(), clock=lambda: now[0])
        assert server.heard == []


def test_a_deadline_that_passed_while_asleep_sends_nothing():
    times = iter([0.0, 1.0, *[1000.0] * 10])
    gate = FakeGate()
    with answering(reply()) as server:
        with pytest.raises(Transient):
            send(server, "POST", gate=gate, clock=lambda: next(times))
        assert server.heard == []
    assert gate.released == [(False, False)]


@pytest.mark.parametrize("refusal", [Interrupted(), RuntimeError("the lease was lost")])
def test_a_watch_that_refuses_keeps_everything_back(refusal):
    gate = FakeGate()
    with answering(reply()) as server:
        with pytest.raises(type(refusal)):
            send(server, "PUT", gate=gate, watch=FakeWatch(refusal=refusal))
        assert server.heard == []
    assert gate.released == [(False, False)]


def test_a_watch_hears_of_each_request_once():
    watch = FakeWatch()
    with answering(reply("[]")) as server:
        send(server, "GET", watch=watch)
        send(server, "PUT", b"x" * 1_000_000, watch=watch)
        assert len(server.heard[1].body) == 1_000_000
    assert watch.announced == [False, True]


def test_a_peer_that_does_not_read_a_long_write_meets_the_deadline():
    listener = socket.create_server(("127.0.0.1", 0))
    gate = FakeGate()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1.svc"
    with listener, pytest.raises(Uncertain):
        transport(url, timeout=0.2, gate=gate).send("POST", USERS, {}, b"x" * 30_000_000, watch=FakeWatch())
    assert gate.released == [(True, False)]


@pytest.mark.parametrize(
    ("status", "answered"), [("503 Busy", True), ("502 Bad", False), ("504 Late", False)]
)
def test_an_answer_by_a_gateway_does_not_prove_that_litmos_has_got_the_request(status, answered):
    gate = FakeGate()
    with answering(reply("", status)) as server:
        send(server, gate=gate)
    assert gate.released == [(True, answered)]


def test_an_answer_outlives_a_database_that_cannot_take_the_slot_back():
    class BrokenGate(FakeGate):
        def release(self, slot, *, sent, answered):
            raise StoreError("disk full")

    with answering(reply("[]")) as server:
        assert send(server, gate=BrokenGate()).status == 200


def test_a_connection_that_the_server_closed_while_idle_is_not_used_for_a_write():
    with Server(lambda _heard, line: line.say(reply("[]"))) as server:
        carrier = transport(server.url)
        carrier.send("GET", USERS, {}, watch=FakeWatch())
        time.sleep(0.02)  # the server's FIN is on its way over loopback
        assert carrier.send("POST", USERS, {}, watch=FakeWatch()).status == 200
        assert server.connections == 2


# --- TLS -------------------------------------------------------------------------------------------------------------


def tls_server():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    return Server(lambda _heard, _line: reply("[]"), tls=context)


def test_a_named_authority_is_trusted():
    gate = FakeGate()
    with tls_server() as server:
        assert send(server, gate=gate, ca_file=str(TLS / "cert.pem")).body == b"[]"
    assert gate.released == [(True, True)]


def test_an_unknown_authority_gets_no_key():
    gate = FakeGate()
    with tls_server() as server:
        with pytest.raises(Transient) as caught:
            send(server, "POST", gate=gate)
        assert server.heard == []
    assert caught.value.code == "LITMOS-TLS"
    assert gate.released == [(False, False)]


def test_a_certificate_for_another_name_gets_no_key():
    with tls_server() as server:
        carrier = transport(server.url.replace("127.0.0.1", "localhost"), ca_file=str(TLS / "cert.pem"))
        with pytest.raises(Transient) as caught:
            carrier.send("GET", USERS, {}, watch=FakeWatch())
    assert caught.value.code == "LITMOS-TLS"


def test_a_server_silent_in_the_handshake_meets_the_deadline():
    gate = FakeGate()
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1.svc"
    with listener, pytest.raises(Transient) as caught:
        transport(url, timeout=0.2, gate=gate).send("POST", USERS, {}, watch=FakeWatch())
    assert caught.value.code == "LITMOS-CONNECT-TIMEOUT"
    assert gate.released == [(False, False)]


# --- proxies ---------------------------------------------------------------------------------------------------------


def test_a_proxy_that_refuses_has_sent_nothing_to_litmos(monkeypatch):
    gate, watch = FakeGate(), FakeWatch()
    with answering(reply("", "407 Who are you?")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:p@127.0.0.1:{proxy.port}")
        carrier = transport("https://litmos.test/v1.svc", gate=gate)
        with pytest.raises(Transient) as caught:
            carrier.send("POST", USERS, {}, b"{}", watch=watch)
        heard = proxy.heard[0]
    assert caught.value.code == "LITMOS-PROXY-REFUSED"
    assert (heard.method, heard.target) == ("CONNECT", "litmos.test:443")
    assert "apikey" not in heard.headers
    assert (gate.released, watch.announced) == ([(False, False)], [])


def test_the_key_passes_a_proxy_inside_the_tunnel(monkeypatch):
    with tls_server() as inner:

        def tunnel(_heard, line):
            line.say(b"HTTP/1.1 200 Connected\r\n\r\n")
            relay(line, inner.port)

        with Server(tunnel) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            carrier = transport("https://litmos.test/v1.svc", ca_file=str(TLS / "cert.pem"))
            assert carrier.send("GET", USERS, {}, watch=FakeWatch()).body == b"[]"
            assert [heard.method for heard in proxy.heard] == ["CONNECT"]
            assert inner.heard[0].headers["apikey"] == KEY


def relay(line, port):
    """Carry bytes both ways until one side is done."""
    import select

    with socket.create_connection(("127.0.0.1", port)) as there:
        here = line._sock
        while not line.stop.is_set():
            for ready in select.select([here, there], [], [], 0.1)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (there if ready is here else here).sendall(data)


def test_a_proxy_of_another_kind_is_a_configuration_error(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(ConfigError, match="proxies"):
        transport("https://litmos.test/v1.svc")


# --- failpoints ------------------------------------------------------------------------------------------------------

CHILD = """
import sys
from syncd.litmos.transport import Transport
from tests.litmos.fakes import FakeGate, FakeWatch, endpoint
transport = Transport(endpoint(sys.argv[1]), FakeGate())
transport.send("GET", ("users",), {}, watch=FakeWatch())
transport.send("POST", ("users",), {}, b"{}", watch=FakeWatch())
print("alive")
"""


@pytest.mark.parametrize(
    ("point", "arrived"),
    [
        ("slot-taken", ["GET"]),
        ("marked-sent", ["GET"]),
        ("bytes-sent", ["GET", "POST"]),
        ("answered-unread", ["GET", "POST"]),
    ],
)
def test_a_failpoint_kills_at_its_place_in_a_write(point, arrived):
    with answering(reply("[]")) as server:
        environment = {**os.environ, "SYNCD_TESTING": "1", "SYNCD_FAILPOINT": point}
        child = subprocess.run([sys.executable, "-c", CHILD, server.url], env=environment, check=False)
        deadline = time.monotonic() + 2
        while len(server.heard) < len(arrived) and time.monotonic() < deadline:
            time.sleep(0.01)  # bytes that were sent may arrive after their sender has died
        assert [heard.method for heard in server.heard] == arrived
    assert child.returncode == KILLED


def test_a_failpoint_does_nothing_outside_tests():
    with answering(reply("[]")) as server:
        environment = {**os.environ, "SYNCD_FAILPOINT": "slot-taken"}
        environment.pop("SYNCD_TESTING", None)
        child = subprocess.run(
            [sys.executable, "-c", CHILD, server.url], env=environment, check=False, capture_output=True
        )
    assert (child.returncode, child.stdout.strip()) == (0, b"alive")


def test_many_threads_share_one_transport():
    from concurrent.futures import ThreadPoolExecutor

    gate = FakeGate()
    with Server(lambda heard, _line: reply(json.dumps([heard.query["n"]]))) as server:
        carrier = transport(server.url, gate=gate)

        def one(number):
            return carrier.send("GET", USERS, {"n": number}, watch=FakeWatch()).body

        with ThreadPoolExecutor(8) as pool:
            bodies = list(pool.map(one, range(60)))
    assert bodies == [f'["{number}"]'.encode() for number in range(60)]
    assert gate.released == [(True, True)] * 60
    assert math.isfinite(boot_time())
