"""Tries: the limits of a minute, what is good for once, and two replicas that come at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from syncd.store import tries
from syncd.store.audit_tables import web_try

MOST = {"name:ana": 5, "address:10.0.0.1": 30}


def tried(database, most=MOST) -> bool:
    with database.write() as conn:
        return tries.allowed(conn, most, database.now(conn))


def test_a_name_and_an_address_have_their_limits_for_a_minute(database):
    assert [tried(database) for _ in range(6)] == [True] * 5 + [False]
    assert tried(database, {"name:bo": 5, "address:10.0.0.1": 30})
    others = [tried(database, {f"name:{number}": 5, "address:10.0.0.1": 30}) for number in range(25)]
    assert others == [True] * 24 + [False], "6 were counted before; what is refused is not"
    database.ahead = timedelta(seconds=59)
    assert not tried(database)
    database.ahead = timedelta(seconds=61)
    assert tried(database)


def test_who_comes_at_the_same_moment_is_counted_too(database):
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: tried(database), range(12))) == 5


def test_what_is_good_for_once_is_used_once_and_its_trace_goes(database):
    def used(_=None) -> bool:
        with database.write() as conn:
            return tries.use(conn, "state:abc", database.now(conn))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(used, range(4))) == [False, False, False, True]
    database.ahead = tries.KEPT + timedelta(seconds=1)
    with database.write() as conn:
        tries.prune(conn, database.now(conn))
        assert conn.execute(select(func.count()).select_from(web_try)).scalar() == 0
