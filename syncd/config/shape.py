"""Shape: the Document as a Root. What has the wrong shape is noted and left out, so that the rest is judged all the same."""

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError

from syncd.config.document import Document, Loc
from syncd.config.faults import note_shape_faults, real_loc
from syncd.config.root import Root
from syncd.config.secrets import Lookups

_ROUNDS = 10
_STAND_INS: dict[str, Any] = {
    "version": "1",
    "database": "sqlite:///stand-in",
    "litmos": {"api_key": "stand-in"},
    "source": {"type": "csv", "path": "stand-in"},
    "sources": {"*": {"type": "csv", "path": "stand-in"}},
    "employee": {"id": {"from": "stand-in"}},
    "users": {"fields": {}},
    "teams": {"*": {"name": "stand-in"}},
    "learning_paths": {"*": {"path": "stand-in"}},
    "courses": {"*": {"course": "stand-in"}},
    "training": {
        "*": {
            "source": {"type": "csv", "path": "stand-in", "name": "stand-in"},
            "record": "module",
            "employee_id": {"from": "stand-in"},
            "course": {"value": "stand-in"},
            "date": {"from": "stand-in"},
        }
    },
}
"""For what is required and missing or wrong, so that the rest can be judged; such a file is never used."""


def shape(document: Document, lookups: Lookups, failed: set[Loc]) -> Root | None:
    """The Root, or None if too little of it is left; every fault of shape is noted.

    ``failed`` are values that have a fault already. They, and what was left out, are muted in the Document: later checks
    do not complain about them a second time.
    """
    document.muted |= failed
    data = copy.deepcopy(document.data)
    for _ in range(_ROUNDS):
        try:
            return Root.model_validate(data, context={"lookups": lookups})
        except ValidationError as error:
            note_shape_faults(error, document, _schema())
            for found in error.errors(include_url=False):
                _leave_out(real_loc(found["loc"], data), found["type"] == "missing", data, document)
    return None


@cache
def _schema() -> dict[str, Any]:
    """The schema that names the keys there are; a file without faults does not need it, and it takes a while to make."""
    return Root.model_json_schema(by_alias=True)


def _leave_out(loc: Loc, missing: bool, data: Any, document: Document) -> None:  # noqa: FBT001 - one caller
    """Take what is wrong out of ``data``; what cannot be done without, or has a place in a list, gets a stand-in."""
    document.muted.add(loc)
    stand_in = _at(_STAND_INS, ["*" if isinstance(part, int) else part for part in loc])
    parent = _at(data, loc[:-1])
    if stand_in is not None and loc and (missing or isinstance(parent, list)):
        parent[loc[-1]] = copy.deepcopy(stand_in)
        return
    gone = loc[:-1] if missing else loc
    document.muted.add(gone)
    _remove(data, gone)


def _remove(data: Any, loc: Loc) -> None:
    """Take a value out of its mapping; an item of a list takes the list along, for the others would change places."""
    if not loc:
        return
    parent = _at(data, loc[:-1])
    if isinstance(parent, dict):
        parent.pop(loc[-1], None)
    elif isinstance(parent, list):
        _remove(data, loc[:-1])


def _at(data: Any, loc: Sequence[str | int]) -> Any:
    for part in loc:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data
