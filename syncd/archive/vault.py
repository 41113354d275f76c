"""The vault: a private folder of compressed tables, each under the hash of what it holds, and there whole or not at all."""

import csv
import io
import os
import re
import secrets
import stat
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path

from syncd.archive.sealing import HEADER, Sealer, damaged, is_sealed_with, unsealed
from syncd.errors import ArchiveError

TOGETHER = 2000
"""So many rows are compressed together."""
BLOCK = 256 * 1024
LEVEL = 1
"""Of zlib's levels: 6 makes a million rows a fifth smaller, and takes three times as long."""
STALE = timedelta(days=1)
"""What was begun to be written, and not ended, so long ago is of a process that died."""
_CONTENT = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"([0-9a-f]{64})\.csv\.gz(\.sealed)?")
CLEAR, SEALED = ".csv.gz", ".csv.gz.sealed"
_PARTIAL = ".partial-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A table as it is kept: the hash of its text (hex), its bytes as text, and in the folder."""

    content: str
    size_bytes: int
    stored_bytes: int


class Vault:
    """Tables of one account in one folder.

    Every method raises ArchiveError if the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        account: str,
        *,
        keep: float | None = None,
        keys: Callable[[], Sequence[str]] | None = None,
    ) -> None:
        """Nothing is touched yet. ``account`` is the name of the private folder in ``folder``, and ``keep`` the seconds for
        which a table is kept after it was read, None: for ever.

        ``keys`` tells the keys as they are now: the first encrypts, each decrypts; None: tables are kept in clear.
        """
        self.folder = folder
        self.keep = keep
        self._account = account
        self._keys = keys

    def put(self, rows: Iterable[Sequence[str]]) -> Stored:
        """Keep a table, streamed; one of the same content is kept once, whoever brings it."""
        with self._opened() as folder:
            name = f"{_PARTIAL}{secrets.token_hex(8)}"
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
            try:
                content, size = self._write(file, rows)
                os.fsync(file)
                stored = os.fstat(file).st_size
                os.rename(name, self._name(content), src_dir_fd=folder, dst_dir_fd=folder)
                if self._keys is not None:
                    _remove(folder, f"{content}{CLEAR}")
                os.fsync(folder)
                return Stored(content=content, size_bytes=size, stored_bytes=stored)
            finally:
                os.close(file)
                _remove(folder, name)

    def has(self, content: str) -> bool:
        """Whether a table is there as ``put`` would keep it now: in clear, or sealed with the first key."""
        name = self._name(content)
        with self._opened() as folder:
            if not _is_there(folder, name) or self._keys is None:
                return _is_there(folder, name)
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
            with os.fdopen(file, "rb") as kept:
                return is_sealed_with(self._keys()[0], kept.read(HEADER))

    def holds(self, content: str) -> bool:
        """Whether a table is there, sealed or in clear."""
        with self._opened() as folder:
            return _find(folder, content) is not None

    def touch(self, content: str, now: datetime) -> None:
        """Note that a table was read again ``now``: it is kept from then on. Nothing happens if it is not there."""
        with self._opened() as folder:
            name = _find(folder, content)
            if name is not None:
                moment = now.timestamp()
                os.utime(name, (moment, moment), dir_fd=folder, follow_symlinks=False)

    def fetch(self, content: str, size_bytes: int, into: Path) -> None:
        """Copy a table to a new private file, as text, and prove it whole. Raises ArchiveError, and leaves no file, if it is
        not there, is not as it was written, or is sealed with a key that is not configured.
        """
        with self._opened() as folder:
            name = _find(folder, content)
            if name is None:
                raise ArchiveError(
                    f"{self.folder / self._account} does not hold {content[:12]} any more: it was pruned, or is on another machine"
                )
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
            try:
                with os.fdopen(file, "rb") as kept:
                    packed = self._packed(kept, name)
                    _write_new(into, _proved(packed, content, size_bytes, name))
            except (ArchiveError, OSError):
                into.unlink(missing_ok=True)
                raise

    def drop(self, content: str) -> bool:
        """Remove a table, sealed or in clear; whether it was there."""
        with self._opened() as folder:
            names = (f"{content}{SEALED}", f"{content}{CLEAR}")
            return sum(_remove(folder, name) for name in names) > 0

    def sweep(self, wanted: Collection[str], before: datetime, now: datetime) -> int:
        """Remove the tables that nobody wants and that were last read before then, and what was left half written.

        Returns how many tables went.
        """
        gone = 0
        with self._opened() as folder:
            for name in os.listdir(folder):  # noqa: PTH208 - by descriptor
                found = _NAME.fullmatch(name)
                limit = before if found else now - STALE
                unwanted = found[1] not in wanted if found else name.startswith(_PARTIAL)
                if unwanted and _modified(folder, name) < limit.timestamp():
                    gone += _remove(folder, name) and found is not None
        return gone

    def _write(self, file: int, rows: Iterable[Sequence[str]]) -> tuple[str, int]:
        """Compress, and seal, into an open file; returns the hash and the size of the text."""
        write = partial(_write_all, file)
        sealer = None if self._keys is None else Sealer(self._keys()[0], write)
        out = write if sealer is None else sealer.feed
        packer, digest, size = zlib.compressobj(LEVEL, wbits=31), sha256(), 0
        for text in _texts(rows):
            digest.update(text)
            size += len(text)
            out(packer.compress(text))
        out(packer.flush())
        if sealer is not None:
            sealer.close()
        return digest.hexdigest(), size

    def _packed(self, kept: io.BufferedReader, name: str) -> Iterator[bytes]:
        if name.endswith(".sealed"):
            return unsealed(kept.read, self._keys() if self._keys is not None else (), name)
        return iter(partial(kept.read, BLOCK), b"")

    def _name(self, content: str) -> str:
        """The file that a table is put into."""
        return f"{content}{CLEAR if self._keys is None else SEALED}"

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The private folder of the account, made if it is not there; nobody else may look into it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            root = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                with suppress(FileExistsError):
                    os.mkdir(self._account, 0o700, dir_fd=root)
                folder = os.open(self._account, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=root)
            finally:
                os.close(root)
            try:
                if os.fstat(folder).st_mode & 0o077:
                    os.fchmod(folder, 0o700)
                yield folder
            finally:
                os.close(folder)
        except OSError as error:
            raise ArchiveError(
                f"archive.folder: {self.folder / self._account} cannot be used: {error.strerror}"
            ) from None


def _find(folder: int, content: str) -> str | None:
    """The file of a table, sealed or in clear."""
    if _CONTENT.fullmatch(content) is None:
        raise ArchiveError(f"{content[:70]!r} is not the name of anything that is kept")
    names = (f"{content}{SEALED}", f"{content}{CLEAR}")
    return next((name for name in names if _is_there(folder, name)), None)


def _is_there(folder: int, name: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _remove(folder: int, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def rows_of(path: Path) -> Iterator[list[str]]:
    """The rows of a table that was fetched."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file, strict=True)


