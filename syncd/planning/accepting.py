"""Accepting: what an input says is taken for good, with the Plan that is committed, or once a person has approved it all."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.acceptance import Acceptance, NewLink, Told, standing
from syncd.core.model import LEAVERS, UNGRANTED, Action, ObjectKind, Status
from syncd.intake import Intake
from syncd.planning.measuring import witnesses
from syncd.planning.planner import Draft
from syncd.planning.settling import settle, unsettle
from syncd.store import awaited, cases, inputs, links, people, settled, ties, unwanted


def accept(
    conn: Connection, app: App, intake: Intake, made: Draft, *, read: Mapping[str, int], now: datetime
) -> None:
    """Take the input for good: people as HR now has them, new Links, and whose absence is counted.

    If only some people are pushed, only they are taken: the input is not accepted, and nobody's absence counts.
    """
    _take(conn, app, _acceptance(conn, app, intake, made, read), _people(made), now=now, at=now)
    if made.part.is_whole:
        settle(conn, app, intake, made)
    else:
        unsettle(conn, app, intake.inputs[0].source, sorted(made.employees.keys() & made.part.people))


def put_off(
    conn: Connection,
    app: App,
    intake: Intake,
    made: Draft,
    *,
    run_id: int,
    read: Mapping[str, int],
    now: datetime,
) -> None:
    """Keep what the input says with the Run, until a person has decided."""
    awaited.put(conn, run_id, _acceptance(conn, app, intake, made, read), _people(made), now)


def accept_held(conn: Connection, app: App, run_id: int, now: datetime) -> None:
    """All that a Run held is approved: its input is taken as it would have been when it was read.

    Nothing of it is taken if a later whole input was accepted since, and of nobody of whom a later one was taken.
    """
    kept = awaited.get(conn, run_id)
    if kept is None:
        return
    taken, read_at = kept
    last = {source: inputs.last_accepted(conn, app.account, source) for source in taken.inputs}
    if all(row is None or row["id"] < taken.inputs[source] for source, row in last.items()):
        _take(conn, app, taken, list(awaited.people(conn, run_id)), now=now, at=read_at)
        settled.forget_facts(conn, app.account)


def link_held(conn: Connection, app: App, run_id: int, chosen: Collection[str], now: datetime) -> None:
    """Make the Links on which the approved Changes of these employees rest, though others of the Run wait on."""
    kept = awaited.get(conn, run_id)
    if kept is not None:
        _link(conn, app, kept[0], now, only=chosen)


def _acceptance(
    conn: Connection, app: App, intake: Intake, made: Draft, read: Mapping[str, int]
) -> Acceptance:
    part, matching, known = made.part, made.matching, links.load(conn, app.account)
    wanted = part.people if not part.is_whole else None
    return Acceptance(
        inputs=read,
        whole=part.is_whole,
        witnesses=witnesses(conn, app, intake) if part.is_whole and "" not in made.untouched else frozenset(),
        untouched=made.untouched if part.is_whole else frozenset(),
        dropped={
            one: known[one] for one in matching.dropped if one in known and (wanted is None or one in wanted)
        },
        links=tuple(
            NewLink(link=link, was=known.get(link.employee_id, ""))
            for link in matching.new
            if wanted is None or link.employee_id in wanted
        ),
        ties=made.ties if part.is_whole else {},
        unwanted=_unwanted(app, made),
        among=None if intake.at_rest is None else intake.looked_at,
    )


def _people(made: Draft) -> Iterator[Told]:
    part = made.part
    return (
        people.told(employee)
        for employee_id, employee in made.employees.items()
        if part.is_whole or employee_id in part.people
    )


def _unwanted(app: App, made: Draft) -> dict[str, str] | None:
    """The memberships of movers that no rule gives them, key -> employee; of those that only a strict rule ends, as long as
    they are kept: such a one may be of somebody who never moved.
    """
    if not app.settings.mapping.lifecycle.overlap:
        return None
    ending = {
        change.key: change.employee_id
        for change in made.plan.changes
        if change.kind is ObjectKind.MEMBERSHIP
        and change.action is Action.REMOVE
        and change.rule not in UNGRANTED | {LEAVERS}
    }
    kept = {skip.key: skip.employee_id for skip in made.plan.skips if skip.code == "OVERLAP"}
    return unwanted.by_names_of_now({**ending, **kept}, made.moved)


def _take(
    conn: Connection, app: App, taken: Acceptance, told: Iterable[Told], *, now: datetime, at: datetime
) -> None:
    """Take it, as read ``at``."""
    later = people.newer(conn, app.account, taken.inputs.values())
    active: set[str] = set()
    _link(conn, app, taken, now)
    ties.save(conn, app.account, taken.ties, now)
    people.save(
        conn,
        app.account,
        _noting_active((one for one in told if one.employee_id not in later), active),
        rejected=taken.untouched | later,
        inputs=taken.inputs,
        witnesses=taken.witnesses,
        now=at,
        among=taken.among,
    )
    if taken.unwanted is not None:
        found = {key: person for key, person in taken.unwanted.items() if person not in later}
        unwanted.save(conn, app.account, found, looked_at=active, now=at)
    if taken.whole:
        inputs.accept(conn, taken.inputs.values())


def _noting_active(told: Iterable[Told], active: set[str]) -> Iterator[Told]:
    """The same people, one after the other, of whom the active ones are noted."""
    for one in told:
        if one.status == Status.ACTIVE.value:
            active.add(one.employee_id)
        yield one


def _link(
    conn: Connection, app: App, taken: Acceptance, now: datetime, *, only: Collection[str] | None = None
) -> None:
    """Forget the Links that were refused, and make those of the Plan that may still be made."""
    known = links.load(conn, app.account)
    chosen = [one for one in taken.links if only is None or one.link.employee_id in only]
    dropped = {
        one
        for one, user_id in taken.dropped.items()
        if known.get(one) == user_id and (only is None or one in only)
    }
    fresh = standing(chosen, known, cases.resolutions(conn, app.account), dropped)
    for employee_id in sorted(dropped):
        links.forget(conn, app.account, employee_id)
    links.save_all(conn, app.account, fresh, now)
