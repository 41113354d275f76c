"""The sandbox agrees with the vendor's OpenAPI document, but where recordings or working clients contradict it.

Every path that both know is called. A member that the document has and the answer lacks, one too many, or one of another
type fails, unless the tables below say why. Removing any member from any answer of the sandbox fails a test here.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from syncd.sandbox.routes import ROUTES
from tests.sandbox.caller import Caller

CONTRACT: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data/litmos-openapi/contract.json").read_text(encoding="utf-8")
)
WORLD = {
    "users": [{"UserName": f"p{n}@example.com", "FirstName": "P", "LastName": str(n)} for n in range(3)],
    "teams": [{"Name": "Sales"}, {"Name": "EMEA", "ParentTeam": "Sales"}],
    "courses": [{"Name": "Fire Safety", "Points": 10, "Badge": "Fire warden"}],
    "learning_paths": [{"Name": "Onboarding", "Courses": ["Fire Safety"]}],
    "sessions": [
        {
            "Course": "Fire Safety",
            "Name": name,
            "Instructor": "p0@example.com",
            "Days": [{"StartDate": f"{day}T09:00:00Z", "EndDate": f"{day}T12:00:00Z"}],
            "Registrations": [{"UserName": "p1@example.com", "Completed": True, "Attended": True}],
        }
        for name, day in (("Past", "2026-03-02"), ("To come", "2026-04-02"))
    ],
}
SPAN = {"since": "2026-03-03", "to": "2026-03-06"}

SPELT: dict[str, str] = {
    "Username": "UserName",
    "EnableTextNotifications": "EnableTextNotification",
    "SalesforcecontactId": "SalesforceContactId",
    "ComplaintTillDate": "CompliantTillDate",
    "ComplaintTill": "CompliantTill",
    "ImporStatus": "ImportStatus",
    "Item": "Items",
    "CompletedDate": "DateCompleted",
}
"""Members that the document misspells: the other spelling is recorded, or seen in clients (the mode other_names plays some)."""

LACKING: dict[str, tuple[set[str], str]] = {
    "GET /teams": ({"Description"}, "not in the list of teams that a client captured"),
    "GET /users/{userId}/teams": ({"Description"}, "a list of teams like GET /teams"),
    "GET /courses/{courseId}/modules": (
        {"Active", "ContentURL", "HideDescription", "ModuleType", "NewWindow", "ReviewMode"},
        "the recorded rows have four members",
    ),
    "GET /org/courses": (
        {
            *("CompliantTillDays", "CourseImageURL", "DisplayOrder", "IncludeInLibrary"),
            *("TimeLimitDate", "TimeLimitDays"),
        },
        "settings of a course are not simulated",
    ),
    "GET /org/learningpaths": ({"ImageURL", "IsCourseOptionalOrder"}, "settings are not simulated"),
}
"""Members of the document that the sandbox leaves out, by path, and why."""

MORE: dict[str, str] = {
    "Culture": "recorded in every full record of a user",
    "Password": "recorded in every full record of a user, blank",
    "IsAPIImport": "in the vendor's help page on bulk imports",
    "SeqId": "captured by a client",
    "Tags": "captured by a client",
    "Languages": "captured by a client",
    "CourseTeamLibrary": "captured by a client",
    "CourseCodeForBulkImport": "in the vendor's help page on courses",
    "AccessTillDate": "captured by a client",
    "OriginalId": "captured by a client",
    "IsEquivalency": "captured by a client",
    "LearningPathTeamLibrary": "captured by a client",
    "UpdatedBy": "as in the other date windows",
}
"""Members that the sandbox gives beyond the document, and the evidence."""

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}
OTHER_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "PercentageComplete": ((float,), "decimal in recordings"),
    "Price": ((float,), "recorded as 0.00"),
    "Score": ((str,), "text of up to 50 characters in the help page"),
    "TimeTaken": ((int,), "a number of seconds in the help page"),
    "UpToDate": ((bool,), "a boolean like its neighbours"),
}
"""Members whose type differs from the document's, and why; Original...Id are numbers in every recording."""

