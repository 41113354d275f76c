"""Reporting: what a Run did, in sentences, out of the numbers of its summary. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from syncd.core.model import ObjectKind
from syncd.core.results import Event
from syncd.core.telling import number_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One sentence, and what it is about: changes, drift, quarantine, results, or "" for nothing that is shown elsewhere."""

    text: str
    about: str = ""


NAMES: Mapping[str, tuple[str, str]] = {
    "users": ("user", "users"),
    "teams": ("team", "teams"),
    "learning_paths": ("learning path", "learning paths"),
    "courses": ("course", "courses"),
    "learning_path": ("learning path", "learning paths"),
    "course": ("course", "courses"),
}
"""What a summary calls things, and people."""
_OBJECTS: Mapping[str, tuple[str, str]] = {
    ObjectKind.TEAM_ASSIGNMENT: ("assignment of a team", "assignments of teams"),
    ObjectKind.TEAM: ("team", "teams"),
    ObjectKind.USER: ("user", "users"),
}
DELIVERED, READ = "delivered_", "read_"


def did(flow: str, summary: Mapping[str, Any]) -> tuple[Said, ...]:
    """What the Run did, a sentence for each thing; nothing while it has no numbers."""
    found: dict[str, Callable[[Mapping[str, Any]], list[Said]]] = {
        "refresh": _refresh,
        "push": _push,
        "pull": _pull,
    }
    return tuple(found[flow](summary)) if flow in found else ()


def in_brief(flow: str, summary: Mapping[str, Any]) -> str:
    """The same on one line, for a list."""
    return "; ".join(one.text for one in did(flow, summary))


def planned(counts: Mapping[str, Mapping[str, int]]) -> str:
    """What is to be done: ``58 users to update, 1 membership to add``; "" for nothing."""
    return _listed(
        f"{number_of(number, *_object(kind))} to {action}"
        for kind, actions in counts.items()
        for action, number in actions.items()
    )


def _object(kind: str) -> tuple[str, str]:
    word = kind.replace("_", " ")
    return _OBJECTS.get(kind, (word, f"{word}s"))


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _refresh(summary: Mapping[str, Any]) -> list[Said]:
    said = []
    if "users" in summary:
        whole = _listed(
            number_of(summary[name], *NAMES[name])
            for name in ("users", "teams", "learning_paths", "courses")
            if name in summary
        )
        said.append(Said(text=f"read {whole}, in {_requests(summary)}"))
    elif "changed_users" in summary:
        lists = number_of(summary.get("lists_read_again", 0), "list", "lists")
        users = number_of(summary["changed_users"], "user", "users")
        said.append(Said(text=f"read what changed, {users} and {lists}, in {_requests(summary)}"))
    if summary.get("drift"):
        many = number_of(summary["drift"], "change", "changes")
        said.append(Said(text=f"found {many} that somebody else made in Litmos", about="drift"))
    if summary.get("gone"):
        verb = "is" if summary["gone"] == 1 else "are"
        many = number_of(summary["gone"], "user, team or course", "users, teams or courses")
        said.append(Said(text=f"{many} {verb} gone from Litmos"))
    return said


def _requests(summary: Mapping[str, Any]) -> str:
    return number_of(summary.get("requests", 0), "request", "requests")


def _pull(summary: Mapping[str, Any]) -> list[Said]:
    if "new" not in summary:
        return []
    kinds = {name.removeprefix(READ): number for name, number in summary.items() if name.startswith(READ)}
    read = " and ".join(
        f"{number_of(number, 'result', 'results')} of {NAMES.get(kind, (kind, kind))[1]}"
        for kind, number in kinds.items()
    )
    events = _listed(f"{summary[one]} {one}" for one in Event if summary.get(one))
    new = f"{summary['new']} new" + (f" ({events})" if events else "")
    found = [Said(text=f"read {read or 'no results'}: {new}", about="results" if summary["new"] else "")]
    found += [
        Said(text=f"delivered {number_of(number, 'row', 'rows')} to {name.removeprefix(DELIVERED)}")
        for name, number in summary.items()
        if name.startswith(DELIVERED)
    ]
    return found


def _push(summary: Mapping[str, Any]) -> list[Said]:
    if "counts" not in summary:
        return []
    what = planned(summary["counts"])
    found = [Said(text=f"planned {what}", about="changes") if what else Said(text="nothing to change")]
    if summary.get("withheld"):
        many = number_of(summary["withheld"], "change", "changes")
        found.append(Said(text=f"{many} withheld by push.policy"))
    if summary.get("skipped"):
        codes = _listed(f"{number} {code}" for code, number in summary.get("skips", {}).items())
        many = number_of(summary["skipped"], "person", "people")
        found.append(Said(text=f"{many} left alone" + (f" ({codes})" if codes else "")))
    if summary.get("rejected"):
        found.append(
            Said(text=f"{number_of(summary['rejected'], 'row', 'rows')} rejected", about="quarantine")
        )
    return found
