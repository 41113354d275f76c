"""The mirror: what a whole reading of Litmos may change, and what one Operation made known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.core.delta import Delta, Progress, Readings, TeamRow
from syncd.core.operation import Effects, Learner, Snapshot, TeamFact
from syncd.core.team_names import team_names
from syncd.store import mirror, reflection
from syncd.store.current import current_state
from syncd.store.database import Database
from syncd.store.drift import Drift
from syncd.store.effects import apply_effects
from syncd.store.folding import apply_delta, keep_up_to_date
from syncd.store.vanished import Missing, missing
from tests.core.factories import learning_path, path_key
from tests.store.makers import ACCOUNT, new_run, now_of

SALES = TeamFact(id="t1", name="Sales", parent_id="")
EMEA = TeamFact(id="t2", name="EMEA", parent_id="t1")
P1 = path_key("p1")
ONBOARDING = learning_path("p1", "Onboarding")
LINKS = {"E1": "u1", "E2": "u2"}


def profile(user_id: str, *, active: bool = True, **fields: Any) -> Mapping[str, Any]:
    """A full record in Litmos' own field names."""
    return {"Id": user_id, "UserName": f"{user_id}@example.com", "Active": active, **fields}


def snapshot(began_at: datetime, *profiles: Mapping[str, Any], **parts: Any) -> Snapshot:
    """A reading of Litmos with two teams and one learning path."""
    whole: dict[str, Any] = {
        "teams": (SALES, EMEA),
        "members": {},
        "items": (ONBOARDING,),
        "learners": {},
        **parts,
    }
    return Snapshot(began_at=began_at, profiles=profiles, **whole)


def take(database: Database, found: Snapshot, *, gone: Missing | None = None) -> int:
    with database.write() as conn:
        return len(reflection.apply_snapshot(conn, ACCOUNT, found, confirmed_gone=gone or Missing()))


def apply(database: Database, effects: Effects, *, began_at: datetime | None = None) -> None:
    run_id = new_run(database, flow="refresh")
    with database.write() as conn:
        now = database.now(conn)
        apply_effects(conn, ACCOUNT, effects, began_at=began_at or now, now=now, run_id=run_id, ours={})


def members(database: Database) -> set[tuple[str, str]]:
    """(employee id, team) of everyone who is linked."""
    with database.read() as conn:
        state = current_state(conn, ACCOUNT, LINKS)
    return {(person, "/".join(key)) for person, keys in state.memberships.items() for key in keys}


def user_fields(database: Database, user_id: str) -> Mapping[str, Any]:
    with database.read() as conn:
        found = mirror.user(conn, ACCOUNT, user_id)
    assert found is not None
    return {**found.fields, "Active": found.active}


@pytest.fixture
def past(database):
    """A moment from before everything that the test does."""
    return now_of(database) - timedelta(minutes=1)


def test_a_reading_becomes_the_current_state(database, past):
    learners = {P1: (Learner(user_id="u1", completed=False, percent=40.0),)}
    take(
        database,
        snapshot(past, profile("u1"), profile("u2"), members={"t2": frozenset({"u1"})}, learners=learners),
    )
    with database.read() as conn:
        state = current_state(conn, ACCOUNT, LINKS)
        assert mirror.readings(conn, ACCOUNT).last == past
        assert mirror.team_id(conn, ACCOUNT, ("sales", "emea")) == "t2"
        assert mirror.count_users(conn, ACCOUNT) == 2
    assert sorted(state.users) == ["E1", "E2"]
    assert state.memberships == {"E1": frozenset({("sales", "emea")})}
    assert state.assignments["E1"][P1].started is True


def test_the_same_reading_again_is_no_drift(database, past):
    one = snapshot(past, profile("u1"), members={"t1": frozenset({"u1"})})
    assert take(database, one) == 0  # what was never known cannot differ
    assert take(database, one) == 0


