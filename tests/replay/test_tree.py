"""Inputs of several sources, and of an organisation whose units are in a file of their own, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from syncd.app import App
from syncd.archive import Vault
from syncd.core.limits import Limits
from syncd.errors import Declined
from syncd.replay import keeping
from syncd.replay.again import plan_again
from syncd.replay.backtest import Side, backtest, distinct
from syncd.sandbox.server import Sandbox
from syncd.sources import CsvSourceSettings, open_source
from syncd.store import archived
from syncd.store.archived_tables import archived_input
from syncd.store.database import Database
from syncd.sync import push
from tests.flows.rig import MAPPING, Rig, person
from tests.flows.test_tree import TREE

BEGIN = datetime.now(UTC) - timedelta(days=3)


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Four people of two sources in two units of Sales; the units are in a third file."""
    with Sandbox(limit=500, window=0.5) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path)
        made.hr = [person(n, unit="10" if n % 2 else "11") for n in range(1, 4)]
        made.others = {"contractors": [person(4, unit="11")]}
        made.nodes = [
            {"code": "1", "name": "Sales", "parent": ""},
            {"code": "10", "name": "EMEA", "parent": "1"},
            {"code": "11", "name": "APAC", "parent": "1"},
        ]
        made.changed = {
            "mapping": replace(MAPPING, teams=(), trees=(TREE,), items=()),
            "limits": Limits(minimum_population=1000),
        }
        yield made


def read(rig: Rig, number: int) -> tuple[App, int, str]:
    """An App with an archive that has planned what is there now, as of some day; the Run and the digest of its Plan."""
    rig.write_hr()
    app = rig.open()
    app.archive = Vault(rig.folder / "kept", "main", keep=86400.0, keys=lambda: ["k" * 44])
    pushed = push(app, run_id := rig.run_id("push"), send=False)
    with app.database.write() as conn:
        here = archived_input.c.run_id == run_id
        conn.execute(update(archived_input).where(here).values(read_at=BEGIN + timedelta(days=number)))
    app.client.close()
    return app, run_id, pushed.draft.plan.digest


def test_all_that_a_run_has_read_is_planned_again(rig):
    app, run_id, digest = read(rig, 0)
    with app.database.read() as conn:
        kept = archived.of_run(conn, "main", run_id)
    assert [(one.source, one.of_nodes) for one in kept] == [
        ("hr", False),
        ("contractors", False),
        ("org", True),
    ]
    for file in rig.folder.glob("*.csv"):
        file.unlink()
    again = plan_again(app, run_id)
    assert again.draft.plan.digest == digest
    assert (again.at, again.intake.rows) == (BEGIN, 4)
    temps = open_source(CsvSourceSettings(name="temps", path=rig.folder / "temps.csv"))
    app.sources = (*app.sources, temps)
    with pytest.raises(Declined, match="asks for: temps; kept is hr, contractors, the nodes of org"):
        plan_again(app, run_id)


def test_a_renamed_unit_and_a_move_are_the_churn_of_their_days(rig):
    read(rig, 0)
    rig.nodes[1]["name"] = "Europe"
    read(rig, 1)
    read(rig, 1)
    rig.hr[0]["unit"] = "11"
    app, _, _ = read(rig, 2)
    side = Side(settings=app.settings, names=("hr", "contractors"), spaces=frozenset({"org"}))
    assert app.archive is not None
    found = backtest(app.database, app.archive, side, side, 30, update=lambda *_: None)
    assert (found.base.churn.created, found.base.churn.joined, found.base.churn.other) == (4, 4, 3)
    days = [day.current.churn for day in found.days if day.current is not None]
    assert [(one.other, one.joined, one.left) for one in days] == [(1, 0, 0), (0, 1, 1)]
    assert [day.new.churn for day in found.days[1:]] == days


def test_of_the_same_content_on_one_day_the_first_counts(rig):
    app, last, _ = [read(rig, number) for number in (0, 0, 1, 1)][-1]
    with app.database.read() as conn:
        everything = list(archived.by_run(archived.newest(conn, "main", 100)).values())
    chosen = distinct(everything, 30)
    assert [one[0].run_id for one in chosen] == [last - 3, last - 1]
    assert [one[0].run_id for one in distinct(everything, 1)] == [last - 1]


def test_what_is_old_goes_and_what_was_read_again_stays(rig):
    read(rig, 0)
    rig.hr[0]["title"] = "Head"
    app, _, _ = read(rig, 3)
    assert keeping.prune(app.database, "main", app.archive, dry_run=True) == {"kept_inputs": 3}
    assert keeping.prune(app.database, "main", app.archive) == {"kept_inputs": 3, "kept_files": 0}
    app.database.ahead = timedelta(days=2)
    try:
        assert keeping.prune(app.database, "main", app.archive) == {"kept_inputs": 3, "kept_files": 4}
    finally:
        app.database.ahead = timedelta()
