"""Migrations: they make exactly the schema, can be undone, run once, and refuse what they do not know."""

import sqlite3
import stat
import threading
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from syncd.errors import StoreError
from syncd.store.database import Database
from syncd.store.migrate import back_up, configuration, upgrade
from syncd.store.revisions import check, known, revisions
from syncd.store.schema import metadata
from tests.store.makers import drop_views

TABLES = {table.name for table in metadata.sorted_tables}


def downgrade(database: Database) -> None:
    """Back to nothing."""
    with database.write() as conn:
        command.downgrade(configuration(conn), "base")


def tables(database: Database) -> set[str]:
    with database.read() as conn:
        return set(inspect(conn).get_table_names()) - {"alembic_version"}


@pytest.fixture
def emptied(database):
    """A database without tables; at head again afterwards, for the tests that share it."""
    downgrade(database)
    yield database
    with database.write() as conn:
        conn.execute(text("DROP TABLE IF EXISTS alembic_version"))
        drop_views(conn)
        metadata.drop_all(conn)
    upgrade(database)


def test_upgrading_from_nothing_gives_the_schema(emptied):
    assert upgrade(emptied) is True
    with emptied.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, metadata) == []
    assert tables(emptied) == TABLES


def test_a_downgrade_leaves_nothing_and_an_upgrade_brings_it_back(emptied):
    assert tables(emptied) == set()
    upgrade(emptied)
    downgrade(emptied)
    assert tables(emptied) == set()
    upgrade(emptied)
    assert tables(emptied) == TABLES


def test_the_live_target_index_is_partial_on_both_databases(database):
    with database.read() as conn:
        found = [one for one in inspect(conn).get_indexes("job") if one["name"] == "uq_job_live_target"]
    assert len(found) == 1
    assert found[0]["unique"]
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    assert "uncertain" in str(found[0]["dialect_options"][f"{dialect}_where"])


def test_at_head_nothing_is_done(database):
    assert upgrade(database) is False
    check(database)


def test_an_empty_database_is_refused_with_the_command(emptied):
    with pytest.raises(StoreError, match="syncd db upgrade"):
        check(emptied)


def test_the_revisions_are_those_that_alembic_finds():
    scripts = ScriptDirectory.from_config(configuration())
    assert list(known())[::-1] == [script.revision for script in scripts.walk_revisions()]
    assert known()[-1] == scripts.get_current_head()


def test_migrations_that_are_no_chain_are_refused(tmp_path, monkeypatch):
    versions = tmp_path / "versions"
    versions.mkdir()
    monkeypatch.setattr("syncd.store.revisions.folder", lambda: tmp_path)
    for files in ({}, {"0002": '"0001"'}, {"0001": "None", "0003": '"0009"'}):
        for number, before in files.items():
            (versions / f"{number}.py").write_text(f'revision = "{number}"\ndown_revision = {before}\n')
        with pytest.raises(StoreError, match="no chain; install syncd again"):
            known()


def test_a_database_newer_than_the_code_is_refused_and_left_alone(emptied):
    upgrade(emptied)
    with emptied.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer"):
        check(emptied)
    with pytest.raises(StoreError, match="newer"):
        upgrade(emptied)
    assert revisions(emptied)[0] == "9999"


def test_replicas_that_upgrade_at_once_do_it_once(emptied):
    failures: list[BaseException] = []
    done: list[bool] = []
    together = threading.Barrier(3)

    def start() -> None:
        together.wait(20)
        try:
            done.append(upgrade(emptied))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the replica would not have started
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(done) == 3
    assert tables(emptied) == TABLES


def test_a_migration_that_fails_leaves_the_database_as_it_was(emptied):
    with emptied.write() as conn:
        conn.execute(text("CREATE TABLE watermark (x INTEGER)"))
    with pytest.raises(Exception, match="watermark"):
        upgrade(emptied)
    assert tables(emptied) == {"watermark"}


def test_a_sqlite_file_is_copied_before_it_is_migrated(emptied):
    """From an older revision, which for the copy's sake may be any that is known."""
    upgrade(emptied)
    with emptied.write() as conn:
        conn.execute(
            text("INSERT INTO watermark (account, name, value) VALUES ('main', 'kept', '2026-01-01')")
        )
    copy = back_up(emptied, "0002")
    if not emptied.is_sqlite:
        assert copy is None
        return
    assert copy is not None
    assert copy.name.endswith(".before-0002")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as found:
        assert found.execute("SELECT name FROM watermark").fetchall() == [("kept",)]
    with emptied.write() as conn:
        conn.execute(text("DELETE FROM watermark"))
    assert back_up(emptied, "0002") == copy
    with closing(sqlite3.connect(copy)) as found:
        assert found.execute("SELECT name FROM watermark").fetchall() == [("kept",)]
    assert not copy.with_name(f"{copy.name}.part").exists()
