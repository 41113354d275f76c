"""Managers: the table of outcomes, circles, and that what is sent never closes one, whatever the order of the rows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.compile import compile_requests
from syncd.core.desired import desired_state
from syncd.core.diff import Rules, diff
from syncd.core.managers import resolve_managers
from syncd.core.model import State, Status
from syncd.core.request import Pace
from tests.core.factories import employee, user


def under(employee_id, manager, **changed):
    """An employee whose row names this manager."""
    return replace(employee(employee_id, **changed), manager=manager)


def codes(found):
    return {one.employee_id: one.code for one in found.unresolved}


BOSS, NEW = employee("B"), employee("N")
LINKS = {"B": "ub", "E": "ue", "L": "ul"}
USERS = [user("ub", Email="boss@x.org"), user("ue", ManagerId="old"), user("ul", active=False)]


@pytest.mark.parametrize(
    ("named", "ids", "later", "unresolved"),
    [
        (None, {}, {}, {}),
        ("", {"E": ""}, {}, {}),
        ("B", {"E": "ub"}, {}, {}),
        ("L", {"E": "ul"}, {}, {}),
        ("N", {}, {"E": "N"}, {}),
        ("E", {}, {}, {"E": "MANAGER-SELF"}),
        ("X", {}, {}, {"E": "MANAGER-UNKNOWN"}),
        ("b", {}, {}, {"E": "MANAGER-UNKNOWN"}),
        ("G", {}, {}, {"E": "MANAGER-WITHOUT-USER"}),
        ("O", {}, {}, {"E": "MANAGER-WITHOUT-USER"}),
        ("M", {}, {}, {"E": "MANAGER-WITHOUT-USER"}),
        ("F", {}, {}, {"E": "MANAGER-WITHOUT-USER"}),
    ],
)
def test_by_employee_id(named, ids, later, unresolved):
    gone = employee("G", status=Status.LEFT)
    people = [
        under("E", named),
        BOSS,
        NEW,
        employee("L", status=Status.LEFT),
        gone,
        employee("O", in_scope=False),
        employee("M", muted=True),
        employee("F", status=Status.FUTURE),
    ]
    found = resolve_managers(people, USERS, LINKS)
    assert (dict(found.ids), dict(found.later), codes(found)) == (ids, later, unresolved)


@pytest.mark.parametrize(
    ("named", "ids", "later", "unresolved"),
    [
        ("BOSS@x.org", {"E": "ub"}, {}, {}),
        ("n@x.org", {}, {"E": "N"}, {}),
        ("e@x.org", {}, {}, {"E": "MANAGER-SELF"}),
        ("two@x.org", {}, {}, {"E": "MANAGER-AMBIGUOUS"}),
        ("outside@x.org", {"E": "uo"}, {}, {}),
        ("nobody@x.org", {}, {}, {"E": "MANAGER-UNKNOWN"}),
    ],
)
def test_by_a_field_hr_first_then_litmos(named, ids, later, unresolved):
    people = [
        under("E", named, Email="e@x.org"),
        employee("B", Email="boss@x.org"),
        employee("N", Email="n@x.org"),
        employee("T1", Email="two@x.org"),
        employee("T2", Email="Two@x.org"),
    ]
    users = [*USERS, user("uo", Email="outside@x.org")]
    found = resolve_managers(people, users, LINKS, by="Email")
    assert (dict(found.ids), dict(found.later), codes(found)) == (ids, later, unresolved)


def test_who_left_is_out_of_scope_or_protected_has_no_manager_set():
    people = [
        under("E", "B", status=Status.LEFT),
        under("L", "B", in_scope=False),
        under("B", "N"),
        NEW,
    ]
    found = resolve_managers(people, USERS, LINKS, is_protected=lambda found: found.id == "ub")
    assert (dict(found.ids), dict(found.later), codes(found)) == ({}, {}, {})


def test_a_circle_is_opened_at_the_smallest_employee_id_and_reported():
    people = [under("3", "1"), under("1", "2"), under("2", "3"), under("4", "1")]
    found = resolve_managers(people, [], {})
    assert dict(found.later) == {"2": "3", "3": "1", "4": "1"}
    assert codes(found) == {"1": "MANAGER-CYCLE"}
    (sentence,) = found.problems()
    assert sentence.startswith("MANAGER-CYCLE: the manager whom HR names is below the employee, at last")
    assert "1 (hr.csv:1: '2')" in sentence


def test_somebody_who_keeps_an_old_manager_closes_no_circle_either():
    """E2's row is rejected, and in Litmos E1 is her manager: E1 cannot be put below her."""
    users = [user("u1"), user("u2", ManagerId="u1")]
    found = resolve_managers([under("E1", "E2")], users, {"E1": "u1", "E2": "u2"})
    assert (dict(found.ids), codes(found)) == ({}, {"E1": "MANAGER-CYCLE"})


