"""A company that has used syncd for years: the rows of every table that its pages read, made by a seed, a table at a time.

To give the pages more to show, add a function that yields rows and a line to ``tables``.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any

from sqlalchemy import Table

from syncd.store.mirror_tables import (
    litmos_assignment,
    litmos_drift,
    litmos_item,
    litmos_membership,
    litmos_team,
    litmos_user,
)
from syncd.store.result_tables import result_version
from syncd.store.schema import (
    attempt,
    batch,
    batch_row,
    change,
    employee,
    identity_case,
    input_,
    job,
    link,
    quarantine,
    resolution,
    run,
    watermark,
)

ACCOUNT, SOURCE = "main", "hr"
Rows = Iterator[tuple[Any, ...]]
FIRST_PUSH = 2
FLOWS, FLOW_SHARES = ("push", "refresh", "pull"), (50, 40, 10)
ENDED, ENDED_SHARES = ("succeeded", "failed", "cancelled", "expired"), (930, 50, 10, 10)
FIELDS = ("JobTitle", "CompanyName", "City", "Country", "CustomField1", "CustomField2", "PhoneWork")
TITLES = ("Sales Representative", "Engineer", "Nurse", "Team Lead", "Analyst", "Driver", "Controller")
TEAMS, PATHS = 300, 40
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
REASONS = ("EMAIL-INVALID", "DATE-INVALID", "REQUIRED-MISSING", "ID-DUPLICATE")
JOBS_KEPT = 0.2
"""The part of the Changes, the newest, whose Jobs retention has not removed yet."""


@dataclass(frozen=True, kw_only=True)
class Company:
    """Its size, and the moment up to which it has used syncd. Everything else follows from the seed."""

    people: int
    runs: int
    changes: int
    now: datetime
    seed: int = 1

    def tables(self) -> tuple[tuple[Table, tuple[str, ...], Callable[[], Rows]], ...]:
        """Each table, its columns, and its rows, in an order that keeps foreign keys right."""
        return (
            (run, _RUN, self._all_runs),
            (input_, _INPUT, self._inputs),
            (employee, _EMPLOYEE, self._employees),
            (link, ("account", "employee_id", "user_id", "made_by", "made_at"), self._links),
            (litmos_user, _USER, self._users),
            (litmos_team, ("account", "id", "name", "code", "members_read_at", "changed_at"), self._teams),
            (litmos_item, _ITEM, self._items),
            (litmos_membership, _MEMBERSHIP, self._memberships),
            (litmos_assignment, _ASSIGNMENT, self._assignments),
            (litmos_drift, _DRIFT, self._drift),
            (quarantine, _QUARANTINE, self._rejected),
            (identity_case, _CASE, self._cases),
            (resolution, _RESOLUTION, self._resolutions),
            (change, _CHANGE, self._all_changes),
            (job, _JOB, self._jobs),
            (attempt, _ATTEMPT, self._attempts),
            (result_version, _RESULT, self._results),
            (batch, ("account", "id", "sink", "state", "rows", "run_id", "created_at"), self._batches),
            (
                batch_row,
                ("account", "sink", "result_id", "version", "batch_id"),
                self._batch_rows,
            ),
            (watermark, ("account", "name", "value"), self._watermarks),
        )

    def _random(self, what: str) -> random.Random:
        """Each table has its own randomness: a table more changes nothing of the others."""
        return random.Random(f"{self.seed}/{what}")  # noqa: S311 - it makes up a company

    def person(self, number: int) -> str:
        """An employee id."""
        return f"{number:07d}"

    @cached_property
    def spans(self) -> tuple[tuple[int, str, str, int], ...]:
        """Each Run: its id, flow, state, and how many Changes it has. The first push has half of them; the newest ones wait."""
        rnd = self._random("run")
        flows = ["refresh", "push", *rnd.choices(FLOWS, FLOW_SHARES, k=self.runs - 2)]
        states = ["succeeded", "succeeded", *rnd.choices(ENDED, ENDED_SHARES, k=self.runs - 2)]
        flows[-4:], states[-4:] = (
            ["push", "pull", "push", "refresh"],
            ["held", "succeeded", "running", "queued"],
        )
        weights = [rnd.paretovariate(1.2) if flow == "push" else 0.0 for flow in flows]
        first, waiting = self.changes // 2, max(self.changes // 400, 20)
        weights[1] = weights[-2] = weights[-4] = 0.0
        rest, total = self.changes - first - 2 * waiting, sum(weights)
        numbers = [int(rest * weight / total) for weight in weights]
        numbers[1], numbers[-2], numbers[-4] = first, waiting, waiting
        numbers[flows.index("push", 2)] += self.changes - sum(numbers)
        return tuple(
            (number + 1, flows[number], states[number], numbers[number]) for number in range(self.runs)
        )

    def made_at(self, run_id: int) -> datetime:
        """Runs are made an hour after each other."""
        return self.now - timedelta(hours=self.runs - run_id, minutes=10)

    def is_planned(self, run_id: int, state: str) -> bool:
        """Whether a Run was to make a Plan and to send nothing."""
        return state == "succeeded" and run_id % 20 == 5

    def _all_runs(self) -> Rows:
        rnd = self._random("runs")
        for run_id, flow, state, number in self.spans:
            began = self.made_at(run_id)
            ended = (
                None
                if state in {"queued", "running", "held"}
                else began + timedelta(minutes=1 + number // 80)
            )
            summary: dict[str, Any] = {"counts": {"user": {"update": number}}} if flow == "push" else {}
            if self.is_planned(run_id, state):
                summary["planned_only"] = True
            holds = [{"code": "LIMIT-DEACTIVATE", "message": "too many"}] if state == "held" else []
            yield (
                *(run_id, ACCOUNT, flow, state, rnd.choices(("schedule", "person"), (95, 5))[0], "schedule"),
                *(began, None if state == "queued" else began, ended, summary, holds),
                f"{number} changes failed" if state == "failed" else "",
            )

    def _inputs(self) -> Rows:
        numbers = count(1)
        for run_id, flow, state, _number in self.spans:
            if flow == "push":
                sha256 = f"{self._random(f'input{run_id}').getrandbits(256):064x}"
                yield (
                    *(next(numbers), ACCOUNT, SOURCE, "hr.csv", sha256, self.people * 200, self.people),
                    *(self.made_at(run_id), run_id, state == "succeeded", {"rejected": 0, "columns": []}),
                )

    def fields(self, number: int) -> dict[str, str]:
        """What HR says of somebody."""
        return {
            "ExternalEmployeeId": self.person(number),
            "UserName": f"p{number}@example.com",
            "Email": f"first{number % 5003}.last{number}@example.com",
            "FirstName": f"First{number % 5003}",
            "LastName": f"Last{number}",
            "JobTitle": TITLES[number % len(TITLES)],
            "City": f"City {number % 211}",
        }

    def _employees(self) -> Rows:
        for number in range(self.people):
            left = number % 13 == 0
            data = {
                "fields": self.fields(number),
                "teams": [[f"Department {number % TEAMS}"]],
                "ruled_roles": [],
                "roles": [],
                "items": [["learning_path", f"Path {number % PATHS}"]],
                "in_scope": True,
                "guards": {},
            }
            absent = number % 500 == 3
            yield (
                *(ACCOUNT, self.person(number), SOURCE, "left" if left else "active", data),
                *(f"hr.csv:{number + 2}", not absent, self.made_at(2), self.now),
                self.now if absent else None,
                int(absent),
            )

    def _links(self) -> Rows:
        for number in range(self.people):
            if number % 200 != 7:
                yield (ACCOUNT, self.person(number), f"u{number:07d}", "match:UserName", self.made_at(2))

    def _users(self) -> Rows:
        for number in range(self.people):
            said = self.fields(number)
            profile = {**said, "Id": f"u{number:07d}", "Active": number % 13 != 0, "LastLogin": ""}
            yield (
                *(ACCOUNT, f"u{number:07d}", said["UserName"], said["Email"], said["ExternalEmployeeId"]),
                *(number % 13 != 0, profile, self.now, self.made_at(2)),
            )

    def _teams(self) -> Rows:
        for number in range(TEAMS):
            yield (ACCOUNT, f"t{number}", f"Department {number}", "", self.now, self.made_at(1))

    def _items(self) -> Rows:
        for number in range(PATHS):
            yield (ACCOUNT, "learning_path", f"p{number}", f"Path {number}", True, self.now, self.made_at(1))

    def _memberships(self) -> Rows:
        for number in range(self.people):
            for team in {number % TEAMS, number // TEAMS % TEAMS}:
                yield (ACCOUNT, f"t{team}", f"u{number:07d}", False, False, self.made_at(2))

    def _assignments(self) -> Rows:
        for number in range(self.people):
            for path in {number % PATHS, number // PATHS % PATHS}:
                done = number % 3 == 0
                yield (
                    *(ACCOUNT, "learning_path", f"p{path}", f"u{number:07d}", done, 100.0 * done),
                    self.made_at(2),
                )

    def _drift(self) -> Rows:
        rnd = self._random("drift")
        refreshes = [run_id for run_id, flow, *_ in self.spans if flow == "refresh"]
        for number in range(1, self.people // 100 + 1):
            user = f"u{rnd.randrange(self.people):07d}"
            yield (number, ACCOUNT, rnd.choice(refreshes), "user", user, "City", "City 1", "City 2", self.now)

    def _rejected(self) -> Rows:
        for number in range(0, self.people, 500):
            reasons = [{"code": REASONS[number % 4], "message": f"row {number + 2}: no value"}]
            yield (
                *(ACCOUNT, SOURCE, self.person(number), self.person(number), f"hr.csv:{number + 2}", reasons),
                *(self.made_at(2), self.now, self.runs - 1),
            )

    def _cases(self) -> Rows:
        for number in range(7, self.people, 2000):
            users = [
                {"user_id": f"u{number + each:07d}", "keys": ["Email"], "linked_to": ""} for each in (1, 2)
            ]
            yield (
                *(
                    ACCOUNT,
                    self.person(number),
                    "MATCH-AMBIGUOUS",
                    "two users have the address of one person",
                ),
                *(f"hr.csv:{number + 2}", self.fields(number), users, "", self.made_at(2), self.now),
                self.runs - 1,
            )

    def _resolutions(self) -> Rows:
        for number in range(7, self.people, 4000):
            decided = self.now + timedelta(seconds=1) if number % 3 else self.made_at(1)
            yield (ACCOUNT, self.person(number), "ignore", "", [], "", "web:ana", decided)

    def _all_changes(self) -> Rows:
        """By Run, in the Plan's order. Most people have few, some have very many."""
        rnd, ids, kept = self._random("change"), count(1), int(self.changes * (1 - JOBS_KEPT))
        for run_id, _flow, state, number in self.spans:
            kinds = FIRST_KINDS if run_id == FIRST_PUSH else KINDS
            chosen = rnd.choices(kinds, [share for *_, share in kinds], k=number)
            shown = "planned" if self.is_planned(run_id, state) else state
            began = self.made_at(run_id)
            for seq, (action, kind, rule, _) in enumerate(chosen):
                who = seq if run_id == FIRST_PUSH else int(self.people * rnd.random() ** 3)
                person, change_id, became = (
                    self.person(who % self.people),
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

    def _jobs(self) -> Rows:
        """Of the newest Changes; one each."""
        for job_id, run_id, seq, state in self._kept_jobs():
            ended = None if state in {"available", "blocked"} else self.made_at(run_id)
            yield (
                *(job_id, run_id, ACCOUNT, "put_user", f"x:{job_id}", f"x:{job_id}", {"fields": {}}, []),
                *(5, ("users", "teams", "learning")[seq % 3], 6, state, int(ended is not None), 8),
                *(self.made_at(run_id), self.made_at(run_id), ended),
            )

    def _attempts(self) -> Rows:
        for job_id, run_id, _seq, state in self._kept_jobs():
            if state not in {"available", "blocked"}:
                at = self.made_at(run_id)
                yield (job_id, 1, "worker", at, at, at, state, "", "", 200, 1)

    def _kept_jobs(self) -> Iterator[tuple[int, int, int, str]]:
        """Each Job's id, which is that of its Change, its Run, its place there, and its state."""
        ids, first = 0, int(self.changes * (1 - JOBS_KEPT))
        for run_id, _flow, state, number in self.spans:
            if state == "held" or self.is_planned(run_id, state):
                ids += number
                continue
            for seq in range(number):
                ids += 1
                became = "discarded" if state == "failed" and seq % 12 == 0 else "completed"
                if ids > first:
                    yield ids, run_id, seq, "available" if state == "running" and seq % 3 else became

    def _results(self) -> Rows:
        for number in range(self.people):
            user, item, versions = f"u{number:07d}", f"p{number % PATHS}", 2 if number % 5 == 0 else 1
            for version in range(1, versions + 1):
                status = "completed" if number % 4 else "in_progress"
                yield (
                    *(ACCOUNT, f"learning_path:{user}:{item}", version, number * 2 + version),
                    *(version == versions, "learning_path", user, self.person(number), item, status),
                    *("reported", 1, {"result_id": f"learning_path:{user}:{item}", "kind": "learning_path"}),
                    *(self.runs - 2, self.now),
                )

    def _batches(self) -> Rows:
        for run_id, flow, *_ in self.spans:
            if flow == "pull":
                yield (ACCOUNT, f"b{run_id}", "results", "delivered", 1, run_id, self.made_at(run_id))

    def _batch_rows(self) -> Rows:
        for number, (run_id, flow, *_) in enumerate(self.spans):
            if flow == "pull":
                user = number % self.people
                key = f"learning_path:u{user:07d}:p{user % PATHS}"
                yield (ACCOUNT, "results", key, 1 + run_id, f"b{run_id}")

    def _watermarks(self) -> Rows:
        for name in ("refreshed", "read"):
            yield (ACCOUNT, name, self.now)


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
    *("summary", "holds", "error"),
)
_INPUT = (
    *("id", "account", "source", "name", "sha256", "size_bytes", "rows", "read_at", "run_id", "accepted"),
    "fingerprint",
)
_EMPLOYEE = (
    *("account", "employee_id", "source", "status", "data", "origin", "present", "first_seen_at"),
    *("last_seen_at", "absent_since", "absent_count"),
)
_USER = (
    *("account", "id", "username_key", "email_key", "external_key", "active", "profile", "read_at"),
    "changed_at",
)
_ITEM = ("account", "kind", "id", "name", "active", "users_read_at", "changed_at")
_MEMBERSHIP = ("account", "team_id", "user_id", "leader", "admin", "changed_at")
_ASSIGNMENT = ("account", "kind", "item_id", "user_id", "completed", "percent", "changed_at")
_DRIFT = ("id", "account", "run_id", "kind", "user_id", "field", "before", "after", "seen_at")
_QUARANTINE = (
    *("account", "source", "key", "employee_id", "origin", "reasons", "first_seen_at", "last_seen_at"),
    "run_id",
)
_CASE = (
    *("account", "employee_id", "code", "message", "origin", "fields", "candidates", "question"),
    *("opened_at", "seen_at", "run_id"),
)
_RESOLUTION = (
    *("account", "employee_id", "verdict", "user_id", "refused", "answers", "decided_by", "decided_at"),
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
    *("job_id", "number", "owner", "started_at", "sent_at", "finished_at", "outcome", "code", "detail"),
    *("http_status", "requests"),
)
_RESULT = (
    *("account", "result_id", "version", "seq", "is_current", "kind", "user_id", "employee_id", "object_id"),
    *("status", "event", "attempt", "data", "run_id", "made_at"),
)
