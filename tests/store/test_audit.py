"""The audit: only ever added to, chained, and honest about what was done to it; on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from syncd.errors import StoreError
from syncd.store import audit
from syncd.store.audit import FIRST

NOW = datetime(2026, 11, 28, 1, 2, 3, 456000, tzinfo=UTC)


def filled(database, number: int = 4) -> None:
    """So many entries, and one of another account."""
    with database.write() as conn:
        for each in range(1, number + 1):
            audit.record(
                conn,
                "main",
                actor=f"web:{each % 2}",
                action="approve",
                object_=f"run {each}",
                employee_id="00101",
                detail={"only": ["creates"], "wörd": each},
                now=NOW + timedelta(seconds=each),
            )
        audit.record(conn, "other", actor="cli:x", action="pause", now=NOW)


def found(database, **options):
    with database.read() as conn:
        return audit.verify(conn, "main", **options)


def tampered(database, statement: str) -> None:
    """What somebody does who owns the database, and so can take its triggers away."""
    with database.write() as conn:
        if not database.is_sqlite:
            for each in ("SET LOCAL session_replication_role = replica", statement):
                conn.exec_driver_sql(each)
            return
        triggers = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        dropped = [f"DROP TRIGGER {one.name}" for one in triggers]
        for each in (*dropped, statement, *(one.sql for one in triggers)):
            conn.exec_driver_sql(each)


def test_a_whole_chain_is_whole_for_each_account(database):
    assert found(database).head == FIRST
    filled(database)
    chain = found(database)
    assert (chain.entries, chain.fault) == (4, "")
    with database.read() as conn:
        listed = audit.listed(conn, "main", limit=3)
        assert [row["number"] for row in listed] == [4, 3, 2]
        assert listed[0]["hash"] == chain.head
        assert [row["number"] for row in audit.listed(conn, "main", before=3, actor="web:1")] == [1]
        assert audit.verify(conn, "other").entries == 1


@pytest.mark.parametrize(
    ("statement", "sound", "fault"),
    [
        (
            "UPDATE audit SET actor = 'web:else' WHERE account = 'main' AND number = 3",
            2,
            "entry 3 was changed",
        ),
        ("UPDATE audit SET detail = '{}' WHERE account = 'main' AND number = 1", 0, "entry 1 was changed"),
        ("DELETE FROM audit WHERE account = 'main' AND number = 2", 1, "entry 2 is missing"),
        (
            "UPDATE audit SET previous = hash WHERE account = 'main' AND number = 4",
            3,
            "entry 4 does not follow",
        ),
    ],
)
def test_what_was_done_to_an_entry_shows(database, statement, sound, fault):
    filled(database)
    tampered(database, statement)
    chain = found(database)
    assert chain.entries == sound
    assert chain.fault.startswith(fault)


def test_a_chain_that_was_cut_off_shows_by_a_hash_that_was_noted(database):
    filled(database)
    noted = found(database).head
    assert found(database, expected=noted).fault == ""
    tampered(database, "DELETE FROM audit WHERE account = 'main' AND number = 4")
    assert found(database).fault == ""
    assert "cut off" in found(database, expected=noted).fault


@pytest.mark.parametrize("garbage", ["at = 'yesterday'", "detail = '{nope'"])
def test_an_entry_that_cannot_even_be_read_shows_as_changed(database, garbage):
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's types let no such value in")
    filled(database)
    tampered(database, f"UPDATE audit SET {garbage} WHERE account = 'main' AND number = 3")  # noqa: S608 - ours
    chain = found(database)
    assert (chain.entries, chain.fault) == (2, "entry 3 cannot be read: it was changed")


def test_a_database_that_guards_the_audit_no_more_shows(database):
    filled(database)
    drop = "DROP TRIGGER audit_no_replace" if database.is_sqlite else "ALTER TABLE audit DISABLE TRIGGER ALL"
    with database.write() as conn:
        conn.exec_driver_sql(drop)
        chain = audit.verify(conn, "main")
        conn.rollback()
    assert chain.entries == 4
    assert chain.fault.startswith("the database no longer refuses to change it: audit_")


REPLACE = "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE account = 'main' AND number = 4"


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = ''", "DELETE FROM audit", "replace"])
def test_the_database_itself_refuses_to_change_an_entry(database, statement):
    filled(database)
    if statement == "replace":
        statement = REPLACE if database.is_sqlite else "TRUNCATE audit"
    with pytest.raises((DBAPIError, StoreError)), database.write() as conn:
        conn.exec_driver_sql(statement)
    assert found(database).entries == 4
