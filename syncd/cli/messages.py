"""Commands about messages: what was told to whom, and whether a channel works."""

from datetime import UTC, datetime
from typing import Annotated, Any

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
    json: JsonOption = False,
) -> None:
    """Send a test message, and say where it went or what is wrong; exit 8 if a channel did not take it."""
    with reported():
        from syncd.config import load
        from syncd.errors import ConfigError
        from syncd.messages.channels import Undelivered
        from syncd.wiring.messages import channel_of

        loaded = load(config)
        now, faults = datetime.now(UTC), {}
        parts = _channels(loaded, channel)
        for part in parts:
            try:
                channel_of(part).send(_letter(loaded, part.name, now))
            except (Undelivered, ConfigError) as error:
                faults[part.name] = str(error)
        if json:
            told = [
                {"name": one.name, "type": one.type, "to": _where(one), "error": faults.get(one.name, "")}
                for one in parts
            ]
            show_json({"channels": told})
        for part in parts:
            if part.name in faults:
                note(
                    f"{part.name}: the test was not sent to {plain(_where(part))}: {plain(faults[part.name])}. "
                    f"Mend messages.channels in the configuration, or the receiver; then: syncd messages test {part.name}"
                )
            elif not json:
                say(f"{part.name}: a test was sent to {plain(_where(part))}; look whether it has come")
        if faults:
            raise typer.Exit(Exit.UNREACHABLE)


def _channels(loaded: Any, wanted: str) -> list[Any]:
    """The channel of this name; all if none is named. Exit 2 if there is none."""
    parts = loaded.messages.channels
    found = [part for part in parts if wanted in {"", part.name}]
    if not parts:
        note("No channel is configured, so nobody is told anything; name one: messages.channels")
    elif not found:
        there = ", ".join(part.name for part in parts)
        note(f"messages.channels has no channel {plain(wanted)}; there is: {there}")
    if not found:
        raise typer.Exit(Exit.USAGE)
    return found


def _where(part: Any) -> str:
    """Where a channel sends to, in words; an address that may be a secret is not named whole."""
    from urllib.parse import urlsplit

    match part.type:
        case "smtp":
            return f"{', '.join(part.to)} by the mail server {part.host}, port {part.port}"
        case "webhook":
            return f"the webhook at {urlsplit(part.url.reveal()).hostname}"
        case _:
            number = len(part.urls)
            return f"{number} {'address' if number == 1 else 'addresses'} of apprise"


def _letter(loaded: Any, channel: str, now: datetime) -> Any:
    """The test, as it is sent to a channel."""
    from syncd.core.messages import Message, MessageKind, Occasion
    from syncd.messages.channels import Letter

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
    return Letter(
        id=f"test-{int(now.timestamp())}-{channel}",
        account=loaded.litmos.account,
        made_at=now,
        message=message,
        address=loaded.web.url or "",
    )
