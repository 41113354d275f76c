"""Mapped: the rows of a batch as the columns of a sink say, all of them before the first one is written."""

from collections.abc import Mapping, Sequence

from syncd.core.finding import count, some
from syncd.core.outgoing import Columns, made
from syncd.errors import SinkError


def mapped(
    name: str, batch_id: str, rows: Sequence[Mapping[str, str]], columns: Columns
) -> list[dict[str, str]]:
    """The cells of every row by column. Raises SinkError, with the first few of what is wrong, if any cannot be made."""
    found = []
    faults = []
    for number, row in enumerate(rows, 1):
        cells, wrong = made(columns, row)
        found.append(cells)
        faults += [f"row {number} {fault}" for fault in wrong]
    refuse(name, batch_id, len(rows), faults)
    return found


def refuse(name: str, batch_id: str, rows: int, faults: Sequence[str]) -> None:
    """Raise SinkError if there are ``faults``."""
    if faults:
        raise SinkError(
            f"{name}: {some(faults)}. Nothing was written. {pending(batch_id, rows)} Correct the columns of the sink first."
        )


def pending(batch_id: str, rows: int) -> str:
    """What becomes of a batch that was not taken."""
    return f"Batch {batch_id} ({count(rows, 'row')}) stays pending and is delivered again."
