"""Commands that show runs: their list, one of them, two side by side."""

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
from syncd.cli.output import (
    drift_line,
    lasting,
    moment,
    note,
    note_if_none,
    plain,
    say,
    show_csv,
    show_json,
    table,
)
from syncd.core.states import FLOWS, RUN_STATES, TRIGGERS

runs_app = typer.Typer(help="Runs: what each refresh, push and pull did.", invoke_without_command=True)

RUN_COLUMNS = (
    *("id", "flow", "state", "trigger", "actor", "created_at", "started_at", "finished_at", "summary"),
    *("took", "held_seconds", "holds", "error", "decided_by", "decision_reason"),
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(runs_app, name="runs")


@runs_app.callback()
def runs_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    flow: Annotated[str, typer.Option(help="refresh, push or pull.")] = "",
    state: Annotated[str, typer.Option(help="Only runs in this state, such as held.")] = "",
    trigger: Annotated[
        str, typer.Option(help="Only what began so: schedule, person (by a command) or page.")
    ] = "",
    since: FromOption = "",
    until: ToOption = "",
    changed: Annotated[bool, typer.Option("--changed", help="Only runs with changes.")] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what failed, or of which anything did.")
    ] = False,
    before: Annotated[
        int | None, typer.Option(help="Only with an id below: the next page.", max=LARGEST)
    ] = None,
    limit: LimitOption = 20,
) -> None:
    """List runs, newest first."""
    if context.invoked_subcommand is not None:
        return
    must_be_one_of("--flow", flow, FLOWS)
    must_be_one_of("--state", state, RUN_STATES)
    must_be_one_of("--trigger", trigger, TRIGGERS)
    with store_of(config) as (loaded, database):
        from syncd.store import runlists, runs

        first, last = span_of(loaded, since, until)
        wanted = runlists.WantedRuns(
            flow=flow, state=state, trigger=trigger, since=first, until=last, changed=changed, failed=failed
        )
        with database.read() as conn:
            rows = runlists.listed_runs(conn, loaded.litmos.account, wanted, before=before, limit=limit)
            now = database.now(conn)
            found = [
                {**row, **_spent(runlists.spent(conn, row, now)), "shown": runs.shown_state(row)}
                for row in rows
            ]
        if json:
            show_json({"runs": [{k: v for k, v in run.items() if k != "shown"} for run in found]})
            return
        if csv:
            show_csv(RUN_COLUMNS, [{**run, "state": run["shown"]} for run in found])
            return
        _runs_table(found)
        asked = {"--flow": flow, "--state": state, "--trigger": trigger, "--from": since, "--to": until}
        told = {**asked, "--changed": changed, "--failed": failed, "--before": before}
        note_if_none(found, "There was no run yet: syncd refresh, syncd plan", of="run", asked=told)
        if len(found) == limit:
            note(f"There may be more: --before {found[-1]['id']}")


def _runs_table(found: list[dict[str, Any]]) -> None:
    names = ("id", "flow", "shown")
    table(
        ("run", "flow", "state", "started", "took", "by", "what"),
        [
            (*(row[name] for name in names), moment(row["created_at"]), _took(row), row["actor"], _what(row))
            for row in found
        ],
    )


def _spent(spent: tuple[float | None, float]) -> dict[str, float | None]:
    return dict(zip(("took", "held_seconds"), spent, strict=True))


def _took(run: Any) -> str:
    """For how long it worked, and was held; "" for what it did not."""
    worked, held = run["took"], run["held_seconds"]
    parts = ["" if worked is None else lasting(worked), f"(held {lasting(held)})" if held >= 1 else ""]
    return " ".join(part for part in parts if part)


def _what(run: Any) -> str:
    if run["error"]:
        return str(run["error"]).splitlines()[0]
    if run["holds"]:
        return "; ".join(hold["code"] for hold in run["holds"])
    from syncd.core.reporting import in_brief

    return in_brief(run["flow"], run["summary"])


