"""Protection: users that nothing ever happens to, whatever HR, a rule or a person's decision says.

And what was planned before somebody became one of them, or before a person decided about somebody: it is barred.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from syncd.core.cases import Resolution, Verdict
from syncd.core.match import comparable
from syncd.core.model import Change, Skip, State, User

PROTECTED = "PROTECTED"
"""The code of what is not done since the user is protected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Who is protected, any of these being enough: access levels and Litmos ids exactly, the others but for case.

    ``usernames`` are patterns in which ``*`` stands for any text: ``svc-*``.
    """

    levels: frozenset[str] = frozenset()
    usernames: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    user_ids: frozenset[str] = frozenset()
    _names: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _brands: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", _any_of(self.usernames))
        object.__setattr__(self, "_brands", frozenset(map(comparable, self.brands)))

    def why(self, user: User) -> str:
        """What protects this user (``access level Administrator``), or "" if nothing does."""
        if (level := str(user.fields.get("AccessLevel", ""))) in self.levels:
            return f"access level {level}"
        if self._names.fullmatch(comparable(user.username)):
            return "by username"
        if (brand := str(user.fields.get("Brand", ""))) and comparable(brand) in self._brands:
            return f"brand {brand}"
        return "by user id" if user.id in self.user_ids else ""


def refusal_of(why: str) -> str:
    """The sentence of a write that is not sent since its user is protected."""
    return f"the Litmos user is protected ({why}); nothing was changed"


def refused(people: Mapping[str, User], protection: Protection) -> Mapping[str, str]:
    """Whom of these a Job must not touch, though it was planned: key -> the sentence why. ``people`` is key -> user."""
    return {key: refusal_of(why) for key, user in people.items() if (why := protection.why(user))}


def barred(
    change: Change,
    current: State,
    protection: Protection,
    *,
    resolutions: Mapping[str, Resolution],
    links: Mapping[str, str],
) -> Skip | None:
    """Why a Change that was planned a while ago may not be made any more, whatever it would change; None if it may.

    ``links`` is employee_id -> user id; ``resolutions`` are people's decisions by employee_id. The first that is so:

    ==============================================================  =============
    about a team                                                    may be made
    a person said to leave the employee alone                       ``IGNORED``
    a person said that the employee is another user, or not this    ``RELINKED``
    the user of the Change is not whom the employee is linked to    ``RELINKED``
    whom the employee is linked to is protected                     ``PROTECTED``
    else                                                            may be made
    ==============================================================  =============
    """
    person = change.employee_id
    if not person:
        return None
    decided, user = resolutions.get(person), current.users.get(person)
    if decided is not None and decided.verdict is Verdict.IGNORE:
        return _skip(change, "IGNORED", f"a person decided to leave employee {person} alone")
    if is_other(change.user_id, decided):
        return _skip(change, "RELINKED", f"a person decided otherwise whom employee {person} is in Litmos")
    if change.user_id and change.user_id != links.get(person):
        return _skip(
            change, "RELINKED", f"employee {person} is not linked to Litmos user {change.user_id} any more"
        )
    if user is not None and (why := protection.why(user)):
        message = f"Litmos user {user.id} of employee {person} is protected ({why})"
        return _skip(change, PROTECTED, message)
    return None


def is_other(user_id: str, decided: Resolution | None) -> bool:
    """Whether a person said that somebody is not this user ("": one who is not there yet)."""
    if decided is None:
        return False
    if decided.verdict is Verdict.LINK:
        return decided.user_id != user_id
    return user_id in decided.refused


def _skip(change: Change, code: str, message: str) -> Skip:
    return Skip(employee_id=change.employee_id, code=code, message=message, key=change.key)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """One that matches what any of them does; of none, nothing."""
    texts = [re.escape(comparable(pattern)).replace(r"\*", ".*") for pattern in patterns]
    return re.compile("|".join(texts) if texts else "(?!)", re.DOTALL)
