"""Lessons: the rows of training of one person, what each step of their rules makes of them, and what becomes of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.core.model import Record
from syncd.core.recording import WAITING, key_in
from syncd.core.telling import describe
from syncd.core.trace import Traced
from syncd.core.training import TrainingRule, read_row, trace_row
from syncd.planning.planner import Draft

DONE = (
    "nothing is left to do: it was recorded, a later row of the same counts, a reset came after it, or Litmos shows the course "
    "completed since"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One row of training: where it is, its cells in the columns that its rule names, the steps, and what a push does of it."""

    origin: str
    rule: str
    cells: tuple[tuple[str, str], ...]
    steps: tuple[Traced, ...]
    code: str
    outcome: str


def lessons(rows: Sequence[tuple[TrainingRule, Record]], made: Draft, now: datetime) -> tuple[Lesson, ...]:
    """What becomes of these rows by a Plan that was made with them."""
    return tuple(_lesson(rule, record, made, now) for rule, record in rows)


def _lesson(rule: TrainingRule, record: Record, made: Draft, now: datetime) -> Lesson:
    columns = dict.fromkeys(column for column, _where in rule.columns())
    code, outcome = _outcome(rule, record, made, now)
    return Lesson(
        origin=record.origin,
        rule=rule.place.key,
        cells=tuple((name, record.fields[name]) for name in columns if name in record.fields),
        steps=tuple(trace_row(rule, record).rules),
        code=code,
        outcome=outcome,
    )


def _outcome(rule: TrainingRule, record: Record, made: Draft, now: datetime) -> tuple[str, str]:
    """A code, and the same as a sentence."""
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
    if read_row(rule, record, now=now) is None:
        return "not_meant", f"the row is not meant: by {rule.place.key}.when, or by a map that skips it"
    return "done", DONE
