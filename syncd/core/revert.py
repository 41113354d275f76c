"""Revert: the inverse of what a Run has done, as far as it can be undone, and what cannot. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from syncd.core.account import same
from syncd.core.model import (
    GIVE_BACK,
    RESTORED,
    UNGRANTED,
    Action,
    Change,
    FieldValue,
    ItemKey,
    ObjectKind,
    State,
    User,
    team_key,
    team_label,
)

RULE = "revert"
"""What stands where other Changes name their rule; ``RESTORED`` where syncd had not given what comes back."""

USERNAME = "UserName"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is not undone, or not wholly: the ``key`` of the Change, a stable ``code``, and a sentence.

    ``USER-STAYS``, ``TEAM-STAYS``: syncd deletes nothing. ``RESET-STAYS``: Litmos gives no completion back. ``MOVED``: it is no longer as the Run left it. ``STARTED``: a
    started learning path is never taken away. ``PROGRESS``: it is given again, and progress may be lost. ``GONE``: the user
    is not in Litmos. ``PROTECTED``: the user is never touched. ``USERNAME-TAKEN``: somebody else has the former UserName.
    """

    key: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """The inverse Changes, in the order of what they undo, and the Remarks."""

    changes: tuple[Change, ...]
    remarks: tuple[Remark, ...]


Undone = tuple[Change | None, Remark | None]
"""The inverse of one Change, if there is one, and what is to be said about it."""


def reverse(done: Sequence[Change], current: State, *, is_protected: Callable[[User], bool]) -> Reversal:
    """Undo these Changes where the mirror still is as they left it.

    ======================  ==================  =====================================================
    what was done           its inverse         unless
    ======================  ==================  =====================================================
    create user             deactivate          the user is inactive (USER-STAYS, always)
    create, rename team     none                (TEAM-STAYS, always)
    update                  update back         a field was changed since: that field (MOVED)
    deactivate              reactivate          the user is active again (MOVED)
    reactivate              deactivate          the user is inactive again (MOVED)
    add member, role, path  remove              is no more (MOVED); a path was started (STARTED)
    remove the same         add                 is there again (MOVED); else PROGRESS where paths went
    reset                   none                (RESET-STAYS, always)
    ======================  ==================  =====================================================

    What somebody who was created by the same Run was given stays with the inactive user, and so does what somebody who
    was reactivated by it was given back: it is put aside again by their deactivation.
    """
    created = {c.employee_id for c in done if c.kind is ObjectKind.USER and c.action is Action.CREATE}
    returned = {c.employee_id for c in done if c.kind is ObjectKind.USER and c.action is Action.REACTIVATE}
    found: list[Change] = []
    remarks: list[Remark] = []
    for change in done:
        if change.rule == GIVE_BACK and change.employee_id in returned:
            continue
        inverse, remark = _undo(change, current, created, is_protected)
        if inverse is not None:
            found.append(inverse)
        if remark is not None:
            remarks.append(remark)
    return Reversal(changes=tuple(found), remarks=tuple(remarks))


def without_taken(reversal: Reversal, taken: Mapping[str, str]) -> Reversal:
    """The Reversal without UserNames that others have by now: ``taken`` is employee -> the Litmos user who has theirs.

    No other field is given that name either, for it may be their address; the others go back all the same.
    """
    changes: list[Change] = []
    remarks: list[Remark] = []
    for change in reversal.changes:
        holder = taken.get(change.employee_id)
        if holder is None or USERNAME not in change.after:
            changes.append(change)
            continue
        message = f"{_who(change)} keeps UserName {change.before[USERNAME]}: Litmos user {holder} has the former one"
        remarks.append(_remark(change, "USERNAME-TAKEN", message))
        name_back = change.after[USERNAME]
        rest = {name: value for name, value in change.after.items() if not same(USERNAME, value, name_back)}
        if rest:
            before = {name: change.before[name] for name in rest}
            changes.append(replace(change, before=before, after=rest))
    return Reversal(changes=tuple(changes), remarks=(*reversal.remarks, *remarks))


def _undo(
    change: Change, current: State, created: AbstractSet[str], is_protected: Callable[[User], bool]
) -> Undone:
    if change.kind is ObjectKind.TEAM:
        label = team_label(change.team)
        stays = "stays: syncd deletes no team"
        if change.action is Action.UPDATE:
            stays = f'keeps its name, and was "{change.before["Name"]}": it is what HR calls it'
        return None, _remark(change, "TEAM-STAYS", f'team "{label}" {stays}')
    if change.kind is ObjectKind.TEAM_ASSIGNMENT:
        said = f'team "{team_label(change.team)}" keeps what it was given or lost; change the rule, and push'
        return None, _remark(change, "TEAM-STAYS", said)
    if change.action is Action.RECORD:
        said = f"{_who(change)}: what was recorded ({change.reason}) stays: syncd takes no result back"
        return None, _remark(change, "RESULT-STAYS", said)
    if change.action is Action.RESET:
        items = () if change.item is None else (change.item,)
        said = f"{_who(change)}: the completion of {_listed(items)} was reset, and is not given back"
        return None, _remark(change, "RESET-STAYS", said)
    user = current.users.get(change.employee_id)
    if user is None:
        return None, _remark(change, "GONE", f"{_who(change)} has no Litmos user any more")
    if is_protected(user):
        return None, _remark(change, "PROTECTED", f"{_who(change)} is protected, and never touched")
    if change.kind is ObjectKind.USER:
        return _undo_user(change, user)
    if change.employee_id in created:
        return None, None
    return _undo_holding(change, user, current)


