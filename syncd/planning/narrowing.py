"""Narrowing: an Intake of those whom something has happened to since the last push found nothing to do with them.

A row whose hash is that of somebody at rest is not even taken apart. Besides the rows that are new or changed, those are
taken in whom the others may claim to be: who shares an id or a match key with one of them, and their managers.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from itertools import repeat

from sqlalchemy import Connection

from syncd import __version__
from syncd.app import App
from syncd.core.doubts import Expect
from syncd.core.match import comparable
from syncd.core.model import Employee, Record, Rejection, Status, TeamKey, User, team_key
from syncd.core.narrowing import AtRest, from_facts, is_new_to, keys_of, obstacle
from syncd.core.records import MappingResult, map_records
from syncd.core.suspicions import alike_but_zeros
from syncd.intake import Intake, Narrow, input_of, marks_of, notes_on, sighting_of
from syncd.sources.base import Reading
from syncd.store import cases, inputs, links, mirror, people, settled

ROUNDS = 4
"""So often more rows are taken in because of those that were; if that does not end, everybody is looked at."""


def narrower(app: App) -> Narrow | None:
    """How this App may narrow an Intake; None if everybody must be looked at by every push."""
    settings = app.settings
    if len(app.sources) != 1 or not settings.config_digest:
        return None
    expect = settings.expects.get(app.sources[0].name, Expect())
    if obstacle(settings.mapping, expect, settings.limits):
        return None
    return lambda reading: _narrowed(app, reading)


def digest_of(app: App, columns: Iterable[str]) -> str:
    """What people are at rest under: this version of syncd, the configuration, and the columns of the input."""
    text = "\0".join((__version__, app.settings.config_digest, *columns))
    return blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class _Rows:
    """The rows of a Reading: those to be taken in, number -> hash and cells, and of the others how many fill in which columns.

    ``known`` are the people at rest by the hash of their row, and which columns that fills in; once the rows were sorted,
    those whose row is not there any more.
    """

    reading: Reading
    known: dict[bytes, int]
    fresh: dict[int, tuple[bytes, list[str]]] = field(default_factory=dict)
    masks: Counter[int] = field(default_factory=Counter)

    def sort(self) -> None:
        """Look at every row once. Of one that is there twice the second is taken in, and because of it the first."""
        pop, masks = self.known.pop, self.masks
        for some in self.reading.raw.hashed():
            found = list(map(pop, some.hashes, repeat(-1)))
            masks.update(found)
            at = -1
            for _ in range(found.count(-1)):
                at = found.index(-1, at + 1)
                self.fresh[some.numbers[at]] = some.hashes[at], some.taken_apart(some.rows[at])
        del masks[-1]

    def take(self, some: Iterable[settled.Known]) -> bool:
        """Take in the rows of these, as far as they are there; whether that were any."""
        wanted = {one.row_hash: one.filled for one in some if one.row_hash not in self.known}
        before = len(self.fresh)
        for rows in self.reading.raw.hashed() if wanted else ():
            for number, row_hash, row in zip(rows.numbers, rows.hashes, rows.rows, strict=True):
                if row_hash in wanted and number not in self.fresh:
                    self.fresh[number] = row_hash, rows.taken_apart(row)
                    self.masks[wanted[row_hash]] -= 1
        return len(self.fresh) > before

    @property
    def records(self) -> Iterator[Record]:
        """Those to be taken in, in the order of the source."""
        return (self.reading.record((number, self.fresh[number][1])) for number in sorted(self.fresh))

    @property
    def hashes(self) -> Iterator[tuple[int, bytes]]:
        """Their numbers and hashes."""
        return ((number, row_hash) for number, (row_hash, _) in self.fresh.items())


def _narrowed(app: App, reading: Reading) -> Intake | None:
    mapping, source = app.settings.mapping, reading.name
    with app.database.read() as conn:
        now = app.database.now(conn)
        facts = settled.facts_under(conn, app.account, source, digest_of(app, reading.columns))
        if facts is None:
            return None
        rows = _Rows(reading=reading, known=settled.hashes(conn, app.account, source, now))
    if not rows.known:
        return None
    rows.sort()
    for _ in range(ROUNDS):
        sighting = sighting_of(mapping, reading, None)
        sighting.masks = {}
        result = map_records(mapping, sighting.watch(rows.records), now=now)
        with app.database.read() as conn:
            if not rows.take(_concerned(conn, app, result)):
                break
    else:
        return None
    managed, strict, measure = from_facts(facts)
    with app.database.read() as conn:
        at_rest = AtRest(
            unchanged=rows.masks.total(),
            missing=_missing(conn, app, rows, result, now),
            managed=managed,
            strict=strict,
            measure=measure,
        )
        sampled = _sampled(conn, app, source, at_rest, result)
        deserted = _deserted(conn, app, at_rest, result)
    if is_new_to(result.employees, at_rest):
        return None
    at_rest = replace(at_rest, strict=strict - deserted)
    sighting.count(rows.masks)
    return Intake(
        inputs=(input_of(reading, sighting, result, sampled),),
        employees=result.employees,
        rejections=result.rejections,
        notes=notes_on(mapping, reading.columns, source),
        marks=marks_of(reading, sighting, result.employees, rows.hashes),
        at_rest=at_rest,
    )


def _concerned(conn: Connection, app: App, result: MappingResult) -> Iterable[settled.Known]:
    """Who is at rest, and whom the rows that were taken in may be about, too, or whose people they are."""
    account = app.account
    ids = [one.employee_id for one in result.employees]
    ids += [one.employee_id for one in result.rejections]
    keys = _values_near(app, result.employees, result.rejections)
    bosses = {one.manager for one in result.employees if one.manager} - set(ids)
    tied = links.among(conn, account, employee_ids=bosses)
    there = mirror.are_there(conn, account, set(tied.values()))
    known = {boss for boss, user_id in tied.items() if user_id in there}
    return settled.people(
        conn,
        account,
        id_keys={comparable(one) for one in ids},
        user_ids=mirror.find_users(conn, account, keys) | _decided(conn, account, set(ids)),
        employee_ids=bosses - known,
    )


def _values_near(
    app: App, employees: Iterable[Employee], rejections: Iterable[Rejection]
) -> dict[str, set[str]]:
    """By Litmos field the values, as they are compared, by which somebody else may be meant, or rejected along with them."""
    found = {name: set(values) for name, values in keys_of(employees, app.settings.mapping).items()}
    asked = {*found, "UserName", "Email"}
    for rejection in rejections:
        for name, value in rejection.fields:
            if name in asked:
                found.setdefault(name, set()).add(comparable(value))
    return found


def _decided(conn: Connection, account: str, employee_ids: Collection[str]) -> set[str]:
    """The ids of the users whom people's decisions give to these employees."""
    decisions = cases.resolutions(conn, account)
    return {decisions[one].user_id for one in decisions.keys() & employee_ids} - {""}


