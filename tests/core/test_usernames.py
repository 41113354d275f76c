"""UserNames change hands without ever colliding: swaps, circles, chains, new people, and names that somebody keeps."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.compile import compile_requests
from syncd.core.managers import MANAGER
from syncd.core.model import Action, Change, ObjectKind
from syncd.core.request import Pace
from syncd.core.usernames import contested, handover, temporary
from tests.core.factories import user

PACE = Pace(users=9000, per_minute=100)
"""So many users that a few are read singly."""


def renamed(person, before, after):
    """``A`` is employee EA and Litmos user ua."""
    return Change(
        key=f"user:E{person}",
        action=Action.UPDATE,
        kind=ObjectKind.USER,
        employee_id=f"E{person}",
        user_id=f"u{person}",
        before={"UserName": f"{before}@example.com"},
        after={"UserName": f"{after}@example.com"},
    )


def new(person, name):
    return Change(
        key=f"user:E{person}",
        action=Action.CREATE,
        kind=ObjectKind.USER,
        employee_id=f"E{person}",
        after={"UserName": f"{name}@example.com"},
    )


def users(**names):
    return [user(f"u{person}", UserName=f"{name}@example.com") for person, name in names.items()]


SWAP = [renamed("A", "a", "b"), renamed("B", "b", "a")]


@pytest.mark.parametrize(
    ("changes", "litmos", "expected"),
    [
        ([renamed("A", "a", "x")], users(A="a"), {}),
        ([renamed("A", "a", "A.new")], users(A="a"), {}),
        (SWAP, users(A="a", B="b"), {}),
        ([renamed("A", "a", "B"), renamed("B", "b", "c")], users(A="a", B="b"), {}),
        ([new("N", "a"), renamed("A", "a", "x")], users(A="a"), {}),
        ([renamed("A", "a", "b")], users(A="a", B="b"), {"EA": "uB"}),
        ([renamed("A", "a", "B")], users(A="a", B="b"), {"EA": "uB"}),
        ([new("N", "b")], users(B="b"), {"EN": "uB"}),
        (
            [renamed("A", "a", "b"), renamed("C", "c", "a")],
            users(A="a", B="b", C="c"),
            {"EA": "uB", "EC": "uA"},
        ),
        (
            [new("N", "c"), renamed("C", "c", "a"), renamed("A", "a", "b")],
            users(A="a", B="b", C="c"),
            {"EA": "uB", "EC": "uA", "EN": "uC"},
        ),
    ],
)
def test_who_cannot_have_the_name(changes, litmos, expected):
    assert contested(changes, litmos) == expected


def order_of(changes):
    return {request.key: request.after for request in compile_requests(changes, PACE)}


def test_a_chain_is_renamed_from_its_free_end():
    chain = [renamed("A", "a", "b"), renamed("B", "b", "c"), renamed("C", "c", "d")]
    assert order_of(chain) == {"put:EC": (), "put:EB": ("put:EC",), "put:EA": ("put:EB",)}


def test_in_a_swap_one_steps_aside_and_is_renamed_twice():
    assert order_of(SWAP) == {
        "aside:EA": (),
        "put:EB": ("aside:EA",),
        "put:EA": ("put:EB", "aside:EA"),
    }
    aside = next(r for r in compile_requests(SWAP, PACE) if r.key == "aside:EA")
    assert aside.payload["fields"] == {"UserName": temporary("b@example.com", "uA")}
    assert aside.changes == ()


def test_a_new_user_waits_for_the_name():
    assert order_of([new("N", "a"), renamed("A", "a", "x")]) == {"create:EN": ("put:EA",), "put:EA": ()}


def test_a_new_manager_who_takes_the_name_of_somebody_they_manage_gets_it_before_they_manage():
    """A mailbox of the office: its last holder is renamed and led by the new one."""
    led = renamed("A", "office", "a")
    led = replace(led, after={**led.after, MANAGER: "EN"})
    assert order_of([new("N", "office"), led]) == {"put:EA": (), "create:EN": ("put:EA",)}
    assert order_of([new("N", "n"), led]) == {"create:EN": (), "put:EA": ("create:EN",)}


def test_a_temporary_name_is_an_address_if_the_name_is_one_and_nobody_elses():
    long = f"{'x' * 64}@example.com"
    for name in ("a.b@example.com", long):
        local, _, domain = temporary(name, "u1").partition("@")
        assert (len(local) <= 64, domain) == (True, "example.com")
        assert "+syncd-" in local
    assert temporary("plain name", "u1").startswith("plain name-syncd-")
    assert temporary("a@example.com", "u1") != temporary("a@example.com", "u2")


@st.composite
def upheavals(draw):
    """Some people with names a, b, c, ... of whom some change theirs for one of those names or a new one; and new people."""
    size = draw(st.integers(1, 8))
    names = [f"n{index}" for index in range(size)]
    targets = draw(st.permutations([*names, *(f"new{index}" for index in range(4))]))
    litmos = dict(zip((f"P{index}" for index in range(size)), names, strict=True))
    changes = []
    for (person, name), wanted in zip(litmos.items(), targets, strict=False):
        if draw(st.booleans()) and wanted != name:
            changes.append(renamed(person, name, draw(st.sampled_from([wanted, wanted.upper()]))))
    changes += [new(f"N{wanted}", wanted) for wanted in targets[size:] if draw(st.booleans())]
    return litmos, draw(st.permutations(changes)), draw(st.integers(1, 40))


@given(upheavals(), st.randoms(use_true_random=False))
def test_no_order_that_the_requests_allow_ever_collides_and_all_end_with_their_names(upheaval, random):
    """Judged by a Litmos that is a dictionary, and a queue that takes any request whose parents have ended."""
    litmos, changes, per_minute = upheaval
    taken = contested(changes, users(**litmos))
    changes = [change for change in changes if change.employee_id not in taken]
    requests = {r.key: r for r in compile_requests(changes, Pace(users=2, per_minute=per_minute))}
    account = {f"u{person}": f"{name}@example.com" for person, name in litmos.items()}
    ended: set[str] = set()
    while len(ended) < len(requests):
        due = [r for key, r in sorted(requests.items()) if key not in ended and ended.issuperset(r.after)]
        assert due, "they wait for each other"
        request = random.choice(due)
        ended.add(request.key)
        name = request.payload.get("fields", {}).get("UserName")
        if name is not None:
            own = request.payload.get("user_id") or request.payload["employee_id"]
            others = {held.lower() for user_id, held in account.items() if user_id != own}
            assert name.lower() not in others
            account[own] = name
    for change in changes:
        assert account[change.user_id or change.employee_id] == change.after["UserName"]
    for user_id in taken.values():
        assert account[user_id] == f"{litmos[user_id[1:]]}@example.com"


@given(upheavals())
def test_whoever_is_contested_wants_a_name_that_stays_where_it_is(upheaval):
    """And nobody else is: without them no name is wanted twice."""
    litmos, changes, _ = upheaval
    taken = contested(changes, users(**litmos))
    moving = {change.user_id for change in changes if change.employee_id not in taken}
    staying = {f"{name}@example.com" for person, name in litmos.items() if f"u{person}" not in moving}
    for change in changes:
        wants = str(change.after["UserName"]).lower()
        assert (wants in staying) == (change.employee_id in taken)


@given(upheavals(), st.randoms(use_true_random=False))
def test_the_order_of_changes_does_not_matter(upheaval, random):
    litmos, changes, _ = upheaval
    shuffled = list(changes)
    random.shuffle(shuffled)
    assert contested(changes, users(**litmos)) == contested(shuffled, users(**litmos))
    free = [change for change in changes if change.employee_id not in contested(changes, users(**litmos))]
    assert handover(free) == handover(sorted(free, key=lambda change: change.key, reverse=True))
