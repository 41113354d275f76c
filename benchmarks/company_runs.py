"""What the Runs of a company read, planned and did, and what happened in them: rows by a seed.

To give the pages more to show, add a function that yields rows and a line to ``tables_of_runs``.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from benchmarks.company import ACCOUNT, FIRST_PUSH, JOBS_KEPT, SOURCE, Company, Filled, Rows
from syncd.core.exchange import Exchange, kept
from syncd.store.event_tables import event
from syncd.store.queue_tables import exchange
from syncd.store.schema import attempt, change, configuration, input_, job, run

FIELDS = ("JobTitle", "CompanyName", "City", "Country", "CustomField1", "CustomField2", "PhoneWork")
KINDS = (
    # action, kind, rule, share in a thousand of what a push changes on a day like any other
    *(("update", "user", f"users.fields.{name}", 90) for name in FIELDS[:6]),
    ("add", "membership", "teams[0]", 110),
    ("remove", "membership", "teams[0]", 90),
    ("add", "membership", "teams[1]", 60),
    ("add", "assignment", "learning_paths[0]", 80),
    ("add", "assignment", "learning_paths[1]", 30),
    ("remove", "assignment", "learning_paths[1]", 10),
    ("create", "user", "users", 40),
    ("deactivate", "user", "employee.status", 30),
    ("reactivate", "user", "employee.status", 4),
    ("add", "role", "teams[0].leaders", 4),
    ("create", "team", "teams", 1),
    ("record", "result", "training[0]", 1),
)
FIRST_KINDS = (
    ("create", "user", "users", 50),
    ("add", "membership", "teams[0]", 25),
    ("add", "assignment", "learning_paths[0]", 25),
)
"""What the first push did."""
STATES, STATE_SHARES = ("done", "failed", "superseded", "cancelled"), (900, 80, 15, 5)
CODES, CODE_SHARES = (
    ("LITMOS-400-REFUSED", "LITMOS-409-TAKEN", "PARENT-FAILED", "IMPORT-ROW", "LITMOS-500", "GAVE-UP"),
    (50, 20, 15, 10, 4, 1),
)


def tables_of_runs(company: Company) -> tuple[Filled, ...]:
    """Each table, its columns, and its rows, in an order that keeps foreign keys right."""
    filled = (
        (run, _RUN, _all_runs),
        (input_, _INPUT, _inputs),
        (configuration, ("account", "digest", "settings", "first_seen_at"), _configurations),
        (change, _CHANGE, _all_changes),
        (job, _JOB, _jobs),
        (attempt, _ATTEMPT, _attempts),
        (exchange, ("attempt_id", "at", "made"), _exchanges),
        (event, _EVENT, _events),
    )
    return tuple((table, names, rows(company)) for table, names, rows in filled)


def _all_runs(company: Company) -> Rows:
    rnd = company.random("runs")
    for run_id, flow, state, number in company.spans:
        began = company.made_at(run_id)
        ended = (
            None if state in {"queued", "running", "held"} else began + timedelta(minutes=1 + number // 80)
        )
        summary: dict[str, Any] = {"counts": {"user": {"update": number}}} if flow == "push" else {}
        if company.is_planned(run_id, state):
            summary["planned_only"] = True
        holds = [{"code": "LIMIT-DEACTIVATIONS", "message": "too many"}] if state == "held" else []
        yield (
            *(run_id, ACCOUNT, flow, state, rnd.choices(("schedule", "person"), (95, 5))[0], "schedule"),
            *(began, None if state == "queued" else began, ended, summary, holds),
            f"{number} changes failed" if state == "failed" else "",
            company.configuration(run_id),
        )


def _inputs(company: Company) -> Rows:
    numbers = count(1)
    for run_id, flow, state, _number in company.spans:
        if flow == "push":
            sha256 = f"{company.random(f'input{run_id}').getrandbits(256):064x}"
            yield (
                *(next(numbers), ACCOUNT, SOURCE, "hr.csv", sha256, company.people * 200, company.people),
                *(company.made_at(run_id), run_id, state == "succeeded", {"rejected": 0, "columns": []}),
            )


def _all_changes(company: Company) -> Rows:
    """By Run, in the Plan's order. Most people have few, some have very many."""
    rnd, ids, kept = company.random("change"), count(1), int(company.changes * (1 - JOBS_KEPT))
    for run_id, _flow, state, number in company.spans:
        kinds = FIRST_KINDS if run_id == FIRST_PUSH else KINDS
        chosen = rnd.choices(kinds, [share for *_, share in kinds], k=number)
        shown = "planned" if company.is_planned(run_id, state) else state
        began = company.made_at(run_id)
        for seq, (action, kind, rule, _) in enumerate(chosen):
            who = seq if run_id == FIRST_PUSH else int(company.people * rnd.random() ** 3)
            person, change_id, became = (
                company.person(who % company.people),
                next(ids),
                _outcome(rnd, shown, seq),
            )
            code = rnd.choices(CODES, CODE_SHARES)[0] if became == "failed" else ""
            field = rule.rpartition(".")[2] if rule.startswith("users.") else ""
            has_job = change_id > kept and became not in {"held", "planned"}
            yield (
                *(change_id, run_id, seq, f"{kind}:{person}:{seq}", action, kind, person, "", [], "", ""),
                *(
                    {field: "Before"} if field else {},
                    {field: "After"} if field else {},
                    [],
                    [],
                    False,
                    False,
                ),
                *("HR says so", rule, f"hr.csv:{who + 2}", became),
                *("HELD-WHOLE" if became == "held" else code, f"no to row {seq}" if code else ""),
                change_id if has_job else None,
                began + timedelta(seconds=seq * 0.6) if became in STATES else None,
                False,
            )


