"""Memo: a part of the Mapping that is not followed again for cells for which it was followed before. Pure."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from syncd.core.cells import clean
from syncd.core.model import Reason
from syncd.core.reasons import Reasons
from syncd.core.trace import Listener

Made = TypeVar("Made")

KEPT = 16_384
"""So many different cells are kept of one part: a million people share few towns, and no e-mail address."""


class Memo(Generic[Made]):
    """What ``make`` makes of the clean cells of these columns, and of no others, with the reasons why it may not be so."""

    __slots__ = ("_blanks", "_columns", "_known", "_make", "_single")

    def __init__(
        self,
        columns: Iterable[str],
        blanks: AbstractSet[str],
        make: Callable[[Mapping[str, str], Reasons], Made],
    ) -> None:
        """``blanks`` are the words that say that there is nothing."""
        self._columns = tuple(dict.fromkeys(columns))
        self._single = self._columns[0] if len(self._columns) == 1 else None
        self._blanks = blanks
        self._make = make
        self._known: dict[object, tuple[Made, tuple[Reason, ...]]] = {}

    def of(self, raw: Mapping[str, str], told: Listener | None, reasons: list[Reason]) -> Made:
        """Of the cells of a row as they are written; adds to the ``reasons``.

        Whoever listens hears each step, so then it is followed again.
        """
        if told is not None:
            made, found = self._followed(raw, told)
            reasons += found
            return made
        key = raw.get(self._single) if self._single is not None else tuple(map(raw.get, self._columns))
        known = self._known.get(key)
        if known is None:
            known = self._followed(raw, None)
            if len(self._known) < KEPT:
                self._known[key] = known
        if known[1]:
            reasons += known[1]
        return known[0]

    def _followed(self, raw: Mapping[str, str], told: Listener | None) -> tuple[Made, tuple[Reason, ...]]:
        reasons = Reasons(told)
        cells = {}
        for column in self._columns:
            text = raw.get(column)
            if text is not None:
                text = clean(text)
                cells[column] = "" if text in self._blanks else text
        return self._make(cells, reasons), tuple(reasons.found)
