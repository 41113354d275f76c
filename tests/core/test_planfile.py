"""A Plan in a file: read as it was written, refused if it was edited, stale if what it touches moved."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.model import (
    Action,
    Assignment,
    Change,
    ItemKey,
    ItemKind,
    ObjectKind,
    State,
    Team,
    User,
)
from syncd.core.planfile import SavedPlan, change_data, change_of, dumps, loads, moved, touched
from syncd.errors import Declined
from tests.core.factories import path_key

TEXTS = st.text(max_size=12)
VALUES = st.dictionaries(TEXTS, st.one_of(TEXTS, st.booleans()), max_size=3)
ITEMS = st.builds(ItemKey, st.sampled_from(list(ItemKind)), TEXTS)
CHANGES = st.builds(
    Change,
    key=TEXTS,
    action=st.sampled_from(list(Action)),
    kind=st.sampled_from(list(ObjectKind)),
    employee_id=TEXTS,
    user_id=TEXTS,
    team=st.lists(TEXTS, max_size=3).map(tuple),
    item=st.none() | ITEMS,
    before=VALUES,
    after=VALUES,
    gives=st.lists(ITEMS, max_size=2).map(tuple),
    takes=st.lists(ITEMS, max_size=2).map(tuple),
    reason=TEXTS,
    rule=TEXTS,
    origin=TEXTS,
)


def saved(*changes: Change, **touched_rows: str) -> SavedPlan:
    return SavedPlan(
        account="main",
        made_at=datetime(2026, 11, 27, 12, tzinfo=UTC),
        config_digest="c0ffee",
        inputs=({"source": "hr", "name": "hr.csv", "sha256": "ab", "rows": 2},),
        people=("E1",),
        changes=changes,
        touched=touched_rows,
        about={"run": 7},
    )


@given(changes=st.lists(CHANGES, max_size=4))
def test_what_is_read_is_what_was_written(changes):
    plan = saved(*changes)
    assert loads(dumps(plan), "plan.json") == plan


@given(change=CHANGES)
def test_every_member_of_a_change_is_kept(change):
    data = change_data(change)
    assert set(data) == {one.name for one in fields(Change)}
    assert change_of(json.loads(json.dumps(data))) == change


@given(
    changes=st.lists(CHANGES, min_size=1, max_size=2),
    at=st.integers(min_value=0),
    digit=st.sampled_from("0123456789abcdef{}x"),
)
def test_no_edit_goes_unnoticed(changes, at, digit):
    text = dumps(saved(*changes))
    at %= len(text)
    edited = text[:at] + digit + text[at + 1 :]
    try:
        same = json.loads(edited) == json.loads(text)
    except ValueError:
        same = False
    if same:
        assert loads(edited, "plan.json") == saved(*changes)
    else:
        with pytest.raises(Declined):
            loads(edited, "plan.json")


@pytest.mark.parametrize("text", ["", "[]", "null", '"x"', "{}", '{"kind": "syncd plan"}', "\x00"])
def test_what_is_no_plan_is_refused(text):
    with pytest.raises(Declined, match=r"plan\.json"):
        loads(text, "plan.json")


P1, P9 = path_key("p1"), path_key("p9")
ANA = User(id="u1", active=True, fields={"UserName": "ana", "JobTitle": "Rep", "City": "Oslo"})
SALES = Team(id="t1", names=("EMEA", "Sales"))
NOW = State(
    users={"E1": ANA},
    teams={SALES.key: SALES},
    memberships={"E1": frozenset({SALES.key})},
    assignments={"E1": {item: Assignment(item=item) for item in (P1, P9)}},
)


def change(kind: ObjectKind, action: Action, **parts: object) -> Change:
    return Change(key="k", action=action, kind=kind, employee_id="E1", user_id="u1", **parts)  # type: ignore[arg-type]


UPDATE = change(ObjectKind.USER, Action.UPDATE, before={"JobTitle": "Rep"}, after={"JobTitle": "Lead"})
CREATE = change(ObjectKind.USER, Action.CREATE, after={"UserName": "ana"})
TEAM = Change(key="k", action=Action.CREATE, kind=ObjectKind.TEAM, team=("APAC",))
LEAVE = change(ObjectKind.MEMBERSHIP, Action.REMOVE, team=("EMEA", "Sales"), takes=(P9,))
TAKE = change(ObjectKind.ASSIGNMENT, Action.REMOVE, item=P1)
STARTED = {"E1": {item: Assignment(item=item, started=True) for item in (P1, P9)}}
APAC = Team(id="t2", names=("APAC",))


@pytest.mark.parametrize(
    ("planned", "then", "now", "told"),
    [
        (UPDATE, NOW, NOW, ""),
        (UPDATE, NOW, replace(NOW, users={"E1": replace(ANA, fields={**ANA.fields, "JobTitle": "Chief"})}), "JobTitle is 'Chief' now, and was 'Rep'"),
        (UPDATE, NOW, replace(NOW, users={"E1": replace(ANA, fields={**ANA.fields, "City": "Turku"})}), "u1 was changed otherwise"),
        (UPDATE, NOW, replace(NOW, users={"E1": replace(ANA, active=False)}), "u1 was changed otherwise"),
        (UPDATE, NOW, replace(NOW, users={}), "the Litmos user is gone"),
        (UPDATE, NOW, replace(NOW, memberships={}), ""),
        (CREATE, State(), NOW, "Litmos user u1 is theirs by now"),
        (TEAM, NOW, replace(NOW, teams={**NOW.teams, APAC.key: APAC}), 'team "APAC" is there by now'),
        (LEAVE, NOW, replace(NOW, memberships={}), 'team "EMEA > Sales" is not as it was'),
        (LEAVE, NOW, replace(NOW, assignments=STARTED), 'team "EMEA > Sales" is not as it was'),
        (LEAVE, NOW, replace(NOW, users={"E1": replace(ANA, fields={})}), ""),
        (TAKE, NOW, replace(NOW, assignments=STARTED), "p1 is not as it was"),
        (TAKE, NOW, replace(NOW, assignments={}), "p1 is not as it was"),
        (TAKE, NOW, NOW, ""),
    ],
)  # fmt: skip
def test_what_a_plan_touches_and_moved(planned, then, now, told):
    plan = saved(planned, **touched([planned], then))
    found = moved(plan, now)
    assert len(found) == bool(told)
    assert told in "".join(found)
