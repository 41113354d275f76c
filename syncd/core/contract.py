"""Contract: what nobody knows about Litmos' API until a tenant is asked, and what the answers to a probe mean. Pure.

Every flow is right under every reading; an answer that is not known is the conservative one.
"""

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from syncd.core.mapping import Mapping as Rules
from syncd.core.match import comparable
from syncd.core.model import Employee, User

YES: Mapping[bool, str] = {True: "yes", False: "no"}
"""How an answer that is yes or no is written."""
DELAY = timedelta(minutes=2)
"""So far may the time of a write, by Litmos' two clocks, differ."""
DISPOSABLE_LEVEL = "Learner"
"""The one access level that a user to be probed may have."""


class Question(StrEnum):
    """What a probe can settle."""

    PUT_ABSENT = "put_absent"
    HTML_ENTITIES = "html_entities"
    DATES = "dates"
    USER_BY_NAME = "user_by_name"
    USERS_PAGINATED = "users_paginated"
    DEACTIVATION_KEEPS_TEAMS = "deactivation_keeps_teams"
    REMOVALS_REPORTED = "removals_reported"


MEANINGS: Mapping[Question, str] = {
    Question.PUT_ABSENT: "a PUT of a user makes what it leaves out empty (replace), or keeps it (merge)",
    Question.HTML_ENTITIES: "texts come back HTML-escaped (escaped), or as they were sent (plain)",
    Question.DATES: "/Date(...)/ counts from the UTC epoch (utc), or is off by the offset it shows (shifted)",
    Question.USER_BY_NAME: "GET /users/{id} takes a UserName as well (yes, no)",
    Question.USERS_PAGINATED: "the JSON of GET /users/paginated is as in the vendor's document (documented, other)",
    Question.DEACTIVATION_KEEPS_TEAMS: "somebody deactivated stays in their teams (yes, no)",
    Question.REMOVALS_REPORTED: "/org/teams/users shows who was taken out of a team (yes, no)",
}
"""Each question with its answers; "" is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The answer to a Question, and when it was given (UTC)."""

    value: str
    settled_at: datetime


def put_absent(before: str, after: str) -> str:
    """What became of a text (never "") that a PUT left out."""
    return "merge" if after == before else "replace" if not after else ""


def entities(sent: str, shown: str) -> str:
    """How a text with an ampersand and an apostrophe came back, by its bytes."""
    return "plain" if shown == sent else "escaped" if html.unescape(shown) == sent else ""


def dates(written_at: datetime, shown: datetime, offset: timedelta | None) -> str:
    """What ``/Date(ms+hhmm)/`` of a write means; ``shown`` takes the milliseconds for UTC, ``offset`` is the hhmm."""
    away = shown - written_at
    if abs(away) <= DELAY:
        return "utc"
    if offset and abs(abs(away) - abs(offset)) <= DELAY:
        return "shifted"
    return ""


def objections(
    user: User, rules: Rules, employees: Iterable[Employee], *, linked: bool, protected: bool
) -> list[str]:
    """Every reason why this user is not disposable: a probe changes their record for a minute or two."""
    found = []
    level = str(user.fields.get("AccessLevel", ""))
    if level != DISPOSABLE_LEVEL:
        found.append(f"their access level is {level or 'unknown'}, not {DISPOSABLE_LEVEL}")
    if protected:
        found.append("users.protected names them")
    if linked:
        found.append("they are linked to an employee")
    if user.fields.get(rules.link_field):
        found.append(f"their {rules.link_field} names an employee")
    if not user.active:
        found.append("they are inactive")
    if any(_is(user, employee, rules.match) for employee in employees):
        found.append("HR's data has somebody with their name, address or match key")
    return found


def _is(user: User, employee: Employee, keys: Iterable[str]) -> bool:
    return any(
        comparable(user.fields.get(key, "")) == comparable(employee.fields[key]) != ""
        for key in {"UserName", "Email", *keys}
        if key in employee.fields
    )
