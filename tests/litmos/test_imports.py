"""Bulk imports: nothing that Litmos says of one is believed; what is there before and after it counts."""

import json

import pytest

from syncd.core.operation import ImportRow, ImportUsers, Unwatched
from syncd.core.protection import Protection
from syncd.errors import Transient, Uncertain
from syncd.litmos.target import Target
from tests.litmos.fakes import client
from tests.litmos.server import reply
from tests.litmos.test_target import NOT_FOUND, Litmos, person

WATCH = Unwatched()
MISROUTED = reply("<title>Endpoint not found.</title>", "404 Not Found")
GONE = reply('{"Detail": "Bulk Import Id was not found."}', "400 Bad Request")
NAMED = {"Email": "u1@example.com", "FirstName": "Ann", "LastName": "Lee"}
NEW = ImportRow(username="u1@example.com", fields={**NAMED, "JobTitle": "Rep", "ExternalEmployeeId": "E1"})
KNOWN = ImportRow(username="u2@example.com", fields={"JobTitle": "Lead"}, user_id="U2")
OLD = person("U2", Email="u2@example.com", JobTitle="Rep", ExternalEmployeeId="E2")
BORN = person("U1", Email="u1@example.com", JobTitle="Rep")
CHANGED = {**OLD, "JobTitle": "Lead"}
TAKEN = {"Id": "I1", "Status": "Waiting"}
WAITING = {"Id": "I1", "Status": "Waiting"}
DONE = {"Id": "I1", "Status": "completed "}


@pytest.fixture
def litmos():
    with Litmos() as server:
        server.known["GET /users/details"] = [OLD]
        server.known["POST /bulkimports"] = TAKEN
        server.known["GET /bulkimports/I1"] = {"Id": "I1", "Status": "Completed"}
        server.known["GET /bulkimports/I1/usererrors"] = []
        yield server


@pytest.fixture
def target(litmos):
    return Target(client(litmos.url))


def both(**changed):
    return ImportUsers(rows=(NEW, KNOWN), **changed)


# --- sending ---------------------------------------------------------------------------------------------------------


def test_an_import_is_sent_once_all_users_are_read_and_is_then_pending(litmos, target):
    effects = target.apply(both(), watch=WATCH)
    assert litmos.calls == ["GET /users/details", "POST /bulkimports"]
    assert (effects.pending, effects.import_id, effects.requests) == (True, "I1", 2)
    assert [profile["Id"] for profile in effects.profiles] == ["U2"]
    assert litmos.sent() == [
        {
            "Username": "u1@example.com",
            "Email": "u1@example.com",
            "FirstName": "Ann",
            "LastName": "Lee",
            "Title": "Rep",
            "ExternalEmployeeId": "E1",
        },
        {
            "Username": "u2@example.com",
            "Email": "u2@example.com",
            "FirstName": "Ann",
            "LastName": "Lee",
            "Title": "Lead",
        },
    ]
    assert list(litmos.sent()[0]) == [
        "Username",
        "Email",
        "FirstName",
        "LastName",
        "Title",
        "ExternalEmployeeId",
    ]


def test_no_mail_is_asked_for_and_the_first_login_is_skipped_on_request(litmos, target):
    target.apply(both(skip_first_login=True), watch=WATCH)
    assert litmos.heard[-1].query["sendmessage"] == "false"
    assert litmos.heard[-1].query["skipfirstlogin"] == "true"


def test_a_name_that_somebody_else_has_by_now_is_never_sent(litmos, target):
    """An import would overwrite that person."""
    stranger = person("U9", UserName="U1@Example.com", ExternalEmployeeId="E9")
    litmos.known["GET /users/details"] = [OLD, stranger]
    target.apply(both(), watch=WATCH)
    assert [row["Username"] for row in litmos.sent()] == ["u2@example.com"]


def test_somebody_who_has_another_name_by_now_is_never_sent(litmos, target):
    """An import would make a second person of the old name."""
    litmos.known["GET /users/details"] = [{**OLD, "UserName": "married@example.com"}]
    effects = target.apply(ImportUsers(rows=(KNOWN,)), watch=WATCH)
    assert litmos.calls == ["GET /users/details"]
    assert effects.refused["u2@example.com"][0] == "IMPORT-RENAMED"


def test_somebody_whose_name_is_blank_in_litmos_is_never_sent(litmos, target):
    """Each row must say FirstName and LastName."""
    litmos.known["GET /users/details"] = [{**OLD, "LastName": ""}]
    effects = target.apply(ImportUsers(rows=(KNOWN,)), watch=WATCH)
    assert litmos.calls == ["GET /users/details"]
    assert effects.refused["u2@example.com"][0] == "IMPORT-DIFFERS"


def test_somebody_who_is_inactive_by_now_is_never_sent(litmos, target):
    """What an import does to them is unsettled."""
    litmos.known["GET /users/details"] = [{**OLD, "Active": False}]
    effects = target.apply(ImportUsers(rows=(KNOWN,)), watch=WATCH)
    assert litmos.calls == ["GET /users/details"]
    assert effects.refused["u2@example.com"][0] == "IMPORT-INACTIVE"


