"""Why: what is known about one person, field, team or learning path, as an ordered list of Findings; the first answers."""

from collections.abc import Callable, Iterator
from datetime import datetime

from syncd.core.answer import answer
from syncd.core.facts import Facts, Happened
from syncd.core.finding import Finding, Health, count
from syncd.core.model import Change
from syncd.core.subject import SubjectKind
from syncd.core.telling import without_status
from syncd.core.trace import Traced, told

MOST = 6
"""So many findings of one kind are told; they say how many more there are."""

Describe = Callable[[Change], str]
"""A Change as one line for people."""


def why(facts: Facts, describe: Describe) -> tuple[Finding, ...]:
    """The answer, and what it rests on.

    In the order in which things come about: HR's row, what the rules make of it, who it is in Litmos, what Litmos has, what
    a push would do now, what earlier ones did, who gave what, and what somebody else changed. ``facts`` of a Finding hold
    its code, Run, Job and Change.
    """
    return (
        answer(facts),
        *_some(_record(facts)),
        *_some(_rules(facts)),
        *_some(_match(facts)),
        *_some(_litmos(facts)),
        *_some(_resets(facts)),
        *_some(_plan(facts, describe)),
        *_some(_training(facts)),
        *_some(_history(facts, describe)),
        *_some(_grants(facts)),
        *_some(_drift(facts)),
    )


def _some(found: Iterator[Finding]) -> Iterator[Finding]:
    """The first few, and how many more there are."""
    listed = list(found)
    yield from listed[:MOST]
    if len(listed) > MOST:
        yield Finding(check=listed[0].check, state=Health.OK, seen=f"and {len(listed) - MOST} more")


def _record(facts: Facts) -> Iterator[Finding]:
    decides = facts.employee.origin if facts.employee is not None else ""
    for origin in facts.origins:
        passed = f"; passed over, {decides} decides" if decides in facts.origins and origin != decides else ""
        yield Finding(
            check="record",
            state=Health.OK,
            seen=f"{origin}, of {count(facts.input_rows, 'row')} of {facts.input_name}{passed}",
        )
    known = facts.known
    if not facts.origins and known is not None:
        missing = f", missing from {count(known.absent_count, 'input')} since" if known.absent_count else ""
        yield Finding(
            check="record",
            state=Health.WARNING,
            seen=f"last in {known.origin}, accepted {_moment(known.last_seen_at)}{missing}",
        )
    for reason in facts.reasons:
        yield Finding(
            check="rejected",
            state=Health.PROBLEM,
            seen=f"{reason.code}: {reason.message}",
            facts={"code": reason.code},
        )


def _rules(facts: Facts) -> Iterator[Finding]:
    """The rule of a field; of a team or learning path the rules that give it, else those that do not and why."""
    if facts.employee is not None and facts.subject.kind is SubjectKind.PERSON:
        out = "" if facts.employee.in_scope else ", out of scope"
        said = facts.employee.because or f"HR says: {facts.employee.status.value}"
        yield Finding(check="rule", state=Health.OK, seen=f"{said}{out}")
    for rule in _telling(facts):
        yield Finding(
            check="rule",
            state=Health.OK,
            seen=f"{rule.place.key} ({rule.place.where}): {told(rule)}",
            facts={"rule": rule.place.key, "where": rule.place.where},
        )


def _telling(facts: Facts) -> list[Traced]:
    subject, given = facts.subject, facts.given()
    match subject.kind:
        case SubjectKind.FIELD:
            rule = facts.rule()
            return [] if rule is None else [rule]
        case SubjectKind.TEAM:
            rules = [rule for rule in facts.rules if rule.place.key.startswith("teams[")]
        case SubjectKind.PATH | SubjectKind.COURSE:
            part = f"{subject.kind.item_kind}s["
            rules = [rule for rule in facts.rules if rule.place.key.startswith(part)]
        case _:
            return [rule for rule in facts.rules if rule.step("refused") is not None]
    return [rule for rule in rules if f"{rule.place.key}.".startswith(f"{given}.")] if given else rules


def _match(facts: Facts) -> Iterator[Finding]:
    if facts.user_id:
        when = "would be linked" if facts.linked_at is None else f"linked {_moment(facts.linked_at)}"
        yield Finding(
            check="match",
            state=Health.OK,
            seen=f"Litmos user {facts.user_id}, {when} by {facts.linked_by or 'a link that is gone'}",
        )
    elif facts.employee is not None:
        yield Finding(check="match", state=Health.WARNING, seen="no Litmos user is this person")


def _litmos(facts: Facts) -> Iterator[Finding]:
    user, subject = facts.user, facts.subject
    if user is None:
        return
    switched = "" if user.active else "; the user is inactive"
    match subject.kind:
        case SubjectKind.FIELD:
            seen = f"{subject.key} is {user.fields.get(subject.key, '')!r}"
        case SubjectKind.TEAM:
            seen = _in_team(facts)
        case SubjectKind.PATH | SubjectKind.COURSE:
            seen = _with_item(facts)
        case _:
            teams = ", ".join(sorted(facts.teams.values())) or "none"
            items = ", ".join(sorted(facts.item_names.get(one, one) for one in facts.items)) or "none"
            heads = "; ".join(
                f"{' and '.join(roles)} of {facts.teams.get(team, team)}"
                for team, roles in facts.roles.items()
            )
            state = "active" if user.active else "inactive"
            seen = f"{state}; teams: {teams}; learning paths and courses: {items}"
            seen += f"; {heads}" if heads else ""
            switched = ""
    yield Finding(
        check="litmos", state=Health.OK, seen=f"{seen}{switched} (read {_moment(facts.mirror_read_at)})"
    )


