"""Recording: what becomes of training that HR knows of: Changes that record or reset it, and why a row waits. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from syncd.core.model import (
    Action,
    Assignment,
    Change,
    FieldValue,
    ItemKey,
    ObjectKind,
    Rejection,
    Skip,
    User,
)
from syncd.core.recertify import ALIKE, is_whole
from syncd.core.resets import AT, DUE, UNTIL, key_of
from syncd.core.training import Evidence, RecordKind, rejected

KIND, OBJECT, DAY, SCORE, NOTE, ATTEMPT = "Record", "Object", "Date", "Score", "Note", "Attempt"
"""In ``Change.after``: what is recorded, of which module or session (for a reset: course), when (ISO, UTC), and what HR says of it."""
UNREAD, NO_USER, NOT_ASSIGNED, KEPT_BACK, LATER = (
    "TRAINING-UNREAD",
    "TRAINING-NO-USER",
    "TRAINING-NOT-ASSIGNED",
    "TRAINING-KEPT-BACK",
    "TRAINING-LATER",
)
WAITING = frozenset({UNREAD, NO_USER, NOT_ASSIGNED, KEPT_BACK, LATER})
"""Codes of Skips of rows that wait: they are judged anew by every push, whatever else happens to the person."""
UNASSIGNED = "{}: the course is not assigned to this person; a rule in courses: gives it, and the row goes out once Litmos shows it"


class RecordKey(NamedTuple):
    """What makes two rows one: the person, what is recorded of which module, session or course, the date (ISO) and the attempt."""

    employee_id: str
    record: str
    object_id: str
    date: str
    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was recorded of a row: for which Litmos user, and what HR said of it."""

    user_id: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A row whose course, and module or session, are found in Litmos; ``what`` is for people to read."""

    evidence: Evidence
    course: ItemKey
    object_id: str
    what: str
    module_id: str = ""

    @property
    def key(self) -> RecordKey:
        """What makes it one with a row that was recorded before."""
        one = self.evidence
        return RecordKey(
            one.employee_id,
            one.record.value,
            self.object_id,
            "" if one.at is None else one.at.isoformat(),
            str(one.attempt),
        )

    @property
    def said(self) -> dict[str, str]:
        """What HR says of it, and may correct."""
        return {SCORE: self.evidence.score, NOTE: self.evidence.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of the people whom rows name.

    ``known`` are all employees whom HR ever named, ``users`` those of them with a Litmos user, ``kept_back`` those to whom
    nothing may happen, with the reason; ``held`` is what each has, ``recorded`` what was recorded; ``reset`` are the keys of
    resets that are planned already.
    """

    at: datetime
    known: Collection[str]
    users: Mapping[str, User]
    kept_back: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Mapping[ItemKey, Assignment]] = field(default_factory=dict)
    recorded: Mapping[RecordKey, Recorded] = field(default_factory=dict)
    reset: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of all rows; those that are in neither were recorded, or say less than Litmos shows."""

    changes: tuple[Change, ...] = ()
    skips: tuple[Skip, ...] = ()
    rejections: tuple[Rejection, ...] = ()


NOTHING = Outcome()


def outstanding(
    rows: Iterable[Located], recorded: Mapping[RecordKey, Recorded], links: Mapping[str, str]
) -> tuple[list[Located], list[Rejection]]:
    """Of each person and module (session, course) the row that counts, unless it was recorded as it is; and contradictions.

    The latest date counts, then the highest attempt. What was recorded for another Litmos user (``links`` is employee_id ->
    user id) was not recorded for this one. A completion of a day before the person's last reset of that course counts no more.
    """
    by_key: dict[RecordKey, Located] = {}
    twice: dict[RecordKey, list[Located]] = {}
    for row in rows:
        first = by_key.setdefault(row.key, row)
        if first is not row:
            twice.setdefault(row.key, [first]).append(row)
    rejections: list[Rejection] = []
    latest: dict[tuple[str, str, str], tuple[RecordKey, Located]] = {}
    resets: dict[tuple[str, str], datetime] = {}
    newest = _newest(recorded, links, resets)
    for key, row in by_key.items():
        if any(other.said != row.said for other in twice.get(key, ())):
            rejections.extend(_contradictions(twice[key]))
            continue
        one = row.evidence
        what = key[:3]
        if what not in latest or _rank(latest[what][0]) < _rank(key):
            latest[what] = key, row
        if one.record is RecordKind.RESET and one.at is not None:
            course = (one.employee_id, row.course.id)
            resets[course] = max(one.at, resets.get(course, one.at))
    return [
        row
        for what, (key, row) in latest.items()
        if newest.get(what, _rank(key)) <= _rank(key)
        and not _is_recorded(key, row, recorded, links)
        and not _was_reset(row, resets)
    ], rejections


def _newest(
    recorded: Mapping[RecordKey, Recorded], links: Mapping[str, str], resets: dict[tuple[str, str], datetime]
) -> dict[tuple[str, str, str], tuple[str, int]]:
    """The last that was recorded of each person and module (session, course); fills in when courses were ``resets``.

    Its row may have vanished from HR's data since: an older one does not take its place.
    """
    found: dict[tuple[str, str, str], tuple[str, int]] = {}
    for key, before in recorded.items():
        if before.user_id != links.get(key.employee_id, before.user_id):
            continue
        what = key[:3]
        found[what] = max(_rank(key), found.get(what, _rank(key)))
        if key.record == RecordKind.RESET and key.date:
            course, at = (key.employee_id, key.object_id), datetime.fromisoformat(key.date)
            resets[course] = max(at, resets.get(course, at))
    return found


def _rank(key: RecordKey) -> tuple[str, int]:
    """Dates are ISO, in UTC: their order as texts is theirs."""
    return key.date, int(key.attempt)


def _contradictions(rows: list[Located]) -> Iterator[Rejection]:
    for row in rows:
        others = ", ".join(other.evidence.origin for other in rows if other is not row)
        message = f"{others} says another thing of the same {row.evidence.record}, date and attempt"
        yield rejected(row.evidence, "TRAINING-TWICE", message)


def _is_recorded(
    key: RecordKey, row: Located, recorded: Mapping[RecordKey, Recorded], links: Mapping[str, str]
) -> bool:
    before = recorded.get(key)
    if before is None or before.user_id != links.get(row.evidence.employee_id, before.user_id):
        return False
    return row.evidence.record is RecordKind.RESET or before.said == row.said


def _was_reset(row: Located, resets: Mapping[tuple[str, str], datetime]) -> bool:
    one = row.evidence
    reset = resets.get((one.employee_id, row.course.id))
    if one.record is RecordKind.RESET or reset is None or one.at is None:
        return False
    return one.at.date() < reset.date()


def why_nothing(
    row: Located,
    rows: Iterable[Located],
    recorded: Mapping[RecordKey, Recorded],
    links: Mapping[str, str],
    held: Mapping[ItemKey, Assignment],
) -> str:
    """Why a row of which nothing becomes is left alone, as a sentence without a full stop.

    ``rows`` are all of this person, ``held`` is what they have; the reasons are in the order in which ``outstanding`` and
    ``record`` come to them.
    """
    key, same = row.key, row.key[:3]
    if _is_recorded(key, row, recorded, links):
        return "it was recorded as it is"
    alike = [one for one in rows if one is not row and one.key[:3] == same]
    if later := [one for one in alike if _rank(one.key) > _rank(key)]:
        other = max(later, key=lambda one: _rank(one.key))
        return f"{other.evidence.origin} tells of a later one: {_moment(other.key)}"
    resets: dict[tuple[str, str], datetime] = {}
    last = _newest(recorded, links, resets).get(same, _rank(key))
    if last > _rank(key):
        return f"a later one was recorded, of {last[0][:10]}, attempt {last[1]}"
    if twin := next((one for one in alike if one.key == key), None):
        return f"{twin.evidence.origin} says the same, and counts once"
    for one in rows:
        if one.evidence.record is RecordKind.RESET and one.evidence.at is not None:
            course = (one.evidence.employee_id, one.course.id)
            resets[course] = max(one.evidence.at, resets.get(course, one.evidence.at))
    if _was_reset(row, resets):
        at = resets[row.evidence.employee_id, row.course.id]
        return f"the course was reset by HR's row of {at:%Y-%m-%d}, which is after it"
    return _why_held(row, held.get(row.course))


def _moment(key: RecordKey) -> str:
    return f"{key.date[:10]}, attempt {key.attempt}" if key.date else f"attempt {key.attempt}"


def _why_held(row: Located, held: Assignment | None) -> str:
    """What Litmos shows of the course that leaves nothing to do."""
    if held is None:
        return "this person does not have the course, so there is nothing to reset"
    if not is_whole(held.result):
        return "Litmos does not show the course completed, so there is nothing to reset"
    day = f" on {held.result.completed_at:%Y-%m-%d}" if held.result.completed_at else ""
    if row.evidence.record is not RecordKind.RESET:
        return f"Litmos shows the course completed{day}"
    if held.result.was_reset:
        return f"the completion that Litmos shows{day} was reset before"
    return f"the course was completed{day}, after that day, or a rule resets it already"


def record(rows: Iterable[Located], standing: Standing) -> Outcome:
    """What becomes of each row that counts and was not recorded as it is. The first that is so:

    =====================================================  =============================================
    the employee id is nobody's whom HR ever named         a Rejection: EMPLOYEE-UNKNOWN
    the employee has no Litmos user                        waits: TRAINING-NO-USER
    the user is inactive, protected, out of scope, ...     waits: TRAINING-KEPT-BACK
    its time has not come yet (today, before noon)         waits: TRAINING-LATER
    the course is not assigned                             waits: TRAINING-NOT-ASSIGNED; of a reset: nothing
    HR corrects what was recorded                          recorded again
    Litmos shows the course completed then, or later       nothing: Litmos has it
    else                                                   recorded; a reset as ``_reset`` says
    =====================================================  =============================================
    """
    changes: list[Change] = []
    skips: list[Skip] = []
    rejections: list[Rejection] = []
    for row in rows:
        one = row.evidence
        if one.employee_id not in standing.known:
            message = f'employee "{one.employee_id}" is nobody whom HR ever named'
            rejections.append(rejected(one, "EMPLOYEE-UNKNOWN", message))
            continue
        waits = _waits(row, standing)
        made = _change(row, standing) if waits is None else waits
        if isinstance(made, Skip):
            skips.append(made)
        elif made is not None:
            changes.append(made)
    changes.sort(key=lambda change: change.key)
    return Outcome(changes=tuple(changes), skips=tuple(skips), rejections=tuple(rejections))


def _waits(row: Located, standing: Standing) -> Skip | None:
    one = row.evidence
    person = one.employee_id
    if person not in standing.users:
        return _skip(
            row, NO_USER, f"{row.what}: this person has no Litmos user yet, and the row goes out once they do"
        )
    if why := standing.kept_back.get(person, ""):
        return _skip(row, KEPT_BACK, f"{row.what}: {why}; the row waits")
    if one.at is not None and one.at > standing.at:
        return _skip(row, LATER, f"{row.what}: it goes out from {one.at:%Y-%m-%d %H:%M} UTC on")
    if one.record is not RecordKind.RESET and row.course not in standing.held.get(person, {}):
        return _skip(row, NOT_ASSIGNED, UNASSIGNED.format(row.what))
    return None


def _change(row: Located, standing: Standing) -> Change | None:
    held = standing.held.get(row.evidence.employee_id, {}).get(row.course)
    if row.evidence.record is RecordKind.RESET:
        return None if held is None else _reset(row, held, standing)
    before = standing.recorded.get(row.key)
    user = standing.users[row.evidence.employee_id]
    corrected = before is not None and before.user_id == user.id
    if not corrected and held is not None and _has_it(row, held):
        return None
    said = row.said
    return Change(
        key=result_key(row),
        action=Action.RECORD,
        kind=ObjectKind.RESULT,
        employee_id=row.evidence.employee_id,
        user_id=user.id,
        item=row.course,
        before=_corrected(before, said) if before is not None and corrected else {},
        after={**_identity(row), **said, "Module": row.module_id},
        reason=f"{row.what}: {row.evidence.source} "
        + ("says otherwise than when it was recorded" if corrected else "says so"),
        rule=row.evidence.rule,
        origin=row.evidence.origin,
    )


def result_key(row: Located) -> str:
    """The key of the Change that records a row."""
    return f"result:{row.evidence.employee_id}@{row.evidence.record}:{row.object_id}"


def key_in(change: Change) -> RecordKey | None:
    """Which row a Change records, or resets by; None if it is not about a row of training."""
    if KIND not in change.after:
        return None
    said = (str(change.after[name]) for name in (KIND, OBJECT, DAY, ATTEMPT))
    return RecordKey(change.employee_id, *said)


def _identity(row: Located) -> dict[str, FieldValue]:
    key = row.key
    return {KIND: key.record, OBJECT: key.object_id, DAY: key.date, ATTEMPT: key.attempt}


def _corrected(before: Recorded, said: Mapping[str, str]) -> dict[str, FieldValue]:
    return {name: before.said.get(name, "") for name in said if before.said.get(name, "") != said[name]}


def _has_it(row: Located, held: Assignment) -> bool:
    """Whether Litmos shows the course, and so each of its modules, completed then or later."""
    at, done = row.evidence.at, held.result.completed_at
    return is_whole(held.result) and at is not None and done is not None and done > at - ALIKE


def _reset(row: Located, held: Assignment, standing: Standing) -> Change | None:
    """A completion that was made until the end of the row's day is emptied.

    =========  ============================  ===================================
    completed  it was                        then
    =========  ============================  ===================================
    no         any                           nothing
    yes        reset before, or is planned   nothing
    yes        made after that day           nothing
    yes        else, or it is not known      reset; the read just before decides
    =========  ============================  ===================================
    """
    result, at = held.result, row.evidence.at
    key = key_of(row.evidence.employee_id, row.course)
    if not is_whole(result) or result.was_reset or key in standing.reset or at is None:
        return None
    due = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if result.completed_at is not None and result.completed_at >= due:
        return None
    dates = {UNTIL: result.compliant_until, AT: result.completed_at, DUE: due}
    told: dict[str, FieldValue] = {name: date.isoformat() for name, date in dates.items() if date is not None}
    return Change(
        key=key,
        action=Action.RESET,
        kind=ObjectKind.ASSIGNMENT,
        employee_id=row.evidence.employee_id,
        user_id=standing.users[row.evidence.employee_id].id,
        item=row.course,
        before={"Completed": True, **told},
        after={"Completed": False, **_identity(row)},
        irreversible=True,
        reason=f"{row.what}: {row.evidence.source} says so, for what was completed until {at:%Y-%m-%d}",
        rule=row.evidence.rule,
        origin=row.evidence.origin,
    )


def _skip(row: Located, code: str, message: str) -> Skip:
    return Skip(
        employee_id=row.evidence.employee_id,
        code=code,
        message=f"{message} ({row.evidence.origin})",
        key=result_key(row),
    )
