"""Mapping: Records in, Employees or Rejections out. Pure, and total: no row can make it raise."""

from collections import abc
from dataclasses import dataclass, field
from datetime import datetime

from syncd.core import giving
from syncd.core.cells import BLANKS, clean_cells
from syncd.core.checks import EmailCheck, check_field, check_id, no_email_check
from syncd.core.conditions import Condition, Fields
from syncd.core.days import NO_DATES, Dates, read_dates
from syncd.core.employments import Employments
from syncd.core.giving import holds
from syncd.core.lifecycle import LONG_PAST, Contradiction, Lifecycle, Standing, next_turn, standing
from syncd.core.managers import MANAGER, MANAGER_ID
from syncd.core.model import (
    Employee,
    FieldValue,
    ItemKind,
    ItemName,
    ItemWish,
    Record,
    Rejection,
    Role,
    Status,
    TeamKey,
    team_key,
)
from syncd.core.profile import PROFILE_FIELDS, normalise
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
    ValueRule,
    columns_of,
)
from syncd.core.trace import Listener
from syncd.core.transforms import Refused, normalize
from syncd.core.values import CLEARED, render, shown

BLANK_IS_DEFAULT = frozenset({"Email", "Culture", "Brand", "AccessLevel", "ProfileType"})
"""Fields that Litmos fills by itself when they are sent blank [CODE]: sending a blank would never come to rest."""


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
    """Follow every rule for one Record. Never raises for a Record; a Rejection has all reasons. ``told`` hears what each
    step made.

    Whoever is not active today, or is out of scope, needs a readable id, status and scope only: a leaver with a blank
    e-mail address must still lose access. Their fields that cannot be read are left out.

    ``now`` decides what dates mean. Raises ValueError if there is none and the mapping has dates.
    """
    reasons = Reasons(told)
    cells = clean_cells(record.fields, mapping.blanks)
    employee_id = _employee_id(mapping.employee_id, cells, reasons)
    word = _status(mapping.status, cells, reasons)
    dates = _dates(mapping.dates, cells, Reasons() if word is Status.LEFT else reasons, now)
    found = None if word is None else _standing(mapping, word, dates, now, reasons)
    in_scope = holds(mapping.scope, mapping.scope_place, cells, reasons)
    synced = found is not None and found.status is Status.ACTIVE and in_scope
    ignored = Reasons(told)
    heard = reasons if synced or found is None else ignored
    fields = _fields(mapping, cells, heard)
    manager = _manager(mapping.manager, cells, heard)
    teams = giving.teams(mapping.teams, cells, reasons) if synced else ()
    may_head = giving.may_head(mapping.membership_rules, cells, reasons) if synced else frozenset()
    seats = giving.seats(mapping.trees, cells, reasons) if synced else ()
    nodes = giving.nodes(mapping.trees, cells, record.origin, employee_id, reasons) if synced else ()
    items = _items(mapping, cells, reasons) if synced else ()
    if reasons.found or found is None:
        return Rejection(
            origin=record.origin,
            employee_id=employee_id,
            reasons=tuple(reasons.found),
            source=record.source,
            fields=frozenset(fields.items()),
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
        guards={column.name: normalize(cells.get(column.name, "")) for column in mapping.same_person},
        because=found.because,
        decided_by=found.rule,
        away=found.away,
        muted=found.muted,
        doubts=found.doubts,
        turns_on=next_turn(dates, mapping.lifecycle, now),
    )


def identify(mapping: Mapping, record: Record) -> str:
    """The employee id of a Record as ``map_record`` reads it, or "" if it cannot be read."""
    return _employee_id(mapping.employee_id, clean_cells(record.fields, mapping.blanks), Reasons())


def _employee_id(rule: IdRule, cells: Fields, reasons: Reasons) -> str:
    try:
        text = reasons.value(rule.place, rule.value, cells)[1] or ""
        check_id(text)
    except Refused as refused:
        reasons.add(rule.place, _with_columns(rule.value, refused))
        return ""
    return text


def _status(rule: StatusRule, cells: Fields, reasons: Reasons) -> Status | None:
    try:
        text = reasons.value(rule.place, rule.value, cells)[1] or ""
        status = rule.table.get(text, rule.otherwise)
        if status is None:
            known = ", ".join(shown(word) for word in rule.table)
            raise Refused("STATUS-UNKNOWN", f"{shown(text)} is not in the map; it has {known}")  # noqa: TRY301 - one way out
    except Refused as refused:
        reasons.add(rule.place, _with_columns(rule.value, refused))
        return None
    reasons.tell(rule.place, "is", status.value)
    return status


