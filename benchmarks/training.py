"""The most memory that planning takes with many rows of training, nothing of them recorded yet, and all of them.

    python -m benchmarks.training [--people 20000] [--courses 10] [--json]

A company of so many people is in step with Litmos, each of whom has every course, of one module each; one file has a row for each
person and course. Nobody changes. What is measured is what ``syncd plan`` does between two readings of Litmos: HR and training are
read, and the Plan is made, in a process of its own; ``bare_mb`` is the peak of the same without any training.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from benchmarks.diff import ACCOUNT, insert_all, open_company, row, settle_all, write
from benchmarks.memory import peak_mb
from benchmarks.stores import show, url_of_new
from syncd.app import App
from syncd.config import load
from syncd.core.recording import NOTE, SCORE
from syncd.intake import read_hr
from syncd.planning.narrowing import narrower
from syncd.planning.planner import draft
from syncd.planning.training import NO_TRAINING, read_training
from syncd.store.database import open_database
from syncd.store.mirror_tables import litmos_assignment, litmos_item
from syncd.store.training_tables import litmos_module, recorded
from syncd.wiring import training_sources_of

CONFIG = """\
version: 1
database: sqlite:///unused.db
litmos: {api_key: unused}
source: {type: csv, name: hr, path: hr.csv}
employee: {id: employee_id, status: {from: status, map: {Active: active, Left: left}}}
users:
  match: [ExternalEmployeeId, UserName]
  fields: {ExternalEmployeeId: employee_id, UserName: email, Email: email, FirstName: first_name, LastName: last_name}
training:
  - source: {type: csv, name: licences, path: licences.csv}
    record: module
    employee_id: person
    course: {from: course}
    date: day
    score: score
    note: number
"""
DAY = datetime(2025, 3, 14, 12, tzinfo=UTC)
"""Rows tell a day: noon of it."""
SCENES = ("nothing recorded", "all recorded")


def lines(people: int, courses: int) -> Iterator[str]:
    """The file of training."""
    yield "person,course,day,score,number\n"
    for number in range(people):
        for course in range(courses):
            yield f"{number:07d},Course {course},{DAY:%Y-%m-%d},{60 + number % 40},F-{number:07d}-{course}\n"


def taught(app: App, folder: Path) -> App:
    """The App of the company, with training."""
    config = load(folder / "syncd.yaml", environ={})
    return replace(
        app,
        settings=replace(app.settings, training=config.training),
        training_sources=training_sources_of(config),
    )


def give_courses(conn: Connection, people: int, courses: int, now: datetime) -> None:
    """What Litmos tells of courses with one module each, which everybody has."""
    course: dict[str, Any] = {"account": ACCOUNT, "kind": "course", "active": True, "changed_at": now}
    read = dict.fromkeys(("users_read_at", "modules_read_at", "sessions_read_at"), now)
    ids = [str(number) for number in range(courses)]
    insert_all(
        conn, litmos_item, ({**course, **read, "id": f"c{one}", "name": f"Course {one}"} for one in ids)
    )
    insert_all(
        conn,
        litmos_module,
        (
            {"account": ACCOUNT, "course_id": f"c{one}", "id": f"m{one}", "name": f"Module {one}"}
            for one in ids
        ),
    )
    had = {"account": ACCOUNT, "kind": "course", "completed": False, "percent": 0.0, "changed_at": now}
    insert_all(
        conn,
        litmos_assignment,
        (
            {**had, "item_id": f"c{one}", "user_id": f"u{number:07d}"}
            for number in range(people)
            for one in ids
        ),
    )


def note_all(conn: Connection, people: int, courses: int, now: datetime) -> None:
    """As if every row had been recorded as it is."""
    same = {
        "account": ACCOUNT,
        "record": "module",
        "date": DAY.isoformat(),
        "attempt": "1",
        "recorded_at": now,
    }
    insert_all(
        conn,
        recorded,
        (
            {
                **same,
                "employee_id": f"{number:07d}",
                "object_id": f"m{course}",
                "user_id": f"u{number:07d}",
                "said": {SCORE: str(60 + number % 40), NOTE: f"F-{number:07d}-{course}"},
            }
            for number in range(people)
            for course in range(courses)
        ),
    )


def measured(url: str, folder: Path, *, bare: bool) -> dict[str, Any]:
    """Read and plan in this process."""
    app = taught(open_company(open_database(url), folder / "hr.csv"), folder)
    began = time.process_time()
    intake = read_hr(app, narrow=narrower(app))
    training = NO_TRAINING if bare else read_training(app)
    made = draft(app, intake, training=training)
    left = len(made.training.changes) + len(made.training.skips) + len(made.training.rejections)
    return {
        "cpu_s": round(time.process_time() - began, 1),
        "peak_mb": peak_mb(),
        "changes": len(made.training.changes),
        "told_otherwise": left - len(made.training.changes),
    }


def _apart(url: str, folder: Path, kind: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.training", "--measure", url, str(folder), kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very module
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def scenes(people: int, courses: int) -> Iterator[dict[str, Any]]:
    """Build the company, and measure each scene."""
    with tempfile.TemporaryDirectory(prefix="syncd-benchmark-") as made, url_of_new("sqlite") as url:
        folder = Path(made)
        (folder / "syncd.yaml").write_text(CONFIG, encoding="utf-8")
        write(folder / "hr.csv", map(row, range(people)))
        with (folder / "licences.csv").open("w", encoding="utf-8") as file:
            file.writelines(lines(people, courses))
        database = open_database(url)
        app = open_company(database, folder / "hr.csv")
        settle_all(app, read_hr(app, narrow=lambda _reading: None))
        with database.write() as conn:
            give_courses(conn, people, courses, database.now(conn))
        bare = _apart(url, folder, "bare")["peak_mb"]
        for scene in SCENES:
            if scene == SCENES[-1]:
                with database.write() as conn:
                    note_all(conn, people, courses, database.now(conn))
            found = _apart(url, folder, "all")
            yield {"scene": scene, "people": people, "rows": people * courses, **found, "bare_mb": bare}
        database.close()


def main() -> int:
    """Run what is asked for."""
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measured(sys.argv[2], Path(sys.argv[3]), bare=sys.argv[4] == "bare")))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--courses", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    show(list(scenes(options.people, options.courses)), as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
