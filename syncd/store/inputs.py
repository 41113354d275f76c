"""Inputs: which bytes each Run read, and which of them were accepted as the state of HR."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import Connection, RowMapping, insert, select, update

from syncd.core.doubts import Fingerprint
from syncd.store.schema import input_


class InputFacts(Protocol):
    """What is kept of an input."""

    @property
    def source(self) -> str:
        """The key of the HR source."""
        ...

    @property
    def name(self) -> str:
        """The file, or what stands for it."""
        ...

    @property
    def size_bytes(self) -> int:
        """Size of the private copy."""
        ...


def save(
    conn: Connection, account: str, run_id: int, facts: InputFacts, found: Fingerprint, now: datetime
) -> int:
    """Keep what was read, not accepted yet; returns its id."""
    made = conn.execute(
        insert(input_)
        .values(
            account=account,
            source=facts.source,
            name=facts.name,
            sha256=found.sha256,
            size_bytes=facts.size_bytes,
            rows=found.rows,
            modified_at=found.modified_at,
            read_at=now,
            run_id=run_id,
            accepted=False,
            fingerprint={
                "rejected": found.rejected,
                "columns": list(found.columns),
                "dated": None if found.dated is None else found.dated.isoformat(),
                "filled": dict(found.filled),
                "sample": list(found.sample),
            },
        )
        .returning(input_.c.id)
    )
    return int(made.scalar_one())


def to_fingerprint(row: RowMapping) -> Fingerprint:
    """One stored row as a value."""
    kept = row["fingerprint"]
    return Fingerprint(
        sha256=row["sha256"],
        rows=row["rows"],
        rejected=kept["rejected"],
        columns=tuple(kept["columns"]),
        modified_at=row["modified_at"],
        dated=None if kept["dated"] is None else date.fromisoformat(kept["dated"]),
        filled=kept["filled"],
        sample=tuple(kept["sample"]),
    )


def accept(conn: Connection, input_ids: Collection[int]) -> None:
    """From now on these inputs are what the next ones of their sources are compared with."""
    conn.execute(update(input_).where(input_.c.id.in_(sorted(input_ids))).values(accepted=True))


def last_accepted(
    conn: Connection,
    account: str,
    source: str,
    sha256: str | None = None,
    before: datetime | None = None,
) -> RowMapping | None:
    """The last accepted input of a source, or the last one that was of these very bytes, or the last one that was read
    ``before`` then; None if there was none.
    """
    query = (
        select(input_)
        .where(input_.c.account == account, input_.c.source == source, input_.c.accepted.is_(True))
        .order_by(input_.c.id.desc())
        .limit(1)
    )
    if sha256 is not None:
        query = query.where(input_.c.sha256 == sha256)
    if before is not None:
        query = query.where(input_.c.read_at < before)
    return conn.execute(query).mappings().first()


def of_run(conn: Connection, run_id: int) -> list[RowMapping]:
    """What a Run read of HR, in the order of the sources."""
    query = select(input_).where(input_.c.run_id == run_id).order_by(input_.c.id)
    return list(conn.execute(query).mappings())
