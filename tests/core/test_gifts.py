"""What rules give to teams, as tables: given, taken, whom that reaches, and what was begun."""

import pytest

from syncd.core.compile import compile_requests
from syncd.core.counts import Measure
from syncd.core.desired import Desired, desired_state
from syncd.core.gifts import Gift, Reach, compare_gifts
from syncd.core.limits import Limit, Limits, holds
from syncd.core.model import Action, Change, ItemKey, ObjectKind, State, Team, TeamKey
from syncd.core.recommend import recommended
from syncd.core.request import Pace, RequestKind
from tests.core.factories import course_key, employee, learning_path, path_key, user_of

SALES, IT = ("commercial", "sales"), ("it",)
NAMES = {SALES: ("Commercial", "Sales"), IT: ("IT",)}


@pytest.mark.parametrize("item", [path_key("p1"), course_key("c1")])
@pytest.mark.parametrize("library", [False, True])
@pytest.mark.parametrize("takeable", [False, True])
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("has", [False, True])
@pytest.mark.parametrize("wanted", [False, True])
def test_what_a_team_is_given_and_what_is_taken_from_it(item, library, takeable, begun, given, has, wanted):
    """The oracle says it in other words than the table."""
    shelf: dict[TeamKey, frozenset[ItemKey]] = {SALES: frozenset({item})} if has else {}
    reach = Reach(
        teams=NAMES,
        items={} if library else shelf,
        library=shelf if library else {},
        members={SALES: frozenset({"u1", "u2"})},
        learners={item: {"u1": begun} if has and not library else {}},
        given=frozenset({(SALES, item)} if given else ()),
    )
    gifts = [Gift(team=NAMES[SALES], item=item, rule="courses[0]", library=library)] if wanted else []
    changes, kept = compare_gifts(gifts, reach, takeable=frozenset({item} if takeable else ()))
    told = [(change.action, change.people, change.irreversible) for change in changes]
    somebody_loses = has and not library
    if wanted and not has:
        assert told == [(Action.ADD, 0 if library else 2, False)]
    elif has and given and not wanted and not (somebody_loses and begun and not takeable):
        assert told == [(Action.REMOVE, 1 if somebody_loses else 0, somebody_loses and begun)]
    else:
        assert told == []
    stays = has and given and not wanted and somebody_loses and begun and not takeable
    assert [one.code for one in kept] == (["ITEM-STARTED"] if stays else [])


@pytest.mark.parametrize(
    ("others", "direct", "loses"),
    [
        ({}, set(), {"u1", "u2"}),
        ({IT: {"u1"}}, set(), {"u2"}),
        ({}, {"u2"}, {"u1"}),
        ({IT: {"u1"}}, {"u2"}, set()),
    ],
)
def test_who_has_it_otherwise_loses_nothing(others, direct, loses):
    item = path_key("p1")
    reach = Reach(
        teams=NAMES,
        items={SALES: frozenset({item}), **{team: frozenset({item}) for team in others}},
        members={SALES: frozenset({"u1", "u2", "u3"}), **{t: frozenset(p) for t, p in others.items()}},
        learners={item: {"u1": False, "u2": False}},
        direct=frozenset((user, item) for user in direct),
    )
    assert reach.losers(SALES, item) == loses
    assert reach.gainers(SALES, item) == {"u3"}


@pytest.mark.parametrize(("coming", "code"), [((), ["TEAM-UNKNOWN"]), ((SALES,), [])])
def test_a_team_must_be_there_or_come_with_the_plan(coming, code):
    gift = Gift(team=NAMES[SALES], item=path_key("p1"), rule="learning_paths[0]")
    changes, kept = compare_gifts([gift], Reach(), coming=coming)
    assert [one.code for one in kept] == code
    assert len(changes) == len(coming)


def gift_change(
    item: ItemKey, *, library: bool = False, people: int = 0, action: Action = Action.ADD
) -> Change:
    return Change(
        key=f"team_assignment:commercial/sales@{item}",
        action=action,
        kind=ObjectKind.TEAM_ASSIGNMENT,
        team=NAMES[SALES],
        item=item,
        after={"Assigned": True, "Library": True} if library else {"Assigned": True},
        people=people,
        rule="courses[0]",
    )