def test_drift_is_counted(database, past):
    take(database, snapshot(past, profile("u1", JobTitle="Rep"), members={"t1": frozenset({"u1"})}))
    later = snapshot(now_of(database), profile("u1", JobTitle="Boss"), members={"t1": frozenset()})
    assert take(database, later) == 2
    assert user_fields(database, "u1")["JobTitle"] == "Boss"
    assert members(database) == set()


def test_a_reading_never_overwrites_what_was_written_since_it_began(database, past):
    take(database, snapshot(past - timedelta(hours=1), profile("u1", JobTitle="Old")))
    began_at = now_of(database) - timedelta(seconds=1)
    apply(database, Effects(profiles=(profile("u1", active=False, JobTitle="New"),)))
    apply(database, Effects(members_added=(("t1", "u1"),), assigned=(("u1", P1),)))
    late = snapshot(began_at, profile("u1", JobTitle="Old"), members={"t1": frozenset()}, learners={P1: ()})
    take(database, late)
    assert user_fields(database, "u1")["JobTitle"] == "New"
    assert user_fields(database, "u1")["Active"] is False
    assert members(database) == {("E1", "sales")}
    with database.read() as conn:
        assert P1 in current_state(conn, ACCOUNT, LINKS).assignments["E1"]


def test_a_reading_never_puts_back_what_was_taken_away_since_it_began(database, past):
    given = {
        "members": {"t1": frozenset({"u1"})},
        "learners": {P1: (Learner(user_id="u1", completed=False, percent=0.0),)},
    }
    take(database, snapshot(past, profile("u1"), **given))
    began_at = now_of(database) - timedelta(seconds=1)
    apply(database, Effects(members_removed=(("t1", "u1"),), unassigned=(("u1", P1),)))
    take(database, snapshot(began_at, profile("u1"), **given))
    assert members(database) == set()
    with database.read() as conn:
        assert current_state(conn, ACCOUNT, LINKS).assignments == {}
    later = now_of(database) + timedelta(seconds=1)
    assert take(database, snapshot(later, profile("u1"), **given)) == 2, "somebody gave both again: drift"
    assert members(database) == {("E1", "sales")}


def test_memberships_of_inactive_people_stay_as_last_known(database, past):
    both = {"t1": frozenset({"u1", "u2"})}
    take(database, snapshot(past, profile("u1"), profile("u2"), members=both))
    hidden = {"t1": frozenset({"u2"})}
    take(database, snapshot(now_of(database), profile("u1", active=False), profile("u2"), members=hidden))
    assert members(database) == {("E1", "sales"), ("E2", "sales")}


def test_teams_that_were_not_read_keep_their_members(database, past):
    take(database, snapshot(past, profile("u1"), members={"t1": frozenset({"u1"})}))
    take(database, snapshot(now_of(database), profile("u1"), members={"t2": frozenset()}))
    assert members(database) == {("E1", "sales")}


def test_what_vanishes_from_the_lists_stays_until_it_is_confirmed(database, past):
    first = snapshot(past, profile("u1"), profile("u2"), members={"t2": frozenset({"u2"})})
    take(database, first)
    second = snapshot(now_of(database), profile("u1"), teams=(SALES,))
    with database.read() as conn:
        assert missing(conn, ACCOUNT, second) == Missing(
            users=frozenset({"u2"}), teams=frozenset({"t2"}), items=frozenset()
        )
    take(database, second)
    assert members(database) == {("E2", "sales/emea")}
    take(database, second, gone=Missing(users=frozenset({"u2"}), teams=frozenset({"t2"})))
    with database.read() as conn:
        assert mirror.user(conn, ACCOUNT, "u2") is None
        assert mirror.team_id(conn, ACCOUNT, ("sales", "emea")) == ""
    assert members(database) == set()


