"""A push that looks only at those whom something has happened to plans what one that looks at everybody plans.

The oracle is the same planner without narrowing, over random histories of HR, of Litmos and of the calendar.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from syncd.core.cases import Resolution, Verdict
from syncd.core.rules import Absence, ManagerRule
from syncd.intake import read_hr
from syncd.planning.narrowing import narrower
from syncd.planning.planner import Draft, draft
from syncd.planning.settling import LASTING
from syncd.store import cases
from tests.flows.rig import Rig, of, person, place
from tests.flows.test_lifecycle import DATED, Calendar, calendar

__all__ = ["calendar"]

NARROW = replace(
    DATED,
    lifecycle=replace(DATED.lifecycle, lead=3, grace=2, overlap=timedelta(days=2)),
    manager=ManagerRule(place=place("employee.manager"), value=of("manager")),
    absence=Absence(deactivates=True, after_files=2, after_hours=1),
)
STRICT = replace(NARROW, teams=tuple(replace(rule, strict=True) for rule in NARROW.teams))
STAFF = 14
STEPS = 25
SEEDS = 5


def prepared(calendar: Calendar, mapping: Any = NARROW) -> Rig:
    """Some people, half of whom have a manager."""
    rig = calendar.rig
    rig.hr = [person(n, hire="", leaving="", zone="") for n in range(1, STAFF + 1)]
    for row in rig.hr[3:9]:
        row["manager"] = rig.hr[int(row["employee_id"]) % 3]["employee_id"]
    rig.changed |= {"mapping": mapping, "config_digest": "one"}
    return rig


def told(made: Draft) -> dict[str, Any]:
    """What a Plan says that must not depend on who was looked at."""
    return {
        "changes": made.plan.changes,
        "skips": sorted(
            (skip.employee_id, skip.code, skip.message)
            for skip in made.plan.skips
            if skip.code not in LASTING
        ),
        "rejections": sorted((one.origin, one.employee_id, one.reasons) for one in made.rejections),
        "cases": sorted((case.employee_id, case.reason) for case in made.matching.cases),
        "holds": made.plan.holds,
        "requests": [(request.key, request.after) for request in made.plan.requests],
    }


def both(rig: Rig) -> tuple[Draft, Draft, int]:
    """The Plan of a push that looks at everybody, that of one that does not, and how many rows the latter left out."""
    rig.write_hr()
    app = rig.open()
    try:
        whole = draft(app, read_hr(app))
        narrow = narrower(app)
        assert narrow is not None
        intake = read_hr(app, narrow=narrow)
        left_out = intake.at_rest.unchanged if intake.at_rest else 0
        filled = read_hr(app).inputs[0].fingerprint.filled
        assert intake.inputs[0].fingerprint.filled == filled
        return whole, draft(app, intake), left_out
    finally:
        app.client.close()


def edit(rig: Rig, **what: Any) -> None:
    httpx.post(f"{rig.sandbox.control_url}/edit", json=what).raise_for_status()


class Story:
    """Random things that happen to a company."""

    def __init__(self, calendar: Calendar, dice: random.Random) -> None:
        self.calendar, self.rig, self.dice = calendar, calendar.rig, dice
        self.number, self.today = STAFF, 0

    def step(self) -> str:
        """Let something happen; returns what."""
        name = self.dice.choice([name for name in dir(self) if name.startswith(("hr_", "litmos_", "time_"))])
        action: Callable[[], None] = getattr(self, name)
        action()
        return name

    def row(self) -> dict[str, str]:
        return self.dice.choice(self.rig.hr)

    def user(self) -> str:
        return self.dice.choice(sorted(self.rig.users()))

    def hr_hire(self) -> None:
        self.number += 1
        self.rig.hr.append(person(self.number, hire=self.calendar.day(self.today), leaving="", zone=""))

    def hr_hire_with_a_taken_address(self) -> None:
        self.hr_hire()
        self.rig.hr[-1]["email"] = self.row()["email"]

    def hr_hire_with_zeros_lost(self) -> None:
        self.hr_hire()
        self.rig.hr[-1]["employee_id"] = self.row()["employee_id"].lstrip("0")

    def hr_title(self) -> None:
        self.row()["title"] = self.dice.choice(["Rep", "Lead", "Boss"])

    def hr_move(self) -> None:
        self.row()["department"] = self.dice.choice(["Sales", "Support", "Stock"])

    def hr_manager(self) -> None:
        self.row()["manager"] = self.dice.choice([self.row()["employee_id"], "", "99999"])

    def hr_leave(self) -> None:
        self.row()["status"] = "Left"

    def hr_return(self) -> None:
        self.row()["status"] = "Active"

    def hr_leaving_date(self) -> None:
        self.row()["leaving"] = self.calendar.day(self.today + self.dice.randint(-3, 3))

    def hr_hire_date(self) -> None:
        self.row()["hire"] = self.calendar.day(self.today + self.dice.randint(-6, 6))

    def hr_address(self) -> None:
        self.row()["email"] = f"p{self.dice.randint(1, 99)}@example.com"

    def hr_swap(self) -> None:
        one, other = self.row(), self.row()
        one["email"], other["email"] = other["email"], one["email"]

    def hr_same_address(self) -> None:
        self.row()["email"] = self.row()["email"].upper()

    def hr_bad(self) -> None:
        self.row()[self.dice.choice(["last_name", "email", "status"])] = ""

    def hr_good(self) -> None:
        for row in self.rig.hr:
            row["last_name"] = row["last_name"] or "Last"
            row["email"] = row["email"] or f"p{int(row['employee_id'])}@example.com"
            row["status"] = row["status"] or "Active"

    def hr_row_gone(self) -> None:
        if len(self.rig.hr) > STAFF // 2:
            self.rig.hr.remove(self.row())

    def hr_row_twice(self) -> None:
        self.rig.hr.append(dict(self.row()))

    def hr_rows_once(self) -> None:
        self.rig.hr = list({row["employee_id"]: row for row in self.rig.hr}.values())

    def hr_shuffled(self) -> None:
        self.dice.shuffle(self.rig.hr)

    def hr_other_id(self) -> None:
        self.number += 1
        self.row()["employee_id"] = f"{self.number:05d}"

    def hr_id_in_other_case(self) -> None:
        row = self.row()
        row["employee_id"] = (
            row["employee_id"].upper() if self.dice.random() < 0.5 else f"a{row['employee_id']}"
        )

    def litmos_field(self) -> None:
        edit(self.rig, do="set_user", UserName=self.user(), set={"JobTitle": "by hand"})

    def litmos_address(self) -> None:
        edit(
            self.rig,
            do="set_user",
            UserName=self.user(),
            set={"Email": self.row()["email"] or "x@example.com"},
        )

    def litmos_deactivate(self) -> None:
        edit(self.rig, do="deactivate", UserName=self.user())

    def litmos_activate(self) -> None:
        edit(self.rig, do="activate", UserName=self.user())

    def litmos_member(self) -> None:
        team = self.dice.choice([row["Name"] for row in self.rig.sandbox.dump()["teams"]])
        edit(self.rig, do="add_member", UserName=self.user(), Team=team)

    def litmos_no_member(self) -> None:
        members = [row for row in self.rig.sandbox.dump()["memberships"] if row["Active"]]
        names = {user["Id"]: name for name, user in self.rig.users().items()}
        teams = {team["Id"]: team["Name"] for team in self.rig.sandbox.dump()["teams"]}
        one = self.dice.choice(members)
        if one["UserId"] in names and one["TeamId"] in teams:
            edit(self.rig, do="remove_member", UserName=names[one["UserId"]], Team=teams[one["TeamId"]])

    def litmos_level(self) -> None:
        level = self.dice.choice(["Account_Owner", "Learner"])
        edit(self.rig, do="set_user", UserName=self.user(), set={"AccessLevel": level})

    def litmos_team_renamed(self) -> None:
        team = self.dice.choice([row["Name"] for row in self.rig.sandbox.dump()["teams"] if row["Active"]])
        self.number += 1
        edit(self.rig, do="rename_team", Team=team, Name=f"Team {self.number}")

    def litmos_user_gone(self) -> None:
        edit(self.rig, do="delete_user", UserName=self.user())

    def hr_case_decided(self) -> None:
        with self.rig.database.write() as conn:
            now = self.rig.database.now(conn)
            for case in cases.listed(conn, "main")[:1]:
                verdict = self.dice.choice([Verdict.IGNORE, Verdict.CREATE])
                decided = Resolution(verdict=verdict, answers=case["question"])
                cases.resolve(conn, "main", case["employee_id"], decided, by="test", now=now)

    def hr_case_undone(self) -> None:
        with self.rig.database.write() as conn:
            for case in cases.listed(conn, "main")[:1]:
                cases.undo(conn, "main", case["employee_id"])

    def time_goes_by(self) -> None:
        self.today += self.dice.choice([1, 1, 1, 2, 5])
        self.calendar.go_to(self.today)


def play(calendar: Calendar, seed: int, steps: int) -> int:
    """Rows that were left out, in all."""
    rig, dice = calendar.rig, random.Random(seed)
    story, happened, left_out = Story(calendar, dice), ["start"], 0
    for number in range(steps):
        rig.refresh()
        whole, narrow, fewer = both(rig)
        left_out += fewer
        assert told(narrow) == told(whole), f"seed {seed}, step {number}: {happened[-6:]}"
        rig.push(drained=dice.random() < 0.9)
        happened += [story.step() for _ in range(dice.randint(0, 3))]
    return left_out


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_not_looked_at_is_planned_for_all_the_same(seed, calendar):
    prepared(calendar, STRICT if seed % 2 else NARROW)
    play(calendar, seed, STEPS)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_same_on_postgresql(calendar):
    prepared(calendar)
    assert play(calendar, 100, 10) > 0


def left_out(rig: Rig) -> int:
    return both(rig)[2]


def test_a_quiet_company_is_hardly_looked_at(calendar):
    """What is done is settled by the push after it; then a change of one row, or of one user, is looked at, and no more."""
    rig = prepared(calendar)
    assert left_out(rig) == 0
    rig.push()
    assert left_out(rig) == 0, "those who were created are looked at once more"
    rig.push()
    assert left_out(rig) == STAFF
    rig.hr[0]["title"] = "Lead"
    assert left_out(rig) == STAFF - 1
    edit(rig, do="set_user", UserName="p5@example.com", set={"JobTitle": "by hand"})
    rig.refresh()
    assert left_out(rig) == STAFF - 2
    rig.hr.append(person(99, hire="", leaving="", zone="", manager="00014"))
    assert left_out(rig) == STAFF - 2, "a manager with a user need not be looked at"
    rig.hr[-1]["email"] = "p7@example.com"
    assert left_out(rig) == STAFF - 3, "whoever has the address already is"


def test_a_day_that_matters_is_looked_at_when_it_comes(calendar):
    rig = prepared(calendar)
    rig.hr[0]["leaving"] = calendar.day(5)
    rig.push()
    rig.push()
    assert left_out(rig) == STAFF
    calendar.go_to(4)
    assert left_out(rig) == STAFF
    calendar.go_to(6)
    assert left_out(rig) == STAFF - 1


@pytest.mark.parametrize(
    "changed",
    [
        {"config_digest": "another"},
        {"config_digest": ""},
        {"mapping": replace(NARROW, match=("JobTitle",)), "config_digest": "other keys"},
    ],
)
def test_under_another_configuration_everybody_is_looked_at(calendar, changed):
    rig = prepared(calendar)
    rig.push()
    rig.push()
    rig.changed |= changed
    app = rig.open()
    try:
        narrow = narrower(app)
        assert narrow is None or read_hr(app, narrow=narrow).at_rest is None
    finally:
        app.client.close()


def test_an_input_taken_under_another_configuration_leaves_nobody_at_rest(calendar):
    rig = prepared(calendar)
    rig.push()
    rig.push()
    rig.changed["config_digest"] = ""
    rig.hr[0]["title"] = "Lead"
    rig.push()
    rig.hr[0]["title"] = "Rep"
    rig.changed["config_digest"] = "one"
    assert left_out(rig) == 0
    assert [change.key for change in both(rig)[1].plan.changes] == ["user:00001"]


def test_who_is_missing_for_one_file_is_missed_once(calendar):
    """Their row comes back as it was, and they are not taken for absent any more."""
    rig = prepared(calendar)
    rig.push()
    rig.push()
    gone = rig.hr.pop(2)
    rig.push()
    rig.hr.insert(2, gone)
    rig.push()
    rig.hr.pop(2)
    rig.push()
    calendar.go_to(1)
    assert rig.push().draft.plan.changes == ()


def test_columns_of_another_name_are_another_input(calendar):
    rig = prepared(calendar)
    rig.push()
    rig.push()
    for row in rig.hr:
        row["more"] = ""
    assert left_out(rig) == 0
