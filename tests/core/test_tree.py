"""Organisation trees: the table of what becomes of a node, and that codes keep teams whatever names and rows do."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.compile import compile_requests
from syncd.core.desired import desired_state
from syncd.core.diff import Rules, diff
from syncd.core.model import Action, Change, ItemKey, ItemKind, Node, ObjectKind, State, Team, Wish
from syncd.core.nodes import distinct
from syncd.core.operation import TeamFact
from syncd.core.request import Pace, RequestKind
from syncd.core.rules import Ground, NodeRule, Place, TreeRule
from syncd.core.team_names import clashes, moved_texts
from syncd.core.tree import expected, grow, plant
from tests.core.factories import employee

SPACE = "org"


def node(code, name, parent=""):
    return Node(key=(SPACE, code), name=name, parent=parent, origin=f"org.csv:{code}")


def team(team_id, name, parent=""):
    return TeamFact(id=team_id, name=name, parent_id=parent)


def grown(nodes, teams=(), ties=None, *, above=(), rebuild=False, may_rename=True):
    found, _ = distinct(nodes)
    ground = {SPACE: Ground(above=above, rebuild=rebuild)}
    tied = {(SPACE, code): team_id for code, team_id in (ties or {}).items()}
    return grow(found, ground, teams, tied, may_rename=may_rename)


def outcome(forest):
    """Names, new ties, renames and the codes of problems."""
    return (
        {code: names for (_, code), names in forest.names.items()},
        {code: team_id for (_, code), team_id in forest.learned.items()},
        [(change.team_id, change.after["Name"]) for change in forest.renames],
        [problem.split(":")[0] for problem in forest.problems],
    )


SALES, EMEA = node("1", "Sales"), node("2", "EMEA", "1")
NEW_NAME, ELSEWHERE, LOST = node("1", "Revenue"), node("2", "EMEA"), node("2", "EMEA", "9")
T1, T2 = team("t1", "Sales"), team("t2", "EMEA", "t1")
BOTH = {"1": "t1", "2": "t2"}

TABLE: tuple[tuple[Any, ...], ...] = (
    ("new ones", [SALES, EMEA], [], {}, ({"1": ("Sales",), "2": ("Sales", "EMEA")}, {}, [], [])),
    ("there, by name", [SALES, EMEA], [T1, T2], {},
     ({"1": ("Sales",), "2": ("Sales", "EMEA")}, {"1": "t1", "2": "t2"}, [], [])),
    ("of that name elsewhere", [SALES, EMEA], [T1, team("t2", "EMEA")], {},
     ({"1": ("Sales",), "2": ("Sales", "EMEA")}, {"1": "t1"}, [], [])),
    ("tied, and the same", [SALES, EMEA], [T1, T2], BOTH,
     ({"1": ("Sales",), "2": ("Sales", "EMEA")}, {}, [], [])),
    ("another name, and what is below goes along", [NEW_NAME, EMEA], [T1, T2], BOTH,
     ({"1": ("Revenue",), "2": ("Revenue", "EMEA")}, {}, [("t1", "Revenue")], [])),
    ("a person renamed it", [SALES, EMEA], [team("t1", "Selling"), T2], BOTH,
     ({"1": ("Sales",), "2": ("Sales", "EMEA")}, {}, [("t1", "Sales")], [])),
    ("another parent", [SALES, ELSEWHERE], [T1, T2], BOTH,
     ({"1": ("Sales",), "2": ("Sales", "EMEA")}, {}, [], ["NODE-MOVED"])),
    ("an unknown parent, tied", [SALES, LOST], [T1, T2], BOTH,
     ({"1": ("Sales",), "2": ("Sales", "EMEA")}, {}, [], ["NODE-UNPLACED"])),
    ("an unknown parent, new", [SALES, LOST], [T1], {"1": "t1"}, ({"1": ("Sales",)}, {}, [], ["NODE-UNPLACED"])),
    ("a circle, new", [node("1", "A", "2"), node("2", "B", "1"), node("3", "C", "2")], [], {},
     ({}, {}, [], ["NODE-UNPLACED", "NODE-UNPLACED", "NODE-UNPLACED"])),
    ("the team is gone", [SALES, EMEA], [T1], BOTH, ({"1": ("Sales",), "2": ("Sales", "EMEA")}, {}, [], [])),
    ("another code needs the team of one that HR forgot", [node("7", "Sales")], [T1], {"1": "t1"},
     ({"7": ("Sales",)}, {"7": "t1"}, [], [])),
    ("twice the same", [SALES, node("8", "sales")], [], {}, ({"1": ("Sales",)}, {}, [], ["NODE-TWICE"])),
)  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "teams", "ties", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_the_table(nodes, teams, ties, expected):
    for order in itertools.permutations(nodes):
        for those in itertools.permutations(teams):
            assert outcome(grown(order, those, ties)) == expected


def test_a_node_that_moved_is_rebuilt_by_choice_with_all_below_it():
    nodes = [SALES, node("3", "Ops"), node("2", "EMEA", "3"), node("4", "DACH", "2")]
    teams = [T1, T2, team("t3", "Ops"), team("t4", "DACH", "t2")]
    ties = {**BOTH, "3": "t3", "4": "t4"}
    forest = grown(nodes, teams, ties, rebuild=True)
    names, learned, renames, problems = outcome(forest)
    assert names["2"] == ("Ops", "EMEA")
    assert names["4"] == ("Ops", "EMEA", "DACH")
    assert set(forest.created.values()) == {(SPACE, "2"), (SPACE, "4")}
    assert renames == [("t2", "EMEA (former t2)"), ("t4", "DACH (former t4)")]
    assert (learned, problems) == ({}, [])
    again = [
        T1,
        team("t2", "EMEA (former t2)", "t1"),
        team("t3", "Ops"),
        team("t4", "DACH (former t4)", "t2"),
    ]
    assert outcome(grown(nodes, again, ties, rebuild=True))[2] == [], (
        "once renamed, that name stays until it is rebuilt"
    )


def test_a_policy_that_updates_nothing_leaves_names_and_places():
    forest = grown([NEW_NAME, ELSEWHERE], [T1, T2], BOTH, rebuild=True, may_rename=False)
    names, _, renames, problems = outcome(forest)
    assert names == {"1": ("Sales",), "2": ("Sales", "EMEA")}
    assert (renames, problems) == ([], ["NODE-MOVED"])


def test_below_other_teams_there_or_not():
    assert outcome(grown([SALES], [], above=("Company",)))[0] == {"1": ("Company", "Sales")}
    there = [team("c", "Company"), team("t1", "Sales", "c")]
    assert outcome(grown([SALES], there, above=("company",)))[1] == {"1": "t1"}


def test_rows_that_contradict_each_other_are_told_and_most_of_them_count():
    rows = [replace(SALES, origin=f"hr.csv:{n}") for n in (2, 3)] + [replace(NEW_NAME, origin="hr.csv:4")]
    for order in itertools.permutations(rows):
        found, problems = distinct(order)
        assert found[SPACE, "1"].name == "Sales"
        assert problems[0].startswith(
            "NODE-CONTRADICTED: rows differ about the name or the parent of node '1' (hr.csv:2 and hr.csv:4)"
        )


RULE = TreeRule(
    place=Place(where="syncd.yaml:1:1", key="teams[0]"), space=SPACE, node=NodeRule(code=(), name=())
)
BY_MANAGER = replace(RULE, space="managers", managers=True)


def sitting(employee_id, code, space=SPACE):
    return replace(employee(employee_id), seats=(((space, code), Wish(names=(), rule="teams[0]")),))


def teams_of(people):
    return {person.employee_id: [wish.names for wish in person.teams] for person in people}


def test_people_get_the_team_of_their_node_and_stay_where_no_row_describes_it():
    people = [sitting("E1", "2"), sitting("E2", "9"), sitting("E3", "8")]
    forest, seated = plant(people, {}, [SALES, EMEA], [RULE], [team("t9", "Old")], {(SPACE, "9"): "t9"})
    assert teams_of(seated) == {"E1": [("Sales", "EMEA")], "E2": [("Old",)], "E3": []}
    assert [p.split(" of ")[0] for p in forest.problems] == [
        "NODE-UNKNOWN: no row describes node '8'", "NODE-UNKNOWN: no row describes node '9'",
    ]  # fmt: skip
    assert "hr.csv:E2; they stay in the team that it was" in forest.problems[1]


def test_a_team_for_each_manager_of_somebody_with_a_seat():
    def person(who):
        own = Node(key=("managers", who), name=f"Team of {who}", parent="", origin=f"hr.csv:{who}")
        return replace(sitting(who, "", "managers"), nodes=(own,))

    bosses = {"E2": "E1", "E3": "E1", "E4": "E3", "E5": "outside"}
    _, seated = plant([person(f"E{n}") for n in range(1, 6)], bosses, [], [BY_MANAGER], [], {})
    assert teams_of(seated) == {
        "E1": [], "E2": [("Team of E1",)], "E3": [("Team of E1",)], "E4": [("Team of E3",)], "E5": [],
    }  # fmt: skip


def renames(*pairs):
    return [
        Change(
            key=f"team-name:t{number}",
            action=Action.UPDATE,
            kind=ObjectKind.TEAM,
            team=(new,),
            team_id=f"t{number}",
            before={"Name": old},
            after={"Name": new},
        )
        for number, (old, new) in enumerate(pairs)
    ]


def played(changes, names, created=()):
    """Carry out the Requests in an order that their dependencies allow; a name that is taken is an error. The names after."""
    requests = list(compile_requests(changes, Pace(users=1, per_minute=100)))
    done: set[str] = set()
    known = dict(names)
    while requests:
        ready = next(
            r for r in requests if done >= {key for key in r.after if key in {q.key for q in requests} | done}
        )
        requests.remove(ready)
        name = ready.payload["name"] if ready.kind is RequestKind.RENAME_TEAM else ready.payload["team"][-1]
        target = ready.payload.get("team_id") or ready.key
        taken = {n.casefold() for team_id, n in known.items() if team_id != target}
        assert name.casefold() not in taken, f"{name} is taken"
        known[target] = name
        done.add(ready.key)
    return known


@given(st.permutations(range(5)), st.randoms(use_true_random=False))
def test_teams_change_names_among_each_other_and_none_is_ever_taken(order, chance):
    names = {f"t{n}": f"Team {n}" for n in range(5)}
    wanted = {f"t{n}": f"Team {place}" for n, place in enumerate(order)}
    changes = renames(*((names[t], wanted[t]) for t in sorted(names)))
    changes = [c for c in changes if c.before != c.after]
    chance.shuffle(changes)
    assert played(changes, names) == wanted


def test_a_team_is_made_after_its_name_is_free_and_after_those_above_have_theirs():
    free, parent = renames(("EMEA", "EMEA (former t0)"), ("Sales", "Revenue"))
    made = Change(
        key="team:revenue/emea", action=Action.CREATE, kind=ObjectKind.TEAM, team=("Revenue", "EMEA"),
        after={"Name": "EMEA", "Parent": "Revenue", "Space": "org", "Code": "2"},
    )  # fmt: skip
    requests = {r.key: r for r in compile_requests([made, free, parent], Pace(users=1, per_minute=100))}
    assert requests["create-team:revenue/emea"].after == ("team-name:t0", "team-name:t1")
    assert requests["create-team:revenue/emea"].payload["node"] == ["org", "2"]
    assert (requests["team-name:t1"].low, requests["team-name:t1"].high) == (2, 2)


@pytest.mark.parametrize("renamed", ["Sales", "Revenue"])
def test_what_happens_in_a_team_happens_after_it_and_those_above_have_their_names(renamed):
    """Else the ledger, which knows teams by name, would lose what was given meanwhile."""
    (rename,) = renames(("Team", renamed))
    sales, emea, other = ("Sales",), ("Sales", "EMEA"), ("Stock",)
    item = ItemKey(ItemKind.LEARNING_PATH, "9")
    changes = [
        Change(
            key=f"{kind}:{action}:{names}", action=action, kind=kind, employee_id=f"E-{names[0]}", user_id="u1", team=names,
            item=item, after={"Leader": action is Action.ADD} if kind is ObjectKind.ROLE else {},
        )
        for kind in (ObjectKind.MEMBERSHIP, ObjectKind.ROLE, ObjectKind.TEAM_ASSIGNMENT)
        for action in (Action.ADD, Action.REMOVE)
        for names in (sales, emea, other)
    ]  # fmt: skip
    requests = compile_requests([rename, *changes], Pace(users=1, per_minute=100))
    waiting = {key for r in requests for key in r.changes if "team-name:t0" in r.after}
    below = {change.key for change in changes if change.team[0] == renamed}
    assert len(below) == (12 if renamed == "Sales" else 0), "all but those in another team"
    assert waiting == below


def test_a_name_that_another_team_has_is_told_before():
    person = employee("E1", teams=(("Ops", "EMEA"),))
    there = [team("t1", "Sales"), team("t2", "emea", "t1")]
    changes = diff(desired_state([person], ()), State(), Rules()).changes
    (sentence,) = clashes(changes, there)
    assert sentence.startswith('TEAM-NAME-TAKEN: team "Ops > EMEA" has the name of "Sales > emea"')


def test_grants_follow_a_team_and_all_below_it():
    after = [team("t1", "Revenue"), T2, team("t3", "Ops")]
    assert moved_texts([T1, T2, team("t3", "Ops")], after) == {
        "sales": "revenue",
        "sales/emea": "revenue/emea",
    }


def test_a_change_carries_the_id_of_its_team():
    person = employee("E1", teams=(("Sales",),))
    current = State(teams={("sales",): Team(id="t1", names=("Sales",))})
    changes = diff(desired_state([person], ()), current, Rules()).changes
    assert {c.kind: c.team_id for c in changes} == {ObjectKind.USER: "", ObjectKind.MEMBERSHIP: "t1"}


names_of_nodes = st.sampled_from(["A", "B", "C", "D"])


@given(
    st.dictionaries(
        st.sampled_from("123456"),
        st.tuples(names_of_nodes, st.sampled_from(["", "1", "2", "3", "4", "5", "6", "9"])),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_growing_again_what_has_grown_changes_nothing_and_the_order_of_rows_does_not_matter(rows, chance):
    nodes = [node(code, name, parent) for code, (name, parent) in rows.items()]
    first = grown(nodes)
    chance.shuffle(nodes)
    assert grown(nodes) == first
    made: dict[tuple[str, ...], TeamFact] = {}
    for key, names in sorted(first.names.items(), key=lambda pair: len(pair[1])):
        parent = made[names[:-1]].id if names[:-1] else ""
        made[names] = team(f"t{key[1]}", names[-1], parent)
    ties = {key[1]: f"t{key[1]}" for key in first.names}
    again = grown(nodes, made.values(), ties)
    assert (again.names, again.renames, again.created) == (first.names, (), {})
    by_name = grown(nodes, made.values())
    assert (by_name.names, by_name.renames, by_name.created) == (first.names, (), {})
    assert len(set(first.names.values())) == len(first.names)
    assert expected(nodes, {SPACE: Ground()}).keys() == first.names.keys()
