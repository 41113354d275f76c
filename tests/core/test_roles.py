"""Leaders and admins: the table of Changes, who is appointed by whom they manage, and whose AccessLevel is Litmos'."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from syncd.core.compile import compile_requests
from syncd.core.desired import desired_state
from syncd.core.diff import Rules, diff
from syncd.core.lifecycle import Had
from syncd.core.model import GIVE_BACK, Action, ObjectKind, Role, State, Status, Team, Wish
from syncd.core.request import Pace, RequestKind
from syncd.core.roles import appoint, in_doubt
from tests.core.factories import employee, user_of

SALES = Team(id="t1", names=("Sales",))
LEADER, ADMIN = Role.LEADER, Role.ADMIN
TAKEN = datetime(2026, 11, 24, tzinfo=UTC)


def in_sales(employee_id="E1", *, roles=(), strict=False, **fields):
    """Somebody in Sales, whose rule decides about leaders."""
    wish = Wish(
        names=("Sales",),
        rule="teams[0]",
        roles=frozenset(roles),
        ruled_roles=frozenset({LEADER}),
        strict=strict,
    )
    return replace(employee(employee_id, **fields), teams=(wish,))


def changes_of(person, *, held=(), member=True, granted=(), **user_fields):
    """The Changes for one person who has a user, and these roles in Sales."""
    current = State(
        users={person.employee_id: user_of(person, "u1", **user_fields)},
        teams={SALES.key: SALES},
        memberships={person.employee_id: frozenset({SALES.key} if member else ())},
        roles={person.employee_id: frozenset((SALES.key, role) for role in held)},
    )
    rules = Rules(
        granted=frozenset({(person.employee_id, "sales")}),
        granted_roles=frozenset((person.employee_id, "sales", role) for role in granted),
    )
    return diff(desired_state([person], ()), current, rules).changes


@pytest.mark.parametrize(
    ("given", "held", "granted", "strict"), list(itertools.product((True, False), repeat=4))
)
def test_the_table(given, held, granted, strict):
    person = in_sales(roles=(LEADER,) if given else (), strict=strict)
    found = changes_of(person, held=(LEADER,) if held else (), granted=(LEADER,) if granted else ())
    if given and not held:
        expected = [("leader:E1@sales", Action.ADD)]
    elif held and not given and (granted or strict):
        expected = [("leader:E1@sales", Action.REMOVE)]
    else:
        expected = []
    assert [(change.key, change.action) for change in found] == expected
    assert all(change.kind is ObjectKind.ROLE and change.role is LEADER for change in found)


def test_a_role_about_which_no_rule_decides_stays_in_a_strict_team():
    assert changes_of(in_sales(strict=True), held=(ADMIN,)) == ()


def test_a_role_goes_with_the_membership():
    person = replace(employee("E1"), teams=())
    assert [c.key for c in changes_of(person, held=(LEADER,), granted=(LEADER,))] == ["membership:E1@sales"]


@pytest.mark.parametrize("status", [Status.LEFT, Status.ACTIVE])
def test_who_left_or_is_out_of_scope_keeps_their_roles(status):
    person = replace(in_sales(), status=status, in_scope=status is Status.LEFT, teams=())
    assert [c.kind for c in changes_of(person, held=(LEADER,), granted=(LEADER,), active=False)] == []


@pytest.mark.parametrize(
    ("mapped", "have", "roles", "held", "sent"),
    [
        ("Learner", "Team_Leader", (LEADER,), (LEADER,), None),
        ("Learner", "Learner", (LEADER,), (), None),
        ("Team_Leader", "Team_Admin", (), (ADMIN,), None),
        ("Learner", "Administrator", (LEADER,), (LEADER,), "Learner"),
        ("Administrator", "Team_Leader", (LEADER,), (LEADER,), "Administrator"),
        ("Learner", "Team_Leader", (), (), "Learner"),
    ],
)
def test_a_mapped_access_level_does_not_fight_what_litmos_makes_of_a_role(mapped, have, roles, held, sent):
    person = in_sales(roles=roles, AccessLevel=mapped)
    found = changes_of(person, held=held, granted=(), AccessLevel=have)
    updates = [change.after["AccessLevel"] for change in found if change.kind is ObjectKind.USER]
    assert updates == ([] if sent is None else [sent])


@pytest.mark.parametrize("member", [True, False])
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("with_team", [True, False])
def test_who_returns_is_given_back_the_role_that_a_person_had_given(member, given, held, strict, with_team):
    person = employee("E1")
    if member:
        person = in_sales(roles=(LEADER,) if given else (), strict=strict)
    current = State(
        users={"E1": user_of(person, "u1", active=False)},
        teams={SALES.key: SALES},
        memberships={"E1": frozenset({SALES.key} if member else ())},
        roles={"E1": frozenset({(SALES.key, LEADER)} if held else ())},
    )
    teams = frozenset({SALES.key} if with_team else ())
    had = Had(teams=teams, roles=frozenset({(SALES.key, LEADER), (("gone",), LEADER)}), taken_at=TAKEN)
    found = diff(desired_state([person], ()), current, Rules(had={"E1": had})).changes
    back = [change.key for change in found if change.rule == GIVE_BACK]
    by_rule = member and (given or strict)
    role = (member or with_team) and not held and not by_rule
    expected = ["membership:E1@sales"] if with_team and not member else []
    assert back == expected + (["leader:E1@sales"] if role else [])


def test_a_role_waits_for_the_membership_and_for_what_is_put_to_the_same_user():
    new, known = in_sales("E1", roles=(LEADER,)), in_sales("E2", roles=(LEADER,), City="Ulm")
    current = State(users={"E2": user_of(known, "u2", City="Bonn")}, teams={SALES.key: SALES})
    changes = diff(desired_state([new, known], ()), current, Rules()).changes
    requests = {r.key: r for r in compile_requests(changes, Pace(users=9, per_minute=100))}
    assert requests["role:leader:E1@sales"].after == ("add-members:sales:0", "create:E1")
    assert requests["role:leader:E2@sales"].after == ("add-members:sales:0", "put:E2")
    assert requests["role:leader:E2@sales"].kind is RequestKind.SET_ROLE
    assert requests["role:leader:E2@sales"].payload["held"] is True


def headed_by_managers(employee_id, team, **changed):
    wish = Wish(
        names=(team,),
        rule="teams[0]",
        ruled_roles=frozenset({LEADER}),
        manager_roles=frozenset({("teams[0]", LEADER)}),
    )
    head = replace(employee(employee_id), teams=(wish,), may_head=frozenset({("teams[0]", LEADER)}))
    return replace(head, **changed)


def offices(people):
    return {
        (person.employee_id, wish.names[0], role)
        for person in people
        for wish in person.teams
        for role in wish.roles
    }


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_whoever_manages_somebody_in_a_team_leads_it_as_a_member_too(order):
    people = [
        headed_by_managers("1", "Board"),
        headed_by_managers("2", "Sales"),
        headed_by_managers("3", "Sales"),
    ]
    people.append(headed_by_managers("4", "Stock"))
    bosses = {"2": "1", "3": "2", "4": "2"}
    found = appoint([people[place] for place in order], bosses)
    assert offices(found) == {("1", "Sales", LEADER), ("2", "Sales", LEADER), ("2", "Stock", LEADER)}
    teams = {person.employee_id: {wish.names[0] for wish in person.teams} for person in found}
    assert teams == {"1": {"Board", "Sales"}, "2": {"Sales", "Stock"}, "3": {"Sales"}, "4": {"Stock"}}
    assert appoint(found, bosses) == found, "appointing again changes nothing"


def test_offices_are_in_doubt_only_where_somebody_unknown_is_and_only_those_that_managers_have():
    sales, stock = ("sales",), ("stock",)
    current = State(
        roles={
            "1": frozenset({(sales, LEADER), (stock, LEADER)}),
            "2": frozenset({(sales, ADMIN)}),
            "3": frozenset({(stock, LEADER)}),
        }
    )
    assert in_doubt(current, {"sales"}, {LEADER}) == {"1": frozenset({sales})}
    assert in_doubt(current, {"sales"}, {LEADER, ADMIN}) == {"1": frozenset({sales}), "2": frozenset({sales})}
    assert in_doubt(current, (), {LEADER}) == in_doubt(current, {"sales"}, ()) == {}


@pytest.mark.parametrize("changed", [{"may_head": frozenset()}, {"status": Status.LEFT}, {"in_scope": False}])
def test_who_may_not_has_left_or_is_out_of_scope_leads_nothing(changed):
    people = [headed_by_managers("1", "Board", **changed), headed_by_managers("2", "Sales")]
    assert offices(appoint(people, {"2": "1"})) == set()
