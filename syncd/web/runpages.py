"""Runs: their list, one of them with its progress, two of them side by side, and cancelling one."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from syncd.core.differing import Difference
from syncd.core.filters import MARK, one_of
from syncd.core.reporting import did
from syncd.core.states import FLOWS, RUN_STATES, TRIGGERS
from syncd.errors import Declined
from syncd.insight.runs import Compared, Course, compared, course, read_and_said
from syncd.sending.cancelling import cancel
from syncd.store import changelists, changes, drift, inputs, jobs, links, runlists, runs
from syncd.web.filtering import DAYS, applied, span
from syncd.web.shown import MASK, item_names, masked, shown_change, shown_run
from syncd.web.site import Answer, Ask, Done, Missing, Shown

FEW = 25
"""So many changes of a Run are on its own page; the list of changes has them all."""
FILTERS = {
    "flow": one_of(FLOWS),
    "state": one_of(RUN_STATES),
    "trigger": one_of(TRIGGERS),
    **DAYS,
    "changed": MARK,
    "failed": MARK,
}
LIVE = ("blocked", "available", "running", "uncertain")


def listed(ask: Ask) -> Answer:
    """Runs, newest first, by flow, state, what began them and when; those with changes, those with failures."""
    since, until = span(ask)
    wanted = runlists.WantedRuns(
        flow=ask.query.get("flow", ""),
        state=ask.query.get("state", ""),
        trigger=ask.query.get("trigger", ""),
        since=since,
        until=until,
        changed=bool(ask.query.get("changed")),
        failed=bool(ask.query.get("failed")),
    )
    with ask.site.database.read() as conn:
        rows = runlists.listed_runs(
            conn, ask.site.account, wanted, before=ask.number("before"), limit=ask.limit + 1
        )
        now = ask.site.database.now(conn)
        found = [shown_run(row, runlists.spent(conn, row, now)) for row in rows]
    after = ask.next_page(found, "id", "before")
    return Shown(
        template="runs.html",
        listed="runs",
        columns=(
            *("id", "flow", "state", "trigger", "actor", "created_at", "started_at", "finished_at", "took"),
            *("held_seconds", "counts", "error"),
        ),
        data={
            "runs": found,
            "next": after,
            "now": now,
            "flows": list(FLOWS),
            "states": list(RUN_STATES),
            "triggers": list(TRIGGERS),
            "filters": applied(ask, FILTERS),
        },
    )


def one(ask: Ask) -> Answer:
    """One run: phases, progress, actions by outcome, what failed, what it read."""
    account, run_id = ask.site.account, ask.parts["run_id"]
    with ask.site.database.read() as conn:
        row = runs.get(conn, run_id)
        if row is None or row["account"] != account:
            raise Missing(f"There is no run {run_id}.")
        now = ask.site.database.now(conn)
        names = item_names(conn, account)
        tally, counted_at = _tally(ask, conn, row, now)
        rows = changelists.first_of_run(conn, run_id, FEW)
        counts = jobs.counts(conn, account, run_id)
        went = course(conn, row, now)
        by_minute = runlists.requests_by_minute(conn, run_id)
        data = {
            **_with_previous(conn, ask, row),
            "requests_by_minute": {
                minute.isoformat(timespec="minutes"): number for minute, number in sorted(by_minute.items())
            },
            "limit": ask.site.app.settings.per_minute,
            "run": shown_run(row, (went.took, went.held_seconds)),
            "now": now,
            "phases": _phases(went),
            "progress": _progress(ask, counts, now),
            "tally": tally,
            "counted_at": counted_at,
            "outcomes": _outcomes(tally),
            "faults": [
                {**fault, "message": fault["message"] if ask.viewer.sees_values else MASK}
                for fault in runlists.faults(conn, run_id)
            ],
            "causes": changes.causes(conn, run_id),
            "inputs": [
                {key: one[key] for key in ("source", "name", "sha256", "size_bytes", "rows", "modified_at")}
                for one in inputs.of_run(conn, run_id)
            ],
            "did": [asdict(one) for one in did(row["flow"], row["summary"])],
            "drift": drift.count(conn, account, run_id),
            "drifted": _drifted(conn, ask, run_id),
            "changes": [shown_change(each, names, ask.viewer) for each in rows],
            "changes_in_all": sum(sum(states.values()) for states in tally.values()),
            "discarded": counts.get("discarded", 0),
            "live": row["state"] in {"queued", "running"},
        }
    return Shown(
        template="run.html",
        data=data,
        listed="changes",
        columns=("id", "employee_id", "action", "kind", "what", "state", "code", "message", "reason"),
    )


def _drifted(conn: Connection, ask: Ask, run_id: int) -> list[dict[str, Any]]:
    """The first few things that somebody else changed, with the employee of each."""
    rows = drift.listed(conn, ask.site.account, run_id=run_id, limit=FEW)
    linked = links.among(conn, ask.site.account, user_ids={row["user_id"] for row in rows})
    owners = {user_id: employee_id for employee_id, user_id in linked.items()}
    names = ("seen_at", "user_id", "kind", "object_id", "field")
    return [
        {
            **{name: row[name] for name in names},
            "employee_id": owners.get(row["user_id"], ""),
            **masked({name: row[name] for name in ("before", "after")}, ask.viewer),
        }
        for row in rows
    ]


def _with_previous(conn: Connection, ask: Ask, row: Any) -> dict[str, Any]:
    """The Run of the same flow before this one, and what is not the same in configuration and inputs."""
    account = ask.site.account
    previous = runlists.before_it(conn, account, row["id"], row["flow"])
    if previous is None:
        return {"previous": None, "settings_changed": [], "inputs_changed": {}}
    settings, inputs_beside = read_and_said(conn, account, previous, row["id"])
    return {
        "previous": previous,
        "settings_changed": None if settings is None else _settings(settings, ask),
        "inputs_changed": {one["source"]: one for one in inputs_beside},
    }


def _tally(ask: Ask, conn: Connection, row: Any, now: datetime) -> tuple[dict[str, dict[str, int]], datetime]:
    """A Run's Changes by what they do and their state, and when they were counted; what a person decided shows at once."""
    which = ("run", row["id"], row["state"], row["decided_at"])
    return ask.site.counts.of(which, now, lambda: changes.tally(conn, row["id"]))


