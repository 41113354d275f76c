"""Recertification: completions that are due are emptied, each once, and nothing else is; under faults and kills, too."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.core.lifecycle import Leave
from syncd.core.limits import Limit, Limits, Policy
from syncd.core.model import Status
from syncd.core.recertify import Renewal
from syncd.core.rules import ItemRule
from syncd.core.why import why
from syncd.failpoint import KILLED
from syncd.insight.inquiry import inquire
from syncd.planning.approval import approve
from syncd.sandbox.server import Sandbox
from syncd.sandbox.world import utc_now
from syncd.sending.crew import drain
from syncd.store.database import Database
from syncd.sync import Pushed
from tests.core.factories import course_name
from tests.flows.pusher import FIRE, LIMIT, RENEWABLE, STAFF, WINDOW, process_of
from tests.flows.rig import MAPPING, Rig, person, place

WORLD = {
    "courses": [{"Name": "Fire", "CompliantTillDays": 365}, {"Name": "Manners"}],
    "learning_paths": [{"Name": "Onboarding"}],
}
YEARLY = replace(FIRE, renewal=Renewal(every=timedelta(days=365)))
OPEN = Limits(minimum_population=1000)


@dataclass
class Years:
    """A rig whose clock and Litmos' are put forward together."""

    rig: Rig
    ahead: timedelta = timedelta()

    def forward(self, days: int) -> None:
        """So many days go by."""
        self.ahead += timedelta(days=days)
        self.rig.database.ahead = self.ahead

    def push(self, **how: Any) -> Pushed:
        """A push that succeeds."""
        pushed = self.rig.push(**how)
        run = self.rig.run(pushed.run_id)
        assert (run["state"], run["error"]) == ("succeeded", "")
        return pushed

    def reset(self, **how: Any) -> list[str]:
        """Whom a push resets, by their numbers; a second one, from a full reading, has nothing to do."""
        before = len(resets(self.rig.sandbox))
        found = planned(self.push(**how))
        sent = resets(self.rig.sandbox)[before:]
        assert len(sent) == len(found)
        self.nothing()
        return found

    def nothing(self) -> None:
        """Pushes plan nothing and write nothing, whether Litmos is read in full or in part."""
        before = self.rig.writes()
        for fresh in (True, False):
            assert self.push(fresh=fresh).draft.plan.changes == ()
        assert self.rig.writes() == before


def resets(sandbox: Sandbox) -> list[str]:
    """The paths of all requests that reset something."""
    return [entry.path for entry in sandbox.log if entry.method == "PUT" and entry.path.endswith("/reset")]


def planned(pushed: Pushed) -> list[str]:
    """Who is reset, by their numbers; nothing else is planned."""
    changes = pushed.draft.plan.changes
    assert {change.action.value for change in changes} <= {"reset"}
    return [change.employee_id.lstrip("0") for change in changes]


def learn(rig: Rig, number: int, course: str = "Fire", **how: Any) -> None:
    """Somebody completes a course, or with ``Percentage`` begins it."""
    body = {"UserName": f"p{number}@example.com", "Course": course, **how}
    httpx.post(f"{rig.sandbox.control_url}/complete", json=body).raise_for_status()


def results(rig: Rig, title: str = "Fire") -> dict[str, tuple[float, bool]]:
    """Number -> (percentage, completed) of everybody who has the course."""
    dump = rig.sandbox.dump()
    course = next(row["Id"] for row in dump["courses"] if row["Name"] == title)
    people = {user["Id"]: user["ExternalEmployeeId"].lstrip("0") for user in dump["users"]}
    return {
        people[row["UserId"]]: (row["PercentageComplete"], row["FinishDate"] is not None)
        for row in dump["assignments"]
        if row["ItemId"] == course and row["Active"] and "UserId" in row
    }


def by_hand(rig: Rig, number: int) -> None:
    """A person resets somebody's course in Litmos."""
    dump = rig.sandbox.dump()
    course = next(row["Id"] for row in dump["courses"] if row["Name"] == "Fire")
    user = rig.users()[f"p{number}@example.com"]["Id"]
    httpx.put(
        f"{rig.sandbox.base_url}/users/{user}/courses/{course}/reset",
        params={"source": "test", "format": "json"},
        headers={"apikey": rig.sandbox.api_key, "Content-Type": "application/json"},
    ).raise_for_status()


def rules(rig: Rig, *more: ItemRule, **changed: Any) -> None:
    """From now on the mapping has these rules besides the rig's own."""
    rig.changed["mapping"] = replace(MAPPING, items=(*MAPPING.items, *more), **changed)


@pytest.fixture
def years(database: Database, tmp_path: Path) -> Iterator[Years]:
    """Six people, of whom three complete the course Fire, which counts for 365 days; it is reset 30 days before."""
    made: list[Years] = []

    def ahead() -> timedelta:
        return made[0].ahead if made else timedelta()

    with Sandbox(
        limit=500,
        window=0.5,
        seed=WORLD,
        now=lambda: utc_now() + ahead(),
        clock=lambda: time.monotonic() + ahead().total_seconds(),
    ) as sandbox:
        rig = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 7)])
        rig.changed = {"limits": OPEN, "refresh_max_age": 0.0}
        made.append(Years(rig=rig))
        rules(rig, FIRE)
        made[0].push()
        for number in (1, 2, 3):
            learn(rig, number)
        made[0].nothing()
        yield made[0]


