"""Days and logins as somebody at a terminal meets them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.flows.rig import person
from tests.workbench import Workbench, workbench

DATES = "  dates: {hire: hire, leaving: leaving, lead: 7d}\n  leave: mute\nusers:\n  login: invitation"
STATUS = "map: {Active: active, Left: left, Leave: leave}"


def day(number: int) -> str:
    """So many days from now; the tests keep a day away from every edge."""
    return (datetime.now(UTC) + timedelta(days=number)).date().isoformat()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Six people: one as usual, one who starts soon, one later, one who left, one with an old last day, one on leave."""
    with workbench(tmp_path) as made:
        made.in_process = True
        made.configure(("map: {Active: active, Left: left}", STATUS), ("users:", DATES))
        days = [("", ""), (day(5), ""), (day(50), ""), ("", day(-5)), ("", day(-500)), ("", "")]
        rows = [{**person(n), "hire": hire, "leaving": last} for n, (hire, last) in enumerate(days, start=1)]
        rows[5]["status"] = "Leave"
        header = ",".join(rows[0])
        lines = "\n".join(",".join(row.values()) for row in rows)
        made.hr_file.write_text(f"{header}\n{lines}\n", encoding="utf-8")
        yield made


def test_a_plan_says_who_waits_for_a_day_and_why_and_who_is_invited(bench):
    bench.run("db", "upgrade")
    shown = bench.run("plan").stdout
    assert "2 users to create; 2 invited by e-mail" in shown.replace("Plan: ", "").replace("  ", " ")
    assert "employee 00002  create, and invite by e-mail  [HR says: active" in shown
    assert "? LEAVING-LONG-PAST (1): active to HR, though the last working day is long past" in shown
    skips = {each["employee_id"]: each for each in bench.json("plan")["skips"]}
    assert {person: each["code"] for person, each in skips.items()} == {
        "00003": "FUTURE",
        "00004": "LEFT",
        "00005": "UNCLEAR",
        "00006": "LEAVE",
    }
    assert f"first working day {day(50)} (UTC); an account is due 7 days before" in skips["00003"]["message"]


def test_a_push_mails_those_whom_it_creates(bench):
    bench.run("db", "upgrade")
    bench.run("push")
    assert bench.usernames() == {"p1@example.com", "p2@example.com"}
    assert sorted(bench.sandbox.world.mails) == [("p1@example.com", "welcome"), ("p2@example.com", "welcome")]


def test_why_nothing_happens_to_somebody_is_told(bench):
    bench.run("db", "upgrade")
    bench.run("push")
    assert f"first working day {day(50)}" in bench.run("why", "00003", expect=None).stdout
    assert f"the last working day was {day(-500)}" in bench.run("why", "00005", expect=None).stdout
    assert "HR says: leave" in bench.run("why", "00006", expect=None).stdout


def test_a_preview_says_what_somebody_is_today_and_why(bench):
    bench.run("db", "upgrade")
    shown = bench.run("preview", "00004").stdout
    assert f"Status: left  [access ended after the last working day, {day(-5)} (UTC)]" in shown
