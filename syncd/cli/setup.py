"""Commands that set up and serve: init, config, db, serve, healthcheck, sandbox, demo."""

import threading
import urllib.request
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, JsonOption, stopping
from syncd.cli.exits import Exit, reported
from syncd.cli.output import note, say, show_json, table

config_app = typer.Typer(help="The configuration: check it, show it, its schema.", no_args_is_help=True)
db_app = typer.Typer(help="syncd's own database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (init, serve, healthcheck, sandbox, demo):
        app.command()(command)
    app.add_typer(config_app, name="config")
    app.add_typer(db_app, name="db")


class Login(StrEnum):
    """How people log in to Litmos."""

    SSO = "sso"
    INVITATION = "invitation"


def init(
    folder: Annotated[Path, typer.Argument(help="Where to put it.")] = Path(),
    login: Annotated[
        Login | None,
        typer.Option(help="How people log in; a terminal is asked, and else it is sso, so no mail is sent."),
    ] = None,
) -> None:
    """Write the commented configuration, the schema for editors and a sample of an HR export; nothing is overwritten."""
    from syncd.config import manual, schema_text
    from syncd.demo.population import sample, write_export

    with reported():
        folder.mkdir(parents=True, exist_ok=True)
        target, schema, export = (
            folder / name for name in ("syncd.yaml", "syncd.schema.json", "hr.sample.csv")
        )
        if target.exists():
            note(f"{target} is there already; nothing was written")
            raise typer.Exit(Exit.FAILED)
        target.write_text(manual(login=login or _ask_login()), encoding="utf-8")
        schema.write_text(schema_text(), encoding="utf-8")
        if not export.exists():
            write_export(export, sample())
        say(f"Wrote {target} and {schema}; {export} shows an export that this configuration fits as it is")
        note(
            f"Next: export LITMOS_API_KEY=...; put your export where `source.path` says; "
            f"syncd config check -c {target}; syncd doctor -c {target}"
        )


def _ask_login() -> Login:
    """How people log in, as somebody at a terminal says; without one, single sign-on: nobody is mailed by default."""
    import sys

    if not sys.stdin.isatty():
        return Login.SSO
    question = "Do people log in with a password, so that Litmos must mail each new user an invitation?"
    return Login.INVITATION if typer.confirm(question, default=False, err=True) else Login.SSO


@config_app.command("check")
def config_check(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Find every fault at once, each with file:line:col; nothing is read or sent."""
    from syncd.config import load
    from syncd.errors import ConfigError

    try:
        with reported() if not json else _plainly():
            loaded = load(config)
    except ConfigError as error:
        show_json({"valid": False, "faults": [_fault(fault) for fault in error.faults]})
        raise typer.Exit(Exit.CONFIG) from None
    if json:
        show_json(
            {
                "valid": True,
                "faults": [],
                "path": loaded.path,
                "digest": loaded.digest,
                "warnings": loaded.warnings,
                "sources": [{"name": source.name, "type": source.type} for source in loaded.sources],
            }
        )
        return
    for warning in loaded.warnings:
        note(f"warning: {warning}")
    say(f"{loaded.path} is valid (digest {loaded.digest})")
    if len(loaded.sources) > 1:
        say(
            "Sources, the first one first: " + ", ".join(f"{one.name} ({one.type})" for one in loaded.sources)
        )


class _plainly:  # noqa: N801 - reads as a word in the with statement
    """A context that changes nothing."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""


def _fault(fault: Any) -> dict[str, str]:
    return {"where": fault.where, "key": fault.key, "message": fault.message}


@config_app.command("show")
def config_show(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show every setting with the place it is set at; secrets are dots."""
    from syncd.config import load

    with reported():
        shown = load(config).redacted()
    if json:
        show_json({"settings": [{"key": s.key, "value": s.value, "where": s.where} for s in shown]})
    else:
        table(("key", "value", "where"), [(s.key, s.value, s.where) for s in shown])


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from syncd.config import schema_text

    say(schema_text().rstrip())


def _database(config: Path | None) -> Any:
    from syncd.config import load
    from syncd.store.database import open_database

    return open_database(load(config).database.reveal())


@db_app.command("upgrade")
def db_upgrade(config: ConfigOption = None) -> None:
    """Bring the database to the schema of this syncd; safe to run again, and from several processes."""
    from syncd.store.migrate import upgrade

    with reported():
        database = _database(config)
        moved = upgrade(database)
        database.close()
        say("The database was upgraded." if moved else "The database is at head already.")


@db_app.command("check")
def db_check(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Say whether the database is at the schema of this syncd."""
    from syncd.store.revisions import check, revisions

    with reported():
        database = _database(config)
        have, need = revisions(database)
        if json:
            show_json({"revision": have, "needed": need, "at_head": have == need})
        check(database)
        if not json:
            say(f"The database is at head (revision {have}).")


def serve(
    config: ConfigOption = None,
    migrate: Annotated[bool, typer.Option("--migrate", help="Upgrade the database first.")] = False,
) -> None:
    """Run the flows on their schedules, drain the queue, answer /healthz; until SIGTERM."""
    import sys

    from syncd.config import load
    from syncd.daemon import Daemon, only_one
    from syncd.insight.forgetting import people_of
    from syncd.log import call_people, configure
    from syncd.store.revisions import open_at_head
    from syncd.wiring import wire

    with reported():
        loaded = load(config)
        configure(level=loaded.log.level, form=loaded.log.format, stream=sys.stdout)
        stop = threading.Event()
        with stopping(stop.set):
            database = open_at_head(loaded.database.reveal(), migrate=migrate)
            with only_one(database):
                database.close()
                app = wire(loaded)
                if loaded.log.pseudonyms:
                    call_people(people_of(app.database, app.account))
                daemon = Daemon(app, loaded)
                daemon.start()
                try:
                    stop.wait()
                finally:
                    ended = daemon.end()
                    app.close()
        if not ended:
            raise typer.Exit(Exit.FAILED)


def healthcheck(
    port: Annotated[int, typer.Option(envvar="SYNCD_WEB_PORT", help="The port of web.port.")] = 8080,
    url: Annotated[str, typer.Option(envvar="SYNCD_HEALTH_URL", help="Another address to ask.")] = "",
) -> None:
    """Ask a running syncd serve for its health; exit 0 if it is well (for containers)."""
    address = url or f"http://127.0.0.1:{port}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - the operator's own daemon
            well = answer.status == 200
    except (OSError, ValueError):
        well = False
    if not well:
        note(f"{address} does not answer that it is well")
        raise typer.Exit(Exit.FAILED)


def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 0,
    api_key: Annotated[str, typer.Option(help="The key it accepts.")] = "",
    limit: Annotated[int, typer.Option(help="Requests allowed ...")] = 100,
    window: Annotated[float, typer.Option(help="... in any so many seconds.")] = 60.0,
    put_mode: Annotated[str, typer.Option(help="PUT of a user: replace or merge.")] = "replace",
    bulk_delay: Annotated[float, typer.Option(help="Seconds that a bulk import takes.")] = 2.0,
    seed: Annotated[str, typer.Option(help="empty, people-200, people-20000, or a JSON file.")] = "empty",
    state: Annotated[Path | None, typer.Option(help="Keep the account in this file.")] = None,
    faults: Annotated[Path | None, typer.Option(help="A JSON file of faults to inject.")] = None,
    behaviours: Annotated[
        bool,
        typer.Option(
            "--behaviours", help="List what it does, and whether that is recorded, documented or assumed."
        ),
    ] = False,
) -> None:
    """Serve a simulated Litmos, for rehearsing a configuration; the control plane is at /_sandbox."""
    if behaviours:
        from syncd.sandbox.behaviours import told

        say(told())
        return
    from syncd.sandbox.server import DEFAULT_KEY, SandboxOptions, run_forever

    key = "your key" if api_key else f"key {DEFAULT_KEY}"

    if put_mode not in {"replace", "merge"}:
        note("--put-mode is replace or merge")
        raise typer.Exit(Exit.USAGE)
    with reported():
        run_forever(
            SandboxOptions(
                host=host,
                port=port,
                api_key=api_key or DEFAULT_KEY,
                limit=limit,
                window=window,
                put_mode="merge" if put_mode == "merge" else "replace",
                bulk_delay=bulk_delay,
                seed=seed,
                state=state,
                faults=faults,
            ),
            ready=lambda running: say(
                f"{running.base_url}  ({key}; control plane {running.control_url}; Ctrl-C ends it)",
                at_once=True,
            ),
        )


def _lived(told: Any, stop: threading.Event) -> Any:
    """What came of the demo's days; exit 130 if somebody ended it before they were over."""
    from syncd.demo.story import DemoFailedError
    from syncd.store.event_writer import stored_events

    try:
        with stored_events(told.app.database, told.app.account):
            return told.live()
    except DemoFailedError:
        if stop.is_set():
            raise typer.Exit(130) from None
        raise


def demo(
    folder: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".syncd-demo"),
    reset: Annotated[bool, typer.Option("--reset", help="Delete an earlier demo first.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the pages afterwards, until Ctrl-C.")
    ] = True,
) -> None:
    """Live through three days of a company against the sandbox, and look at them on the pages of the sync log."""
    from syncd.cli.show_plan import show_plan
    from syncd.daemon import Daemon
    from syncd.demo.story import PORT, REQUESTS, WINDOW, open_demo
    from syncd.demo.tour import ask_each, guide, sights_of
    from syncd.log import configure

    with reported():
        configure(level="critical")
        say(f"syncd demo in {folder}/ against a sandbox on this machine; nothing leaves it.")
        say(
            f"The sandbox's limit is {REQUESTS} requests in {WINDOW:g} s. Litmos allows 100 in 60 s: 20 times slower."
        )
        tell = partial(say, at_once=True)
        told = open_demo(
            folder,
            reset=reset,
            tell=tell,
            show=lambda p: show_plan(p.draft, few=3),
            port=PORT if serve else 0,  # nobody is to find it where it is but for a moment
        )
        stop = threading.Event()

        def end() -> None:
            stop.set()
            told.app.interrupt()

        with stopping(end):
            try:
                lived = _lived(told, stop)
                daemon = Daemon(told.app, told.config, demo=True)
                daemon.start()
                try:
                    sights = sights_of(lived)
                    ask_each(sights, daemon.port)
                    tell(f"  ok: each of the {len(sights)} pages to look at answers")
                    tell("\nAll of it happened.")
                    if serve and not stop.is_set():
                        tell(guide(sights, daemon.port))
                        stop.wait()
                    elif not serve:
                        tell(told.afterwards)
                finally:
                    daemon.end()
            finally:
                told.app.close()
                told.sandbox.stop()
