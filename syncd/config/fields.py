"""Litmos profile fields as mapped: which there are, who owns them, and whether what is written can ever work."""

from collections.abc import Mapping
from dataclasses import replace

from syncd.config.cel import CelText
from syncd.config.conditions import build_condition
from syncd.config.document import Document, Loc, dotted
from syncd.config.email import email_fault
from syncd.config.faults import suggestion
from syncd.config.mapping_parts import FieldPart, UsersPart
from syncd.config.values import build_column, build_transforms, build_value
from syncd.core.cells import clean
from syncd.core.checks import check_field
from syncd.core.following import BLANK_IS_DEFAULT
from syncd.core.managers import MANAGER_ID
from syncd.core.profile import PROFILE_FIELDS, WRITABLE_FIELDS, FieldKind, FieldSpec
from syncd.core.rules import FieldRule, ManagerRule, Otherwise, Place, Text, ValueRule, columns_of
from syncd.core.transforms import Refused, trim

_INSTEAD = {
    "Active": "employee.status decides about it",
    "FullName": "Litmos makes it of FirstName and LastName",
    "ManagerName": "Litmos makes it of ManagerId",
    "Password": "syncd sets no passwords",
}
ACCESS_LEVELS = ("Account_Owner", "Administrator", "Learner", "Team_Admin", "Team_Leader")
"""Every access level (litmos-api 5): a misspelt one would protect nobody."""
EMPLOYEE_ID = "employee_id"
"""What ``users.manager.by`` says unless it names a Litmos field."""


def build_fields(users: UsersPart, document: Document) -> tuple[FieldRule, ...]:
    """A rule for each field that can be written; what is wrong is noted in the Document."""
    rules = []
    for name, part in users.fields.items():
        loc: Loc = ("users", "fields", name)
        spec = PROFILE_FIELDS.get(name)
        if spec is None:
            hint = suggestion(name, sorted(WRITABLE_FIELDS))
            document.fault(loc, f"is no Litmos field{hint}", at_key=True)
        elif not spec.writable:
            document.fault(loc, f"cannot be set: {_INSTEAD.get(name, 'Litmos computes it')}", at_key=True)
        rule = _field(name, part, loc, document)
        if spec is not None and spec.writable:
            _check_field(spec, rule, part, loc, document)
            rules.append(rule)
    _check_username(rules, document)
    return tuple(rules)


def build_manager(users: UsersPart, document: Document) -> ManagerRule | None:
    """The rule about managers, if there is one; what is wrong is noted in the Document."""
    part = users.manager
    loc: Loc = ("users", "manager")
    if part is None:
        return None
    at = (*loc, "from") if (*loc, "from") in document.values else loc
    if MANAGER_ID in users.fields:
        document.fault(
            ("users", "fields", MANAGER_ID), "is set by users.manager; keep one of them", at_key=True
        )
    if part.by != EMPLOYEE_ID:
        _check_reference(part.by, (*loc, "by"), users.fields, document)
    return ManagerRule(
        place=Place(where=document.where_key(loc), key=dotted(loc)),
        value=ValueRule(
            parts=(build_column(part.column, at, document),),
            transforms=build_transforms(part.transform, (*loc, "transform"), document),
        ),
        by="" if part.by == EMPLOYEE_ID else part.by,
        none=frozenset(trim(word) for word in part.none),
        on_create=part.owner == "litmos",
        report=part.owner == "report",
        keep_blank=part.blank == "keep",
    )


def check_users(users: UsersPart, document: Document) -> None:
    """What must be mapped: what Litmos requires, what people are matched by, and the link."""
    mapped: Mapping[str, FieldPart] = users.fields
    for name, spec in WRITABLE_FIELDS.items():
        if spec.required and name not in mapped:
            document.fault(("users", "fields", name), "is not mapped; Litmos requires it", at_key=True)
    for index, name in enumerate(users.match):
        loc: Loc = ("users", "match", index)
        _check_reference(name, loc if loc in document.values else ("users", "match"), mapped, document)
    _check_reference(users.link_field, ("users", "link_field"), mapped, document)
    link = mapped.get(users.link_field)
    if link is not None and link.owner == "report":
        document.fault(
            ("users", "link_field"), f"{users.link_field} must be written, so its owner cannot be report"
        )
    if link is not None and (link.optional or link.on == "if_empty"):
        document.fault(
            ("users", "link_field"),
            f"{users.link_field} must be written: it cannot be optional, or on: if_empty",
        )
    for index, level in enumerate(users.protected.access_levels):
        if level not in ACCESS_LEVELS:
            document.fault(
                ("users", "protected", "access_levels", index),
                f'"{level}" is no access level{suggestion(level, ACCESS_LEVELS)}',
            )
    if len(set(users.match)) < len(users.match):
        document.fault(("users", "match"), "names a field twice")


