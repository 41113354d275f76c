"""What most commands need: the configuration, an App, and signals that stop it in good order."""

import getpass
import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from syncd.cli.exits import reported

LARGEST = 2**31 - 1
"""No run, change or job has a higher id: more is a slip of the hand, and no database could look for it."""

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The configuration (else $SYNCD_CONFIG, ./syncd.yaml, /etc/syncd/syncd.yaml)."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV with every field.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
FromOption = Annotated[
    str, typer.Option("--from", metavar="DAY", help="Only of runs made from this day on, such as 2026-11-24.")
]
ToOption = Annotated[
    str, typer.Option("--to", metavar="DAY", help="Only of runs made until the end of this day.")
]


def must_be_one_of(option: str, word: str, words: Collection[str]) -> None:
    """Exit 2 for a word that nothing is called by: an empty list would look like an answer."""
    from syncd.core.filters import no_such

    if wrong := no_such(word, words):
        raise typer.BadParameter(wrong, param_hint=option)


def span_of(loaded: Any, first: str, last: str) -> tuple[datetime | None, datetime | None]:
    """What ``--from`` and ``--to`` mean in the zone of the schedules. Exit 2 if one of them is no day."""
    from zoneinfo import ZoneInfo

    from syncd.core.spans import day, span

    for option, text in (("--from", first), ("--to", last)):
        if text and day(text) is None:
            raise typer.BadParameter(f"{text} is no day; write it as 2026-11-24", param_hint=option)
    return span(day(first), day(last), ZoneInfo(loaded.schedules.timezone))


def meant(conn: Any, account: str, employee_id: str, command: str, listing: str) -> str:
    """What to type instead of an employee id that nobody has: ``command`` with those that differ in zeros in front, else the ``listing``."""
    from syncd.store import peoplelists

    near = peoplelists.with_zeros(conn, account, employee_id)
    return f"did you mean: {command} {' or '.join(near)}" if near else f"{listing} lists them"


def actor() -> str:
    """Who is at the keyboard, for the sync log: ``cli:NAME``."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:uid {os.getuid()}"


@contextmanager
def opened(config: Path | None, *, migrate: bool = False) -> Iterator[Any]:
    """Load the configuration and open an App; SIGTERM and Ctrl-C stop it in good order; errors become exit codes."""
    with reported(stopped="stopped; nothing is lost: syncd push goes on"):
        from syncd.config import load
        from syncd.store.event_writer import stored_events
        from syncd.wiring import wire

        loaded = load(config)
        _quiet_log(loaded)
        app = wire(loaded, migrate=migrate)
        try:
            with (
                stored_events(app.database, app.account),
                _traced(loaded, app.database),
                stopping(app.interrupt),
            ):
                yield app
        finally:
            app.close()


@contextmanager
def _traced(loaded: Any, database: Any) -> Iterator[None]:
    """Send what this command tells of runs to the collector, where one is configured; else nothing is imported for it."""
    if loaded.telemetry.otlp is None:
        yield
        return
    from syncd.wiring.telemetry import traced

    with traced(loaded, database):
        yield


def _quiet_log(loaded: Any) -> None:
    """A command tells people what it does itself: its log goes to stderr only if another level is asked for."""
    from syncd.log import configure

    configure(level="critical" if loaded.log.level == "info" else loaded.log.level, form=loaded.log.format)


@contextmanager
def stopping(stop: Any) -> Iterator[None]:
    """SIGTERM and SIGINT call ``stop`` once; a second one ends the process at once (it is recoverable by design)."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def handle(_number: int, _frame: Any) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_DFL)
        stop()

    for number in signals:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def store_of(config: Path | None) -> Iterator[tuple[Any, Any]]:
    """Load the configuration and open only its database; errors become exit codes."""
    with reported():
        from syncd.config import load
        from syncd.store.event_writer import stored_events
        from syncd.store.revisions import open_at_head

        loaded = load(config)
        _quiet_log(loaded)
        database = open_at_head(loaded.database.reveal())
        try:
            with stored_events(database, loaded.litmos.account), _traced(loaded, database):
                yield loaded, database
        finally:
            database.close()
