"""The diff as truth tables: accounts, teams, memberships, assignments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.account import MESSAGES, OFF
from syncd.core.desired import desired_state
from syncd.core.diff import Rules, diff
from syncd.core.gifts import Reach
from syncd.core.lifecycle import Had, Overlap
from syncd.core.model import (
    GIVE_BACK,
    Action,
    Assignment,
    Employee,
    State,
    Status,
    Team,
    TeamKey,
    team_key,
)
from syncd.core.protection import Protection
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


ACCOUNTS = {
    Status.ACTIVE: {None: "create", False: "reactivate", True: ""},
    Status.LEFT: {None: "", False: "", True: "deactivate"},
    Status.LEAVE: {None: "", False: "", True: "deactivate"},
    Status.FUTURE: {None: "", False: "", True: ""},
    Status.LEAVING: {None: "", False: "", True: ""},
    Status.UNCLEAR: {None: "", False: "", True: ""},
}
"""What somebody is today -> whether Litmos' user is active (None: there is none) -> the Change."""


@pytest.mark.parametrize("in_scope", [True, False])
@pytest.mark.parametrize("active", [None, False, True])
@pytest.mark.parametrize("status", Status)
def test_accounts(status, active, in_scope):
    person = employee("E1", status=status, in_scope=in_scope)
    users = {} if active is None else {"E1": user_of(person, "u1", active=active, JobTitle="old")}
    difference = compare([replace(person, fields={**person.fields, "JobTitle": "new"})], State(users=users))
    expected = ACCOUNTS[status][active] if in_scope else ""
    actions = [change.action.value for change in difference.changes]
    updated = ["update"] if in_scope and status is Status.ACTIVE and active is not None else []
    assert actions == ([expected] if expected else []) + updated
    told = "OUT-OF-SCOPE" if not in_scope else status.upper()
    quiet = in_scope and (status is Status.ACTIVE or (status in OFF and active is not None))
    assert [skip.code for skip in difference.skips] == ([] if quiet else [told])


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


@pytest.mark.parametrize(
    ("protection", "fields", "why"),
    [
        (Protection(levels=frozenset({"Account_Owner"})), {"AccessLevel": "Account_Owner"}, "Account_Owner"),
        (Protection(levels=frozenset({"Account_Owner"})), {"AccessLevel": "Learner"}, ""),
        (Protection(usernames=("svc-*",)), {"UserName": "SVC-backup@example.com"}, "by username"),
        (Protection(usernames=("svc-*",)), {"UserName": "a.svc-backup@example.com"}, ""),
        (Protection(usernames=("*@vendor.example",)), {"UserName": "ann@vendor.example"}, "by username"),
        (Protection(usernames=("a.b@example.com",)), {"UserName": "axb@example.com"}, ""),
        (Protection(usernames=("x", "api@example.com")), {"UserName": "Api@Example.com"}, "by username"),
        (Protection(brands=("partner portal",)), {"Brand": "Partner Portal"}, "brand Partner Portal"),
        (Protection(brands=("",)), {"Brand": ""}, ""),
        (Protection(user_ids=frozenset({"u1"})), {}, "by user id"),
        (Protection(user_ids=frozenset({"U1"})), {}, ""),
    ],
)
def test_who_is_protected_is_never_touched(protection, fields, why):
    person = employee("E1", status=Status.LEFT)
    current = State(users={"E1": user_of(person, "u1", **fields)})
    difference = compare([person], current, Rules(protection=protection))
    assert [change.action.value for change in difference.changes] == ([] if why else ["deactivate"])
    assert [skip.code for skip in difference.skips] == (["PROTECTED"] if why else [])
    assert why in "".join(skip.message for skip in difference.skips)


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
        reach=Reach(items={key: frozenset(map(path_key, paths)) for key, paths in given_by.items()}),
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
    rules = Rules(granted=frozenset({("E1", "sales"), ("E1", "it")}), reach=Reach(items=both))
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
    rules = Rules(reach=Reach(items={SALES: frozenset({path_key("p1"), path_key("p2")})}))
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
        reach=Reach(items={SALES: frozenset({item})} if given_by_team else {}),
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
    rules = Rules(
        granted=frozenset({("E1", "sales")}), reach=Reach(items={SALES: frozenset({path_key("p1")})})
    )
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


# ------------------------------------------------------------------------------------------------ leave, return, moves


