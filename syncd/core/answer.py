"""Answer: why a person, a field, a team or a learning path is as it is, in one sentence, with the next command to type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncd.core.account import OFF, same
from syncd.core.facts import Facts
from syncd.core.finding import Finding, Health
from syncd.core.limits import Policy
from syncd.core.managers import CAUSES
from syncd.core.model import Employee
from syncd.core.profile import PROFILE_FIELDS
from syncd.core.subject import SubjectKind
from syncd.core.telling import without_status

LIVE = frozenset({"blocked", "available", "running", "uncertain"})
"""The states of a Job that is not done."""

UNKNOWN = "UNKNOWN-PERSON"
"""The code of an answer about nobody who is known."""

NEXT: Mapping[str, str] = {
    "SOURCE-UNREADABLE": "syncd doctor",
    UNKNOWN: "syncd quarantine",
    "CASE": "syncd cases show {employee}",
    "REJECTED": "syncd preview {employee}",
    "ABSENT-IGNORED": "syncd config show",
    "ABSENT-COUNTED": "syncd config show",
    "NEVER-READ": "syncd refresh",
    "PAUSED": "syncd status",
    "SETTLING": "syncd jobs --run {run}",
    "QUEUED": "syncd jobs --run {run}",
    "HELD": "syncd runs show {run}",
    "FAILED": "syncd runs show {run}",
    "OBSERVED": "syncd config show",
    "LIMITED": "syncd plan",
    "PLANNED": "syncd push --only {employee}",
    "WITHHELD": "syncd config show",
    "PROTECTED": "syncd config show",
    "OUT-OF-SCOPE": "syncd preview {employee}",
    "LEFT": "syncd preview {employee}",
    "LEAVE": "syncd preview {employee}",
    "FUTURE": "syncd preview {employee}",
    "LEAVING": "syncd preview {employee}",
    "UNCLEAR": "syncd config show",
    "ITEM-STARTED": "syncd preview {employee}",
    "OVERLAP": "syncd config show",
    "FLAPPING": "syncd employees show {employee}",
    "RESET-UNDATED": "syncd config show",
    "RESET-TOO-SHORT": "syncd config show",
    **dict.fromkeys(CAUSES, "syncd preview {employee}"),
    "ITEM-UNKNOWN": "syncd refresh",
    "NO-USER": "syncd preview {employee}",
    "NOT-MAPPED": "syncd config show",
    "NOT-SAID": "syncd preview {employee}",
    "WHEN-NOT": "syncd preview {employee}",
    "ON-CREATE": "syncd config show",
    "IF-EMPTY": "syncd config show",
    "REPORT-ONLY": "syncd config show",
    "NO-VALUE": "syncd preview {employee}",
    "NO-RULE": "syncd preview {employee}",
    "FOREIGN": "syncd config show",
    "KEPT": "syncd preview {employee}",
    "UNMANAGED": "syncd config show",
    "GIVEN": "",
    "IN-STEP": "",
}
"""Every answer by its code, with the next command. Codes of Skips that are not here are answered with ``syncd preview``."""

OK = frozenset({"GIVEN", "IN-STEP"})
PROBLEMS = frozenset({"SOURCE-UNREADABLE", "REJECTED", "FAILED", "PAUSED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``code`` is stable, ``seen`` a sentence, ``run_id`` the Run it speaks of."""

    code: str
    seen: str
    run_id: int | None = None


def answer(facts: Facts) -> Finding:
    """The first of these that is so:

    ==================================================  =================================
    what is known                                       code
    ==================================================  =================================
    HR cannot be read                                   SOURCE-UNREADABLE
    nobody ever named the person                        UNKNOWN-PERSON
    the row is rejected                                 REJECTED; CASE if a person must decide who it is
    Litmos was never read                               NEVER-READ
    a Job about it is not done yet                      PAUSED, SETTLING or QUEUED
    a push would change it, and a Run holds that        HELD
    a push would change it, and the last one failed     FAILED
    a push would change it                              OBSERVED, LIMITED or PLANNED
    the Policy withholds it                             WITHHELD
    the person, or the object, is skipped               the Skip's own code
    the person is missing from HR                       ABSENT-COUNTED or ABSENT-IGNORED
    the person has left, or is on leave                 LEFT or LEAVE
    else, by what is asked about                        see ``_of_field`` and ``_of_object``
    ==================================================  =================================
    """
    found = next(one for check in CHECKS if (one := check(facts)) is not None)
    state = Health.OK if found.code in OK else Health.PROBLEM if found.code in PROBLEMS else Health.WARNING
    command = NEXT.get(found.code, "syncd preview {employee}")
    if found.code == UNKNOWN and facts.alike:
        command = f"syncd why {facts.alike[0]}"
    return Finding(
        check="answer",
        state=state,
        seen=found.seen,
        next=command.format(employee=facts.employee_id, run=found.run_id),
        facts={"code": found.code, "run": found.run_id},
    )


def _unreadable(facts: Facts) -> Answer | None:
    if not facts.unreadable:
        return None
    return Answer(code="SOURCE-UNREADABLE", seen=f"HR cannot be read now: {facts.unreadable}")


