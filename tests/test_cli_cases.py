"""syncd cases, as a person uses it: an employee who could be two users is shown, decided about, and followed by the next push."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.rig import person
from tests.workbench import Workbench, workbench

SETTINGS = (
    ("employee:\n", "employee:\n  absent: {then: deactivate, after_files: 1, after_hours: 0}\n"),
    ("push: {policy: sync}", "push: {policy: sync, limits: {shrink_percent: 100}}"),
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Three employees and one who has left; Litmos has two users of whom each says that it is employee 00001."""
    with workbench(tmp_path) as made:
        made.in_process = True
        made.configure(*SETTINGS)
        made.write_hr([*made.staff(3), person(4, status="Left")])
        for name, active in (("ann.old", False), ("ann.new", True)):
            user = {"UserName": f"{name}@example.com", "FirstName": "Ann", "LastName": "Ek", "Active": active}
            edit(made, do="create_user", set={**user, "ExternalEmployeeId": "00001"})
        edit(made, do="login", UserName="ann.new@example.com", At="2026-03-01T08:00:00Z")
        yield made


def edit(bench: Workbench, **what: Any) -> None:
    """What a person does in Litmos."""
    httpx.post(f"{bench.sandbox.control_url}/edit", json=what).raise_for_status()


def users(bench: Workbench) -> dict[str, dict[str, Any]]:
    return {user["UserName"]: user for user in bench.sandbox.dump()["users"]}


def case(bench: Workbench, employee_id: str = "00001") -> dict[str, Any]:
    found: dict[str, Any] = bench.json("cases", "show", employee_id)["case"]
    return found


def states(bench: Workbench) -> dict[str, str]:
    return {each["employee_id"]: each["state"] for each in bench.json("cases")["cases"]}


def test_a_case_shows_its_candidates_side_by_side_with_hr(bench):
    bench.run("push")
    assert "p1@example.com" not in users(bench)
    shown = bench.run("cases", "show", "00001")
    for text in ("MATCH-AMBIGUOUS", "p1@example.com", "ann.old@example.com", "2026-03-01", "hr.csv:2"):
        assert text in shown.stdout
    assert "syncd cases resolve 00001 --link USER | --create | --ignore" in shown.stderr
    evidence = {each["UserName"]: each for each in case(bench)["candidates"]}
    assert evidence["ann.new@example.com"]["active"] is True
    assert evidence["ann.new@example.com"]["keys"] == ["ExternalEmployeeId"]
    assert evidence["ann.old@example.com"]["active"] is False
    assert "MATCH-AMBIGUOUS" in bench.run("cases").stdout
    assert "Cases that wait for a decision: 1; syncd cases" in bench.run("status").stderr
    assert "syncd cases show 00001" in bench.run("employees", "show", "00001").stdout


def test_link_is_followed_by_the_next_push_and_says_who_decided(bench):
    bench.run("push")
    bench.run("cases", "resolve", "00001", "--link", "Ann.New@example.com")
    assert states(bench) == {"00001": "decided"}
    bench.run("push")
    assert states(bench) == {"00001": "resolved"}
    now = users(bench)
    assert "ann.new@example.com" not in now
    assert now["p1@example.com"]["LastName"] == "Last1"
    assert now["ann.old@example.com"]["Active"] is False
    decision = case(bench)["decision"]
    assert decision["decided_by"].startswith("cli:")
    assert (decision["verdict"], decision["user_id"]) == ("link", now["p1@example.com"]["Id"])
    assert "by person" in bench.run("employees", "show", "00001").stdout


def test_create_makes_a_new_user_and_once(bench):
    bench.run("push")
    bench.run("cases", "resolve", "00001", "--create")
    bench.run("push")
    assert len(users(bench)) == 5
    assert users(bench)["p1@example.com"]["Active"] is True
    before = bench.writes()
    bench.run("push")
    assert bench.writes() == before


def test_ignore_leaves_somebody_alone_until_it_is_undone(bench):
    bench.run("push")
    bench.run("cases", "resolve", "00001", "--ignore")
    before = bench.writes()
    bench.run("push")
    assert bench.writes() == before
    assert states(bench) == {"00001": "resolved"}
    bench.run("cases", "resolve", "00001", "--undo")
    bench.run("push")
    assert states(bench) == {"00001": "open"}
    assert bench.writes() == before


def test_ignoring_somebody_who_is_linked_keeps_them_from_every_change_even_absence(bench):
    bench.run("push")
    bench.run("cases", "resolve", "00002", "--ignore")
    bench.staff(3, title="Lead")
    bench.run("push")
    assert users(bench)["p2@example.com"]["JobTitle"] == "Rep"
    assert users(bench)["p3@example.com"]["JobTitle"] == "Lead"
    for title in ("Chief", "Head"):
        bench.write_hr([person(1, title=title)])
        bench.run("push")
    assert users(bench)["p2@example.com"]["Active"] is True
    assert users(bench)["p3@example.com"]["Active"] is False


def test_a_case_closes_by_itself_when_the_ambiguity_is_gone(bench):
    bench.run("push")
    edit(bench, do="set_user", UserName="ann.old@example.com", set={"ExternalEmployeeId": ""})
    bench.run("push", "--fresh")
    assert states(bench) == {}
    assert "p1@example.com" in users(bench)
    assert "Cases" not in bench.run("status").stderr


def test_a_link_may_be_mended_without_a_case_and_the_former_owner_is_matched_anew(bench):
    """The id of an employee changed: HR's new row would take the old one's user."""
    bench.run("push")
    rows = bench.staff(3)
    rows[1]["employee_id"] = "90002"
    bench.write_hr(rows)
    bench.run("push")
    assert case(bench, "90002")["code"] == "MATCH-TAKEN"
    assert case(bench, "90002")["candidates"][0]["linked_to"] == "00002"
    said = bench.run("cases", "resolve", "90002", "--link", "p2@example.com").stdout
    assert "employee 00002" in said
    bench.run("push")
    assert users(bench)["p2@example.com"]["ExternalEmployeeId"] == "90002"
    assert len(users(bench)) == 4


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("00001",), 2, "Say one of"),
        (("00001", "--create", "--ignore"), 2, "Say one of"),
        (("99999", "--ignore"), 1, "Nobody knows employee 99999"),
        (("00001", "--link", "nobody@example.com"), 1, "syncd refresh"),
        (("00001", "--undo"), 1, "Nothing was decided"),
        (("00004", "--create"), 1, "has no candidate"),
    ],
)
def test_what_cannot_be_decided_is_refused(bench, arguments, code, says):
    bench.run("push")
    assert says in bench.run("cases", "resolve", *arguments, expect=code).stderr


def test_two_employees_are_not_given_one_user(bench):
    bench.run("push")
    bench.run("cases", "resolve", "00001", "--link", "ann.new@example.com")
    refused = bench.run("cases", "resolve", "00003", "--link", "ann.new@example.com", expect=1)
    assert "syncd cases resolve 00001 --undo" in refused.stderr
