"""Charts: numbers laid out for an inline SVG of stacked bars; the template draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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


def _stack(states: Mapping[str, int]) -> dict[str, int]:
    found = dict.fromkeys(KINDS, 0)
    for state, number in states.items():
        found[state if state in found else "other"] += number
    return found
