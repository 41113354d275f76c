"""A change of the configuration, as a change for people: counted by cause, nothing counted twice, nothing lost."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.comparison import Cause, Differing, Side, compare
from syncd.core.counts import Measure
from syncd.core.diff import Difference
from syncd.core.limits import Limits, Policy
from syncd.core.model import Action, Change, FieldValue, ObjectKind, Reason, Rejection, Skip
from syncd.core.plan import make_plan
from syncd.core.request import Pace

MEASURE = Measure(population=0)


def side(
    *changes: Change,
    policy: Policy = Policy.SYNC,
    skips: tuple[Skip, ...] = (),
    rejected: tuple[Rejection, ...] = (),
) -> Side:
    difference = Difference(changes=changes, skips=skips)
    plan = make_plan(
        difference,
        policy=policy,
        limits=Limits(),
        measure=MEASURE,
        pace=Pace(users=1, per_minute=100),
        window=(100, 60.0),
    )
    return Side(plan=plan, difference=difference, rejections=rejected)


def update(person: str, **after: FieldValue) -> Change:
    return Change(
        key=f"user:{person}",
        action=Action.UPDATE,
        kind=ObjectKind.USER,
        employee_id=person,
        user_id="u",
        after=after,
        rule="users.fields",
    )


def member(person: str, action: Action, *names: str, rule: str = "teams[0]") -> Change:
    return Change(
        key=f"membership:{person}@{'/'.join(names)}",
        action=action,
        kind=ObjectKind.MEMBERSHIP,
        employee_id=person,
        user_id="u",
        team=names,
        rule=rule,
    )


def test_a_field_counts_for_itself():
    before = side(update("E1", JobTitle="Rep", City="Oslo"), update("E2", JobTitle="Rep"))
    now = side(
        update("E1", JobTitle="Senior Rep", City="Oslo"),
        update("E2", JobTitle="Senior Rep"),
        update("E3", City="Bergen"),
    )
    found = compare(before, now)
    assert found.people == 3
    assert found.causes == (
        Cause(cause="users.fields.JobTitle", people=2, gains=0, loses=0, other=2),
        Cause(cause="users.fields.City", people=1, gains=1, loses=0, other=0),
    )
    assert found.differing[0] == Differing(
        employee_id="E1",
        about="JobTitle",
        cause="users.fields.JobTitle",
        before="'Rep'",
        after="'Senior Rep'",
    )


def test_a_team_given_by_another_rule_is_the_same_and_another_team_is_not():
    before = side(member("E1", Action.ADD, "Sales"), member("E2", Action.ADD, "Sales"))
    now = side(
        member("E1", Action.ADD, "Sales", rule="teams[4]"),
        member("E2", Action.ADD, "EMEA", "Sales", rule="teams[4]"),
    )
    found = compare(before, now)
    assert [(one.employee_id, one.about, one.before, one.after, one.cause) for one in found.differing] == [
        ("E2", 'team "EMEA > Sales"', "", "add", "teams[4]"),
        ("E2", 'team "Sales"', "add", "", "teams[0]"),
    ]


def test_what_only_the_policy_withholds_has_the_policy_for_its_cause():
    changes = (member("E1", Action.REMOVE, "Sales"), update("E2", City="Oslo"))
    found = compare(side(*changes, policy=Policy.CREATE_ONLY), side(*changes))
    assert {one.cause for one in found.differing} == {"push.policy"}
    assert found.people == 2
    backwards = compare(side(*changes), side(*changes, policy=Policy.CREATE_ONLY))
    assert backwards.causes == (Cause(cause="push.policy", people=2, gains=0, loses=2, other=0),)


def test_who_is_rejected_or_left_out_by_the_change_is_named():
    rejection = Rejection(
        origin="hr.csv:2", employee_id="E1", reasons=(Reason(code="VALUE-UNKNOWN", message="x"),)
    )
    skip = Skip(employee_id="E2", code="OUT-OF-SCOPE", message="scope: leaves this person out")
    found = compare(side(), side(rejected=(rejection,), skips=(skip,)))
    assert [(one.employee_id, one.about, one.after, one.cause) for one in found.differing] == [
        ("E1", "row", "rejected: VALUE-UNKNOWN", "rejections"),
        ("E2", "skipped OUT-OF-SCOPE", "scope: leaves this person out", "scope"),
    ]


people = st.sampled_from(["E1", "E2", "E3"])
changes = st.lists(
    st.one_of(
        st.builds(lambda person, title: update(person, JobTitle=title), people, st.sampled_from(["a", "b"])),
        st.builds(lambda person, team: member(person, Action.ADD, team), people, st.sampled_from(["S", "T"])),
    ),
    unique_by=lambda change: change.key,
    max_size=6,
).map(tuple)


@given(before=changes, now=changes)
def test_the_same_is_never_told_and_everything_else_is(before, now):
    """The oracle: sets of (person, what, value)."""

    def flat(found: tuple[Change, ...]) -> set[tuple[str, str, str]]:
        return {
            (one.employee_id, one.team[0] if one.team else "JobTitle", str(one.after.get("JobTitle", "add")))
            for one in found
        }

    found = compare(side(*before), side(*now))
    apart = flat(before) ^ flat(now)
    assert {one.employee_id for one in found.differing} == {person for person, _, _ in apart}
    assert len(found.differing) == len({(person, about) for person, about, _ in apart})
    assert sum(one.gains + one.loses + one.other for one in found.causes) == len(found.differing)
    assert not compare(side(*now), side(*(replace(one, reason="other words") for one in now))).differing
