"""Every flow under every reading of the contract: whatever the sandbox plays, Litmos ends up as HR and people said.

What is expected is worked out by ``tests/flows/company.py``, a naive model that knows nothing of syncd: it is told what HR
and people do in the order in which they do it.
"""

import csv
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.core.limits import Limits
from syncd.errors import Unauthorized
from syncd.sandbox.modes import Modes
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store.database import Database
from tests.flows.company import ODD, SAFETY, WORKS, Company, Person, found, mapping_of_the_story
from tests.flows.rig import Rig, creates_without_a_read, person

MANY = 1010
"""More users than one page holds."""

ALONE: list[dict[str, Any]] = [
    {"put_mode": "merge"},
    {"escape_slashes": False},
    {"html_entities": True},
    {"extra_rows": 3},
    {"utc_offset_minutes": 600},
    {"date_shift": True},
    {"to_hides_today": False},
    {"removals_reported": False},
    {"subteams_deep": False},
    {"deactivation_keeps_teams": False},
    {"strict_xml_order": False},
    {"path_key": "Id"},
    {"path_key": "LearningPathId"},
    {"rejects_count": True},
    {"invalid_key_status": 403},
    {"spec_statuses": True},
    {"other_names": True},
    {"duplicate_paths_refused": True},
    {"resets_reported": False},
    {"resets_shown": True},
    {"sessions_placed": False},
    {"import_end": "Processed"},
    {"visibility_delay": 1.0},
]
"""Each reading that is not the sandbox's default, by itself."""
TOGETHER: list[dict[str, Any]] = [
    {"put_mode": "merge", "html_entities": True, "deactivation_keeps_teams": False, "spec_statuses": True},
    {"html_entities": True, "escape_slashes": False, "removals_reported": False, "subteams_deep": False},
    {"date_shift": True, "utc_offset_minutes": 600, "to_hides_today": False, "other_names": True},
    {"visibility_delay": 1.0, "duplicate_paths_refused": True, "deactivation_keeps_teams": False},
    {name: value for reading in ALONE for name, value in reading.items() if name != "extra_rows"},
]
ON_POSTGRESQL = [{}, TOGETHER[0], TOGETHER[-1]]


def named(reading: dict[str, Any]) -> str:
    """A reading as the id of a test."""
    return " ".join(f"{name}={value}" for name, value in reading.items()) or "defaults"


def control(sandbox: Sandbox, call: str, body: Any) -> None:
    """Play the administrator."""
    post(f"{sandbox.control_url}/{call}", body)


def post(url: str, body: Any, **headers: str) -> None:
    """One POST of JSON; cheaper than a client of httpx, which reads all certificates first."""
    named = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, json.dumps(body).encode(), named)  # noqa: S310 - the sandbox
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - the sandbox


def seed(reading: dict[str, Any]) -> dict[str, Any]:
    """A Litmos that people have used before: an owner, somebody whom HR knows too, a team of their own."""
    known = {
        "UserName": "p8@example.com",
        "FirstName": "Old",
        "LastName": f"Name {ODD}",
        "Skype": f"live:{ODD}",
        "City": "Ulm",
        "ExpirationDate": "2031-01-02T00:00:00Z",
        "CustomField7": "",
    }
    crowd = MANY if reading.get("extra_rows") else 3
    return {
        "users": [
            {
                "UserName": "owner@example.com",
                "FirstName": "O",
                "LastName": "W",
                "AccessLevel": "Account_Owner",
            },
            known,
            *(
                {"UserName": f"crowd{n}@example.com", "FirstName": "C", "LastName": str(n)}
                for n in range(crowd)
            ),
        ],
        "teams": [{"Name": f"Book club {ODD}"}],
        "memberships": [{"Team": f"Book club {ODD}", "UserName": "p8@example.com"}],
        "courses": [{"Name": "Ladders"}],
        "learning_paths": [{"Name": "Onboarding"}, {"Name": SAFETY, "Courses": ["Ladders"]}],
    }


