"""The nouns of syncd: what HR says (Record, Employee), what Litmos holds (User, Team, ...), and State, which is both."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Self

from syncd.core.recertify import UNTOUCHED, Result

FieldValue = str | bool
"""A normalised Litmos profile value: text (null and "" are the same, ""), or a boolean."""

TeamKey = tuple[str, ...]
"""A team by its names from the root down, casefolded: ``("manufacturing", "production")``."""


class ItemKind(StrEnum):
    """What there is to learn in Litmos."""

    LEARNING_PATH = "learning_path"
    COURSE = "course"

    @property
    def label(self) -> str:
        """The words that people read: ``learning path``."""
        return self.value.replace("_", " ")


class ItemKey(NamedTuple):
    """A learning path or course by its Litmos id. Ids of the two kinds may be equal (litmos-api 2)."""

    kind: ItemKind
    id: str

    def __str__(self) -> str:
        """As one text: ``course:k3Jq``."""
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The item of such a text. Raises ValueError for any other."""
        kind, _, item_id = text.partition(":")
        return cls(ItemKind(kind), item_id)


class TeamShelf(NamedTuple):
    """All items of one kind that a team gives its members, or has in its library: one list in Litmos."""

    team_id: str
    kind: ItemKind


class ItemName(NamedTuple):
    """A learning path or course as a rule names it: by its name or its id, as written."""

    kind: ItemKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One raw HR row: strings only, with the place it came from.

    ``fields`` maps column to text (a missing cell of a SQL source is ""); ``origin`` is ``hr.csv:42``; ``source`` is the key
    of the source that it comes from.
    """

    fields: Mapping[str, str]
    origin: str
    source: str = ""


class Status(StrEnum):
    """What a person is today, by HR's word and dates (``core.lifecycle`` has the table).

    The first four are also what HR's words can mean; the last two come of dates alone.
    """

    FUTURE = "future"
    """is hired, and the day has not come"""
    ACTIVE = "active"
    LEAVE = "leave"
    """is away for a while, and has no access meanwhile"""
    LEFT = "left"
    LEAVING = "leaving"
    """is on the way out, and keeps access for some days more; is given nothing"""
    UNCLEAR = "unclear"
    """HR contradicts itself; nothing is changed"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A team that a rule gives a person.

    ``names`` are its display names from the root down; ``strict`` says that the rule is the whole truth about that
    team's people; ``rule`` is ``teams[0]``.
    ``roles`` are those that the person is to have in the team besides member, ``ruled_roles`` those about which a rule
    decides there, and ``manager_roles`` (rule, role) those that whoever manages the person is to have.
    """

    names: tuple[str, ...]
    rule: str
    strict: bool = False
    roles: frozenset["Role"] = frozenset()
    ruled_roles: frozenset["Role"] = frozenset()
    manager_roles: frozenset[tuple[str, "Role"]] = frozenset()

    @property
    def key(self) -> TeamKey:
        """The casefolded names, which is how two spellings of one team meet."""
        return team_key(self.names)

    def joined(self, other: "Wish") -> "Wish":
        """This Wish, and what another rule says about the same team."""
        return replace(
            self,
            strict=self.strict or other.strict,
            roles=self.roles | other.roles,
            ruled_roles=self.ruled_roles | other.ruled_roles,
            manager_roles=self.manager_roles | other.manager_roles,
        )


NodeKey = tuple[str, str]
"""A node of an organisation tree: (space, code). Codes of one tree mean nothing in another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One unit of the organisation, as a row says: ``parent`` is the code of the one above ("" for none)."""

    key: NodeKey
    name: str
    parent: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWish:
    """A learning path or course that a rule gives a person; ``rule`` is ``courses[0]``."""

    item: ItemName
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """A valid, typed HR person: what the Mapping made of one Record.

    ``fields`` are the Litmos profile fields that the mapping names, normalised; ``create_only`` those of them that are set
    at creation at most, ``if_empty`` those that are set while Litmos has nothing, ``report_only`` those that are only
    shown. ``in_scope`` is False for somebody whom ``scope:`` leaves out. ``manager`` is what HR names as the manager: ""
    for none, None where that is not mapped; ``may_head`` are the (rule, role) that they may have in their people's teams.
    ``seats`` are the nodes of organisation trees to whose teams they belong (the Wish has no names yet; a blank code stands
    for their manager), ``nodes`` those that their row describes. ``because`` is the sentence why ``status`` is what it is,
    ``decided_by`` the rule; ``muted`` stops Litmos' messages; ``doubts`` are codes of ``core.lifecycle``; ``away``: is on
    leave, whatever that leaves to them; ``origin`` and ``source`` are the Record's; ``guards`` are the cells by which
    ``employee.same_person`` tells that an id was given to somebody else; ``turns_on`` is the next day, in their own
    calendar, on which their dates may make them something else, ``begins_on`` their first working day.
    """

    employee_id: str
    status: Status
    fields: Mapping[str, FieldValue]
    create_only: frozenset[str] = frozenset()
    if_empty: frozenset[str] = frozenset()
    report_only: frozenset[str] = frozenset()
    teams: tuple[Wish, ...] = ()
    items: tuple[ItemWish, ...] = ()
    in_scope: bool = True
    manager: str | None = None
    may_head: frozenset[tuple[str, "Role"]] = frozenset()
    seats: tuple[tuple[NodeKey, Wish], ...] = ()
    nodes: tuple[Node, ...] = ()
    origin: str = ""
    source: str = ""
    guards: Mapping[str, str] = field(default_factory=dict)
    because: str = ""
    decided_by: str = "employee.status"
    muted: bool = False
    doubts: tuple[str, ...] = ()
    away: bool = False
    turns_on: date | None = field(default=None, compare=False)
    begins_on: date | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a Record was rejected: a stable ``code`` (``EMAIL-INVALID``) and a sentence that names the rule."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A Record that is not valid, with every reason at once.

    ``employee_id`` is "" when not even the id could be read. A rejected person keeps the current State. ``fields`` are the
    Litmos fields with their values, as far as they could be read; of several rows, those of all of them.
    """

    origin: str
    employee_id: str
    reasons: tuple[Reason, ...]
    source: str = ""
    fields: frozenset[tuple[str, FieldValue]] = frozenset()
    begins_on: date | None = field(default=None, compare=False)


