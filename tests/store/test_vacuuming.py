"""After a purge no old version of a row is left on PostgreSQL; where it is, somebody is told what to type."""

import uuid

from sqlalchemy import event, insert, text

from syncd.insight.forgetting import Forgotten, purge
from syncd.store.database import Database, open_database
from syncd.store.schema import employee
from syncd.store.vacuuming import Vacuumed, vacuum
from tests.store.makers import ACCOUNT
from tests.test_privacy import filled

DEAD = text("SELECT n_dead_tup, vacuum_count FROM pg_stat_user_tables WHERE relname = 'employee'")


def purged(database: Database, employee_id: str) -> Forgotten:
    """Somebody whom HR does not name any more is stored, and purged."""
    with database.write() as conn:
        seen = dict.fromkeys(("first_seen_at", "last_seen_at"), database.now(conn))
        conn.execute(
            insert(employee).values({**filled(employee, employee_id, "u1"), **seen, "present": False})
        )
    return purge(database, ACCOUNT, None, employee_id, actor="test")


def test_old_versions_are_gone_after_a_purge(postgres):
    with postgres.read() as conn:
        before = conn.execute(DEAD).one()
    done = purged(postgres, "00042")
    assert "employee" in done.vacuumed.done
    assert done.vacuumed.statement == ""
    with postgres.read() as conn:
        after = conn.execute(DEAD).one()
    assert (after.n_dead_tup, after.vacuum_count) == (0, before.vacuum_count + 1)


def test_what_an_older_transaction_may_see_is_told_of(postgres):
    with postgres.engine.connect().execution_options(isolation_level="REPEATABLE READ") as older:
        older.execute(text("SELECT 1 FROM employee"))
        done = purged(postgres, "00042")
        assert "employee" in done.vacuumed.stay
        assert "employee" in done.vacuumed.statement.removeprefix("VACUUM ").removesuffix(";").split(", ")
    assert vacuum(postgres, done.vacuumed.stay) == Vacuumed(done=done.vacuumed.stay)


def test_tables_of_another_owner_are_told_of(postgres, postgres_url):
    role = f"syncd_test_{uuid.uuid4().hex[:12]}"
    with postgres.write() as conn:
        conn.exec_driver_sql(f"CREATE ROLE {role}")
        conn.exec_driver_sql(f"GRANT SELECT, DELETE ON employee TO {role}")
    other = open_database(postgres_url)
    event.listen(other.engine, "checkout", lambda raw, *_: (raw.execute(f"SET ROLE {role}"), raw.commit()))
    try:
        told = vacuum(other, ["employee"])
        assert (told.refused, told.statement) == (("employee",), "VACUUM employee;")
    finally:
        other.close()
        with postgres.write() as conn:
            conn.exec_driver_sql(f"DROP OWNED BY {role}")
            conn.exec_driver_sql(f"DROP ROLE {role}")


def test_a_vacuum_that_fails_is_no_failed_purge(postgres):
    """Whatever the server says about one table, what is left to do is told."""
    told = vacuum(postgres, ["employee", "no_such_table", "job"])
    assert told.refused == ("no_such_table", "job")
