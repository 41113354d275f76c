"""Commands that show employees, who is in quarantine, and jobs."""

from typing import Annotated, Any

import typer

from syncd.cli.common import (
    LARGEST,
    ConfigOption,
    CsvOption,
    JsonOption,
    LimitOption,
    actor,
    meant,
    must_be_one_of,
    store_of,
)
from syncd.cli.exits import Exit
from syncd.cli.output import (
    drift_line,
    moment,
    note,
    note_if_none,
    plain,
    say,
    show_csv,
    show_json,
    table,
)
from syncd.core.states import JOB_STATES

employees_app = typer.Typer(
    help="Employees: what HR says, what Litmos has, and why.", invoke_without_command=True
)
jobs_app = typer.Typer(help="Jobs: the durable queue.", invoke_without_command=True)

EMPLOYEE_COLUMNS = ("employee_id", "name", "status", "present", "user_id", "active", "last_seen_at")
QUARANTINE_COLUMNS = ("employee_id", "source", "origin", "first_seen_at", "last_seen_at", "reasons")
JOB_COLUMNS = (
    *("id", "run_id", "state", "kind", "target", "attempts", "last_code", "last_error", "created_at"),
    "finished_at",
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(employees_app, name="employees")
    app.add_typer(jobs_app, name="jobs")
    app.command("quarantine")(employees_quarantine)


@employees_app.callback()
def employees_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    find: Annotated[
        str, typer.Option(metavar="TEXT", help="Only whose name, id, UserName or e-mail address begins so.")
    ] = "",
    after: Annotated[
        str, typer.Option(metavar="EMPLOYEE", help="Only with a higher id: the next page.")
    ] = "",
    limit: LimitOption = 50,
) -> None:
    """List employees by id."""
    if context.invoked_subcommand is not None:
        return
    with store_of(config) as (loaded, database):
        from syncd.core.telling import full_name
        from syncd.store import peoplelists

        with database.read() as conn:
            rows = peoplelists.employees(conn, loaded.litmos.account, find.strip(), after=after, limit=limit)
    found = [{**row, "name": full_name(row.pop("data")["fields"])} for row in rows]
    if json:
        show_json({"employees": found})
    elif csv:
        show_csv(EMPLOYEE_COLUMNS, found)
    else:
        accounts = {None: "none", True: "active", False: "inactive"}
        table(
            ("employee", "name", "HR says", "account in Litmos", "last seen in HR"),
            [
                (
                    row["employee_id"],
                    row["name"],
                    row["status"] if row["present"] else f"{row['status']}, absent",
                    accounts[row["active"]],
                    moment(row["last_seen_at"]),
                )
                for row in found
            ],
        )
        if len(found) == limit:
            note(f"There may be more: --after {plain(found[-1]['employee_id'])}")
        elif not found and find:
            note("Nobody begins so; whose rows were rejected: syncd quarantine")
        else:
            note_if_none(
                found, "No employee is known yet: syncd push", of="employee", asked={"--after": after}
            )


