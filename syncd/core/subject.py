"""Subject: what somebody asks about: a person, a field, a team, a learning path, a course; and which one a name means."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncd.core.match import comparable
from syncd.core.model import (
    Action,
    Change,
    Item,
    ItemKind,
    ItemName,
    ObjectKind,
    team_key,
    team_label,
    team_text,
)
from syncd.core.profile import PROFILE_FIELDS
from syncd.errors import Declined


class SubjectKind(StrEnum):
    """What is asked about."""

    PERSON = "person"
    FIELD = "field"
    TEAM = "team"
    PATH = "path"
    COURSE = "course"

    @property
    def item_kind(self) -> ItemKind | None:
        """The kind of item that is asked about, or None."""
        return {SubjectKind.PATH: ItemKind.LEARNING_PATH, SubjectKind.COURSE: ItemKind.COURSE}.get(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked about: ``name`` is for people to read, ``key`` a field, a team text, or an item as text.

    ``key`` is the name itself for a learning path or course that Litmos does not have.
    """

    kind: SubjectKind
    name: str = ""
    key: str = ""

    def concerns(self, change: Change) -> bool:
        """Whether the Change is about this."""
        match self.kind:
            case SubjectKind.FIELD:
                return change.kind is ObjectKind.USER and (
                    self.key in change.after or self.key in change.before or change.action is Action.CREATE
                )
            case SubjectKind.TEAM:
                return bool(change.team) and team_text(team_key(change.team)) == self.key
            case SubjectKind.PATH | SubjectKind.COURSE:
                items = (*change.gives, *change.takes, *([change.item] if change.item else []))
                return self.key in map(str, items)
            case _:
                return True


KINDS = {ItemKind.LEARNING_PATH: SubjectKind.PATH, ItemKind.COURSE: SubjectKind.COURSE}
"""What is asked about, by the kind of item; a name that both have means the learning path."""


def find_subject(
    about: str,
    *,
    teams: Iterable[tuple[str, ...]],
    own: Collection[str],
    items: Iterable[Item],
    ruled: Iterable[ItemName],
) -> Subject:
    """What ``about`` means: "" the person, else a field, else a team, else a learning path, else a course.

    ``teams`` are names from the root down; a team is named in full, or by its last name if only one has it, or only one
    of those that are the person's ``own`` (team texts). ``items`` are those of Litmos, named by name, by id, or as text;
    ``ruled`` those that rules name. Raises Declined if it means nothing, or more than one thing.
    """
    wanted = comparable(about)
    if not wanted:
        return Subject(kind=SubjectKind.PERSON)
    field = next((name for name in PROFILE_FIELDS if comparable(name) == wanted), None)
    if field is not None:
        return Subject(kind=SubjectKind.FIELD, name=field, key=field)
    named = {team_text(team_key(names)): names for names in teams}
    team = _one_team(about, named, own)
    if team is not None:
        return Subject(kind=SubjectKind.TEAM, name=team_label(named[team]), key=team)
    known = list(items)
    item = _one_item(about, known)
    if item is not None:
        return Subject(kind=KINDS[item.key.kind], name=item.name, key=str(item.key))
    for one in sorted(ruled):
        if comparable(one.name) == wanted:
            return Subject(kind=KINDS[one.kind], name=one.name, key=one.name)
    names = [*PROFILE_FIELDS, *map(team_label, named.values()), *(one.name for one in known)]
    near = difflib.get_close_matches(about, names, n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise Declined(f"{about} is no field, team, learning path or course that is known{hint}")


def _one_item(about: str, items: Iterable[Item]) -> Item | None:
    """The learning path, else the course, that is meant; None if none is. Raises Declined if several of a kind have the name."""
    wanted = comparable(about)
    for kind in KINDS:
        found = [
            item
            for item in items
            if item.key.kind is kind
            and (about in {item.key.id, str(item.key)} or comparable(item.name) == wanted)
        ]
        if len(found) > 1:
            ids = ", ".join(sorted(item.key.id for item in found))
            raise Declined(f"{len(found)} {kind.label}s are named {about}; name one by its id: {ids}")
        if found:
            return found[0]
    return None


def _one_team(about: str, named: Mapping[str, tuple[str, ...]], own: Collection[str]) -> str | None:
    """The team text that is meant, or None if no team has that name. Raises Declined if several have."""
    wanted = comparable(about)
    for text, names in named.items():
        if wanted in {comparable(team_label(names)), comparable(text)}:
            return text
    found = [text for text, names in named.items() if comparable(names[-1]) == wanted]
    mine = [text for text in found if text in own]
    if len(found) == 1 or len(mine) == 1:
        return (mine or found)[0]
    if found:
        full = ", ".join(f'"{team_label(named[text])}"' for text in found[:5])
        raise Declined(f"{len(found)} teams are named {about}; name one in full: {full}")
    return None
