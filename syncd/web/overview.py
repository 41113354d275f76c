"""The overview: is it healthy and on time, what waits for a person, what went wrong."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from syncd.core.states import FLOWS
from syncd.insight.failures import OPEN_FOR
from syncd.insight.overview import last_inputs, overview, population
from syncd.schedule import flow_standing
from syncd.store import changelists, runlists
from syncd.web.shown import MASK, shown_run
from syncd.web.site import Answer, Ask, Shown, Site

CHART_DAYS = 30
FEW = 5


def index(ask: Ask) -> Answer:
    """One screen: flows, budget, queue with its end, the runs of 30 days, open problems."""
    site, zone = ask.site, ZoneInfo(ask.site.config.schedules.timezone)
    with site.database.read() as conn:
        now = site.database.now(conn)
        sinks = [one.name for one in site.config.pull.sinks]
        numbers, counted_at = site.counts.of("people", now, lambda: population(conn, site.account, sinks))
        found = overview(conn, site.account, now, sinks, numbers)
        found["inputs"] = last_inputs(conn, site.account, [one.name for one in site.config.sources])
        by_day = runlists.runs_by_day(conn, site.account, now - timedelta(days=CHART_DAYS), zone)
        problems = changelists.problems(conn, site.account, now - OPEN_FOR)
    flows = [flow_standing(name, found, site.config.schedules, now) for name in FLOWS]
    for one in problems:
        one["message"] = one["message"] if ask.viewer.sees_values else MASK
    return Shown(
        template="overview.html",
        listed="flows",
        columns=("flow", "standing", "last_run", "last_state", "succeeded_at", "next_at"),
        data={
            "now": now,
            "policy": site.config.push.policy.value,
            "flows": flows,
            "window": found["window"],
            "queue": {"jobs": found["jobs"], **_ahead(site, found)},
            "pauses": found["pauses"],
            "refused": found["paused"],
            "held": [shown_run(run) for run in found["held"]],
            "people": {name: found[name] for name in ("employees", "users", "links", "quarantined", "cases")},
            "counted_at": counted_at,
            "inputs": found["inputs"],
            "mirror": {name: found[name] for name in ("mirror_read_at", "mirror_full_at")},
            "results": {name: found["results"][name] for name in ("results", "delivered", "waiting")},
            "imports": found["imports"],
            "problems": problems[:FEW],
            "more_problems": max(0, len(problems) - FEW),
            "by_day": {day.isoformat(): states for day, states in sorted(by_day.items())},
            "last_day": now.astimezone(zone).date(),
        },
    )


def _ahead(site: Site, found: dict[str, Any]) -> dict[str, Any]:
    """How long the queue will take: a request for each Job at the rate that is allowed, which is seldom far off."""
    waiting = sum(found["jobs"].values())
    minutes = waiting / site.app.settings.per_minute
    stopped = found["paused"] is not None or any(one["job_class"] == "all" for one in found["pauses"])
    until = None if stopped or not waiting else found["now"] + timedelta(minutes=minutes)
    return {"waiting": waiting, "minutes": round(minutes, 1), "done_about": until}
