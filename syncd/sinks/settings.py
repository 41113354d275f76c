"""Settings of the sinks that write to a database or to an address on the web. Seconds throughout; secrets are asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from syncd.core.outgoing import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSinkSettings:
    """One table, into which rows are merged by ``key``, some of its columns that are unique together.

    ``url`` gives the database as SQLAlchemy names it, each time anew, so that a rotated password needs no restart; ``table``
    is ``name`` or ``schema.name``; ``timeout`` is for one statement.
    """

    name: str
    url: Callable[[], str] = field(repr=False)
    table: str
    key: tuple[str, ...]
    columns: Columns
    timeout: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSinkSettings:
    """One address, which is sent at most ``rows`` rows a call.

    ``url`` and ``secrets`` (``whsec_...``, the newest first) are asked before each delivery. A call that takes longer than
    ``timeout`` is ended, and what failed is tried again for ``retry_for``.
    """

    name: str
    url: Callable[[], str] = field(repr=False)
    secrets: tuple[Callable[[], str], ...] = field(repr=False)
    columns: Columns
    rows: int = 500
    timeout: float = 20.0
    retry_for: float = 60.0
    allow_private: bool = False
    ca_file: Path | None = None
