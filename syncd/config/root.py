"""Root: the whole file as one shape."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from syncd.config.archive_parts import ArchiveSettings
from syncd.config.document import Loc
from syncd.config.kinds import Part, SecretUrl
from syncd.config.mapping_parts import CourseItem, EmployeePart, ExamplePart, PathItem, UsersPart
from syncd.config.message_parts import MessageSettings
from syncd.config.metrics_parts import MetricsSettings
from syncd.config.settings import (
    LitmosSettings,
    LogSettings,
    PullSettings,
    PushSettings,
    RetentionSettings,
    ScheduleSettings,
    ScopePart,
)
from syncd.config.source_parts import SourceItem, SourceSettings
from syncd.config.team_parts import TeamPart
from syncd.config.telemetry_parts import TelemetrySettings
from syncd.config.training_parts import TrainingPart
from syncd.config.web_parts import WebSettings


def _version(value: Any) -> Any:
    return 1 if value == "1" else value


class Root(Part):
    """syncd's configuration."""

    version: Annotated[Literal[1], BeforeValidator(_version)]
    """The version of this file's format: 1."""
    database: SecretUrl
    """Where syncd keeps what it knows: SQLite (one process) or PostgreSQL."""
    litmos: LitmosSettings
    """The Litmos account."""
    source: SourceItem | None = None
    """Where HR's data is read."""
    sources: tuple[SourceItem, ...] = ()
    """Or several of them: what the first one that names a person says of them is taken."""
    scope: ScopePart = ScopePart()
    """Who is synced at all."""
    employee: EmployeePart
    """Who somebody is to HR."""
    users: UsersPart
    """How an employee becomes a Litmos user."""
    teams: tuple[TeamPart, ...] = ()
    """Teams by rule; only teams that a rule names are ever touched."""
    learning_paths: tuple[PathItem, ...] = ()
    """Learning paths by rule."""
    courses: tuple[CourseItem, ...] = ()
    """Courses by rule, exactly as learning paths."""
    training: tuple[TrainingPart, ...] = ()
    """Training that HR knows of and Litmos does not: courses elsewhere, classroom attendance, licences."""
    examples: tuple[ExamplePart, ...] = ()
    """Rows with what the mapping is to make of them, run by `syncd config check`."""
    push: PushSettings = PushSettings()
    """HR to Litmos."""
    pull: PullSettings = PullSettings()
    """Litmos to HR."""
    schedules: ScheduleSettings = ScheduleSettings()
    """When the daemon runs the flows."""
    retention: RetentionSettings = RetentionSettings()
    """How long what has ended is kept."""
    archive: ArchiveSettings | None = None
    """What is kept of the inputs that runs read; null: nothing."""
    web: WebSettings = WebSettings()
    """The sync log's pages."""
    metrics: MetricsSettings = MetricsSettings()
    """Metrics for Prometheus, without authentication."""
    telemetry: TelemetrySettings = TelemetrySettings()
    """Traces of runs, for OpenTelemetry."""
    messages: MessageSettings = MessageSettings()
    """Who is told when a person is needed."""
    log: LogSettings = LogSettings()
    """What is logged."""

    @property
    def hr(self) -> dict[Loc, SourceSettings]:
        """Every source by its Loc, the first one first."""
        one: dict[Loc, SourceSettings] = {} if self.source is None else {("source",): self.source}
        return {**one, **{("sources", index): part for index, part in enumerate(self.sources)}}
