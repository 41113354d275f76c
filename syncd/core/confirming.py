"""Confirming: which number a person types before a held Run, or a part of it, is let go.

====================================================  ===========================  =================================
held by                                               the number of                asked for where
====================================================  ===========================  =================================
LIMIT-DEACTIVATIONS                                   people who lose access       any of those that go lose access
a doubt about its input (``core.doubts``)             changes that would be sent   always, even if nothing would be
LIMIT-CHANGES                                         changes that would be sent   any that go are counted by it
any other Limit                                       none                         never
====================================================  ===========================  =================================

Of several that apply the first one asks.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from syncd.core.counts import COUNTED
from syncd.core.doubts import DOUBTS
from syncd.core.model import Action, Change
from syncd.core.telling import number_of

DEACTIVATIONS = "LIMIT-DEACTIVATIONS"
CHANGES = "LIMIT-CHANGES"
_TOUCHING = next(row for row in COUNTED if row.name == "changes")


class Of(StrEnum):
    """What the number counts."""

    PEOPLE = "people"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A number that is typed before an approval, and of what."""

    number: int
    of: Of

    @property
    def told(self) -> str:
        """What would happen: ``22 people would lose access``, ``58 changes would be sent``."""
        if self.of is Of.PEOPLE:
            return f"{number_of(self.number, 'person', 'people')} would lose access"
        return f"{number_of(self.number, 'change', 'changes')} would be sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An input of a Run: its source, its rows, and those of the last accepted one of that source (None: there is none)."""

    source: str
    rows: int
    accepted_rows: int | None


def confirmation(held_by: Collection[str], going: Sequence[Change]) -> Confirmation | None:
    """What is typed before these Changes go, out of a Run that is ``held_by`` these codes; None if nothing is."""
    leavers = sum(change.action is Action.DEACTIVATE for change in going)
    if DEACTIVATIONS in held_by and leavers:
        return Confirmation(number=leavers, of=Of.PEOPLE)
    counted = CHANGES in held_by and any(_TOUCHING.counts(change) for change in going)
    if counted or is_doubted(held_by):
        return Confirmation(number=len(going), of=Of.CHANGES)
    return None


def is_doubted(held_by: Collection[str]) -> bool:
    """Whether a Run is held since its input may not be HR as it is."""
    return not DOUBTS.isdisjoint(held_by)


def becomes(read: Sequence[Read]) -> str:
    """One sentence: what approving all of a Run makes of its doubted input; "" if it read none."""
    if not read:
        return ""
    told = " and ".join(_input(one, named=len(read) > 1) for one in read)
    one = len(read) == 1
    return (
        f"Once all of it is approved, {told} {'becomes' if one else 'become'} "
        f"what the next {'one is' if one else 'ones are'} compared with."
    )


def _input(read: Read, *, named: bool) -> str:
    rows = f"the input of {number_of(read.rows, 'row', 'rows')}"
    whose = f" of {read.source}" if named else ""
    was = "" if read.accepted_rows is None else f" (the last accepted one has {read.accepted_rows})"
    return f"{rows}{whose}{was}"