def _unknown(facts: Facts) -> Answer | None:
    if facts.origins or facts.known or facts.reasons or facts.history or facts.user_id:
        return None
    hint = (
        f"did you mean {' or '.join(facts.alike)}?"
        if facts.alike
        else "a row with an unreadable id is in quarantine"
    )
    return Answer(
        code=UNKNOWN,
        seen=f"no row of {facts.input_name} ({facts.input_rows} rows) has this employee id, and none had; {hint}",
    )


def _rejected(facts: Facts) -> Answer | None:
    if not facts.reasons:
        return None
    codes = ", ".join(dict.fromkeys(reason.code for reason in facts.reasons))
    if facts.is_case:
        return Answer(
            code="CASE", seen=f"a person must decide which Litmos user this is ({codes}); all stays as it is"
        )
    return Answer(
        code="REJECTED", seen=f"HR's row is rejected ({codes}): all stays as it is until the row is right"
    )


def _never_read(facts: Facts) -> Answer | None:
    if facts.mirror_read_at is not None:
        return None
    return Answer(code="NEVER-READ", seen="Litmos was never read, so nothing can be compared with it")


def _waiting(facts: Facts) -> Answer | None:
    live = next((one for one in facts.past() if one.job_state in LIVE), None)
    if live is None:
        return None
    which = f"the change of run {live.run_id}"
    if facts.paused:
        return Answer(
            code="PAUSED", seen=f"{which} waits, for the queue is paused: {facts.paused}", run_id=live.run_id
        )
    if live.job_state == "uncertain":
        seen = f"{which} was sent and not answered; Litmos is read before anything is written again"
        return Answer(code="SETTLING", seen=seen, run_id=live.run_id)
    return Answer(code="QUEUED", seen=f"{which} is in the queue, and not sent yet", run_id=live.run_id)


def _held(facts: Facts) -> Answer | None:
    planned = {change.key for change in facts.planned()}
    held = next((one for one in facts.past() if one.waits and one.change.key in planned), None)
    if held is None:
        return None
    return Answer(
        code="HELD",
        seen=f"run {held.run_id} would change it, and holds it until a person approves",
        run_id=held.run_id,
    )


def _failed(facts: Facts) -> Answer | None:
    for change in facts.planned():
        last = next((one for one in facts.past() if one.change.key == change.key and one.job_state), None)
        if last is not None and last.state == "failed" and last.change.action is change.action:
            said = without_status(last.message, last.status)
            status = f", HTTP {last.status}" if last.status else ""
            return Answer(
                code="FAILED",
                seen=f"run {last.run_id} tried, and it failed ({last.code}{status}): {said}; the next push tries again",
                run_id=last.run_id,
            )
    return None


def _planned(facts: Facts) -> Answer | None:
    planned = facts.planned()
    if not planned:
        return None
    if facts.policy is Policy.OBSERVE:
        return Answer(code="OBSERVED", seen="it is planned, and push.policy: observe sends nothing")
    if any(change.key in facts.held for change in planned):
        why = "; ".join(f"{hold.code}: {hold.message}" for hold in facts.holds)
        return Answer(code="LIMITED", seen=f"it is planned, and the next push would hold it: {why}")
    reason = next((change.reason for change in planned if change.employee_id), planned[0].reason)
    return Answer(code="PLANNED", seen=f"the next push does it: {reason}")


def _withheld(facts: Facts) -> Answer | None:
    kept = facts.kept_back()
    if not kept:
        return None
    actions = ", ".join(dict.fromkeys(change.action.value for change in kept))
    return Answer(
        code="WITHHELD", seen=f"push.policy: {facts.policy.value} does not let it through ({actions})"
    )


def _skipped(facts: Facts) -> Answer | None:
    skip = next(iter(facts.skipped()), None)
    return None if skip is None else Answer(code=skip.code, seen=skip.message)


def _absent(facts: Facts) -> Answer | None:
    if facts.origins or facts.employee is not None:
        return None
    since, count = "", 0
    if facts.known is not None:
        count = facts.known.absent_count
        since = f" since {facts.known.absent_since:%Y-%m-%d}" if facts.known.absent_since else ""
    gone = f"no row of {facts.input_name} names this person{since}"
    if not facts.absence.deactivates:
        return Answer(
            code="ABSENT-IGNORED", seen=f"{gone}, and employee.absent ignores that: all stays as it is"
        )
    rule = facts.absence
    return Answer(
        code="ABSENT-COUNTED",
        seen=f"{gone}; counted in {count} accepted inputs, and deactivated after {rule.after_files} over {rule.after_hours:g} h",
    )


def _left(facts: Facts) -> Answer | None:
    employee = facts.employee
    if employee is None or employee.status not in OFF:
        return None
    account = "there is no Litmos user" if facts.user is None else "the Litmos user is inactive"
    said = employee.because or f"HR says: {employee.status}"
    return Answer(code=employee.status.upper(), seen=f"{said}; {account}, and everything else stays as it is")


