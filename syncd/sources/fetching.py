"""Fetching: where a file comes from, apart from what is in it. Whatever is fetched is a private copy before it is read.

A ``Fetch`` brings one file from elsewhere (``sftpfile``, ``httpsfile``, ``s3file``) into the workspace; ``CsvSource`` reads what it
brought as it reads a file of this machine.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Protocol

from syncd.errors import SourceError
from syncd.sources.privatecopy import PrivateCopy, no_room, private_file

MAX_BYTES = 2 * 1024**3
"""The longest file that is fetched, if nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file that was brought whole: its ``name`` alone (``hr.csv``, for messages and origins) and the private copy."""

    name: str
    copy: PrivateCopy


class Fetch(Protocol):
    """Where a file comes from."""

    def fetch(self, workspace: Path) -> Fetched:
        """Bring the file into ``workspace``, whole.

        Raises SourceError when it is missing, too long, refused, cut short or changing; then the workspace is as it was.
        No message holds a secret.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A file that could be fetched: its whole path there, and when it was written (seconds since 1970)."""

    path: str
    modified: float


def keep_chunks(
    chunks: Iterable[bytes], workspace: Path, *, label: str, most: int, modified_at: datetime | None = None
) -> PrivateCopy:
    """Write ``chunks`` to a private copy. What they raise (no OSError) is raised on; then, and beyond ``most`` bytes, nothing is left."""
    target, path = private_file(workspace, "source-")
    digest, size = sha256(), 0
    try:
        with os.fdopen(target, "wb") as file:
            for chunk in _within(most, chunks, label):
                size += len(chunk)
                digest.update(chunk)
                file.write(chunk)
    except OSError as error:
        path.unlink()
        raise no_room(label, workspace, error) from error
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    return PrivateCopy(path=path, sha256=digest.hexdigest(), size_bytes=size, modified_at=modified_at)


def _within(most: int, chunks: Iterable[bytes], label: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise too_long(label, most)
        yield chunk


def too_long(label: str, most: int) -> SourceError:
    """What to say of a file that has more than ``most`` bytes."""
    return SourceError(
        f"{label}: has more than {most} bytes. Nothing was planned. Check that it is the right file, or raise max_size."
    )


def cut_short(label: str, announced: int, size: int) -> SourceError:
    """What to say of a file of which not all has arrived, or more than all."""
    return SourceError(
        f"{label}: {size} bytes arrived of {announced}: the transfer was cut short, or the file changed meanwhile. "
        "Nothing was planned. Let the export write under another name and rename when it is done, or run syncd later."
    )


def is_pattern(path: str) -> bool:
    """Whether the name of a path stands for several files."""
    return any(mark in PurePosixPath(path).name for mark in "*?")


def newest(offers: Iterable[Offer], path: str, *, by_name: bool, label: str) -> Offer:
    """Of the files whose name fits that of ``path``, the one with the last name, or the one that was written last.

    Raises SourceError if there is none, or if two were written last.
    """
    pattern = PurePosixPath(path).name
    fitting = [offer for offer in offers if fnmatchcase(PurePosixPath(offer.path).name, pattern)]
    if not fitting:
        raise SourceError(f"{label}: there is no file {path}. Check the path, and whether the HR export ran.")
    if by_name:
        return max(fitting, key=lambda offer: offer.path)
    latest = max(offer.modified for offer in fitting)
    last = sorted(offer.path for offer in fitting if offer.modified == latest)
    if len(last) > 1:
        raise SourceError(
            f"{label}: {' and '.join(last)} were written at the same time; one must go, or set newest: name."
        )
    return next(offer for offer in fitting if offer.path == last[0])
