"""Several rows of one person: the primary one is chosen by rule, and they have left only when all have ended."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.columns import columns_used
from syncd.core.conditions import OneOf
from syncd.core.employments import Employments, Highest, Latest, Preferred
from syncd.core.lifecycle import Leave, Lifecycle
from syncd.core.model import Record, Status
from syncd.core.records import map_records
from syncd.core.rules import Column
from tests.flows.rig import MAPPING, person, place

AT = "syncd.yaml:1:1"


def mapping(*primary):
    return replace(MAPPING, employments=Employments(place=place("employee.employments"), primary=primary))


EMPLOYEE = Preferred(when=OneOf(column="type", where=AT, values=frozenset({"Employee"})))
LATEST = Latest(column=Column(name="hired", where=AT), form="%d.%m.%Y")
HIGHEST = Highest(column=Column(name="fte", where=AT))


def row(title, **cells):
    """One employment of person 00001."""
    return {**person(1), "title": title, "type": "", "hired": "", "fte": "", **cells}


def mapped(rules, rows):
    records = [Record(fields=each, origin=f"hr.csv:{line}") for line, each in enumerate(rows, 2)]
    return map_records(rules, records)


LEFT = {"status": "Left"}


@pytest.mark.parametrize(
    ("primary", "rows", "expected"),
    [
        ((), [row("A")], "A active"),
        ((), [row("A", **LEFT), row("B")], "B active"),
        ((), [row("A", **LEFT), row("B", **LEFT)], "left"),
        ((), [row("A"), row("A")], "A active"),
        ((), [row("A"), row("B")], "EMPLOYMENTS-TIED"),
        ((EMPLOYEE,), [row("A", type="Contractor"), row("B", type="Employee")], "B active"),
        ((EMPLOYEE,), [row("A", type="Contractor"), row("B", type="Employee", **LEFT)], "A active"),
        ((EMPLOYEE,), [row("A", type="Employee"), row("B", type="Employee")], "EMPLOYMENTS-TIED"),
        ((LATEST,), [row("A", hired="31.01.2020"), row("B", hired="01.02.2020")], "B active"),
        ((LATEST,), [row("A", hired="31.01.2020"), row("B")], "A active"),
        ((LATEST,), [row("A", hired="2020-01-31"), row("B")], "DATE-INVALID"),
        ((HIGHEST,), [row("A", fte="0.5"), row("B", fte="0,6"), row("C", fte="")], "B active"),
        ((HIGHEST,), [row("A", fte="10"), row("B", fte="9")], "A active"),
        ((HIGHEST,), [row("A", fte="much"), row("B", fte="9")], "NUMBER-INVALID"),
        ((HIGHEST,), [row("A", fte="NaN"), row("B", fte="9")], "NUMBER-INVALID"),
        ((EMPLOYEE, HIGHEST), [row("A", type="Employee", fte="0.4"), row("B", fte="0.6")], "A active"),
        ((), [row("A"), row("B", status="Gone fishing")], "STATUS-UNKNOWN"),
        ((), [row("A"), row("B", email="", **LEFT)], "A active"),
        ((), [row("A"), row("B", email="nobody")], "USERNAME-INVALID"),
    ],
)
def test_which_row_a_person_is(primary, rows, expected):
    found = mapped(mapping(*primary), rows)
    if found.employees:
        (one,) = found.employees
        words = [] if one.status is Status.LEFT else [str(one.fields["JobTitle"])]
        assert " ".join([*words, one.status.value]) == expected
        assert found.rejections == ()
    else:
        codes = {reason.code for rejection in found.rejections for reason in rejection.reasons}
        assert " ".join(sorted(codes - {"EMAIL-INVALID"})) == " ".join(sorted(expected.split()))
        assert len(found.rejections) == 1


@pytest.mark.parametrize("leave", Leave)
def test_somebody_on_leave_in_one_employment_works_in_the_other(leave):
    words = replace(MAPPING.status, table={**MAPPING.status.table, "Leave": Status.LEAVE})
    rules = replace(mapping(), status=words, lifecycle=Lifecycle(leave=leave))
    found = mapped(rules, [row("A", status="Leave"), row("B")])
    assert found.rejections == ()
    (one,) = found.employees
    assert (one.fields["JobTitle"], one.status, one.muted) == ("B", Status.ACTIVE, False)


HERE, ELSEWHERE = {"division": "Commercial"}, {"division": "Other"}


@pytest.mark.parametrize("primary", [(), (EMPLOYEE,)])
@pytest.mark.parametrize(
    ("here", "elsewhere", "expected"),
    [
        ("Active", "Active", "A active"),
        ("Leave", "Active", "A active"),
        ("Future", "Active", "A future"),
        ("Left", "Active", "B active"),
        ("Active", "Left", "A active"),
        ("Left", "Left", "left"),
    ],
)
def test_what_keeps_access_in_scope_comes_before_what_is_out_of_scope(primary, here, elsewhere, expected):
    words = {**MAPPING.status.table, "Leave": Status.LEAVE, "Future": Status.FUTURE}
    rules = replace(
        mapping(*primary),
        status=replace(MAPPING.status, table=words),
        scope=OneOf(column="division", where=AT, values=frozenset({"Commercial"})),
    )
    rows = [row("A", status=here, **HERE), row("B", status=elsewhere, type="Employee", **ELSEWHERE)]
    (one,) = mapped(rules, rows).employees
    title = [] if one.status is Status.LEFT else [str(one.fields["JobTitle"])]
    assert " ".join([*title, one.status.value]) == expected
    assert one.status is Status.LEFT or one.in_scope is (title == ["A"])


def test_a_rejection_names_all_rows_of_the_person_and_which_one_is_wrong():
    (rejection,) = mapped(mapping(), [row("A"), row("B", status="?"), row("C")]).rejections
    assert rejection.origin == "hr.csv:2, hr.csv:3, hr.csv:4"
    assert rejection.reasons[0].message.startswith("hr.csv:3: employee.status")


def test_without_employments_rows_of_one_id_reject_each_other():
    codes = [r.reasons[0].code for r in mapped(MAPPING, [row("A"), row("B")]).rejections]
    assert codes == ["ID-DUPLICATE", "ID-DUPLICATE"]


def test_ids_that_differ_by_case_are_no_employments_of_one_person():
    found = mapped(mapping(), [row("A", employee_id="e1"), row("B", employee_id="E1")])
    assert {r.reasons[0].code for r in found.rejections} == {"ID-DUPLICATE"}


def test_the_columns_of_the_rules_must_be_there():
    assert {"type", "hired", "fte"} <= columns_used(mapping(EMPLOYEE, LATEST, HIGHEST)).keys()


EMPLOYMENT = st.builds(
    row,
    st.sampled_from("AB"),
    employee_id=st.sampled_from(["1", "2", ""]),
    status=st.sampled_from(["Active", "Left", "?"]),
    type=st.sampled_from(["Employee", "Contractor"]),
    fte=st.sampled_from(["", "0.5", "1,0", "x"]),
)


@given(st.lists(EMPLOYMENT, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_a_leaver_has_left_everywhere(rows, random):
    def outcomes(some):
        found = mapped(mapping(EMPLOYEE, HIGHEST), some)
        people = {
            e.employee_id: (e.status, e.fields["JobTitle"] if e.status is Status.ACTIVE else "")
            for e in found.employees
        }
        codes = sorted((r.employee_id, reason.code) for r in found.rejections for reason in r.reasons)
        return people, codes

    people, codes = outcomes(rows)
    assert outcomes(random.sample(rows, len(rows))) == (people, codes)
    for employee_id, (status, _) in people.items():
        theirs = {each["status"] for each in rows if each["employee_id"] == employee_id}
        assert (status is Status.LEFT) == (theirs == {"Left"})
