"""The work of a page: what it looks at in the database is bounded, whatever is filtered by, on both databases.

Generated from the router's table and its filters: a new page or filter is asked here by itself, with a value that nobody has. With an index that
finds nothing at once; without one the whole table is walked for it, which is what these tests see.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import event

from benchmarks.company import ACCOUNT
from benchmarks.grown import company_of, grow
from benchmarks.questions import questions
from syncd.core.model import Action, ObjectKind
from syncd.errors import TooSlow
from syncd.store import cases, changelists, peoplelists
from syncd.store.database import Database, open_database
from syncd.store.migrate import upgrade
from syncd.web.counting import Counts
from syncd.web.roles import Role, Viewer
from syncd.web.routes import PAGES, Page
from syncd.web.site import Ask, Shown, Site

PEOPLE, RUNS, CHANGES = 4000, 4000, 12_000
LOOKED_AT = 1000
"""So many rows of a table may be passed over for a page of five: far fewer than any list has here."""
STEPS = 25_000
"""The same in steps of SQLite's machine, of which a row that is passed over takes five or more."""
ADVICE = (
    "\n{path} passes over {found} rows (SQLite: steps) to show nothing; it may pass over {most}. Filters of lists are answered by an index "
    "that has the filter's columns first and the key of the list last: add one to the table in syncd/store (and a migration), and say the "
    "condition as the index says it; see 'Pages' in docs/performance.md. python -m benchmarks.pages --check --only {page} shows how it grows."
)
NOBODY = {
    "run": "999999",
    "before": "1",
    "after": "~",
    "limit": "5",
    "days": "1",
    "from": "2199-01-01",
    "to": "1999-01-01",
    "since": "2199-01-01",
    "changed": "yes",
    "failed": "yes",
}
"""What nobody has, for filters whose values are no text."""


@pytest.fixture(scope="module")
def grown_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company with years behind it."""
    path = tmp_path_factory.mktemp("grown") / "syncd.db"
    return _grown(f"sqlite:///{path}", path)


def _grown(url: str, path: Path) -> Path:
    database = open_database(url)
    upgrade(database)
    grow(database, company_of(PEOPLE, RUNS, CHANGES, now=datetime.now(UTC)))
    database.close()
    return path


@pytest.fixture(scope="module")
def grown_postgres(postgres_url: str, emptying: str) -> Iterator[str]:
    database = open_database(postgres_url)
    with database.write() as conn:
        conn.exec_driver_sql(emptying)
    database.close()
    _grown(postgres_url, Path())
    yield postgres_url
    database = open_database(postgres_url)
    with database.write() as conn:
        conn.exec_driver_sql(emptying)
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def grown(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same on each database."""
    if request.param == "sqlite":
        url = f"sqlite:///{request.getfixturevalue('grown_sqlite')}"
    else:
        url = request.getfixturevalue("grown_postgres")
    database = open_database(url)
    yield database
    database.close()


def site_of(database: Database) -> Site:
    """As much of a site as lists need, with a clock that runs so fast that what was counted once is not counted again."""
    app = SimpleNamespace(database=database, account=ACCOUNT)
    config = SimpleNamespace(
        schedules=SimpleNamespace(timezone="UTC"),
        pull=SimpleNamespace(sinks=()),
        training_sources=(),
        mapping=SimpleNamespace(lifecycle=SimpleNamespace(lead=0), dates=None),
    )
    return Site(
        app=cast(Any, app),
        config=cast(Any, config),
        alive=lambda: True,
        counts=Counts(clock=count().__next__),
    )


def ask(site: Site, page: Page, **query: str) -> Shown:
    """What a page shows."""
    viewer = Viewer(name="local", role=Role.ADMIN, how="none")
    shown = page.handler(Ask(site=site, viewer=viewer, path=page.path, query=query))
    assert isinstance(shown, Shown)
    return shown


def work_of(database: Database, do: Callable[[], object]) -> int:
    """How many rows PostgreSQL passed over, in the statement in which it passed over most; or the steps that SQLite took."""
    return _steps(database, do) if database.is_sqlite else _passed_over(database, do)


