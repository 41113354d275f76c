"""Holding: which Changes of a Plan wait for a person, and which of those a person has chosen.

What a Change gives, another one may need, and what needs something that waits, waits with it:

==================================================  ===============================================
a Change that waits                                 lets wait
==================================================  ===============================================
creates or reactivates a user                       everything else about that person
creates a team                                      the teams below it, and memberships and roles in it
gives a membership                                  that person's roles in that team
changes a user's record                             that person's roles: Litmos changes the record with them
gives somebody an account                           who is to have them as manager
gives a person a membership or an assignment        what is taken from that person
takes a username away from a person                 what gives that username to another one
==================================================  ===============================================

So nobody loses a team before they have the next one, and nothing is sent that Litmos would refuse.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from syncd.core.counts import COUNTED
from syncd.core.limits import Hold
from syncd.core.managers import MANAGER
from syncd.core.model import Action, Change, ObjectKind, team_key

WHOLE = "HELD-WHOLE"
"""The code of a Change that no Limit counts, in a push that is held whole."""
WAITS = "HELD-WAITS"
"""The code of a Change that needs one that is held."""
CLASSES = tuple(row.name for row in COUNTED)
"""The classes of Changes that may be chosen by name: what each Limit counts."""


class HoldMode(StrEnum):
    """What is held when a Limit is exceeded: ``all``, or only the ``slice`` of Changes that it counts."""

    ALL = "all"
    SLICE = "slice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why one Change waits: a stable ``code`` (of the Hold, WHOLE or WAITS) and, for the last, for what."""

    code: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which held Changes a person decides about: all that each part names; an empty part names all.

    ``classes`` are names of ``CLASSES``, ``employees`` employee ids, ``fields`` Litmos fields that are changed.
    """

    classes: frozenset[str] = frozenset()
    employees: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()

    def takes(self, change: Change) -> bool:
        """Whether the person decides about this one."""
        rows = [row for row in COUNTED if row.name in self.classes]
        return (
            (not self.classes or any(row.counts(change) for row in rows))
            and (not self.employees or change.employee_id in self.employees)
            and (
                not self.fields
                or (change.action is Action.UPDATE and bool(self.fields & change.after.keys()))
            )
        )


ALL_HELD = Choice()


def held_back(changes: Sequence[Change], holds: Sequence[Hold], mode: HoldMode) -> Mapping[str, Cause]:
    """The Changes that wait, by key, each with its Cause; all of them where the source itself is doubted."""
    causes: dict[str, Cause] = {}
    for hold in holds:
        for key in hold.keys or ():
            causes.setdefault(key, Cause(code=hold.code))
    if holds and (mode is HoldMode.ALL or any(hold.keys is None for hold in holds)):
        return {change.key: causes.get(change.key, Cause(code=WHOLE)) for change in changes}
    for key, parent in needing(changes, causes).items():
        causes[key] = Cause(code=WAITS, message=f"waits for {parent}")
    return causes


def divide(
    held: Sequence[Change], choice: Choice, pending: Sequence[Change] = ()
) -> tuple[list[Change], list[Change]]:
    """What goes if a person approves their choice of what is held, and what goes on waiting.

    ``pending`` are Changes of the same Run that are approved and not done yet: what needs one of them is chosen later.
    """
    seeds = {change.key for change in held if not choice.takes(change)} | {change.key for change in pending}
    staying = seeds | needing([*held, *pending], seeds).keys()
    return [c for c in held if c.key not in staying], [c for c in held if c.key in staying]


def refused(held: Sequence[Change], choice: Choice) -> list[Change]:
    """What does not go if a person rejects their choice of what is held: that, and what needs it."""
    seeds = {change.key for change in held if choice.takes(change)}
    gone = seeds | needing(held, seeds).keys()
    return [change for change in held if change.key in gone]


def needing(changes: Sequence[Change], seeds: Collection[str]) -> dict[str, str]:
    """What needs one of the ``seeds``, or something that does: key -> key of what it waits for."""
    wanting: dict[_Thing, list[Change]] = {}
    for change in changes:
        for thing in _needs(change):
            wanting.setdefault(thing, []).append(change)
    found: dict[str, str] = {}
    front = [change for change in changes if change.key in seeds]
    while front:
        change = front.pop()
        for thing in _gives(change):
            for other in wanting.get(thing, ()):
                if other.key not in seeds and other.key not in found:
                    found[other.key] = change.key
                    front.append(other)
    return found


_Thing = tuple[str, ...]


def _gives(change: Change) -> Iterator[_Thing]:
    """What is only there, or free, once the Change was done."""
    if change.kind is ObjectKind.USER and change.action in {Action.CREATE, Action.REACTIVATE}:
        yield ("account", change.employee_id)
    if change.kind is ObjectKind.TEAM:
        yield ("team", *team_key(change.team))
    if change.action is Action.ADD and change.employee_id:
        yield ("given", change.employee_id)
    if change.kind is ObjectKind.MEMBERSHIP and change.action is Action.ADD:
        yield ("member", change.employee_id, *team_key(change.team))
    if change.kind is ObjectKind.USER:
        yield ("record", change.employee_id)
    if "UserName" in change.before:
        yield ("username", str(change.before["UserName"]).casefold())


def _needs(change: Change) -> Iterable[_Thing]:
    """What must be there, or free, before the Change can be done."""
    opens = change.kind is ObjectKind.USER and change.action in {Action.CREATE, Action.REACTIVATE}
    if change.employee_id and not opens:
        yield ("account", change.employee_id)
    if change.kind is ObjectKind.TEAM:
        yield ("team", *team_key(change.team[:-1]))
    elif change.team:
        yield ("team", *team_key(change.team))
    if change.action is Action.REMOVE and change.employee_id:
        yield ("given", change.employee_id)
    if change.kind is ObjectKind.ROLE:
        yield ("record", change.employee_id)
        yield ("member", change.employee_id, *team_key(change.team))
    if "UserName" in change.after:
        yield ("username", str(change.after["UserName"]).casefold())
    if MANAGER in change.after:
        yield ("account", str(change.after[MANAGER]))
