"""The examples of docs/examples that have made-up data: each is pushed into the sandbox twice, and the second time nothing is left to do."""

from collections.abc import Mapping
from typing import Any

import pytest

from syncd.config import load
from tests.flows.test_real_data import ROOT, Synced, synced

DATA = ROOT / "docs" / "examples" / "data"

EXPECTED: Mapping[str, Mapping[str, Any]] = {
    "workday": {
        "file": "workday.csv",
        "users": {"10001": "Ana Novak", "10002": "Bo Berg", "00103": "Pat O'Neil, Jr."},
        "managers": {("10002", "10001"), ("00103", "10001")},
        "teams": {("", "Sales"), ("", "Engineering")},
        "first": "workday.csv:5",
    },
    "bamboohr": {
        "file": "bamboohr.csv",
        "users": {"1": "Sue Ito", "27": "Raj Patel"},
        "managers": {("27", "1")},
        "teams": {("", "Corporate"), ("Corporate", "Board"), ("Corporate", "People Team")},
        "first": "bamboohr.csv:2",
    },
    "successfactors": {
        "file": "successfactors.csv",
        "users": {"000123": "Carla Grant", "000124": "Dana Lee", "123": "Émile Roy"},
        "managers": {("000124", "000123"), ("123", "000124")},
        "teams": {("", "Corporate"), ("Corporate", "Executive"), ("Corporate", "Finance")},
        "first": "successfactors.csv:3",
    },
    "ukg": {
        "file": "ukg.csv",
        "users": {"000041": "Jeanne d'Arc", "000042": "Marc L'Oréal", "000043": 'Jo "JJ" Smith'},
        "managers": {("000042", "000041"), ("000043", "000041")},
        "teams": {("", "ACME-FR"), ("", "ACME-US")},
        "first": "ukg.csv:2",
    },
    "personio": {
        "file": "Mitarbeiter_{date}.csv",
        "users": {"1001": "Jürgen Müller", "1002": "Zoë Groß", "1003": "André Weiß"},
        "managers": {("1002", "1001"), ("1003", "1001")},
        "teams": {("", "Geschäftsführung"), ("", "Vertrieb")},
        "first": "Mitarbeiter_2024-04-26.csv:2",
    },
    "adp": {
        "file": "adp.csv",
        "users": {"G3AAA1": "Luz M Rivera", "G3AAA2": "Sam Cole", "G3AAA3": "Ike Diaz"},
        "managers": {("G3AAA2", "G3AAA1"), ("G3AAA3", "G3AAA1")},
        "teams": {("", "Operations"), ("", "Logistics")},
        "first": "adp.csv:2",
    },
}


def who(result: Synced) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """Id -> name of every user in Litmos, and (id, id of the manager)."""
    users = result.litmos["users"]
    ids = {user["Id"]: user["ExternalEmployeeId"] for user in users}
    names = {user["ExternalEmployeeId"]: f"{user['FirstName']} {user['LastName']}" for user in users}
    return names, {
        (user["ExternalEmployeeId"], ids[user["ManagerId"]]) for user in users if user["ManagerId"] != "0"
    }


@pytest.mark.parametrize("example", EXPECTED)
def test_an_example_brings_everybody_where_they_belong(example, tmp_path):
    expected = EXPECTED[example]
    result = synced(f"{example}.yaml", tmp_path, HR_FILE=str(DATA / expected["file"]), HR_FOLDER=str(DATA))
    assert (result.state, result.first.draft.rejections) == ("succeeded", ())
    names, managers = who(result)
    assert names == expected["users"]
    assert managers == expected["managers"]
    assert result.teams() == expected["teams"]
    assert result.first.intake.employees[0].origin == expected["first"]
    assert (result.second.draft.plan.changes, result.writes_of_second) == ((), 0)


def test_the_primary_position_decides_and_one_that_ended_does_not_end_the_person(tmp_path):
    """ADP: Sam's first position is not the primary one; Ike's primary position has ended, and another goes on."""
    result = synced("adp.yaml", tmp_path, HR_FILE=str(DATA / "adp.csv"))
    found = {user["ExternalEmployeeId"]: user for user in result.litmos["users"]}
    assert found["G3AAA2"]["JobTitle"] == "Supervisor"
    assert found["G3AAA2"]["CustomField1"] == "Y2_000777"
    assert found["G3AAA3"]["JobTitle"] == "Driver"


@pytest.mark.parametrize("example", EXPECTED)
def test_an_example_names_its_own_data(example):
    config = load(ROOT / "docs" / "examples" / f"{example}.yaml", environ={"LITMOS_API_KEY": "x"})
    assert config.sources[0].path == DATA / EXPECTED[example]["file"]  # type: ignore[union-attr]
    assert config.warnings == ()
