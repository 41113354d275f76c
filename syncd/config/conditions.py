"""Conditions as written under ``when:``, made into the core's. Every fault is noted at its own place."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from syncd.config.cel import ExpressionFault, compile_condition
from syncd.config.document import Document, Loc
from syncd.config.faults import suggestion
from syncd.core.cells import clean
from syncd.core.conditions import AllOf, AnyOf, Between, Condition, Empty, EndsWith, Not, OneOf, StartsWith
from syncd.core.dates import ISO, format_fault
from syncd.core.transforms import trim

OPERATORS = (
    "in",
    "not_in",
    "not",
    "empty",
    "starts_with",
    "not_starts_with",
    "ends_with",
    "before",
    "after",
    "format",
)
"""What may be asked about a column, besides a text or a list of texts."""
COMBINATORS = ("all", "any", "not")
"""Keys that combine conditions; a column of that name cannot be asked."""


def build_condition(data: Any, loc: Loc, document: Document) -> Condition:
    """The condition; what is wrong with it is noted in the Document, and a condition is returned all the same.

    A text is a CEL expression, here and within ``all``, ``any`` and ``not``.
    """
    if isinstance(data, str):
        return _expression(data, loc, document)
    if not isinstance(data, dict) or not data:
        document.fault(loc, "must be a mapping from columns to what they must be")
        return AllOf(parts=())
    parts: list[Condition] = []
    for key, value in data.items():
        here = (*loc, key)
        if key in {"all", "any"}:
            inner = _list(value, here, document)
            parts.append(AllOf(parts=inner) if key == "all" else AnyOf(parts=inner))
        elif key == "not":
            parts.append(Not(part=build_condition(value, here, document)))
        else:
            parts.append(_column(trim(key), value, here, document))
    return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts))


def _expression(text: str, loc: Loc, document: Document) -> Condition:
    try:
        return compile_condition(text, document.where(loc))
    except ExpressionFault as fault:
        document.fault(loc, str(fault))
        return AllOf(parts=())


def _list(value: Any, loc: Loc, document: Document) -> tuple[Condition, ...]:
    if not isinstance(value, list) or not value:
        document.fault(loc, "must be a list of conditions: - {column: text}")
        return ()
    return tuple(build_condition(item, (*loc, index), document) for index, item in enumerate(value))


def _column(column: str, value: Any, loc: Loc, document: Document) -> Condition:
    where = document.where_key(loc)
    if not isinstance(value, dict):
        return OneOf(column=column, where=where, values=frozenset(_texts(value, loc, document)))
    if not value:
        document.fault(
            loc, f"must say what the column must be: a text, a list, or one of {', '.join(OPERATORS)}"
        )
    parts: list[Condition] = []
    for operator, operand in value.items():
        here = (*loc, operator)
        build = _BUILDERS.get(operator)
        if build is not None:
            parts.append(build(column, where, operand, here, document))
        elif operator not in {"before", "after", "format"}:
            document.fault(here, f"is no comparison{suggestion(operator, OPERATORS)}", at_key=True)
    if {"before", "after", "format"} & value.keys():
        parts.append(_between(column, where, value, loc, document))
    return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts))


def _one_of(column: str, where: str, operand: Any, loc: Loc, document: Document) -> Condition:
    return OneOf(column=column, where=where, values=frozenset(_texts(operand, loc, document)))


def _none_of(column: str, where: str, operand: Any, loc: Loc, document: Document) -> Condition:
    return Not(part=_one_of(column, where, operand, loc, document))


def _empty(column: str, where: str, operand: Any, loc: Loc, document: Document) -> Condition:
    condition = Empty(column=column, where=where)
    if operand not in ("true", "false"):  # a tuple: the operand may be a list
        document.fault(loc, "must be true or false")
    return Not(part=condition) if operand == "false" else condition


def _starts_with(column: str, where: str, operand: Any, loc: Loc, document: Document) -> Condition:
    return StartsWith(column=column, where=where, prefixes=_affixes(operand, loc, document))


def _not_starts_with(column: str, where: str, operand: Any, loc: Loc, document: Document) -> Condition:
    return Not(part=_starts_with(column, where, operand, loc, document))


def _ends_with(column: str, where: str, operand: Any, loc: Loc, document: Document) -> Condition:
    return EndsWith(column=column, where=where, suffixes=_affixes(operand, loc, document))


_BUILDERS: dict[str, Callable[[str, str, Any, Loc, Document], Condition]] = {
    "in": _one_of,
    "not_in": _none_of,
    "not": _none_of,
    "empty": _empty,
    "starts_with": _starts_with,
    "not_starts_with": _not_starts_with,
    "ends_with": _ends_with,
}


def _between(column: str, where: str, value: dict[str, Any], loc: Loc, document: Document) -> Condition:
    form = value.get("format", ISO)
    problem = (
        format_fault(form, reads=True) if isinstance(form, str) else "must be a date format such as %d.%m.%Y"
    )
    if problem:
        document.fault((*loc, "format"), problem)
    if not {"before", "after"} & value.keys():
        document.fault((*loc, "format"), "needs before: or after: beside it", at_key=True)
    return Between(
        column=column,
        where=where,
        before=_day(value, "before", loc, document),
        after=_day(value, "after", loc, document),
        form=form if isinstance(form, str) else ISO,
    )


def _day(value: dict[str, Any], key: str, loc: Loc, document: Document) -> date | None:
    if key not in value:
        return None
    try:
        return datetime.strptime(str(value[key]), ISO).date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        document.fault((*loc, key), "must be a day as 2026-11-24")
        return None


def _affixes(operand: Any, loc: Loc, document: Document) -> tuple[str, ...]:
    texts = _texts(operand, loc, document)
    if "" in texts:
        document.fault(loc, "must not be empty: everything begins and ends with nothing")
    return texts


def _word(text: str, loc: Loc, document: Document) -> str:
    word = clean(text)
    if word in document.blanks:
        document.fault(
            loc, f'"{word}" is read as blank: ask {{empty: true}}, or take it out of source.blanks'
        )
    return word


def _texts(value: Any, loc: Loc, document: Document) -> tuple[str, ...]:
    """One text or a list of them, trimmed as cells are."""
    if isinstance(value, str):
        return (_word(value, loc, document),)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(_word(item, (*loc, index), document) for index, item in enumerate(value))
    if value is None:
        document.fault(loc, 'is empty; write {empty: true} for a blank cell, or "" in a list')
    else:
        document.fault(loc, "must be a text or a list of texts")
    return ()
