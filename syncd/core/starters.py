"""Starters: whether all is ready for somebody who begins, or why not. Pure; the table is in ``readiness``."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from syncd.core.model import ItemKey, Status


class Ready(StrEnum):
    """In one word: all is there; not due yet; syncd is at it; nothing is planned for it; a person must act; not meant."""

    READY = "ready"
    NOT_YET = "not yet"
    COMING = "coming"
    MISSING = "missing"
    BLOCKED = "blocked"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The last Change of one thing of theirs that is not done: its state (held, queued or failed), code and Run."""

    state: str
    code: str
    run_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """What is known of somebody who begins on a day.

    ``status`` is None for somebody of whom no row was valid yet; ``rejected`` are the codes of the row that is in quarantine;
    ``case`` is the code of an open case; ``active`` is None without a Litmos user; ``teams`` and ``items`` are the names of
    what the rules give and Litmos does not have.
    """

    begins_on: date
    status: Status | None
    present: bool = True
    in_scope: bool = True
    rejected: tuple[str, ...] = ()
    case: str = ""
    active: bool | None = None
    teams: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    pending: tuple[Pending, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether all is ready, a stable code, and the sentence why; ``run_id`` is the Run that it is about, if any."""

    ready: Ready
    code: str
    because: str
    run_id: int | None = None


def readiness(one: Starter, *, today: date, lead: int) -> Verdict:
    """Whether all is ready for a starter. The first line that holds decides:

    ==========================================  =========  =============
    what is so                                  ready      code
    ==========================================  =========  =============
    a case of theirs is open                    blocked    its own
    their row is rejected, or never was valid   blocked    its own
    HR does not name them any more              left out   ABSENT
    ``scope:`` leaves them out                  left out   SCOPE
    HR says that they have left                 left out   LEFT
    an account is due on a day to come          not yet    FUTURE
    a change of theirs failed                   blocked    its own
    a change of theirs waits for approval       blocked    HELD
    a change of theirs is being sent            coming     QUEUED
    an account is due, and the push was before  coming     FUTURE
    there is no account                         missing    NO-ACCOUNT
    the account is inactive                     missing    INACTIVE
    teams or things to learn are missing        missing    INCOMPLETE
    else                                        ready      READY
    ==========================================  =========  =============
    """
    return _kept_out(one) or _ahead(one, today, lead) or _under_way(one) or _in_litmos(one, today, lead)


def _kept_out(one: Starter) -> Verdict | None:
    """What stands before any Change."""
    if one.case:
        return Verdict(ready=Ready.BLOCKED, code=one.case, because="a person must decide who this is")
    if one.rejected or one.status is None:
        codes = ", ".join(one.rejected) or "unknown"
        return Verdict(
            ready=Ready.BLOCKED, code=codes, because=f"HR's row is rejected ({codes}); HR must mend it"
        )
    if not one.present:
        return Verdict(ready=Ready.LEFT_OUT, code="ABSENT", because="HR does not name them any more")
    if not one.in_scope:
        return Verdict(ready=Ready.LEFT_OUT, code="SCOPE", because="scope: leaves them out")
    if one.status is Status.LEFT:
        return Verdict(ready=Ready.LEFT_OUT, code="LEFT", because="HR says that they have left")
    return None


def _ahead(one: Starter, today: date, lead: int) -> Verdict | None:
    due = _due(one, lead)
    if one.status is not Status.FUTURE or due <= today:
        return None
    before = f", {lead} days before the first one" if lead else ""
    return Verdict(ready=Ready.NOT_YET, code="FUTURE", because=f"the account is due on {due}{before}")


def _due(one: Starter, lead: int) -> date:
    return one.begins_on - timedelta(days=min(lead, (one.begins_on - date.min).days))


def _under_way(one: Starter) -> Verdict | None:
    """What Changes of theirs say: the worst first."""
    for state in ("failed", "held", "queued"):
        found = next((each for each in one.pending if each.state == state), None)
        if found is None:
            continue
        match state:
            case "failed":
                said = f"a change failed in run {found.run_id} ({found.code})"
                return Verdict(ready=Ready.BLOCKED, code=found.code, because=said, run_id=found.run_id)
            case "held":
                said = f"run {found.run_id} waits for approval"
                return Verdict(ready=Ready.BLOCKED, code="HELD", because=said, run_id=found.run_id)
            case _:
                said = f"run {found.run_id} is sending it"
                return Verdict(ready=Ready.COMING, code="QUEUED", because=said, run_id=found.run_id)
    return None


def _in_litmos(one: Starter, today: date, lead: int) -> Verdict:
    """What is there, when nothing is under way."""
    if one.active and not one.teams and not one.items and one.status is not Status.FUTURE:
        said = "has begun" if one.begins_on <= today else "may begin"
        return Verdict(ready=Ready.READY, code="READY", because=f"all is there; {said}")
    if one.status is Status.FUTURE:
        said = f"the account was due on {_due(one, lead)}; the next push makes it"
        return Verdict(ready=Ready.COMING, code="FUTURE", because=said)
    if one.active is None:
        said = "there is no account, and nothing is planned for it"
        return Verdict(ready=Ready.MISSING, code="NO-ACCOUNT", because=said)
    if not one.active:
        return Verdict(ready=Ready.MISSING, code="INACTIVE", because="the account is inactive")
    said = f"not there, and nothing is planned for it: {', '.join((*one.teams, *one.items))}"
    return Verdict(ready=Ready.MISSING, code="INCOMPLETE", because=said)


def missing_items(wanted: Collection[tuple[str, str]], had: Mapping[ItemKey, str]) -> tuple[str, ...]:
    """The names of what rules give, as (kind, name or id), and is not among what somebody has (item -> its name)."""
    known = {(str(item.kind), word.casefold()) for item, name in had.items() for word in (item.id, name)}
    return tuple(sorted(name for kind, name in wanted if (kind, name.casefold()) not in known))
