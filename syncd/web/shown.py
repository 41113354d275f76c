"""What pages show of stored rows: only what the viewer may see."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from syncd.core.reporting import in_brief
from syncd.core.telling import describe
from syncd.store import changes, mirror, runs
from syncd.web.roles import Viewer

MASK = "•••"
"""What a viewer sees of a value that only an operator may see."""
_OF_CHANGE = (
    *("id", "run_id", "seq", "employee_id", "user_id", "action", "kind", "state", "code", "reason", "rule"),
    *("origin", "job_id", "finished_at", "approved", "invite", "irreversible"),
)


def item_names(conn: Connection, account: str) -> dict[str, str]:
    """The names of learning paths and courses by their text."""
    return {str(item.key): item.name for item in mirror.items(conn, account)}


def shown_run(row: Any, spent: tuple[float | None, float] = (None, 0.0)) -> dict[str, Any]:
    """A Run, its state as people read it; ``spent`` are the seconds for which it worked, and was held."""
    took, held = spent
    named = {key: row[key] for key in row if key not in {"account", "owner"}}
    counts = {
        f"{action} {kind}": number
        for kind, actions in row["summary"].get("counts", {}).items()
        for action, number in actions.items()
    }
    brief = in_brief(row["flow"], row["summary"])
    return {
        **named,
        "state": runs.shown_state(row),
        "took": took,
        "held_seconds": held,
        "counts": counts,
        "did": brief,
    }


def shown_change(row: Any, names: Mapping[str, str], viewer: Viewer) -> dict[str, Any]:
    """A Change, in one line and with its parts; values of people as far as the viewer may see them.

    ``at`` is when it ended, else when its Run was made.
    """
    told = {name: row[name] for name in _OF_CHANGE}
    open_ = viewer.sees_values
    line = describe(changes.to_change(row), names, values=open_)
    return {
        **told,
        "at": changes.at(row),
        "what": line.removeprefix(f"employee {row['employee_id']}").strip(),
        "message": row["message"] if open_ or not row["message"] else MASK,
        "before": masked(row["before"], viewer),
        "after": masked(row["after"], viewer),
    }


def masked(values: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    """Values by field; for who may not see them the fields alone."""
    return {name: value if viewer.sees_values else MASK for name, value in values.items()}


def told_reasons(reasons: list[dict[str, str]], viewer: Viewer) -> list[dict[str, str]]:
    """Why a row is rejected: the codes, and the sentences, which may quote values, for who may see those."""
    return [
        {"code": one["code"], "message": one["message"] if viewer.sees_values else MASK} for one in reasons
    ]
