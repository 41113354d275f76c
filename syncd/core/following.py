"""Following: what single rules make of the cells of a row, and why a row is rejected. Pure, and total."""

from collections import abc
from datetime import date, datetime
from typing import NamedTuple

from syncd.core.checks import EmailCheck, check_field, check_id
from syncd.core.conditions import Fields
from syncd.core.days import NO_DATES, read_dates
from syncd.core.giving import holds
from syncd.core.lifecycle import LONG_PAST, Contradiction, Lifecycle, Standing, next_turn, standing
from syncd.core.model import FieldValue, ItemKind, ItemWish, Reason, Status
from syncd.core.profile import PROFILE_FIELDS, normalise
from syncd.core.reasons import Reasons
from syncd.core.rules import (
    DatesRule,
    FieldRule,
    IdRule,
    ItemRule,
    ManagerRule,
    StatusRule,
    ValueRule,
    columns_of,
)
from syncd.core.transforms import Refused
from syncd.core.values import CLEARED, shown

BLANK_IS_DEFAULT = frozenset({"Email", "Culture", "Brand", "AccessLevel", "ProfileType"})
"""Fields that Litmos fills by itself when they are sent blank [CODE]: sending a blank would never come to rest."""
CUSTOM = "IsCustomUsername"
"""The field that says that the UserName need not be an e-mail address."""


def employee_id(rule: IdRule, cells: Fields, reasons: Reasons) -> str:
    """The employee id, or "" if it cannot be read."""
    try:
        text = reasons.value(rule.place, rule.value, cells)[1] or ""
        check_id(text)
    except Refused as refused:
        reasons.add(rule.place, _with_columns(rule.value, refused))
        return ""
    return text


def _status(rule: StatusRule, cells: Fields, reasons: Reasons) -> Status | None:
    try:
        text = reasons.value(rule.place, rule.value, cells)[1] or ""
        status = rule.table.get(text, rule.otherwise)
        if status is None:
            known = ", ".join(shown(word) for word in rule.table)
            raise Refused("STATUS-UNKNOWN", f"{shown(text)} is not in the map; it has {known}")  # noqa: TRY301 - one way out
    except Refused as refused:
        reasons.add(rule.place, _with_columns(rule.value, refused))
        return None
    reasons.tell(rule.place, "is", status.value)
    return status


class Today(NamedTuple):
    """What a person is today (None: HR's word cannot be read), the next day that may change it, and the first working day."""

    standing: Standing | None
    turns_on: date | None
    begins_on: date | None


def standing_of(
    status: StatusRule,
    dates: DatesRule | None,
    lifecycle: Lifecycle,
    now: datetime | None,
    cells: Fields,
    reasons: Reasons,
) -> Today:
    """By HR's word and dates; a contradiction that is to be rejected is a reason."""
    word = _status(status, cells, reasons)
    heard = Reasons() if word is Status.LEFT else reasons
    days = NO_DATES if dates is None else read_dates(dates, cells, heard.add)
    turns_on = next_turn(days, lifecycle, now)
    if word is None:
        return Today(None, turns_on, days.hire)
    found = standing(word, days, lifecycle, now)
    leaving = dates.leaving if dates is not None else None
    if leaving and LONG_PAST in found.doubts and lifecycle.contradiction is Contradiction.REJECT:
        reasons.add(leaving.place, Refused(LONG_PAST, found.because))
    return Today(found, turns_on, days.hire)


def manager(rule: ManagerRule | None, cells: Fields, reasons: Reasons) -> str | None:
    """Whom HR names as the manager: "" for none, None if nothing is to be said about it."""
    if rule is None:
        return None
    try:
        text = reasons.value(rule.place, rule.value, cells)[1] or ""
    except Refused as refused:
        reasons.add(rule.place, _with_columns(rule.value, refused))
        return None
    if text in rule.none:
        text = ""
    return None if not text and rule.keep_blank else text


Valued = tuple[FieldValue | None, tuple[Reason, ...]]
"""The value of a field, or None, and why the value that was made cannot be this field's."""


def field(
    rule: FieldRule, custom: abc.Sequence[FieldRule], email: EmailCheck, cells: Fields, reasons: Reasons
) -> Valued:
    """What the rule makes; ``custom`` are the rules that say what kind of UserName it is."""
    made = _made(rule, cells, reasons)
    if made is None:
        return None, ()
    step, text = made
    value: FieldValue | None = None
    try:
        if text or not _leaves(rule, step):
            is_custom = any((_made(one, cells, Reasons()) or ("", ""))[1] == "true" for one in custom)
            check_field(rule.field, text, custom_username=is_custom, email=email)
            value = _normal(rule.field, text)
    except Refused as refused:
        late = Reasons(reasons.told)
        late.add(rule.place, _with_columns(rule.value, refused))
        return value, tuple(late.found)
    reasons.tell(rule.place, "is", value)
    return value, ()


def _made(rule: FieldRule, cells: Fields, reasons: Reasons) -> tuple[str, str] | None:
    """The last step of the rule and what that made, if it says something about this Record."""
    absent = next((name for name, _ in rule.columns() if name not in cells), "") if rule.optional else ""
    if absent:
        reasons.tell(rule.place, "absent", absent)
        return None
    if not holds(rule.when, rule.place, cells, reasons):
        return None
    try:
        step, text = reasons.value(rule.place, rule.value, cells)
    except Refused as refused:
        reasons.add(rule.place, _with_columns(rule.value, refused))
        return None
    return None if text is None else (step, text)


def _leaves(rule: FieldRule, step: str) -> bool:
    """Whether a blank that this step made leaves what Litmos has; else it clears it. Refused if there must be no blank."""
    if rule.required or PROFILE_FIELDS[rule.field].required:
        raise Refused("FIELD-REQUIRED", "is blank, and must not be")
    return rule.field in BLANK_IS_DEFAULT or (rule.keep_blank and step != CLEARED)


def _normal(name: str, text: str) -> FieldValue:
    try:
        return normalise(name, text)
    except (ValueError, OverflowError):  # a moment that UTC cannot express
        raise Refused("FIELD-INVALID", f"{shown(text)} is no value for {name}") from None


def items(rules: abc.Iterable[ItemRule], cells: Fields, reasons: Reasons) -> tuple[ItemWish, ...]:
    """The learning paths and courses, each once: of two rules that name the same, the first one gives it."""
    wishes: dict[tuple[ItemKind, str], ItemWish] = {}
    for rule in rules:
        if not rule.team and holds(rule.when, rule.place, cells, reasons):
            same = (rule.item.kind, rule.item.name.casefold())
            wishes.setdefault(same, ItemWish(item=rule.item, rule=rule.place.key))
            reasons.tell(rule.place, "is", rule.item.name)
    return tuple(wishes.values())


def _with_columns(rule: ValueRule, refused: Refused) -> Refused:
    """The same with the columns it is about in front."""
    names = [f'"{name}"' for name, _ in columns_of(rule.parts)]
    if not names or refused.code == "COLUMN-MISSING":
        return refused
    return Refused(refused.code, f"column{'s' if len(names) > 1 else ''} {', '.join(names)}: {refused.why}")
