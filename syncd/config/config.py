"""Config: everything that a configuration file says, ready for use and unchangeable."""

from collections.abc import Mapping as TypingMapping
from dataclasses import dataclass, field
from pathlib import Path

from syncd.config.archive_parts import ArchiveSettings
from syncd.config.message_parts import MessageSettings
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
from syncd.config.web_parts import WebSettings
from syncd.core.mapping import Mapping
from syncd.core.training import TrainingRule


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
    log: LogSettings
    digest: str
    messages: MessageSettings = field(default_factory=MessageSettings)
    training: tuple[TrainingRule, ...] = ()
    training_sources: tuple[SourceSettings, ...] = ()
    warnings: tuple[str, ...] = ()
    shown: tuple[Shown, ...] = field(default=(), repr=False)

    def redacted(self) -> tuple[Shown, ...]:
        """Every setting with its place, in the order of the manual; no secret is in it."""
        return self.shown
