"""A company lives: HR and people in Litmos do what they like in any order, and each push leaves Litmos as it must be.

A stateful machine plays both sides against the real sandbox, beside the naive model of ``tests/flows/company.py``. After
each push Litmos is exactly as the model says, so whoever was rejected is as before; an Account_Owner is never changed;
nobody exists twice; the limit is kept; and nothing is created again without a read between. At the end of each life two
pushes in fair weather end in the desired State, and a third one plans nothing and sends nothing.

The lives that are played by default are always the same ones. ``SYNCD_TEST_LIVES=500`` plays so many new ones:

    SYNCD_TEST_LIVES=500 scripts/test tests/flows/test_company.py -n 0
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from syncd.app import App
from syncd.core.holding import HoldMode
from syncd.core.limits import Limit, Limits
from syncd.planning.approval import approve, reject
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.store.database import open_database
from syncd.store.migrate import upgrade
from tests.flows.company import SAFETY, WORKS, Company, Person, Row, found, mapping_of_the_story
from tests.flows.rig import Rig, creates_without_a_read, person
from tests.flows.test_modes import control, give

LIVES = os.environ.get("SYNCD_TEST_LIVES", "")
NO_LIMITS = Limits(
    deactivations=Limit(),
    changes=Limit(),
    removals=Limit(),
    shrink_percent=100.0,
    grow_percent=None,
    overlap_percent=None,
    blank_percent=None,
    rejected_percent=100.0,
)
OWNER = "00000"
CLUB = "Book club"
MOST = 9
"""Employee ids go up to this number; that one is in Litmos before HR hires them."""
SEED: dict[str, Any] = {
    "users": [
        {
            "UserName": "owner@example.com",
            "FirstName": "O",
            "LastName": "W",
            "ExternalEmployeeId": OWNER,
            "AccessLevel": "Account_Owner",
        },
        {
            "UserName": "p5@example.com",
            "FirstName": "Old",
            "LastName": "Name",
            "ExternalEmployeeId": "00005",
            "Skype": "live:5",
            "City": "Ulm",
        },
    ],
    "teams": [{"Name": CLUB}],
    "memberships": [{"Team": CLUB, "UserName": "p5@example.com"}],
    "learning_paths": [{"Name": "Onboarding"}, {"Name": SAFETY}],
}
EARLIER = {OWNER: "owner@example.com", "00005": "p5@example.com"}
"""Who is in Litmos before syncd comes: employee id -> UserName."""
HR_CHANGES = (
    ("title", "Lead"),
    ("title", ""),
    ("first_name", "Ana"),
    ("department", "Sales"),
    ("department", "Support"),
    ("department", WORKS),
    ("status", "Left"),
    ("status", "Active"),
    ("email", ""),
)
"""Column and value; "" as an e-mail address is one that nobody had before."""
IN_LITMOS = (
    "JobTitle",
    "LastName",
    "Email",
    "ExternalEmployeeId",
    "deactivates",
    "removes from a managed team",
    "adds to a managed team",
    "adds to a foreign team",
    "gives a path",
    "begins a path",
)
"""What a person does there: an edit of that field, or that."""
BAD_ROWS = ("e-mail", "status", "twice", "no id", "missing", "shared")
STORMS = (
    {"kind": "drop_after", "method": "POST"},
    {"kind": "drop_before", "method": "POST"},
    {"kind": "drop_after", "method": "PUT"},
    {"kind": "truncated", "method": "POST"},
    {"kind": "drop_after", "method": "DELETE"},
)
"""Answers to writes that are lost, before or after Litmos did as it was told."""


@cache
def empty_database() -> bytes:
    """A database at head: migrated once, and copied for each life."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "syncd.db"
        database = open_database(f"sqlite:///{path}")
        upgrade(database)
        database.close()
        return path.read_bytes()


@dataclass(frozen=True, kw_only=True)
class Held:
    """What waits for a decision: the Run, what was read for it, and who is to lose access."""

    run_id: int
    rows: list[Row]
    leavers: frozenset[str]
    mode: HoldMode