def test_a_learning_path_that_is_confirmed_gone_takes_its_assignments_along(database, past):
    users = (Learner(user_id="u1", completed=False, percent=0.0),)
    take(database, snapshot(past, profile("u1"), learners={P1: users}))
    second = snapshot(now_of(database), profile("u1"), items=())
    with database.read() as conn:
        assert missing(conn, ACCOUNT, second).items == {P1}
    take(database, second, gone=Missing(items=frozenset({P1})))
    with database.read() as conn:
        assert mirror.items(conn, ACCOUNT) == []
        assert current_state(conn, ACCOUNT, LINKS).assignments == {}


def test_what_is_gone_takes_nothing_along_that_only_has_the_same_id(database, past):
    """Ids are made of numbers that users, teams and learning paths each count for themselves."""
    same = TeamFact(id="u1", name="Same", parent_id="")
    take(database, snapshot(past, profile("u1"), teams=(same,), members={"u1": frozenset({"u1"})}))
    take(database, snapshot(now_of(database), profile("u1"), teams=()), gone=Missing(teams=frozenset({"u1"})))
    with database.read() as conn:
        assert mirror.user(conn, ACCOUNT, "u1") is not None
        assert mirror.team_facts(conn, ACCOUNT) == ()


def test_what_was_made_since_the_reading_began_has_not_vanished(database, past):
    apply(database, Effects(profiles=(profile("u9"),), teams=(SALES,)))
    with database.read() as conn:
        assert len(missing(conn, ACCOUNT, snapshot(past, teams=()))) == 0


def test_effects_move_only_their_own_rows(database, past):
    take(database, snapshot(past, profile("u1"), profile("u2"), members={"t1": frozenset({"u1", "u2"})}))
    gone, come = (("t1", "u1"),), (("t2", "u2"),)
    apply(database, Effects(members_removed=gone, members_added=come, assigned=(("u2", P1),)))
    assert members(database) == {("E2", "sales"), ("E2", "sales/emea")}
    apply(database, Effects(unassigned=(("u2", P1),)))
    with database.read() as conn:
        assert current_state(conn, ACCOUNT, LINKS).assignments == {}


def test_the_same_effects_twice_are_as_once(database, past):
    effects = Effects(
        profiles=(profile("u1"),),
        teams=(SALES,),
        members_added=(("t1", "u1"),),
        assigned=(("u1", P1),),
    )
    take(database, snapshot(past))
    apply(database, effects)
    apply(database, effects)
    assert members(database) == {("E1", "sales")}


def test_only_a_reading_makes_a_profile_just_read(database, past):
    take(database, snapshot(past, profile("u1"), profile("u2")))
    with database.read() as conn:
        assert mirror.just_read_profile(conn, ACCOUNT, "u1", since=past) == profile("u1")
        assert mirror.just_read_profile(conn, ACCOUNT, "u1", since=past + timedelta(seconds=1)) is None
    apply(database, Effects(profiles=(profile("u1", JobTitle="Written"),)))
    with database.read() as conn:
        assert mirror.just_read_profile(conn, ACCOUNT, "u1", since=past) is None
        assert mirror.just_read_profile(conn, ACCOUNT, "u2", since=past) is not None


def test_a_reading_that_differs_only_in_what_is_not_compared_is_kept_whole(database, past):
    """The next PUT re-sends the record as just read: a field that no rule knows must be the newest there is."""
    take(database, snapshot(past, profile("u1", SomethingNew="old")))
    later = now_of(database)
    assert take(database, snapshot(later, profile("u1", SomethingNew="new"))) in {0, 1}
    with database.read() as conn:
        found = mirror.just_read_profile(conn, ACCOUNT, "u1", since=later)
    assert found is not None
    assert found["SomethingNew"] == "new"


def test_a_page_read_by_the_queue_refreshes_profiles_but_undoes_nothing(database, past):
    take(database, snapshot(past, profile("u1", JobTitle="A"), profile("u2", JobTitle="A")))
    began_at = now_of(database) - timedelta(milliseconds=10)
    apply(database, Effects(profiles=(profile("u1", JobTitle="Written"),)))
    pages = (profile("u1", JobTitle="A"), profile("u2", JobTitle="B"))
    apply(database, Effects(profiles=pages, profiles_just_read=True), began_at=began_at)
    assert user_fields(database, "u1")["JobTitle"] == "Written"
    assert user_fields(database, "u2")["JobTitle"] == "B"