def _jobs(company: Company) -> Rows:
    """Of the newest Changes; one each."""
    for job_id, run_id, seq, state in company.kept_jobs():
        ended = None if state in {"available", "blocked"} else company.made_at(run_id)
        yield (
            *(job_id, run_id, ACCOUNT, "put_user", f"x:{job_id}", f"x:{job_id}", {"fields": {}}, []),
            *(5, ("users", "teams", "learning")[seq % 3], 6, state, int(ended is not None), 8),
            *(company.made_at(run_id), company.made_at(run_id), ended),
        )


def _attempts(company: Company) -> Rows:
    for number, (job_id, _run_id, at) in enumerate(_ended_jobs(company), start=1):
        yield (number, job_id, 1, "worker", at, at, at, "completed", "", "", 200, 1)


def _ended_jobs(company: Company) -> Iterator[tuple[int, int, datetime]]:
    """Each Job that was sent, its Run, and when: a hundred a minute."""
    for job_id, run_id, seq, state in company.kept_jobs():
        if state not in {"available", "blocked"}:
            yield job_id, run_id, company.made_at(run_id) + timedelta(seconds=seq * 0.6)


def _exchanges(company: Company) -> Rows:
    """Of the newest quarter of the Attempts: they are kept for days, and Attempts for months."""
    number = sum(1 for _ in _ended_jobs(company))
    for attempt_id, (job_id, _run_id, at) in enumerate(_ended_jobs(company), start=1):
        if attempt_id > number * 3 // 4:
            made = {**_EXCHANGE, "path": ["users", f"u{job_id}"]}
            yield (attempt_id, at, [made])


def _events(company: Company) -> Rows:
    """Of the newest half of the Runs when they began, planned and ended; and of each Job that is still there how it ended."""
    for run_id, flow, state, number in company.spans[company.runs // 2 :]:
        at = company.made_at(run_id)
        facts: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("info", "run_started", {"flow": flow}),
            ("info", "plan_made", {"state": state, "changes": number, "requests": number}),
            *(
                (("error", "run_failed", {"flow": flow, "error": "changes failed"}),)
                if state == "failed"
                else ()
            ),
            ("info", "run_ended", {"flow": flow, "state": state, "changes": number}),
        )
        for level, name, said in facts:
            yield (ACCOUNT, at, level, name, run_id, None, "", "", said, "worker")
    for job_id, run_id, seq, state in company.kept_jobs():
        if state == "available":
            continue
        at = company.made_at(run_id) + timedelta(seconds=seq * 0.6)
        lost = state == "discarded"
        level, name, code = ("error", "job_failed", CODES[0]) if lost else ("info", "attempt_ended", "")
        yield (ACCOUNT, at, level, name, run_id, job_id, "", code, {"kind": "put_user"}, "worker")


def _configurations(company: Company) -> Rows:
    for first in range(1, company.runs + 1, Company.RUNS_OF_A_CONFIGURATION):
        settings = {f"users.fields.Field{number}": f"column {number}" for number in range(200)}
        settings["push.max_attempts"] = str(first)
        yield (ACCOUNT, company.configuration(first), settings, company.made_at(first))


def _outcome(rnd: random.Random, state: str, seq: int) -> str:
    """What became of a Change, by the state of its Run."""
    match state:
        case "held" | "planned":
            return state
        case "running":
            return "queued" if seq % 3 else "done"
        case "failed":
            return rnd.choices(STATES, STATE_SHARES)[0]
        case "cancelled":
            return "cancelled" if seq % 2 else "done"
        case "expired":
            return "superseded"
        case _:
            return "done"


_RUN = (
    *("id", "account", "flow", "state", "trigger", "actor", "created_at", "started_at", "finished_at"),
    *("summary", "holds", "error", "config_digest"),
)

_INPUT = (
    *("id", "account", "source", "name", "sha256", "size_bytes", "rows", "read_at", "run_id", "accepted"),
    "fingerprint",
)

_CHANGE = (
    *("id", "run_id", "seq", "key", "action", "kind", "employee_id", "user_id", "team", "item", "team_id"),
    *("before", "after", "gives", "takes", "irreversible", "invite", "reason", "rule", "origin", "state"),
    *("code", "message", "job_id", "finished_at", "approved"),
)

_JOB = (
    *("id", "run_id", "account", "kind", "key", "target", "payload", "changes", "stage", "class", "rank"),
    *("state", "attempts", "max_attempts", "available_at", "created_at", "finished_at"),
)

_ATTEMPT = (
    *("id", "job_id", "number", "owner", "started_at", "sent_at", "finished_at", "outcome", "code", "detail"),
    *("http_status", "requests"),
)
_EVENT = ("account", "at", "level", "event", "run_id", "job_id", "employee_id", "code", "facts", "process")
_EXCHANGE = kept(
    Exchange(
        method="PUT",
        path=("users", "u0"),
        query={},
        status=200,
        code="",
        waited=0.2,
        took=0.4,
        sent=b'{"Id": "u0", "JobTitle": "After"}',
        answered=b"",
    ),
    (),
)