def _by_subject(facts: Facts) -> Answer:
    if facts.user is None:
        return Answer(code="NO-USER", seen="there is no Litmos user, and no rule makes one now")
    match facts.subject.kind:
        case SubjectKind.FIELD:
            return _of_field(facts)
        case SubjectKind.TEAM | SubjectKind.PATH | SubjectKind.COURSE:
            return _of_object(facts)
        case _:
            return Answer(code="IN-STEP", seen="in step with HR: nothing differs")


def _of_field(facts: Facts) -> Answer:
    """A field of a linked, active person that no push would change.

    ======================================  ============
    the rule                                code
    ======================================  ============
    there is none                           NOT-MAPPED
    asks for a column that is not there     NOT-SAID
    is not for this person                  WHEN-NOT
    makes nothing (skipped, blank kept)     NO-VALUE
    makes what Litmos has                   IN-STEP
    sets it at creation only                ON-CREATE
    sets it while Litmos has nothing        IF-EMPTY
    only reports a difference               REPORT-ONLY
    else                                    KEPT
    ======================================  ============
    """
    name, employee = facts.subject.key, facts.employee
    rule = facts.rule()
    have = "" if facts.user is None else facts.user.fields.get(name, "")
    if rule is None or employee is None:
        known = "" if name in PROFILE_FIELDS else ", and Litmos has no such field that syncd may write"
        return Answer(
            code="NOT-MAPPED", seen=f"no rule makes {name}{known}: what is not mapped is not touched"
        )
    unsaid = rule.step("absent")
    if unsaid is not None:
        return Answer(
            code="NOT-SAID",
            seen=f'the field is optional, and HR has no column "{unsaid.made}" now, so Litmos keeps {have!r}',
        )
    if not rule.applies:
        seen = rule.step("seen")
        return Answer(
            code="WHEN-NOT",
            seen=f"the rule is not for this person ({'' if seen is None else seen.made}), so Litmos keeps {have!r}",
        )
    if name not in employee.fields:
        return Answer(code="NO-VALUE", seen=f"the rule makes no value here, so Litmos keeps {have!r}")
    wanted = employee.fields[name]
    if same(name, have, wanted):
        return Answer(code="IN-STEP", seen=f"HR says {wanted!r}, and Litmos has {have!r}")
    code, why = next(
        ((code, why) for code, names, why in _lasting(employee) if name in names),
        ("KEPT", "a push leaves it as it is"),
    )
    return Answer(code=code, seen=f"HR says {wanted!r}, Litmos has {have!r}: {why}")


def _lasting(employee: Employee) -> tuple[tuple[str, frozenset[str], str], ...]:
    """Code, fields, and why a difference in them stays."""
    return (
        ("ON-CREATE", employee.create_only, "the rule sets it when a user is created, and never again"),
        ("IF-EMPTY", employee.if_empty, "the rule sets it only while Litmos has nothing"),
        ("REPORT-ONLY", employee.report_only, "the rule only reports a difference"),
    )


def _of_object(facts: Facts) -> Answer:
    """A team or learning path of a linked, active person that no push would change.

    ==========  ===========  ===================================  ===============
    the rules   Litmos       besides                              code
    ==========  ===========  ===================================  ===============
    give it     has it                                            GIVEN
    give it     has it not   a rule could not be followed         ITEM-UNKNOWN
    give it     has it not   no reason is known                   KEPT
    do not      has it       one of their teams gives it          GIVEN
    do not      has it       syncd gave it, and may not take it   KEPT
    do not      has it       somebody else gave it                FOREIGN
    do not      unknown      its people were never read           UNMANAGED
    do not      has it not                                        NO-RULE
    ==========  ===========  ===================================  ===============
    """
    subject, rule, grant = facts.subject, facts.given(), facts.grant()
    by = "somebody else gave it" if grant is None else grant.by
    if rule and facts.has():
        return Answer(code="GIVEN", seen=f"{rule} gives it, and Litmos has it: {by}")
    if rule:
        problem = next((one for one in facts.problems if f'"{subject.name}"' in one), "")
        if problem:
            return Answer(code="ITEM-UNKNOWN", seen=problem)
        return Answer(code="KEPT", seen=f"{rule} gives it, and a push leaves it as it is")
    if subject.key in facts.unread:
        return Answer(
            code="UNMANAGED",
            seen="no rule names it for anybody, so syncd neither reads nor changes who has it",
        )
    if not facts.has():
        return Answer(code="NO-RULE", seen="no rule gives it to this person, and Litmos does not have it")
    if grant is not None and grant.team:
        return Answer(code="GIVEN", seen=f"no rule gives it to this person singly; {grant.by}")
    if grant is not None:
        return Answer(code="KEPT", seen=f"no rule gives it any more; {by}, and a push leaves it")
    return Answer(code="FOREIGN", seen=f"no rule gives it; {by}, and `remove: own` leaves what others gave")


CHECKS: tuple[Callable[[Facts], Answer | None], ...] = (
    _unreadable,
    _unknown,
    _rejected,
    _never_read,
    _waiting,
    _held,
    _failed,
    _planned,
    _withheld,
    _skipped,
    _absent,
    _left,
    _by_subject,
)
