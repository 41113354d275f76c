"""Dumping: the whole account as JSON data; syncd.sandbox.seeding takes it back."""

from collections.abc import Iterable
from typing import Any

from syncd.sandbox.entities import Achievement, BulkImport, Course, LearningPath, Membership, Team, User
from syncd.sandbox.planting import stamp
from syncd.sandbox.seeding import KIND_NAMES
from syncd.sandbox.session_seeding import award_row, session_row
from syncd.sandbox.user_rules import view
from syncd.sandbox.world import World


def dump(world: World) -> dict[str, Any]:
    """Everything the account holds; ``load`` takes it back."""
    return {
        "job_roles": sorted(world.job_roles),
        "users": [_user_row(world, user) for user in world.users.values()],
        "teams": [_team_row(team) for team in world.teams.values()],
        "memberships": [_membership_row(row) for rows in world.members.values() for row in rows.values()],
        "courses": [_course_row(course) for course in world.courses.values()],
        "learning_paths": [_path_row(path) for path in world.paths.values()],
        "assignments": list(_assignment_rows(world)),
        "achievements": [_achievement_row(row) for row in world.achievements],
        "imports": [_import_row(job) for job in world.imports.values()],
        "sessions": [session_row(session) for session in world.sessions.values()],
        "awards": [award_row(award) for award in world.awards],
    }


def _user_row(world: World, user: User) -> dict[str, Any]:
    row = view(world, user)
    row["CreatedDate"], row["UpdatedDate"] = stamp(user.created_at), stamp(user.updated_at)
    return row


def _dates(row: Any) -> dict[str, str | None]:
    return {"CreatedDate": stamp(row.created_at), "UpdatedDate": stamp(row.updated_at)}


def _team_row(team: Team) -> dict[str, Any]:
    return {
        "Id": team.id,
        "OriginalId": team.number,
        "Name": team.name,
        "Description": team.description,
        "ParentTeamId": team.parent_id,
        "Active": team.active,
        **_dates(team),
    }


def _membership_row(row: Membership) -> dict[str, Any]:
    return {
        "TeamId": row.team_id,
        "UserId": row.user_id,
        "Leader": row.leader,
        "Admin": row.admin,
        "Active": row.active,
        **_dates(row),
    }


def _course_row(course: Course) -> dict[str, Any]:
    return {
        "Id": course.id,
        "OriginalId": course.number,
        "Name": course.name,
        "Code": course.code,
        "ModuleId": course.module_id,
        "Active": course.active,
        "CompliantTillDays": course.valid_days,
        "Passmark": course.passmark,
        "Points": course.points,
        "Badge": course.badge,
        **_dates(course),
    }


def _path_row(path: LearningPath) -> dict[str, Any]:
    return {
        "Id": path.id,
        "OriginalId": path.number,
        "Name": path.name,
        "Description": path.description,
        "Courses": list(path.course_ids),
        "Active": path.active,
        **_dates(path),
    }


def _assignment_rows(world: World) -> Iterable[dict[str, Any]]:
    for name, kind in KIND_NAMES.items():
        for item in world.shelves[kind].team_items():
            yield {
                "Kind": name,
                "ItemId": item.item_id,
                "TeamId": item.team_id,
                "Active": item.active,
                "Library": item.library,
                **_dates(item),
            }
        for row in world.shelves[kind].enrolments():
            yield {
                "Kind": name,
                "ItemId": row.item_id,
                "UserId": row.user_id,
                "ResultId": row.result_id,
                "OriginalId": row.result_number,
                "Active": row.active,
                "Direct": row.direct,
                "PercentageComplete": row.percentage,
                "Score": row.score,
                "StartDate": stamp(row.started_at),
                "FinishDate": stamp(row.finished_at),
                "ProgressDate": stamp(row.progress_at),
                "CompliantTill": stamp(row.compliant_until),
                "AttemptDate": stamp(row.attempted_at),
                "Attempt": row.attempt,
                **_dates(row),
            }


def _achievement_row(row: Achievement) -> dict[str, Any]:
    return {
        "Id": row.id,
        "OriginalId": row.number,
        "UserId": row.user_id,
        "ItemId": row.item_id,
        "Kind": row.kind,
        "Title": row.title,
        "Score": row.score,
        "AchievementDate": stamp(row.earned_at),
        "CompliantTillDate": stamp(row.compliant_until),
        "CertificateId": row.certificate_id,
        "CreatedDate": stamp(row.created_at),
    }


def _import_row(job: BulkImport) -> dict[str, Any]:
    return {
        "Id": job.id,
        "OriginalId": job.number,
        "Rows": job.rows,
        "ImportDate": stamp(job.imported_at),
        "SendEmails": job.send_emails,
        "SkipFirstLogin": job.skip_first_login,
        "Done": job.done,
        "Created": job.created,
        "Updated": job.updated,
        "InvalidEmail": job.invalid_email,
        "Errors": [list(error) for error in job.errors],
    }
