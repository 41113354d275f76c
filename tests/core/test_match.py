"""Matching employees to Litmos users: link first, then keys in order, never a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.cases import Candidate, CaseState, Suspicion, case_state
from syncd.core.match import match
from syncd.core.model import Link, Reason
from tests.core.companies import IGNORED, companies, not_, to
from tests.core.factories import employee, user

KEYS = ("ExternalEmployeeId", "UserName")


def run(employees, users, links=None, resolutions=None, **more):
    return match(
        employees,
        users,
        links or {},
        keys=KEYS,
        link_field="ExternalEmployeeId",
        resolutions=resolutions,
        **more,
    )


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


@pytest.mark.parametrize(
    ("renamed", "more", "expected"),
    [
        ("new@example.com", {}, {"E1": "u1"}),  # E2 is created
        ("e1@example.com", {}, "MATCH-CONFLICT"),  # E1 keeps the name
        ("new@example.com", {"protects": lambda _user: True}, "MATCH-CONFLICT"),
        ("new@example.com", {"resolutions": {"E1": IGNORED}}, "MATCH-CONFLICT"),
        ("new@example.com", {"resolutions": {"E1": not_("u1")}}, "MATCH-CONFLICT"),
        ("new@example.com", {"resolutions": {"E1": to("u9")}}, "MATCH-CONFLICT"),
        ("new@example.com", {"links": {"E1": "u9"}}, "MATCH-CONFLICT"),
    ],
)
def test_in_the_first_file_a_name_is_given_up_by_who_the_link_field_names(renamed, more, expected):
    """Nobody is linked yet: E1 is known by the link field, is renamed, and a new hire has the old address."""
    people = [employee("E1", UserName=renamed), employee("E2", UserName="e1@example.com")]
    users = [
        user("u1", UserName="e1@example.com", ExternalEmployeeId="E1"),
        user("u9", UserName="x@example.com"),
    ]
    for some in (people, people[::-1]):
        found = run(some, users, **more)
        if isinstance(expected, str):
            assert ("E2", expected) in codes(found)
        else:
            assert (found.links, codes(found)) == (expected, [])


def test_a_name_is_not_given_up_where_the_link_field_is_no_match_key():
    """E1 is not found by it then, and keeps nothing."""
    people = [employee("E1", UserName="new@example.com"), employee("E2", UserName="e1@example.com")]
    users = [user("u1", UserName="e1@example.com", ExternalEmployeeId="E1")]
    found = match(people, users, {}, keys=("UserName",), link_field="ExternalEmployeeId")
    assert codes(found) == [("E2", "MATCH-CONFLICT")]


def test_two_users_whom_the_link_field_calls_the_same_give_nothing_up():
    people = [employee("E1", UserName="new@example.com"), employee("E2", UserName="e1@example.com")]
    users = [
        user("u1", UserName="e1@example.com", ExternalEmployeeId="E1"),
        user("u2", UserName="x@example.com", ExternalEmployeeId="e1"),
    ]
    assert codes(run(people, users)) == [("E1", "MATCH-AMBIGUOUS"), ("E2", "MATCH-CONFLICT")]


def named(user_id, name="e1", **fields):
    return user(user_id, UserName=f"{name}@example.com", **fields)


ONE = [named("u1")]
TWO = [named("u1"), named("u2")]
THEIRS = [named("u1", ExternalEmployeeId="E9")]
OTHER = [named("u1"), named("u5", "x")]


@pytest.mark.parametrize(
    ("users", "links", "decided", "expected"),
    [
        # candidates alone
        (ONE, {}, {}, "u1 UserName"),
        (OTHER, {"E1": "u5"}, {}, "u5"),
        ([], {}, {}, "create"),
        (TWO, {}, {}, "MATCH-AMBIGUOUS u1 u2"),
        (ONE, {"E2": "u1"}, {}, "MATCH-TAKEN u1"),
        (THEIRS, {}, {}, "MATCH-CONFLICT u1"),
        # E3 is linked to the candidate, and HR gives E3 another value of that key, or not
        (ONE, {"E3": "u1"}, {}, "create"),
        ([named("u1", "x", ExternalEmployeeId="E1")], {"E3": "u1"}, {}, "create"),
        # a person said which user it is
        (TWO, {}, {"E1": to("u2")}, "u2 person"),
        (TWO, {"E1": "u2"}, {"E1": to("u2")}, "u2"),
        (OTHER, {"E1": "u1"}, {"E1": to("u5")}, "u5 person"),
        (THEIRS, {}, {"E1": to("u1")}, "u1 person"),
        (ONE, {"E2": "u1"}, {"E1": to("u1")}, "u1 person"),
        (ONE, {"E1": "u1"}, {"E2": to("u1")}, "create"),
        (ONE, {}, {"E1": to("u1"), "E2": to("u1")}, "MATCH-SHARED u1"),
        (ONE, {}, {"E1": to("gone")}, "MATCH-USER-GONE"),
        (ONE, {"E1": "u1"}, {"E1": to("gone")}, "MATCH-USER-GONE"),
        # a person said which users it is not
        (TWO, {}, {"E1": not_("u1", "u2")}, "create"),
        (TWO, {}, {"E1": not_("u1")}, "u2 UserName"),
        (ONE, {"E1": "u1"}, {"E1": not_("u1")}, "create"),
        (OTHER, {"E1": "u5"}, {"E1": not_("u1")}, "u5"),
        (ONE, {"E2": "u1"}, {"E1": not_("u1")}, "create"),
        (THEIRS, {}, {"E1": not_("u1")}, "create"),
        ([*TWO, named("u3")], {}, {"E1": not_("u1")}, "MATCH-AMBIGUOUS u2 u3"),
        # a person said to leave the employee alone
        (TWO, {}, {"E1": IGNORED}, "ignored"),
        (ONE, {"E1": "u1"}, {"E1": IGNORED}, "ignored"),
        ([], {}, {"E1": IGNORED}, "ignored"),
    ],
)
def test_every_outcome(users, links, decided, expected):
    """What becomes of E1, beside E3 whom no key matches; E2 is no longer in HR's data, if a person decided nothing."""
    others = [employee("E3"), *([employee("E2")] if "E2" in decided else [])]
    found = run([employee("E1"), *others], users, links, decided)
    assert outcome(found, "E1") == expected


