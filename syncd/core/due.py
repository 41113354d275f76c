"""Due: which versions of a result a sink is to be given, after what it was given before. Pure."""

from collections.abc import Collection, Sequence

from syncd.core.results import Status, Version


def due(
    versions: Sequence[Version], given: Collection[int], cursor: int, statuses: Collection[Status]
) -> list[Version]:
    """The versions of one result (oldest first) to give now, in order: at most a withdrawal, and what holds today.

    ``given`` are the numbers of those that the sink has; those up to ``cursor`` (a ``seq``) were looked at before.
    ``statuses`` are what the sink wants to know of.

    =====================  ==========================  ===================
    the sink has           what holds today            given
    =====================  ==========================  ===================
    nothing                wanted                      it
    nothing                not wanted, or nobody's     nothing
    a wanted one           the same one                nothing
    a wanted one           a newer, wanted one         it
    a wanted one           one that is not wanted      the withdrawal
    a wanted one           wanted, withdrawn between   the withdrawal, it
    =====================  ==========================  ===================

    "Wanted" asks for an employee as well: what is nobody's waits until somebody is linked. What came and went between two
    deliveries is not told.
    """
    had = [one for one in versions if one.version in given]
    latest = had[-1].version if had else 0
    fresh = [one for one in versions if one.seq > cursor and one.version > latest]
    if not fresh:
        return []
    holds = bool(had) and had[-1].status in statuses
    taken = [one for one in fresh if one.status not in statuses] if holds else []
    last = versions[-1]
    wanted = last.status in statuses and last.employee_id != "" and last in fresh
    return [*taken[:1], *([last] if wanted else [])]
