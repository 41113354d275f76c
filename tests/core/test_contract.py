"""Contract: what an answer to a probe means, and who may be probed, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.core import contract
from syncd.core.contract import MEANINGS, Question
from syncd.core.model import User
from tests.core.factories import employee, user
from tests.flows.rig import MAPPING

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SENT = "syncd's probe & test"


@pytest.mark.parametrize(("after", "meaning"), [("text", "merge"), ("", "replace"), ("other", "")])
def test_what_a_put_makes_of_what_it_leaves_out(after, meaning):
    assert contract.put_absent("text", after) == meaning


@pytest.mark.parametrize(
    ("shown", "meaning"),
    [
        (SENT, "plain"),
        ("syncd&#39;s probe &amp; test", "escaped"),
        ("syncd's probe &amp; test", "escaped"),
        ("syncds probe  test", ""),
        ("", ""),
    ],
)
def test_how_texts_come_back(shown, meaning):
    assert contract.entities(SENT, shown) == meaning


@pytest.mark.parametrize(
    ("minutes", "offset", "meaning"),
    [
        (0, -300, "utc"),
        (1, None, "utc"),
        (0, 0, "utc"),
        (300, -300, "shifted"),
        (-300, -300, "shifted"),
        (601, 600, "shifted"),
        (60, -300, ""),
        (300, None, ""),
        (300, 0, ""),
    ],
)
def test_what_a_date_means(minutes, offset, meaning):
    shown = NOON + timedelta(minutes=minutes)
    assert contract.dates(NOON, shown, None if offset is None else timedelta(minutes=offset)) == meaning


def test_every_question_is_explained():
    assert set(MEANINGS) == set(Question)


NOBODY = user("u1", UserName="probe@example.com", AccessLevel="Learner")


@pytest.mark.parametrize(
    ("patient", "people", "linked", "protected", "words"),
    [
        (NOBODY, [], False, False, None),
        (NOBODY, [employee("E1")], False, False, None),
        (user("u1", UserName="probe@example.com", AccessLevel="Account_Owner"), [], False, False, "Account_Owner"),
        (user("u1", UserName="probe@example.com", AccessLevel="Team_Leader"), [], False, False, "Team_Leader"),
        (user("u1", UserName="probe@example.com"), [], False, False, "unknown"),
        (NOBODY, [], True, False, "linked"),
        (NOBODY, [], False, True, "protected"),
        (user("u1", active=False, AccessLevel="Learner"), [], False, False, "inactive"),
        (user("u1", AccessLevel="Learner", ExternalEmployeeId="E1"), [], False, False, "ExternalEmployeeId"),
        (NOBODY, [employee("E1", UserName="Probe@Example.com")], False, False, "HR's data"),
        (NOBODY, [employee("E1", in_scope=False, UserName="probe@example.com")], False, False, "HR's data"),
        (user("u1", UserName="x", AccessLevel="Learner", Email="a@b.example"), [employee("E1", Email="a@b.example")],
         False, False, "HR's data"),
    ],
)  # fmt: skip
def test_who_is_disposable(patient: User, people, linked, protected, words):
    found = contract.objections(patient, MAPPING, people, linked=linked, protected=protected)
    assert len(found) == (words is not None)
    assert words is None or words in found[0]
