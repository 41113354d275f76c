"""The private copy: a file of HR, taken whole into a folder of ours before one byte of it is believed."""

import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from syncd.errors import SourceError

CHUNK = 1024 * 1024
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateCopy:
    """A copy that nobody else writes: ``path`` (mode 0600), its ``sha256`` (hex), and the original's time (UTC), if it has one."""

    path: Path
    sha256: str
    size_bytes: int
    modified_at: datetime | None


def copy_privately(
    path: Path,
    workspace: Path,
    *,
    settle_seconds: float = 0.0,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> PrivateCopy:
    """Copy ``path`` into ``workspace``; SourceError, and no copy left, unless it stood still all the while.

    The original is opened once, by ``open_file``; its size, times and identity are compared before and after. One that was
    modified less than ``settle_seconds`` ago (by ``clock``) is given that time first.
    """
    source = open_file(path)
    try:
        before = os.fstat(source)
        _must_be_file(path, before)
        if 0 <= clock() - before.st_mtime < settle_seconds:
            sleep(settle_seconds)
        copy, digest, size = _copy_bytes(path, source, workspace)
        try:
            _must_be_unchanged(path, before, os.fstat(source), size)
        except SourceError:
            copy.unlink()
            raise
    finally:
        os.close(source)
    modified_at = datetime.fromtimestamp(before.st_mtime, UTC)
    return PrivateCopy(path=copy, sha256=digest, size_bytes=size, modified_at=modified_at)


def moment_of(seconds: float | None) -> datetime | None:
    """A time as files have it (seconds since 1970), UTC; None for none."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def private_file(workspace: Path, prefix: str) -> tuple[int, Path]:
    """A new empty file in ``workspace`` with mode 0600: its descriptor, open for writing, and its path."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=prefix, dir=workspace)
    except OSError as error:
        raise SourceError(
            f"{workspace}: the private copy cannot be made there ({error.strerror}). "
            "Make the folder writable for the user that syncd runs as."
        ) from error
    return descriptor, Path(name)


def no_room(path: Path | str, workspace: Path, error: OSError) -> SourceError:
    """What to say when the private copy could not be written."""
    if error.errno in NO_ROOM:
        return SourceError(
            f"{path}: no room for the private copy in {workspace} ({error.strerror}). Nothing was planned. "
            f"Free some space there, then run again."
        )
    return SourceError(f"{path}: the private copy in {workspace} could not be written ({error.strerror}).")


def open_file(path: Path) -> int:
    """A descriptor to read ``path``. Links are followed if they stay under its folder (as those of a mounted ConfigMap do).

    Raises SourceError for what is not there, may not be read, or is a link that leads elsewhere.
    """
    try:
        try:
            return os.open(path, _READ)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            return _open_linked(path)
    except FileNotFoundError as error:
        where = (
            "the folder is there, the file is not"
            if path.parent.is_dir()
            else f"there is no folder {path.parent}"
        )
        raise SourceError(
            f"{path}: there is no such file ({where}). Check the path, and whether the HR export ran."
        ) from error
    except PermissionError as error:
        raise SourceError(
            f"{path}: may not be read by the user that syncd runs as (uid {os.geteuid()}). "
            "Give this user read permission on the file and its folders."
        ) from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened ({error.strerror}).") from error


def _open_linked(path: Path) -> int:
    """Where the link leads, opened step by step from the folder, so that nobody can put another link in the way meanwhile."""
    folder = os.path.realpath(path.parent, strict=True)
    target = Path(os.path.realpath(path, strict=True))
    if not target.is_relative_to(folder):
        raise SourceError(
            f"{path}: is a symbolic link out of its folder, which is not followed. Give the path of the file itself."
        )
    at = os.open(folder, _FOLDER)
    try:
        for step in target.relative_to(folder).parts[:-1]:
            inner = os.open(step, _FOLDER, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(target.name, _READ, dir_fd=at)
    finally:
        os.close(at)


def _must_be_file(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"{path}: is a folder, not a file. Give the path of the file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(
            f"{path}: is no regular file (a pipe, socket or device). Give the path of a CSV file."
        )


def _must_be_unchanged(path: Path, before: os.stat_result, after: os.stat_result, size: int) -> None:
    try:
        named = path.stat()
    except OSError as error:
        raise SourceError(f"{path}: was removed while it was read. {_AGAIN}") from error
    if (named.st_dev, named.st_ino) != (before.st_dev, before.st_ino):
        raise SourceError(f"{path}: was replaced while it was read. {_AGAIN}")
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if not same or size != before.st_size:
        raise SourceError(
            f"{path}: changed while it was read ({before.st_size} bytes before, {after.st_size} after, {size} read). "
            f"{_AGAIN}"
        )


_AGAIN = (
    "Nothing was planned. Let the export write under another name and rename when it is done, "
    "or run syncd later."
)


def _copy_bytes(path: Path, source: int, workspace: Path) -> tuple[Path, str, int]:
    target, copy = private_file(workspace, "source-")
    digest = sha256()
    size = 0
    try:
        with os.fdopen(target, "wb", buffering=0) as file:
            while chunk := _read(path, source):
                digest.update(chunk)
                size += len(chunk)
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) :]
    except OSError as error:
        copy.unlink()
        raise no_room(path, workspace, error) from error
    except BaseException:
        with suppress(OSError):
            copy.unlink()
        raise
    return copy, digest.hexdigest(), size


def _read(path: Path, source: int) -> bytes:
    try:
        return os.read(source, CHUNK)
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read to its end ({error.strerror}). Nothing was planned."
        ) from error