UNSHAPED = {
    "GET /learningpaths/{learningpathId}/courses",
    "GET /learningpaths/{learningpathId}/users",
    "GET /teams/{teamId}/teams",
    "GET /courses/{courseId}/modules/ILT",
    "GET /courses/{courseId}/modules/{moduleId}/registration",
    "GET /courses/{courseId}/modules/{moduleId}/sessions",
    "GET /courses/{courseId}/modules/{moduleId}/sessions/{sessionId}",
    "GET /courses/{courseId}/modules/{moduleId}/sessions/{sessionId}/attendance",
    "GET /courses/{courseId}/modules/{moduleId}/sessions/{sessionId}/rollcall",
    "GET /instructors",
    "GET /instructors/{instructorId}/sessions",
    "GET /sessions/future",
    "GET /sessions/past",
}
"""The document says nothing of their answers."""
NAMELESS = {"GET /teams/{teamId}/gamificationdetails", "GET /users/{userId}/gamificationdetails"}
"""Nor of these, whose rows have no Id of their own but the user's."""
SUMMARY_ONLY = {"GET /courses/{courseId}/details": "settings of a course are not simulated; its identity is"}


def templates() -> dict[str, str]:
    """``GET /users/{}`` of the sandbox -> ``GET /users/{userId}`` of the document."""
    return {re.sub(r"\{\w+\}", "{}", name): name for name in CONTRACT}


SHARED = sorted(templates()[key] for r in ROUTES if (key := f"{r.method} {r.path}") in templates())
READS = [
    name
    for name in SHARED
    if name.startswith("GET ") and name not in UNSHAPED | NAMELESS | SUMMARY_ONLY.keys()
]


class Place:
    """A sandbox in which every list has a row, and the ids to ask for."""

    def __init__(self, call: Caller) -> None:
        """Fill it: members, a leader and an admin, a path begun, a course, a result, a login, an import with an error."""
        self.call = call
        people = call("GET", "/users", search="p1@").json + call("GET", "/users", search="p2@").json
        user, other = (row["Id"] for row in people)
        teams = {row["Name"]: row["Id"] for row in call("GET", "/teams").json}
        path = call("GET", "/learningpaths").json[0]["Id"]
        course = call("GET", "/courses").json[0]["Id"]
        module = call("GET", f"/courses/{course}/modules").json[0]["Id"]
        team = teams["Sales"]
        call("POST", f"/teams/{team}/users", [{"Id": user}, {"Id": other}])
        call("PUT", f"/teams/{team}/leaders/{user}")
        call("PUT", f"/teams/{team}/admins/{other}")
        call("POST", f"/users/{user}/learningpaths", [{"Id": path}])
        call("POST", f"/users/{user}/courses", [{"Id": course}])
        call("POST", f"/teams/{team}/learningpaths", [{"Id": path}])
        call("POST", f"/teams/{team}/courses", [{"Id": course}])
        call.control("POST", "complete", {"UserName": "p1@example.com", "LearningPath": "Onboarding"})
        call.control("POST", "edit", {"do": "login", "UserName": "p1@example.com"})
        wrong = {"Username": "x", "FirstName": "", "LastName": ""}
        made = call("POST", "/bulkimports", [wrong]).json["Id"]
        self.ids = {
            "userId": user,
            "teamId": team,
            "learningpathId": path,
            "courseId": course,
            "moduleId": module,
            "bulkImportId": made,
            "sessionId": call("GET", "/sessions/past").json[0]["Id"],
            "instructorId": call("GET", "/instructors").json[0]["Id"],
        }

    def get(self, path: str, **query: str) -> Any:
        """The answer to a path of the document, which must be a 200."""
        for name, found in self.ids.items():
            path = path.replace(f"{{{name}}}", found)
        window = SPAN if path.startswith(("/org/", "/results/details")) else {}
        return self.call("GET", path, **{**window, **query})


@pytest.fixture
def place(make: Any, times: Any) -> Place:
    made = Place(make(seed=WORLD, bulk_delay=1.0))
    times.forward(5)
    return made


