"""Awaited: what the input of a Run says that nothing is sent of, until a person has decided about it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from syncd.core.acceptance import Acceptance, NewLink, Told
from syncd.core.model import Link
from syncd.store.awaited_tables import awaited_input, awaited_person
from syncd.store.runs import HOLDS
from syncd.store.schema import run

CHUNK = 500


def put(conn: Connection, run_id: int, taken: Acceptance, people: Iterable[Told], now: datetime) -> None:
    """Keep what this Run's input says, as read ``now``."""
    conn.execute(insert(awaited_input).values(run_id=run_id, facts=_facts(taken), read_at=now))
    rows = (
        {
            "run_id": run_id,
            "employee_id": o.employee_id,
            "status": o.status,
            "data": o.data,
            "origin": o.origin,
            "source": o.source,
        }
        for o in people
    )
    while some := list(islice(rows, CHUNK)):
        conn.execute(insert(awaited_person), some)


def get(conn: Connection, run_id: int) -> tuple[Acceptance, datetime] | None:
    """What is kept of this Run's input, and when it was read; None if nothing is."""
    row = conn.execute(select(awaited_input).where(awaited_input.c.run_id == run_id)).first()
    return None if row is None else (_acceptance(row.facts), row.read_at)


def people(conn: Connection, run_id: int) -> Iterator[Told]:
    """The people of this Run's input."""
    table = awaited_person
    rows = conn.execute(select(table).where(table.c.run_id == run_id).order_by(table.c.employee_id))
    for row in rows:
        yield Told(
            employee_id=row.employee_id,
            status=row.status,
            data=row.data,
            origin=row.origin,
            source=row.source,
        )


def drop_decided(conn: Connection, account: str) -> None:
    """Forget what is kept for Runs that hold nothing any more."""
    waiting = select(run.c.id).where(run.c.account == account, HOLDS)
    mine = select(run.c.id).where(run.c.account == account)
    for table in (awaited_person, awaited_input):
        conn.execute(delete(table).where(table.c.run_id.in_(mine), table.c.run_id.not_in(waiting)))


def _facts(taken: Acceptance) -> dict[str, Any]:
    return {
        "inputs": dict(taken.inputs),
        "whole": taken.whole,
        "witnesses": sorted(taken.witnesses),
        "untouched": sorted(taken.untouched),
        "dropped": dict(taken.dropped),
        "links": [[o.link.employee_id, o.link.user_id, o.link.made_by, o.was] for o in taken.links],
        "ties": [[space, code, team_id] for (space, code), team_id in taken.ties.items()],
        "unwanted": None if taken.unwanted is None else dict(taken.unwanted),
        "among": None if taken.among is None else sorted(taken.among),
    }


def _acceptance(facts: dict[str, Any]) -> Acceptance:
    return Acceptance(
        inputs=facts["inputs"],
        whole=facts["whole"],
        witnesses=frozenset(facts["witnesses"]),
        untouched=frozenset(facts["untouched"]),
        dropped=facts["dropped"],
        links=tuple(
            NewLink(link=Link(employee_id=person, user_id=user_id, made_by=made_by), was=was)
            for person, user_id, made_by, was in facts["links"]
        ),
        ties={(space, code): team_id for space, code, team_id in facts["ties"]},
        unwanted=facts["unwanted"],
        among=None if facts["among"] is None else frozenset(facts["among"]),
    )
