"""Sinks of third parties: found by the entry points of installed packages, in the group ``syncd.sinks``.

An entry point is a callable ``(name, options)`` that gives a ``base.Sink``; docs/writing-a-sink.md shows one.
"""

from collections.abc import Mapping, Sequence

from syncd import plugins
from syncd.core.outgoing import Columns
from syncd.errors import SinkError
from syncd.sinks.base import Checked, Sink
from syncd.sinks.mapped import mapped, pending

GROUP = "syncd.sinks"


class PluginSink:
    """Somebody else's Sink, given rows as ``columns`` say (all fields, if there are none); its errors are SinkErrors.

    It is made anew before a use for which a secret in its options was replaced.
    """

    def __init__(self, inner: plugins.Made[Sink], columns: Columns) -> None:
        self._inner = inner
        self._columns = columns

    @property
    def name(self) -> str:
        """The configured name."""
        return self._inner.current().name

    @property
    def wants_everything(self) -> bool:
        """As the sink says."""
        return self._inner.current().wants_everything

    def check(self) -> str:
        """As ``Checked.check``, for a sink that has one."""
        inner = self._inner.current()
        if not isinstance(inner, Checked):
            return "installed; it has no check of its own"
        try:
            return inner.check()
        except SinkError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a plug-in does, one sink's failure blocks no other
            raise SinkError(f"{self.name}: its check failed with {type(error).__name__}") from None

    def deliver(self, batch_id: str, rows: Sequence[Mapping[str, str]]) -> None:
        """As ``Sink.deliver``. What an unexpected error says may quote the rows, so its type alone is told."""
        inner = self._inner.current()
        cells = mapped(inner.name, batch_id, rows, self._columns) if self._columns else rows
        try:
            inner.deliver(batch_id, cells)
        except SinkError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            raise SinkError(
                f"{self.name}: failed with {type(error).__name__}. {pending(batch_id, len(rows))}"
            ) from None


def open_plugin(kind: str, name: str, options: plugins.Options, columns: Columns) -> Sink:
    """The Sink that the entry point ``kind`` makes. Raises ConfigError if it cannot be loaded, or refuses the options."""

    def make(given: Mapping[str, str]) -> Sink:
        made: Sink = plugins.make(GROUP, "sink", kind, name, given)
        return made

    return PluginSink(plugins.Made(make, options), columns)
