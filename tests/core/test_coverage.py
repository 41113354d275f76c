"""Coverage: each match key alone, and everybody as a push would decide."""

from syncd.core.coverage import coverage
from syncd.core.model import Status
from tests.core.factories import employee, user

KEYS = ("ExternalEmployeeId", "UserName")


def run(employees, users, links=None):
    return coverage(employees, users, links or {}, keys=KEYS, link_field="ExternalEmployeeId")


def test_by_link_by_each_key_and_those_left_over_on_both_sides():
    people = [employee("E1"), employee("E2"), employee("E3"), employee("E4", status=Status.LEFT)]
    users = [
        user("u1", UserName="anything@example.com"),
        user("u2", UserName="e2@example.com"),
        user("u3", UserName="other@example.com", ExternalEmployeeId="E9"),
        user("u4", UserName="gone@example.com", active=False),
    ]
    found = run(people, users, {"E1": "u1", "E7": "u4"})
    assert (found.linked, dict(found.found)) == (1, {"ExternalEmployeeId": 0, "UserName": 1})
    assert found.matched == 2
    assert (found.creates, found.creates_examples) == (1, ("E3",))
    assert found.gone == 1
    assert (found.strangers, found.strangers_examples) == (1, ("other@example.com",))


def test_one_key_alone_says_matched_ambiguous_and_unmatched():
    people = [employee("E1"), employee("E2"), employee("E3"), employee("E4", UserName="")]
    users = [
        user("u1", UserName="E1@example.com"),
        user("u2", UserName="e2@example.com"),
        user("u3", UserName="e2@Example.com"),
        user("u5", UserName="x@example.com"),
        user("u6", UserName=""),
    ]
    key = next(each for each in run(people, users).keys if each.key == "UserName")
    assert (key.employees, key.matched, key.ambiguous, key.unmatched) == (3, 1, 1, 1)
    assert (key.users, key.users_unmatched) == (4, 1)
    assert (key.unmatched_examples, key.users_unmatched_examples) == (("E3",), ("x@example.com",))


def test_employees_who_share_a_value_are_ambiguous():
    people = [employee("E1", UserName="same@example.com"), employee("E2", UserName="Same@example.com")]
    found = run(people, [user("u1", UserName="same@example.com")])
    assert found.keys[1].ambiguous == 2
    assert dict(found.refused) == {"MATCH-SHARED": 2}
    assert found.refused_examples == ("E1", "E2")


def test_examples_are_few():
    found = run([employee(f"E{number}") for number in range(40)], [])
    assert found.creates == 40
    assert len(found.creates_examples) == 5


def test_nobody_expects_protected_users_in_hr():
    users = [user("u1", UserName="owner@example.com"), user("u2", UserName="x@example.com")]
    found = coverage(
        [],
        users,
        {},
        keys=KEYS,
        link_field="ExternalEmployeeId",
        is_protected=lambda each: each.username.startswith("owner"),
    )
    assert found.strangers_examples == ("x@example.com",)
