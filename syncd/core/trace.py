"""Trace: what each step of each rule made of one Record, as the code that maps tells it while it maps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from syncd.core.model import FieldValue
from syncd.core.rules import Place

Listener = Callable[[Place, str, FieldValue | None], None]
"""Hears a rule's place, the name of one of its steps, and what the step made (None: nothing)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a rule.

    ``name`` is ``absent`` (a column that the source does not have, of an optional rule), ``seen`` (the cells that the condition asks about), ``when`` (whether it holds), ``from`` (what was taken from the row), ``split``,
    ``cleared`` (it is a word that clears), a transform, ``map``, ``date``, ``default``, ``is`` (the value that counts, None if there is none) or ``refused`` (why not).
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


def told(rule: Traced) -> str:
    """The steps of one rule on one line: ``from 'ANA@X.COM' -> lower 'ana@x.com'``."""
    return " -> ".join(_steps(rule)) or "gives nothing"


def _steps(rule: Traced) -> Iterator[str]:
    """Each step as text; the value that counts only if it is another one than the last step made."""
    seen: FieldValue | None = ""
    made: FieldValue | None = None
    for number, step in enumerate(rule.steps):
        if step.name == "is" and number and step.made == made:
            continue
        made = step.made
        if step.name == "seen":
            seen = step.made
        elif step.name == "when":
            yield f"when {'holds' if step.made else 'does not hold'} ({seen})"
        elif step.name == "refused":
            yield f"refused: {step.made}"
        else:
            yield f"{step.name} {'nothing' if step.made is None else repr(step.made)}"
