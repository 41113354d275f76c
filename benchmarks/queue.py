"""The queue under load: writing a Plan of many Jobs, claiming and finishing them, on SQLite and PostgreSQL.

    python -m benchmarks.queue [--jobs 100000] [--claims 3000] [--database both] [--json] [--check]

``plan_ratio``: the transaction that stores a Plan (Changes, Jobs, edges) against a Core bulk insert of the very same rows,
which is the floor. ``per_second``: Jobs claimed and recorded as done (Job, Attempt, Change, Run) as a sender does it, with
all the others still in the queue; ``claim_ratio``: against the same two transactions in plain SQL, which are the floor.
``claim_p99_ms``: of the claim's transaction alone.
"""

import argparse
import gc
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if sys.path[0] == str(Path(__file__).parent):
    sys.path[0] = str(Path(__file__).parents[1])  # else this file would be the standard library's queue

from sqlalchemy import Table, insert, select

from benchmarks.stores import judge, kinds_here, new_database, show
from syncd.core.exchange import Exchange, kept
from syncd.core.model import Action, Change, ObjectKind
from syncd.core.profile import EMPTY_PROFILE
from syncd.core.request import Request, RequestKind, Stage
from syncd.store import changes, exchanges, queue, runs
from syncd.store.database import Database
from syncd.store.enqueue import enqueue
from syncd.store.schema import change, job, job_dep, run

ACCOUNT = "main"
CHUNK = 1000
TURNS = 5
BARS = {"plan_ratio": ("<=", 1.5), "per_second": (">=", 300.0), "claim_p99_ms": ("<=", 50.0)}
CHECKED = {"plan_ratio": ("<=", 2.2), "claim_ratio": ("<=", 6.0), "claim_p99_ms": ("<=", 150.0)}
"""What ``--check`` asks for: ratios only, as the machine may be slow or busy, and a margin as the size is small."""

RECORD = json.dumps(dict.fromkeys(EMPTY_PROFILE, "a value of usual length")).encode()
EXCHANGE = Exchange(
    method="PUT",
    path=("users", "aBcDeFgHiJk1"),
    query={"sendmessage": "false"},
    status=200,
    code="",
    waited=0.4,
    took=0.2,
    sent=RECORD,
    answered=b"",
)
"""What is kept with each Attempt: the whole record of a user, as a PUT sends it."""
KINDS = {
    7: (RequestKind.CREATE_USER, Stage.CREATES),
    8: (RequestKind.CREATE_USER, Stage.CREATES),
    9: (RequestKind.ASSIGN_ITEMS, Stage.ITEMS),
}
"""``{last digit of a Request's number: (kind, stage)}``, where it is not an update."""


def plan_of(size: int) -> tuple[list[Change], list[Request]]:
    """A Plan: 7 of 10 Requests update a user, 2 create one, and 1 gives a path to a user who is created before."""
    planned: list[Change] = []
    requests: list[Request] = []
    for number in range(size):
        employee, last = f"{number:07d}", number % 10
        kind, stage = KINDS.get(last, (RequestKind.PUT_USER, Stage.UPDATES))
        key = f"{kind.value}:{employee}"
        fields = {
            "FirstName": f"First{number}",
            "LastName": f"Last{number}",
            "JobTitle": "Sales Representative",
        }
        payload: dict[str, Any] = {"employee_id": employee, "user_id": "", "fields": fields, "active": None}
        after: tuple[str, ...] = ()
        if kind is RequestKind.ASSIGN_ITEMS:
            payload = {
                "employee_id": f"{number - 1:07d}",
                "kind": "LearningPath",
                "items": ["p1"],
                "rules": ["r"],
            }
            after = (requests[-1].key,)
        planned.append(
            Change(
                key=key,
                action=Action.CREATE if kind is RequestKind.CREATE_USER else Action.UPDATE,
                kind=ObjectKind.USER,
                employee_id=employee,
                before={"JobTitle": "Trainee"},
                after=fields,
                reason="HR says so",
                rule="users.fields.JobTitle",
                origin=f"hr.csv:{number + 2}",
            )
        )
        requests.append(
            Request(
                key=key,
                kind=kind,
                stage=stage,
                target=f"x:{key}",
                payload=payload,
                after=after,
                changes=(key,),
            )
        )
    return planned, requests


