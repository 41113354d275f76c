"""The messenger: one thread looks and decides, one for each channel sends. No sync ever waits for any of them.

::

    look      the store -> Facts -> what each channel is to be told -> the outbox (a table)
    send      the oldest message of one channel: taken by one process, sent, and noted; else again later, or given up
    ping      an outside watcher is told that all is well; when the pings stop, it says so
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from syncd.core.lateness import known_as
from syncd.core.messages import Message, MessageKind, decide, digest_key
from syncd.errors import ConfigError, StoreError
from syncd.http.outbound import OutboundError, get
from syncd.log import get_logger, redact_text
from syncd.messages.channels import Channel, Letter, Undelivered
from syncd.messages.gathering import Watched, endings, facts
from syncd.store import messages, mirror, tallies
from syncd.store.database import Database
from syncd.store.messages import Parcel

log = get_logger(__name__)

LOOK_EVERY = 15.0
SEND_EVERY = 2.0
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(hours=24)
"""A message that no try has brought to its channel by then is news no more."""
UNHEALTHY = frozenset({MessageKind.LATE, MessageKind.FAILED, MessageKind.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A channel, which kinds of messages it wants, and after how long it is told again of what lasts (None: never)."""

    channel: Channel
    kinds: frozenset[MessageKind]
    repeat: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMan:
    """An outside watcher: asked by GET after each scheduled push that succeeded, or ``every`` so often while all is well."""

    url: Callable[[], str]
    every: timedelta | None = None
    timeout: float = 20.0


