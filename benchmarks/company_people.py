"""The people of a company, what Litmos has of them, and the results of their training: rows by a seed.

To give the pages more to show, add a function that yields rows and a line to ``tables_of_people``.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from benchmarks.company import ACCOUNT, PATHS, SINK, SOURCE, TEAMS, Company, Filled, Rows
from syncd.core.person_names import keys_of
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
    batch,
    batch_row,
    employee,
    identity_case,
    link,
    quarantine,
    resolution,
    watermark,
)

REASONS = ("EMAIL-INVALID", "DATE-INVALID", "REQUIRED-MISSING", "ID-DUPLICATE")


def tables_of_people(company: Company) -> tuple[Filled, ...]:
    """Each table, its columns, and its rows; of what Runs did none needs to be there before."""
    filled = (
        (employee, _EMPLOYEE, _employees),
        (link, ("account", "employee_id", "user_id", "made_by", "made_at"), _links),
        (litmos_user, _USER, _users),
        (litmos_team, ("account", "id", "name", "code", "members_read_at", "changed_at"), _teams),
        (litmos_item, _ITEM, _items),
        (litmos_membership, _MEMBERSHIP, _memberships),
        (litmos_assignment, _ASSIGNMENT, _assignments),
        (litmos_drift, _DRIFT, _drift),
        (quarantine, _QUARANTINE, _rejected),
        (identity_case, _CASE, _cases),
        (resolution, _RESOLUTION, _resolutions),
        (result_version, _RESULT, _results),
        (batch, _BATCH, _batches),
        (batch_row, ("account", "sink", "result_id", "version", "batch_id"), _batch_rows),
        (watermark, ("account", "name", "value"), _watermarks),
    )
    return tuple((table, names, rows(company)) for table, names, rows in filled)


def _employees(company: Company) -> Rows:
    for number in range(company.people):
        left = number % 13 == 0
        data: dict[str, Any] = {
            "fields": company.fields(number),
            "teams": [[f"Department {number % TEAMS}"]],
            "ruled_roles": [],
            "roles": [],
            "items": [["learning_path", f"Path {number % PATHS}"]],
            "in_scope": True,
            "guards": {},
        }
        absent = number % 500 == 3
        yield (
            *(ACCOUNT, company.person(number), SOURCE, "left" if left else "active", data),
            *(f"hr.csv:{number + 2}", not absent, company.made_at(2), company.now),
            company.now if absent else None,
            int(absent),
            company.begins_on(number),
            *keys_of(data["fields"]),
        )


def _links(company: Company) -> Rows:
    for number in range(company.people):
        if number % 200 != 7:
            yield (ACCOUNT, company.person(number), f"u{number:07d}", "match:UserName", company.made_at(2))


def _users(company: Company) -> Rows:
    for number in range(company.people):
        said = company.fields(number)
        profile = {**said, "Id": f"u{number:07d}", "Active": number % 13 != 0, "LastLogin": ""}
        yield (
            *(ACCOUNT, f"u{number:07d}", said["UserName"], said["Email"], said["ExternalEmployeeId"]),
            *(number % 13 != 0, profile, company.now, company.made_at(2)),
        )


def _teams(company: Company) -> Rows:
    for number in range(TEAMS):
        yield (ACCOUNT, f"t{number}", f"Department {number}", "", company.now, company.made_at(1))


def _items(company: Company) -> Rows:
    for number in range(PATHS):
        yield (
            ACCOUNT,
            "learning_path",
            f"p{number}",
            f"Path {number}",
            True,
            company.now,
            company.made_at(1),
        )


def _memberships(company: Company) -> Rows:
    for number in range(company.people):
        for team in {number % TEAMS, number // TEAMS % TEAMS}:
            yield (ACCOUNT, f"t{team}", f"u{number:07d}", False, False, company.made_at(2))


def _assignments(company: Company) -> Rows:
    for number in range(company.people):
        for path in {number % PATHS, number // PATHS % PATHS}:
            done = number % 3 == 0
            yield (
                *(ACCOUNT, "learning_path", f"p{path}", f"u{number:07d}", done, 100.0 * done),
                company.made_at(2),
            )


def _drift(company: Company) -> Rows:
    rnd = company.random("drift")
    refreshes = [run_id for run_id, flow, *_ in company.spans if flow == "refresh"]
    for number in range(1, company.people // 100 + 1):
        user = f"u{rnd.randrange(company.people):07d}"
        yield (number, ACCOUNT, rnd.choice(refreshes), "user", user, "City", "City 1", "City 2", company.now)


def _rejected(company: Company) -> Rows:
    for number in range(0, company.people, 500):
        reasons = [{"code": REASONS[number % 4], "message": f"row {number + 2}: no value"}]
        yield (
            *(
                ACCOUNT,
                SOURCE,
                company.person(number),
                company.person(number),
                f"hr.csv:{number + 2}",
                reasons,
            ),
            *(company.made_at(2), company.now, company.runs - 1, company.begins_on(number)),
            reasons[0]["code"],
        )


def _cases(company: Company) -> Rows:
    for number in range(7, company.people, 2000):
        users = [{"user_id": f"u{number + each:07d}", "keys": ["Email"], "linked_to": ""} for each in (1, 2)]
        yield (
            *(
                ACCOUNT,
                company.person(number),
                "MATCH-AMBIGUOUS",
                "two users have the address of one person",
            ),
            *(f"hr.csv:{number + 2}", company.fields(number), users, "", company.made_at(2), company.now),
            company.runs - 1,
        )


def _resolutions(company: Company) -> Rows:
    for number in range(7, company.people, 4000):
        decided = company.now + timedelta(seconds=1) if number % 3 else company.made_at(1)
        yield (ACCOUNT, company.person(number), "ignore", "", [], "", "web:ana", decided)


def _results(company: Company) -> Rows:
    """By the Pulls, each of which learned of as many; a handful of them are of something else than a learning path."""
    pulls = company.pulls
    for seq, number, version, newest in _versions(company):
        kind, item = _object(number)
        user = f"u{number:07d}"
        result_id = f"{kind}:{user}:{item}"
        status = "expired" if number % 9973 == 5 else "completed" if number % 4 else "in_progress"
        said = {"result_id": result_id, "kind": kind, "user_id": user, "object_id": item}
        learned = pulls[number * len(pulls) // company.people]
        yield (
            *(ACCOUNT, result_id, version, seq, newest, kind, user, company.person(number), item, status),
            *("reported", 1, {**said, "object_name": f"Path {item}", "completed": status != "in_progress"}),
            *(learned, company.made_at(learned)),
        )


def _versions(company: Company) -> Iterator[tuple[int, int, int, bool]]:
    """Each version's ``seq``, the number of its person, its own, and whether it holds today."""
    for number in range(company.people):
        versions = 2 if number % 5 == 0 else 1
        for version in range(1, versions + 1):
            yield number * 2 + version, number, version, version == versions


