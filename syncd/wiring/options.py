"""Options of plug-ins: asked for as texts each time, so that a secret that was replaced needs no restart."""

from collections.abc import Mapping

from syncd.config.secrets import Secret
from syncd.plugins import Options


def revealing(options: Mapping[str, Secret]) -> Options:
    """What gives the options as they are now. It raises ConfigError if one is gone."""
    return lambda: {key: option.reveal() for key, option in options.items()}
