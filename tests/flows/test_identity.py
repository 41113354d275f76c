"""Identity, end to end: renames that change hands, names that somebody keeps, and a database that was lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from syncd.app import App
from syncd.core.cases import Resolution, Verdict
from syncd.core.conditions import OneOf
from syncd.core.employments import Employments, Preferred
from syncd.core.limits import Limits, Policy
from syncd.core.rules import Absence, Column
from syncd.core.usernames import temporary
from syncd.sandbox.server import Sandbox
from syncd.sending.crew import drain
from syncd.sending.worker import Worker
from syncd.store import cases, changes, links
from syncd.store.database import Database
from syncd.store.schema import metadata
from syncd.sync import push
from tests.flows.rig import MAPPING, Rig, field_rule, person, place

WORLD = {"learning_paths": [{"Name": "Onboarding"}]}


@pytest.fixture
def rig(database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Eight people who are in Litmos already; no Limit holds anything."""
    with Sandbox(limit=200, window=0.5, seed=WORLD) as sandbox:
        made = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=[person(n) for n in range(1, 9)])
        made.changed = {"limits": Limits(minimum_population=1000)}
        made.push()
        yield made


def edit(rig: Rig, **what: Any) -> None:
    """What a person does in Litmos."""
    httpx.post(f"{rig.sandbox.control_url}/edit", json=what).raise_for_status()


def give(rig: Rig, *names: tuple[int, int]) -> None:
    """HR gives people each other's addresses: (1, 2) gives person 1 the address that person 2 had."""
    for number, other in names:
        rig.hr[number - 1]["email"] = f"p{other}@example.com"


def people(rig: Rig) -> dict[str, str]:
    """ExternalEmployeeId -> UserName of everybody."""
    return {user["ExternalEmployeeId"]: name for name, user in rig.users().items()}


def ids(rig: Rig) -> dict[str, str]:
    """ExternalEmployeeId -> Litmos id of everybody."""
    return {user["ExternalEmployeeId"]: user["Id"] for user in rig.users().values()}


def as_hr_says(rig: Rig) -> bool:
    """Whether everybody has the UserName that HR gives them."""
    return people(rig) == {row["employee_id"]: row["email"] for row in rig.hr}


def refused(rig: Rig) -> list[str]:
    """The write requests that the sandbox refused."""
    return [
        f"{e.method} {e.path} {e.status}" for e in rig.sandbox.log if e.method != "GET" and e.status >= 400
    ]


@pytest.mark.parametrize(
    "names",
    [
        ((1, 2), (2, 1)),
        ((1, 2), (2, 3), (3, 1)),
        ((1, 2), (2, 3), (3, 4), (4, 5), (5, 1), (6, 7), (7, 6)),
        ((1, 2), (2, 3), (3, 99)),
    ],
    ids=["swap", "circle", "two circles", "chain"],
)
def test_names_change_hands_without_a_refusal_and_everybody_keeps_their_user(rig, names):
    before = ids(rig)
    give(rig, *names)
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert as_hr_says(rig)
    assert ids(rig) == before
    assert refused(rig) == []
    writes = rig.writes()
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert rig.writes() == writes


def test_a_new_person_takes_the_name_of_somebody_who_is_renamed(rig):
    give(rig, (1, 77))
    rig.hr.append(person(9, email="p1@example.com"))
    assert rig.run(rig.push().run_id)["state"] == "succeeded"
    assert as_hr_says(rig)
    assert refused(rig) == []


