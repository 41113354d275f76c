"""Probing: the requests that find out, on one disposable user, what the contract leaves open (litmos-api 9)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from syncd.core.model import ItemKind
from syncd.core.operation import AddMembers, RemoveMember, TeamFact
from syncd.errors import Permanent, Transient
from syncd.litmos import applying, reading
from syncd.litmos.client import Calls, Row
from syncd.litmos.wire import full_record, header_date, instant, offset_of, query_time, text_of

PROBE_FIELD = "Skype"
"""The text that a probe changes: documented, 100 characters, and of no effect in Litmos."""
PROBE_TEXT = "syncd's probe & test"
_DAY = timedelta(days=1)


class Probing:
    """One user, and what a probe sends about them. Every method raises LitmosError, Interrupted."""

    def __init__(self, calls: Calls, user_id: str) -> None:
        """Nothing is sent."""
        self._calls = calls
        self.user_id = user_id

    @property
    def requests(self) -> int:
        """How many were sent so far."""
        return self._calls.requests

    def record(self) -> Row:
        """The full record. Raises Permanent if the user is gone."""
        found = reading.user(self._calls, self.user_id)
        if found is None:
            raise applying.user_gone()
        return found

    def all_teams(self) -> tuple[TeamFact, ...]:
        """Every team of the account."""
        return reading.teams(self._calls, lambda *_: None)

    def teams(self) -> frozenset[str]:
        """The ids of the user's teams, active or not."""
        return reading.teams_of_user(self._calls, self.user_id)

    def paths(self) -> frozenset[str]:
        """The ids of the user's learning paths."""
        return reading.items_of_user(self._calls, self.user_id, ItemKind.LEARNING_PATH)

    def put(self, profile: Mapping[str, Any], text: str | None, *, active: bool = True) -> datetime | None:
        """PUT the full record with this text in the probe's field, or without that field (None).

        Returns when, by the Date of the answer.
        """
        body = full_record(profile, {} if text is None else {PROBE_FIELD: text}, active=active)
        if text is None:
            body.pop(PROBE_FIELD, None)
        self._calls.write("PUT", ("users", self.user_id), body)
        return header_date(self._calls.date)

    def text(self) -> str:
        """The text in the probe's field as it came, not decoded."""
        row = self._calls.verbatim(("users", self.user_id))
        if row is None:
            raise applying.user_gone()
        return text_of(row.get(PROBE_FIELD))

    def updated(self, near: datetime) -> tuple[datetime, timedelta | None] | None:
        """When the user was last updated, by /org/users/details, and the offset shown; None if that does not say."""
        rows = self._calls.rows(("org", "users", "details"), _days_around(near))
        for row in rows:
            if row["Id"] == self.user_id:
                try:
                    moment = instant(row.get("UpdatedDate"))
                except ValueError:
                    return None
                return None if moment is None else (moment, offset_of(row.get("UpdatedDate")))
        return None

    def join(self, team_id: str) -> None:
        """Add the user to a team; no mail is sent."""
        applying.add_members(self._calls, AddMembers(team_id=team_id, user_ids=(self.user_id,)))

    def leave(self, team_id: str) -> None:
        """Take the user out of a team."""
        applying.remove_member(self._calls, RemoveMember(team_id=team_id, user_id=self.user_id))

    def removal_reported(self, team_id: str, near: datetime) -> bool:
        """Whether /org/teams/users shows that the user was taken out of the team."""
        rows = self._calls.rows(("org", "teams", "users"), _days_around(near), key=("TeamId", "Id"))
        mine = [row for row in rows if (row["TeamId"], row["Id"]) == (team_id, self.user_id)]
        return any(text_of(row.get("Active")).lower() == "false" for row in mine)

    def answers_to_name(self, username: str) -> bool:
        """Whether GET /users/{id} takes the UserName; a refusal is a no."""
        try:
            row = self._calls.find(("users", username))
        except Permanent:
            return False
        return row is not None and row.get("Id") == self.user_id

    def paginated_as_documented(self, username: str) -> bool:
        """Whether GET /users/paginated gives ``{Pagination: {TotalCount}, Items: [...]}`` [SPEC]."""
        try:
            row = self._calls.find(
                ("users", "paginated"), {"search": username[: reading.SEARCH_LENGTH], "limit": 1}
            )
        except Transient:
            return False
        page = row.get("Pagination") if row else None
        return (
            row is not None
            and isinstance(page, dict)
            and "TotalCount" in page
            and isinstance(row.get("Items"), list)
        )


def _days_around(near: datetime) -> dict[str, str]:
    """A window that a clock off by hours still falls into; ``to`` is in the future, for today to be shown [DOC]."""
    return {"since": query_time(near - _DAY), "to": query_time(near + _DAY)}
