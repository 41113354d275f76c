"""Filters: what a list may be narrowed by, and what is wrong with a filter that nothing can meet. Pure.

A word that nothing is called by, or a day that there is not, would give an empty list, which looks like an answer.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum

from syncd.core.spans import day


class Reads(StrEnum):
    """What a filter is read as."""

    TEXT = "text"
    """an id, a code, a beginning: nobody knows all that there are"""
    WORD = "word"
    """one of a few words"""
    NUMBER = "number"
    """a whole number of plain digits"""
    DAY = "day"
    MOMENT = "moment"
    """a day, or a day and a time of it"""
    PLACE = "place"
    """where a list goes on, as the link to its next page says it"""
    MARK = "mark"
    """it is there, or it is not"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What one filter says; ``words`` are all that it may say, if they are few; a place ``fits`` the list that goes on there."""

    reads: Reads
    words: tuple[str, ...] = ()
    fits: Callable[[str], bool] = bool


def _by_day(text: str) -> bool:
    first, _, who = text.partition(" ")
    return bool(who) and day(first) is not None


TEXT, NUMBER, DAY, MOMENT = (
    Filter(reads=reads) for reads in (Reads.TEXT, Reads.NUMBER, Reads.DAY, Reads.MOMENT)
)
PLACE_BY_DAY = Filter(reads=Reads.PLACE, fits=_by_day)
"""A day and an id, as ``2026-11-24 00101``."""
PLACE_BY_SOURCE = Filter(reads=Reads.PLACE, fits=lambda text: ":" in text)
"""A source and a key of its rows, as ``hr:00101``."""
MARK = Filter(reads=Reads.MARK, words=("yes",))


def one_of(words: Iterable[str]) -> Filter:
    """A filter that says one of these words."""
    return Filter(reads=Reads.WORD, words=tuple(map(str, words)))


FEW = 12
"""So many words are told; of more, those that are most like the one that was said."""


def no_such(word: str, words: Collection[str]) -> str:
    """What is wrong with a word that nothing is called by; "" for one of the words, and for none."""
    if not word or word in words:
        return ""
    like = get_close_matches(word, words) if len(words) > FEW else ()
    there = f"is it {' or '.join(like)}?" if like else f"there are: {', '.join(words)}"
    return f"there is no {word}; {there}"


def fault(text: str, meant: Filter) -> str:
    """What is wrong with what a filter says; "" if nothing is, and for an empty text, which narrows nothing."""
    if not text:
        return ""
    match meant.reads:
        case Reads.WORD | Reads.MARK:
            return no_such(text, meant.words)
        case Reads.NUMBER:
            return "" if text.isascii() and text.isdigit() else f"{text} is no whole number; write it as 12"
        case Reads.DAY:
            return "" if day(text) else f"{text} is no day; write it as 2026-11-24"
        case Reads.MOMENT:
            return "" if moment(text) else f"{text} is no day; write it as 2026-11-24"
        case Reads.PLACE:
            return (
                "" if meant.fits(text) else f"{text} is no place in this list: take the link to its next page"
            )
        case Reads.TEXT:
            return ""


def moment(text: str) -> datetime | None:
    """A day, or a day and a time, as it is written in ISO 8601; None for anything else."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def faults(said: Mapping[str, str], meant: Mapping[str, Filter]) -> dict[str, str]:
    """What is wrong, by filter: a name that no filter has, and what cannot be; in the order in which it was said."""
    found = {
        name: fault(text, meant[name]) if name in meant else no_such(name, meant)
        for name, text in said.items()
    }
    return {name: wrong for name, wrong in found.items() if wrong}
