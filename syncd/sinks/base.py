"""What every sink does: take a batch whole, and take it again without a second effect."""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from syncd.core.outgoing import Columns

BATCH = "{batch}"
"""Where the batch id goes in the file name of a delta."""


class SinkMode(StrEnum):
    """``full``: the one file always holds everything; ``delta``: a file of its own for each batch."""

    FULL = "full"
    DELTA = "delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSinkSettings:
    """One CSV file, or one per batch.

    ``columns`` maps, in order, each column of the file to the field of a row that fills it (``core.delivered``), or to
    the rule that makes its cells.
    In a delta the file name holds ``{batch}``. ``raw`` leaves cells as they are, for machines: without it, a cell that
    a spreadsheet would run as a formula gets an apostrophe in front. ``trailer`` is a last line, with ``{rows}`` for their
    number; ``checksum`` adds a file with the SHA-256, and ``done`` is the suffix of an empty one ("" for none), both made
    once the file is in its place. Raises ValueError for settings that contradict
    each other.
    """

    name: str
    path: Path
    columns: Columns
    delimiter: str = ","
    encoding: str = "utf-8"
    mode: SinkMode = SinkMode.DELTA
    raw: bool = False
    line_end: str = "\r\n"
    permissions: int = 0o600
    header: bool = True
    trailer: str = ""
    gzip: bool = False
    checksum: bool = False
    done: str = ""

    def __post_init__(self) -> None:
        if (BATCH in self.path.name) != (self.mode is SinkMode.DELTA) or BATCH in str(self.path.parent):
            raise ValueError(
                "the file name of a delta must hold {batch}, that of a full file must not, folders neither"
            )
        if not self.columns:
            raise ValueError("a sink needs at least one column")
        if len(self.delimiter) != 1 or self.delimiter in '\r\n\0"':
            raise ValueError(f"the delimiter must be one character, not {self.delimiter!r}")
        try:
            codecs.getincrementalencoder(self.encoding)
            "".encode(self.encoding)
        except LookupError as error:
            raise ValueError(
                f"encoding {self.encoding!r} is not known; usual ones are utf-8, utf-8-sig, cp1252"
            ) from error
        if self.line_end not in {"\r\n", "\n"}:
            raise ValueError("lines end with CR LF or with LF")


class Sink(Protocol):
    """Where results are delivered."""

    @property
    def name(self) -> str:
        """The name the configuration gives to this sink."""
        ...

    @property
    def wants_everything(self) -> bool:
        """Whether each delivery is given all results ever delivered, not just the batch's (a full file)."""
        ...

    def deliver(self, batch_id: str, rows: Sequence[Mapping[str, str]]) -> None:
        """Take ``rows`` whole or not at all; the same batch delivered again replaces what it left before.

        Raises SinkError when they were not taken; they stay in the outbox and are delivered again under the same id.
        """
        ...


@runtime_checkable
class Checked(Protocol):
    """A Sink that can tell beforehand whether it would work. Optional."""

    def check(self) -> str:
        """What is known to be in order, as a sentence; nothing is written. Raises SinkError for what is not."""
        ...
