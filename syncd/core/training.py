"""Training: what HR's rows say that people completed, attended or lost outside of Litmos. Pure, and total for every row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import partial

from syncd.core.cells import clean_cells
from syncd.core.checks import check_id
from syncd.core.conditions import Condition, Fields, cell
from syncd.core.dates import ISO, read_moment
from syncd.core.model import Reason, Record, Rejection
from syncd.core.reasons import Reasons
from syncd.core.rules import Place, Text, ValueRule, columns_of
from syncd.core.trace import Trace
from syncd.core.transforms import Refused
from syncd.core.values import evaluate, shown, steps

NOON = time(12, tzinfo=UTC)
"""When on a day something was completed of which HR says the day alone: it is the same day nearly everywhere."""
AHEAD = timedelta(hours=14)
"""How far the earliest time zone is ahead of UTC: a day that has not begun there has not begun anywhere."""
MOST_SCORE = 100
NOTE_LENGTH = 1000
"""Longer notes are rejected: Litmos documents no maximum, and a note is a remark."""


class RecordKind(StrEnum):
    """What a row means."""

    MODULE = "module"
    """a module of a course is completed"""
    SESSION = "session"
    """an instructor-led session was attended"""
    RESET = "reset"
    """what was completed until then no longer counts, and is to be taken again"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRule:
    """What the rows of one source mean: ``employee_id``, ``course`` and so on say how each is made of the cells.

    ``module`` None is the course's only module. ``form`` is how the date is written, in the directives of ``strptime``;
    ``blanks`` are the words in the source that say that there is nothing. A map with ``else: skip`` says which rows are meant.
    """

    place: Place
    source: str
    record: RecordKind
    employee_id: ValueRule
    course: ValueRule
    module: ValueRule | None = None
    session: ValueRule | None = None
    date: ValueRule | None = None
    form: str = ISO
    score: ValueRule | None = None
    note: ValueRule | None = None
    attempt: ValueRule | None = None
    when: Condition | None = None
    blanks: frozenset[str] = frozenset()

    @property
    def values(self) -> Mapping[str, ValueRule]:
        """Every value that the rule makes, by its key in the configuration."""
        names = ("employee_id", "course", "module", "session", "date", "score", "note", "attempt")
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column it reads, with the place that names it."""
        for value in self.values.values():
            yield from columns_of(value.parts)
        if self.when is not None:
            yield from self.when.columns()

    @property
    def courses(self) -> frozenset[str]:
        """The course that it names whatever the rows say, or none."""
        return frozenset(part.text for part in self.course.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one valid row says of one person; ``course``, ``module`` and ``session`` are names, codes or ids, as written.

    ``at`` is when (None: the row of a session need not say it); ``score`` is "" or a whole number; ``attempt`` counts from 1.
    """

    rule: str
    record: RecordKind
    employee_id: str
    course: str
    origin: str
    source: str
    module: str = ""
    session: str = ""
    at: datetime | None = None
    score: str = ""
    note: str = ""
    attempt: int = 1


def person_of(rule: TrainingRule, record: Record) -> str:
    """The employee id that a row has, or "": whether the row is meant or valid is another question."""
    try:
        return evaluate(rule.values["employee_id"], clean_cells(record.fields, rule.blanks))[1] or ""
    except Refused:
        return ""


def trace_row(rule: TrainingRule, record: Record) -> Trace:
    """What each step of each value makes of a row, as ``read_row`` follows them."""
    trace, cells = Trace(), clean_cells(record.fields, rule.blanks)
    if rule.when is not None:
        at = _place(rule, "when")
        try:
            trace(
                at,
                "seen",
                ", ".join(f"{name} is {shown(cell(cells, name))}" for name, _ in rule.when.columns()),
            )
            trace(at, "when", rule.when.holds(cells))
        except Refused as refused:
            trace(at, "refused", f"{refused.code}: {refused.why}")
    for name, value in rule.values.items():
        at, made = _place(rule, name), None
        try:
            for step, made in steps(value, cells):
                trace(at, step, made)
            trace(at, "is", made)
        except Refused as refused:
            trace(at, "refused", f"{refused.code}: {refused.why}")
    return trace


