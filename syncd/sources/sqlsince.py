"""Reading only what changed: the last reading is kept as a base, and rows of a later time replace those of the same key.

What is asked for is ``SELECT * FROM (query) WHERE column >= mark - overlap OR column IS NULL``. The mark is the clock of the
database, read in the same transaction before the rows. Where the column has no zone nobody can tell it from the clock, so the mark is
the latest value that was seen, if that is earlier. The rows are counted in the same transaction: if base and changes are not as many,
somebody is gone, or was missed, and all rows are read.

The base is a file: a line with the SHA-256 of what follows, a line that says what the base is of, and the rows as in a spool. It is a
cache of one machine, replaced by a rename: without it, or if it is harmed or of other settings, all rows are read.
"""

import json
import os
import re
import shutil
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from hashlib import blake2b, file_digest, sha256
from io import BufferedReader
from itertools import islice
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    DateTime,
    Select,
    String,
    bindparam,
    literal_column,
    or_,
    select,
)
from sqlalchemy.types import TypeEngine

from syncd.errors import SourceError
from syncd.sources.settings import Since, SqlSourceSettings
from syncd.sources.sqlpages import derived
from syncd.sources.sqlsession import parse_url
from syncd.sources.sqlvalue import as_text

MOST = 50_000
"""Changed rows that are held in memory; of more than these it is as well to read all rows."""

HEAD = 2
"""The lines of a base before its rows."""

NOW = {
    "postgresql": "SELECT now()",
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "mariadb": "SELECT UTC_TIMESTAMP(6)",
    "mssql": "SELECT SYSUTCDATETIME()",
    "oracle": "SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM dual",
}
ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?)?")
"""A time as text that sorts as times do."""

TYPES: dict[str, TypeEngine[Any]] = {
    "zoned": DateTime(timezone=True),
    "plain": DateTime(),
    "day": Date(),
    "text": String(),
}
"""The forms in which a column tells times, and what each is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The rows of the last reading, in ``file``. Times are UTC without a zone: ``mark`` is what they are read up to."""

    file: BufferedReader
    columns: tuple[str, ...]
    form: str
    mark: datetime
    full_at: datetime

    def lines(self) -> Iterator[str]:
        """Every row as it was spooled, without the line end."""
        self.file.seek(0)
        for line in islice(self.file, HEAD, None):
            yield line.decode("ascii").rstrip("\n")


@dataclass(slots=True, kw_only=True)
class Watch:
    """What is noted of rows that pass: the form and the latest value of the column, and whether each key is there once.

    ``now`` is the clock of the database before the rows were read. Times are UTC without a zone.
    """

    name: str
    since: Since
    columns: Sequence[str]
    now: datetime
    form: str = ""
    latest: datetime | None = None
    keys: list["array[int]"] = field(default_factory=lambda: [array("Q") for _ in range(256)])
    blank: bool = False

    def __post_init__(self) -> None:
        for role, column in (("column", self.since.column), ("key", self.since.key)):
            if column not in self.columns:
                close = get_close_matches(column, self.columns, n=1)
                hint = f" Did you mean {close[0]}?" if close else ""
                raise SourceError(
                    f"{self.name}: since.{role} is {column}, which is no column of the query.{hint} "
                    f"It gives: {', '.join(self.columns)}."
                )

    def see(self, row: Sequence[object], number: int) -> str:
        """Note one row, and tell its key."""
        value = row[self.columns.index(self.since.column)]
        if value is not None:
            self._see_time(value, number)
        key = as_text(row[self.columns.index(self.since.key)])
        digest = blake2b(key.encode(), digest_size=9).digest()
        self.keys[digest[0]].append(int.from_bytes(digest[1:], "big"))
        self.blank = self.blank or not key
        return key

    def _see_time(self, value: object, number: int) -> None:
        form, at = _moment(value)
        if at is None or self.form not in {"", form}:
            raise SourceError(
                f"{self.name}:row {number}: since.column {self.since.column} must be a date or a time, of one form in all rows "
                "(a text must be like 2026-01-31 08:00:00). Cast it in the query."
            )
        self.form = form
        self.latest = at if self.latest is None else max(self.latest, at)

    @property
    def unique(self) -> bool:
        """Whether every key is there, and once."""
        return not self.blank and all(len(set(part)) == len(part) for part in self.keys)

    def mark(self, before: datetime | None) -> datetime | None:
        """What the rows are read up to; None if no row tells a time. ``before`` is the last mark, if there was one."""
        seen = [at for at in (self.latest, before) if at is not None]
        if not seen:
            return None
        return self.now if self.form == "zoned" else min(self.now, max(seen))


def _moment(value: object) -> tuple[str, datetime | None]:
    """The form of a value, and the time that it tells: UTC, without a zone; None if it tells none."""
    if isinstance(value, datetime):
        return ("plain", value) if value.tzinfo is None else ("zoned", _plain(value))
    if isinstance(value, date):
        return "day", datetime(value.year, value.month, value.day)  # noqa: DTZ001 - by the database's own days
    if isinstance(value, str) and ISO.fullmatch(value):
        try:
            return "text", datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            return "", None
    return "", None


