"""Mapping: Records in, Employees or Rejections out. Pure, and total: no row can make it raise."""

from collections import abc
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TypeVar

from syncd.core import following, giving
from syncd.core.cells import BLANKS, clean_cells
from syncd.core.checks import EmailCheck, no_email_check
from syncd.core.conditions import Condition, Fields
from syncd.core.employments import Employments
from syncd.core.lifecycle import Lifecycle
from syncd.core.managers import MANAGER, MANAGER_ID
from syncd.core.memo import Memo
from syncd.core.model import (
    Employee,
    FieldValue,
    ItemKind,
    ItemName,
    Node,
    Reason,
    Record,
    Rejection,
    Role,
    Status,
    TeamKey,
    team_key,
)
from syncd.core.protection import Protection
from syncd.core.reasons import Reasons
from syncd.core.recertify import Renewal
from syncd.core.rules import (
    Absence,
    Column,
    DatesRule,
    FieldRule,
    IdRule,
    ItemRule,
    ManagerRule,
    Part,
    Place,
    StatusRule,
    TeamRule,
    Text,
    TreeRule,
    columns_of,
)
from syncd.core.trace import Listener
from syncd.core.transforms import normalize
from syncd.core.values import render

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """The mapping part of a configuration, ready to be followed.

    ``match`` are Litmos fields in order; ``scope`` None means everybody; ``blanks`` are words in cells that say that there
    is nothing. ``invites``: people log in with a password of Litmos, so who is created is invited.
    """

    employee_id: IdRule
    status: StatusRule
    fields: tuple[FieldRule, ...]
    teams: tuple[TeamRule, ...] = ()
    trees: tuple[TreeRule, ...] = ()
    items: tuple[ItemRule, ...] = ()
    scope: Condition | None = None
    scope_place: Place = field(default_factory=lambda: Place(where="", key="scope.when"))
    leaving_scope_deactivates: bool = False
    absence: Absence = field(default_factory=Absence)
    dates: DatesRule | None = None
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    invites: bool = False
    match: tuple[str, ...] = ("UserName",)
    link_field: str = "ExternalEmployeeId"
    manager: ManagerRule | None = None
    protection: Protection = field(default_factory=Protection)
    same_person: tuple[Column, ...] = ()
    employments: Employments | None = None
    blanks: frozenset[str] = frozenset(BLANKS)
    check_email: EmailCheck = no_email_check

    create_only: frozenset[str] = field(init=False)
    if_empty: frozenset[str] = field(init=False)
    report_only: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        create_only = frozenset(r.field for r in self.fields if r.on_create)
        report_only = frozenset(r.field for r in self.fields if r.report)
        if self.manager is not None and self.manager.on_create:
            create_only |= {MANAGER_ID, MANAGER}
        if self.manager is not None and self.manager.report:
            report_only |= {MANAGER_ID, MANAGER}
        object.__setattr__(self, "create_only", create_only)
        object.__setattr__(self, "if_empty", frozenset(r.field for r in self.fields if r.if_empty))
        object.__setattr__(self, "report_only", report_only)

    @property
    def membership_rules(self) -> tuple[TeamRule | TreeRule, ...]:
        """Every rule that gives memberships."""
        return (*self.teams, *self.trees)

    @property
    def managers_roles(self) -> frozenset[Role]:
        """The roles that a rule gives to whoever manages somebody in a team."""
        return frozenset(
            role for rule in self.membership_rules for role, given in rule.roles.items() if given.managers
        )

    @property
    def team_templates(self) -> tuple[tuple[Part, ...], ...]:
        """Every template of a team's name, or of a node, that is filled from HR's rows."""
        trees = [tree.node for tree in self.trees if not tree.apart]
        return (
            *(parts for rule in self.teams for parts in (*rule.names, rule.path)),
            *(rule.seat for rule in self.trees),
            *(parts for node in trees for parts in (node.code, node.name, node.parent)),
        )

    @property
    def item_names(self) -> frozenset[ItemName]:
        """Every learning path and course that a rule names."""
        return frozenset(rule.item for rule in self.items)

    @property
    def item_kinds(self) -> frozenset[ItemKind]:
        """The kinds that rules name."""
        return frozenset(rule.item.kind for rule in self.items)

    @property
    def strict_items(self) -> frozenset[ItemName]:
        """Those of the rules with ``remove: strict``."""
        return frozenset(rule.item for rule in self.items if rule.strict)

    @property
    def takeable_items(self) -> frozenset[ItemName]:
        """Those of the rules with ``take_started: true``."""
        return frozenset(rule.item for rule in self.items if rule.take_started)

    @property
    def renewals(self) -> abc.Mapping[str, Renewal]:
        """By their keys the rules that reset what is completed."""
        return {rule.place.key: rule.renewal for rule in self.items if rule.renewal is not None}

    @property
    def gift_rules(self) -> tuple[ItemRule, ...]:
        """The rules that give something to a team."""
        return tuple(rule for rule in self.items if rule.team)

    @property
    def strict_teams(self) -> frozenset[TeamKey]:
        """The teams that a ``remove: strict`` rule names in plain text, whether it names them for anybody or not.

        A rule with a column in a name says nothing about a team that it names for nobody.
        """
        return frozenset(
            team_key(tuple(normalize(render(parts, {})) for parts in rule.names))
            for rule in self.teams
            if rule.strict and not rule.path
            if all(isinstance(part, Text) for parts in rule.names for part in parts)
        )


