"""Events: the calls of the log, the table and the document say the same."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from syncd.events import BOUND, EVENTS, GROUPS

ROOT = Path(__file__).parents[1]
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}


class Told(NamedTuple):
    """One call of the log: where, at which level, which event, with which facts."""

    where: str
    level: str
    name: str
    facts: frozenset[str]


def calls() -> Iterator[Told]:
    """Every ``log.LEVEL("name", fact=...)`` of syncd; anything else that is done with a log fails here."""
    for path in sorted((ROOT / "syncd").rglob("*.py")):
        if path.name == "log.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "log"):
                continue
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert node.func.attr in LEVELS, where
            assert len(node.args) == 1, where
            (name,) = node.args
            assert isinstance(name, ast.Constant), f"{where}: the event is no constant"
            facts = [keyword.arg for keyword in node.keywords]
            assert None not in facts, f"{where}: the facts are not said one by one"
            yield Told(where, LEVELS[node.func.attr], str(name.value), frozenset(map(str, facts)))


CALLS = list(calls())


def test_there_is_something_to_judge():
    assert len(CALLS) > 50


def test_every_call_is_of_an_event_of_the_table_at_its_level():
    wrong = [one for one in CALLS if one.name not in EVENTS or EVENTS[one.name].level != one.level]
    assert wrong == []


def test_every_event_of_the_table_is_told_somewhere():
    assert set(EVENTS) == {one.name for one in CALLS}


def test_every_call_says_the_facts_of_its_event_but_what_is_bound():
    wrong = []
    for one in CALLS:
        known = set(EVENTS[one.name].facts)
        if not one.facts <= known or known - one.facts - BOUND:
            wrong.append((one, sorted(known)))
    assert wrong == []


def test_names_are_plain_and_each_is_in_one_group():
    named = [event.name for group in GROUPS.values() for event in group]
    assert len(named) == len(set(named))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in named)


def test_the_document_lists_the_same():
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    told: dict[str, list[tuple[str, ...]]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("| `"):
            told.setdefault(heading, []).append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    expected = {
        title: [
            (
                f"`{event.name}`",
                event.level,
                " ".join(f"`{fact}`" for fact in event.facts),
                event.meaning,
                event.todo,
            )
            for event in group
        ]
        for title, group in GROUPS.items()
    }
    assert told == expected
