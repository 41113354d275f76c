"""What a person is today: the table, case by case, and what holds for every word, date and zone."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.days import NO_DATES, Dates, read_dates
from syncd.core.lifecycle import (
    Contradiction,
    Leave,
    Lifecycle,
    Missed,
    Overlap,
    absent,
    doubts,
    is_given_back,
    standing,
)
from syncd.core.model import Status
from syncd.core.rules import Absence, Column, DatesRule, DayRule, Place, ZoneRule
from tests.core.factories import employee

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = NOON.date()
FUTURE, ACTIVE, LEAVE, LEFT = Status.FUTURE, Status.ACTIVE, Status.LEAVE, Status.LEFT
LEAVING, UNCLEAR = Status.LEAVING, Status.UNCLEAR
WORDS = (FUTURE, ACTIVE, LEAVE, LEFT)
POLICY = Lifecycle(lead=7, grace=3, leave=Leave.SUSPEND, contradiction_after=30)


def days(number: int) -> date:
    """So many days from today."""
    return DAY + timedelta(days=number)


# Each edge of each stretch of time, by its days from today.
HIRED = {"none": (None,), "past": (-4000, -5, 0), "lead": (1, 7), "beyond": (8, 400)}
LEFT_ON = {
    "none": (None,),
    "to come": (400, 1, 0),
    "grace": (-1, -3),
    "past": (-4, -33),
    "long past": (-34, -4000),
}
LAST_DAY_DECIDES = {
    (FUTURE, "grace"): LEAVING,
    (FUTURE, "past"): LEFT,
    (FUTURE, "long past"): FUTURE,
    (ACTIVE, "grace"): LEAVING,
    (ACTIVE, "past"): LEFT,
    (ACTIVE, "long past"): UNCLEAR,
    (LEAVE, "grace"): LEAVING,
    (LEAVE, "past"): LEFT,
    (LEAVE, "long past"): UNCLEAR,
    **{(LEFT, when): LEFT for when in ("none", "past", "long past")},
    **{(LEFT, when): LEAVING for when in ("to come", "grace")},
}
FIRST_DAY_DECIDES = {
    FUTURE: {"none": FUTURE, "past": ACTIVE, "lead": ACTIVE, "beyond": FUTURE},
    ACTIVE: {"none": ACTIVE, "past": ACTIVE, "lead": ACTIVE, "beyond": FUTURE},
    LEAVE: {"none": LEAVE, "past": LEAVE, "lead": LEAVE, "beyond": FUTURE},
}
CASES = [
    (word, hire, first, leaving, last)
    for word, hire, leaving in product(WORDS, HIRED, LEFT_ON)
    for first, last in product(HIRED[hire], LEFT_ON[leaving])
]


@pytest.mark.parametrize("word", WORDS)
def test_the_whole_table(word):
    """Every word with every stretch of time at its edges, in both orders of the two dates."""
    judged = 0
    for _, hire, first, leaving, last in (case for case in CASES if case[0] is word):
        of_an_earlier_employment = (
            first is not None and last is not None and last < first and hire in {"past", "lead"}
        )
        when = "none" if of_an_earlier_employment else leaving
        expected = LAST_DAY_DECIDES.get((word, when)) or FIRST_DAY_DECIDES[word][hire]
        dates = Dates(
            hire=None if first is None else days(first), leaving=None if last is None else days(last)
        )
        found = standing(word, dates, POLICY, NOON)
        assert found.status is expected, (word, hire, first, leaving, last, found.because)
        assert found.because
        judged += 1
    assert judged == 8 * 10


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Contradiction.KEEP, UNCLEAR),
        (Contradiction.REJECT, UNCLEAR),
        (Contradiction.LEFT, LEFT),
        (Contradiction.ACTIVE, ACTIVE),
    ],
)
def test_active_with_a_last_day_long_past_is_decided_by_policy_and_always_told(policy, expected):
    found = standing(ACTIVE, Dates(leaving=days(-300)), Lifecycle(contradiction=policy), NOON)
    assert found.status is expected
    assert found.doubts == ("LEAVING-LONG-PAST",)


@pytest.mark.parametrize(
    ("policy", "status", "muted"),
    [(Leave.KEEP, ACTIVE, False), (Leave.SUSPEND, LEAVE, False), (Leave.MUTE, ACTIVE, True)],
)
def test_leave_is_what_the_policy_makes_of_it(policy, status, muted):
    found = standing(LEAVE, NO_DATES, Lifecycle(leave=policy), None)
    assert (found.status, found.muted, found.because) == (status, muted, "HR says: leave")


@pytest.mark.parametrize(
    ("zone", "status"),
    [
        ("Pacific/Kiritimati", LEFT),  # there it is the 25th already
        ("Europe/Berlin", ACTIVE),
        ("America/Los_Angeles", ACTIVE),
    ],
)
def test_the_last_day_ends_where_the_person_is(zone, status):
    assert standing(ACTIVE, Dates(leaving=DAY, zone=zone), Lifecycle(), NOON).status is status


def test_the_day_ends_at_midnight_there_and_not_a_second_earlier():
    """New York is 5 hours behind in November: her last day ends at 05:00 UTC."""
    dates = Dates(leaving=date(2026, 11, 24), zone="America/New_York")
    last = datetime(2026, 11, 25, 4, 59, 59, tzinfo=UTC)
    assert standing(ACTIVE, dates, Lifecycle(), last).status is ACTIVE
    assert standing(ACTIVE, dates, Lifecycle(), last + timedelta(seconds=1)).status is LEFT


def test_reasons_name_the_date_the_zone_and_the_rule():
    said = standing(ACTIVE, Dates(leaving=days(-4), zone="Europe/Berlin"), POLICY, NOON)
    assert said.because == (
        "access ended after the last working day, 2026-11-20 (Europe/Berlin) and 3 days of grace"
    )
    assert said.rule == "employee.dates.leaving"
    said = standing(FUTURE, Dates(hire=days(60)), POLICY, NOON)
    assert said.because == (
        "HR says: future, first working day 2027-01-23 (UTC); an account is due 7 days before"
    )
    assert said.rule == "employee.dates.hire"


zones = st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Europe/Berlin"])
moments = st.integers(-20 * 365 * 86_400, 50 * 365 * 86_400).map(lambda n: NOON + timedelta(seconds=n))
some_day = st.none() | st.dates(min_value=date(1900, 1, 1), max_value=date(9998, 12, 31))
near = st.none() | st.integers(min_value=-60, max_value=60)
policies = st.builds(
    Lifecycle,
    lead=st.integers(0, 30),
    grace=st.integers(0, 30),
    leave=st.sampled_from(Leave),
    contradiction=st.sampled_from(Contradiction),
    contradiction_after=st.integers(0, 60),
)


@given(st.sampled_from([FUTURE, ACTIVE, LEAVE]), some_day, zones, policies, moments)
def test_a_date_alone_never_ends_access_unless_it_is_the_last_working_day(word, hire, zone, policy, now):
    found = standing(word, Dates(hire=hire, zone=zone), policy, now)
    assert found.status is not LEFT
    if word is not LEAVE:
        assert found.status in {FUTURE, ACTIVE}


@given(st.sampled_from(WORDS), some_day, some_day, zones, policies, moments)
def test_before_the_last_day_is_over_nobody_loses_access_but_on_leave(word, hire, leaving, zone, policy, now):
    """Whatever the word, the zone, and how odd the other date is."""
    if leaving is None or leaving < now.astimezone(ZoneInfo(zone)).date():
        return
    if hire is not None and leaving < hire:
        return
    found = standing(word, Dates(hire=hire, leaving=leaving, zone=zone), policy, now)
    assert found.status is not LEFT


@given(st.sampled_from(WORDS), near, near, zones, policies, moments)
def test_what_has_ended_stays_ended_and_what_began_stays_begun(word, hire, leaving, zone, policy, now):
    """As days go by with HR unchanged: once there is an account it stays until the end, and an end is not taken back."""
    first = now.astimezone(ZoneInfo(zone)).date()
    dates = Dates(
        hire=None if hire is None else first + timedelta(days=hire),
        leaving=None if leaving is None else first + timedelta(days=leaving),
        zone=zone,
    )
    seen = [standing(word, dates, policy, now + timedelta(days=n)).status for n in range(200)]
    reduced = [one for one, before in zip(seen, [None, *seen], strict=False) if one is not before]
    on, off = reduced.count(ACTIVE), reduced.count(LEFT)
    rehired = hire is not None and leaving is not None and leaving < hire
    told = policy.contradiction is Contradiction.ACTIVE
    assert on <= (2 if rehired or told else 1), reduced
    assert off <= 1 or rehired, reduced
    if not rehired and not told and LEFT in reduced:
        assert ACTIVE not in reduced[reduced.index(LEFT) :], reduced


# ------------------------------------------------------------------------------------------------ reading dates


def rule(column: str, form: str = "%Y-%m-%d") -> DayRule:
    return DayRule(
        place=Place(where="f.yaml:1:1", key=f"employee.dates.{column}"),
        column=Column(name=column, where="f.yaml:1:1"),
        read=form,
    )


def read(text: str, form: str = "%Y-%m-%d", **cells: str) -> tuple[Dates, list[tuple[str, str]]]:
    refused: list[tuple[str, str]] = []
    zone = ZoneRule(
        fallback="Europe/Berlin", column=Column(name="zone", where=""), table={"Oslo": "Europe/Oslo"}
    )
    found = read_dates(
        DatesRule(hire=rule("hire", form), zone=zone),
        {"hire": text, "zone": "", **cells},
        lambda place, why: refused.append((place.key, f"{why.code} {why.why}")),
    )
    return found, refused


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("2026-11-24", "%Y-%m-%d", date(2026, 11, 24)),
        ("24.11.2026", "%d.%m.%Y", date(2026, 11, 24)),
        ("2026-11-24-0800", "%Y-%m-%d%z", date(2026, 11, 24)),  # a day, whatever the zone it is written with
        ("", "%Y-%m-%d", None),
        ("9999-12-31", "%Y-%m-%d", None),
        ("31.12.9999", "%d.%m.%Y", None),
        ("0000-00-00", "%Y-%m-%d", None),
        ("00/00/0000", "%d/%m/%Y", None),
    ],
)
def test_a_day_is_read_in_its_format_and_nothing_else_is_guessed(text, form, day):
    found, refused = read(text, form)
    assert (found.hire, refused) == (day, [])


@pytest.mark.parametrize(
    "text", ["24.11.2026", "26-11-24", "0024-05-03", "1900-01-00", "2026-13-01", "soon", "NULL", "-"]
)
def test_an_odd_day_is_refused_with_the_column_and_the_value(text):
    found, refused = read(text)
    assert found.hire is None
    ((key, why),) = refused
    assert key == "employee.dates.hire"
    assert why.startswith(f"DATE-INVALID column \"hire\": '{text}' ")


@pytest.mark.parametrize(
    ("cell", "zone", "unknown"),
    [
        ("Asia/Tokyo", "Asia/Tokyo", False),
        ("Oslo", "Europe/Oslo", False),
        ("", "Europe/Berlin", False),
        ("Mars/Olympus", "Europe/Berlin", True),
        ("../etc/passwd", "Europe/Berlin", True),
        ("Europe", "Europe/Berlin", True),
    ],
)
def test_a_zone_that_nobody_knows_is_the_fallback_and_told(cell, zone, unknown):
    found, _ = read("", zone=cell)
    assert (found.zone, found.zone_unknown) == (zone, unknown)
    assert ("ZONE-UNKNOWN" in standing(ACTIVE, found, Lifecycle(), NOON).doubts) is unknown


def test_doubts_are_told_once_with_their_number():
    people = [employee(f"E{n}", doubts=("LEAVING-LONG-PAST",)) for n in range(3)]
    (sentence,) = doubts([employee("E9"), *people])
    assert sentence.startswith("LEAVING-LONG-PAST (3): active to HR, though")
    assert sentence.endswith("the first: hr.csv:E0")


# ------------------------------------------------------------------------------------------------ the other policies


@pytest.mark.parametrize(
    ("deactivates", "inputs", "hours", "ends"),
    [
        (False, 99, 999, False),
        (True, 2, 999, False),
        (True, 3, 47.9, False),
        (True, 3, 48, True),
        (True, 4, 999, True),
    ],
)
def test_absence_ends_access_only_by_policy_and_after_files_and_hours(deactivates, inputs, hours, ends):
    policy = Absence(deactivates=deactivates, after_files=3, after_hours=48)
    missed = Missed(inputs=inputs, since=NOON - timedelta(hours=hours))
    reason = absent(missed, policy, NOON)
    assert bool(reason) is ends
    assert not ends or reason.startswith(f"absent from {inputs} inputs, since 2026-")


@pytest.mark.parametrize(
    ("since", "length", "kept_days"),
    [(None, 0, None), (None, 14, 14), (0, 14, 14), (13, 14, 1), (14, 14, None), (15, 14, None), (0, 0, None)],
)
def test_a_mover_keeps_a_team_of_before_until_the_overlap_is_over(since, length, kept_days):
    """``since`` days ago the rule ceased to give it; None: only now."""
    known = {} if since is None else {"m": NOON - timedelta(days=since)}
    ends = Overlap(length=timedelta(days=length), since=known, at=NOON).ends("m")
    assert ends == (None if kept_days is None else NOON + timedelta(days=kept_days))


@pytest.mark.parametrize(
    ("ago", "within", "given"), [(0, 0, False), (89, 90, True), (90, 90, False), (4000, 365_000, True)]
)
def test_what_went_with_a_deactivation_is_given_back_for_a_while(ago, within, given):
    assert is_given_back(NOON - timedelta(days=ago), timedelta(days=within), NOON) is given


def test_a_moment_in_any_zone_is_the_same_moment():
    tokyo = timezone(timedelta(hours=9))
    dates = Dates(leaving=DAY, zone="Europe/Berlin")
    assert standing(ACTIVE, dates, POLICY, NOON.astimezone(tokyo)) == standing(ACTIVE, dates, POLICY, NOON)