@pytest.mark.parametrize("level", ["Account_Owner", "Learner"])
def test_somebody_who_is_protected_by_now_is_never_sent(level, litmos, target):
    """The reading before an import is the last look at whom it changes."""
    litmos.known["GET /users/details"] = [{**OLD, "AccessLevel": level}]
    owners = Protection(levels=frozenset({"Account_Owner"}))
    effects = target.apply(ImportUsers(rows=(KNOWN,), protection=owners), watch=WATCH)
    if level == "Learner":
        assert effects.pending
        return
    assert litmos.calls == ["GET /users/details"]
    code, message = effects.refused["u2@example.com"]
    assert code == "PROTECTED"
    assert "access level Account_Owner" in message


def test_an_employee_whose_id_somebody_has_already_is_never_sent(litmos, target):
    """An import would make a second account of one person."""
    litmos.known["GET /users/details"] = [{**BORN, "Id": "U8", "UserName": "maiden@example.com"}]
    effects = target.apply(ImportUsers(rows=(NEW,)), watch=WATCH)
    assert litmos.calls == ["GET /users/details"]
    code, message = effects.refused["u1@example.com"]
    assert code == "IMPORT-LINKED"
    assert "U8" in message


def test_the_link_field_is_the_one_of_the_mapping(litmos, target):
    row = ImportRow(username="u1@example.com", fields={**NAMED, "JobTitle": "Rep", "CustomField5": "E1"})
    litmos.known["GET /users/details"] = [{**BORN, "JobTitle": "Other", "CustomField5": "E1"}]
    operation = ImportUsers(rows=(row,), import_id="I1", missed=True, link_field="CustomField5")
    effects = target.settle(operation, watch=WATCH)
    assert effects.made == {"u1@example.com": "U1"}
    assert effects.refused["u1@example.com"][0] == "IMPORT-DIFFERS"


def test_somebody_renamed_in_litmos_whose_old_name_the_import_made_anew_is_told_of(litmos, target):
    stray = person("U7", UserName="u2@example.com", ExternalEmployeeId="")
    litmos.known["GET /users/details"] = [{**OLD, "UserName": "married@example.com"}, stray]
    effects = target.settle(ImportUsers(rows=(KNOWN,), import_id="I1"), watch=WATCH)
    code, message = effects.refused["u2@example.com"]
    assert code == "IMPORT-STRAY"
    assert "U7" in message


@pytest.mark.parametrize(
    ("state", "over"),
    [(DONE, True), (GONE, True), (NOT_FOUND, True), (WAITING, False), ({}, False), (MISROUTED, False)],
)
def test_a_late_import_is_over_once_it_is_completed_or_unknown(litmos, target, state, over):
    litmos.known["GET /bulkimports/I1"] = state
    assert target.import_is_over("I1") is over


def test_what_is_so_already_is_not_sent_and_nothing_left_to_send_is_the_end(litmos, target):
    litmos.known["GET /users/details"] = [BORN, CHANGED]
    effects = target.apply(both(), watch=WATCH)
    assert litmos.calls == ["GET /users/details"]
    assert not effects.pending
    assert (effects.made, effects.refused) == ({"u1@example.com": "U1"}, {})


@pytest.mark.parametrize(
    "answer", ["", "[]", '"I1"', "{}", '{"Id": ""}', '{"Id": 7}', "null", '{"Status": "Waiting"}']
)
def test_an_import_without_an_id_is_uncertain(litmos, target, answer):
    litmos.known["POST /bulkimports"] = reply(answer)
    with pytest.raises(Uncertain):
        target.apply(both(), watch=WATCH)


# --- looking after it ------------------------------------------------------------------------------------------------

NONE, SOME, ALL = [OLD], [OLD, BORN], [BORN, CHANGED]


@pytest.mark.parametrize(
    ("import_id", "state", "overdue", "missed", "there", "expected"),
    [
        ("I1", DONE, False, False, ALL, "ended"),
        ("I1", DONE, False, False, SOME, "missed"),
        ("I1", DONE, False, False, NONE, "missed"),
        ("I1", DONE, False, True, SOME, "ended"),
        ("I1", DONE, False, True, NONE, "ended"),
        ("I1", DONE, True, True, SOME, "ended"),
        ("I1", DONE, True, False, SOME, "missed"),
        ("I1", WAITING, False, False, ALL, "pending"),
        ("I1", {"Status": "Failed"}, False, False, NONE, "pending"),
        ("I1", {}, False, False, NONE, "pending"),
        ("I1", {"Status": None}, False, False, NONE, "pending"),
        ("I1", MISROUTED, False, False, NONE, "pending"),
        ("I1", MISROUTED, True, False, NONE, "late"),
        ("I1", GONE, False, False, NONE, "pending"),
        ("I1", GONE, False, False, SOME, "pending"),
        ("I1", GONE, True, False, SOME, "late"),
        ("I1", GONE, True, False, NONE, "absent"),
        ("I1", NOT_FOUND, False, False, ALL, "pending"),
        ("I1", NOT_FOUND, True, False, ALL, "ended"),
        ("I1", WAITING, True, False, NONE, "late"),
        ("I1", WAITING, True, False, ALL, "ended"),
        ("", None, False, False, ALL, "ended"),
        ("", None, False, False, SOME, "pending"),
        ("", None, False, False, NONE, "pending"),
        ("", None, True, False, NONE, "absent"),
        ("", None, True, False, SOME, "late"),
        ("", None, True, False, ALL, "ended"),
    ],
)
def test_an_import_is_settled_by_what_is_there(
    litmos, target, import_id, state, overdue, missed, there, expected
):
    litmos.known["GET /bulkimports/I1"] = state
    litmos.known["GET /users/details"] = there
    effects = target.settle(both(import_id=import_id, overdue=overdue, missed=missed), watch=WATCH)
    assert not any(call.startswith("POST") for call in litmos.calls)
    if effects is None:
        found = "absent"
    elif effects.pending:
        found = "missed" if effects.missed else "pending"
    else:
        found = "late" if effects.late else "ended"
        assert ("u1@example.com" in effects.made) == (BORN in there)
        assert ("u2@example.com" not in effects.refused) == (CHANGED in there)
    assert found == expected


