"""Diagnosis: facts in, findings out, as tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncd.core.contract import Known
from syncd.core.coverage import coverage
from syncd.core.diagnosis import Facts, LitmosFacts, SourceFacts, WindowFacts, clock_bounds, diagnose
from syncd.core.finding import Finding, Health, worst
from syncd.core.limits import Limits
from syncd.core.model import Reason, Rejection, Status
from tests.core.factories import employee, learning_path, user
from tests.flows.rig import MAPPING

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIELDS = frozenset({"Id", "UserName", "Email", "FirstName", "LastName", "JobTitle", "ExternalEmployeeId"})
PEOPLE = (employee("E1", teams=(("Commercial", "Sales"),)), employee("E2"))
LITMOS = LitmosFacts(
    host="api.example.com",
    requests=3,
    users=(user("u1", UserName="e1@example.com"), user("u2", UserName="e2@example.com", active=False)),
    fields=FIELDS,
    teams={"t1": ("Commercial",), "t2": ("Commercial", "Sales")},
    paths=(learning_path("p1", "Onboarding"),),
    skew=(-0.4, 0.6),
)
FACTS = Facts(
    rules=MAPPING,
    limits=Limits(),
    window=WindowFacts(requests=100, seconds=60.0, taken=0),
    source=SourceFacts(name="hr", rows=2, employees=PEOPLE),
    litmos=LITMOS,
    coverage=coverage(PEOPLE, LITMOS.users or (), {}, keys=MAPPING.match, link_field=MAPPING.link_field),
)


def with_litmos(**changed: Any) -> Facts:
    return replace(FACTS, litmos=replace(LITMOS, **changed))


def with_source(**changed: Any) -> Facts:
    return replace(FACTS, source=replace(FACTS.source, **changed))


def finding(facts: Facts, check: str) -> Finding:
    found = [each for each in diagnose(facts) if each.check == check]
    assert len(found) == 1, found
    return found[0]


def test_when_all_is_well_nothing_is_to_be_typed():
    findings = diagnose(FACTS)
    assert [each.check for each in findings] == [
        "configuration", "database", "source", "limit", "key", "clock", "litmos", "learning_paths", "teams", "fields",
        "matching", "contract",
    ]  # fmt: skip
    assert worst(findings) is Health.OK, findings
    assert {each.next for each in findings} == {""}


REFUSED: dict[str, Any] = {"users": None, "teams": None, "paths": None, "fields": frozenset()}
REJECTION = Rejection(
    origin="hr.csv:3", employee_id="E3", reasons=(Reason(code="EMAIL-INVALID", message=""),)
)
CASES: dict[str, tuple[Facts, str, Health, str]] = {
    "a warning of the configuration": (
        replace(FACTS, warnings=("the key is in the file",)), "configuration", Health.WARNING, "the key is in the file"),
    "an empty database": (
        replace(FACTS, database="the database is empty; make its tables with: syncd db upgrade", litmos=None),
        "database", Health.PROBLEM, "Litmos was not asked"),
    "no file": (with_source(trouble="hr.csv is missing"), "source", Health.PROBLEM, "hr.csv is missing"),
    "nobody active": (
        with_source(employees=(employee("E1", status=Status.LEFT),)), "source", Health.WARNING, "0 active, 1 left"),
    "a file without its end": (with_source(complete=False), "source", Health.WARNING, "absence"),
    "rejected rows": (with_source(rows=100, rejections=(REJECTION,)), "rejections", Health.WARNING, "1 EMAIL-INVALID"),
    "so many that a push is held": (
        with_source(rows=3, rejections=(REJECTION,)), "rejections", Health.WARNING, "would be held"),
    "a frozen window": (
        replace(FACTS, window=WindowFacts(requests=100, seconds=60, taken=9, frozen_until=NOON)),
        "limit", Health.WARNING, "12:00:00"),
    "no slot is free": (
        replace(FACTS, window=WindowFacts(requests=100, seconds=60, taken=100)), "limit", Health.OK, "0 of them free"),
    "a refused key": (
        with_litmos(**REFUSED, status=401, trouble="401 not valid"), "key", Health.PROBLEM, "refused"),
    "an administrator's key": (
        with_litmos(**{**REFUSED, "paths": LITMOS.paths}, status=403, trouble="403 no"),
        "key", Health.PROBLEM, "not an Account Owner's"),
    "a key that may read nothing": (
        with_litmos(**REFUSED, status=403, trouble="403 no"), "key", Health.PROBLEM, "nobody's who may read users"),
    "no answer": (
        with_litmos(**REFUSED, status=None, trouble="could not connect"), "key", Health.PROBLEM, "cannot be told"),
    "one read failed": (
        with_litmos(teams=None, paths=None, status=500, trouble="500 oops"), "key", Health.PROBLEM, "500 oops"),
    "a clock ahead": (with_litmos(skew=(89.0, 91.0)), "clock", Health.WARNING, "90 s ahead of ours"),
    "a clock behind": (with_litmos(skew=(-7201.0, -7199.0)), "clock", Health.WARNING, "7200 s behind ours"),
    "a little ahead": (with_litmos(skew=(9.0, 11.0)), "clock", Health.OK, "10 s ahead"),
    "answers without dates": (with_litmos(skew=None), "clock", Health.OK, "cannot be compared"),
    "the database's clock ahead": (replace(FACTS, database_skew=300.0), "clock", Health.WARNING, "database's clock is 300"),
    "no learning path": (with_litmos(paths=()), "learning_paths", Health.PROBLEM, "not in Litmos: Onboarding"),
    "two of one name": (
        with_litmos(paths=(learning_path("p1", "Onboarding"), learning_path("p2", "onboarding "))),
        "learning_paths", Health.PROBLEM, "Onboarding (p1, p2)"),
    "an inactive path": (
        with_litmos(paths=(learning_path("p1", "Onboarding", active=False),)),
        "learning_paths", Health.WARNING, "inactive"),
    "teams to create": (with_litmos(teams={}), "teams", Health.OK, "2 would be created"),
    "one team twice": (
        with_litmos(teams={**(LITMOS.teams or {}), "t9": ("commercial", "SALES")}),
        "teams", Health.PROBLEM, "more than once in Litmos: Commercial > Sales"),
    "a team of that name elsewhere": (
        with_litmos(teams={"t1": ("Commercial",), "t2": ("Retail",), "t3": ("Retail", "Sales")}),
        "teams", Health.WARNING, "second team of the same name: Commercial > Sales"),
    "a field that no record has": (
        with_litmos(fields=FIELDS - {"JobTitle"}), "fields", Health.PROBLEM, "in no user's record: JobTitle"),
    "the field of the link": (
        with_litmos(fields=FIELDS - {"ExternalEmployeeId"}), "fields", Health.PROBLEM, "ExternalEmployeeId"),
    "what a probe settled": (
        replace(FACTS, answers={"put_absent": Known(value="merge", settled_at=NOON)}),
        "contract", Health.OK, "1 of 7 open questions about the API settled: put_absent merge"),
    "a probe that was cut off": (
        replace(FACTS, unrestored="probe@example.com"), "contract", Health.PROBLEM, "left a user changed"),
    "no record at all": (with_litmos(users=(), fields=frozenset()), "fields", Health.WARNING, "cannot be told"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_fact_has_its_finding(name):
    facts, check, state, words = CASES[name]
    found = finding(facts, check)
    assert found.state is state, found
    assert words in found.seen
    assert bool(found.next) is (state is not Health.OK), "what is not well says what to type"


@pytest.mark.parametrize(
    ("users", "state", "words"),
    [
        ([user("u1", UserName="e1@example.com"), user("u2", UserName="e1@example.com")], Health.WARNING, "1 MATCH-AMBIGUOUS"),
        ([user(f"u{n}", UserName=f"a{n}@example.com") for n in range(5)], Health.WARNING, "keys right?"),
        ([user(f"u{n}", UserName=f"a{n}@example.com") for n in range(4)], Health.OK, "4 active users in Litmos without"),
        ([user("u1", UserName="e1@example.com")], Health.OK, "1 by UserName; 1 would be created"),
        ([], Health.OK, "2 would be created; 0 active users"),
    ],
)  # fmt: skip
def test_matching(users, state, words):
    made = coverage(PEOPLE, users, {}, keys=MAPPING.match, link_field=MAPPING.link_field)
    found = finding(replace(FACTS, coverage=made), "matching")
    assert found.state is state
    assert words in found.seen


def test_without_a_list_nothing_is_said_about_it():
    found = {each.check for each in diagnose(replace(with_litmos(**REFUSED, status=401), coverage=None))}
    assert not found & {"litmos", "learning_paths", "teams", "fields", "matching"}


def sample(sent: float, theirs: int, received: float) -> tuple[datetime, datetime, datetime]:
    return (
        NOON + timedelta(seconds=sent),
        NOON + timedelta(seconds=theirs),
        NOON + timedelta(seconds=received),
    )


@pytest.mark.parametrize(
    ("samples", "bounds"),
    [
        ([], None),
        ([sample(0.2, 0, 0.4)], (-0.4, 0.8)),
        ([sample(0.0, 90, 2.0), sample(3.0, 93, 3.1)], (89.9, 91.0)),
        ([sample(0.0, 0, 0.1), sample(1.0, 60, 1.1)], None),
    ],
)
def test_each_answer_narrows_how_far_the_clocks_are_apart(samples, bounds):
    assert clock_bounds(samples) == (None if bounds is None else pytest.approx(bounds))
