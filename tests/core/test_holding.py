"""Holding: which Changes wait for a person, and what waits with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.counts import Measure
from syncd.core.diff import Difference
from syncd.core.holding import (
    ALL_HELD,
    CLASSES,
    WAITS,
    WHOLE,
    Cause,
    Choice,
    HoldMode,
    divide,
    held_back,
    refused,
)
from syncd.core.limits import Hold, Limit, Limits, Policy
from syncd.core.model import Action, Change, ItemKey, ItemKind, ObjectKind
from syncd.core.plan import make_plan
from syncd.core.request import Pace

SALES, EMEA = ("Sales",), ("Sales", "EMEA")


def user(action, person="E1", *, before=None, **after):
    key = f"active:{person}" if action in {Action.DEACTIVATE, Action.REACTIVATE} else f"user:{person}"
    return Change(
        key=key,
        action=action,
        kind=ObjectKind.USER,
        employee_id=person,
        user_id="" if action is Action.CREATE else f"u{person}",
        before=before or {},
        after=after,
    )


def team(names):
    return Change(key=f"team:{names}", action=Action.CREATE, kind=ObjectKind.TEAM, team=names)


def member(action, person="E1", names=SALES):
    return Change(
        key=f"membership:{person}@{names}",
        action=action,
        kind=ObjectKind.MEMBERSHIP,
        employee_id=person,
        team=names,
    )


def path(action, person="E1", path_id="p"):
    return Change(
        key=f"assignment:{person}@{path_id}",
        action=action,
        kind=ObjectKind.ASSIGNMENT,
        employee_id=person,
        item=ItemKey(ItemKind.LEARNING_PATH, path_id),
    )


def role(action, person="E1", names=SALES):
    return Change(
        key=f"leader:{person}@{names}",
        action=action,
        kind=ObjectKind.ROLE,
        employee_id=person,
        team=names,
        after={"Leader": action is Action.ADD},
    )


LEADS, REPORTS = role(Action.ADD), user(Action.UPDATE, "E2", Manager="E1")
CREATE, COME_BACK = user(Action.CREATE, UserName="a@x.com"), user(Action.REACTIVATE)
UPDATE = user(Action.UPDATE, before={"City": "Bonn"}, City="Oslo")
LEAVES = user(Action.DEACTIVATE)
ADD, GIVE = member(Action.ADD), path(Action.ADD)
LEAVE_TEAM, TAKE = member(Action.REMOVE, names=("Old",)), path(Action.REMOVE, path_id="old")
FREES = user(Action.UPDATE, before={"UserName": "A@x.com"}, UserName="b@x.com")
TAKES_NAME = user(Action.UPDATE, "E2", before={"UserName": "c@x.com"}, UserName="a@X.com")
NEW_WITH_NAME = user(Action.CREATE, "E3", UserName="a@x.com")


@pytest.mark.parametrize(
    ("held", "others", "wait"),
    [
        (CREATE, [ADD, GIVE], [ADD, GIVE]),
        (CREATE, [member(Action.ADD, "E2"), user(Action.CREATE, "E2")], []),
        (COME_BACK, [UPDATE, ADD, TAKE], [UPDATE, ADD, TAKE]),
        (UPDATE, [COME_BACK, ADD, LEAVE_TEAM], []),
        (LEAVES, [user(Action.DEACTIVATE, "E2"), UPDATE], []),
        (
            team(SALES),
            [team(EMEA), member(Action.ADD, names=EMEA), ADD],
            [team(EMEA), member(Action.ADD, names=EMEA), ADD],
        ),
        (team(EMEA), [team(SALES), ADD, team(("Sales EMEA",))], []),
        (ADD, [LEAVE_TEAM, TAKE, GIVE, UPDATE], [LEAVE_TEAM, TAKE]),
        (GIVE, [LEAVE_TEAM, TAKE, ADD], [LEAVE_TEAM, TAKE]),
        (LEAVE_TEAM, [ADD, GIVE, TAKE], []),
        (ADD, [member(Action.REMOVE, "E2")], []),
        (FREES, [TAKES_NAME, NEW_WITH_NAME, UPDATE], [TAKES_NAME, NEW_WITH_NAME]),
        (TAKES_NAME, [FREES, NEW_WITH_NAME], []),
        (team(SALES), [ADD, LEAVE_TEAM, CREATE], [ADD, LEAVE_TEAM]),
        (ADD, [LEADS, role(Action.ADD, names=EMEA)], [LEADS]),
        (UPDATE, [LEADS, ADD], [LEADS]),
        (team(SALES), [LEADS], [LEADS]),
        (CREATE, [REPORTS, user(Action.CREATE, "E3", Manager="E9")], [REPORTS]),
    ],
)
def test_what_waits_with_what(held, others, wait):
    hold = Hold(code="LIMIT-X", message="", keys=frozenset({held.key}))
    found = dict(held_back([held, *others], [hold], HoldMode.SLICE))
    assert found.pop(held.key) == Cause(code="LIMIT-X")
    assert set(found) == {change.key for change in wait}
    assert {cause.code for cause in found.values()} <= {WAITS}
    assert all(cause.message.startswith("waits for ") for cause in found.values())


def test_a_hold_holds_all_unless_only_its_slice_is_wanted():
    changes = [LEAVES, ADD, UPDATE]
    limit = Hold(code="LIMIT-DEACTIVATIONS", message="", keys=frozenset({LEAVES.key}))
    other = Hold(code="LIMIT-CHANGES", message="", keys=frozenset({LEAVES.key, UPDATE.key}))
    doubt = Hold(code="SOURCE-OLDER", message="")
    whole = {LEAVES.key: Cause(code=limit.code), ADD.key: Cause(code=WHOLE), UPDATE.key: Cause(code=WHOLE)}
    assert held_back(changes, [], HoldMode.ALL) == {}
    assert held_back(changes, [limit], HoldMode.ALL) == whole
    assert held_back(changes, [limit], HoldMode.SLICE) == {LEAVES.key: Cause(code=limit.code)}
    assert held_back(changes, [limit, doubt], HoldMode.SLICE) == whole
    assert held_back(changes, [doubt], HoldMode.SLICE) == {c.key: Cause(code=WHOLE) for c in changes}
    assert held_back(changes, [limit, other], HoldMode.SLICE) == {
        LEAVES.key: Cause(code=limit.code),
        UPDATE.key: Cause(code=other.code),
    }


EVERY = [
    CREATE,
    ADD,
    GIVE,
    user(Action.UPDATE, "E2", Email="x"),
    user(Action.DEACTIVATE, "E3"),
    team(("New",)),
]


@pytest.mark.parametrize(
    ("choice", "going"),
    [
        (ALL_HELD, EVERY),
        (Choice(classes=frozenset({"deactivations"})), [EVERY[4]]),
        (Choice(classes=frozenset({"creates"})), [CREATE]),
        (Choice(classes=frozenset({"creates", "team_creates"})), [CREATE, EVERY[5]]),
        (Choice(classes=frozenset({"memberships_added"})), []),
        (Choice(employees=frozenset({"E1"})), [CREATE, ADD, GIVE]),
        (Choice(employees=frozenset({"E2", "E3"})), EVERY[3:5]),
        (Choice(fields=frozenset({"Email"})), [EVERY[3]]),
        (Choice(fields=frozenset({"UserName"})), []),
        (Choice(classes=frozenset({"updates"}), employees=frozenset({"E1"})), []),
    ],
)
def test_a_choice_takes_what_it_names_and_needs_nothing_that_waits(choice, going):
    found, staying = divide(EVERY, choice)
    assert found == going
    assert staying == [change for change in EVERY if change not in going]


def test_what_needs_something_that_is_not_done_yet_is_chosen_later():
    assert divide([ADD, GIVE], ALL_HELD, pending=[CREATE]) == ([], [ADD, GIVE])
    assert divide([ADD, GIVE], ALL_HELD) == ([ADD, GIVE], [])


def test_rejecting_something_rejects_what_needs_it():
    assert refused(EVERY, Choice(classes=frozenset({"creates"}))) == [CREATE, ADD, GIVE]
    assert refused(EVERY, ALL_HELD) == EVERY


def test_classes_are_the_names_of_the_limits():
    assert set(CLASSES) == {
        name for name in Limits.__annotations__ if isinstance(getattr(Limits(), name), Limit | dict)
    }


CHANGES = st.lists(
    st.one_of(
        st.builds(
            user,
            st.sampled_from([Action.CREATE, Action.DEACTIVATE, Action.REACTIVATE]),
            st.sampled_from("ABCD"),
        ),
        st.builds(
            member,
            st.sampled_from([Action.ADD, Action.REMOVE]),
            st.sampled_from("ABCD"),
            st.sampled_from([SALES, EMEA]),
        ),
        st.builds(path, st.sampled_from([Action.ADD, Action.REMOVE]), st.sampled_from("ABCD")),
        st.builds(team, st.sampled_from([SALES, EMEA])),
    ),
    max_size=12,
    unique_by=lambda change: change.key,
)


def must_wait(one, held):
    """The table as a reader would write it: does this Change need that one?"""
    if one.key == held.key:
        return False
    same = one.employee_id and one.employee_id == held.employee_id
    if same and held.action in {Action.CREATE, Action.REACTIVATE}:
        return one.action not in {Action.CREATE, Action.REACTIVATE}
    if held.kind is ObjectKind.TEAM:
        return (
            one.team[: len(held.team)] == held.team if one.kind is ObjectKind.TEAM else one.team == held.team
        )
    return bool(same) and held.action is Action.ADD and one.action is Action.REMOVE


@given(
    CHANGES, st.sampled_from(["deactivations", "creates", "memberships_added", "team_creates", "removals"])
)
def test_nothing_that_is_held_is_in_a_request_and_nothing_else_is_held(changes, name):
    limits = Limits(deactivations=Limit(), changes=Limit(), removals=Limit())
    limits = Limits(**{**{f: getattr(limits, f) for f in limits.__slots__}, name: Limit(count=0)})
    plan = make_plan(
        Difference(changes=tuple(changes), skips=()),
        policy=Policy.SYNC,
        limits=limits,
        measure=Measure(population=10),
        pace=Pace(users=10, per_minute=100),
        window=(100, 60.0),
        hold=HoldMode.SLICE,
    )
    seeds = {key for hold in plan.holds for key in hold.keys or ()}
    expected = set(seeds)
    while more := {
        one.key
        for one in changes
        if one.key not in expected
        and any(must_wait(one, other) for other in changes if other.key in expected)
    }:
        expected |= more
    assert set(plan.held) == expected
    sent = {key for request in plan.requests for key in request.changes}
    if not plan.waits:
        assert sent == {change.key for change in changes} - expected
