"""Changes: their list across runs, and one of them with its attempts."""

from syncd.core.model import Action, ObjectKind
from syncd.store import browse, jobs
from syncd.web.shown import MASK, item_names, shown_change
from syncd.web.site import Answer, Ask, Missing, Shown

STATES = ("planned", "held", "queued", "done", "failed", "superseded", "cancelled")
COLUMNS = (
    *("id", "run_id", "employee_id", "action", "kind", "what", "state", "code", "message", "reason", "rule"),
    *("origin", "finished_at"),
)


def listed(ask: Ask) -> Answer:
    """Changes, newest first, by run, employee, action, kind, state, code and rule."""
    asked = {name: ask.query.get(name, "").strip() for name in FILTERS}
    wanted = browse.Wanted(run_id=ask.number("run"), **asked)
    with ask.site.database.read() as conn:
        names = item_names(conn, ask.site.account)
        rows = browse.changes(
            conn, ask.site.account, wanted, before=ask.number("before"), limit=ask.limit + 1
        )
        now = ask.site.database.now(conn)
    found = [shown_change(row, names, ask.viewer) for row in rows]
    after = ask.next_page(found, "id", "before")
    return Shown(
        template="changes.html",
        listed="changes",
        columns=COLUMNS,
        data={
            "changes": found,
            "next": after,
            "now": now,
            "states": list(STATES),
            "actions": [one.value for one in Action],
            "kinds": [one.value for one in ObjectKind],
        },
    )


FILTERS = ("employee_id", "action", "kind", "state", "code", "rule")


def one(ask: Ask) -> Answer:
    """One change: before and after, the rule, the line of HR's file, every attempt."""
    account, change_id = ask.site.account, ask.parts["change_id"]
    with ask.site.database.read() as conn:
        row = browse.one_change(conn, account, change_id)
        if row is None:
            raise Missing(f"There is no change {change_id}.")
        change = shown_change(row, item_names(conn, account), ask.viewer)
        job = jobs.one(conn, account, row["job_id"]) if row["job_id"] else None
        attempts = [] if job is None else [dict(one) for one in jobs.list_attempts(conn, job["id"])]
        now = ask.site.database.now(conn)
    for each in attempts:
        each["detail"] = each["detail"] if ask.viewer.sees_values or not each["detail"] else MASK
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
            "fields": fields,
            "job": None
            if job is None
            else {name: job[name] for name in ("id", "kind", "state", "class", "attempts", "http_status")},
            "attempts": attempts,
        },
    )