@employees_app.command("show")
def employees_show(
    employee_id: Annotated[str, typer.Argument(help="The employee id, with its leading zeros.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show one person: HR, Litmos, the link, the quarantine, every change, and why nothing happened."""
    with store_of(config) as (loaded, database):
        from syncd.insight.overview import person

        with database.read() as conn:
            training = {one.name for one in loaded.training_sources}
            found = person(conn, loaded.litmos.account, employee_id, rules=loaded.mapping, training=training)
            account = loaded.litmos.account
            hint = (
                "" if found else meant(conn, account, employee_id, "syncd employees show", "syncd employees")
            )
        if found is None:
            said = f"Nobody knows employee {plain(employee_id)}: HR never named them and no rejected row did"
            note(f"{said}; {hint}")
            raise typer.Exit(Exit.FAILED)
        if json:
            show_json(found)
            return
        say(f"Employee {plain(employee_id)}: {found['explanation']}")
        if found["hr"] is not None:
            hr = found["hr"]
            where = "" if hr["present"] else f", absent from {hr['absent_count']} inputs"
            say(f"HR:     {hr['status']}, {plain(hr['origin'])}{where}")
        link = found["link"]
        say(
            "Link:   none" if link is None else f"Link:   Litmos user {link['user_id']}, by {link['made_by']}"
        )
        _fields(found)
        say(f"Teams:  {plain(', '.join(found['teams'])) or 'none'}")
        say(f"Paths:  {plain(', '.join(found['learning_paths'])) or 'none'}")
        if found["courses"]:
            say(f"Courses: {plain(', '.join(found['courses']))}")
        for case in found["quarantine"]:
            say(
                f"Rejected: {plain(case['origin'])}: "
                + "; ".join(f"{r['code']} {plain(r['message'])}" for r in case["reasons"])
            )
        for row in found["drift"]:
            say(f"In Litmos, {moment(row['seen_at'])}: {plain(drift_line(row, found['item_names']))}")
        for row in found["changes"]:
            from syncd.core.telling import describe
            from syncd.store.changes import at, to_change

            say(
                f"  {moment(at(row))}  run {row['run_id']:<5} {row['state']:<10} {plain(describe(to_change(row), found['item_names']))} {plain(row['message'])}".rstrip()
            )


def _fields(found: dict[str, Any]) -> None:
    """HR beside Litmos; what only syncd's last change names is left to the page."""
    lines = [one for one in found["fields"] if one["hr"] is not None]
    if lines:
        table(
            ("field", "HR", "Litmos", ""),
            [
                (
                    one["field"],
                    one["hr"],
                    "" if one["litmos"] is None else one["litmos"],
                    "differs" if one["differs"] else one["note"],
                )
                for one in lines
            ],
        )


@employees_app.command("quarantine")
def employees_quarantine(
    config: ConfigOption = None, json: JsonOption = False, csv: CsvOption = False
) -> None:
    """List everyone whose HR row is rejected, with every reason."""
    with store_of(config) as (loaded, database):
        from syncd.store import people

        with database.read() as conn:
            found = people.quarantined(conn, loaded.litmos.account)
        if json:
            show_json({"quarantine": [dict(row) for row in found]})
            return
        if csv:
            show_csv(QUARANTINE_COLUMNS, [dict(row) for row in found])
            return
        table(
            ("employee", "origin", "since", "reasons"),
            [
                (
                    row["employee_id"],
                    row["origin"],
                    moment(row["first_seen_at"]),
                    "; ".join(f"{reason['code']} {reason['message']}" for reason in row["reasons"]),
                )
                for row in found
            ],
        )
        note_if_none(found, "No row is in quarantine: all of HR's rows that were read last are valid")


@jobs_app.callback()
def jobs_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    run: Annotated[int | None, typer.Option(help="Only the jobs of this run.", max=LARGEST)] = None,
    state: Annotated[str | None, typer.Option(help="Only jobs in this state, such as discarded.")] = None,
    limit: LimitOption = 100,
) -> None:
    """List jobs, newest first."""
    if context.invoked_subcommand is not None:
        return
    must_be_one_of("--state", state or "", JOB_STATES)
    with store_of(config) as (loaded, database):
        from syncd.store import jobs

        with database.read() as conn:
            found = jobs.list_jobs(conn, loaded.litmos.account, run_id=run, state=state, limit=limit)
        if json:
            show_json({"jobs": [{k: v for k, v in job.items() if k != "payload"} for job in found]})
            return
        if csv:
            show_csv(JOB_COLUMNS, [dict(job) for job in found])
            return
        table(
            ("job", "run", "state", "kind", "target", "tries", "why"),
            [
                (
                    j["id"],
                    j["run_id"],
                    j["state"],
                    j["kind"],
                    j["target"],
                    j["attempts"],
                    f"{j['last_code']} {j['last_error']}",
                )
                for j in found
            ],
            wide="target",
        )
        asked = {"--run": run, "--state": state}
        note_if_none(found, "No job was made yet: syncd push", of="job", asked=asked)


@jobs_app.command("retry")
def jobs_retry(
    job: Annotated[
        list[int] | None, typer.Argument(help="Discarded jobs; none: all of --run.", max=LARGEST)
    ] = None,
    run: Annotated[int | None, typer.Option(help="All discarded jobs of this run.", max=LARGEST)] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Try discarded jobs again; the next push or the daemon sends them."""
    if not job and run is None:
        note("Name jobs, or a run with --run")
        raise typer.Exit(Exit.USAGE)
    with store_of(config) as (loaded, database):
        from syncd.insight import acting

        again, wanted = acting.retry(
            database, loaded.litmos.account, job_ids=job or (), run_id=run, actor=actor()
        )
        if json:
            show_json({"retried": again})
        elif again:
            say(f"{len(again)} of {wanted} jobs are available again; syncd push or syncd serve sends them")
        else:
            note(
                "There is nothing to try again: none of them failed for good, or a later run took up what did; "
                "what is open: syncd changes --open"
            )
