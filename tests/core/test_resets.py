"""Resets in a Plan: for whom, what the Change says, and that nothing takes it back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.comparison import Side, compare
from syncd.core.compile import compile_requests
from syncd.core.counts import Measure
from syncd.core.desired import desired_state
from syncd.core.diff import Rules, diff
from syncd.core.limits import Limits, Policy, permitted
from syncd.core.model import Action, Assignment, ObjectKind, State, Status
from syncd.core.plan import make_plan
from syncd.core.planfile import SavedPlan, change_data, change_of, moved, touched
from syncd.core.protection import Protection
from syncd.core.recertify import Renewal, Result
from syncd.core.request import Pace, RequestKind
from syncd.core.revert import reverse
from syncd.core.telling import describe
from tests.core.factories import course, course_key, employee, user_of

TODAY = datetime(2026, 11, 27, 12, tzinfo=UTC)
UNTIL = TODAY + timedelta(days=29)
FIRE = course_key("c1")
DUE = Result(completed=True, percent=100.0, compliant_until=UNTIL)
RENEWALS = {"courses[0]": Renewal(before=timedelta(days=30))}
ANA = employee("E1", courses=("Fire",))


def having(person, result=DUE, *, active=True):
    return State(
        users={"E1": user_of(person, "u1", active=active)},
        assignments={"E1": {FIRE: Assignment(item=FIRE, started=result.completed, result=result)}},
    )


def difference(person=ANA, current=None, *, renewals=RENEWALS, at=TODAY, **rules):
    desired = desired_state([person], [course("c1", "Fire")], renewals=renewals)
    return diff(desired, having(person) if current is None else current, Rules(at=at, **rules))


def resets_in(found):
    return [change for change in found.changes if change.action is Action.RESET]


def test_a_due_completion_is_reset():
    (change,) = difference().changes
    assert change.key == "reset:E1@course:c1"
    assert (change.action, change.kind, change.item) == (Action.RESET, ObjectKind.ASSIGNMENT, FIRE)
    assert change.before == {
        "Completed": True,
        "CompliantTill": UNTIL.isoformat(),
        "ResetDue": (UNTIL - timedelta(days=30)).isoformat(),
    }
    assert change.after == {"Completed": False}
    assert change.irreversible
    assert change.rule == "courses[0]"
    assert change.reason == "it counts until 2026-12-26, and is reset 30 days before"


@pytest.mark.parametrize(
    ("person", "changed"),
    [
        (ANA, {"renewals": {}}),
        (ANA, {"at": None}),
        (ANA, {"at": TODAY - timedelta(days=2)}),
        (ANA, {"current": State(users={"E1": user_of(ANA, "u1")})}),
        (ANA, {"current": having(ANA, replace(DUE, completed=False, percent=40.0))}),
        (ANA, {"current": having(ANA, replace(DUE, percent=40.0))}),
        (ANA, {"current": having(ANA, replace(DUE, reset_until=UNTIL))}),
        (ANA, {"current": having(ANA, active=False)}),
        (ANA, {"protection": Protection(user_ids=frozenset({"u1"}))}),
        (employee("E1"), {}),
        (employee("E1"), {"granted": frozenset({("E1", str(FIRE))})}),
        (replace(ANA, away=True), {}),
        (replace(ANA, in_scope=False), {}),
        *((replace(ANA, status=status), {}) for status in Status if status is not Status.ACTIVE),
    ],
)  # fmt: skip
def test_nobody_else_is_reset(person, changed):
    assert resets_in(difference(person, **changed)) == []


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (replace(DUE, compliant_until=None), "RESET-UNDATED"),
        (replace(DUE, completed_at=TODAY - timedelta(days=1)), "RESET-TOO-SHORT"),
    ],
)
def test_a_completion_that_its_rule_can_never_reset_is_told(result, code):
    found = difference(current=having(ANA, result))
    assert found.changes == ()
    assert [(skip.employee_id, skip.code, skip.key) for skip in found.skips] == [
        ("E1", code, "reset:E1@course:c1")
    ]


def test_only_a_policy_that_may_remove_resets():
    changes = difference().changes
    assert [bool(permitted(changes, policy)) for policy in Policy] == [True, False, False, True]


def test_it_takes_a_read_and_a_write_and_carries_its_dates():
    (request,) = compile_requests(difference().changes, Pace(users=10, per_minute=100))
    assert (request.kind, request.low, request.high) == (RequestKind.RESET_COURSE, 2, 2)
    assert request.payload == {
        "employee_id": "E1",
        "user_id": "u1",
        "item": "course:c1",
        "compliant_until": UNTIL.isoformat(),
        "completed_at": "",
        "due": (UNTIL - timedelta(days=30)).isoformat(),
    }


def test_a_change_of_the_rule_is_told_as_what_it_means_for_people():
    def side(renewals):
        found = difference(renewals=renewals)
        pace = Pace(users=1, per_minute=100)
        plan = make_plan(
            found,
            policy=Policy.SYNC,
            limits=Limits(),
            measure=Measure(population=0),
            pace=pace,
            window=(100, 60.0),
        )
        return Side(plan=plan, difference=found)

    (told,) = compare(side({}), side(RENEWALS)).differing
    assert (told.employee_id, told.cause) == ("E1", "courses[0]")
    assert (told.about, told.before, told.after) == ("assignment course:c1", "", "reset")


def test_the_plan_says_that_it_cannot_be_undone():
    (change,) = difference().changes
    assert describe(change, {"course:c1": "Fire"}) == (
        'employee E1  reset course "Fire" (the completion is lost: CANNOT BE UNDONE)  '
        "[it counts until 2026-12-26, and is reset 30 days before, hr.csv:E1]"
    )


def test_it_is_not_undone():
    changes = difference().changes
    found = reverse(changes, having(ANA, Result()), is_protected=lambda _user: False)
    assert found.changes == ()
    assert [remark.code for remark in found.remarks] == ["RESET-STAYS"]


@pytest.mark.parametrize(
    ("result", "stale"),
    [
        (DUE, False),
        (replace(DUE, percent=20.0), True),
        (replace(DUE, compliant_until=UNTIL + timedelta(days=365)), True),
        (Result(), True),
    ],
)
def test_a_plan_in_a_file_is_stale_once_the_completion_is_another(result, stale):
    changes = difference().changes
    assert [change_of(change_data(change)) for change in changes] == list(changes)
    saved = SavedPlan(
        account="main",
        made_at=TODAY,
        config_digest="",
        inputs=(),
        people=(),
        changes=changes,
        touched=touched(changes, having(ANA)),
    )
    assert bool(moved(saved, having(ANA, result))) is stale
