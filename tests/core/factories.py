"""Small makers of core values for the tests of the core."""

from collections.abc import Mapping

from syncd.core.model import Employee, FieldValue, Status, User, Wish


def employee(
    employee_id: str = "E1",
    *,
    status: Status = Status.ACTIVE,
    teams: tuple[tuple[str, ...], ...] = (),
    paths: tuple[str, ...] = (),
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
        learning_paths=tuple(Wish(names=(p,), rule="learning_paths[0]", strict=strict) for p in paths),
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
