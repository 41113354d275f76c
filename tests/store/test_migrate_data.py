"""Migrations take along what a database holds, on both databases, and end in exactly the schema of the code."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from syncd.core.person_names import keys_of
from syncd.core.request import JobClass
from syncd.store import jobs, mirror, outbox, peoplelists, queue, results
from syncd.store.database import Database
from syncd.store.migrate import configuration, upgrade
from syncd.store.schema import metadata
from tests.store.makers import drop_views

ACCOUNT = "main"
THEN = "2026-01-02 03:04:05"
STAGES = [
    (0, "put_user"),
    (1, "create_team"),
    (2, "create_user"),
    (3, "put_user"),
    (4, "add_members"),
    (5, "assign_items"),
    (5, "set_role"),
    (6, "remove_member"),
    (6, "take_from_team"),
]


def to(database: Database, revision: str) -> None:
    """Migrate to a revision, up or down."""
    with database.write() as conn:
        have = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
        go = command.upgrade if have is None or revision > have else command.downgrade
        go(configuration(conn), revision)


@pytest.fixture
def old(database):
    """A database at revision 0001; at head and empty again afterwards, for the tests that share it."""
    to(database, "base")
    to(database, "0001")
    yield database
    with database.write() as conn:
        conn.execute(text("DROP TABLE IF EXISTS alembic_version"))
        drop_views(conn)
        whatever = MetaData()
        whatever.reflect(conn)
        whatever.drop_all(conn)
    upgrade(database)


def add(conn: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows, in plain SQL: the code's tables are those of a later revision."""
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join(f":{name}" for name in row)
        conn.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({marks})'), dict(row))  # noqa: S608 - our own names


def described(database: Database) -> dict[str, Any]:
    """All of the schema that a database tells of: columns, keys, indexes with their conditions."""
    with database.read() as conn:
        found = inspect(conn)
        return {
            table: {
                "columns": {
                    one["name"]: (str(one["type"]), one["nullable"], one["default"])
                    for one in found.get_columns(table)
                },
                "key": found.get_pk_constraint(table)["constrained_columns"],
                "key name": found.get_pk_constraint(table)["name"],
                "foreign keys": sorted(
                    str(one["constrained_columns"]) for one in found.get_foreign_keys(table)
                ),
                "indexes": {
                    one["name"]: (
                        one["column_names"],
                        bool(one["unique"]),
                        {
                            name: str(said)
                            for name, said in one.get("dialect_options", {}).items()
                            if "where" in name
                        },
                    )
                    for one in found.get_indexes(table)
                },
            }
            for table in sorted(found.get_table_names())
            if table != "alembic_version"
        }


def test_the_migrations_end_in_what_the_code_would_make_itself(old):
    to(old, "head")
    migrated = described(old)
    with old.write() as conn:
        drop_views(conn)
        metadata.drop_all(conn)
        metadata.create_all(conn)
    assert migrated == described(old)


def test_going_back_ends_in_what_there_was(old):
    before = described(old)
    to(old, "0002")
    assert described(old) != before
    to(old, "0001")
    assert described(old) == before


def test_completions_become_versions_of_results_and_what_sinks_were_given_stays_given(old):
    to(old, "0002")
    said = {
        "kind": "course", "user_id": "u1", "username": "u1", "object_id": "C", "object_name": "Fire", "percent": "100",
        "score": "", "assigned_at": None, "started_at": None, "compliant_until": None, "updated_at": None,
    }  # fmt: skip
    rows = [
        ("course:u1:C:undated", None, 1, False),
        ("course:u1:C:2026", "2026-01-02T00:00:00+00:00", 1, True),
        ("course:u1:C:2025", "2025-01-02T00:00:00+00:00", 2, True),
    ]
    whole = {"account": ACCOUNT, "kind": "course", "user_id": "u1", "employee_id": "E1", "hash": ""}
    with old.write() as conn:
        add(
            conn,
            "completion",
            [
                {
                    **whole,
                    "completion_id": name,
                    "version": version,
                    "data": json.dumps(
                        {**said, "completion_id": name, "completed": done, "completed_at": at}
                    ),
                    "first_seen_at": THEN,
                    "changed_at": THEN,
                }
                for name, at, version, done in rows
            ],
        )
        batch = {"account": ACCOUNT, "id": "b1", "sink": "csv", "state": "delivered", "rows": 2}
        add(conn, "batch", [{**batch, "created_at": THEN}])
        given = {"account": ACCOUNT, "sink": "csv", "batch_id": "b1"}
        add(
            conn,
            "batch_row",
            [{**given, "completion_id": n, "version": v} for n, _at, v, done in rows if done],
        )
    to(old, "0003")
    with old.write() as conn:
        (versions,) = results.versions_of(conn, ACCOUNT, ["course:u1:C"]).values()
        assert [(one.version, one.seq, one.status, one.event, one.attempt) for one in versions] == [
            (1, 1, "in_progress", "reported", 1),
            (2, 2, "completed", "reported", 1),
            (3, 3, "completed", "retaken", 2),
        ]
        assert outbox.open_batches(conn, ACCOUNT, "csv", "b2", 1, old.now(conn)) == 0
        assert outbox.open_batches(conn, ACCOUNT, "new", "b3", 1, old.now(conn)) == 1
        assert [one.said for one in outbox.rows(conn, ACCOUNT, "csv", "b1", everything=True)] == [
            versions[-1].said
        ]
    to(old, "0002")
    with old.read() as conn:
        back = conn.execute(text("SELECT completion_id, version FROM completion")).all()
        assert back == [("course:u1:C", 3)]


