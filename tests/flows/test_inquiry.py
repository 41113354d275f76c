"""What is known about one person, gathered from either database: rows, history, grants, drift, and HR that is gone."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from syncd.core.answer import answer
from syncd.core.facts import Facts
from syncd.errors import Declined
from syncd.insight.inquiry import inquire, preview
from syncd.sandbox.server import Sandbox
from syncd.store.database import Database
from tests.flows.rig import Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Six people in step with Litmos."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 7)])
        made.push()
        yield made


def ask(rig: Rig, employee_id: str, about: str = "") -> Facts:
    """What is known now; the HR file is as it was written last."""
    app = rig.open()
    try:
        return inquire(app, employee_id, about)
    finally:
        app.client.close()


def code(facts: Facts) -> str:
    """The answer's code."""
    return str(answer(facts).facts["code"])


def test_everything_about_somebody_in_step(rig):
    facts = ask(rig, "00001")
    assert code(facts) == "IN-STEP"
    assert facts.origins == ("hr.csv:2",)
    assert facts.linked_by == "create"
    assert facts.teams == {"commercial/sales": "Commercial > Sales"}
    assert {one.kind for one in facts.grants} == {"membership", "assignment"}
    assert {one.state for one in facts.history} == {"done"}
    assert all(one.job_state == "completed" and one.attempts == 1 for one in facts.history)
    assert facts.known is not None
    assert facts.known.present


def test_a_mere_plan_is_no_history(rig):
    rig.hr[0]["title"] = "Lead"
    before = ask(rig, "00001").history
    rig.push(send=False)
    facts = ask(rig, "00001", "JobTitle")
    assert code(facts) == "PLANNED"
    assert facts.history == before


def test_a_job_that_waits_is_told_and_so_is_its_end(rig):
    rig.hr[0]["title"] = "Lead"
    rig.push(drained=False)
    facts = ask(rig, "00001", "JobTitle")
    assert code(facts) == "QUEUED"
    rig.push()
    assert code(ask(rig, "00001", "JobTitle")) == "IN-STEP"


def test_what_a_human_did_in_litmos_is_told_with_the_run_that_saw_it(rig):
    edits = [
        {"do": "set_user", "UserName": "p1@example.com", "set": {"JobTitle": "Chief"}},
        {"do": "remove_member", "Team": "Sales", "UserName": "p1@example.com"},
    ]
    httpx.post(f"{rig.sandbox.control_url}/edit", json=edits).raise_for_status()
    rig.refresh()
    drift = {(one.object_id, one.field): (one.before, one.after) for one in ask(rig, "00001").drift}
    assert drift == {
        ("", "JobTitle"): ("Rep", "Chief"),
        ("commercial/sales", "Member"): (True, False),
    }


def test_when_hr_is_gone_what_was_known_is_told(rig):
    rig.hr[0]["email"] = "x"
    rig.push()
    (rig.folder / "hr.csv").unlink()
    facts = ask(rig, "00001")
    assert code(facts) == "SOURCE-UNREADABLE"
    assert "EMAIL-INVALID" in {reason.code for reason in facts.reasons}
    assert facts.user is not None
    assert facts.known is not None


def test_somebody_who_vanished_is_known_since_when(rig):
    rig.hr = rig.hr[:5]
    rig.push()
    facts = ask(rig, "00006")
    assert code(facts) == "ABSENT-IGNORED"
    assert facts.known is not None
    assert (facts.known.present, facts.known.absent_count) == (False, 1)
    assert facts.known.absent_since is not None


def test_nothing_is_sent_or_stored_by_asking(rig):
    seen = len(rig.sandbox.log)
    before = rig.run_id("push")
    ask(rig, "00001")
    app = rig.open()
    preview(app, "00001")
    with pytest.raises(Declined, match="did you mean employee 00001"):
        preview(app, "1")
    app.client.close()
    assert len(rig.sandbox.log) == seen
    assert rig.run_id("push") == before + 1
