"""Browsing: every row of a list is on exactly one page, filters use indexes, and what was taken up is no problem any more."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from syncd.core.model import Action, Change, ObjectKind, Reason, Rejection
from syncd.store import changelists, changes, people, peoplelists, runlists, runs
from syncd.store.changelists import Wanted
from syncd.store.mirror_tables import litmos_user
from syncd.store.runlists import WantedRuns
from syncd.store.schema import change, employee, link, run
from tests.core import factories
from tests.store.makers import ACCOUNT, complete, enqueue, must_claim, new_run, now_of, request


def planned(
    database,
    *people: str,
    state: str = "done",
    code: str = "",
    field: str = "JobTitle",
    account: str = ACCOUNT,
) -> int:
    """A Run with an update of each of these people, all in one state."""
    run_id = new_run(database)
    if account != ACCOUNT:
        with database.write() as conn:
            conn.execute(update(run).where(run.c.id == run_id).values(account=account))
    made = [
        Change(
            key=f"update:{who}",
            action=Action.UPDATE,
            kind=ObjectKind.USER,
            employee_id=who,
            after={field: "x"},
        )
        for who in people
    ]
    with database.write() as conn:
        changes.insert_all(conn, run_id, made, state="planned")
        changes.set_state(
            conn, run_id, [one.key for one in made], state, code=code, message=code, now=database.now(conn)
        )
    return run_id


def listed(database, wanted: Wanted, **options) -> list[str]:
    with database.read() as conn:
        rows = changelists.changes(conn, ACCOUNT, wanted, **{"before": None, "limit": 100, **options})
        return [row["employee_id"] for row in rows]


def test_a_list_of_changes_goes_on_where_it_ended_while_rows_come_in(database):
    planned(database, *(f"{each:05d}" for each in range(5)))
    seen: list[int] = []
    before = None
    for _ in range(3):
        with database.read() as conn:
            rows = changelists.changes(conn, ACCOUNT, Wanted(), before=before, limit=2)
        seen += [row["id"] for row in rows]
        before = seen[-1]
        planned(database, "00009")
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


def test_changes_are_found_by_each_part_and_by_all_of_them(database):
    done = planned(database, "00001", "00002")
    failed = planned(database, "00001", "00003", state="failed", code="LITMOS-400-REFUSED")
    assert listed(database, Wanted(run_id=done)) == ["00002", "00001"]
    assert listed(database, Wanted(state="failed")) == ["00003", "00001"]
    assert listed(database, Wanted(code="LITMOS-400-REFUSED", employee_id="00001")) == ["00001"]
    assert listed(database, Wanted(action="create")) == []
    assert listed(database, Wanted(action="update", kind="user", run_id=failed), limit=1) == ["00003"]
    with database.read() as conn:
        assert changelists.changes(conn, "other", Wanted(), before=None, limit=9) == []
        assert [one["number"] for one in runlists.faults(conn, failed)] == [2]


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("run_id = 1 AND state = 'failed'", "ix_change_failed"),
        ("run_id = 1 AND state = 'held'", "ix_change_held"),
        ("code = 'X' AND code <> ''", "ix_change_code"),
    ],
)
def test_what_people_filter_by_most_has_an_index(database, condition, index):
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    with database.write() as conn:
        if not database.is_sqlite:
            conn.execute(text("SET LOCAL enable_seqscan = off"))
            conn.execute(text("SET LOCAL enable_sort = off"))
        query = f"{explain}SELECT id FROM change WHERE {condition} ORDER BY id DESC LIMIT 50"  # noqa: S608 - constants
        plan = conn.execute(text(query))
        assert index in str(plan.all())


def test_a_problem_is_what_failed_and_nothing_took_up(database):
    planned(database, "00001", "00002", state="failed", code="A")
    planned(database, "00001", state="done")
    planned(database, "00003", state="failed", code="B")
    since = now_of(database) - timedelta(days=1)

    def codes() -> dict[str, int]:
        with database.read() as conn:
            return {one["code"]: one["people"] for one in changelists.problems(conn, ACCOUNT, since)}

    assert codes() == {"A": 1, "B": 1}
    planned(database, "00002", state="failed", code="B")
    assert codes() == {"B": 2}, "the later failure is the one that counts"
    planned(database, "00002", state="planned")
    assert codes() == {"B": 2}, "a plan that was not to be sent takes up nothing"
    planned(database, "00002", account="other")
    assert codes() == {"B": 2}, "nor does what another account did"
    with database.write() as conn:
        conn.execute(update(change).values(finished_at=since - timedelta(seconds=1)))
    assert codes() == {}


def test_what_is_open_of_a_problem_is_as_many_as_the_problem_counts(database):
    """Of people and, without an employee, of teams."""
    planned(database, "00001", "00002", "", state="failed", code="A")
    planned(database, "00001")
    planned(database, "00002", state="planned")
    since = now_of(database) - timedelta(days=1)

    def told() -> tuple[list[str], int]:
        with database.read() as conn:
            numbers = {one["code"]: one["number"] for one in changelists.problems(conn, ACCOUNT, since)}
            ids = {
                row["id"]: row for row in changelists.changes(conn, ACCOUNT, Wanted(), before=None, limit=99)
            }
            taken = {ids[each]["employee_id"] for each in ids if changelists.taken_up(conn, ACCOUNT, each)}
        found = listed(database, Wanted(code="A", open_since=since))
        assert found == listed(database, Wanted(open_since=since)), "with its code and without"
        assert not taken & set(found)
        return found, numbers.get("A", 0)

    assert told() == (["", "00002"], 2)
    assert listed(database, Wanted(state="done", open_since=since)) == [], "what is done is not open"
    planned(database, "")
    assert told() == (["00002"], 1)


def test_employees_are_found_by_the_beginning_of_what_they_are_called(database):
    now = now_of(database)
    with database.write() as conn:
        for who in ("00101", "00102", "A%_1"):
            values: dict[str, Any] = {"account": ACCOUNT, "employee_id": who, "source": "hr", "data": {}}
            times = {"first_seen_at": now, "last_seen_at": now}
            conn.execute(insert(employee).values(**values, **times, status="active", origin="", present=True))
        conn.execute(
            insert(litmos_user).values(
                account=ACCOUNT,
                id="u1",
                username_key="ana.novak@example.com",
                email_key="novak@example.com",
                active=True,
                profile={},
                changed_at=now,
            )
        )
        conn.execute(
            insert(link).values(
                account=ACCOUNT, employee_id="00102", user_id="u1", made_by="create", made_at=now
            )
        )

    def found(said: str, **options) -> list[str]:
        with database.read() as conn:
            rows = peoplelists.employees(conn, ACCOUNT, said, **{"limit": 9, **options})
            return [row["employee_id"] for row in rows]

    assert found("") == ["00101", "00102", "A%_1"]
    assert found("", after="00101", limit=1) == ["00102"]
    assert found("0010") == ["00101", "00102"]
    assert found("Ana.Nov") == found("novak@") == ["00102"]
    assert found("A%_") == ["A%_1"]
    assert found("_") == found("%") == []


NAMES = {
    "00001": ("Ana", "Novak"),
    "00002": ("Ana Maria", "Garc\u00eda L\u00f3pez"),
    "00003": ("An", "Novo"),
    "00004": ("Novak", "Ana"),
    "00005": ("No", "Andric"),
    "00006": ("", "Ana"),
    "00007": ("Zo\u00eb", "O'Brien-Smith"),
    "00008": ("Ana", "Novak"),
    "00009": ("", ""),
    "00010": ("%", "_"),
    "00011": ("Zora", "Lopez Novak"),
}


def named_as_in(database, names: dict[str, tuple[str, str]], account: str = ACCOUNT) -> None:
    """An accepted input of these people."""
    told = [
        people.told(factories.employee(who, FirstName=first, LastName=last))
        for who, (first, last) in names.items()
    ]
    with database.write() as conn:
        people.save(
            conn, account, told, rejected=(), inputs={"hr": 1}, witnesses=["hr"], now=database.now(conn)
        )


def found_by(database, text: str, **options: Any) -> str:
    """The last digits of the ids of whom a text finds."""
    with database.read() as conn:
        rows = peoplelists.employees(conn, ACCOUNT, text, **{"limit": 99, **options})
    return " ".join(row["employee_id"].lstrip("0") for row in rows)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ana", "1 2 4 6 8"),
        ("ANA", "1 2 4 6 8"),
        ("Ana Novak", "1 4 8"),
        ("novak ana", "1 4 8"),
        ("Novak, Ana", "1 8"),
        ("no an", "1 3 4 5 8"),
        ("an no", "1 3 4 5 8"),
        ("novak", "1 4 8 11"),
        ("ana maria", "2"),
        ("ana maria garcia lopez", "2"),
        ("garcia", "2"),
        ("lopez", "2 11"),
        ("lop", "2 11"),
        ("ana lop", "2"),
        ("l\u00f3pez ana", "2"),
        ("garcia-lopez, ana", "2"),
        ("zoe obrien", "7"),
        ("Zo\u00cb O\u2019Brien Sm", "7"),
        ("smith", "7"),
        ("zora novak", "11"),
        ("na", ""),
        ("ana zzz", ""),
        ("zzz ana", ""),
        ("%", ""),
        ("_", ""),
        (",", ""),
        ("0000", "1 2 3 4 5 6 7 8 9"),
    ],
)
def test_employees_are_found_by_name(database, typed, found):
    named_as_in(database, NAMES)
    named_as_in(database, {"00001": ("Zzz", "Zzz")}, account="other")
    assert found_by(database, typed) == found
    assert found_by(database, typed, by_id=True) == (found if typed == "0000" else "")


def test_who_is_called_otherwise_is_found_by_the_new_name_alone(database):
    named_as_in(database, NAMES)
    named_as_in(database, NAMES | {"00001": ("Ana", "Kos"), "00007": ("Zo\u00eb", "Smith")})
    assert found_by(database, "kos") == "1"
    assert found_by(database, "ana novak") == "4 8"
    assert found_by(database, "brien") == found_by(database, "obrien") == ""
    assert found_by(database, "smith zoe") == "7"


def test_a_list_by_name_goes_on_where_it_ended_however_many_have_it(database, monkeypatch):
    """Few are looked up and put in order of their ids; very many are met by walking everybody."""
    named_as_in(database, {f"{number:05d}": ("Ana", f"Novak{number % 3}") for number in range(1, 31)})
    for most in (peoplelists.MANY_NAMES, 3):
        monkeypatch.setattr(peoplelists, "MANY_NAMES", most)
        for typed, step in (("ana", 1), ("novak0 ana", 3)):
            seen: list[int] = []
            while some := found_by(database, typed, limit=4, after=f"{seen[-1]:05d}" if seen else ""):
                seen += map(int, some.split())
            assert seen == list(range(step, 31, step)), (most, typed)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Zo\u00eb O'Brien-Smith", "00007"),
        ("obrien smith, zoe", "00007"),
        ("garcia lopez ana maria", "00002"),
        ("garcia lopez ana", ""),
        ("Novak, Ana", ""),
        ("ana novo", ""),
        ("an novo", "00003"),
        ("ana", "00006"),
        ("00001", "00001"),
        ("", ""),
    ],
)
def test_a_whole_name_is_of_one_person_or_of_nobody_in_particular(database, text, who):
    named_as_in(database, NAMES)
    with database.read() as conn:
        assert peoplelists.named(conn, ACCOUNT, text) == who
        assert peoplelists.named(conn, ACCOUNT, text, by_id=True) == (who if text == who else "")


def test_the_times_of_a_run_the_runs_of_days_and_the_quarantine(database):
    run_id = enqueue(database, [request("a"), request("b")])
    complete(database, must_claim(database))
    now = now_of(database)
    rejected = [
        Rejection(
            origin=f"hr.csv:{each}",
            employee_id=f"0000{each}",
            reasons=(Reason(code="X", message="x"),),
            source="hr",
        )
        for each in (2, 3, 4)
    ]
    with database.write() as conn:
        people.save_quarantine(conn, ACCOUNT, rejected, run_id=run_id, now=now)
    with database.read() as conn:
        times = runlists.times(conn, runs.must_get(conn, run_id))
        days = runlists.runs_by_day(conn, ACCOUNT, now - timedelta(days=1))
        first = peoplelists.quarantined(conn, ACCOUNT, limit=2)
        rest = peoplelists.quarantined(conn, ACCOUNT, after=first[-1]["place"], limit=2)
        assert people.count_quarantined(conn, ACCOUNT) == 3
    assert times.planned is None
    assert times.first_job is not None
    assert times.idle is None, "nobody is waited for"
    assert sum(days[now.date()].values()) == 1
    assert [row["employee_id"] for row in (*first, *rest)] == ["00002", "00003", "00004"]


def test_changes_are_found_by_the_days_of_their_runs_and_by_field(database):
    now = now_of(database)
    old = planned(database, "00001", field="Title")
    planned(database, "00001", field="JobTitle")
    new = planned(database, "00002", field="Title")
    empty = new_run(database)
    with database.write() as conn:
        for run_id, days in ((old, 40), (empty, 39), (new, 1)):
            conn.execute(update(run).where(run.c.id == run_id).values(created_at=now - timedelta(days=days)))
    assert listed(database, Wanted(since=now - timedelta(days=5))) == ["00002", "00001"]
    assert listed(database, Wanted(since=now - timedelta(days=5), field="Title")) == ["00002"]
    assert listed(database, Wanted(until=now - timedelta(days=5))) == ["00001"]
    assert listed(database, Wanted(since=now - timedelta(days=39.5), until=now - timedelta(days=5))) == []
    assert listed(database, Wanted(field="Title", employee_id="00001")) == ["00001"]
    for odd in ('T"itle', "Title$", "", "a.b"):
        assert listed(database, Wanted(field=odd, run_id=old)) == ([] if odd else ["00001"])


def test_a_run_that_waited_long_before_it_was_planned_hides_no_other_change_of_its_days(database):
    """Its Changes have later ids than those of Runs that were made after it."""
    now = now_of(database)
    before = planned(database, "00001")
    waited = planned(database, "00002", "00003", "00004", "00005", "00006", "00007")
    after = planned(database, "00008")
    with database.write() as conn:
        for run_id, made, began in ((before, 9, 9), (waited, 40, 8), (after, 7, 7)):
            times = {"created_at": now - timedelta(days=made), "started_at": now - timedelta(days=began)}
            conn.execute(update(run).where(run.c.id == run_id).values(**times))
    assert listed(database, Wanted(since=now - timedelta(days=10))) == ["00008", "00001"]
    assert listed(database, Wanted(until=now - timedelta(days=30))) == [f"0000{n}" for n in range(7, 1, -1)]
    assert listed(database, Wanted(until=now - timedelta(days=8.5)))[-1] == "00001"
    assert listed(database, Wanted(until=now - timedelta(days=50))) == []


def test_runs_are_found_by_what_came_of_them(database):
    done = planned(database, "00001")
    failed = planned(database, "00001", state="failed", code="X")
    empty = new_run(database)
    now = now_of(database)

    def found(**wanted: Any) -> list[int]:
        with database.read() as conn:
            rows = runlists.listed_runs(conn, ACCOUNT, WantedRuns(**wanted), before=None, limit=10)
        return [row["id"] for row in rows]

    assert found() == [empty, failed, done]
    assert found(changed=True) == [failed, done]
    assert found(failed=True) == [failed]
    assert found(since=now + timedelta(hours=1)) == []
    assert found(until=now + timedelta(hours=1), state="running") == [empty, failed, done]
    assert found(state="planned") == []
