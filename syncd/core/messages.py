"""Messages: what people are told, decided from what is so now and from what a channel was told before. Pure.

A message carries ids of Runs, counts, codes, commands and pages: no name, no address, no employee id, no sentence of an error.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class MessageKind(StrEnum):
    """What a message is about; a channel names those that it wants."""

    HELD = "held"
    """a Run waits for a person"""
    FAILED = "failed"
    """the last Run of a Flow failed, or some of its Changes did"""
    LATE = "late"
    """a schedule has passed and nothing began, or a Run goes on for much longer than was to be expected"""
    QUARANTINE = "quarantine"
    """more of HR's rows are rejected than was told"""
    REFUSED = "refused"
    """Litmos refuses the key, so nothing is sent"""
    DIGEST = "digest"
    """once a day: what happened, and what waits"""


class Occasion(StrEnum):
    """Why a message is sent now."""

    FIRST = "first"
    MORE = "more"
    AGAIN = "again"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that is so now. ``key`` says what, the same each time it is looked at.

    ``mark`` says what else would make it news (other codes), ``size`` how much of it there is. ``page`` is the path of a page,
    ``command`` what to type next.
    """

    key: str
    kind: MessageKind
    subject: str
    lines: tuple[str, ...] = ()
    command: str = ""
    page: str = "/"
    mark: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a channel was told last about ``key``; ``size`` is the most that it was told since it began."""

    key: str
    kind: MessageKind
    occasion: Occasion
    number: int
    mark: str
    size: int
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message for one channel; ``number`` counts those about ``key``, so that two replicas store each only once."""

    key: str
    kind: MessageKind
    occasion: Occasion
    number: int
    mark: str
    size: int
    subject: str
    lines: tuple[str, ...]
    command: str
    page: str


def decide(
    facts: Sequence[Fact],
    told: Mapping[str, Told],
    *,
    kinds: Collection[MessageKind],
    repeat: timedelta | None,
    now: datetime,
    endings: Mapping[str, str] | None = None,
) -> tuple[Message, ...]:
    """The messages for one channel that wants these ``kinds``; ``endings`` says of keys that are not so any more what became of it.

    ========  ===============  =================================================  ===========
    is so     told before      and                                                message
    ========  ===============  =================================================  ===========
    yes       no, or as over                                                      first
    yes       yes              its mark is another, or its size is above all      more
                               sizes that were told
    yes       yes              told ``repeat`` ago or longer                      again
    yes       yes              otherwise                                          none
    no        yes                                                                 over
    no        no, or as over                                                      none
    ========  ===============  =================================================  ===========

    A digest is told once, and is never over.
    """
    found = []
    for fact in facts:
        last = told.get(fact.key)
        if fact.kind in kinds and (occasion := _occasion(fact, last, repeat, now)) is not None:
            found.append(_message(fact, last, occasion))
    so = {fact.key for fact in facts}
    for last in told.values():
        lasts = last.occasion is not Occasion.OVER and last.kind is not MessageKind.DIGEST
        if lasts and last.key not in so and last.kind in kinds:
            found.append(_over(last, (endings or {}).get(last.key, "")))
    return tuple(found)


def _occasion(fact: Fact, last: Told | None, repeat: timedelta | None, now: datetime) -> Occasion | None:
    if last is None or last.occasion is Occasion.OVER:
        return Occasion.FIRST
    if fact.kind is MessageKind.DIGEST:
        return None
    if fact.mark != last.mark or fact.size > last.size:
        return Occasion.MORE
    if repeat is not None and now - last.at >= repeat:
        return Occasion.AGAIN
    return None


def _message(fact: Fact, last: Told | None, occasion: Occasion) -> Message:
    begins = last is None or occasion is Occasion.FIRST
    prefix = "Still: " if occasion is Occasion.AGAIN else ""
    return Message(
        key=fact.key,
        kind=fact.kind,
        occasion=occasion,
        number=1 if last is None else last.number + 1,
        mark=fact.mark,
        size=fact.size if last is None or begins else max(fact.size, last.size),
        subject=prefix + fact.subject,
        lines=fact.lines,
        command=fact.command,
        page=fact.page,
    )


def _over(last: Told, ending: str) -> Message:
    said = last.subject.removeprefix("Still: ").removeprefix("Over: ")
    return Message(
        key=last.key,
        kind=last.kind,
        occasion=Occasion.OVER,
        number=last.number + 1,
        mark="",
        size=0,
        subject=f"Over: {said}",
        lines=(ending or "It is so no more.",),
        command="",
        page="/",
    )


def digest_day(at: time, zone: str, now: datetime) -> date:
    """The day whose digest is due or was sent last: today once it is ``at`` in the ``zone``, else yesterday."""
    local = now.astimezone(ZoneInfo(zone))
    return local.date() if local.time().replace(tzinfo=None) >= at else local.date() - timedelta(days=1)


def digest_key(at: time, zone: str, now: datetime) -> str:
    """The key of that digest."""
    return f"digest:{digest_day(at, zone, now).isoformat()}"


def text_of(message: Message, *, account: str, address: str) -> str:
    """The message as plain text; ``address`` is where the pages are, "": nobody has said."""
    lines = [*message.lines]
    if message.command:
        lines += ["", f"Next: {message.command}"]
    if link := link_of(message, address):
        lines += ["", link]
    return "\n".join([*lines, "", f"syncd, account {account}"])


def link_of(message: Message, address: str) -> str:
    """The page of a message, or ""."""
    return address.rstrip("/") + message.page if address else ""