def test_a_person_of_two_sources_is_the_one_whom_the_latest_input_named(old):
    row = {"account": ACCOUNT, "data": "{}", "present": True, "first_seen_at": THEN, "last_seen_at": THEN}
    with old.write() as conn:
        add(
            conn,
            "employee",
            [
                {**row, "source": "before", "employee_id": "00042", "last_input_id": 3, "status": "left"},
                {**row, "source": "hr", "employee_id": "00042", "last_input_id": 7, "status": "active"},
                {
                    **row,
                    "source": "before",
                    "employee_id": "00043",
                    "last_input_id": None,
                    "status": "active",
                },
            ],
        )
    to(old, "0002")
    with old.read() as conn:
        found = conn.execute(text("SELECT employee_id, source, status FROM employee ORDER BY 1")).all()
    assert found == [("00042", "hr", "active"), ("00043", "before", "active")]


def test_who_was_known_before_is_found_by_name_as_if_they_were_taken_today(old, monkeypatch):
    """In batches, whatever is stored of them; with what syncd makes of the same names today."""
    folder = ScriptDirectory.from_config(configuration())
    monkeypatch.setattr(folder.get_revision("0015").module, "BATCH", 2)
    monkeypatch.setattr(ScriptDirectory, "from_config", lambda _config: folder)
    to(old, "0014")
    people: list[Any] = [
        {"fields": {"FirstName": "Zo\u00eb", "LastName": "O\u2019Brien-Sm\u00eeth"}},
        {"fields": {"FirstName": "\u0141ukasz \u0130", "LastName": "Garci\u0301a"}},
        {"fields": {"LastName": "\u674e\u3000\u5c0f\u9f99 \u00b4", "FirstName": None}},
        {"fields": {"FirstName": "x" * 5000, "LastName": 42}},
        *({}, [], None, "Ana", {"fields": None}, {"fields": ["Ana"]}, {"fields": {}}),
    ]
    row = {"status": "active", "present": True, "first_seen_at": THEN, "last_seen_at": THEN}
    with old.write() as conn:
        for account in ("main", "other"):
            add(
                conn,
                "employee",
                [
                    {**row, "account": account, "employee_id": f"{number:05}", "data": json.dumps(data)}
                    for number, data in enumerate(people)
                ],
            )
        if old.is_sqlite:
            conn.execute(text("UPDATE employee SET data = '{' WHERE employee_id = '00004'"))
    to(old, "0015")
    query = text(
        "SELECT account, first_key, last_key, end_key, data FROM employee ORDER BY account, employee_id"
    )
    with old.read() as conn:
        found = conn.execute(query).all()
    said = [data.get("fields") if isinstance(data, dict) else None for data in people * 2]
    expected = [tuple(keys_of(one if isinstance(one, dict) else {})) for one in said]
    assert [tuple(row[1:4]) for row in found] == expected
    assert expected[0] == ("zoe", "obrien smith", "smith")
    to(old, "0014")
    to(old, "0015")
    with old.read() as conn:
        assert [tuple(row[1:4]) for row in conn.execute(query)] == expected


