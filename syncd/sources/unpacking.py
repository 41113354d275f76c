"""Unpacking: the one file in a .gz or .zip, in bounded memory and on bounded disk. Nothing is written by a name that it says."""

import gzip
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO, cast

from syncd.errors import SourceError
from syncd.sources.privatecopy import CHUNK, PrivateCopy, no_room, private_file

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
KINDS = {".gz": "gz", ".zip": "zip"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What is no file of HR's any more: more than ``size`` bytes unpacked, or (beyond ``free`` bytes) ``ratio`` times as many."""

    size: int = 4 * 1024**3
    ratio: int = 250
    free: int = 16 * 1024**2

    def check(self, label: str, packed: int, unpacked: int) -> None:
        """Raise SourceError if so many bytes come of so many."""
        if unpacked > self.size:
            raise SourceError(f"{label}: unpacks to more than {self.size} bytes. Nothing was planned.")
        if unpacked > max(self.free, packed * self.ratio):
            raise SourceError(
                f"{label}: unpacks to more than {self.ratio} times its {packed} bytes, as no table does. Nothing was planned."
            )


CAPS = Caps()


def kind_of(name: str, declared: str) -> str:
    """gz, zip or none: as declared, else by the ending of the name."""
    return declared or KINDS.get(Path(name).suffix.lower(), "none")


def refuse_packed(path: Path, label: str) -> None:
    """Raise SourceError if a file that should be text is packed."""
    with path.open("rb") as file:
        start = file.read(4)
    for mark, kind in ((GZIP, "gz"), (ZIP, "zip")):
        if start.startswith(mark):
            raise SourceError(
                f"{label}: is no text but packed ({kind}). Declare `unpack: {kind}` (a workbook: `type: excel`). "
                "Nothing was planned."
            )


def unpacked(
    packed: PrivateCopy, workspace: Path, *, kind: str, member: str, label: str, caps: Caps = CAPS
) -> PrivateCopy:
    """The file in ``packed``, which goes; that itself if ``kind`` is none. SourceError: neither is left."""
    if kind == "none":
        return packed
    try:
        with _opened(packed.path, kind, member, label, caps) as file:
            return _copied(file, packed, workspace, label, caps)
    finally:
        packed.path.unlink()


def _copied(file: IO[bytes], packed: PrivateCopy, workspace: Path, label: str, caps: Caps) -> PrivateCopy:
    target, path = private_file(workspace, "source-")
    digest, size = sha256(), 0
    try:
        with os.fdopen(target, "wb") as copy:
            for chunk in _chunks(file, label):
                size += len(chunk)
                caps.check(label, packed.size_bytes, size)
                digest.update(chunk)
                copy.write(chunk)
    except OSError as error:
        path.unlink()
        raise no_room(label, workspace, error) from error
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    return replace(packed, path=path, sha256=digest.hexdigest(), size_bytes=size)


def _chunks(file: IO[bytes], label: str) -> Iterator[bytes]:
    while True:
        try:
            chunk = file.read(CHUNK)
        except EOFError as error:
            raise SourceError(
                f"{label}: ends before what is packed in it does: it is truncated. Nothing was planned. Let HR export it again."
            ) from error
        except (OSError, zlib.error, zipfile.BadZipFile) as error:
            raise _damaged(label) from error
        if not chunk:
            return
        yield chunk


def _damaged(label: str) -> SourceError:
    return SourceError(
        f"{label}: cannot be unpacked: it is damaged, or not what its name says. Nothing was planned. "
        "Let HR export it again."
    )


@contextmanager
def _opened(path: Path, kind: str, member: str, label: str, caps: Caps) -> Iterator[IO[bytes]]:
    if kind == "gz":
        with gzip.open(path, "rb") as file:
            yield cast("BinaryIO", file)
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _damaged(label) from error
    with archive:
        chosen = _member(archive, member, label)
        caps.check(label, path.stat().st_size, chosen.file_size)
        try:
            opened = archive.open(chosen)
        # NotImplementedError is said of a method or version of ZIP that the standard library cannot read.
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise _damaged(label) from error
        with opened:
            yield opened


def _member(archive: zipfile.ZipFile, member: str, label: str) -> zipfile.ZipInfo:
    """The file that is meant: that of this name, or the only one there is (but for what macOS adds)."""
    files = [
        one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
    fitting = [one for one in files if not member or fnmatchcase(one.filename, member.replace("[", "[[]"))]
    if len(fitting) != 1:
        shown = ", ".join(repr(one.filename) for one in files[:10]) or "nothing"
        wanted = f"the member {member!r}" if member else "one file"
        raise SourceError(
            f"{label}: should hold {wanted}, and has {len(fitting)} such. It holds: {shown}. "
            "Set source.member to the name of one. Nothing was planned."
        )
    chosen = fitting[0]
    if chosen.flag_bits & 0x1:
        raise SourceError(f"{label}: is encrypted, which cannot be read. Nothing was planned.")
    if chosen.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise SourceError(
            f"{label}: is packed by another method than deflate, which is not read. Nothing was planned."
        )
    return chosen
