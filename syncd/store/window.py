"""The rolling window: a table of exactly N slots, shared by all processes and kept across restarts.

A slot is taken before a request is sent and is free again one window after its answer came. Then no window, as Litmos
sees it, holds more than N requests, whatever the network does: let k be the last of any N + 1 requests that was sent;
when it took its slot, each of the others held one, for each one's answer (and so its arrival) was less than a window ago.
"""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from syncd.core.operation import Interrupted, Slot
from syncd.store.database import Database
from syncd.store.schema import rate_slot, rate_window


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """``requests`` per ``seconds``; ``timeout`` is a request's hard deadline, ``margin`` a late packet's grace.

    ``start_free`` is for a Litmos that nobody else can have asked just now (the sandbox): otherwise a new database
    starts with all slots taken.
    """

    account: str
    requests: int = 100
    seconds: float = 60.0
    timeout: float = 25.0
    margin: float = 5.0
    start_free: bool = False


def boot_time() -> float:
    """Seconds since boot, suspended time included: no step of the wall clock moves it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class RollingWindow:
    """The gate that every request passes. Thread-safe; implements ``core.operation.Gate``."""

    def __init__(
        self,
        database: Database,
        settings: WindowSettings,
        *,
        clock: Callable[[], float] = boot_time,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """Make the table's rows match the settings. ``clock`` is in seconds; ``pause`` waits (for tests)."""
        self._database = database
        self._settings = settings
        self._clock = clock
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._turn = threading.Lock()
        self._held_until: dict[int, float] = {}
        with database.write() as conn:
            _fit(conn, settings, database.now(conn))

    def acquire(self) -> Slot:
        """Block until a slot is free and take it, in the order of asking. Raises Interrupted after ``interrupt``."""
        with self._turn:
            while not self._stopping.is_set():
                taken, wait = self._try()
                if taken is not None:
                    return taken
                self._pause(min(max(wait, 0.001), 1.0))
        raise Interrupted

    def _try(self) -> tuple[Slot | None, float]:
        settings = self._settings
        claimed_at = self._clock()
        with self._database.write() as conn:
            now = self._database.now(conn)
            frozen = conn.execute(
                select(rate_window.c.frozen_until).where(rate_window.c.account == settings.account)
            ).scalar_one()
            if frozen is not None and frozen > now:
                return None, (frozen - now).total_seconds()
            guarded = [no for no, until in self._held_until.items() if until > claimed_at]
            row = conn.execute(
                select(rate_slot.c.slot_no)
                .where(
                    rate_slot.c.account == settings.account,
                    rate_slot.c.free_at <= now,
                    rate_slot.c.slot_no.not_in(guarded),
                )
                .order_by(rate_slot.c.free_at, rate_slot.c.slot_no)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                soonest = conn.execute(
                    select(func.min(rate_slot.c.free_at)).where(
                        rate_slot.c.account == settings.account, rate_slot.c.free_at > now
                    )
                ).scalar_one()
                return None, (soonest - now).total_seconds() if soonest else 0.05
            token = uuid.uuid4().hex
            longest = settings.timeout + settings.seconds + settings.margin
            conn.execute(
                update(rate_slot)
                .where(rate_slot.c.account == settings.account, rate_slot.c.slot_no == row.slot_no)
                .values(free_at=now + timedelta(seconds=longest), holder=token)
            )
        self._held_until[row.slot_no] = claimed_at + longest
        return Slot(number=row.slot_no, token=token, send_by=claimed_at + settings.margin), 0.0

    def release(self, slot: Slot, *, sent: bool, answered: bool) -> None:
        """Free at once if never ``sent``; one window from now after an answer; that and the margin if none came."""
        settings = self._settings
        hold = 0.0 if not sent else settings.seconds + (0.0 if answered else settings.margin)
        self._held_until[slot.number] = self._clock() + hold
        with self._database.write() as conn:
            conn.execute(
                update(rate_slot)
                .where(
                    rate_slot.c.account == settings.account,
                    rate_slot.c.slot_no == slot.number,
                    rate_slot.c.holder == slot.token,
                )
                .values(free_at=self._database.now(conn) + timedelta(seconds=hold), holder="")
            )

    def freeze(self, reason: str) -> None:
        """Nobody sends for one window: something else uses the key, or Litmos is out of order."""
        settings = self._settings
        with self._database.write() as conn:
            conn.execute(
                update(rate_window)
                .where(rate_window.c.account == settings.account)
                .values(
                    frozen_until=self._database.now(conn) + timedelta(seconds=settings.seconds),
                    frozen_reason=reason,
                )
            )

    def interrupt(self) -> None:
        """The process is stopping: whoever waits for a slot gets Interrupted."""
        self._stopping.set()

    def again(self) -> None:
        """Undo ``interrupt``."""
        self._stopping.clear()


def usage(conn: Connection, account: str, now: datetime) -> tuple[int, int, datetime | None]:
    """Slots taken now, slots in all, and until when sending is frozen (None: it is not)."""
    total = conn.execute(select(func.count()).where(rate_slot.c.account == account)).scalar_one()
    taken = conn.execute(
        select(func.count()).where(rate_slot.c.account == account, rate_slot.c.free_at > now)
    ).scalar_one()
    frozen = conn.execute(select(rate_window.c.frozen_until).where(rate_window.c.account == account)).scalar()
    return taken, total, frozen if frozen is not None and frozen > now else None


def _fit(conn: Connection, settings: WindowSettings, now: datetime) -> None:
    """Make exactly N rows. Never more than the smaller promise: new rows start taken, unless all is new and free."""
    known = conn.execute(
        select(rate_window.c.seconds).where(rate_window.c.account == settings.account).with_for_update()
    ).scalar()
    later = now + timedelta(seconds=settings.seconds)
    first = now if known is None and settings.start_free else later
    if known is None:
        conn.execute(insert(rate_window).values(account=settings.account, seconds=settings.seconds))
    elif known != settings.seconds:
        conn.execute(
            update(rate_window)
            .where(rate_window.c.account == settings.account)
            .values(seconds=settings.seconds)
        )
        conn.execute(
            update(rate_slot)
            .where(rate_slot.c.account == settings.account, rate_slot.c.free_at < later)
            .values(free_at=later)
        )
    have = set(
        conn.execute(select(rate_slot.c.slot_no).where(rate_slot.c.account == settings.account)).scalars()
    )
    missing = set(range(settings.requests)) - have
    if missing:
        rows = [{"account": settings.account, "slot_no": no, "free_at": first} for no in sorted(missing)]
        conn.execute(insert(rate_slot), rows)
    conn.execute(
        delete(rate_slot).where(
            rate_slot.c.account == settings.account,
            or_(rate_slot.c.slot_no >= settings.requests, rate_slot.c.slot_no < 0),
        )
    )
