"""The command line: parse, call, print. The only place that turns errors into exit codes."""

from syncd.cli.main import main

__all__ = ["main"]