def _with_item(facts: Facts) -> str:
    started, result = facts.items.get(facts.subject.key), facts.results.get(facts.subject.key)
    if started is None:
        return "does not have it"
    if result is None or not result.completed:
        return "has it, " + ("started" if started else "not started")
    on = "" if result.completed_at is None else f" on {result.completed_at:%Y-%m-%d}"
    until = "" if result.compliant_until is None else f", counts until {result.compliant_until:%Y-%m-%d}"
    return f"has it, completed{on}{until}"


def _resets(facts: Facts) -> Iterator[Finding]:
    """When the rule that gives a course resets it, or why it does not."""
    rule, decision = facts.given(), facts.reset
    if decision is None:
        return
    on_leave = ", but nobody is reset while on leave" if facts.employee and facts.employee.away else ""
    when = "" if decision.due is None else f": {decision.because}, from {_moment(decision.due)} on"
    yield Finding(
        check="reset",
        state=Health.OK,
        seen=f"{rule} resets it: {decision.verdict}{when}{on_leave}",
        facts={"rule": rule, "verdict": decision.verdict.value},
    )


def _in_team(facts: Facts) -> str:
    team = facts.subject.key
    if facts.has():
        return "is in the team" + (f", as {' and '.join(facts.roles[team])}" if team in facts.roles else "")
    if team in facts.unread:
        return "is perhaps in the team: its members were never read"
    return "is not in the team"


def _plan(facts: Facts, describe: Describe) -> Iterator[Finding]:
    by_policy = f"by push.policy: {facts.policy.value}: "
    for check, changes, lead in (
        ("plan", facts.planned(), ""),
        ("withheld", facts.kept_back(), by_policy),
    ):
        for change in changes:
            yield Finding(
                check=check,
                state=Health.WARNING,
                seen=lead + describe(change),
                facts={"change": change.key, "rule": change.rule},
            )
    for skip in facts.skipped():
        yield Finding(
            check="skipped",
            state=Health.WARNING,
            seen=f"{skip.code}: {skip.message}",
            facts={"code": skip.code},
        )
    if any(change.key in facts.held for change in facts.planned()):
        for hold in facts.holds:
            yield Finding(
                check="limit",
                state=Health.WARNING,
                seen=f"{hold.code}: {hold.message}",
                facts={"code": hold.code},
            )
    if facts.subject.kind.item_kind is not None:
        for problem in facts.problems:
            if f'"{facts.subject.name}"' in problem:
                yield Finding(check="problem", state=Health.PROBLEM, seen=problem)


def _training(facts: Facts) -> Iterator[Finding]:
    if facts.subject.kind in {SubjectKind.PERSON, SubjectKind.COURSE}:
        yield from facts.training


def _history(facts: Facts, describe: Describe) -> Iterator[Finding]:
    for one in facts.past():
        yield Finding(
            check="history",
            state=Health.PROBLEM if one.state == "failed" else Health.OK,
            seen=f"run {one.run_id}, {_moment(one.at)}, {one.actor}: {describe(one.change)}: {_became(one)}",
            facts={
                "run": one.run_id,
                "job": one.job_id,
                "change": one.change.key,
                "state": one.state,
                "code": one.code,
            },
        )


def _became(one: Happened) -> str:
    """What became of a Change: its state, the request that carried it, and what Litmos said."""
    state = one.state
    if one.state == "held" and not one.waits:
        state = f"held, and the run {one.run_state}"
    said = " ".join(
        part
        for part in (
            one.code,
            f"HTTP {one.status}" if one.status else "",
            without_status(one.message, one.status),
        )
        if part
    )
    text = f"{state}: {said}" if said else state
    if one.job_id is None:
        return text
    tries = count(one.attempts, "attempt") if one.attempts != 1 else "one attempt"
    return f"{text} (job {one.job_id} {one.request}, {one.job_state}, {tries})"


def _grants(facts: Facts) -> Iterator[Finding]:
    """Who gave the team or learning path that is asked about; of a person, what syncd gave and what others gave."""
    match facts.subject.kind:
        case SubjectKind.FIELD:
            return
        case SubjectKind.PERSON:
            given = {one.object_id for one in facts.grants}
            held = {**facts.teams, **{one: facts.item_names.get(one, one) for one in facts.items}}
            foreign = sorted(name for one, name in held.items() if one not in given)
            if foreign:
                yield Finding(
                    check="grant", state=Health.OK, seen=f"not given by syncd: {', '.join(foreign)}"
                )
        case _:
            grant = facts.grant()
            for one in facts.grants:
                if one.object_id == facts.subject.key and one.kind in facts.roles.get(one.object_id, ()):
                    made = f"made {one.kind} by syncd, {_moment(one.at)}"
                    yield Finding(check="grant", state=Health.OK, seen=made, facts={"run": one.run_id})
            if grant is not None:
                yield Finding(
                    check="grant",
                    state=Health.OK,
                    seen=f"{grant.by.replace('syncd gave it', 'given by syncd')}, {_moment(grant.at)}",
                    facts={"run": grant.run_id, "rule": grant.rule},
                )
            elif facts.has():
                yield Finding(check="grant", state=Health.OK, seen="given by somebody else, not by syncd")


def _drift(facts: Facts) -> Iterator[Finding]:
    subject = facts.subject
    for one in facts.drift:
        about = {SubjectKind.FIELD: one.field, SubjectKind.PERSON: ""}.get(subject.kind, one.object_id)
        if about == subject.key:
            where = "" if not one.object_id or about else f" {one.object_id}"
            yield Finding(
                check="drift",
                state=Health.WARNING,
                seen=f"somebody changed{where} {one.field}: {one.before!r} -> {one.after!r} in Litmos, "
                f"seen by run {one.run_id}, {_moment(one.at)}",
                facts={"run": one.run_id, "field": one.field},
            )


def _moment(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M}Z"
