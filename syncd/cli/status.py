"""The command that says in one screen whether all is well."""

import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, JsonOption, stopping, store_of
from syncd.cli.output import ago, moment, note, plain, say, show_json

CLEAR = "\x1b[H\x1b[2J\x1b[3J"
"""Empties a terminal."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(status)


def status(
    config: ConfigOption = None,
    json: JsonOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Say it again and again, until Ctrl-C.")
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.2, max=3600, help="With --watch: every so many seconds.")
    ] = 2.0,
) -> None:
    """Say in one screen whether all is well: flows, queue, rolling window, what waits for a person."""
    with store_of(config) as (loaded, database):
        if not watch:
            _say(_gathered(loaded, database), json=json)
            return
        redraws = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not json
        stop = threading.Event()
        with stopping(stop.set):
            watched(
                lambda: _say(_gathered(loaded, database), json=json, one_line=True),
                lambda: stop.wait(every),
                redraws=redraws,
            )
        raise typer.Exit(130)


def watched(show: Callable[[], None], wait: Callable[[], bool], *, redraws: bool) -> None:
    """Show it until ``wait`` returns True; on a terminal (``redraws``) in the place of what was there before."""
    while True:
        if redraws:
            say(CLEAR, at_once=True)
        show()
        sys.stdout.flush()
        if wait():
            return


def _gathered(loaded: Any, database: Any) -> dict[str, Any]:
    from syncd.insight.failures import open_problems
    from syncd.insight.overview import last_inputs, overview
    from syncd.schedule import flow_standing

    with database.read() as conn:
        sources = [source.name for source in loaded.sources]
        sinks = [sink.name for sink in loaded.pull.sinks]
        now = database.now(conn)
        found = overview(conn, loaded.litmos.account, now, sinks)
        found["problems"] = open_problems(conn, loaded.litmos.account, now)
        found["inputs"] = last_inputs(conn, loaded.litmos.account, sources)
    for name, state in found["flows"].items():
        told = flow_standing(name, found, loaded.schedules, now)
        state |= {key: told[key] for key in ("standing", "late", "scheduled", "next_at", "going")}
    return {**found, "policy": loaded.push.policy.value}


def _say(found: dict[str, Any], *, json: bool, one_line: bool = False) -> None:
    if json:
        show_json(found, one_line=one_line)
        return
    _flows(found)
    _engine(found)
    _people(found)
    _paused(found)
    _failed(found)
    _waiting(found)


def _flows(found: dict[str, Any]) -> None:
    for flow, state in found["flows"].items():
        last = state["last"]
        what = "never ran" if last is None else f"run {last['id']} {state['last_state']}"
        planned = state["planned_at"]
        plan = "" if planned is None else f", last plan {ago(planned, found['now'])}"
        again = "not scheduled" if state["next_at"] is None else f"next {_clock(state['next_at'])}"
        said = f"{what}, last success {ago(state['succeeded_at'], found['now'])}{plan}; {again}"
        say(f"{flow:<8} {state['standing']}: {said}")
        if state["late"] == "unbegun":
            note(f"The {flow} is late: its time has passed, and nothing has begun. Is syncd serve at work?")
        elif state["late"]:
            run, since = state["going"]["run_id"], ago(state["going"]["since"], found["now"])
            note(
                f"The {flow} is running, late: run {run} began {since}. syncd runs show {run}; syncd cancel {run}"
            )
    sends_nothing = ": plans are made and shown, nothing is sent" if found["policy"] == "observe" else ""
    say(f"policy   {found['policy']}{sends_nothing}")


def _clock(at: datetime) -> str:
    return moment(at.astimezone(UTC))


def _engine(found: dict[str, Any]) -> None:
    window, jobs, imports = found["window"], found["jobs"], found["imports"]
    frozen = f", frozen until {window['frozen_until']:%H:%M:%S} UTC" if window["frozen_until"] else ""
    say(f"window   {window['taken']} of {window['slots']} slots taken{frozen}")
    if window["freezes"]:
        last = f"last {ago(window['frozen_at'], found['now'])} ({plain(window['frozen_reason'])})"
        say(f"freezes  {window['freezes']} times everybody waited for one window, {last}")
    say("queue    " + (", ".join(f"{number} {state}" for state, number in jobs.items()) or "empty"))
    if imports["unsettled"]:
        say(f"imports  {imports['unsettled']} that Litmos has taken and not ended yet")


def _people(found: dict[str, Any]) -> None:
    now = found["now"]
    for one in found["inputs"]:
        say(f"source   {plain(one['source'])}: {one['rows']} rows, read {ago(one['read_at'], now)}")
    say(f"people   {found['employees']} employees, {found['users']} Litmos users, {found['links']} links")
    say(
        f"mirror   read {ago(found['mirror_read_at'], now)}, in full {ago(found['mirror_full_at'], now)}, "
        f"oldest list {ago(found['oldest_list_at'], now)}"
    )
    say(f"results  {found['results']['delivered']} delivered, {found['results']['waiting']} waiting")
    for sink, number in found["results"]["removed"].items():
        note(
            f"{number} results wait for {plain(sink)}, a sink that is configured no longer: configure it again, or: "
            f"syncd results forget {plain(sink)}"
        )


def _paused(found: dict[str, Any]) -> None:
    if found["paused"]:
        note(f"The queue is paused: {found['paused']['reason']}")
    for pause in found["pauses"]:
        since = ago(pause["since"], found["now"])
        again = (
            "syncd resume" if pause["job_class"] == "all" else f"syncd resume --class {pause['job_class']}"
        )
        note(f"Paused {since} by a person: {pause['job_class']} ({plain(pause['reason'])}); {again}")


def _failed(found: dict[str, Any]) -> None:
    """What failed, and nothing has taken up."""
    failed = sum(one["number"] for one in found["problems"])
    if failed:
        note(f"{failed} {'change' if failed == 1 else 'changes'} failed: syncd problems")


def _waiting(found: dict[str, Any]) -> None:
    """What waits for a person."""
    for run in found["held"]:
        note(
            f"Run {run['id']} {'is held' if run['state'] == 'held' else 'holds a part'}: syncd runs show {run['id']}"
        )
        for hold in run["holds"]:
            note(f"  {hold['code']}: {plain(hold['message'])}")
    if found["probe"] and found["probe"]["state"] == "begun":
        note(
            f"A probe may have left a user changed: syncd doctor --probe {plain(found['probe']['username'])}"
        )
    if found["imports"]["late"]:
        note(
            f"{found['imports']['late']} bulk imports did not end in time, and Litmos may still apply them: until then nobody "
            f"in them gets another UserName (IMPORT-LATE in syncd plan --all); each push asks again, for seven days"
        )
    for name, channel in found["messages"]["channels"].items():
        if channel["waiting"] and channel["error"]:
            waiting = f"{channel['waiting']} messages wait" if channel["waiting"] > 1 else "1 message waits"
            note(
                f"Channel {plain(name)}: {waiting}: {plain(channel['error'])}; syncd messages test {plain(name)}"
            )
        elif channel["given_up"] and channel["error"]:
            note(f"Channel {plain(name)} was not reached: {plain(channel['error'])}; syncd messages")
    if found["cases"]:
        note(f"Cases that wait for a decision: {found['cases']}; syncd cases")
    if found["quarantined"]:
        rows = "1 row is" if found["quarantined"] == 1 else f"{found['quarantined']} rows are"
        note(f"{rows} in quarantine: syncd quarantine")
