"""The command that tells what happened: ``syncd logs``."""

import json as json_module
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from syncd.cli.common import LARGEST, ConfigOption, JsonOption, must_be_one_of, stopping, store_of
from syncd.cli.output import SCHEMA_VERSION, as_json_value, moment, note_if_none, plain, put, say

LEVELS = ("info", "warning", "error")
EVERY = 1.0
"""Seconds between two looks for more."""
BEHIND = 200
"""So many ids before the newest are looked at again: of two processes the one that began first may store last."""
MOST = 1000
"""So many new events are read at once while following."""
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

Rows = list[Mapping[str, Any]]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(logs)


def logs(
    config: ConfigOption = None,
    json: JsonOption = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    run: Annotated[int | None, typer.Option(help="Only what happened in this run.", max=LARGEST)] = None,
    person: Annotated[
        str,
        typer.Option(metavar="EMPLOYEE", help="Only what names this employee, or the jobs of their changes."),
    ] = "",
    level: Annotated[str, typer.Option(help="info, warning or error: that, and what is worse.")] = "info",
    code: Annotated[str, typer.Option(help="Only events with this code.")] = "",
    event: Annotated[str, typer.Option(help="Only this event (docs/events.md lists them).")] = "",
    since: Annotated[str, typer.Option(help="Only from then on: 2h, 30m, 7d, or a moment in UTC.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = 200,
) -> None:
    """Tell what happened, oldest first; with --json one object a line."""
    from syncd.events import EVENTS

    must_be_one_of("--level", level, LEVELS)
    must_be_one_of("--event", event, EVENTS)
    begin = _begin(since)
    with store_of(config) as (loaded, database):
        from syncd.store import events

        account = loaded.litmos.account
        with database.read() as conn:
            since_when = database.now(conn) - begin if isinstance(begin, timedelta) else begin
            sought = events.Sought(
                run_id=run, employee_id=person, level=level, code=code, event=event, since=since_when
            )
            last = events.newest(conn, account)
            found = events.listed(conn, account, sought, limit=limit)
        _tell(reversed(found), json=json)
        if not follow:
            said = {"--run": run, "--person": person, "--level": level if level != LEVELS[0] else ""}
            said |= {"--event": event, "--code": code, "--since": since}
            note_if_none(found, "Nothing has happened yet", of="event", asked=said)
            return

        def read(after: int) -> Rows:
            with database.read() as conn:
                return [dict(row) for row in events.listed(conn, account, sought, after=after, limit=MOST)]

        stop = threading.Event()
        with stopping(stop.set):
            for rows in following(read, stop.wait, last, seen=[row["id"] for row in found]):
                _tell(rows, json=json)
        raise typer.Exit(130)


def following(
    read: Callable[[int], Rows], wait: Callable[[float], bool], last: int, *, seen: list[int]
) -> Iterator[Rows]:
    """What is new since the id ``last``, oldest first, each once, until ``wait`` (seconds) returns True.

    ``read`` gives the events above an id, newest first; ``seen`` are ids that were told already.
    """
    told = deque(seen, maxlen=2 * (BEHIND + MOST))
    first = last  # what is older was told, or not asked for
    while not wait(EVERY):
        rows = [row for row in reversed(read(max(first, last - BEHIND))) if row["id"] not in told]
        if rows:
            told.extend(row["id"] for row in rows)
            last = max(last, *(row["id"] for row in rows))
            yield rows


def _tell(rows: Any, *, json: bool) -> None:
    for row in rows:
        if json:
            told = {
                "schema_version": SCHEMA_VERSION,
                **{n: row[n] for n in row if n not in {"account", "facts"}},
            }
            told["facts"] = row["facts"]
            put(json_module.dumps(told, ensure_ascii=False, default=as_json_value), at_once=True)
        else:
            say(_line(row), at_once=True)


def _line(row: Mapping[str, Any]) -> str:
    """One event for people: time, level, name, and what it is about."""
    about = [(name.removesuffix("_id"), row[name]) for name in ("run_id", "job_id", "employee_id", "code")]
    facts = [(name, value) for name, value in row["facts"].items() if value not in ("", None, {}, [])]
    parts = " ".join(f"{name}={_text(value)}" for name, value in (*about, *facts) if value not in ("", None))
    return f"{moment(row['at'])} {row['level']:<7} {row['event']:<16} {plain(parts)}".rstrip()


def _text(value: Any) -> str:
    match value:
        case str():
            return value if value and " " not in value else json_module.dumps(value, ensure_ascii=False)
        case dict():
            return ",".join(f"{name}:{number}" for name, number in value.items())
        case list():
            return ",".join(map(str, value))
        case _:
            return str(value)


def _begin(text: str) -> timedelta | datetime | None:
    """``2h``: so long ago; or a moment in ISO 8601 (UTC unless it says otherwise). Exit 2 if it is neither."""
    if not text:
        return None
    span = _SPAN.fullmatch(text.strip())
    if span is not None:
        return timedelta(seconds=float(span[1]) * _SECONDS[span[2]])
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{text} is neither a time span (2h, 30m, 7d) nor a moment (2026-11-24T02:30)",
            param_hint="--since",
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
