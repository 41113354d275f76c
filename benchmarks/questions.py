"""What is asked of the pages: every page of the router's table, and each of its filters, with values that the database has.

A filter that is named like a column of its page's table gets a common, a rare and an unknown value of that column by itself. For any other
add a line to ``VALUES``; until then it is asked with a value that nobody has, for which an index is needed all the same.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Select, Table, func, select

from syncd.core.filters import fault
from syncd.store.audit_tables import audit
from syncd.store.database import Database
from syncd.store.event_tables import event
from syncd.store.events import LEVELS
from syncd.store.result_tables import result_version
from syncd.store.schema import change, employee, identity_case, job, quarantine, run
from syncd.web.routes import PAGES, Page

NOBODY = "zzz"
"""What no row has."""
DAY = "2199-01-01"
"""Long after everything."""
TABLES: Mapping[str, Table] = {
    "/runs/{run_id:id}/events": event,
    "/results": result_version,
    "/runs": run,
    "/changes": change,
    "/employees": employee,
    "/quarantine": quarantine,
    "/cases": identity_case,
    "/audit": audit,
}
"""The table that a page lists."""
COLUMNS = {"run": "run_id"}
"""The column of a filter that is named otherwise."""
NAMES = (
    *("ana", "garcía", "Quist10017", "an", "a", "v"),
    *("Novak, Ana", "novak ana", "ana quist", "an no", "no v", "ju zzz", "zzz ju", "ana bel novak gar"),
)
"""Names as people type them: of one in a hundred, of a tenth, of one or of few, and two of a hundredth or a tenth that nobody has together."""
VALUES: Mapping[tuple[str, str], Callable[[Connection], Sequence[object]]] = {
    ("/employees", "q"): lambda conn: [
        *("0", _middle(conn, employee.c.employee_id)[:4], _middle(conn, employee.c.employee_id)),
        *("p12345", "p1", "ana.last12", NOBODY, *NAMES),
    ],
    ("/runs", "state"): lambda _: ["succeeded", "planned", "failed", "held", "expired", NOBODY],
    ("/cases", "state"): lambda _: ["open", "decided", "resolved", NOBODY],
    ("/changes", "employee_id"): lambda conn: [*_ends(conn, change.c.employee_id)[:1], NOBODY],
    ("/runs/{run_id:id}/compare", "with"): lambda conn: [
        *conn.execute(
            select(run.c.id).where(run.c.flow == "push").order_by(run.c.id.desc()).limit(1)
        ).scalars()
    ],
    ("/runs/{run_id:id}/events", "level"): lambda _: LEVELS,
    ("/runs/{run_id:id}/events", "event"): lambda _: ["attempt_ended", "run_started", NOBODY],
    ("/changes", "field"): lambda _: ["JobTitle", NOBODY],
    ("/starters", "days"): lambda _: [1, 366],
    ("/starters", "after"): lambda conn: [f"{_today(conn)} {_middle(conn, employee.c.employee_id)}"],
    ("/results", "since"): lambda conn: [*_days(conn, result_version.c.made_at), DAY],
    ("*", "from"): lambda conn: [*_days(conn, run.c.created_at), DAY],
    ("*", "to"): lambda conn: [*_days(conn, run.c.created_at), "1999-01-01"],
    ("*", "changed"): lambda _: ["yes"],
    ("*", "failed"): lambda _: ["yes"],
    ("/changes", "open"): lambda _: ["yes"],
    ("*", "limit"): lambda _: [500],
}
"""Values of filters, by page (``*``: any) and filter, where a column does not give them."""
PLACES: Mapping[str, Callable[[Connection], Sequence[object]]] = {
    "run_id": lambda conn: [
        *_ends(conn, change.c.run_id)[:1],
        *conn.execute(select(run.c.id).where(run.c.state.in_(["held", "running"]))).scalars(),
        *_ends(conn, job.c.run_id)[:1],
    ],
    "change_id": lambda conn: [
        conn.execute(select(func.max(change.c.id))).scalar_one(),
        conn.execute(select(func.max(change.c.id)).where(change.c.state == "failed")).scalar_one(),
    ],
    "employee_id": lambda conn: [
        *_ends(conn, change.c.employee_id)[:1],
        conn.execute(select(identity_case.c.employee_id).limit(1)).scalar_one(),
    ],
}
"""Values of what a path names."""
FROM_HR = ("/employees/{employee_id:path}/why", "/employees/{employee_id:path}/preview")
"""They read HR anew, and plan with it: how long that takes is a matter of HR's data (``benchmarks.load``), not of the database."""
TWINS = ("/", "/runs", "/changes", "/employees", "/starters", "/results")
"""Pages whose twins are asked, too."""


