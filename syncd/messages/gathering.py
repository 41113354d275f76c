"""Gathering: the Facts that may be told, from the store; ids, counts and codes, never anybody's data."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from syncd.core import news
from syncd.core.lateness import Lateness, known_as, lateness
from syncd.core.messages import Fact, MessageKind, Told, digest_day
from syncd.core.states import FLOWS
from syncd.store import cases, going, jobs, people, reasons, runs, tallies
from syncd.store.messages import known_since

Latest = Callable[[str, datetime], datetime | None]
"""The newest firing of a Flow's schedule at or before a moment, UTC; None if there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is looked after: the schedules of Flows as written, how late they may be, and when the digest is due."""

    schedules: Mapping[str, str]
    latest: Latest
    grace: timedelta
    digest: time | None
    zone: str


def facts(
    conn: Connection, account: str, watched: Watched, now: datetime, *, digest: bool = False
) -> list[Fact]:
    """Everything that is so now; with the ``digest``, if one is wanted, which takes the most reading. Reads only."""
    found = [*_held(conn, account), *_failed(conn, account), *_late(conn, account, watched, now)]
    if rows := people.count_quarantined(conn, account):
        found.append(news.quarantined(tallies.quarantine_codes(conn, account), rows))
    refusal = jobs.paused(conn, account)
    if refusal is not None:
        found.append(news.refused(refusal.code, refusal.since))
    if digest and watched.digest is not None:
        found.append(_digest(conn, account, watched.digest, watched.zone, now))
    return found


def endings(conn: Connection, account: str, told: Collection[Told]) -> dict[str, str]:
    """What became of held Runs that were told of: key -> sentence."""
    held = {one.key: int(one.key.partition(":")[2]) for one in told if one.kind is MessageKind.HELD}
    states = tallies.states(conn, account, set(held.values()))
    return {key: f"The run is {states[run_id]} now." for key, run_id in held.items() if run_id in states}


def _held(conn: Connection, account: str) -> list[Fact]:
    return [
        news.held(
            row["id"],
            until=row["expires_at"],
            codes=[hold["code"] for hold in row["holds"]],
            waiting=tallies.waiting(conn, row["id"]),
        )
        for row in runs.holding(conn, account)
    ]


def _failed(conn: Connection, account: str) -> list[Fact]:
    found = []
    for flow in FLOWS:
        last = tallies.last_ended(conn, account, flow)
        if last is not None and last["state"] == "failed":
            codes = tallies.failures(conn, last["id"])
            found.append(news.failed(flow, last["id"], codes, reasons.of_run(last)))
    return found


def _late(conn: Connection, account: str, watched: Watched, now: datetime) -> list[Fact]:
    found, at_work = [], going.going(conn, account)
    for flow in FLOWS:
        written, known, due = watched.schedules.get(flow), at_work.get(flow), None
        if written is not None:
            due = watched.latest(flow, now - watched.grace)
        last = runs.newest(conn, account, flow)
        began, state = (None, "") if last is None else (last["created_at"], last["state"])
        since = now if written is None else known_since(conn, account, known_as(flow, written)) or now
        late = lateness(due, began=began, state=state, going=known, since=since, grace=watched.grace, now=now)
        if late is Lateness.OVERLONG and known is not None:
            found.append(news.overlong(flow, known, now))
        elif late and due is not None:
            found.append(news.late(flow, due, now))
    return found


def _digest(conn: Connection, account: str, at: time, zone: str, now: datetime) -> Fact:
    since = now - timedelta(days=1)
    told = tallies.since(conn, account, since)
    day = news.Day(
        since=since,
        runs=told.runs,
        changes=told.changes,
        failures=told.failures,
        starters=told.starters,
        leavers=told.leavers,
        delivered=told.delivered,
        held=len(runs.holding(conn, account, limit=None)),
        quarantined=people.count_quarantined(conn, account),
        cases=cases.waiting(conn, account),
    )
    return news.digest(digest_day(at, zone, now), day)
