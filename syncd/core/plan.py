"""Plan: ordered Changes compiled into Requests, with counts, cost and a digest. A value: print it, save it, compare it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from syncd.core.alternatives import Choice, choices
from syncd.core.compile import compile_requests
from syncd.core.counts import Measure
from syncd.core.diff import Difference
from syncd.core.holding import Cause, HoldMode, held_back
from syncd.core.limits import Hold, Limits, Policy, holds, permitted
from syncd.core.model import Change, Skip
from syncd.core.request import Pace, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """HTTP requests, at least and at most, and how long they take at the configured rate, in minutes.

    ``choices`` say what the other ways would have cost.
    """

    low: int
    high: int
    low_minutes: float
    high_minutes: float
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a push would do.

    ``changes`` are what the Policy lets through, ``withheld`` how many it does not; ``holds`` is empty if all may go;
    ``held`` says why which Changes wait. ``requests`` and ``cost`` are of what may go; of all, where nothing may.
    ``approved`` are the keys of Changes that a person has approved already; ``digest`` identifies the Changes,
    whatever their order and whatever else the Plan says.
    """

    changes: tuple[Change, ...]
    requests: tuple[Request, ...]
    withheld: int
    skips: tuple[Skip, ...]
    problems: tuple[str, ...]
    holds: tuple[Hold, ...]
    held: Mapping[str, Cause]
    approved: frozenset[str]
    cost: Cost
    digest: str

    @property
    def waits(self) -> bool:
        """Whether nothing of it may go until a person decides, or the next Plan takes its place."""
        return bool(self.holds) and len(self.held) == len(self.changes)

    @property
    def doubted(self) -> bool:
        """Whether the input itself is doubted."""
        return any(hold.keys is None for hold in self.holds)

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many Changes there are: kind -> action -> number."""
        counts: dict[str, dict[str, int]] = {}
        for (kind, action), number in sorted(
            Counter((c.kind.value, c.action.value) for c in self.changes).items()
        ):
            counts.setdefault(kind, {})[action] = number
        return counts


def make_plan(
    difference: Difference,
    *,
    policy: Policy,
    limits: Limits,
    measure: Measure,
    pace: Pace,
    window: tuple[int, float],
    problems: Sequence[str] = (),
    approved: frozenset[str] = frozenset(),
    recent: Sequence[Change] = (),
    doubts: Sequence[Hold] = (),
    hold: HoldMode = HoldMode.ALL,
) -> Plan:
    """From a Difference to a Plan.

    ``window`` is (requests, seconds) of the rolling window; ``approved`` are hashes (``change_hash``) of Changes that a
    person has approved and that therefore count against no Limit; ``recent`` is what was done without that, lately;
    ``doubts`` are what is doubted of the input; ``hold`` is what a Limit that is exceeded holds.
    """
    changes = permitted(difference.changes, policy)
    every = [change_hash(change) for change in changes]
    hashes = {change.key: found for change, found in zip(changes, every, strict=True)}
    counted = [change for change in changes if hashes[change.key] not in approved]
    found = (*holds(counted, limits, measure, recent), *doubts)
    held = held_back(changes, found, hold)
    going = [change for change in changes if change.key not in held]
    requests = compile_requests(going or changes, pace)
    return Plan(
        changes=changes,
        requests=requests,
        withheld=len(difference.changes) - len(changes),
        skips=difference.skips,
        problems=tuple(problems),
        holds=found,
        held=held,
        approved=frozenset(key for key, found in hashes.items() if found in approved),
        cost=replace(cost_of(requests, window), choices=choices(going or changes, requests, pace)),
        digest=_hash(sorted(every)),
    )


def cost_of(requests: Sequence[Request], window: tuple[int, float]) -> Cost:
    """What the Requests cost; the minutes assume that nothing else uses the window and that Litmos answers fast.

    What is only waited for (imports) is waited for at once, and comes on top.
    """
    low = sum(request.low for request in requests)
    high = sum(request.high for request in requests)
    wait_low = max((request.waits[0] for request in requests), default=0.0) / 60
    wait_high = max((request.waits[1] for request in requests), default=0.0) / 60
    return Cost(
        low=low,
        high=high,
        low_minutes=minutes(low, window) + wait_low,
        high_minutes=minutes(high, window) + wait_high,
    )


def minutes(requests: int, window: tuple[int, float]) -> float:
    """How long ``requests`` take at (n, seconds): the first n go at once, each further n one window later."""
    size, seconds = window
    return max(0, (requests - 1) // size) * seconds / 60 if requests else 0.0


def change_hash(change: Change) -> str:
    """What an approval covers: person or object, kind, action and value, and whether a mail is sent; not when or why."""
    mail = ["invite"] if change.invite else []
    return _hash([change.key, change.kind.value, change.action.value, sorted(change.after.items()), *mail])


def digest(changes: Sequence[Change]) -> str:
    """The digest of a set of Changes: 16 hexadecimal digits."""
    return _hash(sorted(change_hash(change) for change in changes))


_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _hash(value: object) -> str:
    text = _encoded(value)
    return blake2b(text.encode(), digest_size=8).hexdigest()