def outcome(found, employee_id):
    """One employee's outcome as a text: ``u1 UserName``, ``MATCH-TAKEN u1``, ``create``, ``ignored``."""
    case = next((case for case in found.cases if case.employee_id == employee_id), None)
    if case is not None:
        return " ".join([case.reason.code, *(candidate.user_id for candidate in case.candidates)])
    if employee_id in found.ignored:
        return "ignored"
    made = next((link.made_by for link in found.new if link.employee_id == employee_id), "")
    return f"{found.links.get(employee_id, 'create')} {made}".strip()


def test_a_case_tells_every_candidate_under_any_key_and_who_has_them():
    users = [
        named("u1"),
        named("u2"),
        named("u3", "x", ExternalEmployeeId="E1"),
        named("u4", "y", ExternalEmployeeId="E1"),
    ]
    (case,) = run([employee("E1")], users, {"E2": "u2"}).cases
    assert case.candidates == (
        Candidate(user_id="u1", keys=("UserName",)),
        Candidate(user_id="u2", keys=("UserName",), linked_to="E2"),
        Candidate(user_id="u3", keys=("ExternalEmployeeId",)),
        Candidate(user_id="u4", keys=("ExternalEmployeeId",)),
    )
    assert "ExternalEmployeeId" in case.reason.message
    assert "syncd cases show" not in case.reason.message, "who reads the case is there already"
    assert "syncd cases show E1" in case.rejection.reasons[0].message


SUSPECT = Suspicion(reason=Reason(code="ID-REUSED", message="no"), known_ids=("E3",), question="q")


@pytest.mark.parametrize(
    ("decided", "more", "expected"),
    [
        ({}, {}, "create"),
        ({"E3": not_("u9")}, {}, "create"),
        ({"E3": to("u1")}, {}, "create"),
        ({"E3": IGNORED}, {}, "MATCH-TAKEN u1"),
        ({"E3": to("gone")}, {}, "MATCH-TAKEN u1"),
        ({}, {"suspicions": {"E3": SUSPECT}}, "MATCH-TAKEN u1"),
        ({}, {"protects": lambda one: one.id == "u1"}, "MATCH-TAKEN u1"),
    ],
)
def test_a_name_changes_hands_only_if_who_has_it_will_have_another(decided, more, expected):
    """HR gives E3, who is linked to u1, another name, and E1 the one of u1."""
    found = run([employee("E1"), employee("E3")], ONE, {"E3": "u1"}, decided, **more)
    assert outcome(found, "E1") == expected


def test_who_is_left_alone_or_suspect_may_be_whoever_has_their_name():
    for decided, more in (({"E1": IGNORED}, {}), ({}, {"suspicions": {"E1": SUSPECT}})):
        assert run([employee("E1")], ONE, {"OLD": "u1"}, decided, **more).in_doubt == {"OLD"}


def test_who_has_left_hr_loses_the_user_whom_a_person_gives_away():
    """An employee whose id HR changed: the old id is no longer in the file."""
    assert run([employee("E1")], ONE, {"OLD": "u1"}, {"E1": to("u1")}).links == {"E1": "u1"}


@pytest.mark.parametrize(
    ("seen", "decided", "state"),
    [
        (1, None, CaseState.OPEN),
        (1, 2, CaseState.DECIDED),
        (2, 1, CaseState.OPEN),
        (None, 1, CaseState.RESOLVED),
    ],
)
def test_where_a_case_stands(seen, decided, state):
    assert case_state(seen, decided) is state


@given(companies(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_users_does_not_matter(company, random):
    people, users, links, decided = company
    first = run(people, users, links, decided)
    random.shuffle(people)
    random.shuffle(users)
    second = run(people, users, links, decided)
    everybody = [person.employee_id for person in people]
    assert [outcome(first, each) for each in everybody] == [outcome(second, each) for each in everybody]
    assert first.links == second.links


@given(companies())
def test_two_employees_never_share_a_user_and_everybody_has_one_outcome(company):
    people, users, links, decided = company
    found = run(people, users, links, decided)
    assert len(set(found.links.values())) == len(found.links)
    assert set(found.links.values()) <= {each.id for each in users}
    refused = {case.employee_id for case in found.cases}
    assert not refused & found.ignored
    assert not {link.employee_id for link in found.new} & (refused | found.ignored)


@given(companies())
def test_matching_again_with_the_links_that_were_made_gives_the_same(company):
    people, users, links, decided = company
    first = run(people, users, links, decided)
    stored = {e: u for e, u in links.items() if e not in first.dropped}
    for (
        link
    ) in first.new:  # as the store does: a Link takes the place of one of this employee or of this user
        stored = {e: u for e, u in stored.items() if e != link.employee_id and u != link.user_id}
        stored[link.employee_id] = link.user_id
    second = run(people, users, stored, decided)
    assert second.new == ()
    linked = {e: u for e, u in first.links.items() if u in {each.id for each in users}}
    assert second.links == linked
