"""Options of plug-ins: asked for as texts each time, so that a secret that was replaced needs no restart."""

from collections.abc import Callable, Mapping

from syncd.config.secrets import Secret


def revealing(options: Mapping[str, Secret]) -> Callable[[], Mapping[str, str]]:
    """What gives the options as they are now. It raises ConfigError if one is gone."""
    return lambda: {key: option.reveal() for key, option in options.items()}
