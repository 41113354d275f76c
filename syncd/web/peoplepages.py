"""Employees: finding them, one of them side by side with Litmos, and why they are as they are."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from syncd.core.limits import Policy
from syncd.core.telling import describe, full_name
from syncd.core.why import why
from syncd.insight.acting import sync_person
from syncd.insight.inquiry import inquire, preview
from syncd.insight.overview import person
from syncd.insight.previewed import preview_data
from syncd.insight.starters import starters
from syncd.store import peoplelists, runs, timeline
from syncd.web.roles import Role
from syncd.web.shown import MASK, masked, shown_change, told_reasons
from syncd.web.site import Answer, Ask, Done, Missing, Shown


def listed(ask: Ask) -> Answer:
    """Employees by name, id, UserName or e-mail address, from their beginning; for who sees no values by id alone: else a letter after
    the other would tell them. With ``open``, whom the text names exactly is gone on to at once.
    """
    text, by_id = ask.query.get("q", "").strip(), not ask.viewer.sees_values
    with ask.site.database.read() as conn:
        opens = "open" in ask.query
        exact = peoplelists.named(conn, ask.site.account, text, by_id=by_id) if opens else ""
        rows = peoplelists.employees(
            conn,
            ask.site.account,
            text,
            after=ask.query.get("after", ""),
            limit=ask.limit + 1,
            by_id=by_id,
        )
        meant = [] if rows else peoplelists.with_zeros(conn, ask.site.account, text)
        now = ask.site.database.now(conn)
    after = ask.next_page(rows, "employee_id", "after")
    found = [_listed(row, ask) for row in rows]
    return Shown(
        template="employees.html",
        listed="employees",
        columns=("employee_id", "name", "status", "present", "user_id", "active", "last_seen_at"),
        data={"employees": found, "next": after, "now": now, "meant": meant},
        to=f"/employees/{quote(exact, safe='/')}" if exact else "",
    )


def _listed(row: dict[str, Any], ask: Ask) -> dict[str, Any]:
    name = full_name(row.pop("data")["fields"])
    return {**row, "name": name if ask.viewer.sees_values else MASK}


def beginning(ask: Ask) -> Answer:
    """Who begins soon, or did lately: account, teams and learning paths ready, or why not."""
    site, config = ask.site, ask.site.config
    days = min(ask.number("days") or DAYS, MOST_DAYS)
    with site.database.read() as conn:
        now = site.database.now(conn)
        today = now.astimezone(ZoneInfo(config.schedules.timezone)).date()
        found = starters(
            conn,
            site.account,
            first=today - timedelta(days=DAYS_BACK),
            last=today + timedelta(days=days),
            today=today,
            lead=config.mapping.lifecycle.lead,
            after=ask.query.get("after", ""),
            limit=ask.limit + 1,
            training={one.name for one in config.training_sources},
        )
        waiting = [run["id"] for run in runs.holding(conn, site.account) if run["flow"] == "push"]
    after = ask.next_page(found, "place", "after")
    dates = config.mapping.dates
    return Shown(
        template="starters.html",
        listed="starters",
        columns=STARTER_COLUMNS,
        data={
            "starters": [_starter(row, ask) for row in found],
            "next": after,
            "now": now,
            "days": days,
            "days_back": DAYS_BACK,
            "dates_mapped": dates is not None and dates.hire is not None,
            "held": waiting,
        },
    )


STARTER_COLUMNS = (
    *("begins_on", "employee_id", "name", "ready", "code", "because", "account", "missing_teams"),
    *("missing_items", "run_id"),
)
DAYS, DAYS_BACK, MOST_DAYS = 7, 3, 366
"""So many days ahead the page of starters looks, and back."""


def _starter(row: dict[str, Any], ask: Ask) -> dict[str, Any]:
    fields, _place = row.pop("fields"), row.pop("place")
    return {**row, "name": full_name(fields) if ask.viewer.sees_values else MASK}


def one(ask: Ask) -> Answer:
    """One employee: what HR says, what was last synced, what Litmos has; links, and all that happened."""
    employee_id, viewer = ask.parts["employee_id"], ask.viewer
    with ask.site.database.read() as conn:
        found = person(conn, ask.site.account, employee_id, rules=ask.site.config.mapping)
        deeds = viewer.role.covers(Role.ADMIN)
        events = timeline.events(conn, ask.site.account, employee_id, deeds=deeds)
        meant = peoplelists.with_zeros(conn, ask.site.account, employee_id) if found is None else []
        now = ask.site.database.now(conn)
    if found is None:
        raise Missing(f"Nobody knows employee {employee_id}{_or(meant)}.")
    hr = found["hr"]
    told = [shown_change(row, found["item_names"], viewer) for row in found["changes"]]
    seen = [
        {**one, "detail": one["detail"] if viewer.sees_values or not one["detail"] else MASK}
        for one in events
    ]
    return Shown(
        template="employee.html",
        listed="changes",
        columns=("id", "run_id", "action", "kind", "what", "state", "code", "message", "finished_at", "at"),
        data={
            "employee_id": employee_id,
            "name": _called(found, ask),
            "now": now,
            "explanation": found["explanation"],
            "hr": None
            if hr is None
            else {
                name: hr[name]
                for name in ("status", "origin", "present", "last_seen_at", "absent_since", "absent_count")
            },
            "link": found["link"],
            "fields": [_line(one, ask) for one in found["fields"]],
            **{name: found[name] for name in ("teams", "learning_paths", "courses")},
            "quarantine": [
                {"origin": row["origin"], "reasons": told_reasons(row["reasons"], viewer)}
                for row in found["quarantine"]
            ],
            "drift": [
                {**row, **masked({name: row[name] for name in ("before", "after")}, viewer)}
                for row in found["drift"]
            ],
            "changes": told,
            "events": seen,
            "timeline": _timeline(told, seen),
        },
    )


def _or(meant: list[str]) -> str:
    return f"; but {' and '.join(meant)} {'is' if len(meant) == 1 else 'are'} known" if meant else ""


def _called(found: dict[str, Any], ask: Ask) -> str:
    """What somebody is called: by HR, else in Litmos."""
    fields = found["hr"]["data"]["fields"] if found["hr"] is not None else {}
    name = full_name(fields) or full_name(found["litmos"] or {})
    return name if ask.viewer.sees_values or not name else MASK


def _timeline(told: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Changes and all else in one order, newest first; of what happened at once, the Changes of a Run as they were planned, from the last."""
    plain = {"change_id": None, "state": "", "code": "", "message": ""}
    found = [{**plain, **one} for one in events]
    for one in told:
        names = ("at", "what", "run_id", "state", "code", "message")
        found.append(
            {"kind": "change", "detail": "", "change_id": one["id"], **{name: one[name] for name in names}}
        )
    return sorted(found, key=lambda one: (one["at"], one["change_id"] or 0), reverse=True)


