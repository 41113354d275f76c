"""Values as written (``from``, ``template``, ``map``, ``date``, ...), made into the core's ValueRule."""

from collections.abc import Iterable

from syncd.config.cel import ExpressionFault, compile_text
from syncd.config.document import Document, Loc
from syncd.config.faults import suggestion
from syncd.config.mapping_parts import TableFile, ValuePart
from syncd.config.tables import read_table
from syncd.config.templates import parse_columns
from syncd.core.cells import clean
from syncd.core.dates import DateFormat, format_fault
from syncd.core.rules import Column, Lookup, Otherwise, Part, Split, Text, ValueRule
from syncd.core.transforms import TRANSFORMS, trim

_WAYS = {"column": "from", "template": "template", "concat": "concat", "expr": "expr", "constant": "value"}


def build_value(part: ValuePart, loc: Loc, document: Document) -> ValueRule:
    """The rule; what is wrong with it is noted in the Document."""
    given = [name for attribute, name in _WAYS.items() if getattr(part, attribute) is not None]
    if len(given) != 1:
        problem = f"has {' and '.join(given)}" if given else "says not where the value comes from"
        document.fault(
            loc, f"{problem}; it needs exactly one of from, template, concat, expr, value", at_key=True
        )
    if part.separator is not None and part.concat is None and not document.is_muted((*loc, "concat")):
        document.fault((*loc, "separator"), "is for concat only", at_key=True)
    if part.otherwise is not None and part.table is None and not document.is_muted((*loc, "map")):
        document.fault((*loc, "else"), "is for map only", at_key=True)
    if part.table is not None and part.date is not None:
        document.fault((*loc, "map"), "and date exclude each other", at_key=True)
    return ValueRule(
        parts=_parts(part, loc, document),
        separator=part.separator,
        split=None if part.split is None else Split(by=part.split.by, pick=part.split.pick),
        transforms=build_transforms(part.transform, (*loc, "transform"), document),
        date=_date(part, loc, document),
        lookup=_lookup(part, loc, document),
        default=trim(part.default),
    )


def build_column(name: str, loc: Loc, document: Document) -> Column:
    """A column named in the file; a blank name is a fault."""
    if not name.strip():
        document.fault(loc, "must be the name of a column")
    return Column(name=trim(name), where=document.where(loc))


def check_words(table: Iterable[str], loc: Loc, document: Document) -> None:
    """A word that is taken for blank is never looked up: one in a table is a fault."""
    for word in table:
        if clean(word) in document.blanks:
            document.fault(
                (*loc, word),
                f'"{word}" is read as blank: use "" here, or take it out of source.blanks',
                at_key=True,
            )


def build_transforms(names: Iterable[str], loc: Loc, document: Document) -> tuple[str, ...]:
    """The names, if all are known."""
    known = tuple(names)
    for index, name in enumerate(known):
        if name not in TRANSFORMS:
            here = (*loc, index) if (*loc, index) in document.values else loc
            document.fault(here, f'"{name}" is no transform{suggestion(name, sorted(TRANSFORMS))}')
    return tuple(name for name in known if name in TRANSFORMS)


def build_template(text: str, loc: Loc, document: Document) -> tuple[Part, ...]:
    """The parts of a text with columns in braces; a blank one is a fault."""
    if not text.strip():
        document.fault(loc, "must not be blank")
    try:
        return parse_columns(text, document.where(loc))
    except ValueError as error:
        document.fault(loc, str(error))
        return ()


def build_formula(text: str, loc: Loc, document: Document) -> tuple[Part, ...]:
    """The part that an expression is; one that cannot be compiled is a fault."""
    try:
        return (compile_text(text, document.where(loc)),)
    except ExpressionFault as fault:
        document.fault(loc, str(fault))
        return ()


def _parts(part: ValuePart, loc: Loc, document: Document) -> tuple[Part, ...]:
    if part.column is not None:
        short = (*loc, "from") not in document.values
        return (build_column(part.column, loc if short else (*loc, "from"), document),)
    if part.template is not None:
        return build_template(part.template, (*loc, "template"), document)
    if part.constant is not None:
        return (Text(text=trim(part.constant)),)
    if part.expr is not None:
        return build_formula(part.expr, (*loc, "expr"), document)
    pieces: list[Part] = []
    for index, piece in enumerate(part.concat or ()):
        here = (*loc, "concat", index)
        if (piece.column is None) == (piece.text is None):
            document.fault(here, "needs either from or text")
        elif piece.column is not None:
            at = (*here, "from") if (*here, "from") in document.values else here
            pieces.append(build_column(piece.column, at, document))
        else:
            pieces.append(Text(text=piece.text or ""))
    if part.concat is not None and not part.concat:
        document.fault((*loc, "concat"), "must not be empty")
    return tuple(pieces)


def _date(part: ValuePart, loc: Loc, document: Document) -> DateFormat | None:
    if part.date is None:
        return None
    for key, form, reads in (("in", part.date.read, True), ("out", part.date.write, False)):
        problem = format_fault(form, reads=reads)
        if problem:
            document.fault((*loc, "date", key), problem)
    return DateFormat(read=part.date.read, write=part.date.write)


def _lookup(part: ValuePart, loc: Loc, document: Document) -> Lookup | None:
    if part.table is None:
        return None
    kind, value = part.otherwise or ("reject", "")
    if isinstance(part.table, TableFile):
        table = read_table(part.table, (*loc, "map"), document)
    else:
        table = {clean(key): trim(value) for key, value in part.table.items()}
    if part.column is not None and part.split is None:
        check_words(table, (*loc, "map"), document)
    return Lookup(
        table=table,
        otherwise=Otherwise(kind),
        value=trim(value),
    )
