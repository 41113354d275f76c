import json
import re
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from syncd.core.model import ItemKind
from syncd.core.operation import (
    AddMembers,
    AssignItems,
    CreateTeam,
    CreateUser,
    Learner,
    LeaveTeams,
    Operation,
    PutUser,
    ReadUsers,
    RemoveMember,
    TeamFact,
    TeamItem,
    UnassignItem,
    Unwatched,
)
from syncd.core.protection import Protection
from syncd.errors import Permanent, Transient, Uncertain
from syncd.litmos import target as target_module
from syncd.litmos.applying import ALREADY_SO
from syncd.litmos.target import Target
from tests.core.factories import course_key, learning_path, path_key
from tests.litmos.fakes import FakeWatch, client
from tests.litmos.server import Server, reply

WATCH = Unwatched()
NOT_FOUND = reply("", "404 Not Found")
MADE = "201 Created"


def person(user_id="U1", **fields):
    return {
        "Id": user_id,
        "UserName": f"{user_id.lower()}@example.com",
        "FirstName": "Ann",
        "LastName": "Lee",
        "FullName": "Ann Lee",
        "Email": "",
        "AccessLevel": "Learner",
        "DisableMessages": False,
        "Active": True,
        "Skype": None,
        "LoginKey": "https://x.litmos.com/login.aspx?loginkey=SECRET",
        "ManagerId": "0",
        "ExternalEmployeeId": "E1",
        **fields,
    }


class Litmos(Server):
    """Answers by ``METHOD /path``: bytes as they are (or what makes them), else JSON; a list by page. 404 for what it does not know."""

    def __init__(self, **_):
        self.known = {}
        super().__init__(self._answer)

    def _answer(self, heard, _line):
        key = f"{heard.method} {heard.path.removeprefix('/v1.svc')}"
        value = self.known.get(key, NOT_FOUND)
        value = value() if callable(value) else value
        if isinstance(value, bytes):
            return value
        if isinstance(value, list):
            start, limit = int(heard.query["start"]), int(heard.query["limit"])
            value = value[start : start + limit]
        return reply(json.dumps(value), MADE if heard.method == "POST" else "200 OK")

    @property
    def calls(self):
        return [f"{heard.method} {heard.path.removeprefix('/v1.svc')}" for heard in self.heard]

    def sent(self, number=-1):
        return json.loads(self.heard[number].body)


@pytest.fixture
def litmos():
    with Litmos() as server:
        yield server


@pytest.fixture
def target(litmos):
    return Target(client(litmos.url))


def test_every_operation_can_be_done_and_settled():
    operations = set(get_args(Operation))
    assert set(target_module._APPLYING) == set(target_module._SETTLING) == operations


# --- creating a user -------------------------------------------------------------------------------------------------


def test_a_created_user_is_known_in_full_after_one_request(litmos, target):
    litmos.known["POST /users"] = person("U9", FirstName="D&#39;Arcy")
    effects = target.apply(CreateUser(fields={"UserName": "u9@example.com", "LastName": "Lee"}), watch=WATCH)
    assert effects.requests == 1
    assert not effects.profiles_just_read
    profile = effects.profiles[0]
    assert (profile["Id"], profile["FirstName"], profile["LoginKey"]) == ("U9", "D'Arcy", "")
    assert litmos.sent()["Id"] == ""
    assert litmos.sent()["Active"] is True
    assert "skipfirstlogin" not in litmos.heard[0].query


def test_skipping_the_first_login_is_asked_for_in_the_query_too(litmos, target):
    litmos.known["POST /users"] = person("U9")
    target.apply(CreateUser(fields={"UserName": "u9@example.com", "SkipFirstLogin": True}), watch=WATCH)
    assert litmos.heard[0].query["skipfirstlogin"] == "true"


