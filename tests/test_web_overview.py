"""The overview's word for each flow, and when the queue will be done; with a clock that is put forward."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from syncd.core.lateness import Going, known_as
from syncd.metrics.exposing import metrics_of
from syncd.metrics.facts import StoreFacts
from syncd.schedule import standing as decided
from syncd.store import messages
from syncd.store.schema import watermark
from syncd.web.charts import HEIGHT, bars
from tests.test_web import Pages, pushed, site  # noqa: F401 - fixtures: a database in which one push happened

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DUE = NOW - timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=800)


def run(state: str = "succeeded", *, created: datetime = DUE) -> dict[str, Any]:
    return {"state": state, "created_at": created, "flow": "push"}


def standing(
    last: dict[str, Any] | None,
    due: datetime | None,
    *,
    held: bool = False,
    paused: bool = False,
    refused: bool = False,
    hours: float | None = None,
    since: datetime | None = None,
) -> str:
    found = {
        "held": [run("held")] if held else [],
        "pauses": [{"job_class": "users"}] if paused else [],
        "paused": {"reason": "no"} if refused else None,
    }
    going = None if hours is None else Going(run_id=1, since=NOW - timedelta(hours=hours), expected=60.0)
    return decided("push", found, last, due, NOW, going, since)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (standing(run(), DUE), "on time"),
        (standing(run(created=DUE - timedelta(seconds=1)), DUE), "late"),
        (standing(run(created=DUE - timedelta(hours=9)), DUE), "late"),
        (standing(None, DUE), "late"),
        (standing(None, DUE, since=NOW), "never ran"),
        (standing(None, DUE, since=DUE), "late"),
        (standing(run(created=DUE - timedelta(hours=9)), DUE, since=NOW), "on time"),
        (standing(None, None), "never ran"),
        (standing(run(), None), "idle"),
        (standing(run("failed"), DUE), "failed"),
        (standing(run("running"), DUE), "running"),
        (standing(run("running"), DUE, hours=1), "running"),
        (standing(run("running"), DUE, hours=3), "running, late"),
        (standing(run("running"), None, hours=3), "running, late"),
        (standing(run(), DUE, hours=3), "running, late"),
        (standing(run("running"), DUE, hours=3, refused=True), "paused"),
        (standing(run("held"), DUE, held=True), "held"),
        (standing(run(), DUE, paused=True), "paused"),
        (standing(run(), DUE, refused=True), "paused"),
    ],
)
def test_one_word_says_what_a_person_must_know_first(found, word):
    assert found == word


def test_a_schedule_that_is_new_is_not_late_until_it_fires_and_nothing_begins(site):  # noqa: F811 - the fixture
    """On the overview and in the metric, which are one decision; the flow never ran."""
    schedules = site.config.schedules.model_copy(update={"pull": "0 0 1 1 *"})
    config = replace(site.config, schedules=schedules)
    shown = Pages(site=replace(site, config=config))
    facts = StoreFacts(database=site.database, account=site.account, sources=[], schedules=schedules)

    def word() -> tuple[str, bool]:
        facts._read_at = None
        with metrics_of(facts) as metrics:
            late = 'syncd_flow_late{flow="pull"} 1.0' in metrics.text().decode()
        return {one["flow"]: one["standing"] for one in shown.get("/overview.json").json()["flows"]}[
            "pull"
        ], late

    assert word() == ("never ran", False), "nobody has served it yet"
    with site.database.write() as conn:
        messages.know(conn, site.account, known_as("pull", "0 0 1 1 *"), site.database.now(conn))
    assert word() == ("never ran", False), "it is known, and has not fired since"
    with site.database.write() as conn:
        conn.execute(
            update(watermark).where(watermark.c.name == known_as("pull", "0 0 1 1 *")).values(value=LONG_AGO)
        )
    assert word() == ("late", True), "it fired, and nothing began"


def test_a_day_is_a_stack_of_what_its_runs_came_to():
    found = bars(
        {"2026-11-24": {"succeeded": 2, "failed": 1, "expired": 1}, "2026-11-23": {"held": 1}}, NOW.date(), 2
    )
    assert (found.highest, found.total) == (4, 5)
    assert [(one.kind, one.x, one.height) for one in found.segments] == [
        ("held", 1, HEIGHT / 4),
        ("succeeded", 11, HEIGHT / 2),
        ("failed", 11, HEIGHT / 4),
        ("other", 11, HEIGHT / 4),
    ]
    assert found.segments[-1].y == 0
    assert found.titles[1][1] == "2026-11-24: 2 succeeded, 1 failed, 1 other"
    assert bars({}, NOW.date()).segments == []
