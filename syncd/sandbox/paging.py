"""Paging: start, limit, sort, search, and the date windows of /org/*."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from syncd.sandbox.call import Call
from syncd.sandbox.entities import User
from syncd.sandbox.refusal import Refusal
from syncd.sandbox.world import World

Row = TypeVar("Row")

LIMIT_DEFAULT = 100
LIMIT_MOST = 1000
WINDOW_MOST = timedelta(days=7)

_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S")
_SORTS = {
    "firstname": "FirstName",
    "lastname": "LastName",
    "username": "UserName",
    "active": "Active",
    "email": "Email",
}
_SEARCHED = ("UserName", "FirstName", "LastName", "Email")


def page(world: World, call: Call, rows: Sequence[Row], *, strict: bool = False) -> Sequence[Row]:
    """The asked-for part of a list: 100 rows by default, 1000 at most [DOC]; past the end nothing [REC].

    ``strict``: more than 1000 is a 406 [SPEC, results/details]; elsewhere it is capped (assumed).
    """
    start, limit = _number(call, "start", 0), _number(call, "limit", LIMIT_DEFAULT)
    if limit > LIMIT_MOST and strict:
        raise Refusal(406, "The maxminum number of records to return is 1000.")
    limit = min(limit, LIMIT_MOST) or LIMIT_DEFAULT
    return rows[start : start + max(limit + world.modes.extra_rows, 1)]


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise Refusal(400, f"{name} is not a number")
    return int(text)


def chosen_users(world: World, call: Call, users: Iterable[User]) -> list[User]:
    """Users filtered by ``search`` and ``showInactive`` and put in order; by OriginalId unless ``sort`` says (assumed).

    Search is a substring of username, names or e-mail, without case; inactive ones are shown unless
    ``showInactive=false`` [DOC].
    """
    wanted = call.query.get("search", "")[:50].casefold()
    hidden = call.query.get("showinactive", "").lower() == "false"
    found = [
        user
        for user in users
        if world.seen(user) and not (hidden and not user.active) and (not wanted or _matches(user, wanted))
    ]
    name = _SORTS.get(call.query.get("sort", "").lower())
    backwards = call.query.get("dir", "").lower() == "desc"
    if name is None:
        found.sort(key=lambda user: user.number, reverse=backwards)
    else:
        found.sort(key=lambda user: (str(user.profile[name]).casefold(), user.number), reverse=backwards)
    return found


def _matches(user: User, wanted: str) -> bool:
    return any(wanted in (user.profile[name] or "").casefold() for name in _SEARCHED)


def searched(call: Call, rows: Iterable[Row], name: Callable[[Row], str]) -> list[Row]:
    """Rows whose name holds ``search``, without case."""
    wanted = call.query.get("search", "")[:50].casefold()
    return [row for row in rows if wanted in name(row).casefold()]


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, both ends included."""

    since: datetime
    to: datetime

    def holds(self, *moments: datetime | None) -> bool:
        """Whether any of these times is inside."""
        return any(moment is not None and self.since <= moment <= self.to for moment in moments)


def window(world: World, call: Call) -> Window:
    """``since`` and ``to`` of /org/*: both needed, at most 7 days, else 406 [SPEC].

    A ``to`` that is not in the future leaves out today [DOC], unless the mode says otherwise; today begins at
    midnight UTC (assumed).
    """
    since, to = moment(call, "since"), moment(call, "to")
    if since is None or to is None or since > to or to - since > WINDOW_MOST:
        raise Refusal(406, "Please provide a valid since and to query string parameters")
    now = world.now()
    if world.modes.to_hides_today and to <= now:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        to = min(to, midnight - timedelta(microseconds=1))
    return Window(since, to)


def moment(call: Call, name: str) -> datetime | None:
    """A date parameter in UTC: ``yyyy-MM-dd[ HH:mm[:ss]]`` [SPEC]; None if absent, Refusal 406 for other forms."""
    text = call.query.get(name, "")
    if not text:
        return None
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Refusal(406, f"Please provide a valid '{name}='")
