"""Rendering: one page's data as HTML, JSON or CSV. HTML is escaped, CSV cannot be run by a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from syncd.core.spans import day
from syncd.core.telling import number_of
from syncd.sinks.csvfile import defuse
from syncd.web.charts import bars, minutes
from syncd.web.clicks import linked
from syncd.web.site import Shown

SCHEMA_VERSION = 1
"""Version of the JSON of the pages; fields are only ever added within one version."""


def environment(timezone: str) -> Environment:
    """The templates; times are shown in this zone."""
    made = Environment(
        loader=PackageLoader("syncd.web"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = ZoneInfo(timezone)
    made.filters["local"] = lambda value: f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    made.filters["utc"] = lambda value: value.astimezone(UTC).isoformat(timespec="seconds")
    made.filters["ago"] = _ago
    made.filters["span"] = _span
    made.filters["brief"] = lambda seconds: f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
    made.filters["filled"] = lambda facts: {
        name: one for name, one in facts.items() if one not in (None, "", [], {})
    }
    made.filters["linked"] = linked
    made.filters["many"] = number_of
    made.filters["told"] = lambda value: "—" if value in (None, "") else _text(value)
    made.tests["day"] = lambda value: day(value) is not None
    made.globals |= {"bars": bars, "minutes": minutes}
    return made


def _ago(moment: datetime, now: datetime) -> str:
    """How long ago, or in how long."""
    seconds = (now - moment).total_seconds()
    return f"{_span(seconds)} ago" if seconds >= 0 else f"in {_span(-seconds)}"


def _span(seconds: float) -> str:
    """A span of time for people: ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def as_json(shown: Shown) -> str:
    """The JSON twin."""
    return dumped({"schema_version": SCHEMA_VERSION, **shown.data})


def dumped(value: Any) -> str:
    """JSON with times in ISO 8601, UTC."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def as_csv(shown: Shown) -> str:
    """The CSV twin: RFC 4180, with an apostrophe before what a spreadsheet would run as a formula."""
    return csv_text(shown.columns, shown.data[shown.listed])


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV with these columns, a row of their names first; commands print the same."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([defuse(_text(row.get(name))) for name in columns] for row in rows)
    return out.getvalue()


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        case list() | tuple():
            return ", ".join(map(_text, value))
        case dict():
            return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
        case _:
            return str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
