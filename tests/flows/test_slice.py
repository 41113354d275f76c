"""``push.hold: slice``, and approval in part: what a Limit counts waits for a person, the rest is done."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from syncd.core.confirming import Confirmation, Of
from syncd.core.holding import Choice, HoldMode
from syncd.core.limits import Limit
from syncd.errors import Declined, StaleApproval
from syncd.failpoint import KILLED
from syncd.planning.approval import approve, asked, reject
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store import changes, inputs, runs
from syncd.store.database import Database
from tests.flows.pusher import STAFF, WINDOW, process_of
from tests.flows.rig import Rig, person
from tests.flows.test_hold import FEW, active, leave

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}
LEAVERS, HIRES = Choice(classes=frozenset({"deactivations"})), Choice(classes=frozenset({"creates"}))


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Twelve people in step with Litmos; at most two may be deactivated at once, and only that is held."""
    with Sandbox(limit=500, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 13)])
        made.changed = {"limits": FEW, "hold": HoldMode.SLICE}
        made.push()
        yield made


def state(rig: Rig, run_id: int) -> str:
    return str(rig.run(run_id)["state"])


def states(rig: Rig, run_id: int) -> dict[str, dict[str, int]]:
    with rig.database.read() as conn:
        return changes.tally(conn, run_id)


def decide(rig: Rig, run_id: int, choice: Choice | None = None, *, drained: bool = True) -> tuple[int, int]:
    """Approve by an App of its own, and send."""
    app = rig.open()
    try:
        done = approve(app, run_id, actor="ana", choice=choice or Choice())
        if drained:
            drain(app, run_id)
        return done
    finally:
        app.client.close()


def test_only_what_the_limit_counts_waits_and_the_rest_is_done(rig):
    leave(rig, 0, 1, 2)
    rig.hr[5]["title"] = "Lead"
    rig.hr.append(person(99))
    pushed = rig.push()
    assert state(rig, pushed.run_id) == "held"
    assert active(rig) == 13
    assert rig.users()["p6@example.com"]["JobTitle"] == "Lead"
    assert ("Sales", "p99@example.com") in rig.members()
    with rig.database.read() as conn:
        assert changes.causes(conn, pushed.run_id) == {"LIMIT-DEACTIVATIONS": {"deactivate user": 3}}
    assert decide(rig, pushed.run_id) == (3, 0)
    assert state(rig, pushed.run_id) == "succeeded"
    assert active(rig) == 10


def test_a_doubted_input_holds_all_whatever_is_set(rig):
    leave(rig, 0, 1, 2)
    rig.hr = rig.hr[:9]
    rig.hr[5]["title"] = "Lead"
    writes = rig.writes()
    assert state(rig, rig.push().run_id) == "held"
    assert rig.writes() == writes


def test_held_creates_hold_their_memberships_and_paths(rig):
    rig.changed["limits"] = replace(FEW, creates=Limit(count=1))
    rig.hr += [person(91), person(92)]
    rig.hr[0]["title"] = "Lead"
    pushed = rig.push()
    assert "p91@example.com" not in rig.users()
    assert rig.users()["p1@example.com"]["JobTitle"] == "Lead"
    with rig.database.read() as conn:
        assert changes.causes(conn, pushed.run_id) == {
            "HELD-WAITS": {"add assignment": 2, "add membership": 2},
            "LIMIT-CREATES": {"create user": 2},
        }
    assert decide(rig, pushed.run_id, Choice(employees=frozenset({"00091"}))) == (3, 0)
    assert state(rig, pushed.run_id) == "held"
    assert "p92@example.com" not in rig.users()
    assert ("Sales", "p91@example.com") in rig.members()
    assert decide(rig, pushed.run_id) == (3, 0)
    assert rig.push(send=False).draft.plan.changes == ()


def test_what_needs_an_approved_create_is_approved_once_that_is_done(rig):
    rig.changed["limits"] = replace(FEW, creates=Limit(count=0))
    rig.hr.append(person(91))
    held = rig.push()
    assert decide(rig, held.run_id, HIRES, drained=False) == (1, 0)
    with pytest.raises(Declined, match="need not wait"):
        decide(rig, held.run_id)
    app = rig.open()
    assert drain(app, held.run_id) == "held"
    app.client.close()
    assert decide(rig, held.run_id) == (2, 0)
    assert state(rig, held.run_id) == "succeeded"
    assert ("Sales", "p91@example.com") in rig.members()


def test_a_whole_hold_is_approved_and_rejected_in_parts(rig):
    """The input is accepted only if nothing of its plan was rejected."""
    rig.changed["hold"] = HoldMode.ALL
    leave(rig, 0, 1, 2)
    rig.hr[5]["title"] = "Lead"
    pushed = rig.push()
    assert decide(rig, pushed.run_id, Choice(fields=frozenset({"JobTitle"}))) == (1, 0)
    assert state(rig, pushed.run_id) == "held"
    assert (active(rig), rig.users()["p6@example.com"]["JobTitle"]) == (12, "Lead")
    with pytest.raises(Declined, match="nothing of that"):
        decide(rig, pushed.run_id, HIRES)
    app = rig.open()
    assert (
        reject(
            app, pushed.run_id, actor="bo", reason="not these", choice=Choice(employees=frozenset({"00001"}))
        )
        == 1
    )
    app.client.close()
    assert state(rig, pushed.run_id) == "held"
    assert decide(rig, pushed.run_id) == (2, 0)
    assert state(rig, pushed.run_id) == "succeeded"
    assert active(rig) == 10
    assert states(rig, pushed.run_id)["deactivate user"] == {"cancelled": 1, "done": 2}
    with rig.database.read() as conn:
        accepted = inputs.last_accepted(conn, "main", "hr")
    assert accepted is not None
    assert accepted["run_id"] != pushed.run_id


