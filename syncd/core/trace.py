"""Trace: what each step of each rule made of one Record, as the code that maps tells it while it maps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from syncd.core.model import FieldValue
from syncd.core.rules import Place

Listener = Callable[[Place, str, FieldValue | None], None]
"""Hears a rule's place, the name of one of its steps, and what the step made (None: nothing)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a rule.

    ``name`` is ``seen`` (the cells that the condition asks about), ``when`` (whether it holds), ``from`` (what was taken from the row), a
    transform, ``map``, ``date``, ``default``, ``is`` (the value that counts, None if there is none) or ``refused`` (why not).
    """

    name: str
    made: FieldValue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One rule and its steps, in order."""

    place: Place
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step | None:
        """The step of that name, or None."""
        return next((step for step in self.steps if step.name == name), None)

    @property
    def applies(self) -> bool:
        """Whether its condition holds, if it has one."""
        when = self.step("when")
        return when is None or when.made is True


class Trace:
    """A Listener that keeps what it hears, rule by rule in the order in which they were first followed."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._heard: dict[Place, list[Step]] = {}

    def __call__(self, place: Place, step: str, made: FieldValue | None) -> None:
        """Keep one step."""
        self._heard.setdefault(place, []).append(Step(name=step, made=made))

    @property
    def rules(self) -> Sequence[Traced]:
        """Everything heard."""
        return [Traced(place=place, steps=tuple(steps)) for place, steps in self._heard.items()]
