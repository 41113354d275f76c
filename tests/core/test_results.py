"""What becomes of the ledger: the truth table, and that replays of any kind change nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.completion import Completion
from syncd.core.due import due
from syncd.core.results import EARNED, Event, Status, Version, decide, lapse, link, status_of

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def said(at: int = 0, **changed: Any) -> Completion:
    """What Litmos said ``at`` days after the first of the month: completed then, unless ``changed`` says otherwise."""
    when = datetime(2026, 11, 1, tzinfo=UTC) + at * DAY
    whole = Completion(
        result_id="course:u:c",
        kind="course",
        user_id="u",
        object_id="c",
        object_name="Safety",
        completed=True,
        percent="100",
        started_at=when,
        completed_at=when,
        updated_at=when,
    )
    return replace(whole, **changed)


def empty(at: int, **changed: Any) -> Completion:
    return said(at, completed=False, completed_at=None, started_at=None, percent="0", **changed)


def told(*statements: Completion, sure: bool = False) -> list[Version]:
    """The ledger after these statements."""
    versions: list[Version] = []
    for one in statements:
        version = decide(versions, one, NOW, sure=sure)
        if version is not None:
            versions.append(replace(version, seq=len(versions) + 1))
    return versions


@pytest.mark.parametrize(
    ("what", "status"),
    [
        (said(), "completed"),
        (said(active=False), "completed"),
        (said(compliant_until=NOW - DAY), "expired"),
        (said(compliant_until=NOW - DAY / 2), "completed"),
        (empty(0, active=False, failed=True), "withdrawn"),
        (empty(0, failed=True, missed=True), "failed"),
        (empty(0, missed=True), "missed"),
        (replace(empty(0), percent="40"), "in_progress"),
        (replace(empty(0), started_at=NOW), "in_progress"),
        (replace(empty(0), percent=""), "assigned"),
        (empty(0), "assigned"),
    ],
)
def test_what_a_result_is(what, status):
    assert status_of(what, NOW) == status


@pytest.mark.parametrize(
    ("statements", "versions"),
    [
        ([empty(0)], [("reported", "assigned", 1)]),
        ([empty(0), empty(1, score="")], [("reported", "assigned", 1)]),
        ([empty(0), said(1)], [("reported", "assigned", 1), ("reported", "completed", 1)]),
        ([said(2), said(1)], [("reported", "completed", 1)]),
        ([said(1), replace(said(1), updated_at=NOW)], [("reported", "completed", 1)]),
        (
            [said(1), replace(said(1), score="9", updated_at=NOW)],
            [("reported", "completed", 1), ("corrected", "completed", 1)],
        ),
        ([said(1), said(5)], [("reported", "completed", 1), ("retaken", "completed", 2)]),
        ([said(1), empty(5)], [("reported", "completed", 1), ("withdrawn", "withdrawn", 1)]),
        (
            [said(1), empty(2), replace(empty(3), percent="40"), said(5)],
            [
                ("reported", "completed", 1),
                ("withdrawn", "withdrawn", 1),
                ("reported", "in_progress", 2),
                ("retaken", "completed", 2),
            ],
        ),
        (
            [said(1), empty(2), replace(said(1), updated_at=NOW)],
            [("reported", "completed", 1), ("withdrawn", "withdrawn", 1), ("restored", "completed", 1)],
        ),
        (
            [said(1), said(5), replace(said(1), updated_at=NOW)],
            [("reported", "completed", 1), ("retaken", "completed", 2)],
        ),
        (
            [empty(1, attempt=1, failed=True), said(2, attempt=2), empty(3, attempt=1, failed=True)],
            [("reported", "failed", 1), ("reported", "completed", 2)],
        ),
        (
            [said(1, attempt=1), said(2, attempt=1, score="8"), said(3, attempt=2)],
            [("reported", "completed", 1), ("corrected", "completed", 1), ("retaken", "completed", 2)],
        ),
    ],
)
def test_what_becomes_of_it(statements, versions):
    assert [(one.event, one.status, one.attempt) for one in told(*statements)] == versions


def test_a_withdrawal_names_what_it_takes_back():
    *_, last = told(said(1), replace(said(1), score="9", updated_at=NOW), empty(40))
    assert (last.version, last.reverses) == (3, 2)


def test_a_window_that_goes_on_telling_what_was_reset_brings_nothing_back():
    versions = told(said(1))
    direct = replace(empty(0), updated_at=None, object_name="")
    withdrawn = decide(versions, direct, NOW, sure=True)
    assert withdrawn is not None
    assert (withdrawn.event, withdrawn.said.object_name) == (Event.WITHDRAWN, "Safety")
    assert decide([*versions, withdrawn], said(1), NOW) is None
    assert decide([*versions, withdrawn], direct, NOW, sure=True) is None


def test_a_list_read_directly_tells_dates_less_exactly_and_less_of_them():
    versions = told(said(1, score="90", compliant_until=NOW + 99 * DAY))
    shifted = timedelta(hours=6)
    listed = said(1, started_at=None, score="", updated_at=None, compliant_until=NOW + 99 * DAY + shifted)
    listed = replace(listed, completed_at=(listed.completed_at or NOW) + shifted)
    assert decide(versions, listed, NOW, sure=True) is None
    begun = told(replace(empty(1), percent="40", started_at=NOW, score="3"))
    assert decide(begun, replace(empty(1), percent="40", updated_at=None), NOW, sure=True) is None


def test_what_lapses_does_so_once_and_nobody_elses_word_changes_it():
    first = told(said(1))[0]
    timed = replace(first, said=replace(first.said, compliant_until=NOW - DAY))
    lapsed = lapse(timed, NOW)
    assert lapsed is not None
    assert (lapsed.event, lapsed.version, lapsed.is_earned) == (Event.EXPIRED, 2, True)
    assert (lapse(lapsed, NOW), lapse(first, NOW), lapse(timed, NOW - DAY / 2)) == (None, None, None)
    assert decide([timed, lapsed], replace(timed.said, updated_at=NOW), NOW) is None


def test_a_link_makes_a_version_and_none_makes_none():
    first = told(said(1))[0]
    linked = link(first, "E1")
    assert linked is not None
    assert (linked.employee_id, linked.version) == ("E1", 2)
    assert (link(linked, "E1"), link(linked, "")) == (None, None)


STATES = st.sampled_from(["empty", "begun", "done", "more"])


def spelt(number: int, state: str, done_at: int) -> Completion:
    """What a window shows of a row of this state; each statement is later than the one before."""
    at = datetime(2026, 11, 1, tzinfo=UTC) + number * timedelta(hours=1)
    if state == "empty":
        return replace(empty(0), updated_at=at)
    if state == "begun":
        return replace(empty(0), percent="40", updated_at=at)
    finished = datetime(2026, 11, 1, tzinfo=UTC) + done_at * timedelta(hours=1)
    return said(
        0, completed_at=finished, started_at=None, score="9" if state == "more" else "", updated_at=at
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Completion]:
    """A life of one result, as Litmos tells it: each time something changed, and when it was completed."""
    found: list[Completion] = []
    done_at = 0
    for number, state in enumerate(draw(st.lists(STATES, min_size=1, max_size=8)), start=1):
        before = found[-1] if found else None
        if state in {"done", "more"} and (before is None or not before.completed):
            done_at = number
        found.append(spelt(number, state, done_at))
    return found


@given(histories(), st.data())
def test_windows_that_repeat_and_overlap_in_any_order_give_the_same_ledger(history, data):
    once = told(*history)
    noisy: list[Completion] = []
    for number, one in enumerate(history, start=1):
        noisy.append(one)
        noisy += data.draw(st.lists(st.sampled_from(history[:number]), max_size=4))
    assert told(*noisy) == once


@given(histories())
def test_a_ledger_is_consistent(history):
    versions = told(*history)
    assert [one.version for one in versions] == list(range(1, len(versions) + 1))
    assert versions[-1].said.completed == history[-1].completed
    counts = False
    attempts = [one.attempt for one in versions]
    assert attempts == sorted(attempts)
    for one in versions:
        assert (one.status is Status.WITHDRAWN) == (one.reverses > 0)
        if one.reverses:
            assert counts, "only what counted is withdrawn"
            assert versions[one.reverses - 1].is_earned
        counts = one.is_earned


@given(histories(), st.data())
def test_a_sink_ends_with_what_holds_however_often_it_is_given(history, data):
    """Deliveries at any moments, each given what is due, leave the receiver with what counts today."""
    versions: list[Version] = []
    given_: list[int] = []
    cursor, receiver = 0, ""
    for one in history:
        made = decide(versions, one, NOW)
        if made is not None:
            versions.append(replace(made, employee_id="E1", seq=len(versions) + 1))
        if data.draw(st.booleans()) or one is history[-1]:
            for row in due(versions, given_, cursor, EARNED):
                given_.append(row.version)
                assert row.is_earned or receiver, "a withdrawal is of something"
                receiver = str(row.attempt) if row.is_earned else ""
            cursor = len(versions)
    last = versions[-1]
    assert receiver == (str(last.attempt) if last.is_earned else "")
    assert due(versions, given_, cursor, EARNED) == []
    assert len(given_) == len(set(given_))
