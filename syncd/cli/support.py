"""Commands for help: a bundle for somebody who helps from afar, and completion for the shell."""

import os
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from syncd.cli.common import ConfigOption, store_of
from syncd.cli.exits import Exit
from syncd.cli.output import note, say

SAFE = frozenset(
    "version database litmos source sources push pull schedules retention archive web metrics log".split()
)
"""The parts of the configuration whose values name nobody; of the others only the keys are told."""
UNSAFE = ("web.auth.roles", "web.auth.passwords")
"""But for these in them."""
SHELLS = ("bash", "zsh", "fish")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("support-bundle")(support_bundle)
    app.command()(completion)


def support_bundle(
    file: Annotated[
        Path | None, typer.Argument(help="The zip file to make; never one that is there.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Make a zip file for somebody who helps: how syncd is, and nothing about anybody."""
    target = file or Path(f"syncd-support-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip")
    with store_of(config) as (loaded, database):
        from syncd.insight.bundle import support_bundle as gathered

        files = gathered(
            database,
            loaded.litmos.account,
            configuration=[_setting(one) for one in loaded.redacted()],
            checks=_checks(loaded, database),
            sources=[source.name for source in loaded.sources],
            sinks=[sink.name for sink in loaded.pull.sinks],
        )
        try:
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            note(f"{target} cannot be made: {error.strerror}")
            raise typer.Exit(Exit.FAILED) from None
        with os.fdopen(handle, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in files.items():
                bundle.writestr(name, text)
        say(f"{target}: {len(files)} files, {target.stat().st_size} bytes")
        note("MANIFEST.txt in it says what is and what is not there. Look through it before you send it on.")


def _setting(shown: Any) -> dict[str, str]:
    part = shown.key.partition(".")[0].partition("[")[0]
    told = part in SAFE and not shown.key.startswith(UNSAFE)
    return {"key": shown.key, "where": shown.where, **({"value": shown.value} if told else {})}


def _checks(loaded: Any, database: Any) -> dict[str, Any]:
    """What can be seen from here."""
    folder = Path.cwd() if database.path is None else database.path.parent
    disk = shutil.disk_usage(folder)
    mode = None if database.path is None else oct(database.path.stat().st_mode & 0o777)
    return {
        "warnings": len(loaded.warnings),
        "database_file_mode": mode,
        "disk_free_bytes": disk.free,
        "disk_bytes": disk.total,
        "processors": os.cpu_count(),
        "time_zone_of_host": str(datetime.now().astimezone().tzinfo),
        "proxies_set": sorted(name for name in os.environ if name.lower().endswith("_proxy")),
        "sources": [{"name": one.name, "type": one.type} for one in loaded.sources],
        "sinks": [{"name": one.name, "type": one.type} for one in loaded.pull.sinks],
    }


def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")],
) -> None:
    """Print what makes the shell complete commands and options."""
    from typer._completion_shared import get_completion_script

    if shell not in SHELLS:
        raise typer.BadParameter(f"{shell} is none of {', '.join(SHELLS)}", param_hint="SHELL")
    say(get_completion_script(prog_name="syncd", complete_var="_SYNCD_COMPLETE", shell=shell))
