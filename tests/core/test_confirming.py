"""Confirming: which number is typed before an approval, and what becomes of the input."""

import pytest

from syncd.core.confirming import Confirmation, Of, Read, becomes, confirmation, is_doubted
from syncd.core.counts import COUNTED
from syncd.core.doubts import DOUBTS
from syncd.core.model import Action, Change, ObjectKind


def user(action, person="E1"):
    return Change(key=f"{action}:{person}", action=action, kind=ObjectKind.USER, employee_id=person)


def member(action, person="E1"):
    return Change(
        key=f"m:{person}", action=action, kind=ObjectKind.MEMBERSHIP, employee_id=person, team=("Sales",)
    )


LEAVES, LEAVES_TOO, UPDATED = (
    user(Action.DEACTIVATE),
    user(Action.DEACTIVATE, "E2"),
    user(Action.UPDATE, "E3"),
)
BACK, NEW, JOINS = user(Action.REACTIVATE, "E5"), user(Action.CREATE, "E4"), member(Action.ADD, "E3")


def people(number):
    return Confirmation(number=number, of=Of.PEOPLE)


def changes(number):
    return Confirmation(number=number, of=Of.CHANGES)


@pytest.mark.parametrize(
    ("held_by", "going", "typed"),
    [
        (["LIMIT-DEACTIVATIONS"], [LEAVES, LEAVES_TOO, UPDATED], people(2)),
        (["LIMIT-DEACTIVATIONS"], [UPDATED, JOINS], None),
        (["LIMIT-DEACTIVATIONS", "LIMIT-CHANGES"], [LEAVES, UPDATED], people(1)),
        (["LIMIT-DEACTIVATIONS", "LIMIT-CHANGES"], [UPDATED, JOINS], changes(2)),
        (["LIMIT-DEACTIVATIONS", "LIMIT-SHRINK"], [LEAVES, UPDATED], people(1)),
        (["LIMIT-DEACTIVATIONS", "LIMIT-SHRINK"], [UPDATED], changes(1)),
        (["LIMIT-CHANGES"], [UPDATED, JOINS, NEW], changes(3)),
        (["LIMIT-CHANGES"], [BACK], changes(1)),
        (["LIMIT-CHANGES"], [LEAVES], changes(1)),
        (["LIMIT-CHANGES"], [NEW, JOINS], None),
        *(([code], [NEW, JOINS], changes(2)) for code in sorted(DOUBTS)),
        (["LIMIT-SHRINK"], [], changes(0)),
        (["LIMIT-CREATES"], [NEW, JOINS], None),
        (["LIMIT-UPDATES", "LIMIT-REMOVALS"], [UPDATED, member(Action.REMOVE)], None),
        ([], [UPDATED], None),
    ],
)
def test_what_is_typed_by_what_holds_and_what_goes(held_by, going, typed):
    assert confirmation(held_by, going) == typed


def test_a_limit_on_effects_is_no_doubt_about_the_input():
    effects = {f"LIMIT-{row.name.upper().replace('_', '-')}" for row in COUNTED}
    assert DOUBTS.isdisjoint(effects)
    assert not is_doubted(effects)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (people(1), "1 person would lose access"),
        (people(22), "22 people would lose access"),
        (changes(1), "1 change would be sent"),
        (changes(0), "0 changes would be sent"),
    ],
)
def test_what_would_happen_is_told_with_the_number(asked, told):
    assert asked.told == told


HR, BADGES = (
    Read(source="hr", rows=63, accepted_rows=126),
    Read(source="badges", rows=1, accepted_rows=None),
)


@pytest.mark.parametrize(
    ("read", "told"),
    [
        ([], ""),
        (
            [HR],
            "Once all of it is approved, the input of 63 rows (the last accepted one has 126) becomes what the next one is compared with.",
        ),
        (
            [HR, BADGES],
            (
                "Once all of it is approved, the input of 63 rows of hr (the last accepted one has 126) and the input of 1 row of "
                "badges become what the next ones are compared with."
            ),
        ),
    ],
)
def test_what_becomes_of_a_doubted_input(read, told):
    assert becomes(read) == told