def timed(do: Callable[[], object]) -> float:
    """Seconds that it takes, without the collector's pauses."""
    gc.collect()
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def new_run(database: Database) -> int:
    """A running push."""
    with database.write() as conn:
        now = database.now(conn)
        made = runs.create(conn, ACCOUNT, "push", trigger="benchmark", actor="benchmark", now=now)
        assert made is not None
        runs.start(conn, made, owner="benchmark", now=now)
        return made


def write_plan(database: Database, run_id: int, planned: list[Change], requests: list[Request]) -> None:
    """What ``planning.committing`` does of it, in one transaction."""
    with database.write() as conn:
        now = database.now(conn)
        changes.insert_all(conn, run_id, planned, state="planned")
        enqueue(conn, ACCOUNT, run_id, requests, max_attempts=8, now=now)
        runs.finish_if_done(conn, run_id, now)


def rows_of(database: Database, run_id: int) -> dict[Table, list[dict[str, Any]]]:
    """All rows of a stored Plan, as they are, by table in the order of insertion."""
    with database.read() as conn:
        mine = select(job.c.id).where(job.c.run_id == run_id)
        return {
            table: [dict(row) for row in conn.execute(query).mappings()]
            for table, query in (
                (run, select(run).where(run.c.id == run_id)),
                (change, select(change).where(change.c.run_id == run_id)),
                (job, select(job).where(job.c.run_id == run_id)),
                (job_dep, select(job_dep).where(job_dep.c.child_id.in_(mine))),
            )
        }


def bulk_insert(database: Database, rows: dict[Table, list[dict[str, Any]]]) -> None:
    """The floor: the same rows by Core, in one transaction."""
    with database.write() as conn:
        for table, some in rows.items():
            for start in range(0, len(some), CHUNK):
                conn.execute(insert(table), some[start : start + CHUNK])


def measure_plan(kind: str, size: int, rounds: int) -> dict[str, Any]:
    """Both ways of writing, each into an empty database, the best of some rounds."""
    planned, requests = plan_of(size)
    ours, floor = [], []
    for _ in range(rounds):
        with new_database(kind) as database:
            run_id = new_run(database)
            ours.append(timed(lambda: write_plan(database, run_id, planned, requests)))  # noqa: B023
            rows = rows_of(database, run_id)
        with new_database(kind) as database:
            floor.append(timed(lambda: bulk_insert(database, rows)))  # noqa: B023
    return {
        "database": kind,
        "jobs": size,
        "plan_seconds": round(min(ours), 2),
        "bulk_insert_seconds": round(min(floor), 2),
        "plan_ratio": round(min(ours) / min(floor), 2),
    }


def work(database: Database, owner: str, claims: int, spent: list[float]) -> None:
    """Claim, and record the success, as a sender does; ``spent`` gets the seconds of each claim."""
    for _ in range(claims):
        made = [kept(EXCHANGE, ())]
        began = time.perf_counter()
        with database.write() as conn:
            claimed = queue.claim(conn, ACCOUNT, owner, 180.0, database.now(conn))
        spent.append(time.perf_counter() - began)
        assert claimed is not None
        with database.write() as conn:
            now = database.now(conn)
            queue.complete(conn, claimed, requests=1, note="", status=201, now=now)
            exchanges.save(conn, claimed.id, made)
            changes.end(conn, claimed.run_id, claimed.changes, "done", now=now)
            runs.finish_if_done(conn, claimed.run_id, now)


