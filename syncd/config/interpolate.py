"""Filling references into a parsed Document: values only, whole trees at once, every fault noted."""

from typing import Any

from syncd.config.document import Document, Loc, dotted
from syncd.config.secrets import Lookups, Unresolved, parse_template, resolved


def interpolate(document: Document, lookups: Lookups) -> set[Loc]:
    """Replace every value that has a reference by what it stands for; returns where that failed.

    A failed value is left as it was written; the fault is in the Document.
    """
    failed: set[Loc] = set()
    document.data = _filled(document.data, (), document, lookups, failed)
    return failed


def _filled(value: Any, loc: Loc, document: Document, lookups: Lookups, failed: set[Loc]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, (*loc, key), document, lookups, failed) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, (*loc, index), document, lookups, failed) for index, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    is_url = bool(loc) and loc[-1] in {"database", "url"}
    try:
        template = parse_template(value)
        text = lookups.fill(template, url=is_url)
    except Unresolved as error:
        document.fault(loc, str(error))
        failed.add(loc)
        return value
    return resolved(text, template, where=document.where(loc), key=dotted(loc))
