"""Examples in the configuration: unit tests of its rules, run whenever it is checked."""

import pytest

from tests.config.files import HEAD, USERS, faults_of, load_text

RULES = """\
    JobTitle: {from: title, on: if_empty}
    City: {from: city, blank: keep}
    DisableMessages: {from: quiet, transform: bool}
scope: {when: {department: {not: Other}}}
teams: [{name: "{department}", parent: All}, {name: Everyone}]
learning_paths: [Onboarding]
"""
GIVEN = "{employee_id: 007, status: Active, email: Ana@example.com, first_name: Ana, last_name: Novak, department: Sales, boss: B7}"
BEFORE = HEAD + USERS.replace("  fields:", "  manager: boss\n  fields:") + RULES
LINE = BEFORE.count("\n") + 3


def example(expect: str, given: str = GIVEN) -> str:
    return f"{BEFORE}examples:\n  - given: {given}\n    expect: {expect}\n"


@pytest.mark.parametrize(
    "expect",
    [
        "{}",
        "{employee_id: 007, status: active, in_scope: true}",
        '{fields: {UserName: ana@example.com, JobTitle: "", City: null, DisableMessages: false, ExternalEmployeeId: 007}}',
        "{manager: B7}",
        "{teams: [Everyone, [All, Sales]], learning_paths: Onboarding}",
    ],
)
def test_what_is_as_expected_is_no_fault(tmp_path, expect):
    assert load_text(tmp_path, example(expect)).warnings == ()


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ("{employee_id: 1}", "[STATUS-UNKNOWN, FIELD-REQUIRED]"),
        (GIVEN.replace("Ana@example.com", "nobody"), "USERNAME-INVALID"),
    ],
)
def test_a_row_that_is_to_be_rejected(tmp_path, given, codes):
    load_text(tmp_path, example(f"{{rejected: {codes}}}", given))


@pytest.mark.parametrize(
    ("expect", "given", "fault"),
    [
        ("{employee_id: 7}", GIVEN, "27: examples[0].expect.employee_id: expected 7, found 007"),
        ("{status: left}", GIVEN, "22: examples[0].expect.status: expected left, found active"),
        (
            "{fields: {UserName: Ana@example.com}}",
            GIVEN,
            '33: examples[0].expect.fields.UserName: expected "Ana@example.com", found "ana@example.com"',
        ),
        (
            "{fields: {City: Oslo}}",
            GIVEN,
            '29: examples[0].expect.fields.City: expected "Oslo", found nothing (left as Litmos has it)',
        ),
        ("{fields: {Cty: Oslo}}", GIVEN, '23: examples[0].expect.fields.Cty: is no Litmos field; did you mean "City"?'),
        (
            "{teams: [[All, Sales]]}",
            GIVEN,
            "21: examples[0].expect.teams: expected All > Sales, found All > Sales, Everyone",
        ),
        ("{learning_paths: []}", GIVEN, "30: examples[0].expect.learning_paths: expected none, found Onboarding"),
        ('{manager: ""}', GIVEN, '23: examples[0].expect.manager: expected "", found "B7"'),
        ("{in_scope: false}", GIVEN, "24: examples[0].expect.in_scope: expected false, found true"),
        (
            "{rejected: ID-MISSING}",
            GIVEN,
            "24: examples[0].expect.rejected: expected ID-MISSING, found a row that is right",
        ),
        (
            "{rejected: ID-MISSING}",
            "{employee_id: 1, status: Left, depratment: x}",
            "",
        ),
        (
            "{status: active}",
            "{employee_id: 1, status: Gone}",
            ('5: examples[0].expect: the row is rejected: STATUS-UNKNOWN employee.status (syncd.yaml:7:3): column "status": '
            "'Gone' is not in the map; it has 'Active', 'Left'; FIELD-REQUIRED users.fields.UserName"),
        ),
        (
            "{rejected: [ID-MISSING, EMAIL-INVALID]}",
            "{status: Left}",
            "24: examples[0].expect.rejected: expected ID-MISSING, EMAIL-INVALID, found ID-MISSING",
        ),
    ],
)  # fmt: skip
def test_what_is_not_as_expected_is_a_fault_at_its_place(tmp_path, expect, given, fault):
    found = faults_of(tmp_path, example(expect, given))
    if not fault:
        assert found == [
            (
                f"syncd.yaml:{LINE - 1}:43: examples[0].given.depratment: no rule names this column; "
                'did you mean "department"?'
            )
        ]
        return
    assert len(found) == 1
    assert found[0].startswith(f"syncd.yaml:{LINE}:{fault}")


def test_examples_of_a_faulty_mapping_say_nothing(tmp_path):
    text = example("{employee_id: 8}").replace("blank: keep", "blank: kep")
    assert [fault.split(": ")[1] for fault in faults_of(tmp_path, text)] == ["users.fields.City.blank"]


def test_a_row_that_gives_a_day_is_looked_at_on_a_day(tmp_path):
    dates = BEFORE.replace("users:\n", "  dates: {hire: hired}\nusers:\n", 1)
    given = GIVEN.replace("}", ", hired: 2026-12-01}")
    row = f"{dates}examples:\n  - given: {given}\n"
    for day, status in (("2026-11-30", "future"), ("2026-12-01", "active")):
        load_text(tmp_path, f"{row}    on: {day}\n    expect: {{status: {status}}}\n")
    load_text(tmp_path, f"{dates}examples:\n  - given: {GIVEN}\n    expect: {{status: active}}\n")
    (fault,) = faults_of(tmp_path, f"{row}    expect: {{status: active}}\n")
    assert "examples[0]: gives a day, so it needs `on`" in fault
    (fault,) = faults_of(tmp_path, f"{row}    on: soon\n    expect: {{}}\n")
    assert "examples[0].on: " in fault
