"""Operations: a Request whose people and teams are resolved to Litmos ids, and Effects, what is true afterwards.

The worker resolves a Request into one Operation; ``litmos.target`` applies or settles it and answers with Effects;
the store moves the mirror by those Effects in the transaction that records the success.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from syncd.core.model import FieldValue, Item, ItemKey, ItemKind, Role, TeamShelf
from syncd.core.protection import Protection
from syncd.core.recertify import Result
from syncd.core.training_operations import RecordModule, RecordSession

RoleList = tuple[str, Role]
"""(team id, role): one list of people in Litmos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUser:
    """Create a user with these fields (``UserName`` among them); Litmos fills in the rest.

    ``invite``: Litmos sends them its invitation, the only mail that syncd ever asks for.
    """

    fields: Mapping[str, FieldValue]
    invite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PutUser:
    """Change a user by read-modify-write of the full record.

    ``fields`` and ``active`` (None: as it is) are laid over ``profile``, the full record *just read* in this run
    (at most 5 minutes ago), or over one that is read first when ``profile`` is None. A user whom ``protection`` covers by
    that record is not changed: they may have become so since the Plan was made.
    """

    user_id: str
    fields: Mapping[str, FieldValue]
    active: bool | None = None
    profile: Mapping[str, Any] | None = None
    protection: Protection = field(default_factory=Protection)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTeam:
    """Create a team below ``parent_id`` ("" for a root team)."""

    name: str
    parent_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTeam:
    """Give a team another name; its people, and its description, stay."""

    team_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMembers:
    """Add users to one team, in one call."""

    team_id: str
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTeams:
    """Add one user to teams, in one call."""

    user_id: str
    team_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveMember:
    """Take one user out of one team."""

    team_id: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveTeams:
    """Take one user who has left out of these teams, and out of no other."""

    user_id: str
    team_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignItems:
    """Give one user learning paths, or courses, in one call."""

    user_id: str
    kind: ItemKind
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnassignItem:
    """Take one learning path or course from one user."""

    user_id: str
    item: ItemKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCourse:
    """Empty one user's completion of a course; the course stays assigned.

    Only the completion that was ``planned`` (its dates as they were known), and none that was made after ``due``.
    """

    user_id: str
    item: ItemKey
    planned: Result
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveTeam:
    """Give one team learning paths, or courses, in one call; ``library``: put them into its library."""

    team_id: str
    kind: ItemKind
    item_ids: tuple[str, ...]
    library: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFromTeam:
    """Take one learning path or course from one team, and so from the members who have it in no other way."""

    team_id: str
    item: ItemKey


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamItem:
    """What a team has, as Litmos lists it; what is in its ``library`` it gives to nobody."""

    item: Item
    library: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRole:
    """Make a member leader (or admin) of a team, or with ``held`` False one no longer."""

    team_id: str
    user_id: str
    role: Role
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadUsers:
    """Read the full profiles of all users by page, so that the PUTs that follow need no read of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One user of an import: ``user_id`` is "" for one to be created; ``fields`` are profile fields to be set."""

    username: str
    fields: Mapping[str, FieldValue]
    user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """How an import goes without reading all users: what changed within ``spans`` (since, to) is read instead.

    ``known`` are those of its people, of their UserNames and of their links, as the mirror has them; ``trusted`` False: the
    mirror is too old for that. All users are ``pages`` requests.
    """

    spans: tuple[tuple[datetime, datetime], ...]
    pages: int
    known: tuple[Mapping[str, Any], ...] = ()
    trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportUsers:
    """Create and update users by one bulk import, which Litmos applies later.

    ``import_id`` names the import once Litmos has taken it ("" if that is unknown); ``overdue`` True: it has had its
    time, what is there now counts; ``missed`` True: a reading after its end has missed something before. ``link_field``
    is the profile field that says who somebody is. Nobody whom ``protection`` covers by what is read before is changed.
    ``known`` is what the mirror holds of its people once it was sent; ``near`` None: all users are read before and after it.
    """

    rows: tuple[ImportRow, ...]
    link_field: str = "ExternalEmployeeId"
    skip_first_login: bool = False
    import_id: str = ""
    overdue: bool = False
    missed: bool = False
    protection: Protection = field(default_factory=Protection)
    known: tuple[Mapping[str, Any], ...] = ()
    near: Near | None = None


