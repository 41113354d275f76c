"""Commands that show what happened: runs, employees, jobs."""

from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, CsvOption, JsonOption, actor, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import moment, note, plain, say, show_csv, show_json, table

runs_app = typer.Typer(help="Runs: what each refresh, push and pull did.", invoke_without_command=True)
employees_app = typer.Typer(help="Employees: what HR says, what Litmos has, and why.", no_args_is_help=True)
jobs_app = typer.Typer(help="Jobs: the durable queue.", invoke_without_command=True)

RUN_COLUMNS = (
    *("id", "flow", "state", "trigger", "actor", "created_at", "started_at", "finished_at", "summary"),
    *("holds", "error", "decided_by", "decision_reason"),
)
QUARANTINE_COLUMNS = ("employee_id", "source", "origin", "first_seen_at", "last_seen_at", "reasons")
JOB_COLUMNS = (
    *("id", "run_id", "state", "kind", "target", "attempts", "last_code", "last_error", "created_at"),
    "finished_at",
)
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(runs_app, name="runs")
    app.add_typer(employees_app, name="employees")
    app.add_typer(jobs_app, name="jobs")


@runs_app.callback()
def runs_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    flow: Annotated[str | None, typer.Option(help="refresh, push or pull.")] = None,
    state: Annotated[str | None, typer.Option(help="Only runs in this state, such as held.")] = None,
    limit: LimitOption = 20,
) -> None:
    """List runs, newest first."""
    if context.invoked_subcommand is not None:
        return
    with store_of(config) as (loaded, database):
        from syncd.store import runs

        with database.read() as conn:
            found = runs.listed(
                conn,
                loaded.litmos.account,
                flow=flow,
                state="succeeded" if state == "planned" else state,
                planned_only=state == "planned" if state in {"planned", "succeeded"} else None,
                limit=limit,
            )
        if json:
            show_json({"runs": [dict(run) for run in found]})
            return
        if csv:
            show_csv(RUN_COLUMNS, [{**run, "state": runs.shown_state(run)} for run in found])
            return
        table(
            ("run", "flow", "state", "started", "took", "by", "what"),
            [
                (
                    r["id"],
                    r["flow"],
                    runs.shown_state(r),
                    moment(r["created_at"]),
                    _took(r),
                    r["actor"],
                    _what(r),
                )
                for r in found
            ],
        )


def _took(run: Any) -> str:
    if run["finished_at"] is None or run["started_at"] is None:
        return ""
    return f"{(run['finished_at'] - run['started_at']).total_seconds():.0f} s"


def _what(run: Any) -> str:
    if run["error"]:
        return str(run["error"]).splitlines()[0]
    if run["holds"]:
        return "; ".join(hold["code"] for hold in run["holds"])
    summary = run["summary"]
    if "counts" in summary:
        return ", ".join(
            f"{number} {kind} {action}"
            for kind, actions in summary["counts"].items()
            for action, number in actions.items()
        )
    return ", ".join(f"{number} {name}" for name, number in summary.items())


@runs_app.command("show")
def runs_show(
    run: Annotated[int, typer.Argument(help="The run.")],
    config: ConfigOption = None,
    json: JsonOption = False,
    limit: LimitOption = 200,
) -> None:
    """Show one run: its plan, why it was held, what became of each change."""
    with store_of(config) as (loaded, database):
        from syncd.core.telling import describe
        from syncd.store import changes, drift, inputs, mirror, runs

        with database.read() as conn:
            found = runs.get(conn, run)
            if found is None or found["account"] != loaded.litmos.account:
                note(f"There is no run {run}; syncd runs lists them")
                raise typer.Exit(Exit.FAILED)
            rows = changes.listed(conn, run_id=run, limit=limit)
            tally = changes.tally(conn, run)
            causes = changes.causes(conn, run)
            names = {str(item.key): item.name for item in mirror.items(conn, loaded.litmos.account)}
            read = inputs.of_run(conn, run)
            drifted = drift.listed(conn, loaded.litmos.account, run_id=run, limit=limit)
        if json:
            show_json(
                {
                    "run": dict(found),
                    "inputs": [dict(one) for one in read],
                    "tally": tally,
                    "causes": causes,
                    "changes": [dict(row) for row in rows],
                    "drift": [dict(row) for row in drifted],
                }
            )
            return
        _show_run({**found, "state": runs.shown_state(found)}, read, tally)
        _show_causes(dict(found), causes)
        for row in rows:
            why = f"  {row['code']} {row['message']}".rstrip()
            say(f"  {row['state']:<10} {plain(describe(changes.to_change(row), names))}{plain(why)}")
        for row in drifted:
            say(f"  drift      {plain(_drift(row, names))}")
        if limit in (len(rows), len(drifted)):
            note(f"Only the first {limit}; --limit shows more")


