"""The diff as truth tables: accounts, teams, memberships, assignments."""

from dataclasses import replace

import pytest

from syncd.core.desired import desired_state
from syncd.core.diff import Rules, diff
from syncd.core.model import Action, Assignment, State, Status, Team, TeamKey, team_key
from tests.core.factories import (
    course,
    course_key,
    course_name,
    employee,
    learning_path,
    path_key,
    path_name,
    user_of,
)

PATHS = (learning_path("p1", "Onboarding"), learning_path("p2", "Sales Basics"))


NO_RULES = Rules()


def compare(people, current, rules=NO_RULES, strict_items=(), strict_teams=()):
    desired = desired_state(people, PATHS, strict_item_names=strict_items, strict_team_keys=strict_teams)
    return diff(desired, current, rules)


def short(difference):
    return [(c.key, c.action.value) for c in difference.changes]


@pytest.mark.parametrize(
    ("status", "in_scope", "has_user", "active", "expected"),
    [
        (Status.ACTIVE, True, False, False, [("user:E1", "create")]),
        (Status.ACTIVE, True, True, True, []),
        (Status.ACTIVE, True, True, False, [("active:E1", "reactivate")]),
        (Status.LEFT, True, True, True, [("active:E1", "deactivate")]),
        (Status.LEFT, True, True, False, []),
        (Status.LEFT, True, False, False, []),
        (Status.ACTIVE, False, True, True, []),
        (Status.ACTIVE, False, False, False, []),
    ],
)
def test_accounts(status, in_scope, has_user, active, expected):
    person = employee("E1", status=status, in_scope=in_scope)
    users = {"E1": user_of(person, "u1", active=active)} if has_user else {}
    assert short(compare([person], State(users=users))) == expected


def test_leaving_the_scope_deactivates_only_if_told():
    person = employee("E1", in_scope=False)
    current = State(users={"E1": user_of(person, "u1")})
    assert short(compare([person], current, Rules(leaving_scope_deactivates=True))) == [
        ("active:E1", "deactivate")
    ]


def test_an_update_holds_only_what_differs():
    person = employee("E1", JobTitle="Lead", City="Ulm")
    current = State(users={"E1": user_of(person, "u1", JobTitle="Rep")})
    (change,) = compare([person], current).changes
    assert (change.action, dict(change.before), dict(change.after)) == (
        Action.UPDATE,
        {"JobTitle": "Rep"},
        {"JobTitle": "Lead"},
    )


def test_case_of_an_address_is_no_difference_and_clearing_is_one():
    person = employee("E1", City="")
    current = State(users={"E1": user_of(person, "u1", UserName="E1@Example.com", City="Ulm")})
    (change,) = compare([person], current).changes
    assert dict(change.after) == {"City": ""}


@pytest.mark.parametrize(
    ("option", "have", "wanted", "sent"),
    [
        ("if_empty", "", "Ulm", True),
        ("if_empty", "Bonn", "Ulm", False),
        ("if_empty", "Bonn", "", False),
        ("if_empty", "", "", False),
        ("create_only", "", "Ulm", False),
        ("report_only", "", "Ulm", False),
        ("", "Bonn", "Ulm", True),
        ("", "Bonn", "", True),
    ],
)
def test_when_a_field_is_written_later(option, have, wanted, sent):
    person = employee("E1", City=wanted)
    named = {
        each: frozenset({"City"} if each == option else ())
        for each in ("if_empty", "create_only", "report_only")
    }
    person = replace(
        person,
        if_empty=named["if_empty"],
        create_only=named["create_only"],
        report_only=named["report_only"],
    )
    current = State(users={"E1": user_of(person, "u1", City=have)})
    changes = compare([person], current).changes
    assert [dict(change.after) for change in changes] == ([{"City": wanted}] if sent else [])


def test_a_protected_user_is_never_touched():
    person = employee("E1", status=Status.LEFT)
    current = State(users={"E1": user_of(person, "u1", AccessLevel="Account_Owner")})
    difference = compare([person], current, Rules(protected_levels=frozenset({"Account_Owner"})))
    assert difference.changes == ()
    assert [skip.code for skip in difference.skips] == ["PROTECTED"]


def test_absence_deactivates_only_whom_the_rules_name_and_who_is_active():
    gone, off = employee("E8"), employee("E9")
    current = State(users={"E8": user_of(gone, "u8"), "E9": user_of(off, "u9", active=False)})
    assert compare([], current).changes == ()
    rules = Rules(absent={"E8": "absent from 3 files", "E9": "absent from 3 files"})
    assert short(compare([], current, rules)) == [("active:E8", "deactivate")]


def test_parents_of_a_team_are_created_first_and_spelling_is_casefolded():
    people = [employee("E1", teams=(("Sales", "EMEA"),)), employee("E2", teams=(("SALES", "Apac"),))]
    current = State(users={p.employee_id: user_of(p, p.employee_id) for p in people})
    assert short(compare(people, current)) == [
        ("team:sales", "create"),
        ("team:sales/apac", "create"),
        ("team:sales/emea", "create"),
        ("membership:E1@sales/emea", "add"),
        ("membership:E2@sales/apac", "add"),
    ]


