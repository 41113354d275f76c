"""Routes of gamification: points and badges of users and teams [SPEC].

Of the two lists of details the document says nothing but that they are by course or path; their members are assumed.
"""

from typing import Any

from syncd.sandbox.call import Call, Reply, Route, listed, single
from syncd.sandbox.entities import Award
from syncd.sandbox.paging import page
from syncd.sandbox.world import World


def _summary(world: World, call: Call) -> Reply:
    user = world.user(call.args[0])
    badges = sum(1 for award in world.awards if award.user_id == user.id and award.badge)
    points = int(user.profile.get("Points") or 0)
    return single("UserGamification", {"TotalBadgesEarned": badges, "TotalPointsEarned": points})


def _badges(world: World, call: Call) -> Reply:
    user = world.user(call.args[0])
    rows = [
        {
            "Id": world.mint.token("badge", world.courses[award.item_id].number),
            "Title": award.badge,
            "Description": f"For completing {award.title}",
            "Icon": "https://cdn.litmos.example/badges/star.png",
            "IconBadgeColor": "gold",
        }
        for award in world.awards
        if award.user_id == user.id and award.badge and award.item_id in world.courses
    ]
    once = list({row["Id"]: row for row in rows}.values())
    return listed("Badges", "Badge", page(world, call, once))


def _detail(world: World, award: Award) -> dict[str, Any]:
    user = world.users[award.user_id]
    return {
        "UserId": user.id,
        "UserName": user.name,
        "CourseId": award.item_id,
        "Title": award.title,
        "PointsEarned": award.points,
        "BadgeTitle": award.badge,
        "EarnedDate": award.earned_at,
    }


def _user_details(world: World, call: Call) -> Reply:
    user = world.user(call.args[0])
    rows = [_detail(world, award) for award in world.awards if award.user_id == user.id]
    return listed("GamificationDetails", "GamificationDetail", page(world, call, rows))


def _team_details(world: World, call: Call) -> Reply:
    members = {row.user_id for row in world.current_members(world.team(call.args[0]).id)}
    rows = [_detail(world, award) for award in world.awards if award.user_id in members]
    return listed("GamificationDetails", "GamificationDetail", page(world, call, rows))


ROUTES = (
    Route("GET", "/users/{}/gamificationsummary", _summary),
    Route("GET", "/users/{}/badges", _badges),
    Route("GET", "/users/{}/gamificationdetails", _user_details),
    Route("GET", "/teams/{}/gamificationdetails", _team_details),
)
