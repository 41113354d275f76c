"""Several sources, end to end: one crowd, each person from the first source that names them, absent only from all of them."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncd.core.doubts import Dated, Expect
from syncd.core.employments import Employments
from syncd.core.limits import Limits
from syncd.core.rules import Absence
from syncd.errors import SourceError, StalePlan
from syncd.insight.inquiry import preview
from syncd.planning.approval import approve
from syncd.planning.saving import must_fit, open_plan, save_plan
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.sources import CsvSourceSettings, open_source
from syncd.sources.renaming import renamed
from syncd.sources.settings import SqlSourceSettings
from syncd.store import inputs, links, people
from syncd.store.database import Database
from syncd.sync import Pushed, push
from tests.flows.rig import MAPPING, Rig, person, place

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}
ABSENT = replace(MAPPING, absence=Absence(deactivates=True, after_files=1, after_hours=0))


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Employees 1 to 4 and contractors 5 to 7, all in Litmos; no Limit holds anything."""
    with Sandbox(limit=300, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path)
        made.hr = [person(n) for n in range(1, 5)]
        made.others = {"contractors": [person(n, title="Contractor") for n in range(5, 8)]}
        made.changed = {"limits": Limits(minimum_population=1000, shrink_percent=100), "mapping": ABSENT}
        made.push()
        yield made


def again(rig: Rig, title: str) -> Pushed:
    """Both files written anew, with other bytes, and pushed."""
    rig.hr[0]["title"] = title
    rig.others["contractors"][0]["title"] = title
    return rig.push()


def user(rig: Rig, number: int) -> dict[str, Any]:
    return rig.users()[f"p{number}@example.com"]


def known(rig: Rig, number: int) -> Any:
    with rig.database.read() as conn:
        return people.get(conn, "main", f"{number:05d}")


def test_two_files_are_one_crowd_and_each_person_has_their_origin(rig):
    assert {name for name in rig.users() if name.startswith("p")} == {
        f"p{n}@example.com" for n in range(1, 8)
    }
    assert (known(rig, 1)["source"], known(rig, 1)["origin"]) == ("hr", "hr.csv:2")
    assert (known(rig, 5)["source"], known(rig, 5)["origin"]) == ("contractors", "contractors.csv:2")
    assert rig.push().draft.plan.changes == ()


def test_each_source_has_an_input_of_its_own_that_the_next_is_compared_with(rig):
    pushed = again(rig, "Lead")
    with rig.database.read() as conn:
        read = inputs.of_run(conn, pushed.run_id)
        last = {name: inputs.last_accepted(conn, "main", name) for name in ("hr", "contractors")}
    assert [(row["source"], row["rows"], row["accepted"]) for row in read] == [
        ("hr", 4, True),
        ("contractors", 3, True),
    ]
    assert [dict(row) for row in read] == [dict(row) for row in last.values() if row is not None]


def test_who_is_in_both_is_as_the_first_says(rig):
    rig.others["contractors"].append(person(1, title="Contractor", department="Agency"))
    pushed = rig.push()
    assert pushed.draft.plan.changes == ()
    assert pushed.draft.rejections == ()


def test_a_contractor_who_is_hired_keeps_their_user_and_is_not_absent(rig):
    before = user(rig, 5)["Id"]
    rig.hr.append(rig.others["contractors"].pop(0) | {"title": "Manager"})
    rig.push()
    assert (user(rig, 5)["Id"], user(rig, 5)["JobTitle"], user(rig, 5)["Active"]) == (before, "Manager", True)
    assert known(rig, 5)["source"] == "hr"
    for title in ("Lead", "Chief", "Head"):
        again(rig, title)
    assert all(each["Active"] for each in rig.users().values())


def test_a_wrong_row_of_the_first_is_not_replaced_by_a_later_ones(rig):
    rig.hr[0]["status"] = "Who knows"
    rig.others["contractors"].append(person(1, title="Contractor"))
    pushed = rig.push()
    assert [(r.employee_id, r.origin, r.source) for r in pushed.draft.rejections] == [
        ("00001", "hr.csv:2", "hr")
    ]
    assert pushed.draft.plan.changes == ()
    with rig.database.read() as conn:
        (row,) = people.quarantined(conn, "main")
    assert (row["source"], row["origin"]) == ("hr", "hr.csv:2")