@runs_app.command("show")
def runs_show(
    run: Annotated[int, typer.Argument(help="The run.", max=LARGEST)],
    config: ConfigOption = None,
    json: JsonOption = False,
    limit: LimitOption = 200,
) -> None:
    """Show one run: when, how long and what it read; its plan, why it was held, what became of each change; and what to do."""
    with store_of(config) as (loaded, database):
        from syncd.core.telling import describe
        from syncd.insight.runs import course
        from syncd.store import changes, drift, inputs, jobs, mirror, runs

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
            went = course(conn, found, database.now(conn))
            discarded = jobs.counts(conn, loaded.litmos.account, run).get("discarded", 0)
        waits = found["state"] == "held" or bool(causes)
        step = "" if waits else _next_step(dict(found), tally, discarded)
        if json:
            show_json(
                {
                    "run": {**found, **_spent((went.took, went.held_seconds))},
                    "phases": [{"phase": one.name, "seconds": one.seconds} for one in went.phases],
                    "requests": went.requests,
                    "next": step,
                    "inputs": [dict(one) for one in read],
                    "tally": tally,
                    "causes": causes,
                    "changes": [dict(row) for row in rows],
                    "drift": [dict(row) for row in drifted],
                }
            )
            return
        _show_run({**found, "state": runs.shown_state(found)}, read, tally, went, waits=waits)
        _show_causes(dict(found), causes)
        for row in rows:
            why = f"  {row['code']} {row['message']}".rstrip()
            say(f"  {row['state']:<10} {plain(describe(changes.to_change(row), names))}{plain(why)}")
        for row in drifted:
            say(f"  drift      {plain(drift_line(row, names))}")
        if limit in (len(rows), len(drifted)):
            note(f"Only the first {limit}; --limit shows more")
        if step:
            note(f"Next: {step}")


def _next_step(run: dict[str, Any], tally: dict[str, dict[str, int]], discarded: int) -> str:
    """What a person does about a Run that failed, and what shows one that is at work; "" for any other."""
    number, failed = run["id"], sum(states.get("failed", 0) for states in tally.values())
    if run["state"] in {"queued", "running"}:
        return f"it is at work: syncd logs --run {number} --follow; to end it: syncd cancel {number}"
    if failed:
        again = f"; to send the same again: syncd jobs retry --run {number}" if discarded else ""
        return f"syncd problems says what to do; which failed: syncd changes --run {number} --state failed{again}"
    return f"mend that, then: syncd {run['flow']}" if run["state"] == "failed" else ""


@runs_app.command("diff")
def runs_diff(
    before: Annotated[int, typer.Argument(help="The earlier run.", max=LARGEST)],
    after: Annotated[int, typer.Argument(help="The later one, of the same flow.", max=LARGEST)],
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


def _range(summary: dict[str, Any]) -> str:
    low, high = summary.get("requests", (0, 0))
    return str(low) if low == high else f"{low} to {high}"


def _show_run(
    run: dict[str, Any], read: list[Any], tally: dict[str, dict[str, int]], went: Any, *, waits: bool
) -> None:
    from syncd.core.reporting import did

    _show_course(run, went)
    _show_read(run, read)
    if run["plan_digest"]:
        say(f"Plan: digest {run['plan_digest']}, {_range(run['summary'])} requests")
    if run["config_digest"]:
        say(f"Configuration: digest {run['config_digest']}")
    if "reverts" in run["summary"]:
        say(f"Takes back: run {run['summary']['reverts']}")
    if "only" in run["summary"]:
        say(f"Only: {plain(', '.join(run['summary']['only']))}")
    for one in did(run["flow"], run["summary"]):
        where = {"quarantine": " (syncd quarantine)", "results": " (syncd results)"}.get(one.about, "")
        say(f"  {plain(one.text)}{where}")
    _show_holds(run, waits=waits)
    if run["error"]:
        say(f"Error: {plain(run['error'])}")
    if run["decided_by"] or run["decision_reason"]:
        say(f"Decision: {plain(run['decision_reason'])} {plain(run['decided_by'])}".rstrip())
    for what, states in tally.items():
        say(f"  {what}: " + ", ".join(f"{number} {state}" for state, number in states.items()))


def _show_course(run: dict[str, Any], went: Any) -> None:
    """When it was, how long it took and with how many requests."""
    ended = f", ended {moment(run['finished_at'])}" if run["finished_at"] else ""
    say(
        f"Run {run['id']}: {run['flow']} {run['state']}, {moment(run['created_at'])}, by {run['actor']}{ended}"
    )
    took = _took({"took": went.took, "held_seconds": went.held_seconds})
    phases = ", ".join(f"{one.name} {lasting(one.seconds)}" for one in went.phases)
    say(f"So far: {phases}" if went.took is None else f"Took: {took}: {phases}")
    if went.requests:
        say(f"Requests: {went.requests} sent")


def _show_read(run: dict[str, Any], read: list[Any]) -> None:
    for one in read:
        size = f"{one['rows']} rows, {one['size_bytes']} bytes, sha256 {one['sha256'][:12]}"
        file = "" if one["name"] in ("", one["source"]) else f" ({one['name']})"
        say(f"Input: {plain(one['source'] + file)}, {size}")
    for problem in run["summary"].get("input_not_kept", ()):
        say(f"Not kept: {plain(problem)}")


def _show_holds(run: dict[str, Any], *, waits: bool) -> None:
    held = "Held" if waits else "Was held"
    for hold in run["holds"]:
        say(f"{'Would be held' if run['expires_at'] is None else held}: {hold['code']}: {hold['message']}")


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
