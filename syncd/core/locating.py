"""Locating: which course, module and session of Litmos a row of training means, by id, by code or by name. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from syncd.core.model import Item, ItemKey, ItemKind, Rejection, Skip
from syncd.core.recording import UNREAD, Located
from syncd.core.training import Evidence, RecordKind, rejected


class Module(NamedTuple):
    """A module of a course, as Litmos lists it."""

    id: str
    name: str
    code: str = ""


class Session(NamedTuple):
    """A session of an instructor-led module, as Litmos lists it."""

    id: str
    name: str
    module_id: str
    code: str = ""


class _Named(Protocol):
    """Something that may be named by id, code or name."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def code(self) -> str: ...


class _Course(NamedTuple):
    id: str
    name: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The courses that Litmos has, with the modules and sessions of those of which they were read, by the course's id."""

    courses: Sequence[Item]
    modules: Mapping[str, Sequence[Module]] = field(default_factory=dict)
    sessions: Mapping[str, Sequence[Session]] = field(default_factory=dict)


def find(named: Iterable[_Named], text: str) -> list[_Named]:
    """Those that a text means: by id exactly, else by code, else by name, both but for case."""
    every = list(named)
    wanted = text.strip().casefold()
    for meant in (
        [one for one in every if one.id == text.strip()],
        [one for one in every if one.code and one.code.strip().casefold() == wanted],
        [one for one in every if one.name.strip().casefold() == wanted],
    ):
        if meant:
            return meant
    return []


class Locator:
    """Locates rows in one Catalogue. What texts mean is found out once."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Nothing is looked for yet."""
        self._catalogue = catalogue
        self._courses = [
            _Course(item.key.id, item.name, item.code)
            for item in catalogue.courses
            if item.key.kind is ItemKind.COURSE
        ]
        self._meant: dict[str, list[_Named]] = {}
        self._places: dict[tuple[str, ...], tuple[ItemKey, str, str, str]] = {}

    def course_id(self, text: str) -> str:
        """The id of the one course that a text means, or ""."""
        found = self._find_course(text)
        return found[0].id if len(found) == 1 else ""

    def locate(self, evidence: Evidence) -> Located | Rejection | Skip:
        """Where a row belongs; a Rejection if nothing, or more than one thing, is meant; a Skip if that was not read yet."""
        named = (evidence.record, evidence.course, evidence.module, evidence.session)
        place = self._places.get(named)
        if place is None:
            found = self._locate(evidence)
            if not isinstance(found, Located):
                return found
            place = self._places[named] = (found.course, found.object_id, found.module_id, found.what)
        course, object_id, module_id, what = place
        return Located(evidence=evidence, course=course, object_id=object_id, module_id=module_id, what=what)

    def _locate(self, evidence: Evidence) -> Located | Rejection | Skip:
        found = self._find_course(evidence.course)
        if len(found) != 1:
            return _not_one(
                evidence, "course", evidence.course, found, f"Litmos ({len(self._courses)} courses)"
            )
        course = found[0]
        key = ItemKey(ItemKind.COURSE, course.id)
        what = f'course "{course.name}"'
        if evidence.record is RecordKind.RESET:
            return Located(evidence=evidence, course=key, object_id=course.id, what=what)
        if evidence.record is RecordKind.SESSION:
            return self._session(evidence, key, what)
        modules = self._catalogue.modules.get(course.id)
        if modules is None:
            return _unread(evidence, what, "modules")
        meant: Sequence[_Named] = find(modules, evidence.module) if evidence.module else modules
        if len(meant) != 1:
            return _not_one(evidence, "module", evidence.module, meant, what)
        module = meant[0]
        what += f', module "{module.name}"' if module.name != course.name else ""
        return Located(evidence=evidence, course=key, object_id=module.id, module_id=module.id, what=what)

    def _session(self, evidence: Evidence, key: ItemKey, what: str) -> Located | Rejection | Skip:
        sessions = self._catalogue.sessions.get(key.id)
        modules = self._catalogue.modules.get(key.id)
        if sessions is None or modules is None:
            return _unread(evidence, what, "sessions")
        if evidence.module:
            within = find(modules, evidence.module)
            if len(within) != 1:
                return _not_one(evidence, "module", evidence.module, within, what)
            sessions = [one for one in sessions if one.module_id == within[0].id]
        meant = find(sessions, evidence.session)
        if len(meant) != 1:
            return _not_one(evidence, "session", evidence.session, meant, what)
        session = next(one for one in sessions if one.id == meant[0].id)
        return Located(
            evidence=evidence,
            course=key,
            object_id=session.id,
            module_id=session.module_id,
            what=f'{what}, session "{session.name}"',
        )

    def _find_course(self, text: str) -> list[_Named]:
        if text not in self._meant:
            self._meant[text] = find(self._courses, text)
        return self._meant[text]


def _not_one(evidence: Evidence, what: str, text: str, found: Sequence[_Named], where: str) -> Rejection:
    if not text:
        code, message = f"{what.upper()}-UNSAID", f"{where} has {len(found)} {what}s; {what}: names one"
    elif not found:
        code, message = f"{what.upper()}-UNKNOWN", f'{what} "{text}" is not in {where}'
    else:
        ids = ", ".join(sorted(one.id for one in found)[:5])
        code = f"{what.upper()}-AMBIGUOUS"
        message = f'{len(found)} {what}s of {where} are meant by "{text}"; name one by its id: {ids}'
    return rejected(evidence, code, message)


def _unread(evidence: Evidence, what: str, parts: str) -> Skip:
    message = f"{what}: its {parts} were not read yet; a push reads them ({evidence.origin})"
    return Skip(employee_id=evidence.employee_id, code=UNREAD, message=message)
