"""CEL, the language of ``when:`` and ``expr:``, behind one small adapter (docs/decisions/0011).

An expression is compiled and type-checked when the configuration is loaded. It sees the columns that it names, as texts, and
nothing else: no clock, no file, no other row. What it may cost is bounded: its length and nesting, the texts it works on
(MAX_TEXT), the steps of its loops (cel-cpp's budget), and regular expressions take linear time (RE2).
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from syncd.config.celfaults import compile_fault, evaluation_fault, position
from syncd.config.celfunctions import FUNCTIONS, MAX_TEXT, bounded
from syncd.config.celscan import ScanFault, columns_in
from syncd.core.conditions import Fields, cell
from syncd.core.transforms import Refused

MAX_LENGTH = 2000
"""Characters of an expression."""


class ExpressionFault(ValueError):
    """Why a text cannot be such an expression: sentences with the position (line and column, from 1) in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CelExpression:
    """A compiled expression over the columns of a Record; ``where`` is the place of its text in the configuration."""

    where: str
    program: Any
    names: tuple[str, ...]

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column it names, with the place of the expression."""
        return ((name, self.where) for name in self.names)

    def _result(self, fields: Fields) -> object:
        row = {name: self._cell(fields, name) for name in self.names}
        try:
            value = self.program.eval(data={"row": row})
            failed, result = value.type().name() == "ERROR", value.plain_value()
        except (RuntimeError, TypeError, ValueError) as error:
            raise Refused("EXPRESSION-FAILED", evaluation_fault(str(error))) from None
        if failed:
            raise Refused("EXPRESSION-FAILED", evaluation_fault(str(result)))
        return result

    @staticmethod
    def _cell(fields: Fields, name: str) -> str:
        text = cell(fields, name)
        if "\0" in text:  # a result would end there
            raise Refused("TEXT-CONTROL", f'column "{name}" has the control character U+0000')
        if len(text) > MAX_TEXT:
            why = f'column "{name}" has {len(text)} characters; an expression takes {MAX_TEXT}'
            raise Refused("EXPRESSION-FAILED", why)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class CelCondition(CelExpression):
    """An expression that is true or false: a Condition."""

    def holds(self, fields: Fields) -> bool:
        """The answer; Refused if it cannot be worked out for this Record."""
        return self._result(fields) is True


@dataclass(frozen=True, slots=True, kw_only=True)
class CelText(CelExpression):
    """An expression that makes a text: a Formula. ``is_bool``: the text can only be ``true`` or ``false``."""

    is_bool: bool = False

    def text(self, fields: Fields) -> str:
        """The text; a whole number is its digits, a boolean ``true`` or ``false``. Refused if it cannot be made."""
        result = self._result(fields)
        return str(result).lower() if isinstance(result, bool) else str(result)


def compile_condition(text: str, where: str) -> CelCondition:
    """The Condition; ExpressionFault if the text is no expression that is true or false."""
    program, names = _compiled(text, {"BOOL"}, "true or false, for example row.department == 'Sales'")
    return CelCondition(where=where, program=program, names=names)


def compile_text(text: str, where: str) -> CelText:
    """The Formula; ExpressionFault if the text is no expression that gives a text."""
    program, names = _compiled(
        text, {"STRING", "INT", "BOOL"}, "a text (or a whole number, or true or false)"
    )
    is_bool = program.return_type().name() == "BOOL"
    return CelText(where=where, program=program, names=names, is_bool=is_bool)


def _compiled(text: str, types: set[str], meant: str) -> tuple[Any, tuple[str, ...]]:
    if not text.strip():
        raise ExpressionFault("must not be blank")
    if len(text) > MAX_LENGTH:
        raise ExpressionFault(f"has {len(text)} characters; an expression has at most {MAX_LENGTH}")
    text = unicodedata.normalize("NFC", text)  # as cells and names of columns are
    try:
        program = _environment().compile(text)
    except (RuntimeError, TypeError) as error:
        raise ExpressionFault(compile_fault(str(error), text)) from None
    try:
        names = columns_in(text)
    except ScanFault as fault:
        raise ExpressionFault(f"{position(text, fault.at)}: {fault}") from None
    given = program.return_type().name()
    if given not in types:
        raise ExpressionFault(f"gives {_TYPES.get(given, given.lower())}; it must give {meant}")
    return program, names


_TYPES = {
    "STRING": "a text",
    "INT": "a whole number",
    "BOOL": "true or false",
    "DYN": "something whose type is known only at run time",
}


@cache
def _environment() -> Any:
    """What an expression may use: CEL's own functions, and FUNCTIONS."""
    from cel_expr_python import cel

    types = {"text": cel.Type.STRING, "texts": cel.Type.List(cel.Type.STRING), "number": cel.Type.INT}
    declared = []
    for name, overloads in FUNCTIONS.items():
        made = [
            cel.Overload(
                f"{name}_{'_'.join(taken)}",
                return_type=types[given],
                parameters=[types[each] for each in taken],
                is_member=True,
                impl=bounded(do),
            )
            for taken, given, do in overloads
        ]
        declared.append(cel.FunctionDecl(name, made))
    row = cel.Type.Map(cel.Type.STRING, cel.Type.STRING)
    return cel.NewEnv(variables={"row": row}, functions=declared)
