"""An invented company and its HR export, day by day. Deterministic: the same seed makes the same people."""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

FIRST_NAMES = (
    "Ana Ben Chloé Dario Elif Farah Goran Hanna Ivo Jana Kofi Lena Malik Nora Omar Petra Quentin Rosa Søren Tariq "
    "Uma Viktor Wanda Ximena Yusuf Zoë Amara Bruno Carla Dmitri Esra Finn Greta Hugo Ines Jonas Katja Luca Mina Nils"
).split()
LAST_NAMES = (
    "Novak Okafor Lindqvist Moreau Yilmaz García Petrov Jansen Müller Rossi Kowalski Haddad Nguyen Silva O'Brien "
    "Dubois Keller Tanaka Andersson Fischer Costa Demir Horvat Ibrahim Kaya Laurent Marino Nielsen Ortiz Papadakis"
).split()
DEPARTMENTS = (
    # division, department, share, titles
    ("Commercial", "Sales", 26, ("Account Manager", "Sales Representative", "Key Account Manager")),
    ("Commercial", "Marketing", 12, ("Content Editor", "Campaign Manager")),
    ("Commercial", "Customer Care", 18, ("Support Agent", "Support Lead")),
    ("Operations", "Production", 28, ("Machine Operator", "Shift Lead", "Quality Inspector")),
    ("Operations", "Logistics", 14, ("Dispatcher", "Warehouse Clerk")),
    ("Corporate", "Finance", 8, ("Controller", "Accountant")),
    ("Corporate", "People", 6, ("HR Partner", "Recruiter")),
    ("Corporate", "IT", 8, ("Systems Engineer", "Service Desk Analyst")),
)
PLACES = (("Hamburg", "DE"), ("Lyon", "FR"), ("Porto", "PT"), ("Oslo", "NO"), ("Ljubljana", "SI"))
COLUMNS = (
    "employee_id",
    "first_name",
    "last_name",
    "email",
    "job_title",
    "department",
    "division",
    "location",
    "country",
    "status",
    "hire_date",
    "manager_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One row of the HR export; every field is text, as in the file."""

    employee_id: str
    first_name: str
    last_name: str
    email: str
    job_title: str
    department: str
    division: str
    location: str
    country: str
    status: str
    hire_date: str
    manager_id: str = ""


def company(*, seed: int, today: date) -> list[Person]:
    """The 120 people of day 1, in the order of their ids (``00101`` and on: leading zeros are meant)."""
    rng = random.Random(seed)  # noqa: S311 - invented people, not secrets
    places = [spot for spot in DEPARTMENTS for _ in range(spot[2])]
    people: list[Person] = []
    used: set[str] = set()
    for number, (division, department, _, titles) in enumerate(places):
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        city, country = rng.choice(PLACES)
        person = Person(
            employee_id=f"{101 + number:05d}",
            first_name=first,
            last_name=last,
            email=_address(first, last, used),
            job_title=rng.choice(titles),
            department=department,
            division=division,
            location=city,
            country=country,
            status="Active",
            hire_date=(today - timedelta(days=rng.randrange(60, 4000))).isoformat(),
        )
        boss = next((p for p in people if p.department == department), people[0] if people else None)
        people.append(replace(person, manager_id=boss.employee_id if boss else ""))
    return people


def sample() -> list[Person]:
    """A few of them, who show what an export looks like: whoever heads a department."""
    staff = company(seed=7, today=date(2026, 1, 1))
    return [next(person for person in staff if person.department == row[1]) for row in DEPARTMENTS]


def _address(first: str, last: str, used: set[str]) -> str:
    plain = str.maketrans("éëøíüü'", "eeoiuu ", "")
    stem = f"{first}.{last}".lower().translate(plain).replace(" ", "")
    address, number = f"{stem}@example.com", 2
    while address in used:
        address, number = f"{stem}{number}@example.com", number + 1
    used.add(address)
    return address


HIRES = (
    ("Mateo", "Sorensen", "Sales", "Commercial"),
    ("Aiko", "Brandt", "Production", "Operations"),
    ("Leila", "Fontaine", "IT", "Corporate"),
    ("Tomasz", "Achterberg", "Customer Care", "Commercial"),
)
"""Who begins on day 2."""
STARTERS = (
    (3, ("Ingrid", "Valente", "Marketing", "Commercial")),
    (6, ("Samir", "Holloway", "Logistics", "Operations")),
)
"""Who begins so many days after day 2."""
KNOWN_TWICE = ("Noor", "Castellan", "Sales", "Commercial")
"""Who begins on day 2, and is in Litmos twice already, made by hand."""
MARRIED_NAME = "Winter"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondDay:
    """The export of day 2, and what happened in between, by employee_id."""

    rows: tuple[Person, ...]
    hired: tuple[str, ...]
    starters: tuple[str, ...]
    known_twice: Person
    left: tuple[str, ...]
    moved: str
    renamed: str
    promoted: str
    bad_email: str
    duplicated: str


def second_day(people: Sequence[Person], *, today: date) -> SecondDay:
    """Hires, some of them to come, leavers, a move, a rename, a promotion, a bad e-mail and a duplicate id."""
    rows = list(people)
    left = tuple(rows[i].employee_id for i in (5, 47, 90))
    for i in (5, 47, 90):
        rows[i] = replace(rows[i], status="Left")
    moved = rows[30] = replace(
        rows[30], department="Logistics", division="Operations", job_title="Dispatcher"
    )
    bride = rows[12]
    renamed = rows[12] = replace(
        bride,
        last_name=MARRIED_NAME,
        email=f"{bride.first_name}.{MARRIED_NAME}@example.com".lower(),
    )
    promoted = rows[100] = replace(rows[100], job_title="Head of Accounting")
    typo = rows[60] = replace(rows[60], email=rows[60].email.replace("@", "(at)"))
    hires = [_hire(301 + number, who, rows[0], today) for number, who in enumerate(HIRES)]
    soon = [
        _hire(311 + number, who, rows[0], today + timedelta(days=days))
        for number, (days, who) in enumerate(STARTERS)
    ]
    known_twice = _hire(321, KNOWN_TWICE, rows[0], today)
    twin = replace(rows[40], department="Finance", division="Corporate")
    # Both in the half that arrives on day 3, for quarantine and cases follow what was read last.
    rows.insert(51, twin)
    rows.insert(26, known_twice)
    return SecondDay(
        rows=(*rows, *hires, *soon),
        hired=tuple(person.employee_id for person in hires),
        starters=tuple(person.employee_id for person in soon),
        known_twice=known_twice,
        left=left,
        moved=moved.employee_id,
        renamed=renamed.employee_id,
        promoted=promoted.employee_id,
        bad_email=typo.employee_id,
        duplicated=twin.employee_id,
    )


def _hire(number: int, who: tuple[str, str, str, str], boss: Person, begins: date) -> Person:
    """Somebody new, whose first working day is ``begins``; ``who`` is first and last name, department and division."""
    first, last, department, division = who
    city, country = PLACES[number % len(PLACES)]
    return Person(
        employee_id=f"{number:05d}",
        first_name=first,
        last_name=last,
        email=f"{first}.{last}@example.com".lower(),
        job_title=next(row[3] for row in DEPARTMENTS if row[1] == department)[0],
        department=department,
        division=division,
        location=city,
        country=country,
        status="Active",
        hire_date=begins.isoformat(),
        manager_id=boss.employee_id,
    )


def third_day(rows: Sequence[Person]) -> list[Person]:
    """A broken export: the first half of the rows, cut cleanly at the end of one, and not a single job title."""
    return [replace(person, job_title="") for person in rows[: len(rows) // 2]]


def write_export(path: Path, rows: Sequence[Person]) -> None:
    """Write the HR export as UTF-8 CSV with a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(person, column) for column in COLUMNS] for person in rows)
