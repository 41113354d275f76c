"""What a Run has done is taken back where it still stands, and nothing else is touched."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.model import (
    GIVE_BACK,
    RESTORED,
    STRICT,
    Action,
    Assignment,
    Change,
    FieldValue,
    ObjectKind,
    Role,
    State,
    Team,
    User,
)
from syncd.core.revert import RULE, Reversal, reverse, without_taken
from tests.core.factories import path_key

SALES = Team(id="t1", names=("EMEA", "Sales"))
ANA = User(id="u1", active=True, fields={"UserName": "ana", "JobTitle": "Lead", "City": "Oslo"})


def state(user: User | None = ANA, *, member: bool = False, paths: dict[str, bool] | None = None) -> State:
    held = {
        path_key(path_id): Assignment(item=path_key(path_id), started=started)
        for path_id, started in (paths or {}).items()
    }
    return State(
        users={} if user is None else {"E1": user},
        teams={SALES.key: SALES},
        memberships={"E1": frozenset({SALES.key} if member else ())},
        assignments={"E1": held},
    )


def change(action: Action, kind: ObjectKind = ObjectKind.USER, **parts: Any) -> Change:
    return Change(key="k", action=action, kind=kind, employee_id="E1", user_id="u1", reason="HR says so", rule="teams[0]",
                  origin="hr.csv:2", **parts)  # fmt: skip


UPDATE = change(
    Action.UPDATE, before={"JobTitle": "Rep", "City": "Bergen"}, after={"JobTitle": "Lead", "City": "Oslo"}
)
CREATE = change(Action.CREATE, after={"UserName": "ana"})
OFF = change(Action.DEACTIVATE, before={"Active": True}, after={"Active": False})
ON = change(Action.REACTIVATE, before={"Active": False}, after={"Active": True})
JOIN = change(Action.ADD, ObjectKind.MEMBERSHIP, team=("EMEA", "Sales"), gives=(path_key("p9"),))
LEAVE = change(Action.REMOVE, ObjectKind.MEMBERSHIP, team=("EMEA", "Sales"), takes=(path_key("p9"),))
GIVE = change(Action.ADD, ObjectKind.ASSIGNMENT, item=path_key("p1"))
TAKE = change(Action.REMOVE, ObjectKind.ASSIGNMENT, item=path_key("p1"))
TEAM = Change(key="team", action=Action.CREATE, kind=ObjectKind.TEAM, team=("EMEA", "Sales"))
INACTIVE = replace(ANA, active=False)

TABLE: tuple[tuple[str, Change, State, Action | None, str], ...] = (
    ("create, still active", CREATE, state(), Action.DEACTIVATE, "USER-STAYS"),
    ("create, inactive by now", CREATE, state(INACTIVE), None, "USER-STAYS"),
    ("create, gone by now", CREATE, state(None), None, "GONE"),
    ("update, still so", UPDATE, state(), Action.UPDATE, ""),
    ("update, all moved", UPDATE, state(replace(ANA, fields={"JobTitle": "Chief"})), None, "MOVED"),
    ("deactivate, still so", OFF, state(INACTIVE), Action.REACTIVATE, ""),
    ("deactivate, active by now", OFF, state(), None, "MOVED"),
    ("reactivate, still so", ON, state(), Action.DEACTIVATE, ""),
    ("reactivate, inactive by now", ON, state(INACTIVE), None, "MOVED"),
    ("add member, still so", JOIN, state(member=True), Action.REMOVE, ""),
    ("add member, no more", JOIN, state(), None, "MOVED"),
    ("add member, what it gave was started", JOIN, state(member=True, paths={"p9": True}), None, "STARTED"),
    ("remove member, still so", LEAVE, state(), Action.ADD, "PROGRESS"),
    ("remove member that took nothing", replace(LEAVE, takes=()), state(), Action.ADD, ""),
    ("remove member, there again", LEAVE, state(member=True), None, "MOVED"),
    ("add path, still so", GIVE, state(paths={"p1": False}), Action.REMOVE, ""),
    ("add path, started", GIVE, state(paths={"p1": True}), None, "STARTED"),
    ("add path, no more", GIVE, state(), None, "MOVED"),
    ("remove path, still so", TAKE, state(), Action.ADD, "PROGRESS"),
    ("remove path, there again", TAKE, state(paths={"p1": False}), None, "MOVED"),
    ("create team", TEAM, state(), None, "TEAM-STAYS"),
    ("rename team", replace(TEAM, action=Action.UPDATE, before={"Name": "Old"}), state(), None, "TEAM-STAYS"),
)


@pytest.mark.parametrize(
    ("done", "current", "action", "code"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_each_change_has_its_inverse_or_a_reason_why_not(done, current, action, code):
    found = reverse([done], current, is_protected=lambda _user: False)
    assert [one.action for one in found.changes] == ([] if action is None else [action])
    assert [remark.code for remark in found.remarks] == ([code] if code else [])
    assert all(len(remark.message) > 15 for remark in found.remarks)
    for one in found.changes:
        assert one.rule == RULE
        assert one.reason.startswith("takes back: ")
        assert one.user_id == "u1"


@pytest.mark.parametrize("done", [row[1] for row in TABLE if row[1].kind is not ObjectKind.TEAM])
def test_the_protected_are_never_touched(done):
    found = reverse([done], state(member=True, paths={"p1": False}), is_protected=lambda _user: True)
    assert found.changes == ()
    assert [remark.code for remark in found.remarks] == ["PROTECTED"]


def test_only_the_fields_that_still_are_as_written_go_back():
    moved = replace(ANA, fields={**ANA.fields, "City": "Turku"})
    found = reverse([UPDATE], state(moved), is_protected=lambda _user: False)
    assert [(one.before, one.after) for one in found.changes] == [({"JobTitle": "Lead"}, {"JobTitle": "Rep"})]
    assert [remark.message for remark in found.remarks] == [
        "employee E1: City is 'Turku' by now, and not 'Oslo'"
    ]


def test_what_somebody_who_was_created_got_stays_with_the_inactive_user():
    found = reverse(
        [CREATE, JOIN, GIVE], state(member=True, paths={"p1": False}), is_protected=lambda _user: False
    )
    assert [one.key for one in found.changes] == ["active:E1"]


def test_what_somebody_who_returned_was_given_back_stays_with_the_inactive_user():
    returned = [ON, replace(JOIN, rule=GIVE_BACK, gives=()), GIVE]
    found = reverse(returned, state(member=True, paths={"p1": False}), is_protected=lambda _user: False)
    assert [one.kind for one in found.changes] == [ObjectKind.USER, ObjectKind.ASSIGNMENT]
    assert found.remarks == ()


def test_a_team_that_is_left_takes_what_it_gave():
    found = reverse([JOIN], state(member=True, paths={"p9": False}), is_protected=lambda _user: False)
    assert found.changes[0].takes == (path_key("p9"),)


@pytest.mark.parametrize("rule", [GIVE_BACK, STRICT, RESTORED, "teams", "teams[0]", RULE])
@pytest.mark.parametrize("done", [JOIN, LEAVE, GIVE, TAKE])
def test_what_syncd_had_not_given_is_not_its_own_when_it_comes_back(done, rule):
    by_hand = rule in {GIVE_BACK, STRICT, RESTORED}
    adds = done.action is Action.ADD
    current = state(member=adds, paths={"p1": False} if adds else {})
    found = reverse([replace(done, rule=rule)], current, is_protected=lambda _user: False)
    assert [one.rule for one in found.changes] == [RESTORED if by_hand else RULE]


def test_the_inverse_invites_nobody_and_can_be_undone():
    done = [replace(CREATE, invite=True), replace(LEAVE, irreversible=True, people=3)]
    found = [
        one for each in done for one in reverse([each], state(), is_protected=lambda _user: False).changes
    ]
    assert [(one.invite, one.irreversible, one.people) for one in found] == [(False, False, 0)] * 2


def test_a_username_that_somebody_has_by_now_stays_and_the_other_fields_go_back():
    before = {"UserName": "new@x.org", "Email": "new@x.org", "City": "Oslo"}
    back = change(
        Action.UPDATE, before=before, after={"UserName": "old@x.org", "Email": "OLD@x.org", "City": "Bergen"}
    )
    free = replace(back, employee_id="E2")
    found = without_taken(Reversal(changes=(back, free), remarks=()), {"E1": "u7"})
    assert found.changes == (replace(back, before={"City": "Oslo"}, after={"City": "Bergen"}), free)
    assert [(one.key, one.code) for one in found.remarks] == [("k", "USERNAME-TAKEN")]
    nothing = replace(back, before={"UserName": "new@x.org"}, after={"UserName": "old@x.org"})
    assert without_taken(Reversal(changes=(nothing,), remarks=()), {"E1": "u7"}).changes == ()


Model = dict[str, Any]
"""The oracle's Litmos, one person: title, city, active, member, path."""
TITLES = st.sampled_from(["Rep", "Lead", "Chief"])
MODELS = st.fixed_dictionaries(
    {
        "JobTitle": TITLES,
        "City": TITLES,
        "active": st.booleans(),
        "member": st.booleans(),
        "path": st.booleans(),
    }
)


