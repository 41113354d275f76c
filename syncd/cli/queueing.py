"""Commands that hold back or clear the queue: pause, resume, cancel, prune."""

from typing import Annotated, Any

import typer

from syncd.cli.common import LARGEST, ConfigOption, JsonOption, actor, opened, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import note, say, show_json

ClassOption = Annotated[
    list[str] | None,
    typer.Option(
        "--class", metavar="CLASS", help="Only leavers, users, teams or learning; may be repeated. Else all."
    ),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (pause, resume, cancel, prune):
        app.command()(command)


def pause(
    config: ConfigOption = None,
    json: JsonOption = False,
    classes: ClassOption = None,
    reason: Annotated[str, typer.Option(help="Why, for the sync log.")] = "no reason given",
) -> None:
    """Send nothing more, or nothing of a class; what is being sent ends, and plans are still made and kept."""
    wanted = _classes(classes)
    with store_of(config) as (loaded, database):
        from syncd.insight import acting

        acting.pause(database, loaded.litmos.account, wanted, reason=reason, actor=actor())
        if json:
            show_json({"paused": wanted})
        else:
            say(f"Paused: {', '.join(wanted)}. What is queued stays queued; to go on: syncd resume")


def resume(config: ConfigOption = None, json: JsonOption = False, classes: ClassOption = None) -> None:
    """Send again what was paused: all of it, or a class."""
    wanted = _classes(classes)
    with store_of(config) as (loaded, database):
        from syncd.insight import acting
        from syncd.store import jobs

        account = loaded.litmos.account
        ended = acting.resume(database, account, wanted if classes else [], actor=actor())
        with database.read() as conn:
            left = [one.job_class for one in jobs.pauses(conn, account) if one.job_class]
            refused = jobs.paused(conn, account)
        if json:
            show_json({"resumed": ended, "still_paused": left})
        elif ended:
            say(f"Resumed: {', '.join(ended)}; syncd push or syncd serve sends what is queued")
        else:
            say("Nothing of that was paused")
        if left:
            note(f"Still paused: {', '.join(left)}")
        if refused is not None:
            note(f"Nothing is sent while Litmos refuses the key: {refused.reason}")


def cancel(
    run: Annotated[int, typer.Argument(help="The run.", max=LARGEST)],
    config: ConfigOption = None,
    json: JsonOption = False,
    wait: Annotated[
        bool,
        typer.Option("--wait/--no-wait", help="Settle now what was being sent, or leave it to syncd serve."),
    ] = True,
) -> None:
    """End a run: what was not sent yet is not sent; what is being sent ends, and an unknown outcome is settled."""
    with opened(config) as app:
        from syncd.sending.cancelling import cancel as end

        number = end(app, run, actor=actor())
        if wait:
            from syncd.sending.crew import drain

            drain(app, run)
        state, left = _rest(app, run)
        if json:
            show_json({"run": run, "state": state, "cancelled": number, "unsettled": left})
        else:
            say(f"Run {run}: {state}; {number} jobs were cancelled before they were sent")
        if left:
            note(f"{left} more are being sent or settled; syncd serve, or any push, ends them")
            raise typer.Exit(Exit.FAILED if wait else Exit.OK)


def _rest(app: Any, run: int) -> tuple[str, int]:
    """The Run's state, and how many of its Jobs have not ended."""
    from syncd.store import jobs, runs
    from syncd.store.schema import LIVE

    with app.database.read() as conn:
        counts = jobs.counts(conn, app.account, run)
        return str(runs.must_get(conn, run)["state"]), sum(counts.get(state, 0) for state in LIVE)


def prune(
    config: ConfigOption = None,
    json: JsonOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
) -> None:
    """Remove what is older than `retention` allows: runs that ended, with their jobs and changes; inputs; drift."""
    with store_of(config) as (loaded, database):
        from syncd.insight.acting import note_deed
        from syncd.replay.keeping import prune as prune_archive
        from syncd.store import exchanges
        from syncd.store.retention import Retention
        from syncd.store.retention import prune as remove
        from syncd.wiring import archive_of

        limits = loaded.retention
        keep = Retention(pushes=limits.pushes, others=limits.others, events=limits.events)
        gone = remove(database, loaded.litmos.account, keep, dry_run=dry_run)
        if not dry_run:
            gone["exchanges"] = exchanges.prune(database, loaded.litmos.account, loaded.retention.exchanges)
        gone |= prune_archive(database, loaded.litmos.account, archive_of(loaded), dry_run=dry_run)
        if not dry_run:
            note_deed(database, loaded.litmos.account, "prune", actor=actor(), detail=gone)
        if json:
            show_json({"dry_run": dry_run, "removed": gone})
            return
        told = ", ".join(f"{number} {what}" for what, number in gone.items() if number) or "nothing"
        say(f"{'Would be removed' if dry_run else 'Removed'}: {told}")


def _classes(said: list[str] | None) -> list[str]:
    """The classes that are meant; exit 2 if one is none."""
    from syncd.core.request import JobClass
    from syncd.store.queue import ALL

    unknown = sorted(set(said or ()) - set(JobClass))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(JobClass)}", param_hint="--class")
    return list(dict.fromkeys(said or [ALL]))
