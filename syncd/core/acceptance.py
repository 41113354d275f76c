"""Acceptance: what an input says that is taken for good once nobody doubts it, at once or when a person has approved."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.core.cases import Resolution, Verdict
from syncd.core.match import BY_PERSON
from syncd.core.model import Link, NodeKey
from syncd.core.protection import is_other


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An Employee as HR has them, in the form in which they are kept; ``data`` is what JSON can say."""

    employee_id: str
    status: str
    data: Mapping[str, Any]
    origin: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A Link that a Plan made; ``was`` is the user to whom the employee was linked at that time ("": nobody)."""

    link: Link
    was: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What is taken of the inputs of one Run (``inputs`` is source -> id), besides their people.

    ``whole`` False: only some people were asked for, so that the inputs are not what the next ones are compared with, and
    nobody is absent from them. ``witnesses`` are the sources whose input is a witness of its own of who is absent; ``untouched`` are employees who
    are neither present nor absent. ``dropped`` are employee -> user of Links that a person has refused, ``ties`` nodes of
    trees -> team ids. ``unwanted`` are the keys of memberships that no rule gives any more -> employee, by the names that
    teams have in the mirror; None if nobody asks.
    """

    inputs: Mapping[str, int]
    whole: bool
    witnesses: frozenset[str] = frozenset()
    untouched: frozenset[str] = frozenset()
    dropped: Mapping[str, str] = field(default_factory=dict)
    links: tuple[NewLink, ...] = ()
    ties: Mapping[NodeKey, str] = field(default_factory=dict)
    unwanted: Mapping[str, str] | None = None
    among: frozenset[str] | None = None
    """The employees about whom the inputs say anything new; None: everybody."""


def standing(
    made: Iterable[NewLink],
    known: Mapping[str, str],
    resolutions: Mapping[str, Resolution],
    dropped: Collection[str] = (),
) -> tuple[Link, ...]:
    """The Links of a Plan that may still be made, by what people and other Plans did since.

    ``known`` are the Links there are, employee -> user; ``dropped`` the employees whose Link is about to be forgotten.

    =============================================================  ======
    a person said to leave the employee alone, that it is another
    user, or not this one                                          no
    a person's decision made it, and is undone                     no
    a person's decision made it                                    yes
    the employee is linked otherwise than when it was planned      no
    the user is linked to somebody else                            no
    else                                                           yes
    =============================================================  ======
    """
    owners = {user_id: employee_id for employee_id, user_id in known.items() if employee_id not in dropped}

    def stands(one: NewLink) -> bool:
        link, decided = one.link, resolutions.get(one.link.employee_id)
        if decided is not None and (decided.verdict is Verdict.IGNORE or is_other(link.user_id, decided)):
            return False
        if link.made_by == BY_PERSON:
            return decided is not None
        if known.get(link.employee_id, "") not in {one.was, link.user_id}:
            return False
        return owners.get(link.user_id, link.employee_id) == link.employee_id

    return tuple(one.link for one in made if stands(one))
