"""The commands of syncd, and the options that all of them share."""

import os
import sys
from typing import Annotated, TextIO

import typer

from syncd import __version__
from syncd.cli import (
    browsing,
    cases,
    deciding,
    doctor,
    explain,
    flows,
    inspect,
    ledger,
    logs,
    messages,
    privacy,
    queueing,
    replay,
    results,
    runs,
    setup,
    status,
    support,
    trail,
    webaccess,
)
from syncd.cli.exits import HELP

app = typer.Typer(
    name="syncd",
    help="Keep Litmos in step with HR, and bring training results back.",
    epilog=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"syncd {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of syncd itself."""


for module in (
    setup,
    doctor,
    flows,
    deciding,
    queueing,
    explain,
    status,
    runs,
    inspect,
    browsing,
    cases,
    ledger,
    messages,
    privacy,
    results,
    logs,
    replay,
    trail,
    webaccess,
    support,
):
    module.register(app)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    stdout = sys.stdout
    try:
        app()
    finally:
        _let_go_of(stdout)


def _let_go_of(stdout: TextIO) -> None:
    """End with 0 when the reader of stdout (``head``, ``less``) has seen enough and gone."""
    gone = sys.stdout is not stdout  # so typer leaves it after a broken pipe
    try:
        stdout.flush()
    except BrokenPipeError:
        gone = True
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        raise SystemExit(0)
