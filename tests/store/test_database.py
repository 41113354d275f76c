"""The database: its clock, its transactions, and its faults as sentences without SQL or parameters."""

import json
import socket
import sqlite3
import stat
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath

import pytest
from sqlalchemy import insert, literal, select, text, update

from syncd.errors import StoreError
from syncd.store import database as database_module
from syncd.store import filesystem
from syncd.store.columns import Json, decoded
from syncd.store.database import Database, open_database
from syncd.store.filesystem import kind_of
from syncd.store.migrate import upgrade
from syncd.store.mirror import set_watermark
from syncd.store.results import watermark
from syncd.store.schema import batch, queue_pause
from tests.store.makers import ACCOUNT, now_of

SECRET = "a-very-private-name"


def test_the_databases_time_is_aware_utc_and_now(database):
    assert now_of(database).tzinfo is UTC
    assert abs(now_of(database) - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "value",
    [
        {"Name": "Zoë 😀", "Active": False, "Count": 10**30, "Part": 0.1, "None": None, "List": [[], {}]},
        "",
        "\u2028",
    ],
)
def test_json_is_read_as_it_was_written(database, value):
    with database.read() as conn:
        assert conn.execute(select(literal(value, Json))).scalar_one() == value


@pytest.mark.parametrize("value", ["half a smile: \ud83d", "[" * 300 + "]" * 300])
def test_json_that_the_quick_reader_refuses_is_read_all_the_same(value):
    written = value if value.startswith("[") else json.dumps(value)
    assert decoded(written) == json.loads(written)


def test_the_databases_time_goes_on_within_a_transaction(database):
    with database.read() as conn:
        first = database.now(conn)
        if not database.is_sqlite:
            conn.execute(text("SELECT pg_sleep(0.02)"))
            assert database.now(conn) > first
        assert database.now(conn) >= first


def test_times_come_back_as_the_same_moment_in_utc(database):
    written = datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as conn:
        set_watermark(conn, ACCOUNT, "results", written)
    with database.read() as conn:
        found = watermark(conn, ACCOUNT, "results")
    assert found == written
    assert found.utcoffset() == timedelta(0)


def test_a_naive_time_is_refused(database):
    with pytest.raises(Exception, match="naive time"), database.write() as conn:
        set_watermark(conn, ACCOUNT, "results", datetime(2026, 1, 1))  # noqa: DTZ001 - naive is the point


def test_a_failed_transaction_leaves_nothing(database):
    with pytest.raises(RuntimeError), database.write() as conn:  # noqa: PT012 - the transaction is the subject
        set_watermark(conn, ACCOUNT, "results", database.now(conn))
        raise RuntimeError
    with database.read() as conn:
        assert watermark(conn, ACCOUNT, "results") is None


def test_a_reader_sees_one_state_however_many_questions_it_asks(database):
    with database.read() as reading:
        assert watermark(reading, ACCOUNT, "results") is None

        def write() -> None:
            with database.write() as conn:
                set_watermark(conn, ACCOUNT, "results", database.now(conn))

        writer = threading.Thread(target=write)
        writer.start()
        writer.join(20)
        assert watermark(reading, ACCOUNT, "results") is None
    with database.read() as conn:
        assert watermark(conn, ACCOUNT, "results") is not None