def test_a_wrong_row_of_a_later_one_says_where_it_is(rig):
    rig.others["contractors"][1]["email"] = "x"
    (rejection,) = rig.push().draft.rejections
    assert (rejection.origin, rejection.source) == ("contractors.csv:3", "contractors")


def test_only_who_is_missing_from_all_of_them_is_absent(rig):
    rig.hr.pop()
    rig.others["contractors"].pop()
    for title in ("Lead", "Chief", "Head"):
        again(rig, title)
    assert [user(rig, n)["Active"] for n in (3, 4, 6, 7)] == [True, False, True, False]


def push_with(rig: Rig, *, contractors_written: float | None = None, cut: str = "") -> Pushed:
    """A push after the files were written, the one of contractors at another time, one of them without its last line end."""
    rig.write_hr()
    if cut:
        file = rig.folder / f"{cut}.csv"
        file.write_bytes(file.read_bytes().rstrip(b"\r\n"))
    if contractors_written is not None:
        os.utime(rig.folder / "contractors.csv", (contractors_written, contractors_written))
    app = rig.open()
    try:
        pushed = push(app, rig.run_id("push"))
    finally:
        app.client.close()
    drain_of(rig, pushed)
    return pushed


def drain_of(rig: Rig, pushed: Pushed) -> None:
    app = rig.open()
    try:
        if pushed.state == "running":
            drain(app, pushed.run_id)
    finally:
        app.client.close()


@pytest.mark.parametrize("cut", ["hr", "contractors"])
def test_nobody_is_absent_while_any_source_may_lack_its_end(cut, rig):
    rig.hr.pop(1)
    for title in ("Lead", "Chief", "Head"):
        rig.hr[0]["title"] = title
        push_with(rig, cut=cut)
    assert user(rig, 2)["Active"]
    assert known(rig, 2)["absent_count"] == 0


def test_nobody_is_absent_before_every_other_source_was_written_anew(rig):
    """Employees are exported daily, contractors on Mondays: who moved in between is not yet in the file of contractors."""
    old = (rig.folder / "contractors.csv").stat().st_mtime - 60
    moved = rig.hr.pop()
    changed = {"expects": {"contractors": Expect(newer=False)}}
    rig.changed |= changed
    for title in ("Lead", "Chief", "Head"):
        rig.hr[0]["title"] = title
        push_with(rig, contractors_written=old)
    assert known(rig, 4)["absent_count"] == 3
    assert user(rig, 4)["Active"]
    rig.others["contractors"].append(moved | {"title": "Contractor"})
    rig.push()
    assert (user(rig, 4)["Active"], user(rig, 4)["JobTitle"]) == (True, "Contractor")
    rig.others["contractors"].pop()
    again(rig, "Top")
    again(rig, "Tip")
    assert not user(rig, 4)["Active"]


@pytest.mark.parametrize("how", ["cut", "nameless"])
def test_nobody_is_taken_over_from_a_source_that_may_lack_their_row(how, rig):
    rig.others["contractors"].append(person(4, title="Contractor", department="Agency"))
    assert rig.push().draft.plan.changes == ()
    lost = rig.hr.pop()
    if how == "nameless":
        rig.hr.append(lost | {"employee_id": "4.0E+00"})
    pushed = push_with(rig, cut="hr" if how == "cut" else "")
    codes = {r.employee_id: r.reasons[0].code for r in pushed.draft.rejections}
    assert codes["00004"] == "SOURCE-UNSURE"
    assert pushed.draft.plan.changes == ()
    rig.hr = rig.hr[:3]
    rig.push()
    assert user(rig, 4)["JobTitle"] == "Contractor"


