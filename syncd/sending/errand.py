"""Errand: a Job's payload, resolved against links and mirror into one Operation that needs nothing but Litmos ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from syncd.core.compile import RESET_DATES
from syncd.core.managers import MANAGER_ID
from syncd.core.model import UNGRANTED, FieldValue, ItemKey, ItemKind, Role, team_key, team_label, team_text
from syncd.core.operation import (
    AddMembers,
    AssignItems,
    CreateTeam,
    CreateUser,
    GiveTeam,
    ImportRow,
    ImportUsers,
    JoinTeams,
    LeaveTeams,
    Operation,
    PutUser,
    ReadUsers,
    RemoveMember,
    RenameTeam,
    ResetCourse,
    SetRole,
    TakeFromTeam,
    UnassignItem,
)
from syncd.core.protection import PROTECTED, Protection, refused
from syncd.core.recertify import Result
from syncd.core.request import JUST_READ_SECONDS, RequestKind, names_of
from syncd.errors import Permanent
from syncd.sending import nearby
from syncd.sending.recording import operation_of
from syncd.store import imports, links, mirror
from syncd.store.queue import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is to be done for a Job now.

    ``operation`` is None when nothing (more) can or need be done; ``note`` then says why. ``lost`` are keys of Changes
    whose person or team does not exist because the Request that should have made it failed; ``refused`` are those that must
    not be made, since their user is protected by now -> the sentence why. ``grants`` are
    (holder, object, rule) that the Operation gives or takes: the holder is a user's id, or a team's that is given
    something; the object is a team text or an item as text. What is given back to somebody who returns, or comes back
    by a revert though syncd had not given it, is no grant: a person had given it.
    """

    operation: Operation | None
    note: str = ""
    lost: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearings:
    """What resolving needs besides the payload: the Job, the account, the database time, when the run began.

    ``import_patience`` is how many seconds a bulk import may take; ``link_field`` the profile field with the employee id;
    ``protection`` says which users are never changed.
    """

    job: Job
    link_field: str
    account: str
    now: datetime
    run_started_at: datetime
    import_patience: float
    protection: Protection


class _NotThereError(Exception):
    """The person or the team was not made; the message says which."""


def resolve(conn: Connection, job: Job, bearings: Bearings) -> Errand:
    """Look up what the payload names; never raises for people or teams that are missing.

    Raises Permanent, and then nothing is sent: ``PROTECTED`` if all that it is about are users to whom nothing may happen by now,
    ``NAME-NOT-FREED`` if somebody else still has the UserName that it gives.
    """
    try:
        return _RESOLVERS[RequestKind(job.kind)](conn, job.payload, bearings)
    except _NotThereError as missing:
        return Errand(operation=None, note=str(missing), lost=("*",))


def _may_touch(conn: Connection, user_id: str, bearings: Bearings) -> str:
    """The user of a Job for one person. Raises Permanent ``PROTECTED``, before anything is sent, if nothing may happen to them."""
    for why in _refused(conn, {user_id: user_id}, bearings).values():
        raise Permanent(why, code=PROTECTED)
    return user_id


def _refused(conn: Connection, user_ids: Mapping[str, str], bearings: Bearings) -> Mapping[str, str]:
    """Whom of these users (key -> user id) nothing may happen to, by what the mirror knows by now: key -> the sentence why.

    Of a Job that may have been sent nobody is refused: first it is found out what was done.
    """
    if bearings.job.settling:
        return {}
    known = mirror.users(conn, bearings.account, user_ids.values())
    users = {user.id: user for user in known}
    people = {key: users[user_id] for key, user_id in user_ids.items() if user_id in users}
    return refused(people, bearings.protection)


