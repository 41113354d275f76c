"""Granting: what the ledger of grants learns from a Job that was done, in the transaction that records it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from syncd.core.operation import Effects, SetRole
from syncd.core.request import RequestKind
from syncd.sending.errand import Errand
from syncd.store import grants
from syncd.store.queue import Job

GRANTING: Mapping[str, str] = {
    RequestKind.ADD_MEMBERS: "membership",
    RequestKind.JOIN_TEAMS: "membership",
    RequestKind.ASSIGN_ITEMS: "assignment",
    RequestKind.GIVE_TEAM: "team_assignment",
}
"""What kind of grant a Job makes when it succeeds."""
TAKING: Mapping[str, str] = {
    RequestKind.REMOVE_MEMBER: "membership",
    RequestKind.LEAVE_TEAMS: "membership",
    RequestKind.UNASSIGN_ITEM: "assignment",
    RequestKind.TAKE_FROM_TEAM: "team_assignment",
}
"""What kind of grant a Job ends."""


def keep_ledger(
    conn: Connection, account: str, job: Job, errand: Errand, effects: Effects, now: datetime
) -> None:
    """Write down what syncd gave, by which rule, and strike out what it took; what Litmos kept stays in it."""
    given, taken = GRANTING.get(job.kind), TAKING.get(job.kind)
    if given and errand.operation is not None:
        grants.add(conn, account, given, errand.grants, run_id=job.run_id, now=now)
    pairs = {(user_id, what) for user_id, what, _rule in errand.grants}
    if taken:
        kept = {(user_id, str(item)) for user_id, item in effects.kept}
        grants.remove(conn, account, taken, sorted(pairs - kept))
    if job.kind in {RequestKind.REMOVE_MEMBER, RequestKind.LEAVE_TEAMS}:
        for role in grants.ROLES:  # they go with the membership
            grants.remove(conn, account, role, sorted(pairs))
    if isinstance(errand.operation, SetRole):
        role = errand.operation.role.value
        if errand.operation.held:
            grants.add(conn, account, role, errand.grants, run_id=job.run_id, now=now)
        else:
            grants.remove(conn, account, role, sorted(pairs))
