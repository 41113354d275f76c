"""Paths into JSON.

``work.email``, ``departments[0].name``, ``groups[type=TEAM].name``, ``groups[*].name``, ``jobs[latest since].title``, ``"a.b".c``.
"""

import re
from dataclasses import dataclass
from typing import Any

from syncd.sources.base import MAX_CELL

JOINED = "; "
"""What stands between the texts of ``[*]``."""
_STEP = re.compile(
    r'(?P<dot>\.)?(?:"(?P<quoted>[^"]+)"|(?P<key>[^.\[\]"]+))'
    r"|\[(?:(?P<index>-?\d{1,4})|(?P<all>\*)|latest (?P<latest>[^=\]]+)|(?P<name>[^=\]]+)=(?P<value>[^\]]*))\]"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: into a key, to the item of an index, to all items, or to one of them.

    That is the first whose ``name`` is ``value``, or the one with the greatest text at ``latest``: dates as 2026-01-31 are
    texts that sort as times do. Of several with the same, the first; an item without one only if there is no other.
    """

    key: str = ""
    index: int | None = None
    every: bool = False
    name: str = ""
    value: str = ""
    latest: str = ""


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path. Raises ValueError for one that is not understood."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        key = found and (found["quoted"] or found["key"])
        if found is None or (key and bool(found["dot"]) != bool(steps)):
            raise ValueError(
                f'"{text}" is no path: write work.email, departments[0].name, groups[type=TEAM].name, '
                "groups[*].name or jobs[latest since].title"
            )
        if key:
            steps.append(Step(key=key))
        elif found["index"]:
            steps.append(Step(index=int(found["index"])))
        elif found["latest"]:
            steps.append(Step(latest=found["latest"]))
        else:
            steps.append(Step(every=bool(found["all"]), name=found["name"] or "", value=found["value"] or ""))
        at = found.end()
    return tuple(steps)


def text_at(data: Any, steps: tuple[Step, ...]) -> str:
    """What is at the end of a path, as text: "" for nothing and null, ``true`` and ``false``, numbers with their digits.

    Raises ValueError, without saying what is there, if it is an object or a list.
    """
    found = value_at(data, steps)
    if isinstance(found, _Several):
        return JOINED.join(text for each in found if (text := _text(each)))
    return _text(found)


def value_at(data: Any, steps: tuple[Step, ...]) -> Any:
    """What is at the end of a path; None if there is nothing."""
    for number, step in enumerate(steps):
        if step.key:
            data = data.get(step.key) if isinstance(data, dict) else None
        elif not isinstance(data, list):
            return None
        elif step.every:
            return _Several(value_at(each, steps[number + 1 :]) for each in data)
        elif step.index is not None:
            data = data[step.index] if -len(data) <= step.index < len(data) else None
        elif step.latest:
            objects = (one for one in data if isinstance(one, dict))
            data = max(objects, key=lambda one: _text(one.get(step.latest)), default=None)
        else:
            named = (one for one in data if isinstance(one, dict) and _is(one.get(step.name), step.value))
            data = next(named, None)
    return data


class _Several(list[Any]):
    """What ``[*]`` led to."""


def _is(found: Any, value: str) -> bool:
    return not isinstance(found, dict | list) and _text(found) == value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        kind = "an object" if isinstance(value, dict) else "a list"
        raise ValueError(f"is {kind}: say in the path what of it is meant")  # noqa: TRY004 - about HR's data
    if "\0" in value or len(value) > MAX_CELL:
        raise ValueError("holds a NUL character, or more than 1 MiB")
    return value