@pytest.mark.parametrize(
    ("granted", "strict", "removed"), [(True, False, True), (False, False, False), (False, True, True)]
)
def test_removal_is_own_or_strict(granted, strict, removed):
    mover = employee("E1")
    other = employee("E2", teams=(("Sales",),), strict=strict)
    current = State(
        users={p.employee_id: user_of(p, p.employee_id) for p in (mover, other)},
        teams={team_key(("Sales",)): Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({("sales",)}), "E2": frozenset({("sales",)})},
    )
    rules = Rules(granted=frozenset({("E1", "sales")} if granted else ()))
    assert short(compare([mover, other], current, rules)) == (
        [("membership:E1@sales", "remove")] if removed else []
    )


def test_a_strict_team_that_is_given_to_nobody_is_emptied():
    person = employee("E1")
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={("sales",): Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({("sales",)})},
    )
    assert short(compare([person], current, strict_teams=(("sales",),))) == [
        ("membership:E1@sales", "remove")
    ]


def test_a_leaver_keeps_memberships_and_paths():
    person = employee("E1", status=Status.LEFT)
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={("sales",): Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({("sales",)})},
        assignments={"E1": {path_key("p1"): Assignment(item=path_key("p1"))}},
    )
    rules = Rules(granted=frozenset({("E1", "sales"), ("E1", "learning_path:p1")}))
    assert short(compare([person], current, rules)) == [("active:E1", "deactivate")]


def test_a_started_path_is_not_taken_away():
    person = employee("E1")
    current = State(
        users={"E1": user_of(person, "u1")},
        assignments={
            "E1": {
                path_key("p1"): Assignment(item=path_key("p1"), started=True),
                path_key("p2"): Assignment(item=path_key("p2")),
            }
        },
    )
    rules = Rules(granted=frozenset({("E1", "learning_path:p1"), ("E1", "learning_path:p2")}))
    difference = compare([person], current, rules)
    assert short(difference) == [("assignment:E1@learning_path:p2", "remove")]
    assert [skip.code for skip in difference.skips] == ["ITEM-STARTED"]


SALES: TeamKey = ("sales",)
IT: TeamKey = ("it",)


@pytest.mark.parametrize(
    ("held", "given_by", "granted", "takes"),
    [
        ({}, {SALES: {"p1"}}, set(), ()),
        ({"p1": False}, {}, set(), ()),
        ({"p1": False}, {SALES: {"p1"}}, set(), ("p1",)),
        ({"p1": False, "p2": False}, {SALES: {"p1", "p2"}}, set(), ("p1", "p2")),
        ({"p1": False}, {SALES: {"p1"}}, {("E1", "learning_path:p1")}, ()),
        ({"p1": True}, {SALES: {"p1"}}, {("E1", "learning_path:p1")}, ()),
        ({"p1": True}, {SALES: {"p1"}, IT: {"p1"}}, set(), ()),
        ({"p1": True}, {IT: {"p1"}}, set(), ()),
        ({"p1": True}, {SALES: {"p1"}}, set(), None),
        ({"p1": False, "p2": True}, {SALES: {"p1", "p2"}}, set(), None),
    ],
)
def test_leaving_a_team_tells_what_it_takes_and_never_takes_a_started_path(held, given_by, granted, takes):
    """``takes`` None: the membership is kept. The mover goes from Sales to IT."""
    person = employee("E1", teams=(("IT",),), paths=("p1",) if granted else ())
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={key: Team(id=key[0], names=(key[0].upper(),)) for key in (SALES, IT)},
        memberships={"E1": frozenset({SALES})},
        assignments={
            "E1": {path_key(p): Assignment(item=path_key(p), started=started) for p, started in held.items()}
        },
    )
    rules = Rules(
        granted=frozenset({("E1", "sales"), *granted}),
        team_items={key: frozenset(map(path_key, paths)) for key, paths in given_by.items()},
    )
    difference = compare([person], current, rules)
    removals = [change for change in difference.changes if change.action is Action.REMOVE]
    if takes is None:
        assert removals == []
        assert [skip.code for skip in difference.skips] == ["ITEM-STARTED"]
    else:
        assert [change.takes for change in removals] == [tuple(map(path_key, takes))]
        assert difference.skips == ()


def test_a_started_path_that_two_left_teams_give_keeps_one_of_them():
    person = employee("E1")
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={key: Team(id=key[0], names=(key[0],)) for key in (SALES, IT)},
        memberships={"E1": frozenset({SALES, IT})},
        assignments={"E1": {path_key("p1"): Assignment(item=path_key("p1"), started=True)}},
    )
    both = dict.fromkeys((SALES, IT), frozenset({path_key("p1")}))
    rules = Rules(granted=frozenset({("E1", "sales"), ("E1", "it")}), team_items=both)
    difference = compare([person], current, rules)
    assert short(difference) == [("membership:E1@sales", "remove")]
    assert [skip.code for skip in difference.skips] == ["ITEM-STARTED"]


