"""Config: everything that a configuration file says, ready for use and unchangeable."""

import re
from collections.abc import Mapping as TypingMapping
from dataclasses import dataclass, field
from pathlib import Path

from syncd.config.archive_parts import ArchiveSettings
from syncd.config.message_parts import MessageSettings
from syncd.config.metrics_parts import MetricsSettings
from syncd.config.secrets import Secret
from syncd.config.settings import (
    LitmosSettings,
    LogSettings,
    PullSettings,
    PushSettings,
    RetentionSettings,
    ScheduleSettings,
)
from syncd.config.source_parts import SourceSettings
from syncd.config.team_parts import NodeFilePart
from syncd.config.telemetry_parts import TelemetrySettings
from syncd.config.web_parts import WebSettings
from syncd.core.mapping import Mapping
from syncd.core.training import TrainingRule

PLANNING = ("scope", "employee", "users", "teams", "learning_paths", "courses", "training", "push")
"""The parts of the file that a Plan depends on."""
_READING = frozenset(
    {"name", "columns", "add", "header", "positions", "guards", "delimiter", "quote", "encoding", "sheet"}
)
"""The settings of a source that Plans depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One setting as it may be shown: its YAML path, its value (secrets as dots), and where it is set.

    ``where`` is ``syncd.yaml:4:9``, or ``default``.
    """

    key: str
    value: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration that was read and checked.

    ``digest`` identifies what plans depend on (scope, employee, users, teams, learning paths, push), in 16 hexadecimal
    digits; ``sources`` are those of HR, the first one first; ``node_files`` are the files of organisation trees by space; ``warnings`` are sentences about what works and should not stay; durations are seconds, paths absolute.
    """

    path: Path
    database: Secret
    litmos: LitmosSettings
    sources: tuple[SourceSettings, ...]
    mapping: Mapping
    node_files: TypingMapping[str, NodeFilePart]
    push: PushSettings
    pull: PullSettings
    schedules: ScheduleSettings
    retention: RetentionSettings
    archive: ArchiveSettings | None
    web: WebSettings
    metrics: MetricsSettings
    log: LogSettings
    digest: str
    messages: MessageSettings = field(default_factory=MessageSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
    training: tuple[TrainingRule, ...] = ()
    training_sources: tuple[SourceSettings, ...] = ()
    warnings: tuple[str, ...] = ()
    sensitive: frozenset[str] = frozenset()
    """The Litmos fields that a column of ``users.sensitive`` goes to."""
    shown: tuple[Shown, ...] = field(default=(), repr=False)

    @property
    def planning(self) -> dict[str, str]:
        """Of these the settings that ``digest`` stands for: path -> value."""
        return {one.key: one.value for one in self.shown if _is_of_plans(one.key)}

    def redacted(self) -> tuple[Shown, ...]:
        """Every setting with its place, in the order of the manual; no secret is in it."""
        return self.shown


def _is_of_plans(key: str) -> bool:
    """Whether Plans depend on a setting, by its path: ``teams[0].name``; of a source only on how its lines become cells."""
    top, *rest = re.split(r"[.\[\]]+", key)
    return top in PLANNING or (top in {"source", "sources"} and not _READING.isdisjoint(rest))