class Life(RuleBasedStateMachine):
    """One company from its first day on."""

    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="syncd-company-")
        path = Path(self.folder.name)
        (path / "syncd.db").write_bytes(empty_database())
        self.sandbox = Sandbox(limit=400, window=0.05, seed=SEED).start()
        self.rig = Rig(
            sandbox=self.sandbox, database=open_database(f"sqlite:///{path / 'syncd.db'}"), folder=path
        )
        self.rig.changed = {
            "mapping": mapping_of_the_story(),
            "limits": NO_LIMITS,
            "refresh_max_age": 0.0,
            "settle_delay": 0.01,
            "config_digest": "one",  # so pushes that are not fresh look at few
        }
        self.owner = self.sandbox.dump()["users"][0]
        self.company = Company(protected=frozenset({OWNER}), unlinked=set(EARLIER))
        for employee_id, name in EARLIER.items():
            ((fields, active, teams, paths),) = found(self.sandbox, {name}).values()
            self.company.people[employee_id] = Person(fields, active=active, teams=teams, paths=paths)
        self.hr: dict[str, Row] = {}
        """HR as it should be: employee id -> row"""
        self.bad: dict[str, str] = {}
        """what is wrong with somebody's row in HR's file"""
        self.linked: set[str] = set()
        """whom a push has tied to their user"""
        self.held: Held | None = None
        self.approved: set[str] = set()
        """whose deactivation a person has approved"""
        self.names = 0

    def teardown(self) -> None:
        """Two pushes without faults, and a third that has nothing to do."""
        try:
            if self.hr:
                self._ends_in_step()
        finally:
            self.sandbox.stop()
            self.rig.database.close()
            self.folder.cleanup()

    def _ends_in_step(self) -> None:
        self._push(fresh=True)
        self._push(fresh=True)
        before = self.rig.writes()
        assert self.rig.push().draft.plan.changes == ()
        assert self.rig.push(fresh=True).draft.plan.changes == ()
        assert self.rig.writes() == before

    # ---- what HR does

    @initialize(target=people)
    def first_day(self) -> Any:
        """Somebody owns the account, and four people work here."""
        self.hr[OWNER] = person(0, email="owner@example.com", title="Boss")
        for number in range(1, 5):
            self.hr[f"{number:05d}"] = person(number)
        return multiple(*self.hr)

    @precondition(lambda self: len(self.hr) <= MOST)
    @rule(target=people, department=st.sampled_from(["Sales", WORKS]))
    def hire(self, department: str) -> str:
        """A new person; the fifth one is in Litmos already."""
        number = len(self.hr)
        self.hr[f"{number:05d}"] = person(number, department=department)
        return f"{number:05d}"

    @rule(edits=st.lists(st.tuples(people, st.sampled_from(HR_CHANGES)), min_size=1, max_size=4))
    def hr_changes(self, edits: list[tuple[str, tuple[str, str]]]) -> None:
        """Edits, moves, leavers, rehires, renames."""
        for one, (column, value) in edits:
            self.hr[one][column] = self._fresh_address() if column == "email" else value

    @rule(one=people, other=people)
    def swap_addresses(self, one: str, other: str) -> None:
        """Each has the other's from now on."""
        self.hr[one]["email"], self.hr[other]["email"] = self.hr[other]["email"], self.hr[one]["email"]

    @rule(one=people, other=people)
    def inherit_an_address(self, one: str, other: str) -> None:
        """Somebody is given another person's address, who gets a new one."""
        self.hr[one]["email"], self.hr[other]["email"] = self.hr[other]["email"], self._fresh_address()

    def _fresh_address(self) -> str:
        self.names += 1
        return f"new{self.names}@example.com"

    @rule(one=people, what=st.sampled_from(BAD_ROWS))
    def write_a_bad_row(self, one: str, what: str) -> None:
        """From now on something is wrong with their row, until it is put right."""
        self.bad[one] = what

    @precondition(lambda self: self.bad)
    @rule()
    def put_the_rows_right(self) -> None:
        """HR mends its file."""
        self.bad.clear()

    def _rows(self) -> list[Row]:
        """HR's file as it is, bad rows and all."""
        rows = []
        for employee_id, row in self.hr.items():
            match self.bad.get(employee_id):
                case "e-mail":
                    rows.append({**row, "email": "nobody at all"})
                case "status":
                    rows.append({**row, "status": "Sabbatical?"})
                case "twice":
                    rows += [row, {**row, "title": "Twin"}]
                case "no id":
                    rows.append({**row, "employee_id": ""})
                case "shared":
                    rows.append(
                        {**row, "email": self.hr[OWNER if employee_id == "00001" else "00001"]["email"]}
                    )
                case "missing":
                    pass
                case _:
                    rows.append(row)
        return [dict(row) for row in rows]

    # ---- what people do in Litmos (not while something waits for approval: that was planned from what was before)

    @precondition(lambda self: not self.held)
    @rule(edits=st.lists(st.tuples(people, st.sampled_from(IN_LITMOS)), min_size=1, max_size=4))
    def people_in_litmos(self, edits: list[tuple[str, str]]) -> None:
        """What HR owns is repaired, what a rule gives is given again; the rest stays, and what is begun is not taken."""
        for one, what in edits:
            if user := self._touchable(one):
                self._in_litmos(user, what)

    def _in_litmos(self, user: Person, what: str) -> None:
        match what:
            case "deactivates":
                self._edit(user, "deactivate")
                user.active = False
            case "removes from a managed team" if managed := sorted(user.teams - {CLUB}):
                self._edit(user, "remove_member", Team=managed[0])
                user.teams.remove(managed[0])
            case "adds to a managed team" if "Support" in self._teams() - user.teams:
                self._edit(user, "add_member", Team="Support")
                user.teams.add("Support")
            case "adds to a foreign team" if CLUB not in user.teams:
                self._edit(user, "add_member", Team=CLUB)
                user.teams.add(CLUB)
            case "gives a path" if SAFETY not in user.paths:
                give(self.rig, user.fields["UserName"], SAFETY)
                user.paths.add(SAFETY)
            case "begins a path" if SAFETY in user.paths:
                body = {"UserName": user.fields["UserName"], "LearningPath": SAFETY, "Percentage": 40}
                control(self.sandbox, "complete", body)
                user.started.add(SAFETY)
            case "JobTitle" | "LastName" | "Email" | "ExternalEmployeeId":
                value = "drift@example.com" if what == "Email" else "Drift"
                self._edit(user, "set_user", set={what: value})
                user.fields[what] = value

    def _touchable(self, one: str) -> Person | None:
        """Somebody active whom syncd knows; what people do to others is not its affair."""
        user = self.company.people.get(one)
        return user if user and user.active and one in self.linked else None

    def _teams(self) -> set[str]:
        return {team["Name"] for team in self.sandbox.dump()["teams"]}

    def _edit(self, user: Person, do: str, **what: Any) -> None:
        control(self.sandbox, "edit", {"do": do, "UserName": user.fields["UserName"], **what})

    # ---- what syncd does

    @rule(fresh=st.booleans())
    def push(self, *, fresh: bool) -> None:
        """After a full reading, or one of what changed."""
        self._push(fresh=fresh)

    @rule(storm=st.sampled_from(STORMS), nth=st.integers(1, 4))
    def push_in_a_storm(self, storm: dict[str, Any], nth: int) -> None:
        """One answer is lost; it makes no difference."""
        self.sandbox.faults.set([{**storm, "nth": nth}])
        self._push(fresh=False)

    def _push(self, *, fresh: bool) -> None:
        self.held = None
        rows = self._rows()
        self.rig.hr = rows
        pushed = self.rig.push(fresh=fresh)
        self.sandbox.faults.set([])
        assert self._ended(pushed.run_id) == "succeeded"
        self._applied(rows)

    @rule(mode=st.sampled_from(HoldMode))
    def push_within_a_small_limit(self, mode: HoldMode) -> None:
        """Nobody may lose access: a push that would take it is held, all of it or that part."""
        self.held = None
        rows = self._rows()
        self.rig.hr = rows
        leavers = self._leavers(rows) - self.approved
        with self._within(replace(NO_LIMITS, deactivations=Limit(count=0)), mode):
            pushed = self.rig.push(fresh=True)
        state = self._ended(pushed.run_id)
        if not leavers:
            assert state == "succeeded"
            self._applied(rows)
            return
        assert state == "held"
        self.held = Held(run_id=pushed.run_id, rows=rows, leavers=frozenset(leavers), mode=mode)
        if mode is HoldMode.SLICE:
            self._applied([row for row in rows if row["employee_id"] not in leavers])
        self.as_expected()

    @precondition(lambda self: self.held)
    @rule()
    def approve(self) -> None:
        """What waits is done as it was planned, whatever HR says by now."""
        held = self._decided()
        with self._app() as app:
            approve(app, held.run_id, actor="ana")
            drain(app, held.run_id)
        assert self._ended(held.run_id) == "succeeded"
        self.approved |= held.leavers
        if held.mode is HoldMode.ALL:
            self._applied(held.rows)
        else:
            self._applied([row for row in held.rows if row["employee_id"] in held.leavers])

    @precondition(lambda self: self.held)
    @rule()
    def reject(self) -> None:
        """Nothing of what waits is done."""
        held = self._decided()
        with self._app() as app:
            reject(app, held.run_id, actor="ana", reason="not today")
        self.as_expected()

    def _decided(self) -> Held:
        held, self.held = self.held, None
        assert held is not None
        return held

    @contextmanager
    def _app(self) -> Iterator[App]:
        app = self.rig.open()
        try:
            yield app
        finally:
            app.client.close()

    @contextmanager
    def _within(self, limits: Limits, mode: HoldMode) -> Iterator[None]:
        before = dict(self.rig.changed)
        self.rig.changed |= {"limits": limits, "hold": mode}
        yield
        self.rig.changed = before

    def _ended(self, run_id: int) -> str:
        return str(self.rig.run(run_id)["state"])

    def _leavers(self, rows: list[Row]) -> set[str]:
        refused = self.company.refused(rows) | self.company.protected
        return {
            row["employee_id"]
            for row in rows
            if row["status"] == "Left"
            and row["employee_id"] not in refused
            and row["employee_id"] in self.company.people
            and self.company.people[row["employee_id"]].active
        }

    def _applied(self, rows: list[Row]) -> None:
        self.company.hr_says(rows)
        refused = self.company.refused(rows)
        named = {row["employee_id"] for row in rows} - refused - self.company.protected
        self.linked |= named & self.company.people.keys()
        self.as_expected()

    # ---- what must be so

    def as_expected(self) -> None:
        """Litmos is as the model says, of everybody; nobody is there twice or besides; and Litmos was treated well."""
        users = self.sandbox.dump()["users"]
        have, want = found(self.sandbox, {user["UserName"] for user in users}), self.company.expected()
        wrong = [(name, have.get(name), want.get(name)) for name in have.keys() | want.keys()]
        wrong = [(name, is_so, must_be) for name, is_so, must_be in wrong if is_so != must_be]
        assert not wrong, f"(username, as it is, as it must be): {wrong}"
        assert len(users) == len(self.company.people)
        assert users[0] == self.owner
        assert self.sandbox.audit()["rejected_503"] == 0
        assert creates_without_a_read(self.sandbox) == []
        assert self.sandbox.errors == []


@pytest.mark.timeout(0 if LIVES else 600)
def test_a_company_lives():
    playing = settings(
        max_examples=int(LIVES or 15),
        stateful_step_count=30 if LIVES else 15,
        derandomize=not LIVES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Life, settings=playing)