@pytest.mark.parametrize(
    "answer", [reply("", MADE), reply("{}", MADE), reply('{"Id":""}', MADE), reply("[]", MADE)]
)
def test_a_create_that_names_no_id_is_uncertain(litmos, target, answer):
    litmos.known["POST /users"] = answer
    with pytest.raises(Uncertain):
        target.apply(CreateUser(fields={"UserName": "u9@example.com"}), watch=WATCH)


@pytest.mark.parametrize("odd", [{"Active": "maybe"}, {"FirstName": []}, {"UserName": "u8@example.com"}])
def test_a_create_that_is_answered_with_something_else_is_uncertain(odd, litmos, target):
    litmos.known["POST /users"] = person("U9", **odd)
    with pytest.raises(Uncertain):
        target.apply(CreateUser(fields={"UserName": "u9@example.com"}), watch=WATCH)


@pytest.mark.parametrize("odd", [{"Name": 7}, {"Name": "Support"}, {"Name": None}, {"ParentTeamId": {}}])
def test_a_team_that_is_answered_with_something_else_is_uncertain(odd, litmos, target):
    litmos.known["POST /teams"] = {"Id": "T1", "Name": "Sales", **odd}
    with pytest.raises(Uncertain):
        target.apply(CreateTeam(name="Sales"), watch=WATCH)


def test_a_taken_username_is_refused(litmos, target):
    litmos.known["POST /users"] = reply('{"Detail":"UserName already exists"}', "409 UserName already exists")
    with pytest.raises(Permanent) as caught:
        target.apply(CreateUser(fields={"UserName": "u9@example.com"}), watch=WATCH)
    assert caught.value.code == "LITMOS-409-USERNAME-TAKEN"


LONG = "a-very-long-name-indeed-of-more-than-fifty-characters@example.com"


def test_settling_a_create_finds_the_user_by_exact_name_among_what_search_gives(litmos, target):
    litmos.known["GET /users"] = [person("U1", UserName=f"x{LONG}"), person("U2", UserName=LONG.upper())]
    litmos.known["GET /users/U2"] = person("U2", UserName=LONG.upper())
    effects = target.settle(CreateUser(fields={"UserName": LONG, "ExternalEmployeeId": "E1"}), watch=WATCH)
    assert effects is not None
    assert effects.profiles[0]["Id"] == "U2"
    assert effects.profiles_just_read
    assert effects.requests == 2
    assert litmos.heard[0].query["search"] == LONG[:50]


def test_settling_a_create_that_never_arrived_says_so(litmos, target):
    litmos.known["GET /users"] = [person("U1", UserName=f"x{LONG}")]
    assert target.settle(CreateUser(fields={"UserName": LONG}), watch=WATCH) is None
    assert litmos.calls == ["GET /users"]


def test_settling_a_create_does_not_take_somebody_elses_account(litmos, target):
    litmos.known["GET /users"] = [person("U1", UserName=LONG)]
    litmos.known["GET /users/U1"] = person("U1", UserName=LONG, ExternalEmployeeId="E77")
    with pytest.raises(Permanent) as caught:
        target.settle(CreateUser(fields={"UserName": LONG, "ExternalEmployeeId": "E1"}), watch=WATCH)
    assert caught.value.code == "LITMOS-409-USERNAME-TAKEN"


def test_a_user_who_is_listed_and_yet_not_there_is_not_absent(litmos, target):
    litmos.known["GET /users"] = [person("U1", UserName=LONG)]
    with pytest.raises(Transient):
        target.settle(CreateUser(fields={"UserName": LONG}), watch=WATCH)


def test_settling_fails_rather_than_guess_when_the_list_cannot_be_read(litmos, target):
    litmos.known["GET /users"] = reply("<html>busy</html>")
    with pytest.raises(Transient):
        target.settle(CreateUser(fields={"UserName": LONG}), watch=WATCH)


# --- changing a user -------------------------------------------------------------------------------------------------


