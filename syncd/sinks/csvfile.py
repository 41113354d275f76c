"""Results as a CSV file that is there whole or not at all: written beside its place, made durable, renamed into it."""

import codecs
import csv
import errno
import hashlib
import io
import os
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from syncd.core.outgoing import made
from syncd.errors import SinkError
from syncd.sinks.base import BATCH, CsvSinkSettings, SinkMode

FORMULA_STARTS = tuple("=+-@\t\r\n\0＝＋－＠")
"""How a cell begins that a spreadsheet may run as a formula, full-width forms included."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
BATCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SHA256 = ".sha256"
LEFTOVER_SECONDS = 3600
"""After this time the unfinished file of a process that died is removed."""


class CsvSink:
    """A Sink that is a CSV file (``full``), or one file per batch (``delta``)."""

    def __init__(self, settings: CsvSinkSettings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        """The configured name."""
        return self._settings.name

    @property
    def wants_everything(self) -> bool:
        """As ``Sink.wants_everything``: a full file is replaced by each delivery, so it must hold all there is."""
        return self._settings.mode is SinkMode.FULL

    def path_of(self, batch_id: str) -> Path:
        """Where the batch goes: the same path whenever it is delivered."""
        if not BATCH_ID.fullmatch(batch_id):
            raise SinkError(
                f"{self.name}: a batch id may hold letters, digits, '.', '_' and '-' only: {batch_id!r}"
            )
        path = self._settings.path
        return (
            path.with_name(path.name.replace(BATCH, batch_id))
            if self._settings.mode is SinkMode.DELTA
            else path
        )

    def deliver(self, batch_id: str, rows: Sequence[Mapping[str, str]]) -> None:
        """As ``Sink.deliver``; in mode ``full``, ``rows`` are all there are and replace the file."""
        path = self.path_of(batch_id)
        pending = f"Batch {batch_id} ({len(rows)} rows) stays pending and is delivered again."
        try:
            self._put(path, self._chunks(rows, path, pending))
        except OSError as error:
            raise SinkError(f"{path}: {_sentence(path, error)} {pending}") from error

    def check(self) -> str:
        """As ``Checked.check``: the folder is there and may be written."""
        path = self._settings.path
        folder = path.parent
        if not folder.is_dir():
            raise SinkError(f"{path}: there is no folder {folder}. Make it, or correct the path.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SinkError(f"{path}: {_sentence(path, PermissionError())}")
        if path.is_dir():
            raise SinkError(f"{path}: {_sentence(path, IsADirectoryError())}")
        return f"{path}: its folder may be written"

    def _put(self, path: Path, chunks: Iterable[bytes]) -> None:
        """The file, then what tells that it is there: neither ever stands beside a file that it was not made for."""
        settings = self._settings
        suffixes = [*([settings.done] if settings.done else []), *([SHA256] if settings.checksum else [])]
        followers = [path.with_name(path.name + suffix) for suffix in suffixes]
        digest = sha256()
        stream = _tallied(_gzipped(chunks) if settings.gzip else chunks, digest)
        _replace(path, stream, settings.permissions, before=lambda: _remove(followers))
        if settings.checksum:
            line = f"{digest.hexdigest()}  {path.name}\n".encode()
            _replace(path.with_name(path.name + SHA256), [line], settings.permissions)
        if settings.done:
            _replace(path.with_name(path.name + settings.done), [], settings.permissions)

    def _chunks(self, rows: Sequence[Mapping[str, str]], path: Path, pending: str) -> Iterable[bytes]:
        """The file, one row after the other."""
        columns, encoding = self._settings.columns, self._settings.encoding
        encoder = codecs.getincrementalencoder(encoding)("strict")

        def encoded(line: str, what: str) -> bytes:
            try:
                return encoder.encode(line)
            except UnicodeEncodeError as error:
                raise SinkError(
                    f"{path}: {what} holds U+{ord(error.object[error.start]):04X}, which "
                    f"{encoding} cannot write. Declare `encoding: utf-8` for this sink. {pending}"
                ) from None

        if self._settings.header:
            yield encoded(self._line(tuple(columns)), "the header")
        for number, row in enumerate(rows, 1):
            cells, faults = made(columns, row)
            if faults:
                raise SinkError(
                    f"{path}: row {number} {', '.join(faults)}; rows have: {', '.join(row)}. {pending}"
                )
            yield encoded(self._line(cells.values()), f"row {number} (not counting the header)")
        if self._settings.trailer:
            trailer = self._settings.trailer.replace("{rows}", str(len(rows)))
            yield encoded(trailer + self._settings.line_end, "the trailer")

    def _line(self, cells: Iterable[str]) -> str:
        """One line; with CR LF as its end, ``csv`` quotes every cell that holds either, whatever the real end is."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._settings.delimiter, lineterminator="\r\n")
        writer.writerow(cells if self._settings.raw else map(defuse, cells))
        return text.getvalue().removesuffix("\r\n") + self._settings.line_end


def defuse(cell: str) -> str:
    """The cell with an apostrophe in front, if a spreadsheet might take it for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def _gzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes for the same content: no name and no time is in the header."""
    packer = zlib.compressobj(wbits=31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def _tallied(chunks: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _replace(
    path: Path, chunks: Iterable[bytes], permissions: int, *, before: Callable[[], None] = lambda: None
) -> None:
    """Put a file made of ``chunks`` at ``path``, durably: readers see the old one or the new one, never a part.

    ``before`` is called when the new one is whole, and not yet in its place.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fchmod(file.fileno(), permissions)
            os.fsync(file.fileno())
            now = os.fstat(file.fileno()).st_mtime
        before()
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    _sync_folder(path.parent)
    _remove_leftovers(path, now)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(path: Path, now: float) -> None:
    """Remove unfinished files of this path that are older, by the clock of their disk, than any delivery takes."""
    prefix = f".{path.name}."
    for entry in path.parent.iterdir():
        if entry.name.startswith(prefix) and entry.name.endswith(".part"):
            with suppress(OSError):
                if now - entry.lstat().st_mtime > LEFTOVER_SECONDS:
                    entry.unlink()


def _sentence(path: Path, error: OSError) -> str:
    """What went wrong, and what to do about it."""
    if error.errno in NO_ROOM:
        return f"no room to write the file ({error.strerror}). The file is as it was. Free some space there."
    if isinstance(error, FileNotFoundError):
        return f"there is no folder {path.parent}. Make it, or correct the path."
    if isinstance(error, PermissionError):
        return f"the folder {path.parent} may not be written by the user that syncd runs as (uid {os.geteuid()})."
    if isinstance(error, IsADirectoryError):
        return "is a folder; the path must be that of a file."
    return f"could not be written ({error.strerror})."
