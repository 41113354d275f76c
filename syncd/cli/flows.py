"""Commands that run a Flow: refresh, plan, push, revert, pull."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from syncd.cli.against import show_against
from syncd.cli.common import LARGEST, ConfigOption, JsonOption, actor, opened
from syncd.cli.exits import Exit
from syncd.cli.output import note, plain, progress, say, show_json
from syncd.cli.sending import send


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (refresh, plan, push, revert, pull):
        app.command()(command)


@contextmanager
def _run(
    app: Any,
    flow: str,
    *,
    acts: bool = True,
    action: str = "",
    people: Sequence[str] = (),
    detail: dict[str, Any] | None = None,
) -> Iterator[int]:
    """A new Run of a Flow, cancelled if another process is at work; one that ``acts`` is in the audit."""
    from syncd.errors import Busy
    from syncd.insight.acting import begin
    from syncd.sending.endings import ending
    from syncd.store import runs

    if acts:
        run_id = begin(
            app.database, app.account, flow, actor=actor(), people=people, action=action, detail=detail
        )
    else:
        run_id = _new_run(app, flow)
    try:
        yield run_id
    except Busy as error:
        with ending(app.database, app.account) as conn:
            runs.finish(conn, run_id, "cancelled", error=str(error), now=app.database.now(conn))
        raise


def _new_run(app: Any, flow: str) -> int:
    from syncd.sending.endings import ending
    from syncd.store import runs

    with ending(app.database, app.account) as conn:
        now = app.database.now(conn)
        runs.expire_held(conn, app.account, now=now)
        made = runs.create(conn, app.account, flow, trigger="person", actor=actor(), now=now)
    return int(made or 0)


def refresh(
    config: ConfigOption = None,
    json: JsonOption = False,
    accept_missing: Annotated[
        int,
        typer.Option(
            help="So many users, teams, learning paths and courses may have vanished from Litmos' lists."
        ),
    ] = 20,
    delta: Annotated[
        bool, typer.Option("--delta", help="Read only what changed, where that is enough (6 requests).")
    ] = False,
) -> None:
    """Read Litmos into the mirror: in full, or only what changed since."""
    with opened(config) as app:
        from syncd import sync

        with _run(app, "refresh") as run_id, progress("refresh") as update:
            counts = sync.refresh(app, run_id, update=update, delta=delta, accept_missing=accept_missing)
        if json:
            show_json({"run": run_id, **counts})
        else:
            say(f"Run {run_id}: {_read(counts)}; {counts['drift']} values were not as last known")
            say(f"Cost: {counts['requests']} requests; syncd runs show {run_id} lists what was not as known")


def _read(counts: dict[str, int]) -> str:
    if "users" in counts:
        courses = f", {counts['courses']} courses" if "courses" in counts else ""
        return f"{counts['users']} users, {counts['teams']} teams, {counts['learning_paths']} learning paths{courses}"
    return f"{counts['changed_users']} changed users; {counts['lists_read_again']} lists of people read again"


OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="EMPLOYEE", help="Only this person, with what they need; may be repeated."
    ),
]


AgainstOption = Annotated[
    Path | None,
    typer.Option(help="Instead, compare with this older configuration: who is affected, and by which rule."),
]
InputOption = Annotated[
    int | None, typer.Option("--input", metavar="RUN", help="Plan what this run has read, if it is kept.")
]
AtOption = Annotated[
    str | None,
    typer.Option(help="With --input: as of run (when it was read, the default), now, or a moment in UTC."),
]


def plan(
    config: ConfigOption = None,
    json: JsonOption = False,
    everything: Annotated[bool, typer.Option("--all", help="List every change.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Read Litmos in full first, whatever the mirror's age.")
    ] = False,
    only: OnlyOption = None,
    save: Annotated[
        Path | None, typer.Option(help="Keep the plan in this file, for syncd push --plan.")
    ] = None,
    against: AgainstOption = None,
    at_most: Annotated[
        int, typer.Option(metavar="PEOPLE", help="With --against: exit 6 only if more people are affected.")
    ] = 0,
    of_run: InputOption = None,
    at: AtOption = None,
    detailed: Annotated[
        bool,
        typer.Option(
            "--detailed-exitcode", help="Exit 6 if there is anything to change, 4 if it would be held."
        ),
    ] = False,
) -> None:
    """Show what a push would do, and what it would cost; send nothing."""
    _must_fit(against, at_most, of_run, at, partly=bool(only), acts=fresh or save is not None)
    with opened(config) as app:
        if of_run is not None:
            from syncd.cli.replay import show_again

            view = {"json": json, "everything": everything, "detailed": detailed}
            show_again(app, of_run, at=at or "run", people=only or (), **view)
            return
        if against is not None:
            show_against(
                app,
                against,
                json=json,
                everything=everything,
                detailed=detailed or at_most > 0,
                at_most=at_most,
            )
            return
        pushed = _plan(app, send=False, fresh=fresh, everything=everything, json=json, people=only or ())
        if save is not None:
            from syncd.planning.saving import save_plan

            save_plan(app, save, pushed.run_id, pushed.intake, pushed.draft)
        if not json:
            todo = " ".join(["syncd push", *(f"--only {one}" for one in only or ())])
            todo = todo if save is None else f"syncd push --plan {save}"
            note(f"Nothing was sent. This is run {pushed.run_id}; to do it: {todo}")
        if detailed and pushed.draft.plan.holds:
            raise typer.Exit(Exit.HELD)
        if detailed and pushed.draft.plan.changes:
            raise typer.Exit(Exit.CHANGES_PENDING)


def _must_fit(
    against: Path | None, at_most: int, of_run: int | None, at: str | None, *, partly: bool, acts: bool
) -> None:
    """Exit 2 if these options of ``syncd plan`` contradict each other."""
    wrong = ""
    if at_most and against is None:
        wrong = "--at-most is for --against"
    elif at is not None and of_run is None:
        wrong = "--at is for --input"
    elif against is not None and (partly or acts or of_run is not None):
        wrong = "--against compares two whole plans with Litmos as it is known; leave --only, --save, --fresh and --input out"
    elif of_run is not None and acts:
        wrong = "--input only looks, at Litmos as it is known; leave --save and --fresh out"
    if wrong:
        note(wrong)
        raise typer.Exit(Exit.USAGE)


def _plan(
    app: Any,
    *,
    send: bool,
    fresh: bool,
    everything: bool,
    json: bool,
    people: Sequence[str] = (),
    saved: Any = None,
) -> Any:
    from syncd import sync
    from syncd.cli.show_plan import plan_json, show_plan, told_rejections

    app.gate.urgent = bool(people)
    about = {} if saved is None else {"plan made at": saved.made_at.isoformat()}
    with (
        _run(app, "push", acts=send, people=people, detail=about) as run_id,
        progress("plan") as update,
    ):
        pushed = sync.push(app, run_id, send=send, fresh=fresh, people=people, saved=saved, update=update)
    for problem in pushed.not_kept:
        note(f"Not kept: {plain(problem)}")
    if json and not send:
        made = pushed.draft
        told = plan_json(made.plan, told_rejections(made))
        read = [one.data for one in pushed.intake.inputs]
        show_json({"run": run_id, "state": pushed.state, **made.part.about, "inputs": read, **told})
    elif not json:
        if len(pushed.intake.inputs) > 1:
            say(
                "Sources: "
                + ", ".join(f"{plain(one.source)} ({one.rows} rows)" for one in pushed.intake.inputs)
            )
        show_plan(pushed.draft, everything=everything)
    return pushed


def push(
    config: ConfigOption = None,
    json: JsonOption = False,
    everything: Annotated[bool, typer.Option("--all", help="List every change.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Read Litmos in full first, whatever the mirror's age.")
    ] = False,
    only: OnlyOption = None,
    saved: Annotated[
        Path | None,
        typer.Option("--plan", help="Do exactly what this file of syncd plan --save says, or nothing."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Send now, or leave it to syncd serve.")
    ] = True,
) -> None:
    """Bring Litmos in step with HR: plan, store, send."""
    if only and saved is not None:
        note("--plan says already whom it is about; leave --only out")
        raise typer.Exit(Exit.USAGE)
    with opened(config) as app:
        from syncd.planning.saving import open_plan

        kept = None if saved is None else open_plan(saved)
        pushed = _plan(
            app, send=True, fresh=fresh, everything=everything, json=json, people=only or (), saved=kept
        )
        if pushed.state != "held" and wait:
            send(app, pushed.run_id)
        report(app, pushed.run_id, json=json)


def report(app: Any, run_id: int, *, json: bool, remarks: Sequence[Any] = ()) -> None:
    """Say how a push ended, with ``remarks`` in the JSON, and exit by it."""
    from syncd.store import changes, jobs, runs

    with app.database.read() as conn:
        run = runs.must_get(conn, run_id)
        tally = changes.tally(conn, run_id)
    state = run["state"]
    if json:
        told = {"run": run_id, "state": state, "error": run["error"], "holds": run["holds"], "changes": tally}
        show_json({**told, **({"remarks": [asdict(one) for one in remarks]} if remarks else {})})
    elif runs.OBSERVED in run["summary"]:
        say(f"Run {run_id}: planned; nothing was sent, for push.policy is observe")
    else:
        done = sum(states.get("done", 0) for states in tally.values())
        say(f"Run {run_id}: {state}; {done} of {sum(sum(s.values()) for s in tally.values())} changes done")
    if state == "held":
        note(
            f"Look at it: syncd runs show {run_id}\nDecide:     syncd approve {run_id}   or   syncd reject {run_id}"
        )
        raise typer.Exit(Exit.HELD)
    if state == "failed":
        note(f"{run['error']}; which and why: syncd runs show {run_id}")
        raise typer.Exit(Exit.CHANGES_FAILED)
    if state == "running" and not app.stop.is_set():
        with app.database.read() as conn:
            if not jobs.goes_on(conn, app.account, run_id):
                note("The rest is paused, and stays queued: syncd status says what, syncd resume goes on")
    if state == "running" and app.stop.is_set():
        note("Stopped. What is not sent stays queued: syncd push or syncd serve goes on.")
        raise typer.Exit(130)


def revert(
    run: Annotated[int, typer.Argument(help="The push to take back.", max=LARGEST)],
    config: ConfigOption = None,
    json: JsonOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do; send nothing.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="List every change.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Send now, or leave it to syncd serve.")
    ] = True,
) -> None:
    """Take back what a push has done, where Litmos still is as it left it; and list what cannot be undone."""
    with opened(config) as app:
        from syncd import sync
        from syncd.cli.show_plan import plan_json
        from syncd.planning.reverting import must_be_done

        with app.database.read() as conn:  # before there is a run that can only fail
            must_be_done(conn, app, run)
        with (
            _run(app, "push", acts=not dry_run, action="revert", detail={"reverts": run}) as run_id,
            progress("revert") as update,
        ):
            reverted = sync.revert(app, run_id, run, send=not dry_run, update=update)
        if json and dry_run:
            show_json(
                {
                    "run": run_id,
                    "reverts": run,
                    "state": reverted.state,
                    **plan_json(reverted.draft.plan, ()),
                    "remarks": [asdict(remark) for remark in reverted.remarks],
                }
            )
        elif not json:
            _show_revert(reverted, run, everything=everything)
        if dry_run:
            note(f"Nothing was sent. To do it: syncd revert {run}")
            return
        if reverted.state != "held" and wait:
            send(app, run_id)
        report(app, run_id, json=json, remarks=reverted.remarks)


def _show_revert(reverted: Any, run: int, *, everything: bool) -> None:
    from syncd.cli.show_plan import FEW, show_plan

    show_plan(reverted.draft, everything=everything)
    for remark in reverted.remarks if everything else reverted.remarks[:FEW]:
        say(f"  {remark.code}: {plain(remark.message)}")
    if len(reverted.remarks) > FEW and not everything:
        say(f"    ... and {len(reverted.remarks) - FEW} more that cannot be undone (--all lists them)")
    note(
        f"HR's data and the rules still say what run {run} did, so the next push does it again. First mend them, or stop "
        "pushes of it: push.policy: observe, a narrower scope, or owner: litmos for a field"
    )


def pull(
    config: ConfigOption = None,
    json: JsonOption = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Read all results of courses, too: finds resets that windows do not tell."
        ),
    ] = False,
) -> None:
    """Bring training results back to HR."""
    with opened(config) as app:
        from syncd import sync

        with _run(app, "pull") as run_id, progress("pull") as update:
            delivered = sync.pull(app, run_id, full=full, update=update)
        if json:
            show_json({"run": run_id, "delivered": delivered})
        else:
            for name, rows in delivered.items():
                what = "people" if name in app.settings.identities else "new results"
                say(f"Run {run_id}: {rows} {what} delivered to {name}")
            if not delivered:
                say(f"Run {run_id}: results were read; pull.sinks names nowhere to deliver them")
