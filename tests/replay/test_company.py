"""A backtest of a changed rule over four days of the demo's company, with its mapping: the shipped one."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from syncd.app import App
from syncd.config import load
from syncd.demo.population import company, second_day, third_day, write_export
from syncd.demo.story import API_KEY, REQUESTS, SEED, WINDOW, WORLD, write_configuration
from syncd.replay.backtest import Backtest, Side, backtest
from syncd.sandbox.server import Sandbox
from syncd.store import runs
from syncd.store.archived_tables import archived_input
from syncd.sync import push, refresh
from syncd.wiring import archive_of, settings_of, wire

KEPT = "archive: null\n"


def run(app: App, flow: str) -> int:
    with app.database.write() as conn:
        now = app.database.now(conn)
        made = runs.create(conn, app.account, flow, trigger="person", actor="test", now=now)
    assert made is not None
    return made


def tried(app: App, current, new) -> Backtest:
    def side(config) -> Side:
        names = tuple(source.name for source in config.sources)
        return Side(settings=settings_of(config), names=names, spaces=frozenset(config.node_files))

    vault = archive_of(current)
    assert vault is not None
    return backtest(app.database, vault, side(current), side(new), 30, update=lambda *_: None)


@pytest.fixture
def four_days(tmp_path):
    """The demo's sandbox and an App that has read four of its days, and the configuration."""
    with Sandbox(api_key=API_KEY, limit=REQUESTS, window=WINDOW, seed=WORLD) as sandbox:
        path = write_configuration(tmp_path, sandbox.base_url)
        text = path.read_text(encoding="utf-8")
        assert KEPT in text
        path.write_text(text.replace(KEPT, "archive: {folder: kept}\n"), encoding="utf-8")
        app = wire(load(path))
        try:
            begin = datetime.now(UTC) - timedelta(days=4)
            today = begin.date()
            staff = company(seed=SEED, today=today)
            later = second_day(staff, today=today + timedelta(days=1)).rows
            refresh(app, run(app, "refresh"))
            for number, rows in enumerate((staff, later, third_day(later), later)):
                write_export(tmp_path / "hr.csv", rows)
                run_id = run(app, "push")
                push(app, run_id, send=False)
                with app.database.write() as conn:
                    here = archived_input.c.run_id == run_id
                    conn.execute(
                        update(archived_input).where(here).values(read_at=begin + timedelta(days=number))
                    )
            yield app, path
        finally:
            app.close()


def test_a_changed_rule_shows_its_churn_over_four_days_of_the_company(four_days):
    app, path = four_days
    text = path.read_text(encoding="utf-8")
    new = path.with_name("new.yaml")
    new.write_text(
        text.replace("    JobTitle:", "    CustomField7: job_title\n    JobTitle:"), encoding="utf-8"
    )
    found = tried(app, load(path), load(new))
    same = tried(app, load(path), load(path))
    assert found.base.churn.created == same.base.churn.created == 120
    assert same.new == same.current
    assert [day.new.left_out for day in found.days] == [False, False, True, False]
    switch, day, _, last = (one.new.churn for one in found.days)
    assert (switch.created, switch.updated, switch.changes) == (0, 120, 120), (
        "everybody gets the field, and nothing else"
    )
    assert (day.created, day.deactivated) == (5, 3)
    assert day.rejected > 0
    assert last.changes == 0, "the same people as on the second day"
    assert found.current.changes > 0
