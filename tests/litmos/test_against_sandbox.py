"""The target against a Litmos that plays every reading of the contract."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncd.core.model import FieldValue, ItemKind
from syncd.core.operation import (
    AddMembers,
    AssignItems,
    CreateTeam,
    CreateUser,
    PutUser,
    ReadUsers,
    RemoveMember,
    UnassignItem,
    Unwatched,
)
from syncd.core.profile import WRITABLE_FIELDS, normalise_profile
from syncd.errors import Limited, Permanent, Transient, Unauthorized, Uncertain
from syncd.litmos.applying import ALREADY_SO
from syncd.litmos.target import Target
from syncd.sandbox import Sandbox
from tests.core.factories import path_key
from tests.litmos.fakes import FakeGate, client

WATCH = Unwatched()
NOW = datetime(2026, 11, 24, tzinfo=UTC)
READINGS: dict[str, dict[str, Any]] = {
    "replace": {"put_mode": "replace"},
    "merge": {"put_mode": "merge"},
    "entities": {"modes": {"html_entities": True, "extra_rows": 2, "escape_slashes": False}},
}
SEED = {
    "users": [
        {
            "UserName": "ann@example.com",
            "FirstName": "Ann & <Bob>",
            "LastName": "D'Arcy",
            "Email": "ann@example.com",
            "JobTitle": 'Chef "de" cuisine',
            "CompanyName": "R&D; Ltd &amp; Co",
            "CustomField7": "seven",
            "EnableTextNotification": False,
            "PhoneMobile": "+15554443333",
            "ExternalEmployeeId": "007",
            "Points": 3,
        },
        {"UserName": "boss@example.com", "FirstName": "B", "LastName": "Oss"},
        {"UserName": "gone@example.com", "FirstName": "G", "LastName": "One", "Active": False},
    ],
    "teams": [{"Name": "Sales"}, {"Name": "EMEA", "ParentTeam": "Sales"}],
    "courses": [{"Name": "Fire", "Code": "F1"}],
    "learning_paths": [{"Name": "Onboarding", "Courses": ["Fire"]}, {"Name": "Safety"}],
}


@pytest.fixture(params=READINGS)
def sandbox(request):
    with Sandbox(seed=SEED, limit=10_000, **READINGS[request.param]) as running:
        yield running


@pytest.fixture
def gate():
    return FakeGate()


@pytest.fixture
def target(sandbox, gate):
    return Target(client(sandbox.base_url, gate, api_key=lambda: sandbox.api_key))


def user_id(sandbox, name):
    return next(row["Id"] for row in sandbox.dump()["users"] if row["UserName"] == name)


def team_id(sandbox, name):
    return next(row["Id"] for row in sandbox.dump()["teams"] if row["Name"] == name)


def path_id(sandbox, name):
    return next(row["Id"] for row in sandbox.dump()["learning_paths"] if row["Name"] == name)


def stored(sandbox, name):
    """What the account holds for a user, in the normal form."""
    return normalise_profile(next(row for row in sandbox.dump()["users"] if row["UserName"] == name))


@pytest.mark.parametrize("just_read", [True, False])
def test_a_put_changes_what_was_asked_and_nothing_else(sandbox, target, just_read):
    ann, boss = user_id(sandbox, "ann@example.com"), user_id(sandbox, "boss@example.com")
    before = stored(sandbox, "ann@example.com")
    profile = target.read_user(ann) if just_read else None
    wanted = PutUser(
        user_id=ann, fields={"ManagerId": boss, "City": "Köln & Bonn", "JobTitle": ""}, profile=profile
    )
    assert target.settle(wanted, watch=WATCH) is None
    effects = target.apply(wanted, watch=WATCH)
    assert effects.requests == (1 if just_read else 2)
    changed = {"ManagerId": boss, "City": "Köln & Bonn", "JobTitle": ""}
    assert stored(sandbox, "ann@example.com") == {**before, **changed}
    assert normalise_profile(effects.profiles[0]) == {**before, **changed}
    assert target.settle(wanted, watch=WATCH) is not None


def test_ten_puts_in_a_row_corrupt_nothing(sandbox, target):
    ann = user_id(sandbox, "ann@example.com")
    before = stored(sandbox, "ann@example.com")
    for number in range(10):
        target.apply(PutUser(user_id=ann, fields={"State": str(number)}), watch=WATCH)
    assert stored(sandbox, "ann@example.com") == {**before, "State": "9"}


def test_switching_off_and_on_keeps_the_profile(sandbox, target):
    ann = user_id(sandbox, "ann@example.com")
    before = stored(sandbox, "ann@example.com")
    for active in (False, True):
        wanted = PutUser(user_id=ann, fields={}, active=active)
        assert target.apply(wanted, watch=WATCH).requests == 2
        assert target.read_user(ann)["Active"] is active
        assert target.apply(wanted, watch=WATCH).note == ALREADY_SO
    assert stored(sandbox, "ann@example.com") == before


def test_a_page_read_serves_the_puts_that_follow(sandbox, target):
    read = target.apply(ReadUsers(), watch=WATCH)
    assert read.requests == 1
    before = stored(sandbox, "ann@example.com")
    record = next(row for row in read.profiles if row["UserName"] == "ann@example.com")
    target.apply(PutUser(user_id=record["Id"], fields={"Twitter": "@ann"}, profile=record), watch=WATCH)
    assert stored(sandbox, "ann@example.com") == {**before, "Twitter": "@ann"}


def test_a_created_user_is_what_was_asked_for(sandbox, target):
    fields: dict[str, FieldValue] = {
        "UserName": "zoe@example.com",
        "FirstName": "Zoë & Co",
        "LastName": "O'Neil",
        "Email": "zoe@example.com",
        "ExternalEmployeeId": "0042",
        "SkipFirstLogin": True,
    }
    wanted = CreateUser(fields=fields)
    assert target.settle(wanted, watch=WATCH) is None
    effects = target.apply(wanted, watch=WATCH)
    assert effects.requests == 1
    there = stored(sandbox, "zoe@example.com")
    assert {name: there[name] for name in fields} == fields
    assert {name: normalise_profile(effects.profiles[0])[name] for name in ("FirstName", "LastName")} == {
        "FirstName": "Zoë & Co",
        "LastName": "O'Neil",
    }
    assert effects.profiles[0]["LoginKey"] == ""
    settled = target.settle(wanted, watch=WATCH)
    assert settled is not None
    assert settled.profiles[0]["Id"] == effects.profiles[0]["Id"]
    with pytest.raises(Permanent) as caught:
        target.apply(wanted, watch=WATCH)
    assert caught.value.code == "LITMOS-409-USERNAME-TAKEN"


def test_a_username_that_is_no_address_is_created_as_one(sandbox, target):
    target.apply(CreateUser(fields={"UserName": "zoe.neil", "FirstName": "Z", "LastName": "N"}), watch=WATCH)
    assert stored(sandbox, "zoe.neil")["IsCustomUsername"] is True


def test_teams_and_members_come_and_go(sandbox, target):
    sales = team_id(sandbox, "Sales")
    root = CreateTeam(name="R&D")
    sub = CreateTeam(name="Lab", parent_id=sales)
    for wanted in (root, sub):
        assert target.settle(wanted, watch=WATCH) is None
        made = target.apply(wanted, watch=WATCH).teams[0]
        settled = target.settle(wanted, watch=WATCH)
        assert settled is not None
        assert (settled.teams[0].id, settled.teams[0].name) == (made.id, wanted.name)
        assert settled.teams[0].parent_id == made.parent_id == wanted.parent_id
    with pytest.raises(Permanent) as caught:
        target.apply(root, watch=WATCH)
    assert caught.value.code == "LITMOS-409-TEAM-NAME-TAKEN"
    ann, gone = user_id(sandbox, "ann@example.com"), user_id(sandbox, "gone@example.com")
    add = AddMembers(team_id=sales, user_ids=(ann, gone))
    assert target.settle(add, watch=WATCH) is None
    target.apply(add, watch=WATCH)
    assert target.members(sales) == {ann}, "Litmos hides the inactive one"
    assert target.settle(add, watch=WATCH) is not None
    for member in (ann, gone):
        remove = RemoveMember(team_id=sales, user_id=member)
        assert target.settle(remove, watch=WATCH) is None
        assert target.apply(remove, watch=WATCH).note == ""
        assert target.settle(remove, watch=WATCH) is not None
        assert target.user_teams(member) == frozenset()


def test_paths_come_and_go(sandbox, target):
    ann = user_id(sandbox, "ann@example.com")
    both = (path_id(sandbox, "Onboarding"), path_id(sandbox, "Safety"))
    give = AssignItems(user_id=ann, kind=ItemKind.LEARNING_PATH, item_ids=both)
    assert target.settle(give, watch=WATCH) is None
    target.apply(give, watch=WATCH)
    assert target.settle(give, watch=WATCH) is not None
    assert [user.user_id for user in target.learners(path_key(both[0]))] == [ann]
    take = UnassignItem(user_id=ann, item=path_key(both[0]))
    assert target.settle(take, watch=WATCH) is None
    target.apply(take, watch=WATCH)
    assert target.settle(take, watch=WATCH) is not None
    assert target.user_items(ann, ItemKind.LEARNING_PATH) == {both[1]}


def test_a_snapshot_is_what_the_account_holds(sandbox, target):
    snapshot = target.snapshot(
        lambda teams: [team.id for team in teams],
        lambda items: [item.key for item in items],
        began_at=NOW,
        watch=WATCH,
    )
    held = {row["Id"]: normalise_profile(row) for row in sandbox.dump()["users"]}
    assert {row["Id"]: normalise_profile(row) for row in snapshot.profiles} == held
    assert {team.name for team in snapshot.teams} == {"Sales", "EMEA"}
    assert next(t.parent_id for t in snapshot.teams if t.name == "EMEA") == team_id(sandbox, "Sales")
    assert snapshot.requests == 3 + 2 + 2
    assert all(entry.status == 200 for entry in sandbox.log)
    assert not any(entry.key_in_url for entry in sandbox.log)


def test_a_large_account_is_read_within_its_budget():
    users = [
        {"UserName": f"u{number}@example.com", "FirstName": "F", "LastName": "L"} for number in range(2005)
    ]
    with Sandbox(seed={"users": users}, limit=10_000, modes={"extra_rows": 3}) as sandbox:
        target = Target(client(sandbox.base_url, api_key=lambda: sandbox.api_key))
        snapshot = target.snapshot(lambda _teams: [], lambda _paths: [], began_at=NOW)
    assert len({row["Id"] for row in snapshot.profiles}) == len(snapshot.profiles) == 2005
    assert snapshot.requests == (2005 // 1000 + 1) + 1 + 1


# --- the weather -----------------------------------------------------------------------------------------------------

CREATE = CreateUser(fields={"UserName": "zoe@example.com", "FirstName": "Z", "LastName": "N"})


@pytest.mark.parametrize("sandbox", ["replace"], indirect=True)
class TestFaults:
    @pytest.mark.parametrize("kind", ["drop_after", "malformed", "truncated", "empty"])
    def test_a_create_whose_answer_was_lost_is_settled_as_done(self, sandbox, target, kind):
        sandbox.faults.add({"kind": kind, "method": "POST", "path": "/users"})
        with pytest.raises(Uncertain):
            target.apply(CREATE, watch=WATCH)
        effects = target.settle(CREATE, watch=WATCH)
        assert effects is not None
        assert effects.profiles[0]["Id"] == user_id(sandbox, "zoe@example.com")

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "drop_before"},
            {"kind": "html", "status": 200},
            {"kind": "html"},
            {"kind": "status", "status": 504},
            {"kind": "status", "status": 503, "reason": "Service Unavailable"},
        ],
    )
    def test_a_create_that_did_not_arrive_is_settled_as_absent_and_done_again(self, sandbox, target, fault):
        sandbox.faults.add({"method": "POST", "path": "/users", **fault})
        with pytest.raises(Uncertain):
            target.apply(CREATE, watch=WATCH)
        assert target.settle(CREATE, watch=WATCH) is None
        target.apply(CREATE, watch=WATCH)
        assert user_id(sandbox, "zoe@example.com")

    def test_a_held_answer_meets_the_deadline(self, sandbox):
        target = Target(client(sandbox.base_url, api_key=lambda: sandbox.api_key, timeout=0.3))
        sandbox.faults.add({"kind": "hold_after", "method": "POST", "seconds": 5.0})
        with pytest.raises(Uncertain):
            target.apply(CREATE, watch=WATCH)
        sandbox.faults.release()
        assert target.settle(CREATE, watch=WATCH) is not None

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": kind, "status": 200}
            for kind in ("html", "malformed", "truncated", "empty", "drop_before")
        ],
    )
    @pytest.mark.parametrize("path", ["/users/details", "/teams$", "/teams/.*/users", "/learningpaths$"])
    def test_a_spoilt_page_fails_the_snapshot(self, sandbox, target, fault, path):
        sandbox.faults.add({"path": path, **fault})
        with pytest.raises(Transient):
            target.snapshot(lambda teams: [t.id for t in teams], lambda _p: [], began_at=NOW)

    def test_the_limit_freezes_and_is_no_attempt(self, sandbox, target, gate):
        sandbox.limiter.limit = 1
        target.read_user("unknown")
        with pytest.raises(Limited):
            target.apply(CREATE, watch=WATCH)
        assert gate.frozen == ["LITMOS-503-LIMIT"]

    def test_a_wrong_key_is_unauthorized_and_stays_secret(self, sandbox):
        wrong = "11111111-dead-4000-8000-beef00000000"
        target = Target(client(sandbox.base_url, api_key=lambda: wrong))
        with pytest.raises(Unauthorized) as caught:
            target.apply(CREATE, watch=WATCH)
        assert wrong not in str(caught.value)


@pytest.mark.parametrize("sandbox", ["replace"], indirect=True)
def test_results_come_back_as_completions(sandbox, target):
    ann = user_id(sandbox, "ann@example.com")
    onboarding = path_id(sandbox, "Onboarding")
    target.apply(AssignItems(user_id=ann, kind=ItemKind.LEARNING_PATH, item_ids=(onboarding,)), watch=WATCH)
    now = datetime.now(UTC)
    complete(sandbox, {"UserName": "ann@example.com", "Course": "Fire", "Score": "90"})
    since, to = now - timedelta(days=1), now + timedelta(days=2)
    found = list(target.completions(since, to))
    course = next(c for c in found if c.kind == "course" and c.completed)
    path = next(c for c in found if c.kind == "learning_path" and c.object_id == onboarding)
    assert (course.user_id, course.object_name, course.percent) == (ann, "Fire", "100")
    assert course.completed_at is not None
    assert abs(course.completed_at - now) < timedelta(minutes=1)
    assert (path.user_id, path.completed) == (ann, True)
    again = {c.result_id for c in target.completions(since, to)}
    assert again == {c.result_id for c in found}


def complete(sandbox, body):
    from syncd.sandbox import control

    control.handle(sandbox, "POST", "complete", {}, body)


def test_every_writable_field_survives_a_put(sandbox, target):
    boss = user_id(sandbox, "boss@example.com")
    values = {
        name: f"{name} & Co"
        for name, spec in WRITABLE_FIELDS.items()
        if spec.kind == "text"
        and (name.startswith("CustomField") or name in {"City", "State", "Skype", "Website"})
    }
    target.apply(PutUser(user_id=boss, fields=values), watch=WATCH)
    there = stored(sandbox, "boss@example.com")
    assert {name: there[name] for name in values} == values
