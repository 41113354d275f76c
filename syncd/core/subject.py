"""Subject: what somebody asks about: a person, a field, a team, a learning path; and which one a name means."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncd.core.match import comparable
from syncd.core.model import Action, Change, ObjectKind, team_key, team_label, team_text
from syncd.core.profile import PROFILE_FIELDS
from syncd.errors import Declined


class SubjectKind(StrEnum):
    """What is asked about."""

    PERSON = "person"
    FIELD = "field"
    TEAM = "team"
    PATH = "path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked about: ``name`` is for people to read, ``key`` a field, a team text, or the id of a learning path.

    ``key`` is the name itself for a learning path that Litmos does not have.
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
            case SubjectKind.PATH:
                return self.key in {change.path_id, *change.gives, *change.takes}
            case _:
                return True


def find_subject(
    about: str,
    *,
    teams: Iterable[tuple[str, ...]],
    own: Collection[str],
    paths: Mapping[str, str],
    ruled_paths: Iterable[str],
) -> Subject:
    """What ``about`` means: "" the person, else a field, else a team, else a learning path.

    ``teams`` are names from the root down; a team is named in full, or by its last name if only one has it, or only one
    of those that are the person's ``own`` (team texts). ``paths`` are id -> name, ``ruled_paths`` those that rules name.
    Raises Declined if it means nothing, or more than one thing.
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
    found = [path_id for path_id, name in paths.items() if about == path_id or comparable(name) == wanted]
    if len(found) > 1:
        raise Declined(
            f"{len(found)} learning paths are named {about}; name one by its id: {', '.join(found)}"
        )
    if found:
        return Subject(kind=SubjectKind.PATH, name=paths[found[0]], key=found[0])
    ruled = next((name for name in ruled_paths if comparable(name) == wanted), None)
    if ruled is not None:
        return Subject(kind=SubjectKind.PATH, name=ruled, key=ruled)
    known = [*PROFILE_FIELDS, *map(team_label, named.values()), *paths.values()]
    near = difflib.get_close_matches(about, known, n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise Declined(f"{about} is no field, no team and no learning path that is known{hint}")


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
