"""What is put aside at a deactivation, until when, and what ends it."""

from datetime import timedelta

from sqlalchemy import insert

from syncd.core.lifecycle import Had
from syncd.core.model import ItemKind
from syncd.core.operation import Effects, TeamFact
from syncd.store import aside, grants, reflection, returning, unwanted
from syncd.store.effects import apply_effects
from syncd.store.mirror_tables import litmos_assignment
from tests.core.factories import learning_path, path_key
from tests.store.makers import ACCOUNT, new_run

FOR_EVER = timedelta(days=365_000)
LINKS = {"E1": "u1", "E2": "u2"}
OFF = {"user_id": "u1", "active": False, "fields": {}, "mutes": None}


def stock(conn, now):
    """u1 is in Sales by syncd and in Ops by hand; has p1 by syncd and p2 by hand."""
    for team_id, name in (("t1", "Sales"), ("t2", "Ops")):
        reflection.put_team(conn, ACCOUNT, TeamFact(id=team_id, name=name, parent_id=""), now)
        reflection.insert_members(conn, ACCOUNT, [(team_id, "u1")], now)
    for path_id in ("p1", "p2"):
        reflection.put_item(conn, ACCOUNT, learning_path(path_id, path_id), now)
        conn.execute(
            insert(litmos_assignment).values(
                account=ACCOUNT,
                kind="learning_path",
                item_id=path_id,
                user_id="u1",
                completed=False,
                percent=0.0,
                changed_at=now,
            )
        )


def had(conn, now, within=FOR_EVER):
    return aside.had(conn, ACCOUNT, LINKS, within=within, now=now)


def test_only_what_a_person_gave_is_put_aside_and_for_so_long(database):
    run_id = new_run(database)
    with database.write() as conn:
        now = database.now(conn)
        stock(conn, now)
        grants.add(conn, ACCOUNT, "membership", [("u1", "sales", "teams[0]")], run_id=run_id, now=now)
        grants.add(
            conn,
            ACCOUNT,
            "assignment",
            [("u1", "learning_path:p1", "learning_paths[0]")],
            run_id=run_id,
            now=now,
        )
        aside.after_put(conn, ACCOUNT, {**OFF, "active": None}, now)
        assert had(conn, now) == {}
        for _ in range(2):
            aside.after_put(conn, ACCOUNT, OFF, now)
        kept = Had(teams=frozenset({("ops",)}), items=frozenset({path_key("p2")}), taken_at=now)
        assert had(conn, now) == {"E1": kept}
        assert aside.waiting(conn, ACCOUNT) == {"u1"}
        later = now + timedelta(days=90)
        assert had(conn, later, within=timedelta(days=90)) == {}
        assert had(conn, now, within=timedelta()) == {}


def test_whatever_shows_that_it_is_there_ends_it_but_not_a_reading_from_before(database):
    with database.write() as conn:
        now = database.now(conn)
        stock(conn, now)
        aside.after_put(conn, ACCOUNT, OFF, now)
        earlier = now - timedelta(minutes=1)
        reflection.apply_lists(conn, ACCOUNT, {"t1": frozenset({"u1"})}, {}, began_at=earlier)
        assert had(conn, now)["E1"].teams == {("sales",), ("ops",)}
        reflection.apply_lists(conn, ACCOUNT, {"t1": frozenset({"u1"})}, {}, began_at=now)
        assert had(conn, now)["E1"].teams == {("ops",)}
        done = Effects(members_added=(("t2", "u9"), ("t2", "u1")), assigned=(("u1", path_key("p1")),))
        apply_effects(conn, ACCOUNT, done, began_at=now, now=now, run_id=1, ours={})
        assert had(conn, now) == {"E1": Had(items=frozenset({path_key("p2")}), taken_at=now)}
        returning.apply_holdings(conn, ACCOUNT, "u1", ["t1"], {ItemKind.LEARNING_PATH: ["p2"]}, now)
        assert aside.waiting(conn, ACCOUNT) == set()


def test_whom_syncd_muted_is_remembered_until_messages_go_again(database):
    with database.write() as conn:
        now = database.now(conn)
        mute = {"user_id": "u2", "active": None, "fields": {"DisableMessages": True}, "mutes": True}
        aside.after_put(conn, ACCOUNT, mute, now)
        assert aside.muted(conn, ACCOUNT, LINKS) == {"E2"}
        aside.after_put(conn, ACCOUNT, {**mute, "fields": {"City": "Ulm"}, "mutes": None}, now)
        assert aside.muted(conn, ACCOUNT, LINKS) == {"E2"}
        aside.after_put(conn, ACCOUNT, {**mute, "fields": {"DisableMessages": False}, "mutes": None}, now)
        assert aside.muted(conn, ACCOUNT, LINKS) == frozenset()


def test_since_when_a_membership_is_unwanted_is_remembered_until_it_is_wanted_or_gone(database):
    with database.write() as conn:
        now = database.now(conn)
        later = now + timedelta(days=1)
        unwanted.save(conn, ACCOUNT, {"a": "E1", "b": "E2"}, looked_at=["E1", "E2"], now=now)
        unwanted.save(conn, ACCOUNT, {"a": "E1", "c": "E3"}, looked_at=["E1", "E3"], now=later)
        assert unwanted.load(conn, ACCOUNT) == {"a": now, "b": now, "c": later}  # E2 was not looked at
        unwanted.save(conn, ACCOUNT, {}, looked_at=["E1", "E2"], now=later)
        assert unwanted.load(conn, ACCOUNT) == {"c": later}
        assert unwanted.load(conn, "other") == {}
