"""Reverting: the Plan that takes back what a Run has done, through the same Policy and Limits as any other."""

from collections.abc import Sequence

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.desired import Desired
from syncd.core.diff import Difference
from syncd.core.limits import permitted
from syncd.core.match import Matching
from syncd.core.model import Change, State
from syncd.core.plan import make_plan
from syncd.core.request import Pace
from syncd.core.revert import Remark, reverse, without_taken
from syncd.core.selection import Part
from syncd.core.usernames import contested
from syncd.errors import Declined
from syncd.planning.measuring import done_lately, measure_of
from syncd.planning.planner import Draft
from syncd.store import approvals, changes, jobs, links, mirror, runs
from syncd.store.current import current_state
from syncd.store.schema import LIVE


def draft_reversal(app: App, target: int) -> tuple[Draft, tuple[Remark, ...]]:
    """The Plan that takes back Run ``target``, and what cannot be taken back. Reads only.

    Raises Declined if there is no such push, if it is not done yet, or if it has done nothing.
    """
    with app.database.read() as conn:
        must_be_done(conn, app, target)
        done = changes.load(conn, target, states=["done"])
        if not done:
            raise Declined(f"run {target} has changed nothing, so there is nothing to take back")
        return _draft(conn, app, target, done)


def must_be_done(conn: Connection, app: App, target: int) -> None:
    """Raise Declined if Run ``target`` is no push, or not done yet."""
    run = runs.get(conn, target)
    if run is None or run["account"] != app.account:
        raise Declined(f"there is no run {target}; syncd runs lists them")
    if run["flow"] != "push":
        raise Declined(f"run {target} is a {run['flow']}: it changed nothing in Litmos")
    live = sum(number for state, number in jobs.counts(conn, app.account, target).items() if state in LIVE)
    if live:
        raise Declined(f"run {target} has {live} jobs that are not done: syncd jobs --run {target}")


def _draft(
    conn: Connection, app: App, target: int, done: Sequence[Change]
) -> tuple[Draft, tuple[Remark, ...]]:
    settings = app.settings
    known = links.load(conn, app.account)
    current = current_state(conn, app.account, known)
    protection = settings.mapping.protection
    reversal = reverse(done, current, is_protected=lambda user: bool(protection.why(user)))
    taken = contested(permitted(reversal.changes, settings.policy), mirror.users(conn, app.account))
    reversal = without_taken(reversal, taken)
    difference = Difference(changes=reversal.changes, skips=())
    measure = measure_of(current, settings.limits)
    plan = make_plan(
        difference,
        policy=settings.policy,
        limits=settings.limits,
        measure=measure,
        hold=settings.hold,
        recent=done_lately(conn, app.account, settings.limits, app.database.now(conn)),
        pace=Pace(users=mirror.count_users(conn, app.account), per_minute=settings.per_minute),
        window=(settings.requests, settings.window),
        approved=approvals.valid(conn, app.account, app.database.now(conn)),
    )
    made = Draft(
        plan=plan,
        part=Part(reverts=target),
        difference=difference,
        current=current,
        matching=Matching(links=known, new=()),
        employees={},
        rejections=(),
        untouched=frozenset(),
        item_names={str(item.key): item.name for item in mirror.items(conn, app.account)},
        desired=Desired(state=State(), employees={}),
        granted=frozenset(),
        as_of=app.database.now(conn),
        measure=measure,
    )
    return made, reversal.remarks
