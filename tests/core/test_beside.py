"""Beside: what of one person's fields differs is what a push would mend; a manager is compared by today's link."""

from dataclasses import dataclass

import pytest

from syncd.core.beside import CREATED, SHOWN, beside


@dataclass(frozen=True)
class Owned:
    report_only: frozenset[str] = frozenset({"CustomField3"})
    create_only: frozenset[str] = frozenset({"Language"})
    if_empty: frozenset[str] = frozenset({"Phone"})


RULES = Owned()


def lines(hr, litmos, synced=None, links=None):
    found = beside(hr, synced or {}, litmos, RULES, links=links or {})
    return {one.field: one for one in found}


@pytest.mark.parametrize(
    ("field", "hr", "litmos", "differs", "note"),
    [
        ("JobTitle", "Lead", "Clerk", True, ""),
        ("JobTitle", "Lead", "Lead", False, ""),
        ("JobTitle", "Lead", None, True, ""),
        ("Email", "Ana@example.com", "ana@example.com", False, ""),
        ("CustomField3", "red", "blue", False, SHOWN),
        ("CustomField3", "red", "red", False, SHOWN),
        ("Language", "de", "en", False, CREATED),
        ("Phone", "1", "", True, ""),
        ("Phone", "1", "2", False, ""),
        ("DisableMessages", False, "", False, ""),
    ],
)
def test_what_differs_is_what_a_push_would_mend(field, hr, litmos, differs, note):
    one = lines({field: hr}, {} if litmos is None else {field: litmos})[field]
    assert (one.differs, one.note) == (differs, note)


def test_without_a_user_nothing_differs():
    one = lines({"JobTitle": "Lead"}, None, synced={"JobTitle": "Clerk"})["JobTitle"]
    assert (one.hr, one.synced, one.litmos) == ("Lead", "Clerk", None)
    assert not one.differs
    assert not one.drifted


def test_what_somebody_else_wrote_has_drifted():
    one = lines({"JobTitle": "Lead"}, {"JobTitle": "Nope"}, synced={"JobTitle": "Lead"})["JobTitle"]
    assert (one.differs, one.drifted) == (True, True)


@pytest.mark.parametrize(
    ("links", "litmos", "hr", "differs", "note"),
    [
        ({"00157": "u7"}, "u7", "u7", False, ""),
        ({"00157": "u7"}, "u8", "u7", True, ""),
        ({}, "u8", "00157", False, "has no Litmos user yet"),
    ],
)
def test_a_manager_named_by_employee_id_is_compared_by_todays_link(links, litmos, hr, differs, note):
    found = lines({"Manager": "00157"}, {"ManagerId": litmos}, synced={"Manager": "00157"}, links=links)
    (one,) = found.values()
    assert (one.field, one.hr, one.litmos) == ("ManagerId", hr, litmos)
    assert (one.differs, one.note) == (differs, note)
