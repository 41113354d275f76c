"""Matching employees to Litmos users: link first, then keys in order, never a guess."""

from syncd.core.match import match
from syncd.core.model import Link
from tests.core.factories import employee, user

KEYS = ("ExternalEmployeeId", "UserName")


def run(employees, users, links=None):
    return match(employees, users, links or {}, keys=KEYS, link_field="ExternalEmployeeId")


def test_a_link_wins_over_every_key():
    users = [user("u1", UserName="other@example.com"), user("u2", UserName="e1@example.com")]
    assert run([employee("E1")], users, {"E1": "u1"}).links == {"E1": "u1"}


def test_a_link_to_a_user_that_is_gone_does_not_count():
    found = run([employee("E1")], [user("u2", UserName="E1@Example.com")], {"E1": "gone"})
    assert found.links == {"E1": "u2"}
    assert found.new == (Link(employee_id="E1", user_id="u2", made_by="UserName"),)


def test_keys_are_tried_in_order():
    users = [
        user("u1", UserName="e1@example.com"),
        user("u2", ExternalEmployeeId="E1", UserName="x@example.com"),
    ]
    assert run([employee("E1")], users).new == (
        Link(employee_id="E1", user_id="u2", made_by="ExternalEmployeeId"),
    )


def test_keys_compare_casefolded_and_normalised():
    composed, decomposed = "jos\u00e9@example.com", "Jose\u0301@Example.com"
    assert run([employee("E1", UserName=composed)], [user("u1", UserName=decomposed)]).links == {"E1": "u1"}


def test_nobody_found_is_no_link_and_no_rejection():
    found = run([employee("E1")], [user("u1", UserName="x@example.com")])
    assert (found.links, found.rejections) == ({}, ())


def test_an_empty_key_matches_nothing():
    found = run([employee("E1", UserName="")], [user("u1", UserName="", ExternalEmployeeId="")])
    assert found.links == {}


def codes(found):
    return sorted((r.employee_id, r.reasons[0].code) for r in found.rejections)


def test_two_candidates_are_a_rejection():
    users = [user("u1", UserName="e1@example.com"), user("u2", UserName="E1@example.com")]
    found = run([employee("E1")], users)
    assert codes(found) == [("E1", "MATCH-AMBIGUOUS")]
    assert found.links == {}


def test_one_candidate_for_two_people_rejects_both():
    people = [employee("E1", UserName="same@example.com"), employee("E2", UserName="same@example.com")]
    found = run(people, [user("u1", UserName="same@example.com")])
    assert codes(found) == [("E1", "MATCH-SHARED"), ("E2", "MATCH-SHARED")]
    assert found.links == {}


def test_a_candidate_linked_to_somebody_else_is_a_rejection():
    found = run(
        [employee("E2", UserName="a@example.com")], [user("u1", UserName="a@example.com")], {"E1": "u1"}
    )
    assert codes(found) == [("E2", "MATCH-TAKEN")]


def test_a_candidate_that_names_another_employee_is_a_rejection():
    users = [user("u1", UserName="e1@example.com", ExternalEmployeeId="E9")]
    assert codes(run([employee("E1")], users)) == [("E1", "MATCH-CONFLICT")]
