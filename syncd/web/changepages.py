"""Changes: their list across runs, and one of them with its attempts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from syncd.core.filters import TEXT, one_of
from syncd.core.model import Action, ObjectKind
from syncd.core.states import CHANGE_STATES
from syncd.core.words import pieces
from syncd.insight.exchanged import exchanged
from syncd.insight.failures import OPEN_FOR, next_step
from syncd.store import changelists, exchanges, jobs
from syncd.web.filtering import DAYS, applied, span
from syncd.web.shown import MASK, item_names, shown_change
from syncd.web.site import Answer, Ask, Missing, Shown

COLUMNS = (
    *("id", "run_id", "employee_id", "action", "kind", "what", "state", "code", "message", "reason", "rule"),
    *("origin", "finished_at", "at"),
)


def listed(ask: Ask) -> Answer:
    """Changes, newest first, by run, employee, action, kind, state, code, rule, field and day; those of open problems."""
    asked = {name: ask.query.get(name, "").strip() for name in FILTERS}
    since, until = span(ask)
    before, account = ask.number("before"), ask.site.account
    wanted = changelists.Wanted(
        run_id=ask.number("run"), since=since, until=until, above=None, open_since=None, **asked
    )
    low: int | None = None
    with ask.site.database.read() as conn:
        now = ask.site.database.now(conn)
        if ask.query.get("open"):
            wanted = replace(wanted, open_since=now - OPEN_FOR)
        if asked["field"] and not asked["employee_id"] and not ask.exports:
            low = changelists.horizon(conn, account, wanted, before)
            wanted = replace(wanted, above=low)
        names = item_names(conn, account)
        rows = changelists.changes(conn, account, wanted, before=before, limit=ask.limit + 1)
    found = [shown_change(row, names, ask.viewer) for row in rows]
    after = ask.next_page(found, "id", "before")
    looked_down_to = None if low is None or after else low + 1
    return Shown(
        template="changes.html",
        listed="changes",
        columns=COLUMNS,
        data={
            "changes": found,
            "next": ask.link(before=looked_down_to) if looked_down_to else after,
            "now": now,
            "states": list(CHANGE_STATES),
            "actions": [one.value for one in Action],
            "kinds": [one.value for one in ObjectKind],
            "filters": applied(ask, ("run", *FILTERS, "open", *DAYS)),
            "looked_down_to": looked_down_to,
        },
    )


FILTERS = {
    "employee_id": TEXT,
    **{name: one_of(changelists.CLOSED[name]) for name in ("action", "kind", "state")},
    **dict.fromkeys(("code", "rule", "field"), TEXT),
}


def one(ask: Ask) -> Answer:
    """One change: before and after, the rule, the line of HR's file, every attempt."""
    account, change_id = ask.site.account, ask.parts["change_id"]
    with ask.site.database.read() as conn:
        row = changelists.one_change(conn, account, change_id)
        if row is None:
            raise Missing(f"There is no change {change_id}.")
        change = shown_change(row, item_names(conn, account), ask.viewer)
        job = jobs.one(conn, account, row["job_id"]) if row["job_id"] else None
        attempts = [] if job is None else [dict(one) for one in jobs.list_attempts(conn, job["id"])]
        made = {} if job is None else exchanges.of_job(conn, job["id"])
        step, again = next_step(conn, account, row, job)
        now = ask.site.database.now(conn)
    values, litmos = ask.viewer.sees_values, ask.site.config.litmos
    for each in attempts:
        each["detail"] = each["detail"] if ask.viewer.sees_values or not each["detail"] else MASK
        each["exchanges"] = [
            exchanged(one, values=values, base_url=litmos.base_url, source=litmos.source)
            for one in made.get(each["id"], ())
        ]
    fields = sorted({*change["before"], *change["after"]})
    return Shown(
        template="change.html",
        listed="attempts",
        columns=(
            "number",
            "started_at",
            "sent_at",
            "finished_at",
            "outcome",
            "code",
            "http_status",
            "detail",
        ),
        data={
            "change": change,
            "now": now,
            "next": step,
            "retriable": again,
            "fields": fields,
            "words": _words(change["before"], change["after"]) if ask.viewer.sees_values else {},
            "job": None
            if job is None
            else {name: job[name] for name in ("id", "kind", "state", "class", "attempts", "http_status")},
            "attempts": attempts,
        },
    )


def _words(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """What differs in long texts, word by word, by field."""
    found = {name: pieces(before.get(name), after.get(name)) for name in after}
    return {
        name: [{"kind": one.kind, "text": one.text} for one in told] for name, told in found.items() if told
    }