def test_a_source_that_is_doubted_holds_all_and_is_named(rig):
    rig.changed |= {"limits": Limits(minimum_population=1000, shrink_percent=20)}
    rig.hr[0]["title"] = "Lead"
    rig.others["contractors"] = rig.others["contractors"][:1]
    pushed = rig.push()
    assert pushed.state == "held"
    (hold,) = pushed.draft.plan.holds
    assert hold.code == "LIMIT-SHRINK"
    assert hold.message.startswith("contractors: the source has 1 rows, 66.7 % fewer than the 3")
    assert known(rig, 6)["absent_count"] == 0
    app = rig.open()
    approve(app, pushed.run_id, actor="ann")
    app.client.close()
    with rig.database.read() as conn:
        assert all(row["accepted"] for row in inputs.of_run(conn, pushed.run_id))
    assert rig.push().draft.plan.holds == ()


def test_what_is_expected_is_expected_of_one_source(rig):
    rig.changed |= {"expects": {"contractors": Expect(min_rows=4), "hr": Expect(min_rows=4)}}
    rig.hr[0]["title"] = rig.others["contractors"][0]["title"] = "Lead"
    assert [hold.message for hold in rig.push().draft.plan.holds] == [
        "contractors: the source has 3 rows, fewer than source.expect.rows.min = 4"
    ]


def test_people_who_all_move_to_the_other_source_are_no_strangers(rig):
    rig.changed |= {"limits": Limits(minimum_population=1, shrink_percent=100)}
    rig.hr += rig.others["contractors"][:2]
    rig.others["contractors"] = rig.others["contractors"][2:]
    assert rig.push().draft.plan.holds == ()
    rig.others["contractors"] = [person(90)]
    assert [hold.code for hold in rig.push().draft.plan.holds] == ["LIMIT-OVERLAP"]


def test_a_source_that_cannot_be_read_fails_the_push(rig):
    rig.write_hr()
    (rig.folder / "contractors.csv").unlink()
    app = rig.open()
    with pytest.raises(SourceError, match=r"contractors\.csv"):
        push(app, rig.run_id("push"))
    app.client.close()
    assert all(each["Active"] for each in rig.users().values())


def test_who_was_last_in_a_source_that_is_no_more_is_not_absent(rig):
    rig.others = {}
    for title in ("Lead", "Chief", "Head"):
        rig.hr[0]["title"] = title
        rig.push()
    assert all(each["Active"] for each in rig.users().values())


def test_who_left_by_the_first_and_works_by_a_later_one_has_left_and_is_told(rig):
    rig.others["contractors"].append(person(1, title="Contractor"))
    rig.hr[0]["status"] = "Left"
    pushed = rig.push()
    assert not user(rig, 1)["Active"]
    (said,) = [each for each in pushed.draft.plan.problems if "left by the source" in each]
    assert "00001 (hr.csv:2, contractors.csv:5)" in said


def test_employments_in_two_sources_are_one_person_who_works_as_long_as_one_goes_on(rig):
    rules = replace(ABSENT, employments=Employments(place=place("employee.employments")))
    rig.changed |= {"mapping": rules}
    rig.others["contractors"].append(person(1, title="Contractor"))
    rig.hr[0]["status"] = "Left"
    rig.push()
    assert (user(rig, 1)["Active"], user(rig, 1)["JobTitle"]) == (True, "Contractor")
    rig.others["contractors"].pop()
    rig.push()
    assert not user(rig, 1)["Active"]


def test_a_preview_shows_every_row_and_the_one_that_decides(rig):
    rig.others["contractors"].append(person(1, title="Contractor"))
    rig.write_hr()
    app = rig.open()
    found = preview(app, "00001")
    app.client.close()
    assert [row.origin for row in found.rows] == ["hr.csv:2", "contractors.csv:5"]
    assert found.employee is not None
    assert (found.employee.source, found.employee.origin) == ("hr", "hr.csv:2")


def test_a_preview_judges_a_source_by_its_date_as_a_push_does(rig):
    """It used to read without looking at the date, and then to miss one."""
    rig.changed |= {"expects": {"contractors": Expect(dated=Dated(column="unit"))}}
    for row in rig.others["contractors"]:
        row["unit"] = "2026-04-27"
    rig.write_hr()
    app = rig.open()
    found = preview(app, "00005")
    app.client.close()
    assert found.draft.plan.holds == ()


