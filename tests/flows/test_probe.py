"""doctor --probe, over a real sandbox in every mode: the answers are right, and the user is left as found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.core.contract import Question
from syncd.core.model import ItemKind
from syncd.core.operation import AssignItems, Interrupted, Unwatched
from syncd.errors import Declined, SourceError, Uncertain
from syncd.insight.probe import Probed, probe
from syncd.sandbox import user_rules
from syncd.sandbox.server import Sandbox
from syncd.store import links, probes
from syncd.store.database import Database
from tests.flows.rig import Rig, person

NAME = "probe@example.com"
NOBODY = {
    "UserName": NAME,
    "FirstName": "P",
    "LastName": "Q",
    "CustomField3": "kept & safe",
    "JobTitle": "None",
}
WORLD = {
    "users": [NOBODY, {"UserName": "owner@example.com", "FirstName": "O", "LastName": "W", "AccessLevel": "Account_Owner"}],
    "teams": [{"Name": "Probe"}, {"Name": "Keep"}, {"Name": "Commercial"}],
    "memberships": [{"Team": "Keep", "UserName": NAME}],
    "learning_paths": [{"Name": "Onboarding"}],
}  # fmt: skip
REQUESTS_WITHOUT_A_TEAM = 11
REQUESTS_WITH_A_TEAM = 24


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    with Sandbox(limit=400, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 5)])
        made.write_hr()
        yield made


def probed(rig: Rig, username: str = NAME, team: str = "") -> Probed:
    app = rig.open()
    try:
        return probe(app, username, team=team, actor="test")
    finally:
        app.client.close()


def as_found(rig: Rig) -> tuple[dict[str, Any], set[str]]:
    """The disposable user's record, null and "" alike, and the teams they are in."""
    profile = {name: value or "" for name, value in rig.users()[NAME].items() if name != "UpdatedDate"}
    return profile, {team for team, name in rig.members() if name == NAME}


def set_modes(rig: Rig, **modes: Any) -> None:
    rig.sandbox.world.modes = rig.sandbox.world.modes.changed(modes)


ALL = {
    Question.PUT_ABSENT: "replace",
    Question.HTML_ENTITIES: "plain",
    Question.DATES: "utc",
    Question.USER_BY_NAME: "yes",
    Question.USERS_PAGINATED: "documented",
    Question.DEACTIVATION_KEEPS_TEAMS: "yes",
    Question.REMOVALS_REPORTED: "yes",
}


@pytest.mark.parametrize(
    ("modes", "answers"),
    [
        ({}, {}),
        ({"put_mode": "merge"}, {Question.PUT_ABSENT: "merge"}),
        ({"html_entities": True}, {Question.HTML_ENTITIES: "escaped"}),
        ({"date_shift": True}, {Question.DATES: "shifted"}),
        ({"date_shift": True, "utc_offset_minutes": 600}, {Question.DATES: "shifted"}),
        ({"deactivation_keeps_teams": False}, {Question.DEACTIVATION_KEEPS_TEAMS: "no", Question.REMOVALS_REPORTED: ""}),
        ({"removals_reported": False}, {Question.REMOVALS_REPORTED: "no"}),
        ({"put_mode": "merge", "html_entities": True, "extra_rows": 2}, {Question.PUT_ABSENT: "merge",
                                                                        Question.HTML_ENTITIES: "escaped"}),
    ],
)  # fmt: skip
def test_in_each_mode_it_tells_the_truth_and_leaves_the_user_as_found(rig, modes, answers):
    set_modes(rig, **modes)
    before = as_found(rig)
    assert probed(rig, team="Probe").answers == {**ALL, **answers}
    assert as_found(rig) == before
    assert [mail for mail in rig.sandbox.world.mails if mail[0] == NAME] == []
    assert not [e for e in rig.sandbox.log if e.method == "DELETE" and not e.path.startswith("/teams/")]


def test_what_it_costs_and_what_is_kept(rig):
    before = as_found(rig)
    found = probed(rig)
    assert found.requests == len(rig.sandbox.log) == REQUESTS_WITHOUT_A_TEAM
    assert found.answers[Question.DEACTIVATION_KEEPS_TEAMS] == ""
    again = probed(rig, team="Probe")
    assert again.requests == len(rig.sandbox.log) - found.requests == REQUESTS_WITH_A_TEAM
    probed(rig)
    assert as_found(rig) == before
    with rig.database.read() as conn:
        known = probes.answers(conn, "main")
        assert probes.unrestored(conn, "main") is None
    assert {question: answer.value for question, answer in known.items()} == ALL, "an unknown forgets nothing"