def test_a_circle_that_litmos_has_already_is_reported_and_left():
    users = [user("u1", ManagerId="u2"), user("u2", ManagerId="u1")]
    found = resolve_managers([under("E1", "E2"), under("E2", "E1")], users, {"E1": "u1", "E2": "u2"})
    assert codes(found) == {"E1": "MANAGER-CYCLE"}
    assert dict(found.ids) == {"E2": "u1"}, "which changes nothing"


def test_a_new_manager_comes_before_the_report_new_or_not():
    people = [under("E", "N", City="Ulm"), under("N", "M"), employee("M")]
    users = [user("ue", City="Bonn", UserName="e@example.com", ExternalEmployeeId="E")]
    current = State(users={"E": users[0]})
    applied = resolve_managers(people, users, {"E": "ue"}).applied(people)
    changes = diff(desired_state(applied, ()), current, Rules()).changes
    requests = {r.key: r for r in compile_requests(changes, Pace(users=1, per_minute=100))}
    assert requests["create:M"].after == ()
    assert requests["create:N"].after == ("create:M",)
    assert requests["put:E"].after == ("create:N",)
    assert requests["put:E"].payload["manager"] == "N"
    assert requests["put:E"].payload["fields"] == {"City": "Ulm"}
    assert len(requests) == 3, "no request more than without managers"


@st.composite
def companies(draw):
    """Up to eight people, each with a user or not, a manager in Litmos and one that HR names (a number, or nonsense)."""
    size = draw(st.integers(1, 8))
    somebody = st.integers(0, size) | st.none()
    return [
        {
            "user": draw(st.booleans()),
            "valid": draw(st.booleans()),
            "now": draw(somebody),
            "named": draw(somebody),
        }
        for _ in range(size)
    ]


def setting(company):
    """The company as the core takes it: employees, users, links."""
    links = {f"E{n}": f"u{n}" for n, one in enumerate(company) if one["user"]}
    users = [
        user(f"u{n}", ManagerId=f"u{one['now']}" if f"E{one['now']}" in links and one["now"] != n else "")
        for n, one in enumerate(company)
        if one["user"]
    ]
    people = [
        under(f"E{n}", "" if one["named"] is None else f"E{one['named']}")
        for n, one in enumerate(company)
        if one["valid"]
    ]
    return people, users, links


def above(start, managers):
    """Everybody above somebody, until the top or until it repeats."""
    seen, at = [], managers.get(start)
    while at and at not in seen:
        seen.append(at)
        at = managers.get(at)
    return seen


@given(companies(), st.randoms(use_true_random=False))
def test_no_circle_is_ever_sent_and_the_order_of_the_rows_does_not_matter(company, chance):
    people, users, links = setting(company)
    found = resolve_managers(people, users, links)
    before = {u.id: u.fields["ManagerId"] for u in users}
    places = {person.employee_id: links.get(person.employee_id, person.employee_id) for person in people}
    sent = {places[who]: manager for who, manager in found.ids.items()}
    sent |= {places[who]: places[manager] for who, manager in found.later.items()}
    after = {**before, **sent}
    for who, manager in sent.items():
        if before.get(who, "") != manager:
            assert who not in above(who, after)
    shuffled_people, shuffled_users = chance.sample(people, len(people)), chance.sample(users, len(users))
    assert resolve_managers(shuffled_people, shuffled_users, links) == found


@given(companies())
def test_everybody_valid_is_either_set_or_told_of(company):
    people, users, links = setting(company)
    found = resolve_managers(people, users, links)
    told = set(found.ids) | set(found.later)
    assert told | set(codes(found)) == {person.employee_id for person in people}
    for cause in found.unresolved:
        if cause.code != "MANAGER-CYCLE":
            assert cause.employee_id not in told
