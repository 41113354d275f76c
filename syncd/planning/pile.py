"""A pile: the rows of training of one push, on disk, so that a million of them need no more memory than a part of the people.

Rows are told apart by person, and all that follows from one follows from the rows of the same person. So they lie in parts by employee
id, each person's rows together and in the order of the sources, in files without a name that are gone with the process.
"""

import json
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import astuple
from datetime import datetime
from typing import IO, Any
from zlib import crc32

from syncd.core.training import Evidence, RecordKind

PARTS = 64
"""Into so many parts rows are put: of 200,000 each has some three thousand."""


class Pile:
    """Rows that can be taken from it again and again, part by part."""

    def __init__(self) -> None:
        """It is empty, and has no file yet."""
        self._files: list[IO[str]] = []
        self._rows = 0
        self._kinds: dict[tuple[str, ...], Evidence] = {}
        self._close = ExitStack()
        weakref.finalize(self, self._close.close)

    def __len__(self) -> int:
        """How many rows there are."""
        return self._rows

    @property
    def kinds(self) -> Iterable[Evidence]:
        """Of the rows that name the same course, module and session, for the same record, one each."""
        return self._kinds.values()

    def add(self, row: Evidence) -> None:
        """Put a row behind all others."""
        if not self._files:
            self._files = [self._close.enter_context(_file()) for _ in range(PARTS)]
        told: list[Any] = list(astuple(row))
        told[_AT] = None if row.at is None else row.at.isoformat()
        file = self._files[crc32(row.employee_id.encode()) % PARTS]
        file.write(json.dumps([self._rows, *told]) + "\n")
        self._rows += 1
        self._kinds.setdefault((row.record, row.course, row.module, row.session), row)

    def parts(self) -> Iterator[list[tuple[int, Evidence]]]:
        """The rows of some people after those of others, each with its number in the whole."""
        for file in self._files:
            file.seek(0)
            yield [_row(json.loads(line)) for line in file]


def _file() -> IO[str]:
    """A file that has no name and that nobody else can open."""
    return tempfile.TemporaryFile("w+", encoding="ascii")


_AT = list(Evidence.__dataclass_fields__).index("at")
_RECORD = list(Evidence.__dataclass_fields__).index("record")


def _row(told: list[Any]) -> tuple[int, Evidence]:
    number, *values = told
    values[_AT] = None if values[_AT] is None else datetime.fromisoformat(values[_AT])
    values[_RECORD] = RecordKind(values[_RECORD])
    return number, Evidence(**dict(zip(Evidence.__dataclass_fields__, values, strict=True)))