def _steps(database: Database, do: Callable[[], object]) -> int:
    """By its own counter. It is put on every connection; what stops a page in time uses the same place, and is left out here."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 100
        return 0

    def begun(conn: Any) -> None:
        cast(sqlite3.Connection, conn.connection.dbapi_connection).set_progress_handler(step, 100)

    within = Database.within
    Database.within = lambda self, seconds: self  # type: ignore[method-assign]  # noqa: ARG005 - as it is called
    event.listen(database.engine, "begin", begun)
    try:
        do()
    finally:
        event.remove(database.engine, "begin", begun)
        Database.within = within  # type: ignore[method-assign]
        database.engine.dispose()
    return taken


def _passed_over(database: Database, do: Callable[[], object]) -> int:
    """By EXPLAIN (ANALYZE) of each statement, with sequential scans as the last resort: tables are small here."""
    statements: list[tuple[str, Any]] = []

    def noted(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", noted)
    try:
        do()
    finally:
        event.remove(database.engine, "before_cursor_execute", noted)
    most = 0
    with database.read() as conn:
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in statements:
            plan = conn.exec_driver_sql(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters
            ).scalar_one()
            found = plan if isinstance(plan, list) else json.loads(plan)
            most = max(most, _removed(found[0]["Plan"]))
    return most


def _removed(node: dict[str, Any]) -> int:
    here = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return int(here * node.get("Actual Loops", 1)) + sum(map(_removed, node.get("Plans", ())))


WALKED = {("/changes", "field")}
"""No index is of fields: ``changepages`` bounds where they are looked for (a Run, an employee, a week), and all that is there is walked."""
LISTS = [page for page in PAGES if page.query and "{" not in page.path]


@pytest.mark.parametrize(
    ("page", "name"),
    [(page, name) for page in LISTS for name in page.query if (page.path, name) not in WALKED],
    ids=lambda one: getattr(one, "path", one),
)
def test_each_filter_of_each_list_is_answered_by_an_index(grown, page, name):
    query = {"limit": "5", name: NOBODY.get(name, "zzz")}
    site = site_of(grown)
    ask(site, page)  # counts what is not counted for every look
    found = work_of(grown, lambda: ask(site, page, **query))
    most = STEPS if grown.is_sqlite else LOOKED_AT
    path = f"{page.path}?{name}={query[name]}"
    assert found <= most, ADVICE.format(path=path, found=found, most=most, page=page.path)


def test_a_filter_without_an_index_is_seen(grown):
    """The tests above can fail: what they measure of a filter that has no index is far beyond what they allow."""

    def walk() -> None:
        with grown.read() as conn:
            conn.exec_driver_sql("SELECT id FROM change WHERE origin = 'zzz' ORDER BY id DESC LIMIT 5").all()

    assert work_of(grown, walk) > (STEPS if grown.is_sqlite else LOOKED_AT)


def test_every_question_of_the_benchmark_names_a_page_and_every_page_is_asked(grown):
    asked = {one.page for one in questions(grown)}
    assert asked == {page.path for page in PAGES if not page.path.endswith(("/why", "/preview"))}


def test_lists_are_whole_and_in_order_whichever_way_they_are_found(grown):
    """Against all Changes, read and filtered one by one."""
    with grown.read() as conn:
        every = [
            dict(row)
            for row in changelists.changes(conn, ACCOUNT, changelists.Wanted(), before=None, limit=CHANGES)
        ]
        assert len(every) == CHANGES
        run_id = max(row["run_id"] for row in every if row["state"] == "failed")
        wanted: list[dict[str, Any]] = [
            *({"kind": "user"}, {"action": "add"}, {"state": "failed"}, {"rule": "users"}),
            *({"run_id": run_id}, {"run_id": run_id, "state": "failed"}, {"run_id": run_id, "rule": "users"}),
            *({"kind": "user", "action": "create"}, {"rule": "users", "state": "done"}),
            *({"code": "LITMOS-400-REFUSED", "state": "failed"}, {"kind": "user", "action": "add"}),
        ]
        for some in wanted:
            meant = [row["id"] for row in every if all(row[name] == value for name, value in some.items())]
            before: int | None = None
            found: list[int] = []
            while rows := changelists.changes(
                conn, ACCOUNT, changelists.Wanted(**some), before=before, limit=400
            ):
                found += [row["id"] for row in rows]
                before = found[-1]
                if len(found) > 1500:
                    break
            assert found == meant[: len(found)], some
            assert len(found) == len(meant) or len(found) > 1500, some


def test_a_page_of_cases_is_the_list_of_all_in_pieces(grown):
    with grown.read() as conn:
        every = cases.listed(conn, ACCOUNT)
        assert {case["state"] for case in every} > {"open"}
        for state in ("", "open", "decided", "resolved"):
            found: list[dict[str, Any]] = []
            after = ""
            while some := cases.page(conn, ACCOUNT, state=state, after=after, limit=2):
                found += some
                after = some[-1]["employee_id"]
            assert found == [case for case in every if state in ("", case["state"])]
        assert cases.page(conn, ACCOUNT, state="zzz", limit=2) == []
        assert cases.waiting(conn, ACCOUNT) == sum(case["state"] == "open" for case in every)


@pytest.mark.parametrize("typed", ["zzz", "ana zzz", "zzz ana", "zzz, ana", "ana zzz zzz", "an zzz ju zzz"])
def test_a_name_that_nobody_has_is_answered_by_indexes(grown, typed):
    """Of two parts one may be common."""
    page = next(page for page in PAGES if page.path == "/employees")
    site = site_of(grown)
    found = work_of(grown, lambda: ask(site, page, q=typed, open="yes", limit="5"))
    most = STEPS if grown.is_sqlite else LOOKED_AT
    assert found <= most, ADVICE.format(path=f"/employees?q={typed}", found=found, most=most, page=page.path)


def test_employees_are_found_by_name_a_page_after_the_other(grown):
    for typed, first, last in (
        ("ana", "Ana", ""),
        ("an no", "An", "Nov"),
        ("garc\u00eda, an", "An", "Garc\u00eda"),
    ):
        seen: list[str] = []
        with grown.read() as conn:
            while rows := peoplelists.employees(
                conn, ACCOUNT, typed, after=seen[-1] if seen else "", limit=7
            ):
                seen += [row["employee_id"] for row in rows]
        company = company_of(PEOPLE, RUNS, CHANGES)
        meant = [
            company.person(number)
            for number in range(PEOPLE)
            if company.first_name(number).startswith(first)
            and any(word.startswith(last) for word in company.last_name(number).split(" "))
        ]
        assert seen == meant, typed
        assert len(seen) > 7


@pytest.mark.parametrize("walked", [peoplelists.WALKED, 50])
def test_employees_are_found_by_the_beginning_of_id_name_and_address(grown, monkeypatch, walked):
    """Those who are very many by walking some; where those are others, by looking all of them up."""
    monkeypatch.setattr(peoplelists, "WALKED", walked)
    monkeypatch.setattr(peoplelists, "MANY", 5)
    for text, number in (("00012", 100), ("p123", 11), ("ANA.LAST1200@", 1), ("p", PEOPLE), ("zzz", 0)):
        seen: list[str] = []
        with grown.read() as conn:
            while rows := peoplelists.employees(
                conn, ACCOUNT, text, after=seen[-1] if seen else "", limit=600
            ):
                seen += [row["employee_id"] for row in rows]
        linked = number - sum(text == "p" and each % 200 == 7 for each in range(PEOPLE))
        assert len(seen) == len(set(seen)) == linked, text
        assert seen == sorted(seen)


def test_what_takes_too_long_is_stopped_and_the_connection_goes_on(grown):
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        if grown.is_sqlite
        else "SELECT pg_sleep(60)"
    )
    with pytest.raises(TooSlow, match="took too long"), grown.within(0.05).read() as conn:
        conn.exec_driver_sql(endless)
    with grown.read() as conn:
        assert grown.now(conn)


def test_the_values_that_a_list_is_put_together_of_are_all_that_there_are():
    assert changelists.CLOSED["kind"] == tuple(ObjectKind)
    assert changelists.CLOSED["action"] == tuple(Action)
