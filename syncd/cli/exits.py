"""Exit codes: what each error means to a script. Printed in ``syncd --help``, and tested."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from syncd.cli.output import note
from syncd.core.operation import Interrupted
from syncd.errors import (
    NEW_KEY,
    Busy,
    ConfigError,
    LitmosError,
    RefreshError,
    SinkError,
    SourceError,
    StaleApproval,
    StalePlan,
    SyncdError,
    Unauthorized,
)


class Exit(IntEnum):
    """The exit codes of syncd."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    HELD = 4
    CHANGES_FAILED = 5
    CHANGES_PENDING = 6
    BUSY = 7
    UNREACHABLE = 8


HELP = (
    "Exit codes: 0 ok; 1 unexpected failure, or doctor found a problem; 2 usage; 3 configuration invalid; 4 held, waits for approval, or a saved plan went stale; "
    "5 finished, but some changes failed; 6 changes pending (plan --detailed-exitcode); 7 another process holds the "
    "lock; 8 HR source, sink or Litmos unreachable, or the key refused; 130/143 stopped by a signal."
)


def exit_code(error: BaseException) -> int:
    """The exit code for an error, by what happens next."""
    match error:
        case ConfigError():
            return Exit.CONFIG
        case StaleApproval() | StalePlan():
            return Exit.HELD
        case Busy():
            return Exit.BUSY
        case SourceError() | SinkError() | RefreshError() | LitmosError():
            return Exit.UNREACHABLE
        case KeyboardInterrupt() | Interrupted():
            return 130
        case _:
            return Exit.FAILED


@contextmanager
def reported(*, stopped: str = "") -> Iterator[None]:
    """Turn errors into a message on stderr and an exit code; only the unexpected shows a traceback, with SYNCD_DEBUG.

    ``stopped`` is what Ctrl-C is answered with; "" where nothing is left to go on with.
    """
    try:
        yield
    except (SyncdError, KeyboardInterrupt, Interrupted) as error:
        if isinstance(error, ConfigError):
            note(f"The configuration is not usable, for {len(error.faults)} reason(s):")
        if said := str(error) or stopped:
            note(said)
        if isinstance(error, Unauthorized):
            note(f"Next: {NEW_KEY}")
        raise typer.Exit(exit_code(error)) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.OK) from None
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:  # noqa: BLE001 - the last resort of every command
        if os.environ.get("SYNCD_DEBUG"):
            traceback.print_exc()
        note(f"unexpected {type(error).__name__}: {error} (SYNCD_DEBUG=1 shows where)")
        raise typer.Exit(Exit.FAILED) from None
