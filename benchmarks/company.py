"""A company that has used syncd for years: its size, its Runs, and who is who. The rows of its tables are in ``company_runs`` and ``company_people``."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from sqlalchemy import Table

ACCOUNT, SOURCE, SINK = "main", "hr", "results"
Rows = Iterator[tuple[Any, ...]]
Filled = tuple[Table, tuple[str, ...], Rows]
"""A table, the columns that are filled, and the rows."""
FIRST_PUSH = 2
FLOWS, FLOW_SHARES = ("push", "refresh", "pull"), (50, 40, 10)
ENDED, ENDED_SHARES = ("succeeded", "failed", "cancelled", "expired"), (930, 50, 10, 10)
TITLES = ("Sales Representative", "Engineer", "Nurse", "Team Lead", "Analyst", "Driver", "Controller")
TEAMS, PATHS = 300, 40
FIRST_NAMES = tuple(
    one + other
    for one in ("An", "Be", "Ca", "Do", "El", "Fe", "Gu", "Ha", "Io", "Ju")
    for other in ("a", "bel", "cho", "dan", "li", "mir", "no", "ra", "tha", "vin")
)
LAST_NAMES = tuple(
    one + other
    for one in ("Nov", "Gar", "Mül", "Kow", "Ros", "Sil", "Lop", "Jen", "Van", "Per")
    for other in ("ak", "cía", "ler", "al", "si", "va", "ez", "sen", "dam", "ic")
)
JOBS_KEPT = 0.2
"""The part of the Changes, the newest, whose Jobs retention has not removed yet."""


@dataclass(frozen=True, kw_only=True)
class Company:
    """Its size, and the moment up to which it has used syncd. Everything else follows from the seed."""

    people: int
    runs: int
    changes: int
    now: datetime
    seed: int = 1
    RUNS_OF_A_CONFIGURATION: ClassVar[int] = 500

    def random(self, what: str) -> random.Random:
        """Each table has its own randomness: a table more changes nothing of the others."""
        return random.Random(f"{self.seed}/{what}")  # noqa: S311 - it makes up a company

    def person(self, number: int) -> str:
        """An employee id."""
        return f"{number:07d}"

    @cached_property
    def spans(self) -> tuple[tuple[int, str, str, int], ...]:
        """Each Run: its id, flow, state, and how many Changes it has. The first push has half of them; the newest ones wait."""
        rnd = self.random("run")
        flows = ["refresh", "push", *rnd.choices(FLOWS, FLOW_SHARES, k=self.runs - 2)]
        states = ["succeeded", "succeeded", *rnd.choices(ENDED, ENDED_SHARES, k=self.runs - 2)]
        flows[-4:], states[-4:] = (
            ["push", "pull", "push", "refresh"],
            ["held", "succeeded", "running", "queued"],
        )
        weights = [rnd.paretovariate(1.2) if flow == "push" else 0.0 for flow in flows]
        first, waiting = self.changes // 2, max(self.changes // 400, 20)
        weights[1] = weights[-2] = weights[-4] = 0.0
        rest, total = self.changes - first - 2 * waiting, sum(weights)
        numbers = [int(rest * weight / total) for weight in weights]
        numbers[1], numbers[-2], numbers[-4] = first, waiting, waiting
        numbers[flows.index("push", 2)] += self.changes - sum(numbers)
        return tuple(
            (number + 1, flows[number], states[number], numbers[number]) for number in range(self.runs)
        )

    def made_at(self, run_id: int) -> datetime:
        """Runs are made an hour after each other."""
        return self.now - timedelta(hours=self.runs - run_id, minutes=10)

    def is_planned(self, run_id: int, state: str) -> bool:
        """Whether a Run was to make a Plan and to send nothing."""
        return state == "succeeded" and run_id % 20 == 5

    def fields(self, number: int) -> dict[str, str]:
        """What HR says of somebody."""
        return {
            "ExternalEmployeeId": self.person(number),
            "UserName": f"p{number}@example.com",
            "Email": f"{self.first_name(number).lower()}.last{number}@example.com",
            "FirstName": self.first_name(number),
            "LastName": self.last_name(number),
            "JobTitle": TITLES[number % len(TITLES)],
            "City": f"City {number % 211}",
        }

    def first_name(self, number: int) -> str:
        """One of a hundred; a tenth of them begin alike."""
        return FIRST_NAMES[number % 100]

    def last_name(self, number: int) -> str:
        """One of a hundred, each of which goes with each first name, or one that nobody else has; three in ten have a second one."""
        if number % 10_000 == 17:
            return f"Quist{number}"
        place = number // 100
        second = f" {LAST_NAMES[place // 100 % 100]}" if place % 10 in {2, 5, 8} else ""
        return LAST_NAMES[place % 100] + second

    def kept_jobs(self) -> Iterator[tuple[int, int, int, str]]:
        """Each Job's id, which is that of its Change, its Run, its place there, and its state."""
        ids, first = 0, int(self.changes * (1 - JOBS_KEPT))
        for run_id, _flow, state, number in self.spans:
            if state == "held" or self.is_planned(run_id, state):
                ids += number
                continue
            for seq in range(number):
                ids += 1
                became = "discarded" if state == "failed" and seq % 12 == 0 else "completed"
                if ids > first:
                    yield ids, run_id, seq, "available" if state == "running" and seq % 3 else became

    def configuration(self, run_id: int) -> str:
        """The digest of the configuration with which a Run planned."""
        return f"configuration-{(run_id - 1) // self.RUNS_OF_A_CONFIGURATION}"

    def begins_on(self, number: int) -> date:
        """Somebody's first working day: of 4,000 people one begins on each day up to two weeks from now."""
        return self.now.date() - timedelta(days=number % 4000 - 14)

    @cached_property
    def pulls(self) -> tuple[int, ...]:
        """The Runs that read results."""
        return tuple(run_id for run_id, flow, *_ in self.spans if flow == "pull") or (1,)
