"""Commands about who may use the pages: lines of the password file, and API tokens."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, CsvOption, JsonOption, actor, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import moment, note, note_if_none, say, show_csv, show_json, table

web_app = typer.Typer(help="Who may use the pages: passwords and API tokens.", no_args_is_help=True)
MOST_DAYS = 366

NameArgument = Annotated[str, typer.Argument(help="A short name: letters, digits and . _ @ -")]
RoleOption = Annotated[str, typer.Option(help="viewer, operator, approver or admin.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(web_app, name="web")


@web_app.command("password")
def web_password(
    name: NameArgument,
    role: RoleOption = "viewer",
    file: Annotated[
        Path | None, typer.Option(help="Put the line into this file, in the place of an earlier one.")
    ] = None,
) -> None:
    """Make somebody's line of the password file; the password is asked for, or read from standard input."""
    from syncd.web.passwords import SHORTEST, hash_password

    _checked(name, role)
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        note(f"A password has at least {SHORTEST} characters")
        raise typer.Exit(Exit.USAGE)
    line = f"{name}:{role}:{hash_password(password)}"
    if file is None:
        say(line)
        return
    _put(file, name, line)
    say(f"{name} may use the pages as {role}; {file} says so. Sessions of an earlier password are over")


def _put(file: Path, name: str, line: str) -> None:
    """Write the file anew, private, with this line in the place of that of the same name."""
    import os

    known = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [each for each in known if not each.startswith(f"{name}:")]
    made = file.with_name(f".{file.name}.new")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write("\n".join([*kept, line]) + "\n")
    made.replace(file)


@web_app.command("token")
def web_token(
    name: NameArgument,
    role: RoleOption = "viewer",
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days it is good for.")] = 90,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make an API token for a program; it is shown this once. To use it: `Authorization: Bearer TOKEN`."""
    import secrets

    _checked(name, role)
    with store_of(config) as (loaded, database):
        from syncd.store import audit, logins

        token = f"syncd_{secrets.token_urlsafe(32)}"
        with database.write() as conn:
            now = database.now(conn)
            until = now + timedelta(days=days)
            made = logins.add_token(
                conn, token, name=name, role=role, made_by=actor(), now=now, expires_at=until
            )
            if made:
                _note(audit, conn, loaded, "make token", name, {"role": role, "days": days}, now)
        if not made:
            note(f"There is a token {name} already: syncd web revoke {name}")
            raise typer.Exit(Exit.FAILED)
        if json:
            show_json({"name": name, "role": role, "expires_at": until, "token": token})
        else:
            say(token)
            note(f"{name} is {role} until {moment(until)}; this text is kept nowhere")


@web_app.command("tokens")
def web_tokens(config: ConfigOption = None, json: JsonOption = False, csv: CsvOption = False) -> None:
    """List the API tokens."""
    with store_of(config) as (_loaded, database):
        from syncd.store import logins

        with database.read() as conn:
            found = [
                {key: value for key, value in row.items() if key != "token_hash"}
                for row in logins.tokens(conn)
            ]
        if json:
            show_json({"tokens": found})
            return
        heads = ("name", "role", "made_by", "made_at", "expires_at")
        if csv:
            show_csv(heads, found)
            return
        table(
            ("name", "role", "made by", "made at", "good until"),
            [[moment(one[key]) if key.endswith("_at") else one[key] for key in heads] for one in found],
        )
        note_if_none(found, "There is no API token; to make one: syncd web token NAME")


@web_app.command("revoke")
def web_revoke(name: NameArgument, config: ConfigOption = None) -> None:
    """Make an API token good for nothing."""
    with store_of(config) as (loaded, database):
        from syncd.store import audit, logins

        with database.write() as conn:
            gone = logins.revoke_token(conn, name)
            if gone:
                _note(audit, conn, loaded, "revoke token", name, {}, database.now(conn))
        if not gone:
            note(f"There is no token {name}; syncd web tokens lists them")
            raise typer.Exit(Exit.FAILED)
        say(f"The token {name} is good for nothing any more")


def _note(audit: Any, conn: Any, loaded: Any, action: str, name: str, detail: Any, now: Any) -> None:
    """The entry in the audit."""
    account = loaded.litmos.account
    audit.record(conn, account, actor=actor(), action=action, object_=f"token {name}", detail=detail, now=now)


def _checked(name: str, role: str) -> None:
    """Exit 2 if the name or the role is none."""
    import re

    from syncd.web.roles import Role

    if not re.fullmatch(r"[A-Za-z0-9._@-]{1,64}", name):
        raise typer.BadParameter("a name has letters, digits and . _ @ -, at most 64", param_hint="NAME")
    if role not in set(Role):
        raise typer.BadParameter(f"{role} is none of {', '.join(Role)}", param_hint="--role")
