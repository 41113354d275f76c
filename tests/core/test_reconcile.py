"""Reconciling whole companies: what nobody may ever do, whatever HR, Litmos, the Links and the decisions are."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.desired import desired_state
from syncd.core.diff import Difference, Rules
from syncd.core.limits import Policy
from syncd.core.match import match
from syncd.core.model import Action, Change, ObjectKind, State, Team
from syncd.core.protection import Protection
from syncd.core.reconcile import reconcile, without_lost_managers
from tests.core.companies import companies

KEYS = ("ExternalEmployeeId", "UserName")
SALES = Team(id="t1", names=("Sales",))


def reconciled(company, *, rules=None, policy=Policy.SYNC):
    """What a push would do: everybody is in a strict team that no rule gives them, and everybody absent is to go."""
    people, users, links, decided = company
    found = match(people, users, links, keys=KEYS, link_field="ExternalEmployeeId", resolutions=decided)
    by_id = {each.id: each for each in users}
    current = State(
        users={employee_id: by_id[user_id] for employee_id, user_id in found.links.items()},
        teams={SALES.key: SALES},
        memberships={employee_id: frozenset({SALES.key}) for employee_id in found.links},
    )
    return reconcile(
        people,
        found,
        current,
        rules or Rules(),
        desire=lambda some: desired_state(some, ()),
        users=users,
        policy=policy,
    )


@given(companies(possible=True), st.sets(st.sampled_from(["u1", "u2", "u3", "u4"])))
def test_a_protected_user_is_never_changed(company, protected):
    absent = dict.fromkeys(("E1", "E2", "E3", "E4"), "absent")
    protection = Protection(user_ids=frozenset(protected))
    found = reconciled(company, rules=Rules(protection=protection, absent=absent))
    assert not {change.user_id for change in found.difference.changes} & protected
    names = {str(each.username).casefold() for each in company[1] if each.id in protected}
    assert not {str(c.after.get("UserName")).casefold() for c in found.difference.changes} & names


@given(companies(possible=True))
def test_whoever_has_a_case_or_is_left_alone_is_not_changed(company):
    found = reconciled(company)
    untouched = {case.employee_id for case in found.matching.cases} | found.matching.ignored
    assert not {change.employee_id for change in found.difference.changes} & untouched
    assert not {person.employee_id for person in found.employees} & untouched


@given(companies(possible=True))
def test_nobody_is_deactivated_by_absence_whose_user_somebody_with_a_case_may_be(company):
    """HR may have given them another id."""
    people, users, _links, decided = company
    present = {each.employee_id for each in people}
    absent = dict.fromkeys({"E1", "E2", "E3", "E4"} - present, "absent")
    found = reconciled(company, rules=Rules(absent=absent))
    cases = {case.employee_id: case for case in found.matching.cases}
    gone = {change.user_id for change in found.difference.changes if change.rule == "employee.absent"}
    assert not gone & {candidate.user_id for case in cases.values() for candidate in case.candidates}
    for person in people:
        if person.employee_id in cases.keys() | found.matching.ignored:
            name = person.fields["UserName"].casefold()
            refused = getattr(decided.get(person.employee_id), "refused", ())
            assert not gone & {u.id for u in users if u.username.casefold() == name and u.id not in refused}


@given(companies(possible=True))
def test_no_two_users_end_with_one_name(company):
    found = reconciled(company)
    names = {each.id: str(each.username).casefold() for each in company[1]}
    for change in found.difference.changes:
        if "UserName" in change.after and change.action in {Action.CREATE, Action.UPDATE}:
            names[change.user_id or change.employee_id] = str(change.after["UserName"]).casefold()
    assert len(set(names.values())) == len(names)


@given(companies(possible=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_users_does_not_matter(company, random):
    people, users, links, decided = company
    first = reconciled(company)
    shuffled = (random.sample(people, len(people)), random.sample(users, len(users)), links, decided)
    assert first.difference == reconciled(shuffled).difference


def of_user(employee_id, action, **after):
    """A Change of this user."""
    before = {} if action is Action.CREATE else dict.fromkeys(after, "")
    return Change(
        key=f"user:{employee_id}",
        action=action,
        kind=ObjectKind.USER,
        employee_id=employee_id,
        before=before,
        after=after,
        reason="is new" if action is Action.CREATE else f"HR differs in {', '.join(after)}",
        rule="users"
        if action is Action.CREATE
        else "users.fields" + "".join(f".{n}" for n in after if len(after) == 1),
        origin="hr.csv:2",
    )


@pytest.mark.parametrize(
    ("has_user", "is_created", "policy", "action", "more"),
    list(product((True, False), (True, False), Policy, (Action.CREATE, Action.UPDATE), (True, False))),
)
def test_only_a_manager_who_has_a_user_or_is_given_one_is_set(has_user, is_created, policy, action, more):
    """Litmos has no manager without a user; what else the Change says is done all the same."""
    fields = {"JobTitle": "Lead"} if more else {}
    change = of_user("E", action, **fields, Manager="B")
    boss = [of_user("B", Action.CREATE, UserName="b")] if is_created else []
    found = without_lost_managers(
        Difference(changes=(change, *boss), skips=()),
        known=frozenset({"B"} if has_user else ()),
        policy=policy,
    )
    will_have = has_user or (is_created and (Action.CREATE in policy.actions or action not in policy.actions))
    left = [change] if will_have else [of_user("E", action, **fields)] if more else []
    assert list(found.changes) == [*left, *boss]
    assert [(skip.employee_id, skip.code) for skip in found.skips] == (
        [] if will_have else [("E", "MANAGER-WITHOUT-USER")]
    )
    assert all("'B'" in skip.message for skip in found.skips)