def _check_reference(name: str, loc: Loc, mapped: Mapping[str, FieldPart], document: Document) -> None:
    if name not in WRITABLE_FIELDS:
        hint = suggestion(name, sorted(WRITABLE_FIELDS))
        document.fault(loc, f'"{name}" is no Litmos field that can be mapped{hint}')
    elif name not in mapped and not document.is_muted(("users", "fields", name)):
        document.fault(loc, f"{name} is not mapped; add it to users.fields{suggestion(name, sorted(mapped))}")


def _field(name: str, part: FieldPart, loc: Loc, document: Document) -> FieldRule:
    if part.owner != "hr" and part.on is not None and (part.owner, part.on) != ("litmos", "create"):
        document.fault((*loc, "on"), f"{part.on} contradicts owner: {part.owner}")
    return FieldRule(
        place=Place(where=document.where_key(loc), key=dotted(loc)),
        field=name,
        value=replace(build_value(part, loc, document), cleared=frozenset(map(clean, part.cleared))),
        on_create=part.on == "create" or part.owner == "litmos",
        if_empty=part.on == "if_empty",
        report=part.owner == "report",
        required=part.required or part.blank == "reject",
        keep_blank=part.blank == "keep",
        optional=part.optional,
        when=None if part.when is None else build_condition(part.when, (*loc, "when"), document),
    )


def _check_field(spec: FieldSpec, rule: FieldRule, part: FieldPart, loc: Loc, document: Document) -> None:
    value = rule.value
    for text, key in _constants(part, rule.value):
        try:
            check_field(spec.name, text, custom_username=True, email=email_fault)
        except Refused as refused:
            document.fault((*loc, *key), refused.why)
    if spec.kind is FieldKind.BOOL and not _is_bool(value):
        document.fault(loc, "is true or false to Litmos: add `transform: [bool]` or a map", at_key=True)
    _check_ways(spec, rule, part, loc, document)


def _check_ways(spec: FieldSpec, rule: FieldRule, part: FieldPart, loc: Loc, document: Document) -> None:
    """Keys that contradict each other, or what Litmos does."""
    skips = rule.value.lookup is not None and rule.value.lookup.otherwise is Otherwise.SKIP
    if spec.required and (rule.when is not None or rule.optional or skips):
        document.fault(
            loc, "is required by Litmos: it can have no when:, no optional: and no else: skip", at_key=True
        )
    if part.required and part.blank == "keep":
        document.fault((*loc, "blank"), "keep contradicts required: true")
    if rule.if_empty and spec.kind is FieldKind.BOOL:
        document.fault((*loc, "on"), "true or false is never empty; write on: create")
    if rule.value.cleared and spec.name in BLANK_IS_DEFAULT:
        document.fault(
            (*loc, "cleared"), "Litmos fills this field by itself: it cannot be cleared", at_key=True
        )
    if "" in rule.value.cleared:
        document.fault((*loc, "cleared"), "must name words; what a blank cell does says blank:")
    if rule.optional and not any(rule.columns()):
        document.fault((*loc, "optional"), "is for fields that come from a column", at_key=True)


def _constants(part: FieldPart, value: ValueRule) -> list[tuple[str, Loc]]:
    """The texts that the file itself gives to the field, with their keys."""
    found: list[tuple[str, Loc]] = [(part.default, ("default",))]
    if part.constant is not None and part.table is None and part.date is None and not part.transform:
        found.append((part.constant, ("value",)))
    if value.lookup is not None:
        found += [(text, ("map", word)) for word, text in value.lookup.table.items()]
    if part.otherwise is not None and part.otherwise[0] == "value":
        found.append((part.otherwise[1], ("else", "value")))
    return [(text.strip(), key) for text, key in found]


def _is_bool(value: ValueRule) -> bool:
    """Whether it can only be true, false or blank; texts that the file gives are checked one by one."""
    if value.lookup is not None:
        return value.lookup.otherwise is not Otherwise.KEEP or "bool" in value.transforms
    return "bool" in value.transforms or all(
        isinstance(part, Text) or (isinstance(part, CelText) and part.is_bool) for part in value.parts
    )


def _check_username(rules: list[FieldRule], document: Document) -> None:
    """A UserName written in the file for everybody would be one user for everybody."""
    user_name = next((rule for rule in rules if rule.field == "UserName"), None)
    if user_name is None or not user_name.value.parts:
        return
    if not any(columns_of(user_name.value.parts)):
        document.fault(("users", "fields", "UserName"), "must come from a column: it is unique", at_key=True)