def _object(number: int) -> tuple[str, str]:
    return ("course", f"c{number % 7}") if number % 10_007 == 3 else ("learning_path", f"p{number % PATHS}")


def _batches(company: Company) -> Rows:
    for run_id in company.pulls:
        at = company.made_at(run_id)
        yield (ACCOUNT, f"b{run_id}", SINK, "delivered", company.people // len(company.pulls), run_id, at, at)


def _batch_rows(company: Company) -> Rows:
    pulls = company.pulls
    for _seq, number, version, _newest in _versions(company):
        kind, item = _object(number)
        learned = pulls[number * len(pulls) // company.people]
        yield (ACCOUNT, SINK, f"{kind}:u{number:07d}:{item}", version, f"b{learned}")


def _watermarks(company: Company) -> Rows:
    for name in ("refreshed", "read"):
        yield (ACCOUNT, name, company.now)


_EMPLOYEE = (
    *("account", "employee_id", "source", "status", "data", "origin", "present", "first_seen_at"),
    *("last_seen_at", "absent_since", "absent_count", "begins_on", "first_key", "last_key", "end_key"),
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
    *("run_id", "begins_on", "code"),
)

_CASE = (
    *("account", "employee_id", "code", "message", "origin", "fields", "candidates", "question"),
    *("opened_at", "seen_at", "run_id"),
)

_RESOLUTION = (
    *("account", "employee_id", "verdict", "user_id", "refused", "answers", "decided_by", "decided_at"),
)

_RESULT = (
    *("account", "result_id", "version", "seq", "is_current", "kind", "user_id", "employee_id", "object_id"),
    *("status", "event", "attempt", "data", "run_id", "made_at"),
)
_BATCH = ("account", "id", "sink", "state", "rows", "run_id", "created_at", "delivered_at")
