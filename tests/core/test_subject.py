"""What a name means: one thing, or it is asked back; never a guess."""

import pytest

from syncd.core.model import Action, Change, Item, ItemKey, ItemKind, ItemName, ObjectKind
from syncd.core.subject import Subject, SubjectKind, find_subject
from syncd.errors import Declined
from tests.core.factories import path_key

TEAMS = (("EMEA", "Sales"), ("APAC", "Sales"), ("Everyone",), ("City",))
NAMES = {"p1": "Welcome", "p2": "Safety", "p3": "Safety"}
PATH_ITEMS = [Item(key=path_key(path_id), name=name) for path_id, name in NAMES.items()]
COURSES = [
    Item(key=ItemKey(ItemKind.COURSE, "c1"), name="Fire Drill"),
    Item(key=ItemKey(ItemKind.COURSE, "c2"), name="Welcome"),
]
RULED = [ItemName(ItemKind.LEARNING_PATH, "Leadership"), ItemName(ItemKind.COURSE, "Ethics")]


def find(about: str, *own: str) -> Subject:
    return find_subject(about, teams=TEAMS, own=own, items=[*COURSES, *PATH_ITEMS], ruled=RULED)


@pytest.mark.parametrize(
    ("about", "own", "kind", "key"),
    [
        ("", (), SubjectKind.PERSON, ""),
        ("  ", (), SubjectKind.PERSON, ""),
        ("jobtitle", (), SubjectKind.FIELD, "JobTitle"),
        ("City", (), SubjectKind.FIELD, "City"),
        ("everyone", (), SubjectKind.TEAM, "everyone"),
        ("EMEA > Sales", (), SubjectKind.TEAM, "emea/sales"),
        ("apac/sales", (), SubjectKind.TEAM, "apac/sales"),
        ("Sales", ("apac/sales",), SubjectKind.TEAM, "apac/sales"),
        ("welcome", (), SubjectKind.PATH, "learning_path:p1"),
        ("p3", (), SubjectKind.PATH, "learning_path:p3"),
        ("fire drill", (), SubjectKind.COURSE, "course:c1"),
        ("course:c2", (), SubjectKind.COURSE, "course:c2"),
        ("Ethics", (), SubjectKind.COURSE, "Ethics"),
        ("Leadership", (), SubjectKind.PATH, "Leadership"),
    ],
)
def test_one_thing_is_meant(about, own, kind, key):
    found = find(about, *own)
    assert (found.kind, found.key) == (kind, key)


@pytest.mark.parametrize(
    ("about", "own", "why"),
    [
        ("Sales", (), '2 teams are named Sales; name one in full: "EMEA > Sales", "APAC > Sales"'),
        ("Sales", ("apac/sales", "emea/sales"), "2 teams are named Sales"),
        ("Safety", (), "2 learning paths are named Safety; name one by its id: p2, p3"),
        ("JobTitel", (), "did you mean JobTitle"),
        ("Nonsense", (), "Nonsense is no field, team, learning path or course that is known"),
    ],
)
def test_nothing_or_too_much_is_meant(about, own, why):
    with pytest.raises(Declined, match=why):
        find(about, *own)


def change(kind: ObjectKind = ObjectKind.USER, action: Action = Action.UPDATE, **parts: object) -> Change:
    return Change(key="k", action=action, kind=kind, employee_id="E1", **parts)  # type: ignore[arg-type]  # as given


TITLE = change(after={"JobTitle": "Lead"}, before={"JobTitle": "Rep"})
JOIN = change(ObjectKind.MEMBERSHIP, Action.ADD, team=("EMEA", "Sales"), gives=(path_key("p1"),))
LEAVE = change(ObjectKind.MEMBERSHIP, Action.REMOVE, team=("Everyone",), takes=(path_key("p2"),))
GIVE = change(ObjectKind.ASSIGNMENT, Action.ADD, item=path_key("p1"))
NEW = change(action=Action.CREATE, after={"UserName": "ana"})
OFF = change(action=Action.DEACTIVATE, before={"Active": True}, after={"Active": False})


@pytest.mark.parametrize(
    ("about", "concerned"),
    [
        ("", {"title", "join", "leave", "give", "new", "off"}),
        ("JobTitle", {"title", "new"}),
        ("City", {"new"}),
        ("EMEA > Sales", {"join"}),
        ("Everyone", {"leave"}),
        ("Welcome", {"join", "give"}),
        ("p2", {"leave"}),
    ],
)
def test_which_changes_are_about_it(about, concerned):
    changes = {"title": TITLE, "join": JOIN, "leave": LEAVE, "give": GIVE, "new": NEW, "off": OFF}
    assert {name for name, one in changes.items() if find(about).concerns(one)} == concerned