@pytest.mark.parametrize(
    "reading",
    [{}, {"date_shift": True, "utc_offset_minutes": 600}, {"other_names": True}],
    ids=lambda reading: " ".join(reading) or "defaults",
)
def test_a_completion_is_reset_before_it_ceases_to_count_and_again_a_year_later(years, reading):
    rig = years.rig
    httpx.post(f"{rig.sandbox.control_url}/modes", json=reading).raise_for_status()
    years.forward(334)
    years.nothing()
    years.forward(2)
    assert years.reset() == ["1", "2", "3"]
    assert results(rig) == dict.fromkeys("123456", (0.0, False))
    years.forward(20)
    learn(rig, 2)
    years.nothing()
    years.forward(336)
    assert years.reset(fresh=True) == ["2"]


def test_nothing_is_reset_unless_a_rule_says_so(years):
    rules(years.rig, replace(FIRE, renewal=None))
    years.forward(400)
    years.nothing()


def test_only_what_a_rule_gives_is_reset(years):
    rig = years.rig
    rules(rig, replace(FIRE, when=None), ItemRule(place=place("courses[1]"), item=course_name("Manners")))
    years.push()
    learn(rig, 1, "Manners")
    rules(rig, ItemRule(place=place("courses[0]"), item=course_name("Manners"), renewal=FIRE.renewal))
    years.forward(400)
    found = years.push(fresh=True).draft.plan
    assert [change for change in found.changes if change.action.value == "reset"] == []
    assert ("00001", "RESET-UNDATED") in [(skip.employee_id, skip.code) for skip in found.skips]


def test_years_are_counted_from_the_completion_where_its_day_is_known(years):
    rig = years.rig
    rules(rig, YEARLY)
    years.nothing()
    years.forward(364)
    years.nothing()
    years.forward(1)
    assert years.reset() == ["1", "2", "3"]


def test_a_day_of_completion_that_is_not_known_resets_nothing(years):
    """Lists do not tell it, and the date windows of then are long past."""
    rig = years.rig
    rules(rig, YEARLY)
    years.forward(40)
    learn(rig, 4, At=(utc_now() - timedelta(days=1)).isoformat())
    years.forward(500)
    found = years.push(fresh=True).draft.plan
    assert [change.employee_id for change in found.changes] == ["00001", "00002", "00003"]
    assert [(skip.employee_id, skip.code) for skip in found.skips] == [("00004", "RESET-UNDATED")]


def test_who_takes_the_course_already_is_left_alone(years):
    rig = years.rig
    years.forward(336)
    by_hand(rig, 1)
    learn(rig, 1, Percentage=40)
    assert years.reset() == ["2", "3"]
    assert results(rig)["1"] == (40.0, False)


def test_what_was_renewed_after_the_plan_is_kept(years):
    """It is read just before the write: Litmos gives no completion back."""
    rig = years.rig
    years.forward(336)
    pushed = rig.push(drained=False)
    assert planned(pushed) == ["1", "2", "3"]
    by_hand(rig, 1)
    learn(rig, 1)
    by_hand(rig, 2)
    learn(rig, 2, Percentage=10)
    before = len(resets(rig.sandbox))
    app = rig.open()
    try:
        drain(app, pushed.run_id)
    finally:
        app.client.close()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert len(resets(rig.sandbox)) == before + 1
    assert {number: results(rig)[number] for number in "123"} == {
        "1": (100.0, True),
        "2": (10.0, False),
        "3": (0.0, False),
    }
    years.nothing()


@pytest.mark.parametrize("leave", Leave)
def test_nobody_is_reset_who_is_away_or_inactive(years, leave):
    rig = years.rig
    table = {"Active": Status.ACTIVE, "Left": Status.LEFT, "Leave": Status.LEAVE}
    status = replace(MAPPING.status, table=table)
    rules(rig, FIRE, status=status, lifecycle=replace(MAPPING.lifecycle, leave=leave))
    rig.hr[0]["status"], rig.hr[1]["status"] = "Leave", "Left"
    years.push()
    years.forward(336)
    assert years.reset() == ["3"]
    rig.hr[0]["status"] = rig.hr[1]["status"] = "Active"
    years.push()
    years.push(fresh=True)
    years.nothing()
    assert [results(rig)[number] for number in "123"] == [(0.0, False)] * 3


@pytest.mark.parametrize("policy", [Policy.OBSERVE, Policy.CREATE_ONLY, Policy.UPSERT_ONLY])
def test_a_policy_that_may_not_take_resets_nothing(years, policy):
    rig = years.rig
    rig.changed["policy"] = policy
    years.forward(336)
    before = rig.writes()
    found = years.push().draft
    assert rig.writes() == before
    assert len(found.difference.changes) == 3
    assert len(found.plan.changes) == (3 if policy is Policy.OBSERVE else 0)


