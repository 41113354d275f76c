"""Results: the ledger as it holds today, what of it each sink has, and totals."""

from datetime import UTC, datetime
from typing import Any

from syncd.core.completion import ResultKind
from syncd.core.filters import TEXT, moment, one_of
from syncd.core.results import Status, Version
from syncd.store import ledgerlists, runs
from syncd.web.site import Answer, Ask, Shown

FILTERS = {"employee_id": TEXT, "object_id": TEXT, "kind": one_of(ResultKind), "status": one_of(Status)}
COLUMNS = (
    *("seq", "employee_id", "kind", "object_id", "object_name", "status", "attempt", "completed_at"),
    *("event", "version", "made_at", "sinks", "result_id"),
)


def listed(ask: Ask) -> Answer:
    """Results as they hold today, newest first; totals by kind and status; where each sink stands."""
    site, config = ask.site, ask.site.config
    asked = {name: ask.query.get(name, "").strip() for name in FILTERS}
    wanted = ledgerlists.Asked(**asked, since=_day(ask.query.get("since", "")))
    with site.database.read() as conn:
        now = site.database.now(conn)
        found = ledgerlists.newest(
            conn, site.account, wanted, before=ask.number("before"), limit=ask.limit + 1
        )
        given = ledgerlists.given(conn, site.account, [one.said.result_id for one, _at in found])
        totals, counted_at = site.counts.of("results", now, lambda: ledgerlists.totals(conn, site.account))
        sinks = [
            ledgerlists.standing(conn, site.account, one.name)
            for one in config.pull.sinks
            if one.what == "results"
        ]
        last = runs.newest(conn, site.account, "pull")
    rows = [
        {**_row(one), "made_at": at, "sinks": given.get((one.said.result_id, one.version), {})}
        for one, at in found
    ]
    after = ask.next_page(rows, "seq", "before")
    return Shown(
        template="results.html",
        listed="results",
        columns=COLUMNS,
        data={
            "results": rows,
            "next": after,
            "now": now,
            "totals": totals,
            "counted_at": counted_at,
            "number": sum(row["results"] for row in totals),
            "sinks": sinks,
            "last_pull": None if last is None else {name: last[name] for name in ("id", "state", "error")},
            "kinds": [one.value for one in ResultKind],
            "statuses": [one.value for one in Status],
        },
    )


def _day(text: str) -> datetime | None:
    """A day or moment as it is written in ISO 8601, in UTC unless it says otherwise; None for anything else."""
    found = moment(text.strip())
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _row(one: Version) -> dict[str, Any]:
    said = one.said
    return {
        "seq": one.seq,
        "result_id": said.result_id,
        "employee_id": one.employee_id,
        "kind": str(said.kind),
        "object_id": said.object_id,
        "object_name": said.object_name,
        "status": one.status.value,
        "attempt": one.attempt,
        "completed_at": said.completed_at,
        "event": one.event.value,
        "version": one.version,
    }
