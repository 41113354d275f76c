"""Rights: whether those who read HR could write to it, for ``syncd doctor``; it is only asked, and never a problem."""

from collections.abc import Iterable

from syncd.core.finding import Finding, Health
from syncd.sources.base import Restrained, Source


def check_rights(sources: Iterable[Source]) -> tuple[Finding, ...]:
    """A warning for each source whose user may do more than read."""
    return tuple(
        Finding(
            check="rights",
            state=Health.WARNING,
            seen=f"{source.name}: {more}; its session only reads, but its user should be one that cannot write",
            next="for a user of its own: GRANT SELECT ON the_view TO the_user; put it into the URL of the source; then: syncd doctor",
            facts={"source": source.name, "excess": more},
        )
        for source in sources
        if isinstance(source, Restrained) and (more := source.excess())
    )
