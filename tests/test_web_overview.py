"""The overview's word for each flow, and when the queue will be done; with a clock that is put forward."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncd.core.lateness import Going
from syncd.schedule import standing as decided
from syncd.web.charts import HEIGHT, bars

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DUE = NOW - timedelta(hours=1)


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
) -> str:
    found = {
        "held": [run("held")] if held else [],
        "pauses": [{"job_class": "users"}] if paused else [],
        "paused": {"reason": "no"} if refused else None,
    }
    going = None if hours is None else Going(run_id=1, since=NOW - timedelta(hours=hours), expected=60.0)
    return decided("push", found, last, due, NOW, going)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (standing(run(), DUE), "on time"),
        (standing(run(created=DUE - timedelta(seconds=1)), DUE), "late"),
        (standing(run(created=DUE - timedelta(hours=9)), DUE), "late"),
        (standing(None, DUE), "late"),
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
