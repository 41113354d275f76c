"""Of which teams and items a refresh reads the people: what rules name and what syncd gave, and nothing else."""

import pytest

from syncd.core.interest import Interest
from syncd.core.managed import Managed
from syncd.core.model import ItemKind
from tests.core.factories import course, course_key, course_name, learning_path, path_key, path_name

LISTED = (learning_path("p1", "Safety"), learning_path("p2", "Other"), course("c1", " safety "))


@pytest.mark.parametrize(
    ("interest", "items"),
    [
        (Interest(), set()),
        (Interest(item_names=frozenset({path_name("SAFETY ")})), {path_key("p1")}),
        (Interest(item_names=frozenset({course_name("Safety")})), {course_key("c1")}),
        (Interest(item_names=frozenset({path_name("p2")})), {path_key("p2")}),
        (Interest(item_names=frozenset({course_name("p2")})), set()),
        (Interest(granted_items=frozenset({path_key("p2"), path_key("gone")})), {path_key("p2")}),
        (Interest(granted_items=frozenset({course_key("p2")})), set()),
    ],
)
def test_items(interest, items):
    assert interest.items(LISTED) == items


@pytest.mark.parametrize(
    ("interest", "kinds"),
    [
        (Interest(), {ItemKind.LEARNING_PATH}),
        (Interest(item_names=frozenset({course_name("Fire")})), set(ItemKind)),
        (Interest(granted_items=frozenset({course_key("c1")})), set(ItemKind)),
    ],
)
def test_kinds(interest, kinds):
    assert interest.kinds == kinds


def test_teams_that_are_named_or_in_which_syncd_gave_a_membership():
    names = {"t1": ("Sales",), "t2": ("Sales", "EMEA"), "t3": ("Sales/EMEA",), "t4": ("IT",)}
    interest = Interest(
        managed=Managed(teams=frozenset({("sales",)})), granted_teams=frozenset({"sales/emea"})
    )
    assert interest.team_ids(names) == {"t1", "t2"}
