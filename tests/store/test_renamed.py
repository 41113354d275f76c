"""What is remembered of teams by name goes along when they are called otherwise, and no row of another team is lost."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from syncd.core.operation import TeamFact
from syncd.store import grants, mirror, reflection, renamed, unwanted
from syncd.store.schema import grants as ledger
from tests.store.makers import ACCOUNT, new_run

CASES = [
    ("another name", {"t1": "A"}, {"t1": "B"}, {"a": "b"}),
    ("two swap", {"t1": "A", "t2": "B"}, {"t1": "B", "t2": "A"}, {"a": "b", "b": "a"}),
    ("handed on", {"t1": "A", "t2": "B"}, {"t1": "B", "t2": "C"}, {"a": "b", "b": "c"}),
    ("case only", {"t1": "A"}, {"t1": "a"}, {}),
    ("gone", {"t1": "A", "t2": "B"}, {"t1": "A"}, {}),
]


def team(team_id, name):
    return TeamFact(id=team_id, name=name, parent_id="")


def facts(teams):
    return [team(team_id, name) for team_id, name in teams.items()]


@pytest.mark.parametrize(
    ("before", "after", "texts"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_grants_and_since_when_they_are_unwanted_follow_teams(before, after, texts, database):
    run_id = new_run(database)
    names = ("a", "b", "other")
    with database.write() as conn:
        now = database.now(conn)
        for name in names:
            for kind in ("membership", "leader"):
                grants.add(conn, ACCOUNT, kind, [(f"u-{name}", name, "teams[0]")], run_id=run_id, now=now)
        grants.add(
            conn, ACCOUNT, "team_assignment", [("t1", "a", "learning_paths[0]")], run_id=run_id, now=now
        )
        grants.add(conn, ACCOUNT, "assignment", [("u-a", "a", "learning_paths[0]")], run_id=run_id, now=now)
        found = {f"membership:E-{name}@{name}": f"E-{name}" for name in names}
        unwanted.save(conn, ACCOUNT, found, looked_at=found.values(), now=now)
        for one in facts(after):
            reflection.put_team(conn, ACCOUNT, one, now)
        renamed.follow(conn, ACCOUNT, facts(before))
        given = {(row.kind, row.user_id, row.object_id) for row in conn.execute(select(ledger))}
        assert given == {
            ("team_assignment", "t1", "a"),
            ("assignment", "u-a", "a"),
            *(("membership", f"u-{name}", texts.get(name, name)) for name in names),
            *(("leader", f"u-{name}", texts.get(name, name)) for name in names),
        }
        assert unwanted.load(conn, ACCOUNT) == {
            f"membership:E-{name}@{texts.get(name, name)}": now for name in names
        }
        assert {one.name for one in mirror.team_facts(conn, ACCOUNT)} == set(after.values())


def test_what_was_given_under_the_new_name_already_stays_and_the_longer_time_holds(database):
    run_id = new_run(database)
    with database.write() as conn:
        now = database.now(conn)
        early = now - timedelta(days=3)
        grants.add(
            conn, ACCOUNT, "membership", [("u1", "a", "old"), ("u2", "a", "old")], run_id=run_id, now=now
        )
        grants.add(
            conn, ACCOUNT, "membership", [("u1", "b", "new"), ("u3", "b", "new")], run_id=run_id, now=now
        )
        unwanted.save(conn, ACCOUNT, {"membership:E1@a": "E1"}, looked_at=(), now=early)
        unwanted.save(conn, ACCOUNT, {"membership:E1@b": "E1"}, looked_at=(), now=now)
        reflection.put_team(conn, ACCOUNT, team("t1", "B"), now)
        renamed.follow(conn, ACCOUNT, [team("t1", "A")])
        rows = conn.execute(select(ledger.c.user_id, ledger.c.object_id, ledger.c.rule)).all()
        assert sorted(map(tuple, rows)) == [("u1", "b", "new"), ("u2", "b", "old"), ("u3", "b", "new")]
        assert unwanted.load(conn, ACCOUNT) == {"membership:E1@b": early}


def test_what_is_unwanted_is_stored_by_the_names_of_now_and_loaded_by_those_that_a_plan_gives(database):
    moved = {"a": "b", "b": "a"}
    with database.write() as conn:
        now = database.now(conn)
        found = unwanted.by_names_of_now({"membership:E1@b": "E1"}, moved)
        unwanted.save(conn, ACCOUNT, found, looked_at=["E1"], now=now)
        assert unwanted.load(conn, ACCOUNT) == {"membership:E1@a": now}
        assert unwanted.load(conn, ACCOUNT, moved) == {"membership:E1@b": now}
