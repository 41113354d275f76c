"""Backtest: two configurations over the same kept inputs, day by day, and what each would have changed."""

import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from syncd.app import Settings
from syncd.archive import Vault
from syncd.core.churn import Churn, total
from syncd.errors import Declined
from syncd.replay import kept
from syncd.replay.again import TURN_ON
from syncd.replay.simulation import Simulation, Step
from syncd.store import archived
from syncd.store.archived import Archived
from syncd.store.database import Database
from syncd.store.scratch import copy_of, furnish, open_scratch

Update = Callable[[str, int, int | None], None]
MOST = 1_000_000
"""More Runs than any archive holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One configuration: its settings, the names of its sources, and the spaces of its files of nodes."""

    settings: Settings
    names: tuple[str, ...]
    spaces: frozenset[str] = frozenset()

    @property
    def taught(self) -> tuple[str, ...]:
        """The names of its sources of training."""
        return tuple(rule.source for rule in self.settings.training)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One input, and what each configuration made of it; ``current`` is None for the base line."""

    inputs: tuple[Archived, ...]
    current: Step | None
    new: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """``base`` is what the current configuration made of an empty account with the first input: nobody's churn."""

    base: Step
    days: tuple[Day, ...]
    passed_over: int
    """Runs whose input was not used: something that a configuration asks for is not kept of them."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Of which training nothing was planned, and why, each said once."""
        steps = [self.base, *(step for day in self.days for step in (day.current, day.new) if step)]
        return tuple(dict.fromkeys(said for step in steps for said in step.problems))

    @property
    def current(self) -> Churn:
        """What the current configuration would have changed, the base line apart."""
        return total(day.current.churn for day in self.days if day.current is not None)

    @property
    def new(self) -> Churn:
        """What the new one would have changed, the change from the one to the other with it."""
        return total(day.new.churn for day in self.days)


def backtest(
    database: Database, vault: Vault, current: Side, new: Side, last: int, *, update: Update
) -> Backtest:
    """Run both over the last kept inputs, the oldest first; the ``database`` is only read, and nothing is sent.

    The current configuration brings an empty account to the first input: that is the base line of both. From there on each
    has an account of its own. Raises Declined if nothing fits, ArchiveError, ConfigError, SourceError.
    """
    account, sides = current.settings.account, (current, new)
    with database.read() as conn:
        everything = list(archived.by_run(archived.newest(conn, account, MOST)).values())
    fitting = [one for one in everything if not _lacks(one, sides)]
    chosen = distinct([_asked_for(one, sides) for one in fitting], last)
    if not chosen:
        raise Declined(_nothing_fits(everything, sides))
    with tempfile.TemporaryDirectory(prefix="syncd-backtest-") as folder:
        ours = open_scratch(Path(folder) / "current.db")
        try:
            with database.read() as conn:
                furnish(ours, conn, account, chosen[0][0].read_at)
            base, days = _run(ours, Path(folder) / "new.db", vault, sides, chosen, update)
        finally:
            ours.close()
    return Backtest(base=base, days=tuple(days), passed_over=len(everything) - len(fitting))


def distinct(newest_first: Iterable[Sequence[Archived]], last: int) -> list[Sequence[Archived]]:
    """The last inputs that tell anything of their own, the oldest first.

    Of the same content read again and again on one day, the first: a new day may make something else of it.
    """
    found: list[Sequence[Archived]] = []
    for one in newest_first:
        if found and _told(found[-1]) == _told(one):
            found[-1] = one
        elif len(found) == last:
            break
        else:
            found.append(one)
    return found[::-1]


def _told(one: Sequence[Archived]) -> tuple[object, ...]:
    return (one[0].read_at.date(), *sorted((each.source, each.of_nodes, each.content) for each in one))


def _run(
    ours: Database,
    copy: Path,
    vault: Vault,
    sides: tuple[Side, Side],
    chosen: Sequence[Sequence[Archived]],
    update: Update,
) -> tuple[Step, list[Day]]:
    current, new = sides
    now = Simulation(current.settings, ours)
    update("base line", 0, len(chosen))
    base = _step(now, vault, current, chosen[0], is_base=True)
    if current.taught:  # rows wait for the people and courses that the first step has made
        _step(now, vault, current, chosen[0], is_base=True)
    theirs = copy_of(ours, copy)
    then = Simulation(replace(new.settings, account=current.settings.account), theirs, now.ids)
    days = []
    try:
        for number, one in enumerate(chosen):
            update(f"{one[0].read_at:%Y-%m-%d}", number, len(chosen))
            days.append(
                Day(
                    inputs=tuple(one),
                    current=_step(now, vault, current, one) if number else None,
                    new=_step(then, vault, new, one),
                )
            )
    finally:
        theirs.close()
    return base, days


def _step(
    simulation: Simulation, vault: Vault, side: Side, one: Sequence[Archived], *, is_base: bool = False
) -> Step:
    sources, nodes = kept.sources(vault, one, side.names, side.spaces)
    taught = kept.training(vault, one, side.taught)
    return simulation.step(sources, nodes, taught, one[0].read_at, is_base=is_base)


def _lacks(one: Sequence[Archived], sides: Collection[Side]) -> list[str]:
    return [what for side in sides for what in kept.missing(one, side.names, side.spaces)]


def _asked_for(one: Sequence[Archived], sides: Collection[Side]) -> list[Archived]:
    """What of a Run's input either configuration reads; HR's rows first, whose moment counts, then those of training."""
    read = [
        each
        for each in one
        if any(each.source in (side.spaces if each.of_nodes else side.names) for side in sides)
    ]
    taught = [each for each in one if not each.of_nodes and any(each.source in side.taught for side in sides)]
    return read + taught


def _nothing_fits(everything: Sequence[Sequence[Archived]], sides: Collection[Side]) -> str:
    if not everything:
        return f"no input is kept yet: {TURN_ON}"
    lacking = dict.fromkeys(_lacks(everything[0], sides))
    return (
        f"of {len(everything)} runs inputs are kept, and none has all that both configurations read; "
        f"run {everything[0][0].run_id}, the newest, lacks: {', '.join(lacking)}"
    )
