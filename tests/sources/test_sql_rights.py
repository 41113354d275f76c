"""What the database user of a source may do besides reading, on real servers with users of their own."""

import uuid

import pytest
from sqlalchemy import create_engine, make_url

from syncd.core.finding import Health
from syncd.insight.rights import check_rights
from syncd.sources import Source, open_source
from syncd.sources.renaming import renamed
from syncd.sources.settings import SqlSourceSettings
from tests.needs import MARIADB_URL, POSTGRES_URL

NAME = f"syncd_rights_{uuid.uuid4().hex[:8]}"


def source_of(server: str, **changed) -> Source:
    url = make_url(server).set(database=NAME, **changed).render_as_string(hide_password=False)
    return open_source(SqlSourceSettings(name="hr", url=lambda: url, query="SELECT id FROM p"))


def told(server: str, **changed) -> str:
    """What ``syncd doctor`` would say; also of a source with renamed columns."""
    source = source_of(server, **changed)
    findings = check_rights([source])
    assert [one.seen for one in check_rights([renamed(source, {"id": "employee_id"}, {})])] == [
        one.seen for one in findings
    ]
    assert all(one.state is Health.WARNING and "GRANT SELECT" in one.next for one in findings)
    return "".join(one.facts["excess"] for one in findings)


def run(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%") if "%" in statement else statement)
    engine.dispose()


@pytest.fixture
def postgresql():
    own = make_url(POSTGRES_URL).set(database=NAME).render_as_string(hide_password=False)
    run(POSTGRES_URL, f"CREATE DATABASE {NAME}", f"CREATE ROLE {NAME} LOGIN")
    run(
        own,
        "CREATE TABLE p (id text, note text)",
        "CREATE TABLE q (id text)",
        f"GRANT SELECT ON p TO {NAME}",
    )
    yield own
    run(own, f"DROP OWNED BY {NAME}")
    run(POSTGRES_URL, f"DROP DATABASE {NAME} WITH (FORCE)", f"DROP ROLE {NAME}")


@pytest.mark.postgres
def test_postgresql_tells_what_else_its_user_may(postgresql):
    assert told(POSTGRES_URL).endswith(" is a superuser")
    assert told(POSTGRES_URL, username=NAME) == ""
    run(postgresql, f"GRANT UPDATE (note) ON p TO {NAME}")
    assert told(POSTGRES_URL, username=NAME) == f"{NAME} may write public.p"
    run(postgresql, f"GRANT DELETE ON q TO {NAME}")
    assert told(POSTGRES_URL, username=NAME) == f"{NAME} may write public.p, public.q"
    run(postgresql, f"REVOKE ALL ON p, q FROM {NAME}", f"ALTER ROLE {NAME} CREATEDB")
    assert told(POSTGRES_URL, username=NAME) == f"{NAME} may make databases"


@pytest.fixture
def mariadb():
    run(
        MARIADB_URL,
        f"CREATE DATABASE {NAME}",
        f"CREATE TABLE {NAME}.p (id varchar(9), note varchar(9))",
        f"CREATE USER {NAME}@'%' IDENTIFIED BY 's3cret'",
        f"GRANT SELECT ON {NAME}.* TO {NAME}@'%'",
    )
    yield MARIADB_URL
    run(MARIADB_URL, f"DROP DATABASE {NAME}", f"DROP USER {NAME}@'%'")


@pytest.mark.mariadb
def test_mariadb_tells_what_else_its_user_may(mariadb):
    assert "may ALL PRIVILEGES on *.*" in told(mariadb)
    assert told(mariadb, username=NAME, password="s3cret") == ""
    run(mariadb, f"GRANT SELECT, UPDATE (note, id), DROP ON {NAME}.p TO {NAME}@'%'")
    said = told(mariadb, username=NAME, password="s3cret")
    assert said == f"{NAME}@% may DROP on `{NAME}`.`p`, UPDATE on `{NAME}`.`p`"


@pytest.mark.parametrize("url", ["sqlite:////nowhere/hr.db", "postgresql+psycopg://hr@127.0.0.1:1/hr", "hr", "nonsense://h/x"])  # fmt: skip
def test_nothing_is_said_where_it_cannot_be_told(url):
    assert (
        check_rights([open_source(SqlSourceSettings(name="hr", url=lambda: url, query="SELECT 1 AS a"))])
        == ()
    )