def _dates(rule: DatesRule | None, cells: Fields, reasons: Reasons, now: datetime | None) -> Dates:
    if rule is None:
        return NO_DATES
    if now is None:
        raise ValueError("a mapping with dates needs to know when it is followed")
    return read_dates(rule, cells, reasons.add)


def _standing(
    mapping: Mapping, word: Status, dates: Dates, now: datetime | None, reasons: Reasons
) -> Standing:
    """What the person is today; a contradiction that is to be rejected is a reason."""
    found = standing(word, dates, mapping.lifecycle, now)
    leaving = mapping.dates.leaving if mapping.dates is not None else None
    if leaving and LONG_PAST in found.doubts and mapping.lifecycle.contradiction is Contradiction.REJECT:
        reasons.add(leaving.place, Refused(LONG_PAST, found.because))
    return found


def _manager(rule: ManagerRule | None, cells: Fields, reasons: Reasons) -> str | None:
    """Whom HR names as the manager: "" for none, None if nothing is to be said about it."""
    if rule is None:
        return None
    try:
        text = reasons.value(rule.place, rule.value, cells)[1] or ""
    except Refused as refused:
        reasons.add(rule.place, _with_columns(rule.value, refused))
        return None
    if text in rule.none:
        text = ""
    return None if not text and rule.keep_blank else text


def _fields(mapping: Mapping, cells: Fields, reasons: Reasons) -> dict[str, FieldValue]:
    made = tuple(_made(mapping.fields, cells, reasons))
    custom = any(rule.field == "IsCustomUsername" and text == "true" for rule, _, text in made)
    fields: dict[str, FieldValue] = {}
    for rule, step, text in made:
        try:
            if text or not _leaves(rule, step):
                check_field(rule.field, text, custom_username=custom, email=mapping.check_email)
                fields[rule.field] = _normal(rule.field, text)
        except Refused as refused:
            reasons.add(rule.place, _with_columns(rule.value, refused))
        else:
            reasons.tell(rule.place, "is", fields.get(rule.field))
    return fields


def _made(
    rules: abc.Iterable[FieldRule], cells: Fields, reasons: Reasons
) -> abc.Iterator[tuple[FieldRule, str, str]]:
    """Each rule that says something about this Record, with its last step and what that made."""
    for rule in rules:
        absent = next((name for name, _ in rule.columns() if name not in cells), "") if rule.optional else ""
        if absent:
            reasons.tell(rule.place, "absent", absent)
            continue
        if not holds(rule.when, rule.place, cells, reasons):
            continue
        try:
            step, text = reasons.value(rule.place, rule.value, cells)
        except Refused as refused:
            reasons.add(rule.place, _with_columns(rule.value, refused))
            continue
        if text is not None:
            yield rule, step, text


def _leaves(rule: FieldRule, step: str) -> bool:
    """Whether a blank that this step made leaves what Litmos has; else it clears it. Refused if there must be no blank."""
    if rule.required or PROFILE_FIELDS[rule.field].required:
        raise Refused("FIELD-REQUIRED", "is blank, and must not be")
    return rule.field in BLANK_IS_DEFAULT or (rule.keep_blank and step != CLEARED)


def _normal(name: str, text: str) -> FieldValue:
    try:
        return normalise(name, text)
    except (ValueError, OverflowError):  # a moment that UTC cannot express
        raise Refused("FIELD-INVALID", f"{shown(text)} is no value for {name}") from None


def _items(mapping: Mapping, cells: Fields, reasons: Reasons) -> tuple[ItemWish, ...]:
    """The learning paths and courses, each once: of two rules that name the same, the first one gives it."""
    wishes: dict[tuple[ItemKind, str], ItemWish] = {}
    for rule in mapping.items:
        if not rule.team and holds(rule.when, rule.place, cells, reasons):
            same = (rule.item.kind, rule.item.name.casefold())
            wishes.setdefault(same, ItemWish(item=rule.item, rule=rule.place.key))
            reasons.tell(rule.place, "is", rule.item.name)
    return tuple(wishes.values())


def _with_columns(rule: ValueRule, refused: Refused) -> Refused:
    """The same with the columns it is about in front."""
    names = [f'"{name}"' for name, _ in columns_of(rule.parts)]
    if not names or refused.code == "COLUMN-MISSING":
        return refused
    return Refused(refused.code, f"column{'s' if len(names) > 1 else ''} {', '.join(names)}: {refused.why}")