Operation = (
    CreateUser
    | PutUser
    | CreateTeam
    | RenameTeam
    | AddMembers
    | JoinTeams
    | RemoveMember
    | LeaveTeams
    | AssignItems
    | UnassignItem
    | ResetCourse
    | RecordModule
    | RecordSession
    | GiveTeam
    | TakeFromTeam
    | SetRole
    | ReadUsers
    | ImportUsers
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFact:
    """A team that is now known to exist in Litmos; ``parent_id`` is "" for a root team."""

    id: str
    name: str
    parent_id: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """A user of a learning path or course as Litmos lists them: ``percent`` 0-100.

    ``compliant_until`` is how long the completion counts, ``completed_at`` when it was made; None: not told.
    """

    user_id: str
    completed: bool
    percent: float
    compliant_until: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What is now known about Litmos because of one Operation.

    ``profiles`` are full records in Litmos' own field names; ``read_at`` is when they were read (None: they are
    what was written, and must not pass for *just read*). ``gone_users`` are ids that Litmos answered 404 for.
    """

    profiles: Sequence[Mapping[str, Any]] = ()
    profiles_just_read: bool = False
    listed: bool = False
    """``profiles`` are all users."""
    told: tuple[Mapping[str, Any], ...] = ()
    """Rows of a date window about users: some fields of their records."""
    born: tuple[Mapping[str, Any], ...] = ()
    """New users as a date window showed them, with the values that somebody new has."""
    teams: tuple[TeamFact, ...] = ()
    """Teams that were made."""
    renamed: tuple[TeamFact, ...] = ()
    members_added: tuple[tuple[str, str], ...] = ()
    """(team id, user id)"""
    members_removed: tuple[tuple[str, str], ...] = ()
    assigned: tuple[tuple[str, ItemKey], ...] = ()
    """(user id, item)"""
    unassigned: tuple[tuple[str, ItemKey], ...] = ()
    kept: tuple[tuple[str, ItemKey], ...] = ()
    """(user, item) that Litmos does not take from the user, for a team or a learning path gives it as well"""
    progress: tuple[tuple[ItemKey, Learner], ...] = ()
    """How far users are, as it was just read or made."""
    resets: tuple[tuple[ItemKey, Learner], ...] = ()
    """Completions that are no more, with the dates that they had."""
    team_given: tuple[tuple[str, ItemKey, bool], ...] = ()
    """(team id, item, whether into the library)"""
    team_taken: tuple[tuple[str, ItemKey], ...] = ()
    roles_set: tuple[SetRole, ...] = ()
    requests: int = 0
    """How many HTTP requests it took."""
    import_id: str = ""
    """The import that Litmos took."""
    pending: bool = False
    """Litmos has not ended the import yet: look again later."""
    missed: bool = False
    """It has ended, and something is not there, though Litmos says nothing of it: look again before it counts."""
    late: bool = False
    """It has had its time, and Litmos may still apply it."""
    made: Mapping[str, str] = field(default_factory=dict)
    """Of an import that has ended: username -> user id of everybody that it was to create and who is there."""
    refused: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of an import that has ended: username -> (code, message) of each row that is not as it was to be."""
    note: str = ""
    """A sentence for the sync log when the Operation found nothing left to do (``already so``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A full reading of Litmos for a refresh: complete lists, or none (a failed page raises instead).

    ``members`` maps team id to the ids of its *active* users (Litmos hides the inactive ones);
    ``learners`` maps a learning path or course to its users; ``roles`` maps (team id, role) to the ids of those who have it.
    ``began_at`` is the database time before the first request.
    """

    began_at: datetime
    profiles: Sequence[Mapping[str, Any]]
    teams: tuple[TeamFact, ...]
    members: Mapping[str, frozenset[str]]
    items: tuple[Item, ...]
    learners: Mapping[ItemKey, tuple[Learner, ...]]
    kinds: frozenset[ItemKind] = frozenset({ItemKind.LEARNING_PATH})
    """the kinds of items that were listed"""
    roles: Mapping[RoleList, frozenset[str]] = field(default_factory=dict)
    shelves: Mapping[TeamShelf, tuple[TeamItem, ...]] = field(default_factory=dict)
    """what some teams give or have in their libraries"""
    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place in the rolling window, held from before a request is sent until long after its answer.

    ``send_by`` is the last moment, in seconds of the boot-time clock, at which a first byte may leave.
    """

    number: int
    token: str
    send_by: float


class Gate(Protocol):
    """The rolling window that every request passes (implemented over the database by ``store.window``)."""

    def acquire(self) -> Slot:
        """Block until a slot is free and take it; raises ``Interrupted`` when the process is stopping."""
        ...

    def release(self, slot: Slot, *, sent: bool, answered: bool) -> None:
        """Give it back: free at once if never ``sent``, one window after an answer, later if none came."""
        ...

    def freeze(self, reason: str) -> None:
        """Stop all senders of this account for one window (after a 503)."""
        ...


class Watch(Protocol):
    """What the worker wants to hear from the client about the job that is being applied."""

    def before_send(self, *, write: bool) -> None:
        """Called with the slot in hand, before the first byte: renews the lease, commits ``sent_at`` of a write.

        Raises if the lease was lost, and then nothing is sent.
        """
        ...


class Interrupted(Exception):
    """The process is stopping; nothing was sent, and the job goes back as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatched:
    """A Watch for reads outside the queue: hears nothing, stops nothing."""

    notes: Mapping[str, str] = field(default_factory=dict)

    def before_send(self, *, write: bool) -> None:
        """Do nothing."""
