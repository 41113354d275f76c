"""Spool: the full records of all users, on disk but for a few, since a million of them are gigabytes."""

import json
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from syncd.errors import RefreshError
from syncd.litmos.client import Row

IN_MEMORY = 16 * 1024 * 1024
"""Bytes that are kept in memory; more of them go to a file without a name in the folder for temporary files."""


class Spool(Sequence[Row]):
    """Records by their ``Id``, in the order in which each was first put; of two with one id the later counts.

    The file is gone with the Spool, or with the process. Each look makes the record anew.
    """

    def __init__(self, *, in_memory: int = IN_MEMORY) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115 - closed with this object
        self._close = weakref.finalize(self, self._file.close)
        self._places: dict[str, int] = {}
        self._end = 0

    def put(self, rows: Iterable[Row]) -> None:
        """Keep more records. Raises RefreshError if there is no room for them."""
        try:
            self._file.seek(self._end)
            for row in rows:
                line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
                self._file.write(line)
                self._places[row["Id"]] = self._end
                self._end += len(line)
            self._file.flush()
        except OSError as error:
            raise RefreshError(
                f"the records of Litmos' users cannot be kept in {tempfile.gettempdir()} ({error.strerror}) after "
                f"{len(self._places)} of them. Make room there, or name another folder in TMPDIR; then: syncd refresh"
            ) from error

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Row]:
        return map(self._at, self._places.values())

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        found = tuple(self._places.values())[index]
        return self._at(found) if isinstance(found, int) else [self._at(place) for place in found]

    def _at(self, place: int) -> Row:
        self._file.seek(place)
        found: Row = json.loads(self._file.readline())
        return found
