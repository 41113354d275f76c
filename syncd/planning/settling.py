"""Settling: whom the next push need not look at, remembered in the transaction that takes an input for good."""

from collections.abc import Collection

from sqlalchemy import Connection

from syncd.app import App
from syncd.core.match import comparable
from syncd.core.narrowing import due_at, is_at_rest, to_facts
from syncd.core.recording import WAITING
from syncd.intake import Intake
from syncd.planning.narrowing import digest_of
from syncd.planning.planner import Draft
from syncd.store import cases, settled
from syncd.store.settled import Settled

LASTING = frozenset({"LEFT"}) | WAITING
"""Codes of Skips that are so until something happens (of leavers who never had an account there may be very many), or that are
judged anew by every push in any case.
"""


def settle(conn: Connection, app: App, intake: Intake, made: Draft) -> None:
    """Remember with whom nothing is left to do.

    Nobody about whom a Job has ended, or a person has decided, since the Plan was made: it may be made from what was there
    before. A Job that had not ended by then may say that it ended before.
    """
    account, source = app.account, intake.inputs[0].source
    if intake.at_rest is None and not intake.marks:
        settled.forget_facts(conn, account)
        return
    restless = {change.employee_id for change in made.difference.changes}
    restless |= {skip.employee_id for skip in made.difference.skips if skip.code not in LASTING}
    restless |= made.untouched | made.underway | settled.worked_on(conn, account, made.as_of)
    restless |= cases.decided_since(conn, account, made.as_of)
    found = []
    for who, employee in made.employees.items():
        if who not in intake.marks:
            continue
        mark, user_id = intake.marks[who], made.matching.links.get(who, "")
        quiet = not made.desired.problems and who not in restless and is_at_rest(employee, user_id)
        found.append(
            Settled(
                employee_id=who,
                row_hash=mark.row_hash,
                filled=mark.filled,
                at_rest=quiet,
                due_at=due_at(employee.turns_on),
                user_id=user_id,
                id_key=comparable(who),
                manager=employee.manager or "",
            )
        )
    gone = None if intake.at_rest is None else intake.at_rest.missing
    settled.save(conn, account, source, found, gone=gone)
    others = intake.looked_at.difference(one.employee_id for one in found)
    settled.disturb_people(conn, account, others)
    settled.expect(conn, account, source, None if gone is None else others)
    columns = intake.inputs[0].fingerprint.columns
    facts = to_facts(intake.managed, made.desired.strict_teams, made.measure)
    settled.keep_facts(conn, account, source, digest_of(app, columns), facts)


def unsettle(conn: Connection, app: App, source: str, people: Collection[str]) -> None:
    """These were taken without everybody else: the next push looks at them, or misses them."""
    settled.disturb_people(conn, app.account, people)
    settled.expect(conn, app.account, source, people)
