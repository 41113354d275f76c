"""What is given and taken again and again: when it is kept as it is, and what waits with it."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.diff import Difference
from syncd.core.flapping import FLAPPING, Damper, Turn, damped, problem
from syncd.core.limits import Flaps
from syncd.core.model import Action, Change, ObjectKind, Role
from tests.core.factories import path_key

NOW = datetime(2026, 11, 27, tzinfo=UTC)
ADD, REMOVE = Action.ADD, Action.REMOVE


def change(key, kind, action, person="E1", **parts):
    return Change(key=key, kind=kind, action=action, employee_id=person, **parts)


def membership(team, action, person="E1"):
    return change(f"membership:{person}@{team}", ObjectKind.MEMBERSHIP, action, person, team=(team,))


def leader(team, action):
    role = {Role.LEADER.title(): action is ADD}
    return change(f"leader:E1@{team}", ObjectKind.ROLE, action, team=(team,), after=role)


def path(name, action):
    return change(f"assignment:E1@{path_key(name)}", ObjectKind.ASSIGNMENT, action, item=path_key(name))


def turned(given, taken):
    turns = [Turn(action=ADD, at=NOW - timedelta(days=n)) for n in range(given)]
    return [*turns, *(Turn(action=REMOVE, at=NOW - timedelta(days=n, hours=1)) for n in range(taken))]


THRICE = Flaps(count=3)


def kept_of(changes, turns, flaps: Flaps | None = THRICE):
    found = damped(Difference(changes=tuple(changes), skips=()), Damper(flaps=flaps, turns=turns))
    assert {skip.code for skip in found.skips} <= {FLAPPING}
    gone = {change.key for change in changes} - {change.key for change in found.changes}
    assert gone == {skip.key for skip in found.skips}
    return sorted(gone)


@pytest.mark.parametrize("action", [ADD, REMOVE])
@pytest.mark.parametrize(
    ("given", "taken", "count", "kept"),
    [
        (0, 0, 1, False),
        (3, 3, 3, True),
        (4, 3, 3, True),
        (3, 4, 3, True),
        (2, 3, 3, False),
        (3, 2, 3, False),
        (9, 0, 1, False),
        (1, 1, 1, True),
    ],
)
def test_the_table(given, taken, count, kept, action):
    one = membership("sales", action)
    assert kept_of([one], {one.key: turned(given, taken)}, Flaps(count=count)) == ([one.key] if kept else [])


def test_nothing_is_damped_where_that_is_off_and_no_account_ever_is():
    one = membership("sales", ADD)
    assert kept_of([one], {one.key: turned(9, 9)}, None) == []
    off = change("active:E1", ObjectKind.USER, Action.DEACTIVATE)
    assert kept_of([off], {off.key: turned(9, 9)}) == []


@pytest.mark.parametrize(
    ("flapping", "others", "waiting"),
    [
        (membership("sales", ADD), [membership("it", REMOVE)], ["membership:E1@it"]),
        (membership("sales", ADD), [path("p1", REMOVE)], [f"assignment:E1@{path_key('p1')}"]),
        (membership("sales", ADD), [membership("it", REMOVE, "E2"), membership("it", ADD)], []),
        (membership("sales", ADD), [leader("sales", ADD), leader("it", ADD)], ["leader:E1@sales"]),
        (membership("sales", REMOVE), [membership("it", ADD), path("p1", REMOVE)], []),
        (path("p2", ADD), [membership("it", REMOVE), leader("it", ADD)], ["membership:E1@it"]),
        (leader("sales", ADD), [change("user:E1", ObjectKind.USER, Action.UPDATE)], []),
    ],
)
def test_what_waits_with_it(flapping, others, waiting):
    found = kept_of([flapping, *others], {flapping.key: turned(3, 3)})
    assert found == sorted([flapping.key, *waiting])


def test_it_is_told_with_its_history():
    one = membership("Sales", REMOVE)
    damper = Damper(flaps=Flaps(count=1), turns={one.key: turned(1, 1)})
    skips = damped(Difference(changes=(one,), skips=()), damper).skips
    assert skips[0].message == (
        'team "Sales" is not taken away: given 1 and taken 1 times lately (taken 2026-11-26 23:00, '
        "given 2026-11-27 00:00 UTC); HR's value alternates, or two rules fight"
    )
    (told,) = problem(skips)
    assert told.startswith("FLAPPING (1): ")
    assert "employee E1: " in told
    assert problem(()) == ()
