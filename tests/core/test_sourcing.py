"""Several sources: the first that names a person decides, and what is not sure takes nobody over."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.conditions import OneOf
from syncd.core.employments import Employments, Preferred
from syncd.core.lifecycle import Missed
from syncd.core.model import Employee, Reason, Record, Rejection, Status
from syncd.core.records import MappingResult, map_records
from syncd.core.sourcing import Told, contradictions, first_named, heard_since, unsure
from tests.core import factories
from tests.flows.rig import MAPPING, person, place

SOURCES = ("employees", "contractors", "interns")
WHERE = "syncd.yaml:1:1"


def valid(employee_id: str, source: str, status: Status = Status.ACTIVE) -> Employee:
    made = factories.employee(employee_id, status=status)
    return replace(made, source=source, origin=f"{source}.csv:2")


def wrong(employee_id: str, source: str) -> Rejection:
    reasons = (Reason(code="X", message="x"),)
    return Rejection(origin=f"{source}.csv:2", employee_id=employee_id, reasons=reasons, source=source)


A, B = "employees", "contractors"


@pytest.mark.parametrize(
    ("outcomes", "taken", "passed"),
    [
        ([valid("1", A), valid("1", B)], [0], [1]),
        ([valid("1", A), wrong("1", B)], [0], [1]),
        ([wrong("1", A), valid("1", B)], [0], [1]),
        ([wrong("1", A), wrong("1", B)], [0], [1]),
        ([valid("1", A), valid("2", B)], [0, 1], []),
        ([valid("1", A), valid("1", A), valid("1", B)], [0, 1], [2]),
        ([wrong("", A), wrong("", B)], [0, 1], []),
        ([wrong("", A), valid("1", B)], [0, 1], []),
        ([], [], []),
    ],
)
def test_the_first_source_that_names_a_person_decides(outcomes, taken, passed):
    assert first_named(outcomes) == ([outcomes[n] for n in taken], [outcomes[n] for n in passed])


def test_who_left_by_the_first_and_works_by_a_later_one_is_told():
    left = [valid(str(n), A, Status.LEFT) for n in range(1, 8)]
    assert contradictions(left, [valid("9", B), wrong("1", B), valid("2", B, Status.LEFT)]) == ()
    (one,) = contradictions(left, [valid("1", B)])
    assert one.startswith("1 person has left by the source that comes first, and work by a later one")
    assert "1 (employees.csv:2, contractors.csv:2)" in one
    (many,) = contradictions(left, [valid(str(n), B) for n in range(1, 8)])
    assert "7 people have left" in many
    assert "and 2 more" in many


@pytest.mark.parametrize(
    ("last", "now", "named", "sure", "employments", "taken"),
    [
        ("", B, [], False, False, True),
        ("gone", B, [], False, False, True),
        (B, B, [], False, False, True),
        (A, B, [], True, False, True),
        (A, B, [], False, False, False),
        (A, B, ["1"], False, True, True),
        (B, A, [], False, False, True),
        (B, A, [], False, True, False),
        (B, A, [], True, True, True),
    ],
)
def test_a_person_is_taken_over_only_from_a_source_that_is_sure(last, now, named, sure, employments, taken):
    told = [Told(source=one, named=named if one == last else ["1"], sure=sure) for one in (A, B)]
    found = unsure([valid("1", now)], {"1": last} if last else {}, told, employments=employments)
    assert [(one.employee_id, one.source, one.reasons[0].code) for one in found] == (
        [] if taken else [("1", now, "SOURCE-UNSURE")]
    )


SINCE = datetime(2026, 11, 20, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("other", "heard"),
    [(None, True), (SINCE.timestamp() + 1, True), (SINCE.timestamp(), False), (0.0, False)],
)
def test_an_absence_counts_once_every_other_source_was_written_since(other, heard):
    missed = Missed(inputs=3, since=SINCE, source=A)
    assert heard_since(missed, {A: 0.0, B: other}) is heard
    assert heard_since(missed, {A: 0.0})


# ---------------------------------------------------------------- through the mapping


def records(*rows: tuple[str, dict[str, str]]) -> list[Record]:
    lines: dict[str, int] = {}
    found = []
    for source, fields in rows:
        lines[source] = lines.get(source, 1) + 1
        cells = {**dict.fromkeys(("manager", "level", "unit"), ""), **fields}
        found.append(Record(fields=cells, origin=f"{source}.csv:{lines[source]}", source=source))
    return found


def told(result: MappingResult) -> tuple[dict[str, str], dict[str, str]]:
    """Employee id -> source of the valid, id -> code of the rejected."""
    return (
        {one.employee_id: one.source for one in result.employees},
        {one.employee_id: one.reasons[0].code for one in result.rejections},
    )


def test_active_people_of_two_sources_who_share_an_address_reject_each_other():
    result = map_records(
        MAPPING, records((A, person(1)), (B, person(2, email="p1@example.com")), (B, person(3)))
    )
    assert told(result) == (
        {"00003": B},
        {"00001": "MATCH-KEY-SHARED", "00002": "MATCH-KEY-SHARED"},
    )
    assert "contractors.csv:2" in result.rejections[0].reasons[0].message


def test_ids_of_two_sources_that_differ_by_case_only_reject_each_other():
    one, two = person(1, employee_id="a1"), person(2, employee_id="A1")
    assert told(map_records(MAPPING, records((A, one), (B, two)))) == (
        {},
        {"a1": "ID-DUPLICATE", "A1": "ID-DUPLICATE"},
    )


EMPLOYED = replace(
    MAPPING,
    employments=Employments(
        place=place("employee.employments"),
        primary=(Preferred(when=OneOf(column="title", values=frozenset({"Chief"}), where=WHERE)),),
    ),
)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {}, ({"00001": A}, {})),
        ({"status": "Left"}, {}, ({"00001": B}, {})),
        ({}, {"status": "Left"}, ({"00001": A}, {})),
        ({}, {"title": "Chief"}, ({"00001": B}, {})),
        ({"title": "Chief"}, {"title": "Chief"}, ({"00001": A}, {})),
        ({}, {"status": "Who knows"}, ({}, {"00001": "STATUS-UNKNOWN"})),
        ({"status": "Who knows"}, {}, ({}, {"00001": "STATUS-UNKNOWN"})),
    ],
)
def test_employments_may_be_in_several_sources(first, second, expected):
    """The rules choose; of those that they prefer alike the first source."""
    result = map_records(
        EMPLOYED, records((A, person(1, **first)), (B, person(1, department="Ops", **second)))
    )
    assert told(result) == expected


ROW = st.builds(
    lambda number, status, email: person(number, status=status, email=email or f"p{number}@example.com"),
    st.integers(1, 5),
    st.sampled_from(["Active", "Active", "Left", "Who knows"]),
    st.sampled_from(["", "", "", "shared@example.com"]),
)
CROWD = st.lists(st.tuples(st.sampled_from(SOURCES), ROW), max_size=9).map(
    lambda rows: sorted(rows, key=lambda row: SOURCES.index(row[0]))
)


@given(CROWD, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_rows_within_a_source_does_not_matter(rows, random, employments):
    shuffled = []
    for _, some in groupby(rows, key=lambda row: row[0]):
        listed = list(some)
        random.shuffle(listed)
        shuffled += listed
    rules = (
        replace(MAPPING, employments=Employments(place=place("employee.employments")))
        if employments
        else MAPPING
    )
    one, two = (told(map_records(rules, records(*each))) for each in (rows, shuffled))
    assert one[0] == two[0]
    assert one[1].keys() == two[1].keys()


@given(CROWD)
def test_a_source_decides_only_about_those_whom_no_earlier_one_names(rows):
    """A naive model: of each id the first source; valid only if that has one row of it, which is right."""
    result = map_records(MAPPING, records(*rows))
    taken, rejected = told(result)
    for row in {fields["employee_id"] for _, fields in rows}:
        source = next(s for s in SOURCES for of, fields in rows if of == s and fields["employee_id"] == row)
        mine = [fields for of, fields in rows if of == source and fields["employee_id"] == row]
        if len(mine) > 1 or mine[0]["status"] == "Who knows":
            assert row in rejected
            assert row not in taken
        elif row in taken:
            assert taken[row] == source
        else:
            assert rejected[row] == "MATCH-KEY-SHARED"
    assert taken.keys() | rejected.keys() == {fields["employee_id"] for _, fields in rows}
    named = {source: set(ids) for source, ids in result.named.items()}
    assert named == {s: {f["employee_id"] for of, f in rows if of == s} for s in {of for of, _ in rows}}


@given(st.lists(ROW, max_size=6, unique_by=lambda row: row["employee_id"]))
def test_sources_that_share_nobody_are_a_crowd_whichever_comes_first(rows):
    plain = [row | {"email": f"p{row['employee_id']}@example.com"} for row in rows]
    split = [(SOURCES[int(row["employee_id"]) % 3], row) for row in plain]
    found = [
        told(map_records(MAPPING, records(*(row for source in order for row in split if row[0] == source))))
        for order in permutations(SOURCES)
    ]
    assert all(each == found[0] for each in found)