def _undo_user(change: Change, user: User) -> Undone:
    match change.action:
        case Action.UPDATE:
            return _undo_update(change, user)
        case Action.CREATE:
            stays = f"{_who(change)}: Litmos user {user.id} stays, inactive, with what it was given; mail to it is not unsent"
            remark = _remark(change, "USER-STAYS", stays)
            return (_switched(change, user, on=False) if user.active else None), remark
        case _:
            was_on = change.action is Action.REACTIVATE
            if user.active is not was_on:
                state = "active" if user.active else "inactive"
                return None, _remark(change, "MOVED", f"{_who(change)} is {state} by now")
            return _switched(change, user, on=not was_on), None


def _undo_update(change: Change, user: User) -> Undone:
    """Each field that still is as it was written goes back; the others stay."""
    back: dict[str, FieldValue] = {}
    moved: list[str] = []
    for name, written in change.after.items():
        if same(name, user.fields.get(name, ""), written):
            back[name] = change.before.get(name, "")
        else:
            moved.append(f"{name} is {user.fields.get(name, '')!r} by now, and not {written!r}")
    remark = _remark(change, "MOVED", f"{_who(change)}: {'; '.join(moved)}") if moved else None
    if not back:
        return None, remark
    before = {name: user.fields.get(name, "") for name in back}
    return _inverse(change, user, Action.UPDATE, before=before, after=back), remark


def _undo_holding(change: Change, user: User, current: State) -> Undone:
    """A membership or an assignment: what was added is taken away, what was taken away is given again."""
    held = current.assignments.get(change.employee_id, {})
    if change.kind is ObjectKind.MEMBERSHIP:
        there = team_key(change.team) in current.memberships.get(change.employee_id, frozenset())
        field, what, along = "Member", f'team "{team_label(change.team)}"', change.gives
    elif change.kind is ObjectKind.ROLE:
        there = (team_key(change.team), change.role) in current.roles.get(change.employee_id, frozenset())
        field, what, along = change.role.title(), f'{change.role} of team "{team_label(change.team)}"', ()
    else:
        items = () if change.item is None else (change.item,)
        there = change.item in held
        field, what, along = "Assigned", _listed(items), items
    adds = change.action is Action.REMOVE
    if there is adds:
        state = "has it again" if there else "has it no more"
        return None, _remark(change, "MOVED", f"{_who(change)}: {what}: {state}")
    values = {"before": {field: not adds}, "after": {field: adds}}
    if adds:
        lost = along if change.kind is ObjectKind.ASSIGNMENT else change.takes
        again = f"{_who(change)} gets {what} again; progress on {_listed(lost)} is what Litmos kept of it"
        remark = _remark(change, "PROGRESS", again) if lost else None
        return replace(_inverse(change, user, Action.ADD, **values), gives=change.takes), remark
    started = [item for item in along if item in held and held[item].started]
    if started:
        kept = f"{_who(change)} keeps {what}: {_listed(started)} was started since"
        return None, _remark(change, "STARTED", kept)
    takes = tuple(item for item in change.gives if item in held)
    return replace(_inverse(change, user, Action.REMOVE, **values), takes=takes), None


def _listed(items: Iterable[ItemKey]) -> str:
    return ", ".join(f"{item.kind.label} {item.id}" for item in items)


def _switched(change: Change, user: User, *, on: bool) -> Change:
    action = Action.REACTIVATE if on else Action.DEACTIVATE
    made = _inverse(change, user, action, before={"Active": not on}, after={"Active": on})
    return replace(made, key=f"active:{change.employee_id}")


def _inverse(
    change: Change,
    user: User,
    action: Action,
    *,
    before: Mapping[str, FieldValue],
    after: Mapping[str, FieldValue],
) -> Change:
    return replace(
        change,
        action=action,
        user_id=user.id,
        before=before,
        after=after,
        gives=(),
        takes=(),
        people=0,
        irreversible=False,
        invite=False,
        reason=f"takes back: {change.reason or change.action.value}",
        rule=RESTORED if change.rule in UNGRANTED else RULE,
    )


def _remark(change: Change, code: str, message: str) -> Remark:
    return Remark(key=change.key, code=code, message=message)


def _who(change: Change) -> str:
    return f"employee {change.employee_id}"
