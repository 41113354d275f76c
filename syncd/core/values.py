"""Values: a rule followed for one Record. HR's cells are data: nothing in them is ever evaluated."""

from collections.abc import Iterator, Sequence

from syncd.core.conditions import Fields, cell
from syncd.core.dates import DateFormat
from syncd.core.rules import Column, Lookup, Otherwise, Part, Split, Text, ValueRule
from syncd.core.transforms import TRANSFORMS, Refused, trim

CLEARED = "cleared"
"""The step that makes an explicit blank of a word that says so."""
_SHOWN = 60


def shown(text: str) -> str:
    """A value as a message may quote it: short, in quotes, control characters and direction marks escaped."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def render(parts: Sequence[Part], fields: Fields, *, separator: str | None = None) -> str:
    """The parts in a row; "" if every column in them is blank. With a ``separator``, blank parts are left out."""
    if len(parts) == 1:  # as almost always
        return _piece(parts[0], fields)
    texts = [_piece(part, fields) for part in parts]
    cells = [text for part, text in zip(parts, texts, strict=True) if not isinstance(part, Text)]
    if cells and not any(cells):
        return ""
    if separator is None:
        return "".join(texts)
    return separator.join(text for text in texts if text)


def _piece(part: Part, fields: Fields) -> str:
    if isinstance(part, Column):
        return cell(fields, part.name)
    return part.text if isinstance(part, Text) else trim(part.text(fields))


def steps(rule: ValueRule, fields: Fields) -> Iterator[tuple[str, str | None]]:
    """What each step of ``rule`` makes of a Record: its name and the text. The last one is the value. Raises Refused."""
    text = render(rule.parts, fields, separator=rule.separator)
    yield "from", text
    if rule.split is not None:
        text = _picked(rule.split, text)
        yield "split", text
    if text in rule.cleared:
        yield CLEARED, ""
        return
    for name in rule.transforms:
        text = _transformed(name, text)
        yield name, text
    if rule.lookup is not None:
        yield "map", _looked_up(rule.lookup, text, rule.default)
    elif not text:
        yield "default", rule.default
    elif rule.date is not None:
        yield "date", _dated(rule.date, text)


def evaluate(rule: ValueRule, fields: Fields) -> tuple[str, str | None]:
    """The last of the ``steps`` of ``rule``, and the value it makes of a Record; None if a lookup skips it. Raises Refused.

    The same as ``steps`` without a stop at each of them, for it is done for every value of a million people.
    """
    text = render(rule.parts, fields, separator=rule.separator)
    if rule.split is not None:
        text = _picked(rule.split, text)
    if text in rule.cleared:
        return CLEARED, ""
    for name in rule.transforms:
        text = _transformed(name, text)
    if rule.lookup is not None:
        return "map", _looked_up(rule.lookup, text, rule.default)
    if not text:
        return "default", rule.default
    if rule.date is not None:
        return "date", _dated(rule.date, text)
    if rule.transforms:
        return rule.transforms[-1], text
    return ("from" if rule.split is None else "split"), text


def _picked(split: Split, text: str) -> str:
    """The piece; "" if there are not so many."""
    pieces = text.split(split.by if split.by.strip() else None)
    exists = -len(pieces) <= split.pick < len(pieces)
    return trim(pieces[split.pick]) if exists else ""


def _transformed(name: str, text: str) -> str:
    try:
        return trim(TRANSFORMS[name](text))
    except Refused as refused:
        raise Refused(refused.code, f"{shown(text)} {refused.why}") from None


def _dated(date: DateFormat, text: str) -> str:
    try:
        return date.apply(text)
    except Refused as refused:
        raise Refused(refused.code, f"{shown(text)} {refused.why}") from None


def _looked_up(lookup: Lookup, text: str, default: str) -> str | None:
    """Blank cells are looked up only if the table has a blank entry; otherwise they get the default."""
    if text in lookup.table:
        return lookup.table[text] or default
    if not text:
        return default
    match lookup.otherwise:
        case Otherwise.SKIP:
            return None
        case Otherwise.KEEP:
            return text
        case Otherwise.VALUE:
            return lookup.value
        case Otherwise.REJECT:
            raise Refused(
                "VALUE-UNKNOWN", f"{shown(text)} is not in the map (of {len(lookup.table)} entries)"
            )