def test_in_the_first_file_a_new_person_takes_the_name_of_somebody_whom_the_link_field_names(
    database, tmp_path
):
    """Nobody is linked yet: person 1 is in Litmos by the old address, and keeps the user; person 9 gets one of their own."""
    old = {
        "UserName": "p1@example.com",
        "Email": "p1@example.com",
        "FirstName": "First1",
        "LastName": "Last1",
    }
    world = {**WORLD, "users": [{**old, "ExternalEmployeeId": "00001"}]}
    with Sandbox(limit=200, window=0.5, seed=world) as sandbox:
        hr = [person(9, email="p1@example.com"), person(1, email="married@example.com")]
        rig = Rig(sandbox=sandbox, database=database, folder=tmp_path, hr=hr)
        rig.changed = {"limits": Limits(minimum_population=1000)}
        before = ids(rig)["00001"]
        pushed = rig.push()
        assert rig.run(pushed.run_id)["state"] == "succeeded"
        assert as_hr_says(rig)
        assert ids(rig)["00001"] == before
        assert refused(rig) == []
        assert rig.push(send=False).draft.plan.changes == ()


def stop_after(rig: Rig, writes: int) -> None:
    """A push whose process is gone after so many write requests, with a Job left in its queue."""
    rig.write_hr()
    app = rig.open()
    try:
        pushed = push(app, rig.run_id("push"))
        assert pushed.state == "running"
        worker = stepped(app)
        before = rig.writes()
        while rig.writes() - before < writes:
            assert worker.run_once()
    finally:
        app.client.close()


def stepped(app: App) -> Worker:
    """One worker of an App, to be stepped by hand."""
    return Worker(
        database=app.database,
        target=app.target,
        gate=app.hand,
        settings=app.work,
        owner=app.owner,
        stop=app.stop,
    )


@pytest.mark.parametrize("writes", [1, 2])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_swap_that_was_cut_off_is_finished_by_the_next_push(rig, writes, fresh):
    """After the one stepped aside, or after the other took the name as well."""
    give(rig, (1, 2), (2, 1))
    stop_after(rig, writes)
    assert temporary("p2@example.com", ids(rig)["00001"]) in rig.users()
    pushed = rig.push(fresh=fresh)
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert as_hr_says(rig)
    assert refused(rig) == []


def test_a_swap_that_hr_takes_back_while_one_stands_aside_is_taken_back(rig):
    """The other one's rename was queued by then and is still made, so it takes a push more."""
    give(rig, (1, 2), (2, 1))
    stop_after(rig, 1)
    give(rig, (1, 1), (2, 2))
    rig.push(fresh=True)
    rig.push(fresh=True)
    assert as_hr_says(rig)


def test_stepping_aside_with_an_unknown_outcome_is_settled_before_the_next_push_goes_on(rig):
    give(rig, (1, 2), (2, 1))
    rig.sandbox.faults.set([{"kind": "drop_after", "method": "PUT", "path": "^/users/"}])
    stop_after(rig, 1)
    pushed = rig.push()
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert as_hr_says(rig)
    assert refused(rig) == []


def codes(rig: Rig) -> dict[str, str]:
    """The cases: employee -> code."""
    with rig.database.read() as conn:
        return {case["employee_id"]: case["code"] for case in cases.listed(conn, "main") if case["code"]}


def test_a_name_that_a_leaver_keeps_is_a_case_and_not_a_refusal(rig):
    """The new person is not found by UserName, for Litmos is told to match by the employee id alone."""
    rig.changed |= {"mapping": replace(MAPPING, match=("ExternalEmployeeId",))}
    rig.hr[0]["status"] = "Left"
    rig.push()
    rig.hr.append(person(9, email="p1@example.com"))
    give(rig, (2, 1))
    rig.hr[1]["title"] = "Lead"
    rig.hr[6]["email"] = "p2@example.com"
    rig.hr[1]["email"], rig.hr[8]["email"] = "p1@example.com", "p9@example.com"
    writes = rig.writes()
    pushed = rig.push()
    assert codes(rig) == {"00002": "USERNAME-TAKEN", "00007": "USERNAME-TAKEN"}
    assert people(rig)["00009"] == "p9@example.com"
    assert people(rig)["00002"] == "p2@example.com"
    assert rig.users()["p2@example.com"]["JobTitle"] == "Rep"
    assert refused(rig) == []
    message = pushed.draft.rejections[0].reasons[0].message
    assert "inactive, linked to employee 00001" in message
    assert rig.writes() > writes


