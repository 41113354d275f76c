"""People: absence is counted by distinct inputs; quarantine, Links, grants, inputs and approvals."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.core.doubts import Fingerprint
from syncd.core.managed import Managed
from syncd.core.model import Employee, Link, Reason, Rejection
from syncd.store import approvals, grants, inputs, links, people, peoplelists
from syncd.store.database import Database
from tests.core import factories
from tests.core.factories import course_key
from tests.store.makers import ACCOUNT, new_run, now_of


@dataclass(frozen=True)
class Read:
    """What is kept of an input."""

    source: str = "hr"
    name: str = "hr.csv"
    size_bytes: int = 10


def employee(employee_id: str, source: str = "hr", **about: Any) -> Employee:
    """Somebody whom a source names."""
    return replace(factories.employee(employee_id, **about), source=source)


def take(database: Database, *ids: str, rejected: tuple[str, ...] = (), new: bool = True) -> None:
    """An accepted input with these people."""
    with database.write() as conn:
        people.save(
            conn,
            ACCOUNT,
            [people.told(employee(one)) for one in ids],
            rejected=rejected,
            inputs={"hr": 1},
            witnesses=["hr"] if new else [],
            now=database.now(conn),
        )


def absent(database: Database, *named: str, files: int = 2, new: bool = True) -> set[str]:
    """Who is absent from so many inputs, the present one included."""
    with database.read() as conn:
        found = people.missed(conn, ACCOUNT, ["hr"], named=named, witnesses=["hr"] if new else [])
    return {person for person, missed in found.items() if missed.inputs >= files}


def test_absence_is_counted_by_distinct_inputs(database):
    take(database, "E1", "E2")
    take(database, "E1")
    assert absent(database, "E1", files=3) == set()
    take(database, "E1")
    assert absent(database, "E1", files=3) == {"E2"}


def test_the_same_bytes_again_are_no_second_witness(database):
    take(database, "E1", "E2")
    take(database, "E1")
    for _ in range(5):
        take(database, "E1", new=False)
    assert absent(database, "E1", files=2, new=False) == set()
    assert absent(database, "E1", files=2, new=True) == {"E2"}


def test_whoever_comes_back_starts_from_nothing(database):
    take(database, "E1", "E2")
    take(database, "E1")
    take(database, "E1", "E2")
    take(database, "E1")
    assert absent(database, "E1", files=3) == set()


def test_a_rejected_person_is_not_absent(database):
    take(database, "E1", "E2")
    for _ in range(3):
        take(database, "E1", rejected=("E2",))
    assert absent(database, "E1", files=1) == set()


@pytest.mark.parametrize(("out_of_scope", "expected"), [(True, {"E1", "E2"}), (False, {"E1"})])
def test_who_was_out_of_scope_is_absent_only_if_leaving_the_scope_ends_access(
    out_of_scope, expected, database
):
    crowd = [employee("E1"), replace(employee("E2"), in_scope=False)]
    with database.write() as conn:
        now = database.now(conn)
        people.save(
            conn, ACCOUNT, map(people.told, crowd), rejected=(), inputs={"hr": 1}, witnesses=["hr"], now=now
        )
    take(database)
    with database.read() as conn:
        found = people.missed(conn, ACCOUNT, ["hr"], named=(), witnesses=["hr"], out_of_scope=out_of_scope)
    assert set(found) == expected


def test_it_is_remembered_since_when_somebody_is_absent(database):
    take(database, "E1")
    take(database)
    with database.read() as conn:
        first = people.missed(conn, ACCOUNT, ["hr"], named=(), witnesses=["hr"])["E1"]
    take(database)
    with database.read() as conn:
        found = people.missed(conn, ACCOUNT, ["hr"], named=(), witnesses=[])["E1"]
    assert (first.inputs, found.inputs) == (2, 2)
    assert found.since == first.since


def test_employees_are_kept_as_hr_last_had_them(database):
    take(database, "E1", "E2")
    take(database, "E1")
    with database.read() as conn:
        assert people.count(conn, ACCOUNT) == 1
        gone = people.get(conn, ACCOUNT, "E2")
        assert gone is not None
        assert (gone["present"], gone["absent_count"]) == (False, 1)
        assert gone["data"]["fields"]["UserName"] == "e2@example.com"
        assert people.get(conn, ACCOUNT, "E3") is None


def test_managed_teams_are_those_of_present_people_and_their_parents(database):
    with database.write() as conn:
        now = database.now(conn)
        crowd = [employee("E1", teams=(("Sales", "EMEA"),)), employee("E2", teams=(("Ops",),))]
        people.save(
            conn, ACCOUNT, map(people.told, crowd), rejected=(), inputs={"hr": 1}, witnesses=["hr"], now=now
        )
        people.save(
            conn,
            ACCOUNT,
            map(people.told, crowd[:1]),
            rejected=(),
            inputs={"hr": 2},
            witnesses=["hr"],
            now=now,
        )
        assert people.managed(conn, ACCOUNT) == Managed(teams=frozenset({("sales",), ("sales", "emea")}))


def quarantine(database: Database, *rejections: Rejection) -> None:
    run_id = new_run(database)
    with database.write() as conn:
        now = database.now(conn)
        people.save_quarantine(conn, ACCOUNT, rejections, run_id=run_id, now=now)


def rejection(employee_id: str, line: int, code: str = "EMAIL-INVALID") -> Rejection:
    reasons = (Reason(code=code, message="no"),)
    return Rejection(origin=f"hr.csv:{line}", employee_id=employee_id, reasons=reasons)


def test_the_quarantine_is_who_is_rejected_now_and_remembers_since_when(database):
    quarantine(database, rejection("E1", 2), rejection("", 3))
    with database.read() as conn:
        before = {row["key"]: row["first_seen_at"] for row in people.quarantined(conn, ACCOUNT)}
    assert set(before) == {"E1", "hr.csv:3"}
    quarantine(database, rejection("E1", 7))
    with database.read() as conn:
        (row,) = people.quarantined(conn, ACCOUNT)
    assert (row["key"], row["origin"], row["first_seen_at"]) == ("E1", "hr.csv:7", before["E1"])


def test_two_rejected_rows_of_one_person_are_one_entry_with_both_reasons(database):
    quarantine(database, rejection("E1", 2, "A"), rejection("E1", 9, "B"))
    with database.read() as conn:
        (row,) = people.quarantined(conn, ACCOUNT, "E1")
    assert [reason["code"] for reason in row["reasons"]] == ["A", "B"]
    assert row["origin"] == "hr.csv:2, hr.csv:9"


def test_a_link_takes_the_place_of_older_ones_of_either_side(database):
    with database.write() as conn:
        now = database.now(conn)
        links.save(conn, ACCOUNT, "E1", "u1", "create", now)
        links.save(conn, ACCOUNT, "E2", "u2", "UserName", now)
        links.save(conn, ACCOUNT, "E1", "u2", "person", now)
        assert links.load(conn, ACCOUNT) == {"E1": "u2"}
        assert links.how(conn, ACCOUNT, "E1") == ("person", now)
        assert (links.find(conn, ACCOUNT, "E1"), links.find(conn, ACCOUNT, "E2")) == ("u2", "")
        assert links.load(conn, "other") == {}


pairs = st.lists(
    st.tuples(st.sampled_from(["E1", "E2", "E3"]), st.sampled_from(["u1", "u2", "u3"])), max_size=6
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=pairs, made=pairs)
def test_many_links_are_made_as_if_one_after_the_other(database, before, made):
    expected: dict[str, str] = {}
    for employee_id, user_id in (*before, *made):
        expected = {e: u for e, u in expected.items() if e != employee_id and u != user_id}
        expected[employee_id] = user_id
    with database.write() as conn:
        for employee_id in links.load(conn, ACCOUNT):
            links.forget(conn, ACCOUNT, employee_id)
        for some in (before, made):
            every = [Link(employee_id=one, user_id=other, made_by="create") for one, other in some]
            links.save_all(conn, ACCOUNT, every, database.now(conn))
        assert links.load(conn, ACCOUNT) == expected


def test_grants_are_remembered_once_and_forgotten(database):
    run_id = new_run(database)
    with database.write() as conn:
        now = database.now(conn)
        for _ in range(2):
            grants.add(
                conn,
                ACCOUNT,
                "membership",
                [("u1", "sales", "teams[0]"), ("u9", "ops", "teams[1]")],
                run_id=run_id,
                now=now,
            )
        grants.add(conn, ACCOUNT, "assignment", [("u1", "course:c1", "courses[0]")], run_id=run_id, now=now)
        assert grants.load(conn, ACCOUNT, {"E1": "u1"}) == {("E1", "sales"), ("E1", "course:c1")}
        assert grants.places(conn, ACCOUNT).teams == {"sales", "ops"}
        grants.remove(conn, ACCOUNT, "membership", [("u1", "sales")])
        assert grants.load(conn, ACCOUNT, {"E1": "u1"}) == {("E1", "course:c1")}
        assert grants.items(conn, ACCOUNT) == {course_key("c1")}


def test_only_an_accepted_input_is_what_the_next_one_is_compared_with(database):
    run_id, later = new_run(database), new_run(database)
    mark = Fingerprint(
        sha256="aaa",
        rows=3,
        rejected=1,
        columns=("id", "city"),
        modified_at=datetime(2026, 11, 20, 5, tzinfo=UTC),
        dated=date(2026, 11, 20),
        filled={"id": 3, "city": 2},
        sample=("001", "002"),
    )
    with database.write() as conn:
        now = database.now(conn)
        first = inputs.save(conn, ACCOUNT, run_id, Read(), mark, now)
        assert inputs.last_accepted(conn, ACCOUNT, "hr") is None
        inputs.accept(conn, [first])
        inputs.save(conn, ACCOUNT, later, Read(), Fingerprint(sha256="bbb", rows=3), now)
        found = inputs.last_accepted(conn, ACCOUNT, "hr")
        assert inputs.last_accepted(conn, ACCOUNT, "other") is None
        again = inputs.last_accepted(conn, ACCOUNT, "hr", sha256="aaa")
        assert inputs.last_accepted(conn, ACCOUNT, "hr", sha256="bbb") is None
    assert found is not None
    assert found == again
    assert (found["id"], inputs.to_fingerprint(found)) == (first, mark)


@pytest.mark.parametrize(("age", "valid"), [(timedelta(), {"h1", "h2"}), (timedelta(hours=2), set())])
def test_approvals_outlive_their_plan_until_they_expire(database, age, valid):
    run_id = new_run(database)
    now = now_of(database)
    with database.write() as conn:
        for hashes in (["h1", "h2"], ["h1"]):
            ends = now + timedelta(hours=1)
            approvals.add(conn, ACCOUNT, hashes, run_id=run_id, actor="ann", now=now, expires_at=ends)
        assert approvals.valid(conn, ACCOUNT, now + age) == valid


def test_who_begins_is_listed_by_day_and_id_a_page_at_a_time_rejected_ones_too(database):
    day = date(2026, 3, 2)
    begins = {"b": 0, "B": 0, "a": 1, "Z1": 1, "z": 9}
    run_id = new_run(database)
    with database.write() as conn:
        told = [
            people.told(replace(employee(one), begins_on=day + timedelta(days=more)))
            for one, more in begins.items()
        ]
        now = database.now(conn)
        people.save(conn, ACCOUNT, told, rejected=(), inputs={"hr": 1}, witnesses=["hr"], now=now)
        reasons = (Reason(code="EMAIL-INVALID", message="is none"),)
        rejected = [
            Rejection(origin="hr.csv:9", employee_id=one, reasons=reasons, source="hr", begins_on=day)
            for one in ("M", "")
        ]
        people.save_quarantine(conn, ACCOUNT, rejected, run_id=run_id, now=now)
    found, after = [], ""
    with database.read() as conn:
        while some := peoplelists.beginning(
            conn, ACCOUNT, day, day + timedelta(days=5), after=after, limit=2
        ):
            found += some
            after = some[-1].place
        assert people.codes(conn, ACCOUNT, ["M", "a"]) == {"M": ("EMAIL-INVALID",)}
        assert people.codes(conn, ACCOUNT, ["M"], ["hr"]) == {}
        assert people.of(conn, ACCOUNT, ["a", "x"])["a"]["begins_on"] == day + timedelta(days=1)
    assert [one.employee_id for one in found] == ["B", "M", "b", "Z1", "a"]