REFUSALS: dict[str, tuple[str, str, str]] = {
    "nobody of that name": ("nobody@example.com", "", "no user nobody@example.com"),
    "an owner": ("owner@example.com", "", "Account_Owner"),
    "no such team": (NAME, "Prob", "0 teams are named"),
    "a team of a rule": (NAME, "Commercial", "named by a rule"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_disposable_is_not_touched(rig, name):
    username, team, words = REFUSALS[name]
    with pytest.raises(Declined, match=words):
        probed(rig, username, team)
    assert rig.writes() == 0


def test_an_employee_is_not_touched(rig):
    rig.push()
    writes = rig.writes()
    with pytest.raises(Declined, match="linked"):
        probed(rig, "p1@example.com")
    rig.hr.append(person(9, email=NAME))
    rig.write_hr()
    with pytest.raises(Declined, match="HR's data"):
        probed(rig)
    assert rig.writes() == writes


def test_a_linked_user_is_not_touched_even_if_hr_forgot_them(rig):
    with rig.database.write() as conn:
        links.save(conn, "main", "00077", rig.users()[NAME]["Id"], "person", rig.database.now(conn))
    with pytest.raises(Declined, match="linked"):
        probed(rig)


def test_a_rejected_row_may_be_somebodys_too(rig):
    rig.hr.append(person(9, email=NAME.upper(), status="Perhaps"))
    rig.write_hr()
    with pytest.raises(Declined, match="rejected row"):
        probed(rig)
    assert rig.writes() == 0
    rig.hr[-1] = person(9, status="Perhaps")
    rig.write_hr()
    assert probed(rig).answers[Question.PUT_ABSENT] == "replace"


def test_without_hr_nobody_is_known_to_be_disposable(rig):
    (rig.folder / "hr.csv").unlink()
    with pytest.raises(SourceError):
        probed(rig)
    assert rig.sandbox.log == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "html"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_write_without_an_answer_leaves_questions_open_and_the_user_as_found(rig, kind, nth):
    before = as_found(rig)
    rig.sandbox.faults.set([{"kind": kind, "method": "PUT", "nth": nth, "status": 500}])
    found = probed(rig, team="Probe")
    assert as_found(rig) == before
    assert all(answer in {"", ALL[question]} for question, answer in found.answers.items())
    with rig.database.read() as conn:
        assert probes.unrestored(conn, "main") is None


def test_a_refused_write_leaves_only_its_questions_open(rig):
    rig.sandbox.faults.set([{"kind": "status", "method": "POST", "path": "/users$", "status": 404}])
    found = probed(rig, team="Probe")
    assert found.answers == {**ALL, Question.DEACTIVATION_KEEPS_TEAMS: "", Question.REMOVALS_REPORTED: ""}


def test_a_user_with_learning_paths_is_not_deactivated(rig):
    set_modes(rig, deactivation_keeps_teams=False)
    app = rig.open()
    path_id = rig.sandbox.dump()["learning_paths"][0]["Id"]
    given = AssignItems(user_id=rig.users()[NAME]["Id"], kind=ItemKind.LEARNING_PATH, item_ids=(path_id,))
    app.target.apply(given, watch=Unwatched())
    app.client.close()
    found = probed(rig, team="Probe")
    assert found.answers[Question.DEACTIVATION_KEEPS_TEAMS] == ""
    assert not [e for e in rig.sandbox.log if e.method == "PUT" and '"Active":false' in e.body]


def test_a_probe_that_was_cut_off_is_undone_by_the_next_one(rig):
    before = as_found(rig)
    rig.sandbox.faults.set([{"kind": "status", "method": "PUT", "nth": 2, "count": 0, "status": 400}])
    with pytest.raises(Uncertain, match=f"syncd doctor --probe {NAME}"):
        probed(rig, team="Probe")
    assert as_found(rig) != before
    with rig.database.read() as conn:
        row = probes.unrestored(conn, "main")
    assert row is not None
    assert row["actor"] == "test"
    rig.sandbox.faults.set([])
    with pytest.raises(Declined, match=f"first: syncd doctor --probe {NAME}"):
        probed(rig, "owner@example.com")
    assert probed(rig, team="Probe").answers == ALL
    assert as_found(rig) == before
    with rig.database.read() as conn:
        assert probes.unrestored(conn, "main") is None


def test_a_user_who_was_deleted_meanwhile_needs_no_restoring(rig):
    rig.sandbox.faults.set([{"kind": "status", "method": "PUT", "nth": 2, "count": 0, "status": 400}])
    with pytest.raises(Uncertain):
        probed(rig)
    rig.sandbox.faults.set([])
    user_rules.delete_user(rig.sandbox.world, rig.users()[NAME]["Id"])
    with pytest.raises(Declined, match="no user"):
        probed(rig)
    with rig.database.read() as conn:
        assert probes.unrestored(conn, "main") is None


def test_whoever_stops_it_finds_the_user_restored(rig, monkeypatch):
    before = as_found(rig)
    app = rig.open()
    asking = type(app.target.probing("u"))
    text = asking.text

    def stopped(self):
        app.interrupt()
        return text(self)

    monkeypatch.setattr(asking, "text", stopped)
    try:
        with pytest.raises(Interrupted):
            probe(app, NAME, actor="test")
    finally:
        app.client.close()
    assert as_found(rig) == before
    with rig.database.read() as conn:
        assert probes.unrestored(conn, "main") is None
