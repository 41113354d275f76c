"""Settings: the shape of every part of the file but the mapping, as the rest of syncd reads it. Durations are seconds."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from syncd.config.kinds import FilePath, Flag, Part, Seconds, SecretText, Text, When
from syncd.config.limit_parts import Count, LimitsPart
from syncd.config.sink_parts import SinkSettings
from syncd.core.holding import HoldMode
from syncd.core.limits import Limits, Policy

WEEK = 7 * 86400.0
ResultKind = Literal["course", "module", "learning_path", "achievement", "session", "badge", "points"]
ResultStatus = Literal["assigned", "in_progress", "completed", "failed", "missed", "expired"]


class RateSettings(Part):
    """The rolling window that Litmos allows to one API key."""

    requests: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Requests in any window; Litmos: 100."""
    window: Annotated[Seconds, Field(gt=0)] = 60.0
    """The length of the window; Litmos: 60s."""
    reserve: Count = 0
    """Requests of each window that syncd leaves to other programs that use the same account."""

    @model_validator(mode="after")
    def _something_is_left(self) -> "RateSettings":
        if self.reserve >= self.requests:
            raise ValueError(f"reserve ({self.reserve}) leaves nothing of {self.requests} requests")
        return self

    @property
    def usable(self) -> int:
        """The requests of each window that syncd may send."""
        return self.requests - self.reserve


class LitmosSettings(Part):
    """The Litmos account, and how syncd talks to it."""

    account: Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")] = "main"
    """A short name of ours for the account; everything that is stored is stored under it."""
    base_url: Text = "https://api.litmos.com/v1.svc"
    """The API of your data centre; https, but for loopback (the sandbox)."""
    api_key: SecretText
    """The API key of an account owner or administrator: a reference to an environment variable or a file."""
    source: Annotated[Text, Field(min_length=1, max_length=50)] = "syncd"
    """What Litmos shows as the origin of our requests (its `source` parameter)."""
    timeout: Annotated[Seconds, Field(ge=1, le=300)] = 25.0
    """The longest that one request may take, all in all."""
    ca_file: FilePath | None = None
    """Certificate authorities to trust besides the usual ones (PEM), for a proxy that inspects TLS."""
    limit: RateSettings = RateSettings()
    """The rate limit."""
    senders: Annotated[int, Field(ge=1, le=32)] = 4
    """Requests in flight at once."""
    settle_delay: Seconds = 30.0
    """How long to wait before Litmos is read to settle a write whose outcome is unknown."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 8
    """Tries of one request before it is given up and shown as failed."""
    bulk_imports: Literal["auto", "off"] = "auto"
    """auto: many creates and updates go as one bulk import where that takes fewer requests; off: each by itself."""


class PushSettings(Part):
    """HR to Litmos: what it may do, and how much before it is held."""

    policy: Policy = Policy.OBSERVE
    """observe (plan, send nothing), create-only, upsert-only, or sync (all of it)."""
    limits_part: LimitsPart = Field(default=LimitsPart(), alias="limits")
    """How much one push may do before it is held for a person."""
    hold: HoldMode = HoldMode.ALL
    """all: the whole push is held; slice: what the exceeded limit counts, and what needs that. A doubted input holds all."""
    hold_expires: Annotated[Seconds, Field(gt=0)] = 72 * 3600.0
    """How long a held run waits, and how long an approval is good for."""
    refresh_max_age: Annotated[Seconds, Field(ge=0)] = 300.0
    """How old what we know of Litmos may be before a push reads what has changed (6 requests if nothing did)."""
    check_within: Annotated[Seconds, Field(ge=3600.0)] = 172_800.0
    """How often at least every list is read in full, since Litmos may not tell what is removed from one."""

    @property
    def limits(self) -> Limits:
        """The Limits as the core's value."""
        return self.limits_part.limits


class PullSettings(Part):
    """Litmos to HR: training results."""

    results: Annotated[tuple[ResultKind, ...], Field(min_length=1)] = ("course", "learning_path")
    """Which results: course, module, learning_path, achievement, session, badge, points; docs/results.md says what each costs."""
    statuses: Annotated[tuple[ResultStatus, ...], Field(min_length=1)] = ("completed", "expired")
    """Which of them are delivered, by status; and whatever was delivered and does not hold any more, as withdrawn."""
    check_within: Annotated[Seconds, Field(ge=3600.0)] | None = WEEK
    """How often all results of courses are read again, for what date windows do not tell, such as resets; null: never."""
    overlap: Seconds = 48 * 3600.0
    """How far each pull looks back behind the last one, for results that Litmos shows late."""
    first_from: Seconds = 30 * 86400.0
    """How far the very first pull looks back."""
    sinks: tuple[SinkSettings, ...] = ()
    """Where they are delivered; none is allowed."""


class ScheduleSettings(Part):
    """When `syncd serve` runs the flows: cron expressions, or null for never."""

    refresh: Text | None = "0 2 * * *"
    """Litmos is read whole."""
    push: Text | None = None
    """HR goes to Litmos."""
    pull: Text | None = None
    """Results come back."""
    timezone: Text = "UTC"
    """The zone in which the expressions are read, such as Europe/Berlin."""


class RetentionSettings(Part):
    """How long runs that have ended are kept, with their jobs, attempts, changes and drift; null: for ever."""

    pushes: Annotated[Seconds, Field(ge=WEEK)] | None = 400 * 86400.0
    """Pushes, with every change: what `syncd why`, `employees show` and `revert` know of the past."""
    others: Annotated[Seconds, Field(ge=WEEK)] | None = 30 * 86400.0
    """Refreshes with the drift they found, pulls, and plans that sent nothing."""
    exchanges: Annotated[Seconds, Field(ge=0)] | None = 30 * 86400.0
    """What was sent to Litmos for a change and what it answered, masked; 0s: nothing is kept."""
    events: Annotated[Seconds, Field(ge=86400.0)] | None = 30 * 86400.0
    """What happened, as `syncd logs` shows it."""


class LogSettings(Part):
    """What syncd serve writes to its standard output, and the other commands to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important level that is written."""
    format: Literal["auto", "json", "console"] = "auto"
    """json: one object a line; console: for people; auto: console on a terminal, json elsewhere."""
    pseudonyms: Flag = False
    """true: syncd serve calls employees by pseudonyms in its log; syncd pseudonym ID says which."""


class AbsentPart(Part):
    """What it means that somebody is not in HR's data any more."""

    then: Literal["ignore", "deactivate"] = "ignore"
    """ignore: nothing happens; deactivate: they lose access, within the limits of the push."""
    after_files: Annotated[int, Field(ge=1, le=1000)] = 3
    """Only after they were missing from this many different, newer, complete inputs in a row,"""
    after_hours: Annotated[float, Field(ge=0, le=24 * 366)] = 48.0
    """and for at least this many hours."""


class ScopePart(Part):
    """Who is synced at all: a pilot group first."""

    when: When | None = None
    """The condition; nobody outside it is created, changed or given anything. null: everybody."""
    leaving: Literal["keep", "deactivate"] = "keep"
    """What happens to somebody who was in scope and is not any more."""
