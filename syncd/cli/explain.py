"""Commands that explain: preview (what the mapping makes of one person now), and why (how things came to be as they are)."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, JsonOption, opened
from syncd.cli.exits import Exit
from syncd.cli.output import ago, note, plain, say, show_json

EmployeeArgument = Annotated[
    str, typer.Argument(metavar="EMPLOYEE", help="The employee id, with its leading zeros.")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(preview)
    app.command()(why)


def why(
    employee: EmployeeArgument,
    about: Annotated[
        str,
        typer.Argument(
            metavar="[FIELD|TEAM|PATH|COURSE]", help="A Litmos field, team, learning path or course."
        ),
    ] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say why a person, a field, a team or a learning path is as it is, and why nothing happened; only reads."""
    with opened(config) as app:
        from syncd.core.answer import UNKNOWN
        from syncd.core.telling import describe
        from syncd.core.why import why as explain
        from syncd.insight.inquiry import inquire

        facts = inquire(app, employee, about)
        found = explain(facts, lambda change: describe(change, facts.item_names))
        if json:
            subject = {"kind": facts.subject.kind.value, "name": facts.subject.name}
            show_json(
                {
                    "employee_id": facts.employee_id,
                    "subject": subject,
                    "findings": [asdict(one) for one in found],
                }
            )
        else:
            _say_why(facts, found)
        if found[0].facts["code"] == UNKNOWN:
            raise typer.Exit(Exit.FAILED)


def _say_why(facts: Any, found: Any) -> None:
    first, *rest = found
    kind = facts.subject.kind.value.replace("path", "learning path")
    of = f", {kind} {facts.subject.name}" if facts.subject.name else ""
    say(f"Employee {plain(facts.employee_id)}{plain(of)}: {plain(first.seen)}  [{first.facts['code']}]")
    for one in rest:
        say(f"  {one.check:<8} {plain(one.seen)}")
    if first.next:
        note(f"Next: {plain(first.next)}")


def preview(employee: EmployeeArgument, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Run the mapping now for one person, step by step, and show what a push would do for them; only reads."""
    with opened(config) as app:
        from syncd.insight.inquiry import preview as look

        found = look(app, employee)
        if json:
            from syncd.insight.previewed import preview_data

            show_json(preview_data(found))
            return
        for row in found.rows:
            _show_row(row)
        _show_outcome(found)
        for lesson in found.lessons:
            _show_lesson(lesson)
        _show_plan(found)


def _show_row(row: Any) -> None:
    from syncd.core.trace import told

    say(f"{plain(row.origin)}: " + plain(", ".join(f"{column}={cell!r}" for column, cell in row.cells)))
    width = max((len(rule.place.key) for rule in row.rules), default=0)
    for rule in row.rules:
        say(f"  {rule.place.key:<{width}}  {plain(told(rule))}  [{plain(rule.place.where)}]")


def _show_lesson(lesson: Any) -> None:
    from syncd.core.trace import told

    cells = ", ".join(f"{column}={cell!r}" for column, cell in lesson.cells)
    say(f"Training: {plain(lesson.origin)}: {plain(cells)}")
    width = max((len(rule.place.key) for rule in lesson.steps), default=0)
    for rule in lesson.steps:
        say(f"  {rule.place.key:<{width}}  {plain(told(rule))}")
    say(f"  {lesson.code.replace('_', ' ')}: {plain(lesson.outcome)}")


def _show_outcome(found: Any) -> None:
    for reason in found.reasons:
        say(f"Rejected: {reason.code}: {plain(reason.message)}")
    employee = found.employee
    if employee is not None:
        if len(found.intake.inputs) > 1:
            passed = [row.origin for row in found.rows if row.origin != employee.origin]
            others = f"; passed over: {plain(', '.join(passed))}" if passed else ""
            say(f"Source: {plain(employee.source)} ({plain(employee.origin)}){others}")
        said = f"  [{plain(employee.because)}]" if employee.because else ""
        say(f"Status: {employee.status.value}{'' if employee.in_scope else ', out of scope'}{said}")
        for wish in employee.teams:
            say(f'Team: "{plain(" > ".join(wish.names))}"  [{wish.rule}]')
        for one in employee.items:
            say(f'{one.item.kind.label.capitalize()}: "{plain(one.item.name)}"  [{one.rule}]')
    match = found.match
    if match.user_id:
        when = "would be linked" if match.made_at is None else f"linked {ago(match.made_at, found.now)},"
        say(f"Litmos user: {match.user_id}, {when} by {plain(match.made_by)}")
    else:
        say("Litmos user: none")


def _show_plan(found: Any) -> None:
    from syncd.cli.show_plan import GLYPHS
    from syncd.core.limits import Policy
    from syncd.core.telling import describe

    names = found.draft.item_names
    read = (
        ""
        if found.mirror_read_at is None
        else f", with Litmos as read {ago(found.mirror_read_at, found.now)}"
    )
    say(f"A push would now{read}:")
    for change in found.changes:
        say(f"  {GLYPHS[change.action]} {plain(describe(change, names))}")
    for change in found.withheld:
        say(f"  withheld by push.policy: {plain(describe(change, names))}")
    for skip in found.skips:
        say(f"  {skip.code}: {plain(skip.message)}")
    if not (found.changes or found.withheld or found.skips):
        say("  change nothing" + (", for the row is rejected" if found.reasons else ""))
    waits = [change for change in found.changes if change.key in found.draft.plan.held]
    for hold in found.draft.plan.holds if waits else ():
        say(
            f"  but hold {'it' if len(waits) == len(found.changes) else 'some of it'}: {hold.code}: {hold.message}"
        )
    if found.policy is Policy.OBSERVE:
        say("  but send nothing: push.policy is observe")
    for request in found.requests:
        shared = len(request.changes) - len({c.key for c in found.changes}.intersection(request.changes))
        others = f", with {shared} changes of others" if shared else ""
        say(f"  request: {request.kind.value}{others}")
    if found.mirror_read_at is None:
        note("Litmos was never read; first: syncd refresh")