def test_joining_a_team_tells_which_paths_come_along():
    person = employee("E1", teams=(("Sales",),))
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={SALES: Team(id="t1", names=("Sales",))},
        assignments={"E1": {path_key("p2"): Assignment(item=path_key("p2"))}},
    )
    rules = Rules(team_items={SALES: frozenset({path_key("p1"), path_key("p2")})})
    assert [change.gives for change in compare([person], current, rules).changes] == [(path_key("p1"),)]


def test_paths_are_named_by_id_or_by_name_and_unknown_ones_are_a_problem():
    people = [employee("E1", paths=("onboarding", "p2", "No Such Path"))]
    current = State(users={"E1": user_of(people[0], "u1")})
    desired = desired_state(people, PATHS)
    assert short(diff(desired, current, Rules())) == [
        ("assignment:E1@learning_path:p1", "add"),
        ("assignment:E1@learning_path:p2", "add"),
    ]
    assert len(desired.problems) == 1
    assert "No Such Path" in desired.problems[0]


def test_a_strict_path_that_nobody_is_given_any_more_is_taken_from_everybody():
    person = employee("E1")
    current = State(
        users={"E1": user_of(person, "u1")},
        assignments={"E1": {path_key("p1"): Assignment(item=path_key("p1"))}},
    )
    assert short(compare([person], current, strict_items=(path_name("Onboarding"),))) == [
        ("assignment:E1@learning_path:p1", "remove")
    ]


@pytest.mark.parametrize(
    ("started", "may_take", "given_by_team", "refused", "code"),
    [
        (True, False, False, False, "ITEM-STARTED"),
        (True, False, True, False, "ITEM-STARTED"),
        (True, False, False, True, "ITEM-STARTED"),
        (True, False, True, True, "ITEM-STARTED"),
        (True, True, True, False, "GIVEN-OTHERWISE"),
        (True, True, True, True, "GIVEN-OTHERWISE"),
        (True, True, False, True, "GIVEN-OTHERWISE"),
        (True, True, False, False, None),
        *((False, may, True, False, "GIVEN-OTHERWISE") for may in (True, False)),
        *((False, may, True, True, "GIVEN-OTHERWISE") for may in (True, False)),
        *((False, may, False, True, "GIVEN-OTHERWISE") for may in (True, False)),
        *((False, may, False, False, None) for may in (True, False)),
    ],
)
@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("item", [path_key("p1"), course_key("c1")])
def test_what_no_rule_gives_stays_if_it_was_begun_or_comes_otherwise(
    item, granted, started, may_take, given_by_team, refused, code
):
    """``granted`` or strict: either way it is to go. What was begun goes only if told to, and is marked then."""
    person = employee("E1", teams=(("Sales",),))
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={SALES: Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({SALES})},
        assignments={"E1": {item: Assignment(item=item, started=started, kept=refused)}},
    )
    rules = Rules(
        granted=frozenset({("E1", str(item))} if granted else ()),
        team_items={SALES: frozenset({item})} if given_by_team else {},
    )
    offered = (*PATHS, course("c1", "Fire"))
    names = (path_name("Onboarding"), course_name("Fire"))
    desired = desired_state(
        [person],
        offered,
        strict_item_names=() if granted else names,
        takeable_item_names=names if may_take else (),
    )
    difference = diff(desired, current, rules)
    assert [skip.code for skip in difference.skips] == ([code] if code else [])
    assert short(difference) == ([] if code else [(f"assignment:E1@{item}", "remove")])
    assert [change.irreversible for change in difference.changes] == ([] if code else [started])


@pytest.mark.parametrize(("may_take", "goes"), [(True, True), (False, False)])
def test_a_team_takes_what_was_begun_along_only_if_told_to(may_take, goes):
    person = employee("E1")
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={SALES: Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({SALES})},
        assignments={"E1": {path_key("p1"): Assignment(item=path_key("p1"), started=True)}},
    )
    rules = Rules(granted=frozenset({("E1", "sales")}), team_items={SALES: frozenset({path_key("p1")})})
    names = (path_name("Onboarding"),) if may_take else ()
    changes = diff(desired_state([person], PATHS, takeable_item_names=names), current, rules).changes
    assert [(change.takes, change.irreversible) for change in changes] == (
        [((path_key("p1"),), True)] if goes else []
    )


def test_a_course_and_a_learning_path_of_one_id_or_name_are_two_things():
    person = employee("E1", paths=("Safety",), courses=("Safety",))
    offered = (learning_path("x", "Safety"), course("x", "Safety"))
    current = State(
        users={"E1": user_of(person, "u1")},
        assignments={"E1": {path_key("x"): Assignment(item=path_key("x"))}},
    )
    difference = diff(desired_state([person], offered), current, Rules())
    assert short(difference) == [("assignment:E1@course:x", "add")]
