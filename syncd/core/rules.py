"""Rules: what a configuration's mapping part becomes. Values only; ``core.values`` and ``core.mapping`` follow them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from syncd.core.conditions import Condition, Fields
from syncd.core.dates import ISO, DateFormat
from syncd.core.model import ItemName, Role, Status
from syncd.core.recertify import Renewal


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a rule is written: ``where`` is ``syncd.yaml:41:12``, ``key`` its YAML path ``users.fields.Email``."""

    where: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """An HR column whose cell is taken; ``where`` is the place that names it."""

    name: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A constant text."""

    text: str


class Formula(Protocol):
    """An expression that was compiled when the configuration was loaded, and makes a text of a Record."""

    def text(self, fields: Fields) -> str:
        """The text; Refused if it cannot be made of this Record."""
        ...

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column it reads, with the place that names it."""
        ...


Part = Column | Text | Formula
"""A piece of a value or of a template."""


def columns_of(parts: Iterable[Part]) -> Iterator[tuple[str, str]]:
    """Every column that these read, with the place that names it."""
    for part in parts:
        if isinstance(part, Column):
            yield part.name, part.where
        elif not isinstance(part, Text):
            yield from part.columns()


class Otherwise(StrEnum):
    """What a lookup does with a value that is not in its table."""

    REJECT = "reject"
    SKIP = "skip"
    KEEP = "keep"
    VALUE = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A table from HR's words to others, exact; ``value`` is what ``Otherwise.VALUE`` gives."""

    table: Mapping[str, str]
    otherwise: Otherwise = Otherwise.REJECT
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One piece of a text: it is cut at ``by`` (white space: at every run of it), and ``pick`` counts from 0, or -1 back."""

    by: str
    pick: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """How one value is made: parts, joined by ``separator``, then split, transforms, date or lookup, and default.

    What is taken and is one of the words ``cleared`` is an explicit blank: no other step follows.
    """

    parts: tuple[Part, ...]
    separator: str | None = None
    split: Split | None = None
    cleared: frozenset[str] = frozenset()
    transforms: tuple[str, ...] = ()
    date: DateFormat | None = None
    lookup: Lookup | None = None
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """How one Litmos profile field is made.

    ``on_create``: set when the user is created, and left alone afterwards; ``if_empty``: set while Litmos has nothing;
    ``report``: a difference is only shown. What happens to what Litmos has, when HR's value is ...

    =============================  ==========================================================
    not said                       nothing: a column is not in the source (``optional``; else
                                   the source is refused), or ``when`` is not for this person
    blank                          cleared; kept if ``keep_blank``; ``required`` rejects the row
    one of ``value.cleared``        cleared; ``required`` rejects the row
    =============================  ==========================================================
    """

    place: Place
    field: str
    value: ValueRule
    on_create: bool = False
    if_empty: bool = False
    report: bool = False
    required: bool = False
    keep_blank: bool = False
    optional: bool = False
    when: Condition | None = None

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column it reads, with the place that names it."""
        yield from columns_of(self.value.parts)
        if self.when is not None:
            yield from self.when.columns()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRule:
    """How the employee id is made."""

    place: Place
    value: ValueRule


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRule:
    """HR's words for a person's status; ``otherwise`` None rejects a word that is not in the table."""

    place: Place
    value: ValueRule
    table: Mapping[str, Status]
    otherwise: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRule:
    """A day in HR's data: where it stands, and in which format of ``strptime`` it is read."""

    place: Place
    column: Column
    read: str = ISO


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRule:
    """A person's time zone: the column that names it, by way of ``table`` if it is in there, else ``fallback``.

    Zones are named as in the IANA database: ``Europe/Berlin``. ``column`` None: everybody is in ``fallback``.
    """

    fallback: str = "UTC"
    column: Column | None = None
    table: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatesRule:
    """The days that matter: the first working day, the last one, and in whose time zone a day begins."""

    hire: DayRule | None = None
    leaving: DayRule | None = None
    zone: ZoneRule = field(default_factory=ZoneRule)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The HR columns that hold them."""
        days = [rule.column for rule in (self.hire, self.leaving) if rule is not None]
        return (*days, *([] if self.zone.column is None else [self.zone.column]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerRule:
    """How HR's rows name a manager: by the employee id, or by the value of the Litmos field ``by``.

    ``none`` are HR's words for having none. ``on_create``, ``report`` and ``keep_blank`` are as for a field.
    """

    place: Place
    value: ValueRule
    by: str = ""
    none: frozenset[str] = frozenset({"0"})
    on_create: bool = False
    report: bool = False
    keep_blank: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRule:
    """Who leads (or administers) the teams of a rule: those of its people for whom ``when`` holds; with ``managers``,
    whoever manages somebody in the team, and for whom ``when`` holds.
    """

    place: Place
    when: Condition | None = None
    managers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRule:
    """A team given to everyone whom ``when`` names: one template per level, from the root down.

    ``path`` is a template of more levels below those, in one text, with ``separator`` between them. ``roles`` are those
    about which the rule decides: leader, admin.
    """

    place: Place
    names: tuple[tuple[Part, ...], ...]
    when: Condition | None = None
    strict: bool = False
    roles: Mapping[Role, RoleRule] = field(default_factory=dict)
    path: tuple[Part, ...] = ()
    separator: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a tree grows on: ``above`` are the names of the teams above its top nodes, from the root down; ``rebuild`` is what
    to do with a node whose parent changed: a new team, or (False) report it.
    """

    above: tuple[str, ...] = ()
    rebuild: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRule:
    """How a row describes a node of an organisation tree: templates of its code, its name and the code of the one above."""

    code: tuple[Part, ...]
    name: tuple[Part, ...]
    parent: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRule:
    """The team of a node given to everyone who sits there: whose ``seat`` is the node's code, or, with ``managers``, whose
    manager it is. ``apart`` says that the nodes have rows of their own, ``ground`` on what the tree grows.
    """

    place: Place
    space: str
    node: NodeRule
    seat: tuple[Part, ...] = ()
    apart: bool = False
    managers: bool = False
    ground: Ground = field(default_factory=Ground)
    when: Condition | None = None
    strict: bool = False
    roles: Mapping[Role, RoleRule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRule:
    """A learning path or course given to everyone whom ``when`` names, or to a ``team`` (display names from the root down).

    A team gives it to its members, present and future; with ``library`` they help themselves.
    ``renewal``: when what was completed is reset; None: never.
    ``take_started``: also what was started, even completed, is taken from whom no rule gives it any more.
    """

    place: Place
    item: ItemName
    team: tuple[str, ...] = ()
    library: bool = False
    take_started: bool = False
    renewal: Renewal | None = None
    when: Condition | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What absence from HR means: nothing, or deactivation after so many complete inputs over so many hours."""

    deactivates: bool = False
    after_files: int = 3
    after_hours: float = 48.0
