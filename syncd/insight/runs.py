"""Runs side by side: one with the one before it, or any two."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from syncd.core import differing
from syncd.core.differing import Difference
from syncd.core.phases import Phase, phases
from syncd.errors import Declined
from syncd.store import changes, configurations, inputs, runlists, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is not the same in the Run ``after`` as in the Run ``before``.

    ``settings`` is None where what one of their configurations said was not kept. ``inputs`` are those of the later one.
    """

    before: int
    after: int
    settings: tuple[Difference, ...] | None
    inputs: list[dict[str, Any]]
    planned: tuple[Difference, ...]
    outcomes: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a Run went: its phases so far, for how many seconds it worked (None: it has not ended) and was held, and how many requests it sent."""

    phases: tuple[Phase, ...]
    took: float | None
    held_seconds: float
    requests: int


def course(conn: Connection, row: Any, now: datetime) -> Course:
    """How a Run went until now."""
    took, held = runlists.spent(conn, row, now)
    return Course(
        phases=tuple(phases(runlists.times(conn, row), now, plans=row["flow"] == "push")),
        took=took,
        held_seconds=held,
        requests=sum(runlists.requests_by_minute(conn, row["id"]).values()),
    )


def read_and_said(
    conn: Connection, account: str, before: int, after: int
) -> tuple[tuple[Difference, ...] | None, list[dict[str, Any]]]:
    """Of two Runs what their configurations say otherwise (None: not kept), and the later one's inputs beside the earlier's."""
    was, now = (_run(conn, account, one) for one in (before, after))
    return (
        _settings(conn, account, was, now),
        differing.inputs(_inputs(conn, before), _inputs(conn, after)),
    )


Tally = Callable[[Connection, int], dict[str, dict[str, int]]]
"""What counts a Run's Changes by what they do and their state, as ``changes.tally``."""


def compared(
    conn: Connection, account: str, before: int, after: int, *, tally: Tally = changes.tally
) -> Compared:
    """Two Runs of the same flow, side by side; ``tally`` may know numbers that were counted before. Raises Declined if there is no such Run, or the flows are not the same."""
    was, now = (_run(conn, account, one) for one in (before, after))
    if was["flow"] != now["flow"]:
        raise Declined(
            f"run {before} is a {was['flow']} and run {after} a {now['flow']}: nothing to compare; syncd runs lists them"
        )
    said, read = read_and_said(conn, account, before, after)
    return Compared(
        before=before,
        after=after,
        settings=said,
        inputs=read,
        planned=differing.numbers(_planned(was), _planned(now)),
        outcomes=differing.numbers(_outcomes(tally(conn, before)), _outcomes(tally(conn, after))),
    )


def _run(conn: Connection, account: str, run_id: int) -> Any:
    row = runs.get(conn, run_id)
    if row is None or row["account"] != account:
        raise Declined(f"there is no run {run_id}; syncd runs lists them")
    return row


def _settings(conn: Connection, account: str, was: Any, now: Any) -> tuple[Difference, ...] | None:
    digests = {was["config_digest"], now["config_digest"]}
    if len(digests) == 1 or "" in digests:  # which configuration a Run has is known once it is planned
        return ()
    old, new = (configurations.get(conn, account, row["config_digest"]) for row in (was, now))
    return None if old is None or new is None else differing.settings(old, new)


def _inputs(conn: Connection, run_id: int) -> list[Mapping[str, Any]]:
    return [dict(row) for row in inputs.of_run(conn, run_id)]


def _planned(row: Any) -> dict[str, int]:
    """What a Run planned, or what it counted: ``create user`` -> number."""
    summary = row["summary"]
    counted = {
        f"{action} {kind}": number
        for kind, actions in summary.get("counts", {}).items()
        for action, number in actions.items()
    }
    told = {
        name: value
        for name, value in summary.items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    return counted | told


def _outcomes(tally: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """What became of the Changes: ``create user done`` -> number."""
    return {f"{what} {state}": number for what, states in tally.items() for state, number in states.items()}
