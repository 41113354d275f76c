"""Columns: which columns of HR a Mapping names, and where."""

from collections import abc

from syncd.core.mapping import Mapping
from syncd.core.rules import Column, Part


def columns_used(mapping: Mapping) -> dict[str, str]:
    """Every HR column that a rule names -> the place (``file:line:col``) that names it first."""
    found: dict[str, str] = {}
    for column, where in _columns(mapping):
        found.setdefault(column, where)
    return found


def _columns(mapping: Mapping) -> abc.Iterator[tuple[str, str]]:
    if mapping.scope is not None:
        yield from mapping.scope.columns()
    for value in (mapping.employee_id.value, mapping.status.value):
        yield from _named(value.parts)
    yield from _named(mapping.same_person)
    for preference in mapping.employments.primary if mapping.employments else ():
        yield from preference.columns()
    for field_rule in mapping.fields:
        yield from _named(field_rule.value.parts)
    if mapping.manager is not None:
        yield from _named(mapping.manager.value.parts)
    for team_rule in mapping.teams:
        for parts in team_rule.names:
            yield from _named(parts)
    conditions = [rule.when for rule in mapping.fields]
    conditions += [rule.when for rule in mapping.teams]
    conditions += [role.when for rule in mapping.teams for role in rule.roles.values()]
    conditions += [rule.when for rule in mapping.learning_paths]
    for condition in conditions:
        if condition is not None:
            yield from condition.columns()


def _named(parts: abc.Iterable[Part]) -> abc.Iterator[tuple[str, str]]:
    return ((part.name, part.where) for part in parts if isinstance(part, Column))
