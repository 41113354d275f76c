"""Channels over real sockets: mail with TLS that is verified, signed calls, apprise."""

import base64
import hmac
import json
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_string
from typing import Any

import pytest

from syncd.core.messages import Message, MessageKind, Occasion
from syncd.messages.channels import AppriseChannel, Letter, SmtpChannel, Undelivered, WebhookChannel
from tests.messages.mail_server import MailServer, certificate
from tests.sources.https_server import Asked, HttpServer, Said

CANARY = "CANARY-7f3a"
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
LETTER = Letter(
    id="msg-main-7",
    account="main",
    made_at=datetime(2026, 11, 28, 12, tzinfo=UTC),
    address="https://sync.example.com",
    message=Message(
        key="held:12", kind=MessageKind.HELD, occasion=Occasion.FIRST, number=1, mark="", size=0,
        subject="Run 12 is held", lines=("Why: LIMIT-DEACTIVATIONS.",), command="syncd runs show 12", page="/runs/12",
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def cert(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("cert"))


def smtp(server: MailServer, **more: Any) -> SmtpChannel:
    values = {
        "host": "127.0.0.1", "port": server.port, "security": "none", "user": "", "password": None,
        "sender": "syncd@example.com", "to": ("a@example.com", "b@example.com"), "timeout": 5.0, **more,
    }  # fmt: skip
    return SmtpChannel(**values)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_out_signed_in_and_encrypted(cert, security):
    server = MailServer(security, cert[1], login=("syncd", CANARY))
    smtp(server, security=security, user="syncd", password=lambda: CANARY, ca_file=cert[0]).send(LETTER)
    server.stop()
    mail = message_from_string(server.mails[0])
    assert server.secured == [True]
    assert mail["Subject"] == "[syncd] Run 12 is held"
    assert mail["Message-ID"] == "<msg-main-7@syncd.invalid>", "the same each time it is tried"
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert "Next: syncd runs show 12" in text.decode()
    assert "https://sync.example.com/runs/12" in text.decode()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_cannot_prove_who_it_is_gets_no_mail(cert, security):
    server = MailServer(security, cert[1], login=("syncd", CANARY))
    with pytest.raises(Undelivered, match=r"127\.0\.0\.1 cannot prove who it is"):
        smtp(server, security=security, user="syncd", password=lambda: CANARY).send(LETTER)
    server.stop()
    assert server.mails == []


def test_a_server_that_offers_no_tls_gets_no_mail():
    server = MailServer("none")
    with pytest.raises(Undelivered, match="does not offer what is configured"):
        smtp(server, security="starttls").send(LETTER)
    server.stop()
    assert server.mails == []


@pytest.mark.parametrize(
    ("answers", "says", "final"),
    [
        ({"AUTH": "535 no"}, "refuses user and password", False),
        ({"RCPT": "550 unknown"}, "takes no mail for any", False),
        ({".": "554 spam"}, "answered 554", True),
        ({".": "451 later"}, "answered 451", False),
        ({"MAIL": "421 busy"}, "answered 421", False),
    ],
)
def test_what_a_mail_server_refuses_is_said_without_a_secret(cert, answers, says, final):
    server = MailServer("tls", cert[1], login=("syncd", CANARY))
    server.answers = answers
    with pytest.raises(Undelivered, match=says) as caught:
        smtp(server, security="tls", user="syncd", password=lambda: CANARY, ca_file=cert[0]).send(LETTER)
    server.stop()
    assert caught.value.final is final
    assert CANARY not in str(caught.value)


def test_a_mail_server_that_is_not_there_is_said():
    server = MailServer()
    server.stop()
    with pytest.raises(Undelivered, match=r"127\.0\.0\.1 cannot be reached"):
        smtp(server).send(LETTER)


def hook(server: HttpServer, **more: Any) -> WebhookChannel:
    values = {
        "url": lambda: f"{server.link}/hook?token={CANARY}",
        "secrets": (lambda: SECRET,),
        "timeout": 5.0,
    }
    return WebhookChannel(**{**values, **more})


def test_a_webhook_is_called_with_its_signature():
    server = HttpServer(lambda _: Said(status=204))
    hook(server, clock=lambda: 1_790_000_000.5).send(LETTER)
    server.stop()
    (asked,) = server.asked
    expected = base64.b64encode(hmac.digest(KEY, b"msg-main-7.1790000000." + asked.body, "sha256")).decode()
    assert asked.headers["webhook-signature"] == f"v1,{expected}"
    said = json.loads(asked.body)
    assert said["type"] == "syncd.held"
    assert said["link"] == "https://sync.example.com/runs/12"
    assert said["occasion"] == "first"


@pytest.mark.parametrize(("status", "final"), [(400, True), (404, False), (500, False), (302, False)])
def test_what_a_webhook_refuses_is_said_without_its_address(status, final):
    server = HttpServer(lambda _: Said(status=status))
    with pytest.raises(Undelivered, match=str(status)) as caught:
        hook(server).send(LETTER)
    server.stop()
    assert caught.value.final is final
    assert CANARY not in str(caught.value)


def test_a_webhook_leads_nowhere_inside():
    with pytest.raises(Undelivered, match="clouds keep secrets"):
        hook(HttpServer(lambda _: Said()), url=lambda: f"https://169.254.169.254/{CANARY}").send(LETTER)
    with pytest.raises(Undelivered, match="must be whsec_"):
        hook(HttpServer(lambda _: Said()), secrets=(lambda: CANARY,)).send(LETTER)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of apprise itself
def test_apprise_sends_by_its_urls():
    pytest.importorskip("apprise")
    server = HttpServer(lambda _: Said())
    host = server.link.removeprefix("http://")
    AppriseChannel(urls=(lambda: f"json://{host}/x",), timeout=8.0).send(LETTER)
    said: list[Asked] = server.asked
    server.stop()
    assert json.loads(said[0].body)["title"] == "[syncd] Run 12 is held"
    with pytest.raises(Undelivered, match="the first is none that apprise knows") as caught:
        AppriseChannel(urls=(lambda: f"nonsense-{CANARY}",)).send(LETTER)
    assert CANARY not in str(caught.value)


def test_a_mail_server_that_says_a_byte_now_and_then_does_not_outlast_the_time():
    """A time-out of each wait would let it go on for ever."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            sock, _address = listener.accept()
            with sock, suppress(OSError):
                while not over.wait(0.05):
                    sock.sendall(b"2")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        channel = SmtpChannel(
            host="127.0.0.1", port=listener.getsockname()[1], security="none", user="", password=None,
            sender="syncd@example.com", to=("a@example.com",), timeout=0.4,
        )  # fmt: skip
        with pytest.raises(Undelivered, match=r"took longer than 0\.4 s"):
            channel.send(LETTER)
        over.set()
        thread.join(5)
