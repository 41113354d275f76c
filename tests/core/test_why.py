"""Every reason why something happened, or did not, is a sentence with the next command to type."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.answer import NEXT, answer
from syncd.core.facts import Drifted, Facts, Granted, Happened, Known
from syncd.core.finding import Health
from syncd.core.limits import Hold, Policy
from syncd.core.managers import CAUSES
from syncd.core.model import Action, Change, ObjectKind, Reason, Skip, Status
from syncd.core.rules import Absence, Place
from syncd.core.subject import Subject, SubjectKind
from syncd.core.telling import without_status
from syncd.core.trace import Step, Traced
from syncd.core.why import MOST, why
from tests.core.factories import employee, path_key, user_of

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ANA = employee(
    "E1", teams=(("EMEA", "Sales"),), paths=("Welcome",), JobTitle="Lead", City="Oslo", Skype="ana"
)
USER = user_of(ANA, "u1")
PERSON = Subject(kind=SubjectKind.PERSON)
TITLE = Subject(kind=SubjectKind.FIELD, name="JobTitle", key="JobTitle")
MANAGER = Subject(kind=SubjectKind.FIELD, name="ManagerId", key="ManagerId")
CITY = Subject(kind=SubjectKind.FIELD, name="City", key="City")
SALES = Subject(kind=SubjectKind.TEAM, name="EMEA > Sales", key="emea/sales")
CHOIR = Subject(kind=SubjectKind.TEAM, name="Choir", key="choir")
WELCOME = Subject(kind=SubjectKind.PATH, name="Welcome", key="learning_path:p1")


def rule(key: str, *steps: tuple[str, str | bool | None]) -> Traced:
    made = tuple(Step(name=name, made=value) for name, value in steps)
    return Traced(place=Place(where="syncd.yaml:9:5", key=key), steps=made)


RULES = (
    rule("users.fields.JobTitle", ("from", "Lead"), ("is", "Lead")),
    rule("users.fields.City", ("seen", "country is 'NO'"), ("when", True), ("from", "Oslo"), ("is", "Oslo")),
    rule("teams[0]", ("is", "EMEA > Sales")),
    rule("learning_paths[0]", ("is", "Welcome")),
)
KNOWN = Known(origin="hr.csv:2", present=False, last_seen_at=NOW, absent_since=NOW, absent_count=1)
UPDATE = Change(
    key="user:E1",
    action=Action.UPDATE,
    kind=ObjectKind.USER,
    employee_id="E1",
    user_id="u1",
    before={"JobTitle": "Rep"},
    after={"JobTitle": "Lead"},
    reason="HR differs in JobTitle",
    rule="users.fields.JobTitle",
)
ADD = Change(
    key="membership:E1@emea/sales",
    action=Action.ADD,
    kind=ObjectKind.MEMBERSHIP,
    employee_id="E1",
    team=("EMEA", "Sales"),
    gives=(path_key("p1"),),
)
CREATE_TEAM = Change(
    key="team:emea/sales",
    action=Action.CREATE,
    kind=ObjectKind.TEAM,
    team=("EMEA", "Sales"),
    reason="missing",
)
STALE_USER = user_of(ANA, "u1", JobTitle="Rep", City="Bergen", Skype="old")
HELD = Hold(code="LIMIT-CHANGES", message="40 changes are 50.0 % of 80 people")


def facts(subject: Subject = PERSON, **changed: Any) -> Facts:
    """Somebody in step with HR, about whom one thing or another is different."""
    plain = Facts(
        employee_id="E1",
        subject=subject,
        now=NOW,
        input_name="hr",
        input_rows=80,
        origins=("hr.csv:2",),
        rules=RULES,
        employee=ANA,
        user_id="u1",
        linked_by="UserName",
        linked_at=NOW,
        user=USER,
        mirror_read_at=NOW,
        teams={"emea/sales": "EMEA > Sales"},
        items={"learning_path:p1": False},
        item_names={"learning_path:p1": "Welcome"},
    )
    return replace(plain, **changed)


def happened(change: Change = UPDATE, **changed: Any) -> Happened:
    plain = Happened(
        change=change,
        run_id=7,
        run_state="running",
        actor="schedule",
        at=NOW,
        state="done",
        job_id=3,
        job_state="completed",
        request="put_user",
        attempts=1,
    )
    return replace(plain, **changed)


ABSENT: dict[str, Any] = {"origins": (), "employee": None, "rules": (), "known": KNOWN}
NOBODY: dict[str, Any] = {**ABSENT, "known": None, "user_id": "", "user": None}
PLANNED: dict[str, Any] = {"changes": (UPDATE,), "user": STALE_USER}
NOT_FOR_HER = (rule("users.fields.City", ("seen", "country is 'FR'"), ("when", False)),)
MINE = Granted(object_id="choir", kind="membership", run_id=4, at=NOW)
IN_CHOIR = {"emea/sales": "EMEA > Sales", "choir": "Choir"}

CASES: tuple[tuple[str, Facts], ...] = (
    ("IN-STEP", facts()),
    ("IN-STEP", facts(TITLE)),
    ("GIVEN", facts(SALES)),
    ("GIVEN", facts(WELCOME)),
    ("SOURCE-UNREADABLE", facts(unreadable="hr.csv: there is no such file", **NOBODY)),
    ("UNKNOWN-PERSON", facts(**NOBODY)),
    ("REJECTED", facts(reasons=(Reason(code="EMAIL-INVALID", message="no @"),), employee=None)),
    ("CASE", facts(reasons=(Reason(code="MATCH-AMBIGUOUS", message="2 users"),), is_case=True, employee=None, user=None)),
    ("NEVER-READ", facts(mirror_read_at=None, user=None, user_id="")),
    ("PAUSED", facts(TITLE, paused="the key is refused", history=(happened(job_state="available"),))),
    ("SETTLING", facts(TITLE, history=(happened(job_state="uncertain", state="queued"),))),
    ("QUEUED", facts(TITLE, history=(happened(job_state="available", state="queued"),), **PLANNED)),
    ("QUEUED", facts(TITLE, history=(happened(job_state="blocked", state="queued"),), **PLANNED)),
    ("HELD", facts(TITLE, history=(happened(job_id=None, job_state="", state="held", run_state="held"),), **PLANNED)),
    ("FAILED", facts(TITLE, history=(happened(state="failed", code="LITMOS-400", message="too long", job_state="discarded",
                                              status=400),), **PLANNED)),
    ("OBSERVED", facts(TITLE, policy=Policy.OBSERVE, **PLANNED)),
    ("LIMITED", facts(TITLE, holds=(HELD,), held=frozenset({"user:E1"}), **PLANNED)),
    ("HELD", facts(TITLE, history=(happened(job_id=None, job_state="", state="held", run_state="running"),), **PLANNED)),
    ("PLANNED", facts(TITLE, **PLANNED)),
    ("PLANNED", facts(TITLE, history=(happened(job_id=None, job_state="", state="held", run_state="expired"),), **PLANNED)),
    ("PLANNED", facts(TITLE, holds=(HELD,), held=frozenset({"user:E2"}), **PLANNED)),
    ("PLANNED", facts(SALES, changes=(CREATE_TEAM, ADD), teams={})),
    ("PLANNED", facts(WELCOME, changes=(ADD,), items={})),
    ("WITHHELD", facts(TITLE, policy=Policy.CREATE_ONLY, withheld=(UPDATE,), user=STALE_USER)),
    ("PROTECTED", facts(skips=(Skip(employee_id="E1", code="PROTECTED", message="Litmos user u1 is protected"),))),
    ("OUT-OF-SCOPE", facts(TITLE, skips=(Skip(employee_id="E1", code="OUT-OF-SCOPE", message="scope: leaves out"),))),
    ("LEFT", facts(skips=(Skip(employee_id="E1", code="LEFT", message="has left, and has no account"),), user=None)),
    ("LEFT", facts(TITLE, employee=replace(ANA, status=Status.LEFT), user=replace(USER, active=False))),
    ("LEAVE", facts(TITLE, employee=replace(ANA, status=Status.LEAVE), user=replace(USER, active=False))),
    *((code, facts(skips=(Skip(employee_id="E1", code=code, message="nothing is changed"),)))
      for code in ("FUTURE", "LEAVING", "UNCLEAR", "OVERLAP")),
    ("FLAPPING", facts(CHOIR, teams=IN_CHOIR, grants=(MINE,),
                       skips=(Skip(employee_id="E1", code="FLAPPING", message='team "Choir" is not taken away'),))),
    ("ITEM-STARTED", facts(CHOIR, teams=IN_CHOIR, grants=(MINE,),
                           skips=(Skip(employee_id="E1", code="ITEM-STARTED", message='team "Choir" is kept'),))),
    *((code, facts(MANAGER, skips=(Skip(employee_id="E1", code=code, message="manager '9' was not set"),)))
      for code in CAUSES),
    *((code, facts(WELCOME, skips=(Skip(employee_id="E1", code=code, message='learning path "Welcome" is not reset'),)))
      for code in ("RESET-UNDATED", "RESET-TOO-SHORT")),
    ("ABSENT-IGNORED", facts(**ABSENT)),
    ("ABSENT-COUNTED", facts(absence=Absence(deactivates=True), **ABSENT)),
    ("NO-USER", facts(user=None, user_id="", changes=())),
    ("NOT-MAPPED", facts(Subject(kind=SubjectKind.FIELD, name="Website", key="Website"))),
    ("WHEN-NOT", facts(CITY, rules=NOT_FOR_HER)),
    ("NOT-SAID", facts(CITY, rules=(rule("users.fields.City", ("absent", "city")),))),
    ("IF-EMPTY", facts(CITY, user=STALE_USER, employee=replace(ANA, if_empty=frozenset({"City"})))),
    ("IN-STEP", facts(CITY, employee=replace(ANA, if_empty=frozenset({"City"})))),
    ("NO-VALUE", facts(TITLE, employee=employee("E1"))),
    ("ON-CREATE", facts(CITY, user=STALE_USER, employee=replace(ANA, create_only=frozenset({"City"})))),
    ("REPORT-ONLY", facts(CITY, user=STALE_USER, employee=replace(ANA, report_only=frozenset({"City"})))),
    ("KEPT", facts(CITY, user=STALE_USER)),
    ("IN-STEP", facts(CITY, employee=replace(ANA, create_only=frozenset({"City"})))),
    ("NO-RULE", facts(CHOIR)),
    ("UNMANAGED", facts(CHOIR, unread=frozenset({"choir"}))),
    ("FOREIGN", facts(CHOIR, teams=IN_CHOIR)),
    ("KEPT", facts(CHOIR, teams=IN_CHOIR, grants=(MINE,))),
    ("KEPT", facts(SALES, teams={})),
    ("ITEM-UNKNOWN", facts(Subject(kind=SubjectKind.PATH, name="Welcome", key="Welcome"), items={},
                           problems=('learning path "Welcome" is not in Litmos (3 others are)',))),
)  # fmt: skip


@pytest.mark.parametrize(("code", "known"), CASES, ids=[f"{n}-{code}" for n, (code, _) in enumerate(CASES)])
def test_each_reason_is_a_sentence_with_the_next_command(code, known):
    found = answer(known)
    assert found.facts["code"] == code
    assert len(found.seen) > 15
    assert found.check == "answer"
    if code in {"IN-STEP", "GIVEN"}:
        assert (found.state, found.next) == (Health.OK, "")
    else:
        assert found.state is not Health.OK
        assert found.next.startswith("syncd ")
        assert "{" not in found.next
        assert "None" not in found.next


def test_every_reason_has_its_case():
    assert {code for code, _ in CASES} == set(NEXT)


def test_a_reason_that_nobody_foresaw_is_told_in_its_own_words():
    found = answer(facts(TITLE, skips=(Skip(employee_id="E1", code="FLAPS", message="changes to and fro"),)))
    assert found.facts["code"] == "FLAPS"
    assert found.seen == "changes to and fro"
    assert found.next == "syncd preview E1"


def test_what_is_held_and_was_done_meanwhile_is_no_answer():
    held = happened(job_id=None, job_state="", state="held", run_state="held")
    assert answer(facts(TITLE, history=(happened(run_id=8), held))).facts["code"] == "IN-STEP"


def test_a_skip_of_another_team_is_no_answer_about_this_one():
    skip = Skip(employee_id="E1", code="ITEM-STARTED", message='team "Band" is kept')
    assert answer(facts(CHOIR, skips=(skip,))).facts["code"] == "NO-RULE"
    assert answer(facts(PERSON, skips=(skip,))).facts["code"] == "ITEM-STARTED"


def test_a_manager_who_cannot_be_found_is_no_answer_about_another_field():
    skip = Skip(employee_id="E1", code="MANAGER-UNKNOWN", message="manager '9' was not set")
    assert answer(facts(TITLE, skips=(skip,))).facts["code"] == "IN-STEP"
    assert answer(facts(PERSON, skips=(skip,))).facts["code"] == "MANAGER-UNKNOWN"


def test_the_manager_has_a_rule_of_its_own():
    rules = (rule("users.manager", ("from", "E9")),)
    boss = employee("E1", ManagerId="u9")
    known = facts(MANAGER, rules=rules, employee=boss, user=user_of(boss, "u1"))
    assert answer(known).facts["code"] == "IN-STEP"
    assert "rule: users.manager (syncd.yaml:9:5): from 'E9'" in told(known)


def test_a_role_in_a_team_is_told():
    grant = Granted(object_id="emea/sales", kind="leader", run_id=4, at=NOW)
    rules = (*RULES, rule("teams[0].leaders", ("seen", "title is 'Lead'"), ("when", True)))
    found = told(facts(SALES, rules=rules, roles={"emea/sales": ("leader",)}, grants=(grant,)))
    assert "litmos: is in the team, as leader (read 2026-11-27 12:00Z)" in found
    assert "rule: teams[0].leaders (syncd.yaml:9:5): when holds (title is 'Lead')" in found
    assert "grant: made leader by syncd, 2026-11-27 12:00Z" in found
    assert "grant: given by somebody else, not by syncd" in found
    assert any("leader of EMEA > Sales" in line for line in told(facts(roles={"emea/sales": ("leader",)})))


# ---------------------------------------------------------------- what it rests on


def told(known: Facts) -> list[str]:
    return [f"{one.check}: {one.seen}" for one in why(known, lambda change: change.key)]


def test_why_is_ana_in_sales():
    given = Granted(object_id="emea/sales", kind="membership", run_id=4, at=NOW)
    found = told(facts(SALES, grants=(given,), history=(happened(ADD, run_id=4, request="add_members"),)))
    assert found == [
        "answer: teams[0] gives it, and Litmos has it: syncd gave it in run 4",
        "record: hr.csv:2, of 80 rows of hr",
        "rule: teams[0] (syncd.yaml:9:5): is 'EMEA > Sales'",
        "match: Litmos user u1, linked 2026-11-27 12:00Z by UserName",
        "litmos: is in the team (read 2026-11-27 12:00Z)",
        "history: run 4, 2026-11-27 12:00Z, schedule: membership:E1@emea/sales: done (job 3 add_members, completed, one attempt)",
        "grant: given by syncd in run 4, 2026-11-27 12:00Z",
    ]


def test_why_is_her_title_not_changed():
    failed = happened(
        state="failed", code="LITMOS-400", message="too long", job_state="discarded", status=400, attempts=3
    )
    drift = Drifted(object_id="", field="JobTitle", before="Lead", after="Rep", run_id=6, at=NOW)
    other = replace(drift, field="City")
    found = told(facts(TITLE, history=(failed, happened(ADD)), drift=(drift, other), **PLANNED))
    assert found[0] == (
        "answer: run 7 tried, and it failed (LITMOS-400, HTTP 400): too long; the next push tries again"
    )
    assert found[3:] == [
        "match: Litmos user u1, linked 2026-11-27 12:00Z by UserName",
        "litmos: JobTitle is 'Rep' (read 2026-11-27 12:00Z)",
        "plan: user:E1",
        "history: run 7, 2026-11-27 12:00Z, schedule: user:E1: failed: LITMOS-400 HTTP 400 too long (job 3 put_user, discarded, 3 attempts)",
        "drift: somebody changed JobTitle: 'Lead' -> 'Rep' in Litmos, seen by run 6, 2026-11-27 12:00Z",
    ]


@pytest.mark.parametrize(
    ("message", "status", "said"),
    [
        ("400 too long", 400, "too long"),
        ("4000 is too much", 400, "4000 is too much"),
        ("None of them was there", None, "None of them was there"),
    ],
)
def test_a_status_that_the_sentence_names_is_not_said_twice(message, status, said):
    assert without_status(message, status) == said


def test_why_does_she_have_no_account():
    reasons = (
        Reason(code="EMAIL-INVALID", message="no @"),
        Reason(code="FIELD-REQUIRED", message="is blank"),
    )
    refused = rule("users.fields.Email", ("from", "x"), ("refused", "EMAIL-INVALID: no @"))
    found = told(
        facts(
            employee=None, user=None, user_id="", reasons=reasons, rules=(*RULES, refused), teams={}, items={}
        )
    )
    assert found[0].startswith("answer: HR's row is rejected (EMAIL-INVALID, FIELD-REQUIRED)")
    assert found[1:] == [
        "record: hr.csv:2, of 80 rows of hr",
        "rejected: EMAIL-INVALID: no @",
        "rejected: FIELD-REQUIRED: is blank",
        "rule: users.fields.Email (syncd.yaml:9:5): from 'x' -> refused: EMAIL-INVALID: no @",
    ]


def test_what_others_gave_is_named_of_a_person():
    assert "grant: not given by syncd: Choir, Welcome" in told(
        facts(teams=IN_CHOIR, grants=(Granted(object_id="emea/sales", kind="membership", run_id=1, at=NOW),))
    )


def test_one_screen_is_enough():
    found = told(facts(TITLE, history=tuple(happened(run_id=number) for number in range(40))))
    assert sum(line.startswith("history") for line in found) == MOST + 1
    assert found[-1] == f"history: and {40 - MOST} more"


subjects = st.sampled_from([PERSON, TITLE, CITY, SALES, CHOIR, WELCOME])
states = st.sampled_from(["", "available", "uncertain", "completed", "discarded"])


@given(
    subject=subjects,
    unreadable=st.sampled_from(["", "no file"]),
    origins=st.sampled_from([(), ("hr.csv:2",)]),
    employee=st.sampled_from([None, ANA, replace(ANA, status=Status.LEFT), replace(ANA, in_scope=False)]),
    known=st.sampled_from([None, KNOWN]),
    user=st.sampled_from([None, USER, STALE_USER, replace(USER, active=False)]),
    reasons=st.sampled_from([(), (Reason(code="X", message="y"),)]),
    rules=st.sampled_from([(), RULES, NOT_FOR_HER]),
    changes=st.sampled_from([(), (UPDATE,), (CREATE_TEAM, ADD)]),
    withheld=st.sampled_from([(), (UPDATE,)]),
    holds=st.sampled_from([(), (HELD,)]),
    held=st.sampled_from([frozenset(), frozenset({"user:E1"})]),
    skips=st.sampled_from([(), (Skip(employee_id="E1", code="NEW-CODE", message="in its own words"),)]),
    policy=st.sampled_from(list(Policy)),
    paused=st.sampled_from(["", "the key is refused"]),
    job_state=states,
    state=st.sampled_from(["done", "failed", "held", "queued"]),
    read=st.booleans(),
)
def test_there_is_always_one_answer_and_it_comes_first(subject, job_state, state, read, **changed):
    history = (happened(job_state=job_state, state=state, job_id=3 if job_state else None),)
    known = facts(subject, history=history, mirror_read_at=NOW if read else None, **changed)
    found = why(known, lambda change: change.key)
    assert [one.check for one in found].count("answer") == 1
    assert found[0].check == "answer"
    assert all(one.seen for one in found)
    assert len(found) < 60
    if found[0].facts["code"] not in {"IN-STEP", "GIVEN"}:
        assert found[0].next.startswith("syncd ")
    if found[0].state is Health.OK:
        assert not known.planned()
        assert not known.reasons
