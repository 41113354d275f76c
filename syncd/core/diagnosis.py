"""Diagnosis: facts about configuration, database, HR and Litmos in, Findings out. Pure; ``syncd doctor`` gathers the facts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from syncd.core import fitting
from syncd.core.contract import Known, Question
from syncd.core.coverage import Coverage
from syncd.core.finding import FEW, Finding, Health, count, tally
from syncd.core.limits import Limits
from syncd.core.mapping import Mapping as Rules
from syncd.core.model import Employee, Item, ItemKind, Rejection, Status, User
from syncd.errors import NEW_KEY

SKEW = 30.0
"""Seconds by which two clocks may differ before it is a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """HR as push would read it; ``trouble`` says why it could not be read, ``unfit`` that the configuration is to blame."""

    name: str
    rows: int = 0
    complete: bool = True
    employees: tuple[Employee, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    trouble: str = ""
    unfit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFacts:
    """The rolling window: ``requests`` in ``seconds``, of which ``taken`` are not free now."""

    requests: int
    seconds: float
    taken: int
    frozen_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LitmosFacts:
    """What the reads of Litmos gave; None for a list that was not read.

    ``fields`` are the names in any user's record; ``teams`` team id -> names from the root; ``skew`` the bounds, in
    seconds, of how far Litmos' clock is ahead of ours (None: no answer had a date). ``status`` and ``trouble`` are those of
    the read that failed, if one did.
    """

    host: str
    requests: int
    users: tuple[User, ...] | None = None
    fields: frozenset[str] = frozenset()
    teams: Mapping[str, tuple[str, ...]] | None = None
    paths: tuple[Item, ...] | None = None
    courses: tuple[Item, ...] | None = None
    skew: tuple[float, float] | None = None
    status: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a diagnosis is made of; None where a thing could not be looked at.

    ``database`` says what is wrong with syncd's own database ("" if nothing is), ``database_skew`` by how many seconds its
    clock is ahead of ours. ``answers`` are what probes have settled, ``unrestored`` names a user whom one left changed.
    """

    rules: Rules
    limits: Limits
    warnings: Sequence[str] = ()
    database: str = ""
    database_skew: float = 0.0
    window: WindowFacts | None = None
    source: SourceFacts
    litmos: LitmosFacts | None = None
    coverage: Coverage | None = None
    answers: Mapping[str, Known] = field(default_factory=dict)
    unrestored: str = ""


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """Every Finding, in the order in which an administrator would mend things."""
    found = [_configuration(facts), _database(facts), *_source(facts.source, facts.limits)]
    litmos = facts.litmos
    if facts.window is not None:
        found.append(_window(facts.window))
    if litmos is None:
        return tuple(found)
    found += [_key(litmos), _clock(litmos, facts.database_skew)]
    if litmos.users is not None and litmos.teams is not None and litmos.paths is not None:
        found.append(_holdings(litmos.users, litmos.teams, litmos.paths))
    if litmos.paths is not None:
        found.append(fitting.items(facts.rules, ItemKind.LEARNING_PATH, litmos.paths))
    if litmos.courses is not None:
        found.append(fitting.items(facts.rules, ItemKind.COURSE, litmos.courses))
    if litmos.teams is not None and not facts.source.trouble:
        found.append(fitting.teams(facts.source.employees, litmos.teams))
    if litmos.users is not None:
        found.append(fitting.fields(facts.rules, litmos.fields if litmos.users else None))
    if facts.coverage is not None:
        found.append(fitting.matching(facts.coverage))
    found.append(_contract(facts.answers, facts.unrestored))
    return tuple(found)


def clock_bounds(samples: Iterable[tuple[datetime, datetime, datetime]]) -> tuple[float, float] | None:
    """Bounds of how many seconds another clock is ahead of ours, from (sent, its time to the second, received) by ours.

    Its time was taken between sending and receiving, and cut to the second. None without a sample, or if the samples
    contradict each other (a clock was set meanwhile).
    """
    pairs = [
        ((theirs - received).total_seconds(), (theirs - sent).total_seconds() + 1.0)
        for sent, theirs, received in samples
    ]
    if not pairs:
        return None
    low, high = max(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    return (low, high) if low <= high else None


def _configuration(facts: Facts) -> Finding:
    if facts.warnings:
        seen = f"valid, but: {'; '.join(facts.warnings)}"
        return Finding(check="configuration", state=Health.WARNING, seen=seen, next="syncd config check")
    return Finding(check="configuration", state=Health.OK, seen="valid")


def _database(facts: Facts) -> Finding:
    if facts.database:
        return Finding(
            check="database",
            state=Health.PROBLEM,
            seen=f"{facts.database} (Litmos was not asked: the limit is kept in the database)",
            next="syncd db upgrade" if "db upgrade" in facts.database else "syncd db check",
        )
    return Finding(check="database", state=Health.OK, seen="reachable, and at the schema of this syncd")


def _source(source: SourceFacts, limits: Limits) -> list[Finding]:
    if source.trouble:
        command = "syncd config check, and mend the file; then: syncd doctor" if source.unfit else ""
        return [
            Finding(
                check="source",
                state=Health.PROBLEM,
                seen=source.trouble,
                next=command or "mend the export or `source:`; then: syncd doctor",
                facts={"unfit": source.unfit},
            )
        ]
    people = source.employees
    active = sum(e.status is Status.ACTIVE and e.in_scope for e in people)
    left = sum(e.status is Status.LEFT for e in people)
    outside = sum(not e.in_scope and e.status is not Status.LEFT for e in people)
    waiting = len(people) - active - left - outside
    facts = {
        "rows": source.rows,
        "active": active,
        "left": left,
        "waiting": waiting,
        "out_of_scope": outside,
    }
    seen = (
        f"{source.name}: {count(source.rows, 'row')}; {active} active, {left} left, {outside} out of scope"
        + (f", {waiting} on leave or waiting for a day" if waiting else "")
    )
    if not source.complete:
        seen += "; it may lack people, or have some who are gone, so nobody's absence counts"
    state = Health.OK if source.complete and active else Health.WARNING
    found = [
        Finding(
            check="source",
            state=state,
            seen=seen,
            next="" if state is Health.OK else "syncd plan",
            facts=facts,
        )
    ]
    if source.rejections:
        found.append(_rejections(source, limits))
    return found


def _rejections(source: SourceFacts, limits: Limits) -> Finding:
    codes = Counter(rejection.reasons[0].code for rejection in source.rejections)
    number = len(source.rejections)
    seen = f"{number} of {count(source.rows, 'row')} rejected: {tally(codes)}"
    if 100 * number > limits.rejected_percent * max(source.rows, 1):
        seen += f"; more than {limits.rejected_percent:g} %, so a push would be held"
    origins = [rejection.origin for rejection in source.rejections[:FEW]]
    return Finding(
        check="rejections",
        state=Health.WARNING,
        seen=seen,
        next="syncd plan --all",
        facts={"rejected": number, "codes": dict(codes), "examples": origins},
    )


def _window(window: WindowFacts) -> Finding:
    free = window.requests - window.taken
    seen = f"{window.requests} requests in {window.seconds:g} s, {free} of them free"
    facts = {"requests": window.requests, "seconds": window.seconds, "free": free}
    if window.frozen_until is not None:
        seen += f"; Litmos answered 503, so all wait until {window.frozen_until:%H:%M:%S} UTC"
        return Finding(check="limit", state=Health.WARNING, seen=seen, next="syncd status", facts=facts)
    if not free:
        seen += ": a request waits until one is (a new database begins like that)"
    return Finding(check="limit", state=Health.OK, seen=seen, facts=facts)


def _key(litmos: LitmosFacts) -> Finding:
    """``GET /users/details`` is documented for Account Owners only, learning paths for Administrators as well."""
    facts = {"host": litmos.host, "status": litmos.status, "account_owner": litmos.users is not None or None}

    def problem(seen: str, command: str) -> Finding:
        return Finding(check="key", state=Health.PROBLEM, seen=seen, next=command, facts=facts)

    if litmos.users is not None:
        seen = f"{litmos.host} took it, and let it read all full records, which is documented for Account Owners only"
        if not litmos.trouble:
            return Finding(check="key", state=Health.OK, seen=seen, facts=facts)
        return problem(f"{seen}; but another read failed: {litmos.trouble}", "syncd doctor")
    if litmos.status == HTTPStatus.UNAUTHORIZED:
        return problem(f"refused by {litmos.host}: {litmos.trouble}", NEW_KEY)
    if litmos.status == HTTPStatus.FORBIDDEN and litmos.paths is not None:
        facts["account_owner"] = False
        return problem(
            f"it works, but is not an Account Owner's: all full records are refused ({litmos.trouble}), "
            "learning paths, which Administrators may read, are not",
            NEW_KEY,
        )
    if litmos.status == HTTPStatus.FORBIDDEN:
        return problem(f"refused by {litmos.host}, or nobody's who may read users: {litmos.trouble}", NEW_KEY)
    return problem(
        f"cannot be told, {litmos.host} did not answer as it should: {litmos.trouble}", "syncd doctor"
    )


def _clock(litmos: LitmosFacts, database_skew: float) -> Finding:
    facts = {"litmos_ahead": litmos.skew, "database_ahead": round(database_skew, 3)}
    parts, late = [], abs(database_skew) > SKEW
    if litmos.skew is None:
        parts.append("Litmos' answers carry no usable date, so its clock cannot be compared")
    else:
        low, high = litmos.skew
        late = late or low > SKEW or high < -SKEW
        parts.append(f"Litmos' clock is {_ahead(low, high)}")
    if abs(database_skew) > 1:
        parts.append(f"the database's clock is {_ahead(database_skew, database_skew)}")
    seen = "; ".join(parts)
    if late:
        command = "set this host's clock (NTP); then: syncd doctor"
        return Finding(check="clock", state=Health.WARNING, seen=seen, next=command, facts=facts)
    return Finding(check="clock", state=Health.OK, seen=seen, facts=facts)


def _ahead(low: float, high: float) -> str:
    if low <= 0 <= high:
        return "with ours, to the second or two" if high - low < SKEW else "not measurably off"
    middle = (low + high) / 2
    return f"{abs(middle):.0f} s {'ahead of' if middle > 0 else 'behind'} ours"


def _holdings(users: Sequence[User], teams: Mapping[str, tuple[str, ...]], paths: Sequence[Item]) -> Finding:
    active = sum(user.active for user in users)
    facts = {
        "users_active": active,
        "users_inactive": len(users) - active,
        "teams": len(teams),
        "learning_paths": len(paths),
    }
    seen = (
        f"{active} active and {len(users) - active} inactive users, {count(len(teams), 'team')}, "
        f"{count(len(paths), 'learning path')}"
    )
    return Finding(check="litmos", state=Health.OK, seen=seen, facts=facts)


def _contract(answers: Mapping[str, Known], unrestored: str) -> Finding:
    """What is known of the open questions; not knowing is no fault."""
    known = {question: answer for question, answer in answers.items() if question in set(Question)}
    facts = {
        question.value: {"value": known[question].value, "settled_at": known[question].settled_at}
        for question in Question
        if question in known
    }
    seen = f"{len(known)} of {len(Question)} open questions about the API settled"
    if known:
        seen += ": " + ", ".join(f"{question} {known[question].value}" for question in known)
    if unrestored:
        return Finding(
            check="contract",
            state=Health.PROBLEM,
            seen=f"{seen}; a probe was cut off and may have left a user changed",
            next=f"syncd doctor --probe {unrestored}",
            facts=facts,
        )
    return Finding(check="contract", state=Health.OK, seen=seen, facts=facts)
