"""Sources of third parties: found by the entry points of installed packages, in the group ``syncd.sources``.

An entry point is a callable ``(name, options)`` that gives a ``base.Source``; docs/writing-a-source.md shows one.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from syncd import plugins
from syncd.errors import SourceError
from syncd.sources.base import Reading, Source

GROUP = "syncd.sources"


class PluginSource:
    """Somebody else's Source, whose errors are SourceErrors, and behind whose faults the workspace is as it was.

    It is made anew before a reading for which a secret in its options was replaced.
    """

    def __init__(self, name: str, inner: plugins.Made[Source]) -> None:
        self._name = name
        self._inner = inner

    @property
    def name(self) -> str:
        """The configured name."""
        return self._name

    def read(self, workspace: Path) -> Reading:
        """As ``Source.read``. What an unexpected error says may quote HR's data, so its type alone is told."""
        inner = self._inner.current()
        before = set(workspace.iterdir())
        try:
            return inner.read(workspace)
        except BaseException as error:
            for left in set(workspace.iterdir()) - before:
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
            if isinstance(error, SourceError) or not isinstance(error, Exception):
                raise
            raise SourceError(
                f"{self.name}: failed with {type(error).__name__}. Nothing was planned."
            ) from None


def open_plugin(kind: str, name: str, options: plugins.Options) -> Source:
    """The Source that the entry point ``kind`` makes. Raises ConfigError if it cannot be loaded, or refuses the options."""

    def make(given: Mapping[str, str]) -> Source:
        made: Source = plugins.make(GROUP, "source", kind, name, given)
        return made

    return PluginSource(name, plugins.Made(make, options))
