"""How much more SQLite does for a page when there is four times as much of everything: its steps are counted, and no clock is asked.

So it takes seconds at a small size, and says the same on a busy machine. ``python -m benchmarks.pages --check`` runs it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from benchmarks.grown import company_of, grow
from benchmarks.questions import Question, questions
from benchmarks.serving import EVERY, SCRAPE, served
from benchmarks.stores import url_of_new
from syncd.store.changelists import LOOKED_THROUGH
from syncd.store.database import open_database
from syncd.web import counting

SMALL, LARGE = (5000, 125, 12_500), (20_000, 500, 50_000)
"""People, runs and changes."""
BARS = {"more": ("<=", 60_000.0)}
"""Steps beyond half as many again as at the small size. To look at each of 20,000 people takes 100,000 steps at least, at each of
50,000 changes 250,000."""
BOUNDED = {("/changes", "field"): 20 * LOOKED_THROUGH}
"""Steps that are well for a question all the same: so many changes are looked through, however many there are."""


def growth(only: str) -> list[dict[str, Any]]:
    """Every question at both sizes, the one that grows most first; of questions of one kind the largest."""
    small, large = (_steps(size, only) for size in (SMALL, LARGE))
    results = [
        {
            "database": "sqlite",
            "page": page,
            "filters": filters,
            "path": path,
            "small_steps": small[page, filters][0],
            "steps": steps,
            "more": max(0, steps - 3 * small[page, filters][0] // 2 - BOUNDED.get((page, filters), 0)),
        }
        for (page, filters), (steps, path) in large.items()
        if (page, filters) in small
    ]
    return sorted(results, key=lambda one: (-one["more"], -one["steps"]))


def _steps(size: tuple[int, int, int], only: str) -> dict[tuple[str, str], tuple[int, str]]:
    """Page and filters -> the most steps that one answer took, and its address."""
    people, runs, changes = size
    found: dict[tuple[str, str], tuple[int, str]] = {}
    number = 0

    def stepped() -> int:
        nonlocal number
        number += EVERY
        return 0

    with url_of_new("sqlite") as url:
        database = open_database(url)
        grow(database, company_of(people, runs, changes, now=datetime.now(UTC)))
        wanted = [one for one in (SCRAPE, *questions(database, pairs=False)) if only in one.path]
        database.close()
        with _counted_once(), served(url, stepped) as client:
            for one in wanted:
                client.get(
                    one.path
                ).raise_for_status()  # counts, which are kept, and whatever else is done once
                number = 0
                client.get(one.path).raise_for_status()
                found[_kind(one)] = max(found.get(_kind(one), (0, "")), (number, one.path))
    return found


@contextmanager
def _counted_once() -> Iterator[None]:
    """Totals are kept as if counting them took long, as it does where there are very many."""
    with patch.object(counting, "QUICK", -1.0):
        yield


def _kind(one: Question) -> tuple[str, str]:
    """What is alike in addresses at both sizes: the page, its twin, and the names of the filters."""
    asked = urlsplit(one.path)
    twin = PurePosixPath(asked.path).suffix
    return one.page + twin, " ".join(name for name, _ in parse_qsl(asked.query, keep_blank_values=True))
