"""Inputs: which bytes each Run read, and which of them were accepted as the state of HR."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, RowMapping, insert, select, update

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
    def sha256(self) -> str:
        """Hash of the content."""
        ...

    @property
    def size_bytes(self) -> int:
        """Size of the private copy."""
        ...

    @property
    def rows(self) -> int:
        """Data rows."""
        ...

    @property
    def modified_at(self) -> datetime | None:
        """When the file was written, if that is known."""
        ...


def save(conn: Connection, account: str, run_id: int, facts: InputFacts, now: datetime) -> int:
    """Keep what was read, not accepted yet; returns its id."""
    made = conn.execute(
        insert(input_)
        .values(
            account=account,
            source=facts.source,
            name=facts.name,
            sha256=facts.sha256,
            size_bytes=facts.size_bytes,
            rows=facts.rows,
            modified_at=facts.modified_at,
            read_at=now,
            run_id=run_id,
            accepted=False,
        )
        .returning(input_.c.id)
    )
    return int(made.scalar_one())


def accept(conn: Connection, input_id: int) -> None:
    """From now on this input is what the next one is compared with."""
    conn.execute(update(input_).where(input_.c.id == input_id).values(accepted=True))


def last_accepted(conn: Connection, account: str, source: str) -> RowMapping | None:
    """The last accepted input of a source, or None."""
    return (
        conn.execute(
            select(input_)
            .where(input_.c.account == account, input_.c.source == source, input_.c.accepted.is_(True))
            .order_by(input_.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )


def get(conn: Connection, input_id: int) -> RowMapping | None:
    """One input, or None."""
    return conn.execute(select(input_).where(input_.c.id == input_id)).mappings().first()
