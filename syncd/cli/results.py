"""Commands about the ledger of results: what Litmos reported, what each sink was given, and giving it again."""

from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, CsvOption, JsonOption, actor, opened, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import note, note_if_none, plain, say, show_csv, show_json, table

results_app = typer.Typer(
    help="Results: the ledger of training results, and what was delivered of it.", invoke_without_command=True
)
_FEW = {
    "seq": "seq",
    "employee": "employee_id",
    "kind": "kind",
    "title": "object_name",
    "status": "status",
    "try": "attempt",
    "completed": "completed_at",
}
_VERSIONS = {"event": "event", "version": "version"}
"""Headings, and what is below them."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(results_app, name="results")


@results_app.callback()
def listed(
    context: typer.Context,
    employee: Annotated[str, typer.Option(help="Of one employee.")] = "",
    kind: Annotated[
        str, typer.Option(help="course, module, learning_path, achievement, session, badge or points.")
    ] = "",
    status: Annotated[
        str, typer.Option(help="assigned, in_progress, completed, failed, missed, expired or withdrawn.")
    ] = "",
    since: Annotated[
        int, typer.Option(help="Only what has a higher seq: a cursor for receivers.", min=0)
    ] = 0,
    history: Annotated[
        bool, typer.Option("--history", help="Every version, not only what holds today.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
) -> None:
    """List results by rising seq, whether they were delivered or not."""
    if context.invoked_subcommand is not None:
        return
    _must_be_known(kind, status)
    with store_of(config) as (loaded, database):
        from syncd.core.delivered import RESULT_FIELDS
        from syncd.sinks.result import result_row
        from syncd.store import results

        filters = results.Filters(
            employee_id=employee, kind=kind, status=status, since=since, history=history
        )
        with database.read() as conn:
            rows = [result_row(one) for one in results.listed(conn, loaded.litmos.account, filters)]
    if json:
        last = max((int(row["seq"]) for row in rows), default=since)
        show_json({"results": [dict(row) for row in rows], "next_since": last})
    elif csv:
        show_csv(RESULT_FIELDS, rows)
    else:
        few = _FEW | (_VERSIONS if history else {})
        table(tuple(few), [[row[name] for name in few.values()] for row in rows], wide="title")
        asked = {"--employee": employee, "--kind": kind, "--status": status, "--since": since}
        note_if_none(rows, "Litmos has reported no result yet: syncd pull", of="result", asked=asked)


def _must_be_known(kind: str, status: str) -> None:
    """Exit 2 for a word that nothing is called by: an empty list would look like an answer."""
    from syncd.core.completion import ResultKind
    from syncd.core.results import Status

    for word, known, option in ((kind, ResultKind, "--kind"), (status, Status, "--status")):
        if word and word not in list(known):
            note(f"{option} {plain(word)}: there is none; there are: {', '.join(known)}")
            raise typer.Exit(Exit.USAGE)


@results_app.command()
def totals(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Reconcile both sides: what Litmos reported, what the ledger holds, and where it is for each sink."""
    with store_of(config) as (loaded, database):
        from syncd.core.results import Status
        from syncd.store import outbox, results, runs

        account = loaded.litmos.account
        statuses = [Status(word) for word in loaded.pull.statuses]
        sinks = [sink.name for sink in loaded.pull.sinks if sink.what == "results"]
        with database.read() as conn:
            ledger = results.totals(conn, account)
            where = {name: outbox.reconciled(conn, account, name, statuses) for name in sinks}
            last = next(iter(runs.listed(conn, account, flow="pull", state="succeeded", limit=1)), None)
    reported = _reported(last)
    if json:
        show_json({"reported": reported, "ledger": ledger, "sinks": where})
        return
    for kind, number in reported.items():
        say(f"the last pull read {number} of {kind}")
    table(
        ("kind", "status", "results", "unlinked", "versions"),
        [[row[name] for name in ("kind", "status", "results", "unlinked", "versions")] for row in ledger],
    )
    for name, counts in where.items():
        parts = ", ".join(f"{number} {word}" for word, number in counts.items() if word != "results")
        say(f"{name}: {counts['results']} results = {parts}")


def _reported(last: Any) -> dict[str, int]:
    summary = {} if last is None else last["summary"]
    return {key.removeprefix("read_"): number for key, number in summary.items() if key.startswith("read_")}


@results_app.command()
def redeliver(
    sink: Annotated[str, typer.Argument(metavar="SINK", help="The name of a sink.")],
    since: Annotated[int, typer.Option(help="Only what has a higher seq.", min=0)] = 0,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Let the next pull give a sink again what it was given: what holds today, with the same result ids."""
    with opened(config) as app:
        from syncd.store import audit, outbox
        from syncd.turn import pulling

        names = [name for name in app.sinks if name not in app.settings.identities]
        if sink not in names:
            note(f"{plain(sink)} is no sink of results; there are: {', '.join(names) or 'none'}")
            raise typer.Exit(Exit.FAILED)
        with pulling(app), app.database.write() as conn:
            forgotten = outbox.redeliver(conn, app.account, sink, since)
            audit.record(
                conn,
                app.account,
                actor=actor(),
                action="redeliver",
                object_=f"sink {sink}",
                detail={"since": since, "versions": forgotten},
                now=app.database.now(conn),
            )
    if json:
        show_json({"sink": sink, "since": since, "versions": forgotten})
        return
    say(f"{sink}: {forgotten} versions are given again by the next pull: syncd pull")


@results_app.command()
def forget(
    sink: Annotated[
        str, typer.Argument(metavar="SINK", help="The name of a sink that is configured no longer.")
    ],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Forget a sink that was taken out of the configuration: what waits for it, and what it was given."""
    with opened(config) as app:
        from syncd.store import audit, outbox
        from syncd.turn import pulling

        if sink in app.sinks:
            note(f"{plain(sink)} is configured; take it out of pull.sinks first. Nothing was forgotten")
            raise typer.Exit(Exit.FAILED)
        with app.database.read() as conn:
            names = [name for name in outbox.known_sinks(conn, app.account) if name not in app.sinks]
        if sink not in names:
            known = ", ".join(map(plain, names)) or "none"
            note(f"{plain(sink)} is no sink that was taken out of the configuration; there are: {known}")
            raise typer.Exit(Exit.FAILED)
        with pulling(app), app.database.write() as conn:
            rows = outbox.forget(conn, app.account, sink)
            audit.record(
                conn,
                app.account,
                actor=actor(),
                action="forget-sink",
                object_=f"sink {sink}",
                detail={"waiting": rows},
                now=app.database.now(conn),
            )
    if json:
        show_json({"sink": sink, "waiting": rows})
        return
    say(f"{plain(sink)}: forgotten; {rows} rows that waited are not given to it")
