"""Reading only what changed: the same rows as a full reading, on real databases, and a full one whenever there is a doubt."""

import os
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url

from syncd.errors import SourceError
from syncd.sources import open_source
from syncd.sources import sql as sqlsource
from syncd.sources.base import Reading
from syncd.sources.settings import Since, SqlSourceSettings
from syncd.sources.sqlsince import open_base
from tests.needs import MARIADB_URL, POSTGRES_URL
from tests.sources.contract import SourceContract

QUERY = "SELECT id, note, at AS \"at:x%\", ':a' AS c FROM p WHERE note NOT LIKE '%zz%' ORDER BY id -- of today: 100 %"
FORMS = {
    "sqlite": ("TEXT", "'2020-01-01 00:00:00'", "datetime('2020-01-01', '+{n} days')"),
    "sqlite-iso": ("TEXT", "'2020-01-01T00:00:00Z'", "strftime('%Y-%m-%dT%H:%M:%SZ', '2020-01-01', '+{n} days')"),
    "postgresql-zoned": ("timestamptz", "'2020-01-01'", "clock_timestamp()"),
    "postgresql-plain": ("timestamp", "'2020-01-01'", "timestamp '2020-01-01' + interval '{n} hours'"),
    "postgresql-day": ("date", "'2020-01-01'", "date '2020-01-01' + {n}"),
    "mariadb-plain": ("datetime(6)", "'2020-01-01'", "timestamp '2020-01-01 00:00:00' + interval {n} hour"),
}  # fmt: skip
"""How a database tells times: the type of the column, an old time, and the time of the change number ``n``."""
MARKS: dict[str, Any] = {"postgresql": pytest.mark.postgres, "mariadb": pytest.mark.mariadb, "sqlite": ()}
EACH = [pytest.param(form, marks=MARKS[form.partition("-")[0]]) for form in FORMS]


class Table:
    """HR as a table ``p`` of a real database, and a source that reads what changed in it."""

    def __init__(self, url: str, form: str, folder: Path, **since) -> None:
        kind, self.old, self.changed = FORMS[form]
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT")
        self.number = count(1)
        self.run("DROP TABLE IF EXISTS p")
        self.run(f"CREATE TABLE p (id varchar(9), note varchar(99), at {kind})")
        query = QUERY.replace('"', "`") if "mariadb" in form else QUERY
        self.folder = folder / "last"
        self.workspace = folder / "workspace"
        self.workspace.mkdir(exist_ok=True)
        told = {"column": "at:x%", "key": "id", "overlap_seconds": 1.0, **since}
        self.settings = SqlSourceSettings(
            name="hr", url=lambda: url, query=query, since=Since(folder=self.folder, **told)
        )

    def run(self, statement: str) -> None:
        with self.engine.connect() as connection:
            connection.exec_driver_sql(statement.replace("%", "%%") if "sqlite" not in str(self.engine.url) else statement)  # fmt: skip

    def put(self, key: str, note: str, at: str = "") -> None:
        at = at or self.changed.format(n=next(self.number))
        self.run(f"INSERT INTO p VALUES ('{key}', '{note}', {at})")  # noqa: S608 - a test's own

    def change(self, key: str, note: str, at: str = "") -> None:
        at = at or self.changed.format(n=next(self.number))
        self.run(f"UPDATE p SET note = '{note}', at = {at} WHERE id = '{key}'")  # noqa: S608 - a test's own

    def read(self, **changed) -> Reading:
        return open_source(replace(self.settings, **changed)).read(self.workspace)

    def rows(self, **changed) -> dict[str, str]:
        """Notes by id."""
        reading = self.read(**changed)
        assert all(cells[3] == ":a" for _, cells in reading.raw)
        return {cells[0]: cells[1] for _, cells in reading.raw}


@pytest.fixture
def table(tmp_path):
    """Makes a Table; its database is gone afterwards."""
    with tables(tmp_path) as make:
        yield make


@contextmanager
def tables(folder: Path):
    made = []

    def make(form: str = "sqlite", **since) -> Table:
        backend = form.partition("-")[0]
        url = f"sqlite:///{folder / 'hr.db'}"
        if backend != "sqlite":
            server = create_engine(
                MARIADB_URL if backend == "mariadb" else POSTGRES_URL, isolation_level="AUTOCOMMIT"
            )
            name = f"syncd_since_{uuid.uuid4().hex[:8]}"
            with server.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            made.append((server, name))
            url = make_url(server.url).set(database=name).render_as_string(hide_password=False)
        found = Table(url, form, folder, **since)
        made.append((found.engine, ""))
        return found

    yield make
    for engine, name in reversed(made):
        if name:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"DROP DATABASE {name}")
        engine.dispose()


