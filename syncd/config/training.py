"""Training as written, made into the core's rules. Faults are noted, all of them."""

from syncd.config.document import Document, Loc, dotted
from syncd.config.root import Root
from syncd.config.teams import place, when
from syncd.config.training_parts import TrainingPart
from syncd.config.values import build_column, build_transforms, build_value
from syncd.core.cells import clean
from syncd.core.dates import format_fault
from syncd.core.rules import ValueRule
from syncd.core.training import RecordKind, TrainingRule

FOR_ONE = {
    "session": ("session",),
    "module": ("module", "session"),
    "score": ("module", "session"),
    "note": ("module",),
}
"""Keys that only some kinds of records have."""


def build_training(root: Root, document: Document) -> tuple[TrainingRule, ...]:
    """A rule for each entry; what is wrong with it is noted in the Document."""
    blanks, rules = document.blanks, []
    for index, part in enumerate(root.training):
        document.blanks = frozenset(map(clean, part.source.blanks))
        rules.append(_rule(part, ("training", index), document))
    document.blanks = blanks
    return tuple(rules)


def check_training_sources(root: Root, document: Document) -> None:
    """Each has a name of its own, and what is expected of it is only what proves that it is whole."""
    seen: dict[str, Loc] = {part.name: loc for loc, part in root.hr.items()}
    for index, one in enumerate(root.training):
        loc: Loc = ("training", index, "source")
        if one.source.name in seen:
            at = (*loc, "name") if (*loc, "name") in document.values else loc
            document.fault(at, f'"{one.source.name}" is the name of {dotted(seen[one.source.name])} already')
        seen.setdefault(one.source.name, loc)
        for name in sorted(one.source.expect.model_fields_set - {"trailer"}):
            document.fault(
                (*loc, "expect", name),
                "has no place here: nothing follows from a row of training that is missing",
                at_key=True,
            )


def _rule(part: TrainingPart, loc: Loc, document: Document) -> TrainingRule:
    for name, kinds in FOR_ONE.items():
        if getattr(part, name) is not None and part.record not in kinds:
            document.fault((*loc, name), f"has no place beside record: {part.record}", at_key=True)
    if part.record == "session" and part.session is None:
        document.fault((*loc, "record"), "session needs session:, the name of the session or its column")
    if part.record != "session" and part.date is None:
        document.fault((*loc, "record"), f"{part.record} needs date:, the column that says when")
    id_at = (*loc, "employee_id")
    return TrainingRule(
        place=place(loc, document),
        source=part.source.name,
        record=RecordKind(part.record),
        employee_id=ValueRule(
            parts=(build_column(part.employee_id.column, _from(id_at, document), document),),
            transforms=build_transforms(part.employee_id.transform, (*id_at, "transform"), document),
        ),
        course=build_value(part.course, (*loc, "course"), document),
        module=_value(part, "module", loc, document),
        session=_value(part, "session", loc, document),
        date=_date(part, loc, document),
        form=part.date.format if part.date is not None else "%Y-%m-%d",
        score=_value(part, "score", loc, document),
        note=_value(part, "note", loc, document),
        attempt=_value(part, "attempt", loc, document),
        when=when(part.when, (*loc, "when"), document),
        blanks=document.blanks,
    )


def _value(part: TrainingPart, name: str, loc: Loc, document: Document) -> ValueRule | None:
    value = getattr(part, name)
    return None if value is None else build_value(value, (*loc, name), document)


def _date(part: TrainingPart, loc: Loc, document: Document) -> ValueRule | None:
    if part.date is None:
        return None
    at = (*loc, "date")
    if problem := format_fault(part.date.format, reads=True):
        document.fault((*at, "format"), problem)
    return ValueRule(parts=(build_column(part.date.column, _from(at, document), document),))


def _from(loc: Loc, document: Document) -> Loc:
    """Where the column is written: under ``from``, or in its place."""
    return (*loc, "from") if (*loc, "from") in document.values else loc
