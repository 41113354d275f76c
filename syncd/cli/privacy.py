"""Commands about privacy: forgetting a person, and what they are called in the log."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.common import ConfigOption, JsonOption, actor, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import note, say, show_json, table

if TYPE_CHECKING:
    from syncd.store.vacuuming import Vacuumed


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (purge, pseudonym):
        app.command()(command)


def purge(
    employee: Annotated[str, typer.Argument(help="The employee id.")],
    config: ConfigOption = None,
    json: JsonOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed without a terminal.")] = False,
    even_though_present: Annotated[
        bool,
        typer.Option("--even-though-present", help="Although HR still names them, and will be read again."),
    ] = False,
) -> None:
    """Erase a person from syncd's own database and its kept inputs, and show what is left. Litmos is not touched."""
    with store_of(config) as (loaded, database):
        from syncd.insight.forgetting import check
        from syncd.insight.forgetting import purge as forget
        from syncd.wiring import archive_of

        account = loaded.litmos.account
        check(database, account, employee, even_though_present=even_though_present)
        if not yes and not _typed(employee):
            note(f"Nothing was erased. If it is meant: syncd purge {employee} --yes")
            raise typer.Exit(Exit.USAGE)
        done = forget(database, account, archive_of(loaded), employee, actor=actor())
        counts = {
            name: (done.purge.erased[name], done.purge.replaced[name])
            for name in sorted({*done.purge.erased, *done.purge.replaced})
            if done.purge.erased[name] or done.purge.replaced[name]
        }
        if json:
            show_json(
                {
                    "pseudonym": done.pseudonym,
                    "erased": {name: rows for name, (rows, _) in counts.items()},
                    "replaced": {name: rows for name, (_, rows) in counts.items()},
                    "inputs": done.inputs,
                    "left": [{"table": name, "rows": rows, "why": why} for name, rows, why in done.left],
                    "vacuumed": list(done.vacuumed.done),
                    "vacuum": done.vacuumed.statement,
                }
            )
            return
        table(("table", "rows erased", "mentions replaced"), [(name, *pair) for name, pair in counts.items()])
        say(f"Kept inputs that named them, and are gone: {done.inputs}")
        say(f"In the audit and the log this person is {done.pseudonym}")
        if done.left:
            say("What still mentions them:")
            table(("table", "rows", "why"), done.left)
        else:
            say("No table mentions them any more.")
        _tell_vacuumed(done.vacuumed)
        note(
            "Not reached: Litmos itself, HR, what sinks were given, copies and backups of the database (docs/privacy.md)"
        )


def _tell_vacuumed(vacuumed: "Vacuumed") -> None:
    if vacuumed.done:
        say(f"Old versions of rows are gone from {len(vacuumed.done)} tables (VACUUM).")
    if vacuumed.refused:
        note(
            "Old versions of rows are still on disk, for only the owner of these tables may vacuum them. As the owner: "
            f"{vacuumed.statement}"
        )
    elif vacuumed.stay:
        note(
            "Old versions of rows are still on disk, for a transaction that began earlier may see them. Once it has ended: "
            f"{vacuumed.statement}"
        )


def _typed(employee: str) -> bool:
    if not sys.stdin.isatty():
        return False
    said: str = typer.prompt("What syncd knows of this person goes for ever. Type the employee id", err=True)
    return said == employee


def pseudonym(
    employee: Annotated[str, typer.Argument(help="The employee id.")], config: ConfigOption = None
) -> None:
    """Print what an employee is called in the log, where log.pseudonyms is true."""
    with store_of(config) as (loaded, database):
        from syncd.insight.forgetting import people_of

        say(people_of(database, loaded.litmos.account)(employee))
