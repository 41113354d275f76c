"""Build: the mapping as written, made into the core's Mapping, with every rule's place. Faults are noted, all of them."""

from datetime import timedelta

from syncd.config.conditions import build_condition
from syncd.config.document import Document, Loc
from syncd.config.email import email_fault
from syncd.config.fields import build_fields, build_manager, check_users
from syncd.config.identity_parts import EmploymentsPart, PreferencePart, ProtectedPart
from syncd.config.lifecycle import build_dates, build_lifecycle
from syncd.config.mapping_parts import CoursePart, EmployeePart, PathPart, StatusPart
from syncd.config.root import Root
from syncd.config.teams import build_teams, build_trees, check_protected, place, when
from syncd.config.values import build_column, build_transforms, check_words
from syncd.core.cells import clean
from syncd.core.dates import format_fault
from syncd.core.employments import Employments, Highest, Latest, Preference, Preferred
from syncd.core.mapping import Mapping
from syncd.core.model import ItemKind, ItemName, Status
from syncd.core.protection import Protection
from syncd.core.recertify import Renewal
from syncd.core.rules import (
    Absence,
    Column,
    IdRule,
    ItemRule,
    StatusRule,
    Text,
    ValueRule,
)
from syncd.core.transforms import normalize, trim


def build_mapping(root: Root, document: Document) -> Mapping:
    """The Mapping; what is wrong with it is noted in the Document."""
    document.blanks = frozenset(clean(word) for part in root.hr.values() for word in part.blanks)
    fields = build_fields(root.users, document)
    check_users(root.users, document)
    check_protected(root, document)
    absent = root.employee.absent
    return Mapping(
        employee_id=_employee_id(root.employee, document),
        status=_status(root.employee.status, document),
        fields=fields,
        teams=build_teams(root, document),
        trees=build_trees(root, document),
        items=(
            *(
                _item(part, ItemName(ItemKind.LEARNING_PATH, part.path), ("learning_paths", index), document)
                for index, part in enumerate(root.learning_paths)
            ),
            *(
                _item(part, ItemName(ItemKind.COURSE, part.course), ("courses", index), document)
                for index, part in enumerate(root.courses)
            ),
        ),
        scope=when(root.scope.when, ("scope", "when"), document),
        scope_place=place(("scope", "when"), document),
        leaving_scope_deactivates=root.scope.leaving == "deactivate",
        absence=Absence(
            deactivates=absent.then == "deactivate",
            after_files=absent.after_files,
            after_hours=absent.after_hours,
        ),
        dates=build_dates(root.employee.dates, document),
        lifecycle=build_lifecycle(root.employee),
        invites=_invites(root, document),
        match=tuple(root.users.match),
        link_field=root.users.link_field,
        manager=build_manager(root.users, document),
        protection=_protection(root.users.protected),
        same_person=_same_person(root.employee, document),
        employments=_employments(root.employee.employments, document),
        blanks=document.blanks,
        check_email=email_fault,
    )


def _same_person(part: EmployeePart, document: Document) -> tuple[Column, ...]:
    loc: Loc = ("employee", "same_person")
    if len(set(part.same_person)) == 1:
        document.fault(
            loc, "must be two columns or more: any one changes in many a life, by marriage for example"
        )
    return tuple(
        build_column(column, at if (at := (*loc, index)) in document.values else loc, document)
        for index, column in enumerate(part.same_person)
    )


def _employments(part: EmploymentsPart | None, document: Document) -> Employments | None:
    if part is None:
        return None
    loc: Loc = ("employee", "employments")
    chosen = [
        preference
        for index, each in enumerate(part.primary)
        if (preference := _preference(each, (*loc, "primary", index), document)) is not None
    ]
    return Employments(place=place(loc, document), primary=tuple(chosen))


def _preference(part: PreferencePart, loc: Loc, document: Document) -> Preference | None:
    given = [name for name in ("when", "latest", "highest") if getattr(part, name) is not None]
    if len(given) != 1:
        document.fault(loc, "needs exactly one of when, latest, highest")
        return None
    if part.when is not None:
        return Preferred(when=build_condition(part.when, (*loc, "when"), document))
    if part.highest is not None:
        return Highest(column=build_column(part.highest, (*loc, "highest"), document))
    if problem := format_fault(part.form, reads=True):
        document.fault((*loc, "format"), problem)
    return Latest(column=build_column(part.latest or "", (*loc, "latest"), document), form=part.form)


