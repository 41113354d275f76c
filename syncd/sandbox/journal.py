"""Journal: every request that came, and the audit over them."""

import threading
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from syncd.sandbox.limiter import most_within


@dataclass(slots=True, kw_only=True)
class Entry:
    """One API request. ``at`` is the monotonic second of its arrival; ``query`` is without any key."""

    n: int
    time: datetime
    at: float
    method: str
    path: str
    query: str
    body: str = ""
    username: str = ""
    status: int = 0
    detail: str = ""
    accepted: bool = False
    applied: bool = False
    fault: str = ""
    key_in_url: bool = False
    waited: float = 0.0

    @property
    def is_write(self) -> bool:
        """Whether it changed, or could have changed, the account."""
        return self.applied and self.method != "GET" and self.path != "/users/courses"

    def row(self, *, body: bool) -> dict[str, Any]:
        """As JSON data; with the request's body only if asked."""
        row = asdict(self)
        row["time"] = self.time.isoformat()
        if not body:
            del row["body"]
        return row


class Journal:
    """The request log."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._created: set[str] = set()
        self._duplicates: list[str] = []
        self._lock = threading.Lock()

    def arrived(self, **values: Any) -> Entry:
        """Notes the arrival of a request."""
        with self._lock:
            entry = Entry(n=len(self._entries) + 1, **values)
            self._entries.append(entry)
        return entry

    def create_asked(self, username: str, *, applied: bool) -> None:
        """Notes that a POST /users asked for this username; one after an applied one is a duplicate."""
        name = username.casefold()
        with self._lock:
            if name in self._created:
                self._duplicates.append(username)
            elif applied:
                self._created.add(name)

    @property
    def entries(self) -> list[Entry]:
        """All requests, in order of arrival."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()
            self._created.clear()
            self._duplicates.clear()

    def audit(self, window: float) -> dict[str, Any]:
        """What the requests amount to.

        ``most_in_window`` counts all that arrived, rejected ones too: it is the client's restraint that it measures.
        ``duplicate_creates`` are creates of a username that an earlier POST had created already.
        """
        entries = self.entries
        return {
            "requests": len(entries),
            "accepted": sum(entry.accepted for entry in entries),
            "most_in_window": most_within(sorted(entry.at for entry in entries), window),
            "window": window,
            "rejected_503": sum(
                entry.status == 503 and not entry.accepted and not entry.fault for entry in entries
            ),
            "duplicate_creates": len(self._duplicates),
            "duplicates": list(self._duplicates),
            "key_in_url": sum(entry.key_in_url for entry in entries),
            "writes": sum(entry.is_write for entry in entries),
            "statuses": dict(sorted(Counter(str(entry.status) for entry in entries).items())),
            "methods": dict(sorted(Counter(entry.method for entry in entries).items())),
        }
