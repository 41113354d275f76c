"""Commands about the inputs that runs have read: inputs, plan --input, backtest."""

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from syncd.cli.common import LARGEST, ConfigOption, CsvOption, JsonOption, store_of
from syncd.cli.exits import Exit, reported
from syncd.cli.output import (
    ago,
    moment,
    note,
    note_if_none,
    plain,
    progress,
    say,
    show_csv,
    show_json,
    table,
)

inputs_app = typer.Typer(
    help="Inputs: what runs have read of HR, and what is kept of it.", invoke_without_command=True
)
INPUT_COLUMNS = ("run", "source", "file", "nodes", "read_at", "rows", "size_bytes", "sha256", "kept")
RunArgument = Annotated[int, typer.Argument(help="The run that has read it.", max=LARGEST)]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(inputs_app, name="inputs")
    app.command()(backtest)


@inputs_app.callback()
def inputs_list(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 20,
) -> None:
    """List what the newest runs have read of HR, and whether it is kept."""
    if context.invoked_subcommand is not None:
        return
    with store_of(config) as (loaded, database):
        from syncd.store import archived
        from syncd.wiring import archive_of

        vault = archive_of(loaded)
        with database.read() as conn:
            read = archived.read_lately(conn, loaded.litmos.account, limit)
            kept = archived.newest(conn, loaded.litmos.account, limit)
        rows = [{**_kept_row(one), "kept": vault is not None and vault.holds(one.content)} for one in kept]
        known = {(row["run"], row["source"]) for row in rows if not row["nodes"]}
        rows += [_read_row(one) for one in read if (one["run_id"], one["source"]) not in known]
        rows = sorted(rows, key=lambda row: row["run"], reverse=True)[:limit]
        if json:
            show_json({"inputs": rows})
            return
        if csv:
            show_csv(INPUT_COLUMNS, rows)
            return
        headings = ("run", "source", "file", "read", "rows", "bytes", "sha256", "kept")
        table(headings, [_cells(row) for row in rows])
        note_if_none(rows, "Nothing of HR was read yet: syncd push")
        if vault is None:
            note("Nothing is kept, for archive is null in syncd.yaml")


def _kept_row(one: Any) -> dict[str, Any]:
    from syncd.sources.base import file_of

    return {
        "run": one.run_id,
        "source": one.source,
        "file": file_of(one.place),
        "nodes": one.of_nodes,
        "read_at": one.read_at,
        "rows": one.rows,
        "size_bytes": one.size_bytes,
        "sha256": one.sha256,
        "kept": True,
    }


def _read_row(one: Any) -> dict[str, Any]:
    return {
        "run": one["run_id"],
        "source": one["source"],
        "file": "" if one["name"] == one["source"] else one["name"],
        "nodes": False,
        "read_at": one["read_at"],
        "rows": one["rows"],
        "size_bytes": one["size_bytes"],
        "sha256": one["sha256"],
        "kept": False,
    }


def _cells(row: dict[str, Any]) -> Sequence[object]:
    source = f"{row['source']} (nodes)" if row["nodes"] else row["source"]
    kept = "yes" if row["kept"] else "no"
    at = moment(row["read_at"])
    return row["run"], source, row["file"], at, row["rows"], row["size_bytes"], row["sha256"][:12], kept


