"""Outcomes: which Runs have not ended, and what became of one that has, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from syncd.core.phases import held_seconds
from syncd.store import runlists
from syncd.store.runs import UNFINISHED, must_get, shown_state
from syncd.store.schema import attempt, change, job, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a Run ended: in how many ``seconds`` after its start, less those for which it waited for a person, with how many ``requests`` that were answered as they should.

    ``changes`` are how many Changes are in each state.
    """

    flow: str
    state: str
    error: str
    seconds: float
    requests: int
    changes: Mapping[str, int]


def alive(conn: Connection, account: str) -> frozenset[int]:
    """The Runs that have not ended, those that wait for a person too."""
    here = (run.c.account == account) & run.c.state.in_([*UNFINISHED, "held"])
    return frozenset(conn.execute(select(run.c.id).where(here)).scalars())


def outcome(conn: Connection, run_id: int) -> Outcome:
    """What became of a Run that has ended."""
    found = must_get(conn, run_id)
    tally = select(change.c.state, func.count()).where(change.c.run_id == run_id).group_by(change.c.state)
    took = (
        select(func.coalesce(func.sum(attempt.c.requests), 0))
        .join(job, job.c.id == attempt.c.job_id)
        .where(job.c.run_id == run_id)
    )
    begun, ended = found["started_at"] or found["created_at"], found["finished_at"]
    waited = 0.0 if ended is None or not found["holds"] else held_seconds(runlists.times(conn, found), ended)
    read = found["summary"].get("requests", 0)  # of a refresh; a plan's are what it may take, a list
    return Outcome(
        flow=found["flow"],
        state=shown_state(found),
        error=found["error"],
        seconds=0.0 if ended is None else round((ended - begun).total_seconds() - waited, 3),
        requests=int(conn.execute(took).scalar_one()) + (read if isinstance(read, int) else 0),
        changes={row[0]: row[1] for row in conn.execute(tally)},
    )
