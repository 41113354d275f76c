"""Each transform, date format and condition by a table."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.conditions import AllOf, AnyOf, Between, Condition, Empty, EndsWith, Not, OneOf, StartsWith
from syncd.core.dates import DateFormat, format_fault
from syncd.core.transforms import TRANSFORMS, Refused, trim


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("trim", "  a b ", "a b"),
        ("trim", "\u00a0\u200b\ufeffa\u2003\t\n", "a"),
        ("trim", "Zoe\u0308", "Zoë"),
        ("lower", "ÄNA@X", "äna@x"),
        ("upper", "straße", "STRASSE"),
        ("title", "ANNE-MARIE O'BRIEN", "Anne-Marie O'Brien"),
        ("title", "men's wear", "Men's Wear"),
        ("title", "jean de la fontaine", "Jean De La Fontaine"),
        ("title", "élodie", "Élodie"),
        ("normalize", " a \t\r\n b\u00a0\u00a0c ", "a b c"),
        ("normalize", "a\u200bb", "ab"),
        ("normalize", "Zoe\u0308", "Zoë"),
        ("ascii", "Zoë Müller Søren Łukasz Groß Ægir", "Zoe Muller Soren Lukasz Gross AEgir"),
        ("ascii", "O’Brien", "O'Brien"),
        ("digits", "+49 40/12-3", "49401" + "23"),
        ("digits", "٣", ""),
        ("strip_zeros", "00120", "120"),
        ("strip_zeros", "000", "0"),
        ("strip_zeros", "", ""),
        ("bool", "YES", "true"),
        ("bool", "1", "true"),
        ("bool", "False", "false"),
        ("bool", "", ""),
    ],
)
def test_transform(name, text, expected):
    assert TRANSFORMS[name](text) == expected


@pytest.mark.parametrize(
    ("name", "text", "code"), [("bool", "2", "BOOL-INVALID"), ("ascii", "Ж", "NOT-ASCII")]
)
def test_a_transform_that_cannot(name, text, code):
    with pytest.raises(Refused) as caught:
        TRANSFORMS[name](text)
    assert caught.value.code == code


@given(st.sampled_from(sorted(TRANSFORMS)), st.text())
def test_a_transform_gives_text_or_refuses_and_does_no_more_the_second_time(name, text):
    try:
        once = trim(TRANSFORMS[name](trim(text)))
    except Refused:
        return
    assert isinstance(once, str)
    if name not in {"upper", "lower", "title"}:  # some letters of some scripts have no stable case
        assert trim(TRANSFORMS[name](once)) == once


@pytest.mark.parametrize(
    ("read", "write", "text", "expected"),
    [
        ("%d.%m.%Y", "%Y-%m-%d", "03.04.2026", "2026-04-03"),
        ("%m/%d/%Y", "%Y-%m-%d", "3/4/2026", "2026-03-04"),
        ("%Y-%m-%d %H:%M:%S.%f", "%d.%m.%Y", "2009-02-03 00:00:00.000", "03.02.2009"),
        ("%d %b %Y", "%Y-%m-%d", "7 Oct 1969", "1969-10-07"),
        ("%Y-%m-%d%z", "%Y-%m-%d", "2026-01-01-07:00", "2026-01-01"),
        ("%Y-%m-%d", "%Y%%%m", "9999-12-31", "9999%12"),
    ],
)
def test_date(read, write, text, expected):
    assert DateFormat(read=read, write=write).apply(text) == expected


@pytest.mark.parametrize(
    "text", ["0000-00-00", "2026-02-30", "30-08-1965", "x", "2026-01-01 00:00", "26-01-01"]
)
def test_no_date(text):
    with pytest.raises(Refused) as caught:
        DateFormat().apply(text)
    assert (caught.value.code, caught.value.why) == ("DATE-INVALID", "is not a date in the format %Y-%m-%d")


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ("%d.%m.%y", "two-digit years"),
        ("%d.%m", "needs a year"),
        ("%Y-%j", "%j is not known here"),
        ("%Y-%m-%d %", "% is not known here"),
        ("%Y-%m-%d %Y", "%Y is there twice"),
        ("today", "needs a year"),
        ("%d.%m.%Y", ""),
        ("%%%Y%m%d", ""),
    ],
)
def test_date_format(form, fault):
    assert format_fault(form, reads=True).startswith(fault)
    assert bool(format_fault(form, reads=True)) is bool(fault)


def one_of(column: str, *values: str) -> Condition:
    return OneOf(column=column, where="w", values=frozenset(values))


ROW = {"d": " Sales ", "c": "DE", "e": " \u00a0", "h": "2026-03-01"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (one_of("d", "Sales"), True),
        (one_of("d", "sales"), False),
        (one_of("d", "Sales", "IT"), True),
        (one_of("e", ""), True),
        (Not(part=one_of("d", "IT")), True),
        (Empty(column="e", where="w"), True),
        (Empty(column="d", where="w"), False),
        (StartsWith(column="d", where="w", prefixes=("Ma", "Sa")), True),
        (StartsWith(column="d", where="w", prefixes=("ales",)), False),
        (EndsWith(column="d", where="w", suffixes=("es",)), True),
        (AllOf(parts=(one_of("d", "Sales"), one_of("c", "DE"))), True),
        (AllOf(parts=(one_of("d", "Sales"), one_of("c", "FR"))), False),
        (AnyOf(parts=(one_of("d", "IT"), one_of("c", "DE"))), True),
        (AnyOf(parts=(one_of("d", "IT"), one_of("c", "FR"))), False),
        (Between(column="h", where="w", after=date(2026, 2, 28)), True),
        (Between(column="h", where="w", after=date(2026, 3, 1)), False),
        (Between(column="h", where="w", before=date(2026, 3, 1)), False),
        (Between(column="h", where="w", before=date(2026, 3, 2)), True),
        (Between(column="e", where="w", before=date(2026, 3, 2)), False),
    ],
)
def test_condition(condition, expected):
    assert condition.holds(ROW) is expected


def test_a_condition_names_its_columns():
    condition = AnyOf(parts=(AllOf(parts=(one_of("a"),)), Not(part=one_of("b"))))
    assert list(condition.columns()) == [("a", "w"), ("b", "w")]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (one_of("nowhere", "x"), "COLUMN-MISSING"),
        (Between(column="d", where="w", before=date.max), "DATE-INVALID"),
    ],
)
def test_a_condition_that_cannot_be_judged(condition, code):
    with pytest.raises(Refused) as caught:
        condition.holds(ROW)
    assert caught.value.code == code
