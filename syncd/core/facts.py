"""Facts: everything that is known about one person and what is asked about: HR, rules, match, Litmos, Plan and history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syncd.core.diff import Skip
from syncd.core.limits import Hold, Policy
from syncd.core.model import (
    Action,
    Change,
    Employee,
    FieldValue,
    ItemKind,
    ObjectKind,
    Reason,
    User,
    team_key,
    team_text,
)
from syncd.core.rules import Absence
from syncd.core.trace import Traced

OF_OBJECTS = frozenset({"ITEM-STARTED", "GIVEN-OTHERWISE"})
"""Codes of Skips of a team, learning path or course, not of the whole person; their message names it."""


class SubjectKind(StrEnum):
    """What is asked about."""

    PERSON = "person"
    FIELD = "field"
    TEAM = "team"
    PATH = "path"
    COURSE = "course"

    @property
    def item_kind(self) -> ItemKind | None:
        """The kind of item that is asked about, or None."""
        return {SubjectKind.PATH: ItemKind.LEARNING_PATH, SubjectKind.COURSE: ItemKind.COURSE}.get(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked about: ``name`` is for people to read, ``key`` a field, a team text, or an item as text.

    ``key`` is the name itself for a learning path or course that Litmos does not have.
    """

    kind: SubjectKind
    name: str = ""
    key: str = ""

    def concerns(self, change: Change) -> bool:
        """Whether the Change is about this."""
        match self.kind:
            case SubjectKind.FIELD:
                return change.kind is ObjectKind.USER and (
                    self.key in change.after or self.key in change.before or change.action is Action.CREATE
                )
            case SubjectKind.TEAM:
                return bool(change.team) and team_text(team_key(change.team)) == self.key
            case SubjectKind.PATH | SubjectKind.COURSE:
                items = (*change.gives, *change.takes, *([change.item] if change.item else []))
                return self.key in map(str, items)
            case _:
                return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A Change as a Run planned it, and what became of it.

    ``state`` and ``code``, ``message`` are the Change's; ``job_state`` is "" if no Job was made; ``request`` is the Job's
    kind, ``status`` the HTTP status of a refusal (None: none was kept). ``at`` is when it ended, or when the Run began.
    """

    change: Change
    run_id: int
    run_state: str
    actor: str
    at: datetime
    state: str
    code: str = ""
    message: str = ""
    job_id: int | None = None
    job_state: str = ""
    request: str = ""
    attempts: int = 0
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A membership or assignment that syncd gave or that was adopted: its object (team text, or item as text), how, when."""

    object_id: str
    run_id: int | None
    at: datetime
    rule: str = ""
    actor: str = ""

    @property
    def by(self) -> str:
        """By which Run syncd gave it, or who adopted it."""
        if self.run_id is None:
            return f"made by hand, and {self.actor} adopted it for {self.rule}"
        return f"syncd gave it in run {self.run_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """What somebody else changed in Litmos, as a refresh saw it ``at`` some time; ``object_id`` is a team text or an item as text."""

    object_id: str
    field: str
    before: FieldValue
    after: FieldValue
    run_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person as the last accepted input had them: where, and since when and how often they are missing."""

    origin: str
    present: bool
    last_seen_at: datetime
    absent_since: datetime | None = None
    absent_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything known about one person.

    ``unreadable`` says why HR cannot be read now ("": it can). ``origins`` are the rows that name the person, ``rules`` what
    each rule made of them, ``reasons`` why they are rejected. ``teams`` are team text -> name of each membership in the
    mirror, ``items`` item as text -> whether it was started, ``unread`` the teams and items whose people were never read. ``changes`` (that the Policy lets through), ``withheld``
    and ``skips`` are the person's in a Plan made now, ``holds`` why it would be held, ``problems`` which rules could not be
    followed. ``history`` is newest first.
    """

    employee_id: str
    subject: Subject
    now: datetime
    input_name: str = ""
    input_rows: int = 0
    unreadable: str = ""
    origins: tuple[str, ...] = ()
    rules: tuple[Traced, ...] = ()
    reasons: tuple[Reason, ...] = ()
    employee: Employee | None = None
    known: Known | None = None
    absence: Absence = field(default_factory=Absence)
    user_id: str = ""
    linked_by: str = ""
    linked_at: datetime | None = None
    user: User | None = None
    mirror_read_at: datetime | None = None
    teams: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, bool] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    item_names: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = Policy.SYNC
    changes: tuple[Change, ...] = ()
    withheld: tuple[Change, ...] = ()
    skips: tuple[Skip, ...] = ()
    holds: tuple[Hold, ...] = ()
    problems: tuple[str, ...] = ()
    paused: str = ""
    history: tuple[Happened, ...] = ()
    grants: tuple[Granted, ...] = ()
    drift: tuple[Drifted, ...] = ()

    def planned(self) -> tuple[Change, ...]:
        """The Changes about the subject that a push now would make."""
        return tuple(change for change in self.changes if self.subject.concerns(change))

    def kept_back(self) -> tuple[Change, ...]:
        """Those about the subject that the Policy withholds."""
        return tuple(change for change in self.withheld if self.subject.concerns(change))

    def skipped(self) -> tuple[Skip, ...]:
        """The Skips of the whole person, and those whose message names what is asked about; unknown codes are of both."""
        key = self.subject.key
        names = {self.subject.name, key, key.partition(":")[2]} - {""}
        whole = self.subject.kind is SubjectKind.PERSON
        return tuple(
            skip
            for skip in self.skips
            if whole or skip.code not in OF_OBJECTS or any(name in skip.message for name in names)
        )

    def past(self) -> tuple[Happened, ...]:
        """What happened to the subject, newest first."""
        return tuple(one for one in self.history if self.subject.concerns(one.change))

    def rule(self, key: str) -> Traced | None:
        """What the rule with this YAML path made."""
        return next((rule for rule in self.rules if rule.place.key == key), None)

    def given(self) -> str:
        """The rule (``teams[0]``) that gives the person the team or learning path that is asked about, or ""."""
        employee, subject = self.employee, self.subject
        if employee is None:
            return ""
        if subject.kind is SubjectKind.TEAM:
            found = [wish.rule for wish in employee.teams if team_text(wish.key) == subject.key]
        else:
            named = {subject.key.casefold(), subject.name.strip().casefold()}
            found = [
                wish.rule
                for wish in employee.items
                if wish.item.kind is subject.kind.item_kind
                and {wish.item.name.strip().casefold(), f"{wish.item.kind}:{wish.item.name}".casefold()}
                & named
            ]
        return found[0] if found else ""

    def has(self) -> bool:
        """Whether the mirror has the person in the team, or with the item, that is asked about."""
        held = self.teams if self.subject.kind is SubjectKind.TEAM else self.items
        return self.subject.key in held

    def grant(self) -> Granted | None:
        """By which Run syncd gave what is asked about, or None."""
        return next((one for one in self.grants if one.object_id == self.subject.key), None)
