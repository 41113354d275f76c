"""Schedules against cronsim, which reads cron expressions as Debian's cron does; and the two days a year that are odd."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from syncd.schedule import latest, slot, trigger, upcoming, weekdays_by_name

BEGIN = datetime(2026, 2, 22, 23, 59, 30, tzinfo=UTC)
TWO_WEEKS = timedelta(days=14)

EXPRESSIONS = [
    "0 3 * * 0",
    "0 3 * * 1",
    "0 3 * * 2",
    "0 3 * * 3",
    "0 3 * * 4",
    "0 3 * * 5",
    "0 3 * * 6",
    "0 3 * * 7",
    "0 3 * * sun",
    "0 3 * * MON",
    "0 3 * * mon-fri",
    "0 3 * * 1-5",
    "0 3 * * 5-7",
    "0 3 * * 0-2",
    "0 3 * * 0,3,6",
    "0 3 * * mon,wed,sat",
    "0 3 * * */2",
    "0 3 * * 1-5/2",
    "0 3 * * 0-7",
    "*/15 * * * *",
    "*/30 6-20 * * mon-fri",
    "5,35 1-3,22 * * *",
    "10-40/10 4 * * *",
    "0 0 1 * *",
    "0 0 1-7 3 *",
    "0 12 */3 * *",
    "0 12 * feb *",
    "0 12 * 2,3 *",
    "59 23 28 2 *",
]


def firings(expression: str, timezone: str, begin: datetime, span: timedelta) -> list[datetime]:
    """All times that the scheduler would fire at."""
    schedule, found, moment = trigger(expression, timezone), [], begin
    while (fired_at := schedule.get_next_fire_time(None, moment)) and fired_at <= begin + span:
        found.append(fired_at.astimezone(UTC))
        moment = found[-1] + timedelta(seconds=1)
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_fires_when_cron_does(expression):
    expected = []
    for due in CronSim(expression, BEGIN):
        if due > BEGIN + TWO_WEEKS:
            break
        expected.append(due)
    assert expected, "an expression that never fires shows nothing"
    assert firings(expression, "UTC", BEGIN, TWO_WEEKS) == expected


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("*", "*"),
        ("0", "sun"),
        ("7", "sun"),
        ("1", "mon"),
        ("5-7", "fri,sat,sun"),
        ("sat-mon", "mon,sat,sun"),
        ("1-5/2", "mon,wed,fri"),
        ("Sunday", "sun"),
        ("2/2", "tue,thu,sat"),
    ],
)
def test_weekdays_have_names(field, days):
    assert weekdays_by_name(field) == days


@pytest.mark.parametrize("expression", ["", "* * * *", "* * * * * *", "61 * * * *", "0 3 * * 8", "0 3 * * x"])
def test_what_is_no_schedule_is_refused(expression):
    with pytest.raises(ValueError, match=r"."):
        trigger(expression, "UTC")


@pytest.mark.parametrize(
    ("timezone", "day"),
    [
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
    ],
)
@pytest.mark.parametrize(
    "expression", ["30 1 * * *", "30 2 * * *", "0 3 * * *", "*/20 * * * *", "0 */2 * * *"]
)
def test_on_the_odd_days_every_local_slot_that_exists_is_served_once(timezone, day, expression):
    zone = ZoneInfo(timezone)
    begin = datetime.fromisoformat(day).replace(tzinfo=zone) - timedelta(seconds=1)
    begin = begin.astimezone(UTC)
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
    slots = {slot(each, timezone) for each in firings(expression, timezone, begin, end - begin)}
    naive = datetime.fromisoformat(day) - timedelta(seconds=1)
    expected = set()
    for due in CronSim(expression, naive):
        if due >= naive + timedelta(days=1):
            break
        if due.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == due:
            expected.add(due.strftime("%Y-%m-%dT%H:%M"))
    assert expected <= slots
    assert {each[:10] for each in slots} <= {day, str(datetime.fromisoformat(day).date() + timedelta(days=1))}


def test_a_daily_time_in_the_repeated_hour_has_one_slot():
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC)
    fired = firings("30 2 * * *", "Europe/Berlin", begin, timedelta(days=1))
    assert {slot(each, "Europe/Berlin") for each in fired} == {"2026-10-25T02:30"}


def test_a_daily_time_that_is_left_out_is_served_at_most_once():
    begin = datetime(2026, 3, 28, 12, tzinfo=UTC)
    fired = firings("30 2 * * *", "Europe/Berlin", begin, timedelta(days=1))
    assert len({slot(each, "Europe/Berlin") for each in fired}) <= 1


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("* * * * *", "2026-03-05T10:20:00+00:00"),
        ("20 10 * * *", "2026-03-05T10:20:00+00:00"),
        ("21 10 * * *", "2026-03-04T10:21:00+00:00"),
        ("0 0 * * 1", "2026-03-02T00:00:00+00:00"),
        ("0 0 1 * *", "2026-03-01T00:00:00+00:00"),
        ("0 0 1 4 *", "2025-04-01T00:00:00+00:00"),
    ],
)
def test_the_latest_firing_is_the_nominal_one(expression, due):
    now = datetime(2026, 3, 5, 10, 20, 31, tzinfo=UTC)
    assert latest(trigger(expression, "UTC"), now) == datetime.fromisoformat(due)


def test_there_may_be_no_latest_firing():
    assert latest(trigger("0 0 29 2 *", "UTC"), datetime(2026, 3, 5, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("expression", "now", "local", "notes"),
    [
        ("0 9 * * *", "2026-03-27T12:00", ["28T09:00+0100", "29T09:00+0200", "30T09:00+0200"], 1),
        ("30 2 * * *", "2026-10-24T12:00", ["25T02:30+0200", "26T02:30+0100", "27T02:30+0100"], 1),
        ("0 9 * * *", "2026-06-01T12:00", ["02T09:00+0200", "03T09:00+0200", "04T09:00+0200"], 0),
    ],
)
def test_the_next_firings_are_each_slot_once_with_a_note_where_clocks_change(expression, now, local, notes):
    found = upcoming(expression, "Europe/Berlin", datetime.fromisoformat(now).replace(tzinfo=UTC), 3)
    assert [f"{one.at:%dT%H:%M%z}" for one in found] == local
    assert sum(bool(one.note) for one in found) == notes


def test_a_schedule_that_never_fires_has_no_next_time():
    assert upcoming("0 0 30 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC), 3) == []
