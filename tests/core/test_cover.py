"""Memberships go into the fewest calls: checked against exhaustive search, and each is in exactly one."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.cover import Cover, Pair, fewest_calls

USERS = 500
TEAMS = 25
SMALL_PLANS = 2000


def calls_of(cover: Cover, users: int = USERS, teams: int = TEAMS) -> int:
    by_team = sum(-(-len(people) // users) for people in cover.by_team.values())
    return by_team + sum(-(-len(joined) // teams) for joined in cover.by_user.values())


def optimum(pairs: Sequence[Pair]) -> int:
    """By trying every way; no call is ever full in so small a plan."""
    least = len(pairs)
    for sides in product((0, 1), repeat=len(pairs)):
        used = {pair[side] if side else (pair[side],) for pair, side in zip(pairs, sides, strict=True)}
        least = min(least, len(used))
    return least


def carried(cover: Cover) -> list[Pair]:
    by_team = [(person, team) for team, people in cover.by_team.items() for person in people]
    return sorted([*by_team, *((person, team) for person, teams in cover.by_user.items() for team in teams)])


def small_plan(dice: random.Random) -> list[Pair]:
    people, teams = dice.randint(1, 6), dice.randint(1, 6)
    every = [(f"E{person}", ("team", str(team))) for person in range(people) for team in range(teams)]
    return dice.sample(every, min(len(every), dice.randint(1, 9)))


def test_two_thousand_small_plans_are_never_above_the_optimum():
    dice = random.Random(20)
    for _ in range(SMALL_PLANS):
        pairs = small_plan(dice)
        cover = fewest_calls(pairs, most_users=USERS, most_teams=TEAMS)
        assert carried(cover) == sorted(pairs)
        assert calls_of(cover) == optimum(pairs), pairs


@given(
    st.sets(st.tuples(st.sampled_from("abcdefgh"), st.tuples(st.sampled_from("stuvwxyz"))), max_size=40),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_each_membership_is_in_exactly_one_call_and_no_side_alone_is_cheaper(pairs, users, teams):
    cover = fewest_calls(pairs, most_users=users, most_teams=teams)
    assert carried(cover) == sorted(pairs)
    by_team = sum(-(-n // users) for n in Counter(team for _, team in pairs).values())
    by_user = sum(-(-n // teams) for n in Counter(person for person, _ in pairs).values())
    assert calls_of(cover, users, teams) <= min(by_team, by_user)


@given(st.permutations([(f"E{n}", (f"T{(n * n) % 5}",)) for n in range(12)]))
def test_the_order_of_the_changes_does_not_matter(pairs):
    expected = fewest_calls(sorted(pairs), most_users=USERS, most_teams=TEAMS)
    assert fewest_calls(pairs, most_users=USERS, most_teams=TEAMS) == expected


@pytest.mark.parametrize(
    ("pairs", "by_team", "by_user"),
    [
        ([], 0, 0),
        ([("E1", ("A",))], 1, 0),
        ([("E1", ("A",)), ("E1", ("B",)), ("E1", ("C",))], 0, 1),
        ([("E1", ("A",)), ("E2", ("A",)), ("E3", ("A",))], 1, 0),
        ([(f"E{n}", (team,)) for n in range(9) for team in "AB"], 2, 0),
        ([("boss", (f"T{n}",)) for n in range(9)] + [(f"E{n}", ("all",)) for n in range(9)], 1, 1),
        ([("E1", (f"T{n}",)) for n in range(26)], 0, 2),
        ([(f"E{n}", ("A",)) for n in range(501)], 2, 0),
        ([(f"E{n}", ("A",)) for n in range(501)] + [("E0", ("B",)), ("E0", ("C",))], 1, 1),
    ],
)
def test_the_side_is_the_cheaper_one(pairs, by_team, by_user):
    cover = fewest_calls(pairs, most_users=USERS, most_teams=TEAMS)
    people = sum(-(-len(some) // USERS) for some in cover.by_team.values())
    teams = sum(-(-len(some) // TEAMS) for some in cover.by_user.values())
    assert (people, teams) == (by_team, by_user)