def test_a_put_without_a_record_reads_it_first_and_sends_all_of_it(litmos, target):
    litmos.known["GET /users/U1"] = person(CustomField7="kept", Company="R&amp;D")
    litmos.known["PUT /users/U1"] = reply()
    effects = target.apply(PutUser(user_id="U1", fields={"LastName": "Ng"}, active=False), watch=WATCH)
    assert litmos.calls == ["GET /users/U1", "PUT /users/U1"]
    body = litmos.sent()
    assert (body["Id"], body["LastName"], body["Active"], body["CustomField7"]) == ("U1", "Ng", False, "kept")
    assert body["Company"] == "R&D", "unescaped once, or each PUT would escape it again"
    assert body["LoginKey"] == ""
    assert effects.requests == 2
    assert not effects.profiles_just_read
    assert effects.profiles[0]["LastName"] == "Ng"
    assert effects.profiles[0]["Active"] is False
    assert effects.profiles[0]["FullName"] == "Ann Lee"


def test_a_put_over_a_record_just_read_is_one_request(litmos, target):
    litmos.known["PUT /users/U1"] = reply()
    effects = target.apply(PutUser(user_id="U1", fields={"LastName": "Ng"}, profile=person()), watch=WATCH)
    assert litmos.calls == ["PUT /users/U1"]
    assert effects.requests == 1


@pytest.mark.parametrize("record", [{"Id": "U1"}, person("U2"), {**person(), "Active": "perhaps"}])
def test_a_record_that_could_wipe_the_user_is_not_used(litmos, target, record):
    litmos.known["GET /users/U1"] = person(CustomField7="kept")
    litmos.known["PUT /users/U1"] = reply()
    target.apply(PutUser(user_id="U1", fields={"LastName": "Ng"}, profile=record), watch=WATCH)
    assert litmos.calls == ["GET /users/U1", "PUT /users/U1"]
    assert litmos.sent()["CustomField7"] == "kept"


@pytest.mark.parametrize(
    "record", [{"Id": "U1", "UserName": "ann"}, person("U2"), {**person(), "UserName": None}]
)
def test_a_partial_or_strange_record_is_never_put_back(litmos, target, record):
    litmos.known["GET /users/U1"] = record
    with pytest.raises(Transient):
        target.apply(PutUser(user_id="U1", fields={"LastName": "Ng"}), watch=WATCH)
    assert litmos.calls == ["GET /users/U1"]


def test_a_put_of_what_is_so_already_is_not_sent(litmos, target):
    litmos.known["GET /users/U1"] = person(Email="ANN@example.com")
    wanted = PutUser(
        user_id="U1", fields={"Email": "ann@example.com", "ManagerId": "", "Skype": ""}, active=True
    )
    effects = target.apply(wanted, watch=WATCH)
    assert litmos.calls == ["GET /users/U1"]
    assert effects.note == ALREADY_SO
    assert effects.profiles_just_read


def test_a_put_of_somebody_who_is_gone_is_refused(target):
    with pytest.raises(Permanent) as caught:
        target.apply(PutUser(user_id="U1", fields={}, active=False), watch=WATCH)
    assert caught.value.code == "LITMOS-404-USER-GONE"


@pytest.mark.parametrize(
    ("protection", "why"),
    [
        (Protection(levels=frozenset({"Administrator"})), "access level Administrator"),
        (Protection(usernames=("AN*",)), "by username"),
        (Protection(brands=("r&d",)), "brand R&D"),
        (Protection(user_ids=frozenset({"U1"})), "by user id"),
    ],
)
@pytest.mark.parametrize("just_read", [True, False])
def test_a_put_of_somebody_who_is_protected_by_now_is_refused(litmos, target, protection, why, just_read):
    record = person(UserName="ann", AccessLevel="Administrator", Brand="R&D")
    litmos.known["GET /users/U1"] = person(UserName="ann", AccessLevel="Administrator", Brand="R&amp;D")
    wanted = PutUser(
        user_id="U1",
        fields={"AccessLevel": "Learner"},
        active=False,
        profile=record if just_read else None,
        protection=protection,
    )
    with pytest.raises(Permanent, match=re.escape(f"is protected ({why})")) as caught:
        target.apply(wanted, watch=WATCH)
    assert caught.value.code == "PROTECTED"
    assert litmos.calls == ([] if just_read else ["GET /users/U1"])