def _protection(part: ProtectedPart) -> Protection:
    return Protection(
        levels=frozenset(part.access_levels),
        usernames=part.usernames,
        brands=part.brands,
        user_ids=frozenset(part.user_ids),
    )


def _employee_id(part: EmployeePart, document: Document) -> IdRule:
    loc: Loc = ("employee", "id")
    at = (*loc, "from") if (*loc, "from") in document.values else loc
    value = ValueRule(
        parts=(build_column(part.id.column, at, document),),
        transforms=build_transforms(part.id.transform, (*loc, "transform"), document),
    )
    return IdRule(place=place(loc, document), value=value)


def _status(part: StatusPart | None, document: Document) -> StatusRule:
    loc: Loc = ("employee", "status")
    if part is None:
        everybody = ValueRule(parts=(Text(text="active"),))
        return StatusRule(place=place(loc, document), value=everybody, table={"active": Status.ACTIVE})
    check_words(part.table, (*loc, "map"), document)
    return StatusRule(
        place=place(loc, document),
        value=ValueRule(
            parts=(build_column(part.column, (*loc, "from"), document),),
            transforms=build_transforms(part.transform, (*loc, "transform"), document),
        ),
        table={clean(word): Status(status) for word, status in part.table.items()},
        otherwise=Status.ACTIVE if part.otherwise == "active" else None,
    )


def _invites(root: Root, document: Document) -> bool:
    """Whether who is created is invited. Litmos mails while it creates and never later (litmos-api 4.1)."""
    users, dates = root.users, root.employee.dates
    if users.invite_on == "start":
        loc: Loc = ("users", "invite_on")
        if users.login == "sso":
            document.fault(loc, "nobody is invited with login: sso")
        elif dates.hire is None:
            document.fault(loc, "needs employee.dates.hire: the day on which people start")
        elif dates.lead:
            document.fault(
                loc,
                "contradicts employee.dates.lead: Litmos invites somebody when the account is made, and at no other time",
            )
    return users.login == "invitation"


def _item(part: PathPart | CoursePart, item: ItemName, loc: Loc, document: Document) -> ItemRule:
    library = isinstance(part, CoursePart) and part.library
    _check_via(part, loc, document, library=library)
    return ItemRule(
        place=place(loc, document),
        item=ItemName(item.kind, trim(item.name)),
        take_started=part.take_started,
        renewal=_renewal(part, loc, document),
        team=tuple(normalize(name) for name in part.team) if part.via == "team" else (),
        library=library,
        when=when(part.when, (*loc, "when"), document),
        strict=part.remove == "strict",
    )


def _renewal(part: PathPart | CoursePart, loc: Loc, document: Document) -> Renewal | None:
    """When the rule resets what was completed; None: never."""
    if not isinstance(part, CoursePart) or part.reset is None:
        return None
    reset, at = part.reset, (*loc, "reset")
    if part.via == "team":
        document.fault(
            at, "has no place beside via: team: a reset is about what each person is given", at_key=True
        )
    if reset.before is None and reset.every is None:
        document.fault(at, "needs before: or every:, or both, such as {before: 30d}")
    if reset.every == 0:
        document.fault((*at, "every"), "must be at least 1d")
    return Renewal(
        before=None if reset.before is None else timedelta(days=reset.before),
        every=None if reset.every is None else timedelta(days=reset.every),
    )


def _check_via(part: PathPart | CoursePart, loc: Loc, document: Document, *, library: bool) -> None:
    """What a rule for a team may say, and one for people may not, and the other way round."""
    if part.via == "person":
        for key, said in (("team", part.team), ("library", library)):
            if said:
                document.fault((*loc, key), "needs via: team", at_key=True)
        return
    if not part.team:
        document.fault((*loc, "via"), "needs team:, the name of the team")
    if part.when is not None:
        document.fault(
            (*loc, "when"), "has no place beside via: team, which reaches all its members", at_key=True
        )
    if part.remove == "strict":
        document.fault(
            (*loc, "remove"), "strict has no meaning beside via: team, for the rule names one team"
        )
