"""SQL sinks keep what every sink keeps, on real PostgreSQL, MariaDB and SQLite."""

import sqlite3
import uuid

import pytest
from sqlalchemy import create_engine, make_url, text

from syncd.errors import SinkError
from tests.needs import MARIADB_URL, POSTGRES_URL, need_marked
from tests.sinks.contract import CANARY, Bench, SinkContract, result

TABLE = """CREATE TABLE results (
    id {serial}, result_id varchar(20) NOT NULL, person varchar(20) NOT NULL, passed {flag} NOT NULL,
    percent decimal(5,1), done_on date, origin varchar(9), UNIQUE (result_id))"""
DATABASES = {
    "postgres": ("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "char(1)"),
    "mariadb": ("bigint AUTO_INCREMENT PRIMARY KEY", "enum('Y', 'N')"),
    "sqlite": ("INTEGER PRIMARY KEY", "text"),
}


def server_database(kind):
    """A database of its own on a server; its URL, and how it is removed."""
    need_marked(kind)
    base = make_url(POSTGRES_URL if kind == "postgres" else MARIADB_URL)
    name = f"syncd_sinks_{uuid.uuid4().hex[:8]}"
    server = create_engine(base, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")

    def drop():
        force = " WITH (FORCE)" if kind == "postgres" else ""
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}{force}")
        server.dispose()

    return base.set(database=name).render_as_string(hide_password=False), drop


POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
MARIADB = pytest.param("mariadb", marks=pytest.mark.mariadb)


@pytest.fixture(params=[POSTGRES, MARIADB, "sqlite"])
def kind(request):
    return request.param


@pytest.fixture
def database(kind, tmp_path):
    if kind == "sqlite":
        sqlite3.connect(tmp_path / "hr.db").close()
        url, drop = f"sqlite:///{tmp_path}/hr.db", lambda: None
    else:
        url, drop = server_database(kind)
    serial, flag = DATABASES[kind]
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE.format(serial=serial, flag=flag))
    yield engine
    engine.dispose()
    drop()


@pytest.fixture
def bench(database, tmp_path):
    url = database.url.render_as_string(hide_password=False)
    broken = f"postgresql://writer:{CANARY}@127.0.0.1:1/hr"
    made = Bench(
        folder=tmp_path,
        yaml='type: sql\n      url: "${env:HR_URL}"\n      table: results\n      key: result_id\n      timeout: 5s',
        received=lambda: received(database),
        break_it=lambda: made.environ.update(HR_URL=broken),
        points=["executed", "committed"],
        environ={"HR_URL": url},
    )
    return made


def received(engine):
    query = "SELECT result_id, person, passed, percent, done_on, origin FROM results"
    with engine.connect() as connection:
        return [
            (*map(str, row[:3]), f"{float(row[3]):g}", str(row[4]), str(row[5]))
            for row in connection.execute(text(query))
        ]


class TestSql(SinkContract):
    def test_whatever_goes_wrong_is_said_without_a_secret_or_a_person(self, bench, database):
        """Where its server cannot be reached, a table has gone, or a rule of the table is against a row."""
        sink = bench.sink
        assert "6 columns fit, rows are found again by result_id" in sink.check()
        with pytest.raises(SinkError, match=r"row 1: percent is no number") as caught:
            sink.deliver("b-1", [result(1, percent="much")])
        with pytest.raises(SinkError, match=r"refused \(.+\); a row is against a rule|characters") as refused:
            sink.deliver("b-1", [result(1, percent="123456789.5", result_id="x" * 21)])
        with database.begin() as connection:
            connection.exec_driver_sql("DROP TABLE results")
        with pytest.raises(SinkError, match="there is no table results") as gone:
            sink.check()
        bench.break_it()
        with pytest.raises(SinkError, match=r"127\.0\.0\.1 cannot be connected to: ") as away:
            bench.sink.deliver("b-1", [result(1)])
        for each in (caught, refused, gone, away):
            assert CANARY not in str(each.value)
            assert "back" in str(each.value)


@pytest.mark.parametrize("kind", [POSTGRES, "sqlite"], indirect=True)
def test_everything_that_is_wrong_with_a_table_is_said_before_the_first_row(bench, database, kind):
    with database.begin() as connection:
        connection.exec_driver_sql("DROP TABLE results")
        binary = "bytea" if kind == "postgres" else "blob"
        connection.exec_driver_sql(
            f"CREATE TABLE results (result_id varchar(9), person {binary}, passed text, site text NOT NULL)"
        )
    with pytest.raises(SinkError) as caught:
        bench.sink.check()
    said = str(caught.value)
    assert "has no column percent; it has no column done_on; it has no column origin; " in said
    assert "column person is of the type" in said
    assert "has a column site that takes no NULL, has no default, and is not filled" in said
    assert "has no primary key or unique index over exactly result_id" in said
    assert "It has the columns result_id, person, passed, site." in said


def test_a_row_that_the_database_refuses_is_told_by_its_code_alone(bench, database, kind):
    with database.begin() as connection:
        if kind == "sqlite":
            connection.exec_driver_sql("CREATE UNIQUE INDEX one ON results (person)")
        else:
            connection.exec_driver_sql("ALTER TABLE results ADD CONSTRAINT one CHECK (percent < 50)")
    rows = [result(1, percent="1"), result(2, employee_id=f"{CANARY}-0001")]
    with pytest.raises(SinkError, match="a row is against a rule of the table") as caught:
        bench.sink.deliver("b-1", rows)
    assert CANARY not in str(caught.value)
    assert received(database) == []


@pytest.mark.parametrize("kind", [MARIADB], indirect=True)
def test_on_mariadb_another_unique_index_is_refused(bench, database):
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX one ON results (person)")
    with pytest.raises(SinkError, match="another unique index, over person: there, this database would"):
        bench.sink.deliver("b-1", [result(1)])


@pytest.mark.parametrize("kind", [MARIADB], indirect=True)
def test_on_mariadb_an_index_over_the_beginning_of_a_text_is_no_key(bench, database):
    with database.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE results DROP INDEX result_id, ADD UNIQUE INDEX r (result_id(2))"
        )
    with pytest.raises(SinkError, match="has no primary key or unique index over exactly result_id"):
        bench.sink.check()


def test_of_two_rows_of_one_key_the_last_counts(bench, database):
    bench.sink.deliver("b-1", [result(1, percent="1"), result(1, percent="2")])
    assert [row[3] for row in received(database)] == ["2"]


def test_a_blank_key_is_refused_and_a_blank_cell_is_null(bench, database):
    bench.sink.deliver("b-1", [result(1, percent="", employee_id="")])
    with database.connect() as connection:
        assert connection.execute(text("SELECT percent, person FROM results")).all() == [(None, "")]
    with pytest.raises(SinkError, match="row 1: result_id is blank, and belongs to the key"):
        bench.sink.deliver("b-2", [result(1, result_id="")])