def compare(ask: Ask) -> Answer:
    """One run beside another of the same flow: the one before it, or any."""
    account, run_id = ask.site.account, ask.parts["run_id"]
    with ask.site.database.read() as conn:
        row = runs.get(conn, run_id)
        if row is None or row["account"] != account:
            raise Missing(f"There is no run {run_id}.")
        other = ask.number("with") or runlists.before_it(conn, account, run_id, row["flow"])
        now = ask.site.database.now(conn)

        def tally(conn: Connection, which: int) -> dict[str, dict[str, int]]:
            return _tally(ask, conn, runs.get(conn, which), now)[0]

        try:
            found = None if other is None else compared(conn, account, other, run_id, tally=tally)
        except Declined as error:
            raise Missing(f"{error}.") from None
    return Shown(
        template="compare.html",
        listed="differences",
        columns=("about", "what", "before", "after"),
        data={
            "run_id": run_id,
            "with": other,
            "flow": row["flow"],
            "settings_known": found is None or found.settings is not None,
            "inputs": [] if found is None else found.inputs,
            "differences": [] if found is None else _differences(found, ask),
        },
    )


def _settings(differences: Iterable[Difference], ask: Ask) -> list[str]:
    """A line for each setting; which changed, and not how, for who may not see the configuration: it may name people."""
    return [one.told if ask.viewer.sees_values else one.path for one in differences]


def _differences(found: Compared, ask: Ask) -> list[dict[str, Any]]:
    settings = found.settings or ()
    if not ask.viewer.sees_values:
        settings = tuple(replace(one, before=MASK, after=MASK) for one in settings)
    return [
        {"about": about, "what": one["path"], "before": one["before"], "after": one["after"]}
        for about, differences in (
            ("configuration", settings),
            ("planned", found.planned),
            ("outcome", found.outcomes),
        )
        for one in map(asdict, differences)
    ]


def _outcomes(tally: dict[str, dict[str, int]]) -> list[str]:
    """The columns of the matrix: every outcome that there is."""
    return sorted({state for states in tally.values() for state in states})


def _progress(ask: Ask, counts: dict[str, int], now: datetime) -> dict[str, Any]:
    """How many Jobs of the Run have ended, and when the last one will have, at the rate that is allowed."""
    total = sum(counts.values())
    left = sum(counts.get(state, 0) for state in LIVE)
    minutes = left / ask.site.app.settings.per_minute
    return {
        "jobs": counts,
        "total": total,
        "ended": total - left,
        "done_about": now + timedelta(minutes=minutes) if left else None,
    }


def _phases(went: Course) -> list[dict[str, Any]]:
    """What the Run did one after the other, as far as it left times: name, from, to, seconds."""
    return [
        {"phase": one.name, "from": one.begun, "to": one.ended, "seconds": one.seconds} for one in went.phases
    ]


def end(ask: Ask) -> Answer:
    """Cancel a run: what was not sent yet is not sent."""
    run_id = ask.parts["run_id"]
    number = cancel(ask.site.app, run_id, actor=ask.viewer.actor)
    return Done(to=f"/runs/{run_id}", said=f"Run {run_id} is cancelled; {number} jobs will not be sent.")
