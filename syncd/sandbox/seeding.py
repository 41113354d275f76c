"""Seeding: an account filled from JSON data, as syncd.sandbox.dumping writes it or as written by hand.

``{"users": [...], "teams": [...], "memberships": [...], "courses": [...], "learning_paths": [...], "assignments":
[...], "achievements": [...], "sessions": [...], "awards": [...]}``. A seed may leave out Ids and dates, and may name things
instead of giving Ids.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from syncd.sandbox import profile as profiles
from syncd.sandbox.enrolling import settle_users
from syncd.sandbox.entities import (
    Achievement,
    BulkImport,
    Course,
    Enrolment,
    LearningPath,
    Membership,
    Team,
    TeamItem,
    User,
)
from syncd.sandbox.finding import SeedError, find_item, find_team, find_user
from syncd.sandbox.planting import identity, parsed, times
from syncd.sandbox.profile import JOB_ROLES
from syncd.sandbox.session_seeding import load_award, load_session
from syncd.sandbox.user_rules import add_user, iso
from syncd.sandbox.world import World

KIND_NAMES = {"LearningPath": "path", "Course": "course"}


def load(world: World, seed: Mapping[str, Any]) -> None:
    """Replaces what the account holds; SeedError for what does not fit together."""
    world.clear()
    world.mint.restart()
    world.job_roles = frozenset(map(str, seed["job_roles"])) if "job_roles" in seed else JOB_ROLES
    for row in seed.get("users", ()):
        _load_user(world, row)
    _link_managers(world, seed.get("users", ()))
    for row in seed.get("teams", ()):
        _load_team(world, row)
    _link_parents(world, seed.get("teams", ()))
    for name, load_row in _LOADERS.items():
        for row in seed.get(name, ()):
            load_row(world, row)
    settle_users(world, list(world.users))


def _load_user(world: World, row: Mapping[str, Any]) -> None:
    number, user_id = identity(world, "user", row)
    dates = times(world, row)
    last_login = parsed(row.get("LastLogin"))
    given = {"Active": True, "Culture": "en-US", "Brand": "Default", **row}
    if "IsCustomUsername" not in row:
        given["IsCustomUsername"] = not profiles.valid_email(str(row.get("UserName", "")))
    values = dict.fromkeys(profiles.ORDER) | profiles.written(given, None)
    if not values["UserName"] or world.user_by_name(values["UserName"]) is not None:
        raise SeedError(f"username missing or twice: {row.get('UserName')}")
    values.update(
        {
            "Id": user_id,
            "OriginalId": number,
            "LastLogin": "",
            "LoginKey": row.get("LoginKey") or world.mint.login_url(number),
            "CreatedDate": iso(dates["created_at"]),
            "Points": row.get("Points", 0),
            "ManagerName": "",
        }
    )
    user = User(
        id=user_id,
        number=number,
        profile=profiles.completed(values),
        created_at=dates["created_at"],
        updated_at=dates["updated_at"],
        last_login_at=last_login,
    )
    add_user(world, user)


def _link_managers(world: World, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        if row.get("Manager"):
            boss = find_user(world, {"UserName": row["Manager"]})
            find_user(world, {"UserName": row["UserName"]}).profile["ManagerId"] = boss.id


def _load_team(world: World, row: Mapping[str, Any]) -> None:
    number, team_id = identity(world, "team", row)
    world.teams[team_id] = Team(
        id=team_id,
        number=number,
        name=str(row["Name"]),
        description=str(row.get("Description") or ""),
        parent_id=str(row.get("ParentTeamId") or ""),
        active=bool(row.get("Active", True)),
        **times(world, row),
    )


def _link_parents(world: World, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        if row.get("ParentTeam"):
            find_team(world, str(row["Name"])).parent_id = find_team(world, str(row["ParentTeam"])).id


def _load_course(world: World, row: Mapping[str, Any]) -> None:
    number, course_id = identity(world, "course", row)
    module_number, module_id = world.mint.mint("module")
    world.courses[course_id] = Course(
        id=course_id,
        number=number,
        name=str(row["Name"]),
        code=str(row.get("Code") or ""),
        module_id=str(row.get("ModuleId") or module_id),
        module_number=module_number,
        active=bool(row.get("Active", True)),
        valid_days=None if row.get("CompliantTillDays") is None else float(row["CompliantTillDays"]),
        passmark=int(row.get("Passmark") or 0),
        points=int(row.get("Points") or 0),
        badge=str(row.get("Badge") or ""),
        **times(world, row),
    )


def _load_path(world: World, row: Mapping[str, Any]) -> None:
    number, path_id = identity(world, "path", row)
    world.paths[path_id] = LearningPath(
        id=path_id,
        number=number,
        name=str(row["Name"]),
        description=str(row.get("Description") or ""),
        course_ids=[find_item(world, "course", str(course)) for course in row.get("Courses", ())],
        active=bool(row.get("Active", True)),
        **times(world, row),
    )


def _load_membership(world: World, row: Mapping[str, Any]) -> None:
    world.put_membership(
        Membership(
            team_id=find_team(world, str(row.get("TeamId") or row.get("Team"))).id,
            user_id=find_user(world, row).id,
            leader=bool(row.get("Leader", False)),
            admin=bool(row.get("Admin", False)),
            active=bool(row.get("Active", True)),
            **times(world, row),
        )
    )


def _load_assignment(world: World, row: Mapping[str, Any]) -> None:
    kind = KIND_NAMES.get(str(row.get("Kind", "LearningPath")), "")
    if not kind:
        raise SeedError(f"no such kind of assignment: {row.get('Kind')}")
    item_id = find_item(world, kind, str(row.get("ItemId") or row.get("Item")))
    dates, active = times(world, row), bool(row.get("Active", True))
    if row.get("TeamId") or row.get("Team"):
        team_id = find_team(world, str(row.get("TeamId") or row.get("Team"))).id
        library = bool(row.get("Library", False))
        item = TeamItem(team_id=team_id, item_id=item_id, active=active, library=library, **dates)
        world.shelves[kind].of_team.setdefault(team_id, {})[item_id] = item
        return
    number, result_id = identity(world, f"{kind} result", {**row, "Id": row.get("ResultId")})
    finished = parsed(row.get("FinishDate"))
    enrolment = Enrolment(
        user_id=find_user(world, row).id,
        item_id=item_id,
        result_id=result_id,
        result_number=number,
        active=active,
        direct=bool(row.get("Direct", True)),
        percentage=float(row.get("PercentageComplete", 100.0 if finished else 0.0)),
        score=str(row.get("Score") or ""),
        started_at=parsed(row.get("StartDate")),
        finished_at=finished,
        progress_at=parsed(row.get("ProgressDate")) or finished,
        compliant_until=parsed(row.get("CompliantTill")),
        attempted_at=parsed(row.get("AttemptDate")) or finished,
        attempt=int(row.get("Attempt") or 1),
        before_reset=None,
        **dates,
    )
    world.shelves[kind].put(enrolment)


def _load_import(world: World, row: Mapping[str, Any]) -> None:
    number, import_id = identity(world, "import", row)
    world.imports[import_id] = BulkImport(
        id=import_id,
        number=number,
        rows=list(row["Rows"]),
        imported_at=parsed(row["ImportDate"]) or world.now(),
        due=world.clock() + world.bulk_delay,
        send_emails=bool(row["SendEmails"]),
        skip_first_login=bool(row["SkipFirstLogin"]),
        done=bool(row["Done"]),
        created=int(row["Created"]),
        updated=int(row["Updated"]),
        invalid_email=int(row["InvalidEmail"]),
        errors=[(str(username), str(status)) for username, status in row["Errors"]],
    )


def _load_achievement(world: World, row: Mapping[str, Any]) -> None:
    number, achievement_id = identity(world, "achievement", row)
    earned = parsed(row["AchievementDate"]) or world.now()
    world.achievements.append(
        Achievement(
            id=achievement_id,
            number=number,
            user_id=find_user(world, row).id,
            item_id=str(row["ItemId"]),
            kind=str(row["Kind"]),
            title=str(row["Title"]),
            score=str(row.get("Score") or ""),
            earned_at=earned,
            compliant_until=parsed(row.get("CompliantTillDate")),
            certificate_id=str(row.get("CertificateId") or world.mint.token("certificate", number)),
            created_at=parsed(row.get("CreatedDate")) or earned,
        )
    )


_LOADERS: dict[str, Callable[[World, Mapping[str, Any]], object]] = {
    "courses": _load_course,
    "learning_paths": _load_path,
    "memberships": _load_membership,
    "assignments": _load_assignment,
    "achievements": _load_achievement,
    "imports": _load_import,
    "sessions": load_session,
    "awards": load_award,
}
"""What comes after people and teams, each needing what is before it."""
