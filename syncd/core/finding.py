"""Findings: what ``syncd doctor`` says about one thing, how it stands, and what to type next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FEW = 5
"""So many names are shown of each list."""


class Health(StrEnum):
    """How a Finding stands."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was seen at one ``check``, and the ``next`` command to type ("" if there is nothing to do).

    ``facts`` are the numbers and names behind the sentence, JSON-able.
    """

    check: str
    state: Health
    seen: str
    next: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def worst(findings: Iterable[Finding]) -> Health:
    """The worst state among the Findings."""
    states = {finding.state for finding in findings}
    return next((state for state in (Health.PROBLEM, Health.WARNING) if state in states), Health.OK)


def count(number: int, what: str) -> str:
    """A number with its noun: ``1 row``, ``2 rows``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def some(names: Sequence[str]) -> str:
    """A few of these names, and how many more there are."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def tally(counts: Mapping[str, int]) -> str:
    """Numbers by code, in the order of the codes."""
    return ", ".join(f"{number} {code}" for code, number in sorted(counts.items()))
