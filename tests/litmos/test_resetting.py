"""A reset: what is read before it, what is sent, and how a lost answer is settled."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.operation import Learner, ResetCourse
from syncd.core.recertify import Result
from syncd.errors import Permanent, Transient
from syncd.litmos.resetting import ALREADY_SO, RENEWED
from syncd.litmos.target import Target
from syncd.litmos.wire import date_out
from tests.core.factories import course_key
from tests.litmos.fakes import client
from tests.litmos.server import reply
from tests.litmos.test_target import NOT_FOUND, WATCH, Litmos

TODAY = datetime(2026, 11, 27, 12, tzinfo=UTC)
READ, RESET = "GET /users/U1/courses/C1", "PUT /users/U1/courses/C1/reset"
UNTIL, DONE = TODAY + timedelta(days=29), TODAY - timedelta(days=336)
PLANNED = Result(completed=True, percent=100.0, compliant_until=UNTIL)
WANTED = ResetCourse(user_id="U1", item=course_key("C1"), planned=PLANNED, due=TODAY - timedelta(days=1))
EMPTY = Learner(user_id="U1", completed=False, percent=0.0)


def standing(**changed):
    """A course as a user has it."""
    return {
        "Id": "C1",
        "Complete": True,
        "PercentageComplete": 100.0,
        "CompletedDate": date_out(DONE),
        "CompliantTill": date_out(UNTIL),
        **changed,
    }


NOT_COMPLETED = standing(Complete=False, PercentageComplete=40.0, CompletedDate=None, CompliantTill=None)
RENEWALS = [
    standing(PercentageComplete=40.0),
    standing(CompliantTill=date_out(UNTIL + timedelta(days=365))),
    standing(CompliantTill=None),
    standing(CompliantTill="some day"),
    standing(CompletedDate=date_out(TODAY)),
]


@pytest.fixture
def litmos():
    with Litmos() as server:
        yield server


@pytest.fixture
def target(litmos):
    return Target(client(litmos.url))


def test_the_completion_that_was_planned_is_reset(litmos, target):
    litmos.known.update({READ: standing(), RESET: reply("")})
    effects = target.apply(WANTED, watch=WATCH)
    assert litmos.calls == [READ, RESET]
    assert litmos.heard[1].query["sendmessage"] == "false"
    assert effects.progress == ((course_key("C1"), EMPTY),)
    assert effects.resets[0][1].compliant_until == UNTIL
    assert effects.resets[0][1].completed_at == DONE
    assert (effects.requests, effects.note) == (2, "")


@pytest.mark.parametrize("now", RENEWALS)
def test_a_completion_that_is_another_by_now_is_kept(litmos, target, now):
    litmos.known[READ] = now
    effects = target.apply(WANTED, watch=WATCH)
    assert litmos.calls == [READ]
    assert (effects.resets, effects.note) == ((), RENEWED)
    assert effects.progress[0][1].percent == now["PercentageComplete"]
    settled = target.settle(WANTED, watch=WATCH)
    assert settled is not None
    assert settled.note == RENEWED


def test_what_is_not_completed_any_more_is_done_already(litmos, target):
    litmos.known[READ] = NOT_COMPLETED
    for effects in (target.apply(WANTED, watch=WATCH), target.settle(WANTED, watch=WATCH)):
        assert effects is not None
        assert effects.note == ALREADY_SO
        assert effects.progress[0][1].percent == 40.0
        assert effects.resets[0][1].compliant_until == UNTIL
    assert litmos.calls == [READ, READ]


def test_a_reset_without_an_answer_is_not_done_while_the_completion_is_there(litmos, target):
    litmos.known[READ] = standing()
    assert target.settle(WANTED, watch=WATCH) is None
    assert litmos.calls == [READ]


@pytest.mark.parametrize("how", ["apply", "settle"])
def test_a_course_that_the_user_does_not_have_is_a_refusal(litmos, target, how):
    litmos.known[READ] = NOT_FOUND
    with pytest.raises(Permanent) as refused:
        getattr(target, how)(WANTED, watch=WATCH)
    assert refused.value.code == "LITMOS-404-NOT-ASSIGNED"


@pytest.mark.parametrize("odd", [{"Id": "C2"}, {"Complete": "perhaps"}, {"PercentageComplete": "most"}])
def test_an_odd_answer_resets_nothing(litmos, target, odd):
    litmos.known[READ] = standing(**odd)
    with pytest.raises(Transient):
        target.apply(WANTED, watch=WATCH)
    assert RESET not in litmos.calls


def test_a_date_that_nobody_can_read_is_none_and_stops_no_refresh(litmos, target):
    row = {"Id": "U1", "Completed": True, "PercentageComplete": 100.0}
    litmos.known["GET /courses/C1/users"] = [
        {**row, "CompliantTill": date_out(UNTIL)},
        {**row, "Id": "U2", "CompliantTill": "never"},
    ]
    found = target.learners(course_key("C1"), watch=WATCH)
    assert [one.compliant_until for one in found] == [UNTIL, None]