def test_settling_a_put_compares_what_was_wanted_with_what_is_there(litmos, target):
    wanted = PutUser(user_id="U1", fields={"LastName": "Ng"}, active=False)
    litmos.known["GET /users/U1"] = person(LastName="Ng")
    assert target.settle(wanted, watch=WATCH) is None
    litmos.known["GET /users/U1"] = person(LastName="Ng", Active=False)
    effects = target.settle(wanted, watch=WATCH)
    assert effects is not None
    assert effects.profiles_just_read


# --- teams -----------------------------------------------------------------------------------------------------------


def test_a_root_team_and_a_sub_team_are_created_in_their_places(litmos, target):
    litmos.known["POST /teams"] = {"Id": "T1", "Name": "Sales", "Description": ""}
    litmos.known["POST /teams/T1/teams"] = {"Id": "T2", "Name": "EMEA", "ParentTeamId": ""}
    root = target.apply(CreateTeam(name="Sales"), watch=WATCH)
    sub = target.apply(CreateTeam(name="EMEA", parent_id="T1"), watch=WATCH)
    assert root.teams == (TeamFact(id="T1", name="Sales", parent_id=""),)
    assert sub.teams == (TeamFact(id="T2", name="EMEA", parent_id="T1"),)
    assert litmos.sent() == {"Id": "", "Name": "EMEA", "Description": "", "ParentTeamId": "T1"}


def test_settling_a_team_needs_its_name_and_its_parent(litmos, target):
    litmos.known["GET /teams"] = [
        {"Id": "T1", "Name": "EMEA", "ParentTeamId": ""},
        {"Id": "T2", "Name": "emea", "ParentTeamId": "T9"},
    ]
    found = target.settle(CreateTeam(name="EMEA", parent_id="T9"), watch=WATCH)
    assert found is not None
    assert found.teams[0].id == "T2"
    assert target.settle(CreateTeam(name="EMEA", parent_id="T1"), watch=WATCH) is None


def test_members_are_added_in_one_call(litmos, target):
    litmos.known["POST /teams/T1/users"] = reply("", MADE)
    effects = target.apply(AddMembers(team_id="T1", user_ids=("U1", "U2")), watch=WATCH)
    assert litmos.sent() == [{"Id": "U1"}, {"Id": "U2"}]
    assert effects.members_added == (("T1", "U1"), ("T1", "U2"))


def test_settling_members_looks_for_inactive_ones_at_their_own_place(litmos, target):
    litmos.known["GET /teams/T1/users"] = [person("U1")]
    litmos.known["GET /users/U2/teams"] = [{"Id": "T1", "Name": "Sales"}]
    wanted = AddMembers(team_id="T1", user_ids=("U1", "U2"))
    effects = target.settle(wanted, watch=WATCH)
    assert effects is not None
    assert effects.requests == 2
    litmos.known["GET /users/U2/teams"] = []
    assert target.settle(wanted, watch=WATCH) is None


def test_settling_many_missing_members_does_not_ask_for_each(litmos, target):
    litmos.known["GET /teams/T1/users"] = []
    wanted = AddMembers(team_id="T1", user_ids=tuple(f"U{number}" for number in range(6)))
    assert target.settle(wanted, watch=WATCH) is None
    assert litmos.calls == ["GET /teams/T1/users"]


