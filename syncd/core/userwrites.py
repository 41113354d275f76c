"""User writes: the Requests that create and change users, and in what order names and managers allow it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from syncd.core.account import messages_key
from syncd.core.managers import MANAGER
from syncd.core.model import Action, Change, ObjectKind
from syncd.core.request import (
    ASIDE,
    JUST_READ_SECONDS,
    PAGE,
    SAFE_SHARE,
    Pace,
    Request,
    RequestKind,
    Stage,
    person_target,
)
from syncd.core.usernames import NO_HANDOVER, Handover


def puts(
    changes: Sequence[Change], pace: Pace, created_users: Mapping[str, str], names: Handover
) -> Iterable[Request]:
    """One ``PUT`` for each person whose account changes, leavers first, with the readings and renames that it needs.

    ``created_users`` is employee_id -> the key of the Request that creates them.
    """
    by_person: dict[str, list[Change]] = {}
    for change in changes:
        if change.kind is ObjectKind.USER and change.action is not Action.CREATE:
            by_person.setdefault(change.employee_id, []).append(change)
    leavers = {p: c for p, c in by_person.items() if any(x.action is Action.DEACTIVATE for x in c)}
    givers_first = dict.fromkeys([p for p in names.order if p in by_person])
    others = {p: by_person[p] for p in givers_first | by_person if p not in leavers}
    yield from _put_batches(leavers, pace, {}, stage=Stage.LEAVERS, name="leavers")
    yield from (_aside(person, by_person[person][0], names.aside[person]) for person in names.aside)
    yield from _put_batches(others, pace, created_users, stage=Stage.UPDATES, name="users", names=names)


def _put_batches(
    people: Mapping[str, Sequence[Change]],
    pace: Pace,
    created_users: Mapping[str, str],
    *,
    stage: Stage,
    name: str,
    names: Handover = NO_HANDOVER,
) -> Iterable[Request]:
    """PUTs in batches that fit into the time in which a page read before them counts as just read.

    Whoever gives up a UserName comes before the one who takes it: no batch waits for a later one.
    """
    pages, size = _batch(pace)
    order = list(people)
    for number, start in enumerate(range(0, len(order), size)):
        batch = order[start : start + size]
        if len(batch) <= pages + 1:
            for person in batch:
                after = names.freed_by(person)
                yield _put(person, people[person], created_users, stage=stage, reads=True, after=after)
            continue
        read = f"read:{name}:{number}"
        yield Request(
            key=read,
            kind=RequestKind.READ_USERS,
            stage=stage,
            target=read,
            after=tuple(f"put:{person}" for person in order[max(0, start - size) : start]),
            low=pages,
            high=pages + 1,
        )
        for person in batch:
            after = (read, *names.freed_by(person))
            yield _put(person, people[person], created_users, stage=stage, reads=False, after=after)


def _batch(pace: Pace) -> tuple[int, int]:
    """(requests that reading all users takes, PUTs that fit into the time in which that counts as just read)."""
    pages = pace.users // PAGE + 1
    return pages, max(1, int(pace.per_minute * JUST_READ_SECONDS / 60 * SAFE_SHARE) - pages)


def least_puts(people: int, pace: Pace) -> int:
    """The least HTTP requests that changing so many users by ``PUT`` takes, readings included."""
    pages, size = _batch(pace)
    whole, rest = divmod(people, size)
    return sum(
        number * (2 * batch if batch <= pages + 1 else pages + batch)
        for number, batch in ((whole, size), (1, rest))
    )


def _aside(person: str, change: Change, username: str) -> Request:
    """The first of two renames of somebody who steps aside; it carries no Change, for nobody asked for it."""
    return Request(
        key=f"aside:{person}",
        kind=RequestKind.PUT_USER,
        stage=Stage.UPDATES,
        target=f"user:{change.user_id}{ASIDE}",
        payload={
            "employee_id": person,
            "user_id": change.user_id,
            "fields": {"UserName": username},
            "active": None,
        },
        low=2,
        high=2,
    )


def _put(
    person: str,
    parts: Sequence[Change],
    created_users: Mapping[str, str],
    *,
    stage: Stage,
    reads: bool,
    after: tuple[str, ...] = (),
) -> Request:
    active: bool | None = None
    mutes: bool | None = None
    fields: dict[str, Any] = {}
    for change in parts:
        if change.action is Action.UPDATE:
            fields.update(change.after)
            mutes = any(change.after.values()) if change.key == messages_key(person) else mutes
        else:
            active = change.action is Action.REACTIVATE
    manager = fields.pop(MANAGER, "")
    return Request(
        key=f"put:{person}",
        kind=RequestKind.PUT_USER,
        stage=stage,
        target=person_target(person, parts[0].user_id),
        payload={
            "employee_id": person,
            "user_id": parts[0].user_id,
            "fields": fields,
            "manager": manager,
            "active": active,
            "mutes": mutes,
        },
        after=(*after, *_creates_of(manager, created_users)),
        changes=tuple(change.key for change in parts),
        low=2 if reads else 1,
        high=2,
    )


def _creates_of(manager: object, created_users: Mapping[str, str]) -> tuple[str, ...]:
    """The Request that creates somebody's manager, if it is in this Plan."""
    maker = created_users.get(str(manager))
    return (maker,) if maker else ()


def user_create(change: Change, created_users: Mapping[str, str], names: Handover) -> Request:
    """One ``POST`` of a new user."""
    fields = dict(change.after)
    manager = fields.pop(MANAGER, "")
    return Request(
        key=f"create:{change.employee_id}",
        kind=RequestKind.CREATE_USER,
        stage=Stage.CREATES,
        target=person_target(change.employee_id, ""),
        payload={
            "employee_id": change.employee_id,
            "fields": fields,
            "manager": manager,
            "invite": change.invite,
        },
        after=(*names.freed_by(change.employee_id), *_creates_of(manager, created_users)),
        changes=(change.key,),
    )
