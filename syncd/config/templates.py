"""Templates: ``"{division} {department}"`` taken apart into columns and texts. Braces are doubled to stand for themselves."""

import re

from syncd.core.rules import Column, Part, Text
from syncd.core.transforms import trim

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


def parse_columns(text: str, where: str) -> tuple[Part, ...]:
    """The parts of a template; ValueError for braces that do not pair or are empty."""
    parts: list[Part] = []
    for found in _PIECE.finditer(text):
        piece = found.group()
        if piece in {"{", "}"}:
            raise ValueError(
                f'has a single "{piece}"; columns are written {{column}}, and a brace is doubled'
            )
        if piece in {"{{", "}}"}:
            parts.append(Text(text=piece[0]))
        elif found.group(1) is None:
            parts.append(Text(text=piece))
        elif not found.group(1).strip():
            raise ValueError("has empty braces; a column is written {column}")
        else:
            parts.append(Column(name=trim(found.group(1)), where=where))
    return tuple(parts)
