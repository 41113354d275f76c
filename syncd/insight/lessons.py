"""Lessons: the rows of training of one person, what each step of their rules makes of them, and what becomes of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Connection

from syncd.core.locating import Locator
from syncd.core.model import Assignment, ItemKey, Record
from syncd.core.recording import WAITING, Located, Recorded, RecordKey, key_in, why_nothing
from syncd.core.telling import describe
from syncd.core.trace import Traced
from syncd.core.training import Evidence, TrainingRule, read_row, trace_row
from syncd.planning.planner import Draft
from syncd.store import links, training


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One row of training: where it is, its cells in the columns that its rule names, the steps, and what a push does of it."""

    origin: str
    rule: str
    cells: tuple[tuple[str, str], ...]
    steps: tuple[Traced, ...]
    code: str
    outcome: str


def lessons(
    conn: Connection,
    account: str,
    rows: Sequence[tuple[TrainingRule, Record]],
    made: Draft,
    now: datetime,
) -> tuple[Lesson, ...]:
    """What becomes of these rows, all of one person, by a Plan that was made with them."""
    locator = Locator(training.catalogue(conn, account))
    read = [read_row(rule, record, now=now) for rule, record in rows]
    located = [locator.locate(one) if isinstance(one, Evidence) else None for one in read]
    found = [one if isinstance(one, Located) else None for one in located]
    told = _Told.of(conn, account, [one for one in found if one is not None], made)
    return tuple(
        _lesson(rule, record, made, row, told, is_unmeant=one is None)
        for (rule, record), one, row in zip(rows, read, found, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is known of the people whom the rows name: mostly one, of any spelling of the id."""

    rows: Sequence[Located]
    recorded: Mapping[RecordKey, Recorded]
    links: Mapping[str, str]
    held: Mapping[str, Mapping[ItemKey, Assignment]]

    @classmethod
    def of(cls, conn: Connection, account: str, rows: Sequence[Located], made: Draft) -> Self:
        """Look it up; whose user is known, by the Plan's Matching before the Links."""
        ids = {row.evidence.employee_id for row in rows}
        linked = links.among(conn, account, employee_ids=ids)
        linked |= {one: made.matching.links[one] for one in ids & made.matching.links.keys()}
        return cls(
            rows=rows,
            recorded=training.among(conn, account, ids),
            links=linked,
            held=training.standings(conn, account, linked, {row.course.id for row in rows}),
        )

    def why(self, row: Located) -> str:
        """Why nothing becomes of a row."""
        person = row.evidence.employee_id
        theirs = [one for one in self.rows if one.evidence.employee_id == person]
        return why_nothing(row, theirs, self.recorded, self.links, self.held.get(person, {}))


def _lesson(
    rule: TrainingRule, record: Record, made: Draft, row: Located | None, told: _Told, *, is_unmeant: bool
) -> Lesson:
    columns = dict.fromkeys(column for column, _where in rule.columns())
    code, outcome = _outcome(rule, record, made) or (
        ("not_meant", f"the row is not meant: by {rule.place.key}.when, or by a map that skips it")
        if is_unmeant
        else ("done", f"nothing is left to do: {told.why(row)}" if row else "nothing is left to do")
    )
    return Lesson(
        origin=record.origin,
        rule=rule.place.key,
        cells=tuple((name, record.fields[name]) for name in columns if name in record.fields),
        steps=tuple(trace_row(rule, record).rules),
        code=code,
        outcome=outcome,
    )


def _outcome(rule: TrainingRule, record: Record, made: Draft) -> tuple[str, str] | None:
    """A code, and the same as a sentence; None if the Plan says nothing of the row."""
    for one in made.training.rejections:
        if one.origin == record.origin and one.source == record.source:
            return "rejected", "; ".join(f"{reason.code}: {reason.message}" for reason in one.reasons)
    planned = {change.key for change in made.plan.changes}
    for change in made.difference.changes:
        if change.origin == record.origin and change.rule == rule.place.key and key_in(change) is not None:
            told = describe(change, made.item_names)
            return (
                ("planned", told) if change.key in planned else ("withheld", f"push.policy withholds: {told}")
            )
    for skip in made.difference.skips:
        if skip.code in WAITING and skip.message.endswith(f"({record.origin})"):
            return "waits", f"{skip.code}: {skip.message}"
    return None