def test_a_limit_holds_resets_and_a_person_lets_them_go(years):
    rig = years.rig
    rig.changed["limits"] = replace(OPEN, resets=Limit(count=2))
    years.forward(336)
    pushed = rig.push()
    assert pushed.state == "held"
    assert [hold.code for hold in pushed.draft.plan.holds] == ["LIMIT-RESETS"]
    assert resets(rig.sandbox) == []
    learn_again = rig.users()["p3@example.com"]["Id"]
    by_hand(rig, 3)
    learn(rig, 3)
    app = rig.open()
    try:
        approve(app, pushed.run_id, actor="ana")
        drain(app, pushed.run_id)
    finally:
        app.client.close()
    sent = resets(rig.sandbox)
    assert len(sent) == 3, "two of ours, and one by hand"
    assert sum(learn_again in path for path in sent) == 1
    assert results(rig)["3"] == (100.0, True)
    years.nothing()


def test_results_that_still_tell_of_the_completion_bring_no_second_reset(years):
    rig = years.rig
    httpx.post(f"{rig.sandbox.control_url}/modes", json={"resets_reported": False}).raise_for_status()
    years.forward(330)
    for number in (4, 5):
        learn(rig, number, At=(utc_now() - timedelta(days=20)).isoformat())
    years.forward(6)
    assert years.reset() == ["1", "2", "3", "4", "5"]
    years.forward(1)
    years.nothing()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_before", "method": "PUT", "path": "/reset$", "nth": 2},
        {"kind": "drop_after", "method": "PUT", "path": "/reset$", "nth": 1},
        {"kind": "html", "method": "PUT", "path": "/reset$", "nth": 1},
        {"kind": "status", "method": "PUT", "path": "/reset$", "nth": 3, "status": 504},
        {"kind": "truncated", "method": "GET", "path": "^/users/.*/courses/", "nth": 1},
    ],
    ids=lambda fault: f"{fault['kind']} {fault['method']}",
)
def test_a_lost_answer_about_a_reset_is_settled(fault, years):
    rig = years.rig
    years.forward(336)
    rig.sandbox.faults.set([fault])
    assert planned(years.push()) == ["1", "2", "3"]
    assert [results(rig)[number] for number in "123"] == [(0.0, False)] * 3
    applied = [path for path in resets(rig.sandbox) if resets(rig.sandbox).count(path) > 1]
    assert not applied or fault["kind"] != "drop_after"
    years.nothing()


def test_a_course_that_somebody_took_away_meanwhile_fails_alone(years):
    rig = years.rig
    years.forward(336)
    pushed = rig.push(drained=False)
    dump = rig.sandbox.dump()
    course = next(row["Id"] for row in dump["courses"] if row["Name"] == "Fire")
    user = rig.users()["p1@example.com"]["Id"]
    httpx.delete(
        f"{rig.sandbox.base_url}/users/{user}/courses/{course}",
        params={"source": "test", "format": "json"},
        headers={"apikey": rig.sandbox.api_key, "Content-Type": "application/json"},
    ).raise_for_status()
    app = rig.open()
    try:
        drain(app, pushed.run_id)
    finally:
        app.client.close()
    assert "1 of 3" in rig.run(pushed.run_id)["error"]
    assert [results(rig)[number] for number in "23"] == [(0.0, False)] * 2


def test_why_says_until_when_it_counts_and_when_it_is_reset(years):
    rig = years.rig

    def told() -> tuple[str, str]:
        app = rig.open()
        try:
            found = why(inquire(app, "00001", "Fire"), lambda change: change.key)
        finally:
            app.client.close()
        return found[0].facts["code"], next(one.seen for one in found if one.check == "reset")

    code, seen = told()
    assert code == "GIVEN"
    assert "courses[0] resets it: not due: it counts until" in seen
    years.forward(336)
    code, seen = told()
    assert code == "PLANNED"
    assert "courses[0] resets it: reset" in seen


@pytest.mark.parametrize(
    "failpoint",
    ["marked-sent", "bytes-sent", "answered-unread:2", "answered-uncommitted"],
)
def test_a_killed_push_resets_each_completion_once(failpoint, database_url, tmp_path):
    """The second push after it does what the killed one had not sent."""
    with Sandbox(limit=LIMIT, window=WINDOW, seed=WORLD) as sandbox:

        def push(failpoint: str = "") -> Any:
            return process_of(sandbox, database_url, tmp_path, RENEWABLE, failpoint=failpoint)

        first = push()
        assert first.stdout.split()[-1] == "succeeded", first.stderr
        for row in STAFF[:3]:
            at = datetime.now(UTC) - timedelta(days=340)
            body = {"UserName": row["email"], "Course": "Fire", "At": at.isoformat()}
            httpx.post(f"{sandbox.control_url}/complete", json=body).raise_for_status()
        killed = push(failpoint)
        assert killed.returncode == KILLED, killed.stderr
        for restarted in (push(), push()):
            assert restarted.stdout.split()[-1] == "succeeded", restarted.stderr
        assert sorted(resets(sandbox)) == sorted(set(resets(sandbox)))
        assert len(resets(sandbox)) == 3
