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
from itertools import count, islice

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncd.core.operation import Interrupted, Slot
from syncd.log import get_logger
from syncd.store.database import Database
from syncd.store.schema import rate_slot, rate_window

log = get_logger(__name__)

CALL = 2.0
"""Seconds for which somebody urgent is known to wait; who still waits says so again, once a second at least."""


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
    """The gate that every request passes. Thread-safe; implements ``core.operation.Gate``.

    In a process for whose answers a person waits, ``urgent`` is True: its requests come before those of all others.
    """

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
        self.urgent = False
        self._clock = clock
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._turn = threading.Lock()
        self._held_until: dict[int, float] = {}
        with database.write() as conn:
            _fit(conn, settings, database.now(conn))

    def acquire(self) -> Slot:
        """Block until a slot is free and take it, in the order of asking. Raises Interrupted after ``interrupt``."""
        began = self._clock()
        with self._turn:
            while not self._stopping.is_set():
                taken, wait = self._try()
                if taken is not None:
                    log.debug("slot_taken", waited=round(self._clock() - began, 3))
                    return taken
                self._pause(min(max(wait, 0.001), 1.0))
        raise Interrupted

    def _try(self) -> tuple[Slot | None, float]:
        settings = self._settings
        longest = settings.timeout + settings.seconds + settings.margin
        claimed_at = self._clock()
        with self._database.write() as conn:
            now = self._database.now(conn)
            until = self._must_wait(conn, now)
            if until is not None:
                _undo_step(conn, settings, now, longest)
                return None, (until - now).total_seconds()
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
                _undo_step(conn, settings, now, longest)
                soonest = conn.execute(
                    select(func.min(rate_slot.c.free_at)).where(
                        rate_slot.c.account == settings.account, rate_slot.c.free_at > now
                    )
                ).scalar_one()
                if self.urgent:
                    self._call(conn, now + timedelta(seconds=CALL))
                return None, (soonest - now).total_seconds() if soonest else 0.05
            if self.urgent:
                self._call(conn, None)
            token = uuid.uuid4().hex
            conn.execute(
                update(rate_slot)
                .where(rate_slot.c.account == settings.account, rate_slot.c.slot_no == row.slot_no)
                .values(free_at=now + timedelta(seconds=longest), holder=token)
            )
        self._held_until[row.slot_no] = claimed_at + longest
        return Slot(number=row.slot_no, token=token, send_by=claimed_at + settings.margin), 0.0

    def _must_wait(self, conn: Connection, now: datetime) -> datetime | None:
        """Until when no slot is to be had, or none for us because somebody urgent waits; None if it is not so."""
        row = conn.execute(
            select(rate_window.c.frozen_until, rate_window.c.urgent_until).where(
                rate_window.c.account == self._settings.account
            )
        ).one()
        waits = [row.frozen_until] if self.urgent else [row.frozen_until, row.urgent_until]
        return max((until for until in waits if until is not None and until > now), default=None)

    def _call(self, conn: Connection, until: datetime | None) -> None:
        """Say that somebody urgent waits for a slot, or (None) that they have it; who else waits will say so again."""
        conn.execute(
            update(rate_window)
            .where(rate_window.c.account == self._settings.account)
            .values(urgent_until=until)
        )

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
        """Nobody sends for one window: something else uses the key, or Litmos is out of order. It is counted."""
        settings = self._settings
        with self._database.write() as conn:
            now = self._database.now(conn)
            conn.execute(
                update(rate_window)
                .where(rate_window.c.account == settings.account)
                .values(
                    frozen_until=now + timedelta(seconds=settings.seconds),
                    frozen_reason=reason,
                    frozen_at=now,
                    freezes=rate_window.c.freezes + 1,
                )
            )
        log.warning("window_frozen", reason=reason, seconds=settings.seconds)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezes:
    """How often sending was frozen (by each 503, 429, or outage), when last, and why."""

    number: int
    last_at: datetime | None
    reason: str


def freezes(conn: Connection, account: str) -> Freezes:
    """How often Litmos, or an outage, made everybody wait."""
    row = conn.execute(select(rate_window).where(rate_window.c.account == account)).first()
    if row is None:
        return Freezes(number=0, last_at=None, reason="")
    return Freezes(number=row.freezes, last_at=row.frozen_at, reason=row.frozen_reason)


def _fit(conn: Connection, settings: WindowSettings, now: datetime) -> None:
    """Make exactly N rows; never more than the smaller promise is kept, whatever is in flight under the old one."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    row = dialect.insert(rate_window).values(account=settings.account, seconds=settings.seconds)
    new = conn.execute(row.on_conflict_do_nothing().returning(rate_window.c.account)).first() is not None
    here = rate_window.c.account == settings.account
    known: float = conn.execute(select(rate_window.c.seconds).where(here).with_for_update()).scalar_one()
    slots = conn.execute(
        select(rate_slot.c.slot_no, rate_slot.c.free_at)
        .where(rate_slot.c.account == settings.account)
        .order_by(rate_slot.c.free_at.desc(), rate_slot.c.slot_no)
        .with_for_update()
    ).all()
    kept, dropped = slots[: settings.requests], slots[settings.requests :]
    if known != settings.seconds:
        conn.execute(update(rate_window).where(here).values(seconds=settings.seconds))
    longer = timedelta(seconds=max(0.0, settings.seconds - known))
    until = max((slot.free_at for slot in dropped), default=now)
    if longer or until > now:
        for slot in kept:
            _hold_on(conn, settings.account, slot.slot_no, max(slot.free_at, until) + longer)
    conn.execute(
        delete(rate_slot).where(
            rate_slot.c.account == settings.account,
            rate_slot.c.slot_no.in_([slot.slot_no for slot in dropped]),
        )
    )
    used = {slot.slot_no for slot in kept}
    unused = (number for number in count() if number not in used)
    first = now if new and settings.start_free else now + timedelta(seconds=settings.seconds)
    rows = [
        {"account": settings.account, "slot_no": number, "free_at": first}
        for number in islice(unused, settings.requests - len(kept))
    ]
    if rows:
        conn.execute(insert(rate_slot), rows)


def _hold_on(conn: Connection, account: str, slot_no: int, until: datetime) -> None:
    """Without its holder, who knows only the old settings and would free the slot too early."""
    conn.execute(
        update(rate_slot)
        .where(rate_slot.c.account == account, rate_slot.c.slot_no == slot_no)
        .values(free_at=until, holder="")
    )


def _undo_step(conn: Connection, settings: WindowSettings, now: datetime, longest: float) -> None:
    """Times that no claim can have written come from before the clock was set back: none may last that long."""
    conn.execute(
        update(rate_slot)
        .where(
            rate_slot.c.account == settings.account,
            rate_slot.c.free_at > now + timedelta(seconds=2 * longest),
        )
        .values(free_at=now + timedelta(seconds=longest), holder="")
    )
    conn.execute(
        update(rate_window)
        .where(
            rate_window.c.account == settings.account,
            rate_window.c.frozen_until > now + timedelta(seconds=2 * settings.seconds),
        )
        .values(frozen_until=now + timedelta(seconds=settings.seconds))
    )
    conn.execute(
        update(rate_window)
        .where(
            rate_window.c.account == settings.account,
            rate_window.c.urgent_until > now + timedelta(seconds=2 * CALL),
        )
        .values(urgent_until=None)
    )
