"""Readiness: files beside a file that say that it is whole: a marker, or a checksum."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from syncd.errors import SourceError
from syncd.sources.privatecopy import open_file

LONGEST = 1024 * 1024
"""The most bytes that a file of checksums may have."""
_SUM = re.compile(r"\\?([0-9a-fA-F]{64})(?: [ *](.+))?")
"""A line of ``sha256sum``, or the sum alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The names of the files beside one, "" for none; ``{name}`` stands for its name, ``{stem}`` for that without the ending."""

    marker: str = ""
    checksum: str = ""

    def fault(self, path: Path) -> str:
        """Why ``path`` is not ready yet, or ""."""
        for kind in (self.marker, self.checksum):
            if kind and not beside(path, kind).is_file():
                return f"{beside(path, kind).name}, which says that it is whole, is not there yet"
        if self.marker and beside(path, self.marker).stat().st_mtime_ns < path.stat().st_mtime_ns:
            return f"{beside(path, self.marker).name} is older than it, so it speaks of an earlier file"
        return ""

    def is_ready(self, path: Path) -> bool:
        """Whether nothing is missing beside ``path``; a marker or checksum is never a file of HR itself."""
        try:
            return not self.fault(path)
        except OSError:  # it went meanwhile
            return False

    def verify(self, path: Path, sha256: str) -> None:
        """Raise SourceError if the checksum of ``path`` is another than ``sha256`` (hex), that of what was read."""
        if not self.checksum:
            return
        told = _told(beside(path, self.checksum), path.name)
        if told != sha256:
            raise SourceError(
                f"{path}: its SHA-256 is {sha256[:12]}..., and {beside(path, self.checksum).name} says {told[:12]}...: "
                "it is damaged, not whole, or another file. Nothing was planned. Let HR export it again."
            )


def beside(path: Path, kind: str) -> Path:
    """The file beside ``path`` that has this kind of name."""
    return path.with_name(kind.replace("{name}", path.name).replace("{stem}", path.stem))


def _told(checksum: Path, name: str) -> str:
    """The sum that ``checksum`` has for the file of this name, in lower case."""
    with os.fdopen(open_file(checksum), "rb") as file:
        lines = file.read(LONGEST).decode("utf-8-sig", "replace").splitlines()
    found = {match[2] or "": match[1].lower() for line in lines if (match := _SUM.fullmatch(line.strip()))}
    told = {Path(said).name: value for said, value in found.items()}
    value = told.get(name) or (told.get("") if len(told) == 1 else None)
    if value is None:
        raise SourceError(
            f"{checksum}: has no SHA-256 of {name}. It must be as sha256sum writes it: the sum, two spaces, the name. "
            "Nothing was planned."
        )
    return value