def changes_between(old: Model, new: Model) -> list[Change]:
    """What a Run did to get from one model to the other."""
    found = []
    fields: dict[str, FieldValue] = {
        name: new[name] for name in ("JobTitle", "City") if old[name] != new[name]
    }
    if fields:
        found.append(change(Action.UPDATE, before={name: old[name] for name in fields}, after=fields))
    if old["active"] != new["active"]:
        found.append(ON if new["active"] else OFF)
    if old["member"] != new["member"]:
        found.append(replace(JOIN, gives=()) if new["member"] else replace(LEAVE, takes=()))
    if old["path"] != new["path"]:
        found.append(GIVE if new["path"] else TAKE)
    return found


def as_state(model: Model) -> State:
    fields = {"JobTitle": model["JobTitle"], "City": model["City"]}
    user = User(id="u1", active=model["active"], fields=fields)
    return state(user, member=model["member"], paths={"p1": False} if model["path"] else {})


def applied(model: Model, found: tuple[Change, ...]) -> Model:
    made = dict(model)
    for one in found:
        match one.kind, one.action:
            case ObjectKind.USER, Action.UPDATE:
                made.update(one.after)
            case ObjectKind.USER, action:
                made["active"] = action is Action.REACTIVATE
            case ObjectKind.MEMBERSHIP, action:
                made["member"] = action is Action.ADD
            case _, action:
                made["path"] = action is Action.ADD
    return made


