"""Suspicions about ids: given to somebody else, or changed by a spreadsheet on the way."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.cases import Resolution, Verdict
from syncd.core.match import match
from syncd.core.model import Rejection
from syncd.core.suspicions import alike_but_zeros, named_otherwise, spreadsheet_problem, suspicions, unsettled
from tests.core.factories import employee, user

ANN = {"last_name": "Ek", "hire_date": "2020-01-01"}


def bare(ids):
    """Known employees of whom no guard is known."""
    return {each: {} for each in ids}


def somebody(employee_id="E1", **guards):
    return replace(employee(employee_id), guards=guards)


@pytest.mark.parametrize(
    ("before", "now", "reused"),
    [
        (ANN, ANN, False),
        (ANN, {**ANN, "last_name": "Lund"}, False),
        (ANN, {**ANN, "hire_date": "2026-01-01"}, False),
        (ANN, {"last_name": "Lund", "hire_date": "2026-01-01"}, True),
        (ANN, {"last_name": "EK ", "hire_date": "2026-01-01"}, False),
        (ANN, {"last_name": "Lund", "hire_date": ""}, False),
        ({**ANN, "hire_date": ""}, {"last_name": "Lund", "hire_date": "2026-01-01"}, False),
        ({}, {"last_name": "Lund", "hire_date": "2026-01-01"}, False),
        (ANN, {}, False),
    ],
)
def test_an_id_is_reused_when_all_guards_change_at_once(before, now, reused):
    found = suspicions([somebody(**now)], {"E1": before}, {"E1"})
    assert [suspicion.reason.code for suspicion in found.values()] == (["ID-REUSED"] if reused else [])
    assert [suspicion.known_ids for suspicion in found.values()] == ([("E1",)] if reused else [])


@pytest.mark.parametrize(
    ("employee_id", "known", "named", "expected"),
    [
        ("123", ["000123"], [], "ID-ZEROS-LOST 000123"),
        ("0123", ["000123"], [], "ID-ZEROS-LOST 000123"),
        ("000123", ["123"], [], "ID-ZEROS-ADDED 123"),
        ("0", ["000"], [], "ID-ZEROS-LOST 000"),
        ("123", ["000123"], ["000123"], ""),
        ("123", ["123", "000123"], [], ""),
        ("123", ["0123", "000123"], [], "ID-ZEROS-LOST 000123 0123"),
        ("123", ["0123", "000123"], ["0123"], "ID-ZEROS-LOST 000123"),
        ("123", ["1230"], [], ""),
        ("123", [], [], ""),
        ("A123", ["0A123"], [], ""),
        ("123.5", ["123"], [], ""),
    ],
)
def test_what_a_spreadsheet_does_to_ids(employee_id, known, named, expected):
    found = suspicions([somebody(employee_id)], bare(known), {employee_id, *named})
    assert " ".join(" ".join([d.reason.code, *d.known_ids]) for d in found.values()) == expected


def decided(verdict, *, answers=""):
    refused = frozenset({"u1"}) if verdict is Verdict.CREATE else frozenset()
    return {"E1": Resolution(verdict=verdict, user_id="u1", refused=refused, answers=answers)}


def outcome(resolutions, guards=None):
    """What becomes of E1, who is linked to u1 and looks like somebody else."""
    person = somebody(**(guards or {"last_name": "Lund", "hire_date": "2026-01-01"}))
    found = unsettled(suspicions([person], {"E1": ANN}, {"E1"}), resolutions)
    matching = match(
        [person],
        [user("u1")],
        {"E1": "u1"},
        keys=("UserName",),
        link_field="",
        resolutions=resolutions,
        suspicions=found,
    )
    return matching.cases[0].reason.code if matching.cases else matching.links.get("E1", "create")


def question():
    (suspicion,) = suspicions(
        [somebody(last_name="Lund", hire_date="2026-01-01")], {"E1": ANN}, {"E1"}
    ).values()
    return suspicion.question


def test_a_person_settles_a_doubt_and_only_the_one_that_was_asked():
    assert outcome({}) == "ID-REUSED"
    assert outcome(decided(Verdict.LINK, answers=question())) == "u1"
    assert outcome(decided(Verdict.CREATE, answers=question())) == "create"
    assert outcome(decided(Verdict.LINK)) == "ID-REUSED"
    another = {"last_name": "Berg", "hire_date": "2027-01-01"}
    assert outcome(decided(Verdict.LINK, answers=question()), another) == "ID-REUSED"


def test_a_case_of_lost_zeros_shows_the_user_of_the_known_id():
    person = somebody("123")
    found = suspicions([person], {"000123": {}}, {"123"})
    matching = match(
        [person], [user("u1")], {"000123": "u1"}, keys=("UserName",), link_field="", suspicions=found
    )
    (case,) = matching.cases
    assert [(c.user_id, c.linked_to) for c in case.candidates] == [("u1", "000123")]
    assert "000123" in case.reason.message


def test_most_of_a_file_is_one_sentence():
    known = bare(f"{number:06d}" for number in range(1, 11))
    people = [somebody(str(number)) for number in range(1, 11)]
    found = suspicions(people, known, {person.employee_id for person in people})
    assert "10 of 10 rows" in spreadsheet_problem(found, 10)
    assert "such as 1 for 000001" in spreadsheet_problem(found, 10)
    assert spreadsheet_problem(found, 20) == ""
    assert spreadsheet_problem({}, 0) == ""


@given(
    st.sets(st.from_regex(r"[0-9]{1,4}", fullmatch=True)),
    st.sets(st.from_regex(r"[0-9]{1,4}", fullmatch=True)),
)
def test_whoever_is_doubted_is_new_and_the_one_they_may_be_is_missing(known, now):
    found = suspicions(map(somebody, sorted(now)), bare(known), now)
    for employee_id, suspicion in found.items():
        assert employee_id not in known
        assert set(suspicion.known_ids) == {each for each in known - now if int(each) == int(employee_id)}


@given(
    st.sets(st.from_regex(r"[0-9]{1,3}", fullmatch=True)),
    st.sets(st.from_regex(r"[0-9]{1,3}", fullmatch=True)),
)
def test_whom_a_rejected_id_may_be_are_the_missing_ones_of_the_same_number(known, rejected):
    missing = {each for each in known - rejected if int(each) in set(map(int, rejected))}
    assert alike_but_zeros(rejected, known, rejected) == missing


def test_an_id_that_could_not_be_read_is_like_nobodys():
    assert alike_but_zeros([""], ["0", "00"], ()) == set()
    assert alike_but_zeros(["a7", "07"], ["A7", "007", "70"], {"a7", "07"}) == {"A7", "007"}


@pytest.mark.parametrize(
    ("said", "keys", "found"),
    [
        ({"UserName": "ANN@example.com "}, (), {"E1"}),
        ({"Email": "ann@example.com"}, (), {"E1"}),
        ({"UserName": "ann@example.com", "Email": "bo@example.com"}, (), {"E1", "E2"}),
        ({"CustomField1": "007"}, (), set()),
        ({"CustomField1": "007"}, ("CustomField1",), {"E1"}),
        ({"UserName": "", "Email": " "}, (), set()),
        ({"Email": "stranger@example.com"}, (), set()),
        ({}, (), set()),
    ],
)
def test_a_rejected_row_leads_to_whoever_has_its_names(said, keys, found):
    ann = user("u1", UserName="ann@example.com", Email="ann@example.com", CustomField1="007")
    users = [ann, user("u2", UserName="b", Email="bo@example.com"), user("u3", UserName="s", Email="s@e")]
    row = Rejection(origin="hr.csv:2", employee_id="E9", reasons=(), fields=frozenset(said.items()))
    assert named_otherwise([row], users, {"E1": "u1", "E2": "u2"}, keys) == found
