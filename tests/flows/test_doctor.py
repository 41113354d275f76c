"""doctor, over a real sandbox: what it sees, with how few requests, and that it writes nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.core.finding import Health
from syncd.errors import StoreError
from syncd.insight.doctor import Examination, examine
from syncd.sandbox.server import Sandbox
from syncd.store import people
from syncd.store.database import Database
from tests.flows.rig import Rig, person
from tests.litmos.server import Server, reply

OWNER = {"UserName": "owner@example.com", "FirstName": "O", "LastName": "W", "AccessLevel": "Account_Owner"}
WORLD = {"users": [OWNER], "learning_paths": [{"Name": "Onboarding"}]}
READS = ["/users/details", "/teams", "/learningpaths"]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    with Sandbox(limit=100, window=0.5, seed=WORLD) as sandbox:
        yield Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 9)])


def examined(rig: Rig) -> Examination:
    rig.write_hr()
    app = rig.open()
    try:
        return examine(app.settings, app.sources, app, now=now)
    finally:
        app.client.close()


def states(found: Examination) -> dict[str, Health]:
    return {finding.check: finding.state for finding in found.findings}


def seen(found: Examination, check: str) -> str:
    return next(finding.seen for finding in found.findings if finding.check == check)


def paths(rig: Rig) -> list[str]:
    return [entry.path for entry in rig.sandbox.log]


def test_day_0_takes_three_reads_and_writes_nothing(rig):
    found = examined(rig)
    assert set(states(found).values()) == {Health.OK}, found.findings
    assert paths(rig) == READS
    assert found.requests == 3
    assert rig.writes() == 0
    assert "Account Owners only" in seen(found, "key")
    assert found.coverage is not None
    assert (found.coverage.creates, found.coverage.strangers) == (8, 0), "the owner is protected"
    with rig.database.read() as conn:
        assert people.count(conn, "main") == 0, "HR is only looked at"


def test_after_a_push_everybody_is_found_by_their_link(rig):
    rig.push()
    before = len(rig.sandbox.log)
    found = examined(rig)
    assert len(rig.sandbox.log) - before == 3
    assert found.coverage is not None
    assert (found.coverage.linked, found.coverage.creates) == (8, 0)
    assert [key.matched for key in found.coverage.keys] == [8, 8]


@pytest.mark.parametrize(
    "modes", [{"html_entities": True}, {"extra_rows": 3}, {"put_mode": "merge"}, {"escape_slashes": False}]
)
def test_it_reads_the_same_in_every_mode(rig, modes):
    rig.push()
    rig.sandbox.world.modes = rig.sandbox.world.modes.changed(modes)
    found = examined(rig)
    assert found.coverage is not None
    assert (found.coverage.linked, found.coverage.creates) == (8, 0)
    assert set(states(found).values()) == {Health.OK}


def test_many_users_take_a_request_a_thousand(database, tmp_path):
    with Sandbox(limit=100, window=0.5, seed="people-2500") as sandbox:
        rig = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(1)])
        assert examined(rig).requests == 5


def test_a_wrong_key_is_one_request_and_a_problem(rig):
    key, rig.sandbox.api_key = rig.sandbox.api_key, "another"
    rig.changed = {
        "endpoint": rig.settings.endpoint.__class__(base_url=rig.sandbox.base_url, api_key=lambda: key)
    }
    found = examined(rig)
    assert states(found)["key"] is Health.PROBLEM
    assert "refused" in seen(found, "key")
    assert "second" in seen(found, "clock"), "a refusal has a date, too"
    assert found.coverage is None
    assert paths(rig) == READS[:1]


def test_an_administrators_key_is_told_from_no_key_by_one_more_read(rig):
    rig.sandbox.faults.set([{"kind": "status", "path": "^/users/details", "status": 403, "count": 0}])
    found = examined(rig)
    assert "not an Account Owner's" in seen(found, "key")
    assert paths(rig) == [READS[0], READS[2]]
    assert states(found)["learning_paths"] is Health.OK


def test_a_key_that_may_read_nothing(rig):
    rig.sandbox.faults.set([{"kind": "status", "status": 403, "count": 0}])
    assert "nobody's who may read users" in seen(examined(rig), "key")


@pytest.mark.parametrize("kind", ["malformed", "truncated", "html", "drop_before"])
def test_an_answer_that_cannot_be_believed_is_a_problem_never_an_empty_list(rig, kind):
    rig.sandbox.faults.set([{"kind": kind, "path": "^/teams", "count": 0}])
    found = examined(rig)
    assert states(found)["key"] is Health.PROBLEM
    assert not set(states(found)) & {"litmos", "teams"}


@pytest.mark.parametrize("seconds", [-5400, 90, 86400])
def test_a_clock_that_is_off_is_a_warning(database, tmp_path, seconds):
    with Sandbox(
        limit=100, window=0.5, seed=WORLD, now=lambda: datetime.now(UTC) + timedelta(seconds=seconds)
    ) as sandbox:
        rig = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(1)])
        found = examined(rig)
    assert states(found)["clock"] is Health.WARNING
    skew = next(finding.facts["litmos_ahead"] for finding in found.findings if finding.check == "clock")
    assert skew[0] <= seconds <= skew[1]


@pytest.mark.parametrize("date", ["", "no date", "Tue, 99 Nov 2026 10:00:00 GMT"])
def test_answers_without_a_usable_date_leave_the_clock_untold(rig, date):
    with Server(lambda _heard, _line: reply("[]", Date=date)) as server:
        rig.changed = {"endpoint": rig.settings.endpoint.__class__(base_url=server.url, api_key=lambda: "k")}
        found = examined(rig)
    assert "cannot be compared" in seen(found, "clock")
    assert states(found)["key"] is Health.OK


def test_a_source_that_is_missing_does_not_keep_litmos_from_being_looked_at(rig):
    app = rig.open()
    try:
        found = examine(app.settings, app.sources, app, now=now)
    finally:
        app.client.close()
    assert states(found)["source"] is Health.PROBLEM
    assert states(found)["key"] is Health.OK
    assert found.coverage is None


def test_without_a_database_hr_is_read_and_litmos_is_not_asked(rig):
    rig.write_hr()
    app = rig.open()
    app.client.close()
    error = StoreError("the database is empty; make its tables with: syncd db upgrade")
    found = examine(app.settings, app.sources, error, now=now)
    assert states(found) == {
        "configuration": Health.OK, "database": Health.PROBLEM, "source": Health.OK,
    }  # fmt: skip
    assert paths(rig) == []
    assert found.findings[1].next == "syncd db upgrade"
