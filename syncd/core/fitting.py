"""Fitting: whether what the mapping names is in Litmos: learning paths, courses, teams, fields, and the people themselves. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from syncd.core.coverage import Coverage
from syncd.core.finding import FEW, Finding, Health, count, some, tally
from syncd.core.managers import MANAGER_ID
from syncd.core.mapping import Mapping as Rules
from syncd.core.model import Employee, Item, ItemKind, TeamKey, team_key, team_label

HALF = 0.5
"""Below this share of matched people, where both sides have unmatched ones, the match keys are in doubt."""
STRANGERS = 5
"""Fewer users that are nobody's in HR put nothing in doubt: every account has some."""


def items(rules: Rules, kind: ItemKind, items: Sequence[Item]) -> Finding:
    """Every learning path, or course, that a rule names must be there, once, and active."""
    missing, several, inactive = [], [], []
    check = f"{kind}s"
    names = sorted(named.name for named in rules.item_names if named.kind is kind)
    for name in names:
        found = [item for item in items if item.key.id == name] or [
            item for item in items if item.name.strip().casefold() == name.strip().casefold()
        ]
        if not found:
            missing.append(name)
        elif len(found) > 1:
            several.append(f"{name} ({', '.join(sorted(item.key.id for item in found))})")
        elif not found[0].active:
            inactive.append(name)
    facts = {"named": len(names), "missing": missing, "ambiguous": several, "inactive": inactive}
    said = [
        f"{what}: {some(which)}"
        for what, which in (
            ("not in Litmos", missing),
            ("several of that name, so name one by its id", several),
            ("inactive in Litmos", inactive),
        )
        if which
    ]
    if not said:
        seen = f"the mapping names {len(names)}, all of them there" if names else "the mapping names none"
        return Finding(check=check, state=Health.OK, seen=seen, facts=facts)
    return Finding(
        check=check,
        state=Health.PROBLEM if missing or several else Health.WARNING,
        seen="; ".join(said),
        next=f"make them in Litmos, or mend `{check}:`; then: syncd doctor",
        facts=facts,
    )


def teams(employees: Sequence[Employee], teams: Mapping[str, tuple[str, ...]]) -> Finding:
    """Teams that the rules name: those there, those to create, and names that Litmos may not tell apart."""
    wanted: dict[TeamKey, tuple[str, ...]] = {}
    for employee in employees:
        for wish in employee.teams:
            for depth in range(1, len(wish.names) + 1):
                wanted.setdefault(team_key(wish.names[:depth]), wish.names[:depth])
    there = Counter(team_key(names) for names in teams.values())
    leaves = {key[-1] for key in there}
    several = sorted(team_label(wanted[key]) for key in wanted if there[key] > 1)
    new = [key for key in wanted if key not in there]
    own = Counter(key[-1] for key in new)
    clashing = sorted(team_label(wanted[key]) for key in new if key[-1] in leaves or own[key[-1]] > 1)
    facts = {
        "named": len(wanted),
        "there": len(wanted) - len(new),
        "to_create": sorted(team_label(wanted[key]) for key in new)[:FEW],
        "ambiguous": several,
        "clashing": clashing,
    }
    seen = f"{len(wanted) - len(new)} of {len(wanted)} that HR's rows name are there, {len(new)} would be created"
    if several:
        seen += f"; more than once in Litmos: {some(several)}"
    if clashing:
        seen += f"; Litmos may refuse a second team of the same name: {some(clashing)}"
    state = Health.PROBLEM if several else Health.WARNING if clashing else Health.OK
    command = "" if state is Health.OK else "rename teams in Litmos, or mend `teams:`; then: syncd doctor"
    return Finding(check="teams", state=state, seen=seen, next=command, facts=facts)


def fields(rules: Rules, seen_fields: frozenset[str] | None) -> Finding:
    """A mapped field that no record has is none of this account's; ``seen_fields`` None: there is no record to see them in."""
    managers = {MANAGER_ID} if rules.manager else set()
    needed = sorted({rule.field for rule in rules.fields} | set(rules.match) | {rules.link_field} | managers)
    if seen_fields is None:
        seen = "cannot be told: Litmos holds no user to see them in"
        return Finding(
            check="fields", state=Health.WARNING, seen=seen, next="syncd plan", facts={"needed": needed}
        )
    missing = [name for name in needed if name not in seen_fields]
    facts = {"needed": needed, "missing": missing}
    if missing:
        return Finding(
            check="fields",
            state=Health.PROBLEM,
            seen=f"in no user's record: {some(missing)}",
            next="mend `users:`, or have the field enabled in Litmos; then: syncd doctor",
            facts=facts,
        )
    seen = f"the mapping needs {len(needed)}, all of them in the records"
    return Finding(check="fields", state=Health.OK, seen=seen, facts=facts)


def matching(found: Coverage) -> Finding:
    """How many employees have a user, by what; and who is left over on both sides."""
    parts = [
        f"{found.linked} employees by link",
        *(f"{number} by {key}" for key, number in found.found.items()),
    ]
    seen = (
        f"{', '.join(parts)}; {found.creates} would be created; "
        f"{count(found.strangers, 'active user')} in Litmos without anybody in HR"
    )
    state, command = Health.OK, ""
    sides = min(found.creates, found.strangers)
    if found.refused:
        state, command = Health.WARNING, "syncd plan --all"
        seen += f"; rejected: {tally(found.refused)}"
    elif found.strangers >= STRANGERS and sides and found.matched < HALF * (found.matched + sides):
        state, command = Health.WARNING, "look at `users.match:`; then: syncd doctor"
        seen += "; few match though both sides have people: are the match keys right?"
    facts = {
        "linked": found.linked,
        "found": dict(found.found),
        "refused": dict(found.refused),
        "creates": found.creates,
        "gone": found.gone,
        "strangers": found.strangers,
    }
    return Finding(check="matching", state=state, seen=seen, next=command, facts=facts)