def test_a_rejected_slice_ends_the_run_and_what_was_sent_stays(rig):
    leave(rig, 0, 1, 2)
    rig.hr[5]["title"] = "Lead"
    pushed = rig.push()
    app = rig.open()
    assert reject(app, pushed.run_id, actor="bo", reason="a broken export") == 3
    with pytest.raises(StaleApproval, match="is cancelled"):
        approve(app, pushed.run_id, actor="ana")
    app.client.close()
    assert (state(rig, pushed.run_id), active(rig)) == ("cancelled", 12)
    assert states(rig, pushed.run_id)["update user"] == {"done": 1}


def test_a_newer_plan_takes_over_what_an_older_one_holds_even_while_that_is_sent(rig):
    leave(rig, 0, 1, 2)
    rig.hr[5]["title"] = "Lead"
    older = rig.push(drained=False)
    assert older.state == "running"
    newer = rig.push()
    assert states(rig, older.run_id)["deactivate user"] == {"superseded": 3}
    assert state(rig, older.run_id) == "succeeded"
    assert (state(rig, newer.run_id), active(rig)) == ("held", 12)


def test_what_is_held_may_be_decided_while_the_rest_is_sent(rig):
    leave(rig, 0, 1, 2)
    rig.hr[5]["title"] = "Lead"
    pushed = rig.push(drained=False)
    with rig.database.read() as conn:
        assert [(run["id"], run["state"]) for run in runs.holding(conn, "main")] == [
            (pushed.run_id, "running")
        ]
    assert decide(rig, pushed.run_id, LEAVERS) == (3, 0)
    with rig.database.read() as conn:
        assert runs.holding(conn, "main") == []
    assert (state(rig, pushed.run_id), active(rig)) == ("succeeded", 9)


def test_nobody_decides_in_time(rig):
    rig.changed["hold_expires"] = 0.0
    leave(rig, 0, 1, 2)
    rig.hr[5]["title"] = "Lead"
    pushed = rig.push()
    with rig.database.write() as conn:
        assert runs.expire_held(conn, "main", now=rig.database.now(conn)) == 1
    assert (state(rig, pushed.run_id), active(rig)) == ("expired", 12)


def test_stale_changes_of_a_part_are_not_sent(rig):
    leave(rig, 0, 1, 2)
    pushed = rig.push()
    httpx.post(f"{rig.sandbox.control_url}/edit", json={"do": "deactivate", "UserName": "p1@example.com"})
    rig.refresh()
    assert decide(rig, pushed.run_id, Choice(employees=frozenset({"00001", "00002"}))) == (1, 1)
    assert (state(rig, pushed.run_id), active(rig)) == ("held", 10)


def test_a_failed_part_is_told_when_the_rest_was_decided(rig):
    rig.sandbox.faults.set(
        [{"kind": "status", "method": "PUT", "path": "^/?users", "status": 400, "count": 1}]
    )
    leave(rig, 0, 1, 2)
    rig.hr[5]["title"] = "Lead"
    pushed = rig.push()
    assert state(rig, pushed.run_id) == "held"
    decide(rig, pushed.run_id)
    assert (state(rig, pushed.run_id), active(rig)) == ("failed", 9)


def test_how_many_lose_access_must_be_what_the_person_was_told(rig):
    leave(rig, 0, 1, 2)
    pushed = rig.push()
    app = rig.open()
    assert asked(app, pushed.run_id) == Confirmation(number=3, of=Of.PEOPLE)
    assert asked(app, pushed.run_id, Choice(employees=frozenset({"00002"}))) == Confirmation(
        number=1, of=Of.PEOPLE
    )
    with pytest.raises(StaleApproval, match="3 people would lose access, not 2"):
        approve(app, pushed.run_id, actor="ana", confirmed=2)
    app.client.close()
    assert active(rig) == 12


@pytest.mark.parametrize(
    "failpoint", ["plan-committed", "marked-sent", "bytes-sent", "answered-uncommitted:2"]
)
def test_nothing_that_is_held_is_sent_before_approval_whenever_it_is_killed(
    failpoint, database, database_url, tmp_path
):
    """A push of a slice that dies, and is begun again: the others' changes arrive, and nobody loses access."""
    with Sandbox(limit=500, window=WINDOW, seed=WORLD) as sandbox:
        rig = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=list(STAFF))
        rig.push()
        killed = process_of(sandbox, database_url, tmp_path, "leavers", failpoint=failpoint)
        assert killed.returncode == KILLED, killed.stderr
        again = process_of(sandbox, database_url, tmp_path, "leavers")
        assert again.stdout.split()[-1] == "held", again.stderr
        assert active(rig) == len(STAFF)
        titles = [user["JobTitle"] for user in rig.users().values() if user["ExternalEmployeeId"]]
        assert titles.count("Lead") == 4
