import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make


def test_replace_wipes_what_is_not_sent(call: Caller) -> None:
    ann = call.user(JobTitle="Clerk", City="Oslo", ExternalEmployeeId="007")
    body = {
        "Id": ann["Id"],
        "UserName": ann["UserName"],
        "FirstName": "Ann",
        "LastName": "Lee",
        "City": "Lyon",
    }
    got = call("PUT", f"/users/{ann['Id']}", body)
    assert (got.status, got.body) == (200, b"")
    after = call("GET", f"/users/{ann['Id']}").json
    assert (after["City"], after["JobTitle"], after["ExternalEmployeeId"]) == ("Lyon", None, None)
    assert after["Active"] is False
    kept = ("Id", "LoginKey", "CreatedDate", "OriginalId")
    assert [after[name] for name in kept] == [ann[name] for name in kept]


def test_merge_keeps_what_is_not_sent(make: Make) -> None:
    call = make(put_mode="merge")
    ann = call.user(JobTitle="Clerk", City="Oslo")
    assert call("PUT", f"/users/{ann['Id']}", {"Id": ann["Id"], "City": ""}).status == 200
    assert call("GET", f"/users/{ann['Id']}").json == {**ann, "City": ""}


@pytest.mark.parametrize("mode", ["replace", "merge"])
def test_the_full_record_sent_back_changes_nothing(make: Make, mode: str) -> None:
    call = make(put_mode=mode)
    ann = call.user(JobTitle="Clerk")
    assert call("PUT", f"/users/{ann['Id']}", {**ann, "LoginKey": "", "FullName": ""}).status == 200
    assert call("GET", f"/users/{ann['Id']}").json == ann


def test_ids_must_match_and_managers_exist(call: Caller) -> None:
    ann = call.user()
    assert call("PUT", f"/users/{ann['Id']}", {**ann, "Id": "other"}).status == 404
    assert call("PUT", f"/users/{ann['Id']}", {**ann, "ManagerId": "nobody"}).status == 404
    assert call("PUT", "/users/nobody", {**ann, "Id": "nobody"}).status == 404
    assert call("PUT", f"/users/{ann['Id']}", {**ann, "ManagerId": ""}).status == 200


def test_a_rename_must_be_free_and_frees_the_old_name(call: Caller) -> None:
    ann, bob = call.user("ann@example.com"), call.user("bob@example.com")
    assert call("PUT", f"/users/{ann['Id']}", {**ann, "UserName": "bob@example.com"}).status == 409
    assert call("PUT", f"/users/{ann['Id']}", {**ann, "UserName": "ann.new@example.com"}).status == 200
    assert call("PUT", f"/users/{bob['Id']}", {**bob, "UserName": "ann@example.com"}).status == 200
    assert call("GET", "/users/ann@example.com").json["Id"] == bob["Id"]


@pytest.mark.parametrize(("keeps", "count"), [(True, 1), (False, 0)])
def test_deactivation_keeps_memberships_or_not(make: Make, *, keeps: bool, count: int) -> None:
    call = make(modes={"deactivation_keeps_teams": keeps})
    ann, team = call.user(), call.team("All")
    call("POST", f"/teams/{team}/users", [{"Id": ann["Id"]}])
    call("PUT", f"/users/{ann['Id']}", {**ann, "Active": False})
    assert call("GET", f"/teams/{team}/users").json == []
    assert len(call("GET", f"/users/{ann['Id']}/teams").json) == count