def _user_id(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> str:
    user_id = payload.get("user_id") or links.find(conn, bearings.account, payload["employee_id"])
    if not user_id:
        raise _NotThereError(
            f"employee {payload['employee_id']} has no Litmos user; see why its create failed"
        )
    return str(user_id)


def _team_of(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> str:
    """The team that a payload is about, however it is called by now."""
    return payload.get("team_id") or _team_id(conn, payload["team"], bearings)


def _team_id(conn: Connection, names: list[str], bearings: Bearings) -> str:
    team_id = mirror.team_id(conn, bearings.account, team_key(tuple(names)))
    if not team_id:
        raise _NotThereError(f'team "{team_label(tuple(names))}" is not in Litmos; see why its create failed')
    return str(team_id)


def _read_users(_conn: Connection, _payload: Mapping[str, Any], _bearings: Bearings) -> Errand:
    return Errand(operation=ReadUsers())


def _create_user(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    if links.find(conn, bearings.account, payload["employee_id"]):
        return Errand(operation=None, note="already so: the employee is linked")
    _name_must_be_free(conn, payload, bearings)
    fields, note = _with_manager(conn, payload, bearings)
    invite = payload.get("invite", False)
    return Errand(operation=CreateUser(fields=fields, invite=invite), note=note)


def _name_must_be_free(
    conn: Connection, payload: Mapping[str, Any], bearings: Bearings, own_id: str = ""
) -> None:
    """Raises Permanent ``NAME-NOT-FREED``, before anything is sent, if another user still has the UserName.

    The Job that was to rename that user comes before this one: it failed, or was superseded. Whatever may have been sent is
    settled first.
    """
    username = payload["fields"].get("UserName")
    if not username or bearings.job.settling:
        return
    for holder in mirror.name_holders(conn, bearings.account, str(username)):
        if holder != own_id:
            raise Permanent(
                f"Litmos user {holder} still has this UserName, for what was to rename them was not done; see why",
                code="NAME-NOT-FREED",
            )


def _with_manager(
    conn: Connection, payload: Mapping[str, Any], bearings: Bearings
) -> tuple[dict[str, FieldValue], str]:
    """The fields with the ManagerId of somebody who had no user when the Plan was made, and what to say if they have none."""
    fields, manager = dict(payload["fields"]), payload.get("manager")
    if not manager:
        return fields, ""
    user_id = links.find(conn, bearings.account, manager)
    if not user_id:
        return fields, f"the manager was not set: employee {manager} has no Litmos user; see why"
    return {**fields, MANAGER_ID: user_id}, ""


def _import_users(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    linked = {} if bearings.job.settling else links.load(conn, bearings.account)
    rows = [row for row in payload["rows"] if row["user_id"] or row["employee_id"] not in linked]
    if not rows:
        return Errand(operation=None, note="already so: these employees are linked")
    taken = imports.find(conn, bearings.job.id)
    patience = timedelta(seconds=bearings.import_patience)
    moment = nearby.Moment(
        account=bearings.account,
        link_field=bearings.link_field,
        now=bearings.now,
        run_started_at=bearings.run_started_at,
    )
    settling = bearings.job.settling
    return Errand(
        operation=ImportUsers(
            rows=tuple(
                ImportRow(username=row["username"], fields=row["fields"], user_id=row["user_id"])
                for row in rows
            ),
            link_field=bearings.link_field,
            skip_first_login=payload["skip_first_login"],
            import_id=taken.import_id,
            overdue=taken.since is not None and bearings.now - taken.since >= patience,
            missed=bearings.job.settle_reads > 0,
            protection=bearings.protection,
            known=nearby.known(conn, rows, moment) if settling else (),
            near=nearby.after(payload, taken, moment) if settling else nearby.before(conn, payload, moment),
        )
    )


def _put_user(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id = _user_id(conn, payload, bearings)
    _name_must_be_free(conn, payload, bearings, user_id)
    fields, note = _with_manager(conn, payload, bearings)
    if note and not fields and payload["active"] is None:
        return Errand(operation=None, note=note, lost=("*",))
    since = max(bearings.run_started_at, bearings.now - timedelta(seconds=JUST_READ_SECONDS))
    profile = mirror.just_read_profile(conn, bearings.account, user_id, since=since)
    if profile is not None and imports.naming(conn, bearings.account, names_of(bearings.job.kind, payload)):
        profile = None
    return Errand(
        operation=PutUser(
            user_id=user_id,
            fields=fields,
            active=payload["active"],
            profile=profile,
            protection=bearings.protection,
        ),
        note=note,
    )


def _create_team(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    names = payload["team"]
    if mirror.team_id(conn, bearings.account, team_key(tuple(names))):
        return Errand(operation=None, note="already so: the team exists")
    parent_id = _team_id(conn, names[:-1], bearings) if names[:-1] else ""
    return Errand(operation=CreateTeam(name=names[-1], parent_id=parent_id))


def _rename_team(_conn: Connection, payload: Mapping[str, Any], _bearings: Bearings) -> Errand:
    return Errand(operation=RenameTeam(team_id=payload["team_id"], name=payload["name"]))


def _add_members(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    team_id = _team_of(conn, payload, bearings)
    found: dict[str, str] = {}
    rules: dict[str, str] = {}
    lost: list[str] = []
    for person in payload["people"]:
        try:
            found[person["change"]] = _user_id(conn, person, bearings)
        except _NotThereError:
            lost.append(person["change"])
        rules[person["change"]] = person["rule"]
    spared = _refused(conn, found, bearings)
    if spared and len(spared) == len(payload["people"]):
        raise Permanent(next(iter(spared.values())), code=PROTECTED)
    given = {user_id: rules[change] for change, user_id in found.items() if change not in spared}
    text = team_text(team_key(tuple(payload["team"])))
    nobody = "" if found else "none of these people has a Litmos user; see why their creates failed"
    return Errand(
        operation=AddMembers(team_id=team_id, user_ids=tuple(given)) if given else None,
        note=nobody,
        lost=tuple(lost),
        refused=spared,
        grants=tuple((user_id, text, rule) for user_id, rule in given.items() if rule not in UNGRANTED),
    )


def _join_teams(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id = _user_id(conn, payload, bearings)
    found: dict[str, tuple[str, str]] = {}
    lost: list[str] = []
    for one in payload["teams"]:
        try:
            found[_team_of(conn, one, bearings)] = (team_text(team_key(tuple(one["team"]))), one["rule"])
        except _NotThereError:
            lost.append(one["change"])
    return Errand(
        operation=JoinTeams(user_id=user_id, team_ids=tuple(found)) if found else None,
        note="" if found else "none of these teams is in Litmos; see why their creates failed",
        lost=tuple(lost),
        grants=tuple((user_id, text, rule) for text, rule in found.values() if rule not in UNGRANTED),
    )


def _remove_member(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id = _may_touch(conn, _user_id(conn, payload, bearings), bearings)
    return Errand(
        operation=RemoveMember(team_id=_team_of(conn, payload, bearings), user_id=user_id),
        grants=((user_id, team_text(team_key(tuple(payload["team"]))), ""),),
    )


def _leave_teams(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id = _may_touch(conn, _user_id(conn, payload, bearings), bearings)
    teams = {
        _team_of(conn, one, bearings): team_text(team_key(tuple(one["team"]))) for one in payload["teams"]
    }
    return Errand(
        operation=LeaveTeams(user_id=user_id, team_ids=tuple(teams)),
        grants=tuple((user_id, text, "") for text in teams.values()),
    )


def _give_team(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    team_id, kind = _team_id(conn, payload["team"], bearings), ItemKind(payload["kind"])
    return Errand(
        operation=GiveTeam(
            team_id=team_id, kind=kind, item_ids=tuple(payload["items"]), library=payload["library"]
        ),
        grants=tuple(
            (team_id, str(ItemKey(kind, item_id)), rule)
            for item_id, rule in zip(payload["items"], payload["rules"], strict=True)
        ),
    )


def _take_from_team(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    team_id, item = _team_id(conn, payload["team"], bearings), ItemKey.parse(payload["item"])
    return Errand(operation=TakeFromTeam(team_id=team_id, item=item), grants=((team_id, str(item), ""),))


def _set_role(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id = _may_touch(conn, _user_id(conn, payload, bearings), bearings)
    team_id = _team_of(conn, payload, bearings)
    text, rule, held = team_text(team_key(tuple(payload["team"]))), payload["rule"], payload["held"]
    return Errand(
        operation=SetRole(team_id=team_id, user_id=user_id, role=Role(payload["role"]), held=held),
        grants=() if held and rule in UNGRANTED else ((user_id, text, rule),),
    )


def _assign_items(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id = _may_touch(conn, _user_id(conn, payload, bearings), bearings)
    kind = ItemKind(payload["kind"])
    return Errand(
        operation=AssignItems(user_id=user_id, kind=kind, item_ids=tuple(payload["items"])),
        grants=tuple(
            (user_id, str(ItemKey(kind, item_id)), rule)
            for item_id, rule in zip(payload["items"], payload["rules"], strict=True)
            if rule not in UNGRANTED
        ),
    )


def _unassign_item(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id = _may_touch(conn, _user_id(conn, payload, bearings), bearings)
    item = ItemKey.parse(payload["item"])
    return Errand(operation=UnassignItem(user_id=user_id, item=item), grants=((user_id, str(item), ""),))


def _reset_course(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id, item = _user_id(conn, payload, bearings), ItemKey.parse(payload["item"])
    dates = {name: datetime.fromisoformat(payload[name]) for name in RESET_DATES if payload[name]}
    due = dates.pop("due")
    planned = Result(completed=True, percent=100.0, **dates)
    return Errand(operation=ResetCourse(user_id=user_id, item=item, planned=planned, due=due))


def _record_result(conn: Connection, payload: Mapping[str, Any], bearings: Bearings) -> Errand:
    user_id = _may_touch(conn, _user_id(conn, payload, bearings), bearings)
    return Errand(operation=operation_of(payload, user_id, bearings.now))


_RESOLVERS = {
    RequestKind.READ_USERS: _read_users,
    RequestKind.CREATE_USER: _create_user,
    RequestKind.PUT_USER: _put_user,
    RequestKind.CREATE_TEAM: _create_team,
    RequestKind.RENAME_TEAM: _rename_team,
    RequestKind.ADD_MEMBERS: _add_members,
    RequestKind.JOIN_TEAMS: _join_teams,
    RequestKind.REMOVE_MEMBER: _remove_member,
    RequestKind.LEAVE_TEAMS: _leave_teams,
    RequestKind.ASSIGN_ITEMS: _assign_items,
    RequestKind.UNASSIGN_ITEM: _unassign_item,
    RequestKind.RESET_COURSE: _reset_course,
    RequestKind.RECORD_RESULT: _record_result,
    RequestKind.SET_ROLE: _set_role,
    RequestKind.IMPORT_USERS: _import_users,
    RequestKind.GIVE_TEAM: _give_team,
    RequestKind.TAKE_FROM_TEAM: _take_from_team,
}
