"""Histories after which a push that looks only at those whom something has happened to might forget somebody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from syncd.core.cases import Resolution, Verdict
from syncd.core.limits import Limit, Limits
from syncd.planning.approval import approve
from syncd.planning.planner import Draft, draft
from syncd.sending.crew import drain
from syncd.store import cases
from syncd.store.schema import job
from syncd.sync import push
from tests.flows.rig import Rig, person
from tests.flows.test_lifecycle import Calendar, calendar
from tests.flows.test_narrowing import STAFF, STRICT, both, edit, left_out, prepared, told

__all__ = ["calendar"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def at_rest(calendar: Calendar) -> Rig:
    """A company in which nothing is left to do with anybody."""
    rig = prepared(calendar)
    rig.push()
    rig.push()
    assert left_out(rig) == STAFF
    return rig


def new(number: int, **changed: str) -> dict[str, str]:
    return person(number, hire="", leaving="", zone="", **changed)


def pushed(calendar: Calendar, *days: int) -> None:
    """A push of another file on each of these days, which plans what one plans that looks at everybody."""
    rig = calendar.rig
    for day in days:
        calendar.go_to(day)
        rig.hr[0]["title"] = f"Rep {day}"
        whole, narrow, _ = both(rig)
        assert told(narrow) == told(whole)
        rig.push()


def push_only(rig: Rig) -> None:
    """A person pushes the last one of HR's people."""
    rig.write_hr()
    app = rig.open()
    try:
        pushed = push(app, rig.run_id("push"), people=[rig.hr[-1]["employee_id"]])
        drain(app, pushed.run_id)
    finally:
        app.client.close()


def approved(rig: Rig) -> None:
    """A push that is held, and approved."""
    rig.changed["limits"] = Limits(creates=Limit(count=0), shrink_percent=90)
    held = rig.push()
    assert held.state == "held"
    app = rig.open()
    try:
        approve(app, held.run_id, actor="ana")
        drain(app, held.run_id)
    finally:
        app.client.close()


@pytest.mark.parametrize("taken", [push_only, approved])
def test_who_was_taken_without_everybody_else_is_missed(calendar, taken: Callable[[Rig], Any]):
    rig = at_rest(calendar)
    rig.hr.append(new(50))
    taken(rig)
    rig.hr.pop()
    pushed(calendar, 1, 2, 3)
    assert not rig.users()["p50@example.com"]["Active"]


def test_who_is_missing_while_a_row_has_no_id_is_missed_later(calendar):
    """That row may be theirs, so their absence does not count; but it is not forgotten."""
    rig = at_rest(calendar)
    rig.hr[-1] = new(77, employee_id="")
    rig.push()
    rig.hr.pop()
    pushed(calendar, 1, 2, 3)
    assert not rig.users()["p14@example.com"]["Active"]


def test_who_is_missing_from_a_file_that_was_seen_before_is_missed_later(calendar):
    """The same bytes again are no witness."""
    rig = at_rest(calendar)
    rig.hr.append(new(50))
    rig.push()
    rig.push()
    rig.hr.pop()
    rig.push()
    pushed(calendar, 1, 2, 3)
    assert not rig.users()["p50@example.com"]["Active"]


def test_who_was_rejected_when_everybody_was_looked_at_is_missed(calendar):
    rig = at_rest(calendar)
    rig.hr[-1]["last_name"] = ""
    rig.changed["config_digest"] = "two"
    rig.push()
    rig.hr.pop()
    pushed(calendar, 1, 2, 3)
    assert not rig.users()["p14@example.com"]["Active"]


def test_a_quiet_push_leaves_everybody_at_rest(calendar):
    rig = at_rest(calendar)
    rig.push()
    assert left_out(rig) == STAFF


def test_what_a_push_itself_finds_in_litmos_it_repairs(calendar):
    """It reads HR before Litmos, which is older than it may be."""
    rig = at_rest(calendar)
    rig.changed["refresh_max_age"] = 0.0
    edit(rig, do="set_user", UserName="p5@example.com", set={"JobTitle": "by hand"})
    assert rig.push().draft.unchanged == STAFF - 1
    assert rig.users()["p5@example.com"]["JobTitle"] == "Rep"


def test_another_version_of_syncd_looks_at_everybody(calendar, monkeypatch):
    """It may read rows otherwise."""
    rig = at_rest(calendar)
    monkeypatch.setattr("syncd.planning.narrowing.__version__", "0.2.0")
    assert left_out(rig) == 0


def test_a_leaver_without_a_user_whose_address_somebody_is_given(calendar):
    """From then on the address leads to somebody else's user, and a person is asked who that is."""
    rig = prepared(calendar)
    rig.hr.append(new(50, status="Left"))
    rig.push()
    rig.push()
    rig.hr[0]["email"] = "p50@example.com"
    for _ in range(3):
        whole, narrow, _ = both(rig)
        assert told(narrow) == told(whole)
        rig.push()


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[Draft], None]) -> None:
    """Let something happen after each plan is made, and before it is committed."""

    def drafted(*args: Any) -> Draft:
        made = draft(*args)
        happens(made)
        return made

    monkeypatch.setattr("syncd.sync.draft", drafted)