REMOVALS = [
    (RemoveMember(team_id="T1", user_id="U1"), "DELETE /teams/T1/users/U1", "GET /users/U1/teams", "T1"),
    (
        UnassignItem(user_id="U1", item=path_key("L1")),
        "DELETE /users/U1/learningpaths/L1",
        "GET /users/U1/learningpaths",
        "L1",
    ),
    (
        UnassignItem(user_id="U1", item=course_key("C1")),
        "DELETE /users/U1/courses/C1",
        "GET /users/U1/courses",
        "C1",
    ),
]


def taken(effects):
    return effects.members_removed + effects.unassigned


@pytest.mark.parametrize(("removal", "delete", "_read", "_object"), REMOVALS)
@pytest.mark.parametrize(("answer", "note"), [(reply(), ""), (NOT_FOUND, ALREADY_SO)])
def test_a_removal_is_one_request_even_if_it_is_so_already(
    litmos, target, removal, delete, _read, _object, answer, note
):
    litmos.known[delete] = answer
    effects = target.apply(removal, watch=WATCH)
    assert litmos.calls == [delete]
    assert effects.note == note
    assert len(taken(effects)) == 1


@pytest.mark.parametrize(("removal", "_delete", "read", "object_id"), REMOVALS)
def test_settling_a_removal_asks_the_user(litmos, target, removal, _delete, read, object_id):
    litmos.known[read] = [{"Id": object_id}, {"Id": "X"}]
    assert target.settle(removal, watch=WATCH) is None
    litmos.known[read] = [{"Id": "X"}]
    assert target.settle(removal, watch=WATCH) is not None
    litmos.known[read] = NOT_FOUND
    assert target.settle(removal, watch=WATCH) is not None


def test_an_item_that_came_otherwise_as_well_is_kept_and_that_is_remembered(litmos, target):
    litmos.known["DELETE /users/U1/learningpaths/L1"] = reply("", "406 Not Acceptable")
    effects = target.apply(UnassignItem(user_id="U1", item=path_key("L1")), watch=WATCH)
    assert (effects.unassigned, effects.kept) == ((), (("U1", path_key("L1")),))
    assert effects.note.startswith("kept: ")


def test_courses_are_given_without_mail_in_one_call_and_settled_by_the_users_list(litmos, target):
    wanted = AssignItems(user_id="U1", kind=ItemKind.COURSE, item_ids=("C1", "C2"))
    litmos.known["POST /users/U1/courses"] = reply("", MADE)
    assert target.apply(wanted, watch=WATCH).assigned == (("U1", course_key("C1")), ("U1", course_key("C2")))
    assert litmos.sent() == [{"Id": "C1"}, {"Id": "C2"}]
    assert litmos.heard[0].query["sendmessage"] == "false"
    litmos.known["GET /users/U1/courses"] = [{"Id": "C1"}]
    assert target.settle(wanted, watch=WATCH) is None
    litmos.known["GET /users/U1/courses"] = [{"Id": "C1"}, {"Id": "C2"}]
    assert target.settle(wanted, watch=WATCH) is not None


def test_paths_are_assigned_in_one_call_and_settled_by_the_users_list(litmos, target):
    wanted = AssignItems(user_id="U1", kind=ItemKind.LEARNING_PATH, item_ids=("L1", "L2"))
    litmos.known["POST /users/U1/learningpaths"] = reply("", MADE)
    assert target.apply(wanted, watch=WATCH).assigned == (("U1", path_key("L1")), ("U1", path_key("L2")))
    assert litmos.sent() == [{"Id": "L1"}, {"Id": "L2"}]
    litmos.known["GET /users/U1/learningpaths"] = [{"Id": "L1"}]
    assert target.settle(wanted, watch=WATCH) is None
    litmos.known["GET /users/U1/learningpaths"] = [{"Id": "L1"}, {"Id": "L2"}]
    assert target.settle(wanted, watch=WATCH) is not None


