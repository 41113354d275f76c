import pytest

from syncd.sandbox.profile import ORDER
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make, Times


def test_create_gives_201_and_the_full_record_in_order(call: Caller) -> None:
    got = call("POST", "/users", {"Id": "", "UserName": "ann@example.com", "FirstName": "Ann", "LastName": "Lee",
                                  "Active": True, "SkipFirstLogin": True, "City": ""})  # fmt: skip
    assert got.status == 201
    assert tuple(got.json) == ORDER
    record = got.json
    assert record["FullName"] == "Ann Lee"
    assert record["Email"] == "ann@example.com"
    assert (record["Culture"], record["Brand"], record["ManagerId"], record["Password"]) == (
        "en-US",
        "Default",
        "0",
        "",
    )
    assert record["SkipFirstLogin"] is False
    assert (record["City"], record["State"]) == ("", None)
    assert "//login.aspx?loginkey=" in record["LoginKey"]
    assert record["CreatedDate"] == "2026-03-04T12:00:00Z"
    assert b"\\/login.aspx" in got.body


def test_skip_first_login_is_a_query_parameter(call: Caller) -> None:
    body = {"UserName": "ann@example.com", "FirstName": "Ann", "LastName": "Lee"}
    assert call("POST", "/users", body, skipfirstlogin="True").json["SkipFirstLogin"] is True


def test_a_username_exists_once_whatever_its_case(call: Caller) -> None:
    call.user("ann@example.com")
    again = call("POST", "/users", {"UserName": "ANN@example.com", "FirstName": "A", "LastName": "L"})
    assert (again.status, again.reason) == (409, "UserName already exists")
    assert again.json == {"Detail": "UserName already exists"}
    assert call.sandbox.audit()["duplicate_creates"] == 1


@pytest.mark.parametrize(
    ("members", "status", "word"),
    [
        ({"UserName": "ann"}, 409, "3 characters"),
        ({"UserName": "annlee"}, 409, "email"),
        ({"UserName": "ann<lee@example.com"}, 409, "special"),
        ({"Email": "no address"}, 409, "email"),
        ({"Culture": "Klingon"}, 409, "Culture"),
        ({"JobRole": "Astronaut"}, 409, "Job Role"),
        ({"ManagerId": "nobody"}, 404, "manager"),
        ({"EnableTextNotification": True}, 400, "Mobile"),
        ({"EnableTextNotification": True, "PhoneMobile": "12"}, 400, "Phone"),
        ({"LastName": None}, 400, "xml/json"),
        ({"FirstName": "x" * 51}, 400, "xml/json"),
    ],
)
def test_values_that_are_refused(call: Caller, members: dict[str, object], status: int, word: str) -> None:
    body = {"UserName": "ann@example.com", "FirstName": "Ann", "LastName": "Lee", **members}
    got = call("POST", "/users", body)
    assert got.status == status
    assert word in got.json["Detail"]
    assert call.sandbox.dump()["users"] == []


def test_custom_usernames_need_no_email(call: Caller) -> None:
    record = call.user("annlee", IsCustomUsername=True)
    assert (record["UserName"], record["Email"]) == ("annlee", None)


def test_booleans_may_be_words_and_numbers_may_be_texts(call: Caller) -> None:
    record = call.user("ann@example.com", Active="true", DisableMessages="false", ExternalEmployeeId=4711)
    assert (record["Active"], record["DisableMessages"], record["ExternalEmployeeId"]) == (
        True,
        False,
        "4711",
    )


@pytest.mark.parametrize("members", [{"Active": "perhaps"}, {"City": {"a": 1}}, {"City": ["x"]}])
def test_members_of_the_wrong_type_get_the_wcf_page(call: Caller, members: dict[str, object]) -> None:
    got = call(
        "POST", "/users", {"UserName": "ann@example.com", "FirstName": "A", "LastName": "L", **members}
    )
    assert got.status == 500
    assert b"Request Error" in got.body
    assert got.headers["content-type"] == "text/html"


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff\xfe{"])
def test_malformed_bodies_get_a_400(call: Caller, body: bytes) -> None:
    headers = {"apikey": call.sandbox.api_key, "Content-Type": "application/json"}
    assert call.send("POST", "/v1.svc/users?source=t&format=json", body, headers).status == 400


def test_get_takes_an_id_in_its_case_or_a_username(call: Caller) -> None:
    record = call.user("ann.lee@example.com")
    assert call("GET", f"/users/{record['Id']}").json == record
    assert call("GET", "/users/ann.lee@example.com").json == record
    assert call("GET", f"/users/{record['Id'].swapcase()}").status == 404


def test_delete_is_for_good(call: Caller) -> None:
    boss = call.user("boss@example.com")
    ann = call.user("ann@example.com", ManagerId=boss["Id"])
    gone = call("DELETE", f"/users/{boss['Id']}")
    assert (gone.status, gone.body, gone.headers["content-length"]) == (200, b"", "0")
    assert call("GET", f"/users/{boss['Id']}").status == 404
    assert call("GET", f"/users/{ann['Id']}").json["ManagerId"] == "0"
    assert call("DELETE", f"/users/{boss['Id']}").status == 404


def test_the_managers_name_is_shown(call: Caller) -> None:
    boss = call.user("boss@example.com", FirstName="Bo", LastName="Ss")
    ann = call.user("ann@example.com", ManagerId=boss["Id"])
    assert call("GET", f"/users/{ann['Id']}").json["ManagerName"] == "Bo Ss"


def test_a_created_user_may_be_invisible_for_a_while(make: Make, times: Times) -> None:
    call = make(modes={"visibility_delay": 5.0})
    record = call.user()
    assert call("GET", f"/users/{record['Id']}").status == 404
    assert call("GET", "/users").json == []
    assert call("POST", "/users", record).status == 409
    times.forward(5)
    assert call.ids("/users") == [record["Id"]]
