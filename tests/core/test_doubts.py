"""Doubts: which inputs are held before anything is compared with Litmos, and with which numbers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.doubts import SAMPLE, Dated, Expect, Fingerprint, Sighting, doubts, sample_of
from syncd.core.limits import Limits
from syncd.core.model import Record

MONDAY = datetime(2026, 11, 23, 5, tzinfo=UTC)
IDS = tuple(f"{number:05d}" for number in range(100))
LAST = Fingerprint(
    sha256="last",
    rows=100,
    rejected=2,
    columns=("id", "city", "phone"),
    modified_at=MONDAY,
    dated=date(2026, 11, 23),
    filled={"id": 100, "city": 51, "phone": 50},
    sample=IDS,
)
NEW = replace(LAST, sha256="new", modified_at=MONDAY + timedelta(days=1))
NAMED = frozenset(IDS)


def judge(new, last=LAST, *, named=NAMED, expect=None, **limits):
    return doubts(new, last, named=named, expect=expect or Expect(), limits=Limits(**limits))


def codes(found):
    return [hold.code for hold in found]


OLDER = "source.expect.older = hold"
# Each code at its edge: what is just right, what is just wrong, and the sentence for the latter.
EDGES = [
    (
        "SOURCE-COLUMNS",
        {"columns": ("phone", "id", "city")},
        {"columns": ("id", "town", "phone")},
        {"expect": Expect(same_columns=True)},
        "the columns are not those of the last accepted input; gone: city; new: town; source.expect.columns = same",
    ),
    (
        "SOURCE-ROWS",
        {"rows": 90},
        {"rows": 89},
        {"expect": Expect(min_rows=90)},
        "the source has 89 rows, fewer than source.expect.rows.min = 90",
    ),
    (
        "SOURCE-ROWS",
        {"rows": 110},
        {"rows": 111},
        {"expect": Expect(max_rows=110)},
        "the source has 111 rows, more than source.expect.rows.max = 110",
    ),
    (
        "SOURCE-UNDATED",
        {"dated": date(2026, 11, 23)},
        {"dated": None},
        {"expect": Expect(dated=Dated(column="day"))},
        'no row of the source has a date in source.expect.dated: "day" (%Y-%m-%d)',
    ),
    (
        "SOURCE-OLDER",
        {"dated": date(2026, 11, 23), "modified_at": MONDAY - timedelta(days=9)},
        {"dated": date(2026, 11, 22)},
        {},
        f"the source is dated 2026-11-22, and the last accepted input 2026-11-23: an older one came late; {OLDER}",
    ),
    (
        "SOURCE-OLDER",
        {"dated": None, "modified_at": MONDAY},
        {"dated": None, "modified_at": MONDAY - timedelta(seconds=1)},
        {},
        f"the source was written 2026-11-23 04:59:59 UTC, before the last accepted input (2026-11-23 05:00:00 UTC); {OLDER}",
    ),
    (
        "LIMIT-SHRINK",
        {"rows": 80},
        {"rows": 79},
        {},
        "the source has 79 rows, 21.0 % fewer than the 100 of the last accepted input; push.limits.shrink_percent = 20",
    ),
    (
        "LIMIT-GROWTH",
        {"rows": 200},
        {"rows": 201},
        {},
        "the source has 201 rows, 101.0 % more than the 100 of the last accepted input; push.limits.grow_percent = 100",
    ),
    (
        "LIMIT-BLANK",
        {"filled": {"id": 100, "city": 1, "phone": 0}},
        {"filled": {"id": 100, "city": 0, "phone": 0}},
        {},
        'blank in every row, and filled in before: "city" (51 %); push.limits.blank_percent = 50',
    ),
    (
        "LIMIT-REJECTED",
        {"rejected": 5},
        {"rejected": 6},
        {},
        "6 of 100 rows are rejected (6.0 %); push.limits.rejected_percent = 5",
    ),
]


@pytest.mark.parametrize(("code", "right", "wrong", "settings", "message"), EDGES)
def test_each_doubt_at_its_edge(code, right, wrong, settings, message):
    assert judge(replace(NEW, **right), **settings) == ()
    [hold] = judge(replace(NEW, **wrong), **settings)
    assert (hold.code, hold.message, hold.keys) == (code, message, None)


@pytest.mark.parametrize(("kept", "expected"), [(80, []), (79, ["LIMIT-OVERLAP"]), (0, ["LIMIT-OVERLAP"])])
def test_another_tenants_file_does_not_name_our_people(kept, expected):
    found = judge(NEW, named=frozenset({*IDS[:kept], *(f"X{number}" for number in range(100))}))
    assert codes(found) == expected
    if expected:
        assert found[0].message == (
            f"{kept} of 100 people of the last accepted input are in this one ({kept}.0 %); "
            "push.limits.overlap_percent = 80"
        )


@pytest.mark.parametrize(
    ("limits", "changed", "named"),
    [
        ({"grow_percent": None}, {"rows": 9000}, NAMED),
        ({"blank_percent": None}, {"filled": {"id": 0, "city": 0}}, NAMED),
        ({"overlap_percent": None}, {}, frozenset()),
        ({"shrink_percent": 100.0}, {"rows": 1}, NAMED),
        ({"minimum_population": 101}, {"rows": 99, "filled": {"id": 0}, "rejected": 99}, frozenset()),
    ],
)
def test_each_can_be_turned_off_and_few_rows_prove_nothing(limits, changed, named):
    assert judge(replace(NEW, **changed), named=named, **limits) == ()


def test_an_older_one_may_be_let_through():
    older = replace(NEW, dated=date(2026, 11, 1))
    assert judge(older, expect=Expect(newer=False)) == ()


def test_all_doubts_are_told_at_once():
    worst = replace(
        NEW, rows=40, rejected=30, columns=("id",), dated=date(2020, 1, 1), filled={"id": 40, "city": 0}
    )
    found = judge(worst, named=frozenset(), expect=Expect(same_columns=True, min_rows=50))
    assert codes(found) == [
        "SOURCE-ROWS",
        "SOURCE-COLUMNS",
        "SOURCE-OLDER",
        "LIMIT-SHRINK",
        "LIMIT-OVERLAP",
        "LIMIT-BLANK",
        "LIMIT-REJECTED",
    ]


def test_the_very_first_input_is_doubted_for_itself_only():
    assert judge(replace(NEW, rows=5, filled={}), None, named=frozenset()) == ()
    assert codes(judge(replace(NEW, rejected=6), None)) == ["LIMIT-REJECTED"]
    assert codes(judge(NEW, None, expect=Expect(min_rows=101))) == ["SOURCE-ROWS"]


def test_the_bytes_that_were_accepted_last_are_not_doubted_again():
    """A person approved them; only that more of their rows are rejected (by another mapping) is new."""
    last = replace(LAST, rejected=30)
    assert judge(replace(last), last, named=frozenset(), expect=Expect(min_rows=500)) == ()
    assert codes(judge(replace(last, rejected=31), last)) == ["LIMIT-REJECTED"]


@given(st.integers(0, 5000))
def test_a_sample_is_spread_over_all(number):
    ids = [str(place) for place in range(number)]
    taken = [int(one) for one in sample_of(ids)]
    assert len(taken) <= SAMPLE
    if number:
        gaps = {
            after - before
            for before, after in zip(taken, [*taken[1:], None], strict=True)
            if after is not None
        }
        assert taken[0] == 0
        assert len(gaps) <= 1
        assert number - taken[-1] <= max(gaps, default=number)
        assert number > SAMPLE or taken == list(range(number))


def test_what_is_counted_while_the_records_go_by():
    rows = [
        {"id": "1", "city": " ", "day": "22.11.2026"},
        {"id": "2", "city": "Oslo", "day": "23.11.2026"},
        {"id": "N/A", "city": "Bonn", "day": "soon"},
    ]
    records = [Record(fields=row, origin=f"hr.csv:{place}") for place, row in enumerate(rows, 2)]
    sighting = Sighting(
        filled={"id": 0, "city": 0}, blanks=frozenset({"N/A"}), dated=Dated(column="day", form="%d.%m.%Y")
    )
    assert list(sighting.watch(records)) == records
    assert sighting.filled == {"id": 2, "city": 2}
    assert sighting.latest == date(2026, 11, 23)
