"""What waits for a person: problems by code, the quarantine, and cases with their candidates."""

from collections.abc import Mapping
from typing import Any

from syncd.core.cases import CaseState
from syncd.core.filters import one_of
from syncd.insight.acting import decide_case, retry, undo_case
from syncd.insight.candidates import case_with_evidence
from syncd.insight.failures import OPEN_FOR, open_problems
from syncd.store import cases, peoplelists
from syncd.web.filtering import applied
from syncd.web.shown import MASK, masked, told_reasons
from syncd.web.site import Answer, Ask, Done, Missing, Shown, whole


def problems(ask: Ask) -> Answer:
    """What failed and nothing has taken up since, by code, with what to do."""
    with ask.site.database.read() as conn:
        now = ask.site.database.now(conn)
        found = open_problems(conn, ask.site.account, now)
        rejected = peoplelists.quarantine_by_code(conn, ask.site.account)
        waiting = cases.waiting(conn, ask.site.account)
    for one in found:
        one["message"] = one["message"] if ask.viewer.sees_values else MASK
    return Shown(
        template="problems.html",
        listed="problems",
        columns=("code", "number", "people", "first_at", "last_at", "run_id", "message", "next"),
        data={
            "problems": found,
            "now": now,
            "days": OPEN_FOR.days,
            "rejected": _counted(rejected),
            "cases": waiting,
        },
    )


def try_again(ask: Ask) -> Answer:
    """Try discarded jobs again: those that are named, or all of a run."""
    site = ask.site
    named = (whole(text.strip()) for text in ask.form.get("job", ()))
    job_ids = sorted({one for one in named if one is not None})
    run, change = (whole(ask.said(name)) for name in ("run", "change"))
    if not job_ids and run is None:
        return Done(to="/problems", said="Name a job or a run.", failed=True)
    again, wanted = retry(
        site.database,
        site.account,
        job_ids=job_ids,
        run_id=run,
        actor=ask.viewer.actor,
    )
    to = "/problems" if run is None else f"/runs/{run}"
    to = to if len(job_ids) < 2 else "/changes?state=failed"
    to = to if change is None else f"/changes/{change}"
    said = f"{len(again)} of {wanted} jobs are tried again."
    if len(again) < wanted:
        said += " What is left out was taken up by a later run, or is on its way."
    return Done(to=to, said=said, failed=not again)


def quarantine(ask: Ask) -> Answer:
    """Everybody whose HR row is rejected, with every reason; by code, with how many there are of each in all."""
    code = ask.query.get("code", "").strip()
    with ask.site.database.read() as conn:
        rows = peoplelists.quarantined(
            conn, ask.site.account, code=code, after=ask.query.get("after", ""), limit=ask.limit + 1
        )
        numbers = peoplelists.quarantine_by_code(conn, ask.site.account)
        ids = {row["employee_id"] for row in rows} - {""} if ask.viewer.sees_values else set()
        names = peoplelists.names(conn, ask.site.account, ids)
        now = ask.site.database.now(conn)
    after = ask.next_page(rows, "place", "after")
    found = [
        {
            "name": names.get(row["employee_id"], ""),
            **{key: row[key] for key in ("employee_id", "source", "origin", "first_seen_at", "last_seen_at")},
            "code": row["code"],
            "reasons": told_reasons(row["reasons"], ask.viewer),
        }
        for row in rows
    ]
    return Shown(
        template="quarantine.html",
        listed="quarantine",
        columns=(
            "employee_id",
            "name",
            "source",
            "origin",
            "first_seen_at",
            "last_seen_at",
            "reasons",
            "code",
        ),
        data={
            "quarantine": found,
            "groups": _by_code(found, numbers),
            "codes": _counted(numbers),
            "number": sum(numbers.values()),
            "next": after,
            "now": now,
            "filters": applied(ask, ("code",)),
        },
    )


def _counted(numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"code": code, "number": number} for code, number in numbers.items()]


def _by_code(found: list[dict[str, Any]], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """The rows of this page by the first of their reasons, the commonest of all pages first; ``number`` is that of all pages."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        groups.setdefault(row["code"], []).append(row)
    return [
        {"code": code, "number": number, "rows": groups[code]}
        for code, number in numbers.items()
        if code in groups
    ]


CASE_FILTERS = {"state": one_of(CaseState)}


def case_list(ask: Ask) -> Answer:
    """Employees whom matching could not place: open, decided, resolved."""
    state = ask.query.get("state", "")
    with ask.site.database.read() as conn:
        found = cases.page(
            conn, ask.site.account, state=state, after=ask.query.get("after", ""), limit=ask.limit + 1
        )
        now = ask.site.database.now(conn)
    listed = [_seen(case, ask) for case in found]
    return Shown(
        template="cases.html",
        listed="cases",
        columns=("employee_id", "state", "code", "message", "opened_at"),
        data={
            "next": ask.next_page(listed, "employee_id", "after"),
            "cases": listed,
            "states": list(CASE_FILTERS["state"].words),
            "now": now,
        },
    )


def _seen(case: dict[str, Any], ask: Ask) -> dict[str, Any]:
    message = case["message"] if ask.viewer.sees_values or not case["message"] else MASK
    return {**case, "message": message, "fields": masked(case["fields"], ask.viewer)}


def one_case(ask: Ask) -> Answer:
    """One case: HR beside every candidate, and the decision."""
    employee_id, link_field = ask.parts["employee_id"], ask.site.config.mapping.link_field
    with ask.site.database.read() as conn:
        case = case_with_evidence(conn, ask.site.account, employee_id, link_field)
        now = ask.site.database.now(conn)
    if case is None:
        raise Missing(f"Employee {employee_id} has no case.")
    compared = ("UserName", "FirstName", "LastName", link_field)
    candidates = [
        {**each, **masked({name: each[name] for name in compared}, ask.viewer)} for each in case["candidates"]
    ]
    return Shown(
        template="case.html",
        listed="candidates",
        columns=("user_id", "keys", "linked_to", "active", "LastLogin", *compared),
        data={
            "case": _seen({**case, "candidates": candidates}, ask),
            "candidates": candidates,
            "compared": list(dict.fromkeys(compared)),
            "now": now,
        },
    )


def decide(ask: Ask) -> Answer:
    """Decide about a case: it is this user, somebody new, to be left alone; or forget the decision."""
    site, employee_id, verdict = ask.site, ask.parts["employee_id"], ask.said("verdict")
    to, actor = f"/cases/{employee_id}", ask.viewer.actor
    kind, _, user_id = verdict.partition(":")
    if kind == "undo":
        return Done(to=to, said=undo_case(site.database, site.account, employee_id, actor=actor))
    if kind not in {"link", "create", "ignore"} or (kind == "link" and not user_id):
        return Done(to=to, said="Choose who it is.", failed=True)
    said = decide_case(
        site.database,
        site.account,
        employee_id,
        link=user_id if kind == "link" else None,
        create=kind == "create",
        actor=actor,
    )
    return Done(to=to, said=said)