def test_users_are_found_by_address_and_id_as_if_they_had_just_been_read(old):
    profile = (
        '{"UserName": "Ana@X", "Email": " Jos\\u0065\\u0301@Example.COM ", "ExternalEmployeeId": "00Ab"}'
    )
    rows = [
        {"account": ACCOUNT, "id": f"u{no:05}", "username_key": "ana@x", "active": True, "profile": profile}
        for no in range(3)
    ]
    rows.append(
        {**rows[0], "id": "without", "profile": '{"UserName": "", "Email": null}', "username_key": ""}
    )
    with old.write() as conn:
        add(conn, "litmos_user", [{**row, "changed_at": THEN} for row in rows])
    to(old, "0002")
    three = {f"u{no:05}" for no in range(3)}
    with old.read() as conn:
        for field, key in (
            ("UserName", "ana@x"),
            ("Email", "jos\u00e9@example.com"),
            ("ExternalEmployeeId", "00ab"),
        ):
            assert mirror.find_users(conn, ACCOUNT, {field: [key]}) == three
        empty = text(
            "SELECT id FROM litmos_user WHERE username_key = '' AND email_key = '' AND external_key = ''"
        )
        assert conn.execute(empty).scalars().all() == ["without"]


def test_who_is_in_quarantine_is_counted_by_the_code_of_the_first_reason(old):
    row = {"account": ACCOUNT, "source": "hr", "first_seen_at": THEN, "last_seen_at": THEN}
    reasons: dict[str, Any] = {
        "00001": [{"code": "EMAIL-INVALID", "message": "x"}, {"code": "ID-DUPLICATE", "message": "y"}],
        "00002": [{"code": "EMAIL-INVALID", "message": "x"}],
        "00003": [],
        "00004": [],
    }
    odd: tuple[Any, ...] = (None, {}, "x", [None], ["x"], [{}])
    reasons |= {f"{number:05}": one for number, one in enumerate(odd, start=5)}
    to(old, "0014")
    with old.write() as conn:
        add(
            conn,
            "quarantine",
            [{**row, "key": key, "reasons": json.dumps(one)} for key, one in reasons.items()],
        )
        if old.is_sqlite:
            conn.execute(text("UPDATE quarantine SET reasons = '[' WHERE key = '00004'"))
    to(old, "0016")
    with old.read() as conn:
        assert peoplelists.quarantine_by_code(conn, ACCOUNT) == {"": 8, "EMAIL-INVALID": 2}


def test_what_is_queued_is_sent_in_the_order_and_by_the_classes_of_today(old):
    with old.write() as conn:
        add(
            conn,
            "run",
            [
                {
                    "id": 1,
                    "account": ACCOUNT,
                    "flow": "push",
                    "state": "running",
                    "summary": "{}",
                    "holds": "[]",
                    "created_at": THEN,
                }
            ],
        )
        add(
            conn,
            "job",
            [
                {
                    "id": 100 - no,
                    "run_id": 1,
                    "account": ACCOUNT,
                    "kind": kind,
                    "key": f"{stage}{kind}",
                    "payload": "{}",
                    "target": f"t{no}",
                    "changes": "[]",
                    "stage": stage,
                    "state": "available",
                    "max_attempts": 8,
                    "available_at": THEN,
                    "created_at": THEN,
                }
                for no, (stage, kind) in enumerate(STAGES)
            ],
        )
        add(
            conn,
            "queue_pause",
            [{"account": ACCOUNT, "code": "UNAUTHORISED", "reason": "401", "since": THEN}],
        )
    to(old, "0002")
    with old.write() as conn:
        now = old.now(conn)
        assert queue.claim(conn, ACCOUNT, "me", 60, now) is None, "Litmos has refused the key"
        assert jobs.paused(conn, ACCOUNT) is not None
        assert jobs.resume(conn, ACCOUNT)
        assert jobs.pause(conn, ACCOUNT, code="PERSON", reason="", now=now, job_class=JobClass.LEARNING.value)
        sent = [job.key for job in iter(lambda: queue.claim(conn, ACCOUNT, "me", 60, now), None)]
        assert jobs.resume(conn, ACCOUNT, job_class=JobClass.LEARNING.value)
        rest = [job.key for job in iter(lambda: queue.claim(conn, ACCOUNT, "me", 60, now), None)]
    assert sent == [
        "0put_user",
        "1create_team",
        "2create_user",
        "3put_user",
        "4add_members",
        "5set_role",
        "6remove_member",
    ]
    assert rest == ["5assign_items", "6take_from_team"]