class Role(StrEnum):
    """How a user belongs to a team."""

    MEMBER = "member"
    LEADER = "leader"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A Litmos user. ``id`` is "" for one that is only desired; ``fields`` are normalised profile fields.

    In a *current* State ``fields`` is the whole profile but for empty texts; in a *desired* one what the mapping names.
    """

    id: str
    active: bool
    fields: Mapping[str, FieldValue]

    @property
    def username(self) -> str:
        """The Litmos ``UserName``, or "" if not known."""
        return str(self.fields.get("UserName", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A Litmos team. ``id`` is "" for one that is only desired; ``names`` are display names from the root."""

    id: str
    names: tuple[str, ...]

    @property
    def key(self) -> TeamKey:
        """The casefolded names."""
        return team_key(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A learning path or a course, as Litmos lists it; ``code`` is a course's, "" if it was not told."""

    key: ItemKey
    name: str
    active: bool = True
    code: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A learning path or course that a person has. ``started`` is True once Litmos shows any progress or completion.

    Litmos does not tell how it came: given to the person, by way of a team, or (a course) by way of a learning path.
    """

    item: ItemKey
    started: bool = False
    kept: bool = False  # Litmos has lately refused to take it, for a team or a learning path gives it as well
    result: Result = UNTOUCHED


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Users, teams, memberships and assignments: one type for what is desired and for what is current.

    People are keyed by ``employee_id``: a Litmos user without a Link is nobody's, and is in no State.
    ``memberships`` are employee_id -> teams; ``roles`` employee_id -> where they are leader or admin; ``assignments``
    employee_id -> item -> Assignment.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    teams: Mapping[TeamKey, Team] = field(default_factory=dict)
    memberships: Mapping[str, frozenset[TeamKey]] = field(default_factory=dict)
    roles: Mapping[str, frozenset[tuple[TeamKey, Role]]] = field(default_factory=dict)
    assignments: Mapping[str, Mapping[ItemKey, Assignment]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The lasting tie employee <-> Litmos user; ``made_by`` is a match key (``UserName``), ``create`` or ``person``."""

    employee_id: str
    user_id: str
    made_by: str


class Action(StrEnum):
    """What a Change does."""

    CREATE = "create"
    UPDATE = "update"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    ADD = "add"
    REMOVE = "remove"
    RESET = "reset"  # empties what somebody completed
    RECORD = "record"  # writes down what somebody completed elsewhere


class ObjectKind(StrEnum):
    """What a Change is about."""

    USER = "user"
    TEAM = "team"
    MEMBERSHIP = "membership"
    ROLE = "role"
    ASSIGNMENT = "assignment"
    TEAM_ASSIGNMENT = "team_assignment"
    RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between desired and current.

    ``key`` names the object and is unique in a Plan (``user:E1``, ``team:sales/emea``, ``membership:E1@sales``,
    ``leader:E1@sales``, ``assignment:E1@course:<id>``, ``reset:E1@course:<id>``, ``result:E1@module:<id>``, ``team_assignment:sales@course:<id>``, and ``active:E1`` for the account
    being switched off or on). ``team_id`` is the Litmos id of the team, if it is there. ``before`` and ``after`` hold only
    what differs. ``gives`` and ``takes`` are the learning paths and courses that come or go along with the membership;
    ``people`` is how many get or lose what a team is given; ``irreversible`` says that what
    somebody has begun is lost. ``invite``: Litmos sends the new user the mail by which people log in for the first time.
    ``reason`` is a sentence; ``rule`` the YAML path; ``origin`` the HR row.
    """

    key: str
    action: Action
    kind: ObjectKind
    employee_id: str = ""
    user_id: str = ""
    team: tuple[str, ...] = ()
    item: ItemKey | None = None
    team_id: str = ""
    before: Mapping[str, FieldValue] = field(default_factory=dict)
    after: Mapping[str, FieldValue] = field(default_factory=dict)
    gives: tuple[ItemKey, ...] = ()
    takes: tuple[ItemKey, ...] = ()
    people: int = 0
    irreversible: bool = False
    invite: bool = False
    reason: str = ""
    rule: str = ""
    origin: str = ""

    @property
    def role(self) -> Role:
        """What a Change of kind ``role`` is about, and ``member`` of any other."""
        return next((role for role in Role if role.title() in self.after), Role.MEMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Somebody to whom nothing happens, and why: ``code`` is stable, ``message`` a sentence.

    ``key`` is that of the Change which is not made; "" if it is all about the person.
    """

    employee_id: str
    code: str
    message: str
    key: str = ""


GIVE_BACK = "employee.give_back"
"""The rule of a Change that gives back what a person once had: it does not become a grant of syncd's."""
STRICT = "remove.strict"
"""The rule of a Change that takes what syncd had not given, as a strict rule is the whole truth."""
RESTORED = "revert.restored"
"""The rule of a Change that reverts one of what syncd had not given: it does not become a grant of syncd's either."""
LEAVERS, LEAVERS_BY_HAND = "employee.leavers", "employee.leavers (given by hand)"
"""The rules of Changes that take somebody who left out of a team: one that syncd had given, or one that a person had."""
UNGRANTED = frozenset({GIVE_BACK, STRICT, RESTORED, LEAVERS_BY_HAND})
"""The rules of Changes about what a person had given: syncd's ledger does not learn it."""


@lru_cache(maxsize=65_536)
def team_key(names: tuple[str, ...]) -> TeamKey:
    """Casefold each name: how teams are compared (Litmos refuses a second team that differs only by case). Cached."""
    return tuple(name.casefold() for name in names)


def team_label(names: tuple[str, ...]) -> str:
    """The names of a team from the root down as people read them: ``Manufacturing > Production``."""
    return " > ".join(names)


def team_text(key: TeamKey) -> str:
    r"""A TeamKey as one string that no other TeamKey has: ``sales/emea``, a slash in a name being ``\/``."""
    return "/".join(name.replace("\\", "\\\\").replace("/", "\\/") for name in key)
