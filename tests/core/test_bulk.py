"""Which Changes a bulk import carries, as which rows, in which chunks, and when it is surely cheaper."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.bulk import (
    ALWAYS,
    AS_BORN,
    IMPORT_MEMBERS,
    LARGEST,
    MOST_ROWS,
    Late,
    candidates,
    clashes,
    importable,
    row_of,
    weight,
    without_clashes,
)
from syncd.core.compile import compile_requests
from syncd.core.diff import Difference
from syncd.core.import_cost import Load, Scene, cost, looks, next_look
from syncd.core.import_requests import Chunk, choose
from syncd.core.model import Action, Change, FieldValue, ObjectKind
from syncd.core.plan import cost_of
from syncd.core.profile import WRITABLE_FIELDS
from syncd.core.request import Importing, Pace, RequestKind

WHOLE: dict[str, FieldValue] = {
    "UserName": "e1@example.com",
    "Email": "e1@example.com",
    "FirstName": "Ann",
    "LastName": "Lee",
}
KNOWN = Importing(usernames={"u1": "e1@example.com"})


def user_change(action: Action, number: int = 1, **after: FieldValue) -> Change:
    return Change(
        key=f"user:E{number}",
        action=action,
        kind=ObjectKind.USER,
        employee_id=f"E{number}",
        user_id="" if action is Action.CREATE else f"u{number}",
        after=after,
    )


def created(number: int = 1, **fields: FieldValue) -> Change:
    name = f"e{number}@example.com"
    return user_change(Action.CREATE, number, **{**WHOLE, "UserName": name, "Email": name, **fields})


def test_a_create_becomes_a_row_without_its_username_among_the_fields():
    row = row_of(created(JobTitle="Rep", City="", SkipFirstLogin=True), Importing())
    assert row == {
        "employee_id": "E1",
        "user_id": "",
        "username": "e1@example.com",
        "fields": {"Email": "e1@example.com", "FirstName": "Ann", "LastName": "Lee", "JobTitle": "Rep"},
        "change": "user:E1",
    }


def test_an_update_becomes_a_row_with_what_changes():
    row = row_of(user_change(Action.UPDATE, JobTitle="Lead"), KNOWN)
    assert row is not None
    assert (row["user_id"], row["username"], row["fields"]) == ("u1", "e1@example.com", {"JobTitle": "Lead"})


@pytest.mark.parametrize("name", sorted(set(WRITABLE_FIELDS) - {"UserName", "Password"}))
def test_every_profile_field_is_carried_or_goes_singly(name):
    """A field that the table lacks is never dropped: the whole person goes by POST or PUT instead."""
    value: Any = {name: "x"}
    row = row_of(user_change(Action.UPDATE, **value), KNOWN)
    assert (row is not None) == (name in IMPORT_MEMBERS)
    made = row_of(created(**value), Importing())
    assert (made is not None) == (name in IMPORT_MEMBERS or name == "SkipFirstLogin")


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in AS_BORN for value in AS_BORN[name]])
def test_what_somebody_is_born_with_need_not_be_said(name, value):
    row = row_of(created(**{name: value}), Importing())
    assert row is not None
    assert name not in row["fields"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AccessLevel", "Team_Leader"),
        ("DisableMessages", True),
        ("ManagerId", "m1"),
        ("IsCustomUsername", True),
    ],
)
def test_what_an_import_cannot_be_trusted_with_goes_singly(name, value):
    assert row_of(created(**{name: value}), Importing()) is None


@pytest.mark.parametrize(
    "change",
    [
        user_change(Action.UPDATE, JobTitle=""),
        user_change(Action.UPDATE, UserName="new@example.com"),
        user_change(Action.DEACTIVATE, Active=False),
        user_change(Action.REACTIVATE, Active=True),
        user_change(Action.UPDATE, 2, JobTitle="Lead"),
        created(UserName="no-address"),
        created(FirstName=""),
        Change(key="team:x", action=Action.CREATE, kind=ObjectKind.TEAM, team=("X",)),
    ],
    ids=["clear", "rename", "deactivate", "reactivate", "unknown name", "no address", "nameless", "team"],
)
def test_what_an_import_never_carries(change: Change):
    assert row_of(change, KNOWN) is None


def test_whom_an_import_has_failed_goes_singly():
    assert row_of(created(), Importing(singly=frozenset({"E1"}))) is None


@pytest.mark.parametrize("blank", ["Email", "FirstName", "LastName"])
def test_a_user_who_lacks_what_each_row_must_say_is_not_importable(blank: str):
    assert importable(WHOLE) == "e1@example.com"
    assert importable({**WHOLE, blank: ""}) == ""


def chosen(changes: list[Change], users: int = 0, importing: Importing | None = None) -> tuple[Chunk, ...]:
    return choose(changes, Pace(users=users, per_minute=100, importing=importing or Importing())).chunks


def keys(chunk: Chunk) -> list[str]:
    return [row.change for row in chunk.rows]


def test_a_few_people_are_cheaper_singly_and_many_by_one_import():
    _, dearest = cost(Load(creates=1, updates=0), Scene(users=0, made=1, touched=1), near=False)
    assert chosen([created(n) for n in range(dearest)]) == ()
    (chunk,) = chosen([created(n) for n in range(dearest + 1)])
    assert len(chunk.rows) == dearest + 1


def test_a_person_of_whom_two_changes_tell_is_left_to_one_put():
    people = [created(n) for n in range(40)]
    twice = Change(
        key="active:E7", action=Action.REACTIVATE, kind=ObjectKind.USER, employee_id="E7", user_id="u7"
    )
    (chunk,) = chosen([*people, twice])
    assert len(chunk.rows) == 39
    assert "user:E7" not in keys(chunk)


def test_a_username_comes_once_whatever_its_case():
    people = [created(n) for n in range(40)]
    again = created(99, UserName="E3@Example.com")
    (chunk,) = chosen([*people, again])
    assert "user:E99" not in keys(chunk)


def test_who_skips_the_first_login_is_imported_apart():
    people = [created(n, SkipFirstLogin=n % 2 == 0) for n in range(100)]
    requests = compile_requests(people, Pace(users=0, per_minute=100, importing=Importing()))
    imports = [one for one in requests if one.kind is RequestKind.IMPORT_USERS]
    assert [(one.payload["skip_first_login"], len(one.changes)) for one in imports] == [
        (False, 50),
        (True, 50),
    ]


@settings(max_examples=20, deadline=None)
@given(st.integers(30, 1600), st.integers(1, 2000))
def test_no_chunk_is_larger_than_litmos_takes(people: int, length: int):
    found = chosen([created(n, City="é" * length) for n in range(people)])
    carried = 0
    for chunk in found:
        body = json.dumps(
            [
                {
                    "Username": row.row["username"],
                    **dict.fromkeys(ALWAYS, "y" * 100),
                    **cast("dict[str, Any]", row.row["fields"]),
                }
                for row in chunk.rows
            ],
            ensure_ascii=False,
        )
        assert len(body.encode()) <= 2_000_000
        assert len(chunk.rows) <= MOST_ROWS
        carried += len(chunk.rows)
    assert carried <= people
    assert LARGEST < 2_000_000


@pytest.mark.parametrize("script", ["x", "é", "語", "🎓"])
def test_a_row_weighs_at_least_what_its_body_takes(script: str):
    """Also one of which Email and both names are only known when it is sent."""
    importing = Importing(usernames={"u1": "e1@example.com"})
    whole = user_change(Action.UPDATE, Street2=script * 100, PostalCode="1", JobTitle='"\\' * 20)
    bare = {"Email": script * 90, "FirstName": script * 50, "LastName": script * 50}
    for change in (created(City=script * 50), whole):
        ((_, row),), _ = candidates([change], importing)
        members = {IMPORT_MEMBERS[name]: value for name, value in {**bare, **row["fields"]}.items()}
        body = json.dumps({"Username": row["username"], **members}, ensure_ascii=False, separators=(",", ":"))
        assert len(body.encode()) + 1 <= weight(row)


changes_strategy = st.lists(
    st.tuples(
        st.integers(0, 80),
        st.sampled_from([Action.CREATE, Action.UPDATE]),
        st.dictionaries(
            st.sampled_from(["City", "JobTitle", "AccessLevel", "Brand"]), st.sampled_from(["", "x"])
        ),
    ),
    unique_by=lambda row: row[0],
    max_size=80,
)


@given(changes_strategy)
def test_every_change_is_in_exactly_one_request_and_each_member_waits_for_their_maker(rows):
    people = [
        created(number, **after) if action is Action.CREATE else user_change(action, number, **after)
        for number, action, after in rows
        if action is Action.CREATE or after
    ]
    members = [
        Change(
            key=f"membership:{one.employee_id}@x",
            action=Action.ADD,
            kind=ObjectKind.MEMBERSHIP,
            employee_id=one.employee_id,
            user_id=one.user_id,
            team=("X",),
        )
        for one in people
    ]
    names = {f"u{number}": f"e{number}@example.com" for number in range(80)}
    requests = compile_requests(
        [*people, *members], Pace(users=200, per_minute=100, importing=Importing(usernames=names))
    )
    carried = [key for request in requests for key in request.changes]
    assert sorted(carried) == sorted(one.key for one in [*people, *members])
    makers = {
        key: request.key
        for request in requests
        if request.kind in {RequestKind.CREATE_USER, RequestKind.IMPORT_USERS}
        for key in request.changes
    }
    added = [request for request in requests if request.kind is RequestKind.ADD_MEMBERS]
    for one in people:
        if one.action is Action.CREATE:
            mine = next(r for r in added if f"membership:{one.employee_id}@x" in r.changes)
            assert makers[one.key] in mine.after


@pytest.mark.parametrize("imports", [1, 2, 3, 7, 40])
def test_the_looks_at_an_import_are_as_many_as_its_cost_says(imports: int):
    number, elapsed = 0, next_look(0, longest=30, imports=imports)
    while elapsed < 600:
        number += 1
        elapsed += next_look(elapsed, longest=30, imports=imports)
    assert number + 1 == looks(imports) <= looks(1)
    assert next_look(0, longest=1) == 1


def test_many_imports_are_looked_at_less_often_and_none_later_than_twice_its_time():
    assert [looks(number) for number in (1, 2, 3, 4, 7)] == [25, 15, 11, 10, 9]
    for imports in (1, 2, 7):
        elapsed = next_look(0, longest=30, imports=imports)
        while elapsed < 600:
            later = elapsed + next_look(elapsed, longest=30, imports=imports)
            assert later <= 2 * elapsed
            elapsed = later


def test_an_import_names_everybody_it_writes():
    (request,) = compile_requests(
        [created(n) for n in range(40)], Pace(users=200, per_minute=100, importing=Importing())
    )
    assert request.kind is RequestKind.IMPORT_USERS
    assert request.covers == tuple(f"new-user:E{n}" for n in range(40))
    assert request.low < request.high < 40
    assert request.names >= {"employee:E7", "name:e7@example.com"}


def test_who_is_to_have_a_name_that_somebody_has_goes_singly():
    assert row_of(created(), Importing(taken=frozenset({"e1@example.com"}))) is None


@pytest.mark.parametrize(
    ("number", "username", "clash"),
    [
        (1, "e1@example.com", False),
        (1, "E1@Example.com ", False),
        (1, "new@example.com", True),
        (2, "e1@example.com", True),
        (2, "e2@example.com", False),
        (1, None, False),
        (2, None, False),
    ],
)
def test_no_other_name_comes_between_a_late_import_and_whom_it_names(number, username, clash):
    late = Late(employee_id="E1", username="e1@example.com")
    after: Any = {"City": "Ulm"} | ({} if username is None else {"UserName": username})
    assert clashes(user_change(Action.UPDATE, number, **after), [late]) is clash


def test_a_create_that_clashes_takes_all_changes_of_that_person_with_it():
    member = Change(
        key="membership:E1@x", action=Action.ADD, kind=ObjectKind.MEMBERSHIP, employee_id="E1", team=("X",)
    )
    other = created(2)
    made = Difference(changes=(created(1, UserName="q@example.com"), member, other), skips=())
    left = without_clashes(made, [Late(employee_id="E1", username="e1@example.com")])
    assert left.changes == (other,)
    assert [(skip.employee_id, skip.code) for skip in left.skips] == [("E1", "IMPORT-LATE")]


def test_the_minutes_of_a_plan_count_the_wait_for_an_import():
    requests = compile_requests(
        [created(n) for n in range(40)], Pace(users=200, per_minute=100, importing=Importing())
    )
    cost = cost_of(requests, (100, 60.0))
    assert cost.low_minutes < 1
    assert cost.high_minutes == 10


@given(st.integers(0, 2_000_000), st.integers(0, 9000), st.integers(0, 9000))
@settings(max_examples=25, deadline=None)
def test_an_import_is_taken_only_where_it_is_surely_cheaper(users: int, new: int, known: int):
    names = {f"u{number}": f"e{number}@example.com" for number in range(new, new + known)}
    people = [
        *(created(number) for number in range(new)),
        *(user_change(Action.UPDATE, number, JobTitle="Lead") for number in range(new, new + known)),
    ]
    pace = Pace(users=users, per_minute=100, importing=Importing(usernames=names))
    requests = compile_requests(people, pace)
    singly = compile_requests(people, replace(pace, importing=None))
    if any(request.kind is RequestKind.IMPORT_USERS for request in requests):
        dearest = sum(r.high if r.key.startswith(("import:", "read:imports")) else r.low for r in requests)
        assert dearest < sum(request.low for request in singly)
    else:
        assert [request.key for request in requests] == [request.key for request in singly]


@pytest.mark.parametrize(
    ("users", "new", "known", "imports"),
    [
        (1_000_000, 0, 100, 1),
        (1_000_000, 0, 40, 0),
        (1_000_000, 10_000, 0, 7),
        (1_000_000, 1_000, 0, 0),
        (200_000, 1_000, 0, 1),
        (100_000, 300, 0, 1),
        (100_000, 300, 300, 1),
        (100_000, 1_400, 200, 2),
    ],
)
def test_imports_are_made_in_accounts_far_larger_than_the_change(users, new, known, imports):
    """Nobody reads a thousand pages before and after each of them."""
    names = {f"u{number}": f"e{number}@example.com" for number in range(new, new + known)}
    people = [
        *(created(number) for number in range(new)),
        *(user_change(Action.UPDATE, number, JobTitle="Lead") for number in range(new, new + known)),
    ]
    requests = compile_requests(
        people, Pace(users=users, per_minute=100, importing=Importing(usernames=names))
    )
    found = [one for one in requests if one.kind is RequestKind.IMPORT_USERS]
    assert len(found) in ({imports} if imports < 7 else {6, 7})
    assert all(one.payload["near"] for one in found)
    for one in found:
        creates = any(not row["user_id"] for row in one.payload["rows"])
        assert bool(one.after) is creates, "what creates is sent after a list, and nothing else"


def test_what_a_window_does_not_show_is_read_singly_and_counted():
    scene = Scene(users=1_000_000, made=0, touched=100)
    plain = cost(Load(creates=0, updates=100), scene, near=True)
    hidden = cost(Load(creates=0, updates=100, shown=False), scene, near=True)
    assert hidden[0] - plain[0] == 99
    people = [user_change(Action.UPDATE, number, JobRole="Nurse") for number in range(100)]
    names = {f"u{number}": f"e{number}@example.com" for number in range(100)}
    assert choose(people, Pace(users=1_000_000, per_minute=100, importing=Importing(usernames=names))).chunks
