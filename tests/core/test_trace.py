"""The trace of a mapping: it says what each step made, and it never changes what is made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.conditions import OneOf
from syncd.core.dates import DateFormat
from syncd.core.mapping import Mapping, map_record
from syncd.core.model import Employee, Record, Status
from syncd.core.rules import (
    Column,
    FieldRule,
    IdRule,
    ItemRule,
    Lookup,
    Otherwise,
    Place,
    StatusRule,
    TeamRule,
    Text,
    ValueRule,
)
from syncd.core.trace import Step, Trace
from tests.core.factories import path_name

WHERE = "syncd.yaml:1:1"


def place(key: str) -> Place:
    return Place(where=WHERE, key=key)


def value(column: str, **rule: object) -> ValueRule:
    return ValueRule(parts=(Column(name=column, where=WHERE),), **rule)  # type: ignore[arg-type]  # as given


def field(name: str, rule: ValueRule, **options: object) -> FieldRule:
    return FieldRule(place=place(f"users.fields.{name}"), field=name, value=rule, **options)  # type: ignore[arg-type]


IN_SALES = OneOf(column="department", where=WHERE, values=frozenset({"Sales"}))
MAPPING = Mapping(
    employee_id=IdRule(place=place("employee.id"), value=value("id")),
    status=StatusRule(
        place=place("employee.status"),
        value=value("status"),
        table={"Active": Status.ACTIVE, "Left": Status.LEFT},
    ),
    fields=(
        field("UserName", value("mail", transforms=("lower",))),
        field("FirstName", value("first", transforms=("normalize", "title"))),
        field("LastName", value("last")),
        field("JobTitle", value("title", default="Staff"), keep_blank=True),
        field("City", value("city"), keep_blank=True),
        field("Country", value("country", lookup=Lookup(table={"DE": "Germany"}, otherwise=Otherwise.SKIP))),
        field("CustomField1", value("hired", date=DateFormat(read="%Y-%m-%d", write="%d.%m.%Y"))),
        field("CustomField2", value("department"), when=IN_SALES),
    ),
    teams=(
        TeamRule(
            place=place("teams[0]"),
            names=((Text(text="Company"),), (Column(name="department", where=WHERE),)),
            when=IN_SALES,
        ),
    ),
    items=(ItemRule(place=place("learning_paths[0]"), item=path_name("Welcome")),),
)
ROW = {
    "id": "007",
    "status": "Active",
    "mail": "Ana@Example.COM",
    "first": " ANA  MARIA",
    "last": "Novak",
    "title": "",
    "city": "",
    "country": "FR",
    "hired": "2026-03-01",
    "department": "Sales",
}


def followed(**changed: str) -> dict[str, list[tuple[str, object]]]:
    trace = Trace()
    map_record(MAPPING, Record(fields={**ROW, **changed}, origin="hr.csv:2"), trace)
    return {rule.place.key: [(step.name, step.made) for step in rule.steps] for rule in trace.rules}


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        ("employee.id", [("from", "007")]),
        ("employee.status", [("from", "Active"), ("is", "active")]),
        ("users.fields.UserName", [("from", "Ana@Example.COM"), ("lower", "ana@example.com"), ("is", "ana@example.com")]),
        ("users.fields.FirstName", [("from", "ANA  MARIA"), ("normalize", "ANA MARIA"), ("title", "Ana Maria"), ("is", "Ana Maria")]),
        ("users.fields.JobTitle", [("from", ""), ("default", "Staff"), ("is", "Staff")]),
        ("users.fields.City", [("from", ""), ("default", ""), ("is", None)]),
        ("users.fields.Country", [("from", "FR"), ("map", None)]),
        ("users.fields.CustomField1", [("from", "2026-03-01"), ("date", "01.03.2026"), ("is", "01.03.2026")]),
        ("users.fields.CustomField2", [("seen", "department is 'Sales'"), ("when", True), ("from", "Sales"), ("is", "Sales")]),
        ("teams[0]", [("seen", "department is 'Sales'"), ("when", True), ("is", "Company > Sales")]),
        ("learning_paths[0]", [("is", "Welcome")]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_step_is_told(rule, steps):
    assert followed()[rule] == steps


def test_a_condition_that_does_not_hold_says_what_it_saw():
    steps = followed(department="IT")
    assert steps["teams[0]"] == [("seen", "department is 'IT'"), ("when", False)]
    assert steps["users.fields.CustomField2"] == [("seen", "department is 'IT'"), ("when", False)]


def test_a_refusal_is_the_last_step_of_its_rule():
    steps = followed(mail="", hired="yesterday", status="Asleep")
    for rule, code in (
        ("users.fields.UserName", "FIELD-REQUIRED"),
        ("users.fields.CustomField1", "DATE-INVALID"),
        ("employee.status", "STATUS-UNKNOWN"),
    ):
        name, made = steps[rule][-1]
        assert (name, str(made).partition(":")[0]) == ("refused", code)


def test_who_has_left_is_given_nothing_and_no_rule_that_gives_is_followed():
    steps = followed(status="Left", mail="")
    assert "teams[0]" not in steps
    assert steps["users.fields.UserName"][-1][0] == "refused"


CELLS = st.sampled_from(
    ["", "007", "Active", "Left", "a@b.example", "Sales", "DE", "2026-03-01", "\x00", "x" * 600]
)


@given(row=st.fixed_dictionaries(dict.fromkeys(ROW, CELLS)))
def test_listening_changes_nothing_and_tells_the_value_of_every_field(row):
    record, trace = Record(fields=row, origin="hr.csv:2"), Trace()
    heard = map_record(MAPPING, record, trace)
    assert heard == map_record(MAPPING, record)
    if isinstance(heard, Employee):
        told = {
            rule.place.key.rpartition(".")[2]: step.made
            for rule in trace.rules
            if rule.place.key.startswith("users.fields.") and (step := rule.step("is")) is not None
        }
        assert {name: made for name, made in told.items() if made is not None} == dict(heard.fields)


def test_steps_are_found_by_name():
    trace = Trace()
    map_record(MAPPING, Record(fields=ROW, origin="hr.csv:2"), trace)
    by_key = {rule.place.key: rule for rule in trace.rules}
    assert by_key["employee.id"].step("from") == Step(name="from", made="007")
    assert by_key["employee.id"].step("lower") is None
    assert by_key["teams[0]"].applies
    assert by_key["employee.id"].applies
