"""Training that HR knows of: its sources are read, its courses looked up in Litmos, and what is left to do is planned."""

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from operator import itemgetter
from pathlib import Path

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.diff import Difference
from syncd.core.locating import Locator
from syncd.core.match import Matching
from syncd.core.model import Action, Assignment, ItemKey, ItemKind, Record, Rejection, Skip, User
from syncd.core.reconcile import Reconciled
from syncd.core.recording import Located, Outcome, Recorded, RecordKey, Standing, outstanding, record
from syncd.core.training import Evidence, RecordKind, TrainingRule, read_rows
from syncd.errors import ConfigError, Permanent, SourceError
from syncd.intake import Keep
from syncd.log import get_logger
from syncd.planning.pile import Pile
from syncd.store import lease, links, mirror, people, training
from syncd.store.lease import Held

log = get_logger(__name__)

BLOCKING = frozenset({"PROTECTED", "OUT-OF-SCOPE", "FUTURE", "UNCLEAR"})
"""Codes of Skips of a whole person: nothing is recorded for whom nothing may happen to."""
FEW = 300.0
"""How many seconds a list of modules may be old in which something was not found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One reading of every source of training: what its rows say, which cannot be followed, and what went wrong."""

    evidence: Pile = field(default_factory=Pile)
    rejections: tuple[Rejection, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def courses(self) -> frozenset[str]:
        """The courses that rows name, as written."""
        return frozenset(one.course for one in self.evidence.kinds)


NO_TRAINING = Training()


Tap = Callable[[TrainingRule, Record], None]
"""Is shown every row of training, with the rule that it is read by."""


def read_training(app: App, keep: Keep | None = None, tap: Tap | None = None) -> Training:
    """Read every source of training. One that cannot be read is a problem to be told, and stops nothing else.

    ``keep`` is handed each Reading, and ``tap`` each row, whatever they turn out to be.
    """
    evidence = Pile()
    rejections: list[Rejection] = []
    problems: list[str] = []
    now = app.now()
    for rule in app.settings.training:
        try:
            rejections += _read(app, rule, now, keep, tap, evidence)
        except (SourceError, ConfigError) as error:  # a secret may be gone
            log.warning("training_not_read", source=rule.source, error=str(error))
            told = " ".join(str(error).split())
            problems.append(f"{rule.place.key}: nothing of {rule.source} is recorded: {told}")
            continue
    return Training(evidence=evidence, rejections=tuple(rejections), problems=tuple(problems))


def _read(
    app: App, rule: TrainingRule, now: datetime, keep: Keep | None, tap: Tap | None, pile: Pile
) -> list[Rejection]:
    """Put the rows of one source on the pile, once it is whole; returns those that cannot be read."""
    with tempfile.TemporaryDirectory(prefix="syncd-") as folder:
        reading = app.training_sources[rule.source].read(Path(folder))
        if keep is not None:
            keep(reading, False)
        for column, where in rule.columns():
            if column not in reading.columns:
                near = get_close_matches(column, reading.columns, n=1)
                hint = f'did you mean "{near[0]}"?' if near else f"it has: {', '.join(reading.columns)}"
                raise SourceError(f'{where}: column "{column}" is not in {reading.name}; {hint}')
        records = reading.records if tap is None else _tapped(rule, reading.records, tap)
        refused: list[Rejection] = []
        for one in read_rows(rule, records, now=now):
            if isinstance(one, Rejection):
                refused.append(one)
            else:
                pile.add(one)
        return refused


def _tapped(rule: TrainingRule, records: Iterable[Record], tap: Tap) -> Iterator[Record]:
    for row in records:
        tap(rule, row)
        yield row


def courses_unlisted(app: App, found: Training) -> bool:
    """Whether rows name courses, and Litmos' courses were never listed: a full reading lists them."""
    if not found.evidence:
        return False
    with app.database.read() as conn:
        return all(item.key.kind is not ItemKind.COURSE for item in mirror.items(conn, app.account))


def read_catalogue(
    app: App, found: Training, mine: Held, *, update: Callable[[str, int, int | None], None]
) -> None:
    """Read the modules of the courses that rows name, and the sessions where rows name any, unless they were read lately.

    One request a course, and for sessions one more and one for each instructor-led module; again after
    ``push.check_within``, and within minutes where a row names what is not there. What Litmos refuses is left out. Raises
    LitmosError, Busy.
    """
    if not found.evidence:
        return
    with app.database.read() as conn:
        now = app.database.now(conn)
        locator = Locator(training.catalogue(conn, app.account))
        old = training.read_before(conn, app.account, now - timedelta(seconds=app.settings.check_within))
        lately = training.read_before(conn, app.account, now - timedelta(seconds=FEW))
    modules: set[str] = set()
    sessions: set[str] = set()
    for (text, kind), rows in _by_course(found.evidence.kinds).items():
        course_id = locator.course_id(text)
        if not course_id:
            continue
        lost = any(not isinstance(locator.locate(row), Located) for row in rows)
        if course_id in old[0] or (lost and course_id in lately[0]):
            modules.add(course_id)
        if kind is RecordKind.SESSION and (course_id in old[1] or (lost and course_id in lately[1])):
            sessions.add(course_id)
    for number, course_id in enumerate(sorted(modules | sessions), start=1):
        try:
            listed = app.target.modules(course_id) if course_id in modules else None
            held = app.target.sessions(course_id) if course_id in sessions else None
        except Permanent as refusal:  # of this course: its rows wait, and nothing else does
            log.warning("modules_not_read", course=course_id, error=str(refusal))
            continue
        with app.database.write() as conn:
            lease.fence(conn, mine)
            if listed is not None:
                training.put_modules(conn, app.account, course_id, listed, now)
            if held is not None:
                training.put_sessions(conn, app.account, course_id, held, now)
        update("modules of courses", number, len(modules | sessions))


def _by_course(evidence: Iterable[Evidence]) -> dict[tuple[str, RecordKind], list[Evidence]]:
    found: dict[tuple[str, RecordKind], list[Evidence]] = {}
    for one in evidence:
        found.setdefault((one.course, one.record), []).append(one)
    return found


def with_training(
    conn: Connection,
    app: App,
    found: Training,
    reconciled: Reconciled,
    *,
    named: Collection[str],
    untouched: Collection[str],
    now: datetime,
) -> tuple[Outcome, Difference]:
    """What becomes of the rows, and the Difference with that.

    ``named`` are the employees whom HR names now, ``untouched`` those to whom nothing happens.
    """
    matching, difference = reconciled.matching, reconciled.difference
    if not found.evidence:
        return Outcome(rejections=found.rejections), difference
    account = app.account
    sifted = _sifted(conn, app, found, matching)
    rows, linked, recorded = sifted.rows, sifted.linked, sifted.recorded
    ids = {row.evidence.employee_id for row in rows}
    users = {one.id: one for one in mirror.users(conn, account, {linked[one] for one in ids & linked.keys()})}
    theirs = {one: users[linked[one]] for one in ids & linked.keys() if linked[one] in users}
    standing = Standing(
        at=now,
        known={*people.known(conn, account, guards=False, among=ids), *named, *linked},
        users=theirs,
        kept_back=_kept_back(app, theirs, difference, untouched),
        held=_held(conn, account, theirs, {row.course.id for row in rows}, difference),
        recorded=recorded,
        reset={change.key for change in difference.changes if change.action is Action.RESET},
    )
    made = record(rows, standing)
    outcome = replace(
        made,
        skips=(*sifted.skips, *made.skips),
        rejections=(*found.rejections, *sifted.rejections, *made.rejections),
    )
    changes, left = (*difference.changes, *outcome.changes), (*difference.skips, *outcome.skips)
    return outcome, replace(difference, changes=changes, skips=left)


def _held(
    conn: Connection,
    account: str,
    users: Mapping[str, User],
    courses: Collection[str],
    difference: Difference,
) -> dict[str, dict[ItemKey, Assignment]]:
    """What each has of these courses, but for what the Plan takes from them."""
    found = training.standings(conn, account, {one: user.id for one, user in users.items()}, courses)
    for change in difference.changes:
        if change.action is Action.REMOVE and change.employee_id in found:
            for item in (change.item, *change.takes):
                if item is not None:
                    found[change.employee_id].pop(item, None)
    return found


@dataclass(slots=True, kw_only=True)
class _Sifted:
    """What is left of all rows: those that count and were not recorded as they are, with whose user that is, and what was
    recorded of these; and what cannot be followed, or was not read yet.
    """

    rows: list[Located] = field(default_factory=list)
    linked: dict[str, str] = field(default_factory=dict)
    recorded: dict[RecordKey, Recorded] = field(default_factory=dict)
    skips: list[Skip] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


def _sifted(conn: Connection, app: App, found: Training, matching: Matching) -> _Sifted:
    """Go through the pile part by part, and leave what is found in the order of the sources."""
    locator = Locator(training.catalogue(conn, app.account))
    sifted = _Sifted()
    rows: list[tuple[int, Located]] = []
    skips: list[tuple[int, Skip]] = []
    refused: list[tuple[int, Rejection]] = []
    for part in found.evidence.parts():
        located: list[Located] = []
        place = {(one.source, one.origin): number for number, one in part}
        for number, one in part:
            match locator.locate(one):
                case Located() as row:
                    located.append(row)
                case Skip() as skip:
                    skips.append((number, skip))
                case Rejection() as rejection:
                    refused.append((number, rejection))
        ids = {row.evidence.employee_id for row in located}
        linked = _linked(conn, app, matching, ids)
        recorded = training.among(conn, app.account, ids)
        left, twice = outstanding(located, recorded, linked)
        refused += [(place[one.source, one.origin], one) for one in twice]
        for row in left:
            person = row.evidence.employee_id
            rows.append((place[row.evidence.source, row.evidence.origin], row))
            if person in linked:
                sifted.linked[person] = linked[person]
            if row.key in recorded:
                sifted.recorded[row.key] = recorded[row.key]
    first = itemgetter(0)
    sifted.rows = [row for _, row in sorted(rows, key=first)]
    sifted.skips = [skip for _, skip in sorted(skips, key=first)]
    sifted.rejections = [one for _, one in sorted(refused, key=first)]
    return sifted


def _linked(conn: Connection, app: App, matching: Matching, ids: set[str]) -> dict[str, str]:
    """Whose user is known, by the Plan's Matching, and of whom it does not speak by the Links that there are."""
    stored = links.among(conn, app.account, employee_ids=ids)
    kept = {one: user_id for one, user_id in stored.items() if one not in matching.dropped}
    return {**kept, **{one: matching.links[one] for one in ids & matching.links.keys()}}


def _kept_back(
    app: App, users: Mapping[str, User], difference: Difference, untouched: Collection[str]
) -> dict[str, str]:
    """Those to whom nothing may happen, with the reason."""
    found = {skip.employee_id: skip.message for skip in difference.skips if skip.code in BLOCKING}
    found |= {
        change.employee_id: "they lose access by this very plan"
        for change in difference.changes
        if change.action is Action.DEACTIVATE
    }
    for one, user in users.items():
        if why := app.settings.mapping.protection.why(user):
            found[one] = f"Litmos user {user.id} is protected ({why})"
        elif not user.active:
            found[one] = f"Litmos user {user.id} is inactive"
        elif one in untouched:
            found[one] = "HR's row of this person is rejected, or somebody said to leave them alone"
    return found
