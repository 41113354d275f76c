"""The life of people, end to end and day by day: whatever the day, Litmos ends up as HR's words and dates say.

The database's clock and the sandbox's are put forward together; nothing else knows that days go by.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.core.lifecycle import Leave
from syncd.core.limits import Limit, Limits
from syncd.core.model import Status
from syncd.core.rules import Column, DatesRule, DayRule, ZoneRule
from syncd.planning.approval import approve
from syncd.sandbox.server import Sandbox
from syncd.sandbox.world import utc_now
from syncd.sending.crew import drain
from syncd.store.database import Database
from syncd.sync import Pushed
from tests.flows.rig import MAPPING, Rig, person, place

WORLD = {"learning_paths": [{"Name": "Onboarding"}, {"Name": "Sales Basics"}]}
WORDS = {"Active": Status.ACTIVE, "Left": Status.LEFT, "Future": Status.FUTURE, "Leave": Status.LEAVE}


def column(name: str) -> Column:
    return Column(name=name, where="syncd.yaml:1:1")


DATED = replace(
    MAPPING,
    status=replace(MAPPING.status, table=WORDS),
    dates=DatesRule(
        hire=DayRule(place=place("employee.dates.hire"), column=column("hire")),
        leaving=DayRule(place=place("employee.dates.leaving"), column=column("leaving")),
        zone=ZoneRule(fallback="Europe/Berlin", column=column("zone")),
    ),
)
"""The rig's mapping with HR's dates."""


@dataclass
class Calendar:
    """A rig whose clocks can be put forward, and the day it is for it."""

    rig: Rig
    first: date
    ahead: timedelta = timedelta()

    def day(self, number: int) -> str:
        """So many days after the first day of the story, as HR writes it."""
        return (self.first + timedelta(days=number)).isoformat()

    def go_to(self, day: int, hours: float = 0.0) -> None:
        """Noon of a day of the story, UTC, and so many hours more."""
        noon = datetime.combine(self.first, datetime.min.time(), UTC) + timedelta(hours=12)
        self.ahead = noon + timedelta(days=day, hours=hours) - utc_now()
        self.rig.database.ahead = self.ahead

    def push(self, **policy: Any) -> Pushed:
        """A push that succeeds, after which another one has nothing to do."""
        if policy:
            lifecycle = replace(DATED.lifecycle, **policy)
            self.rig.changed["mapping"] = replace(DATED, lifecycle=lifecycle)
        pushed = self.rig.push(fresh=True)
        run = self.rig.run(pushed.run_id)
        assert (run["state"], run["error"]) == ("succeeded", "")
        assert self.rig.push(fresh=True, send=False).draft.plan.changes == ()
        return pushed


@pytest.fixture
def calendar(database: Database, tmp_path: Path) -> Iterator[Calendar]:
    """Six people, a Litmos that allows 300 requests in 0.5 s, and clocks that go together."""
    made: list[Calendar] = []

    def ahead() -> timedelta:
        return made[0].ahead if made else timedelta()

    with Sandbox(
        limit=300,
        window=0.5,
        seed=WORLD,
        now=lambda: utc_now() + ahead(),
        clock=lambda: time.monotonic() + ahead().total_seconds(),
    ) as sandbox:
        staff = [person(n, hire="", leaving="", zone="") for n in range(1, 7)]
        rig = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=staff)
        rig.changed = {"mapping": DATED, "limits": Limits(minimum_population=1000)}
        made.append(Calendar(rig=rig, first=utc_now().date() + timedelta(days=1)))
        made[0].go_to(0)
        yield made[0]


only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def changes(pushed: Pushed) -> dict[str, str]:
    """Key -> reason of every Change of a push."""
    return {change.key: change.reason for change in pushed.draft.plan.changes}


def skips(pushed: Pushed) -> dict[str, str]:
    """Employee id -> code of every Skip of a push."""
    return {skip.employee_id: skip.code for skip in pushed.draft.plan.skips}


def test_a_whole_life_from_the_hire_to_the_rehire(calendar):
    """Future hire -> lead -> start -> leave -> return -> last day -> grace -> deactivated -> rehired."""
    rig, policy = calendar.rig, {"lead": 7, "grace": 3, "leave": Leave.SUSPEND}
    row = person(7, status="Future", hire=calendar.day(20), leaving="9999-12-31", email="")
    rig.hr.append(row)

    def is_active() -> bool | None:
        user = rig.users().get("p7@example.com")
        return None if user is None else user["Active"]

    assert skips(calendar.push(**policy)) == {"00007": "FUTURE"}
    row["email"] = "p7@example.com"
    calendar.go_to(12)
    calendar.push()
    assert is_active() is None
    calendar.go_to(13)
    assert "first working day" in changes(calendar.push())["user:00007"]
    assert is_active() is True
    assert ("Sales", "p7@example.com") in rig.members()
    calendar.go_to(20)
    row["status"] = "Active"
    assert changes(calendar.push()) == {}
    calendar.go_to(50)
    row["status"] = "Leave"
    assert changes(calendar.push()) == {"active:00007": "HR says: leave"}
    assert is_active() is False
    calendar.go_to(80)
    row["status"] = "Active"
    assert set(changes(calendar.push())) == {"active:00007"}
    assert is_active() is True
    row["leaving"] = calendar.day(100)
    calendar.go_to(100)
    assert changes(calendar.push()) == {}
    calendar.go_to(103)
    row["title"] = "not given any more"
    assert skips(calendar.push()) == {"00007": "LEAVING"}
    assert is_active() is True
    calendar.go_to(104)
    assert "access ended after the last working day" in changes(calendar.push())["active:00007"]
    assert is_active() is False
    calendar.go_to(400)
    assert skips(calendar.push()) == {"00007": "UNCLEAR"}  # still Active to HR: kept as it is, not woken up
    assert is_active() is False
    row["hire"] = calendar.day(410)
    calendar.push()
    assert is_active() is False
    calendar.go_to(403)
    calendar.push()
    assert is_active() is True
    assert rig.users()["p7@example.com"]["JobTitle"] == "not given any more"
    assert len([name for name in rig.users() if name == "p7@example.com"]) == 1


@only_sqlite
def test_the_last_day_ends_in_her_own_time_zone(calendar):
    """At 14:00 UTC it is tomorrow in Kiribati, and still this morning in Los Angeles."""
    rig = calendar.rig
    for row, zone in zip(rig.hr, ("Pacific/Kiritimati", "America/Los_Angeles", ""), strict=False):
        row.update(zone=zone, leaving=calendar.day(1))
    calendar.push()
    calendar.go_to(1, hours=-4)  # 08:00 UTC: in Kiribati the last day ends at 10:00 UTC
    assert changes(calendar.push()) == {}
    calendar.go_to(1, hours=2)
    assert set(changes(calendar.push())) == {"active:00001"}
    calendar.go_to(2, hours=-6)
    assert set(changes(calendar.push())) == {"active:00003"}
    calendar.go_to(2)
    assert set(changes(calendar.push())) == {"active:00002"}


@only_sqlite
def test_a_third_of_the_people_active_with_an_old_exit_date_loses_nothing_and_is_told_once(calendar):
    rig = calendar.rig
    calendar.push()
    for row in rig.hr[:2]:
        row.update(leaving="2019-05-31", title="Changed")
    pushed = calendar.push()
    assert changes(pushed) == {}
    assert skips(pushed) == {"00001": "UNCLEAR", "00002": "UNCLEAR"}
    (problem,) = pushed.draft.plan.problems
    assert problem.startswith("LEAVING-LONG-PAST (2): active to HR")
    assert all(user["Active"] for user in rig.users().values())


@only_sqlite
def test_a_future_hire_date_never_switches_off_who_is_there(calendar):
    rig = calendar.rig
    calendar.push()
    rig.hr[0].update(hire=calendar.day(200))
    rig.hr[1].update(status="Future", hire=calendar.day(200))
    pushed = calendar.push()
    assert (changes(pushed), skips(pushed)) == ({}, {"00001": "FUTURE", "00002": "FUTURE"})
    assert all(user["Active"] for user in rig.users().values())


def edit(rig: Rig, *edits: dict[str, Any]) -> None:
    """As a person does it in Litmos."""
    httpx.post(f"{rig.sandbox.control_url}/edit", json=list(edits)).raise_for_status()


@pytest.mark.parametrize("kept", [True, False])
@only_sqlite
def test_who_returns_has_by_rule_and_by_hand_what_was_there_before(calendar, kept):
    """Whether Litmos keeps memberships over a deactivation or not; and a person's later word counts."""
    rig = calendar.rig
    httpx.post(f"{rig.sandbox.control_url}/modes", json={"deactivation_keeps_teams": kept})
    calendar.push()
    edit(rig, {"do": "add_member", "Team": "Sales", "UserName": "p2@example.com"})
    calendar.push(leave=Leave.SUSPEND)
    calendar.go_to(1)
    rig.hr[1]["status"] = "Leave"
    calendar.push()
    assert rig.users()["p2@example.com"]["Active"] is False
    rig.refresh()
    calendar.go_to(60)
    rig.hr[1]["status"] = "Active"
    pushed = calendar.push()
    assert {("Sales", "p2@example.com"), ("Support", "p2@example.com")} <= rig.members()
    reasons = changes(pushed)
    given_back = "membership:00002@commercial/sales"
    assert (given_back in reasons) is not kept
    if not kept:
        assert reasons[given_back].startswith("had it before the deactivation of ")
    calendar.go_to(61)
    edit(rig, {"do": "remove_member", "Team": "Sales", "UserName": "p2@example.com"})
    assert changes(calendar.push()) == {}
    assert ("Sales", "p2@example.com") not in rig.members()


