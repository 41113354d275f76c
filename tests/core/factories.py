"""Small makers of core values for the tests of the core."""

from collections.abc import Mapping

from syncd.core.model import (
    Employee,
    FieldValue,
    Item,
    ItemKey,
    ItemKind,
    ItemName,
    ItemWish,
    Status,
    User,
    Wish,
)


def path_key(item_id: str) -> ItemKey:
    """A learning path by its id."""
    return ItemKey(ItemKind.LEARNING_PATH, item_id)


def course_key(item_id: str) -> ItemKey:
    """A course by its id."""
    return ItemKey(ItemKind.COURSE, item_id)


def path_name(name: str) -> ItemName:
    """A learning path as a rule names it."""
    return ItemName(ItemKind.LEARNING_PATH, name)


def course_name(name: str) -> ItemName:
    """A course as a rule names it."""
    return ItemName(ItemKind.COURSE, name)


def learning_path(item_id: str, name: str, *, active: bool = True) -> Item:
    """A learning path as Litmos lists it."""
    return Item(key=path_key(item_id), name=name, active=active)


def course(item_id: str, name: str, *, active: bool = True) -> Item:
    """A course as Litmos lists it."""
    return Item(key=course_key(item_id), name=name, active=active)


def employee(
    employee_id: str = "E1",
    *,
    status: Status = Status.ACTIVE,
    teams: tuple[tuple[str, ...], ...] = (),
    paths: tuple[str, ...] = (),
    courses: tuple[str, ...] = (),
    strict: bool = False,
    in_scope: bool = True,
    muted: bool = False,
    doubts: tuple[str, ...] = (),
    **fields: FieldValue,
) -> Employee:
    """An Employee with a UserName made from the id unless given."""
    values: dict[str, FieldValue] = {
        "UserName": f"{employee_id.lower()}@example.com",
        "ExternalEmployeeId": employee_id,
        **fields,
    }
    return Employee(
        employee_id=employee_id,
        status=status,
        fields=values,
        teams=tuple(Wish(names=names, rule="teams[0]", strict=strict) for names in teams),
        items=(
            *(ItemWish(item=path_name(name), rule="learning_paths[0]") for name in paths),
            *(ItemWish(item=course_name(name), rule="courses[0]") for name in courses),
        ),
        in_scope=in_scope,
        muted=muted,
        doubts=doubts,
        origin=f"hr.csv:{employee_id}",
    )


def user(user_id: str, *, active: bool = True, **fields: FieldValue) -> User:
    """A Litmos user with these profile fields."""
    return User(id=user_id, active=active, fields=fields)


def user_of(person: Employee, user_id: str, *, active: bool = True, **changed: FieldValue) -> User:
    """The Litmos user that this Employee already became."""
    fields: Mapping[str, FieldValue] = {**person.fields, **changed}
    return User(id=user_id, active=active, fields=fields)
