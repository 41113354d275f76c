"""Compiling Changes into Requests: every Change in exactly one Request, edges only where real, the cheaper read."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.alternatives import choices
from syncd.core.compile import compile_requests
from syncd.core.desired import desired_state
from syncd.core.diff import Rules, diff
from syncd.core.model import LEAVERS, LEAVERS_BY_HAND, Action, Change, ObjectKind, State
from syncd.core.plan import cost_of, digest, minutes
from syncd.core.request import Importing, Pace, RequestKind
from tests.core.factories import course, employee, learning_path, path_key, user_of

PACE = Pace(users=200, per_minute=100)


def update(number):
    return Change(
        key=f"user:E{number}",
        action=Action.UPDATE,
        kind=ObjectKind.USER,
        employee_id=f"E{number}",
        user_id=f"u{number}",
        after={"City": "Ulm"},
    )


def leaver(number):
    return Change(
        key=f"active:L{number}",
        action=Action.DEACTIVATE,
        kind=ObjectKind.USER,
        employee_id=f"L{number}",
        user_id=f"l{number}",
        after={"Active": False},
    )


def test_a_new_person_waits_for_nothing_and_memberships_wait_for_person_and_team():
    people = [employee("E1", teams=(("Sales", "EMEA"),))]
    requests = {
        r.key: r for r in compile_requests(diff(desired_state(people, ()), State(), Rules()).changes, PACE)
    }
    assert requests["create:E1"].after == ()
    assert requests["create-team:sales/emea"].after == ("create-team:sales",)
    assert requests["add-members:sales/emea:0"].after == ("create-team:sales/emea", "create:E1")


def test_leavers_are_first():
    requests = compile_requests([update(1), leaver(1)], PACE)
    assert [r.key for r in requests] == ["put:L1", "put:E1"]
    assert requests[0].after == ()


def test_update_and_reactivation_of_one_person_are_one_put():
    back = Change(
        key="active:E1",
        action=Action.REACTIVATE,
        kind=ObjectKind.USER,
        employee_id="E1",
        user_id="u1",
        after={"Active": True},
    )
    (request,) = compile_requests([update(1), back], PACE)
    assert request.payload["active"] is True
    assert request.payload["fields"] == {"City": "Ulm"}
    assert request.changes == ("user:E1", "active:E1")


def test_two_puts_read_singly_and_three_hundred_read_by_page():
    assert cost_of(compile_requests([update(1), update(2)], PACE), (100, 60)).low == 4
    requests = compile_requests([update(n) for n in range(300)], PACE)
    assert [r.kind for r in requests].count(RequestKind.READ_USERS) == 1
    assert cost_of(requests, (100, 60)).low == 301


def test_a_page_read_is_repeated_before_it_is_stale():
    requests = compile_requests([update(n) for n in range(1000)], PACE)
    reads = [r for r in requests if r.kind is RequestKind.READ_USERS]
    assert len(reads) == 3
    assert len(reads[1].after) == 399


def test_minutes_are_whole_windows():
    assert [minutes(n, (100, 60)) for n in (0, 1, 100, 101, 300)] == [0, 0, 0, 1, 2]


people_strategy = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.lists(st.sampled_from([("Sales",), ("Sales", "EMEA"), ("IT",)]), max_size=3, unique=True),
        st.booleans(),
        st.booleans(),
    ),
    unique_by=lambda row: row[0],
    max_size=12,
)


@given(people_strategy)
def test_every_change_is_in_exactly_one_request_and_edges_point_backwards(rows):
    people = [employee(f"E{n}", teams=tuple(teams), City="Ulm") for n, teams, _, _ in rows]
    users = {
        f"E{n}": user_of(p, f"u{n}", City="Bonn", active=on)
        for p, (n, _, has, on) in zip(people, rows, strict=True)
        if has
    }
    changes = diff(desired_state(people, ()), State(users=users), Rules()).changes
    requests = compile_requests(changes, PACE)
    carried = [key for request in requests for key in request.changes]
    assert sorted(carried) == sorted(change.key for change in changes)
    seen: set[str] = set()
    for request in sorted(requests, key=lambda r: r.stage):
        assert set(request.after) <= {r.key for r in requests}
        assert all(next(r for r in requests if r.key == a).stage <= request.stage for a in request.after)
        seen.add(request.key)
    assert len(seen) == len(requests)


@given(st.permutations([update(1), update(2), leaver(3)]))
def test_the_digest_does_not_depend_on_order(changes):
    assert digest(changes) == digest([update(1), update(2), leaver(3)])


def test_the_digest_depends_on_what_would_be_done():
    assert digest([update(1)]) != digest([update(2)])


def test_learning_paths_and_courses_of_one_person_are_one_request_each():
    person = employee("E1", paths=("p1", "p2"), courses=("c1", "c2"))
    offered = (*(learning_path(n, n) for n in ("p1", "p2")), *(course(n, n) for n in ("c1", "c2")))
    current = State(users={"E1": user_of(person, "u1")})
    requests = compile_requests(diff(desired_state([person], offered), current, Rules()).changes, PACE)
    assert {(r.kind, r.payload["kind"], tuple(r.payload["items"])) for r in requests} == {
        (RequestKind.ASSIGN_ITEMS, "learning_path", ("p1", "p2")),
        (RequestKind.ASSIGN_ITEMS, "course", ("c1", "c2")),
    }
    assert len({r.target for r in requests}) == len(requests) == 2


def membership(person, *team, user_id=""):
    return Change(
        key=f"membership:{person}@{'/'.join(team)}",
        action=Action.ADD,
        kind=ObjectKind.MEMBERSHIP,
        employee_id=person,
        user_id=user_id,
        team=team,
        team_id=f"id of {team[-1]}",
    )


def test_one_person_in_many_teams_is_one_call_and_many_people_in_one_team_are_one():
    many_teams = [membership("boss", f"T{n}", user_id="b") for n in range(9)]
    many_people = [membership(f"E{n}", "all", user_id=f"u{n}") for n in range(9)]
    requests = compile_requests([*many_teams, *many_people], PACE)
    assert [(r.kind, len(r.changes)) for r in requests] == [
        (RequestKind.ADD_MEMBERS, 9),
        (RequestKind.JOIN_TEAMS, 9),
    ]
    assert [one["team_id"] for one in requests[1].payload["teams"]] == [f"id of T{n}" for n in range(9)]


def test_a_starter_with_all_that_they_need_goes_before_the_rest():
    starter = Change(
        key="user:new",
        action=Action.CREATE,
        kind=ObjectKind.USER,
        employee_id="new",
        after={"UserName": "n@x.org"},
    )
    given = Change(
        key="assignment:new",
        action=Action.ADD,
        kind=ObjectKind.ASSIGNMENT,
        employee_id="new",
        item=path_key("7"),
    )
    rest = [update(1), membership("E1", "A", user_id="u1"), membership("E2", "A", user_id="u2")]
    requests = compile_requests([*rest, membership("new", "B"), given, starter, leaver(1)], PACE)
    assert [r.key for r in requests] == [
        "put:L1",
        "create:new",
        "add-members:b:0",
        "assign:new:learning_path:0",
        "put:E1",
        "add-members:a:0",
    ]


def test_the_plan_says_what_other_ways_would_have_cost():
    changes = [membership(f"E{n}", team, user_id=f"u{n}") for n in range(30) for team in ("A", "B")]
    requests = compile_requests(changes, PACE)
    assert [choice.text for choice in choices(changes, requests, PACE)] == [
        "memberships: 2 requests for 60 (by team 2, by person 30, one by one 60)"
    ]
    alone = [membership("E1", "A", user_id="u1")]
    assert choices(alone, compile_requests(alone, PACE), PACE) == ()


def test_the_plan_says_what_imports_would_have_cost_in_other_ways():
    people = [
        Change(
            key=f"user:E{n}",
            action=Action.CREATE,
            kind=ObjectKind.USER,
            employee_id=f"E{n}",
            after={
                "UserName": f"e{n}@example.com",
                "Email": f"e{n}@example.com",
                "FirstName": "Ann",
                "LastName": "Lee",
            },
        )
        for n in range(100)
    ]
    joins = [replace(membership(f"E{n}", team), team_id=team) for n in range(100) for team in ("A", "B")]
    pace = Pace(users=50_000, per_minute=100, importing=Importing())
    requests = compile_requests([*people, *joins], pace)
    assert [choice.text for choice in choices([*people, *joins], requests, pace)] == [
        "memberships: 2 requests for 200 (by team 2, by person 100, one by one 200)"
    ], "a hundred new people in so large an account go singly: none of it is an import"
    small = replace(pace, users=500)
    texts = [
        choice.text for choice in choices(people + joins, compile_requests(people + joins, small), small)
    ]
    assert texts == [
        "users: 4 to 31 requests for 100 (one by one 100, imports by list 31, imports by window 57)",
        "memberships: 2 requests for 200 (by team 2, by person 100, one by one 200, by team codes in imports 1)",
    ]


def test_a_leaver_leaves_all_teams_in_one_request_after_the_deactivation():
    gone = [
        replace(
            membership("L1", team, user_id="l1"),
            action=Action.REMOVE,
            rule=rule,
            team_id=team,
            key=f"m:{team}",
        )
        for team, rule in (("A", LEAVERS), ("B", LEAVERS_BY_HAND))
    ]
    other = replace(membership("E2", "A", user_id="u2"), action=Action.REMOVE, team_id="A")
    changes = [leaver(1), *gone, other]
    requests = compile_requests(changes, PACE)
    found = {request.kind: request for request in requests}
    assert [request.key for request in requests] == ["put:L1", "leave-teams:L1", f"remove:{other.key}"]
    leaving = found[RequestKind.LEAVE_TEAMS]
    assert (leaving.after, leaving.changes, leaving.low, leaving.high) == (("put:L1",), ("m:A", "m:B"), 1, 3)
    assert "teams of leavers: 1 to 3 requests for 2 (one by one 2)" in [
        choice.text for choice in choices(changes, requests, PACE)
    ]
