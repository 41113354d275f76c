"""The limits of a push as they are written."""

from typing import Annotated

from pydantic import Field

from syncd.config.kinds import Part, Seconds
from syncd.core.limits import EVERY_OTHER, Flaps, Limit, Limits

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Percent = Annotated[float, Field(ge=0, le=100)]


class LimitPart(Part):
    """How much of one thing is allowed; what is exceeded first counts."""

    count: Count | None = None
    """At most so many; null for any number."""
    percent: Percent | None = None
    """At most this share; null for any share."""

    @property
    def limit(self) -> Limit:
        """The same as the core's value."""
        return Limit(count=self.count, percent=self.percent)


class DeactivationLimit(LimitPart):
    """People who would lose access."""

    count: Count | None = 20
    """At most so many; null for any number."""
    percent: Percent | None = 5.0
    """At most this share of the linked, active users; null for any share."""


class ChangeLimit(LimitPart):
    """People who would be updated, deactivated or reactivated."""

    percent: Percent | None = 30.0
    """At most this share of the linked, active users; null for any share."""


class RemovalLimit(LimitPart):
    """Memberships, roles, learning paths and courses that would be taken away."""

    percent: Percent | None = 20.0
    """At most this share of all those known; null for any share."""


class ResetLimit(LimitPart):
    """Completions of courses that would be reset."""

    percent: Percent | None = 20.0
    """At most this share of all learning paths and courses that people have, as far as known; null for any share."""


class ResultLimit(LimitPart):
    """Results that would be recorded for training that HR knows of."""

    percent: Percent | None = 20.0
    """At most this share of all learning paths and courses that people have, as far as known; null for any share."""


class TeamLimit(LimitPart):
    """Members that any one team would lose."""

    minimum: Count = 10
    """In a team of fewer active members the percentage does not count."""

    @property
    def limit(self) -> Limit:
        """The same as the core's value."""
        return Limit(count=self.count, percent=self.percent, minimum=self.minimum)


class FlapsPart(Part):
    """How often one thing may be given to a person and taken again."""

    count: Annotated[int, Field(ge=1, le=1_000_000)] = 3
    """So often each; after that it is kept as it is."""
    within: Annotated[Seconds, Field(gt=0)] = 7 * 86_400.0
    """Within this time."""

    @property
    def flaps(self) -> Flaps:
        """The same as the core's value."""
        return Flaps(count=self.count, window=self.within)


class LimitsPart(Part):
    """What holds a push for a person to approve."""

    deactivations: DeactivationLimit = DeactivationLimit()
    """People who would lose access."""
    changes: ChangeLimit = ChangeLimit()
    """People who would be updated, deactivated or reactivated."""
    creates: LimitPart = LimitPart()
    """People who would be created."""
    updates: LimitPart = LimitPart()
    """People of whom any field would be changed."""
    renames: LimitPart = LimitPart()
    """People whose UserName would be changed."""
    fields: dict[str, LimitPart] = Field(default={EVERY_OTHER: LimitPart()})
    """People of whom this one field would be changed, by field; "*" is each field that is not named."""
    removals: RemovalLimit = RemovalLimit()
    """Memberships, roles, learning paths and courses that would be taken away."""
    memberships_removed: LimitPart = LimitPart()
    """Memberships that would be taken away."""
    memberships_added: LimitPart = LimitPart()
    """Memberships that would be given."""
    assignments_removed: LimitPart = LimitPart()
    """Learning paths and courses that would be taken away, those that go along with a team included."""
    assignments_added: LimitPart = LimitPart()
    """Learning paths and courses that would be given, those that come along with a team included."""
    resets: ResetLimit = ResetLimit()
    """Completions of courses that would be reset for recertification."""
    results: ResultLimit = ResultLimit()
    """Results that would be recorded for training that HR knows of (`training:`)."""
    team_creates: LimitPart = LimitPart()
    """Teams that would be created."""
    team_removals: TeamLimit = TeamLimit()
    """Members that any one team would lose: they leave it, or lose access."""
    window: Annotated[Seconds, Field(gt=0)] | None = 86_400.0
    """What was done within this time counts, too, so that nothing comes in waves; null counts each push for itself."""
    flaps: FlapsPart | None = FlapsPart()
    """What is given and taken more often is kept as it is, and told; null: never."""
    shrink_percent: Percent = 20.0
    """How much smaller than the last accepted input the source may be."""
    grow_percent: Annotated[float, Field(ge=0, le=1_000_000)] | None = 100.0
    """How much larger than the last accepted input it may be; null for any."""
    overlap_percent: Percent | None = 80.0
    """How many of whom the last accepted input named it must name; null for none."""
    blank_percent: Percent | None = 50.0
    """From which share of filled-in rows on a mapped column may not go blank for everybody; null: it may."""
    rejected_percent: Percent = 5.0
    """How many of its rows may be rejected."""
    minimum_population: Count = 20
    """Below this many users the percentages do not count."""

    @property
    def limits(self) -> Limits:
        """The same as the core's value."""
        return Limits(
            deactivations=self.deactivations.limit,
            changes=self.changes.limit,
            creates=self.creates.limit,
            updates=self.updates.limit,
            renames=self.renames.limit,
            fields={name: one.limit for name, one in self.fields.items()},
            removals=self.removals.limit,
            memberships_removed=self.memberships_removed.limit,
            memberships_added=self.memberships_added.limit,
            assignments_removed=self.assignments_removed.limit,
            assignments_added=self.assignments_added.limit,
            resets=self.resets.limit,
            results=self.results.limit,
            team_creates=self.team_creates.limit,
            team_removals=self.team_removals.limit,
            window=self.window,
            flaps=None if self.flaps is None else self.flaps.flaps,
            shrink_percent=self.shrink_percent,
            grow_percent=self.grow_percent,
            overlap_percent=self.overlap_percent,
            blank_percent=self.blank_percent,
            rejected_percent=self.rejected_percent,
            minimum_population=self.minimum_population,
        )