def test_a_saved_plan_is_stale_once_any_source_is_another(rig):
    rig.hr[0]["title"] = "Lead"
    rig.write_hr()
    app = rig.open()
    pushed = push(app, rig.run_id("push"), send=False)
    save_plan(app, rig.folder / "plan.json", pushed.run_id, pushed.intake, pushed.draft)
    saved = open_plan(rig.folder / "plan.json")
    must_fit(app, saved, pushed.intake)
    rig.others["contractors"][0]["title"] = "Lead"
    rig.write_hr()
    other = push(app, rig.run_id("push"), send=False).intake
    with pytest.raises(StalePlan, match=r"contractors is another one: sha256 .* and 3 rows now"):
        must_fit(app, saved, other)
    alone = replace(pushed.intake, inputs=pushed.intake.inputs[:1])
    with pytest.raises(StalePlan, match="the sources are hr now, and were hr, contractors"):
        must_fit(app, saved, alone)
    app.client.close()


# ---------------------------------------------------------------- other headers, other kinds


def contractors_in_sqlite(folder: Path) -> Path:
    path = folder / "agency.db"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE worker (nr TEXT, given TEXT, family TEXT, mail TEXT)")
        rows = [(f"C{n}", f"First{n}", f"Last{n}", f"c{n}@example.com") for n in range(1, 4)]
        conn.executemany("INSERT INTO worker VALUES (?, ?, ?, ?)", rows)
    return path


def test_a_database_beside_a_file_has_its_own_headers(rig):
    path = contractors_in_sqlite(rig.folder)
    constants = {"status": "Active", "title": "Contractor", "department": "Agency", "division": "Commercial"}
    names = {"nr": "employee_id", "given": "first_name", "family": "last_name", "mail": "email"}
    sql = open_source(
        SqlSourceSettings(
            name="agency", url=lambda: f"sqlite:///{path}", query="SELECT * FROM worker ORDER BY nr"
        )
    )
    rig.others = {}
    rig.write_hr()
    app = rig.open()
    app.sources = (*app.sources, renamed(sql, names, constants))
    pushed = push(app, rig.run_id("push"))
    app.client.close()
    drain_of(rig, pushed)
    assert pushed.draft.rejections == ()
    assert rig.users()["c2@example.com"]["JobTitle"] == "Contractor"
    assert ("Agency", "c2@example.com") in rig.members()
    with rig.database.read() as conn:
        made = people.get(conn, "main", "C2")
        assert links.find(conn, "main", "C2")
    assert made is not None
    assert (made["source"], made["origin"]) == ("agency", "agency:row 2")


def test_an_older_file_by_the_date_in_its_name_is_held(rig):
    source = open_source(CsvSourceSettings(name="hr", path=rig.folder / "hr_{date}.csv", name_date="%Y%m%d"))

    def export(day: str, title: str) -> Pushed:
        rig.others = {}
        rig.hr[0]["title"] = title
        rig.write_hr()
        (rig.folder / "hr.csv").rename(rig.folder / f"hr_{day}.csv")
        app = rig.open()
        app.sources = (source,)
        try:
            return push(app, rig.run_id("push"))
        finally:
            app.client.close()

    assert export("20260427", "Lead").draft.plan.holds == ()
    with rig.database.read() as conn:
        last = inputs.last_accepted(conn, "main", "hr")
    assert last is not None
    assert last["fingerprint"]["dated"] == "2026-04-27"
    (rig.folder / "hr_20260427.csv").unlink()
    (hold,) = export("20260426", "Chief").draft.plan.holds
    assert hold.code == "SOURCE-OLDER"
    assert hold.message.startswith("the source is dated 2026-04-26, and the last accepted input 2026-04-27")
    assert export("20260428", "Head").draft.plan.holds == ()
    assert datetime.now(UTC).date().isoformat() > "2026-04-28"
