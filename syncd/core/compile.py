"""Compile: from Changes to the Requests that carry them, with what each waits for and what it costs.

Stages, in the order in which Requests are sent when nothing else decides (``docs/decisions`` says why):

=====  ======================================  =============================
stage  Requests                                waits for
=====  ======================================  =============================
0      deactivate (``PUT`` of one user)        nothing, or a page read, if cheaper
1      rename team                             a team that still has the name
1      create team                             its parent team, and renames of it or that free its name
2      create user                             whoever gives up the UserName; the manager, if created here
2      import users (creates and updates)      nothing, or a page read before new users, if cheaper
3, 6   add members (by team, or by user)       the teams, their renames, and users created here
4, 7   assign items (one per user and kind)    the user, if created here
7      record a result (a read, and a write)   nothing: the user has the course
4      give a team items (one per team, kind)  the team, and its renames
4, 7   make leader or admin                    the membership, the team's renames, and a ``PUT`` of that user
5      update, reactivate (``PUT``)            whoever gives up the UserName, and a page read, if cheaper
8      unassign item                           nothing
8      reset a course (a read, and a write)    nothing
8      remove member, take item from a team    the team's renames
8      leave all teams (who has left)          the ``PUT`` of that user, and the teams' renames
8      leader or admin no longer               the team's renames, and a ``PUT`` of that user
=====  ======================================  =============================

Where there are two stages, the first is of Requests for somebody who is created here: leavers go first, then starters with
all that they need, then the rest.

A ``PUT`` carries the whole record, so the record must be *just read*: singly (two requests a user), or all users by
page (one request per 1000 users and per batch of PUTs that fit into the five minutes in which a page counts as just
read). The cheaper way is taken. Where UserNames change hands, ``core.usernames`` says in what order; who steps aside in a
circle is renamed twice. Where bulk imports are allowed, ``core.import_requests`` takes what they carry for less. ``core.cover`` says
which memberships go by team, and which by user.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncd.core.circles import waiting_for_ever
from syncd.core.import_requests import import_requests
from syncd.core.member_requests import member_adds
from syncd.core.model import (
    LEAVERS,
    LEAVERS_BY_HAND,
    Action,
    Change,
    ItemKey,
    ItemKind,
    ObjectKind,
    TeamKey,
    team_key,
    team_text,
)
from syncd.core.request import (
    ITEMS_PER_CALL,
    Pace,
    Request,
    RequestKind,
    Stage,
)
from syncd.core.resets import AT, DUE, UNTIL
from syncd.core.result_requests import result_requests, row_of
from syncd.core.team_renames import TeamRenames
from syncd.core.team_requests import role_sets, team_creates, team_rename, team_request
from syncd.core.usernames import handover
from syncd.core.userwrites import puts, user_create

RESET_DATES: Mapping[str, str] = {"compliant_until": UNTIL, "completed_at": AT, "due": DUE}
"""How a payload calls the dates of a reset."""


def compile_requests(changes: Sequence[Change], pace: Pace) -> tuple[Request, ...]:
    """The Requests for these Changes, in the order of their stages; deterministic."""
    created_users = {
        c.employee_id: f"create:{c.employee_id}" for c in changes if _is(c, Action.CREATE, ObjectKind.USER)
    }
    created_teams = {team_key(c.team) for c in changes if _is(c, Action.CREATE, ObjectKind.TEAM)}
    imports = [] if pace.importing is None else import_requests(changes, pace)
    for request in imports:
        rows = request.payload.get("rows", ())
        created_users |= {row["employee_id"]: request.key for row in rows if not row["user_id"]}
    imported = {key for request in imports for key in request.changes}
    changes = [change for change in changes if change.key not in imported]
    names = handover(changes)
    renames = TeamRenames.of(changes)
    requests = [
        *imports,
        *puts(changes, pace, created_users, names),
        *(team_rename(step) for step in renames.steps),
        *team_creates(changes, created_teams, renames),
        *(user_create(c, created_users, names) for c in changes if _is(c, Action.CREATE, ObjectKind.USER)),
        *member_adds(changes, created_users, created_teams, renames),
        *_assigns(changes, created_users),
        *_gifts(changes, created_teams, renames),
        *_departures(changes, renames),
        *_removals(changes, renames),
        *result_requests(changes),
    ]
    requests += role_sets(changes, requests, renames, created_users)
    return tuple(sorted(_untangled(requests), key=lambda request: request.stage))


def _untangled(requests: Sequence[Request]) -> list[Request]:
    """The same, of which none waits for itself.

    Names and managers alone make no circle, together they may: a new manager takes the name of somebody whom they manage.
    Then the name goes first, and the next push sets the manager.
    """
    stuck = waiting_for_ever({request.key: request.after for request in requests})
    creates = {
        f"create:{r.payload['employee_id']}" for r in requests if r.kind is RequestKind.CREATE_USER
    } & stuck
    return [
        replace(request, after=tuple(parent for parent in request.after if parent not in creates))
        if request.key in stuck and request.kind in {RequestKind.CREATE_USER, RequestKind.PUT_USER}
        else request
        for request in requests
    ]


def _is(change: Change, action: Action, kind: ObjectKind) -> bool:
    return change.action is action and change.kind is kind


def _assigns(changes: Sequence[Change], created_users: Mapping[str, str]) -> Iterable[Request]:
    given: dict[tuple[str, ItemKind], list[tuple[Change, ItemKey]]] = {}
    for change in changes:
        if _is(change, Action.ADD, ObjectKind.ASSIGNMENT) and change.item is not None:
            given.setdefault((change.employee_id, change.item.kind), []).append((change, change.item))
    for (person, kind), parts in given.items():
        for number, start in enumerate(range(0, len(parts), ITEMS_PER_CALL)):
            chunk = parts[start : start + ITEMS_PER_CALL]
            yield Request(
                key=f"assign:{person}:{kind}:{number}",
                kind=RequestKind.ASSIGN_ITEMS,
                stage=Stage.STARTERS_ITEMS if person in created_users else Stage.ITEMS,
                target=f"assigned:{person}:{kind}:{number}",
                payload={
                    "employee_id": person,
                    "user_id": chunk[0][0].user_id,
                    "kind": kind.value,
                    "items": [item.id for _, item in chunk],
                    "rules": [change.rule for change, _ in chunk],
                },
                after=(created_users[person],) if person in created_users else (),
                changes=tuple(change.key for change, _ in chunk),
            )


def _gifts(
    changes: Sequence[Change], created_teams: set[tuple[str, ...]], renames: TeamRenames
) -> Iterable[Request]:
    """Given to a team in one call: the items of a kind, and those of its library in another."""
    given: dict[tuple[TeamKey, ItemKind, bool], list[tuple[Change, ItemKey]]] = {}
    for change in changes:
        if _is(change, Action.ADD, ObjectKind.TEAM_ASSIGNMENT) and change.item is not None:
            library = change.after.get("Library") is True
            given.setdefault((team_key(change.team), change.item.kind, library), []).append(
                (change, change.item)
            )
    for (team, kind, library), parts in sorted(given.items()):
        for number, start in enumerate(range(0, len(parts), ITEMS_PER_CALL)):
            chunk = parts[start : start + ITEMS_PER_CALL]
            name = f"{team_text(team)}:{kind}:{'library' if library else 'members'}:{number}"
            yield Request(
                key=f"give-team:{name}",
                kind=RequestKind.GIVE_TEAM,
                stage=Stage.STARTERS_ITEMS,
                target=f"team-given:{name}",
                payload={
                    "team": list(chunk[0][0].team),
                    "kind": kind.value,
                    "items": [item.id for _, item in chunk],
                    "rules": [change.rule for change, _ in chunk],
                    "library": library,
                },
                after=(
                    *((team_request(chunk[0][0].team),) if team in created_teams else ()),
                    *renames.before_use(chunk[0][0].team),
                ),
                changes=tuple(change.key for change, _ in chunk),
            )


def _departures(changes: Sequence[Change], renames: TeamRenames) -> Iterable[Request]:
    """Whoever has left is taken out of all teams once they are deactivated: in one call if the Plan names all of them."""
    by_person: dict[str, list[Change]] = {}
    for change in changes:
        if _is(change, Action.REMOVE, ObjectKind.MEMBERSHIP) and change.rule in {LEAVERS, LEAVERS_BY_HAND}:
            by_person.setdefault(change.employee_id, []).append(change)
    off = {change.employee_id for change in changes if _is(change, Action.DEACTIVATE, ObjectKind.USER)}
    for person, parts in by_person.items():
        before = [key for part in parts for key in renames.before_use(part.team)]
        yield Request(
            key=f"leave-teams:{person}",
            kind=RequestKind.LEAVE_TEAMS,
            stage=Stage.REMOVALS,
            target=f"teams-left:{person}",
            payload={
                "employee_id": person,
                "user_id": parts[0].user_id,
                "teams": [{"team": list(part.team), "team_id": part.team_id} for part in parts],
            },
            after=tuple(dict.fromkeys([*([f"put:{person}"] if person in off else []), *before])),
            changes=tuple(part.key for part in parts),
            low=1,
            high=1 + len(parts),
        )


def _removals(changes: Sequence[Change], renames: TeamRenames) -> Iterable[Request]:
    for change in changes:
        if _is(change, Action.REMOVE, ObjectKind.MEMBERSHIP):
            if change.rule in {LEAVERS, LEAVERS_BY_HAND}:
                continue
            kind = RequestKind.REMOVE_MEMBER
            payload: dict[str, Any] = {"team": list(change.team), "team_id": change.team_id}
        elif _is(change, Action.REMOVE, ObjectKind.ASSIGNMENT):
            kind = RequestKind.UNASSIGN_ITEM
            payload = {"item": str(change.item)}
        elif _is(change, Action.REMOVE, ObjectKind.TEAM_ASSIGNMENT):
            kind = RequestKind.TAKE_FROM_TEAM
            payload = {"team": list(change.team), "item": str(change.item)}
        elif _is(change, Action.RESET, ObjectKind.ASSIGNMENT):
            yield _reset(change)
            continue
        else:
            continue
        yield Request(
            key=f"remove:{change.key}",
            kind=kind,
            stage=Stage.REMOVALS,
            target=change.key,
            payload={"employee_id": change.employee_id, "user_id": change.user_id, **payload},
            after=renames.before_use(change.team),
            changes=(change.key,),
        )


def _reset(change: Change) -> Request:
    """Just before the write it is read whether the completion is the one that was planned: it cannot be given back."""
    dates = {name: change.before.get(key, "") for name, key in RESET_DATES.items()}
    return Request(
        key=change.key,
        kind=RequestKind.RESET_COURSE,
        stage=Stage.REMOVALS,
        target=change.key,
        payload={
            "employee_id": change.employee_id,
            "user_id": change.user_id,
            "item": str(change.item),
            **dates,
            **row_of(change),
        },
        changes=(change.key,),
        low=2,
        high=2,
    )
