"""Commands about messages: what was told to whom, and whether a channel works."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from syncd.cli.common import ConfigOption, CsvOption, JsonOption, store_of
from syncd.cli.exits import Exit, reported
from syncd.cli.output import moment, note, note_if_none, plain, say, show_csv, show_json, table

messages_app = typer.Typer(
    help="Messages: what was told, and whether channels work.", invoke_without_command=True
)

MESSAGE_COLUMNS = ("made_at", "channel", "kind", "occasion", "state", "attempts", "subject", "error")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(messages_app, name="messages")


@messages_app.callback()
def messages_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    channel: Annotated[str, typer.Option(help="Only this channel's.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
) -> None:
    """List what was told, newest first."""
    if context.invoked_subcommand is not None:
        return
    with store_of(config) as (loaded, database):
        from syncd.store import messages

        with database.read() as conn:
            found = messages.listed(conn, loaded.litmos.account, channel=channel, limit=limit)
        if json:
            show_json({"messages": [dict(row) for row in found]})
            return
        if csv:
            show_csv(MESSAGE_COLUMNS, [dict(row) for row in found])
            return
        table(
            ("made", "channel", "kind", "why", "state", "tries", "subject", "fault"),
            [
                (
                    moment(row["made_at"]),
                    row["channel"],
                    row["kind"],
                    row["occasion"],
                    row["state"],
                    row["attempts"],
                    row["subject"],
                    row["error"],
                )
                for row in found
            ],
        )
        none = "Nothing was told yet. Whom to tell is in the configuration: messages.channels"
        note_if_none(found, none, of="message", asked={"--channel": channel})


@messages_app.command("test")
def messages_test(
    channel: Annotated[str, typer.Argument(help="The channel; without it, all.")] = "",
    config: ConfigOption = None,
) -> None:
    """Send a test message, and say what happened; exit 8 if a channel did not take it."""
    with reported():
        from syncd.config import load
        from syncd.core.messages import Message, MessageKind, Occasion
        from syncd.errors import ConfigError
        from syncd.messages.channels import Letter, Undelivered
        from syncd.wiring.messages import channel_of

        loaded = load(config)
        wanted = [part for part in loaded.messages.channels if channel in {"", part.name}]
        if not wanted:
            there = ", ".join(part.name for part in loaded.messages.channels) or "none"
            note(f"messages.channels has no such channel; there is: {there}")
            raise typer.Exit(Exit.USAGE)
        now, failed = datetime.now(UTC), False
        message = Message(
            key="test",
            kind=MessageKind.DIGEST,
            occasion=Occasion.FIRST,
            number=1,
            mark="",
            size=0,
            subject="Test",
            lines=("This is a test: whoever reads it is told when a person is needed.",),
            command="syncd status",
            page="/",
        )
        for part in wanted:
            letter = Letter(
                id=f"test-{int(now.timestamp())}-{part.name}",
                account=loaded.litmos.account,
                made_at=now,
                message=message,
                address=loaded.web.url or "",
            )
            try:
                channel_of(part).send(letter)
            except (Undelivered, ConfigError) as error:
                failed = True
                note(f"{part.name} ({part.type}): not sent: {plain(error)}")
            else:
                say(f"{part.name} ({part.type}): sent")
        if failed:
            raise typer.Exit(Exit.UNREACHABLE)