def test_two_writers_that_read_first_both_succeed(database):
    def count(number: int) -> None:
        for turn in range(10):
            with database.write() as conn:
                conn.execute(select(batch.c.id)).all()
                row = {
                    "account": ACCOUNT,
                    "id": f"{number}-{turn}",
                    "rows": 0,
                    "created_at": database.now(conn),
                }
                conn.execute(insert(batch).values(row))

    threads = [threading.Thread(target=count, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.read() as conn:
        assert len(conn.execute(select(batch.c.id)).all()) == 30


def test_a_sqlite_file_is_private_and_durable(tmp_path):
    opened = open_database(f"sqlite:///{tmp_path / 'new' / 'syncd.db'}")
    try:
        assert opened.path is not None
        assert stat.S_IMODE(opened.path.stat().st_mode) == 0o600
        with opened.read() as conn:
            asked = [
                conn.execute(text(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        assert asked == ["wal", 2, 1, 10_000]
        assert {stat.S_IMODE(found.stat().st_mode) for found in opened.path.parent.iterdir()} == {0o600}
    finally:
        opened.close()


def fill(database: Database) -> None:
    """Write until the database may not grow any more."""
    with database.write() as conn:
        pages = conn.execute(text("PRAGMA page_count")).scalar_one()
        conn.execute(text(f"PRAGMA max_page_count = {pages}"))
        for number in range(200):
            values = {
                "account": ACCOUNT,
                "class": f"{SECRET}{number}",
                "reason": "x" * 4000,
                "since": database.now(conn),
            }
            conn.execute(insert(queue_pause).values(values))


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path):
    opened = open_database(f"sqlite:///{tmp_path / 'syncd.db'}")
    upgrade(opened)
    with opened.write() as conn:
        set_watermark(conn, ACCOUNT, "kept", opened.now(conn))
    with pytest.raises(StoreError, match="make room") as caught:
        fill(opened)
    assert SECRET not in str(caught.value)
    assert "INSERT" not in str(caught.value)
    with opened.read() as conn:
        assert watermark(conn, ACCOUNT, "kept") is not None
        assert conn.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    opened.close()


def test_a_locked_database_is_waited_for_and_then_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "syncd.db"
    opened = open_database(f"sqlite:///{path}")
    with opened.read() as conn:
        conn.execute(text("SELECT 1"))
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another process"), opened.write():
            pass
        other.execute("ROLLBACK")
        with opened.write() as conn:
            assert conn.execute(text("SELECT 1")).scalar_one() == 1
    finally:
        other.close()
        opened.close()


def test_a_server_that_is_not_there_is_a_sentence():
    opened = open_database("postgresql://nobody:hunter2@127.0.0.1:1/none")
    with pytest.raises(StoreError) as caught, opened.read():
        pass
    assert "hunter2" not in str(caught.value)
    opened.close()


def cut(database: Database) -> int:
    """End the connection that a database has at rest, from the server's side; returns its process id."""
    with database.read() as conn:
        pid = int(conn.execute(text("SELECT pg_backend_pid()")).scalar_one())
    other = open_database(database.engine.url.render_as_string(hide_password=False))
    with other.write() as conn:
        conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    other.close()
    return pid


def test_a_connection_that_was_cut_while_it_rested_is_made_anew(postgres, monkeypatch):
    monkeypatch.setattr(database_module, "RESTED", 0.0)
    pid = cut(postgres)
    with postgres.read() as conn:
        assert conn.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid


def test_a_connection_that_was_cut_in_use_costs_one_transaction(postgres, monkeypatch):
    monkeypatch.setattr(database_module, "RESTED", 60.0)
    pid = cut(postgres)
    with pytest.raises(StoreError, match="cannot be used"), postgres.read():
        pass
    with postgres.read() as conn:
        assert conn.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "no url"])
def test_urls_that_cannot_hold_a_queue_are_refused(url):
    with pytest.raises(StoreError, match="sqlite:///"):
        open_database(url)


def test_a_file_that_is_no_database_is_a_sentence(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("this is no database, and it must stay as it is\n" * 100)
    opened = open_database(f"sqlite:///{path}")
    with pytest.raises(StoreError), opened.read() as conn:
        conn.execute(text("SELECT 1"))
    assert path.read_text().startswith("this is no database")
    opened.close()


MOUNTS = [
    "overlay / overlay rw 0 0",
    "/dev/sda1 /data ext4 rw 0 0",
    "server:/export /data/share nfs4 rw 0 0",
    "//server/x /mnt/with\\040blank cifs rw 0 0",
    "tmpfs /data/share/local tmpfs rw 0 0",
    "short",
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "overlay"),
        ("/data", "ext4"),
        ("/database", "overlay"),
        ("/data/share/syncd.db", "nfs4"),
        ("/data/share/local/syncd.db", "tmpfs"),
        ("/mnt/with blank/deep/syncd.db", "cifs"),
    ],
)
def test_the_innermost_mount_says_what_kind_of_file_system_it_is(path, kind):
    assert kind_of(PurePosixPath(path), MOUNTS) == kind


def test_a_shared_file_system_is_refused(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/export {tmp_path} nfs4 rw 0 0\n", encoding="utf-8")
    monkeypatch.setattr(filesystem, "_MOUNTS", mounts)
    with pytest.raises(StoreError, match=r"shared file system \(nfs4\)"):
        open_database(f"sqlite:///{tmp_path / 'new' / 'syncd.db'}")
    assert not (tmp_path / "new").exists()


def test_missing_tables_name_the_command(database):
    with pytest.raises(StoreError, match="syncd db upgrade"), database.read() as conn:
        conn.execute(text("SELECT 1 FROM never_made"))


def test_a_postgresql_that_does_not_answer_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        opened = open_database(f"postgresql://nobody@127.0.0.1:{port}/none?connect_timeout=2")
        began = time.monotonic()
        with pytest.raises(StoreError, match="cannot be used"), opened.read():
            pass
        assert time.monotonic() - began < 8
    assert open_database("postgresql://nobody@127.0.0.1/none").engine.url.query["connect_timeout"] == "10"


def test_a_process_that_stands_still_in_a_write_lets_the_others_go_on(postgres, monkeypatch):
    """A frozen machine holds its row locks no longer than the database's patience; what it wrote is undone."""
    monkeypatch.setattr(database_module, "STANDSTILL_MS", 200)
    impatient = open_database(postgres.engine.url.render_as_string(hide_password=False))
    with postgres.write() as conn:
        conn.execute(
            insert(queue_pause).values({"account": ACCOUNT, "class": "all", "since": postgres.now(conn)})
        )

    def stand_still() -> None:
        with impatient.write() as frozen:
            frozen.execute(update(queue_pause).values(reason="frozen"))
            with postgres.write() as conn:
                conn.execute(update(queue_pause).values(reason="alive"))
            frozen.execute(update(queue_pause).values(reason="too late"))

    with pytest.raises(StoreError):
        stand_still()
    with postgres.read() as conn:
        assert conn.execute(select(queue_pause.c.reason)).scalar_one() == "alive"
    impatient.close()


def test_whoever_only_reads_may_think_for_as_long_as_it_takes(postgres, monkeypatch):
    monkeypatch.setattr(database_module, "STANDSTILL_MS", 50)
    impatient = open_database(postgres.engine.url.render_as_string(hide_password=False))
    with impatient.read() as conn, postgres.read() as other:
        conn.execute(text("SELECT 1"))
        other.execute(text("SELECT pg_sleep(0.2)"))
        assert conn.execute(text("SELECT 1")).scalar_one() == 1
    impatient.close()