STEP = st.tuples(
    st.sampled_from(["put", "change", "silent", "delete", "read"]),
    st.integers(0, 5),
    st.text("ab", max_size=2),
)


@pytest.mark.parametrize("form", EACH)
def test_whatever_happens_between_readings_the_rows_are_those_of_a_full_one(form, tmp_path_factory):
    """Rows without a time are always read; if somebody is gone all rows may be."""
    folder = tmp_path_factory.mktemp("hr")
    with tables(folder) as make:
        hr = make(form)

        @settings(
            deadline=None,
            max_examples=12 if "sqlite" in form else 6,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(steps=st.lists(STEP, min_size=3, max_size=9))
        def check(steps):
            hr.run("DELETE FROM p")
            hr.put("first", "", hr.old)
            (hr.folder / "hr.base").unlink(missing_ok=True)
            hr.read()
            there = {"first"}
            gone = False
            for what, number, note in [*steps, ("read", 0, "")]:
                key = f"E{number}"
                if what == "read":
                    found, full = hr.read(), hr.read(since=None)
                    assert full.complete
                    assert found.complete <= gone  # all rows were read only if somebody was gone
                    gone = False
                    assert Counter(tuple(row) for _, row in found.raw) == Counter(
                        tuple(row) for _, row in full.raw
                    )
                    assert found.sha256 == full.sha256
                elif what == "delete":
                    hr.run(f"DELETE FROM p WHERE id = '{key}'")  # noqa: S608 - a test's own
                    gone = gone or key in there
                    there.discard(key)
                elif what == "silent":
                    (hr.change if key in there else hr.put)(key, note, "NULL")
                    there.add(key)
                elif key in there:
                    hr.change(key, note)
                elif what == "put":
                    hr.put(key, note)
                    there.add(key)

        check()


@pytest.mark.parametrize("form", EACH)
def test_only_what_changed_is_read(table, form):
    """A row whose time did not change is not read again, so what is in it is what it was; then all rows are."""
    hr = table(form)
    for number in range(20):
        hr.put(f"E{number:02}", "old", hr.old)
    hr.number = count(5)
    hr.put("late", "old")
    assert hr.read().complete
    hr.change("E03", "unseen", hr.old)
    hr.change("E04", "new")
    hr.put("E99", "new")
    reading = hr.read()
    SourceContract()._agree(reading)
    notes = {cells[0]: cells[1] for _, cells in reading.raw}
    assert (reading.complete, reading.rows) == (False, 22)
    assert [notes[key] for key in ("E03", "E04", "E05", "E99")] == ["old", "new", "old", "new"]
    hr.run("DELETE FROM p WHERE id = 'E05'")
    reading = hr.read()
    notes = {cells[0]: cells[1] for _, cells in reading.raw}
    assert (reading.complete, notes["E03"], "E05" in notes) == (True, "unseen", False)


def spoilt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


DOUBTS = {
    "harmed": lambda hr: spoilt(hr.folder / "hr.base"),
    "cut short": lambda hr: os.truncate(hr.folder / "hr.base", 90),
    "empty": lambda hr: os.truncate(hr.folder / "hr.base", 0),
    "another query": lambda hr: setattr(hr, "settings", replace(hr.settings, query=f"{QUERY} ")),
    "another key": lambda hr: setattr(
        hr, "settings", replace(hr.settings, since=replace(hr.settings.since, key="note"))
    ),
    "due": lambda hr: setattr(
        hr, "settings", replace(hr.settings, since=replace(hr.settings.since, full_every_seconds=1e-9))
    ),
    "a key twice": lambda hr: [hr.put("E01", "x"), hr.put("E01", "y")],
    "somebody gone": lambda hr: hr.run("DELETE FROM p WHERE id = 'E01'"),
    "somebody new of long ago": lambda hr: hr.put("E03", "late", hr.old),
    "a blank key": lambda hr: hr.put("", "x"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_all_rows_are_read_when_there_is_a_doubt(table, doubt):
    hr = table()
    hr.put("E01", "old")
    hr.put("E02", "new")
    hr.read()
    assert not hr.read().complete
    DOUBTS[doubt](hr)
    reading = hr.read()
    assert reading.complete
    assert reading.sha256 == hr.read(since=None).sha256


def test_more_changes_than_fit_are_a_full_reading(table, monkeypatch):
    hr = table()
    for number in range(4):
        hr.put(f"E{number}", "x", "NULL" if number else "")
    hr.read()
    assert not hr.read().complete
    monkeypatch.setattr(sqlsource, "MOST", 2)
    assert hr.read().complete


def test_columns_that_change_are_a_full_reading(table):
    hr = table()
    hr.settings = replace(hr.settings, query="SELECT * FROM p", since=replace(hr.settings.since, column="at"))
    hr.put("E1", "x")
    hr.read()
    assert not hr.read().complete
    hr.run("ALTER TABLE p ADD COLUMN city TEXT")
    assert (hr.read().complete, hr.read().complete) == (True, False)


def test_a_time_of_tomorrow_hides_nothing(table):
    """One row of the year 2999 does not keep the rows of today from being read; the mark is never later than the clock."""
    hr = table()
    hr.put("E1", "x", "'2999-01-01 00:00:00'")
    hr.put("E2", "x", hr.old)
    hr.read()
    hr.change("E2", "new", "datetime('now')")
    assert hr.rows() == {"E1": "x", "E2": "new"}


def test_the_last_reading_is_private_and_named_after_the_source(table):
    hr = table()
    hr.put("E1", "x")
    for _ in range(2):
        hr.read()
        (hr.folder / ".hr.new-killed").write_text("of a reading that was killed")
        hr.read()
        assert hr.folder.stat().st_mode & 0o777 == 0o700
        (base,) = hr.folder.iterdir()
        assert (base.name, base.stat().st_mode & 0o777) == ("hr.base", 0o600)


def test_a_base_stays_as_it_is_while_another_process_replaces_it(table):
    hr = table()
    hr.put("E1", "x")
    hr.read()
    with open_base(hr.settings) as base:
        assert base is not None
        before = list(base.lines())
        hr.change("E1", "y")
        hr.read()
        assert list(base.lines()) == before
    with open_base(hr.settings) as base:
        assert base is not None
        assert list(base.lines()) != before


def test_a_reading_that_fails_leaves_the_last_one_as_it_was(table):
    hr = table()
    hr.put("E1", "x")
    hr.read()
    before = (hr.folder / "hr.base").read_bytes()
    hr.put("E2", "y")
    with pytest.raises(SourceError, match="more than 1 rows"):
        hr.read(max_rows=1)
    assert (hr.folder / "hr.base").read_bytes() == before
    assert [path.name for path in hr.folder.iterdir()] == ["hr.base"]


@pytest.mark.parametrize(
    ("since", "at", "said"),
    [
        ({"column": "att"}, "", "since.column is att, which is no column of the query"),
        ({"key": "idd"}, "", "since.key is idd, which is no column of the query. Did you mean id?"),
        ({"column": 'at" OR 1=1 --'}, "", "which is no column of the query"),
        ({}, "'yesterday'", "hr:row 1: since.column at:x% must be a date or a time"),
        ({}, "'2026-13-01'", "hr:row 1: since.column at:x% must be a date or a time"),
        ({}, "'2026-01-01T00:00:00+02:00'", "hr:row 1: since.column at:x% must be a date or a time"),
        ({"column": "c"}, "", "hr:row 1: since.column c must be a date or a time"),
    ],
)
def test_what_cannot_work_is_said(table, since, at, said):
    hr = table(**since)
    hr.put("Zebulon", "Canary", at)
    with pytest.raises(SourceError) as caught:
        hr.read()
    assert said in str(caught.value)
    assert "Zebulon" not in str(caught.value)
    assert list(hr.workspace.iterdir()) == []


def test_a_folder_that_cannot_be_had_is_said_before_anything_is_asked(table, tmp_path):
    hr = table()
    (tmp_path / "last").write_text("a file")
    with pytest.raises(SourceError, match=r"last: the last reading of hr cannot be kept there"):
        hr.read()


def test_without_any_time_all_rows_are_read_each_time(table):
    hr = table()
    hr.put("E1", "x", "NULL")
    assert (hr.read().complete, hr.read().complete) == (True, True)