@pytest.mark.parametrize(
    ("give_back", "given"), [(timedelta(days=90), False), (timedelta(days=365_000), True)]
)
@only_sqlite
def test_what_a_person_gave_is_given_back_only_for_a_while(calendar, give_back, given):
    rig = calendar.rig
    httpx.post(f"{rig.sandbox.control_url}/modes", json={"deactivation_keeps_teams": False})
    calendar.push(give_back=give_back)
    edit(rig, {"do": "add_member", "Team": "Sales", "UserName": "p2@example.com"})
    calendar.push()
    rig.hr[1]["status"] = "Left"
    calendar.push()
    calendar.go_to(200)
    rig.hr[1]["status"] = "Active"
    calendar.push()
    assert ("Support", "p2@example.com") in rig.members()
    assert (("Sales", "p2@example.com") in rig.members()) is given


@only_sqlite
def test_leave_can_mute_and_messages_are_as_before_on_return(calendar):
    """One who had messages, and one whom a person had muted already."""
    rig = calendar.rig
    calendar.push(leave=Leave.MUTE)
    edit(rig, {"do": "set_user", "UserName": "p2@example.com", "set": {"DisableMessages": True}})
    for row in rig.hr[:2]:
        row["status"] = "Leave"
    rig.hr.append({**person(7), "hire": "", "leaving": "", "zone": "", "status": "Leave"})
    pushed = calendar.push()
    assert changes(pushed) == {"messages:00001": "HR says: leave"}
    assert skips(pushed) == {"00007": "LEAVE"}
    users = rig.users()
    assert (users["p1@example.com"]["Active"], users["p1@example.com"]["DisableMessages"]) == (True, True)
    calendar.go_to(40)
    for row in rig.hr:
        row["status"] = "Active"
    assert "messages:00001" in changes(calendar.push())
    users = rig.users()
    assert users["p1@example.com"]["DisableMessages"] is False
    assert users["p2@example.com"]["DisableMessages"] is True
    edit(rig, {"do": "set_user", "UserName": "p1@example.com", "set": {"DisableMessages": True}})
    assert changes(calendar.push()) == {}