class Clock:
    """A monotonic clock that a test may put forward."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def staff() -> list[dict[str, str]]:
    """Day one, as HR has it: people with every odd character, one of whom (p8) is in Litmos already."""
    rows = [person(number) for number in range(1, 9)]
    rows[0].update(
        last_name=f"O'Brien {ODD}", title=f'R&D <Lead> "é" 漢/{ODD}', email="o'brien+1@example.com"
    )
    rows[1].update(department=WORKS)
    rows[2].update(department=WORKS, title="Fish & Chips")
    return rows


@dataclass
class Story:
    """The rig, the model beside it, and the steps that both go through."""

    rig: Rig
    clock: Clock
    company: Company
    modes: Modes

    def push(self) -> None:
        """HR's file is pushed; Litmos is as the model says; pushing again writes nothing at all."""
        self.company.hr_says(self.rig.hr)
        pushed = self.rig.push(fresh=True)
        self.ended_well(pushed.run_id)

    def ended_well(self, run_id: int) -> None:
        run = self.rig.run(run_id)
        assert (run["state"], run["error"]) == ("succeeded", "")
        self.clock.ahead += self.modes.visibility_delay
        self.as_expected()
        before = self.rig.writes()
        again = self.rig.push(fresh=True)
        assert again.draft.plan.changes == ()
        assert self.rig.writes() == before

    def as_expected(self) -> None:
        expected = self.company.expected()
        assert found(self.rig.sandbox, set(expected)) == expected

    def edit(self, *edits: dict[str, Any]) -> None:
        control(self.rig.sandbox, "edit", list(edits))

    def results(self) -> set[tuple[str, str, str]]:
        """The rows of the results file."""
        with self.rig.results_file.open(encoding="utf-8-sig", newline="") as file:
            return {
                (row["employee_id"], row["what"], row["completed_at"][:16]) for row in csv.DictReader(file)
            }


def day_one(story: Story) -> None:
    """Everything is created."""
    story.company.people["00008"] = Person(
        {"Skype": f"live:{ODD}", "City": "Ulm"}, teams={f"Book club {ODD}"}, paths=set()
    )
    story.push()


def people_edit_litmos(story: Story) -> None:
    """A person changes what Litmos owns, which stays, and what HR owns, which is repaired."""
    people = story.company.people
    story.edit(
        {
            "do": "set_user",
            "UserName": "o'brien+1@example.com",
            "set": {"City": f"Köln {ODD}", "Skype": "live:1"},
        },
        {"do": "set_user", "UserName": "p3@example.com", "set": {"JobTitle": "Boss"}},
        {"do": "add_member", "Team": f"Book club {ODD}", "UserName": "p4@example.com"},
        {"do": "remove_member", "Team": "Sales", "UserName": "p5@example.com"},
        {"do": "deactivate", "UserName": "p6@example.com"},
    )
    people["00001"].fields.update(City=f"Köln {ODD}", Skype="live:1")
    people["00003"].fields["JobTitle"] = "Boss"
    people["00004"].teams.add(f"Book club {ODD}")
    people["00005"].teams.remove("Sales")
    people["00006"].active = False
    people["00006"].teams -= people["00006"].teams if story.company.forgets_teams else set()


def day_two(story: Story) -> None:
    """A rename, a move, a leaver, a cleared field, a new hire; and whatever people did to what HR owns."""
    rows = story.rig.hr
    rows[0].update(email="married@example.com", last_name=f"Smith-O'Brien {ODD}", title="")
    rows[1].update(department="Sales")
    rows[2].update(status="Left")
    rows[3].update(title=f"Lead {ODD}", department=WORKS)
    rows.append(person(9, department=WORKS, last_name="漢"))
    story.push()


def day_three(story: Story) -> None:
    """A rehire into another team, and a path that a person gives while the push is on its way."""
    rows = story.rig.hr
    rows[2].update(status="Active", department="Support")
    rows[6].update(department=WORKS)
    story.company.hr_says(rows)
    pushed = story.rig.push(fresh=True, drained=False)
    give(story.rig, "p7@example.com", SAFETY)
    app = story.rig.open()
    drain(app, pushed.run_id)
    app.client.close()
    story.ended_well(pushed.run_id)