@given(old=MODELS, new=MODELS)
def test_taking_back_at_once_gives_what_was_before(old, new):
    found = reverse(changes_between(old, new), as_state(new), is_protected=lambda _user: False)
    assert applied(new, found.changes) == old


@given(old=MODELS, new=MODELS, later=MODELS)
def test_what_moved_since_stays_as_it_is_now(old, new, later):
    found = reverse(changes_between(old, new), as_state(later), is_protected=lambda _user: False)
    made = applied(later, found.changes)
    for name in later:
        touched, stands = old[name] != new[name], later[name] == new[name]
        assert made[name] == (old[name] if touched and stands else later[name])


@pytest.mark.parametrize(("leads", "action", "code"), [(True, Action.REMOVE, None), (False, None, "MOVED")])
def test_a_role_that_was_given_is_taken_back_if_it_is_still_there(leads, action, code):
    done = change(
        Action.ADD, ObjectKind.ROLE, team=("Sales",), before={"Leader": False}, after={"Leader": True}
    )
    roles = {done.employee_id: frozenset({(("sales",), Role.LEADER)} if leads else ())}
    found = reverse([done], replace(state(member=True), roles=roles), is_protected=lambda _user: False)
    assert [c.action for c in found.changes] == ([action] if action else [])
    assert [remark.code for remark in found.remarks] == ([code] if code else [])
    assert all(c.role is Role.LEADER for c in found.changes)
