"""Account: what becomes of one person's Litmos user, by what the person is today. Pure; ``of_account`` is the truth table."""

from collections.abc import Iterable, Mapping

from syncd.core.lifecycle import LEAVE_RULE
from syncd.core.match import comparable
from syncd.core.model import Action, Change, Employee, FieldValue, ObjectKind, Skip, Status, User

CASELESS_FIELDS = frozenset({"UserName", "Email"})
"""Fields in which a difference of case alone is no difference."""
MESSAGES = "DisableMessages"
"""The field that stops Litmos' messages to a user while it is true."""
OFF = frozenset({Status.LEFT, Status.LEAVE})
"""Whoever is this today has no access."""
WAITING = frozenset({Status.FUTURE, Status.LEAVING, Status.UNCLEAR})
"""Whoever is this today keeps what they have, and is given nothing."""


def skipped(
    employee: Employee, user: User | None, *, protected: str, leaving_scope_deactivates: bool
) -> Skip | None:
    """People nothing may happen to: ``protected`` accounts (why, or ""), those out of scope, leavers who never had one."""
    if user is not None and protected:
        return Skip(
            employee_id=employee.employee_id,
            code="PROTECTED",
            message=f"Litmos user {user.id} is protected ({protected}); nothing is changed",
        )
    if not employee.in_scope and not (leaving_scope_deactivates and user is not None and user.active):
        return Skip(
            employee_id=employee.employee_id, code="OUT-OF-SCOPE", message="scope: leaves this person out"
        )
    if employee.status in WAITING:
        message = f"{employee.because}; nothing is changed"
        return Skip(employee_id=employee.employee_id, code=employee.status.upper(), message=message)
    if user is None and (employee.status in OFF or employee.muted):
        code = "LEFT" if employee.status is Status.LEFT else "LEAVE"
        message = f"{_said(employee)}, and has no Litmos account; none is made"
        return Skip(employee_id=employee.employee_id, code=code, message=message)
    return None


def _said(employee: Employee) -> str:
    """Why the person's status is what it is."""
    return employee.because or f"HR says: {employee.status}"


def of_account(employee: Employee, user: User | None, *, invites: bool) -> Iterable[Change]:
    """The account itself; ``core.lifecycle`` says what somebody is today. ``invites``: who is created gets a mail.

    ==========================  ==================  =====================================
    today                       Litmos has          Change
    ==========================  ==================  =====================================
    active, in scope            no user             create; none for somebody who is muted
    active, in scope            an inactive user    reactivate (and update what differs)
    active, in scope            an active user      update what differs
    left, leave, or scope       an active user      deactivate
    left, leave, or scope       an inactive user    none
    future, leaving, unclear    anything            none
    ==========================  ==================  =====================================
    """
    if employee.status in OFF or not employee.in_scope:
        if user is not None and user.active:
            reason = _said(employee) if employee.in_scope else "left the scope (scope.leaving: deactivate)"
            rule = employee.decided_by if employee.in_scope else "scope.leaving"
            yield switched_off(employee.employee_id, user, reason=reason, rule=rule, origin=employee.origin)
        return
    if user is None:
        yield Change(
            key=f"user:{employee.employee_id}",
            action=Action.CREATE,
            kind=ObjectKind.USER,
            employee_id=employee.employee_id,
            after={
                name: value
                for name, value in sorted(employee.fields.items())
                if value != "" and name not in employee.report_only
            },
            invite=invites,
            reason=f"{_said(employee)}, and Litmos has no such user",
            rule="users",
            origin=employee.origin,
        )
        return
    if not user.active:
        yield Change(
            key=f"active:{employee.employee_id}",
            action=Action.REACTIVATE,
            kind=ObjectKind.USER,
            employee_id=employee.employee_id,
            user_id=user.id,
            before={"Active": False},
            after={"Active": True},
            reason=_said(employee),
            rule=employee.decided_by,
            origin=employee.origin,
        )
    yield from _update(employee, user)


def _update(employee: Employee, user: User) -> Iterable[Change]:
    before: dict[str, FieldValue] = {}
    after: dict[str, FieldValue] = {}
    for name, wanted in employee.fields.items():
        have = user.fields.get(name, "")
        if have == wanted:  # as of almost every field
            continue
        if name in employee.create_only or name in employee.report_only:
            continue
        if employee.muted and name == MESSAGES:
            continue
        if name in employee.if_empty and have != "":
            continue
        if not same(name, have, wanted):
            before[name], after[name] = have, wanted
    if after:
        before, after = dict(sorted(before.items())), dict(sorted(after.items()))
        reason, rule = differs(after)
        yield Change(
            key=f"user:{employee.employee_id}",
            action=Action.UPDATE,
            kind=ObjectKind.USER,
            employee_id=employee.employee_id,
            user_id=user.id,
            before=before,
            after=after,
            reason=reason,
            rule=rule,
            origin=employee.origin,
        )


def differs(after: Mapping[str, FieldValue]) -> tuple[str, str]:
    """The reason and the rule of an update of these fields, of which there is at least one."""
    rule = f"users.fields.{next(iter(after))}" if len(after) == 1 else "users.fields"
    return f"HR differs in {', '.join(after)}", rule


def of_messages(employee: Employee, user: User | None, *, by_syncd: bool) -> Iterable[Change]:
    """Litmos' messages stop while somebody is on leave (``employee.leave: mute``), and are as before afterwards.

    ======================  =================  ==============================
    today                   DisableMessages    Change
    ======================  =================  ==============================
    muted                   false              true
    muted                   true               none: a person wanted it so
    back, muted by syncd    true               false
    back, muted by syncd    false              none
    ======================  =================  ==============================
    """
    if user is None:
        return
    have = user.fields.get(MESSAGES) is True
    mapped = MESSAGES in employee.fields.keys() - employee.create_only - employee.report_only
    starts = employee.muted and not have
    ends = have and not employee.muted and not mapped and by_syncd
    if not starts and not ends:
        return
    yield Change(
        key=messages_key(employee.employee_id),
        action=Action.UPDATE,
        kind=ObjectKind.USER,
        employee_id=employee.employee_id,
        user_id=user.id,
        before={MESSAGES: have},
        after={MESSAGES: starts},
        reason=_said(employee) if employee.muted else "is back from leave: messages as they were",
        rule=LEAVE_RULE,
        origin=employee.origin,
    )


def messages_key(employee_id: str) -> str:
    """The key of the Change that stops somebody's messages for a leave, or lets them through; its inverse has it too."""
    return f"messages:{employee_id}"


def same(name: str, have: FieldValue, wanted: FieldValue) -> bool:
    """Whether two normalised values of a profile field are the same to Litmos."""
    if have == wanted:
        return True
    if name in CASELESS_FIELDS:
        return comparable(have) == comparable(wanted)
    if isinstance(have, bool) or isinstance(wanted, bool):
        return (have or False) == (wanted or False)
    return False


def switched_off(employee_id: str, user: User, *, reason: str, rule: str, origin: str) -> Change:
    """The Change that ends somebody's access."""
    return Change(
        key=f"active:{employee_id}",
        action=Action.DEACTIVATE,
        kind=ObjectKind.USER,
        employee_id=employee_id,
        user_id=user.id,
        before={"Active": True},
        after={"Active": False},
        reason=reason,
        rule=rule,
        origin=origin,
    )
