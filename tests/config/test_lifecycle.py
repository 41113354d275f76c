"""`employee.dates` and `employee.leave`: what they become, and what is wrong with them, each with its place."""

from datetime import timedelta

import pytest

from syncd.core.lifecycle import Contradiction, Leave, Lifecycle
from syncd.core.rules import Column
from tests.config.files import HEAD, USERS, faults_of, load_text


def test_without_dates_nothing_is_asked_for_and_nobody_waits(tmp_path):
    mapping = load_text(tmp_path, HEAD + USERS).mapping
    assert (mapping.dates, mapping.lifecycle) == (None, Lifecycle())


def test_every_key(tmp_path):
    dates = """\
  dates:
    hire: hire_date
    leaving: {from: exit, in: "%d.%m.%Y"}
    timezone: {from: site, map: {Oslo: Europe/Oslo}, default: Europe/Berlin}
    lead: 7d
    grace: 3d
    contradiction: {then: reject, after: 60d}
  leave: mute
  overlap: 14d
  give_back: never
"""
    mapping = load_text(tmp_path, HEAD + dates + USERS).mapping
    assert mapping.dates is not None
    assert mapping.dates.hire is not None
    assert mapping.dates.leaving is not None
    assert (mapping.dates.hire.read, mapping.dates.leaving.read) == ("%Y-%m-%d", "%d.%m.%Y")
    assert mapping.dates.leaving.column == Column(name="exit", where="syncd.yaml:10:21")
    assert mapping.dates.leaving.place.key == "employee.dates.leaving"
    zone = mapping.dates.zone
    assert (zone.fallback, dict(zone.table)) == ("Europe/Berlin", {"Oslo": "Europe/Oslo"})
    assert mapping.lifecycle == Lifecycle(
        lead=7,
        grace=3,
        leave=Leave.MUTE,
        contradiction=Contradiction.REJECT,
        contradiction_after=60,
        overlap=timedelta(days=14),
        give_back=timedelta(),
    )


def test_one_zone_for_everybody_needs_no_braces(tmp_path):
    text = HEAD + "  dates: {hire: hire_date, timezone: Asia/Tokyo}\n" + USERS
    dates = load_text(tmp_path, text).mapping.dates
    assert dates is not None
    assert (dates.zone.fallback, dates.zone.column) == ("Asia/Tokyo", None)


def test_what_is_given_back_always_is_given_back_after_a_life(tmp_path):
    lifecycle = load_text(tmp_path, HEAD + "  give_back: always\n" + USERS).mapping.lifecycle
    assert lifecycle.give_back > timedelta(days=100 * 365)
    (fault,) = faults_of(tmp_path, HEAD + "  give_back: sometimes\n" + USERS)
    assert "employee.give_back: must be always, never or a duration" in fault


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("lead: 7d", "employee.dates.lead: counts from employee.dates.hire, which is not set"),
        ("grace: 3d", "employee.dates.grace: counts from employee.dates.leaving, which is not set"),
        ("hire: d, lead: 36h", "employee.dates.lead: must be whole days, such as 0d or 7d"),
        ("hire: d, lead: 400d", "employee.dates.lead: must be at most 366d"),
        ('hire: {from: d, in: "%y-%m-%d"}', "employee.dates.hire.in: two-digit years (%y) are not read"),
        ('hire: ""', "employee.dates.hire: must be the name of a column"),
        ("timezone: Europe/Berln", 'employee.dates.timezone: "Europe/Berln" is no time zone'),
        (
            "timezone: {from: site, map: {HQ: Mars}}",
            'employee.dates.timezone.map.HQ: "Mars" is no time zone',
        ),
        ("timezone: {map: {HQ: UTC}}", "employee.dates.timezone.map: needs `from`"),
        ("contradiction: {then: guess}", "employee.dates.contradiction.then: must be keep or left or"),
        ("hired: d", 'employee.dates.hired: is no key here; did you mean "hire"?'),
    ],
)
def test_faults_have_their_place(tmp_path, written, fault):
    found = faults_of(tmp_path, f"{HEAD}  dates: {{{written}}}\n{USERS}")
    assert len(found) == 1, found
    assert fault in found[0]
    assert found[0].startswith("syncd.yaml:8:")


@pytest.mark.parametrize(
    ("login", "dates", "fault"),
    [
        ("login: invitation", "", ""),
        ("login: invitation, invite_on: start", "hire: d", ""),
        ("invite_on: start", "hire: d", "users.invite_on: nobody is invited with login: sso"),
        ("login: invitation, invite_on: start", "", "users.invite_on: needs employee.dates.hire"),
        ("login: invitation, invite_on: start", "hire: d, lead: 7d", "contradicts employee.dates.lead"),
        ("login: password", "", "users.login: must be sso or invitation"),
    ],
)
def test_how_people_log_in(tmp_path, login, dates, fault):
    """Litmos invites somebody while it makes the account, so an invitation on the first day has no lead."""
    users = USERS.replace("users:\n", "users:\n" + "".join(f"  {each}\n" for each in login.split(", ")))
    text = f"{HEAD}  dates: {{{dates}}}\n{users}"
    if not fault:
        assert load_text(tmp_path, text).mapping.invites is True
        return
    (found,) = faults_of(tmp_path, text)
    assert fault in found


def test_nobody_is_invited_unless_it_says_so(tmp_path):
    assert load_text(tmp_path, HEAD + USERS).mapping.invites is False
