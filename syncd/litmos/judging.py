"""Judging: what became of each row of a bulk import, by the users who are there. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from syncd.core.account import CASELESS_FIELDS
from syncd.core.operation import ImportRow
from syncd.core.protection import PROTECTED, Protection, refusal_of
from syncd.litmos.wire import holds, identity, text_of

Row = Mapping[str, Any]
UNEXPLAINED = frozenset({"IMPORT-SILENT", "IMPORT-DIFFERS"})
"""The codes of rows that are not as they were to be, though Litmos says nothing of them."""

Verdict = tuple[str, str]
"""(code, message) of a row that is not as it was to be; ("", "") of one that is."""
AS_WANTED: Verdict = ("", "")


class Users:
    """Users as they are known to be, by id, by UserName and by link (casefolded)."""

    def __init__(self, profiles: Iterable[Row], link_field: str) -> None:
        """From records; of two of one id the later counts."""
        self.profiles = tuple({row["Id"]: row for row in profiles}.values())
        self.by_id: Mapping[str, Row] = {str(row["Id"]): row for row in self.profiles}
        self.by_name: Mapping[str, Row] = {folded(row.get("UserName")): row for row in self.profiles}
        self.by_link: Mapping[str, Row] = {
            link: row for row in self.profiles if (link := folded(row.get(link_field)))
        }

    def called(self, row: ImportRow) -> Row | None:
        """The user who has the UserName of a row, or None."""
        return self.by_name.get(folded(row.username))

    def of(self, row: ImportRow) -> Row | None:
        """The user that a row is about, or None."""
        return self.by_id.get(row.user_id) if row.user_id else self.called(row)


def named(there: Row, row: ImportRow) -> bool:
    """Whether a user has the UserName of a row."""
    return folded(there.get("UserName")) == folded(row.username)


def active(there: Row) -> bool:
    """Whether a user is active."""
    return text_of(there.get("Active")).lower() == "true"


def folded(value: object) -> str:
    """A text as names are compared."""
    return text_of(value).casefold()


def judge(
    row: ImportRow,
    users: Users,
    said: str | None,
    *,
    link_field: str,
    timed_out: bool,
    protection: Protection,
) -> Verdict:
    """What became of one row: as wanted, or why not. What is there counts; what Litmos ``said`` only explains.

    ``said`` is None if it said nothing of the row; ``timed_out`` True: the import did not end in its time.
    """
    there = users.of(row)
    return (
        (_of_known(row, there, users) if row.user_id else _of_new(row, there, users, link_field))
        or _as_it_is(row, there)
        or _spared(row, there, protection)
        or _why_not(row, there, said, timed_out=timed_out)
    )


def _of_known(row: ImportRow, there: Row | None, users: Users) -> Verdict | None:
    if there is None:
        return "LITMOS-404-USER-GONE", "Litmos no longer knows this user"
    if not named(there, row):
        stray = users.called(row)
        if stray is not None:
            return "IMPORT-STRAY", (
                f"somebody renamed the user in Litmos meanwhile, and the old UserName is that of user {stray['Id']} now: "
                "if that is a second account of this person, deactivate it in Litmos"
            )
        return "IMPORT-RENAMED", "somebody renamed the user in Litmos; the next push sees the new UserName"
    if not active(there) and not holds(there, row.fields, CASELESS_FIELDS):
        return "IMPORT-INACTIVE", "somebody deactivated the user in Litmos; the next push sees it"
    return None


def _of_new(row: ImportRow, there: Row | None, users: Users, link_field: str) -> Verdict | None:
    if there is not None:
        if is_ours(row, there, link_field):
            return None
        return "LITMOS-409-USERNAME-TAKEN", "the UserName belongs to a user who is not this employee"
    other = users.by_link.get(folded(row.fields.get(link_field)))
    if other is not None:
        return "IMPORT-LINKED", f"Litmos user {other['Id']} has this employee's {link_field} already"
    return None


def _as_it_is(row: ImportRow, there: Row | None) -> Verdict | None:
    return AS_WANTED if there is not None and holds(there, row.fields, CASELESS_FIELDS) else None


def _spared(row: ImportRow, there: Row | None, protection: Protection) -> Verdict | None:
    """A user whom the import must not change was not in it."""
    why = protection.why(identity(row.user_id, there)) if row.user_id and there is not None else ""
    return (PROTECTED, refusal_of(why)) if why else None


def _why_not(row: ImportRow, there: Row | None, said: str | None, *, timed_out: bool) -> Verdict:
    if said is not None:
        return "IMPORT-REFUSED", f"Litmos refused this row of the bulk import: {said}"
    if timed_out:
        return (
            "IMPORT-TIMEOUT",
            "the bulk import did not end in time; the next push sends what is still missing",
        )
    if there is None:
        return "IMPORT-SILENT", "the bulk import ended without this user, and Litmos does not say why"
    wrong = [name for name, value in row.fields.items() if not holds(there, {name: value}, CASELESS_FIELDS)]
    return "IMPORT-DIFFERS", f"the bulk import left other values in {', '.join(sorted(wrong))}"


def is_ours(row: ImportRow, there: Row, link_field: str) -> bool:
    """Whether a user with the UserName of a row that creates one is that employee, and not somebody else's account."""
    wanted = folded(row.fields.get(link_field))
    if wanted:
        return folded(there.get(link_field)) == wanted
    return holds(there, row.fields, CASELESS_FIELDS)
