"""Team renames: in which order teams can be renamed, when Litmos takes no second team of a name. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from syncd.core.model import Action, Change, ObjectKind, team_key

NAME_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One renaming of one team; ``after`` are keys of the Steps that must have ended first."""

    key: str
    team_id: str
    name: str
    after: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRenames:
    """The renames of a Plan.

    A team waits for the one that still has its new name. Where they wait for each other in a circle (two that swap their
    names), one of them gets a name of its own in between, which is one Step more.
    """

    steps: tuple[Step, ...]
    by_old_name: Mapping[str, str] = field(default_factory=dict)
    """casefolded name -> key of the Step that frees it"""
    by_team: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    """casefolded new names from the root -> key of the last Step of that team"""

    @classmethod
    def of(cls, changes: Iterable[Change]) -> "TeamRenames":
        """From the Changes that rename teams."""
        renames = {c.key: c for c in changes if c.kind is ObjectKind.TEAM and c.action is Action.UPDATE}
        frees = {_old(change): key for key, change in renames.items()}
        waits = {
            key: frees[_new(change)] for key, change in renames.items() if frees.get(_new(change), key) != key
        }
        steps = []
        for key in sorted(_one_of_each_circle(waits)):
            change, free = renames[key], f"{key}:free"
            frees[_old(change)] = free
            waits.update({waiting: free for waiting, awaited in waits.items() if awaited == key})
            steps.append(Step(key=free, team_id=change.team_id, name=_between(change)))
        freed = {step.team_id: step.key for step in steps}
        for key, change in sorted(renames.items()):
            before = (freed.get(change.team_id), waits.get(key))
            after = tuple(found for found in before if found)
            name = str(change.after["Name"])
            steps.append(Step(key=key, team_id=change.team_id, name=name, after=after, changes=(key,)))
        by_team = {team_key(change.team): key for key, change in renames.items()}
        return cls(steps=tuple(steps), by_old_name=frees, by_team=by_team)

    def before_create(self, change: Change) -> tuple[str, ...]:
        """The Steps for which the creation of a team waits: that frees its name, and those of the teams above it."""
        key = team_key(change.team)
        found = (self.by_old_name.get(key[-1]), *self.before_use(change.team[:-1]))
        return tuple(dict.fromkeys(step for step in found if step))

    def before_use(self, team: tuple[str, ...]) -> tuple[str, ...]:
        """The Steps after which a team and those above it are called so: until then the ledger knows it by its old name."""
        key = team_key(team)
        found = (self.by_team.get(key[:depth]) for depth in range(1, len(key) + 1))
        return tuple(step for step in found if step)


def _old(change: Change) -> str:
    return str(change.before["Name"]).casefold()


def _new(change: Change) -> str:
    return str(change.after["Name"]).casefold()


def _between(change: Change) -> str:
    tail = f" (to be renamed {change.team_id})"
    return str(change.before["Name"])[: NAME_LENGTH - len(tail)] + tail


def _one_of_each_circle(waits: Mapping[str, str]) -> set[str]:
    """The first by alphabet of every circle in which Steps wait for each other."""
    found, done = set(), set()
    for start in waits:
        path: list[str] = []
        at: str | None = start
        while at is not None and at not in done and at not in path:
            path.append(at)
            at = waits.get(at)
        if at is not None and at in path:
            found.add(min(path[path.index(at) :]))
        done.update(path)
    return found
