"""Delta: which windows are asked for, what is read again, and what is due for its age."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.delta import Readings, RollingCheck, Touched, folded, spans, to_read_again, windows

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def ago(days: float) -> datetime:
    return NOW - days * DAY


@pytest.mark.parametrize(
    ("full", "last", "asked"),
    [
        (None, None, 0),
        (ago(1), None, 1),
        (ago(1), ago(0.01), 1),
        (ago(2), ago(0.01), 1),
        (ago(2.01), ago(0.01), 0),
        (ago(1), ago(-0.01), 0),
        (ago(-0.01), ago(1), 0),
    ],
)
def test_a_delta_is_enough_only_after_a_full_reading_that_is_not_too_old(full, last, asked):
    found = spans(Readings(full=full, last=last), NOW, full_within=2 * DAY)
    assert len(found) == asked


def test_after_an_outage_the_windows_are_walked_and_after_a_long_one_all_is_read():
    month = 40 * DAY
    found = spans(Readings(full=ago(27.9), last=ago(27.9)), NOW, full_within=month)
    assert len(found) == 5
    assert spans(Readings(full=ago(28.1), last=ago(28.1)), NOW, full_within=month) == ()


@given(st.floats(min_value=0, max_value=28), st.integers(min_value=-14 * 60, max_value=14 * 60))
def test_the_windows_cover_all_since_the_last_reading_whatever_time_zone_litmos_takes_them_for(days, minutes):
    """``minutes`` is the offset by which Litmos may take our times for its own."""
    last = ago(days)
    found = spans(Readings(full=last, last=last), NOW, full_within=400 * DAY)
    shift = timedelta(minutes=minutes)
    assert found[0][0] + shift <= last - timedelta(hours=12)
    assert found[-1][1] + shift > NOW + timedelta(hours=12)
    assert all(timedelta(0) < to - since <= 7 * DAY for since, to in found)
    assert all(one[1] == two[0] for one, two in pairwise(found))


def test_no_window_is_empty():
    assert list(windows(NOW, NOW)) == []
    assert list(windows(NOW, NOW + timedelta(microseconds=5))) == []


def test_a_row_changes_only_fields_that_it_carries_and_that_are_compared():
    profile = {"Id": "u1", "UserName": "a", "City": "Bonn", "CreatedDate": "2020-01-01", "Active": True}
    row = {"Id": "u1", "UserName": "b", "CreatedDate": "/Date(0)/", "Active": False, "OriginalUserId": 5}
    assert folded(profile, row) == {**profile, "UserName": "b", "Active": False}


def at(minute: int, *, active: bool, list_id: str = "t1", user: str = "u1") -> Touched[str]:
    return Touched(list_id=list_id, user_id=user, active=active, at=NOW + timedelta(minutes=minute))


@pytest.mark.parametrize(
    ("rows", "held", "again"),
    [
        ([], {("t1", "u1")}, set()),
        ([at(0, active=True)], {("t1", "u1")}, set()),
        ([at(0, active=True)], set(), {"t1"}),
        ([at(0, active=False)], {("t1", "u1")}, {"t1"}),
        ([at(0, active=False)], set(), set()),
        ([at(0, active=False), at(1, active=True)], {("t1", "u1")}, set()),
        ([at(1, active=True), at(0, active=False)], {("t1", "u1")}, set()),
        ([at(0, active=True), at(1, active=False)], {("t1", "u1")}, {"t1"}),
        ([at(0, active=True), at(0, active=False)], {("t1", "u1")}, {"t1"}),
        ([at(0, active=True), at(0, active=False)], set(), {"t1"}),
        ([at(0, active=True, user="hidden")], set(), set()),
        ([at(0, active=True), at(0, active=True, list_id="t2")], {("t1", "u1")}, {"t2"}),
        ([Touched(list_id="t1", user_id="u1", active=True, at=None), at(0, active=False)], set(), set()),
    ],
)
def test_only_lists_that_disagree_are_read_again(rows, held, again):
    assert to_read_again(rows, held, hidden={"hidden"}) == again


def test_what_syncd_added_and_no_row_tells_of_is_read_again():
    held = {("t1", "u1"), ("t2", "u2"), ("t3", "hidden")}
    told = [at(0, active=True)]
    assert to_read_again(told, held, added=held, hidden={"hidden"}) == {"t2"}


WEEK = timedelta(days=7)


def test_after_a_full_reading_nothing_is_due_for_half_of_the_time():
    check = RollingCheck(within=2 * DAY, elapsed=timedelta(minutes=30))
    lists = {f"t{n}": ago(0.9) for n in range(100)}
    assert check.due(lists, NOW) == []
    older = dict.fromkeys(lists, ago(1.1))
    assert len(check.due(older, NOW)) == 3


def test_what_is_past_its_time_is_due_at_once():
    check = RollingCheck(within=2 * DAY, elapsed=timedelta(0))
    assert check.due({"new": NOW, "old": ago(2), "older": ago(3)}, NOW) == ["older", "old"]


@given(st.integers(1, 60), st.integers(1, 12))
def test_a_check_that_runs_regularly_keeps_every_list_younger_than_promised_and_spreads_its_reads(
    lists, every
):
    """Lists all read at one moment, and a delta every so many hours, for a week."""
    within, step = 2 * DAY, timedelta(hours=every)
    read = {f"t{n}": NOW for n in range(lists)}
    check = RollingCheck(within=within, elapsed=step)
    moment, most = NOW, 0
    while moment < NOW + WEEK:
        moment += step
        due = check.due(read, moment)
        most = max(most, len(due))
        read.update(dict.fromkeys(due, moment))
        assert max(moment - at for at in read.values()) < within + step
    assert most <= -(-lists * every // 24) + 1
