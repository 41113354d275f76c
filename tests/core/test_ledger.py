"""The ledger as tables: where what people have comes from, and what may be claimed for a rule."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from syncd.core.desired import desired_state
from syncd.core.ledger import Claim, Entry, Holding, Origin, accounted, claims
from syncd.core.model import Assignment, Role, State, Status, Team, Wish
from tests.core.factories import course, course_key, employee, learning_path, path_key, user_of

NOW = datetime(2026, 11, 27, tzinfo=UTC)
GIVEN = Entry(origin=Origin.SYNCD, rule="teams[0]", granted_at=NOW, run_id=12)
CLAIMED = Entry(origin=Origin.ADOPTED, rule="teams[0]", granted_at=NOW, actor="cli:ana")


@pytest.mark.parametrize(
    ("entry", "ruled", "origin", "sentence"),
    [
        (GIVEN, True, Origin.SYNCD, "given by teams[0] in run 12"),
        (GIVEN, False, Origin.SYNCD, "given by teams[0] in run 12; no rule gives it any more"),
        (CLAIMED, True, Origin.ADOPTED, "made by hand, adopted for teams[0] by cli:ana"),
        (
            CLAIMED,
            False,
            Origin.ADOPTED,
            "made by hand, adopted for teams[0] by cli:ana; no rule gives it any more",
        ),
        (None, True, Origin.FOREIGN, "made by hand; a rule gives it as well"),
        (None, False, Origin.FOREIGN, "made by hand"),
    ],
)
def test_where_it_comes_from(entry, ruled, origin, sentence):
    one = Holding("u1", "membership", "sales")
    (told,) = accounted([one], {one: entry} if entry else {}, {one} if ruled else set())
    assert (told.origin, told.sentence) == (origin, sentence)


@pytest.mark.parametrize("ruled", [True, False])
@pytest.mark.parametrize("has", [True, False])
@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("what", ["team", "path", "course"])
def test_what_is_claimed(what, ruled, has, granted):
    rule, kind, text = {
        "team": ("teams[0]", "membership", "sales"),
        "path": ("learning_paths[0]", "assignment", "learning_path:p1"),
        "course": ("courses[0]", "assignment", "course:c1"),
    }[what]
    given: Any = {
        "team": {"teams": (("Sales",),)},
        "path": {"paths": ("p1",)},
        "course": {"courses": ("c1",)},
    }[what]
    person = employee("E1", **(given if ruled else {}))
    key = {"path": path_key("p1"), "course": course_key("c1")}.get(what)
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={("sales",): Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({("sales",)})} if has and what == "team" else {},
        assignments={"E1": {key: Assignment(item=key)}} if has and key else {},
    )
    desired = desired_state([person], (learning_path("p1", "Onboarding"), course("c1", "Fire")))
    ledger = {("E1", text)} if granted else set()
    found = claims(desired, current, ledger, rule, is_protected=lambda _user: False)
    expected = (Claim(employee_id="E1", holding=Holding("u1", kind, text), rule=rule),)
    assert found == (expected if ruled and has and not granted else ())
    assert claims(desired, current, ledger, "teams[9]", is_protected=lambda _user: False) == ()


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("has", [True, False])
@pytest.mark.parametrize("granted", [(), (Role.LEADER,), (Role.ADMIN,)])
def test_a_role_that_a_rule_gives_is_claimed_like_the_membership(given, has, granted):
    sales = ("sales",)
    wish = Wish(names=("Sales",), rule="teams[0]", roles=frozenset({Role.LEADER} if given else ()))
    person = replace(employee("E1"), teams=(wish,))
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={sales: Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({sales})},
        roles={"E1": frozenset({(sales, Role.LEADER), (sales, Role.ADMIN)} if has else ())},
    )
    found = claims(
        desired_state([person], ()),
        current,
        {("E1", "sales")},
        "teams[0]",
        granted_roles={("E1", "sales", role) for role in granted},
        is_protected=lambda _user: False,
    )
    claimed = given and has and Role.LEADER not in granted
    assert [claim.holding for claim in found] == ([Holding("u1", "leader", "sales")] if claimed else [])


@pytest.mark.parametrize(
    ("status", "in_scope", "protected", "claimed"),
    [
        (Status.ACTIVE, True, False, 1),
        (Status.LEFT, True, False, 0),
        (Status.ACTIVE, False, False, 0),
        (Status.ACTIVE, True, True, 0),
    ],
)
def test_nothing_is_claimed_of_people_to_whom_nothing_happens(status, in_scope, protected, claimed):
    person = employee("E1", status=status, in_scope=in_scope, teams=(("Sales",),))
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={("sales",): Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({("sales",)})},
    )
    desired = desired_state([person], ())
    assert len(claims(desired, current, (), "teams[0]", is_protected=lambda _user: protected)) == claimed


def test_what_comes_with_a_team_is_not_taken_for_made_by_hand():
    one = Holding("u1", "assignment", "course:c1")
    (told,) = accounted([one], {}, {one}, {one: "Commercial > Sales"})
    assert (told.origin, told.sentence) == (Origin.TEAM, 'comes with team "Commercial > Sales"')
    (own,) = accounted([one], {one: GIVEN}, {one}, {one: "Sales"})
    assert own.origin is Origin.SYNCD
