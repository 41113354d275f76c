"""The errors of syncd: each class says what happens next, not where it came from.

::

    SyncdError
    ├─ ConfigError         stop before anything; every fault at once; exit 3
    ├─ SourceError         HR cannot be read whole; the Run failed, nothing was planned; exit 8
    ├─ SinkError           results could not be delivered; they stay in the outbox; exit 8
    ├─ StoreError          our own database is unreachable, behind, full or locked; exit 1
    │  └─ TooSlow          what a page asked of it took too long and was stopped; the page says how to ask for less
    ├─ Busy                another process holds what this one needs; exit 7
    ├─ RefreshError        Litmos could not be read whole; the mirror is as it was; exit 8
    ├─ ArchiveError        what is kept of inputs cannot be written, or read as it was written; exit 1
    ├─ Declined            what was asked for might do harm; nothing was written; exit 1
    ├─ StalePlan           what a saved plan was made from is another by now; nothing was sent; exit 4
    ├─ StaleApproval       what was to be approved is not what is stored; exit 4
    └─ LitmosError
       ├─ Transient        not applied; try again later, counted as an attempt
       ├─ Limited          not applied (503); everyone waits, no attempt is counted
       ├─ Uncertain        perhaps applied; read Litmos before anything is written again
       ├─ Permanent        refused; never again with the same data
       └─ Unauthorized     key refused (401, 403); the queue is kept and pauses

A bad HR row is a value (``core.model.Rejection``), never an exception.
"""

from dataclasses import dataclass

NEW_KEY = "put an Account Owner's key in place (litmos.api_key); then: syncd doctor"
"""What to do when Litmos refuses the key."""


class SyncdError(Exception):
    """Root of all errors a person may see: the message says what, where, the numbers and what to type next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a configuration: ``where`` is ``file:line:col``, ``key`` the dotted YAML path."""

    where: str
    key: str
    message: str

    def __str__(self) -> str:
        """The fault as one line, as printed."""
        return f"{self.where}: {self.key}: {self.message}" if self.key else f"{self.where}: {self.message}"


class ConfigError(SyncdError):
    """The configuration is not usable; ``faults`` lists everything that is wrong with it, in file order."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep all ``faults`` (at least one)."""
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class SourceError(SyncdError):
    """The HR source is missing, unreadable, empty or truncated: nothing is planned from it."""


class SinkError(SyncdError):
    """A sink did not take a batch; the batch stays in the outbox and is delivered again."""


class StoreError(SyncdError):
    """syncd's own database cannot be used as it is (behind, ahead, full, locked, unreachable)."""


class Unreachable(StoreError):
    """syncd's own database does not answer; the message has the database's own words, and so may name host, port and user."""


class TooSlow(StoreError):
    """Looking something up took longer than a page may take, and was stopped; nothing else is wrong."""


class Busy(SyncdError):
    """Another process holds the lease or the lock that is needed; the message names the holder."""


class RefreshError(SyncdError):
    """A refresh could not read Litmos whole or without contradiction; the mirror was left as it was."""


class ArchiveError(SyncdError):
    """The archive of inputs cannot be used, or a file of it is not as it was written; no push fails for that."""


class Declined(SyncdError):
    """A person asked for something that might do harm to these data: nothing was written, and the message says why."""


class StalePlan(SyncdError):
    """A saved plan does not fit any more: input, configuration or Litmos moved. Nothing was sent; the message says what."""


class StaleApproval(SyncdError):
    """The plan to be approved is no longer held, or its digest is not the one that was seen."""


class LitmosError(SyncdError):
    """A call to Litmos did not succeed.

    ``status`` is the HTTP status or None if no answer came; ``code`` is a stable upper-case code for the sync log
    (``LITMOS-409-USERNAME-TAKEN``); the message carries the reason phrase and Litmos' ``Detail``, never the key.
    """

    def __init__(self, message: str, *, status: int | None = None, code: str = "LITMOS-ERROR") -> None:
        """Say what happened, with the HTTP ``status`` (if any) and the stable ``code``."""
        self.status = status
        self.code = code
        super().__init__(message)


class Transient(LitmosError):
    """Certainly not applied (connection refused, a read that failed): the queue tries again with backoff."""


class Limited(LitmosError):
    """503: the rate limit or an outage; all senders freeze, and no attempt is counted."""


class Uncertain(LitmosError):
    """A write whose outcome is unknown (time-out, reset, 5xx, HTML after sending): settle it by reading."""


class Permanent(LitmosError):
    """Litmos refused this data (4xx): sending the same again cannot help."""


class Unauthorized(LitmosError):
    """401 or 403: the key is refused; the queue pauses whole, nothing is burned."""
