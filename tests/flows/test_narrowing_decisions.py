"""The oracle of ``test_narrowing`` over histories in which people also decide: held runs, single people, reverts, adoptions.

With rules that have conditions, roles, a learning path by way of a team, and strict ones.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from syncd.app import App
from syncd.core.conditions import OneOf
from syncd.core.limits import Limit, Limits
from syncd.core.model import Role
from syncd.core.rules import ItemRule, RoleRule
from syncd.errors import SyncdError
from syncd.planning.adopting import adopt
from syncd.planning.approval import approve, reject
from syncd.sending.crew import drain
from syncd.store import runs
from syncd.sync import push, revert
from tests.core.factories import path_name
from tests.flows.rig import place
from tests.flows.test_lifecycle import calendar
from tests.flows.test_narrowing import NARROW, STRICT, Story, both, prepared, told

__all__ = ["calendar"]

STEPS = 20


def one_of(column: str, *values: str) -> OneOf:
    return OneOf(column=column, where="syncd.yaml:1:1", values=frozenset(values))


RULES = replace(
    NARROW,
    teams=(
        replace(
            NARROW.teams[0],
            roles={Role.LEADER: RoleRule(place=place("teams[0].leaders"), when=one_of("title", "Boss"))},
        ),
    ),
    items=(
        *NARROW.items,
        ItemRule(
            place=place("learning_paths[1]"),
            item=path_name("Sales Basics"),
            when=one_of("department", "Sales"),
            strict=True,
        ),
        ItemRule(
            place=place("learning_paths[2]"), item=path_name("Onboarding"), team=("Commercial", "Support")
        ),
    ),
)
STRICT_RULES = replace(RULES, teams=tuple(replace(rule, strict=True) for rule in RULES.teams))


class Decided(Story):
    """What people do with syncd besides."""

    def row(self) -> dict[str, str]:
        return self.dice.choice([row for row in self.rig.hr if row["employee_id"].lstrip("a").isdigit()])

    def by_hand(self, does: Callable[[App], Any]) -> None:
        """A command; that it is refused is all right."""
        self.rig.write_hr()
        app = self.rig.open()
        try:
            with suppress(SyncdError):
                does(app)
        finally:
            app.client.close()

    def sent(self, app: App, pushed: Any) -> None:
        if pushed.state == "running":
            drain(app, pushed.run_id)

    def hr_nameless_row(self) -> None:
        self.rig.hr.append({**self.row(), "employee_id": "", "email": "q@example.com"})

    def hr_no_nameless_rows(self) -> None:
        self.rig.hr = [row for row in self.rig.hr if row["employee_id"]]

    def time_of_one_person(self) -> None:
        who = self.row()["employee_id"]
        self.by_hand(lambda app: self.sent(app, push(app, self.rig.run_id("push"), people=[who])))

    def time_of_adoption(self) -> None:
        rule = self.dice.choice(["teams[0]", "learning_paths[0]", "learning_paths[1]"])
        self.by_hand(lambda app: adopt(app, rule, actor="ana", dry_run=False))

    def time_of_a_revert(self) -> None:
        with self.rig.database.read() as conn:
            found = [row["id"] for row in runs.listed(conn, "main", limit=10) if row["flow"] == "push"]
        self.by_hand(
            lambda app: self.sent(app, revert(app, self.rig.run_id("push"), self.dice.choice(found)))
        )

    def time_of_a_held_run(self) -> None:
        """It is approved, at once or after something else, or rejected, or waits."""
        limits = self.rig.changed["limits"]
        self.rig.changed["limits"] = Limits(changes=Limit(count=0), shrink_percent=90, minimum_population=0)
        held = self.rig.push()
        verdict = self.dice.choice(["approve", "approve later", "reject", "wait"])
        if held.state == "held" and verdict == "approve later":
            self.step()
        if held.state == "held" and verdict.startswith("approve"):
            self.by_hand(lambda app: (approve(app, held.run_id, actor="ana"), drain(app, held.run_id)))
        if held.state == "held" and verdict == "reject":
            self.by_hand(lambda app: reject(app, held.run_id, actor="ana", reason="no"))
        self.rig.changed["limits"] = limits


@pytest.mark.parametrize(("seed", "mapping"), [(1, RULES), (2, STRICT_RULES), (3, STRICT)])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_not_looked_at_is_planned_for_whatever_people_decide(seed, mapping, calendar):
    rig, dice = prepared(calendar, mapping), random.Random(seed)
    story, happened = Decided(calendar, dice), ["start"]
    for number in range(STEPS):
        if dice.random() < 0.8:
            rig.refresh()
        whole, narrow, _ = both(rig)
        assert told(narrow) == told(whole), f"seed {seed}, step {number}: {happened[-8:]}"
        rig.push(drained=dice.random() < 0.8)
        for _ in range(dice.randint(0, 3)):
            with suppress(IndexError):  # there is nothing to choose from
                happened.append(story.step())