@only_sqlite
def test_a_mover_keeps_the_team_of_before_for_so_many_days(calendar):
    """14 days from the push that saw the move, whatever pushes come between; and one who moves back loses nothing."""
    rig = calendar.rig
    calendar.push(overlap=timedelta(days=14))
    rig.hr[0]["department"] = rig.hr[2]["department"] = "Support"
    pushed = calendar.push()
    assert {skip.key for skip in pushed.draft.plan.skips} == {
        "membership:00001@commercial/sales",
        "membership:00003@commercial/sales",
    }
    calendar.go_to(7)
    rig.hr[2]["department"] = "Sales"
    rig.hr[0]["title"] = "Lead"
    calendar.push()
    calendar.go_to(13, hours=23)
    calendar.push()
    assert {("Sales", "p1@example.com"), ("Support", "p1@example.com")} <= rig.members()
    calendar.go_to(14, hours=1)
    assert set(changes(calendar.push())) == {"membership:00001@commercial/sales"}
    assert ("Sales", "p1@example.com") not in rig.members()
    calendar.go_to(20)
    rig.hr[2]["department"] = "Support"
    assert set(changes(calendar.push())) == set()
    assert ("Sales", "p3@example.com") in rig.members()


@only_sqlite
def test_the_overlap_is_for_movers_and_not_for_who_was_put_into_a_strict_team_by_hand(calendar):
    """Person 5 is in Sales by hand and by HR's word, so that syncd never gave it, and moves; person 2 never was there."""
    rig = calendar.rig
    lifecycle = replace(DATED.lifecycle, overlap=timedelta(days=14))
    teams = (replace(MAPPING.teams[0], strict=True),)
    rig.changed["mapping"] = replace(DATED, lifecycle=lifecycle, teams=teams)
    edit(
        rig,
        {"do": "create_team", "Name": "Commercial"},
        {"do": "create_team", "Name": "Sales", "ParentTeam": "Commercial"},
        {"do": "create_user", "set": {"UserName": "p5@example.com", "FirstName": "P", "LastName": "5"}},
        {"do": "add_member", "Team": "Sales", "UserName": "p5@example.com"},
    )
    calendar.push()
    edit(rig, {"do": "add_member", "Team": "Sales", "UserName": "p2@example.com"})
    rig.hr[4]["department"] = "Support"
    found = calendar.push()
    assert {skip.key for skip in found.draft.plan.skips} == {"membership:00005@commercial/sales"}
    assert ("Sales", "p2@example.com") not in rig.members()
    assert ("Sales", "p5@example.com") in rig.members()
    calendar.go_to(15)
    calendar.push()
    assert ("Sales", "p5@example.com") not in rig.members()


