"""Purging: erasing one person from every table, by a rule for each of them, and proving what is left.

``RULES`` says for each table what becomes of somebody in it; a test fails for a table that is not there.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, Table, Text, and_, delete, false, or_, select, update

from syncd.core.pseudonyms import Needles
from syncd.store.columns import metadata
from syncd.store.links import find
from syncd.store.mirror import FULL, READ
from syncd.store.mirror_tables import litmos_user
from syncd.store.pseudonyms import remember
from syncd.store.schema import LIVE, attempt, batch_row, change, employee, exchange, job, watermark
from syncd.store.settled import at_work

CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of theirs go: those in which one of the columns ``by`` is their employee id, or ``user`` their Litmos user id."""

    by: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """columns that hold what they are called in Litmos, in small letters or as it is"""
    mentions: bool = False
    """whether what speaks of them in rows of others is replaced, too"""


@dataclass(frozen=True, slots=True)
class Mentions:
    """Rows stay, and what in their texts speaks of the person is replaced by the pseudonym."""


@dataclass(frozen=True, slots=True)
class Stays:
    """Nothing is erased, and why."""

    why: str


E, U = ("employee_id",), ("user_id",)
NOBODY = Stays("says nothing of any person")
RULES: dict[str, Rows | Mentions | Stays] = {
    "approval": Stays("hashes of what was approved, until they expire"),
    "archived_input": Stays("what names no person; the files are searched, and go"),
    "attempt": Mentions(),
    "audit": Stays("append-only and chained: what people did stays, with the employee ids in it"),
    "awaited_input": Mentions(),
    "awaited_person": Rows(by=E),
    "batch": NOBODY,
    "batch_row": Stays("result ids, gone with the results"),
    "bulk_import": NOBODY,
    "change": Rows(by=E, user=U),
    "configuration": Mentions(),
    "contract_answer": NOBODY,
    "employee": Rows(by=E),
    "event": Rows(by=E, mentions=True),
    "exchange": Mentions(),
    "grants": Rows(user=U),
    "identity_case": Rows(by=E),
    "identity_given": Rows(by=E),
    "import_name": Rows(names=("name",)),
    "input": Mentions(),
    "job": Mentions(),
    "job_dep": NOBODY,
    "lease": NOBODY,
    "link": Rows(by=E, user=U),
    "litmos_assignment": Rows(user=U),
    "litmos_drift": Rows(user=U),
    "litmos_item": NOBODY,
    "litmos_membership": Rows(user=U),
    "litmos_module": NOBODY,
    "litmos_removal": Rows(user=U),
    "litmos_session": NOBODY,
    "litmos_team": Stays("teams as Litmos has them; one may be named after a person"),
    "litmos_team_item": NOBODY,
    "litmos_user": Rows(user=("id",)),
    "message": NOBODY,
    "probe": Rows(user=U),
    "pseudonym_key": NOBODY,
    "purged": Stays("the pseudonym, so that nobody is created anew without a person's word"),
    "put_aside": Rows(user=U),
    "quarantine": Rows(by=("employee_id", "key")),
    "queue_pause": NOBODY,
    "rate_slot": NOBODY,
    "rate_window": NOBODY,
    "recorded": Rows(by=E, user=U),
    "resolution": Rows(by=E, user=U),
    "result_version": Rows(by=E, user=U),
    "run": Mentions(),
    "settled": Rows(by=("employee_id", "manager"), user=U),
    "settled_under": Mentions(),
    "sink_cursor": NOBODY,
    "team_tie": NOBODY,
    "unwanted": Rows(by=E),
    "watermark": NOBODY,
    "web_session": Stays("who uses the pages"),
    "web_token": Stays("who uses the pages"),
    "web_try": Stays("hashes of who tried to sign in, for a quarter of an hour"),
}
"""Table -> what becomes of somebody in it. Who has the person as a manager is only looked at once more (``settled``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom it is about, as far as the database knows; ``present``: HR's last accepted input names them."""

    employee_id: str
    user_id: str
    needles: Needles
    known: bool
    present: bool
    busy: bool


@dataclass(slots=True)
class Purge:
    """Rows erased, and rows in which a mention was replaced, by table; and what still mentions the person, with why."""

    erased: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    left: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def touched(self) -> list[str]:
        """The tables that have old versions of rows which spoke of the person."""
        counted = {name for of in (self.erased, self.replaced) for name, number in of.items() if number}
        return sorted(counted | ({"attempt"} if "job" in counted else set()))


def find_person(conn: Connection, account: str, employee_id: str) -> Person:
    """Everything that the person may be known by."""
    mine = (employee.c.account == account) & (employee.c.employee_id == employee_id)
    row = conn.execute(select(employee.c.data, employee.c.present).where(mine)).first()
    user_id = find(conn, account, employee_id)
    there = (litmos_user.c.account == account) & (litmos_user.c.id == user_id)
    profile = conn.execute(select(litmos_user.c.profile).where(there)).scalar() or {}
    sources = [profile, {} if row is None else row.data.get("fields", {})]
    texts = {str(one[name]) for one in sources for name in ("UserName", "Email") if one.get(name)}
    names = {
        (str(one["FirstName"]), str(one["LastName"]))
        for one in sources
        if one.get("FirstName") and one.get("LastName")
    }
    needles = Needles(
        (employee_id, *([user_id] if user_id else ())), tuple(sorted(texts)), tuple(sorted(names))
    )
    return Person(
        employee_id=employee_id,
        user_id=user_id,
        needles=needles,
        known=row is not None or bool(user_id) or any(_matching(conn, employee_id)),
        present=row is not None and bool(row.present),
        busy=employee_id in at_work(conn, account),
    )


