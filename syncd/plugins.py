"""Plug-ins: what the entry points of installed packages make, for sources and sinks of third parties."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from syncd.errors import ConfigError, Fault

T = TypeVar("T")

Options = Callable[[], Mapping[str, str]]
"""Asked for before each use: a secret in them may have been replaced. Raises ConfigError if one is gone."""


class Made(Generic[T]):
    """What ``make`` makes of the options, and makes anew once they read otherwise; until then it stays the same object."""

    def __init__(self, make: Callable[[Mapping[str, str]], T], options: Options) -> None:
        self._make = make
        self._options = options
        self._given = dict(options())
        self._made = make(self._given)

    def current(self) -> T:
        """What goes with the options as they are now. Raises ConfigError."""
        given = dict(self._options())
        if given != self._given:
            self._made, self._given = self._make(given), given
        return self._made


def make(group: str, what: str, kind: str, name: str, options: object) -> Any:
    """What the entry point ``kind`` of ``group`` makes of ``(name, options)``; ``what`` it is: a source, a sink.

    Raises ConfigError if it cannot be loaded, or refuses the options; no option is in the message.
    """
    found = next(iter(entry_points(group=group, name=kind)), None)
    if found is None:
        raise ConfigError(
            [Fault(where=name, key="type", message=f"no installed package has a {what} {kind}")]
        )
    try:
        return found.load()(name, options)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; its words may quote an option
        message = f"{found.value} could not be opened with these options: {type(error).__name__}"
        raise ConfigError([Fault(where=name, key="type", message=message)]) from None
