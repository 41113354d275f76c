"""The views for people's reports: what the document says is what is there, and its reports run on both databases."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, inspect, text

from syncd.store.result_tables import result_version
from syncd.store.schema import attempt, change, input_, job, run

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sql-views.md").read_text(encoding="utf-8")
REPORTS = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=90)
CANARY = "CANARY-value"


def described() -> dict[str, set[str]]:
    """The columns of each view by the document."""
    found: dict[str, set[str]] = {}
    view = ""
    for line in DOCUMENT.splitlines():
        if line.startswith("## "):
            view = line.removeprefix("## ")
        elif line.startswith("| `"):
            found.setdefault(view, set()).update(re.findall(r"`(\w+)`", line.split("|")[1]))
    return found


@pytest.fixture
def filled(database):
    """A push whose every part has a value that no view may show."""
    with database.write() as conn:
        conn.execute(
            insert(run),
            [
                {
                    "id": number,
                    "account": "main",
                    "flow": "push",
                    "state": "succeeded",
                    "trigger": "person",
                    "actor": "cli:x",
                    "created_at": NOW,
                    "started_at": NOW,
                    "finished_at": LATER,
                    "summary": summary,
                    "holds": [{"message": CANARY}],
                }
                for number, summary in ((1, {"x": CANARY}), (2, {"planned_only": True}))
            ],
        )
        read = {
            "source": "hr",
            "name": CANARY,
            "sha256": "",
            "size_bytes": 1,
            "read_at": NOW,
            "accepted": True,
        }
        conn.execute(insert(input_).values(account="main", run_id=1, rows=12, fingerprint={}, **read))
        kept = {
            "account": "main",
            "kind": "create_user",
            "payload": {"x": CANARY},
            "changes": [],
            "stage": 1,
            "class": "users",
        }
        conn.execute(
            insert(job).values(
                id=1,
                run_id=1,
                state="completed",
                max_attempts=8,
                last_error=CANARY,
                available_at=NOW,
                created_at=NOW,
                **kept,
            )
        )
        tried = {"started_at": NOW, "finished_at": LATER, "outcome": "completed", "detail": CANARY}
        conn.execute(insert(attempt).values(job_id=1, number=1, requests=2, **tried))
        for seq, (action, state, code) in enumerate(
            (("deactivate", "done", ""), ("reactivate", "done", ""), ("create", "failed", "LITMOS-400"))
        ):
            conn.execute(
                insert(change).values(
                    run_id=1,
                    seq=seq,
                    key=f"k{seq}",
                    action=action,
                    kind="user",
                    employee_id="00042",
                    team=[],
                    before={"JobTitle": CANARY},
                    after={"JobTitle": CANARY},
                    gives=[],
                    takes=[],
                    invite=False,
                    irreversible=False,
                    approved=False,
                    state=state,
                    code=code,
                    message=CANARY,
                    finished_at=LATER,
                )
            )
        told = {
            "object_name": "Safety",
            "completed_at": "2026-11-24T02:30:00+00:00",
            "username": CANARY,
            "score": CANARY,
        }
        conn.execute(
            insert(result_version).values(
                account="main",
                result_id="course:u:c",
                version=1,
                seq=1,
                is_current=True,
                kind="course",
                status="completed",
                attempt=1,
                data=told,
                made_at=NOW,
            )
        )
    return database


def rows(database, statement: str) -> list[dict[str, Any]]:
    with database.read() as conn:
        return [dict(row) for row in conn.execute(text(statement)).mappings()]


def test_the_document_describes_the_views_that_are_there(database):
    with database.read() as conn:
        found = inspect(conn)
        there = {view: {one["name"] for one in found.get_columns(view)} for view in found.get_view_names()}
    assert there == described()


def test_the_reports_run_and_say_something(filled):
    by_month, failures, switched, requests, courses = (
        rows(filled, report.rstrip("; \n")) for report in REPORTS
    )
    assert [(one["month"], one["state"], one["runs"], one["seconds"]) for one in by_month] == [
        ("2026-11", "planned", 1, 90),
        ("2026-11", "succeeded", 1, 90),
    ]
    assert [(one["code"], one["changes"], one["people"]) for one in failures] == [("LITMOS-400", 1, 1)]
    assert [(one["employee_id"], one["times"]) for one in switched] == [("00042", 2)]
    assert [(one["kind"], one["requests"], one["seconds"]) for one in requests] == [("create_user", 2, 90)]
    assert [(one["object_name"], one["status"], one["people"]) for one in courses] == [
        ("Safety", "completed", 1)
    ]


def test_they_show_what_belongs_together_and_no_value_of_a_person(filled):
    told = {view: rows(filled, f"SELECT * FROM {view}") for view in described()}  # noqa: S608 - our own names
    assert all(told.values())
    assert CANARY not in str(told)
    assert {one["run_id"]: one["source_rows"] for one in told["syncd_runs"]} == {1: 12, 2: None}
    assert told["syncd_attempts"][0]["run_id"] == 1
    assert told["syncd_attempts"][0]["job_state"] == "completed"
    assert {one["account"] for one in told["syncd_changes"]} == {"main"}
