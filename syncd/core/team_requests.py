"""Team requests: the Requests that make and rename teams, and give and take roles in them. Pure."""

from collections.abc import Collection, Iterable, Sequence

from syncd.core.model import Action, Change, ObjectKind, team_key, team_text
from syncd.core.request import Request, RequestKind, Stage
from syncd.core.team_renames import Step, TeamRenames


def team_creates(
    changes: Sequence[Change], created: set[tuple[str, ...]], renames: TeamRenames
) -> Iterable[Request]:
    """One call per team, after the one above it."""
    for change in sorted(changes, key=lambda c: (len(c.team), c.team)):
        if change.kind is ObjectKind.TEAM and change.action is Action.CREATE:
            parent = team_key(change.team[:-1])
            yield Request(
                key=team_request(change.team),
                kind=RequestKind.CREATE_TEAM,
                stage=Stage.TEAMS,
                target=f"team:{team_text(team_key(change.team))}",
                payload={"team": list(change.team), "node": _node(change)},
                after=(
                    *((team_request(change.team[:-1]),) if parent in created else ()),
                    *renames.before_create(change),
                ),
                changes=(change.key,),
            )


def team_rename(step: Step) -> Request:
    """A read, for the description, and a write."""
    return Request(
        key=step.key,
        kind=RequestKind.RENAME_TEAM,
        stage=Stage.TEAMS,
        target=step.key,
        payload={"team_id": step.team_id, "name": step.name},
        after=step.after,
        changes=step.changes,
        low=2,
        high=2,
    )


def _node(change: Change) -> list[str]:
    """The node of an organisation tree whose team is created: its space and code; nothing of another team."""
    return [str(change.after[name]) for name in ("Space", "Code") if name in change.after]


def team_request(names: tuple[str, ...]) -> str:
    """The key of the Request that creates the team of these names."""
    return f"create-team:{team_text(team_key(names))}"


def role_sets(
    changes: Sequence[Change], others: Sequence[Request], renames: TeamRenames, starters: Collection[str]
) -> list[Request]:
    """One call per user, team and role.

    Litmos changes the user's AccessLevel along with it, which a ``PUT`` of a record read before would undo: so it waits
    for that, for the membership that it needs, and until the team is called as the ledger is to know it.
    """
    carriers = {key: request.key for request in others for key in request.changes}
    found = []
    for change in changes:
        if change.kind is not ObjectKind.ROLE:
            continue
        person, text = change.employee_id, team_text(team_key(change.team))
        before = (f"membership:{person}@{text}", f"user:{person}", f"active:{person}")
        found.append(
            Request(
                key=f"role:{change.key}",
                kind=RequestKind.SET_ROLE,
                stage=_stage(change, starters),
                target=change.key,
                payload={
                    "employee_id": person,
                    "user_id": change.user_id,
                    "team": list(change.team),
                    "team_id": change.team_id,
                    "role": change.role.value,
                    "held": change.action is Action.ADD,
                    "rule": change.rule,
                },
                after=tuple(
                    dict.fromkeys(
                        (
                            *(carriers[key] for key in before if key in carriers),
                            *renames.before_use(change.team),
                        )
                    )
                ),
                changes=(change.key,),
            )
        )
    return found


def _stage(change: Change, starters: Collection[str]) -> Stage:
    if change.action is not Action.ADD:
        return Stage.REMOVALS
    return Stage.STARTERS_ITEMS if change.employee_id in starters else Stage.ITEMS
