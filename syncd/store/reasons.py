"""Reasons: a code of why a Run failed that made no Changes, for messages, which repeat no sentence of an error."""

from sqlalchemy import Connection, RowMapping

from syncd.errors import (
    ArchiveError,
    Busy,
    ConfigError,
    Declined,
    LitmosError,
    RefreshError,
    SinkError,
    SourceError,
    StalePlan,
    StoreError,
)
from syncd.store import runs

CODE = "code"
"""The key in the summary of a failed Run."""
CODES: dict[type[BaseException], str] = {
    ConfigError: "RUN-CONFIG",
    SourceError: "RUN-SOURCE",
    SinkError: "RUN-SINK",
    StoreError: "RUN-STORE",
    RefreshError: "RUN-REFRESH",
    ArchiveError: "RUN-ARCHIVE",
    Busy: "RUN-BUSY",
    Declined: "RUN-DECLINED",
    StalePlan: "RUN-STALE",
    KeyboardInterrupt: "RUN-STOPPED",
    SystemExit: "RUN-STOPPED",
}
DIED, CRASHED = "RUN-DIED", "RUN-CRASHED"
"""Its process was gone before its Plan was stored; something went wrong that syncd does not know: its log has the traceback."""


def code_of(error: BaseException) -> str:
    """The code of what ended a Run: Litmos' own if it refused something."""
    if isinstance(error, LitmosError):
        return error.code
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), CRASHED)


def note(conn: Connection, run_id: int, error: BaseException) -> None:
    """Keep why a Run failed."""
    runs.note(conn, run_id, {CODE: code_of(error)})


def of_run(row: RowMapping) -> str:
    """Why a Run failed; one that nobody noted anything of was ended by others, since its process had died."""
    return str(row["summary"].get(CODE, DIED))
