"""Layout: how tables and sentences fill a terminal of so many columns. Nothing is ever cut: what is long goes over lines."""

import re
import textwrap
from collections.abc import Sequence

GAP = 2
"""Spaces between two columns."""
NARROWEST = 20
"""No column of sentences is made narrower: it stands below its row then."""
DEEPEST = 4
"""Beside its row it goes over about so many lines; what is longer stands below."""
LONGEST = 40
"""A word that is longer than this may be broken: nobody's id is."""
INDENT = 4
"""How far what stands below its row, or goes on with a sentence, is put to the right."""
_TOGETHER = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ|\d+ %|syncd [a-z][^;:,()]*")
"""A moment, a percentage, and a command that somebody will copy: not broken where there is room for it."""
_JOINED = "\0"

Line = Sequence[str]


def wrapped(text: str, width: int, *, first: str = "", others: str = "", breaks: bool = True) -> list[str]:
    """The lines of a text, none longer than ``width`` unless one word is; moments and commands stay whole if they fit.

    ``first`` stands before the first line, ``others`` before each that follows; a word of more than LONGEST may be broken
    if ``breaks``.
    """
    room = width - len(others)

    def join(found: re.Match[str]) -> str:
        return found[0].replace(" ", _JOINED) if len(found[0]) <= room else found[0]

    lines = textwrap.wrap(
        _TOGETHER.sub(join, text),
        max(1, width),
        initial_indent=first,
        subsequent_indent=others,
        break_on_hyphens=False,
        break_long_words=breaks and room >= LONGEST,
    )
    return [line.replace(_JOINED, " ") for line in lines] or [""]


def paragraph(text: str, width: int) -> list[str]:
    """One line of a report as lines of ``width``: what goes on stands further right than where it began."""
    if len(text) <= width:
        return [text]
    margin = len(text) - len(text.lstrip())
    further = min(margin + INDENT, width // 2)
    return wrapped(text.lstrip(), width, first=" " * margin, others=" " * further, breaks=False)


def tabulated(headings: Line, rows: Sequence[Line], room: int, *, wide: int = -1) -> list[str]:
    """A table as lines of ``room`` columns.

    What does not fit is wrapped, the widest column first, and no id or moment is broken. If that does not do, the column
    ``wide`` (the last one, unless another is named) stands below each row; else each row becomes a block of its own.
    """
    wide %= max(1, len(headings))
    lines = [headings, *rows]
    columns = list(zip(*lines, strict=True))
    floors = [max(map(_longest_word, column), default=0) for column in columns]
    natural = [max(map(len, column), default=0) for column in columns]
    if columns:
        floors[wide] = min(natural[wide], max(floors[wide], NARROWEST, natural[wide] // DEEPEST))
    widths = fitted(natural, room, floors)
    if sum(widths) + GAP * (len(widths) - 1) <= room:
        return [text for line in lines for text in _row(line, widths)]
    others = [number for number in range(len(headings)) if number != wide]
    narrow = fitted([natural[n] for n in others], room, [floors[n] for n in others])
    if others and sum(narrow) + GAP * (len(narrow) - 1) <= room:
        return [text for line in lines for text in _row_above(line, others, narrow, wide, room)]
    return _blocks(headings, rows, room)


def compared(names: Line, things: Sequence[Line], room: int | None) -> list[str]:
    """Things beside each other, a line for each name; each as a block if they do not fit. ``room`` None: there is no bound."""
    lines = [list(line) for line in zip(names, *things, strict=True)]
    widths = [max(map(len, column), default=0) for column in (names, *things)]
    if room is None or sum(widths) + GAP * (len(widths) - 1) <= room:
        return [text for line in lines for text in _row(line, widths)]
    return _blocks(names, things, room)


def fitted(widths: Sequence[int], room: int, floors: Sequence[int]) -> list[int]:
    """The widths of columns, ``GAP`` apart, the widest made narrower until all fit, none below its floor."""
    found = list(widths)
    while sum(found) + GAP * (len(found) - 1) > room:
        loose = [number for number, width in enumerate(found) if width > floors[number]]
        if not loose:
            break
        found[max(loose, key=lambda number: found[number])] -= 1
    return found


def _longest_word(text: str) -> int:
    joined = re.sub(r"(?<=\d) (?=\d\d:\d\d:\d\dZ)", _JOINED, text)
    return min(LONGEST, max(map(len, joined.split(" ")), default=0))


def _row(line: Line, widths: Sequence[int]) -> list[str]:
    cells = [
        wrapped(cell, width) if len(cell) > width else [cell]
        for cell, width in zip(line, widths, strict=True)
    ]
    made = []
    for number in range(max(map(len, cells), default=0)):
        parts = [cell[number] if number < len(cell) else "" for cell in cells]
        made.append(
            (" " * GAP).join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
        )
    return made


def _row_above(line: Line, others: Sequence[int], widths: Sequence[int], wide: int, room: int) -> list[str]:
    below = wrapped(line[wide], room - INDENT) if line[wide] else []
    return [*_row([line[number] for number in others], widths), *(" " * INDENT + text for text in below)]


def _blocks(headings: Line, rows: Sequence[Line], room: int) -> list[str]:
    """Each row as lines ``heading  value``, with an empty line between two rows."""
    width = max(map(len, headings), default=0)
    made: list[str] = []
    for row in rows:
        made += [""] if made else []
        for heading, cell in zip(headings, row, strict=True):
            first, *rest = wrapped(cell, max(LONGEST, room - width - GAP), breaks=False)
            made.append(f"{heading:<{width}}{' ' * GAP}{first}".rstrip())
            made += [" " * (width + GAP) + text for text in rest]
    return made
