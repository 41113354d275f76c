"""Starters: everybody who begins between two days, with whether all is ready for them, out of what is stored."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Connection

from syncd.core.cases import CaseState
from syncd.core.model import ItemKey, Status, team_key, team_label
from syncd.core.starters import Pending, Starter, missing_items, readiness
from syncd.store import cases, changelists, links, mirror, people, peoplelists
from syncd.store.current import current_state


def starters(
    conn: Connection,
    account: str,
    *,
    first: date,
    last: date,
    today: date,
    lead: int,
    after: str = "",
    limit: int,
    training: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Who begins from ``first`` to ``last``, by day and id, beginning after the row whose ``place`` is ``after``.

    ``lead`` is how many days before the first one an account is due; ``training`` are the sources of training, whose rejected rows
    say nothing of a person. The ``verdict`` of each is that of ``core.starters.readiness``.
    """
    begins = peoplelists.beginning(conn, account, first, last, after=after, limit=limit)
    rows = people.of(conn, account, [one.employee_id for one in begins])
    rejected = people.codes(conn, account, [one.employee_id for one in begins], training)
    linked = links.among(conn, account, employee_ids=[one.employee_id for one in begins])
    state = current_state(conn, account, linked)
    names = {item.key: item.name for item in mirror.items(conn, account)}
    pending: dict[str, list[Pending]] = defaultdict(list)
    for change in changelists.not_done(conn, account, [one.employee_id for one in begins]):
        said = Pending(state=change["state"], code=change["code"], run_id=change["run_id"])
        pending[change["employee_id"]].append(said)
    found = []
    for begin in begins:
        row, user = rows.get(begin.employee_id), state.users.get(begin.employee_id)
        data: dict[str, Any] = {} if row is None else row["data"]
        case = cases.find(conn, account, begin.employee_id) if begin.employee_id in rejected else None
        held = {item: names.get(item, "") for item in state.assignments.get(begin.employee_id, {})}
        here = state.memberships.get(begin.employee_id, frozenset())
        one = Starter(
            begins_on=begin.begins_on,
            status=None if row is None else Status(row["status"]),
            present=row is None or row["present"],
            in_scope=data.get("in_scope", True),
            rejected=rejected.get(begin.employee_id, ()),
            case=case["code"] if case is not None and case["state"] == CaseState.OPEN else "",
            active=None if user is None else user.active,
            teams=_missing_teams(data, here),
            items=_missing_items(data, held),
            pending=tuple(pending[begin.employee_id]),
        )
        found.append(
            {"place": begin.place, "employee_id": begin.employee_id, **_told(one, data, today, lead)}
        )
    return found


def _told(one: Starter, data: dict[str, Any], today: date, lead: int) -> dict[str, Any]:
    """What is shown of a starter."""
    verdict = readiness(one, today=today, lead=lead)
    return {
        "begins_on": one.begins_on.isoformat(),
        "fields": data.get("fields", {}),
        "ready": verdict.ready.value,
        "code": verdict.code,
        "because": verdict.because,
        "run_id": verdict.run_id,
        "account": {None: "none", True: "active", False: "inactive"}[one.active],
        "missing_teams": list(one.teams),
        "missing_items": list(one.items),
    }


def _missing_teams(data: dict[str, Any], here: frozenset[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(
        team_label(tuple(names)) for names in data.get("teams", ()) if team_key(tuple(names)) not in here
    )


def _missing_items(data: dict[str, Any], had: dict[ItemKey, str]) -> tuple[str, ...]:
    return missing_items([(kind, name) for kind, name in data.get("items", ())], had)
