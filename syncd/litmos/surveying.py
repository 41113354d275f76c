"""Surveying: what an account holds, as far as the key may read it, and when its answers were dated. Reads only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.core.model import Item, ItemKind
from syncd.core.operation import TeamFact
from syncd.errors import LitmosError
from syncd.litmos import reading
from syncd.litmos.client import Calls, LitmosClient, Row
from syncd.litmos.wire import header_date

FORBIDDEN = 403

Sample = tuple[datetime, datetime, datetime]
"""(sent by our clock, the answer's Date, received by our clock)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Complete lists, None for one that could not be read; ``error`` is that of the first read that failed."""

    profiles: Sequence[Row] | None = None
    teams: tuple[TeamFact, ...] | None = None
    paths: tuple[Item, ...] | None = None
    courses: tuple[Item, ...] | None = None
    error: LitmosError | None = None
    samples: tuple[Sample, ...] = ()
    requests: int = 0


class _Clocked:
    """A Watch that notes when the first byte left."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.sent_at = now()

    def before_send(self, *, write: bool) -> None:
        self.sent_at = self._now()


class _Dated:
    """Collects the dates of answers."""

    def __init__(self, calls: Calls, watch: _Clocked, now: Callable[[], datetime]) -> None:
        self._calls, self._watch, self._now = calls, watch, now
        self.samples: list[Sample] = []

    def note(self, *_progress: object) -> None:
        """The latest answer's date, if it has one."""
        theirs = header_date(self._calls.date)
        if theirs is not None:
            self.samples.append((self._watch.sent_at, theirs, self._now()))


def survey(client: LitmosClient, now: Callable[[], datetime], *, courses: bool = False) -> Survey:
    """Read users (full records), then teams, then learning paths, then ``courses``, and stop at the first failure.

    If the full records are forbidden (403), learning paths are still asked for: they are documented for Administrators as
    well, so the two answers tell whose key it is [SPEC]. ``now`` is our clock, UTC.
    """
    watch = _Clocked(now)
    calls = client.calls(watch)
    dated = _Dated(calls, watch, now)
    profiles, teams, paths, offered, error = None, None, None, None, None
    try:
        profiles = reading.profiles(calls, dated.note)
        teams = reading.teams(calls, dated.note)
        paths = reading.items(calls, ItemKind.LEARNING_PATH, dated.note)
        offered = reading.items(calls, ItemKind.COURSE, dated.note) if courses else None
    except LitmosError as failure:
        error = failure
        dated.note()
    if profiles is None and error is not None and error.status == FORBIDDEN:
        paths = _paths_if_allowed(calls)
    return Survey(
        profiles=profiles,
        teams=teams,
        paths=paths,
        courses=offered,
        error=error,
        samples=tuple(dated.samples),
        requests=calls.requests,
    )


def _paths_if_allowed(calls: Calls) -> tuple[Item, ...] | None:
    try:
        return reading.items(calls, ItemKind.LEARNING_PATH, lambda *_: None)
    except LitmosError:
        return None
