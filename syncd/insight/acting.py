"""Acting: what people do by a command or on a page, each with its entry in the audit, in one transaction.

Approving and rejecting are in ``planning.approval``, cancelling in ``sending.cancelling``: they write their own entries.
``actor`` is who does it: ``cli:NAME`` or ``web:NAME``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from syncd.core.cases import Resolution, Verdict
from syncd.errors import Declined
from syncd.log import get_logger
from syncd.store import audit, cases, going, jobs, links, mirror, runs
from syncd.store import people as employees
from syncd.store.database import Database

log = get_logger(__name__)

MOST = 100_000
"""So many discarded Jobs of a Run are tried again at once."""


def begin(
    database: Database,
    account: str,
    flow: str,
    *,
    actor: str,
    people: Sequence[str] = (),
    action: str = "",
    detail: Mapping[str, Any] | None = None,
) -> int:
    """A queued Run that a person begins by a command, whose process does it; ``people``: about some employees alone.

    ``action`` is what the audit calls it, the flow unless it is said.
    """
    with database.write() as conn:
        now = database.now(conn)
        runs.expire_held(conn, account, now=now)
        run_id = _begun(conn, account, flow, trigger="person", actor=actor, people=people, now=now)
        about = {**({"only": sorted(people)} if people else {}), **(detail or {})}
        _note_run(conn, account, run_id, action or flow, actor=actor, people=people, detail=about, now=now)
    return run_id


def sync_person(database: Database, account: str, employee_id: str, *, actor: str) -> int:
    """A queued push for one employee alone, which the daemon takes up; returns the Run's id.

    Policy, Limits and holds are those of any push. Raises Declined if nobody knows them, or such a Run waits already.
    """
    with database.write() as conn:
        now = database.now(conn)
        if employees.get(conn, account, employee_id) is None and not employees.quarantined(
            conn, account, employee_id
        ):
            raise Declined(f"Nobody knows employee {employee_id}; a push for all reads HR: syncd push")
        for row in runs.listed(conn, account, flow="push", state="queued", limit=MOST):
            if row["summary"].get(runs.ONLY) == [employee_id]:
                raise Declined(f"run {row['id']} for employee {employee_id} waits to begin already")
        only = [employee_id]
        run_id = _begun(conn, account, "push", trigger="page", actor=actor, people=only, now=now)
        _note_run(conn, account, run_id, "push", actor=actor, people=only, detail={"only": only}, now=now)
    return run_id


def _begun(
    conn: Connection,
    account: str,
    flow: str,
    *,
    trigger: str,
    actor: str,
    people: Sequence[str],
    now: datetime,
) -> int:
    made = runs.create(conn, account, flow, trigger=trigger, actor=actor, people=people, now=now)
    assert made is not None  # only a schedule's slot can have its Run already
    return made


def _note_run(
    conn: Connection,
    account: str,
    run_id: int,
    action: str,
    *,
    actor: str,
    people: Sequence[str],
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    audit.record(
        conn,
        account,
        actor=actor,
        action=action,
        object_=f"run {run_id}",
        employee_id=people[0] if len(people) == 1 else "",
        detail=detail,
        now=now,
    )


def note_deed(
    database: Database, account: str, action: str, *, actor: str, object_: str = "", detail: Mapping[str, Any]
) -> None:
    """The entry of a deed that is not one transaction, once it was done."""
    with database.write() as conn:
        now = database.now(conn)
        audit.record(conn, account, actor=actor, action=action, object_=object_, detail=detail, now=now)


def pause(database: Database, account: str, classes: Sequence[str], *, reason: str, actor: str) -> list[str]:
    """Send nothing more of these classes of Jobs; returns those that were not paused before."""
    with database.write() as conn:
        now = database.now(conn)
        begun = [
            each
            for each in classes
            if jobs.pause(conn, account, code="PERSON", reason=f"{actor}: {reason}", now=now, job_class=each)
        ]
        detail = {"classes": list(classes), "reason": reason}
        audit.record(conn, account, actor=actor, action="pause", object_="queue", detail=detail, now=now)
    log.info("paused", actor=actor, classes=list(classes))
    return begun


def resume(database: Database, account: str, classes: Sequence[str], *, actor: str) -> list[str]:
    """Send again what a person paused, of these classes (none: of all); returns the classes that go on."""
    with database.write() as conn:
        known = [one.job_class for one in jobs.pauses(conn, account) if one.job_class]
        ended = [one for one in classes if one in known] if classes else known
        for each in ended:
            jobs.resume(conn, account, job_class=each)
        if ended:
            audit.record(
                conn,
                account,
                actor=actor,
                action="resume",
                object_="queue",
                detail={"classes": ended},
                now=database.now(conn),
            )
    if ended:
        log.info("resumed", actor=actor, classes=list(ended))
    return ended


def retry(
    database: Database, account: str, *, job_ids: Sequence[int] = (), run_id: int | None = None, actor: str
) -> tuple[list[int], int]:
    """Try discarded Jobs again: these, and all of a Run; returns those that will be, and how many were meant.

    Raises Declined, and tries none, if there is no such Job, or no such Run.
    """
    with database.write() as conn:
        _must_be_there(conn, account, job_ids, run_id)
        wanted = list(job_ids)
        if run_id is not None:
            found = jobs.list_jobs(conn, account, run_id=run_id, state="discarded", limit=MOST)
            wanted += [one["id"] for one in found]
        again = jobs.retry_discarded(conn, account, wanted, database.now(conn))
        runs.reopen_of_jobs(conn, again)
        going.note_again(conn, again, database.now(conn))
        audit.record(
            conn,
            account,
            actor=actor,
            action="retry",
            object_="jobs" if run_id is None else f"run {run_id}",
            detail={"jobs": again[:100], "number": len(again)},
            now=database.now(conn),
        )
    log.info("jobs_retried", run_id=run_id, actor=actor, number=len(again))
    return again, len(wanted)


def _must_be_there(conn: Connection, account: str, job_ids: Sequence[int], run_id: int | None) -> None:
    for one in job_ids:
        if jobs.one(conn, account, one) is None:
            raise Declined(f"there is no job {one}; syncd jobs --state discarded lists those to try again")
    run = None if run_id is None else runs.get(conn, run_id)
    if run_id is not None and (run is None or run["account"] != account):
        raise Declined(f"there is no run {run_id}; syncd runs lists them")


def decide_case(
    database: Database, account: str, employee_id: str, *, link: str | None, create: bool, actor: str
) -> str:
    """Decide about one employee: ``link`` to a user (an id, or a UserName), else ``create``, else leave them alone.

    Returns a sentence that says what it means. Raises Declined if it cannot be.
    """
    with database.write() as conn:
        now = database.now(conn)
        decided, said = _decided(conn, account, employee_id, link=link, create=create)
        cases.resolve(conn, account, employee_id, decided, by=actor, now=now)
        detail = {"verdict": decided.verdict.value, "user_id": decided.user_id}
        audit.record(
            conn,
            account,
            actor=actor,
            action="decide case",
            object_="case",
            employee_id=employee_id,
            detail=detail,
            now=now,
        )
    log.info("case_decided", employee_id=employee_id, actor=actor, verdict=decided.verdict.value)
    return said


def undo_case(database: Database, account: str, employee_id: str, *, actor: str) -> str:
    """Forget what was decided about one employee. Raises Declined if nothing was."""
    with database.write() as conn:
        if not cases.undo(conn, account, employee_id):
            raise Declined(f"Nothing was decided about employee {employee_id}")
        now = database.now(conn)
        audit.record(
            conn, account, actor=actor, action="undo case", object_="case", employee_id=employee_id, now=now
        )
    log.info("case_undone", employee_id=employee_id, actor=actor)
    return f"Employee {employee_id}: forgotten; the next push matches anew"


def _decided(
    conn: Connection, account: str, employee_id: str, *, link: str | None, create: bool
) -> tuple[Resolution, str]:
    """The decision, and a sentence that says it."""
    case = cases.find(conn, account, employee_id)
    if case is None and employees.get(conn, account, employee_id) is None:
        raise Declined(f"Nobody knows employee {employee_id}; syncd cases lists the cases")
    question = case["question"] if case else ""
    if link is not None:
        return _linked(conn, account, employee_id, link, question)
    if not create:
        said = f"Employee {employee_id} is left alone from the next push on"
        return Resolution(verdict=Verdict.IGNORE), said
    seen = {candidate["user_id"] for candidate in case["candidates"]} if case else set()
    refused = seen | ({linked} if (linked := links.find(conn, account, employee_id)) else set())
    if not refused and not question:
        raise Declined(
            f"Employee {employee_id} has no candidate and no link, so a push creates a user anyway"
        )
    whom = f"none of {', '.join(sorted(refused))}" if refused else "somebody new"
    said = f"Employee {employee_id} is {whom}. The next push follows it"
    return Resolution(verdict=Verdict.CREATE, refused=frozenset(refused), answers=question), said


def _linked(
    conn: Connection, account: str, employee_id: str, link: str, question: str
) -> tuple[Resolution, str]:
    user_id = mirror.find_user(conn, account, link)
    if not user_id:
        raise Declined(
            f"Litmos has no user with the id or UserName {link}, as far as was read; syncd refresh"
        )
    other = cases.decided_for(conn, account, user_id)
    if other not in ("", employee_id):
        raise Declined(
            f"Litmos user {user_id} was given to employee {other}: syncd cases resolve {other} --undo"
        )
    owner = links.owner(conn, account, user_id)
    loses = (
        f"; employee {owner}, linked to that user until now, is matched anew"
        if owner not in ("", employee_id)
        else ""
    )
    said = f"Employee {employee_id} is Litmos user {user_id}{loses}. The next push follows it"
    return Resolution(verdict=Verdict.LINK, user_id=user_id, answers=question), said
