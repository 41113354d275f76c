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
    triggers = (
        ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"]
        if database.is_sqlite
        else ["SET LOCAL session_replication_role = replica"]
    )
    kept = []
    with database.write() as conn:
        if database.is_sqlite:
            kept = list(conn.execute(text("SELECT sql FROM sqlite_master WHERE type = 'trigger'")).scalars())
        for each in (*triggers, statement, *kept):
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


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = ''", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_an_entry(database, statement):
    filled(database)
    with pytest.raises((DBAPIError, StoreError)), database.write() as conn:
        conn.exec_driver_sql(statement)
    assert found(database).entries == 4