def test_a_team_is_given_all_of_a_kind_in_one_request_and_waits_for_its_creation():
    create = Change(key="team:x", action=Action.CREATE, kind=ObjectKind.TEAM, team=NAMES[SALES])
    changes = [
        create,
        gift_change(path_key("p1")),
        gift_change(path_key("p2")),
        gift_change(course_key("c1")),
        gift_change(course_key("c2"), library=True),
        gift_change(course_key("c9"), action=Action.REMOVE),
    ]
    requests = compile_requests(changes, Pace(users=9, per_minute=100))
    given = [r for r in requests if r.kind is RequestKind.GIVE_TEAM]
    assert [(r.payload["kind"], r.payload["library"], r.payload["items"]) for r in given] == [
        ("course", False, ["c1"]),
        ("course", True, ["c2"]),
        ("learning_path", False, ["p1", "p2"]),
    ]
    assert {r.after for r in given} == {("create-team:commercial/sales",)}
    assert [r.payload["item"] for r in requests if r.kind is RequestKind.TAKE_FROM_TEAM] == ["course:c9"]


@pytest.mark.parametrize(("people", "held"), [(3, True), (2, False), (0, False)])
@pytest.mark.parametrize("action", [Action.ADD, Action.REMOVE])
def test_whom_it_reaches_counts_one_by_one(action, people, held):
    change = gift_change(path_key("p1"), people=people, action=action)
    limits = Limits(removals=Limit(count=2), assignments_added=Limit(count=2))
    assert bool(holds([change], limits, Measure(population=9, memberships=9, assignments=9))) is held


def team_of(number: int, *more: str) -> tuple[Desired, State]:
    """So many people whom a rule puts into Sales and gives a path, one by one; ``more`` are in the team as well."""
    people = [employee(f"E{n}", teams=(("Sales",),), paths=("p1",)) for n in range(number)]
    desired = desired_state(people, (learning_path("p1", "Safety"),))
    current = State(
        users={person.employee_id: user_of(person, person.employee_id) for person in people},
        teams={("sales",): Team(id="t1", names=("Sales",))},
        memberships={
            **{p.employee_id: frozenset({("sales",)}) for p in people},
            **{m: frozenset({("sales",)}) for m in more},
        },
    )
    return desired, current


@pytest.mark.parametrize(
    ("number", "more", "said"), [(5, (), True), (5, ("E9",), False), (2, (), False), (5, ("E1",), True)]
)
def test_a_team_is_recommended_where_its_members_are_just_those_who_are_given(number, more, said):
    desired, current = team_of(number, *more)
    adds = [
        Change(
            key=f"a{n}",
            action=Action.ADD,
            kind=ObjectKind.ASSIGNMENT,
            item=path_key("p1"),
            rule="learning_paths[0]",
        )
        for n in range(number)
    ]
    found = recommended(desired, current, adds)
    assert [text for text in found if 'team "Sales"' in text and f"{number - 1} requests fewer" in text] == (
        list(found) if said else []
    )
    assert len(found) == said


@pytest.mark.parametrize(
    ("has", "begun", "adds", "irreversible", "stands"),
    [
        (False, False, True, False, True),
        (True, False, True, False, False),
        (False, False, False, False, False),
        (True, False, False, False, True),
        (True, True, False, False, False),
        (True, True, False, True, True),
    ],
)
def test_what_was_approved_is_judged_again_by_what_the_team_has_and_who_began_it(
    has, begun, adds, irreversible, stands
):
    item = path_key("p1")
    reach = Reach(
        teams=NAMES,
        items={SALES: frozenset({item})} if has else {},
        members={SALES: frozenset({"u1"})},
        learners={item: {"u1": begun}},
    )
    assert reach.stands(SALES, item, adds=adds, irreversible=irreversible) is stands
