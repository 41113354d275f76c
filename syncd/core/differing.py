"""Differing: what is not the same in two Runs of a flow: what their configurations say, what they read, what they came to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

_ITEM = re.compile(r"^(\w+)\[(\d+)\]\.?(.*)$")
_TEXT = 80
"""So many characters of a value are told in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One setting, or one number, before and after; None: it was not there, or is no more."""

    path: str
    before: str | None
    after: str | None

    @property
    def told(self) -> str:
        """As one line: ``push.limits.deactivations.count: 10 -> 20``, ``+ teams[2].name: Sales``, ``- users.match: Email``."""
        if self.before is None:
            return f"+ {self.path}: {_short(self.after)}"
        if self.after is None:
            return f"- {self.path}: {_short(self.before)}"
        return f"{self.path}: {_short(self.before)} -> {_short(self.after)}"


def settings(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Difference, ...]:
    """What two configurations say otherwise, each a path -> value, in the order of the later one.

    Members of a list (``teams[1]``) are paired by what they say: one that is put in first is one that is new, and not a
    change of all that come after it. Those that are paired are called by their place in the later one.
    """
    old, new = _parts(before), _parts(after)
    found: list[Difference] = []
    for name in [*new, *(name for name in old if name not in new)]:
        left, right = old.get(name, []), new.get(name, [])
        if name.endswith("[]"):
            found += _members(name.removesuffix("[]"), left, right)
        else:
            found += _keyed("", _only(left), _only(right))
    return tuple(found)


def _parts(said: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """By the list that they are a member of (``teams[]``), or by their first name: settings, a mapping for each member."""
    found: dict[str, list[dict[str, str]]] = {}
    for path, value in said.items():
        item = _ITEM.match(path)
        if item is None:
            found.setdefault(path.partition(".")[0], [{}])[0][path] = value
            continue
        members = found.setdefault(f"{item[1]}[]", [])
        while len(members) <= int(item[2]):
            members.append({})
        members[int(item[2])][item[3]] = value
    return found


def _only(parts: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    return parts[0] if parts else {}


def _members(
    name: str, old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]
) -> list[Difference]:
    left, right = ([tuple(one.items()) for one in members] for members in (old, new))
    found: list[Difference] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for step in range(max(b - a, d - c)):
            was = old[a + step] if a + step < b else {}
            now = new[c + step] if c + step < d else {}
            place = c + step if now else a + step
            found += _keyed(f"{name}[{place}]", was, now)
    return found


def _keyed(prefix: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[Difference]:
    for key in [*after, *(key for key in before if key not in after)]:
        if before.get(key) != after.get(key):
            path = f"{prefix}.{key}".strip(".") if prefix else key
            yield Difference(path=path, before=before.get(key), after=after.get(key))


def numbers(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[Difference, ...]:
    """Counts that are not the same, by name; what is not counted is 0."""
    return tuple(
        Difference(path=name, before=str(before.get(name, 0)), after=str(after.get(name, 0)))
        for name in sorted({*before, *after})
        if before.get(name, 0) != after.get(name, 0)
    )


def inputs(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each input of the later Run beside the one of the same source before: more or fewer rows and bytes, or the same bytes.

    ``earlier`` is False for a source that was not read before.
    """
    old = {one["source"]: one for one in before}
    found = []
    for one in after:
        was = old.get(one["source"])
        found.append(
            {
                "source": one["source"],
                "earlier": was is not None,
                "same": was is not None and was["sha256"] == one["sha256"],
                "rows": 0 if was is None else one["rows"] - was["rows"],
                "size_bytes": 0 if was is None else one["size_bytes"] - was["size_bytes"],
            }
        )
    return found


def _short(text: str | None) -> str:
    said = "" if text is None else text
    return said if len(said) <= _TEXT else f"{said[: _TEXT - 1]}…"
