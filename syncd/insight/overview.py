"""Overview: what the store knows, gathered for ``syncd status``, the pages and one person's view."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from syncd.core.beside import Line, Rules, beside
from syncd.core.managers import MANAGER, MANAGER_ID
from syncd.core.model import ItemKind, User, team_label
from syncd.core.profile import EMPTY_PROFILE
from syncd.core.states import FLOWS
from syncd.core.telling import full_name
from syncd.store import (
    cases,
    changes,
    drift,
    going,
    imports,
    inputs,
    jobs,
    links,
    messages,
    mirror,
    outbox,
    people,
    probes,
    runs,
    window,
)
from syncd.store.current import current_state


def population(conn: Connection, account: str, sinks: Collection[str]) -> dict[str, Any]:
    """How many there are of what everybody has, with results of these ``sinks``: each number is counted, and takes the longer the more there are."""
    return {
        "employees": people.count(conn, account),
        "users": mirror.count_users(conn, account),
        "links": links.count(conn, account),
        "results": outbox.totals(conn, account, sinks),
        "imports": imports.counts(conn, account),
    }


def overview(
    conn: Connection,
    account: str,
    now: datetime,
    sinks: Collection[str],
    numbers: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Of an account with these ``sinks``: flows with their last Runs (when a mere Plan was made last is told apart), queue, rolling window, population, and what waits for a person.

    ``numbers`` is the ``population`` if it was counted before.
    """
    flows, at_work = {}, going.going(conn, account)
    for flow in FLOWS:
        last = runs.newest(conn, account, flow)
        succeeded = runs.last(conn, account, flow)
        planned = runs.last(conn, account, flow, planned_only=True)
        flows[flow] = {
            "last": None if last is None else dict(last),
            "last_state": None if last is None else runs.shown_state(last),
            "succeeded_at": None if succeeded is None else succeeded["finished_at"],
            "planned_at": None if planned is None else planned["finished_at"],
            "going": at_work.get(flow),
        }
    readings = mirror.readings(conn, account)
    return {
        "now": now,
        "flows": flows,
        **engine(conn, account, now),
        **(population(conn, account, sinks) if numbers is None else numbers),
        "mirror_read_at": readings.last,
        "mirror_full_at": readings.full,
        "oldest_list_at": mirror.lists_read(conn, account).oldest(),
        "held": [dict(run) for run in runs.holding(conn, account)],
        "cases": cases.waiting(conn, account),
        "quarantined": people.count_quarantined(conn, account),
        "messages": messages.state_of(conn, account),
        "schedules_known": messages.known_schedules(conn, account),
        "probe": probes.last(conn, account),
        "contract": {
            question: {"value": known.value, "settled_at": known.settled_at}
            for question, known in probes.answers(conn, account).items()
        },
    }


def engine(conn: Connection, account: str, now: datetime) -> dict[str, Any]:
    """The rolling window, the queue, and what is paused: by a person, or since Litmos refuses the key."""
    taken, slots, frozen_until = window.usage(conn, account, now)
    freezes = window.freezes(conn, account)
    pause = jobs.paused(conn, account)
    return {
        "window": {
            "taken": taken,
            "slots": slots,
            "frozen_until": frozen_until,
            "freezes": freezes.number,
            "frozen_at": freezes.last_at,
            "frozen_reason": freezes.reason,
        },
        "jobs": dict(sorted(jobs.live_counts(conn, account).items())),
        "pauses": [asdict(one) for one in jobs.pauses(conn, account) if one.job_class],
        "paused": None
        if pause is None
        else {"code": pause.code, "reason": pause.reason, "since": pause.since},
    }


def last_inputs(conn: Connection, account: str, sources: Sequence[str]) -> list[dict[str, Any]]:
    """The last accepted input of each of these sources that has one: the source, its rows, and when it was read."""
    found = (inputs.last_accepted(conn, account, source) for source in sources)
    return [
        {key: row[key] for key in ("source", "rows", "read_at", "run_id")} for row in found if row is not None
    ]


