"""A spool: rows that are no file, written as one line of JSON each to a private copy, and streamed from there."""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from syncd.sources.base import TOGETHER, Hashed, RawRow, row_hash
from syncd.sources.privatecopy import no_room, private_file


@dataclass(slots=True)
class RowsDigest:
    """The content of a result whatever the order of its rows, which a query without ORDER BY does not fix."""

    rows: int = 0
    total: int = 0

    def add(self, line: str) -> None:
        """Take one row, as it is written in the spool."""
        self.rows += 1
        self.total = (self.total + int.from_bytes(sha256(line.encode("ascii")).digest(), "big")) % (1 << 256)

    def hexdigest(self, columns: Sequence[str]) -> str:
        """SHA-256 (hex) over the columns, the number of rows and the sum of the rows' own."""
        return sha256(json.dumps([list(columns), self.rows, self.total]).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolRows:
    """The rows of a spool, numbered from 1 in the order the database gave them."""

    path: Path

    def __iter__(self) -> Iterator[RawRow]:
        with self.path.open(encoding="ascii") as file:
            for number, line in enumerate(file, 1):
                yield number, json.loads(line)

    def hashed(self) -> Iterator[Hashed]:
        """Every row by the hash of its line in the spool."""
        first = 1
        with self.path.open(encoding="ascii") as file:
            while lines := list(islice(file, TOGETHER)):
                numbers = range(first, first + len(lines))
                yield Hashed(numbers, [row_hash(line) for line in lines], lines, json.loads)
                first += len(lines)

    def pick(self, numbers: Collection[int]) -> Iterator[RawRow]:
        """The rows of these numbers."""
        with self.path.open(encoding="ascii") as file:
            for number, line in enumerate(file, 1):
                if number in numbers:
                    yield number, json.loads(line)


def write_rows(rows: Iterable[Sequence[str]], workspace: Path, *, label: str) -> tuple[Path, RowsDigest]:
    """Spool rows of texts, all of one width; ``label`` is for what is said if there is no room. What ``rows`` raise is raised on."""
    spool, path = private_file(workspace, "source-")
    digest = RowsDigest()
    try:
        with os.fdopen(spool, "w", encoding="ascii", newline="\n") as file:
            for row in rows:
                line = json.dumps(list(row))
                digest.add(line)
                file.write(line + "\n")
    except OSError as error:
        path.unlink()
        raise no_room(label, workspace, error) from error
    except BaseException:
        path.unlink()
        raise
    return path, digest
