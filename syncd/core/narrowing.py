"""Narrowing: a push looks only at those whom something has happened to since nothing was left to do with them. Pure.

Who they are is told by the store (``store.settled``); here is what must hold for that to be safe, and what is kept of
those who are not looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from syncd.core.counts import Measure
from syncd.core.doubts import Expect
from syncd.core.limits import Limits
from syncd.core.managed import Managed
from syncd.core.mapping import Mapping as Rules
from syncd.core.match import comparable
from syncd.core.model import Employee, Role, Status, TeamKey

KEPT_KEYS = frozenset({"UserName", "Email", "ExternalEmployeeId"})
"""The Litmos fields by which the mirror finds users without reading them all."""
EARLIEST = timedelta(hours=14)
"""So long before it is midnight in UTC a day begins somewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is kept of a row: its hash, and which mapped columns it fills in, a bit each."""

    row_hash: bytes
    filled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRest:
    """Those whom a narrowed Intake leaves out, as they were when everybody was looked at last.

    ``unchanged`` is how many rows are as they were; ``missing`` are employees whose row is not there any more, or who were
    disturbed and are not named. ``managed`` is what the rules name for anybody, ``strict`` the teams that are ruled by a
    strict rule, and ``measure`` what the Limits are shares of.
    """

    unchanged: int
    missing: frozenset[str]
    managed: Managed
    strict: frozenset[TeamKey]
    measure: Measure


def obstacle(rules: Rules, expect: Expect, limits: Limits) -> str:
    """Why everybody must be looked at by every push, or "".

    =========================================================  ===============================================
    the configuration                                          one row may matter to people who are not in it
    =========================================================  ===============================================
    has an organisation tree                                   a unit's name and parent are read from any row
    makes managers leaders of their people's teams             what a manager leads depends on all their people
    has employments                                            the rows of a person are judged together
    resets courses                                             completions grow old by themselves
    finds managers by a field                                  whoever has that value may be meant
    matches by a field that the mirror does not index          anybody may have the value
    matches by a field that is not kept as HR has it           Litmos does not show who has the value
    limits removals by team, or dates inputs by a column       every row is counted
    =========================================================  ===============================================
    """
    keys = {"UserName", *rules.match}
    reasons = {
        "an organisation tree": bool(rules.trees),
        "managers as leaders": bool(rules.managers_roles),
        "resets of courses": any(rule.renewal is not None for rule in rules.items),
        "employments": rules.employments is not None,
        "managers by a field": rules.manager is not None and bool(rules.manager.by),
        "a match key that is not indexed": not keys <= KEPT_KEYS,
        "a match key that is not kept": bool(keys & (rules.create_only | rules.if_empty | rules.report_only)),
        "a limit by team": limits.team_removals.is_set,
        "a column that dates the input": expect.dated is not None,
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


def keys_of(employees: Iterable[Employee], rules: Rules) -> Mapping[str, frozenset[str]]:
    """By Litmos field the values, as they are compared, by which somebody else may claim to be one of these."""
    names = tuple(dict.fromkeys(("UserName", *rules.match)))
    some = list(employees)
    return {name: frozenset(comparable(one.fields.get(name, "")) for one in some) - {""} for name in names}


def is_at_rest(employee: Employee, user_id: str) -> bool:
    """Whether nothing more can come of this employee, with whom nothing is left to do, unless something happens.

    Whoever is active and has no user is not: others may claim the same UserName, and Litmos does not show it.
    """
    if employee.doubts:
        return False
    return employee.status is not Status.ACTIVE or (employee.in_scope and bool(user_id))


def due_at(turns_on: date | None) -> datetime | None:
    """The earliest moment at which it is this day anywhere."""
    if turns_on is None or turns_on <= date.min + EARLIEST:
        return None
    return datetime.combine(turns_on, time(), UTC) - EARLIEST


def is_new_to(employees: Iterable[Employee], at_rest: AtRest) -> bool:
    """Whether a strict rule, or a rule about roles, names a team that none named before: that concerns all who are in it."""
    return any(
        (wish.strict and wish.key not in at_rest.strict)
        or any((wish.key, role) not in at_rest.managed.roles for role in wish.ruled_roles)
        for employee in employees
        for wish in employee.teams
    )


def to_facts(managed: Managed, strict: Iterable[TeamKey], measure: Measure) -> dict[str, object]:
    """What is kept with those at rest, as JSON-able data."""
    return {
        "teams": sorted(map(list, managed.teams)),
        "roles": sorted([list(key), role.value] for key, role in managed.roles),
        "strict": sorted(map(list, strict)),
        "measure": [measure.population, measure.memberships, measure.assignments, measure.teams],
    }


def from_facts(facts: Mapping[str, list[list[str]]]) -> tuple[Managed, frozenset[TeamKey], Measure]:
    """The reverse of ``to_facts``."""
    managed = Managed(
        teams=frozenset(tuple(key) for key in facts["teams"]),
        roles=frozenset((tuple(key), Role(role)) for key, role in facts["roles"]),
    )
    population, memberships, assignments, teams = map(int, map(str, facts["measure"]))
    measure = Measure(population=population, memberships=memberships, assignments=assignments, teams=teams)
    return managed, frozenset(tuple(key) for key in facts["strict"]), measure
