"""Reconcile: what differs between matched Employees and Litmos; nobody is given a UserName that somebody else keeps."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from syncd.core.desired import Desired
from syncd.core.diff import Difference, Rules, diff
from syncd.core.limits import Policy, permitted
from syncd.core.match import Matching
from syncd.core.model import Employee, Skip, State, User
from syncd.core.selection import EVERYTHING, Part
from syncd.core.usernames import contested, name_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The Difference, of which Employees, and the Matching with the Cases that only the Changes showed."""

    matching: Matching
    employees: tuple[Employee, ...]
    desired: Desired
    difference: Difference


def reconcile(
    employees: Iterable[Employee],
    matching: Matching,
    current: State,
    rules: Rules,
    *,
    desire: Callable[[Iterable[Employee]], Desired],
    users: Sequence[User],
    policy: Policy,
    part: Part = EVERYTHING,
    completed: Callable[[Difference], Difference] = lambda found: found,
) -> Reconciled:
    """Compare all Employees but those with a Case and those whom a person said to leave alone.

    ``completed`` adds what no comparison of people shows.
    ``desire`` makes the desired State of some of them; ``users`` are all of Litmos, whoever they are linked to. What the Policy withholds, or is not in the ``part`` that was
    asked for, frees no UserName; a part that is these very Changes was judged when they were planned. Whom a Case may be
    about is not absent.
    """

    def difference_of(some: Iterable[Employee]) -> tuple[Desired, Difference]:
        desired = desire(some)
        in_doubt = matching.in_doubt
        absent = {each: why for each, why in rules.absent.items() if each not in in_doubt}
        found = diff(desired, current, replace(rules, absent=absent))
        return desired, part.of(completed(replace(found, skips=(*found.skips, *ignored))))

    ignored = tuple(map(_ignored, sorted(matching.ignored)))

    valid = matching.valid(employees)
    desired, difference = difference_of(valid)
    taken = {} if part.changes is not None else contested(permitted(difference.changes, policy), users)
    if taken:
        cases = name_cases(valid, taken, users, matching.links)
        matching = replace(matching, cases=(*matching.cases, *cases))
        valid = matching.valid(valid)
        desired, difference = difference_of(valid)
    return Reconciled(matching=matching, employees=valid, desired=desired, difference=difference)


def _ignored(employee_id: str) -> Skip:
    message = f"a person decided to leave this employee alone; syncd cases resolve {employee_id} --undo"
    return Skip(employee_id=employee_id, code="IGNORED", message=message)