@inputs_app.command("show")
def inputs_show(run: RunArgument, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show what is kept of one run: that it is there, whole, and with which columns."""
    with store_of(config) as (loaded, database):
        vault, found = _kept(loaded, database, run)
        columns = [_columns(vault, one) for one in found]
        if json:
            told = [{**_kept_row(one), "columns": names} for one, names in zip(found, columns, strict=True)]
            show_json({"run": run, "inputs": told})
            return
        for kept, names in zip(found, columns, strict=True):
            complete = "" if kept.complete else "; people may be missing at its end"
            say(
                f"{plain(kept.source)}: {kept.rows} rows, read {moment(kept.read_at)}, is kept whole{complete}"
            )
            say(f"  sha256 {kept.sha256}")
            say(f"  columns: {plain(', '.join(names))}")
        note(f"Plan it again: syncd plan --input {run}   Its rows: syncd inputs export {run} FOLDER")


@inputs_app.command("export")
def inputs_export(
    run: RunArgument,
    folder: Annotated[Path, typer.Argument(help="Where the files go; it is made if it is not there.")],
    config: ConfigOption = None,
    json: JsonOption = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Cells as they are, even those that a spreadsheet would run.")
    ] = False,
) -> None:
    """Write the rows that a run has read as CSV files, readable for you alone; nothing is overwritten."""
    with store_of(config) as (loaded, database):
        from syncd.errors import Declined

        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            vault, found = _kept(loaded, database, run)
            written = [str(_export(vault, one, folder, raw=raw)) for one in found]
        except OSError as error:
            raise Declined(f"{folder}: cannot be written: {error.strerror} ({error.filename})") from None
        if json:
            show_json({"run": run, "files": written})
        else:
            for path in written:
                say(path)


def _export(vault: Any, kept: Any, folder: Path, *, raw: bool) -> Path:
    from syncd.sinks.csvfile import defuse

    path = folder / f"{kept.source}{'.nodes' if kept.of_nodes else ''}.csv"
    with _reading(vault, kept) as reading:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "w", encoding="utf-8", newline="") as out:
            rows = chain([reading.columns], (cells for _, cells in reading.raw))
            csv.writer(out).writerows(cells if raw else list(map(defuse, cells)) for cells in rows)
    return path


def _columns(vault: Any, kept: Any) -> list[str]:
    with _reading(vault, kept) as reading:
        return list(reading.columns)


def _kept(loaded: Any, database: Any, run: int) -> tuple[Any, Any]:
    """The archive, and what is kept of a Run. Raises Declined if nothing is."""
    from syncd.errors import Declined
    from syncd.replay.again import TURN_ON
    from syncd.store import archived
    from syncd.wiring import archive_of

    vault = archive_of(loaded)
    with database.read() as conn:
        found = archived.of_run(conn, loaded.litmos.account, run)
    if vault is None or not found:
        hint = f"; {TURN_ON}" if vault is None else ""
        raise Declined(f"no input of run {run} is kept: syncd inputs lists what is{hint}")
    return vault, found


@contextmanager
def _reading(vault: Any, kept: Any) -> Iterator[Any]:
    """What is kept as it was read, proved whole."""
    import tempfile

    from syncd.replay.kept import KeptSource

    with tempfile.TemporaryDirectory(prefix="syncd-") as folder:
        yield KeptSource(vault, kept).read(Path(folder))


def show_again(
    app: Any, run: int, *, at: str, json: bool, everything: bool, people: Sequence[str], detailed: bool
) -> None:
    """Plan the kept input of a Run and print it, as ``syncd plan`` does. Raises Declined, ArchiveError, typer.Exit."""
    from syncd.cli.show_plan import plan_json, show_plan, told_rejections
    from syncd.core.selection import Part
    from syncd.replay.again import plan_again

    when = _moment(at, app)
    again = plan_again(app, run, at=when, part=Part(people=frozenset(people)))
    made = again.draft
    if json:
        told = plan_json(made.plan, told_rejections(made))
        read = [_kept_row(one) for one in again.kept]
        about = {"input_of_run": run, "at": again.at, "mirror_read_at": again.mirror_read_at}
        show_json({**about, **made.part.about, "inputs": read, **told})
    else:
        for one in again.kept:
            say(
                f"Input: what run {run} read of {plain(one.source)} on {moment(one.read_at)} "
                f"({one.rows} rows, sha256 {one.sha256[:12]})"
            )
        day = "that moment" if when is None else moment(again.at)
        say(
            f"Planned as of {day}, with today's configuration and Litmos as read {ago(again.mirror_read_at, again.now)}"
        )
        show_plan(made, everything=everything)
        note("Nothing was sent, and nothing is stored: no run, and the next push knows nothing of this")
    if detailed and made.plan.holds:
        raise typer.Exit(Exit.HELD)
    if detailed and made.plan.changes:
        raise typer.Exit(Exit.CHANGES_PENDING)


def _moment(at: str, app: Any) -> datetime | None:
    """What ``--at`` means; None: when the Run read its input. Exit 2 if it means nothing."""
    if at == "run":
        return None
    if at == "now":
        found: datetime = app.now()
        return found
    try:
        parsed = datetime.fromisoformat(at)
    except ValueError:
        note("--at is run, now, or a moment like 2026-11-24 or 2026-11-24T06:00")
        raise typer.Exit(Exit.USAGE) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def backtest(
    config: Annotated[Path, typer.Option("--config", "-c", help="The new configuration, to be tried out.")],
    current: Annotated[
        Path | None,
        typer.Option(
            help="The one of now (else $SYNCD_CONFIG, ./syncd.yaml, ...): its database and archive are read."
        ),
    ] = None,
    json: JsonOption = False,
    last: Annotated[int, typer.Option(min=1, max=10_000, help="Over so many kept inputs.")] = 30,
    max_changes: Annotated[
        int | None, typer.Option(min=0, help="Exit 4 if the new one makes more changes in all.")
    ] = None,
    max_more: Annotated[
        int | None, typer.Option(min=0, help="Exit 4 if it makes so many more than the one of now.")
    ] = None,
) -> None:
    """Run a configuration over the inputs of the last days, beside the one of now: what each would have changed. Sends nothing."""
    with reported():
        from syncd.config import load
        from syncd.log import configure
        from syncd.replay.again import TURN_ON
        from syncd.replay.backtest import backtest as run_both
        from syncd.store.revisions import open_at_head
        from syncd.wiring import archive_of

        now, new = load(current), load(config)
        configure(level="critical", form=now.log.format)
        vault = archive_of(now)
        if vault is None:
            from syncd.errors import Declined

            raise Declined(f"there is no archive of inputs: {TURN_ON}")
        database = open_at_head(now.database.reveal())
        try:
            with progress("backtest") as update:
                found = run_both(database, vault, _side(now), _side(new), last, update=update)
        finally:
            database.close()
        is_taught = bool(now.training or new.training)
        _show_json(found, now, new) if json else _show(found, is_taught=is_taught)
        too_many = max_changes is not None and found.new.changes > max_changes
        if too_many or (max_more is not None and found.new.changes - found.current.changes > max_more):
            note(
                f"{found.new.changes} changes, {found.current.changes} by the one of now, are more than allowed"
            )
            raise typer.Exit(Exit.HELD)


def _side(config: Any) -> Any:
    from syncd.replay.backtest import Side
    from syncd.wiring import settings_of

    names = tuple(source.name for source in config.sources)
    return Side(settings=settings_of(config), names=names, spaces=frozenset(config.node_files))


def _show(found: Any, *, is_taught: bool) -> None:
    from syncd.core.churn import KINDS, LEARNT

    first = found.days[0].inputs[0]
    say(
        f"{len(found.days)} kept inputs, from run {first.run_id} of {first.read_at:%Y-%m-%d} on; each cell: now -> new. "
        f"Base line: {found.base.churn.created} people by the configuration of now"
    )
    happened = {one for one in LEARNT if getattr(found.current, one) or getattr(found.new, one)}
    shown = [one for one in KINDS if is_taught or one not in LEARNT - happened]
    columns = [*shown, "holds", "rejected"]
    rows = [
        [
            day.inputs[0].run_id,
            f"{day.inputs[0].read_at:%Y-%m-%d}",
            *(_pair(day.current.churn if day.current else None, day.new.churn, name) for name in columns),
            _told(day),
        ]
        for day in found.days
    ]
    rows.append(["", "total", *(_pair(found.current, found.new, name) for name in columns), ""])
    table(("run", "day", *columns, "held for"), rows)
    more = found.new.changes - found.current.changes
    say(
        f"Changes: {found.current.changes} now -> {found.new.changes} new ({more:+d}); the first line is the switch"
    )
    if found.passed_over:
        note(
            f"{found.passed_over} runs were passed over: not all that the configurations read is kept of them"
        )
    note(
        "Nothing was sent. All that was held counts as approved; an input that is doubted counts as rejected"
    )
    for problem in found.problems:
        note(problem)


def _pair(now: Any, new: Any, name: str) -> str:
    before, after = 0 if now is None else getattr(now, name), getattr(new, name)
    if before == after:
        return str(after) if after else "."
    return f"{before} -> {after}"


def _told(day: Any) -> str:
    held = ", ".join(dict.fromkeys((*(day.current.held if day.current else ()), *day.new.held)))
    return held + (" (left out)" if day.new.left_out else "")


def _show_json(found: Any, now: Any, new: Any) -> None:
    named = {source.name for config in (now, new) for source in config.sources}
    show_json(
        {
            "current": {"config_digest": now.digest},
            "new": {"config_digest": new.digest},
            "base": _step(found.base),
            "inputs": [
                {
                    "run": day.inputs[0].run_id,
                    "read_at": day.inputs[0].read_at,
                    "rows": sum(one.rows for one in day.inputs if one.source in named and not one.of_nodes),
                    "current": None if day.current is None else _step(day.current),
                    "new": _step(day.new),
                }
                for day in found.days
            ],
            "total": {"current": _churn(found.current), "new": _churn(found.new)},
            "passed_over": found.passed_over,
            "problems": list(found.problems),
        }
    )


def _step(step: Any) -> dict[str, Any]:
    return {**_churn(step.churn), "held": list(step.held), "left_out": step.left_out}


def _churn(churn: Any) -> dict[str, int]:
    return {**asdict(churn), "changes": churn.changes}