def test_teams_in_a_circle_do_not_hang(database):
    names = team_names([TeamFact(id="a", name="A", parent_id="b"), TeamFact(id="b", name="B", parent_id="a")])
    assert set(names) == {"a", "b"}


def test_accounts_do_not_see_each_other(database, past):
    take(database, snapshot(past, profile("u1"), members={"t1": frozenset({"u1"})}))
    with database.read() as conn:
        assert mirror.users(conn, "other") == []
        assert current_state(conn, "other", LINKS).memberships == {}


def test_whether_people_were_ever_read_is_known_per_team_and_path(database, past):
    take(database, snapshot(past, members={"t1": frozenset()}, learners={}))
    with database.read() as conn:
        read = mirror.lists_read(conn, ACCOUNT)
    assert read == mirror.ListsRead(teams={"t1": past, "t2": None}, items={P1: None})
    assert read.oldest() == past
    with database.write() as conn:
        keep_up_to_date(conn, ACCOUNT, teams={"t2"}, items=set())
    with database.read() as conn:
        assert mirror.lists_read(conn, ACCOUNT).oldest() is None


def fold(database: Database, delta: Delta, began_at: datetime) -> list[Drift]:
    with database.write() as conn:
        return apply_delta(conn, ACCOUNT, delta, began_at=began_at)


def test_a_delta_changes_only_the_fields_that_it_carries(database, past):
    take(database, snapshot(past, profile("u1", JobTitle="Rep", City="Bonn", Points=7)))
    now = now_of(database)
    told = Delta(
        profiles=({"Id": "u1", "Active": True, "JobTitle": "Lead", "Points": 9, "CreatedBy": "x"},),
        teams=(TeamRow(id="t2", known={"name": "Europe"}),),
        items=(learning_path("p1", "Welcome", active=False),),
    )
    found = fold(database, told, now)
    assert found == [Drift(kind="user", user_id="u1", field="JobTitle", before="Rep", after="Lead")]
    fields = user_fields(database, "u1")
    assert (fields["JobTitle"], fields["City"], fields["Active"]) == ("Lead", "Bonn", True)
    with database.read() as conn:
        assert mirror.team_facts(conn, ACCOUNT)[1] == replace(EMEA, name="Europe")
        assert mirror.items(conn, ACCOUNT) == [learning_path("p1", "Welcome", active=False)]
        assert mirror.just_read_profile(conn, ACCOUNT, "u1", since=past) is None
        assert mirror.readings(conn, ACCOUNT) == Readings(full=past, last=now)


def test_a_delta_never_overwrites_what_changed_since_it_began(database, past):
    take(database, snapshot(past, profile("u1", JobTitle="Rep")))
    began_at = past + timedelta(seconds=1)
    apply(database, Effects(profiles=(profile("u1", JobTitle="Boss"),)))
    assert fold(database, Delta(profiles=({"Id": "u1", "JobTitle": "Rep"},)), began_at) == []
    assert user_fields(database, "u1")["JobTitle"] == "Boss"


def test_a_delta_tells_how_far_people_are(database, past):
    users = (Learner(user_id="u1", completed=False, percent=0.0),)
    take(database, snapshot(past, profile("u1"), learners={P1: users}))
    begun = Progress(item=P1, learner=Learner(user_id="u1", completed=False, percent=10.0))
    nobody = Progress(item=path_key("p9"), learner=Learner(user_id="u1", completed=True, percent=100.0))
    fold(database, Delta(progress=(begun, nobody)), now_of(database))
    with database.read() as conn:
        held = current_state(conn, ACCOUNT, LINKS).assignments
    assert {item: one.started for item, one in held["E1"].items()} == {P1: True}
