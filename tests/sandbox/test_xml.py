from xml.etree import ElementTree as ET

import pytest

from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
SHORT = "<User><Id/><UserName>ann@example.com</UserName><FirstName>Ann</FirstName><LastName>Lee</LastName>{}</User>"


def parsed(body: bytes) -> ET.Element:
    return ET.fromstring(body)  # noqa: S314 - our own sandbox wrote it


def text(body: bytes, path: str) -> str | None:
    found = parsed(body).find(path)
    assert found is not None
    return found.text


def test_xml_is_the_default_answer(call: Caller) -> None:
    call.user("ann@example.com", City="", CompanyName="A & B <Ltd>")
    got = call.xml("GET", "/users/details")
    user = parsed(got.body).find("User")
    assert got.headers["content-type"].startswith("application/xml")
    assert user is not None
    assert user.findtext("CompanyName") == "A & B <Ltd>"
    assert user.findtext("Active") == "true"
    nil, blank = user.find("State"), user.find("City")
    assert nil is not None
    assert nil.get(NIL) == "true"
    assert blank is not None
    assert blank.get(NIL) is None
    assert b"<City/>" in got.body
    assert call.xml("GET", "/teams").body.endswith(b"/>")


@pytest.mark.parametrize(
    ("query", "headers", "kind"),
    [
        ("", {}, "application/xml"),
        ("&format=json", {}, "application/json"),
        ("", {"Accept": "application/json"}, "application/json"),
        ("", {"Content-Type": "application/json"}, "application/json"),
        ("&format=xml", {"Accept": "application/json"}, "application/xml"),
    ],
)
def test_any_of_three_asks_for_json(call: Caller, query: str, headers: dict[str, str], kind: str) -> None:
    got = call.send(
        "GET", f"/v1.svc/users?source=t{query}", None, {"apikey": call.sandbox.api_key, **headers}
    )
    assert got.headers["content-type"].startswith(kind)


def test_users_are_written_in_xml(call: Caller) -> None:
    got = call.xml("POST", "/users", SHORT.format("<Active>true</Active>"))
    assert got.status == 201
    assert text(got.body, "FullName") == "Ann Lee"
    duplicate = call.xml("POST", "/users", SHORT.format(""))
    assert (duplicate.status, text(duplicate.body, "Detail")) == (409, "UserName already exists")


@pytest.mark.parametrize(("strict", "active"), [(True, "false"), (False, "true")])
def test_an_element_out_of_order_is_skipped_without_a_word(make: Make, active: str, *, strict: bool) -> None:
    call = make(modes={"strict_xml_order": strict})
    got = call.xml("POST", "/users", SHORT.format("<TimeZone>UTC</TimeZone><Active>true</Active>"))
    assert got.status == 201
    assert text(got.body, "Active") == active
    assert text(got.body, "TimeZone") == "UTC"


def test_lists_are_written_in_xml(call: Caller) -> None:
    ann, team = call.user()["Id"], call.team("A")
    body = f"<Users><User><Id>{ann}</Id></User><User><Id>nobody</Id></User></Users>"
    assert call.xml("POST", f"/teams/{team}/users", body).status == 201
    assert text(call.xml("GET", f"/teams/{team}/users").body, "User/Id") == ann
    assert call.xml("POST", f"/teams/{team}/users", "<Users/>").status == 404


def test_xml_takes_iso_dates(call: Caller) -> None:
    ann, course = call.user()["Id"], call.ids("/courses")[0]
    module = call.ids(f"/courses/{course}/modules")[0]
    body = (f"<ModuleResult><CourseId>{course}</CourseId><UserId>{ann}</UserId><Score>9</Score>"
            "<Completed>true</Completed><UpdatedAt>{}</UpdatedAt></ModuleResult>")  # fmt: skip
    assert call.xml("PUT", f"/results/modules/{module}", body.format("2026-03-03T08:00:00.5")).status == 200
    got = call.xml("GET", f"/users/{ann}/courses")
    assert text(got.body, "Course/CompletedDate") == "2026-03-03T08:00:00.500"
    assert call.xml("PUT", f"/results/modules/{module}", body.format("yesterday")).status == 500


@pytest.mark.parametrize(
    "body", ["<User>", "<Team/>", "nothing", '<!DOCTYPE x [<!ENTITY a "b">]><User>&a;</User>']
)
def test_malformed_xml_gets_a_400(call: Caller, body: str) -> None:
    assert call.xml("POST", "/users", body).status == 400


def test_nested_lists_have_their_element_names(call: Caller) -> None:
    call.user("ann@example.com")
    got = call.xml("GET", "/users/paginated")
    assert text(got.body, "Pagination/TotalCount") == "1"
    assert text(got.body, "Items/User/UserName") == "ann@example.com"
