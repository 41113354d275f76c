"""Commands that list what the pages list: problems, changes and starters."""

import json as json_module
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from syncd.cli.common import (
    LARGEST,
    ConfigOption,
    CsvOption,
    FromOption,
    JsonOption,
    LimitOption,
    ToOption,
    must_be_one_of,
    span_of,
    store_of,
)
from syncd.cli.exits import Exit
from syncd.cli.output import moment, note, note_if_none, plain, say, show_csv, show_json, table

changes_app = typer.Typer(
    help="Changes: what was planned, sent, held and failed, of all runs.", invoke_without_command=True
)
CHANGE_COLUMNS = (
    *("id", "run_id", "employee_id", "action", "kind", "state", "code", "message", "reason", "rule"),
    *("origin", "job_id", "finished_at", "run_created_at"),
)
PROBLEM_COLUMNS = ("code", "number", "people", "first_at", "last_at", "run_id", "message", "next")
STARTER_COLUMNS = (
    *("begins_on", "employee_id", "ready", "code", "because", "account", "missing_teams", "missing_items"),
    "run_id",
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(problems)
    app.add_typer(changes_app, name="changes")
    app.command()(starters)


def problems(config: ConfigOption = None, json: JsonOption = False, csv: CsvOption = False) -> None:
    """List what failed in 30 days and no later run has taken up, by code, with what to do."""
    with store_of(config) as (loaded, database):
        from syncd.insight.failures import open_problems

        with database.read() as conn:
            found = open_problems(conn, loaded.litmos.account, database.now(conn))
    if json:
        show_json({"problems": found})
    elif csv:
        show_csv(PROBLEM_COLUMNS, found)
    else:
        table(
            ("code", "number", "people", "last", "run", "what to do"),
            [
                (
                    row["code"],
                    row["number"],
                    row["people"],
                    moment(row["last_at"]),
                    row["run_id"],
                    row["next"],
                )
                for row in found
            ],
        )
        note_if_none(found, "No problem is open: nothing failed in 30 days that no later run took up")
        if found:
            note("Which: syncd changes --open --code CODE; to retry: syncd jobs retry --run RUN")


@changes_app.callback()
def changes_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    run: Annotated[int | None, typer.Option(help="Only of this run.", max=LARGEST)] = None,
    employee: Annotated[str, typer.Option(help="Only of this employee.")] = "",
    action: Annotated[
        str, typer.Option(help="create, update, deactivate, reactivate, add, remove, ...")
    ] = "",
    kind: Annotated[str, typer.Option(help="user, team, membership, learning_path, course, ...")] = "",
    state: Annotated[
        str, typer.Option(help="planned, held, queued, done, failed, superseded or cancelled.")
    ] = "",
    code: Annotated[str, typer.Option(help="Only with this code, such as LITMOS-400-REFUSED.")] = "",
    open_: Annotated[
        bool, typer.Option("--open", help="Only what failed in 30 days and no later run took up.")
    ] = False,
    rule: Annotated[str, typer.Option(help="Only by this rule, such as teams[0].")] = "",
    field: Annotated[str, typer.Option(help="Only of this Litmos field, such as JobTitle.")] = "",
    since: FromOption = "",
    until: ToOption = "",
    before: Annotated[
        int | None, typer.Option(help="Only with an id below: the next page.", max=LARGEST)
    ] = None,
    limit: LimitOption = 50,
) -> None:
    """List changes, newest first."""
    if context.invoked_subcommand is not None:
        return
    _must_be_known(kind=kind, action=action, state=state)
    with store_of(config) as (loaded, database):
        from syncd.insight.failures import OPEN_FOR
        from syncd.store import changelists, mirror

        first, last = span_of(loaded, since, until)
        with database.read() as conn:
            wanted = changelists.Wanted(
                run_id=run,
                employee_id=employee,
                action=action,
                kind=kind,
                state=state,
                code=code,
                rule=rule,
                field=field,
                since=first,
                until=last,
                open_since=database.now(conn) - OPEN_FOR if open_ else None,
            )
            rows = changelists.changes(conn, loaded.litmos.account, wanted, before=before, limit=limit)
            names = {str(item.key): item.name for item in mirror.items(conn, loaded.litmos.account)}
    if json:
        show_json({"changes": [dict(row) for row in rows]})
    elif csv:
        show_csv(CHANGE_COLUMNS, [dict(row) for row in rows])
    else:
        said = {**_asked(wanted), "--open": open_, "--from": since, "--to": until, "--before": before}
        _show_changes(rows, names, said, full=len(rows) == limit)


def _must_be_known(**words: str) -> None:
    """Exit 2 for a word that no change is called by."""
    from syncd.store.changelists import CLOSED

    for name, word in words.items():
        must_be_one_of(f"--{name}", word, CLOSED[name])


def _show_changes(rows: Any, names: dict[str, str], said: dict[str, object], *, full: bool) -> None:
    """The table of changes; that there are none that are as was ``said``, or, after a ``full`` page, how to see more."""
    _changes_table(rows, names)
    note_if_none(rows, "No change was planned yet: syncd push", of="change", asked=said)
    if full:
        note(f"There may be more: --before {rows[-1]['id']}")


def _asked(wanted: Any) -> dict[str, object]:
    """What changes are narrowed by, but for the time, by option."""
    options = ("run", "employee", "action", "kind", "state", "code", "rule", "field")
    return {
        f"--{one}": getattr(wanted, {"run": "run_id", "employee": "employee_id"}.get(one, one))
        for one in options
    }