@dataclass(slots=True, kw_only=True)
class Messenger:
    """Tells people. ``address`` is where the pages are, or ""; ``stop`` ends its threads."""

    database: Database
    account: str
    owner: str
    watched: Watched
    subscriptions: Mapping[str, Subscription]
    dead_man: DeadMan | None = None
    address: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to look, and to send."""
        jobs: list[tuple[str, Callable[[], object], float]] = [("messages", self.look, LOOK_EVERY)]
        if self.dead_man is not None:
            jobs.append(("dead man", self.ping, LOOK_EVERY))
        jobs += [(f"channel {name}", partial(self.send_all, name), SEND_EVERY) for name in self.subscriptions]
        for name, work, pause in jobs:
            thread = threading.Thread(target=self._often, args=(work, pause), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self, within: float = 5.0) -> None:
        """End the threads; one that is in the middle of a call is left to its time-out."""
        self.stop.set()
        for thread in self._threads:
            thread.join(within)

    def _often(self, work: Callable[[], object], pause: float) -> None:
        while not self.stop.is_set():
            try:
                work()
            except (StoreError, ConfigError) as error:
                log.error("messages_not_handled", error=str(error))
            except Exception as error:
                log.exception("messages_crashed", kind=type(error).__name__)
            self.stop.wait(pause)

    def look(self, now: datetime | None = None) -> int:
        """Decide what each channel is to be told, and put it into the outbox; returns how many messages are new.

        Nothing is written, and so nobody waits, unless there is something to tell.
        """
        with self.database.read() as conn:
            at = now or self.database.now(conn)
            unknown = [
                name for name in self._schedules if messages.known_since(conn, self.account, name) is None
            ]
            fresh = self._decided(conn, at)
        if not unknown and not fresh:
            return 0
        with self.database.write() as conn:
            for name in unknown:
                messages.know(conn, self.account, name, at)
            number = sum(messages.put(conn, self.account, name, found, at) for name, found in fresh.items())
        if number:
            log.info("messages_made", messages=number)
        return number

    @property
    def _schedules(self) -> list[str]:
        return [known_as(flow, written) for flow, written in self.watched.schedules.items()]

    def _decided(self, conn: Connection, at: datetime) -> dict[str, tuple[Message, ...]]:
        """By channel what it is to be told now, of those that are to be told anything."""
        told = {name: messages.told(conn, self.account, name) for name in self.subscriptions}
        day = None if self.watched.digest is None else digest_key(self.watched.digest, self.watched.zone, at)
        wanted = any(
            day not in told[name]
            for name, one in self.subscriptions.items()
            if day is not None and MessageKind.DIGEST in one.kinds
        )
        found = facts(conn, self.account, self.watched, at, digest=wanted)
        decided = {
            name: decide(
                found,
                told[name],
                kinds=one.kinds,
                repeat=one.repeat,
                now=at,
                endings=endings(conn, self.account, told[name].values()),
            )
            for name, one in self.subscriptions.items()
        }
        return {name: some for name, some in decided.items() if some}

    def send_all(self, name: str, now: datetime | None = None) -> int:
        """Send what is due for one channel, the oldest first, until one fails; returns how many were taken."""
        number = 0
        while not self.stop.is_set() and self._send(name, now):
            number += 1
        return number

    def _send(self, name: str, now: datetime | None) -> bool:
        channel = self.subscriptions[name].channel
        within = timedelta(seconds=2 * channel.timeout + 60)
        with self.database.write() as conn:
            at = now or self.database.now(conn)
            parcel = messages.take(conn, self.account, name, owner=self.owner, now=at, within=within)
        if parcel is None:
            return False
        try:
            channel.send(self._letter(parcel))
        except Undelivered as error:
            return self._missed(parcel, str(error), at, final=error.final)
        except ConfigError as error:
            return self._missed(parcel, str(error), at)
        except Exception as error:
            log.exception("channel_crashed", channel=name, kind=type(error).__name__)
            return self._missed(parcel, f"unexpected {type(error).__name__}", at)
        with self.database.write() as conn:
            messages.sent(conn, parcel, now or self.database.now(conn))
        log.info(
            "message_sent",
            channel=name,
            kind=parcel.message.kind.value,
            occasion=parcel.message.occasion.value,
        )
        return True

    def _missed(self, parcel: Parcel, why: str, at: datetime, *, final: bool = False) -> bool:
        """Note why it was not taken; True if it is given up, so that the next one may go."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(parcel.epoch - 1, 10))
        gone = final or at + pause > parcel.made_at + GIVE_UP_AFTER
        with self.database.write() as conn:
            messages.failed(conn, parcel, redact_text(why), again_at=None if gone else at + pause)
        kind = parcel.message.kind.value
        if gone:
            log.warning(
                "message_given_up", channel=parcel.channel, kind=kind, attempt=parcel.epoch, error=why
            )
        else:
            log.warning(
                "message_not_sent", channel=parcel.channel, kind=kind, attempt=parcel.epoch, error=why
            )
        return gone

    def _letter(self, parcel: Parcel) -> Letter:
        return Letter(
            id=f"msg-{self.account}-{parcel.id}",
            account=self.account,
            made_at=parcel.made_at,
            message=parcel.message,
            address=self.address,
        )

    def ping(self, now: datetime | None = None) -> bool:
        """Ask the outside watcher, if it is time and there is reason to; True if it was asked and answered."""
        dead_man = self.dead_man
        if dead_man is None:
            return False
        with self.database.read() as conn:
            at = now or self.database.now(conn)
            last = messages.pinged_at(conn, self.account)
            if dead_man.every is None:
                push = tallies.last_ended(conn, self.account, "push", scheduled=True)
                good = push is not None and push["state"] == "succeeded"
                due = good and push is not None and (last is None or push["finished_at"] > last)
            else:
                sick = any(one.kind in UNHEALTHY for one in facts(conn, self.account, self.watched, at))
                due = not sick and (last is None or at - last >= dead_man.every)
        if not due:
            return False
        try:
            status = get(dead_man.url(), timeout=dead_man.timeout).status
        except OutboundError as error:
            log.warning("dead_man_not_reached", error=str(error))
            return False
        if not 200 <= status < 300:
            log.warning("dead_man_not_reached", error=f"it answered {status}")
            return False
        with self.database.write() as conn:
            mirror.set_watermark(conn, self.account, messages.DEAD_MAN, at)
        return True