def test_most_of_what_the_document_has_for_people_teams_paths_and_results_is_served():
    assert len(READS) >= 40
    assert UNSHAPED | SUMMARY_ONLY.keys() <= set(SHARED)


@pytest.mark.parametrize("name", READS)
def test_an_answer_has_the_members_and_types_of_the_document(name, place):
    got = place.get(name.removeprefix("GET "))
    assert got.status == 200, got.body
    told = CONTRACT[name]["success"]["200"]
    rows = got.json if isinstance(got.json, list) else [got.json]
    assert rows, "the fixture gives every list a row"
    lacking, _why = LACKING.get(name, (set(), ""))
    for row in rows:
        wanted = {
            spelt(member, row): kind for member, kind in told["members"].items() if member not in lacking
        }
        assert wanted.keys() - row.keys() == set()
        assert row.keys() - wanted.keys() - MORE.keys() == set()
        for member, kind in wanted.items():
            assert row[member] is None or isinstance(row[member], types(member, kind)), (member, row[member])


def spelt(member: str, row: dict[str, Any]) -> str:
    """The member as recorded, where the document misspells it."""
    return member if member in row else SPELT.get(member, member)


def types(member: str, kind: str) -> tuple[type, ...]:
    """The types that a value of this member may have."""
    if member in OTHER_TYPES:
        return OTHER_TYPES[member][0]
    if member.endswith("OriginalId") or re.fullmatch(r"Original\w+Id", member):
        return (int,)
    return TYPES[kind]


@pytest.mark.parametrize("name", sorted(UNSHAPED | SUMMARY_ONLY.keys()))
def test_what_the_document_leaves_open_answers_with_its_identity(name, place):
    got = place.get(name.removeprefix("GET "))
    rows = got.json if isinstance(got.json, list) else [got.json]
    assert got.status == 200
    assert all(row["Id"] for row in rows)
    assert rows


@pytest.mark.parametrize("name", sorted(NAMELESS))
def test_what_was_earned_names_whose_it_is(name, place):
    got = place.get(name.removeprefix("GET "))
    assert got.status == 200
    assert {row["UserId"] for row in got.json} == {place.ids["userId"]}


def test_what_is_sent_to_a_session_is_what_the_document_has(place):
    """The members of its EventUser are those of a roll call, and its counts those of a registration."""
    row = place.get("/courses/{courseId}/modules/{moduleId}/sessions/{sessionId}/rollcall").json[0]
    assert row.keys() == {
        *("Id", "EventStatus", "FirstName", "LastName", "Email", "CompanyName", "Score", "Completed")
    }
    path = "/courses/{courseId}/modules/{moduleId}/sessions/{sessionId}/users/register"
    for name, found in place.ids.items():
        path = path.replace(f"{{{name}}}", found)
    name = "POST /courses/{courseId}/modules/{moduleId}/sessions/{sessionId}/users/register"
    counts = place.call("POST", path, [{"Id": row["Id"]}]).json
    assert counts == dict.fromkeys(CONTRACT[name]["success"]["200"]["members"], 0) | {
        "TotalUsersRegistered": 1
    }


SINCE_ALONE = ("GET /results/details", "to")
"""A client in production sends ``since`` without ``to`` there (seen in its code)."""


@pytest.mark.parametrize(
    ("name", "missing"),
    sorted(
        {(name, each) for name in READS if CONTRACT[name]["query"].get("since") for each in ("since", "to")}
        - {SINCE_ALONE}
    ),
)
def test_required_parameters_are_required(name, missing, place):
    got = place.get(name.removeprefix("GET "), **{missing: ""})
    assert got.status == 406
    assert {"400", "406"} & set(CONTRACT[name]["errors"]), "400 is all that it says of some"


def test_every_exception_to_the_document_is_still_needed(place):
    """A member that the sandbox has come to agree about does not stay in the tables."""
    for name, (members, _why) in LACKING.items():
        answer = place.get(name.removeprefix("GET ")).json
        rows = answer if isinstance(answer, list) else [answer]
        assert all(members.isdisjoint(row) for row in rows), name
        assert members <= CONTRACT[name]["success"]["200"]["members"].keys(), name