@dataclass(frozen=True, slots=True)
class Question:
    """An address to ask, and the page of the table that answers it."""

    page: str
    path: str


def questions(database: Database, *, pairs: bool = True) -> list[Question]:
    """All of them, by what this database has; with each two filters together if ``pairs`` are wanted."""
    with database.read() as conn:
        return [
            Question(page.path, path)
            for page in PAGES
            for path in dict.fromkeys(_of(conn, page, pairs=pairs))
        ]


def _of(conn: Connection, page: Page, *, pairs: bool) -> list[str]:
    if page.path in FROM_HR:
        return []
    found = _filled(conn, page.path)
    filters = {
        name: [value for value in values_of(conn, page, name) if not fault(str(value), meant)]
        for name, meant in page.query.items()
    }
    for name, values in filters.items():
        found += [_ask(page.path, conn, **{name: value}) for value in values]
    wanted = [name for name in filters if pairs and name not in {"limit", "before", "after"}]
    for place, first in enumerate(wanted):
        for second in wanted[place + 1 :]:
            found += [
                _ask(page.path, conn, **{first: one, second: two})
                for one in filters[first][:2]
                for two in filters[second][:2]
            ]
    if page.path in TWINS:
        json, csv = page.twins
        found += [json, f"{csv}?limit=500"]  # a whole file has 50,000 rows, and takes seconds
    return found


def values_of(conn: Connection, page: Page, name: str) -> Sequence[object]:
    """The values that a filter of a page is asked with: the commonest first, then the rarest, then one that nobody has."""
    given = VALUES.get((page.path, name)) or VALUES.get(("*", name))
    table = TABLES.get(page.path, TABLES.get(page.path.partition("/{")[0]))
    if given is not None:
        return given(conn)
    if table is None:
        return [NOBODY]
    if name in {"before", "after"}:
        key = table.c.seq if page.path == "/results" else next(reversed(list(table.primary_key.columns)))
        if name == "after" and "employee_id" in table.c:
            key = table.c.employee_id
        return [_middle(conn, key)]
    column = table.c.get(COLUMNS.get(name, name))
    if column is None:
        return [NOBODY]
    nobody: object = 0 if column.type.python_type is int else NOBODY
    return [*_ends(conn, column), nobody]


def _ask(path: str, conn: Connection, **query: object) -> str:
    return f"{_filled(conn, path)[0]}?{urlencode(query)}"


def _filled(conn: Connection, path: str) -> list[str]:
    """A path of the table with what is there, for each value of what it names."""
    names = re.findall(r"{(\w+)(?::\w+)?}", path)
    if not names:
        return [path]
    found = PLACES[names[0]](conn)
    if path.startswith("/cases/"):
        found = found[-1:]  # the other one has none
    return [re.sub(r"{\w+(?::\w+)?}", str(value), path) for value in found]


def _ends(conn: Connection, column: Any) -> list[Any]:
    """The commonest value that is not empty, and the rarest."""
    number = func.count()
    query: Select[Any] = select(column).group_by(column)
    if column.type.python_type is str:
        query = query.where(column != "")
    found = [
        conn.execute(query.order_by(order, column).limit(1)).scalar() for order in (number.desc(), number)
    ]
    return list(dict.fromkeys(one for one in found if one is not None))


def _days(conn: Connection, column: Any) -> list[str]:
    """A week before the last of these times, and a day half-way between the first and the last."""
    first, last = conn.execute(select(func.min(column), func.max(column))).one()
    return [(last - timedelta(days=7)).date().isoformat(), (first + (last - first) / 2).date().isoformat()]


def _today(conn: Connection) -> str:
    """Of the newest Run."""
    found: datetime = conn.execute(select(func.max(run.c.created_at))).scalar_one()
    return found.date().isoformat()


def _middle(conn: Connection, column: Any) -> Any:
    """A value half-way down a list."""
    half = conn.execute(select(func.count()).select_from(column.table)).scalar_one() // 2
    return conn.execute(select(column).order_by(column).offset(half).limit(1)).scalar_one()
