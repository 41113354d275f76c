"""The command for day 0: doctor, which looks at everything once and says what to type next."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, JsonOption, actor, stopping
from syncd.cli.exits import Exit, reported
from syncd.cli.output import note, plain, progress, say, show_json, table


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(doctor)


def doctor(
    config: ConfigOption = None,
    json: JsonOption = False,
    probe: Annotated[
        str, typer.Option(metavar="USERNAME", help="Instead, settle open questions on this disposable user.")
    ] = "",
    team: Annotated[str, typer.Option(help="A disposable team for the probe, as A > B, or its id.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Probe without asking.")] = False,
) -> None:
    """Look at configuration, HR, key, clock, limit and Litmos before anything is written, with the fewest requests."""
    if team and not probe:
        note("--team is for --probe")
        raise typer.Exit(Exit.USAGE)
    with reported():
        loaded = _loaded(config, json=json)
        if probe:
            _consent(probe, team, yes=yes)
            _probe(loaded, probe, team, json=json)
            return
        with _opened(loaded) as app:
            examined = _examine(loaded, app)
        if json:
            show_json(_as_json(examined))
        else:
            _show(examined)
        code = _exit_code(examined.findings)
        if code is not Exit.OK:
            raise typer.Exit(code)


def _consent(username: str, team: str, *, yes: bool) -> None:
    """Nobody is changed, not even for a moment, without a yes. Raises typer.Exit."""
    if yes:
        return
    if not sys.stdin.isatty():
        note("A probe changes a user for a moment; without a terminal, say --yes")
        raise typer.Exit(Exit.USAGE)
    what = f"puts them into team {plain(team)}, deactivates and reactivates them" if team else "changes Skype"
    question = f"This {what}, and restores everything. Is {plain(username)} a user whom nobody needs?"
    if not typer.confirm(question, err=True):
        note("Nothing was sent.")
        raise typer.Exit(Exit.OK)


def _probe(loaded: Any, username: str, team: str, *, json: bool) -> None:
    from syncd.core.contract import MEANINGS
    from syncd.insight.probe import probe
    from syncd.wiring import wire

    app = wire(loaded)
    app.gate.urgent = True
    with stopping(app.interrupt):
        try:
            with progress("probe") as update:
                probed = probe(app, username, team=team, actor=actor(), update=update)
        finally:
            app.close()
    if json:
        show_json({"requests": probed.requests, "answers": probed.answers})
        return
    table(
        ("question", "answer", "which means"),
        [(question, answer or "unknown", MEANINGS[question]) for question, answer in probed.answers.items()],
    )
    say(f"{probed.requests} requests; the user is as before.")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _loaded(config: Path | None, *, json: bool) -> Any:
    """The configuration; its faults as a Finding if JSON is wanted. Raises ConfigError, typer.Exit."""
    from syncd.config import load
    from syncd.errors import ConfigError
    from syncd.log import configure

    try:
        loaded = load(config)
    except ConfigError as error:
        if not json:
            raise
        finding = {
            "check": "configuration",
            "state": "problem",
            "seen": str(error),
            "next": "syncd config check",
        }
        show_json(
            {"state": "problem", "requests": 0, "findings": [{**finding, "facts": {}}], "coverage": None}
        )
        raise typer.Exit(Exit.CONFIG) from None
    configure(level="critical" if loaded.log.level == "info" else loaded.log.level, form=loaded.log.format)
    return loaded


@contextmanager
def _opened(loaded: Any) -> Iterator[Any]:
    """An App, or the StoreError that there is none; a new SQLite database is made, as by every command."""
    from syncd.errors import StoreError
    from syncd.wiring import wire

    try:
        app = wire(loaded)
    except StoreError as error:
        yield error
        return
    app.gate.urgent = True
    with stopping(app.interrupt):
        try:
            yield app
        finally:
            app.close()


def _examine(loaded: Any, app: Any) -> Any:
    from syncd.insight.doctor import examine
    from syncd.wiring import settings_of, sources_of
    from syncd.wiring.telemetry import check_collector

    with progress("doctor") as update:
        return examine(
            settings_of(loaded),
            sources_of(loaded),
            app,
            now=_utc_now,
            warnings=loaded.warnings,
            also=check_collector(loaded),
            update=update,
        )


def _exit_code(findings: Any) -> Exit:
    """By the first problem: what must be mended first is named first."""
    first = next((finding for finding in findings if finding.state == "problem"), None)
    if first is None:
        return Exit.OK
    if first.facts.get("unfit"):
        return Exit.CONFIG
    return Exit.UNREACHABLE if first.check in {"source", "key"} else Exit.FAILED


def _as_json(examined: Any) -> dict[str, Any]:
    from syncd.core.finding import worst

    return {
        "state": worst(examined.findings),
        "requests": examined.requests,
        "findings": [asdict(finding) for finding in examined.findings],
        "coverage": None if examined.coverage is None else asdict(examined.coverage),
    }


def _show(examined: Any) -> None:
    from syncd.core.finding import count

    for finding in examined.findings:
        first, *more = finding.seen.splitlines() or [""]
        say(f"{finding.state:<8} {finding.check:<14} {plain(first)}")
        for line in more:
            say(f"{'':<23} {plain(line)}")
        if finding.next:
            say(f"{'':<23} next: {finding.next}")
    if examined.coverage is not None:
        _show_coverage(examined.coverage)
    say(f"{count(examined.requests, 'request')}; Litmos was only read.")
    if not any(finding.state == "problem" for finding in examined.findings):
        note("Next: syncd plan")


def _show_coverage(found: Any) -> None:
    """Each match key alone, and a few of those who are left over."""
    say()
    table(
        ("match key alone", "employees", "matched", "ambiguous", "unmatched", "users", "unmatched users"),
        [
            (k.key, k.employees, k.matched, k.ambiguous, k.unmatched, k.users, k.users_unmatched)
            for k in found.keys
        ],
    )
    for what, names in (
        ("would be created", found.creates_examples),
        ("rejected", found.refused_examples),
        ("users that are nobody's in HR", found.strangers_examples),
    ):
        if names:
            say(f"{what}, for example: {plain(', '.join(names))}")
    say()
