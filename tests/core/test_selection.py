"""The part of all Changes that is about some people: theirs, the teams that they need, and nothing of anybody else."""

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.diff import Difference
from syncd.core.model import Action, Change, ObjectKind, Skip
from syncd.core.selection import EVERYTHING, Part, of_people

PEOPLE = st.sampled_from(["E1", "E2", "E3"])
TEAMS = st.sampled_from([("Sales",), ("EMEA",), ("EMEA", "Sales"), ("EMEA", "Sales", "North")])


def create(*names: str) -> Change:
    return Change(key=f"team:{'/'.join(names)}", action=Action.CREATE, kind=ObjectKind.TEAM, team=names)


def member(person: str, action: Action, names: tuple[str, ...]) -> Change:
    key = f"membership:{person}@{'/'.join(names)}"
    return Change(key=key, action=action, kind=ObjectKind.MEMBERSHIP, employee_id=person, team=names)


def update(person: str) -> Change:
    return Change(
        key=f"user:{person}",
        action=Action.UPDATE,
        kind=ObjectKind.USER,
        employee_id=person,
        after={"City": "Oslo"},
    )


CHANGES = st.lists(
    st.one_of(
        st.builds(update, PEOPLE),
        st.builds(member, PEOPLE, st.sampled_from([Action.ADD, Action.REMOVE]), TEAMS),
        st.builds(lambda names: create(*names), TEAMS),
    ),
    unique_by=lambda change: change.key,
    max_size=12,
).map(tuple)


@given(changes=CHANGES, people=st.frozensets(PEOPLE))
def test_theirs_and_the_teams_they_join_and_no_others(changes, people):
    """The oracle says it the other way round: why each Change is in, or out."""
    chosen = of_people(changes, people)
    assert chosen == tuple(change for change in changes if change in chosen), "in the same order"
    for change in changes:
        if change.kind is not ObjectKind.TEAM:
            assert (change in chosen) is (change.employee_id in people)
            continue
        needed = [
            one
            for one in changes
            if one.employee_id in people
            and one.kind is ObjectKind.MEMBERSHIP
            and one.action is Action.ADD
            and one.team[: len(change.team)] == change.team
        ]
        assert (change in chosen) is bool(needed)


def test_a_team_is_the_same_whatever_its_case():
    found = of_people(
        [create("emea"), create("EMEA", "sales"), member("E1", Action.ADD, ("EMEA", "Sales"))], {"E1"}
    )
    assert len(found) == 3


def test_a_part_leaves_out_others_skips_and_says_what_it_is():
    skips = tuple(
        Skip(employee_id=person, code="PROTECTED", message="is protected") for person in ("E1", "E2")
    )
    difference = Difference(changes=(update("E1"), update("E2")), skips=skips)
    part = Part(people=frozenset({"E2"}))
    assert part.of(difference) == Difference(changes=(update("E2"),), skips=skips[1:])
    assert part.about == {"only": ["E2"]}
    assert not part.is_whole
    assert EVERYTHING.of(difference) == difference
    assert EVERYTHING.is_whole
    assert EVERYTHING.about == {}


def test_the_very_changes_of_a_saved_plan_take_the_place_of_what_differs():
    difference = Difference(changes=(update("E1"),), skips=())
    assert Part(changes=(update("E2"),)).of(difference).changes == (update("E2"),)
    assert Part(changes=()).of(difference).changes == ()
    assert Part(reverts=7).about == {"reverts": 7}
    assert not Part(reverts=7).is_whole
