"""Protection: users that nothing ever happens to, whatever HR, a rule or a person's decision says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from syncd.core.match import comparable
from syncd.core.model import User


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


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """One that matches what any of them does; of none, nothing."""
    texts = [re.escape(comparable(pattern)).replace(r"\*", ".*") for pattern in patterns]
    return re.compile("|".join(texts) if texts else "(?!)", re.DOTALL)
