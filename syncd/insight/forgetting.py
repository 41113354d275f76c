"""Forgetting: what ``syncd purge`` does, the archive of inputs included; and what people are called where ids must not be."""

import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from syncd.archive import Vault
from syncd.archive.vault import rows_of
from syncd.core.pseudonyms import Needles, pseudonym
from syncd.errors import Declined
from syncd.store import archived, audit, purging
from syncd.store.database import Database
from syncd.store.pseudonyms import made_key
from syncd.store.purging import Purge
from syncd.store.vacuuming import Vacuumed, vacuum


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased: the pseudonym, the rows, how many kept inputs went, and what still mentions the person, with why.

    ``vacuumed`` is what became of the old versions of the rows.
    """

    pseudonym: str
    purge: Purge
    inputs: int
    left: list[tuple[str, int, str]]
    vacuumed: Vacuumed


def people_of(database: Database, account: str) -> Callable[[str], str]:
    """What says what an employee is called: by a key of the database, made now if there is none."""
    with database.write() as conn:
        key = made_key(conn, account, secrets.token_hex(32), database.now(conn))
    return cache(lambda employee_id: pseudonym(key, employee_id))


def check(database: Database, account: str, employee_id: str, *, even_though_present: bool) -> None:
    """Raises Declined if there is nobody to purge, if Jobs about them have not ended, or if HR would name them again."""
    with database.read() as conn:
        person = purging.find_person(conn, account, employee_id)
    if not person.known:
        raise Declined(f"nothing is stored of employee {employee_id}; nothing was erased")
    if person.busy:
        raise Declined(
            f"jobs about employee {employee_id} have not ended; nothing was erased. Wait for them, or: syncd jobs"
        )
    if person.present and not even_though_present:
        raise Declined(
            f"employee {employee_id} is in HR's last accepted input, and every push would read them again; nothing was "
            "erased. First take them out of HR's export; or, to erase what is stored all the same: --even-though-present"
        )


def purge(
    database: Database, account: str, vault: Vault | None, employee_id: str, *, actor: str
) -> Forgotten:
    """Erase the person, drop the kept inputs that name them, and search all of the database. Raises ArchiveError.

    The archive comes first: if a file of it cannot be read, nothing was erased.
    """
    who = people_of(database, account)(employee_id)
    with database.read() as conn:
        person = purging.find_person(conn, account, employee_id)
    inputs = _drop_inputs(database, account, vault, person.needles)
    with database.write() as conn:
        now = database.now(conn)
        person = purging.find_person(conn, account, employee_id)
        if person.busy:
            raise Declined(
                f"jobs about employee {employee_id} have begun meanwhile; nothing was erased: do it again"
            )
        done = purging.erase(conn, account, person, who, now)
        detail = {"rows": done.erased.total(), "mentions": done.replaced.total(), "inputs": inputs}
        audit.record(conn, account, actor=actor, action="purge", employee_id=who, detail=detail, now=now)
    database.empty_log()
    vacuumed = vacuum(database, done.touched)
    with database.read() as conn:
        left = purging.prove(conn, account, person.needles)
    return Forgotten(pseudonym=who, purge=done, inputs=inputs, left=left, vacuumed=vacuumed)


def _drop_inputs(database: Database, account: str, vault: Vault | None, needles: Needles) -> int:
    """Whole files name everybody: those that name the person go, and with them the replay of their Runs."""
    if vault is None:
        return 0
    with database.read() as conn:
        kept = archived.all_of(conn, account)
    pattern = needles.pattern()
    sizes = {one.content: one.size_bytes for one in kept}
    theirs = {content for content, size in sizes.items() if _names(vault, content, size, needles, pattern)}
    with database.write() as conn:
        archived.forget_contents(conn, account, theirs)
    return sum(vault.drop(content) for content in theirs)


def _names(vault: Vault, content: str, size: int, needles: Needles, pattern: "re.Pattern[str]") -> bool:
    if not vault.holds(content):
        return False
    with tempfile.TemporaryDirectory(prefix="syncd-purge-") as folder:
        path = Path(folder) / "table.csv"
        vault.fetch(content, size, path)
        return any(needles.found_in(row[1:], pattern) for row in rows_of(path))
