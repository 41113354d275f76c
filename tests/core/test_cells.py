"""How cells are read, before any rule sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.cells import BLANKS, clean, clean_cells


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("a", "a"),
        ("", ""),
        ("  a b\t", "a b"),
        ("\u00a0a\u00a0b\u202fc\u00a0", "a b c"),
        ("\ufeffa\u200bb\u2060", "ab"),
        ("Zoe\u0301", "Zo\u00e9"),
        ("\u0646\u200c\u0647", "\u0646\u200c\u0647"),
        ('="00123"', "00123"),
        ('=" 00123 "', "00123"),
        ('=""', ""),
        ('="a"&B1', '="a"&B1'),
        ('="a""b"', '="a""b"'),
        ("=1+1", "=1+1"),
        ("a\u2028b", "a\u2028b"),
    ],
)
def test_what_a_cell_means(cell, meant):
    assert clean(cell) == meant


def test_words_for_nothing_are_blank():
    row = {"a": " NULL ", "b": "N/A", "c": "-", "d": "Null", "e": "0000-00-00", "f": "a-b", "g": '="#N/A"'}
    assert clean_cells(row, frozenset(BLANKS)) == {
        "a": "",
        "b": "",
        "c": "",
        "d": "Null",
        "e": "",
        "f": "a-b",
        "g": "",
    }
    assert clean_cells(row, frozenset())["a"] == "NULL"


@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    once = clean(text)
    assert clean(once) == once or once.startswith('="')
