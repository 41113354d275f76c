"""Keeping: what a Run reads of HR goes into the archive, and out of it again when its time is over."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import chain, islice

from syncd.app import App
from syncd.archive import Vault
from syncd.errors import ArchiveError, ConfigError
from syncd.log import get_logger
from syncd.sources.base import Reading
from syncd.store import archived, runs
from syncd.store.archived import Archived
from syncd.store.database import Database

log = get_logger(__name__)

NUMBER = "#"
"""The name of the column before those of HR: the number of a row in what was read."""
SAMPLED = 1000
"""So many rows tell readings of the same bytes apart: another encoding or another quote makes other cells of them."""
NOT_KEPT = "input_not_kept"
"""The key in the summary of a Run whose input could not be kept: why."""


@dataclass(slots=True)
class Keeper:
    """Keeps what one Run reads; what cannot be kept is remembered, and never fails the Run."""

    app: App
    vault: Vault
    run_id: int
    problems: list[str] = field(default_factory=list)

    def __call__(self, reading: Reading, of_nodes: bool) -> None:  # noqa: FBT001 - as ``intake.Keep`` has it
        """Keep a Reading, from its private copy, unless the archive has it already."""
        try:
            self._keep(reading, of_nodes=of_nodes)
        except (ArchiveError, ConfigError) as error:
            log.warning("input_not_kept", source=reading.name, error=str(error))
            self.problems.append(f"{reading.name}: {error}")

    def _keep(self, reading: Reading, *, of_nodes: bool) -> None:
        app, known_as = self.app, _hash_of(reading)
        with app.database.read() as conn:
            now = app.database.now(conn)
            found = archived.same_reading(conn, app.account, known_as)
        if found is None or not self.vault.has(found[0]):
            stored = self.vault.put(_table(reading))
            found = stored.content, stored.size_bytes
        self.vault.touch(found[0], now)
        one = Archived(
            run_id=self.run_id,
            source=reading.name,
            of_nodes=of_nodes,
            sha256=reading.sha256,
            reading=known_as,
            content=found[0],
            size_bytes=found[1],
            rows=reading.rows,
            place=reading.place,
            complete=reading.complete,
            modified_at=reading.modified_at,
            dated=reading.dated,
            read_at=now,
            config_digest=app.settings.config_digest,
        )
        with app.database.write() as conn:
            archived.save(conn, app.account, one)

    def report(self) -> tuple[str, ...]:
        """Say in the summary of the Run what could not be kept; returns that."""
        found = tuple(dict.fromkeys(self.problems))
        if found:
            with self.app.database.write() as conn:
                runs.note(conn, self.run_id, {NOT_KEPT: list(found)})
        return found


def keeper(app: App, run_id: int) -> Keeper | None:
    """What keeps the inputs of a Run; None where nothing is to be kept."""
    return None if app.archive is None else Keeper(app, app.archive, run_id)


def prune(database: Database, account: str, vault: Vault | None, *, dry_run: bool = False) -> dict[str, int]:
    """Forget the inputs that are older than they are to be kept, and remove what nothing refers to any more.

    What a Run that waits for a person has read stays until that has ended. Returns how many of each; none if nothing is
    kept. With ``dry_run`` only counts.
    """
    if vault is None or vault.keep is None:
        return {}
    with database.read() as conn:
        now = database.now(conn)
        before = now - timedelta(seconds=vault.keep)
        old = archived.expired(conn, account, before)
    if dry_run:
        return {"kept_inputs": len(old)}
    with database.write() as conn:
        forgotten = archived.forget(conn, old)
        wanted = archived.contents(conn, account)
    try:
        return {"kept_inputs": forgotten, "kept_files": vault.sweep(wanted, before, now)}
    except ArchiveError as error:
        log.warning("archive_not_pruned", error=str(error))
        return {"kept_inputs": forgotten}


def _hash_of(reading: Reading) -> str:
    """What tells a Reading from every other one, without going through all of it."""
    some = [list(row) for row in islice(reading.raw, SAMPLED)]
    told = [reading.name, reading.sha256, reading.rows, reading.columns, some]
    return sha256(json.dumps(told).encode()).hexdigest()


def _table(reading: Reading) -> Iterator[Sequence[str]]:
    rows = ([str(number), *cells] for number, cells in reading.raw)
    return chain([[NUMBER, *reading.columns]], rows)
