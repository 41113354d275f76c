"""Matching: which Litmos user is this employee? A person's decision first, then the Link, then the keys; never a guess."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.core.cases import Candidate, Case, Resolution, Suspicion, Verdict, open_case
from syncd.core.model import Employee, Link, Reason, Rejection, Status, User

BY_PERSON = "person"
"""How a Link was made that a person decided."""
_NAMED = 5
"""So many candidates a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The outcome: every Link that now holds (old and new), the new ones among them, and who could not be matched."""

    links: Mapping[str, str]
    """employee_id -> Litmos user id"""
    new: tuple[Link, ...]
    cases: tuple[Case, ...] = ()
    ignored: frozenset[str] = frozenset()
    """Employees whom a person said to leave alone."""
    dropped: frozenset[str] = frozenset()
    """Employees whose old Link a person has refused."""
    claimed: frozenset[str] = frozenset()
    """Employees to whose users the keys of somebody with a Case, or left alone, lead."""

    @property
    def in_doubt(self) -> frozenset[str]:
        """Employees who may be in HR under another id: whom a Case, or somebody left alone, may be about."""
        candidates = (candidate.linked_to for case in self.cases for candidate in case.candidates)
        return self.claimed.union(candidates) - {""}

    @property
    def doubtful(self) -> frozenset[str]:
        """Employees of whom nobody knows for certain who they are: those in doubt, and those with a Case."""
        return self.in_doubt.union(case.employee_id for case in self.cases)

    def valid(self, employees: Iterable[Employee]) -> tuple[Employee, ...]:
        """Those of these employees who have no Case and are not left alone."""
        refused = {case.employee_id for case in self.cases} | self.ignored
        return tuple(employee for employee in employees if employee.employee_id not in refused)

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """Everybody with a case keeps the current State."""
        return tuple(case.rejection for case in self.cases)


def comparable(value: object) -> str:
    """The form in which match keys are compared: NFC, trimmed, casefolded."""
    text = str(value)
    if text.isascii():
        return text.strip().lower()
    return unicodedata.normalize("NFC", text).strip().casefold()


def match(
    employees: Iterable[Employee],
    users: Sequence[User],
    links: Mapping[str, str],
    *,
    keys: Sequence[str],
    link_field: str,
    resolutions: Mapping[str, Resolution] | None = None,
    suspicions: Mapping[str, Suspicion] | None = None,
    protects: Callable[[User], object] = lambda _: False,
) -> Matching:
    """Tie employees to users. The first line of each table that fits decides; no two employees ever share a user.

    ==========================================================  ==========================================
    a person decided                                            outcome
    ==========================================================  ==========================================
    ignore                                                      ignored, whatever else holds
    nothing yet that settles a Suspicion about the id           Case of the Suspicion
    link, and Litmos no longer has that user                    Case MATCH-USER-GONE
    link, to a user whom another decision gives away, too       Case MATCH-SHARED, both
    link                                                        that Link; its former owner is as unlinked
    create                                                      as below, without the users refused
    ==========================================================  ==========================================

    A Link whose user is gone, or refused, does not count. Then the first key with a candidate decides; but the only one under
    a key is none if HR now gives the employee linked to it another value of that key, and they
    will have it (they have no Case, are not left alone, and nothing ``protects`` their user): the name changes hands.

    ==========================================================  ==========================================
    candidates                                                  outcome
    ==========================================================  ==========================================
    the employee's Link holds                                   that Link
    none, under any key                                         not linked (a create)
    several                                                     Case MATCH-AMBIGUOUS
    exactly one, but linked to somebody else                    Case MATCH-TAKEN
    exactly one, but its link field names another id            Case MATCH-CONFLICT
    exactly one, wanted by two employees                        Case MATCH-SHARED, both
    exactly one, free                                           new Link
    ==========================================================  ==========================================
    """
    matcher = _Matcher(
        list(employees), users, links, tuple(keys), link_field, resolutions or {}, suspicions or {}, protects
    )
    return matcher.run()


class _Matcher:
    """One matching: what is known of users and decisions, and what was found so far."""

    def __init__(
        self,
        employees: Sequence[Employee],
        users: Sequence[User],
        links: Mapping[str, str],
        keys: tuple[str, ...],
        link_field: str,
        resolutions: Mapping[str, Resolution],
        suspicions: Mapping[str, Suspicion],
        protects: Callable[[User], object],
    ) -> None:
        self.employees, self.old, self.keys, self.link_field = employees, links, keys, link_field
        self.resolutions, self.suspicions, self.protects = resolutions, suspicions, protects
        self.refused = {e: r.refused for e, r in resolutions.items() if r.verdict is Verdict.CREATE}
        self.users = {user.id: user for user in users}
        self.index = _index(users, keys)
        self.present = {employee.employee_id: employee for employee in employees}
        self.given = self._given()
        kept = {e: u for e, u in links.items() if u in self.users and u not in self.refused.get(e, ())}
        takers = {user_id: people[0] for user_id, people in self.given.items() if len(people) == 1}
        held = {e: u for e, u in kept.items() if takers.get(u, e) == e}
        decided = {employee_id: user_id for user_id, employee_id in takers.items()}
        self.links = {**held, **decided}
        self.owner = {user_id: employee_id for employee_id, user_id in self.links.items()}
        self.named: Mapping[str, str] | None = None
        self.cases: list[Case] = []
        self.ignored: set[str] = set()
        self.found: dict[str, tuple[Employee, str, tuple[Candidate, ...], str]] = {}

    def _given(self) -> dict[str, list[str]]:
        """User id -> the employees of this input to whom decisions give that user."""
        given: dict[str, list[str]] = defaultdict(list)
        for employee_id in sorted(self.present):
            resolution = self.resolutions.get(employee_id)
            if resolution and resolution.verdict is Verdict.LINK and resolution.user_id in self.users:
                given[resolution.user_id].append(employee_id)
        return given

    def _namesake(self, user_id: str, key: str) -> str:
        """The employee whom the link field of a user names, who is found by another key, and who is about to be linked to it; or ""."""
        if key == self.link_field or not self.users[user_id].fields.get(self.link_field):
            return ""
        if self.named is None:  # seldom asked for, and it takes a look at everybody
            self.named = self._named()
        return self.named.get(user_id, "")

    def _named(self) -> dict[str, str]:
        """User id -> the employee who is about to be linked to it, for its link field, the first key that finds anybody, names
        them, and nobody else.
        """
        if self.link_field not in self.keys:
            return {}
        earlier = set(self.keys[: self.keys.index(self.link_field)])
        named: dict[str, list[str]] = defaultdict(list)
        for employee_id, employee in self.present.items():
            if employee_id in self.links or self._stays(employee_id):
                continue
            hits = self._hits(employee)
            under = [user_id for user_id, found in hits.items() if self.link_field in found]
            if len(under) == 1 and not any(earlier.intersection(found) for found in hits.values()):
                named[under[0]].append(employee_id)
        return {
            user_id: people[0]
            for user_id, people in named.items()
            if len(people) == 1 and user_id not in self.owner
        }

    def run(self) -> Matching:
        """Every employee has one outcome."""
        for employee in self.employees:
            resolution = self.resolutions.get(employee.employee_id)
            if resolution is not None and resolution.verdict is Verdict.IGNORE:
                self.ignored.add(employee.employee_id)
            elif employee.employee_id in self.suspicions:
                self._suspect(employee, self.suspicions[employee.employee_id])
            elif resolution is not None and resolution.verdict is Verdict.LINK:
                self._follow(employee, resolution.user_id)
            elif employee.employee_id not in self.links:
                self._search(employee)
        new = self._unshared()
        links = {**self.links, **{link.employee_id: link.user_id for link in new}}
        decided = [
            Link(employee_id=people[0], user_id=user_id, made_by=BY_PERSON)
            for user_id, people in self.given.items()
            if len(people) == 1 and self.old.get(people[0]) != user_id
        ]
        return Matching(
            links=links,
            new=(*decided, *new),
            cases=tuple(self.cases),
            ignored=frozenset(self.ignored),
            dropped=frozenset(e for e, u in self.old.items() if u in self.refused.get(e, ())),
            claimed=self._claimed(),
        )

    def _claimed(self) -> frozenset[str]:
        """Who is linked to a user under any key of somebody who was not placed."""
        unplaced = {case.employee_id for case in self.cases} | self.ignored
        hits = (self._hits(self.present[employee_id]) for employee_id in unplaced)
        return frozenset(self.owner[user_id] for found in hits for user_id in found if user_id in self.owner)

    def _suspect(self, employee: Employee, suspicion: Suspicion) -> None:
        """It may be about the user of somebody known."""
        user_ids = (self.links.get(known_id) for known_id in suspicion.known_ids)
        candidates = self._candidates([(user_id, ()) for user_id in user_ids if user_id is not None])
        self.cases.append(open_case(employee, suspicion.reason, candidates, suspicion.question))

    def _follow(self, employee: Employee, user_id: str) -> None:
        """A person said which user it is: nothing to do, unless that cannot be."""
        if user_id not in self.users:
            self._open(employee, _gone(user_id), [])
        elif len(self.given[user_id]) > 1:
            reason = _shared(self.given[user_id], employee.employee_id, "a person's decision")
            self._open(employee, reason, [(user_id, ())])

    def _search(self, employee: Employee) -> None:
        hits = self._hits(employee)
        for key in self.keys:
            under = [user_id for user_id, found in hits.items() if key in found]
            if len(under) > 1:
                self._open(employee, _ambiguous(under, key), hits.items())
                return
            if under and not self._given_up(under[0], key):
                self._judge(employee, under[0], key, self._candidates(hits.items()))
                return

    def _judge(self, employee: Employee, user_id: str, key: str, candidates: tuple[Candidate, ...]) -> None:
        """Whether the only candidate may be this employee."""
        reason = self._objection(employee, user_id, key)
        if reason is not None:
            self.cases.append(open_case(employee, reason, candidates))
        else:
            self.found[employee.employee_id] = (employee, user_id, candidates, key)

    def _hits(self, employee: Employee) -> dict[str, tuple[str, ...]]:
        """The candidates under any key, with the keys."""
        hits: dict[str, tuple[str, ...]] = {}
        refused = self.refused.get(employee.employee_id, frozenset())
        for key in self.keys:
            value = comparable(employee.fields.get(key, ""))
            for user_id in self.index[key].get(value, ()) if value else ():
                if user_id not in refused:
                    hits[user_id] = (*hits.get(user_id, ()), key)
        return hits

    def _given_up(self, user_id: str, key: str) -> bool:
        """Whether the user is about to have another value of this key, because HR says so of the employee linked to it, or about
        to be, by its link field.
        """
        owner = self.present.get(self.owner.get(user_id) or self._namesake(user_id, key))
        return (
            owner is not None
            and owner.status is Status.ACTIVE
            and owner.in_scope
            and key in owner.fields.keys() - owner.create_only - owner.if_empty - owner.report_only
            and comparable(owner.fields[key]) != comparable(self.users[user_id].fields.get(key, ""))
            and not self._stays(owner.employee_id)
            and not self.protects(self.users[user_id])
        )

    def _stays(self, employee_id: str) -> bool:
        """Whether somebody linked stays as they are: left alone, suspect, or decided to be a user they cannot be."""
        if employee_id in self.suspicions:
            return True
        resolution = self.resolutions.get(employee_id)
        if resolution is None or resolution.verdict is Verdict.CREATE:
            return False
        return resolution.verdict is Verdict.IGNORE or len(self.given.get(resolution.user_id, ())) != 1

    def _objection(self, employee: Employee, user_id: str, key: str) -> Reason | None:
        if user_id in self.owner:
            return _taken(user_id, self.owner[user_id], key)
        theirs = comparable(self.users[user_id].fields.get(self.link_field, ""))
        ours = comparable(employee.fields.get(self.link_field, ""))
        return _conflict(user_id, key, self.link_field) if theirs and ours and theirs != ours else None

    def _unshared(self) -> list[Link]:
        """The new Links; who wants the same user as somebody else has a case instead."""
        wanted_by: dict[str, list[str]] = defaultdict(list)
        for employee_id, (_, user_id, _, _) in self.found.items():
            wanted_by[user_id].append(employee_id)
        new = []
        for employee, user_id, candidates, key in self.found.values():
            if len(wanted_by[user_id]) > 1:
                reason = _shared(wanted_by[user_id], employee.employee_id, key)
                self.cases.append(open_case(employee, reason, candidates))
            else:
                new.append(Link(employee_id=employee.employee_id, user_id=user_id, made_by=key))
        return new

    def _candidates(self, hits: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(user_id=user_id, keys=keys, linked_to=self.owner.get(user_id, ""))
            for user_id, keys in sorted(hits)
        )

    def _open(self, employee: Employee, reason: Reason, hits: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        self.cases.append(open_case(employee, reason, self._candidates(hits)))


def _index(users: Sequence[User], keys: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    index: dict[str, dict[str, list[str]]] = {key: defaultdict(list) for key in keys}
    for user in users:
        for key in keys:
            value = comparable(user.fields.get(key, ""))
            if value:
                index[key][value].append(user.id)
    return index


def _ambiguous(user_ids: Sequence[str], key: str) -> Reason:
    named = ", ".join(sorted(user_ids)[:_NAMED])
    return Reason(
        code="MATCH-AMBIGUOUS",
        message=f"{len(user_ids)} Litmos users have the same {key} as this employee ({named})",
    )


def _taken(user_id: str, owner: str, key: str) -> Reason:
    return Reason(
        code="MATCH-TAKEN",
        message=f"Litmos user {user_id} has this {key}, but is linked to employee {owner} already",
    )


def _gone(user_id: str) -> Reason:
    return Reason(
        code="MATCH-USER-GONE",
        message=f"Litmos no longer has user {user_id}, to whom a person linked this employee",
    )


def _conflict(user_id: str, key: str, link_field: str) -> Reason:
    return Reason(
        code="MATCH-CONFLICT",
        message=f"Litmos user {user_id} has this {key}, but its {link_field} names another employee",
    )


def _shared(employee_ids: Sequence[str], own: str, key: str) -> Reason:
    others = sorted(other for other in employee_ids if other != own)
    named = ", ".join(others[:_NAMED]) + (f" and {len(others) - _NAMED} more" if len(others) > _NAMED else "")
    return Reason(code="MATCH-SHARED", message=f"by {key} the same Litmos user also matches employee {named}")
