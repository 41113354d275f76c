"""Planting: what every row of a seed may have: an Id and a number of its own, and its dates."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from syncd.sandbox.world import World


def parsed(value: str | None) -> datetime | None:
    """A time of a seed; one without a zone is UTC."""
    if not value:
        return None
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def stamp(moment: datetime | None) -> str | None:
    """A time in a dump: ISO in UTC with microseconds, so that a dump loads back unchanged."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def identity(world: World, kind: str, row: Mapping[str, Any], key: str = "OriginalId") -> tuple[int, str]:
    """The number and Id that a row of a seed brings along, else the next ones of its kind."""
    if row.get(key):
        number = int(row[key])
        world.mint.used(kind, number)
        return number, str(row.get("Id") or world.mint.token(kind, number))
    number, object_id = world.mint.mint(kind)
    return number, str(row.get("Id") or object_id)


def times(world: World, row: Mapping[str, Any]) -> dict[str, datetime]:
    """When it was made and last changed; now, unless the row says so."""
    created = parsed(row.get("CreatedDate")) or world.now()
    return {"created_at": created, "updated_at": parsed(row.get("UpdatedDate")) or created}
