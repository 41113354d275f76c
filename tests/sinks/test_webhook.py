"""Webhook sinks: the contract and what is theirs alone, over real sockets."""

import base64
import hmac
import ipaddress
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from syncd.errors import SinkError
from syncd.http.outbound import OutboundError, address_fault, post, resolve, url_fault
from syncd.sinks.settings import WebhookSinkSettings
from syncd.sinks.webhook import WebhookSink
from tests.sinks.contract import CANARY, Bench, SinkContract, result

KEYS = [b"k" * 32, b"o" * 24]
SECRETS = ["whsec_" + base64.b64encode(key).decode() for key in KEYS]


class Receiver:
    """A receiver as standardwebhooks.com wants one: it checks signatures, and takes each id once."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.taken: dict[str, Any] = {}
        self.answers: list[tuple[int, dict[str, str]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.calls.append((headers, body))
                status, more = receiver.answers.pop(0) if receiver.answers else (204, {})
                if status < 300:
                    receiver.take(headers, body)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?token={CANARY}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        for key, signature in zip(KEYS, headers["webhook-signature"].split(), strict=True):
            expected = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
            assert signature == f"v1,{expected}"
        self.taken.setdefault(headers["webhook-id"], json.loads(body))

    def rows(self):
        """By the key, of batches that came whole."""
        parts: dict[str, list[Any]] = {}
        for call in self.taken.values():
            parts.setdefault(call["batch"], []).append(call)
        whole = [call for calls in parts.values() if len(calls) == calls[0]["parts"] for call in calls]
        assert len(whole) == len({(call["batch"], call["part"]) for call in whole})
        found = {row["result_id"]: tuple(row.values()) for call in whole for row in call["rows"]}
        return list(found.values())

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def bench(receiver, tmp_path):
    made = Bench(
        folder=tmp_path,
        yaml='type: webhook\n      url: "${env:HOOK}"\n      secrets: ["${env:S1}", "${env:S2}"]\n      rows: 500\n'
        "      retry_for: 0s",
        received=receiver.rows,
        break_it=lambda: made.environ.update(HOOK=f"https://169.254.169.254/{CANARY}"),
        points=["answered"],
        environ={"HOOK": receiver.url, "S1": SECRETS[0], "S2": SECRETS[1]},
    )
    return made


class TestWebhook(SinkContract):
    pass


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def sink_for(url: str, clock: Clock, **more: Any) -> WebhookSink:
    secrets: tuple[Callable[[], str], ...] = (lambda: SECRETS[0], lambda: SECRETS[1])
    values: dict[str, Any] = {
        "url": lambda: url,
        "secrets": secrets,
        "columns": {"result_id": "result_id"},
        **more,
    }
    settings = WebhookSinkSettings(name="back", **values)
    return WebhookSink(settings, clock=lambda: clock.now, sleep=clock.sleep)


def test_rows_go_in_chunks_under_ids_that_their_content_fixes(receiver):
    sink = sink_for(receiver.url, Clock(), rows=2)
    sink.deliver("b-1", [result(number) for number in range(5)])
    sink.deliver("b-1", [result(number) for number in range(5)])
    ids = [headers["webhook-id"] for headers, _ in receiver.calls]
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3
    assert [json.loads(body)["part"] for _, body in receiver.calls[:3]] == [1, 2, 3]
    sink_for(receiver.url, Clock(), rows=3).deliver("b-1", [result(number) for number in range(5)])
    assert not {headers["webhook-id"] for headers, _ in receiver.calls[6:]} & set(ids), (
        "other content, other id"
    )


def test_what_may_pass_is_tried_again_with_growing_pauses_and_as_late_as_asked(receiver):
    receiver.answers = [(500, {}), (429, {"Retry-After": "17"}), (503, {}), (200, {})]
    clock = Clock()
    sink_for(receiver.url, clock).deliver("b-1", [result(1)])
    assert clock.slept == [1, 17, 4]
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1
    assert [int(headers["webhook-timestamp"]) - 1_790_000_000 for headers, _ in receiver.calls] == [
        0,
        1,
        18,
        22,
    ]


def test_a_date_in_retry_after_beyond_the_patience_ends_the_trying(receiver):
    receiver.answers = [(503, {"Retry-After": "Sat, 01 Jan 2028 00:00:00 GMT"})]
    clock = Clock()
    with pytest.raises(
        SinkError, match=r"answered 503, and 60 s of trying again are over \(it asks for \d+ s\)"
    ):
        sink_for(receiver.url, clock).deliver("b-1", [result(1)])
    assert clock.slept == []


@pytest.mark.parametrize(("status", "says"), [(400, "400"), (410, "gone for good"), (302, "not followed")])
def test_what_cannot_pass_is_said_at_once(receiver, status, says):
    receiver.answers = [(status, {"Location": "http://169.254.169.254/"})]
    clock = Clock()
    with pytest.raises(SinkError, match=says) as caught:
        sink_for(receiver.url, clock).deliver("b-1", [result(1)])
    assert (len(receiver.calls), clock.slept) == (1, [])
    assert CANARY not in str(caught.value)
    assert "Batch b-1 (1 row) stays pending" in str(caught.value)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", f"{CANARY}{'x' * 40}", SECRETS[0][6:]])
def test_a_secret_that_is_none_is_refused_before_anything_is_sent(receiver, secret):
    with pytest.raises(SinkError, match="a secret must be whsec_ and the Base64 of 24 to 64 bytes") as caught:
        sink_for(receiver.url, Clock(), secrets=(lambda: secret,)).deliver("b-1", [result(1)])
    assert receiver.calls == []
    assert not secret or secret not in str(caught.value) or secret == "whsec_"


@pytest.mark.parametrize(
    ("address", "plain", "private", "loopback"),
    [
        ("93.184.216.34", True, True, True),
        ("2606:4700:4700::1111", True, True, True),
        ("10.0.0.1", False, True, False),
        ("192.168.1.1", False, True, False),
        ("100.64.0.1", False, True, False),
        ("fd12::1", False, True, False),
        ("127.0.0.1", False, True, True),
        ("::1", False, True, True),
        ("::ffff:127.0.0.1", False, True, True),
        ("169.254.169.254", False, False, False),
        ("::ffff:169.254.169.254", False, False, False),
        ("64:ff9b::a9fe:a9fe", False, False, False),
        ("fd00:ec2::254", False, False, False),
        ("100.100.100.200", False, False, False),
        ("fe80::1", False, False, False),
        ("224.0.0.1", False, False, False),
        ("0.0.0.0", False, False, False),  # noqa: S104 - refused, not listened on
        ("::", False, False, False),
    ],
)
def test_addresses(address, plain, private, loopback):
    found = ipaddress.ip_address(address)
    assert address_fault(found, loopback=False, allow_private=False) != plain
    assert address_fault(found, loopback=False, allow_private=True) != private
    assert address_fault(found, loopback=True, allow_private=False) != loopback


def test_a_name_that_leads_to_a_private_address_too_is_refused():
    def lookup(*_args: Any, **_more: Any) -> Any:
        return [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", ("10.0.0.1", 443))]

    with pytest.raises(
        OutboundError, match=r"hr\.example\.com leads to 10\.0\.0\.1, which is of a private network"
    ):
        resolve("https://hr.example.com/x", allow_private=False, lookup=lookup)


def test_the_address_that_was_judged_is_the_one_that_is_connected_to(receiver, monkeypatch):
    """A name that leads elsewhere the second time (DNS rebinding) is not looked up a second time."""
    looked_up: list[str] = []

    def lookup(host: str, port: int, **_more: Any) -> Any:
        looked_up.append(host)
        return [(0, 0, 0, "", ("127.0.0.1" if len(looked_up) == 1 else "169.254.169.254", port))]

    monkeypatch.setattr(resolve, "__kwdefaults__", {**(resolve.__kwdefaults__ or {}), "lookup": lookup})
    receiver.answers = [(400, {})]
    answer = post(receiver.url.replace("127.0.0.1", "localhost"), b"{}", {"webhook-id": "x"}, timeout=5)
    assert answer.status == 400
    assert looked_up == ["localhost"]


def test_a_decimal_address_is_no_way_to_this_machine():
    with pytest.raises(OutboundError, match="https"):
        post("http://2130706433/", b"", {}, timeout=1)
    with pytest.raises(OutboundError, match=r"leads to 127\.0\.0\.1, which is of a private network"):
        post("https://2130706433/", b"", {}, timeout=1)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://hr.example.com/", "must be https"),
        ("ftp://hr.example.com/", "must be a URL"),
        ("https://u:p@hr.example.com/", "no user, password"),
        ("https://[", "is no URL"),
        ("https://hr.example.com/x?sig=1", ""),
        ("http://localhost:1/", ""),
    ],
)
def test_urls(url, says):
    assert says in url_fault(url)
    assert bool(says) == bool(url_fault(url))


def test_a_receiver_that_trickles_its_answer_is_cut_off_at_the_deadline():
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    stop = threading.Event()

    def trickle():
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not stop.wait(0.05):
            try:
                connection.sendall(b"x")
            except OSError:
                break
        connection.close()

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        with pytest.raises(OutboundError, match=r"did not answer within 0\.3 s"):
            post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout=0.3)
    finally:
        stop.set()
        thread.join()
        listener.close()
