"""Output: stdout is data (text or JSON), stderr is messages; control characters in data never reach a terminal."""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from syncd.cli.layout import compared, paragraph, tabulated

SCHEMA_VERSION = 1
"""Version of the JSON that commands print; fields are only ever added within one version."""


def plain(text: object) -> str:
    """Text without control characters, bidi overrides and line breaks: names are data, not terminal commands."""
    return "".join(c if c.isprintable() and not "\u202a" <= c <= "\u202e" else "\ufffd" for c in str(text))


def put(text: str, *, at_once: bool = False) -> None:
    """Print text to stdout as it is: what programs read, and what has its lines already."""
    print(text, flush=at_once)  # noqa: T201 - the one place that prints data


def say(text: str = "", *, at_once: bool = False) -> None:
    """Print a line of data to stdout, ``at_once`` also through a pipe, for a program that goes on running.

    On a terminal a long line goes over lines between words; a text of several lines is printed as it is.
    """
    room = columns_of(sys.stdout)
    put(text if room is None or "\n" in text else "\n".join(paragraph(text, room)), at_once=at_once)


def note(text: str) -> None:
    """Print a message to stderr; on a terminal its lines go over lines between words."""
    room = columns_of(sys.stderr)
    if room is not None:
        text = "\n".join(part for line in text.split("\n") for part in paragraph(line, room))
    print(text, file=sys.stderr)  # noqa: T201 - the one place that prints messages


def show_json(value: Mapping[str, Any], *, one_line: bool = False) -> None:
    """Print one JSON object with ``schema_version``, on ``one_line`` if it is one of several; times as ISO 8601 in UTC."""
    told = {"schema_version": SCHEMA_VERSION, **value}
    indent = None if one_line else 2
    text = json.dumps(told, ensure_ascii=False, indent=indent, default=as_json_value)
    put(_UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text), at_once=one_line)


_UNPRINTABLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys, or turns the line round with; escaped, JSON says the same."""


def as_json_value(value: object) -> object:
    """What JSON has no word for: a time as ISO 8601 in UTC, bytes in hexadecimal, a set in order, else text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, for people: ``12 s ago``, ``3 min ago``, ``5 h ago``, ``2 d ago``; ``never`` for None."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    return f"{lasting(seconds if abs(seconds) >= 60 else max(0.0, seconds))} ago"


def lasting(seconds: float) -> str:
    """A span of time for people: ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def moment(value: datetime | None) -> str:
    """A time for people: ``2026-11-24 02:30:00Z``; "" for None."""
    return "" if value is None else f"{value:%Y-%m-%d %H:%M:%S}Z"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, wide: str = "") -> None:
    """Print rows in aligned columns: as lines of a terminal's width, and one row a line into a pipe; nothing is cut.

    ``wide`` is the heading of the column that stands below its row if there is no room beside the others; else the last.
    """
    lines = [[plain(cell) for cell in row] for row in rows]
    room = columns_of(sys.stdout)
    if room is not None:
        number = headings.index(wide) if wide else -1
        put("\n".join(tabulated(headings, lines, room, wide=number)))
        return
    widths = [max([len(h), *(len(line[i]) for line in lines)]) for i, h in enumerate(headings)]
    for line in ([*headings], *lines):
        put("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def note_if_none(
    rows: Sequence[object], none: str, *, of: str = "", asked: Mapping[str, object] | None = None
) -> None:
    """Say that a list is empty: by the sentence ``none``, or, where something was asked for, that nothing ``of`` its kind is like that.

    ``asked`` are the options with their values; what is empty was not asked for.
    """
    if rows:
        return
    said = [
        name if value is True else f"{name} {plain(value)}"
        for name, value in (asked or {}).items()
        if value not in ("", None, False, 0)
    ]
    note(f"No {of} is like that: {' '.join(said)}" if said else none)


def side_by_side(names: Sequence[str], things: Iterable[Sequence[object]]) -> None:
    """Print things beside each other, a line for each of these ``names``; one below the other if there is no room for all."""
    columns = [[plain(cell) for cell in thing] for thing in things]
    room = columns_of(sys.stdout)
    put("\n".join(compared(names, columns, room)))


def columns_of(stream: TextIO) -> int | None:
    """How many columns the terminal behind a stream has; None if there is none."""
    if not stream.isatty():
        return None
    with suppress(ValueError):
        if (said := int(os.environ.get("COLUMNS", "0"))) > 0:
            return said
    with suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    return _USUAL


_USUAL = 80


def show_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print CSV as the pages give it: what a spreadsheet might run as a formula has an apostrophe in front."""
    from syncd.web.rendering import csv_text

    text = csv_text(columns, rows).replace("\r\n", "\n").removesuffix("\n")
    put("\n".join(map(plain, text.split("\n"))) if sys.stdout.isatty() else text)


def colour_wanted() -> bool:
    """Colour and progress only on a TTY, and neither with NO_COLOR nor with TERM=dumb."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@contextmanager
def progress(title: str) -> Iterator[Any]:
    """A progress bar on stderr, on a TTY only; yields ``update(what, done, total)``."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, no_color=not colour_wanted()), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda what, done, total: bar.update(
            task, description=f"{title}: {what}", completed=done, total=total
        )


def drift_line(row: Any, names: dict[str, str]) -> str:
    """Somebody's change in Litmos as one line."""
    where = f" {names.get(row['object_id'], row['object_id'])}" if row["object_id"] else ""
    return (
        f"user {row['user_id']}  {row['kind']}{where}  {row['field']}: {row['before']!r} -> {row['after']!r}"
    )
