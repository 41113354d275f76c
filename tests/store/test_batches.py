"""Batches: rows that are handed to the driver are stored as SQLAlchemy stores them; and the collector rests meanwhile."""

import gc
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import delete, insert, select

from syncd.errors import StoreError
from syncd.garbage import uncollected
from syncd.store import batches
from syncd.store.batches import insert_many
from syncd.store.schema import change, employee
from syncd.store.settled_tables import settled
from tests.store.makers import ACCOUNT, new_run

AT = datetime(2026, 11, 24, 12, 30, tzinfo=timezone(timedelta(hours=2)))
PEOPLE = [
    {
        "account": ACCOUNT,
        "employee_id": f"E{number}",
        "status": "active",
        "data": {"fields": {"City": "Łódź", "DisableMessages": bool(number)}, "teams": [["A", "B"]]},
        "present": bool(number % 2),
        "first_seen_at": AT,
        "last_seen_at": AT + timedelta(days=number),
        "absent_since": None if number else AT,
        "absent_count": number,
        "last_input_id": None,
    }
    for number in range(7)
]
SETTLED = [
    {
        "account": ACCOUNT,
        "employee_id": f"E{number}",
        "source": "hr",
        "row_hash": bytes([0, 255, 39, number]) * 4,
        "filled": 2**number,
        "at_rest": number > 1,
        "due_at": AT,
        "user_id": "",
        "id_key": "é%s?:x",
        "manager": "",
    }
    for number in range(3)
]


def test_a_row_that_is_there_is_refused_as_by_a_statement(database):
    with pytest.raises(StoreError, match="same row"), database.write() as conn:
        insert_many(conn, employee, tuple(PEOPLE[0]), [tuple(PEOPLE[0].values())] * 2)
    with database.read() as conn:
        assert not conn.execute(select(employee)).all()


@pytest.mark.parametrize(("table", "rows"), [(employee, PEOPLE), (settled, SETTLED)])
def test_a_batch_is_stored_as_a_plain_insert_is(database, monkeypatch, table, rows):
    monkeypatch.setattr(batches, "SIZE", 3)
    with database.write() as conn:
        conn.execute(insert(table), rows)
        plain = conn.execute(select(table).order_by(table.c.employee_id)).all()
        conn.execute(delete(table))
        insert_many(conn, table, tuple(rows[0]), (tuple(row.values()) for row in rows))
        assert conn.execute(select(table).order_by(table.c.employee_id)).all() == plain
        insert_many(conn, table, tuple(rows[0]), ())
    assert plain[0].employee_id == "E0"


def test_what_the_table_fills_in_is_left_to_it(database):
    run_id = new_run(database)
    given = {
        "run_id": run_id,
        "seq": 0,
        "key": "user:E1",
        "action": "create",
        "kind": "user",
        "state": "planned",
    }
    empty = {"team": [], "before": {}, "after": {"A": "b"}, "gives": [], "takes": []}
    values = {**given, **empty, "invite": False, "irreversible": False, "approved": True}
    with database.write() as conn:
        insert_many(conn, change, tuple(values), [tuple(values.values())])
        row = conn.execute(select(change)).one()
    assert (row.after, row.reason, row.id > 0, row.approved) == ({"A": "b"}, "", True, True)


def test_the_collector_rests_until_the_last_one_is_done():
    assert gc.isenabled()
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
