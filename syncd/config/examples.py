"""Examples: rows with what the mapping is to make of them, kept beside the rules and run whenever they are checked."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from syncd.config.document import Document, Loc
from syncd.config.faults import suggestion
from syncd.config.mapping_parts import ExamplePart, ExpectPart
from syncd.core.columns import all_columns
from syncd.core.mapping import Mapping, map_record
from syncd.core.model import Employee, FieldValue, ItemKind, Record, Rejection
from syncd.core.profile import WRITABLE_FIELDS
from syncd.core.transforms import trim


def check_examples(examples: tuple[ExamplePart, ...], mapping: Mapping, document: Document) -> None:
    """Map every example; what is not as expected is noted at the place of the expectation."""
    columns = sorted(all_columns(mapping))
    for index, example in enumerate(examples):
        loc: Loc = ("examples", index)
        unknown = [name for name in example.given if trim(name) not in columns]
        for name in unknown:
            document.fault(
                (*loc, "given", name), f"no rule names this column{suggestion(name, columns)}", at_key=True
            )
        if unknown:
            continue
        given = {trim(name): text for name, text in example.given.items()}
        record = Record(fields={**dict.fromkeys(columns, ""), **given}, origin=document.where(loc))
        dated = [] if mapping.dates is None else [column.name for column in mapping.dates.columns]
        if example.on is None and any(given.get(name) for name in dated):
            document.fault(
                loc, "gives a day, so it needs `on`: the day on which it is looked at", at_key=True
            )
            continue
        noon = datetime.combine(example.on or date(2000, 1, 1), time(12), UTC)
        _compare(example.expect, map_record(mapping, record, now=noon), (*loc, "expect"), document)


def _compare(expected: ExpectPart, found: Employee | Rejection, loc: Loc, document: Document) -> None:
    if isinstance(found, Rejection):
        codes = sorted({reason.code for reason in found.reasons})
        if expected.rejected is None:
            reasons = "; ".join(f"{reason.code} {reason.message}" for reason in found.reasons)
            document.fault(loc, f"the row is rejected: {reasons}", at_key=True)
        elif sorted(set(expected.rejected)) != codes:
            _differ((*loc, "rejected"), ", ".join(expected.rejected), ", ".join(codes), document)
        return
    if expected.rejected is not None:
        _differ((*loc, "rejected"), ", ".join(expected.rejected), "a row that is right", document)
        return
    for key, wanted, have in _pairs(expected, found):
        if wanted != have:
            _differ((*loc, *key), wanted, have, document)
    for name in expected.fields or {}:
        if name not in WRITABLE_FIELDS:
            hint = suggestion(name, sorted(WRITABLE_FIELDS))
            document.fault((*loc, "fields", name), f"is no Litmos field{hint}", at_key=True)


def _pairs(expected: ExpectPart, found: Employee) -> Iterator[tuple[Loc, str, str]]:
    """Everything that is expected: its key, and both sides as a person reads them."""
    if expected.employee_id is not None:
        yield ("employee_id",), expected.employee_id, found.employee_id
    if expected.status is not None:
        yield ("status",), expected.status, found.status.value
    if expected.in_scope is not None:
        yield ("in_scope",), str(expected.in_scope).lower(), str(found.in_scope).lower()
    if expected.manager is not None:
        yield ("manager",), _text(expected.manager), _text(found.manager)
    for name, value in (expected.fields or {}).items():
        if name in WRITABLE_FIELDS:
            yield ("fields", name), _text(value), _text(found.fields.get(name))
    if expected.teams is not None:
        teams = [wish.names for wish in found.teams]
        yield ("teams",), _names(expected.teams), _names(teams)
    for kind, named in (
        (ItemKind.LEARNING_PATH, expected.learning_paths),
        (ItemKind.COURSE, expected.courses),
    ):
        if named is not None:
            items = [(wish.item.name,) for wish in found.items if wish.item.kind is kind]
            yield (f"{kind}s",), _names([(name,) for name in named]), _names(items)


def _text(value: FieldValue | None) -> str:
    if value is None:
        return "nothing (left as Litmos has it)"
    return f'"{str(value).lower() if isinstance(value, bool) else value}"'


def _names(paths: Any) -> str:
    return ", ".join(sorted(" > ".join(names) for names in paths)) or "none"


def _differ(loc: Loc, wanted: str, have: str, document: Document) -> None:
    document.fault(loc, f"expected {wanted}, found {have}")