def test_what_litmos_says_of_a_row_is_told_and_ends_it(litmos, target):
    litmos.known["GET /users/details"] = [OLD, BORN]
    litmos.known["GET /bulkimports/I1/usererrors"] = [
        {"Username": "U2@example.com", "ImportStatus": "Failed - no such job role for u2@example.com"}
    ]
    effects = target.settle(both(import_id="I1"), watch=WATCH)
    code, message = effects.refused["u2@example.com"]
    assert code == "IMPORT-REFUSED"
    assert "no such job role" in message
    assert "u2@example.com" not in message
    assert effects.made == {"u1@example.com": "U1"}


def test_the_other_spelling_of_an_error_is_understood(litmos, target):
    litmos.known["GET /bulkimports/I1/usererrors"] = [
        {"Username": "u1@example.com", "ImporStatus": "Failed - no"}
    ]
    effects = target.settle(ImportUsers(rows=(NEW,), import_id="I1"), watch=WATCH)
    assert effects.refused["u1@example.com"][0] == "IMPORT-REFUSED"


def test_an_error_of_a_row_that_is_as_wanted_means_nothing(litmos, target):
    litmos.known["GET /users/details"] = ALL
    litmos.known["GET /bulkimports/I1/usererrors"] = [
        {"Username": "u1@example.com", "ImportStatus": "Failed - no"}
    ]
    assert target.settle(both(import_id="I1"), watch=WATCH).refused == {}


def test_errors_that_litmos_will_not_tell_leave_what_is_there(litmos, target):
    litmos.known["GET /users/details"] = ALL
    litmos.known["GET /bulkimports/I1/usererrors"] = reply("", "404 Not Found")
    assert target.settle(both(import_id="I1"), watch=WATCH).refused == {}


def test_a_read_back_that_is_refused_is_tried_again(litmos, target):
    litmos.known["GET /users/details"] = reply("", "405 Method Not Allowed")
    with pytest.raises(Transient):
        target.settle(both(import_id="I1"), watch=WATCH)


@pytest.mark.parametrize("spoilt", ["<html>", "[", '{"Message": "Sorry"}', '[{"Id": ""}]', "[1]"])
def test_a_read_back_that_is_no_list_proves_nothing(litmos, target, spoilt):
    litmos.known["GET /users/details"] = reply(spoilt)
    with pytest.raises(Transient):
        target.settle(both(import_id="I1"), watch=WATCH)


def test_values_that_differ_are_named_without_their_content(litmos, target):
    litmos.known["GET /users/details"] = [CHANGED, {**BORN, "JobTitle": "Secret"}]
    effects = target.settle(both(import_id="I1", missed=True), watch=WATCH)
    assert effects.refused == {
        "u1@example.com": ("IMPORT-DIFFERS", "the bulk import left other values in JobTitle")
    }
    assert effects.made == {"u1@example.com": "U1"}


def test_a_row_without_a_link_field_is_ours_only_if_all_its_values_are_there(litmos, target):
    row = ImportRow(username="u1@example.com", fields={**NAMED, "JobTitle": "Rep"})
    litmos.known["GET /users/details"] = [{**BORN, "JobTitle": "Other"}]
    effects = target.settle(ImportUsers(rows=(row,), import_id="I1"), watch=WATCH)
    assert effects.made == {}
    assert effects.refused["u1@example.com"][0] == "LITMOS-409-USERNAME-TAKEN"


def test_a_body_holds_no_blank_and_no_null(litmos, target):
    litmos.known["GET /users/details"] = [{**OLD, "Email": None}]
    row = ImportRow(
        username="u2@example.com", fields={"Email": "u2@example.com", "City": "Ulm"}, user_id="U2"
    )
    target.apply(ImportUsers(rows=(row,)), watch=WATCH)
    assert all(value for value in json.loads(litmos.heard[-1].body)[0].values())