@pytest.mark.parametrize(
    ("held", "bodies"),
    [
        (["L1", "L2"], [["L1", "L2"]]),
        (["L2", "L3"], [["L1", "L2"], ["L1"]]),
    ],
)
def test_paths_that_are_refused_because_the_user_has_some_are_given_without_those(
    held, bodies, litmos, target
):
    refused = iter([reply("", "409 Conflict"), reply()])
    litmos.known["POST /users/U1/learningpaths"] = lambda: next(refused)
    litmos.known["GET /users/U1/learningpaths"] = [{"Id": path_id} for path_id in held]
    effects = target.apply(
        AssignItems(user_id="U1", kind=ItemKind.LEARNING_PATH, item_ids=("L1", "L2")), watch=WATCH
    )
    assert effects.assigned == (("U1", path_key("L1")), ("U1", path_key("L2")))
    sent = [json.loads(heard.body) for heard in litmos.heard if heard.method == "POST"]
    assert [[row["Id"] for row in body] for body in sent] == bodies


def test_paths_that_are_refused_though_the_user_has_none_stay_refused(litmos, target):
    litmos.known["POST /users/U1/learningpaths"] = reply("", "409 Conflict")
    litmos.known["GET /users/U1/learningpaths"] = []
    with pytest.raises(Permanent):
        target.apply(AssignItems(user_id="U1", kind=ItemKind.LEARNING_PATH, item_ids=("L1",)), watch=WATCH)


def test_a_write_says_that_it_is_one_and_a_read_that_it_is_none(litmos, target):
    litmos.known["GET /users/U1"] = person()
    litmos.known["PUT /users/U1"] = reply()
    watch = FakeWatch()
    target.apply(PutUser(user_id="U1", fields={"LastName": "Ng"}), watch=watch)
    assert watch.announced == [False, True]


def test_the_paths_of_a_team_are_none_only_if_the_team_is_not_there(litmos, target):
    litmos.known["GET /teams/T1/learningpaths"] = [{"Id": "L1", "Name": "Safety"}]
    assert target.team_items("T1", ItemKind.LEARNING_PATH) == (TeamItem(item=learning_path("L1", "Safety")),)
    assert target.team_items("T2", ItemKind.LEARNING_PATH) == ()
    litmos.known["GET /teams/T2"] = {"Id": "T2", "Name": "Sales"}
    with pytest.raises(Transient):
        target.team_items("T2", ItemKind.LEARNING_PATH)


# --- reading ---------------------------------------------------------------------------------------------------------


def test_reading_all_users_makes_them_just_read(litmos, target):
    litmos.known["GET /users/details"] = [person("U1"), person("U2", Active=False)]
    effects = target.apply(ReadUsers(), watch=WATCH)
    assert [profile["Id"] for profile in effects.profiles] == ["U1", "U2"]
    assert effects.profiles_just_read
    assert litmos.heard[0].query["sort"] == "UserName"


def a_small_litmos(litmos):
    litmos.known.update(
        {
            "GET /users/details": [person("U1"), person("U2", Active=False)],
            "GET /teams": [
                {"Id": "T1", "Name": "R&amp;D", "ParentTeamId": "", "TeamCodeForBulkImport": "1-RD"},
                {"Id": "T2", "Name": "Lab", "ParentTeamId": "T1"},
                {"Id": "T3", "Name": "Other"},
            ],
            "GET /teams/T1/users": [person("U1")],
            "GET /teams/T2/users": [],
            "GET /learningpaths": [
                {"Id": "L1", "Name": "Safety", "Active": True},
                {"Id": "L2", "Name": "Old", "Active": False},
            ],
            "GET /learningpaths/L1/users": [{"Id": "U1", "Completed": False, "PercentageComplete": 33.5}],
        }
    )


NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_snapshot_reads_what_is_chosen_and_no_more(litmos, target):
    a_small_litmos(litmos)
    told = []
    snapshot = target.snapshot(
        lambda teams: {team.id for team in teams if team.name != "Other"},
        lambda items: {item.key for item in items if item.active},
        began_at=NOW,
        progress=lambda *facts: told.append(facts),
        watch=WATCH,
    )
    assert snapshot.began_at == NOW
    assert [profile["Id"] for profile in snapshot.profiles] == ["U1", "U2"]
    assert all(profile["LoginKey"] == "" for profile in snapshot.profiles)
    assert snapshot.teams[0] == TeamFact(id="T1", name="R&D", parent_id="", code="1-RD")
    assert snapshot.teams[1].parent_id == "T1"
    assert snapshot.members == {"T1": frozenset({"U1"}), "T2": frozenset()}
    assert snapshot.items[1] == learning_path("L2", "Old", active=False)
    assert snapshot.learners == {path_key("L1"): (Learner(user_id="U1", completed=False, percent=33.5),)}
    assert snapshot.requests == len(litmos.heard) == 6
    assert ("members", 2, 2) in told


@pytest.mark.parametrize(
    "place", ["GET /users/details", "GET /teams", "GET /teams/T2/users", "GET /learningpaths/L1/users"]
)
@pytest.mark.parametrize(
    "answer", [reply("<html/>"), reply(""), reply("[{}]"), reply("[", "200 OK"), reply("[]", "500 Oops")]
)
def test_one_bad_page_fails_the_whole_snapshot(litmos, target, place, answer):
    a_small_litmos(litmos)
    litmos.known[place] = answer
    with pytest.raises(Transient):
        target.snapshot(
            lambda _teams: ["T1", "T2"], lambda _items: [path_key("L1")], began_at=NOW, watch=WATCH
        )


def test_a_list_row_among_full_records_fails_the_snapshot(litmos, target):
    a_small_litmos(litmos)
    litmos.known["GET /users/details"] = [person("U1"), {"Id": "U2", "UserName": "u2"}]
    with pytest.raises(Transient):
        target.snapshot(lambda _teams: [], lambda _paths: [], began_at=NOW, watch=WATCH)


def test_single_reads_tell_absence_from_failure(litmos, target):
    a_small_litmos(litmos)
    litmos.known["GET /users/U1"] = person("U1")
    litmos.known["GET /teams/T1"] = {"Id": "T1", "Name": "R&amp;D", "ParentTeamId": ""}
    assert target.read_user("U1")["Id"] == "U1"
    assert target.read_user("U7") is None
    assert target.read_team("T1") == TeamFact(id="T1", name="R&D", parent_id="")
    assert target.read_team("T7") is None
    assert target.members("T1") == {"U1"}
    litmos.known["GET /users/U1"] = reply("", "500 Oops")
    with pytest.raises(Transient):
        target.read_user("U1")


# --- completions -----------------------------------------------------------------------------------------------------

COURSE = {
    "Id": "C1",
    "UserId": "U1",
    "UserName": "u1@example.com",
    "Name": "Fire &amp; Safety",
    "Active": True,
    "Completed": True,
    "PercentageComplete": 100.0,
    "CreatedDate": "/Date(1603756359593-0500)/",
    "StartedDate": "/Date(1603756359593-0500)/",
    "CompletedDate": "/Date(1603842759593-0500)/",
    "UpdatedDate": "2020-10-27T23:52:39.593",
    "CompliantTillDate": None,
}
PATH = {
    "Id": "L1",
    "UserId": "U1",
    "Name": "Onboarding",
    "Completed": False,
    "PercentageComplete": 33.333,
    "CreatedDate": "2021-09-21T18:44:28.500+0000",
    "UpdatedDate": "2021-09-21T21:26:13.017+0000",
}
COURSES, PATHS = "GET /org/results/details", "GET /org/learningpaths/results"
BOTH = ("course", "learning_path")


