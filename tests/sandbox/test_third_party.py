"""Clients that others wrote, pointed at the sandbox: what they send, byte for byte, and the answers that they rely on.

Two public clients were run unchanged against the sandbox (docs/litmos.md says which, and what they did). They cannot be
installed from here, so their requests are replayed: same method, path, query, headers and form of body. Where the Python
client is installed (``pip install litmos-api``), it runs itself.
"""

import http.client
import importlib.util
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.needs import need
from tests.sandbox.caller import Caller

WORLD = {
    "users": [{"UserName": f"p{n}@example.com", "FirstName": "P", "LastName": str(n)} for n in range(450)],
    "courses": [{"Name": "Fire Safety"}],
    "learning_paths": [{"Name": "Onboarding", "Courses": ["Fire Safety"]}],
}
XML_HEADER = {"Content-Type": "application/xml"}


def raw(
    call: Caller, method: str, target: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, bytes]:
    """One request with just these headers and the key, as such a client sends it."""
    place = urlsplit(call.sandbox.base_url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    try:
        connection.request(method, f"{place.path}{target}", body, {"apikey": call.sandbox.api_key, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def client(make: Callable[..., Caller]) -> SimpleNamespace:
    """JSON as the Python client sends it: no Accept, a body only where there is one; and XML as the Node.js one does."""
    call = make(seed=WORLD)

    def as_json(method: str, path: str, body: Any = None, more: str = "") -> Any:
        data, headers = (
            (None, {}) if body is None else (json.dumps(body).encode(), {"Content-Type": "application/json"})
        )
        status, answer = raw(call, method, f"{path}?source=third-party&format=json{more}", data, headers)
        assert status < 300, answer
        return json.loads(answer) if answer else None

    def as_xml(
        method: str, path: str, body: str = "", more: str = "&start=0&limit=1000"
    ) -> ET.Element | None:
        status, answer = raw(
            call, method, f"{path}?source=third-party{more}", body.encode() or None, XML_HEADER
        )
        assert status < 300, answer
        return ET.fromstring(answer) if answer else None  # noqa: S314 - our own sandbox's answer

    return SimpleNamespace(json=as_json, xml=as_xml, call=call)


def text(element: ET.Element | None, path: str) -> str:
    assert element is not None
    found = element.find(path)
    assert found is not None, ET.tostring(element)
    return found.text or ""


def test_a_json_client_pages_until_a_page_is_empty(client):
    found: list[str] = []
    start = 0
    while page := client.json("GET", "/users", more=f"&limit=200&start={start}" if start else "&limit=200"):
        found += [row["Id"] for row in page]
        start += 200
    assert len(found) == len(set(found)) == 450


def test_a_json_client_creates_searches_updates_and_deactivates(client):
    blank = dict.fromkeys(client.json("GET", "/users/details", more="&limit=1")[0], "")
    new = {**blank, "UserName": "jo@example.com", "FirstName": "Jo", "LastName": "B & C", "Active": True}
    made = client.json("POST", "/users", new)
    assert client.json("GET", "/users", more="&search=jo@example.com")[0]["Id"] == made["Id"]
    full = client.json("GET", f"/users/{made['Id']}")
    assert (full["LastName"], full["Active"]) == ("B & C", True)
    client.json("PUT", f"/users/{made['Id']}", {**full, "JobTitle": "Baker", "Active": False})
    again = client.json("GET", f"/users/{made['Id']}")
    assert (again["JobTitle"], again["Active"], again["LastName"]) == ("Baker", False, "B & C")


def test_a_json_client_works_with_teams_leaders_paths_and_results(client):
    user = client.json("GET", "/users", more="&search=p7@example.com")[0]["Id"]
    team = client.json("POST", "/teams", {"Id": "", "Name": "A-Team", "Description": "first"})["Id"]
    below = client.json("POST", f"/teams/{team}/teams", {"Id": "", "Name": "Below", "Description": ""})["Id"]
    assert [row["Id"] for row in client.json("GET", f"/teams/{team}/teams")] == [below]
    client.json(
        "POST",
        f"/teams/{team}/users",
        [{"Id": user, "UserName": "p7@example.com", "FirstName": "", "LastName": ""}],
    )
    client.json("PUT", f"/teams/{team}/leaders/{user}")
    assert [row["Id"] for row in client.json("GET", f"/teams/{team}/leaders")] == [user]
    client.json("DELETE", f"/teams/{team}/leaders/{user}")
    client.json("PUT", f"/teams/{team}/admins/{user}")
    assert [row["Id"] for row in client.json("GET", f"/teams/{team}/admins")] == [user]
    path = client.json("GET", "/learningpaths")[0]["Id"]
    client.json("POST", f"/users/{user}/learningpaths", [{"Id": path}])
    assert [row["Id"] for row in client.json("GET", f"/users/{user}/learningpaths")] == [path]
    course = client.json("GET", "/courses")[0]["Id"]
    module = client.json("GET", f"/courses/{course}/modules")[0]["Id"]
    result = {
        "UserId": user,
        "Score": "90",
        "Completed": True,
        "UpdatedAt": "/Date(1767322800000)/",
        "Note": "n",
    }
    client.json("PUT", f"/results/modules/{module}", {**result, "CourseId": course})
    rows = client.json("GET", "/results/details", more="&since=2020-01-01")
    assert [(row["Id"], row["Complete"]) for row in rows] == [(user, True)]
    client.json("DELETE", f"/teams/{team}/users/{user}")
    client.json("DELETE", f"/users/{user}/teams")


def test_an_xml_client_creates_searches_pages_and_updates(client):
    body = (
        "<User><Id></Id><UserName>xml@example.com</UserName><FirstName>X &amp; Y</FirstName><LastName>Z</LastName>"
        "<FullName></FullName><Email>xml@example.com</Email><AccessLevel>Learner</AccessLevel>"
        "<DisableMessages>true</DisableMessages><Active>true</Active><LastLogin></LastLogin><LoginKey></LoginKey>"
        "<IsCustomUsername>false</IsCustomUsername><SkipFirstLogin>false</SkipFirstLogin><TimeZone></TimeZone></User>"
    )
    made = text(client.xml("POST", "/users", body), "Id")
    users = client.xml("GET", "/users", more="&start=0&limit=1000&search=xml@example.com")
    assert text(users, "User/Id") == made
    assert len(client.xml("GET", "/users").findall("User")) == 451
    full = client.xml("GET", f"/users/{made}")
    assert (full.tag, text(full, "FirstName"), text(full, "Active")) == ("User", "X & Y", "true")
    full.find("JobTitle").text = "Baker"
    full.find("JobTitle").attrib.clear()
    client.xml("PUT", f"/users/{made}", ET.tostring(full, encoding="unicode"))
    again = client.xml("GET", f"/users/{made}")
    assert (text(again, "JobTitle"), text(again, "FirstName"), text(again, "Active")) == (
        "Baker",
        "X & Y",
        "true",
    )


def test_an_xml_client_works_with_teams_leaders_paths_courses_and_results(client):
    user = text(client.xml("GET", "/users", more="&search=p7@example.com"), "User/Id")
    team = text(
        client.xml("POST", "/teams", "<Team><Id></Id><Name>A</Name><Description>d</Description></Team>"), "Id"
    )
    client.xml(
        "POST", f"/teams/{team}/teams", "<Team><Id></Id><Name>B</Name><Description>d</Description></Team>"
    )
    assert text(client.xml("GET", f"/teams/{team}/teams"), "Team/Name") == "B"
    client.xml("POST", f"/teams/{team}/users", f"<Users><User><Id>{user}</Id></User></Users>")
    assert text(client.xml("GET", f"/teams/{team}/users"), "User/Id") == user
    client.xml("PUT", f"/teams/{team}/leaders/{user}")
    assert text(client.xml("GET", f"/teams/{team}/leaders"), "User/Id") == user
    path = text(client.xml("GET", "/learningpaths"), "LearningPath/Id")
    one = f"<LearningPaths><LearningPath><Id>{path}</Id></LearningPath></LearningPaths>"
    client.xml("POST", f"/users/{user}/learningpaths", one)
    assert text(client.xml("GET", f"/users/{user}/learningpaths"), "LearningPath/Id") == path
    assert text(client.xml("GET", f"/learningpaths/{path}/users"), "User/Id") == user
    course = text(client.xml("GET", "/courses"), "Course/Id")
    client.xml("POST", f"/users/{user}/courses", f"<Courses><Course><Id>{course}</Id></Course></Courses>")
    module = text(client.xml("GET", f"/courses/{course}/modules"), "Module/Id")
    client.xml(
        "PUT",
        f"/results/modules/{module}",
        f"<ModuleResult><CourseId>{course}</CourseId><UserId>{user}</UserId><Score>80</Score><Completed>true</Completed>"
        "<UpdatedAt>2026-01-02T03:04:05.000Z</UpdatedAt></ModuleResult>",
    )
    results = client.xml("GET", "/results/details", more="&start=0&limit=1000&since=2020-01-01")
    assert text(results, "User/Complete") == "true"


def test_the_python_client_itself(make):
    there = importlib.util.find_spec("litmos") is not None
    need("litmos-api", available=there, install="pip install litmos-api, a client by others")
    litmos = importlib.import_module("litmos")
    call = make(seed=WORLD)
    account = litmos.Litmos(call.sandbox.api_key, "third-party", call.sandbox.base_url)
    assert len(account.User.all()) == 450
    user = account.User.create(
        {"UserName": "jo@example.com", "FirstName": "Jo", "LastName": "B", "Email": "jo@example.com"}
    )
    assert [found.Id for found in account.User.search("jo@example.com")] == [user.Id]
    full = account.User.find(user.Id)
    full.JobTitle = "Baker"
    assert full.save()
    assert account.User.find(user.Id).JobTitle == "Baker"
    team = account.Team.create({"Name": "A-Team", "Description": "first"})
    team.add_sub_team(account.Team({"Name": "Below", "Description": ""}))
    team.add_users([full])
    team.promote_team_leader(full)
    assert [found.UserName for found in team.leaders()] == ["jo@example.com"]
    account.User.find(user.Id).deactivate()
    assert account.User.find(user.Id).Active is False
