"""Values: a rule followed for one Record. HR's cells are data: nothing in them is ever evaluated."""

from collections.abc import Iterator, Sequence

from syncd.core.conditions import Fields, cell
from syncd.core.dates import DateFormat
from syncd.core.rules import Column, Lookup, Otherwise, Part, ValueRule
from syncd.core.transforms import TRANSFORMS, Refused, trim

_SHOWN = 60


def shown(text: str) -> str:
    """A value as a message may quote it: short, in quotes, control characters and direction marks escaped."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def render(parts: Sequence[Part], fields: Fields, *, separator: str | None = None) -> str:
    """The parts in a row; "" if every column in them is blank. With a ``separator``, blank parts are left out."""
    if len(parts) == 1:  # as almost always
        part = parts[0]
        return cell(fields, part.name) if isinstance(part, Column) else part.text
    texts = [cell(fields, part.name) if isinstance(part, Column) else part.text for part in parts]
    cells = [text for part, text in zip(parts, texts, strict=True) if isinstance(part, Column)]
    if cells and not any(cells):
        return ""
    if separator is None:
        return "".join(texts)
    return separator.join(text for text in texts if text)


def steps(rule: ValueRule, fields: Fields) -> Iterator[tuple[str, str | None]]:
    """What each step of ``rule`` makes of a Record: its name and the text. The last one is the value. Raises Refused."""
    text = render(rule.parts, fields, separator=rule.separator)
    yield "from", text
    for name in rule.transforms:
        text = _transformed(name, text)
        yield name, text
    if rule.lookup is not None:
        yield "map", _looked_up(rule.lookup, text, rule.default)
    elif not text:
        yield "default", rule.default
    elif rule.date is not None:
        yield "date", _dated(rule.date, text)


def evaluate(rule: ValueRule, fields: Fields) -> str | None:
    """The value that ``rule`` makes of a Record; None if a lookup skips it. Raises Refused."""
    text: str | None = None
    for _step, text in steps(rule, fields):  # noqa: B007 - the last one counts
        pass
    return text


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
