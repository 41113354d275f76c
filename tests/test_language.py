"""The mapping language as somebody meets it who configures syncd: faults, warnings, examples, and what becomes of people."""

import json

import httpx
import pytest

from tests.workbench import workbench

STAFF = 25
TITLE = "    JobTitle: title\n"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with workbench(tmp_path_factory.mktemp("language")) as made:
        made.in_process = True
        yield made


def litmos(bench, username: str = "p1@example.com") -> dict[str, str]:
    """A user as Litmos has it."""
    users: list[dict[str, str]] = bench.sandbox.dump()["users"]
    return next(user for user in users if user["UserName"] == username)


def edited(bench, **fields: str) -> None:
    """A person changes fields of p1 in Litmos."""
    body = {"do": "set_user", "UserName": "p1@example.com", "set": fields}
    httpx.post(f"{bench.sandbox.control_url}/edit", json=[body]).raise_for_status()
    bench.run("refresh")


def first(bench, **cells: str) -> None:
    """Everybody, the first of them with these cells."""
    rows = bench.staff(STAFF)
    bench.write_hr([{**rows[0], **cells}, *rows[1:]])
    bench.run("push")


def test_init_wires_the_schema_for_editors_in(bench, tmp_path):
    bench.run("init", str(tmp_path))
    named = (tmp_path / "syncd.yaml").read_text(encoding="utf-8").splitlines()[0]
    schema = tmp_path / named.removeprefix("# yaml-language-server: $schema=./")
    assert json.loads(schema.read_text(encoding="utf-8")) == json.loads(bench.run("config", "schema").stdout)


def test_if_empty_sets_a_field_while_litmos_has_nothing_later_too(bench):
    bench.configure((TITLE, "    JobTitle: {from: title, on: if_empty}\n"))
    first(bench, title="Lead")
    assert litmos(bench)["JobTitle"] == "Lead"
    first(bench, title="Head")
    assert litmos(bench)["JobTitle"] == "Lead", "it has one"
    edited(bench, JobTitle="Chief")
    first(bench, title="Head")
    assert litmos(bench)["JobTitle"] == "Chief", "a person's choice stays"
    edited(bench, JobTitle="")
    first(bench, title="Head")
    assert litmos(bench)["JobTitle"] == "Head"


def test_a_blank_that_keeps_and_a_word_that_clears(bench):
    bench.configure((TITLE, '    JobTitle: {from: title, blank: keep, default: "", cleared: ["#CLEAR"]}\n'))
    for title, expected in (
        ("Lead", "Lead"),
        ("", "Lead"),
        ("N/A", "Lead"),
        ("#CLEAR", ""),
        ("Head", "Head"),
    ):
        first(bench, title=title)
        assert litmos(bench)["JobTitle"] == expected, title


def test_an_expression_makes_a_field_and_a_team_of_whom_it_names(bench):
    ana = 'row.first_name == "Ana" ? row.first_name.upper() + " " + row.title : row.title'
    leads = (
        """  - {name: {expr: 'row.department.upper() + " leads"'}, parent: [], when: 'row.title == "Lead"'}"""
    )
    bench.configure((TITLE, f"    JobTitle: {{expr: '{ana}'}}\n"), ("teams:\n", f"teams:\n{leads}\n"))
    rows = bench.staff(STAFF)
    first(bench, title="Lead", first_name="Ana")
    assert litmos(bench)["JobTitle"] == "ANA Lead"
    team = next(team for team in bench.sandbox.dump()["teams"] if team["Name"].endswith(" leads"))
    assert team["Name"] == f"{rows[0]['department'].upper()} leads"
    members = [one["UserId"] for one in bench.sandbox.dump()["memberships"] if one["TeamId"] == team["Id"]]
    assert members == [litmos(bench)["Id"]]


def test_an_expression_that_names_no_column_of_hr_is_refused_before_the_first_row(bench):
    bench.configure((TITLE, "    JobTitle: {expr: 'row[\"job titel\"] + row.titel'}\n"))
    bench.staff(STAFF)
    done = bench.run("plan", expect=3)
    line = next(
        n for n, text in enumerate(bench.config_file.read_text("utf-8").splitlines(), 1) if "titel" in text
    )
    assert f'syncd.yaml:{line}:22: column "job titel" is not in hr; ' in done.stderr
    assert f'syncd.yaml:{line}:22: column "titel" is not in hr; did you mean "title"?' in done.stderr


def test_a_row_on_which_an_expression_fails_is_rejected_with_the_line_of_the_rule_and_of_the_row(bench):
    bench.configure((TITLE, "    JobTitle: {expr: 'string(int(row.title) + 1)'}\n"))
    rows = bench.staff(STAFF, title="1")
    bench.write_hr([{**rows[0], "title": "Lead"}, *rows[1:]])
    line = next(
        n for n, text in enumerate(bench.config_file.read_text("utf-8").splitlines(), 1) if "JobTitle" in text
    )
    done = bench.run("plan", "--all")
    assert (
        f"hr.csv:2 employee {rows[0]['employee_id']} rejected: EXPRESSION-FAILED: users.fields.JobTitle "
        f'(syncd.yaml:{line}:5): column "title": the expression cannot be worked out: cannot convert string to int'
    ) in " ".join(done.stdout.split())


def test_config_check_runs_the_examples_and_warns_of_sensitive_columns(bench):
    given = (
        "{employee_id: 1, status: Active, email: A@example.com, first_name: A, last_name: B, birth_date: x}"
    )
    example = "examples:\n  - given: {given}\n    expect: {{fields: {{UserName: {name}}}}}\n"
    for name, code in (("a@example.com", 0), ("A@example.com", 3)):
        bench.configure(
            (TITLE, "    JobTitle: birth_date\n"),
            ("push: {policy: sync}\n", "push: {policy: sync}\n" + example.format(given=given, name=name)),
        )
        done = bench.run("config", "check", expect=code)
        if code:
            assert 'UserName: expected "A@example.com", found "a@example.com"' in done.stderr
            refused = bench.run("push", expect=3)
            assert "examples[0].expect.fields.UserName" in refused.stderr
        else:
            assert 'column "birth_date" looks like a date of birth' in done.stderr
            assert "is valid" in done.stdout
