"""The audit: what people did, append-only, each entry hashed together with the hash of the one before it.

So an entry that is changed, taken out or put in breaks the chain from there on. What the chain alone cannot show is that its
newest entries were cut off: for that, keep a hash elsewhere now and then, and ask for it (``verify``).
No personal data but employee ids; ``detail`` has what the person chose, and the reason that they typed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, literal_column, select, text

from syncd.store.audit_tables import audit

FIRST = "0" * 64
"""What the first entry has in the place of a hash before it."""
LOCK = 7_312_001
"""The key of PostgreSQL's advisory lock under which entries are appended, one after the other."""
CHUNK = 5000


_IS_OF_SOMEBODY = audit.c.employee_id != literal_column("''")
"""Said with a constant, as in the index of those entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What ``verify`` found: how many entries are sound, the hash of the last of them, and what is wrong ("": nothing)."""

    entries: int
    head: str
    fault: str = ""


def record(
    conn: Connection,
    account: str,
    *,
    actor: str,
    action: str,
    now: datetime,
    object_: str = "",
    employee_id: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append one entry; the last thing in its transaction, since on PostgreSQL others wait for it to end."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    newest = select(audit.c.number, audit.c.hash).where(audit.c.account == account)
    last = conn.execute(newest.order_by(audit.c.number.desc()).limit(1)).first()
    entry = {
        "account": account,
        "number": 1 if last is None else last.number + 1,
        "at": now,
        "actor": actor,
        "action": action,
        "object": object_,
        "employee_id": employee_id,
        "detail": dict(detail or {}),
        "previous": FIRST if last is None else last.hash,
    }
    conn.execute(insert(audit).values(**entry, hash=_hash(entry)))


def listed(
    conn: Connection,
    account: str,
    *,
    before: int | None = None,
    actor: str = "",
    action: str = "",
    employee_id: str = "",
    limit: int = 100,
) -> list[RowMapping]:
    """Entries, newest first, below the number ``before``; of one actor, of one action, or about one employee."""
    query = select(audit).where(audit.c.account == account).order_by(audit.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.number < before)
    if actor:
        query = query.where(audit.c.actor == actor)
    if action:
        query = query.where(audit.c.action == action)
    if employee_id:
        query = query.where(audit.c.employee_id == employee_id, _IS_OF_SOMEBODY)
    return list(conn.execute(query).mappings())


GUARDS: Mapping[str, tuple[str, ...]] = {
    "sqlite": ("audit_no_delete", "audit_no_replace", "audit_no_update"),
    "postgresql": ("audit_is_not_emptied", "audit_is_only_added_to"),
}
"""The triggers by which the database itself refuses any other write (migrations 0006 and 0014), by dialect."""
_TRIGGERS: Mapping[str, str] = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit'::regclass AND tgenabled IN ('O', 'A')",
}
"""What has the names of those that are in force."""


def verify(conn: Connection, account: str, *, expected: str = "") -> Chain:
    """Walk the whole chain; ``expected`` is a hash that was noted before, and must still be in it."""
    number, head, met = 0, FIRST, not expected
    for entry in _walked(conn, account):
        if fault := _fault(entry, number, head):
            return Chain(entries=number, head=head, fault=fault)
        number, head = number + 1, entry["hash"]
        met = met or head == expected
    if not met:
        cut = f"no entry has the hash {expected}: the newest entries were cut off, or all was replaced"
        return Chain(entries=number, head=head, fault=cut)
    dialect = conn.dialect.name
    there = set(conn.execute(text(_TRIGGERS[dialect])).scalars())
    gone = [name for name in GUARDS[dialect] if name not in there]
    fault = f"the database no longer refuses to change it: {', '.join(gone)} is not in force" if gone else ""
    return Chain(entries=number, head=head, fault=fault)


def _walked(conn: Connection, account: str) -> Iterator[dict[str, Any]]:
    """Every entry; of one that cannot even be read, only its number."""
    query = select(audit).where(audit.c.account == account).order_by(audit.c.number)
    number = 0
    try:
        with conn.execute(query.execution_options(yield_per=CHUNK)) as rows:
            for row in rows.mappings():
                number = row["number"]
                yield dict(row)
    except (ValueError, TypeError):  # of a whole chunk: so the rest of it one by one
        one = query.limit(1)
        while True:
            following = one.where(audit.c.number > number)
            key = conn.execute(following.with_only_columns(audit.c.number)).scalar()
            if key is None:
                return
            number = key
            try:
                row = (
                    conn.execute(select(audit).where(audit.c.account == account, audit.c.number == key))
                    .mappings()
                    .one()
                )
            except (ValueError, TypeError):
                yield {"number": key}
            else:
                yield dict(row)


def _fault(entry: Mapping[str, Any], before: int, head: str) -> str:
    """What is wrong with the entry that follows number ``before``, whose hash is ``head``; "" if nothing is."""
    number = before + 1
    if entry["number"] != number:
        return f"entry {number} is missing"
    if "hash" not in entry:
        return f"entry {number} cannot be read: it was changed"
    if entry["previous"] != head:
        return f"entry {number} does not follow the one before it"
    return "" if entry["hash"] == _hash(entry) else f"entry {number} was changed"


def _hash(entry: Mapping[str, Any]) -> str:
    """SHA-256 over everything that an entry says and over the hash before it."""
    said = [
        entry["account"],
        entry["number"],
        entry["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        *(entry[name] for name in ("actor", "action", "object", "employee_id", "detail", "previous")),
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
