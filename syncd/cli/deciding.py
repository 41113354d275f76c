"""Commands that decide about what a Run holds: approve, reject; all of it, or a part."""

import shlex
import sys
from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, JsonOption, actor, opened
from syncd.cli.exits import Exit
from syncd.cli.flows import report, send
from syncd.cli.output import note, say

OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", help="Only these changes: deactivations, creates, memberships_added, ... as in push.limits."
    ),
]
EmployeeOption = Annotated[list[str] | None, typer.Option("--employee", help="Only this employee's changes.")]
FieldOption = Annotated[list[str] | None, typer.Option("--field", help="Only changes of this Litmos field.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (approve, reject):
        app.command()(command)


def approve(
    run: Annotated[int, typer.Argument(help="The held run.")],
    config: ConfigOption = None,
    json: JsonOption = False,
    digest: Annotated[
        str | None, typer.Option(help="Approve only if the plan still has this digest.")
    ] = None,
    only: OnlyOption = None,
    employee: EmployeeOption = None,
    field: FieldOption = None,
    confirm_count: Annotated[
        int | None, typer.Option(help="How many people lose access by it, where that is more than the limit.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Send now, or leave it to syncd serve.")
    ] = True,
) -> None:
    """Let a held run go, or a part of it. What became stale meanwhile is not sent."""
    choice = _choice(only, employee, field)
    with opened(config) as app:
        from syncd.planning.approval import approve as let_go
        from syncd.planning.approval import losing

        number = losing(app, run, choice, seen_digest=digest)
        if number:
            chosen = _said_again(only, employee, field)
            confirm_count = _confirmed(f"syncd approve {run}{chosen}", number, confirm_count)
        sent, stale = let_go(app, run, actor=actor(), seen_digest=digest, choice=choice, losing=confirm_count)
        if not json:
            say(
                f"Run {run}: approved; {sent} changes are sent"
                + (f", {stale} had become stale" if stale else "")
            )
        if wait:
            send(app, run)
        report(app, run, json=json)


def reject(
    run: Annotated[int, typer.Argument(help="The held run.")],
    config: ConfigOption = None,
    reason: Annotated[str, typer.Option(help="Why, for the sync log.")] = "",
    only: OnlyOption = None,
    employee: EmployeeOption = None,
    field: FieldOption = None,
) -> None:
    """Cancel what a run holds, or a part of it and what needs that: it is not sent."""
    choice = _choice(only, employee, field)
    with opened(config) as app:
        from syncd.planning.approval import reject as cancel

        number = cancel(app, run, actor=actor(), reason=reason or "no reason given", choice=choice)
        say(f"Run {run}: {number} changes rejected; nothing of them was sent. The next push plans again.")


def _choice(only: list[str] | None, employee: list[str] | None, field: list[str] | None) -> Any:
    """What of a held run is meant; all of it if nothing is said."""
    from syncd.core.holding import CLASSES, Choice

    unknown = sorted(set(only or ()) - set(CLASSES))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(CLASSES)}", param_hint="--only")
    return Choice(
        classes=frozenset(only or ()), employees=frozenset(employee or ()), fields=frozenset(field or ())
    )


def _said_again(only: list[str] | None, employee: list[str] | None, field: list[str] | None) -> str:
    """The options of a choice, to be typed again."""
    options = (("--only", only), ("--employee", employee), ("--field", field))
    return "".join(f" {name} {shlex.quote(value)}" for name, values in options for value in values or ())


def _confirmed(command: str, number: int, said: int | None) -> int:
    """The number of people who lose access, as the person has typed it; exit 2 if it is another, or was not typed.

    ``command`` is what they typed, without the number.
    """
    people = "1 person" if number == 1 else f"{number} people"
    if said is None and sys.stdin.isatty():
        said = typer.prompt(f"{people} would lose access. Type that number to approve it", type=int, err=True)
    if said != number:
        note(
            f"{people} would lose access by a run that exceeds the limit; nothing was approved. If that is right: "
            f"{command} --confirm-count {number}"
        )
        raise typer.Exit(Exit.USAGE)
    return number