def test_a_new_hire_whose_name_an_inactive_stranger_has_is_a_case(rig):
    rig.changed |= {"mapping": replace(MAPPING, match=("ExternalEmployeeId",))}
    stranger = {"UserName": "p9@example.com", "FirstName": "Old", "LastName": "One", "Active": False}
    edit(rig, do="create_user", set=stranger)
    rig.hr.append(person(9))
    rig.push(fresh=True)
    assert codes(rig) == {"00009": "USERNAME-TAKEN"}
    assert refused(rig) == []


@pytest.mark.parametrize("taker", ["new", "known", "swap", "chain"])
@pytest.mark.parametrize("why", ["protected", "refused"])
def test_nobody_is_given_a_name_that_was_not_given_up_after_all(taker, why, rig):
    """The rename that was to free it was not made: it is not even tried to take it."""
    rig.hr[0]["email"] = "married@example.com"
    if taker == "new":
        rig.hr.append(person(9, email="p1@example.com"))
    else:
        give(rig, (2, 1))
    if taker == "swap":
        give(rig, (1, 2))
    if taker == "chain":
        give(rig, (3, 2))
    pushed = rig.push(drained=False)
    first = ids(rig)["00001"]
    if why == "protected":
        edit(rig, do="set_user", UserName="p1@example.com", set={"AccessLevel": "Account_Owner"})
    else:
        path = f"^/users/{first}$"
        rig.sandbox.faults.set([{"method": "PUT", "path": path, "kind": "status", "status": 400, "count": 0}])
    before = people(rig)
    app = rig.open()
    assert drain(app, pushed.run_id) == "failed"
    app.client.close()
    tried = [f"PUT /users/{first} 400"] if why == "refused" else []
    assert refused(rig) == tried
    now = people(rig)
    aside = {one for one, name in now.items() if "+syncd-" in name}
    assert {one: now[one] for one in now.keys() - aside} == {
        one: before[one] for one in before.keys() - aside
    }
    with rig.database.read() as conn:
        found = {row["key"]: row["code"] for row in changes.listed(conn, run_id=pushed.run_id)}
    others = {"new": ["user:00009"], "known": ["user:00002"], "chain": ["user:00002", "user:00003"]}
    assert [found[key] for key in others.get(taker, [])] == ["NAME-NOT-FREED"] * len(others.get(taker, []))
    rig.sandbox.faults.set([])
    if why == "refused":
        edit(rig, do="set_user", UserName="p8@example.com", set={"JobTitle": "Other"})
        rig.hr[0]["title"] = "Other"
        rig.push(fresh=True)
        rig.push(fresh=True)
        assert as_hr_says(rig)


def test_a_policy_that_renames_nobody_frees_no_name(rig):
    rig.changed |= {"policy": Policy.CREATE_ONLY}
    give(rig, (1, 77))
    rig.hr.append(person(9, email="p1@example.com"))
    rig.push()
    assert codes(rig) == {"00009": "USERNAME-TAKEN"}
    assert refused(rig) == []


# ---------------------------------------------------------------- ids that are not what they seem


def decide(rig: Rig, employee_id: str, verdict: Verdict, user_id: str = "") -> None:
    """As ``syncd cases resolve`` does: about the case as it is now."""
    with rig.database.write() as conn:
        case = cases.find(conn, "main", employee_id)
        assert case is not None
        refused = frozenset(each["user_id"] for each in case["candidates"] if verdict is Verdict.CREATE)
        decided = Resolution(verdict=verdict, user_id=user_id, refused=refused, answers=case["question"])
        cases.resolve(conn, "main", employee_id, decided, by="test", now=rig.database.now(conn))


