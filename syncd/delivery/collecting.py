"""Collecting: what Litmos says of results, into the ledger, by the cheapest reading that there is for each kind."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from syncd.app import App
from syncd.core.completion import Completion, ResultKind
from syncd.core.results import Version, decide
from syncd.log import get_logger
from syncd.store import links, results

log = get_logger(__name__)

WATERMARK = "results"
CHECKED = "results-checked"
"""When all results of courses were last read."""
BEGUN = "results-begun"
"""How far the very first pull looked back: what was completed before is not taken later either."""
BADGES = "results-badges"
"""When badges were read last: whoever was linked since has some that nobody has read."""
FUTURE = timedelta(days=1)
"""Litmos' windows end before ``to``, and its clock and zone are not ours: ask into the future [litmos-api 6.6]."""

Update = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What was read, by kind; the new versions by event; and the watermark that holds once they are delivered."""

    mark: datetime
    read: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    checked: bool = False

    @property
    def fresh(self) -> int:
        """How many versions are new."""
        return sum(self.made.values())

    @property
    def summary(self) -> dict[str, int]:
        """For the Run."""
        return {
            "new": self.fresh,
            **{f"read_{kind}": number for kind, number in sorted(self.read.items())},
            **dict(sorted(self.made.items())),
        }


def collect(
    app: App,
    now: datetime,
    *,
    run_id: int | None = None,
    full: bool = False,
    update: Update = lambda _n: None,
) -> Collected:
    """Read results since the watermark, less the overlap, into the ledger. ``full`` reads all results of courses besides.

    Raises LitmosError; what was read before that is kept, and read again by the next pull.
    """
    settings = app.settings
    with app.database.read() as conn:
        mark = results.watermark(conn, app.account, WATERMARK)
        checked_at = results.watermark(conn, app.account, CHECKED)
    since = (
        mark - timedelta(seconds=settings.overlap) if mark else now - timedelta(seconds=settings.first_from)
    )
    told = Collected(mark=now)
    ledger = _Ledger(app, run_id, now, told, update)
    ledger.take(app.target.completions(since, now + FUTURE, settings.results))
    if ResultKind.COURSE in settings.results and (full or _is_due(app, checked_at, now)):
        told = replace(told, checked=True)
        ledger.check(app.target.all_course_results())
    if ResultKind.SESSION in settings.results:
        _sessions(app, ledger, since)
    if ResultKind.POINTS in settings.results:
        _points(app, ledger)
    if ResultKind.BADGE in settings.results:
        _badges(app, ledger)
    with app.database.write() as conn:
        ledger.count(results.settle(conn, app.account, run_id, now))
        if mark is None:
            results.set_watermark(conn, app.account, BEGUN, since)
        if told.checked or checked_at is None:
            results.set_watermark(conn, app.account, CHECKED, now)
    return told


def _is_due(app: App, checked_at: datetime | None, now: datetime) -> bool:
    """Whether all results are to be read again; a ledger that has just begun has nothing to check."""
    within = app.settings.results_checked_within
    return within is not None and checked_at is not None and now - checked_at >= timedelta(seconds=within)


class _Ledger:
    """The ledger, while a pull writes into it."""

    def __init__(self, app: App, run_id: int | None, now: datetime, told: Collected, update: Update) -> None:
        self._app = app
        self._run_id = run_id
        self._now = now
        self._told = told
        self._update = update
        self.people: set[str] = set()
        """the users with something new"""

    def take(self, found: Iterable[Completion], *, sure: bool = False) -> None:
        """Write down what Litmos says; the whole reading is done before the first row is written."""
        whole = []
        for one in found:
            self._told.read[str(one.kind)] += 1
            self._update(self._told.read.total())
            whole.append(one)
        self._write(whole, partial(decide_now, now=self._now, sure=sure))

    def check(self, found: Iterable[Completion]) -> None:
        """Compare the ledger with all results of courses: what it knows, and what was completed since it began."""
        with self._app.database.read() as conn:
            begun = results.watermark(conn, self._app.account, BEGUN)

        def judged(versions: Sequence[Version], said: Completion) -> Version | None:
            late = begun is not None and said.completed_at is not None and said.completed_at >= begun
            return decide(versions, said, self._now, sure=True) if versions or late else None

        whole = list(found)
        self._told.read["checked"] += len(whole)
        self._write(whole, judged)

    def gone(self, known: Iterable[Version], listed: Iterable[Completion]) -> None:
        """Take back what a list that is whole does not show any more."""
        there = {one.result_id for one in listed}
        self._write(
            [
                replace(
                    one.said, completed=False, active=False, completed_at=None, missed=False, failed=False
                )
                for one in known
                if one.said.result_id not in there
            ],
            partial(decide_now, now=self._now, sure=True),
        )

    def count(self, made: Iterable[Version]) -> None:
        """Note these versions."""
        for one in made:
            self._told.made[one.event.value] += 1
            self.people.add(one.said.user_id)

    def _write(
        self, found: list[Completion], judge: Callable[[Sequence[Version], Completion], Version | None]
    ) -> None:
        if not found:
            return
        with self._app.database.write() as conn:
            self.count(results.revise(conn, self._app.account, self._run_id, found, self._now, judge))


def decide_now(versions: Sequence[Version], said: Completion, *, now: datetime, sure: bool) -> Version | None:
    """``core.results.decide`` at this moment."""
    return decide(versions, said, now, sure=sure)


def _sessions(app: App, ledger: _Ledger, since: datetime) -> None:
    for session_id, roll in app.target.attendances(since):
        ledger.take(roll, sure=True)
        with app.database.read() as conn:
            known = results.current_of(conn, app.account, ResultKind.SESSION, object_id=session_id)
        ledger.gone(known, roll)


def _points(app: App, ledger: _Ledger) -> None:
    """The points of everybody; who had some and has none any more is told of, too."""
    found = app.target.points()
    there = {one.result_id for one in found}
    with app.database.read() as conn:
        known = results.current_of(conn, app.account, ResultKind.POINTS)
    none = [replace(one.said, score="0") for one in known if one.said.result_id not in there]
    ledger.take([*found, *none], sure=True)


def _badges(app: App, ledger: _Ledger) -> None:
    """The badges of those who have something new, or were linked since badges were read; the first time, of everybody who is
    linked: one request each.
    """
    with app.database.read() as conn:
        now = app.database.now(conn)
        linked = set(links.load(conn, app.account).values())
        before = results.watermark(conn, app.account, BADGES)
        wanted = linked if before is None else ledger.people | links.users_since(conn, app.account, before)
    for user_id in sorted(linked & wanted):
        found = app.target.badges(user_id)
        ledger.take(found, sure=True)
        with app.database.read() as conn:
            known = results.current_of(conn, app.account, ResultKind.BADGE, user_id=user_id)
        ledger.gone(known, found)
    with app.database.write() as conn:
        results.set_watermark(conn, app.account, BADGES, now)
