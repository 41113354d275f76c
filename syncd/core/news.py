"""News: how each kind of Fact reads, from numbers, codes and times. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from syncd.core.finding import count
from syncd.core.lateness import Going
from syncd.core.messages import Fact, MessageKind


def held(run_id: int, *, until: datetime | None, codes: Sequence[str], waiting: Mapping[str, int]) -> Fact:
    """A Run waits for a person. ``waiting`` counts by action and kind: ``deactivate user`` -> 412."""
    lines = [f"What waits: {_counted(waiting)}."] if waiting else []
    if codes:
        lines.insert(0, f"Why: {', '.join(dict.fromkeys(codes))}.")
    if until is not None:
        lines.append(
            f"It waits until {_moment(until)}, and then expires; nothing of it is sent before a person approves."
        )
    return Fact(
        key=f"held:{run_id}",
        kind=MessageKind.HELD,
        subject=f"Run {run_id} is held",
        lines=tuple(lines),
        command=f"syncd runs show {run_id}; then syncd approve {run_id}, or syncd reject {run_id}",
        page=f"/runs/{run_id}",
    )


def failed(flow: str, run_id: int, codes: Mapping[str, int], reason: str) -> Fact:
    """The last Run of a Flow that ended has failed; ``codes`` are those of its failed Changes, none: it failed before, for the ``reason``."""
    if codes:
        line = f"{count(sum(codes.values()), 'change')} failed: {_counted(codes)}."
    else:
        line = f"{reason}: it ended before its plan was made, or could not deliver; the run says why."
    return Fact(
        key=f"failed:{flow}",
        kind=MessageKind.FAILED,
        subject=f"The {flow} failed: run {run_id}",
        lines=(line,),
        command=f"syncd runs show {run_id}",
        page=f"/runs/{run_id}",
        mark=" ".join(sorted(codes)) or reason,
    )


def late(flow: str, due: datetime, now: datetime) -> Fact:
    """A Flow did not begin when its schedule said."""
    minutes = int((now - due).total_seconds() // 60)
    return Fact(
        key=f"late:{flow}",
        kind=MessageKind.LATE,
        subject=f"The {flow} is late",
        lines=(f"It was due at {_moment(due)}; {count(minutes, 'minute')} later nothing has begun.",),
        command="syncd status",
    )


def overlong(flow: str, going: Going, now: datetime) -> Fact:
    """A Run goes on for much longer than was to be expected."""
    minutes, expected = int((now - going.since).total_seconds() // 60), int(going.expected // 60)
    usual = (
        f"{count(expected, 'minute')} at most were to be expected" if expected else "none before it took long"
    )
    return Fact(
        key=f"late:{flow}",
        kind=MessageKind.LATE,
        subject=f"The {flow} is running, late: run {going.run_id}",
        lines=(
            f"It is at work since {_moment(going.since)}: for {count(minutes, 'minute')}; {usual}.",
            "While it goes on, no other of its flow begins by the schedule.",
        ),
        command=f"syncd runs show {going.run_id}; syncd status; then wait, or syncd cancel {going.run_id}",
        page=f"/runs/{going.run_id}",
        mark=f"overlong {going.run_id}",
    )


def quarantined(codes: Mapping[str, int], rows: int) -> Fact:
    """HR's rows that are rejected now, by code (a row may have several)."""
    return Fact(
        key="quarantine",
        kind=MessageKind.QUARANTINE,
        subject=f"{count(rows, 'row')} of HR {'is' if rows == 1 else 'are'} in quarantine",
        lines=(
            f"Why: {_counted(codes)}.",
            "Whom they are about stays as they were until the rows are right.",
        ),
        command="syncd quarantine",
        page="/quarantine",
        size=rows,
    )


def refused(code: str, since: datetime) -> Fact:
    """Litmos refuses the key; the queue is kept."""
    return Fact(
        key="refused",
        kind=MessageKind.REFUSED,
        subject="Litmos refuses the key: nothing is sent",
        lines=(f"{code}, since {_moment(since)}. The queue is kept, and goes on once the key works.",),
        command="put an Account Owner's key in place (litmos.api_key); then: syncd doctor",
        mark=code,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a digest tells of the time ``since`` its day before; counts only.

    ``runs`` by flow and state, ``changes`` that were made by action and kind, ``failures`` of changes by code; ``starters`` are
    users created, ``leavers`` users deactivated; the rest is what is so now.
    """

    since: datetime
    runs: Mapping[str, int]
    changes: Mapping[str, int]
    failures: Mapping[str, int]
    starters: int
    leavers: int
    delivered: int
    held: int
    quarantined: int
    cases: int


def digest(day: date, told: Day) -> Fact:
    """The digest of a day."""
    lines = [
        f"Since {_moment(told.since)}:",
        f"Runs: {_counted(told.runs) or 'none'}.",
        f"Changes made: {_counted(told.changes) or 'none'}.",
        f"Starters: {told.starters}; leavers: {told.leavers}; results delivered: {told.delivered}.",
        f"Failed: {_counted(told.failures) or 'nothing'}.",
        f"Waiting for a person now: {count(told.held, 'held run')}, {count(told.quarantined, 'row')} in quarantine, {count(told.cases, 'case')}.",
    ]
    return Fact(
        key=f"digest:{day.isoformat()}",
        kind=MessageKind.DIGEST,
        subject=f"Digest of {day.isoformat()}",
        lines=tuple(lines),
        command="syncd status",
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{number} {what}" for what, number in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"
