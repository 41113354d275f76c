"""Probes: who probed which disposable user, whether that user is as before again, and what is known since."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from syncd.core.contract import Known
from syncd.store.schema import contract_answer, probe

BEGUN, RESTORED = "begun", "restored"


def begin(
    conn: Connection,
    account: str,
    *,
    user_id: str,
    username: str,
    original: Mapping[str, Any],
    actor: str,
    now: datetime,
) -> int:
    """A new probe, stored before its first write. ``original`` is all that is needed to restore the user."""
    made = conn.execute(
        insert(probe)
        .values(
            account=account,
            user_id=user_id,
            username=username,
            original=dict(original),
            actor=actor,
            state=BEGUN,
            begun_at=now,
        )
        .returning(probe.c.id)
    ).scalar_one()
    return int(made)


def last(conn: Connection, account: str) -> dict[str, Any] | None:
    """The latest probe: who, on whom, when, how it stands, how many requests; None if there was none."""
    query = select(probe).where(probe.c.account == account).order_by(probe.c.id.desc()).limit(1)
    row = conn.execute(query).mappings().first()
    return None if row is None else {name: value for name, value in row.items() if name != "original"}


def unrestored(conn: Connection, account: str) -> RowMapping | None:
    """The probe whose user is perhaps not as before, if there is one; no other begins before it is undone."""
    query = select(probe).where(probe.c.account == account, probe.c.state == BEGUN).order_by(probe.c.id)
    return conn.execute(query).mappings().first()


def restored(conn: Connection, probe_id: int, *, requests: int, now: datetime) -> None:
    """The user is as before; their record is not kept any longer."""
    conn.execute(
        update(probe)
        .where(probe.c.id == probe_id)
        .values(state=RESTORED, original={}, requests=requests, finished_at=now)
    )


def save_answers(conn: Connection, account: str, answers: Mapping[str, str], now: datetime) -> None:
    """Keep what was settled; what stayed unknown ("") leaves an earlier answer as it is."""
    for question, value in answers.items():
        if value:
            here = (contract_answer.c.account == account, contract_answer.c.question == question)
            conn.execute(delete(contract_answer).where(*here))
            conn.execute(
                insert(contract_answer).values(
                    account=account, question=question, value=value, settled_at=now
                )
            )


def answers(conn: Connection, account: str) -> dict[str, Known]:
    """Every question that was ever settled, with its latest answer."""
    query = (
        select(contract_answer)
        .where(contract_answer.c.account == account)
        .order_by(contract_answer.c.question)
    )
    return {row.question: Known(value=row.value, settled_at=row.settled_at) for row in conn.execute(query)}
