"""Logging: structlog, one JSON object a line (a console rendering on a TTY), redacted last. The events are in ``syncd.events``.

What is told goes to the stream from the configured level on, and all of it to whoever listens (``listen``).

Logs carry ids, never names, e-mail addresses or keys: ``redact`` drops what looks like them, whatever a caller passes.
"""

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO

import structlog

from syncd.core.pseudonyms import called_otherwise

Listener = Callable[[Mapping[str, Any]], None]
"""Takes one event, redacted: ``event``, ``level``, ``timestamp`` and its facts. It must neither wait nor raise."""
_listeners: list[Listener] = []

REDACTED = "[redacted]"
_SECRET_NAMES = frozenset(
    {
        "apikey",
        "api_key",
        "authorization",
        "password",
        "passwd",
        "token",
        "secret",
        "loginkey",
        "login_key",
        "cookie",
    }
)
_PERSONAL_NAMES = frozenset(
    {
        "email",
        "username",
        "first_name",
        "last_name",
        "firstname",
        "lastname",
        "fullname",
        "full_name",
        "name_of_person",
    }
)
_EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_URL_PASSWORD = re.compile(r"(\w+://[^:/@\s]*):[^@\s]+@")
_MAX_DEPTH = 6
_NOISY = ("httpx", "httpcore", "apscheduler", "uvicorn", "uvicorn.access", "alembic", "sqlalchemy.engine")
"""Libraries of which only warnings are told."""
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))  # until ``configure``


def redact_text(text: str) -> str:
    """Blank out e-mail addresses and passwords in URLs; leave everything else."""
    return _EMAIL.sub(REDACTED, _URL_PASSWORD.sub(r"\1:" + REDACTED + "@", text))


def _redact_value(name: str, value: Any, depth: int) -> Any:
    if name.lower() in _SECRET_NAMES or name.lower() in _PERSONAL_NAMES:
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _MAX_DEPTH:
        return REDACTED if isinstance(value, dict | list | tuple) else value
    if isinstance(value, dict):
        return {key: _redact_value(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_value("", item, depth + 1) for item in value]
    return value


_called: list[Callable[[str], str]] = []
"""How employees are called in the log; none: by their ids."""


def call_people(call: Callable[[str], str] | None) -> None:
    """From now on employees are called so in what is logged; None: by their ids."""
    _called[:] = [] if call is None else [call]


def pseudonymous(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor before ``redact``: employee ids become pseudonyms, where ``call_people`` said how."""
    if not _called:
        return event
    return {key: called_otherwise(key, value, _called[0]) for key, value in event.items()}


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last processor before the renderer: secrets and personal data never reach the stream."""
    return {key: _redact_value(key, value, 0) for key, value in event.items()}


def listen(listener: Listener) -> Callable[[], None]:
    """Give every event of syncd's own to ``listener``, whatever the level of the stream; returns what ends it."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def _tell_listeners(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if _listeners:
        told = dict(redact(None, "", event))
        if told.pop("exc_info", None):
            told["exception"] = getattr(sys.exc_info()[0], "__name__", "")
        for each in tuple(_listeners):
            with suppress(Exception):  # whoever tells something must not fail because of who listens
                each(told)
    return event


def _from(number: int) -> Any:
    """The processor that lets through what is at least as important as the level ``number``."""

    def judge(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if getattr(logging, str(event["level"]).upper()) < number:
            raise structlog.DropEvent
        return event

    return judge


def configure(*, level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's loggers, once per process.

    ``level`` is debug, info, warning or error; ``form`` json, console or auto (console on a TTY). Everything goes to
    ``stream`` (default stderr; ``serve`` passes stdout). httpx and its like only speak from WARNING on: at INFO they
    print whole URLs.
    """
    out = stream or sys.stderr
    console = form == "console" or (form == "auto" and out.isatty())
    number = getattr(logging, level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            _tell_listeners,
            _from(number),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=False,
    )
    tracebacks = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    last: list[Any] = (
        [
            structlog.dev.ConsoleRenderer(
                colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
        if console
        else [structlog.processors.JSONRenderer()]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([] if console else [tracebacks]),
            pseudonymous,
            redact,
            *last,
        ],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))


def get_logger(name: str) -> Any:
    """A logger; events are names of the table in ``syncd.events`` with keyword facts."""
    return structlog.stdlib.get_logger(name)


def bound(**facts: Any) -> Any:
    """A context in which every event of this thread has these facts, such as ``run_id``."""
    return structlog.contextvars.bound_contextvars(**facts)
