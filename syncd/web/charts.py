"""Charts: numbers laid out for an inline SVG of stacked bars; the template draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

HEIGHT, STEP = 80, 10
"""The drawing's height, and the width of one bar with its gap, in its own units."""
KINDS = ("succeeded", "held", "failed", "other")
"""What a bar is stacked of, from the bottom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One piece of a bar: where it is drawn, and of what kind it is."""

    kind: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A drawing: its size, its segments, what each day is called in full, and its highest bar."""

    width: int
    height: int
    segments: Sequence[Segment]
    titles: Sequence[tuple[int, str]]
    highest: int
    total: int


def bars(found: Mapping[str, Mapping[str, int]], last: date, days: int = 30) -> Bars:
    """The Runs of the ``days`` up to the ``last`` one, by how they ended; ``found`` has them by day, as 2026-11-24."""
    shown = [last - timedelta(days=days - 1 - each) for each in range(days)]
    stacks = [_stack(found.get(day.isoformat(), {})) for day in shown]
    highest = max([1, *(sum(stack.values()) for stack in stacks)])
    segments = []
    for index, stack in enumerate(stacks):
        top = float(HEIGHT)
        for kind in KINDS:
            height = HEIGHT * stack[kind] / highest
            top -= height
            if height:
                segments.append(
                    Segment(kind=kind, x=index * STEP + 1, y=round(top, 2), height=round(height, 2))
                )
    titles = [
        (
            index * STEP,
            f"{day:%Y-%m-%d}: " + (", ".join(f"{n} {kind}" for kind, n in stack.items() if n) or "no runs"),
        )
        for index, (day, stack) in enumerate(zip(shown, stacks, strict=True))
    ]
    total = sum(sum(stack.values()) for stack in stacks)
    return Bars(
        width=days * STEP, height=HEIGHT, segments=segments, titles=titles, highest=highest, total=total
    )


MINUTES = 120
"""So many bars a chart of minutes has at most; of a longer time each bar is several minutes."""


ROOM = 4
"""So many times as high as its highest bar may a chart of minutes be to show what is allowed: more would make every bar flat."""


def minutes(found: Mapping[str, int], limit: float) -> Bars | None:
    """Requests a minute, from the first minute to the last; ``found`` has them by minute, as 2026-11-24T10:05+00:00.

    The height is that of ``limit`` requests a minute, but at most ``ROOM`` times that of the highest bar, and at least it; None if there
    are none.
    Where a bar is several minutes, it is as high as their mean.
    """
    if not found:
        return None
    at = {datetime.fromisoformat(minute): number for minute, number in found.items()}
    first, whole = min(at), int((max(at) - min(at)).total_seconds() // 60) + 1
    step = -(-whole // MINUTES)
    means = [0.0] * -(-whole // step)
    for moment, number in at.items():
        means[int((moment - first).total_seconds() // 60) // step] += number / step
    tallest = max([1.0, *means])
    highest = max(tallest, min(limit, ROOM * tallest))
    heights = [round(HEIGHT * mean / highest, 2) for mean in means]
    return Bars(
        width=len(means) * STEP,
        height=HEIGHT,
        segments=[
            Segment(kind="requests", x=place * STEP + 1, y=round(HEIGHT - height, 2), height=height)
            for place, height in enumerate(heights)
            if height
        ],
        titles=[
            (
                place * STEP,
                f"{first + timedelta(minutes=place * step):%Y-%m-%d %H:%M} UTC: {mean:.0f} a minute",
            )
            for place, mean in enumerate(means)
        ],
        highest=round(max(means)),
        total=sum(found.values()),
    )


def _stack(states: Mapping[str, int]) -> dict[str, int]:
    found = dict.fromkeys(KINDS, 0)
    for state, number in states.items():
        found[state if state in found else "other"] += number
    return found