LONGEST_CELL = 1024 * 1024
"""No source lets more characters through in one cell."""


def _texts(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    waiting = iter(rows)
    while some := list(islice(waiting, TOGETHER)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(some)
        yield text.getvalue().encode()


def _proved(packed: Iterable[bytes], content: str, size_bytes: int, name: str) -> Iterator[bytes]:
    """The text of a table. Raises ArchiveError at its end, at the latest, if it is not the one that was kept."""
    unpacker, digest, size = zlib.decompressobj(wbits=31), sha256(), 0
    for block in packed:
        if unpacker.eof:
            raise damaged(name, "something follows its end")
        rest = block
        while rest and not unpacker.eof:
            try:
                text = unpacker.decompress(rest, BLOCK)
            except zlib.error:
                raise damaged(name, "it cannot be decompressed") from None
            rest = unpacker.unconsumed_tail
            size += len(text)
            if size > size_bytes:
                raise damaged(name, f"it holds more than the {size_bytes} bytes that were kept")
            digest.update(text)
            yield text
    rest = unpacker.flush()
    digest.update(rest)
    yield rest
    if not unpacker.eof or unpacker.unused_data or digest.hexdigest() != content:
        raise damaged(name, f"what it holds is not what was kept under its name ({size_bytes} bytes)")


def _write_new(path: Path, blocks: Iterable[bytes]) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "wb") as out:
        out.writelines(blocks)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _modified(folder: int, name: str) -> float:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return float("inf")
