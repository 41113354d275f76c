"""The log: one JSON object a line, with ids and without keys, people and passwords."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from syncd.log import REDACTED, configure, get_logger, redact_text


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is logged as JSON; the loggers are as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure(form="json", stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def last(stream: io.StringIO) -> dict[str, object]:
    line = stream.getvalue().splitlines()[-1]
    found: dict[str, object] = json.loads(line)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ana.novak@example.com left", f"{REDACTED} left"),
        ("<o'neil+x@sub.example.co.uk>", f"<{REDACTED}>"),
        ("jürgen@müller.example", REDACTED),
        ("postgresql://syncd:s3cret@db/syncd", f"postgresql://syncd:{REDACTED}@db/syncd"),
        ("postgresql://syncd:p@ss@db.example.com/x", f"postgresql://syncd:{REDACTED}@{REDACTED}/x"),
        ("run 4 held, hr.csv:12, 100 %", "run 4 held, hr.csv:12, 100 %"),
    ],
)
def test_addresses_and_passwords_are_blanked_out_of_texts(text, expected):
    assert redact_text(text) == expected


@pytest.mark.parametrize(
    "name",
    [
        "apikey",
        "api_key",
        "Authorization",
        "password",
        "token",
        "LoginKey",
        "UserName",
        "email",
        "first_name",
    ],
)
def test_values_with_telling_names_are_blanked_out(stream, name):
    get_logger("x").info("happened", **{name: "CANARY"}, run_id=7)
    assert last(stream)[name] == REDACTED
    assert last(stream)["run_id"] == 7


def test_nested_values_are_blanked_out(stream):
    get_logger("x").warning(
        "happened", facts={"user": [{"Email": "CANARY", "id": "u1"}], "at": "a@b.example"}
    )
    assert last(stream)["facts"] == {"user": [{"Email": REDACTED, "id": "u1"}], "at": REDACTED}


def test_an_exception_is_one_line_without_local_variables_and_addresses(stream):
    secret = "CANARY-local"  # noqa: F841 - it is what must not be shown
    try:
        int("ana@example.com")
    except ValueError:
        get_logger("x").exception("crashed")
    assert len(stream.getvalue().splitlines()) == 1
    assert last(stream)["event"] == "crashed"
    assert "ValueError" in stream.getvalue()
    assert "CANARY-local" not in stream.getvalue()
    assert "ana@example.com" not in stream.getvalue()


def test_other_libraries_log_json_too_and_not_below_warning(stream):
    logging.getLogger("httpx").info("GET https://api.litmos.com/v1.svc/users?apikey=CANARY")
    assert stream.getvalue() == ""
    logging.getLogger("httpx").warning("odd, ana@example.com")
    assert last(stream)["level"] == "warning"
    assert last(stream)["event"] == f"odd, {REDACTED}"


def test_every_line_has_its_time_level_and_event(stream):
    get_logger("x").info("run_queued", run_id=1)
    assert set(last(stream)) == {"event", "level", "timestamp", "run_id"}
    assert str(last(stream)["timestamp"]).endswith("Z")


def test_the_level_is_kept(stream):
    configure(level="warning", form="json", stream=stream)
    get_logger("x").info("quiet")
    assert stream.getvalue() == ""


def test_a_line_break_in_a_value_makes_no_second_line(stream):
    get_logger("x").info("happened", why='a\nb\r{"event": "forged"}')
    assert len(stream.getvalue().splitlines()) == 1


def test_the_console_form_has_no_colour_when_it_is_no_terminal():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    try:
        configure(form="console", stream=out)
        get_logger("x").info("happened", api_key="CANARY")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert "happened" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert "CANARY" not in out.getvalue()
