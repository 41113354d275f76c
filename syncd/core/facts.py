"""Facts: everything that is known about one person and what is asked about: HR, rules, match, Litmos, Plan and history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncd.core.finding import Finding
from syncd.core.limits import Hold, Policy
from syncd.core.managers import MANAGER_ID
from syncd.core.model import (
    Change,
    Employee,
    FieldValue,
    Reason,
    Skip,
    User,
    team_text,
)
from syncd.core.recertify import Decision, Result
from syncd.core.recording import WAITING
from syncd.core.rules import Absence
from syncd.core.subject import Subject, SubjectKind
from syncd.core.trace import Traced

OF_OBJECTS = WAITING | {
    *("ITEM-STARTED", "GIVEN-OTHERWISE", "OVERLAP", "FLAPPING", "RESET-UNDATED", "RESET-TOO-SHORT")
}
"""Codes of Skips of a team, learning path or course, not of the whole person; their message names it."""
OF_FIELDS = {"MANAGER-": MANAGER_ID}
"""How the codes of Skips begin that are of one field only."""
RULES_OF_FIELDS = {MANAGER_ID: "users.manager"}
"""Fields that have another rule than ``users.fields``."""


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

    @property
    def waits(self) -> bool:
        """Whether it waits for a person: a Run may be held whole, or go on without what it holds."""
        return self.state == "held" and self.run_state in {"held", "running"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What syncd gave, or was adopted, ``membership``, ``assignment`` or a role: its object (team text, or item as text)."""

    object_id: str
    kind: str
    run_id: int | None
    at: datetime
    rule: str = ""
    actor: str = ""
    team: str = ""

    @property
    def by(self) -> str:
        """By which Run syncd gave it, who adopted it, or with which team it comes."""
        if self.team:
            return f'it comes with team "{self.team}"'
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
    source: str = ""
    absent_since: datetime | None = None
    absent_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything known about one person.

    ``unreadable`` says why HR cannot be read now ("": it can); ``alike`` are ids that differ from this one in zeros in front, if
    no row has it. ``origins`` are the rows that name the person, ``rules`` what
    each rule made of them, ``reasons`` why they are rejected (``is_case``: for a person to decide). ``teams`` are team text -> name of each membership in the
    mirror, ``items`` item as text -> whether it was started (``results``: and how they stand with it), ``reset`` whether what is asked about is reset
    now, ``roles`` team text -> leader, admin, ``unread`` the teams and items
    whose people were never read. ``changes`` (that the Policy lets through), ``withheld``
    and ``skips`` are the person's in a Plan made now, ``holds`` why it, or a part of it, would be held,
    ``held`` the keys of the Changes that would wait, ``problems`` which rules could not be
    followed. ``history`` is newest first.
    """

    employee_id: str
    subject: Subject
    now: datetime
    input_name: str = ""
    input_rows: int = 0
    unreadable: str = ""
    alike: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    rules: tuple[Traced, ...] = ()
    reasons: tuple[Reason, ...] = ()
    is_case: bool = False
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
    results: Mapping[str, Result] = field(default_factory=dict)
    reset: Decision | None = None
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    item_names: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = Policy.SYNC
    changes: tuple[Change, ...] = ()
    withheld: tuple[Change, ...] = ()
    skips: tuple[Skip, ...] = ()
    holds: tuple[Hold, ...] = ()
    held: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    paused: str = ""
    history: tuple[Happened, ...] = ()
    grants: tuple[Granted, ...] = ()
    drift: tuple[Drifted, ...] = ()
    training: tuple[Finding, ...] = ()
    """what was recorded of training that HR knows of, and which of its rows cannot be followed"""

    def planned(self) -> tuple[Change, ...]:
        """The Changes about the subject that a push now would make."""
        return tuple(change for change in self.changes if self.subject.concerns(change))

    def kept_back(self) -> tuple[Change, ...]:
        """Those about the subject that the Policy withholds."""
        return tuple(change for change in self.withheld if self.subject.concerns(change))

    def skipped(self) -> tuple[Skip, ...]:
        """The Skips of the whole person, and those of what is asked about; unknown codes are of both."""
        return tuple(skip for skip in self.skips if self._is_about(skip))

    def _is_about(self, skip: Skip) -> bool:
        if self.subject.kind is SubjectKind.PERSON:
            return True
        if skip.code in OF_OBJECTS:
            key = self.subject.key
            return any(
                name in skip.message for name in {self.subject.name, key, key.partition(":")[2]} - {""}
            )
        field = next((name for start, name in OF_FIELDS.items() if skip.code.startswith(start)), None)
        return field is None or field == self.subject.key

    def past(self) -> tuple[Happened, ...]:
        """What happened to the subject, newest first."""
        return tuple(one for one in self.history if self.subject.concerns(one.change))

    def rule(self) -> Traced | None:
        """What the rule made that makes the field which is asked about."""
        key = RULES_OF_FIELDS.get(self.subject.key, f"users.fields.{self.subject.key}")
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
        """By which Run syncd gave the membership or assignment that is asked about, or None."""
        kinds = {"membership", "assignment"}
        return next(
            (one for one in self.grants if one.object_id == self.subject.key and one.kind in kinds), None
        )
