"""Beside: each field of one person as HR has it, as syncd last wrote it, and as Litmos has it. Pure.

What differs, and is told so, is what a push would mend:

=============================  =====================================  ===============================
the field is                   and HR and Litmos are not the same     else
=============================  =====================================  ===============================
HR's                           differs                                nothing is said
only shown (``report``)        nothing, but that it is only shown     the same
set when an account is made    nothing, but that it is set then       the same
filled in where it is blank    differs if it is blank in Litmos       nothing is said
=============================  =====================================  ===============================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from syncd.core.account import same
from syncd.core.managers import MANAGER, MANAGER_ID
from syncd.core.model import FieldValue


class Rules(Protocol):
    """Whose the fields are, by name; the mapping says so."""

    @property
    def report_only(self) -> frozenset[str]:
        """Those that are only shown."""
        ...

    @property
    def create_only(self) -> frozenset[str]:
        """Those that are set when an account is made."""
        ...

    @property
    def if_empty(self) -> frozenset[str]:
        """Those that are filled in where they are blank."""
        ...


SHOWN = "only shown (owner: report)"
CREATED = "set only when an account is made (owner: litmos)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One field; a side that does not have it is None. ``drifted``: Litmos has not what was last written. ``note`` says whose it is."""

    field: str
    hr: FieldValue | None
    synced: FieldValue | None
    litmos: FieldValue | None
    differs: bool
    drifted: bool
    note: str = ""


def beside(
    hr: Mapping[str, FieldValue],
    synced: Mapping[str, FieldValue],
    litmos: Mapping[str, FieldValue] | None,
    rules: Rules,
    *,
    links: Mapping[str, str],
) -> list[Line]:
    """Every field that HR or syncd ever said something of, by name; ``litmos`` None is no user.

    ``links`` are the Litmos ids of whoever is named as manager by employee id; a manager without one is shown by that id.
    """
    hr, waits = _managed(hr, links)
    synced, _ = _managed(synced, links)
    return [
        _line(name, hr.get(name), synced.get(name), litmos, rules, waits=waits and name == MANAGER_ID)
        for name in sorted({*hr, *synced})
    ]


def _managed(
    fields: Mapping[str, FieldValue], links: Mapping[str, str]
) -> tuple[dict[str, FieldValue], bool]:
    """With the field that Litmos has in the place of ``Manager``; whether the manager has no Litmos user yet."""
    found = dict(fields)
    boss = found.pop(MANAGER, None)
    if boss is None:
        return found, False
    found[MANAGER_ID] = links.get(str(boss), boss)
    return found, str(boss) not in links


def _line(
    name: str,
    hr: FieldValue | None,
    synced: FieldValue | None,
    litmos: Mapping[str, FieldValue] | None,
    rules: Rules,
    *,
    waits: bool,
) -> Line:
    have = None if litmos is None else litmos.get(name)
    unlike = litmos is not None and hr is not None and not same(name, litmos.get(name, ""), hr)
    note = SHOWN if name in rules.report_only else CREATED if name in rules.create_only else ""
    kept = bool(note) or (name in rules.if_empty and have not in (None, ""))
    drifted = litmos is not None and synced is not None and not same(name, litmos.get(name, ""), synced)
    return Line(
        field=name,
        hr=hr,
        synced=synced,
        litmos=have,
        differs=unlike and not kept and not waits,
        drifted=drifted and not note,
        note="has no Litmos user yet" if waits else note,
    )