def test_a_decision_while_a_plan_is_made_is_followed(calendar, monkeypatch):
    rig = at_rest(calendar)
    rig.hr[0]["title"] = "Lead"
    rig.push()
    user = rig.users()["p1@example.com"]["Id"]

    def decide(_made: Draft) -> None:
        with rig.database.write() as conn:
            refused = Resolution(verdict=Verdict.CREATE, refused=frozenset({user}))
            cases.resolve(conn, "main", "00001", refused, by="ana", now=rig.database.now(conn))

    meanwhile(monkeypatch, decide)
    rig.push()
    monkeypatch.undo()
    whole, narrow, _ = both(rig)
    assert told(narrow) == told(whole)
    assert "00001" in narrow.employees or "00001" in {one.employee_id for one in narrow.rejections}


def test_a_job_that_ends_while_a_plan_is_made_is_looked_at(calendar, monkeypatch):
    """By the time that it wrote it ended before: it was committed after the plan had read."""
    rig = at_rest(calendar)
    rig.hr[0]["title"] = "Lead"
    sent = rig.push(drained=False).run_id
    rig.hr[0]["title"] = "Rep"

    def end(made: Draft) -> None:
        app = rig.open()
        drain(app, sent)
        app.client.close()
        with rig.database.write() as conn:
            conn.execute(update(job).values(finished_at=made.as_of - timedelta(seconds=1)))

    meanwhile(monkeypatch, end)
    rig.push(drained=False)
    monkeypatch.undo()
    assert rig.users()["p1@example.com"]["JobTitle"] == "Lead"
    rig.push()
    assert rig.users()["p1@example.com"]["JobTitle"] == "Rep"


@pytest.mark.parametrize("verdict", [Verdict.LINK, Verdict.CREATE])
def test_whose_manager_is_another_user_by_a_decision_is_looked_at(calendar, verdict):
    rig = at_rest(calendar)
    boss = rig.users()["p1@example.com"]["Id"]
    edit(rig, do="create_user", set={"UserName": "new@example.com", "FirstName": "N", "LastName": "N"})
    rig.refresh()
    other = rig.users()["new@example.com"]["Id"]
    decided = Resolution(verdict=verdict, refused=frozenset({boss}))
    if verdict is Verdict.LINK:
        decided = Resolution(verdict=verdict, user_id=other)
    with rig.database.write() as conn:
        cases.resolve(conn, "main", "00001", decided, by="ana", now=rig.database.now(conn))
    whole, narrow, _ = both(rig)
    assert told(narrow) == told(whole)


def test_a_case_about_somebody_who_went_long_ago_shows_their_user(calendar):
    rig = at_rest(calendar)
    rig.hr.pop()
    pushed(calendar, 1, 2, 3)
    assert not rig.users()["p14@example.com"]["Active"]
    rig.push()
    rig.hr.append(new(14, employee_id="14", email="another@example.com"))
    whole, narrow, _ = both(rig)
    assert [case.reason.code for case in narrow.matching.cases] == ["ID-ZEROS-LOST"]
    assert narrow.matching.cases == whole.matching.cases


def test_a_manager_whose_user_is_gone_is_told_as_such(calendar):
    """One who has left and is in HR's data still; the link to the user is kept."""
    rig = at_rest(calendar)
    rig.hr[0]["status"] = "Left"
    rig.push()
    edit(rig, do="delete_user", UserName="p1@example.com")
    rig.refresh()
    rig.push()
    whole, narrow, _ = both(rig)
    assert {skip.code for skip in narrow.plan.skips} == {"LEFT", "MANAGER-WITHOUT-USER"}
    assert told(narrow) == told(whole)


@pytest.mark.parametrize("stays", [False, True])
def test_a_team_that_a_strict_rule_gives_nobody_any_more_is_strict_no_longer(calendar, stays):
    """Unless somebody at rest is given it still."""
    rig = prepared(calendar, STRICT)
    rig.hr[0]["department"] = "Stock"
    rig.hr[1]["department"] = "Stock" if stays else "Sales"
    rig.push()
    rig.push()
    rig.hr[0]["department"] = "Sales"
    edit(rig, do="add_member", UserName="p5@example.com", Team="Stock")
    for _ in range(2):
        rig.refresh()
        whole, narrow, _ = both(rig)
        assert narrow.unchanged > 0
        assert told(narrow) == told(whole)
        rig.push()
    assert (("Stock", "p5@example.com") in rig.members()) is not stays


def test_two_who_reject_each_other_reject_along_with_them_whoever_is_at_rest(calendar):
    """All three have one address, and none of the three rows may be right."""
    rig = at_rest(calendar)
    rig.hr[13]["email"] = "p4@example.com"
    rig.hr.append(new(50, email="P4@example.com"))
    whole, narrow, _ = both(rig)
    assert {one.employee_id for one in narrow.rejections} == {"00004", "00014", "00050"}
    assert told(narrow) == told(whole)