def _changes_table(rows: Sequence[Any], names: Mapping[str, str]) -> None:
    from syncd.core.telling import describe
    from syncd.store import changes

    table(
        ("change", "run", "at", "state", "what", "why"),
        [
            (
                row["id"],
                row["run_id"],
                moment(changes.at(row)),
                row["state"],
                describe(changes.to_change(row), names),
                f"{row['code']} {row['message']}".strip(),
            )
            for row in rows
        ],
    )


@changes_app.command("show")
def changes_show(
    change: Annotated[int, typer.Argument(help="The change.", max=LARGEST)],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show one change: before and after, the rule, the row of HR, every attempt, what was sent, and what to do."""
    with store_of(config) as (loaded, database):
        from syncd.core.telling import describe
        from syncd.insight.exchanged import exchanged
        from syncd.insight.failures import next_step
        from syncd.store import changelists, changes, exchanges, jobs, mirror

        account = loaded.litmos.account
        with database.read() as conn:
            row = changelists.one_change(conn, account, change)
            if row is None:
                note(f"There is no change {change}; syncd changes lists them")
                raise typer.Exit(Exit.FAILED)
            names = {str(item.key): item.name for item in mirror.items(conn, account)}
            job = jobs.one(conn, account, row["job_id"]) if row["job_id"] else None
            attempts = [] if job is None else [dict(one) for one in jobs.list_attempts(conn, job["id"])]
            made = {} if job is None else exchanges.of_job(conn, job["id"])
            step, again = next_step(conn, account, row, job)
    for each in attempts:
        each["exchanges"] = [
            exchanged(one, values=True, base_url=loaded.litmos.base_url, source=loaded.litmos.source)
            for one in made.get(each["id"], ())
        ]
    if again:
        step += f" To send the same again: syncd jobs retry {row['job_id']}"
    if json:
        show_json({"change": dict(row), "attempts": attempts, "next": step})
        return
    say(
        f"Change {change}, run {row['run_id']}: {row['state']}  {plain(describe(changes.to_change(row), names))}"
    )
    why = f"{row['code']} {row['message']}".strip()
    for name, value in (("why", why), *((each, row[each]) for each in ("reason", "rule", "origin"))):
        if value:
            say(f"  {name}: {plain(value)}")
    _attempts(attempts)
    if step:
        note(f"Next: {plain(step)}")


def _attempts(attempts: list[dict[str, Any]]) -> None:
    if not attempts:
        say("  nothing was sent for it")
        return
    table(
        ("try", "sent", "outcome", "status", "what was said"),
        [
            (
                one["number"],
                moment(one["sent_at"]),
                one["outcome"],
                one["http_status"] or "",
                f"{one['code']} {one['detail']}".strip(),
            )
            for one in attempts
        ],
    )
    for last in [one for one in attempts if one["exchanges"]][-1:]:
        for one in last["exchanges"]:
            _exchange(last, one)


def _exchange(attempt: dict[str, Any], one: dict[str, Any]) -> None:
    """One request of an Attempt, and its answer, a line each."""
    took = "not sent" if one["took"] is None else f"in {one['took'] * 1000:.0f} ms"
    status = f"answered {one['status']}" if one["status"] else "no answer"
    say(
        f"  try {attempt['number']}: {one['method']} {one['template']}: {status} {one['code']}".rstrip()
        + f", {took}"
    )
    for name, body in (("sent", one["sent"]), ("answered", one["answered"])):
        if body["size"]:
            say(f"    {name}: {_body(body)}")


def _body(body: dict[str, Any]) -> str:
    """What is kept of a body, on one line, without the fields that are empty."""
    found = body["json"]
    if found is None:
        return f"{body['size']} bytes, not kept"
    whole = len(found) if isinstance(found, dict) else 0
    if whole:
        found = {name: value for name, value in found.items() if value not in (None, "")}
    left = f" and {whole - len(found)} empty fields" if whole > len(found) else ""
    return plain(json_module.dumps(found, ensure_ascii=False)) + left


def starters(
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    days: Annotated[int, typer.Option(min=1, max=366, help="Who begins within so many days.")] = 7,
    back: Annotated[int, typer.Option(min=0, max=366, help="And who began in the last so many.")] = 3,
    limit: LimitOption = 1000,
) -> None:
    """List who begins soon: account, teams and learning paths ready, or why not."""
    with store_of(config) as (loaded, database):
        from zoneinfo import ZoneInfo

        from syncd.insight.starters import starters as gathered

        with database.read() as conn:
            today = database.now(conn).astimezone(ZoneInfo(loaded.schedules.timezone)).date()
            found = gathered(
                conn,
                loaded.litmos.account,
                first=today - timedelta(days=back),
                last=today + timedelta(days=days),
                today=today,
                lead=loaded.mapping.lifecycle.lead,
                limit=limit,
                training={one.name for one in loaded.training_sources},
            )
        dates = loaded.mapping.dates
    rows = [{key: value for key, value in row.items() if key not in {"fields", "place"}} for row in found]
    if json:
        show_json({"starters": rows})
    elif csv:
        show_csv(STARTER_COLUMNS, rows)
    else:
        heads = ("begins_on", "employee_id", "ready", "account", "because")
        table(
            ("begins", "employee", "state", "account", "why"), [[row[name] for name in heads] for row in rows]
        )
        note_if_none(rows, f"Nobody began in the last {back} days or begins within {days}: --days, --back")
        if len(rows) == limit:
            note(f"Only the first {limit}; --limit shows more")
    if dates is None or dates.hire is None:
        note("Nobody's first working day is known: set employee.dates.hire in the mapping")
