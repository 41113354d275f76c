"""Failpoints: named places at which a test may make the process die as if by ``kill -9``.

They do nothing unless ``SYNCD_TESTING=1`` and ``SYNCD_FAILPOINT`` is ``name`` (the first time it is reached) or
``name:n`` (the n-th time).
"""

import os
import threading
from collections import Counter

NAMES = (
    "plan-committed",
    "slot-taken",
    "marked-sent",
    "bytes-sent",
    "answered-unread",
    "answered-uncommitted",
    "committed",
)
"""The failpoints of a push, in the order in which a write passes them."""

OF_DELIVERY = ("batch-opened", "batch-delivered")
"""The failpoints of a pull: just before a sink is given a batch, and just after."""

KILLED = 137
"""The exit status of a process that died at a failpoint: that of ``kill -9``."""

_reached: Counter[str] = Counter()
_lock = threading.Lock()


def reach(name: str) -> None:
    """Die here, with no clean-up at all, if the environment says so; otherwise nothing."""
    wanted = os.environ.get("SYNCD_FAILPOINT", "")
    if not wanted or os.environ.get("SYNCD_TESTING") != "1":
        return
    point, _, count = wanted.partition(":")
    if point != name:
        return
    with _lock:
        _reached[name] += 1
        due = _reached[name] == (int(count) if count.isdigit() else 1)
    if due:
        os._exit(KILLED)
