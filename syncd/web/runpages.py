"""Runs: their list, one of them with its progress, and cancelling it."""

from datetime import datetime, timedelta
from typing import Any

from syncd.sending.cancelling import cancel
from syncd.store import browse, changes, drift, inputs, jobs, runs
from syncd.web.shown import MASK, item_names, shown_change, shown_run
from syncd.web.site import Answer, Ask, Done, Missing, Shown

FEW = 25
"""So many changes of a Run are on its own page; the list of changes has them all."""
LIVE = ("blocked", "available", "running", "uncertain")


def listed(ask: Ask) -> Answer:
    """Runs, newest first, by flow, state and what began them."""
    state = ask.query.get("state") or None
    with ask.site.database.read() as conn:
        rows = runs.listed(
            conn,
            ask.site.account,
            flow=ask.query.get("flow") or None,
            state="succeeded" if state == "planned" else state,
            planned_only=state == "planned" if state in {"planned", "succeeded"} else None,
            trigger=ask.query.get("trigger") or None,
            before=ask.number("before"),
            limit=ask.limit + 1,
        )
        now = ask.site.database.now(conn)
    found = [shown_run(row) for row in rows]
    after = ask.next_page(found, "id", "before")
    return Shown(
        template="runs.html",
        listed="runs",
        columns=(
            *("id", "flow", "state", "trigger", "actor", "created_at", "started_at", "finished_at", "took"),
            *("counts", "error"),
        ),
        data={"runs": found, "next": after, "now": now},
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
        tally = changes.tally(conn, run_id)
        rows = browse.first_of_run(conn, run_id, tally, FEW)
        counts = jobs.counts(conn, account, run_id)
        data = {
            "run": shown_run(row),
            "now": now,
            "phases": _phases(row, browse.phases(conn, run_id), now),
            "progress": _progress(ask, counts, now),
            "tally": tally,
            "outcomes": _outcomes(tally),
            "faults": [
                {**fault, "message": fault["message"] if ask.viewer.sees_values else MASK}
                for fault in browse.faults(conn, run_id)
            ],
            "causes": changes.causes(conn, run_id),
            "inputs": [
                {key: one[key] for key in ("source", "name", "sha256", "size_bytes", "rows", "modified_at")}
                for one in inputs.of_run(conn, run_id)
            ],
            "drift": drift.count(conn, account, run_id),
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


def _phases(row: Any, found: dict[str, datetime | None], now: datetime) -> list[dict[str, Any]]:
    """What the Run did one after the other, as far as it left times: name, from, to, seconds."""
    ended = row["finished_at"]
    marks = [
        ("waits to begin", row["created_at"]),
        ("reads", row["started_at"]),
        ("plans", found["read_at"]),
        ("sends", found["first_job_at"]),
    ]
    reached = [(name, at) for name, at in marks if at is not None]
    ends = [at for _, at in reached[1:]] + [ended or now]
    return [
        {"phase": name, "from": at, "to": end, "seconds": round(max(0.0, (end - at).total_seconds()), 1)}
        for (name, at), end in zip(reached, ends, strict=True)
    ]


def end(ask: Ask) -> Answer:
    """Cancel a run: what was not sent yet is not sent."""
    run_id = ask.parts["run_id"]
    number = cancel(ask.site.app, run_id, actor=ask.viewer.actor)
    return Done(to=f"/runs/{run_id}", said=f"Run {run_id} is cancelled; {number} jobs will not be sent.")