def give(rig: Rig, username: str, path: str) -> None:
    """As a person does it: one learning path for one user."""
    user = rig.users()[username]
    path_id = next(row["Id"] for row in rig.sandbox.dump()["learning_paths"] if row["Name"] == path)
    url = f"{rig.sandbox.base_url}/users/{user['Id']}/learningpaths?source=test&format=json"
    post(url, [{"Id": path_id}], apikey=rig.sandbox.api_key)


def results_come_back(story: Story) -> None:
    """Two people complete something; both come to HR, once."""
    now = story.rig.sandbox.world.now().replace(microsecond=0)
    shift = timedelta(minutes=-story.modes.utc_offset_minutes if story.modes.date_shift else 0)
    for name, path in (("p2@example.com", "Onboarding"), ("p9@example.com", SAFETY)):
        control(
            story.rig.sandbox, "complete", {"UserName": name, "LearningPath": path, "At": now.isoformat()}
        )
    story.rig.pull()
    at = (now + shift).isoformat()[:16]
    expected = {("00002", "Onboarding", at), ("00009", SAFETY, at), ("00009", "Ladders", at)}
    assert story.results() == expected
    assert story.rig.pull() == {"results": 0}
    assert story.results() == expected


def a_wrong_key_writes_nothing(story: Story) -> None:
    """Whatever status says so."""
    rig = story.rig
    before = rig.writes()
    rig.changed["endpoint"] = replace(rig.settings.endpoint, api_key=lambda: "wrong")
    with pytest.raises(Unauthorized):
        rig.push(fresh=True)
    del rig.changed["endpoint"]
    assert rig.writes() == before


def what_a_delta_tells_is_repaired(story: Story) -> None:
    """A push that reads only what changed sees a person's edit, and repairs it."""
    story.edit({"do": "set_user", "UserName": "p9@example.com", "set": {"JobTitle": "Boss"}})
    story.rig.changed["refresh_max_age"] = 0.0
    pushed = story.rig.push()
    assert any(entry.path == "/org/users/details" for entry in story.rig.sandbox.log)
    story.ended_well(pushed.run_id)


def tell(story: Story) -> None:
    """The whole story."""
    assert story.rig.refresh()["users"] == len(story.rig.sandbox.dump()["users"])
    day_one(story)
    people_edit_litmos(story)
    day_two(story)
    day_three(story)
    results_come_back(story)
    a_wrong_key_writes_nothing(story)
    what_a_delta_tells_is_repaired(story)
    audit = story.rig.sandbox.audit()
    assert (audit["duplicate_creates"], audit["rejected_503"]) == (0, 0)
    assert creates_without_a_read(story.rig.sandbox) == []
    assert story.rig.sandbox.dump()["users"][0]["AccessLevel"] == "Account_Owner"
    assert story.rig.sandbox.errors == []
    asked = {entry.path.rpartition("/")[2] for entry in story.rig.sandbox.log}
    assert not asked & {"paginated", "usercustomfields"}, "their forms are unsettled"


@contextmanager
def story_under(reading: dict[str, Any], database: Database, folder: Path) -> Iterator[Story]:
    """A Litmos that is read this way, and the company before its first day."""
    clock = Clock()
    modes = Modes().changed(reading)
    with Sandbox(limit=500, window=0.5, seed=seed(reading), modes=reading, clock=clock) as sandbox:
        rig = Rig(sandbox=sandbox, database=database, folder=folder, hr=staff())
        rig.changed = {"mapping": mapping_of_the_story(), "limits": Limits(minimum_population=10_000)}
        company = Company(forgets_teams=not modes.deactivation_keeps_teams)
        yield Story(rig=rig, clock=clock, company=company, modes=modes)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("reading", [{}, *ALONE, *TOGETHER], ids=named)
def test_every_flow_under_every_reading(reading, database, tmp_path):
    with story_under(reading, database, tmp_path) as story:
        tell(story)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("reading", ON_POSTGRESQL, ids=named)
def test_every_flow_on_postgresql(reading, database, tmp_path):
    with story_under(reading, database, tmp_path) as story:
        tell(story)


def test_no_reading_is_left_out():
    """Each mode of the sandbox is played with a value that is not its default."""
    played = {name for reading in ALONE for name, value in reading.items() if getattr(Modes(), name) != value}
    assert played == {mode.name for mode in fields(Modes)}
