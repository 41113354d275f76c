"""Interest: of which teams, learning paths and courses a refresh reads who is in them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from syncd.core.managed import Managed
from syncd.core.model import (
    Item,
    ItemKey,
    ItemKind,
    ItemName,
    Role,
    TeamKey,
    TeamShelf,
    team_key,
    team_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """What the rules name, and what syncd itself gave: the latter may be taken away again, and what was begun must show.

    ``managed`` are the teams and roles that rules name; ``granted_teams`` and ``granted_roles`` (by team text) and
    ``granted_items`` what syncd gave anybody. ``gifts`` are the teams to which rules give items of a kind,
    ``granted_gifts`` those to which syncd gave some.
    """

    managed: Managed = field(default_factory=lambda: Managed(teams=frozenset()))
    granted_teams: frozenset[str] = frozenset()
    granted_roles: frozenset[tuple[str, Role]] = frozenset()
    gifts: frozenset[tuple[TeamKey, ItemKind]] = frozenset()
    granted_gifts: frozenset[TeamShelf] = frozenset()
    item_names: frozenset[ItemName] = frozenset()
    granted_items: frozenset[ItemKey] = frozenset()

    @property
    def kinds(self) -> frozenset[ItemKind]:
        """The kinds of items that are listed: learning paths always, courses only where needed, for that costs requests."""
        return frozenset(
            {ItemKind.LEARNING_PATH}
            | {named.kind for named in self.item_names}
            | {item.kind for item in self.granted_items}
            | ({ItemKind.COURSE} if self.managed.courses else set())
        )

    def team_ids(self, names: Mapping[str, tuple[str, ...]]) -> set[str]:
        """The ids of those of these teams (team id -> display names from the root down)."""
        keys = {team_id: team_key(chain) for team_id, chain in names.items()}
        return {
            team_id
            for team_id, key in keys.items()
            if key in self.managed.teams
            or team_id in self.managed.team_ids
            or team_text(key) in self.granted_teams
        }

    def shelves(self, names: Mapping[str, tuple[str, ...]]) -> set[TeamShelf]:
        """What of these teams (team id -> display names from the root down) it is read which items they have."""
        keys = {team_id: team_key(chain) for team_id, chain in names.items()}
        named = {
            TeamShelf(team_id, kind)
            for team_id, key in keys.items()
            for team, kind in self.gifts
            if team == key
        }
        return named | {shelf for shelf in self.granted_gifts if shelf.team_id in keys}

    @property
    def shelf_kinds(self) -> frozenset[ItemKind]:
        """The kinds of items of which any team's are read."""
        return frozenset({kind for _, kind in self.gifts} | {shelf.kind for shelf in self.granted_gifts})

    def items(self, listed: Iterable[Item]) -> set[ItemKey]:
        """Those of the listed items that are named, by id or by name, or were given."""
        named = {(one.kind, one.name.strip().casefold()) for one in self.item_names}
        return {
            item.key
            for item in listed
            if item.key in self.granted_items
            or ItemName(*item.key) in self.item_names
            or (item.key.kind, item.name.strip().casefold()) in named
            or (item.key.kind is ItemKind.COURSE and self._is_learnt(item))
        }

    def _is_learnt(self, item: Item) -> bool:
        """Whether rows of training name it."""
        said = {text.strip().casefold() for text in (item.key.id, item.code, item.name)}
        return not said.isdisjoint(self.managed.courses)
