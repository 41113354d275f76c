"""Commands about the audit: what people did, and whether its chain is whole."""

import re
from typing import Annotated

import typer

from syncd.cli.common import ConfigOption, CsvOption, JsonOption, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import moment, note, note_if_none, plain, say, show_csv, show_json, table

audit_app = typer.Typer(help="Audit: what people did, by commands and on pages.", invoke_without_command=True)

AUDIT_COLUMNS = ("number", "at", "actor", "action", "object", "employee_id", "detail", "hash")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(audit_app, name="audit")


@audit_app.callback()
def audit_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    actor: Annotated[str, typer.Option(help="Only what they did: cli:NAME, web:NAME.")] = "",
    action: Annotated[str, typer.Option(help="Only this: approve, reject, retry, pause, ...")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
) -> None:
    """List what people did, newest first."""
    if context.invoked_subcommand is not None:
        return
    with store_of(config) as (loaded, database):
        from syncd.core.telling import told_detail
        from syncd.store import audit

        with database.read() as conn:
            found = audit.listed(conn, loaded.litmos.account, actor=actor, action=action, limit=limit)
        if json:
            show_json({"audit": [dict(row) for row in found]})
            return
        if csv:
            show_csv(AUDIT_COLUMNS, [dict(row) for row in found])
            return
        table(
            ("entry", "at", "who", "did", "about", "employee", "detail"),
            [
                (
                    row["number"],
                    moment(row["at"]),
                    row["actor"],
                    row["action"],
                    row["object"],
                    row["employee_id"],
                    told_detail(row["detail"]),
                )
                for row in found
            ],
        )
        asked = {"--actor": actor, "--action": action}
        note_if_none(found, "Nobody has done anything yet", of="entry", asked=asked)


@audit_app.command("verify")
def audit_verify(
    config: ConfigOption = None,
    json: JsonOption = False,
    expect: Annotated[
        str, typer.Option(metavar="HASH", help="A hash noted earlier, which must still be in the chain.")
    ] = "",
) -> None:
    """Check that no entry was changed, taken out or put in; exit 1 if one was."""
    if expect and re.fullmatch(r"[0-9a-fA-F]{64}", expect) is None:
        said = f"{plain(expect)} is no hash; one has 64 digits and letters a to f, as syncd audit verify prints it"
        raise typer.BadParameter(said, param_hint="--expect")
    with store_of(config) as (loaded, database):
        from syncd.store import audit

        with database.read() as conn:
            found = audit.verify(conn, loaded.litmos.account, expected=expect.lower())
        if json:
            show_json({"entries": found.entries, "head": found.head, "fault": found.fault})
        elif not found.fault:
            say(f"The audit is whole: {found.entries} entries, the last has the hash {found.head}")
        if found.fault:
            note(f"The audit is not whole: {found.fault}; {found.entries} entries before it are sound")
            raise typer.Exit(Exit.FAILED)
