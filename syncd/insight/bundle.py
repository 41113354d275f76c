"""The support bundle: what somebody needs who helps from afar, and nothing about anybody. Litmos and HR are not asked."""

import json
import platform
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import Connection

from syncd import __version__
from syncd.insight.overview import last_inputs, overview
from syncd.insight.scrubbing import Pseudonyms
from syncd.store import changelists, events, jobs, runs, sizes
from syncd.store.database import Database
from syncd.store.events import Sought
from syncd.store.known import people_among
from syncd.store.revisions import revisions

RUNS, EVENTS, OPEN_FOR = 50, 20_000, timedelta(days=30)
"""So many runs, so many events of the last day, and failures of so long."""
PACKAGES = (
    *("alembic", "apscheduler", "cel-expr-python", "httpcore", "httpx", "pydantic", "psycopg", "sqlalchemy"),
    *("starlette", "structlog", "typer", "uvicorn"),
)
_OF_RUN = (
    *(
        "id",
        "flow",
        "trigger",
        "actor",
        "created_at",
        "started_at",
        "finished_at",
        "plan_digest",
        "config_digest",
    ),
    *("error", "decided_at", "expires_at"),
)
_NUMBERS = (
    "counts",
    "requests",
    "minutes",
    "rejected",
    "skipped",
    "withheld",
    "drift",
    "gone",
    "users",
    "teams",
)
MANIFEST = """\
syncd support bundle, made {at} by syncd {version}

In it:
  version.json        syncd, Python, the system, the packages it rests on
  configuration.json  every setting by its key and place; secrets are dots. Of the mapping (scope, employee, users, teams, ...),
                      of examples, messages and roles the keys and places alone: their values may name people
  checks.json         what looks odd, without asking Litmos or HR
  status.json         flows, queue, rolling window, what waits for a person, in numbers
  runs.json           the last {runs} runs: states, times, counts, codes
  problems.json       what failed in 30 days, by code
  jobs.json           jobs that have not ended, or were given up, by kind, state and code
  events.jsonl        the events of the last day (at most {events})
  database.json       kind, revision, size, rows of each table

Not in it:
  the key, passwords, tokens; rows of HR; names, e-mail addresses, usernames; what was before and after a change;
  what Litmos answered; the audit; who did something.

Ids and usernames of people are replaced by person-1, person-2, ...: the same within this bundle, and nothing outside of it.
Look through it before you send it on: it is yours.
"""


def support_bundle(
    database: Database,
    account: str,
    *,
    configuration: Iterable[Mapping[str, str]],
    checks: Mapping[str, Any],
    sources: Iterable[str],
    sinks: Iterable[str],
) -> dict[str, str]:
    """The files of the bundle by name. ``configuration`` and ``checks`` are what the caller knows of both. Raises StoreError."""
    with database.read() as conn:
        now = database.now(conn)
        names = Pseudonyms(partial(people_among, conn, account))
        told: dict[str, Any] = {
            "version.json": _version(),
            "configuration.json": list(configuration),
            "checks.json": dict(checks),
            "status.json": _status(conn, account, now, list(sources), list(sinks)),
            "runs.json": [_run(row) for row in runs.listed(conn, account, limit=RUNS)],
            "problems.json": [
                _without(row, "message") for row in changelists.problems(conn, account, now - OPEN_FOR)
            ],
            "jobs.json": jobs.tally(conn, account),
        }
        happened = events.listed(conn, account, Sought(since=now - timedelta(days=1)), limit=EVENTS)
        files = {name: _json(names.scrub(_plain(value)), indent=1) for name, value in told.items()}
        scrubbed = names.scrub(
            [_plain(_without(dict(row), "account", "process")) for row in reversed(happened)]
        )
    files["events.jsonl"] = "".join(f"{_json(one)}\n" for one in scrubbed)
    files["database.json"] = _json(_database(database), indent=1)
    manifest = MANIFEST.format(at=f"{now:%Y-%m-%d %H:%M:%S}Z", version=__version__, runs=RUNS, events=EVENTS)
    return {"MANIFEST.txt": manifest, **files}


def _version() -> dict[str, Any]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return {
        "syncd": __version__,
        "python": sys.version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": found,
    }


def _status(
    conn: Connection, account: str, now: datetime, sources: list[str], sinks: list[str]
) -> dict[str, Any]:
    found = overview(conn, account, now, sinks)
    kept = (
        *("window", "jobs", "imports", "employees", "users", "links", "mirror_read_at", "mirror_full_at"),
        *("oldest_list_at", "results", "cases", "quarantined", "contract"),
    )
    return {
        "now": now,
        "flows": {
            flow: {name: state[name] for name in ("last_state", "succeeded_at", "planned_at")}
            for flow, state in found["flows"].items()
        },
        **{name: found[name] for name in kept},
        "inputs": last_inputs(conn, account, sources),
        "held": [row["id"] for row in found["held"]],
        "paused": None if found["paused"] is None else found["paused"]["code"],
        "pauses": [{name: one[name] for name in ("job_class", "since")} for one in found["pauses"]],
    }


def _run(row: Any) -> dict[str, Any]:
    summary = row["summary"]
    return {
        **{name: row[name] for name in _OF_RUN},
        "state": runs.shown_state(row),
        "holds": [hold["code"] for hold in row["holds"]],
        "summary": {name: summary[name] for name in _NUMBERS if name in summary},
    }


def _database(database: Database) -> dict[str, Any]:
    have, need = revisions(database)
    return {
        "kind": database.engine.dialect.name,
        "revision": have,
        "revision_needed": need,
        "size_bytes": sizes.size_bytes(database),
        "rows": sizes.rows(database),
    }


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _plain(value: Any) -> Any:
    """The same as JSON has it."""
    return json.loads(json.dumps(value, default=_text))


def _text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _json(value: Any, *, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