def _line(line: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """One field of the three, as far as the viewer may see values."""
    sides = {name: None if line[name] is None else str(line[name]) for name in ("hr", "synced", "litmos")}
    seen = {name: side if ask.viewer.sees_values or side is None else MASK for name, side in sides.items()}
    return {**line, **seen}


def explained(ask: Ask) -> Answer:
    """Why a person, a field, a team or a course of theirs is as it is; HR is read for it."""
    employee_id, about = ask.parts["employee_id"], ask.query.get("about", "").strip()
    facts = inquire(ask.site.app, employee_id, about)
    found = why(facts, lambda change: describe(change, facts.item_names))
    return Shown(
        template="why.html",
        listed="findings",
        columns=("check", "seen", "next"),
        data={
            "employee_id": facts.employee_id,
            "subject": {"kind": facts.subject.kind.value, "name": facts.subject.name},
            "about": about,
            "findings": [asdict(one) for one in found],
        },
    )


def previewed(ask: Ask) -> Answer:
    """What the mapping makes of one person now, rule by rule, and what a push would do for them; HR is read for it."""
    found = preview(ask.site.app, ask.parts["employee_id"])
    names = found.draft.item_names
    held = found.draft.plan.held
    data = preview_data(found)
    rules = [
        {"origin": row["origin"], **{key: rule[key] for key in ("rule", "where", "told")}}
        for row in data["rows"]
        for rule in row["rules"]
    ]
    return Shown(
        template="preview.html",
        listed="rules",
        columns=("origin", "rule", "where", "told"),
        data={
            **data,
            "now": found.now,
            "rules": rules,
            "would": [
                {"what": describe(one, names), "withheld": withheld, "held": one.key in held}
                for changes, withheld in ((found.changes, False), (found.withheld, True))
                for one in changes
            ],
            "observes": found.policy is Policy.OBSERVE,
        },
    )


def sync_now(ask: Ask) -> Answer:
    """Begin a push for this employee alone; the daemon takes it up, under the policy and limits of any push."""
    employee_id = ask.parts["employee_id"]
    site = ask.site
    run_id = sync_person(site.database, site.account, employee_id, actor=ask.viewer.actor)
    said = f"Run {run_id} is queued: a push for employee {employee_id} alone. syncd serve takes it up now."
    return Done(to=f"/runs/{run_id}", said=said)
