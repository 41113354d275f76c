"""Bulk: imports that wait, then upsert users by username (litmos-api 4.2)."""

from collections.abc import Mapping
from typing import Any

from syncd.sandbox import profile as profiles
from syncd.sandbox import team_rules, user_rules
from syncd.sandbox.enrolling import give_user
from syncd.sandbox.entities import BulkImport, User
from syncd.sandbox.refusal import BodyError, Refusal
from syncd.sandbox.world import World

LARGEST = 2000 * 1024
"""Bytes of the largest body [DOC]; what a larger one is answered with is unknown, 400 here (GUESS)."""

_RENAMED = {
    "Username": "UserName",
    "Phone": "PhoneWork",
    "Mobile": "PhoneMobile",
    "Title": "JobTitle",
    "WebSite": "Website",
    "Address1": "Street1",
    "Address2": "Street2",
    "Zip": "PostalCode",
    "Manager": "ManagerId",
}
_ADVANCED = tuple(f"UserCustomField{n}" for n in range(1, 26))
MEMBERS: tuple[str, ...] = (
    *"Username Email FirstName LastName Password Phone Mobile Skype Title CompanyName WebSite Twitter".split(),
    *"Team1 Team2 Team3 Team4 Team5 Course1 Course2 Course3 Address1 Address2 City State Zip Country".split(),
    *(f"CustomField{n}" for n in range(1, 11)),
    *"SalesforceId SalesforceContactId SalesforceAccountId Active InActiveDate AccessLevel Brand Culture".split(),
    *("Manager", *_ADVANCED, "JobRole", "ExternalEmployeeId"),
)
"""The members of a row in their order [SPEC]."""

_LEVELS = {"L": "Learner", "TL": "Team_Leader", "TA": "Team_Admin", "2": "Account_Owner", "3": "Administrator",
           "4": "Team_Leader", "5": "Learner"}  # fmt: skip
_NEVER_NULL = ("InActiveDate", "AccessLevel")
_REQUIRED = ("Username", "FirstName", "LastName")


def submit(
    world: World, rows: list[dict[str, Any]], *, send_emails: bool, skip_first_login: bool
) -> BulkImport:
    """POST /bulkimports: the import waits ``world.bulk_delay`` seconds before it is applied."""
    number, import_id = world.mint.mint("import")
    job = BulkImport(
        id=import_id,
        number=number,
        rows=rows,
        imported_at=world.now(),
        due=world.clock() + world.bulk_delay,
        send_emails=send_emails,
        skip_first_login=skip_first_login,
    )
    world.imports[import_id] = job
    return job


def settle_imports(world: World) -> None:
    """Applies the imports whose time has come, in order."""
    for job in world.imports.values():
        if not job.done and job.due <= world.clock():
            for row in job.rows:
                _apply(world, job, row)
            job.done = True


def _apply(world: World, job: BulkImport, row: Mapping[str, Any]) -> None:
    """One row: an upsert by username in which a blank keeps what is stored [DOC]."""
    username = ""
    try:
        texts = {name: profiles.text(value) or "" for name, value in row.items()}
        username = texts.get("Username", "")
        _upsert(world, job, row, texts)
    except Refusal as refusal:
        job.invalid_email += "email" in refusal.detail.lower()
        job.errors.append((username, f"Failed - {refusal.detail}"))
    except BodyError as error:
        job.errors.append((username, f"Failed - {error}"))


def _upsert(world: World, job: BulkImport, row: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    missing = [name for name in _REQUIRED if not texts.get(name)]
    if missing:
        raise Refusal(400, f"{missing[0]} is required")
    if any(name in row and row[name] is None for name in _NEVER_NULL):
        raise Refusal(400, "InActiveDate and AccessLevel must not be null")
    teams, courses = _targets(world, texts)
    values = _values(world, texts)
    user = world.user_by_name(texts["Username"])
    if user is None:
        defaults = {"Active": True, "IsCustomUsername": not profiles.valid_email(texts["Username"])}
        user = user_rules.create_user(world, {**defaults, **values}, skip_first_login=job.skip_first_login)
        job.created += 1
        if job.send_emails:
            world.mails.append((user.name, "welcome"))
    else:
        user_rules.change_user(world, user, {**values, "UserName": user.name})
        job.updated += 1
    _place(world, user, teams, courses)


def _values(world: World, texts: Mapping[str, str]) -> dict[str, Any]:
    """The profile members that a row sets: only those not blank."""
    values: dict[str, Any] = {}
    for name, text in texts.items():
        member = _RENAMED.get(name, name)
        if text and member in profiles.WRITABLE:
            values[member] = text
    values.pop("Password", None)
    if "Active" in values:
        values["Active"] = profiles.truth(values["Active"])
    if "AccessLevel" in values:
        values["AccessLevel"] = _LEVELS.get(values["AccessLevel"], values["AccessLevel"])
    if "ManagerId" in values:
        boss = world.users.get(values["ManagerId"]) or world.user_by_name(values["ManagerId"])
        if boss is None:
            raise Refusal(404, "Manager is invalid")
        values["ManagerId"] = boss.id
    return values


def _targets(world: World, texts: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The teams and courses of a row, by their codes, not their Ids (litmos-api 4.2)."""
    team_codes = {team.code: team.id for team in world.live_teams()}
    course_codes = {course.import_code: course.id for course in world.courses.values()}
    wanted_teams = [texts[f"Team{n}"] for n in range(1, 6) if texts.get(f"Team{n}")]
    wanted_courses = [texts[f"Course{n}"] for n in range(1, 4) if texts.get(f"Course{n}")]
    if not team_codes.keys() >= set(wanted_teams):
        raise Refusal(404, "Team code is invalid")
    if not course_codes.keys() >= set(wanted_courses):
        raise Refusal(404, "Course code is invalid")
    return [team_codes[code] for code in wanted_teams], [course_codes[code] for code in wanted_courses]


def _place(world: World, user: User, teams: list[str], courses: list[str]) -> None:
    """Adds to teams and courses; never removes [DOC]."""
    for team_id in teams:
        team_rules.add_members(world, team_id, [user.id])
    if courses:
        give_user(world, "course", user.id, courses)