@pytest.mark.parametrize(
    ("muted", "by_syncd", "mapped", "has", "expected"),
    [
        (True, False, None, False, True),
        (True, False, None, True, None),  # a person wanted it so
        (True, True, None, False, True),
        (True, False, False, False, True),  # whatever the mapping says
        (True, True, False, True, None),
        (False, True, None, True, False),
        (False, True, None, False, None),
        (False, False, None, True, None),  # a person wanted it so, and keeps it
        (False, True, False, True, False),  # the mapping says it anyway
        (False, True, True, True, None),
    ],
)
def test_messages_stop_during_leave_and_are_as_before_afterwards(muted, by_syncd, mapped, has, expected):
    fields = {} if mapped is None else {MESSAGES: mapped}
    person = employee("E1", muted=muted, **fields)
    current = State(users={"E1": user_of(person, "u1", **{MESSAGES: has})})
    rules = Rules(muted=frozenset({"E1"} if by_syncd else ()))
    found = [dict(change.after) for change in compare([person], current, rules).changes]
    assert found == ([] if expected is None else [{MESSAGES: expected}])


def test_nobody_on_leave_is_created_to_be_muted():
    difference = compare([employee("E1", muted=True, teams=(("IT",),))], State())
    assert [change.kind.value for change in difference.changes] == ["team"]
    assert [skip.code for skip in difference.skips] == ["LEAVE"]


TAKEN = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLUB: TeamKey = ("book club",)


@pytest.mark.parametrize(
    ("has_teams", "has_paths", "by_rule", "strict", "along", "back"),
    [
        ((), (), (), (), {}, ["membership:E1@book club", "assignment:E1@learning_path:p2"]),
        ((CLUB,), ("p2",), (), (), {}, []),
        ((), (), (), (CLUB,), {}, ["assignment:E1@learning_path:p2"]),  # a strict rule is the whole truth
        ((), (), ("p2",), (), {}, ["membership:E1@book club"]),  # a rule gives it again anyway
        (
            (),
            (),
            (),
            (),
            {CLUB: {path_key("p2")}},
            ["membership:E1@book club"],
        ),  # it comes along with the team
    ],
)
def test_who_returns_is_given_back_what_a_person_had_given(
    has_teams, has_paths, by_rule, strict, along, back
):
    person = employee("E1", paths=by_rule)
    current = State(
        users={"E1": user_of(person, "u1", active=False)},
        teams={CLUB: Team(id="t1", names=("Book Club",))},
        memberships={"E1": frozenset(has_teams)},
        assignments={"E1": {path_key(p): Assignment(item=path_key(p)) for p in has_paths}},
    )
    had = Had(teams=frozenset({CLUB, ("gone",)}), items=frozenset({path_key("p2")}), taken_at=TAKEN)
    rules = Rules(had={"E1": had}, reach=Reach(items={key: frozenset(ids) for key, ids in along.items()}))
    difference = compare([person], current, rules, strict_teams=strict)
    returned = [change for change in difference.changes if change.rule == GIVE_BACK]
    assert [change.key for change in returned] == back
    assert {change.reason for change in returned} <= {"had it before the deactivation of 2026-11-24"}


def test_whoever_has_left_is_given_nothing_back():
    person = employee("E1", status=Status.LEFT)
    current = State(
        users={"E1": user_of(person, "u1", active=False)}, teams={CLUB: Team(id="t1", names=("Book Club",))}
    )
    rules = Rules(had={"E1": Had(teams=frozenset({CLUB}), taken_at=TAKEN)})
    assert compare([person], current, rules).changes == ()


@pytest.mark.parametrize(("since", "removed"), [(None, False), (13, False), (14, True)])
def test_a_mover_keeps_the_team_of_before_for_the_overlap(since, removed):
    person = employee("E1", teams=(("IT",),))
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={key: Team(id=key[0], names=(key[0].upper(),)) for key in (SALES, IT)},
        memberships={"E1": frozenset({SALES})},
    )
    key = "membership:E1@sales"
    known = {} if since is None else {key: TAKEN - timedelta(days=since)}
    overlap = Overlap(length=timedelta(days=14), since=known, at=TAKEN)
    difference = compare([person], current, Rules(granted=frozenset({("E1", "sales")}), overlap=overlap))
    assert short(difference) == [("membership:E1@it", "add")] + ([(key, "remove")] if removed else [])
    assert [(skip.code, skip.key) for skip in difference.skips] == ([] if removed else [("OVERLAP", key)])


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_who_never_moved_but_was_put_into_a_strict_team_by_hand_keeps_nothing(given, known):
    person = employee("E1")
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={SALES: Team(id="t1", names=("Sales",))},
        memberships={"E1": frozenset({SALES})},
    )
    overlap = Overlap(
        length=timedelta(days=14),
        given=frozenset({("E1", "sales")} if given else ()),
        since={"membership:E1@sales": TAKEN} if known else {},
        at=TAKEN,
    )
    difference = compare([person], current, Rules(overlap=overlap), strict_teams={SALES})
    moved = given or known
    assert short(difference) == ([] if moved else [("membership:E1@sales", "remove")])
    assert [skip.code for skip in difference.skips] == (["OVERLAP"] if moved else [])