def read_row(rule: TrainingRule, record: Record, *, now: datetime) -> Evidence | Rejection | None:
    """What a row says; a Rejection with every reason if it cannot be read; None if the rule is not for it."""
    cells = clean_cells(record.fields, rule.blanks)
    reasons = Reasons()
    if rule.when is not None and not _holds(rule, rule.when, cells, reasons):
        return _rejection(record, "", reasons.found) if reasons.found else None
    every = {name: _made(rule, name, value, cells, reasons) for name, value in rule.values.items()}
    made = {name: text for name, text in every.items() if text is not None}
    if len(made) < len(every):
        return None
    moment = _moment(rule, made, now, reasons)
    score = _number(rule, "score", made, reasons, least=0, most=MOST_SCORE)
    attempt = _number(rule, "attempt", made, reasons, least=1, most=10_000)
    employee_id = made["employee_id"]
    if reasons.found:
        return _rejection(record, employee_id, reasons.found)
    return Evidence(
        rule=rule.place.key,
        record=rule.record,
        employee_id=employee_id,
        course=made["course"],
        module=made.get("module", ""),
        session=made.get("session", ""),
        at=moment,
        score="" if score is None else str(score),
        note=made.get("note", ""),
        attempt=attempt or 1,
        origin=record.origin,
        source=record.source,
    )


def read_rows(
    rule: TrainingRule, records: Iterable[Record], *, now: datetime
) -> Iterator[Evidence | Rejection]:
    """All rows of a source that are meant, in its order."""
    return (outcome for outcome in map(partial(read_row, rule, now=now), records) if outcome is not None)


def rejected(evidence: Evidence, code: str, message: str) -> Rejection:
    """A row that can be read, and cannot be followed."""
    return Rejection(
        origin=evidence.origin,
        employee_id=evidence.employee_id,
        reasons=(Reason(code=code, message=f"{evidence.rule}: {message}"),),
        source=evidence.source,
    )


def _rejection(record: Record, employee_id: str, reasons: list[Reason]) -> Rejection:
    return Rejection(
        origin=record.origin, employee_id=employee_id, reasons=tuple(reasons), source=record.source
    )


def _holds(rule: TrainingRule, condition: Condition, cells: Fields, reasons: Reasons) -> bool:
    try:
        return condition.holds(cells)
    except Refused as refused:
        reasons.add(_place(rule, "when"), refused)
        return False


REQUIRED = frozenset({"employee_id", "course", "module", "session"})
"""What must not be blank where a rule names it."""


def _made(rule: TrainingRule, name: str, value: ValueRule, cells: Fields, reasons: Reasons) -> str | None:
    """The value, "" if it cannot be made; None if its map skips the row."""
    try:
        text = evaluate(value, cells)[1]
        if text is None:
            return None
        if name == "employee_id":
            check_id(text)
        elif not text and name in REQUIRED:
            raise Refused(f"{name.upper()}-MISSING", "is blank")  # noqa: TRY301 - one way out
        elif name == "note" and len(text) > NOTE_LENGTH:
            raise Refused("NOTE-TOO-LONG", f"has {len(text)} characters; a note has at most {NOTE_LENGTH}")  # noqa: TRY301
    except Refused as refused:
        reasons.add(_place(rule, name), refused)
        return ""
    return text


def _moment(rule: TrainingRule, made: Mapping[str, str], now: datetime, reasons: Reasons) -> datetime | None:
    """When it was: noon of the day in UTC, or the time that the row says (of no zone: UTC)."""
    text = made.get("date", "")
    if rule.date is None:
        return None
    try:
        if not text:
            if rule.record is RecordKind.SESSION:
                return None
            raise Refused("DATE-MISSING", "is blank")  # noqa: TRY301 - one way out
        moment = read_moment(text, rule.form, NOON)
        if moment.date() > (now + AHEAD).date():
            raise Refused("DATE-FUTURE", f"{shown(text)} is in the future")  # noqa: TRY301 - one way out
    except Refused as refused:
        reasons.add(_place(rule, "date"), refused)
        return None
    return moment


def _number(
    rule: TrainingRule, name: str, made: Mapping[str, str], reasons: Reasons, *, least: int, most: int
) -> int | None:
    text = made.get(name, "")
    if not text:
        return None
    whole, _, rest = text.removesuffix("%").strip().partition(".")
    if whole.isascii() and whole.isdigit() and not rest.strip("0") and least <= int(whole[:9]) <= most:
        return int(whole)
    code = f"{name.upper()}-INVALID"
    reasons.add(_place(rule, name), Refused(code, f"{shown(text)} is no whole number from {least} to {most}"))
    return None


def _place(rule: TrainingRule, name: str) -> Place:
    return Place(where=rule.place.where, key=f"{rule.place.key}.{name}")