def _missing(conn: Connection, app: App, rows: _Rows, result: MappingResult, now: datetime) -> frozenset[str]:
    """Who was in the last accepted input, or was disturbed, or is absent, and is not named by the rows that were taken in."""
    source = app.sources[0].name
    named = {one for ids in result.named.values() for one in ids}
    gone = settled.named(conn, app.account, rows.known)
    disturbed = settled.disturbed(conn, app.account, source, now)
    return frozenset(gone | disturbed | people.absent_with_access(conn, app.account)) - named


def _sampled(
    conn: Connection, app: App, source: str, at_rest: AtRest, result: MappingResult
) -> tuple[str, ...]:
    """Those of the ids that stood for the last accepted input who are in this one, too."""
    last = inputs.last_accepted(conn, app.account, source)
    before = () if last is None else inputs.to_fingerprint(last).sample
    named = {one for ids in result.named.values() for one in ids}
    here = people.present(conn, app.account, set(before) - named - at_rest.missing)
    return tuple(one for one in before if one in named or one in here)


def _deserted(conn: Connection, app: App, at_rest: AtRest, result: MappingResult) -> set[TeamKey]:
    """The strict teams that a rule gave somebody, and gives nobody any more: who is given one and at rest is a member of it."""
    if not at_rest.strict:
        return set()
    account = app.account
    given = {
        wish.key
        for one in result.employees
        if one.status is Status.ACTIVE and one.in_scope
        for wish in one.teams
    }
    here = {one.employee_id for one in result.employees} | {one.employee_id for one in result.rejections}
    here |= at_rest.missing
    had = {team_key(names) for teams in people.teams_of(conn, account, here).values() for names in teams}
    found = (had & at_rest.strict) - given
    if not found:
        return found
    chains = mirror.team_names(mirror.team_facts(conn, account))
    for key in sorted(found):
        team_ids = [team_id for team_id, chain in chains.items() if team_key(chain) == key]
        members = {user_id for _, user_id in mirror.members_of(conn, account, team_ids)}
        others = links.among(conn, account, user_ids=members).keys() - here
        theirs = people.teams_of(conn, account, others, active=True).values()
        if any(team_key(names) == key for teams in theirs for names in teams):
            found.discard(key)
    return found


def is_outdated(app: App, intake: Intake) -> bool:
    """Whether something has happened, since it was made, to somebody whom a narrowed Intake leaves out."""
    if intake.at_rest is None:
        return False
    source = app.sources[0].name
    with app.database.read() as conn:
        now = app.database.now(conn)
        return not settled.disturbed(conn, app.account, source, now) <= intake.looked_at


def surroundings(conn: Connection, app: App, intake: Intake) -> tuple[list[User], Mapping[str, str]]:
    """The users of Litmos, and the Links, that may matter to an Intake: all, or those near somebody who is in it."""
    account = app.account
    if intake.at_rest is None:
        return mirror.users(conn, account), links.load(conn, account)
    keys = _values_near(app, intake.employees, intake.rejections)
    ids = {one.employee_id for one in intake.employees} | {one.employee_id for one in intake.rejections}
    ids |= intake.at_rest.missing
    ids |= alike_but_zeros(ids, people.known(conn, account, guards=False, among=ids), ids)
    bosses = {one.manager for one in intake.employees if one.manager}
    linked = links.among(conn, account, employee_ids=ids | bosses)
    near = mirror.find_users(conn, account, keys) | _decided(conn, account, ids)
    users = mirror.with_managers(conn, account, {*linked.values(), *near})
    owners = links.among(conn, account, user_ids=[user.id for user in users])
    return users, {**owners, **linked}
