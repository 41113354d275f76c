"""Limits: what is held, and with which numbers."""

from dataclasses import replace

import pytest

from syncd.core.limits import Limit, Limits, Measure, Policy, holds, permitted
from syncd.core.model import Action, Change, ObjectKind


def changes(action, number, kind=ObjectKind.USER):
    return [
        Change(key=f"{kind}:{action}:{i}", action=action, kind=kind, employee_id=f"E{i}")
        for i in range(number)
    ]


def measure(**changed):
    return Measure(
        **{"population": 100, "holdings": 100, "rows": 100, "rejected": 0, "last_rows": 100, **changed}
    )


def codes(found):
    return [hold.code for hold in found]


@pytest.mark.parametrize(
    ("planned", "facts", "expected"),
    [
        ([], {}, []),
        (changes(Action.DEACTIVATE, 5), {}, []),
        (changes(Action.DEACTIVATE, 6), {}, ["LIMIT-DEACTIVATIONS"]),
        (changes(Action.DEACTIVATE, 21), {"population": 10_000}, ["LIMIT-DEACTIVATIONS"]),
        (changes(Action.DEACTIVATE, 6), {"population": 19}, []),
        (changes(Action.UPDATE, 30), {}, []),
        (changes(Action.UPDATE, 31), {}, ["LIMIT-CHANGES"]),
        (changes(Action.CREATE, 900), {}, []),
        (changes(Action.REMOVE, 21, ObjectKind.MEMBERSHIP), {}, ["LIMIT-REMOVALS"]),
        ([], {"rows": 80}, []),
        ([], {"rows": 79}, ["LIMIT-SHRINK"]),
        ([], {"rows": 5, "last_rows": None}, []),
        ([], {"rejected": 5}, []),
        ([], {"rejected": 6}, ["LIMIT-REJECTED"]),
    ],
)
def test_each_limit_at_its_edge(planned, facts, expected):
    assert codes(holds(planned, Limits(), measure(**facts))) == expected


def test_a_learning_path_that_goes_along_with_a_team_is_a_removal_too():
    leave = [replace(one, takes=("p1", "p2")) for one in changes(Action.REMOVE, 7, ObjectKind.MEMBERSHIP)]
    assert codes(holds(leave[:6], Limits(), measure())) == []
    found = holds(leave, Limits(), measure())
    assert codes(found) == ["LIMIT-REMOVALS"]
    assert "21 removals" in found[0].message


def test_all_exceeded_limits_are_told_at_once_with_numbers():
    found = holds(changes(Action.DEACTIVATE, 50), Limits(), measure(rows=50))
    assert codes(found) == ["LIMIT-DEACTIVATIONS", "LIMIT-CHANGES", "LIMIT-SHRINK"]
    assert "50 deactivations are more than push.limits.deactivations.count = 20" in found[0].message


def test_a_create_limit_is_by_choice():
    assert codes(holds(changes(Action.CREATE, 11), Limits(creates=Limit(count=10)), measure())) == [
        "LIMIT-CREATES"
    ]


@pytest.mark.parametrize(
    ("policy", "actions"),
    [
        (Policy.OBSERVE, set(Action)),
        (Policy.CREATE_ONLY, {Action.CREATE, Action.ADD}),
        (Policy.UPSERT_ONLY, {Action.CREATE, Action.ADD, Action.UPDATE, Action.REACTIVATE}),
        (Policy.SYNC, set(Action)),
    ],
)
def test_policies(policy, actions):
    every = [changes(action, 1)[0] for action in Action]
    assert {change.action for change in permitted(every, policy)} == actions