def _plain(value: datetime) -> datetime:
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def clock_of(connection: Connection) -> datetime:
    """The clock of the database, UTC without a zone."""
    told = connection.exec_driver_sql(NOW[connection.dialect.name]).scalar_one()
    return _plain(datetime.fromisoformat(told) if isinstance(told, str) else told)


def changed_since(connection: Connection, query: str, since: Since, base: Base) -> Select[Any]:
    """The query for the rows that may have changed since ``base``: the time is a parameter, the column a quoted name."""
    at = (base.mark - timedelta(seconds=since.overlap_seconds)).replace(microsecond=0)
    start: Any = {
        "zoned": at.replace(tzinfo=UTC),
        "plain": at,
        "day": at.date(),
        "text": at.date().isoformat(),  # before each way to write a time of that day
    }[base.form]
    rows = derived(connection, query, since.column, "syncd_since")
    (told,) = rows.columns
    later = told >= bindparam("syncd_since_mark", start, type_=TYPES[base.form])
    return select(literal_column("syncd_since.*")).select_from(rows).where(or_(later, told.is_(None)))


@contextmanager
def open_base(settings: SqlSourceSettings) -> Iterator[Base | None]:
    """The base, if there is one of these very settings that is whole; it stays as it is while others replace it.

    Raises SourceError if its folder cannot be had.
    """
    since = settings.since
    if since is None:
        yield None
        return
    _make_folder(settings.name, since)
    with ExitStack() as stack:
        base = None
        with suppress(OSError, ValueError, KeyError, TypeError):
            base = _checked(stack.enter_context(_path(settings, since).open("rb")), settings, since)
        yield base


def _make_folder(name: str, since: Since) -> None:
    """Make it private, and take away what a reading left that was killed."""
    try:
        since.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        since.folder.chmod(0o700)
        for left in since.folder.glob(f".{name}.new-*"):
            left.unlink(missing_ok=True)
    except OSError as error:
        raise SourceError(
            f"{since.folder}: the last reading of {name} cannot be kept there ({error.strerror}). "
            "Nothing was planned. since.folder must be a folder of syncd's own that it may write."
        ) from error


def _checked(file: BufferedReader, settings: SqlSourceSettings, since: Since) -> Base | None:
    told = file.readline().strip().decode("ascii")
    start = file.tell()
    head = json.loads(file.readline())
    file.seek(start)
    if file_digest(file, "sha256").hexdigest() != told or head["of"] != _identity(settings, since):
        return None
    return Base(
        file=file,
        columns=tuple(head["columns"]),
        form=head["form"],
        mark=datetime.fromisoformat(head["mark"]),
        full_at=datetime.fromisoformat(head["full_at"]),
    )


def is_due(since: Since, base: Base, now: datetime) -> bool:
    """Whether it is time to read all rows again; so it is if the clock of the database was put back."""
    return not timedelta() <= now - base.full_at < timedelta(seconds=since.full_every_seconds)


def keep_base(
    settings: SqlSourceSettings, since: Since, rows: Path, watch: Watch, mark: datetime, full_at: datetime
) -> None:
    """Make the spool ``rows`` the base. If there is no room the last one stays, which is as good."""
    head = {
        "of": _identity(settings, since),
        "columns": list(watch.columns),
        "form": watch.form,
        "mark": mark.isoformat(),
        "full_at": full_at.isoformat(),
    }
    line = json.dumps(head).encode("ascii") + b"\n"
    path = None
    try:
        descriptor, name = mkstemp(prefix=f".{settings.name}.new-", dir=since.folder)
        path = Path(name)
        with os.fdopen(descriptor, "wb") as file, rows.open("rb") as spool:
            digest = file_digest(spool, lambda: sha256(line)).hexdigest()
            file.write(digest.encode("ascii") + b"\n" + line)
            spool.seek(0)
            shutil.copyfileobj(spool, file, 1024 * 1024)
        path.replace(_path(settings, since))
    except OSError:
        if path is not None:
            path.unlink(missing_ok=True)


def drop_base(settings: SqlSourceSettings, since: Since) -> None:
    """Keep nothing."""
    _path(settings, since).unlink(missing_ok=True)


def _path(settings: SqlSourceSettings, since: Since) -> Path:
    return since.folder / f"{settings.name}.base"


def _identity(settings: SqlSourceSettings, since: Since) -> str:
    """Other settings, another base. Secrets are not in it."""
    url = parse_url(settings)
    parts = [
        url.get_backend_name(), url.host, url.port, url.username, url.database, settings.query, since.column, since.key
    ]  # fmt: skip
    return sha256(json.dumps(["1", *parts]).encode()).hexdigest()
