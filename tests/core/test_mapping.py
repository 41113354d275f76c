"""Records in, Employees or Rejections out."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncd.core.columns import columns_used, unsaid
from syncd.core.conditions import Between, Condition, OneOf
from syncd.core.dates import DateFormat
from syncd.core.lifecycle import Contradiction, Lifecycle
from syncd.core.mapping import Mapping, map_record
from syncd.core.model import Employee, Record, Rejection, Status
from syncd.core.records import map_records
from syncd.core.rules import (
    Column,
    DatesRule,
    DayRule,
    FieldRule,
    IdRule,
    ItemRule,
    Lookup,
    ManagerRule,
    Otherwise,
    Part,
    Place,
    Split,
    StatusRule,
    TeamRule,
    Text,
    ValueRule,
)
from tests.core.factories import course_name, path_name

ROW = {
    "id": "007",
    "status": "Active",
    "mail": "Ana@Example.com",
    "first": "Ana",
    "last": "Novak",
    "dept": "Sales",
    "div": "Commercial",
    "x": "",
}


def column(name: str, **rule: Any) -> ValueRule:
    return ValueRule(parts=(Column(name=name, where=f"f.yaml:1:{len(name)}"),), **rule)


def field(name: str, value: ValueRule, **options: Any) -> FieldRule:
    return FieldRule(
        place=Place(where="f.yaml:9:5", key=f"users.fields.{name}"), field=name, value=value, **options
    )


def given_if(name: str, *values: str) -> Condition:
    return OneOf(column=name, where="f.yaml:8:8", values=frozenset(values))


def mapping(*fields: FieldRule, **parts: Any) -> Mapping:
    """A Mapping with the fields that Litmos requires, and these; a field given here replaces one of those."""
    base = (
        field("UserName", column("mail", transforms=("lower",))),
        field("FirstName", column("first")),
        field("LastName", column("last")),
    )
    taken = {rule.field for rule in fields}
    return Mapping(
        employee_id=IdRule(place=Place(where="f.yaml:2:3", key="employee.id"), value=column("id")),
        status=StatusRule(
            place=Place(where="f.yaml:3:3", key="employee.status"),
            value=column("status"),
            table={"Active": Status.ACTIVE, "Left": Status.LEFT},
        ),
        fields=(*(rule for rule in base if rule.field not in taken), *fields),
        **parts,
    )


def mapped(rules: Mapping, **cells: str) -> Employee:
    outcome = map_record(rules, Record(fields={**ROW, **cells}, origin="hr.csv:2"))
    assert isinstance(outcome, Employee), outcome
    return outcome


def reasons(rules: Mapping, **cells: str) -> list[str]:
    outcome = map_record(rules, Record(fields={**ROW, **cells}, origin="hr.csv:2"))
    assert isinstance(outcome, Rejection), outcome
    assert outcome.origin == "hr.csv:2"
    return [f"{reason.code} {reason.message}" for reason in outcome.reasons]


def test_an_employee():
    employee = mapped(mapping())
    assert employee.employee_id == "007"
    assert employee.status is Status.ACTIVE
    assert dict(employee.fields) == {"UserName": "ana@example.com", "FirstName": "Ana", "LastName": "Novak"}
    assert employee.in_scope
    assert employee.origin == "hr.csv:2"


NOT_SAID = object()


@pytest.mark.parametrize(
    ("cells", "options", "expected"),
    [
        # the column is not in the row
        ({}, {}, "COLUMN-MISSING"),
        ({}, {"optional": True}, NOT_SAID),
        # it is blank
        ({"y": " "}, {}, ""),
        ({"y": " "}, {"optional": True}, ""),
        ({"y": " "}, {"keep_blank": True}, NOT_SAID),
        ({"y": " "}, {"required": True}, "FIELD-REQUIRED"),
        ({"y": "N/A"}, {"keep_blank": True}, NOT_SAID),
        ({"y": "N/A"}, {"required": True}, "FIELD-REQUIRED"),
        # it is cleared
        ({"y": " #CLEAR "}, {"cleared": frozenset({"#CLEAR"})}, ""),
        ({"y": "#CLEAR"}, {"cleared": frozenset({"#CLEAR"}), "keep_blank": True}, ""),
        ({"y": "#CLEAR"}, {"cleared": frozenset({"#CLEAR"}), "required": True}, "FIELD-REQUIRED"),
        ({"y": " "}, {"cleared": frozenset({"#CLEAR"}), "keep_blank": True}, NOT_SAID),
        ({"y": "#clear"}, {"cleared": frozenset({"#CLEAR"})}, "#clear"),
    ],
)
def test_absent_blank_and_cleared_are_three_things(cells, options, expected):
    cleared = options.get("cleared", frozenset())
    rules = mapping(
        field(
            "JobTitle",
            column("y", cleared=cleared),
            **{key: value for key, value in options.items() if key != "cleared"},
        )
    )
    outcome = map_record(rules, Record(fields={**ROW, **cells}, origin="hr.csv:2"))
    if isinstance(outcome, Rejection):
        assert [reason.code for reason in outcome.reasons] == [expected]
    else:
        assert outcome.fields.get("JobTitle", NOT_SAID) == expected


def test_a_default_is_for_a_blank_and_not_for_what_is_cleared():
    rules = mapping(field("JobTitle", column("x", default="Employee", cleared=frozenset({"#CLEAR"}))))
    assert mapped(rules).fields["JobTitle"] == "Employee"
    assert mapped(rules, x="#CLEAR").fields["JobTitle"] == ""


def test_an_optional_field_is_said_only_if_all_its_columns_are_there():
    rule = field("JobTitle", column("dept"), optional=True, when=given_if("nowhere", "x"))
    rules = mapping(rule)
    assert "JobTitle" not in mapped(rules).fields
    assert mapped(rules, nowhere="x").fields["JobTitle"] == "Sales"
    assert "nowhere" not in columns_used(rules)
    assert unsaid(rules, ROW) == ((rule, "nowhere"),)
    assert unsaid(rules, {**ROW, "nowhere": ""}) == ()


PARTS: tuple[Part, ...] = (Column(name="div", where=""), Text(text="-"), Column(name="dept", where=""))
TABLE = {"Sales": "Vertrieb", "IT": "", "": "none"}


@pytest.mark.parametrize(
    ("value", "cells", "expected"),
    [
        (column("x"), {"x": " a "}, "a"),
        (column("x"), {}, ""),
        (column("x", default="d"), {"x": "  "}, "d"),
        (column("x", transforms=("upper", "strip_zeros")), {"x": "00ab"}, "AB"),
        (ValueRule(parts=(Text(text="c"),)), {}, "c"),
        (ValueRule(parts=PARTS), {}, "Commercial-Sales"),
        (ValueRule(parts=PARTS), {"dept": ""}, "Commercial-"),
        (ValueRule(parts=PARTS), {"dept": " ", "div": ""}, ""),
        (ValueRule(parts=PARTS, separator=" "), {"dept": ""}, "Commercial -"),
        (ValueRule(parts=PARTS, separator=" "), {}, "Commercial - Sales"),
        (column("dept", lookup=Lookup(table=TABLE)), {}, "Vertrieb"),
        (column("dept", lookup=Lookup(table=TABLE)), {"dept": ""}, "none"),
        (column("dept", lookup=Lookup(table=TABLE), default="d"), {"dept": "IT"}, "d"),
        (column("dept", lookup=Lookup(table={"a": "b"}), default="d"), {"dept": ""}, "d"),
        (column("dept", lookup=Lookup(table=TABLE, otherwise=Otherwise.KEEP)), {"dept": "X"}, "X"),
        (
            column("dept", lookup=Lookup(table=TABLE, otherwise=Otherwise.VALUE, value="v")),
            {"dept": "X"},
            "v",
        ),
        (column("dept", lookup=Lookup(table=TABLE, otherwise=Otherwise.SKIP)), {"dept": "X"}, None),
        (column("dept", lookup=Lookup(table=TABLE), transforms=("title",)), {"dept": "SALES"}, "Vertrieb"),
        (column("x", date=DateFormat(read="%d.%m.%Y")), {"x": "3.4.2026"}, "2026-04-03"),
        (column("x", date=DateFormat(), default="never"), {"x": ""}, "never"),
        (column("x", split=Split(by=",", pick=0)), {"x": " a , b,c"}, "a"),
        (column("x", split=Split(by=",", pick=1)), {"x": " a , b,c"}, "b"),
        (column("x", split=Split(by=",", pick=-1)), {"x": " a , b,c"}, "c"),
        (column("x", split=Split(by=",", pick=-3)), {"x": "a,b,c"}, "a"),
        (column("x", split=Split(by=",", pick=-4)), {"x": "a,b,c"}, ""),
        (column("x", split=Split(by=",", pick=3), default="d"), {"x": "a,b,c"}, "d"),
        (column("x", split=Split(by=",", pick=1)), {"x": "a,,c"}, ""),
        (column("x", split=Split(by=" ", pick=1)), {"x": "a  b\tc"}, "b"),
        (column("x", split=Split(by=" ", pick=0)), {"x": ""}, ""),
        (column("x", split=Split(by=">", pick=-1), transforms=("upper",)), {"x": "a > b"}, "B"),
        (column("x"), {"x": '="007"'}, "007"),
        (column("x"), {"x": "a\u00a0b"}, "a b"),
    ],
)
def test_value(value, cells, expected):
    assert mapped(mapping(field("JobTitle", value)), **cells).fields.get("JobTitle") == expected


@pytest.mark.parametrize(
    ("rule", "cells", "reason"),
    [
        (
            field("JobTitle", column("dept", lookup=Lookup(table=TABLE))),
            {"dept": "Sale"},
            "VALUE-UNKNOWN users.fields.JobTitle (f.yaml:9:5): column \"dept\": 'Sale' is not in the map (of 3 entries)",
        ),
        (
            field("JobTitle", column("x", date=DateFormat())),
            {"x": "1/2/20"},
            "DATE-INVALID users.fields.JobTitle (f.yaml:9:5): column \"x\": '1/2/20' is not a date in the format %Y-%m-%d",
        ),
        (
            field("JobTitle", column("x"), required=True),
            {},
            'FIELD-REQUIRED users.fields.JobTitle (f.yaml:9:5): column "x": is blank, and must not be',
        ),
        (
            field("FirstName", column("x")),
            {},
            'FIELD-REQUIRED users.fields.FirstName (f.yaml:9:5): column "x": is blank, and must not be',
        ),
        (
            field("FirstName", column("x")),
            {"x": "a" * 51},
            'FIELD-TOO-LONG users.fields.FirstName (f.yaml:9:5): column "x": has 51 characters; FirstName takes 50',
        ),
        (
            field("JobTitle", column("x")),
            {"x": "a\nb"},
            (
                'TEXT-CONTROL users.fields.JobTitle (f.yaml:9:5): column "x": has the control character U+000A; '
                "transform: [normalize] removes line ends and tabs"
            ),
        ),
        (
            field("Email", column("x")),
            {"x": "SKING"},
            "EMAIL-INVALID users.fields.Email (f.yaml:9:5): column \"x\": 'SKING' is not an e-mail address (needs one @)",
        ),
        (
            field("UserName", column("x")),
            {"x": "EMP1222"},
            (
                "USERNAME-INVALID users.fields.UserName (f.yaml:9:5): column \"x\": 'EMP1222' is not an e-mail address "
                '(needs one @); for other usernames map IsCustomUsername: {value: "true"}'
            ),
        ),
        (
            field("UserName", column("x")),
            {"x": "abc"},
            (
                "USERNAME-INVALID users.fields.UserName (f.yaml:9:5): column \"x\": 'abc' is too short; "
                "Litmos wants 4 characters"
            ),
        ),
        (
            field("Culture", column("x")),
            {"x": "German"},
            "CULTURE-INVALID users.fields.Culture (f.yaml:9:5): column \"x\": 'German' is not of the form en-US",
        ),
        (
            field("DisableMessages", column("x", transforms=("bool",))),
            {"x": "on"},
            (
                "BOOL-INVALID users.fields.DisableMessages (f.yaml:9:5): column \"x\": 'on' is none of true, false, yes, "
                "no, 1, 0"
            ),
        ),
        (
            field("ExpirationDate", column("x")),
            {"x": "0001-01-01T00:00:00+14:00"},
            (
                "FIELD-INVALID users.fields.ExpirationDate (f.yaml:9:5): column \"x\": '0001-01-01T00:00:00+14:00' is no "
                "value for ExpirationDate"
            ),
        ),
        (
            field("JobTitle", column("x")),
            {"x": "#REF!"},
            (
                "SPREADSHEET-ERROR users.fields.JobTitle (f.yaml:9:5): column \"x\": '#REF!' is the error of a spreadsheet, "
                "not a value"
            ),
        ),
        (
            field("JobTitle", column("nowhere")),
            {},
            'COLUMN-MISSING users.fields.JobTitle (f.yaml:9:5): the row has no column "nowhere"',
        ),
        (
            field("JobTitle", column("x"), when=Between(column="dept", where="")),
            {},
            'DATE-INVALID users.fields.JobTitle (f.yaml:9:5): column "dept" is not a date in the format %Y-%m-%d',
        ),
    ],
)
def test_reason(rule, cells, reason):
    assert reasons(mapping(rule), **cells) == [reason]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"id": " "}, "ID-MISSING employee.id (f.yaml:2:3): column \"id\": is blank; a row without an id is nobody's"),
        ({"id": "1\x00"}, 'TEXT-CONTROL employee.id (f.yaml:2:3): column "id": has the control character U+0000'),
        ({"id": "1.23E+05"}, ("ID-ROUNDED employee.id (f.yaml:2:3): column \"id\": '1.23E+05' is what a spreadsheet makes of "
         "an id: export the column as text")),
        ({"id": "123.0"}, ("ID-ROUNDED employee.id (f.yaml:2:3): column \"id\": '123.0' is what a spreadsheet makes of "
         "an id: export the column as text")),
        ({"id": "x" * 201}, 'ID-INVALID employee.id (f.yaml:2:3): column "id": has 201 characters; an id has at most 200'),
        (
            {"status": "active"},
            ("STATUS-UNKNOWN employee.status (f.yaml:3:3): column \"status\": 'active' is not in the map; "
            "it has 'Active', 'Left'"),
        ),
    ],
)  # fmt: skip
def test_a_person_who_cannot_be_known(cells, reason):
    assert reasons(mapping(), **cells) == [reason]


def test_all_reasons_at_once():
    found = reasons(mapping(field("Email", column("mail"))), id="", status="?", mail="x", first="", dept="")
    assert [reason.split()[0] for reason in found] == [
        "ID-MISSING",
        "STATUS-UNKNOWN",
        "USERNAME-INVALID",
        "FIELD-REQUIRED",
        "EMAIL-INVALID",
    ]


def test_a_status_that_is_not_known_can_mean_active_but_blank_columns_lock_nobody_out():
    rules = mapping()
    lenient = replace(rules, status=replace(rules.status, otherwise=Status.ACTIVE))
    assert mapped(lenient, status="").status is Status.ACTIVE
    assert reasons(rules, status="")[0].startswith("STATUS-UNKNOWN")


def test_a_leaver_needs_no_valid_fields():
    employee = mapped(mapping(field("Email", column("mail"))), status="Left", mail="", first="")
    assert employee.status is Status.LEFT
    assert dict(employee.fields) == {"LastName": "Novak"}
    assert employee.teams == ()


def test_who_is_out_of_scope_needs_no_valid_fields():
    rules = mapping(scope=given_if("dept", "IT"), teams=(team((Text(text="T"),)),))
    employee = mapped(rules, mail="broken")
    assert not employee.in_scope
    assert "UserName" not in employee.fields
    assert employee.teams == ()
    assert reasons(rules, dept="IT", mail="broken")


def test_a_custom_username_needs_no_at():
    rules = mapping(
        field("UserName", column("id")), field("IsCustomUsername", ValueRule(parts=(Text(text="true"),)))
    )
    assert mapped(rules, id="EMP1222").fields["UserName"] == "EMP1222"
    assert reasons(rules, id="abc")


def test_boolean_fields_are_booleans():
    rules = mapping(
        field("DisableMessages", column("x", transforms=("bool",))),
        field("EnableTextNotification", column("x", lookup=Lookup(table={"1": "false", "": "true"}))),
    )
    assert mapped(rules, x="1").fields["DisableMessages"] is True
    assert mapped(rules, x="1").fields["EnableTextNotification"] is False
    assert mapped(rules, x="").fields["DisableMessages"] is False
    assert mapped(rules, x="").fields["EnableTextNotification"] is True


def test_blank_clears_keeps_or_leaves_to_litmos():
    rules = mapping(
        field("JobTitle", column("x")),
        field("City", column("x"), keep_blank=True),
        field("Email", column("x")),
        field("Culture", column("x")),
    )
    fields = mapped(rules).fields
    assert fields["JobTitle"] == ""
    assert {"City", "Email", "Culture"}.isdisjoint(fields)


def test_a_field_for_some():
    rules = mapping(field("JobTitle", column("dept"), when=given_if("div", "Commercial")))
    assert mapped(rules).fields["JobTitle"] == "Sales"
    assert "JobTitle" not in mapped(rules, div="Operations").fields


def test_owners():
    rules = mapping(
        field("JobTitle", column("dept"), on_create=True),
        field("City", column("dept"), report=True),
        field("State", column("dept"), if_empty=True),
    )
    employee = mapped(rules)
    assert employee.if_empty == {"State"}
    assert employee.create_only == {"JobTitle"}
    assert employee.report_only == {"City"}


def team(*names: tuple[Part, ...], key: str = "teams[0]", **options: Any) -> TeamRule:
    return TeamRule(place=Place(where="f.yaml:20:5", key=key), names=names, **options)


def test_teams():
    department = (Column(name="dept", where="f.yaml:21:9"),)
    rules = mapping(
        teams=(
            team((Column(name="div", where="f.yaml:22:9"),), department),
            team(
                (Text(text="All of "), Column(name="dept", where="")),
                key="teams[1]",
                when=given_if("dept", "Sales"),
            ),
            team((Text(text="all OF sales"),), key="teams[2]", strict=True),
        )
    )
    found = [(wish.names, wish.rule, wish.strict) for wish in mapped(rules, dept=" Sales ").teams]
    assert found == [(("Commercial", "Sales"), "teams[0]", False), (("All of Sales",), "teams[1]", True)]
    assert [wish.names for wish in mapped(rules, dept="").teams] == [("all OF sales",)]
    assert rules.strict_teams == {("all of sales",)}
    assert [wish.names for wish in mapped(rules, div="", dept="R&D").teams] == [("all OF sales",)]
    assert reasons(rules, dept="x" * 101) == [
        "TEAM-NAME-TOO-LONG teams[0] (f.yaml:20:5): has 101 characters; a team's name takes 100"
    ]


def test_learning_paths_and_courses():
    place = Place(where="", key="learning_paths[0]")
    rules = mapping(
        items=(
            ItemRule(place=place, item=path_name("Onboarding")),
            ItemRule(place=place, item=path_name("Sales"), when=given_if("dept", "Sales"), strict=True),
            ItemRule(place=place, item=course_name("Sales")),
        )
    )
    onboarding, sales, course = path_name("Onboarding"), path_name("Sales"), course_name("Sales")
    assert [wish.item for wish in mapped(rules).items] == [onboarding, sales, course]
    assert [wish.item for wish in mapped(rules, dept="IT").items] == [onboarding, course]
    assert rules.item_names == {onboarding, sales, course}
    assert rules.strict_items == {sales}


def test_values_are_data():
    rules = mapping(field("JobTitle", column("x")), teams=(team((Column(name="x", where=""),)),))
    for text in ("{{7*7}}", "${env:HOME}", "{dept}", "%Y", "=1+1", "<b>"):
        employee = mapped(rules, x=text)
        assert employee.fields["JobTitle"] == text
        assert employee.teams[0].names == (text,)


def people(*rows: dict[str, str]) -> list[Record]:
    return [Record(fields={**ROW, **row}, origin=f"hr.csv:{line}") for line, row in enumerate(rows, 2)]


def test_rows_with_one_id_reject_each_other_and_name_both_lines():
    rows = (
        {"id": "1", "mail": "a@x.de"},
        {"id": "2", "mail": "b@x.de"},
        {"id": "1 ", "mail": "c@x.de"},
        {"id": "1", "status": "?"},
    )
    result = map_records(mapping(), people(*rows))
    assert [employee.employee_id for employee in result.employees] == ["2"]
    assert [[reason.message for reason in rejection.reasons][-1] for rejection in result.rejections] == [
        "the employee id is also that of hr.csv:4, hr.csv:5; none of them is applied",
        "the employee id is also that of hr.csv:2, hr.csv:5; none of them is applied",
        "the employee id is also that of hr.csv:2, hr.csv:4; none of them is applied",
    ]
    assert [len(rejection.reasons) for rejection in result.rejections] == [1, 1, 2]


def test_people_with_one_username_reject_each_other_without_quoting_it():
    rows = ({"id": "1", "mail": "a@x.de"}, {"id": "2", "mail": "A@X.DE"}, {"id": "3", "mail": "b@x.de"})
    result = map_records(mapping(), people(*rows))
    assert [employee.employee_id for employee in result.employees] == ["3"]
    messages = [rejection.reasons[0].message for rejection in result.rejections]
    assert messages == [
        "UserName is also that of employee 2 (hr.csv:3); none of them is applied",
        "UserName is also that of employee 1 (hr.csv:2); none of them is applied",
    ]


def test_a_leaver_may_have_the_username_of_a_new_colleague():
    rows = ({"id": "1", "mail": "a@x.de", "status": "Left"}, {"id": "2", "mail": "a@x.de"})
    assert len(map_records(mapping(), people(*rows)).employees) == 2


def test_email_may_be_shared_unless_people_are_matched_by_it():
    rows = ({"id": "1", "mail": "a@x.de", "x": "t@x.de"}, {"id": "2", "mail": "b@x.de", "x": "t@x.de"})
    rule = field("Email", column("x"))
    assert len(map_records(mapping(rule), people(*rows)).employees) == 2
    assert len(map_records(mapping(rule, match=("Email",)), people(*rows)).rejections) == 2


def test_a_mailbox_of_all_is_no_quadratic_work():
    rows = [{"id": str(number), "mail": "info@x.de"} for number in range(3000)]
    result = map_records(mapping(), people(*rows))
    assert len(result.rejections) == 3000
    assert result.rejections[0].reasons[0].message.endswith(" and 2994 more; none of them is applied")


def test_columns_used():
    rules = mapping(
        field("JobTitle", ValueRule(parts=PARTS), when=given_if("country", "DE")),
        scope=given_if("site", "HQ"),
        teams=(team((Column(name="area", where="f.yaml:30:1"),), when=given_if("dept", "x")),),
    )
    assert columns_used(rules) == {
        "site": "f.yaml:8:8",
        "id": "f.yaml:1:2",
        "status": "f.yaml:1:6",
        "mail": "f.yaml:1:4",
        "first": "f.yaml:1:5",
        "last": "f.yaml:1:4",
        "div": "",
        "dept": "",
        "area": "f.yaml:30:1",
        "country": "f.yaml:8:8",
    }


EVERYTHING = mapping(
    field("Email", column("mail")),
    field("JobTitle", column("x", transforms=("title", "ascii", "normalize"))),
    field("City", column("x", date=DateFormat(read="%d.%m.%Y %H:%M%z", write="%Y"))),
    field("ExpirationDate", column("x")),
    field("Culture", column("x")),
    field("DisableMessages", column("x", transforms=("bool",)), when=given_if("dept", "Sales")),
    field("Country", column("x", lookup=Lookup(table={"a": "b"}, otherwise=Otherwise.KEEP))),
    scope=Between(column="div", where=""),
    teams=(team((Column(name="dept", where=""),), (Text(text="-"), Column(name="x", where=""))),),
    match=("Email", "UserName"),
)
CELLS = st.text(alphabet=st.characters(codec=None), max_size=30) | st.sampled_from(
    [
        "Active",
        "Left",
        "",
        "a@example.com",
        "2026-01-01",
        "0001-01-01T00:00+23:59",
        "\ud800",
        "1",
        "\x00",
        "{x}",
    ]
)


@given(st.lists(st.dictionaries(st.sampled_from(sorted(ROW)), CELLS), max_size=4))
@example([{"x": "9999-12-31T23:59:59-23:59"}])
def test_no_row_makes_it_raise_and_none_is_lost(rows):
    records = [Record(fields=row, origin=str(number)) for number, row in enumerate(rows)]
    result = map_records(EVERYTHING, records)
    origins = [employee.origin for employee in result.employees] + [each.origin for each in result.rejections]
    found = sorted(map(int, origins))
    assert found == list(range(len(rows)))
    assert all(rejection.reasons for rejection in result.rejections)
    assert len({employee.employee_id for employee in result.employees}) == len(result.employees)


@given(st.permutations([{"id": i, "mail": f"{m}@x.de"} for i, m in ("1a", "2b", "1c", "3b", "4d")]))
def test_the_order_of_rows_decides_nothing(rows):
    result = map_records(mapping(), people(*rows))
    assert {employee.employee_id for employee in result.employees} == {"4"}


@pytest.mark.parametrize(
    ("cell", "blank", "manager"),
    [
        ("00007", "clear", "00007"),
        ("", "clear", ""),
        ("0", "clear", ""),
        ("NO_MGR", "clear", ""),
        ("", "keep", None),
    ],
)
def test_whom_a_row_names_as_the_manager(cell, blank, manager):
    rule = ManagerRule(
        place=Place(where="f.yaml:4:3", key="users.manager"),
        value=column("boss"),
        none=frozenset({"0", "NO_MGR"}),
        keep_blank=blank == "keep",
    )
    assert mapped(mapping(manager=rule), boss=cell).manager == manager


# ------------------------------------------------------------------------------------------------ dates


def day(name: str) -> DayRule:
    return DayRule(
        place=Place(where="f.yaml:7:5", key=f"employee.dates.{name}"),
        column=Column(name=name, where="f.yaml:7:9"),
    )


DATED = mapping(dates=DatesRule(hire=day("hire"), leaving=day("leaving")), lifecycle=Lifecycle(lead=7))
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def on_that_day(rules: Mapping = DATED, **cells: str) -> Employee | Rejection:
    record = Record(fields={**ROW, "hire": "", "leaving": "", **cells}, origin="hr.csv:2")
    return map_record(rules, record, now=NOON)


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        ({"hire": "2026-12-01"}, Status.ACTIVE),
        ({"hire": "2026-12-02"}, Status.FUTURE),
        ({"hire": "2026-12-02", "mail": ""}, Status.FUTURE),  # there may be no address yet
        ({"leaving": "2026-11-23", "mail": "", "first": ""}, Status.LEFT),
        ({"leaving": "2026-11-24"}, Status.ACTIVE),
        ({"leaving": "2020-11-24", "mail": ""}, Status.UNCLEAR),
        ({"status": "Left", "hire": "yesterday", "leaving": "31/12"}, Status.LEFT),
    ],
)
def test_dates_make_what_somebody_is_today_and_only_the_active_need_whole_rows(cells, status):
    outcome = on_that_day(**cells)
    assert isinstance(outcome, Employee), outcome
    assert outcome.status is status
    assert bool(outcome.fields.get("UserName")) is ("mail" not in cells)


def test_a_date_that_cannot_be_read_rejects_whoever_has_not_left():
    outcome = on_that_day(hire="01.12.2026", leaving="2026-02-30")
    assert isinstance(outcome, Rejection)
    assert [(reason.code, reason.message.split(":")[0]) for reason in outcome.reasons] == [
        ("DATE-INVALID", "employee.dates.hire (f.yaml"),
        ("DATE-INVALID", "employee.dates.leaving (f.yaml"),
    ]


def test_a_contradiction_is_rejected_by_policy():
    rules = replace(DATED, lifecycle=Lifecycle(contradiction=Contradiction.REJECT))
    outcome = on_that_day(rules, leaving="2020-11-24")
    assert isinstance(outcome, Rejection)
    (reason,) = outcome.reasons
    assert reason.code == "LEAVING-LONG-PAST"
    assert "HR says: active, but the last working day was 2020-11-24 (UTC)" in reason.message


def test_a_mapping_with_dates_is_never_followed_without_a_day():
    with pytest.raises(ValueError, match="needs to know when"):
        map_record(DATED, Record(fields=ROW, origin="hr.csv:2"))


def test_the_columns_of_dates_are_asked_for():
    assert {"hire", "leaving"} <= set(columns_used(DATED))