def test_completions_of_courses_and_paths_have_one_shape(litmos, target):
    litmos.known.update({COURSES: [COURSE], PATHS: [PATH]})
    course, path = target.completions(NOW - timedelta(days=1), NOW, BOTH)
    assert course.result_id == "course:U1:C1"
    assert (course.kind, course.object_name, course.percent) == ("course", "Fire & Safety", "100")
    assert course.completed_at == datetime(2020, 10, 27, 23, 52, 39, 593000, tzinfo=UTC)
    assert course.username == "u1@example.com"
    assert path.result_id == "learning_path:U1:L1"
    assert (path.completed, path.percent, path.username, path.completed_at) == (False, "33.33", "", None)


def test_the_same_course_completed_twice_is_told_twice(litmos, target):
    again = {**COURSE, "CompletedDate": "/Date(1635292359593-0500)/"}
    litmos.known.update({COURSES: [COURSE, again], PATHS: []})
    assert len(list(target.completions(NOW - timedelta(days=1), NOW, BOTH))) == 2


def test_windows_are_walked_oldest_first_and_never_longer_than_a_week(litmos, target):
    litmos.known.update({COURSES: [], PATHS: []})
    since = datetime(2026, 1, 1, 12, 30, 5, 999, tzinfo=UTC)
    assert list(target.completions(since, since + timedelta(days=15), BOTH)) == []
    asked = [(heard.query["since"], heard.query["to"]) for heard in litmos.heard if "details" in heard.path]
    assert asked == [
        ("2026-01-01 12:30:05", "2026-01-08 12:30:05"),
        ("2026-01-08 12:30:05", "2026-01-15 12:30:05"),
        ("2026-01-15 12:30:05", "2026-01-16 12:30:05"),
    ]


@pytest.mark.parametrize(
    "change", [{"CompletedDate": "soon"}, {"PercentageComplete": "most"}, {"UserId": None}]
)
def test_a_result_that_cannot_be_read_fails_its_window(litmos, target, change):
    litmos.known.update({COURSES: [{**COURSE, **change}], PATHS: []})
    with pytest.raises(Transient):
        list(target.completions(NOW - timedelta(days=1), NOW, BOTH))


LEAVES = LeaveTeams(user_id="U1", team_ids=("T1", "T2"))
ALL_AT_ONCE = "DELETE /users/U1/teams"


@pytest.mark.parametrize(
    ("there", "calls"),
    [
        (["T1", "T2"], [ALL_AT_ONCE]),
        (["T2"], ["DELETE /teams/T2/users/U1"]),
        (["T1", "T2", "X"], ["DELETE /teams/T1/users/U1", "DELETE /teams/T2/users/U1"]),
        (["X"], []),
        ([], []),
    ],
)
def test_whoever_has_left_leaves_the_teams_of_the_plan_and_no_other(litmos, target, there, calls):
    """The one call for all of them takes all: so only if there is no other."""
    litmos.known["GET /users/U1/teams"] = [{"Id": team_id} for team_id in there]
    for call in (ALL_AT_ONCE, "DELETE /teams/T1/users/U1", "DELETE /teams/T2/users/U1"):
        litmos.known[call] = reply()
    effects = target.apply(LEAVES, watch=WATCH)
    assert litmos.calls == ["GET /users/U1/teams", *calls]
    assert effects.members_removed == (("T1", "U1"), ("T2", "U1"))
    assert effects.note == ("" if calls else ALREADY_SO)


@pytest.mark.parametrize(("there", "is_done"), [([], True), (["X"], True), (["T2", "X"], False)])
def test_settling_what_a_leaver_leaves_asks_the_user(litmos, target, there, is_done):
    litmos.known["GET /users/U1/teams"] = [{"Id": team_id} for team_id in there]
    assert (target.settle(LEAVES, watch=WATCH) is not None) is is_done
    litmos.known["GET /users/U1/teams"] = NOT_FOUND
    assert target.settle(LEAVES, watch=WATCH) is not None