def bare_work(database: Database, claims: int) -> None:
    """The floor: the same two transactions, said to the driver in plain SQL by one thread."""
    sqlite = database.is_sqlite
    mark, begin, lock = ("?", "BEGIN IMMEDIATE", "") if sqlite else ("%s", "", " FOR UPDATE SKIP LOCKED")
    now = "datetime('now')" if sqlite else "clock_timestamp()"
    raw = database.engine.raw_connection()
    cursor = raw.cursor()

    def run_all(*statements: tuple[str, tuple[Any, ...]]) -> list[Any]:
        if begin:
            cursor.execute(begin)
        found: list[Any] = []
        for statement, values in statements:
            cursor.execute(statement.replace("?", mark).replace("NOW", now), values)
            found = list(cursor.fetchall()) if cursor.description else []
        raw.commit()
        return found

    for _ in range(claims):
        due = (  # nothing but constants is put together here
            "SELECT id FROM job WHERE account = ? AND state IN ('available', 'uncertain') AND available_at <= NOW "
            f"ORDER BY rank, id LIMIT 1{lock}"
        )
        take = (
            f"UPDATE job SET state = 'running', owner = 'w', epoch = epoch + 1, claimed_at = NOW WHERE id = ({due}) "
            "RETURNING id, run_id, payload, changes"
        )
        ((job_id, run_id, _, keys),) = run_all((take, (ACCOUNT,)))
        key = (json.loads(keys) if sqlite else keys)[0]
        run_all(
            ("UPDATE job SET state = 'completed', owner = '', finished_at = NOW WHERE id = ?", (job_id,)),
            ("INSERT INTO attempt (job_id, number, finished_at) VALUES (?, 1, NOW)", (job_id,)),
            ("SELECT child_id FROM job_dep WHERE parent_id = ?", (job_id,)),
            (
                "UPDATE change SET state = 'done', finished_at = NOW WHERE run_id = ? AND key = ?",
                (run_id, key),
            ),
        )
    raw.close()


def work_together(database: Database, threads: int, claims: int, spent: list[float]) -> None:
    """So many threads share so many claims."""
    crew = [
        threading.Thread(target=work, args=(database, f"w{number}", claims // threads, spent))
        for number in range(threads)
    ]
    for each in crew:
        each.start()
    for each in crew:
        each.join()


def measure_claims(kind: str, size: int, claims: int, threads: int) -> dict[str, Any]:
    """A full queue, and so many threads that take Jobs from it."""
    planned, requests = plan_of(size)
    with new_database(kind) as database:
        write_plan(database, new_run(database), planned, requests)
        spent: list[float] = []
        seconds, ratios = 0.0, []
        for _ in range(TURNS):  # in turns, so that whatever else the machine does strikes both
            took = timed(lambda: work_together(database, threads, claims // TURNS, spent))
            bare = timed(lambda: bare_work(database, claims // TURNS))
            seconds += took
            ratios.append(took / bare)
    spent.sort()
    return {
        "database": kind,
        "jobs": size,
        "threads": threads,
        "per_second": round(len(spent) / seconds),
        "claim_ratio": round(statistics.median(ratios), 2),
        "claim_p50_ms": round(1000 * spent[len(spent) // 2], 2),
        "claim_p99_ms": round(1000 * spent[int(len(spent) * 0.99)], 2),
    }


def main() -> int:
    """Run what is asked for; the exit code says whether the bars were met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--claims", type=int, default=3000, help="how many Jobs are claimed and finished")
    parser.add_argument("--rounds", type=int, default=3, help="of writing the Plan; the best counts")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="a tenth of the size, bars with a margin")
    options = parser.parse_args()
    size, claims, rounds = options.jobs, options.claims, options.rounds
    if options.check:
        size, claims, rounds = min(size, 10_000), min(claims, 1000), min(rounds, 2)
    results: list[dict[str, Any]] = []
    for kind in kinds_here(options.database):
        for threads in (0, 1, 4):
            results.append(
                measure_claims(kind, size, claims, threads) if threads else measure_plan(kind, size, rounds)
            )
            if not options.json:
                show(results[-1:], as_json=False)
    if options.json:
        show(results, as_json=True)
    return judge(results, CHECKED if options.check else BARS)


if __name__ == "__main__":
    sys.exit(main())
