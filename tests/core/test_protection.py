"""What was planned a while ago, and may not be made any more."""

from itertools import product

import pytest

from syncd.core.cases import Resolution, Verdict
from syncd.core.model import Action, Change, ObjectKind, State, User
from syncd.core.protection import Protection, barred, refused

OWNERS = Protection(levels=frozenset({"Account_Owner"}))
CHANGE = Change(
    key="active:E1", action=Action.DEACTIVATE, kind=ObjectKind.USER, employee_id="E1", user_id="u1"
)
MADE = Change(key="user:E1", action=Action.CREATE, kind=ObjectKind.USER, employee_id="E1")
IGNORE = Resolution(verdict=Verdict.IGNORE)
OTHER, SAME = (Resolution(verdict=Verdict.LINK, user_id=user_id) for user_id in ("u2", "u1"))
REFUSED = Resolution(verdict=Verdict.CREATE, refused=frozenset({"u1"}))
NOT_U2 = Resolution(verdict=Verdict.CREATE, refused=frozenset({"u2"}))


def told(change, *, decided=None, linked="u1", level="Learner"):
    users = {} if linked is None else {"E1": User(id=linked, active=True, fields={"AccessLevel": level})}
    links = {} if linked is None else {"E1": linked}
    resolutions = {} if decided is None else {"E1": decided}
    skip = barred(change, State(users=users), OWNERS, resolutions=resolutions, links=links)
    assert skip is None or (skip.employee_id, skip.key) == ("E1", change.key)
    return None if skip is None else skip.code


@pytest.mark.parametrize(
    ("decided", "linked", "level"),
    list(
        product(
            [None, IGNORE, OTHER, SAME, REFUSED, NOT_U2], ["u1", "u2", None], ["Learner", "Account_Owner"]
        )
    ),
)
def test_the_first_bar_of_a_change_of_a_user(decided, linked, level):
    expected: str | None
    if decided is IGNORE:
        expected = "IGNORED"
    elif decided in (OTHER, REFUSED) or linked != "u1":
        expected = "RELINKED"
    else:
        expected = "PROTECTED" if level == "Account_Owner" else None
    assert told(CHANGE, decided=decided, linked=linked, level=level) == expected


@pytest.mark.parametrize(
    ("decided", "linked", "level", "expected"),
    [
        (None, None, "", None),
        (NOT_U2, None, "", None),
        (IGNORE, None, "", "IGNORED"),
        (OTHER, None, "", "RELINKED"),
        (None, "u1", "Learner", None),
        (None, "u1", "Account_Owner", "PROTECTED"),
    ],
)
def test_somebody_who_was_to_be_created(decided, linked, level, expected):
    assert told(MADE, decided=decided, linked=linked, level=level) == expected


def test_a_team_is_never_barred():
    team = Change(key="team:sales", action=Action.CREATE, kind=ObjectKind.TEAM, team=("Sales",))
    assert told(team, decided=IGNORE, level="Account_Owner") is None


def test_a_job_for_many_people_leaves_out_the_protected_ones_alone():
    people = {
        key: User(id=key, active=True, fields={"AccessLevel": level})
        for key, level in (("u1", "Learner"), ("u2", "Account_Owner"))
    }
    assert refused(people, OWNERS) == {
        "u2": "the Litmos user is protected (access level Account_Owner); nothing was changed"
    }
    assert refused(people, Protection()) == {}
