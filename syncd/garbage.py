"""Garbage: where very many people are gone through at once, Python does not stop to look for garbage, of which there is none."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_asked = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """No collector of cycles runs in this process until the last of these ends.

    It would look at everything that is alive again and again, while what is not needed any more is freed without it: a third
    of the time of a Plan about everybody.
    """
    global _asked  # noqa: PLW0603 - the collector is one for the whole process, and so is this
    with _lock:
        _asked += 1
        if _asked == 1:
            gc.disable()
    try:
        yield
    finally:
        with _lock:
            _asked -= 1
            if not _asked:
                gc.enable()