def guarded(rig: Rig) -> None:
    """A mapping in which a person is told by two columns."""
    columns = tuple(Column(name=name, where="syncd.yaml:1:1") for name in ("last_name", "title"))
    rig.changed |= {"mapping": replace(MAPPING, same_person=columns)}
    rig.push()


SOMEBODY_ELSE = {"first_name": "Eva", "last_name": "Berg", "title": "Chef", "email": "eva@example.com"}


def test_an_id_that_hr_gives_to_somebody_else_is_held(rig):
    guarded(rig)
    before = rig.users()["p1@example.com"]
    rig.hr[0] |= SOMEBODY_ELSE
    rig.hr[1] |= {"last_name": "Married"}
    rig.push()
    assert codes(rig) == {"00001": "ID-REUSED"}
    assert rig.users()["p1@example.com"] == before
    assert rig.users()["p2@example.com"]["LastName"] == "Married"


def test_a_reused_id_is_a_new_user_if_a_person_says_so_and_the_old_one_stays(rig):
    guarded(rig)
    before = rig.users()["p1@example.com"]
    rig.hr[0] |= SOMEBODY_ELSE
    rig.push()
    decide(rig, "00001", Verdict.CREATE)
    rig.push()
    assert rig.users()["eva@example.com"]["LastName"] == "Berg"
    assert rig.users()["p1@example.com"] == before
    writes = rig.writes()
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert (rig.writes(), codes(rig)) == (writes, {})


def test_a_reused_id_is_the_same_user_if_a_person_says_so_and_is_asked_about_the_next_time(rig):
    guarded(rig)
    before = ids(rig)["00001"]
    rig.hr[0] |= SOMEBODY_ELSE
    rig.push()
    decide(rig, "00001", Verdict.LINK, before)
    rig.push()
    assert rig.users()["eva@example.com"]["Id"] == before
    rig.hr[0] |= {"last_name": "Lund", "title": "Clerk"}
    rig.push()
    assert codes(rig) == {"00001": "ID-REUSED"}


def test_a_file_that_lost_its_leading_zeros_changes_nobody_and_is_one_sentence(rig):
    """Not even by absence, however many such files there are; the next right file is as if nothing had been."""
    absence = Absence(deactivates=True, after_files=1, after_hours=0)
    rig.changed |= {"mapping": replace(MAPPING, absence=absence)}
    right = [dict(row) for row in rig.hr]
    writes = rig.writes()
    for title in ("Lead", "Chief"):
        rig.hr = [row | {"employee_id": row["employee_id"].lstrip("0"), "title": title} for row in right[:7]]
        rig.hr.append(right[7])
        pushed = rig.push()
        assert "7 of 8 rows" in pushed.draft.plan.problems[0]
        assert "for 00001" in pushed.draft.plan.problems[0]
    assert set(codes(rig).values()) == {"ID-ZEROS-LOST"}
    assert len(codes(rig)) == 7
    assert rig.writes() == writes
    rig.hr = right
    assert rig.push().draft.plan.changes == ()
    assert codes(rig) == {}


@pytest.mark.parametrize("mangled", ["7.0E+00", "7.0"])
def test_an_id_that_may_be_anybodys_keeps_everybody_from_being_absent(rig, mangled):
    absence = Absence(deactivates=True, after_files=1, after_hours=0)
    rig.changed |= {"mapping": replace(MAPPING, absence=absence)}
    for title in ("Lead", "Chief", "Head"):
        rig.hr = [row | {"title": title} for row in rig.hr[:6]]
        rig.hr.append(person(7, employee_id=mangled))
        pushed = rig.push()
        assert [r.reasons[0].code for r in pushed.draft.rejections] == ["ID-ROUNDED"]
    assert all(user["Active"] for user in rig.users().values())
    assert rig.users()["p1@example.com"]["JobTitle"] == "Head"


