"""What people ask on the command line about one person, and what they are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench import Workbench, workbench

CONDITION = ("  - path: Onboarding", "  - {path: Onboarding, when: {department: Sales}}")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(6)
        yield made


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


def test_preview_of_nobody_names_ids_that_look_alike(bench):
    refused = bench.run("preview", "1", expect=1)
    assert "did you mean 00001?" in refused.stderr
    assert refused.stdout == ""
    assert "has the employee id 77" in bench.run("preview", "77", expect=1).stderr
