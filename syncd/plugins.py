"""Plug-ins: what the entry points of installed packages make, for sources and sinks of third parties."""

from importlib.metadata import entry_points
from typing import Any

from syncd.errors import ConfigError, Fault


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