def person(
    conn: Connection, account: str, employee_id: str, *, rules: Rules, training: Collection[str] = ()
) -> dict[str, Any] | None:
    """HR's side, Litmos' side, the Link, the quarantine and the Changes of one person; None if nobody knows them.

    ``fields`` are both sides side by side, by ``rules``; managers in it are called by their employee id, else as in Litmos.
    ``training`` are the sources of training: a row of theirs that is rejected says nothing of the person.
    """
    hr = people.get(conn, account, employee_id)
    quarantined = people.quarantined(conn, account, employee_id)
    if hr is None and not quarantined:
        return None
    user_id = links.find(conn, account, employee_id)
    made = links.how(conn, account, employee_id)
    state = current_state(conn, account, {employee_id: user_id} if user_id else {})
    user = state.users.get(employee_id)
    names = {str(item.key): item.name for item in mirror.items(conn, account)}
    done = [dict(row) for row in changes.listed(conn, employee_id=employee_id, account=account, limit=50)]
    lines = _beside(conn, account, hr, user, done, rules)
    held = {str(item): item.kind for item in state.assignments.get(employee_id, ())}
    return {
        "employee_id": employee_id,
        "hr": None if hr is None else dict(hr),
        "link": None if made is None else {"user_id": user_id, "made_by": made[0], "made_at": made[1]},
        "fields": [asdict(_called(conn, account, one)) for one in lines],
        "litmos": None if user is None else {"Active": user.active, **EMPTY_PROFILE, **user.fields},
        "teams": sorted(team_label(state.teams[key].names) for key in state.memberships.get(employee_id, ())),
        "learning_paths": sorted(
            names.get(item, item) for item, kind in held.items() if kind is ItemKind.LEARNING_PATH
        ),
        "courses": sorted(names.get(item, item) for item, kind in held.items() if kind is ItemKind.COURSE),
        "quarantine": [dict(row) for row in quarantined],
        "item_names": names,
        "drift": [dict(row) for row in drift.listed(conn, account, user_id=user_id, limit=20)]
        if user_id
        else [],
        "changes": done,
        "explanation": _explain(
            hr, [row for row in quarantined if row["source"] not in training], user, lines
        ),
    }


def _beside(
    conn: Connection,
    account: str,
    hr: Any,
    user: User | None,
    done: Sequence[Mapping[str, Any]],
    rules: Rules,
) -> list[Line]:
    """HR, what was last synced, and Litmos, field by field."""
    wanted = {} if hr is None else hr["data"]["fields"]
    synced: dict[str, Any] = {}
    for row in reversed(done):
        if row["kind"] == "user" and row["state"] == "done":
            synced |= row["after"]
    bosses = {str(side[MANAGER]) for side in (wanted, synced) if MANAGER in side}
    known = links.among(conn, account, employee_ids=bosses) if bosses else {}
    return beside(wanted, synced, None if user is None else user.fields, rules, links=known)


def _called(conn: Connection, account: str, line: Line) -> Line:
    """The same, with managers not by their Litmos ids."""
    if line.field != MANAGER_ID:
        return line
    ids = {str(side) for side in (line.hr, line.synced, line.litmos) if side}
    names = {user_id: _who(conn, account, user_id) for user_id in ids}
    hr, synced, litmos = (names.get(str(side), side) for side in (line.hr, line.synced, line.litmos))
    return replace(line, hr=hr, synced=synced, litmos=litmos)


def _who(conn: Connection, account: str, user_id: str) -> str:
    """Who a user is: the employee id; of somebody who is nobody's, their name or UserName in Litmos, with the Litmos id."""
    employee_id = links.owner(conn, account, user_id)
    if employee_id:
        return employee_id
    user = mirror.user(conn, account, user_id)
    return user_id if user is None else f"{full_name(user.fields) or user.username} (Litmos user {user_id})"


def _explain(hr: Any, quarantined: list[Any], user: User | None, lines: Sequence[Line]) -> str:
    """Why this person is as they are, in one sentence."""
    active = user is not None and user.active
    if quarantined:
        codes = ", ".join(reason["code"] for reason in quarantined[0]["reasons"])
        return f"the HR row is rejected ({codes}), so everything stays as it was until the row is right"
    if hr is None:
        return "HR never named this employee"
    if not hr["data"]["in_scope"]:
        return "scope: leaves this person out"
    if not hr["present"]:
        return f"is not in HR's data any more ({hr['absent_count']} inputs); employee.absent says what that means"
    if hr["status"] == "left":
        return "has left; the account is " + (
            "still active" if active else "inactive" if user else "not there"
        )
    if user is None:
        return "has no Litmos user yet; the changes below say why"
    return _compare(lines, user)


def _compare(lines: Sequence[Line], user: User) -> str:
    differing = [one.field for one in lines if one.differs]
    if differing:
        return f"differs from HR in {', '.join(differing)}; the changes below say why"
    return "is in step with HR" if user.active else "is active in HR, but the Litmos user is inactive"
