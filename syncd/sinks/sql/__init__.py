"""The SQL sink: rows merged by a key into a table that exists, one transaction a batch.

The same batch again finds its own rows by their key, so that it leaves them as they are.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from syncd.core.finding import count
from syncd.sinks.mapped import mapped, pending, refuse
from syncd.sinks.settings import SqlSinkSettings
from syncd.sinks.sql.connection import parse_url, place_of, transaction
from syncd.sinks.sql.table import Target, find_target
from syncd.sinks.sql.upsert import parameter, upsert

TOGETHER = 1000
"""Rows that are handed to the driver at once."""


class SqlSink:
    """A Sink that is a table."""

    wants_everything = False
    """As ``Sink.wants_everything``: what was delivered before is still in the table."""

    def __init__(self, settings: SqlSinkSettings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """The configured name."""
        return self._settings.name

    def check(self) -> str:
        """As ``Checked.check``: the table is looked at, nothing is written."""
        settings = self._settings
        with transaction(settings, "Nothing was written.") as connection:
            target = find_target(connection, settings)
        return (
            f"{settings.table} at {place_of(parse_url(settings))}: {count(len(target.filled), 'column')} fit, "
            f"rows are found again by {', '.join(column.name for column in target.key)}"
        )

    def deliver(self, batch_id: str, rows: Sequence[Mapping[str, str]]) -> None:
        """As ``Sink.deliver``. Of rows that have the same key, the last one counts."""
        settings = self._settings
        cells = mapped(self.name, batch_id, rows, settings.columns)
        with transaction(settings, f"Nothing was written. {pending(batch_id, len(rows))}") as connection:
            target = find_target(connection, settings)
            values, faults = _values(target, cells)
            refuse(self.name, batch_id, len(rows), faults)
            _write(connection, target, values)


def _values(target: Target, cells: Sequence[Mapping[str, str]]) -> tuple[list[dict[str, object]], list[str]]:
    """The parameters of the statement for each key, and why others cannot be made: no value is in such a sentence."""
    keys = [place for place, each in enumerate(target.filled) if each.column in set(target.key)]
    found: dict[tuple[object, ...], dict[str, object]] = {}
    faults: list[str] = []
    for number, row in enumerate(cells, 1):
        values: dict[str, object] = {}
        for place, each in enumerate(target.filled):
            text = row[each.name]
            try:
                values[parameter(place)] = each.value(text)
                if not text and place in keys:
                    raise ValueError("is blank, and belongs to the key")  # noqa: TRY301 - noted below with the rest
            except ValueError as error:
                faults.append(f"row {number}: {each.name} {error}")
        found[tuple(values.get(parameter(place)) for place in keys)] = values
    return list(found.values()), faults


def _write(connection: Connection, target: Target, values: Sequence[Mapping[str, object]]) -> None:
    """Insert or update each row. Where rows that were withdrawn are to be deleted, this is the place."""
    statement = upsert(target, connection.dialect)
    for start in range(0, len(values), TOGETHER):
        connection.execute(statement, list(values[start : start + TOGETHER]))
