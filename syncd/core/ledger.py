"""The ledger: where each membership and each assignment comes from, and which of them a person may claim for a rule. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from syncd.core.desired import Desired
from syncd.core.model import ObjectKind, Role, State, User, team_text
from syncd.core.roles import Grant

ROLES = frozenset({Role.LEADER.value, Role.ADMIN.value})
"""The kinds of Holding that are a role in a team."""


class Origin(StrEnum):
    """Who made a membership or an assignment."""

    SYNCD = "syncd"
    ADOPTED = "adopted"
    TEAM = "team"
    FOREIGN = "foreign"


class Holding(NamedTuple):
    """What a user has: ``kind`` is ``membership``, a role (``leader``) or ``assignment``, ``object`` a team text or an item as text."""

    user_id: str
    kind: str
    object: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the ledger; ``run_id`` is None for what was adopted, ``actor`` "" for what a Run gave."""

    origin: Origin
    rule: str
    granted_at: datetime
    run_id: int | None = None
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One Holding, and where it comes from; ``ruled`` says whether a rule gives it as HR last was.

    ``team`` is a team of the user's that gives it to its members, "" if none does as far as it is known.
    """

    holding: Holding
    entry: Entry | None
    ruled: bool
    team: str = ""

    @property
    def origin(self) -> Origin:
        """``foreign`` if the ledger does not know it: a person made it in Litmos; ``team`` if it comes with a team."""
        if self.entry is None:
            return Origin.TEAM if self.team else Origin.FOREIGN
        return self.entry.origin

    @property
    def sentence(self) -> str:
        """Where it comes from, and what becomes of it.

        ========  ====================  =====================================================
        origin    a rule gives it       said
        ========  ====================  =====================================================
        syncd     yes                   given by RULE in run N
        syncd     no                    ...; no rule gives it any more
        adopted   yes                   made by hand, adopted for RULE by ACTOR
        adopted   no                    ...; no rule gives it any more
        team      any                   comes with team "TEAM"
        foreign   yes                   made by hand; a rule gives it as well
        foreign   no                    made by hand
        ========  ====================  =====================================================
        """
        if self.entry is None and self.team:
            return f'comes with team "{self.team}"'
        if self.entry is None:
            return "made by hand; a rule gives it as well" if self.ruled else "made by hand"
        entry = self.entry
        how = (
            f"given by {entry.rule or 'a rule'} in run {entry.run_id}"
            if entry.origin is Origin.SYNCD
            else f"made by hand, adopted for {entry.rule} by {entry.actor}"
        )
        return how if self.ruled else f"{how}; no rule gives it any more"


def accounted(
    held: Iterable[Holding],
    ledger: Mapping[Holding, Entry],
    ruled: Collection[Holding],
    along: Mapping[Holding, str] = MappingProxyType({}),
) -> tuple[Account, ...]:
    """Where each of these comes from, in a stable order; ``along`` maps what comes with a team to that team."""
    return tuple(
        Account(holding=one, entry=ledger.get(one), ruled=one in ruled, team=along.get(one, ""))
        for one in sorted(held)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Something that a person made in Litmos and that a rule would give: to be claimed for the rule."""

    employee_id: str
    holding: Holding
    rule: str


def claims(
    desired: Desired,
    current: State,
    granted: Collection[tuple[str, str]],
    rule: str,
    *,
    granted_roles: Collection[Grant] = (),
    is_protected: Callable[[User], bool],
) -> tuple[Claim, ...]:
    """What ``adopt`` claims for a rule; ``granted`` are (employee_id, team text | item as text) of the ledger, ``granted_roles``
    its roles in teams.

    ==================  ==========  =============  ============================
    the rule gives it   Litmos has  the ledger has  then
    ==================  ==========  =============  ============================
    yes                 yes         no             claimed
    yes                 yes         yes            nothing: it is syncd's already
    yes                 no          any            nothing: a push gives it
    no                  any         any            nothing: it stays foreign
    ==================  ==========  =============  ============================

    Nothing is claimed of people who left, are out of scope, rejected or protected: no rule gives them anything.
    """
    found = []
    known = {*granted_roles, *((who, text, Role.MEMBER) for who, text in granted)}
    for employee_id in sorted(desired.state.users):
        user = current.users.get(employee_id)
        if user is None or is_protected(user):
            continue
        for kind, text in _given(desired, current, employee_id, rule):
            role = Role(kind) if kind in ROLES else Role.MEMBER
            if (employee_id, text, role) not in known:
                holding = Holding(user.id, kind, text)
                found.append(Claim(employee_id=employee_id, holding=holding, rule=rule))
    return tuple(found)


def _given(desired: Desired, current: State, employee_id: str, rule: str) -> Iterator[tuple[str, str]]:
    """What this rule gives a person and they have: (kind, object)."""
    member = current.memberships.get(employee_id, frozenset())
    led = current.roles.get(employee_id, frozenset())
    for wish in desired.employees[employee_id].teams:
        if wish.rule == rule and wish.key in member:
            yield ObjectKind.MEMBERSHIP.value, team_text(wish.key)
            for role in sorted(wish.roles):
                if (wish.key, role) in led:
                    yield role.value, team_text(wish.key)
    has = current.assignments.get(employee_id, {})
    for item in sorted(desired.state.assignments.get(employee_id, {})):
        if desired.item_rules[employee_id][item] == rule and item in has:
            yield ObjectKind.ASSIGNMENT.value, str(item)
