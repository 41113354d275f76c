"""Whether all is ready for a starter: the table of ``readiness``, line by line, and that an earlier line wins."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from syncd.core.model import ItemKey, ItemKind, Status
from syncd.core.starters import Pending, Ready, Starter, missing_items, readiness

TODAY = date(2026, 3, 2)
READY = Starter(begins_on=TODAY + timedelta(days=2), status=Status.ACTIVE, active=True)


def pending(state: str, code: str = "") -> tuple[Pending, ...]:
    return (Pending(state=state, code=code, run_id=7),)


LINES: list[tuple[dict[str, Any], Ready, str]] = [
    ({"case": "MATCH-AMBIGUOUS", "rejected": ("MATCH-AMBIGUOUS",)}, Ready.BLOCKED, "MATCH-AMBIGUOUS"),
    ({"rejected": ("EMAIL-INVALID", "NAME-BLANK")}, Ready.BLOCKED, "EMAIL-INVALID, NAME-BLANK"),
    ({"present": False}, Ready.LEFT_OUT, "ABSENT"),
    ({"in_scope": False}, Ready.LEFT_OUT, "SCOPE"),
    ({"status": Status.LEFT}, Ready.LEFT_OUT, "LEFT"),
    ({"pending": pending("failed", "LITMOS-400")}, Ready.BLOCKED, "LITMOS-400"),
    ({"pending": pending("held")}, Ready.BLOCKED, "HELD"),
    ({"pending": pending("queued")}, Ready.COMING, "QUEUED"),
    ({"active": None}, Ready.MISSING, "NO-ACCOUNT"),
    ({"active": False}, Ready.MISSING, "INACTIVE"),
    ({"teams": ("Sales",)}, Ready.MISSING, "INCOMPLETE"),
    ({"items": ("Onboarding",)}, Ready.MISSING, "INCOMPLETE"),
    ({}, Ready.READY, "READY"),
]


@pytest.mark.parametrize(("what", "ready", "code"), LINES)
def test_the_table_line_by_line(what, ready, code):
    found = readiness(replace(READY, **what), today=TODAY, lead=3)
    assert (found.ready, found.code) == (ready, code)
    assert (found.run_id == 7) is ("pending" in what)


@pytest.mark.parametrize("first", range(len(LINES) - 1))
def test_an_earlier_line_wins_over_all_later_ones(first):
    what = {key: value for more, _ready, _code in reversed(LINES[first:]) for key, value in more.items()}
    found = readiness(replace(READY, **what), today=TODAY, lead=3)
    assert (found.ready, found.code) == LINES[first][1:]


@pytest.mark.parametrize(
    ("lead", "ready", "said"),
    [
        (0, Ready.NOT_YET, "due on 2026-03-04"),
        (1, Ready.NOT_YET, "1 days before"),
        (2, Ready.COMING, "next push"),
    ],
)
def test_somebody_whose_account_is_not_due_yet(lead, ready, said):
    found = readiness(replace(READY, status=Status.FUTURE, active=None), today=TODAY, lead=lead)
    assert (found.ready, found.code) == (ready, "FUTURE")
    assert said in found.because


def test_somebody_of_whom_no_row_was_valid_is_blocked():
    found = readiness(replace(READY, status=None, rejected=("EMAIL-MISSING",)), today=TODAY, lead=0)
    assert (found.ready, found.code) == (Ready.BLOCKED, "EMAIL-MISSING")


def test_what_is_to_be_learned_is_known_by_name_or_id_and_by_kind():
    had = {ItemKey(ItemKind.COURSE, "k1"): "Fire Safety", ItemKey(ItemKind.LEARNING_PATH, "k2"): "Onboarding"}
    wanted = [("course", "fire safety"), ("learning_path", "K2"), ("course", "Onboarding"), ("course", "x")]
    assert missing_items(wanted, had) == ("Onboarding", "x")
