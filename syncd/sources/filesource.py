"""A source that is one file with a table in it: which file is meant and how it comes here is the same for each kind of table."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from syncd.sources.base import Reading
from syncd.sources.fetching import Fetch
from syncd.sources.localfile import take_file
from syncd.sources.privatecopy import PrivateCopy
from syncd.sources.settings import FileSourceSettings

Settings = TypeVar("Settings", bound=FileSourceSettings)


class FileSource(ABC, Generic[Settings]):
    """A Source that is one file, or what ``fetch`` brings. ``clock`` (seconds since 1970) and ``sleep`` are for
    ``settle_seconds``, and for a date in the name of the file, alone.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._fetch = fetch
        self._clock = clock
        self._sleep = sleep

    @property
    def name(self) -> str:
        """The configured name."""
        return self._settings.name

    def read(self, workspace: Path) -> Reading:
        """As ``Source.read``: each fault of the file is a SourceError that names the line or row."""
        file = take_file(self._settings, workspace, clock=self._clock, sleep=self._sleep, fetch=self._fetch)
        settings = replace(self._settings, path=Path(file.name))
        return replace(self._table(file.copy, settings), dated=file.dated)

    @staticmethod
    @abstractmethod
    def _table(copy: PrivateCopy, settings: Settings) -> Reading:
        """What is in a private copy of the file ``settings.path``. Raises SourceError; then the copy is gone."""