@only_sqlite
def test_with_single_sign_on_nobody_is_ever_mailed(calendar):
    rig = calendar.rig
    calendar.push()
    rig.hr[0]["status"] = "Left"
    calendar.push()
    rig.hr[0].update(status="Active", department="Support", email="renamed@example.com")
    calendar.push()
    assert rig.sandbox.world.mails == []


@only_sqlite
def test_with_invitations_a_new_user_is_mailed_once_and_nobody_else_ever(calendar):
    """Not who is found there, who is renamed, moved, given a learning path, deactivated or reactivated."""
    rig = calendar.rig
    known = {"UserName": "p6@example.com", "FirstName": "Ann", "LastName": "Six"}
    edit(rig, {"do": "create_user", "set": known})
    rig.changed["mapping"] = replace(DATED, invites=True)
    pushed = rig.push(fresh=True)
    new = [f"p{number}@example.com" for number in range(1, 6)]
    assert sorted(rig.sandbox.world.mails) == [(name, "welcome") for name in new]
    invited = [change.employee_id for change in pushed.draft.plan.changes if change.invite]
    assert len(invited) == 5
    rig.hr[0]["status"] = "Left"
    rig.push(fresh=True)
    rig.hr[0].update(status="Active", department="Support", email="renamed@example.com")
    rig.push(fresh=True)
    assert "renamed@example.com" in rig.users()
    assert len(rig.sandbox.world.mails) == 5


@only_sqlite
def test_a_held_push_that_is_approved_invites_as_well(calendar):
    rig = calendar.rig
    rig.changed["mapping"] = replace(DATED, invites=True)
    rig.changed["limits"] = Limits(minimum_population=0, creates=Limit(count=3))
    pushed = rig.push(fresh=True)
    assert (pushed.state, rig.sandbox.world.mails) == ("held", [])
    app = rig.open()
    approve(app, pushed.run_id, actor="ann")
    drain(app, pushed.run_id)
    app.client.close()
    assert len(rig.sandbox.world.mails) == 6


@only_sqlite
def test_an_invitation_whose_outcome_is_unknown_is_not_sent_twice(calendar):
    """The answer is lost after Litmos made the user and mailed: she is found there, and is not made again."""
    rig = calendar.rig
    rig.hr = rig.hr[:1]
    rig.changed["mapping"] = replace(DATED, invites=True)
    rig.sandbox.faults.set([{"kind": "drop_after", "method": "POST", "path": "^/users$", "count": 1}])
    assert rig.run(rig.push(fresh=True).run_id)["state"] == "succeeded"
    assert rig.sandbox.world.mails == [("p1@example.com", "welcome")]


@only_sqlite
def test_an_invitation_on_the_first_day_is_an_account_on_the_first_day(calendar):
    """`invite_on: start` has no lead: Litmos mails while it creates, and at no other time."""
    rig = calendar.rig
    rig.hr = [{**rig.hr[0], "hire": calendar.day(10), "status": "Future", "zone": "Pacific/Kiritimati"}]
    rig.changed["mapping"] = replace(DATED, invites=True)
    rig.push(fresh=True)
    calendar.go_to(9, hours=-4)
    rig.push(fresh=True)
    assert rig.sandbox.world.mails == []
    calendar.go_to(9, hours=2)  # there it is the first day
    rig.push(fresh=True)
    assert rig.sandbox.world.mails == [("p1@example.com", "welcome")]
