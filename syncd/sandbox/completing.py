"""Completing: progress in courses and paths, and the achievements it earns."""

from dataclasses import replace
from datetime import datetime, timedelta

from syncd.sandbox.activities import KINDS
from syncd.sandbox.enrolling import courses_of, give_user
from syncd.sandbox.entities import Achievement, Award, Enrolment
from syncd.sandbox.world import World

DONE_PERCENT = 100.0


def complete(world: World, kind: str, user_id: str, item_id: str, *, at: datetime, score: str = "") -> None:
    """The user finishes an item ("path" or "course") at ``at``; one who has it not gets it first.

    A finished path finishes its courses, and the last course of a path finishes the path. A score below the course's
    passmark is an attempt that failed, and the next one has the next number.
    """
    row = _row(world, kind, user_id, item_id)
    if kind == "course" and not row.complete and _fails(world, item_id, score):
        _fail(world, row, at, score)
        return
    if kind == "path":
        for course_id in world.paths[item_id].course_ids:
            course = _row(world, "course", user_id, course_id)
            if not course.complete:
                _finish(world, "course", course, at, score)
    if not row.complete:
        _finish(world, kind, row, at, score)
    _update_paths(world, user_id, at)


def progress(world: World, kind: str, user_id: str, item_id: str, *, percent: float, at: datetime) -> None:
    """The user is ``percent`` through an item; 100 completes it."""
    if percent >= DONE_PERCENT:
        complete(world, kind, user_id, item_id, at=at)
        return
    row = _row(world, kind, user_id, item_id)
    row.percentage, row.started_at, row.progress_at = percent, row.started_at or at, world.now()
    _update_paths(world, user_id, at)


def reset(world: World, row: Enrolment) -> None:
    """The result is emptied, and the course stays assigned; what it earned stays earned (assumed)."""
    row.before_reset = replace(row, before_reset=None)
    row.percentage, row.score, row.started_at = 0.0, "", None
    row.finished_at, row.compliant_until, row.attempted_at = None, None, None
    row.attempt += 1
    row.updated_at = world.now()


def correct(world: World, row: Enrolment, score: str, *, at: datetime | None = None) -> None:
    """A completion gets another score; the date stays (assumed), unless ``at`` says another one."""
    row.score, row.progress_at = score, world.now()
    if at is not None:
        row.finished_at = row.attempted_at = at
        row.compliant_until = _compliant_until(world, "course", row.item_id, at)


def _fails(world: World, course_id: str, score: str) -> bool:
    return score.isdigit() and int(score) < world.courses[course_id].passmark


def _fail(world: World, row: Enrolment, at: datetime, score: str) -> None:
    row.attempt += 0 if row.attempted_at is None else 1
    row.score, row.started_at, row.attempted_at, row.progress_at = (
        score,
        row.started_at or at,
        at,
        world.now(),
    )


def _row(world: World, kind: str, user_id: str, item_id: str) -> Enrolment:
    row = world.shelves[kind].enrolment(user_id, item_id)
    if row is None or not row.active:
        give_user(world, kind, user_id, [item_id])
        row = world.shelves[kind].enrolment(user_id, item_id)
    assert row is not None
    return row


def _finish(world: World, kind: str, row: Enrolment, at: datetime, score: str) -> None:
    now = world.now()
    row.attempt += 0 if row.attempted_at is None else 1
    row.percentage, row.score, row.started_at = DONE_PERCENT, score, row.started_at or at
    row.finished_at, row.progress_at, row.attempted_at = at, now, at
    row.compliant_until = _compliant_until(world, kind, row.item_id, at)
    number, achievement_id = world.mint.mint("achievement")
    item = world.paths[row.item_id] if kind == "path" else world.courses[row.item_id]
    world.achievements.append(
        Achievement(
            id=achievement_id,
            number=number,
            user_id=row.user_id,
            item_id=row.item_id,
            kind=KINDS[kind],
            title=item.name,
            score=score,
            earned_at=at,
            created_at=now,
            compliant_until=row.compliant_until,
            certificate_id=world.mint.token("certificate", number),
        )
    )
    _award(world, kind, row, at)


def _award(world: World, kind: str, row: Enrolment, at: datetime) -> None:
    """Points and a badge, where the course has any; the user's Points grow with them."""
    course = world.courses.get(row.item_id)
    if kind != "course" or course is None or not (course.points or course.badge):
        return
    _number, award_id = world.mint.mint("award")
    world.awards.append(
        Award(
            id=award_id,
            user_id=row.user_id,
            item_id=course.id,
            title=course.name,
            points=course.points,
            badge=course.badge,
            earned_at=at,
        )
    )
    profile = world.users[row.user_id].profile
    profile["Points"] = (profile.get("Points") or 0) + course.points


def _compliant_until(world: World, kind: str, item_id: str, at: datetime) -> datetime | None:
    """A course counts for so many days after it was completed (assumed: Litmos can do more); a path for ever."""
    days = world.courses[item_id].valid_days if kind == "course" else None
    return None if days is None else at + timedelta(days=days)


def _update_paths(world: World, user_id: str, at: datetime) -> None:
    """Paths whose courses went forward go forward too."""
    courses = world.shelves["course"].of_user.get(user_id, {})
    for row in world.shelves["path"].of_user.get(user_id, {}).values():
        ids = courses_of(world, [row.item_id])
        if not row.active or row.complete or not ids:
            continue
        percent = round(sum(courses[i].percentage for i in ids if i in courses) / len(ids), 1)
        if percent >= DONE_PERCENT:
            _finish(world, "path", row, at, "")
        elif percent > row.percentage:
            row.percentage, row.started_at, row.progress_at = percent, row.started_at or at, world.now()
