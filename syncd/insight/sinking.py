"""Sinking: whether results would reach their sinks, for ``syncd doctor``; nothing is written anywhere."""

from collections.abc import Mapping

from syncd.core.finding import Finding, Health
from syncd.errors import ConfigError, SinkError
from syncd.sinks import Checked, Sink


def check_sinks(sinks: Mapping[str, Sink]) -> tuple[Finding, ...]:
    """A Finding for each sink that can be checked."""
    return tuple(_check(name, sink) for name, sink in sinks.items() if isinstance(sink, Checked))


def _check(name: str, sink: Checked) -> Finding:
    try:
        seen = sink.check()
    except (SinkError, ConfigError) as error:
        return Finding(
            check=f"sink {name}",
            state=Health.PROBLEM,
            seen=str(error),
            next="mend the sink or `pull.sinks`; then: syncd doctor",
        )
    return Finding(check=f"sink {name}", state=Health.OK, seen=seen)
