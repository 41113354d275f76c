"""A company as a naive model: what Litmos must hold after what HR and people did. It imports nothing of syncd's core.

``Company`` is told what HR and people do in the order in which they do it; ``found`` is what the sandbox really holds.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from syncd.core.conditions import OneOf
from syncd.core.rules import ItemRule
from syncd.sandbox.server import Sandbox
from tests.core.factories import path_name
from tests.flows.rig import MAPPING, field_rule, place

ODD = "&<>\"'/é漢"
SAFETY = f"Safety {ODD}"
WORKS = f"Works {ODD}"
SHOWN = ("UserName", "Email", "FirstName", "LastName", "JobTitle", "ExternalEmployeeId", "City", "Skype")
"""The fields that are compared."""

Row = dict[str, str]
"""One HR row: column -> text."""


@dataclass
class Person:
    """What Litmos should hold of one user, by name."""

    fields: dict[str, Any]
    active: bool = True
    teams: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    by_rule: set[str] = field(default_factory=set)
    """teams and paths that a rule gave, and may take again"""
    started: set[str] = field(default_factory=set)
    """paths that are begun: nobody takes them"""


@dataclass
class Company:
    """The naive model: users by employee id (or username, where HR knows none)."""

    people: dict[str, Person] = field(default_factory=dict)
    forgets_teams: bool = False
    """whether deactivation ends memberships"""
    protected: frozenset[str] = frozenset()
    """to whom nothing ever happens"""
    unlinked: set[str] = field(default_factory=set)
    """who was in Litmos before syncd came, and is not tied to their user yet: until then they give up no name"""

    def hr_says(self, rows: list[Row]) -> None:
        """What a push of these rows makes of Litmos."""
        refused = self.refused(rows)
        for each in self.people.values():  # what somebody took meanwhile is nobody's grant any more
            each.by_rule &= each.teams | each.paths
        for row in rows:
            one = self.people.get(row["employee_id"])
            if row["employee_id"] in refused | self.protected:
                continue
            self.unlinked.discard(row["employee_id"])
            if row["status"] == "Left":
                if one is not None and one.active:
                    one.active = False
                    one.teams -= one.teams if self.forgets_teams else set()
                continue
            if one is None:
                one = self.people[row["employee_id"]] = Person({"City": row["division"], "Skype": None})
            one.active = True
            one.fields.update(
                UserName=row["email"].lower(),
                Email=row["email"].lower(),
                FirstName=row["first_name"],
                LastName=row["last_name"],
                JobTitle=row["title"],
                ExternalEmployeeId=row["employee_id"],
            )
            self._give(
                one, row["department"], {"Onboarding"} | ({SAFETY} if row["department"] == WORKS else set())
            )

    @staticmethod
    def _give(one: Person, team: str, paths: set[str]) -> None:
        ended = one.by_rule - {team} - paths - one.started
        given = ({team} | paths) - one.teams - one.paths
        one.teams = one.teams - ended | {team}
        one.paths = one.paths - ended | paths
        one.by_rule = one.by_rule - ended | given

    def refused(self, rows: list[Row]) -> set[str]:
        """The employee ids of all rows that are not applied: to those people nothing may happen."""
        ids = Counter(row["employee_id"] for row in rows)
        bad = {
            row["employee_id"]
            for row in rows
            if ids[row["employee_id"]] > 1
            or not row["employee_id"]
            or ("@" not in row["email"] and row["status"] != "Left")  # who leaves needs no address
            or row["status"] not in {"Active", "Left"}
        }
        active = [row for row in rows if row["status"] == "Active" and row["employee_id"] not in bad]
        shared = Counter(row["email"].lower() for row in active)
        bad |= {row["employee_id"] for row in active if shared[row["email"].lower()] > 1}
        wanted = {row["employee_id"]: row["email"].lower() for row in active}
        return bad | self._contested({one: name for one, name in wanted.items() if one not in bad})

    def _contested(self, wanted: dict[str, str]) -> set[str]:
        """Who cannot have the name they are given, since somebody has it and keeps it."""
        holders = {one.fields.get("UserName", "").lower(): key for key, one in self.people.items()}
        moving = {key: name for key, name in wanted.items() if key not in self.protected}
        while True:
            stuck = {
                key
                for key, name in moving.items()
                if (holder := holders.get(name, key)) != key
                and (holder in self.unlinked or moving.get(holder, name) == name)
            }
            if not stuck:
                return wanted.keys() - moving.keys() - self.protected
            moving = {key: name for key, name in moving.items() if key not in stuck}

    def expected(self) -> dict[str, Any]:
        """Username -> fields, whether active, teams, paths; "" for null."""
        return {
            one.fields["UserName"]: (
                {name: value or "" for name, value in one.fields.items()},
                one.active,
                one.teams,
                one.paths,
            )
            for one in self.people.values()
        }


def found(sandbox: Sandbox, names: set[str]) -> dict[str, Any]:
    """What the sandbox holds of these users, as ``Company.expected`` says it."""
    dump = sandbox.dump()
    titles = {row["Id"]: row["Name"] for kind in ("teams", "learning_paths") for row in dump[kind]}

    def held(rows: list[dict[str, Any]], user_id: str, key: str) -> set[str]:
        return {titles[row[key]] for row in rows if row.get("UserId") == user_id and row["Active"]}

    paths = [row for row in dump["assignments"] if row["Kind"] == "LearningPath"]
    return {
        user["UserName"]: (
            {name: user[name] or "" for name in SHOWN},
            user["Active"],
            held(dump["memberships"], user["Id"], "TeamId"),
            held(paths, user["Id"], "ItemId"),
        )
        for user in dump["users"]
        if user["UserName"] in names
    }


def mapping_of_the_story() -> Any:
    """The rig's mapping, with a field that is set at creation at most and a learning path for one department."""
    works = OneOf(column="department", where="syncd.yaml:1:1", values=frozenset({WORKS}))
    return replace(
        MAPPING,
        fields=(*MAPPING.fields, replace(field_rule("City", "division"), on_create=True)),
        items=(
            *MAPPING.items,
            ItemRule(place=place("learning_paths[1]"), item=path_name(SAFETY), when=works),
        ),
    )
