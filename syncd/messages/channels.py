"""Channels: where messages go. Each sends one message and returns, or raises Undelivered; none waits longer than its time-out."""

import json
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from threading import Timer
from types import ModuleType
from typing import Any, Literal, Protocol

from syncd.core.messages import Message, link_of, text_of
from syncd.errors import ConfigError, Fault
from syncd.http.outbound import OutboundError, post
from syncd.http.signing import SECRET_FAULT, judged, secret_bytes, signed


class Undelivered(Exception):
    """A message was not taken; the text says why, without the address or a secret. ``final``: the same message never will be."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        """Say why."""
        self.final = final
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message as it is sent. ``id`` is the same each time it is tried; ``address`` is where the pages are, or ""."""

    id: str
    account: str
    made_at: datetime
    message: Message
    address: str

    @property
    def text(self) -> str:
        """As plain text."""
        return text_of(self.message, account=self.account, address=self.address)

    @property
    def title(self) -> str:
        """Its subject line."""
        return f"[syncd] {self.message.subject}"


class Channel(Protocol):
    """One place where messages go. ``timeout`` is the longest that ``send`` takes, in seconds."""

    @property
    def timeout(self) -> float:
        """The longest that ``send`` takes, in seconds."""

    def send(self, letter: Letter) -> None:
        """Send it. Raises Undelivered, ConfigError (a secret has gone)."""


@dataclass(slots=True)
class _Deadline:
    """Ends a conversation when its time is over: a time-out of smtplib is one of each wait, and a byte now and then outlasts it."""

    passed: bool = False
    ends: Callable[[], None] | None = None

    def pass_(self) -> None:
        """It is over."""
        self.passed = True
        if self.ends is not None:
            self.ends()


@contextmanager
def _deadline(seconds: float) -> Iterator[_Deadline]:
    deadline = _Deadline()
    timer = Timer(seconds, deadline.pass_)
    timer.daemon = True
    timer.start()
    try:
        yield deadline
    finally:
        timer.cancel()


class _Ended(smtplib.SMTP):
    """A conversation that a deadline can end, from before the server's first word on."""

    def __init__(self, *arguments: Any, deadline: _Deadline, **options: Any) -> None:
        deadline.ends = self._hang_up
        super().__init__(*arguments, **options)

    def _hang_up(self) -> None:
        sock = getattr(self, "sock", None)  # none yet, or no more
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Plain(_Ended):
    """Without TLS, or with STARTTLS."""


