"""What people ask on the command line about one person, and what they are told."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.workbench import Workbench, workbench

CONDITION = ("  - path: Onboarding", "  - {path: Onboarding, when: {department: Sales}}")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(6)
        yield made


def why(bench: Workbench, *words: str, expect: int = 0) -> tuple[str, list[str], str]:
    """The code of the answer, the lines of the output, and what to type next."""
    code = bench.json("why", *words, expect=expect)["findings"][0]["facts"]["code"]
    shown = bench.run("why", *words, expect=expect)
    lines = shown.stdout.splitlines()
    assert lines[0].endswith(f"[{code}]")
    assert len(lines) <= 24, "more than a screen"
    return code, lines, shown.stderr.strip()


def edit(bench: Workbench, *edits: Mapping[str, object]) -> None:
    """A human works in Litmos."""
    httpx.post(f"{bench.sandbox.control_url}/edit", json=list(edits)).raise_for_status()


# ---------------------------------------------------------------- preview


def test_preview_shows_each_step_and_sends_nothing(bench):
    bench.configure(CONDITION)
    rows = bench.staff(6)
    rows[1]["email"] = "P2@Example.com"
    bench.write_hr(rows)
    seen = len(bench.sandbox.log)
    shown = bench.run("preview", "00002")
    assert "hr.csv:3: employee_id='00002'" in shown.stdout
    assert "from 'P2@Example.com' -> lower 'p2@example.com'  [syncd.yaml:" in shown.stdout
    assert "when does not hold (department is 'Support')" in shown.stdout
    assert 'Team: "Support"  [teams[0]]' in shown.stdout
    assert "Litmos user: none" in shown.stdout
    assert "+ employee 00002  create" in shown.stdout
    assert "syncd refresh" in shown.stderr
    assert len(bench.sandbox.log) == seen
    assert bench.json("runs")["runs"] == []


def test_preview_shows_only_the_columns_that_the_mapping_names(bench):
    bench.hr_file.write_text(
        "employee_id,first_name,last_name,email,title,department,status,salary\n"
        "00001,Ana,Novak,ana@example.com,Rep,Sales,Active,95000\n"
    )
    for words in ([], ["--json"]):
        assert "95000" not in bench.run("preview", "00001", *words).stdout


def test_preview_of_somebody_rejected_has_every_reason(bench):
    rows = bench.staff(6)
    rows[2] |= {"email": "x", "first_name": ""}
    bench.write_hr(rows)
    shown = bench.run("preview", "00003").stdout
    for code in ("EMAIL-INVALID", "USERNAME-INVALID", "FIELD-REQUIRED"):
        assert f"Rejected: {code}: users.fields." in shown
    assert "change nothing, for the row is rejected" in shown


def test_preview_shows_every_row_that_claims_an_id(bench):
    rows = bench.staff(6)
    rows[3]["employee_id"] = "00003"
    bench.write_hr(rows)
    found = bench.json("preview", "00003")
    assert [row["origin"] for row in found["rows"]] == ["hr.csv:4", "hr.csv:5"]
    assert {reason["code"] for reason in found["reasons"]} == {"ID-DUPLICATE"}
    assert found["employee"] is None


def test_preview_after_a_push_knows_the_link_and_what_differs(bench):
    bench.run("push")
    rows = bench.staff(6)
    rows[0]["title"] = "Lead"
    bench.write_hr(rows)
    found = bench.json("preview", "00001")
    assert found["match"]["made_by"] == "create"
    assert found["match"]["made_at"] is not None
    assert [(c["action"], c["before"], c["after"]) for c in found["changes"]] == [
        ("update", {"JobTitle": "Rep"}, {"JobTitle": "Lead"})
    ]
    assert [request["kind"] for request in found["requests"]] == ["put_user"]
    assert "change nothing" in bench.run("preview", "00002").stdout


def test_preview_says_what_the_policy_withholds_and_that_observing_sends_nothing(bench):
    bench.run("push")
    rows = bench.staff(6, status="Left")
    bench.configure(("policy: sync", "policy: upsert-only"))
    bench.write_hr(rows)
    assert "withheld by push.policy: employee 00001  deactivate" in bench.run("preview", "00001").stdout
    bench.configure(("policy: sync", "policy: observe"))
    assert "send nothing: push.policy is observe" in bench.run("preview", "00001").stdout


def test_preview_says_why_nothing_happens_to_the_protected(bench):
    bench.run("push")
    rows = bench.staff(6)
    rows[0]["title"] = "Lead"
    bench.write_hr(rows)
    bench.configure(("  match:", "  protected: {usernames: [p1@example.com]}\n  match:"))
    assert "PROTECTED: " in bench.run("preview", "00001").stdout


def test_an_id_is_found_whatever_its_case(bench):
    rows = bench.staff(6)
    rows[0]["employee_id"] = "E1"
    bench.write_hr(rows)
    bench.run("push")
    assert 'Team: "Sales"' in bench.run("preview", "e1").stdout
    assert bench.json("why", "e1")["employee_id"] == "E1"
    assert why(bench, "e1")[0] == "IN-STEP"


def test_preview_of_nobody_names_ids_that_look_alike(bench):
    refused = bench.run("preview", "1", expect=1)
    assert "did you mean employee 00001?" in refused.stderr
    assert refused.stdout == ""
    unknown = bench.run("preview", "77", expect=1).stderr
    assert "has the employee id 77; what is known of them: syncd why 77" in " ".join(unknown.split())


# ---------------------------------------------------------------- why


def test_why_is_she_in_sales(bench):
    bench.run("push")
    code, lines, following = why(bench, "00001", "sales")
    assert (code, following) == ("GIVEN", "")
    assert lines[0].startswith(
        "Employee 00001, team Sales: teams[0] gives it, and Litmos has it: syncd gave it in run 1"
    )
    assert "  record   hr.csv:2, of 6 rows of hr" in lines
    assert any(line.startswith("  rule     teams[0] (syncd.yaml:") for line in lines)
    assert any("by create" in line for line in lines)
    assert any("job " in line and "add_members, completed" in line for line in lines)
    assert any(line.startswith("  grant    given by syncd in run 1") for line in lines)


def test_why_is_she_not_in_support(bench):
    bench.run("push")
    code, lines, _ = why(bench, "00001", "Support")
    assert code == "NO-RULE"
    assert any("teams[0]" in line and "is 'Sales'" in line for line in lines)


def test_why_is_she_in_a_team_that_a_human_put_her_in(bench):
    bench.run("push")
    edit(bench, {"do": "add_member", "Team": "Support", "UserName": "p1@example.com"})
    bench.run("refresh")
    assert why(bench, "00001", "Support")[0] == "FOREIGN"


def test_why_is_nothing_known_about_a_team_that_no_rule_names(bench):
    edit(bench, {"do": "create_team", "Name": "Choir"})
    bench.run("push")
    assert why(bench, "00001", "Choir")[0] == "UNMANAGED"


def test_why_is_her_title_not_changed(bench):
    bench.run("push")
    rows = bench.staff(6)
    rows[0]["title"] = "Lead"
    bench.write_hr(rows)
    code, lines, following = why(bench, "00001", "JobTitle")
    assert (code, following) == ("PLANNED", "Next: syncd push --only 00001")
    assert any("JobTitle: 'Rep' -> 'Lead'" in line for line in lines)
    bench.configure(("policy: sync", "policy: create-only"))
    assert why(bench, "00001", "JobTitle")[0] == "WITHHELD"
    bench.configure(("policy: sync", "policy: observe"))
    assert why(bench, "00001", "JobTitle")[0] == "OBSERVED"
    bench.configure(("JobTitle: title", "JobTitle: {from: title, on: create}"))
    assert why(bench, "00001", "JobTitle")[0] == "ON-CREATE"
    bench.configure(("JobTitle: title", "JobTitle: {from: title, owner: report}"))
    assert why(bench, "00001", "JobTitle")[0] == "REPORT-ONLY"
    bench.configure(("JobTitle: title", "JobTitle: {from: title, when: {department: IT}}"))
    code, lines, _ = why(bench, "00001", "JobTitle")
    assert code == "WHEN-NOT"
    assert "department is 'Sales'" in lines[0]
    bench.configure(("    JobTitle: title\n", ""))
    assert why(bench, "00001", "JobTitle")[0] == "NOT-MAPPED"


def test_why_is_a_held_change_not_made_and_what_to_type(bench):
    bench.run("push")
    bench.staff(6, status="Left")
    bench.configure(("push: {policy: sync}", "push: {policy: sync, limits: {deactivations: {count: 2}}}"))
    code, lines, _ = why(bench, "00001")
    assert code == "LIMITED"
    assert "6 deactivations are more than push.limits.deactivations.count = 2" in lines[0]
    bench.run("push", expect=4)
    code, lines, following = why(bench, "00001")
    assert (code, following) == ("HELD", "Next: syncd runs show 2")
    assert any("held" in line and line.startswith("  history") for line in lines)
    bench.run("approve", "2", "--confirm-count", "6")
    code, lines, _ = why(bench, "00001")
    assert code == "LEFT"
    assert any("approved by cli:" in line and line.startswith("  history") for line in lines)


def test_why_is_a_change_not_sent_yet(bench):
    bench.run("push", "--no-wait")
    code, _, following = why(bench, "00001")
    assert (code, following) == ("QUEUED", "Next: syncd jobs --run 1")


def test_why_did_a_change_fail(bench):
    bench.run("push")
    rows = bench.staff(6)
    rows[0]["title"] = "Lead"
    bench.write_hr(rows)
    edit(bench, {"do": "delete_user", "UserName": "p1@example.com"})
    bench.run("push", expect=5)
    code, lines, following = why(bench, "00001", "JobTitle")
    assert (code, following) == ("FAILED", "Next: syncd runs show 2")
    assert "HTTP 404" in lines[0]


def test_why_does_she_have_no_account(bench):
    rows = bench.staff(6)
    rows[0]["email"] = "x"
    bench.write_hr(rows)
    bench.run("push")
    code, lines, following = why(bench, "00001")
    assert (code, following) == ("REJECTED", "Next: syncd preview 00001")
    assert any("EMAIL-INVALID" in line and "syncd.yaml:" in line for line in lines)


def test_why_when_a_person_must_decide_who_it_is(bench):
    twins = [
        {
            "UserName": f"ana{number}@example.com",
            "FirstName": "Ana",
            "LastName": "Novak",
            "ExternalEmployeeId": "00001",
        }
        for number in (1, 2)
    ]
    edit(bench, *({"do": "create_user", "set": twin} for twin in twins))
    bench.run("push")
    code, lines, following = why(bench, "00001")
    assert (code, following) == ("CASE", "Next: syncd cases show 00001")
    assert any(line.startswith("  rejected MATCH-AMBIGUOUS") for line in lines)


def test_why_has_somebody_who_vanished_from_hr_still_an_account(bench):
    rows = bench.staff(6)
    bench.run("push")
    bench.write_hr(rows[:5])
    code, lines, _ = why(bench, "00006")
    assert code == "ABSENT-IGNORED"
    assert any(line.startswith("  record   last in hr.csv:7") for line in lines)


def test_why_with_drift_names_what_somebody_changed(bench):
    bench.run("push")
    edit(bench, {"do": "set_user", "UserName": "p1@example.com", "set": {"JobTitle": "Chief"}})
    bench.run("refresh")
    _, lines, _ = why(bench, "00001", "JobTitle")
    assert any(line.startswith("  drift    somebody changed JobTitle: 'Rep' -> 'Chief'") for line in lines)


def test_why_when_hr_cannot_be_read_tells_what_is_known(bench):
    bench.run("push")
    bench.hr_file.unlink()
    code, lines, following = why(bench, "00001", "JobTitle")
    assert (code, following) == ("SOURCE-UNREADABLE", "Next: syncd doctor")
    assert any("JobTitle is 'Rep'" in line for line in lines)


def test_why_of_nobody_and_of_nothing(bench):
    bench.run("refresh")
    assert why(bench, "77", expect=1)[0] == "UNKNOWN-PERSON"
    assert "did you mean 00001?" in why(bench, "1", expect=1)[1][0]
    assert "did you mean" in bench.run("why", "00001", "JobTitel", expect=1).stderr


def test_why_sends_nothing(bench):
    bench.run("push")
    seen = len(bench.sandbox.log)
    why(bench, "00001")
    assert len(bench.sandbox.log) == seen
