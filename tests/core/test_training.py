"""Training: what a row says, which course and module it means, and what becomes of it; against a naive model, too."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.compile import compile_requests
from syncd.core.conditions import Between, OneOf
from syncd.core.locating import Catalogue, Locator, Module, Session
from syncd.core.model import Action, Assignment, Change, ItemKey, Record, Rejection, Skip
from syncd.core.recertify import Result
from syncd.core.recording import (
    Located,
    Recorded,
    RecordKey,
    Standing,
    key_in,
    outstanding,
    record,
    why_nothing,
)
from syncd.core.request import Pace
from syncd.core.rules import Column, Lookup, Otherwise, Place, ValueRule
from syncd.core.training import Evidence, RecordKind, TrainingRule, read_row
from tests.core.factories import course, course_key, user

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
AT = "syncd.yaml:1:1"


def of(column: str, **more: Any) -> ValueRule:
    return ValueRule(parts=(Column(name=column, where=AT),), **more)


RULE = TrainingRule(
    place=Place(where=AT, key="training[0]"),
    source="licences",
    record=RecordKind.MODULE,
    employee_id=of("person"),
    course=of("licence", lookup=Lookup(table={"FL": "Forklift"}, otherwise=Otherwise.SKIP)),
    date=of("issued"),
    form="%d.%m.%Y",
    score=of("points"),
    note=of("remark"),
    attempt=of("try"),
    when=OneOf(column="state", where=AT, values=frozenset({"valid"})),
    blanks=frozenset({"-"}),
)
ROW = {
    "person": "E1", "licence": "FL", "issued": "03.11.2025", "points": "80", "remark": "-", "try": "", "state": "valid",
}  # fmt: skip


def read(rule: TrainingRule = RULE, **changed: str) -> Evidence | Rejection | None:
    fields = {**ROW, **{name.removesuffix("_"): text for name, text in changed.items()}}
    return read_row(rule, Record(fields=fields, origin="l.csv:2", source="licences"), now=NOW)


def test_what_a_row_says():
    found = read()
    assert found == Evidence(
        rule="training[0]",
        record=RecordKind.MODULE,
        employee_id="E1",
        course="Forklift",
        origin="l.csv:2",
        source="licences",
        at=datetime(2025, 11, 3, 12, tzinfo=UTC),
        score="80",
    )


@pytest.mark.parametrize("changed", [{"state": "old"}, {"licence": "CAR"}])
def test_rows_that_are_not_meant(changed):
    assert read(**changed) is None


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"person": ""}, ["ID-MISSING"]),
        ({"issued": ""}, ["DATE-MISSING"]),
        ({"issued": "31.02.2025"}, ["DATE-INVALID"]),
        ({"issued": "29.11.2026"}, ["DATE-FUTURE"]),
        ({"issued": "27.11.2026"}, []),
        ({"licence": ""}, ["COURSE-MISSING"]),
        ({"points": "101"}, ["SCORE-INVALID"]),
        ({"points": "-1"}, ["SCORE-INVALID"]),
        ({"points": "87.5"}, ["SCORE-INVALID"]),
        ({"points": "²"}, ["SCORE-INVALID"]),
        ({"points": "87.0"}, []),
        ({"points": "87 %"}, []),
        ({"points": ""}, []),
        ({"try_": "0"}, ["ATTEMPT-INVALID"]),
        ({"try_": "2"}, []),
        ({"remark": "x" * 1001}, ["NOTE-TOO-LONG"]),
        ({"person": "", "issued": "x", "points": "x"}, ["ID-MISSING", "DATE-INVALID", "SCORE-INVALID"]),
    ],
)
def test_what_is_wrong_is_told_all_at_once(changed, codes):
    changed = {"try": changed.pop("try_")} if "try_" in changed else changed
    found = read_row(RULE, Record(fields={**ROW, **changed}, origin="l.csv:2", source="licences"), now=NOW)
    assert [reason.code for reason in getattr(found, "reasons", ())] == codes


def test_a_condition_that_cannot_be_judged_rejects():
    dated = replace(RULE, when=Between(column="state", where=AT, before=None, after=NOW.date()))
    found = read(dated)
    assert isinstance(found, Rejection)
    assert [reason.code for reason in found.reasons] == ["DATE-INVALID"]


def test_a_time_is_taken_as_it_is_and_a_day_is_noon():
    timed = replace(RULE, form="%Y-%m-%d %H:%M %z")
    found = read(timed, issued="2025-11-03 08:00 +0200")
    assert isinstance(found, Evidence)
    assert found.at == datetime(2025, 11, 3, 6, tzinfo=UTC)


@given(st.fixed_dictionaries({name: st.text(max_size=12) for name in ROW}))
def test_no_row_is_too_odd(fields):
    found = read_row(RULE, Record(fields={**fields, "state": "valid"}, origin="l.csv:2"), now=NOW)
    assert found is None or isinstance(found, Evidence) or found.reasons


# ---------------------------------------------------------------- what is meant

ROW_AT = NOW - timedelta(days=30)
EVIDENCE = Evidence(
    rule="training[0]",
    record=RecordKind.MODULE,
    employee_id="E1",
    course="Forklift",
    origin="l.csv:2",
    source="licences",
    at=ROW_AT,
)
CATALOGUE = Catalogue(
    courses=[
        replace(course("c1", "Forklift"), code="FL-1"),
        course("c2", "Fire"),
        course("c3", "FIRE"),
        course("c4", "New"),
    ],
    modules={"c1": [Module("m1", "Licence", "L"), Module("m2", "Refresher")], "c2": [Module("m3", "Fire")]},
    sessions={"c1": [Session("s1", "May", "m1"), Session("s2", "May", "m2"), Session("s3", "June", "m2")]},
)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"module": "licence"}, "m1"),
        ({"course": "fl-1", "module": "l"}, "m1"),
        ({"course": "c1", "module": "m2"}, "m2"),
        ({"course": "c2"}, "m3"),
        ({}, "MODULE-UNSAID"),
        ({"module": "Other"}, "MODULE-UNKNOWN"),
        ({"course": "fire"}, "COURSE-AMBIGUOUS"),
        ({"course": "Nothing"}, "COURSE-UNKNOWN"),
        ({"course": "C2"}, "COURSE-UNKNOWN"),
        ({"course": "New"}, "TRAINING-UNREAD"),
        ({"record": RecordKind.RESET}, "c1"),
        ({"record": RecordKind.SESSION, "session": "june"}, "s3"),
        ({"record": RecordKind.SESSION, "session": "May"}, "SESSION-AMBIGUOUS"),
        ({"record": RecordKind.SESSION, "session": "May", "module": "Refresher"}, "s2"),
        ({"record": RecordKind.SESSION, "session": "May", "module": "Nothing"}, "MODULE-UNKNOWN"),
        ({"record": RecordKind.SESSION, "session": "July"}, "SESSION-UNKNOWN"),
        ({"record": RecordKind.SESSION, "session": "July", "course": "c2"}, "TRAINING-UNREAD"),
    ],
)
def test_which_module_or_session_is_meant(changed, found):
    made = Locator(CATALOGUE).locate(replace(EVIDENCE, **changed))
    if isinstance(made, Located):
        assert made.object_id == found
    else:
        assert (made.code if isinstance(made, Skip) else made.reasons[0].code) == found


# ---------------------------------------------------------------- what becomes of it

COURSE = course_key("c1")
HELD = {"E1": {COURSE: Assignment(item=COURSE)}}
STANDING = Standing(at=NOW, known={"E1"}, users={"E1": user("u1")}, held=HELD)


def located(**changed: Any) -> Located:
    evidence = replace(EVIDENCE, **changed)
    reset = evidence.record is RecordKind.RESET
    return Located(
        evidence=evidence,
        course=COURSE,
        object_id="c1" if reset else "m1",
        module_id="m1",
        what='course "Forklift"',
    )


def completed(at: datetime | None, **more: Any) -> dict[str, dict[ItemKey, Assignment]]:
    result = Result(completed=True, percent=100.0, completed_at=at, **more)
    return {"E1": {COURSE: Assignment(item=COURSE, started=True, result=result)}}


@pytest.mark.parametrize(
    ("row", "standing", "expected"),
    [
        ({}, {}, "record"),
        ({}, {"known": set()}, "EMPLOYEE-UNKNOWN"),
        ({}, {"users": {}}, "TRAINING-NO-USER"),
        ({}, {"kept_back": {"E1": "inactive"}}, "TRAINING-KEPT-BACK"),
        ({"at": NOW + timedelta(hours=3)}, {}, "TRAINING-LATER"),
        ({}, {"held": {}}, "TRAINING-NOT-ASSIGNED"),
        ({}, {"held": completed(ROW_AT)}, ""),
        ({}, {"held": completed(ROW_AT + timedelta(days=300))}, ""),
        ({}, {"held": completed(ROW_AT - timedelta(days=2))}, "record"),
        ({}, {"held": completed(None)}, "record"),
        ({"record": RecordKind.RESET}, {}, ""),
        ({"record": RecordKind.RESET}, {"held": {}}, ""),
        ({"record": RecordKind.RESET}, {"held": completed(ROW_AT)}, "reset"),
        ({"record": RecordKind.RESET}, {"held": completed(None)}, "reset"),
        ({"record": RecordKind.RESET}, {"held": completed(ROW_AT + timedelta(days=1))}, ""),
        ({"record": RecordKind.RESET}, {"held": completed(ROW_AT, reset_completed_at=ROW_AT)}, ""),
        ({"record": RecordKind.RESET}, {"held": completed(ROW_AT), "reset": {"reset:E1@course:c1"}}, ""),
    ],
)
def test_what_becomes_of_a_row(row, standing, expected):
    outcome = record([located(**row)], replace(STANDING, **standing))
    found = [
        *(change.action.value for change in outcome.changes),
        *(skip.code for skip in outcome.skips),
        *(reason.code for one in outcome.rejections for reason in one.reasons),
    ]
    assert found == ([expected] if expected else [])


def test_a_correction_is_recorded_whatever_litmos_shows_and_says_what_it_was():
    row = located(score="95")
    before = Recorded(user_id="u1", said={"Score": "80", "Note": ""})
    standing = replace(STANDING, held=completed(ROW_AT), recorded={row.key: before})
    (change,) = record([row], standing).changes
    assert change.before == {"Score": "80"}
    assert key_in(change) == row.key
    (request,) = compile_requests([change], Pace(users=1, per_minute=100))
    assert request.payload["corrects"] is True
    assert (request.low, request.high, request.job_class.value) == (1, 2, "learning")
    other = replace(standing, recorded={row.key: replace(before, user_id="u0")})
    assert record([row], other).changes == ()


def test_a_row_before_the_last_reset_counts_no_more_and_one_of_that_day_does():
    reset = located(record=RecordKind.RESET)
    older, same = located(at=ROW_AT - timedelta(days=1)), located()
    assert outstanding([reset, older], {}, {})[0] == [reset]
    assert outstanding([reset, same], {}, {})[0] == [reset, same]
    done = {reset.key: Recorded(user_id="u1", said={})}
    assert outstanding([older], done, {"E1": "u1"})[0] == []
    assert outstanding([older], done, {"E1": "u2"})[0] == [older]


LATER, RESET = ROW_AT + timedelta(days=7), {"record": RecordKind.RESET}


def done(*rows: Located) -> dict[RecordKey, Recorded]:
    return {row.key: Recorded(user_id="u1", said=row.said) for row in rows}


@pytest.mark.parametrize(
    ("row", "others", "recorded", "held", "expected"),
    [
        ({}, [], done(located()), {}, "it was recorded as it is"),
        ({}, [located(at=LATER, origin="x.csv:9")], {}, {}, "x.csv:9 tells of a later one: "),
        ({}, [], done(located(at=LATER)), {}, "a later one was recorded, of "),
        ({}, [located(origin="x.csv:9")], {}, {}, "x.csv:9 says the same, and counts once"),
        ({}, [located(at=LATER, **RESET)], {}, {}, "the course was reset by HR's row of "),
        ({}, [], done(located(at=LATER, **RESET)), {}, "the course was reset by HR's row of "),
        ({}, [], {}, completed(LATER), "Litmos shows the course completed on "),
        (RESET, [], {}, {}, "this person does not have the course"),
        (RESET, [], {}, HELD, "Litmos does not show the course completed"),
        (RESET, [], {}, completed(ROW_AT, reset_completed_at=ROW_AT), "was reset before"),
        (RESET, [], {}, completed(LATER), "after that day"),
    ],
)
def test_why_nothing_becomes_of_a_row_is_told_exactly(row, others, recorded, held, expected):
    mine = located(**row)
    links, known = {"E1": "u1"}, held.get("E1", {})
    assert expected in why_nothing(mine, [mine, *others], recorded, links, known)
    left, _ = outstanding([*others, mine], recorded, links)
    changes = record(
        [one for one in left if one is mine], replace(STANDING, held=held, recorded=recorded)
    ).changes
    assert changes == (), "it is said of rows alone of which nothing becomes"


# ---------------------------------------------------------------- against a naive model

DAYS = [ROW_AT + timedelta(days=7 * number) for number in range(3)]


@dataclass
class Naive:
    """What a person with pencil and paper would have written into Litmos: (person, module) -> (date, score)."""

    sent: dict[tuple[str, str], dict[tuple[datetime, int], str]] = field(default_factory=dict)
    litmos: dict[tuple[str, str], tuple[datetime, str]] = field(default_factory=dict)

    def hr_says(self, rows: list[tuple[str, str, datetime, int, str]]) -> set[tuple[str, str, str]]:
        """Take in a file; which (person, module, score) are written."""
        written = set()
        for place in {(row[0], row[1]) for row in rows}:
            mine = [row[2:] for row in rows if row[:2] == place]
            clear = [
                (at, no, score)
                for at, no, score in mine
                if all(s == score for a, n, s in mine if (a, n) == (at, no))
            ]
            if not clear:
                continue
            at, number, score = max(clear)
            before = self.sent.setdefault(place, {})
            if before and (at, number) < max(before):
                continue
            if before.get((at, number)) == score:
                continue
            if (at, number) not in before and place in self.litmos and self.litmos[place][0] >= at:
                continue
            before[at, number] = score
            self.litmos[place] = at, score
            written.add((*place, score))
        return written


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["E1", "E2"]),
        st.sampled_from(["m1", "m2"]),
        st.sampled_from(DAYS),
        st.integers(1, 2),
        st.sampled_from(["", "80", "95"]),
    ),
    max_size=8,
)


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_files_one_after_the_other_against_a_naive_model(files):
    naive = Naive()
    recorded: dict[RecordKey, Recorded] = {}
    litmos: dict[tuple[str, str], datetime] = {}
    links = {"E1": "u1", "E2": "u2"}
    for rows in files:
        wanted = naive.hr_says(rows)
        assert pushed(rows, recorded, litmos, links) == wanted
        assert pushed(rows, recorded, litmos, links) == set()


def pushed(rows, recorded, litmos, links):
    """One push; each module is a course of its own here, so that Litmos shows when it was completed."""
    found = [
        Located(
            evidence=replace(EVIDENCE, employee_id=who, at=at, attempt=number, score=score),
            course=course_key(f"c-{module}"),
            object_id=module,
            what=module,
        )
        for who, module, at, number, score in rows
    ]
    held = {
        who: {
            course_key(f"c-{module}"): Assignment(
                item=course_key(f"c-{module}"),
                result=Result()
                if (who, module) not in litmos
                else Result(completed=True, percent=100.0, completed_at=litmos[who, module]),
            )
            for module in ("m1", "m2")
        }
        for who in links
    }
    standing = Standing(
        at=NOW + timedelta(days=90),
        known=links.keys(),
        users={who: user(user_id) for who, user_id in links.items()},
        held=held,
        recorded=recorded,
    )
    changes = record(outstanding(found, recorded, links)[0], standing).changes
    for change in changes:
        key = key_in(change)
        assert key is not None
        recorded[key] = Recorded(
            user_id=change.user_id, said={"Score": str(change.after["Score"]), "Note": ""}
        )
        litmos[key.employee_id, key.object_id] = datetime.fromisoformat(key.date)
    return {(c.employee_id, str(c.after["Object"]), str(c.after["Score"])) for c in changes}


def test_nothing_but_rows_of_training_has_a_key():
    assert key_in(Change(key="x", action=Action.RESET, kind=_kind(), after={"Completed": False})) is None


def _kind():
    return record([located()], STANDING).changes[0].kind