def map_record(
    mapping: Mapping, record: Record, told: Listener | None = None, *, now: datetime | None = None
) -> Employee | Rejection:
    """Follow every rule for one Record; of many, a ``Follower`` is quicker. ``told`` hears what each step made.

    ``now`` decides what dates mean. Raises ValueError if there is none and the mapping has dates.
    """
    return Follower(mapping, now=now).follow(record, told)


def identify(mapping: Mapping, record: Record) -> str:
    """The employee id of a Record as ``map_record`` reads it, or "" if it cannot be read."""
    cells = clean_cells(record.fields, mapping.blanks)
    return following.employee_id(mapping.employee_id, cells, Reasons())


class Follower:
    """Follows a Mapping at one moment for many Records. What a part of it made of the same cells before is taken as it is.

    ``now`` decides what dates mean. ValueError if there is none and the mapping has dates.
    """

    def __init__(self, mapping: Mapping, *, now: datetime | None = None) -> None:
        """Part the Mapping: each part knows the columns that it reads."""
        dates, manager = mapping.dates, mapping.manager
        if dates is not None and now is None:
            raise ValueError("a mapping with dates needs to know when it is followed")
        self._mapping = mapping
        self._id = self._memo(
            columns_of(mapping.employee_id.value.parts), partial(following.employee_id, mapping.employee_id)
        )
        self._today = self._memo(
            columns_of((*mapping.status.value.parts, *(dates.columns if dates else ()))),
            partial(following.standing_of, mapping.status, dates, mapping.lifecycle, now),
        )
        self._scope = self._memo(
            _asked([mapping.scope]), partial(giving.holds, mapping.scope, mapping.scope_place)
        )
        self._fields = [(rule.field, self._field(rule)) for rule in mapping.fields]
        self._manager = self._memo(
            columns_of(manager.value.parts if manager else ()), partial(following.manager, manager)
        )
        names = (part for rule in mapping.teams for parts in (*rule.names, rule.path) for part in parts)
        self._teams = self._memo(
            chain(columns_of(names), _asked_of(mapping.teams)), partial(giving.teams, mapping.teams)
        )
        members = mapping.membership_rules
        self._heads = self._memo(_asked_of(members), partial(giving.may_head, members))
        seats = (part for rule in mapping.trees for part in rule.seat)
        self._seats = self._memo(
            chain(columns_of(seats), _asked_of(mapping.trees)), partial(giving.seats, mapping.trees)
        )
        self._items = self._memo(
            _asked(rule.when for rule in mapping.items), partial(following.items, mapping.items)
        )
        self._guards = self._memo(columns_of(mapping.same_person), self._guarded)

    def _memo(
        self, columns: abc.Iterable[tuple[str, str]], make: abc.Callable[[Fields, Reasons], Made]
    ) -> Memo[Made]:
        return Memo((name for name, _where in columns), self._mapping.blanks, make)

    def _field(self, rule: FieldRule) -> Memo[following.Valued]:
        """Another field may say what kind of name a UserName is."""
        custom = [one for one in self._mapping.fields if one.field == following.CUSTOM]
        asked = custom if rule.field == "UserName" else []
        columns = chain.from_iterable(one.columns() for one in (rule, *asked))
        return self._memo(columns, partial(following.field, rule, asked, self._mapping.check_email))

    def _guarded(self, cells: Fields, _reasons: Reasons) -> dict[str, str]:
        return {one.name: normalize(cells.get(one.name, "")) for one in self._mapping.same_person}

    def follow(self, record: Record, told: Listener | None = None) -> Employee | Rejection:
        """Follow every rule for one Record. Never raises for a Record; a Rejection has all reasons.

        Whoever is not active today, or is out of scope, needs a readable id, status and scope only: a leaver with a blank
        e-mail address must still lose access. Their fields that cannot be read are left out.
        """
        mapping, raw = self._mapping, record.fields
        reasons: list[Reason] = []
        employee_id = self._id.of(raw, told, reasons)
        found, turns_on, begins_on = self._today.of(raw, told, reasons)
        in_scope = self._scope.of(raw, told, reasons)
        synced = found is not None and found.status is Status.ACTIVE and in_scope
        heard = reasons if synced or found is None else []
        fields = self._made_fields(raw, told, heard)
        manager = self._manager.of(raw, told, heard)
        teams = self._teams.of(raw, told, reasons) if synced else ()
        may_head = self._heads.of(raw, told, reasons) if synced else frozenset()
        seats = self._seats.of(raw, told, reasons) if synced else ()
        nodes = self._nodes(record, employee_id, told, reasons) if synced and mapping.trees else ()
        items = self._items.of(raw, told, reasons) if synced else ()
        if reasons or found is None:
            return Rejection(
                origin=record.origin,
                employee_id=employee_id,
                reasons=tuple(reasons),
                source=record.source,
                fields=frozenset(fields.items()),
                begins_on=begins_on,
            )
        return Employee(
            employee_id=employee_id,
            status=found.status,
            fields=fields,
            create_only=mapping.create_only,
            if_empty=mapping.if_empty,
            report_only=mapping.report_only,
            teams=teams,
            items=items,
            in_scope=in_scope,
            manager=manager,
            may_head=may_head,
            seats=seats,
            nodes=nodes,
            origin=record.origin,
            source=record.source,
            guards=self._guards.of(raw, None, reasons),
            because=found.because,
            decided_by=found.rule,
            away=found.away,
            muted=found.muted,
            doubts=found.doubts,
            turns_on=turns_on,
            begins_on=begins_on,
        )

    def _made_fields(
        self, raw: Fields, told: Listener | None, reasons: list[Reason]
    ) -> dict[str, FieldValue]:
        """The values; what cannot be a field's value is told after what could not be made at all."""
        fields: dict[str, FieldValue] = {}
        late: list[Reason] = []
        for name, memo in self._fields:
            value, wrong = memo.of(raw, told, reasons)
            if value is not None:
                fields[name] = value
            if wrong:
                late += wrong
        reasons += late
        return fields

    def _nodes(
        self, record: Record, employee_id: str, told: Listener | None, reasons: list[Reason]
    ) -> tuple[Node, ...]:
        """Each row has its own."""
        mine = Reasons(told)
        cells = clean_cells(record.fields, self._mapping.blanks)
        nodes = giving.nodes(self._mapping.trees, cells, record.origin, employee_id, mine)
        reasons += mine.found
        return nodes


def _asked(conditions: abc.Iterable[Condition | None]) -> abc.Iterator[tuple[str, str]]:
    """Every column that these ask about."""
    for condition in conditions:
        if condition is not None:
            yield from condition.columns()


def _asked_of(rules: abc.Sequence[TeamRule | TreeRule]) -> abc.Iterator[tuple[str, str]]:
    """Every column that the conditions of these rules, and of their roles, ask about."""
    yield from _asked(rule.when for rule in rules)
    yield from _asked(role.when for rule in rules for role in rule.roles.values())
