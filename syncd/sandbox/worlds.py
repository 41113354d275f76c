"""Worlds: accounts to begin with, by name. Deterministic; the people are invented, their addresses lead nowhere."""

import json
import random
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAMES = ("empty", "people-200", "people-20000")
"""The names to tell about; any other number of people will do as well."""

_PEOPLE = re.compile(r"people-([1-9]\d{0,6})")
_FIRST_NAMES = """
Ada Adrian Agnes Aisha Alba Alma Amir Anders Anja Anton Arjun Astrid Aurora Bela Birgit Boris Camille Carlos Cecilia
Chiara Daan Dagmar Daria David Diego Edith Eero Elena Elias Emil Emma Erik Eva Fatima Felix Fiona Freya Georg Gita
Gustav Hana Hassan Helena Henrik Ida Igor Ilse Imran Inés Ingrid Isaac Ivana Jakub Jasmin Joana Johan Julia Kaan
Karin Kenji Klara Lars Laura Leila Leon Linnéa Lucia Magnus Maja Marek Maria Mateo Maya Mehmet Mila Miriam Mohamed
Nadia Nikola Nina Noah Olga Olivia Oscar Paula Pavel Priya Rafael Rana Ravi Renata Robert Ruth Samir Sara Sofia
Stefan Sunil Tamara Teresa Thomas Tobias Ursula Valeria Vera Victor Vikram Yara Yuki Zeynep Zoran
"""
_LAST_NAMES = """
Abbott Aalto Acosta Ahmed Albrecht Almeida Amsel Baker Banerjee Barros Bauer Becker Benali Berg Bianchi Blake Bose
Brandt Brown Carvalho Castro Chen Cohen Conti Cruz Dahl Das Diaz Duarte Eriksen Farkas Fernández Ferrari Ferreira
Fontaine Frank Fuchs Gallo Gomez Graf Green Gruber Gupta Haas Hansen Hassan Hill Hoffmann Holm Huber Ito Ivanov
Jakobsen Jensen Johansson Joshi Jung Kaiser Khan King Klein Koch Kovács Kumar Lang Larsen Lehmann Lopez Lund Mancini
Martin Mehta Meyer Mohr Molina Moreno Nagy Nakamura Neumann O'Connor Olsen Park Patel Peeters Pereira Pham Popescu
Quist Ramos Reyes Richter Roth Russo Sato Schmidt Schulz Shah Sharma Simon Singh Smith Sousa Stone Suzuki Takahashi
Torres Toth Vargas Vidal Virtanen Vogel Wagner Walker Weber Winter Wolf Wong Young Zhang Ziegler
"""
_FIRST = _FIRST_NAMES.split()
_LAST = _LAST_NAMES.split()
_DEPARTMENTS = {
    "Sales": ("Sales Representative", "Account Manager", "Sales Manager"),
    "Marketing": ("Content Editor", "Campaign Manager"),
    "Customer Care": ("Support Agent", "Support Lead"),
    "Engineering": ("Software Engineer", "Test Engineer", "Engineering Manager"),
    "Production": ("Machine Operator", "Shift Lead", "Quality Inspector"),
    "Logistics": ("Dispatcher", "Warehouse Clerk"),
    "Finance": ("Accountant", "Controller"),
    "People": ("HR Partner", "Recruiter"),
}
_CITIES = (
    ("Hamburg", "Germany"),
    ("Lyon", "France"),
    ("Porto", "Portugal"),
    ("Oslo", "Norway"),
    ("Austin", "USA"),
)
_COURSES = {
    "Welcome to the Company": "WEL-1",
    "How We Work": "WEL-2",
    "Code of Conduct Basics": "COC-1",
    "Phishing and Passwords": "SEC-1",
    "Handling Personal Data": "SEC-2",
    "Product Overview": "SAL-1",
    "Consultative Selling": "SAL-2",
    "Leading a Team": "LEA-1",
    "Giving Feedback": "LEA-2",
    "Fire Safety": "HSE-1",
}
_PATHS = {
    "Onboarding": ("Welcome to the Company", "How We Work"),
    "Code of Conduct": ("Code of Conduct Basics",),
    "Information Security": ("Phishing and Passwords", "Handling Personal Data"),
    "Sales Basics": ("Product Overview", "Consultative Selling"),
    "Leadership": ("Leading a Team", "Giving Feedback"),
}
_SINCE = "2024-01-08T09:00:00+00:00"
_LEVELS = {0: "Account_Owner", 1: "Administrator"}
_INACTIVE_EVERY = 25
_TEAM_SIZE = 400


