"""Events: what happened in a Run, one after the other, as ``syncd logs`` tells it."""

from collections.abc import Mapping
from typing import Any

from syncd.core.filters import one_of
from syncd.events import EVENTS, TEXTS
from syncd.store import events, runs
from syncd.store.events import LEVELS, Sought
from syncd.web.roles import Viewer
from syncd.web.shown import MASK
from syncd.web.site import Answer, Ask, Missing, Shown

FILTERS = {"level": one_of(LEVELS), "event": one_of(EVENTS)}


def of_run(ask: Ask) -> Answer:
    """The events of a Run, newest first, by level and event."""
    account, run_id = ask.site.account, ask.parts["run_id"]
    sought = Sought(run_id=run_id, level=ask.query.get("level", ""), event=ask.query.get("event", ""))
    with ask.site.database.read() as conn:
        row = runs.get(conn, run_id)
        if row is None or row["account"] != account:
            raise Missing(f"There is no run {run_id}.")
        found = events.listed(conn, account, sought, before=ask.number("before"), limit=ask.limit + 1)
        now = ask.site.database.now(conn)
    shown = [_shown(dict(one), ask.viewer) for one in found]
    return Shown(
        template="events.html",
        listed="events",
        columns=("id", "at", "level", "event", "job_id", "employee_id", "code", "facts", "process"),
        data={
            "run_id": run_id,
            "next": ask.next_page(shown, "id", "before"),
            "events": shown,
            "levels": list(LEVELS),
            "now": now,
        },
    )


def _shown(row: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    """An event with what it means; its sentences for who may see values."""
    facts = {
        name: value if viewer.sees_values or name not in TEXTS or not value else MASK
        for name, value in row["facts"].items()
    }
    known = EVENTS.get(row["event"])
    named = {name: row[name] for name in row if name not in {"account", "facts"}}
    return {**named, "facts": facts, "meaning": "" if known is None else known.meaning}