@runs_app.command("diff")
def runs_diff(
    before: Annotated[int, typer.Argument(help="The earlier run.")],
    after: Annotated[int, typer.Argument(help="The later one, of the same flow.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say what is not the same in two runs: what their configurations say, what they read, what they planned and did."""
    with store_of(config) as (loaded, database):
        from dataclasses import asdict

        from syncd.insight.runs import compared

        with database.read() as conn:
            found = compared(conn, loaded.litmos.account, before, after)
        if json:
            show_json(asdict(found))
            return
        _show_compared(found)


def _show_compared(found: Any) -> None:
    if found.settings is None:
        say("Configuration: not the same, and what one of them said was not kept")
    for one in found.inputs:
        what = "the same bytes" if one["same"] else f"{one['rows']:+d} rows, {one['size_bytes']:+d} bytes"
        say(f"Input {plain(one['source'])}: {what if one['earlier'] else 'not read before'}")
    for title, differences in (
        ("Configuration", found.settings or ()),
        ("Planned", found.planned),
        ("Outcome", found.outcomes),
    ):
        for one in differences:
            say(f"{title}: {plain(one.told)}")
    if found.settings == () and not (found.planned or found.outcomes):
        say("Nothing else differs")


def _drift(row: Any, names: dict[str, str]) -> str:
    """Somebody's change in Litmos as one line."""
    where = f" {names.get(row['object_id'], row['object_id'])}" if row["object_id"] else ""
    return (
        f"user {row['user_id']}  {row['kind']}{where}  {row['field']}: {row['before']!r} -> {row['after']!r}"
    )


def _range(summary: dict[str, Any]) -> str:
    low, high = summary.get("requests", (0, 0))
    return str(low) if low == high else f"{low} to {high}"


def _show_run(run: dict[str, Any], read: list[Any], tally: dict[str, dict[str, int]]) -> None:
    say(f"Run {run['id']}: {run['flow']} {run['state']}, {moment(run['created_at'])}, by {run['actor']}")
    for one in read:
        say(f"Input: {plain(one['name'])}, {one['rows']} rows, sha256 {one['sha256'][:12]}")
    for problem in run["summary"].get("input_not_kept", ()):
        say(f"Not kept: {plain(problem)}")
    if run["plan_digest"]:
        say(f"Plan: digest {run['plan_digest']}, {_range(run['summary'])} requests")
    if "reverts" in run["summary"]:
        say(f"Takes back: run {run['summary']['reverts']}")
    if "only" in run["summary"]:
        say(f"Only: {plain(', '.join(run['summary']['only']))}")
    for hold in run["holds"]:
        say(f"{'Would be held' if run['expires_at'] is None else 'Held'}: {hold['code']}: {hold['message']}")
    if run["error"]:
        say(f"Error: {plain(run['error'])}")
    if run["decided_by"] or run["decision_reason"]:
        say(f"Decision: {plain(run['decision_reason'])} {plain(run['decided_by'])}".rstrip())
    for what, states in tally.items():
        say(f"  {what}: " + ", ".join(f"{number} {state}" for state, number in states.items()))


CAUSES = {
    "HELD-WHOLE": "counted by no limit; the push is held whole",
    "HELD-WAITS": "needs something that is held",
}


def _show_causes(run: dict[str, Any], causes: dict[str, dict[str, int]]) -> None:
    """What a Run holds, grouped by why, and what may be done about it."""
    for code, numbers in causes.items():
        why = f" ({CAUSES[code]})" if code in CAUSES else ""
        say(f"Waiting for a person, {code}{why}: " + ", ".join(f"{n} {what}" for what, n in numbers.items()))
    if run["state"] == "held" or causes:
        say(
            f"Decide by {moment(run['expires_at'])}: syncd approve {run['id']}   or   syncd reject {run['id']}   "
            "(a part: --only, --employee, --field)"
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
            found = person(conn, loaded.litmos.account, employee_id, training=training)
        if found is None:
            note(f"Nobody knows employee {plain(employee_id)}: HR never named them and no rejected row did")
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
            say(f"In Litmos, {moment(row['seen_at'])}: {plain(_drift(row, found['item_names']))}")
        for row in found["changes"]:
            from syncd.core.telling import describe
            from syncd.store.changes import to_change

            say(
                f"  run {row['run_id']:<5} {row['state']:<10} {plain(describe(to_change(row), found['item_names']))} {plain(row['message'])}".rstrip()
            )


def _fields(found: dict[str, Any]) -> None:
    hr = found["hr"]["data"]["fields"] if found["hr"] is not None else {}
    litmos = found["litmos"] or {}
    rows = [(name, hr.get(name, ""), litmos.get(name, "")) for name in sorted(hr)]
    if rows:
        table(("field", "HR", "Litmos", ""), [(*row, "" if row[1] == row[2] else "differs") for row in rows])


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


@jobs_app.callback()
def jobs_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    run: Annotated[int | None, typer.Option(help="Only the jobs of this run.")] = None,
    state: Annotated[str | None, typer.Option(help="Only jobs in this state, such as discarded.")] = None,
    limit: LimitOption = 100,
) -> None:
    """List jobs, newest first."""
    if context.invoked_subcommand is not None:
        return
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
            ("job", "run", "state", "kind", "target", "attempts", "why"),
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
        )


@jobs_app.command("retry")
def jobs_retry(
    job: Annotated[list[int] | None, typer.Argument(help="Discarded jobs; none: all of --run.")] = None,
    run: Annotated[int | None, typer.Option(help="All discarded jobs of this run.")] = None,
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
        else:
            say(f"{len(again)} of {wanted} jobs are available again; syncd push or syncd serve sends them")
