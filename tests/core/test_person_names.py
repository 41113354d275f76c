"""Names are folded so that whoever types one finds who has it, and what was typed has every meaning that it may have."""

import unicodedata
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.person_names import LONGEST, MOST_WORDS, Meaning, folded, keys_of, meanings

WORDS = st.lists(st.text("aeéñøło'", min_size=1, max_size=5).filter(folded), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ana", "ana"),
        ("  Ana\u00a0 Mar\u00eda\t", "ana maria"),
        ("Garc\u00eda", "garcia"),
        ("Garci\u0301a", "garcia"),
        ("Mu\u0308ller-L\u00fcdenscheidt", "muller ludenscheidt"),
        ("\u0141ukasz \u00d8re \u00c6rø", "lukasz ore aero"),
        ("Stra\u00dfe", "strasse"),
        ("\u0130pek I\u015f\u0131k", "ipek isik"),
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "obrien"),
        ("O\u00b4Brien", "obrien"),
        ("d'Angelo, Jr.", "dangelo jr"),
        ("\u0394\u03ae\u03bc\u03bf\u03c2", "\u03b4\u03b7\u03bc\u03bf\u03c3"),
        ("\u674e\u3000\u5c0f\u9f99", "\u674e \u5c0f\u9f99"),
        ("\u0928\u0940\u0924\u093e", "\u0928\u0940\u0924\u093e"),
        ("R2-D2", "r2 d2"),
        ("\x00\ud800\U0010ffff", ""),
        ("\u2014", ""),
        ("", ""),
        (None, ""),
        (42, "42"),
    ],
)
def test_how_a_name_is_folded(name, key):
    assert folded(name) == key


@given(st.text())
def test_folding_twice_changes_nothing(text):
    once = folded(text)
    assert folded(once) == once
    assert len(once) <= LONGEST
    assert "  " not in once
    assert not {"\x00", ",", "'"} & set(once)
    assert once.encode().decode() == once, "a database takes it"


@given(st.text(max_size=8))
def test_it_is_the_same_name_in_capitals_or_with_its_accents_apart(text):
    for other in (
        text.upper(),
        *(unicodedata.normalize(form, text) for form in ("NFC", "NFD")),
        f" {text}\n",
    ):
        assert folded(other) == folded(text), ascii(other)


@pytest.mark.parametrize(
    ("first", "last", "keys"),
    [
        ("Ana", "Novak", ("ana", "novak", "")),
        ("Ana Maria", "Garc\u00eda L\u00f3pez", ("ana maria", "garcia lopez", "lopez")),
        ("Jan", "van der Berg", ("jan", "van der berg", "berg")),
        ("Ana", None, ("ana", "", "")),
        ("", "-", ("", "", "")),
    ],
)
def test_by_what_a_person_is_looked_up(first, last, keys):
    assert keys_of({"FirstName": first, "LastName": last, "Email": "x@example.com"}) == keys


def test_who_has_no_names_has_no_keys():
    assert keys_of({}) == ("", "", "")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Ana", [("ana", ""), ("", "ana")]),
        ("Novak, Ana", [("ana", "novak")]),
        (" garc\u00eda l\u00f3pez , m ", [("m", "garcia lopez")]),
        ("no an", [("no an", ""), ("", "no an"), ("no", "an"), ("an", "no")]),
        ("ana ana", [("ana ana", ""), ("", "ana ana"), ("ana", "ana")]),
        ("Novak,", [("novak", ""), ("", "novak")]),
        (
            "a,b,c",
            [("a b c", ""), ("", "a b c"), ("a", "b c"), ("b c", "a"), ("a b", "c"), ("c", "a b")],
        ),
        (", ", []),
        ("%", []),
        ("", []),
        ("a " * MOST_WORDS + "a", []),
    ],
)
def test_what_somebody_may_mean(typed, meant):
    assert meanings(typed) == tuple(Meaning(*one) for one in meant)


@given(WORDS, WORDS, st.data())
def test_a_name_is_found_by_any_beginnings_of_its_parts_in_either_order(first, last, data):
    """By a naive reading of it: some first letters of the first name, and some of the last one."""
    keys = keys_of({"FirstName": " ".join(first), "LastName": " ".join(last)})
    typed = [key[: data.draw(st.integers(1, len(key)))] for key in (keys.first, keys.last)]
    texts = [" ".join(each) for each in permutations(typed)]
    for text in (*texts, texts[1].upper(), f"{typed[1]}, {typed[0]}", *typed):
        found = meanings(text)
        assert any(keys.first.startswith(one.first) and keys.last.startswith(one.last) for one in found), text
    assert Meaning(keys.first, keys.last) in meanings(f"{' '.join(first)} {' '.join(last)}")


@given(st.text())
def test_nothing_typed_means_everybody(typed):
    for first, last in meanings(typed):
        assert first or last
        assert (folded(first), folded(last)) == (first, last)
