"""Commands that decide about what a Run holds: approve, reject; all of it, or a part."""

import shlex
import sys
from typing import Annotated, Any

import typer

from syncd.cli.common import LARGEST, ConfigOption, JsonOption, actor, opened
from syncd.cli.exits import Exit
from syncd.cli.flows import report
from syncd.cli.output import note, plain, say, show_json
from syncd.cli.sending import send

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
    run: Annotated[int, typer.Argument(help="The held run.", max=LARGEST)],
    config: ConfigOption = None,
    json: JsonOption = False,
    digest: Annotated[
        str | None, typer.Option(help="Approve only if the plan still has this digest.")
    ] = None,
    only: OnlyOption = None,
    employee: EmployeeOption = None,
    field: FieldOption = None,
    confirm_count: Annotated[
        int | None,
        typer.Option(
            help="How many people lose access by it, or how many changes it sends, where that number is asked for."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Send now, or leave it to syncd serve.")
    ] = True,
) -> None:
    """Let a held run go, or a part of it. What became stale meanwhile is not sent."""
    choice = _choice(only, employee, field)
    with opened(config) as app:
        from syncd.planning.approval import approve as let_go
        from syncd.planning.approval import asked, made_of_input

        confirm = asked(app, run, choice, seen_digest=digest)
        if confirm is not None:
            with app.database.read() as conn:
                makes = made_of_input(conn, app.account, run)
            if makes:
                note(makes)
            chosen = _said_again(only, employee, field)
            _must_be_typed(f"syncd approve {run}{chosen}", confirm, confirm_count)
        sent, stale = let_go(
            app,
            run,
            actor=actor(),
            seen_digest=digest,
            choice=choice,
            confirmed=None if confirm is None else confirm.number,
        )
        hindrance = _not_reached(app) if wait and sent else ""
        told = f"Run {run}: approved; {_becomes(sent, waits=bool(hindrance) or not wait)}"
        if not json:
            say(told + (f", {stale} had become stale" if stale else ""))
        if hindrance:
            if json:
                show_json({"run": run, "approved": sent, "stale": stale, "sent": 0, "error": hindrance})
            note(
                f"Litmos is not reached, so nothing was sent yet: {plain(hindrance)}. It need not be approved again: "
                "syncd serve sends it once Litmos answers, and so does syncd push; is it well? syncd doctor"
            )
            raise typer.Exit(Exit.UNREACHABLE)
        if wait:
            send(app, run)
        report(app, run, json=json)


def _becomes(number: int, *, waits: bool) -> str:
    from syncd.core.telling import number_of

    one = number == 1
    does = ("waits" if one else "wait") + " in the queue" if waits else "is sent" if one else "are sent"
    return f"{number_of(number, 'change', 'changes')} {does}"


def _not_reached(app: Any) -> str:
    """Why Litmos cannot be asked now, so that nobody waits in vain; "" if it answers, if only to refuse the key, or to put it off."""
    from syncd.errors import Limited, LitmosError, Unauthorized

    try:
        app.target.read_team("none")
    except (Unauthorized, Limited):  # sending pauses or waits for it, and says what to do
        return ""
    except LitmosError as error:
        return str(error)
    return ""


def reject(
    run: Annotated[int, typer.Argument(help="The held run.", max=LARGEST)],
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


def _must_be_typed(command: str, confirm: Any, said: int | None) -> None:
    """The number is typed, or was given as ``said``; exit 2 if it is another, or there is none.

    ``command`` is what they typed, without the number.
    """
    if said is None and sys.stdin.isatty():
        said = typer.prompt(f"{confirm.told}. Type that number to approve it", type=int, err=True)
    if said != confirm.number:
        note(
            f"{confirm.told} by a run that is held for it; nothing was approved. If that is right: "
            f"{command} --confirm-count {confirm.number}"
        )
        raise typer.Exit(Exit.USAGE)
