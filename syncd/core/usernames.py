"""UserNames: who may take which, and in what order, so that no two users ever have the same one (but for case).

Litmos refuses a UserName that another user has, active or not (litmos-api 3). So a name is free once whoever has it was
renamed, and in a circle (A takes B's name, B takes A's) one of them steps aside first, to a temporary name.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from syncd.core.cases import Candidate, Case, open_case
from syncd.core.match import comparable
from syncd.core.model import Action, Change, Employee, ObjectKind, Reason, User

_LOCAL_LENGTH = 64
"""The longest part of an address before the @."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """In what order UserNames change hands.

    ``takes_from`` is employee -> the employee whose present name they are given; ``order`` names all whom somebody takes
    from or who take, each after the one they take from; ``aside`` is employee -> the temporary name that they have
    meanwhile, because they wait for themselves in a circle: one person of each circle.
    """

    takes_from: Mapping[str, str]
    order: tuple[str, ...]
    aside: Mapping[str, str]

    def freed_by(self, employee_id: str) -> tuple[str, ...]:
        """The keys of the Requests after which the UserName that this person takes is free."""
        giver = self.takes_from.get(employee_id)
        if giver is None:
            return ()
        own = (f"aside:{employee_id}",) if employee_id in self.aside else ()
        return (f"aside:{giver}" if giver in self.aside else f"put:{giver}", *own)


NO_HANDOVER = Handover(takes_from={}, order=(), aside={})
"""No name changes hands."""


def contested(changes: Sequence[Change], users: Iterable[User]) -> Mapping[str, str]:
    """Who cannot have the UserName that these Changes give them: employee -> the Litmos user who has it and keeps it.

    ===============================================  =========================================
    the wanted name belongs to                       outcome
    ===============================================  =========================================
    nobody, or the same user                         free
    a user who is renamed, and may be                free, once that is done
    a user who is renamed, but is contested          contested: that name stays where it is
    any other user                                   contested
    ===============================================  =========================================
    """
    holders = {comparable(user.username): user.id for user in users if user.username}
    wanted = {c.employee_id: c for c in changes if _names(c)}
    renamed = {c.user_id: c.employee_id for c in wanted.values() if c.action is Action.UPDATE}
    takers: dict[str, list[str]] = {}
    blocked: dict[str, str] = {}
    for employee_id, change in wanted.items():
        holder = holders.get(_wanted(change), change.user_id)
        if holder == change.user_id:
            continue
        if holder in renamed:
            takers.setdefault(renamed[holder], []).append(employee_id)
        else:
            blocked[employee_id] = holder
    waiting = deque(blocked)
    while waiting:
        stays = waiting.popleft()
        for taker in takers.get(stays, ()):
            if taker not in blocked:
                blocked[taker] = wanted[stays].user_id
                waiting.append(taker)
    return blocked


def name_cases(
    employees: Iterable[Employee],
    taken: Mapping[str, str],
    users: Iterable[User],
    links: Mapping[str, str],
) -> tuple[Case, ...]:
    """The Cases of those whose UserName is ``contested``; ``links`` is employee -> Litmos user."""
    owner = {user_id: employee_id for employee_id, user_id in links.items()}
    held = set(taken.values())
    holders = {user.id: user for user in users if user.id in held}
    return tuple(
        open_case(
            employee,
            _name_taken(holders[user_id], owner.get(user_id, "")),
            (Candidate(user_id=user_id, keys=("UserName",), linked_to=owner.get(user_id, "")),),
        )
        for employee in employees
        if (user_id := taken.get(employee.employee_id)) is not None
    )


def _name_taken(holder: User, owner: str) -> Reason:
    whose = f"linked to employee {owner}" if owner else "linked to nobody"
    active = "active" if holder.active else "inactive"
    message = f"Litmos user {holder.id} ({active}, {whose}) has this UserName and keeps it"
    return Reason(code="USERNAME-TAKEN", message=message)


def handover(changes: Sequence[Change]) -> Handover:
    """The order for Changes of which nobody is contested; deterministic, whatever their order."""
    wanted = {c.employee_id: c for c in changes if _names(c)}
    givers = {
        comparable(c.before.get("UserName", "")): c.employee_id
        for c in wanted.values()
        if c.action is Action.UPDATE
    }
    takes_from = {
        employee_id: giver
        for employee_id, change in sorted(wanted.items())
        if (giver := givers.get(_wanted(change), employee_id)) != employee_id
    }
    order: dict[str, None] = {}
    aside: dict[str, str] = {}
    for start in takes_from:
        chain: dict[str, None] = {}
        at = start
        while at in takes_from and at not in order and at not in chain:
            chain[at] = None
            at = takes_from[at]
        if at in chain:
            aside[at] = temporary(str(wanted[at].after["UserName"]), wanted[at].user_id)
        else:
            order.setdefault(at)
        order |= dict.fromkeys(reversed(chain))
    return Handover(takes_from=takes_from, order=tuple(order), aside=aside)


def temporary(username: str, user_id: str) -> str:
    """A UserName that nobody has: of the same form as ``username``, with a mark that only this user has."""
    mark = f"syncd-{blake2b(user_id.encode(), digest_size=5).hexdigest()}"
    local, at, domain = username.rpartition("@")
    return f"{local[: _LOCAL_LENGTH - 1 - len(mark)]}+{mark}@{domain}" if at else f"{username}-{mark}"


def _names(change: Change) -> bool:
    """Whether a Change gives a user a UserName."""
    return change.kind is ObjectKind.USER and "UserName" in change.after


def _wanted(change: Change) -> str:
    return comparable(change.after["UserName"])
