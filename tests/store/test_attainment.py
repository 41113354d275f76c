"""Attainment: what the mirror knows of completions, from lists, from windows, and of those that were reset."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.delta import Delta, Progress
from syncd.core.operation import Effects, Learner
from syncd.store.current import current_state
from tests.core.factories import course_key
from tests.store.makers import ACCOUNT, now_of
from tests.store.test_mirror import LINKS, apply, fold, past, profile, snapshot, take

__all__ = ["past"]
FIRE = course_key("c1")
DONE = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)
UNTIL = DONE + timedelta(days=365)
LISTED = Learner(user_id="u1", completed=True, percent=100.0, compliant_until=UNTIL)
TOLD = replace(LISTED, completed_at=DONE)
EMPTY = Learner(user_id="u1", completed=False, percent=0.0)


def result(database):
    with database.read() as conn:
        return current_state(conn, ACCOUNT, LINKS).assignments["E1"][FIRE].result


def listed(database, moment, learner):
    take(database, snapshot(moment, profile("u1"), learners={FIRE: (learner,)}))


def told(database, learner, moment=None):
    fold(database, Delta(progress=(Progress(item=FIRE, learner=learner),)), moment or now_of(database))


def test_a_list_tells_until_when_and_a_window_since_when(database, past):
    listed(database, past, LISTED)
    assert (result(database).compliant_until, result(database).completed_at) == (UNTIL, None)
    told(database, TOLD)
    assert (result(database).compliant_until, result(database).completed_at) == (UNTIL, DONE)


@pytest.mark.parametrize(
    ("learner", "completed_at"),
    [
        (LISTED, DONE),
        (replace(LISTED, compliant_until=UNTIL + timedelta(days=400)), None),
        (EMPTY, None),
    ],
)
def test_a_list_leaves_the_day_only_while_it_is_the_same_completion(database, past, learner, completed_at):
    listed(database, past, LISTED)
    told(database, TOLD)
    listed(database, now_of(database), learner)
    assert result(database).completed_at == completed_at


def test_a_reset_is_remembered_and_a_reading_from_before_it_changes_nothing(database, past):
    listed(database, past, TOLD)
    began_at = now_of(database) - timedelta(seconds=1)
    apply(database, Effects(progress=((FIRE, EMPTY),), resets=((FIRE, TOLD),)))
    after = result(database)
    assert (after.completed, after.compliant_until, after.completed_at) == (False, None, None)
    assert (after.reset_until, after.reset_completed_at) == (UNTIL, DONE)
    listed(database, began_at, LISTED)
    told(database, TOLD, began_at)
    assert result(database) == after
    later = now_of(database) + timedelta(seconds=1)
    told(database, TOLD, later)
    assert result(database).completed
    assert result(database).was_reset
