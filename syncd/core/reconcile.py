"""Reconcile: what differs between matched Employees and Litmos; nobody is given a UserName that somebody else keeps."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from syncd.core.account import differs
from syncd.core.desired import Desired
from syncd.core.diff import Difference, Rules, diff
from syncd.core.limits import Policy, permitted
from syncd.core.managers import MANAGER, Unresolved
from syncd.core.match import Matching
from syncd.core.model import Action, Change, Employee, FieldValue, ObjectKind, Skip, State, User
from syncd.core.selection import EVERYTHING, Part
from syncd.core.usernames import contested, name_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The Difference, of which Employees, and the Matching with the Cases that only the Changes showed."""

    matching: Matching
    employees: tuple[Employee, ...]
    desired: Desired
    difference: Difference


def reconcile(
    employees: Iterable[Employee],
    matching: Matching,
    current: State,
    rules: Rules,
    *,
    desire: Callable[[Iterable[Employee]], Desired],
    users: Sequence[User],
    policy: Policy,
    part: Part = EVERYTHING,
    desired: Desired | None = None,
    completed: Callable[[Difference], Difference] = lambda found: found,
) -> Reconciled:
    """Compare all Employees but those with a Case and those whom a person said to leave alone.

    ``completed`` adds what no comparison of people shows.
    ``desire`` makes the desired State of some of them, ``desired`` is that of all who are compared, if it was made already; ``users`` are all of Litmos, whoever they are linked to. What the Policy withholds, or is not in the ``part`` that was
    asked for, frees no UserName; a part that is these very Changes was judged when they were planned. Whom a Case may be
    about is not absent.
    """

    def difference_of(desired: Desired) -> Difference:
        in_doubt = matching.in_doubt
        absent = {each: why for each, why in rules.absent.items() if each not in in_doubt}
        found = diff(desired, current, replace(rules, absent=absent))
        return part.of(completed(replace(found, skips=(*found.skips, *ignored))))

    ignored = tuple(map(_ignored, sorted(matching.ignored)))

    valid = matching.valid(employees)
    desired = desire(valid) if desired is None else desired
    difference = difference_of(desired)
    taken = {} if part.changes is not None else contested(permitted(difference.changes, policy), users)
    if taken:
        cases = name_cases(valid, taken, users, matching.links)
        matching = replace(matching, cases=(*matching.cases, *cases))
        valid = matching.valid(valid)
        desired = desire(valid)
        difference = difference_of(desired)
    return Reconciled(
        matching=matching,
        employees=valid,
        desired=desired,
        difference=without_lost_managers(difference, known=current.users.keys(), policy=policy),
    )


def without_lost_managers(difference: Difference, *, known: AbstractSet[str], policy: Policy) -> Difference:
    """The Difference without managers who will have no user: they are named by the next push after they have one.

    ``known`` are the employees with a user. What is left of a Change is done; each such manager is a Skip.

    ====================================  ====================  ==============================
    the manager                           the Change is let     then
                                          through by Policy
    ====================================  ====================  ==============================
    has a user                            any                   kept
    is created here, and may be           any                   kept
    is created here, but may not be       no                    kept: nothing is sent of either
    is created here, but may not be       yes                   dropped: MANAGER-WITHOUT-USER
    is not created here                   any                   dropped: MANAGER-WITHOUT-USER
    ====================================  ====================  ==============================
    """
    allowed = permitted(difference.changes, policy)
    coming, possible = known | _created(allowed), known | _created(difference.changes)
    sent = {change.key for change in allowed}
    changes: list[Change] = []
    skips: list[Skip] = []
    for change in difference.changes:
        boss = change.after.get(MANAGER)
        if boss is None or boss in (coming if change.key in sent else possible):
            changes.append(change)
            continue
        skips.append(_manager_lost(change, str(boss)))
        if rest := _less(change.after):
            reason, rule = differs(rest) if change.action is Action.UPDATE else (change.reason, change.rule)
            changes.append(replace(change, before=_less(change.before), after=rest, reason=reason, rule=rule))
    return Difference(changes=tuple(changes), skips=(*difference.skips, *skips))


def _created(changes: Iterable[Change]) -> AbstractSet[str]:
    return {c.employee_id for c in changes if c.kind is ObjectKind.USER and c.action is Action.CREATE}


def _less(fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    return {name: value for name, value in fields.items() if name != MANAGER}


def _manager_lost(change: Change, boss: str) -> Skip:
    found = Unresolved(
        employee_id=change.employee_id, origin=change.origin, code="MANAGER-WITHOUT-USER", named=boss
    )
    return Skip(employee_id=found.employee_id, code=found.code, message=found.message)


def _ignored(employee_id: str) -> Skip:
    message = f"a person decided to leave this employee alone; syncd cases resolve {employee_id} --undo"
    return Skip(employee_id=employee_id, code="IGNORED", message=message)
