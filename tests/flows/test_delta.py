"""Delta refreshes over the sandbox: their cost, and that the mirror ends up as a full refresh would have it."""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from syncd.core.delta import Readings
from syncd.core.limits import Limits
from syncd.core.profile import normalise_profile
from syncd.errors import LitmosError
from syncd.sandbox.server import Sandbox
from syncd.store import drift, mirror
from syncd.store.database import Database
from syncd.store.mirror_tables import (
    litmos_assignment,
    litmos_item,
    litmos_membership,
    litmos_team,
    litmos_user,
)
from syncd.store.schema import watermark
from syncd.sync import refresh
from tests.flows.rig import Rig, person

WORLD = {"learning_paths": [{"Name": "Onboarding"}, {"Name": "Sales Basics"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Twelve people in Litmos, and a mirror that knows them."""
    with Sandbox(limit=1000, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 13)])
        made.changed = {"limits": Limits(minimum_population=1000), "refresh_max_age": 0.0}
        made.push()
        yield made


def delta(rig: Rig) -> dict[str, int]:
    """One delta refresh."""
    app = rig.open()
    try:
        return refresh(app, rig.run_id("refresh"), delta=True)
    finally:
        app.client.close()


def edit(rig: Rig, *edits: dict[str, Any]) -> None:
    """What a person does in Litmos."""
    httpx.post(f"{rig.sandbox.control_url}/edit", json=list(edits)).raise_for_status()


def requests(rig: Rig) -> list[str]:
    return [entry.path for entry in rig.sandbox.log]


def whole(rig: Rig, *, hide: frozenset[str] = frozenset()) -> dict[str, Any]:
    """All that the mirror holds, without times; people as they are compared."""
    with rig.database.read() as conn:
        rows = conn.execute(select(litmos_user.c.id, litmos_user.c.active, litmos_user.c.profile)).all()
        members = conn.execute(select(litmos_membership.c.team_id, litmos_membership.c.user_id)).all()
        given = conn.execute(
            select(
                litmos_assignment.c.kind,
                litmos_assignment.c.item_id,
                litmos_assignment.c.user_id,
                litmos_assignment.c.completed,
                litmos_assignment.c.percent,
            )
        ).all()
        teams = mirror.team_facts(conn, "main")
        paths = conn.execute(
            select(litmos_item.c.kind, litmos_item.c.id, litmos_item.c.name, litmos_item.c.active)
        ).all()
    inactive = {row.id for row in rows if not row.active}
    return {
        "users": {row.id: (row.active, normalise_profile(row.profile)) for row in rows},
        "teams": [asdict(team) for team in teams],
        "members": sorted(tuple(row) for row in members if row.user_id not in inactive),
        "paths": sorted(tuple(row) for row in paths),
        "assignments": sorted(tuple(row) for row in given if row.user_id not in inactive),
    }


def make_old(rig: Rig, **ages: timedelta) -> None:
    """As if the last readings, or those of all lists, had been so long ago."""
    with rig.database.write() as conn:
        now = rig.database.now(conn)
        for name, age in ages.items():
            if name == "lists":
                conn.execute(
                    update(litmos_team)
                    .where(litmos_team.c.members_read_at.is_not(None))
                    .values(members_read_at=now - age)
                )
                conn.execute(
                    update(litmos_item)
                    .where(litmos_item.c.users_read_at.is_not(None))
                    .values(users_read_at=now - age)
                )
            else:
                conn.execute(update(watermark).where(watermark.c.name == name).values(value=now - age))


def test_a_delta_with_nothing_changed_takes_six_requests_and_changes_nothing(rig):
    rig.refresh()
    before, sent = whole(rig), len(requests(rig))
    counts = delta(rig)
    assert counts["requests"] == len(requests(rig)) - sent == 6
    assert counts["drift"] == 0
    assert whole(rig) == before
    assert rig.writes() == rig.writes()


def test_what_syncd_itself_has_just_written_is_not_read_again_and_is_no_drift(rig):
    rig.refresh()
    rig.hr[0]["department"] = "Legal"
    rig.hr[1]["title"] = "Lead"
    rig.hr.append(person(13))
    rig.push()
    sent = len(requests(rig))
    counts = delta(rig)
    assert (counts["requests"], counts["drift"]) == (6, 0)
    assert len(requests(rig)) - sent == 6


def test_a_push_reads_what_changed_before_it_plans(rig):
    edit(rig, {"do": "set_user", "UserName": "p3@example.com", "set": {"JobTitle": "Rogue"}})
    sent = len(requests(rig))
    pushed = rig.push()
    assert [change.after for change in pushed.draft.plan.changes] == [{"JobTitle": "Rep"}]
    reads = [path for path in requests(rig)[sent:] if path.startswith("/org/")]
    assert len(reads) == 6
    assert "/users/details" not in requests(rig)[sent:]
    assert rig.users()["p3@example.com"]["JobTitle"] == "Rep"


def test_a_team_that_a_person_deleted_is_let_go_and_not_asked_for_again(rig):
    edit(rig, {"do": "create_team", "Name": "Short-lived"})
    rig.refresh()
    edit(rig, {"do": "delete_team", "Team": "Short-lived"})
    assert delta(rig)["gone"] == 1
    assert delta(rig)["requests"] == 6


def test_drift_is_recorded_with_field_before_and_after(rig):
    rig.refresh()
    edit(
        rig,
        {"do": "set_user", "UserName": "p3@example.com", "set": {"JobTitle": "Rogue", "City": "Bonn"}},
        {"do": "remove_member", "Team": "Sales", "UserName": "p5@example.com"},
        {"do": "add_member", "Team": "Support", "UserName": "p5@example.com"},
    )
    assert delta(rig)["drift"] == 4
    users = {user["Id"]: user["UserName"] for user in rig.sandbox.dump()["users"]}
    teams = {team["Id"]: team["Name"] for team in rig.sandbox.dump()["teams"]}
    with rig.database.read() as conn:
        rows = drift.listed(conn, "main")
    found = {
        (users[row["user_id"]], teams.get(row["object_id"], ""), row["field"], row["before"], row["after"])
        for row in rows
        if row["run_id"] == max(row["run_id"] for row in rows)
    }
    assert found == {
        ("p3@example.com", "", "JobTitle", "Rep", "Rogue"),
        ("p3@example.com", "", "City", "", "Bonn"),
        ("p5@example.com", "Sales", "Member", True, False),
        ("p5@example.com", "Support", "Member", False, True),
    }


NO_PAGES = ("<html/>", "[", "{}", "[1]", "")
WINDOWS = ("^/org/users/details", "^/org/teams/users", "^/org/learningpaths/results")


def test_a_page_that_is_none_fails_the_delta_and_leaves_all_as_it_was(rig):
    rig.refresh()
    edit(rig, {"do": "set_user", "UserName": "p3@example.com", "set": {"JobTitle": "Rogue"}})
    before, readings = whole(rig), last_readings(rig)
    for path, answer in product(WINDOWS, NO_PAGES):
        rig.sandbox.faults.set([{"kind": "status", "status": 200, "body": answer, "path": path, "count": 0}])
        with pytest.raises(LitmosError):
            delta(rig)
        assert rig.sandbox.faults.rows()[0]["fired"] > 0, path
        assert (whole(rig), last_readings(rig)) == (before, readings), (path, answer)
    rig.sandbox.faults.set([])
    assert delta(rig)["drift"] == 1


def last_readings(rig: Rig) -> Readings:
    """When what was last read."""
    with rig.database.read() as conn:
        return mirror.readings(conn, "main")


def test_a_removal_that_litmos_does_not_report_is_found_by_the_rolling_check(rig):
    httpx.post(f"{rig.sandbox.control_url}/modes", json={"removals_reported": False}).raise_for_status()
    rig.refresh()
    edit(rig, {"do": "remove_member", "Team": "Sales", "UserName": "p5@example.com"})
    assert delta(rig)["drift"] == 0
    make_old(rig, lists=timedelta(hours=47), read=timedelta(hours=24))
    counts = delta(rig)
    assert counts["lists_checked_for_their_age"] > 0
    assert counts["drift"] == 1


def test_an_add_that_litmos_ignored_without_a_word_is_found_and_done_again(rig):
    """It answers 201 to a member that it does not take; here it takes her and lets her go again, untold."""
    httpx.post(f"{rig.sandbox.control_url}/modes", json={"removals_reported": False}).raise_for_status()
    rig.refresh()
    rig.hr[0]["department"] = "Legal"
    rig.push()
    edit(rig, {"do": "remove_member", "Team": "Legal", "UserName": "p1@example.com"})
    assert ("Legal", "p1@example.com") not in rig.members()
    pushed = rig.push()
    assert [change.key for change in pushed.draft.plan.changes] == ["membership:00001@commercial/legal"]
    assert ("Legal", "p1@example.com") in rig.members()


def test_after_an_outage_the_windows_are_walked_and_an_old_full_reading_is_done_anew(rig):
    rig.refresh()
    rig.changed |= {"check_within": 30 * 86400.0}
    make_old(rig, refreshed=timedelta(days=20), read=timedelta(days=20), lists=timedelta(hours=1))
    sent = len(requests(rig))
    assert delta(rig)["requests"] == 6 * 4 == len(requests(rig)) - sent
    make_old(rig, refreshed=timedelta(days=31))
    assert "users" in delta(rig)


def test_a_full_refresh_stays_within_its_budget(rig):
    """P(users) + P(teams) + P(paths) + one P for each managed team and mapped path, P(n) being n // 1000 + 1."""
    counts = rig.refresh()
    managed, mapped = 3, 1
    assert counts["requests"] == 1 + 1 + 1 + managed + mapped


MODES: list[dict[str, Any]] = [
    {},
    {"removals_reported": False},
    {"date_shift": True},
    {"extra_rows": 3},
    {"html_entities": True, "put_mode": "merge", "other_names": True},
    {"to_hides_today": False, "utc_offset_minutes": 600, "date_shift": True},
]


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: ",".join(modes) or "default")
@pytest.mark.parametrize("seed", [1])
def test_after_any_edits_a_delta_and_the_check_leave_the_mirror_as_a_full_refresh_would(seed, modes, rig):
    """Users may be changed, created and switched off and on, teams made and renamed, members moved, paths begun."""
    httpx.post(f"{rig.sandbox.control_url}/modes", json=modes).raise_for_status()
    rig.refresh()
    dice = random.Random(seed)
    for _ in range(3):
        for number in range(12):
            with contextlib.suppress(httpx.HTTPStatusError):  # who is in no team leaves none
                edit(rig, some_edit(dice, number))
        make_old(rig, lists=timedelta(hours=49))
        assert "changed_users" in delta(rig)
        told = whole(rig)
        rig.refresh()
        assert told == whole(rig)


def some_edit(dice: random.Random, number: int) -> dict[str, Any]:
    """One edit that a person might make."""
    who = f"p{dice.randint(1, 12)}@example.com"
    team = dice.choice(["Sales", "Support"])
    return dice.choice(
        [
            {"do": "set_user", "UserName": who, "set": {"JobTitle": f"T & {dice.random()}", "City": "Köln"}},
            {"do": "deactivate", "UserName": who},
            {"do": "activate", "UserName": who},
            {"do": "add_member", "Team": team, "UserName": who},
            {"do": "remove_member", "Team": team, "UserName": who},
            {"do": "create_team", "Name": f"New {number} {dice.random()}", "ParentTeam": team},
            {
                "do": "create_user",
                "set": {"UserName": f"n{dice.random()}@example.com", "FirstName": "N", "LastName": "N"},
            },
        ]
    )
