"""Limits: what is held, and with which numbers."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.counts import COUNTED, Measure
from syncd.core.limits import EVERY_OTHER, Limit, Limits, Policy, holds, permitted, watched
from syncd.core.model import Action, Change, ItemKey, ItemKind, ObjectKind

P1, P8, P9 = (ItemKey(ItemKind.LEARNING_PATH, one) for one in ("p1", "p8", "p9"))
SALES, SUPPORT = ("sales",), ("support",)
NONE = Limits(deactivations=Limit(), changes=Limit(), removals=Limit(), resets=Limit(), results=Limit())
"""No Limit at all, to which a test adds the one that it is about."""


def user(action, number, *, first=0, **after):
    return [
        Change(
            key=f"{'active' if action is Action.DEACTIVATE else 'user'}:E{i}",
            action=action,
            kind=ObjectKind.USER,
            employee_id=f"E{i}",
            after=after,
        )
        for i in range(first, first + number)
    ]


def member(action, number, *, team=SALES, first=0, **along):
    return [
        Change(
            key=f"membership:E{i}@{team[0]}",
            action=action,
            kind=ObjectKind.MEMBERSHIP,
            employee_id=f"E{i}",
            team=team,
            **along,
        )
        for i in range(first, first + number)
    ]


def path(action, number):
    return [
        Change(
            key=f"assignment:E{i}@p1",
            action=action,
            kind=ObjectKind.ASSIGNMENT,
            employee_id=f"E{i}",
            item=P1,
        )
        for i in range(number)
    ]


def leader(action, number):
    return [
        Change(
            key=f"leader:E{i}@sales",
            action=action,
            kind=ObjectKind.ROLE,
            employee_id=f"E{i}",
            team=SALES,
            after={"Leader": action is Action.ADD},
        )
        for i in range(number)
    ]


def teams(number):
    return [
        Change(key=f"team:t{i}", action=Action.CREATE, kind=ObjectKind.TEAM, team=(f"T{i}",))
        for i in range(number)
    ]


def results(number):
    return [
        Change(
            key=f"result:E{i}@module:m1", action=Action.RECORD, kind=ObjectKind.RESULT, employee_id=f"E{i}"
        )
        for i in range(number)
    ]


def measure(**changed):
    known = {"population": 100, "memberships": 100, "assignments": 100, "teams": 100}
    return Measure(**{**known, **changed})


def codes(found):
    return [hold.code for hold in found]


@pytest.mark.parametrize(
    ("planned", "facts", "expected"),
    [
        ([], {}, []),
        (user(Action.DEACTIVATE, 5), {}, []),
        (user(Action.DEACTIVATE, 6), {}, ["LIMIT-DEACTIVATIONS"]),
        (user(Action.DEACTIVATE, 21), {"population": 10_000}, ["LIMIT-DEACTIVATIONS"]),
        (user(Action.DEACTIVATE, 6), {"population": 19}, []),
        (user(Action.UPDATE, 30), {}, []),
        (user(Action.UPDATE, 31), {}, ["LIMIT-CHANGES"]),
        (user(Action.CREATE, 900), {}, []),
        (member(Action.REMOVE, 40), {}, []),
        (member(Action.REMOVE, 41), {}, ["LIMIT-REMOVALS"]),
        (path(Action.RESET, 20), {}, []),
        (path(Action.RESET, 21), {}, ["LIMIT-RESETS"]),
    ],
)
def test_each_default_limit_at_its_edge(planned, facts, expected):
    assert codes(holds(planned, Limits(), measure(**facts))) == expected


# Every row of the table: so many Changes are ten of what it counts, and what that is a share of.
TEN = {
    "deactivations": (user(Action.DEACTIVATE, 10), "10 deactivations", "100 people"),
    "changes": (user(Action.REACTIVATE, 10), "10 changes", "100 people"),
    "creates": (user(Action.CREATE, 10), "10 creates", "100 people"),
    "updates": (user(Action.UPDATE, 10, City="Oslo"), "10 updates", "100 people"),
    "renames": (user(Action.UPDATE, 10, UserName="x"), "10 renames", "100 people"),
    "fields": (user(Action.UPDATE, 10, Manager="E5"), "10 changes of ManagerId", "100 people"),
    "removals": (
        [*member(Action.REMOVE, 5), *path(Action.REMOVE, 4), *leader(Action.REMOVE, 1)],
        "10 removals",
        "200 memberships and assignments",
    ),
    "memberships_removed": (member(Action.REMOVE, 10), "10 memberships removed", "100 memberships"),
    "memberships_added": (member(Action.ADD, 10), "10 memberships added", "100 memberships"),
    "assignments_removed": (
        [*path(Action.REMOVE, 8), *member(Action.REMOVE, 1, takes=(P8, P9))],
        "10 assignments removed",
        "100 assignments",
    ),
    "assignments_added": (
        [*path(Action.ADD, 8), *member(Action.ADD, 1, gives=(P8, P9))],
        "10 assignments added",
        "100 assignments",
    ),
    "resets": (path(Action.RESET, 10), "10 completions reset", "100 assignments"),
    "results": (results(10), "10 results recorded", "100 assignments"),
    "team_creates": (teams(10), "10 teams created", "100 teams"),
    "team_removals": (
        [*member(Action.REMOVE, 6), *user(Action.DEACTIVATE, 4, first=6)],
        '10 members lost by team "sales"',
        "100 members",
    ),
}
FACTS = measure(
    team_sizes={SALES: 100, SUPPORT: 100}, teams_of={f"E{i}": frozenset({SALES}) for i in range(10)}
)


def limited(name, limit):
    value: Any = {EVERY_OTHER: limit} if name == "fields" else limit
    return replace(NONE, **{name: value})


def test_the_table_is_whole():
    assert {row.name for row in COUNTED} == set(TEN)


@pytest.mark.parametrize("name", TEN)
def test_every_row_of_the_table_by_count(name):
    planned, amount, _of = TEN[name]
    key = "fields.*" if name == "fields" else name
    assert holds(planned, limited(name, Limit(count=10)), FACTS) == ()
    [hold] = holds(planned, limited(name, Limit(count=9)), FACTS)
    assert hold.code == f"LIMIT-{name.upper().replace('_', '-')}"
    assert hold.message == f"{amount} are more than push.limits.{key}.count = 9"
    assert set(hold.keys or ()) == {change.key for change in planned}


@pytest.mark.parametrize("name", TEN)
def test_every_row_of_the_table_by_percent(name):
    planned, amount, of = TEN[name]
    base = int(of.split()[0])
    share = 1000 / base
    assert holds(planned, limited(name, Limit(percent=share)), FACTS) == ()
    assert holds(planned, limited(name, Limit(percent=share / 2, minimum=base + 1)), FACTS) == ()
    [hold] = holds(planned, limited(name, Limit(percent=share / 2)), FACTS)
    assert hold.message.startswith(f"{amount} are {share:.1f} % of {of}, more than push.limits.")
    assert hold.message.endswith(f".percent = {share / 2:g}")


@pytest.mark.parametrize("name", TEN)
def test_nothing_else_counts(name):
    """A row counts its own kinds of Changes only, and only those are asked for of what was done lately."""
    row = next(row for row in COUNTED if row.name == name)
    every = [change for planned, _amount, _of in TEN.values() for change in planned]
    others = [change for change in every if (change.kind, change.action) not in row.kinds]
    assert others
    assert holds(others, limited(name, Limit(count=0)), FACTS) == ()
    assert watched(limited(name, Limit(count=0))) == row.kinds
    assert watched(NONE) == frozenset()


def test_a_field_has_its_own_limit_and_the_others_share_one():
    limits = replace(
        NONE, fields={"Email": Limit(percent=20), EVERY_OTHER: Limit(percent=60), "City": Limit()}
    )
    planned = [
        *user(Action.UPDATE, 21, Email="x", City="y"),
        *user(Action.UPDATE, 60, first=21, City="y", Title="z"),
    ]
    [hold] = holds(planned, limits, measure())
    assert hold.message == (
        "21 changes of Email are 21.0 % of 100 people, more than push.limits.fields.Email.percent = 20"
    )
    assert set(hold.keys or ()) == {change.key for change in planned[:21]}
    [hold] = holds([*planned[21:], *user(Action.UPDATE, 1, Title="z")], limits, measure())
    assert hold.message == (
        "61 changes of Title are 61.0 % of 100 people, more than push.limits.fields.*.percent = 60"
    )


def test_each_team_is_counted_by_itself_and_the_message_stays_short():
    limits = replace(NONE, team_removals=Limit(percent=30, minimum=10))
    sizes = {SALES: 20, SUPPORT: 9, ("it",): 10}
    planned = [*member(Action.REMOVE, 7), *member(Action.REMOVE, 9, team=SUPPORT)]
    planned += member(Action.REMOVE, 3, team=("it",))
    [hold] = holds(planned, limits, measure(team_sizes=sizes))
    assert hold.message == (
        '7 members lost by team "sales" are 35.0 % of 20 members, more than push.limits.team_removals.percent = 30'
    )
    assert set(hold.keys or ()) == {change.key for change in planned[:7]}
    many = [change for i in range(9) for change in member(Action.REMOVE, 9, team=(f"t{i}",))]
    [hold] = holds(many, limits, measure(team_sizes={(f"t{i}",): 10 for i in range(9)}))
    assert hold.message.count("members lost") == 5
    assert hold.message.endswith("; and 4 more such")
    assert len(hold.keys or ()) == 81


def test_what_goes_along_with_a_team_counts_once():
    leave = [
        *member(Action.REMOVE, 7, takes=(P1, P8)),
        *member(Action.REMOVE, 7, team=SUPPORT, takes=(P1,)),
    ]
    [hold] = holds(leave, replace(NONE, removals=Limit(count=0)), measure())
    assert "28 removals" in hold.message


def test_all_exceeded_limits_are_told_at_once_with_numbers():
    found = holds(user(Action.DEACTIVATE, 50), Limits(), measure())
    assert codes(found) == ["LIMIT-DEACTIVATIONS", "LIMIT-CHANGES"]
    assert found[0].message == "50 deactivations are more than push.limits.deactivations.count = 20"


def test_what_was_done_lately_counts_too():
    limits = replace(NONE, deactivations=Limit(count=100))
    lately = user(Action.DEACTIVATE, 95, first=12)
    [hold] = holds(user(Action.DEACTIVATE, 12), limits, measure(), lately)
    assert hold.message == (
        "12 deactivations now and 95 in the last 24 h are more than push.limits.deactivations.count = 100"
    )
    assert set(hold.keys or ()) == {f"active:E{i}" for i in range(12)}
    assert holds(user(Action.DEACTIVATE, 5), limits, measure(), lately) == ()
    assert holds([], limits, measure(), lately * 2) == ()


def test_the_same_thing_now_and_lately_counts_once():
    limits = replace(NONE, deactivations=Limit(count=10))
    assert holds(user(Action.DEACTIVATE, 10), limits, measure(), user(Action.DEACTIVATE, 10)) == ()


def test_a_share_of_what_was_there_before_it_was_lost():
    """90 are active now, and 10 lost access today: two more are 12 of 100, and 12 % are allowed."""
    lately = user(Action.DEACTIVATE, 10, first=2)
    limits = replace(NONE, deactivations=Limit(percent=12))
    assert holds(user(Action.DEACTIVATE, 2), limits, measure(population=90), lately) == ()
    [hold] = holds(user(Action.DEACTIVATE, 2), limits, measure(population=89), lately)
    assert "2 deactivations now and 10 in the last 24 h are 12.1 % of 99 people" in hold.message


SOME = st.lists(
    st.tuples(
        st.sampled_from(["update", "deactivate", "create", "remove"]),
        st.integers(0, 9),
        st.sampled_from(["Email", "City"]),
        st.sampled_from([SALES, SUPPORT]),
    ),
    max_size=14,
)
LIMIT = st.builds(
    Limit,
    count=st.none() | st.integers(0, 6),
    percent=st.none() | st.sampled_from([0.0, 10.0, 25.0, 50.0]),
    minimum=st.none() | st.integers(0, 6),
)


def made(rows):
    """Changes of which several may touch the same person."""
    found = []
    for place, (what, number, name, team) in enumerate(rows):
        kind = ObjectKind.MEMBERSHIP if what == "remove" else ObjectKind.USER
        found.append(
            Change(
                key=str(place),
                action=Action(what),
                kind=kind,
                employee_id=f"E{number}",
                team=team if what == "remove" else (),
                after={name: "x"} if what == "update" else {},
            )
        )
    return found


@given(SOME, SOME, LIMIT, LIMIT, LIMIT, LIMIT)
def test_against_a_naive_count(now, lately, deactivations, email, others, of_team):
    """Deactivations, fields and teams, counted with sets of names and nothing else."""
    limits = replace(
        NONE,
        deactivations=deactivations,
        fields={"Email": email, EVERY_OTHER: others},
        team_removals=of_team,
        minimum_population=3,
    )
    facts = replace(FACTS, population=8, team_sizes={SALES: 6, SUPPORT: 4})

    def too_many(limit, base, wanted, *, loses):
        mine, earlier = {wanted(row) for row in now} - {None}, {wanted(row) for row in lately} - {None}
        both = len(mine | earlier)
        base += len(earlier - mine) if loses else 0
        least = 3 if limit.minimum is None else limit.minimum
        by_count = limit.count is not None and both > limit.count
        by_share = limit.percent is not None and base >= least and both > base * limit.percent / 100
        return bool(mine) and (by_count or by_share)

    expected = set()
    if too_many(deactivations, 8, lambda row: row[1] if row[0] == "deactivate" else None, loses=True):
        expected.add("LIMIT-DEACTIVATIONS")
    for name, limit in (("Email", email), ("City", others)):
        if too_many(
            limit, 8, lambda row, n=name: row[1] if row[0] == "update" and row[2] == n else None, loses=False
        ):
            expected.add("LIMIT-FIELDS")
    for team, base in ((SALES, 6), (SUPPORT, 4)):

        def lost(row, team=team):
            leaves = row[0] == "remove" and row[3] == team
            return row[1] if leaves or (row[0] == "deactivate" and team == SALES) else None

        if too_many(of_team, base, lost, loses=True):
            expected.add("LIMIT-TEAM-REMOVALS")
    assert set(codes(holds(made(now), limits, facts, made(lately)))) == expected


@given(SOME, SOME, SOME, LIMIT, LIMIT)
def test_more_never_releases_a_hold(some, more, lately, everything, of_team):
    """Monotone: with more Changes, planned or done lately, no Limit that was exceeded is kept."""
    limits = replace(
        NONE,
        **{name: everything for name in TEN if name not in {"fields", "team_removals"}},
        fields={EVERY_OTHER: everything},
        team_removals=of_team,
    )
    facts = replace(FACTS, population=8, memberships=9, team_sizes={SALES: 6, SUPPORT: 4})
    less = holds(made(some), limits, facts, made(lately))
    with_more = holds(made(some + more), limits, facts, made(lately))
    assert set(codes(less)) <= set(codes(with_more))
    longer = holds(made(some), limits, facts, made(lately + more))
    assert set(codes(less)) <= set(codes(longer))


@pytest.mark.parametrize(
    ("policy", "actions"),
    [
        (Policy.OBSERVE, set(Action)),
        (Policy.CREATE_ONLY, {Action.CREATE, Action.ADD}),
        (
            Policy.UPSERT_ONLY,
            {Action.CREATE, Action.ADD, Action.UPDATE, Action.REACTIVATE, Action.RECORD},
        ),
        (Policy.SYNC, set(Action)),
    ],
)
def test_policies(policy, actions):
    every = [
        Change(key=action, action=action, kind=ObjectKind.USER, employee_id=f"E{number}")
        for number, action in enumerate(Action)
    ]
    assert {change.action for change in permitted(every, policy)} == actions


@pytest.mark.parametrize("policy", Policy)
def test_who_may_not_be_reactivated_is_given_nothing(policy):
    back = Change(key="user:E1", action=Action.REACTIVATE, kind=ObjectKind.USER, employee_id="E1")
    joins = [
        Change(key=f"membership:{one}", action=Action.ADD, kind=ObjectKind.MEMBERSHIP, employee_id=one)
        for one in ("E1", "E2")
    ]
    found = {change.key for change in permitted([*joins, back], policy)}
    assert found == {"membership:E2"} | (
        set() if policy is Policy.CREATE_ONLY else {"user:E1", "membership:E1"}
    )
