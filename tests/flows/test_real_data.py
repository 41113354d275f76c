"""Real HR data that nobody here wrote, synced into the sandbox with the example configurations."""

import csv
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, Text, create_engine, insert

from syncd.config import load
from syncd.config.settings import RateSettings
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import runs
from syncd.sync import Pushed, push
from syncd.wiring import wire

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
TABLES = ("Employee", "vEmployee", "vEmployeeDepartment")


def rows_of(path: Path) -> list[dict[str, str]]:
    """A naive reading of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@dataclass
class Synced:
    """What came of two pushes with an example configuration."""

    first: Pushed
    second: Pushed
    state: str
    writes_of_second: int
    litmos: dict[str, Any]

    def teams(self) -> set[tuple[str, str]]:
        """(parent's name, name) of every team in Litmos."""
        names = {team["Id"]: team["Name"] for team in self.litmos["teams"]}
        return {(names.get(team["ParentTeamId"], ""), team["Name"]) for team in self.litmos["teams"]}


def synced(example: str, tmp_path: Path, **variables: str) -> Synced:
    """Push twice with an example; the sandbox is Litmos."""
    with Sandbox(limit=1000, window=0.5) as sandbox:
        environ = {
            "LITMOS_API_KEY": sandbox.api_key,
            "LITMOS_URL": sandbox.base_url,
            "SYNCD_DATABASE_URL": f"sqlite:///{tmp_path / 'syncd.db'}",
            **variables,
        }
        config = load(ROOT / "docs" / "examples" / example, environ=environ)
        fast = RateSettings(requests=1000, window=0.5)
        app = wire(replace(config, litmos=config.litmos.model_copy(update={"limit": fast})))
        try:
            first, state = _push(app)
            writes = sum(entry.method != "GET" for entry in sandbox.log)
            second, _ = _push(app)
            after = sum(entry.method != "GET" for entry in sandbox.log)
            return Synced(first, second, state, after - writes, sandbox.dump())
        finally:
            app.close()


def _push(app: Any) -> tuple[Pushed, str]:
    with app.database.write() as conn:
        made = runs.create(
            conn, app.account, "push", trigger="test", actor="test", now=app.database.now(conn)
        )
    pushed = push(app, int(made or 0), fresh=True)
    return pushed, drain(app, pushed.run_id) if pushed.state == "running" else pushed.state


def test_entra_inbound(tmp_path):
    """1000 rows, 624 ids. 359 ids occur once: 170 of those people are active, 189 have left and never had an account.

    The other 641 rows share their id with another row, and each of them is rejected.
    """
    file = DATA / "entra-inbound" / "all-1000.csv"
    result = synced("entra-inbound.yaml", tmp_path, HR_FILE=str(file))
    assert result.state == "succeeded"
    rejections = result.first.draft.rejections
    assert Counter(reason.code for r in rejections for reason in r.reasons) == {"ID-DUPLICATE": 641}
    assert (result.first.intake.rows, len(result.first.intake.employees)) == (1000, 359)
    assert len(result.litmos["users"]) == 170
    assert len(result.litmos["teams"]) == 5 + 30
    assert len(result.litmos["memberships"]) == 170
    rows = rows_of(file)
    count = Counter(row["WorkerID"] for row in rows)
    active = {r["UserID"]: r for r in rows if count[r["WorkerID"]] == 1 and r["WorkerStatus"] == "Active"}
    assert {user["UserName"] for user in result.litmos["users"]} == set(active)
    assert {t for t in result.teams() if t[0]} == {
        (r["Division"], f"{r['Division']}: {r['Department']}") for r in active.values()
    }
    assert (result.second.draft.plan.changes, result.writes_of_second) == ((), 0)


def test_a_rejection_names_the_lines_of_both(tmp_path):
    """WorkerID 1222 is on line 2 of the sample, and on others."""
    file = DATA / "entra-inbound" / "all-1000.csv"
    result = synced("entra-inbound.yaml", tmp_path, HR_FILE=str(file))
    shared = Counter(row["WorkerID"] for row in rows_of(file))
    twice = next(worker for worker, number in shared.items() if number == 2)
    lines = [f"all-1000.csv:{n}" for n, row in enumerate(rows_of(file), start=2) if row["WorkerID"] == twice]
    found = {r.origin: r.reasons[0].message for r in result.first.draft.rejections if r.employee_id == twice}
    assert sorted(found) == sorted(lines)
    assert lines[1] in found[lines[0]]
    assert lines[0] in found[lines[1]]


def test_adventureworks_as_csv(tmp_path):
    """290 people, all active; 6 countries and 14 states are 20 teams, unless a state's name is its country's."""
    file = DATA / "adventureworks" / "HumanResources.vEmployee.csv"
    result = synced("adventureworks-csv.yaml", tmp_path, HR_FILE=str(file))
    assert result.state == "succeeded"
    assert result.first.draft.rejections == ()
    assert len(result.litmos["users"]) == 290
    assert len(result.litmos["teams"]) == 6 + 14
    assert len(result.litmos["memberships"]) == 290
    assert "Sánchez" in {user["LastName"] for user in result.litmos["users"]}
    expected = {(row["CountryRegionName"], row["StateProvinceName"]) for row in rows_of(file)}
    assert {team for team in result.teams() if team[0]} == expected
    assert (result.second.draft.plan.changes, result.writes_of_second) == ((), 0)


@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
def test_adventureworks_from_database_tables(server, request, tmp_path):
    """The same 290 people by one SELECT over three tables; 6 groups and 16 departments are 22 teams."""
    url = f"sqlite:///{tmp_path / 'hr.db'}" if server == "sqlite" else request.getfixturevalue("postgres_url")
    engine = create_engine(url)
    metadata = MetaData()
    for name in TABLES:
        rows = rows_of(DATA / "adventureworks" / f"HumanResources.{name}.csv")
        Table(name, metadata, *(Column(column, Text) for column in rows[0]))
    metadata.drop_all(engine)
    metadata.create_all(engine)
    with engine.begin() as conn:
        for name in TABLES:
            rows = rows_of(DATA / "adventureworks" / f"HumanResources.{name}.csv")
            conn.execute(insert(metadata.tables[name]), rows)
    try:
        result = synced("adventureworks-sql.yaml", tmp_path, HR_URL=url)
    finally:
        metadata.drop_all(engine)
        engine.dispose()
    assert result.state == "succeeded"
    assert result.first.draft.rejections == ()
    users = {user["ExternalEmployeeId"]: user for user in result.litmos["users"]}
    assert len(users) == 290
    assert users["1"]["Email"] == "ken0@adventure-works.com"
    assert users["29"]["CustomField1"] == "2009-01-23"
    assert len(result.litmos["teams"]) == 6 + 16
    assert len(result.litmos["memberships"]) == 290
    assert (result.second.draft.plan.changes, result.writes_of_second) == ((), 0)
