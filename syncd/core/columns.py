"""Columns: which ones of HR's the rules name, and what a source without some of them does not say."""

from collections.abc import Collection, Iterator

from syncd.core.mapping import Mapping
from syncd.core.rules import FieldRule, columns_of


def columns_used(mapping: Mapping) -> dict[str, str]:
    """Every HR column that a rule cannot do without -> the place (``file:line:col``) that names it first."""
    found: dict[str, str] = {}
    for column, where in _columns(mapping):
        found.setdefault(column, where)
    return found


def all_columns(mapping: Mapping) -> tuple[str, ...]:
    """Every HR column that any rule names, each once; those that only ``optional`` fields name come last."""
    optional = [name for rule in mapping.fields for name, _ in rule.columns()]
    return tuple(dict.fromkeys([*columns_used(mapping), *optional]))


def unsaid(mapping: Mapping, columns: Collection[str]) -> tuple[tuple[FieldRule, str], ...]:
    """The ``optional`` fields of which a source with these columns says nothing, each with a column that is not there."""
    missing = (
        (rule, next((name for name, _ in rule.columns() if name not in columns), None))
        for rule in mapping.fields
        if rule.optional
    )
    return tuple((rule, column) for rule, column in missing if column is not None)


def _columns(mapping: Mapping) -> Iterator[tuple[str, str]]:
    if mapping.scope is not None:
        yield from mapping.scope.columns()
    yield from _employee_columns(mapping)
    if mapping.dates is not None:
        yield from columns_of(mapping.dates.columns)
    for field_rule in mapping.fields:
        if not field_rule.optional:
            yield from field_rule.columns()
    if mapping.manager is not None:
        yield from columns_of(mapping.manager.value.parts)
    for parts in mapping.team_templates:
        yield from columns_of(parts)
    yield from _asked(mapping)


def _asked(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """The columns of the conditions of teams, roles and learning paths."""
    conditions = [rule.when for rule in mapping.membership_rules]
    conditions += [role.when for rule in mapping.membership_rules for role in rule.roles.values()]
    conditions += [rule.when for rule in mapping.items]
    for condition in conditions:
        if condition is not None:
            yield from condition.columns()


def _employee_columns(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Those that say who somebody is."""
    for value in (mapping.employee_id.value, mapping.status.value):
        yield from columns_of(value.parts)
    yield from columns_of(mapping.same_person)
    for preference in mapping.employments.primary if mapping.employments else ():
        yield from preference.columns()
