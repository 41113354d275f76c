"""Local files: which file of this machine is meant, whether it is ready, its private copy, and what is packed in it.

A file that is fetched from elsewhere has only the latter to go through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from syncd.errors import SourceError
from syncd.sources.fetching import Fetch
from syncd.sources.latest import latest_file, newest_file
from syncd.sources.privatecopy import PrivateCopy, copy_privately
from syncd.sources.readiness import Readiness
from syncd.sources.settings import FileSourceSettings
from syncd.sources.unpacking import kind_of, unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file as it was taken: its ``name`` (for messages and origins), the private copy, and the day that the name says."""

    name: str
    copy: PrivateCopy
    dated: date | None = None


def take_file(
    settings: FileSourceSettings,
    workspace: Path,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    fetch: Fetch | None = None,
) -> LocalFile:
    """The file that the settings mean, or that ``fetch`` brings, whole and unpacked, in ``workspace``.

    Raises SourceError; then nothing is left there.
    """
    if fetch is not None:
        fetched = fetch.fetch(workspace)
        return LocalFile(name=fetched.name, copy=_opened(fetched.copy, fetched.name, settings, workspace))
    readiness = Readiness(marker=settings.marker, checksum=settings.checksum)
    path, day = _chosen(settings, readiness, datetime.fromtimestamp(clock(), UTC).date())
    copy = copy_privately(path, workspace, settle_seconds=settings.settle_seconds, clock=clock, sleep=sleep)
    try:
        readiness.verify(path, copy.sha256)
    except BaseException:
        copy.path.unlink()
        raise
    return LocalFile(name=path.name, copy=_opened(copy, path.name, settings, workspace), dated=day)


def _opened(copy: PrivateCopy, name: str, settings: FileSourceSettings, workspace: Path) -> PrivateCopy:
    kind = kind_of(name, settings.unpack)
    return unpacked(copy, workspace, kind=kind, member=settings.member, label=name)


def _chosen(settings: FileSourceSettings, readiness: Readiness, today: date) -> tuple[Path, date | None]:
    """The path of the file, and the day that its name says."""
    path = settings.path
    waiting: list[str] = []

    def may(one: Path) -> bool:
        if not readiness.fault(one):
            return True
        waiting.append(one.name)
        return False

    try:
        if settings.name_date:
            return latest_file(path, settings.name_date, today, may)
        if settings.newest:
            return newest_file(path, settings.newest, may), None
    except SourceError as error:
        if not waiting:
            raise
        said = readiness.fault(path.with_name(waiting[-1]))
        raise SourceError(
            f"{path}: no file of that name is ready; of {waiting[-1]}: {said}. Nothing was planned. Run syncd later."
        ) from error
    if path.is_file() and (fault := readiness.fault(path)):
        raise SourceError(f"{path}: is not ready: {fault}. Nothing was planned. Run syncd later.")
    return path, None
