"""``syncd grants`` and ``syncd adopt``, as an administrator uses them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.workbench import Workbench, workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Six people; somebody put p1 and p2 (who is in Support) into Sales by hand before syncd came."""
    with workbench(tmp_path) as made:
        made.in_process = True
        made.staff(6)
        edit(
            made,
            *(
                {
                    "do": "create_user",
                    "set": {"UserName": f"p{n}@example.com", "FirstName": "P", "LastName": str(n)},
                }
                for n in (1, 2)
            ),
            {"do": "create_team", "Name": "Sales"},
            *({"do": "add_member", "Team": "Sales", "UserName": f"p{n}@example.com"} for n in (1, 2)),
        )
        made.run("push", "--fresh")
        yield made


def edit(bench: Workbench, *edits: dict[str, Any]) -> None:
    """What a person does in Litmos."""
    httpx.post(f"{bench.sandbox.control_url}/edit", json=list(edits)).raise_for_status()


def origins(bench: Workbench, whose: str) -> dict[tuple[str, str], tuple[str, str, bool]]:
    """(who, object's kind) -> (origin, rule, a rule gives it) of ``syncd grants WHOSE --json``."""
    found = json.loads(bench.run("grants", whose, "--json").stdout)["holdings"]
    return {
        (one["who"], one["object"] if one["kind"] == "membership" else one["object"].partition(":")[0]): (
            one["origin"],
            one["rule"],
            one["a_rule_gives_it"],
        )
        for one in found
    }


def members(bench: Workbench, team: str) -> set[str]:
    """The usernames in a team of the sandbox."""
    dump = bench.sandbox.dump()
    ids = {row["Id"] for row in dump["teams"] if row["Name"] == team}
    names = {user["Id"]: user["UserName"] for user in dump["users"]}
    return {names[m["UserId"]] for m in dump["memberships"] if m["TeamId"] in ids and m["Active"]}


def test_grants_say_which_rule_gave_what_and_what_was_made_by_hand(bench):
    assert origins(bench, "00003") == {
        ("00003", "sales"): ("syncd", "teams[0]", True),
        ("00003", "learning_path"): ("syncd", "learning_paths[0]", True),
    }
    assert origins(bench, "Sales") == {
        ("00001", "sales"): ("foreign", "", True),
        ("00002", "sales"): ("foreign", "", False),
        ("00003", "sales"): ("syncd", "teams[0]", True),
        ("00005", "sales"): ("syncd", "teams[0]", True),
    }
    shown = bench.run("grants", "sales").stdout
    assert "made by hand; a rule gives it as well" in shown
    assert "given by teams[0] in run 1" in shown
    assert "learning_paths[0]" in bench.run("grants").stdout
    bench.run("grants", "Nobody", expect=1)


def test_what_was_adopted_is_taken_like_what_syncd_gave_and_the_rest_stays(bench):
    dry = bench.run("adopt", "--rule", "teams[0]", "--dry-run")
    assert "teams[0]: 1 would be adopted" in dry.stdout
    assert origins(bench, "00001")["00001", "sales"][0] == "foreign"
    asked = len(bench.sandbox.log)
    assert "teams[0]: 1 are adopted" in bench.run("adopt", "--rule", "teams[0]").stdout
    assert len(bench.sandbox.log) == asked
    assert origins(bench, "00001")["00001", "sales"] == ("adopted", "teams[0]", True)
    assert "teams[0]: 0 are adopted" in bench.run("adopt", "--rule", "teams[0]").stdout
    rows = bench.staff(6)
    for row in rows:
        row["department"] = "Support"
    bench.write_hr(rows)
    bench.run("push")
    assert members(bench, "Sales") == {"p2@example.com"}


def test_a_rule_that_is_not_there_is_refused_with_those_that_are(bench):
    refused = bench.run("adopt", "--rule", "teams[7]", expect=1)
    assert "teams[0], learning_paths[0]" in refused.stderr


def test_grants_of_a_team_tell_what_the_team_itself_is_given(bench):
    bench.configure(("  - path: Onboarding", "  - {path: Onboarding, via: team, team: Sales}"))
    bench.staff(7)
    bench.run("push", "--fresh")
    bench.run("refresh")
    found = json.loads(bench.run("grants", "Sales", "--json").stdout)["holdings"]
    (gift,) = [one for one in found if one["kind"] == "team_assignment"]
    assert (gift["who"], gift["origin"], gift["rule"]) == ('team "Sales"', "syncd", "learning_paths[0]")
    assert origins(bench, "00007")["00007", "learning_path"][0] == "team"
    assert origins(bench, "00003")["00003", "learning_path"][0] == "syncd"