class _Encrypted(_Ended, smtplib.SMTP_SSL):
    """TLS from the first byte on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpChannel:
    """A mail server; ``security`` is starttls or tls, with the server's certificate verified, or none (loopback only)."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: Callable[[], str] | None
    sender: str
    to: tuple[str, ...]
    timeout: float = 20.0
    ca_file: Path | None = None

    def send(self, letter: Letter) -> None:
        """As ``Channel.send``."""
        with _deadline(self.timeout) as deadline:
            try:
                self._send(letter, deadline)
            except Undelivered:
                if deadline.passed:
                    raise Undelivered(f"{self.host} took longer than {self.timeout:g} s") from None
                raise

    def _send(self, letter: Letter, deadline: "_Deadline") -> None:
        try:
            with self._connected(deadline) as server:
                if self.password is not None:
                    server.login(self.user, self.password())
                refused = server.send_message(self._mail(letter), self.sender, list(self.to))
        except smtplib.SMTPAuthenticationError as error:
            raise Undelivered(f"{self.host} refuses user and password ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            final = error.smtp_code >= 500 and isinstance(error, smtplib.SMTPDataError)
            raise Undelivered(f"{self.host} answered {error.smtp_code}", final=final) from None
        except smtplib.SMTPRecipientsRefused:
            raise Undelivered(f"{self.host} takes no mail for any of the recipients") from None
        except smtplib.SMTPNotSupportedError:
            raise Undelivered(
                f"{self.host} does not offer what is configured (security, or a login)"
            ) from None
        except ssl.SSLError as error:
            raise Undelivered(f"{self.host} cannot prove who it is: {error.reason or 'TLS failed'}") from None
        except smtplib.SMTPException as error:
            raise Undelivered(f"{self.host} broke off: {type(error).__name__}") from None
        except OSError as error:
            raise Undelivered(
                f"{self.host} cannot be reached: {error.strerror or type(error).__name__}"
            ) from None
        if refused:
            raise Undelivered(
                f"{self.host} takes no mail for {len(refused)} of {len(self.to)} recipients", final=True
            )

    def _connected(self, deadline: "_Deadline") -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        if self.security == "tls":
            return _Encrypted(self.host, self.port, timeout=self.timeout, context=context, deadline=deadline)
        server = _Plain(self.host, self.port, timeout=self.timeout, deadline=deadline)
        if self.security == "starttls":
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server

    def _mail(self, letter: Letter) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = letter.title
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Date"] = format_datetime(letter.made_at)
        mail["Message-ID"] = f"<{letter.id}@syncd.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.text)
        return mail


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChannel:
    """An address on the web that is sent JSON, signed as the webhook sink signs."""

    url: Callable[[], str]
    secrets: tuple[Callable[[], str], ...]
    timeout: float = 20.0
    allow_private: bool = False
    ca_file: Path | None = None
    clock: Callable[[], float] = time.time

    def send(self, letter: Letter) -> None:
        """As ``Channel.send``."""
        keys = [secret_bytes(secret()) for secret in self.secrets]
        if None in keys:
            raise Undelivered(SECRET_FAULT)
        body = json.dumps(_said(letter), ensure_ascii=False).encode()
        headers = signed(letter.id, int(self.clock()), body, [key for key in keys if key is not None])
        try:
            answer = post(
                self.url(),
                body,
                headers,
                timeout=self.timeout,
                allow_private=self.allow_private,
                ca_file=self.ca_file,
            )
        except OutboundError as error:
            raise Undelivered(str(error)) from None
        fault, final = judged(answer)
        if fault:
            raise Undelivered(fault, final=final and answer.status in {400, 413, 422})


def _said(letter: Letter) -> dict[str, object]:
    message = letter.message
    return {
        "type": f"syncd.{message.kind.value}",
        "occasion": message.occasion.value,
        "key": message.key,
        "account": letter.account,
        "at": letter.made_at.isoformat(timespec="seconds"),
        "subject": message.subject,
        "lines": list(message.lines),
        "command": message.command,
        "link": link_of(message, letter.address),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseChannel:
    """Chats and pagers by apprise's URLs, each of which is a secret."""

    urls: tuple[Callable[[], str], ...]
    timeout: float = 20.0

    def send(self, letter: Letter) -> None:
        """As ``Channel.send``. What apprise itself logs names no URL; its own time-outs end each call."""
        apprise = need_apprise()
        sender = apprise.Apprise()
        for number, url in enumerate(self.urls, 1):
            if not sender.add(_timed(url(), self.timeout / max(2, len(self.urls)))):
                raise Undelivered(f"urls: the {_nth(number)} is none that apprise knows")
        if not sender.notify(body=letter.text, title=letter.title):
            raise Undelivered("apprise could not deliver it to every one of its urls")


def _timed(url: str, seconds: float) -> str:
    """The URL with apprise's own time-outs: half of what there is to connect, half to read."""
    more = f"cto={seconds / 2:.1f}&rto={seconds / 2:.1f}"
    return f"{url}{'&' if '?' in url else '?'}{more}"


def _nth(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def need_apprise() -> ModuleType:
    """The package. Raises ConfigError, with what to install, if it is not there."""
    try:
        import apprise
    except ImportError:
        message = 'type apprise needs the package apprise: pip install "syncd[notify]"'
        raise ConfigError([Fault(where="messages.channels", key="", message=message)]) from None
    return apprise