def _matching(conn: Connection, employee_id: str) -> Iterator[bool]:
    for name, rule in RULES.items():
        if isinstance(rule, Rows) and rule.by:
            table = metadata.tables[name]
            here = or_(*(table.c[column] == employee_id for column in rule.by))
            yield conn.execute(select(1).select_from(table).where(here).limit(1)).first() is not None


def erase(conn: Connection, account: str, person: Person, who: str, now: datetime) -> Purge:
    """Erase the person, whose pseudonym is ``who``; one transaction. On SQLite what is deleted is overwritten (``secure_delete``, see
    ``Database``).

    Litmos is to be read in full before anything is planned again: the mirror does not have the user any more.
    """
    done = Purge()
    _end_jobs(conn, account, person, done)
    _forget_results(conn, account, person, done)
    for name, rule in RULES.items():
        table = metadata.tables[name]
        if isinstance(rule, Rows):
            done.erased[name] += conn.execute(
                delete(table).where(_theirs(table, account, rule, person))
            ).rowcount
        if isinstance(rule, Mentions) or (isinstance(rule, Rows) and rule.mentions):
            done.replaced[name] += _replace(conn, table, account, person.needles, who)
    if person.user_id:
        marks = (watermark.c.account == account) & watermark.c.name.in_([FULL, READ])
        conn.execute(delete(watermark).where(marks))
    remember(conn, account, who, now)
    return done


def _end_jobs(conn: Connection, account: str, person: Person, done: Purge) -> None:
    """What Jobs of theirs carry goes; one that was given up is not to be tried again: the next push plans anew."""
    theirs = select(change.c.job_id).where(
        or_(change.c.employee_id == person.employee_id, _is_user(change.c.user_id, person)),
        change.c.job_id.is_not(None),
    )
    mine = (job.c.account == account) & job.c.id.in_(theirs)
    conn.execute(update(job).where(mine, job.c.state == "discarded").values(state="cancelled"))
    emptied = {"payload": {}, "changes": [], "target": "", "last_error": ""}
    done.erased["job"] += conn.execute(update(job).where(mine).values(**emptied, key="purged")).rowcount
    of = attempt.c.job_id.in_(select(job.c.id).where(job.c.account == account, job.c.key == "purged"))
    conn.execute(update(attempt).where(of, attempt.c.detail != "").values(detail=""))
    sent = exchange.c.attempt_id.in_(select(attempt.c.id).where(of))
    done.erased["exchange"] += conn.execute(delete(exchange).where(sent)).rowcount


def _forget_results(conn: Connection, account: str, person: Person, done: Purge) -> None:
    table = metadata.tables["result_version"]
    theirs = (table.c.account == account) & or_(
        table.c.employee_id == person.employee_id, _is_user(table.c.user_id, person)
    )
    mine = (batch_row.c.account == account) & batch_row.c.result_id.in_(
        select(table.c.result_id).where(theirs)
    )
    done.erased["batch_row"] += conn.execute(delete(batch_row).where(mine)).rowcount


def _is_user(column: Any, person: Person) -> Any:
    return and_(column == person.user_id, column != "")


def _theirs(table: Table, account: str, rule: Rows, person: Person) -> Any:
    called = {form for text in person.needles.texts for form in (text, text.lower())}
    found = or_(
        *(table.c[column] == person.employee_id for column in rule.by),
        *(_is_user(table.c[column], person) for column in rule.user),
        *(table.c[column].in_(sorted(called)) for column in rule.names),
        false(),
    )
    return and_(found, table.c.account == account) if "account" in table.c else found


def _replace(conn: Connection, table: Table, account: str, needles: Needles, who: str) -> int:
    """Replace mentions in the texts of a table; returns in how many rows.

    What is yet to be sent stays as it is, and what was given up, and might be tried again, is cancelled: a pseudonym never reaches Litmos.
    """
    pattern, number = needles.pattern(), 0
    keys = list(table.primary_key.columns)
    for row in list(_mentioning(conn, table, needles, account)):
        values = {
            column.name: needles.scrubbed(row[column.name], pattern, who)
            for column in _worded(table)
            if column not in keys and needles.found_in(row[column.name], pattern)
        }
        if values and table is job:
            if row["state"] in LIVE:
                continue
            values["state"] = "cancelled" if row["state"] == "discarded" else row["state"]
        if values:
            same = and_(*(column == row[column.name] for column in keys))
            conn.execute(update(table).where(same).values(**values))
            number += 1
    return number


def _worded(table: Table) -> list[Any]:
    return [column for column in table.columns if isinstance(column.type, Text | JSON)]


def _mentioning(conn: Connection, table: Table, needles: Needles, account: str) -> Iterator[Any]:
    """The rows of a table that mention the person in any text or JSON."""
    pattern, columns = needles.pattern(), _worded(table)
    query = select(table)
    if "account" in table.c:
        query = query.where(table.c.account == account)
    with conn.execute(query.execution_options(yield_per=CHUNK)) as rows:
        for row in rows.mappings():
            if needles.found_in([row[column.name] for column in columns], pattern):
                yield row


def prove(conn: Connection, account: str, needles: Needles) -> list[tuple[str, int, str]]:
    """Search every text and JSON of every table: which still mention the person, in how many rows, and why."""
    found = []
    for table in sorted(metadata.tables.values(), key=lambda one: one.name):
        number = sum(1 for _ in _mentioning(conn, table, needles, account))
        if number:
            rule = RULES[table.name]
            other = (
                "it is about somebody of the same name, mentions them for another person, or waits to be sent"
            )
            found.append((table.name, number, rule.why if isinstance(rule, Stays) else other))
    return found