def seed_of(source: str | Path | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The seed that is meant: a name, a JSON file, JSON data, or None for an empty account."""
    if source is None or source == "empty":
        return {}
    if isinstance(source, Mapping):
        return source
    if isinstance(source, str) and (match := _PEOPLE.fullmatch(source)):
        return people(int(match[1]))
    loaded = json.loads(Path(source).read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise ValueError(f"not a seed: {source}")  # noqa: TRY004 - the file is wrong, not the argument
    return loaded


def people(count: int, *, seed: int = 1) -> dict[str, Any]:
    """A company of ``count`` users in teams by department, with courses and paths; the same for the same arguments."""
    rng = random.Random(seed)
    users = [_person(rng, number) for number in range(count)]
    _distinct(users)
    heads: dict[str, str] = {}
    for user in users:
        head = heads.setdefault(user["CustomField1"], user["UserName"])
        boss = head if head != user["UserName"] else users[0]["UserName"]
        user["Manager"] = boss if boss != user["UserName"] else ""
    teams, memberships = _teams(users)
    return {
        "users": users,
        "teams": teams,
        "memberships": memberships,
        "courses": [{"Name": name, "Code": code, "CreatedDate": _SINCE} for name, code in _COURSES.items()],
        "learning_paths": [
            {
                "Name": name,
                "Description": f"{name} for everyone it concerns",
                "Courses": list(courses),
                "CreatedDate": _SINCE,
            }
            for name, courses in _PATHS.items()
        ],
        "assignments": _assignments(users, teams),
        "sessions": _sessions(users),
    }


def _sessions(users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two classes in "Fire Safety", one over and one far ahead; nobody is registered yet."""
    return [
        {
            "Course": "Fire Safety",
            "Name": name,
            "Instructor": users[0]["UserName"],
            "Location": "Training room 1",
            "Slots": 20,
            "Days": [{"StartDate": f"{day}T09:00:00+00:00", "EndDate": f"{day}T12:00:00+00:00"}],
            "CreatedDate": _SINCE,
        }
        for name, day in (
            ("Fire Safety, first class", "2024-03-04"),
            ("Fire Safety, next class", "2099-03-02"),
        )
    ]


def _person(rng: random.Random, number: int) -> dict[str, Any]:
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    department = rng.choice(tuple(_DEPARTMENTS))
    city, country = rng.choice(_CITIES)
    joined = f"{rng.randint(2014, 2023)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}T08:00:00+00:00"
    return {
        "UserName": _plain(f"{first}.{last}"),
        "FirstName": first,
        "LastName": last,
        "AccessLevel": _LEVELS.get(number, "Learner"),
        "Active": number % _INACTIVE_EVERY != _INACTIVE_EVERY - 1,
        "JobTitle": rng.choice(_DEPARTMENTS[department]),
        "CompanyName": "Example Works",
        "City": city,
        "Country": country,
        "CustomField1": department,
        "ExternalEmployeeId": f"{1001 + number:06d}",
        "PhoneWork": "" if number % 3 else "+1555010" + f"{number % 10000:04d}",
        "CreatedDate": joined,
    }


def _plain(name: str) -> str:
    """A name as it is in an address: lower case, no accents, no apostrophe."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return bare.lower().replace("'", "")


def _distinct(users: list[dict[str, Any]]) -> None:
    """Numbers those who share a name, and makes addresses."""
    taken: dict[str, int] = {}
    for user in users:
        stem = user["UserName"]
        taken[stem] = taken.get(stem, 0) + 1
        user["UserName"] = f"{stem}{taken[stem] if taken[stem] > 1 else ''}@example.com"
        user["Email"] = user["UserName"]
        user["IsCustomUsername"] = False


def _teams(users: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A root team for each department, below it one for each 400 people; leaders are the first of each team."""
    teams: list[dict[str, Any]] = []
    memberships: list[dict[str, Any]] = []
    for department in _DEPARTMENTS:
        staff = [user for user in users if user["CustomField1"] == department]
        teams.append({"Name": department, "Description": f"Everyone in {department}", "CreatedDate": _SINCE})
        groups = [staff] if len(staff) <= _TEAM_SIZE else _groups(staff)
        for number, group in enumerate(groups, 1):
            name = department
            if len(groups) > 1:
                name = f"{department} {number:02d}"
                teams.append({"Name": name, "ParentTeam": department, "CreatedDate": _SINCE})
            for place, user in enumerate(group):
                if place == 0 and user["AccessLevel"] == "Learner":
                    user["AccessLevel"] = "Team_Leader"
                row = {
                    "Team": name,
                    "UserName": user["UserName"],
                    "Leader": place == 0,
                    "CreatedDate": _SINCE,
                }
                memberships.append(row)
    return teams, memberships


def _groups(staff: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [staff[at : at + _TEAM_SIZE] for at in range(0, len(staff), _TEAM_SIZE)]


def _assignments(users: list[dict[str, Any]], teams: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sales teams have "Sales Basics"; every tenth person has "Code of Conduct", half of them finished."""
    rows: list[dict[str, Any]] = [
        {"Kind": "LearningPath", "Item": "Sales Basics", "Team": team["Name"], "CreatedDate": _SINCE}
        for team in teams
        if team["Name"].startswith("Sales")
    ]
    for number, user in enumerate(users[::10]):
        done = {"StartDate": _SINCE, "FinishDate": "2024-02-01T10:30:00+00:00"} if number % 2 else {}
        base = {"UserName": user["UserName"], "CreatedDate": _SINCE, **done}
        rows.append({"Kind": "LearningPath", "Item": "Code of Conduct", **base})
        rows.append({"Kind": "Course", "Item": "Code of Conduct Basics", "Direct": False, **base})
    return rows