ABSENT = Absence(deactivates=True, after_files=1, after_hours=0)
FIELDS = tuple(
    field_rule("UserName", "login") if rule.field == "UserName" else rule for rule in MAPPING.fields
)


@pytest.mark.parametrize(
    ("match", "code"),
    [(MAPPING.match, "MATCH-TAKEN"), (("ExternalEmployeeId",), "USERNAME-TAKEN")],
)
def test_somebody_whose_id_hr_changes_keeps_access_until_a_person_decides(match, code, rig):
    """However many files leave out the old id."""
    rig.changed |= {"mapping": replace(MAPPING, absence=ABSENT, match=match)}
    before = ids(rig)["00001"]
    rig.hr[0]["employee_id"] = "90001"
    for title in ("Lead", "Chief", "Head"):
        rig.hr[5]["title"] = title
        rig.push()
        assert codes(rig) == {"90001": code}
        assert rig.users()["p1@example.com"]["Active"]
    decide(rig, "90001", Verdict.LINK, before)
    rig.push()
    assert ids(rig)["90001"] == before
    assert rig.users()["p1@example.com"]["Active"]


def test_who_comes_under_a_new_id_that_is_left_alone_keeps_access(rig):
    rig.changed |= {"mapping": replace(MAPPING, absence=ABSENT)}
    rig.hr[0]["employee_id"] = "90001"
    rig.push()
    decide(rig, "90001", Verdict.IGNORE)
    for title in ("Lead", "Chief"):
        rig.hr[5]["title"] = title
        rig.push()
    assert rig.users()["p1@example.com"]["Active"]


def unreadable_status(rig: Rig) -> list[dict[str, str]]:
    return [rig.hr[0] | {"employee_id": "90001", "status": "Unheard of"}]


def named_twice(rig: Rig) -> list[dict[str, str]]:
    return [rig.hr[0] | {"employee_id": "90001", "title": title} for title in ("Rep", "Chief")]


def address_shared(rig: Rig) -> list[dict[str, str]]:
    return [rig.hr[0] | {"employee_id": new} for new in ("90001", "90002")]


@pytest.mark.parametrize("rows", [unreadable_status, named_twice, address_shared])
@pytest.mark.parametrize("match", [MAPPING.match, ("ExternalEmployeeId",)])
def test_whose_id_changes_in_a_row_that_is_rejected_keeps_access(match, rows, rig):
    """By the user's name, whether that is a match key or not; and somebody who is truly gone does not."""
    rig.changed |= {"mapping": replace(MAPPING, absence=ABSENT, match=match)}
    rig.hr = [*rig.hr[1:-1], *rows(rig)]
    for title in ("Lead", "Chief", "Head"):
        rig.hr[3]["title"] = title
        pushed = rig.push()
        assert {r.employee_id for r in pushed.draft.rejections} <= {"90001", "90002"}
        assert pushed.draft.rejections
    assert rig.users()["p1@example.com"]["Active"]
    assert not rig.users()["p8@example.com"]["Active"]


def test_an_id_that_becomes_somebody_elses_without_its_zeros_locks_nobody_out(rig):
    """Both rows are rejected as duplicates."""
    rig.hr.append(person(9, employee_id="7"))
    rig.push()
    rig.changed |= {"mapping": replace(MAPPING, absence=ABSENT)}
    rig.hr[6]["employee_id"] = "7"
    for title in ("Lead", "Chief"):
        rig.hr[5]["title"] = title
        assert [r.employee_id for r in rig.push().draft.rejections] == ["7", "7"]
    assert all(user["Active"] for user in rig.users().values())


def test_an_id_that_may_be_two_peoples_without_its_zeros_is_a_case(rig):
    rig.hr.append(person(9, employee_id="007"))
    rig.push()
    rig.changed |= {"mapping": replace(MAPPING, absence=ABSENT, match=("ExternalEmployeeId",))}
    rig.hr = [*rig.hr[:6], rig.hr[7], person(7, employee_id="7", email="other@example.com", title="Chief")]
    rig.push()
    assert codes(rig) == {"7": "ID-ZEROS-LOST"}
    assert len(rig.users()) == 9
    assert all(user["Active"] for user in rig.users().values())


