"""Values: a rule followed for one Record. HR's cells are data: nothing in them is ever evaluated."""

from collections.abc import Sequence

from syncd.core.conditions import Fields, cell
from syncd.core.rules import Column, Lookup, Otherwise, Part, Split, Text, ValueRule
from syncd.core.transforms import TRANSFORMS, Refused, trim

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


def evaluate(rule: ValueRule, fields: Fields) -> str | None:
    """The value that ``rule`` makes of a Record; None if a lookup skips it. Raises Refused."""
    return finished(rule, taken(rule, fields))


def taken(rule: ValueRule, fields: Fields) -> str:
    """What a rule takes from a Record, before anything is made of it. Raises Refused."""
    text = render(rule.parts, fields, separator=rule.separator)
    return text if rule.split is None else _picked(rule.split, text)


def finished(rule: ValueRule, text: str) -> str | None:
    """The value that a rule makes of what it has taken; None if a lookup skips it. Raises Refused."""
    for name in rule.transforms:
        text = _transformed(name, text)
    if rule.lookup is not None:
        return _looked_up(rule.lookup, text, rule.default)
    if not text:
        return rule.default
    return _dated(rule, text)


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


def _dated(rule: ValueRule, text: str) -> str:
    if rule.date is None:
        return text
    try:
        return rule.date.apply(text)
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
