"""Measuring: what Limits and Doubts are judged by, gathered from the store: what there is, what was done, the input before."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.bulk import importable
from syncd.core.counts import Measure
from syncd.core.doubts import Expect, Fingerprint, doubts
from syncd.core.flapping import KINDS, Damper
from syncd.core.limits import Hold, Limits, watched
from syncd.core.model import Change, Rejection, State, TeamKey, User
from syncd.core.request import Importing, Pace
from syncd.core.selection import Part
from syncd.intake import Input, Intake
from syncd.store import changes, imports, inputs, mirror


def measure_of(current: State, limits: Limits) -> Measure:
    """What these Limits are shares of."""
    by_team = limits.team_removals.is_set
    return Measure(
        population=sum(user.active for user in current.users.values()),
        memberships=sum(map(len, current.memberships.values())),
        assignments=sum(map(len, current.assignments.values())),
        teams=len(current.teams),
        team_sizes=_team_sizes(current) if by_team else {},
        teams_of=current.memberships if by_team else {},
    )


def _team_sizes(current: State) -> Mapping[TeamKey, int]:
    """How many active people each team has."""
    return Counter(
        team
        for person, teams in current.memberships.items()
        if person in current.users and current.users[person].active
        for team in teams
    )


def done_lately(conn: Connection, account: str, limits: Limits, now: datetime) -> Sequence[Change]:
    """What was done, without a person's approval, within the window of the Limits."""
    if limits.window is None:
        return []
    return changes.done_lately(conn, account, watched(limits), now - timedelta(seconds=limits.window))


def damper_of(conn: Connection, account: str, limits: Limits, part: Part, now: datetime) -> Damper:
    """What was given and taken too often lately; nothing where very Changes are asked for: they were judged when planned."""
    if limits.flaps is None or part.changes is not None:
        return Damper()
    since = now - timedelta(seconds=limits.flaps.window)
    found = changes.turns(conn, account, KINDS, since=since, at_least=limits.flaps.count)
    return Damper(flaps=limits.flaps, turns=found)


def fingerprint_of(one: Input, rejections: Sequence[Rejection]) -> Fingerprint:
    """The input's, with all of it that were rejected, when it was mapped or when it was matched."""
    return replace(one.fingerprint, rejected=sum(rejection.source == one.source for rejection in rejections))


def doubts_about(
    conn: Connection, app: App, intake: Intake, rejections: Sequence[Rejection]
) -> tuple[Hold, ...]:
    """What is doubted of each input, compared with the last accepted one of its source.

    Whom an input does not name any more may have moved to another source: that makes no stranger of it.
    """
    found: list[Hold] = []
    named = intake.named
    for one in intake.inputs:
        last = inputs.last_accepted(conn, app.account, one.source, before=intake.judged_before)
        here = doubts(
            fingerprint_of(one, rejections),
            None if last is None else inputs.to_fingerprint(last),
            named=named,
            expect=app.settings.expects.get(one.source, Expect()),
            limits=app.settings.limits,
        )
        of = f"{one.source}: " if len(intake.inputs) > 1 else ""
        found += [replace(hold, message=f"{of}{hold.message}") for hold in here]
    return tuple(found)


def seen_before(conn: Connection, app: App, intake: Intake) -> Iterator[str]:
    """A word about bytes that were accepted before the last accepted ones: HR may have put back an old export."""
    for one in intake.inputs:
        before = intake.judged_before
        last = inputs.last_accepted(conn, app.account, one.source, before=before)
        same = inputs.last_accepted(conn, app.account, one.source, sha256=one.sha256, before=before)
        if last is not None and same is not None and last["sha256"] != one.sha256:
            when = f"{same['read_at']:%Y-%m-%d %H:%M} UTC"
            yield f"{one.source} is, byte for byte, what run {same['run_id']} read on {when}; a newer one was read since"


def pace_of(conn: Connection, app: App, users: Sequence[User], now: datetime) -> Pace:
    """What the compiler must know of the engine, and, if it may import, of those users in Litmos whom Changes may touch."""
    settings = app.settings
    importing = None
    if settings.bulk_imports:
        names = {user.id: importable(user.fields) for user in users}
        importing = Importing(
            usernames={user_id: name for user_id, name in names.items() if name},
            singly=imports.failed_lately(conn, app.account, now),
            taken=frozenset(user.username.casefold() for user in users),
        )
    everybody = mirror.count_users(conn, app.account)
    return Pace(users=everybody, per_minute=settings.per_minute, importing=importing)


def witnesses(conn: Connection, app: App, intake: Intake) -> frozenset[str]:
    """The sources whose input is a witness of its own: other bytes than every accepted one before it. None if any is incomplete.

    Who is missing from one may be at the lost end of another.
    """
    if not intake.complete:
        return frozenset()
    return frozenset(
        one.source
        for one in intake.inputs
        if inputs.last_accepted(conn, app.account, one.source, sha256=one.sha256) is None
    )