def test_a_path_that_a_team_kept_for_the_overlap_gives_is_not_said_to_go():
    """Sales is kept for now; leaving Field would take the path that both give, were Sales not there."""
    person = employee("E1")
    field: TeamKey = ("field",)
    current = State(
        users={"E1": user_of(person, "u1")},
        teams={key: Team(id=key[0], names=(key[0].upper(),)) for key in (SALES, field)},
        memberships={"E1": frozenset({SALES, field})},
        assignments={"E1": {path_key("p1"): Assignment(item=path_key("p1"))}},
    )
    overlap = Overlap(
        length=timedelta(days=14),
        since={"membership:E1@field": TAKEN - timedelta(days=20)},
        at=TAKEN,
    )
    rules = Rules(
        granted=frozenset({("E1", "sales"), ("E1", "field")}),
        reach=Reach(items=dict.fromkeys((SALES, field), frozenset({path_key("p1")}))),
        overlap=overlap,
    )
    (change,) = compare([person], current, rules).changes
    assert (change.key, change.takes) == ("membership:E1@field", ())


# ------------------------------------------------------------------------------------------------ what holds always

STATUSES = st.sampled_from(Status)


@st.composite
def companies(draw: st.DrawFn) -> tuple[list[Employee], State, Rules]:
    """People of every kind, some absent, some protected, and a Litmos that has some of them, on or off."""
    people, users, memberships, missing = [], {}, {}, {}
    for number in range(draw(st.integers(1, 6))):
        person = employee(
            f"E{number}",
            status=draw(STATUSES),
            muted=draw(st.booleans()),
            in_scope=draw(st.booleans()),
            teams=draw(st.sampled_from([(), (("IT",),), (("Sales",), ("IT",))])),
            paths=draw(st.sampled_from([(), ("p1",)])),
        )
        listed = draw(st.booleans())
        if listed:
            people.append(person)
        if draw(st.booleans()):
            level = draw(st.sampled_from(["Learner", "Account_Owner"]))
            users[f"E{number}"] = user_of(
                person, f"u{number}", active=draw(st.booleans()), AccessLevel=level, JobTitle="Other"
            )
            memberships[f"E{number}"] = draw(st.sampled_from([frozenset(), frozenset({SALES})]))
            if not listed and draw(st.booleans()):
                missing[f"E{number}"] = "absent from 3 inputs"
    current = State(
        users=users,
        teams={key: Team(id=key[0], names=(key[0].upper(),)) for key in (SALES, IT)},
        memberships=memberships,
    )
    rules = Rules(
        granted=frozenset((person, "sales") for person in memberships),
        absent=missing,
        protection=Protection(levels=frozenset({"Account_Owner"})),
        leaving_scope_deactivates=draw(st.booleans()),
    )
    return people, current, rules


@given(companies())
def test_nobody_is_changed_but_by_what_they_are_today(company):
    """Rejected people are not among the employees, so they count as not listed here."""
    people, current, rules = company
    listed = {person.employee_id: person for person in people}
    for change in compare(people, current, rules).changes:
        if change.kind.value == "team":
            continue
        person, user = listed.get(change.employee_id), current.users.get(change.employee_id)
        assert user is None or user.fields["AccessLevel"] != "Account_Owner"
        if change.action is Action.DEACTIVATE:
            absent = person is None and change.employee_id in rules.absent
            out = person is not None and not person.in_scope and rules.leaving_scope_deactivates
            assert absent or out or (person is not None and person.status in {Status.LEFT, Status.LEAVE})
            continue
        assert person is not None, change
        assert person.in_scope, change
        assert person.status is Status.ACTIVE, change
