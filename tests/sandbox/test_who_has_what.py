"""Who has what, against a naive model: sets of pairs, and nothing else."""

import random
from dataclasses import dataclass, field

import pytest

from syncd.sandbox import Sandbox
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Make


@dataclass
class Model:
    """Pairs of (team, user), (user, path) given directly, and (team, path)."""

    members: set[tuple[str, str]] = field(default_factory=set)
    direct: set[tuple[str, str]] = field(default_factory=set)
    team_paths: set[tuple[str, str]] = field(default_factory=set)

    def by_team(self, user: str) -> set[str]:
        return {path for team, path in self.team_paths if (team, user) in self.members}

    def paths(self, user: str) -> set[str]:
        return self.by_team(user) | {path for who, path in self.direct if who == user}


def step(call: Caller, model: Model, rng: random.Random, ids: dict[str, list[str]]) -> None:
    """One random write, with the status the model expects."""
    user, team, path = (rng.choice(ids[kind]) for kind in ("users", "teams", "paths"))
    match rng.randrange(6):
        case 0:
            assert call("POST", f"/teams/{team}/users", [{"Id": user}]).status == 201
            model.members.add((team, user))
        case 1:
            expected = 200 if (team, user) in model.members else 404
            assert call("DELETE", f"/teams/{team}/users/{user}").status == expected
            model.members.discard((team, user))
        case 2:
            assert call("POST", f"/users/{user}/learningpaths", [{"Id": path}]).status == 200
            model.direct.add((user, path))
        case 3:
            has = path in model.paths(user)
            expected = 404 if not has else 406 if path in model.by_team(user) else 200
            assert call("DELETE", f"/users/{user}/learningpaths/{path}").status == expected
            if expected == 200:
                model.direct.discard((user, path))
        case 4:
            assert call("POST", f"/teams/{team}/learningpaths", [{"Id": path}]).status == 200
            model.team_paths.add((team, path))
        case _:
            assert call("DELETE", f"/teams/{team}/learningpaths", [{"Id": path}]).status == 200
            model.team_paths.discard((team, path))


@pytest.mark.parametrize("seed", range(6))
def test_random_writes_end_where_the_model_ends(make: Make, seed: int) -> None:
    call, model, rng = make(), Model(), random.Random(seed)
    ids = {
        "users": [str(call.user(f"user{number}@example.com")["Id"]) for number in range(4)],
        "teams": [call.team(f"T{number}") for number in range(3)],
        "paths": call.ids("/learningpaths"),
    }
    for _ in range(120):
        step(call, model, rng, ids)
    for user in ids["users"]:
        assert set(call.ids(f"/users/{user}/learningpaths")) == model.paths(user)
        assert set(call.ids(f"/users/{user}/teams")) == {team for team, who in model.members if who == user}
    for path in ids["paths"]:
        assert set(call.ids(f"/learningpaths/{path}/users")) == {
            u for u in ids["users"] if path in model.paths(u)
        }
    dump = call.sandbox.dump()
    assert Sandbox(seed=dump).dump() == dump