def test_who_comes_back_under_a_new_id_beside_the_new_owner_of_the_old_one_is_not_made_twice(rig):
    guards = (Column(name="last_name", where="syncd.yaml:1:1"),)
    rig.hr = [row | {"login": row["email"]} for row in rig.hr]
    mapping = replace(MAPPING, fields=FIELDS, match=("ExternalEmployeeId", "Email"), same_person=guards)
    rig.changed |= {"mapping": mapping}
    rig.push()
    former = rig.hr[0] | {"employee_id": "00077", "login": "u77@example.com"}
    rig.hr[0] |= {"last_name": "New", "email": "new@example.com"}
    rig.hr.append(former)
    rig.push()
    assert codes(rig) == {"00001": "ID-REUSED", "00077": "MATCH-TAKEN"}
    assert len(rig.users()) == 8


# ---------------------------------------------------------------- employments


def test_a_contractor_who_is_hired_keeps_their_user_and_leaves_with_the_last_employment(rig):
    employee = Preferred(
        when=OneOf(column="title", where="syncd.yaml:1:1", values=frozenset({"Employee", "Manager"}))
    )
    employments = Employments(place=place("employee.employments"), primary=(employee,))
    rig.changed |= {"mapping": replace(MAPPING, employments=employments)}
    before = ids(rig)
    contract = rig.hr[0]
    contract["title"] = "Contractor"
    rig.hr.append(person(1, title="Employee", email="p1.new@example.com", department="Support"))
    rig.push()
    now = rig.users()["p1.new@example.com"]
    assert (now["Id"], now["JobTitle"], now["Active"]) == (before["00001"], "Employee", True)
    assert ("Support", "p1.new@example.com") in rig.members()
    contract["status"] = "Left"
    contract["email"] = ""
    writes = rig.writes()
    assert rig.push(fresh=True).draft.plan.changes == ()
    assert rig.writes() == writes
    rig.hr[-1]["status"] = "Left"
    rig.push()
    assert rig.users()["p1.new@example.com"]["Active"] is False
    assert ids(rig) == before


# ---------------------------------------------------------------- a lost database


def lose_the_database(rig: Rig) -> None:
    """Everything that syncd knew is gone."""
    with rig.database.write() as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(table.delete())


def test_a_lost_database_finds_everybody_by_the_link_field_and_makes_nobody_twice(rig):
    """One was renamed in Litmos, one in HR since, two have swapped names, one is inactive and comes back, one left."""
    rig.hr[5]["status"] = rig.hr[6]["status"] = "Left"
    rig.push()
    before = ids(rig)
    edit(rig, do="set_user", UserName="p1@example.com", set={"UserName": "other@example.com"})
    lose_the_database(rig)
    give(rig, (2, 78), (3, 4), (4, 3))
    rig.hr[5]["status"] = "Active"
    pushed = rig.push(fresh=True)
    assert rig.run(pushed.run_id)["state"] == "succeeded"
    assert pushed.draft.plan.counts["user"] == {"reactivate": 1, "update": 4}
    assert ids(rig) == before
    assert as_hr_says(rig)
    assert {name for name, user in rig.users().items() if not user["Active"]} == {"p7@example.com"}
    with rig.database.read() as conn:
        assert links.load(conn, "main") == before
    assert rig.push(fresh=True).draft.plan.changes == ()


def test_a_database_that_is_lost_in_the_middle_of_a_swap_finds_the_one_who_stands_aside(rig):
    give(rig, (1, 2), (2, 1))
    before = ids(rig)
    stop_after(rig, 1)
    lose_the_database(rig)
    rig.push(fresh=True)
    assert as_hr_says(rig)
    assert ids(rig) == before
