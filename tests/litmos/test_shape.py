from typing import Any

import pytest

from syncd.errors import Transient
from syncd.litmos import shape
from tests.litmos.test_target import person

NO_TEXT: list[Any] = [True, 7.5, [], {}, ["a"], {"a": "b"}]
NO_TRUTH: list[Any] = ["maybe", "1", 7, 1, [], {}, "yes"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("FirstName", value) for value in [*NO_TEXT, 7]),
        *(("LoginKey", value) for value in NO_TEXT),
        ("ExternalEmployeeId", True),
        ("ExternalEmployeeId", []),
        *(("Active", value) for value in [*NO_TRUTH, None, ""]),
        *(("DisableMessages", value) for value in NO_TRUTH),
    ],
)
def test_a_member_of_another_type_makes_a_record_unusable(member, value):
    assert member in shape.flaw(person(**{member: value}))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("PostalCode", 94521),
        ("ExternalEmployeeId", 17043521),
        ("Points", 0.0),
        ("Active", "true"),
        ("DisableMessages", "False"),
        ("DisableMessages", None),
        ("Skype", None),
        ("New in 2030", {"x": [1]}),
    ],
)
def test_what_the_vendor_shows_and_what_nobody_knows_is_no_flaw(member, value):
    assert shape.flaw(person(**{member: value})) == ""


@pytest.mark.parametrize("value", [*NO_TEXT, 7])
def test_a_text_of_another_type_is_doubtful(value):
    with pytest.raises(Transient):
        shape.text({"Name": value}, "Name")


@pytest.mark.parametrize("row", [{}, {"Name": None}, {"Name": " "}, {"Name": 7}])
def test_a_team_always_has_a_name(row):
    with pytest.raises(Transient):
        shape.name(row)


@pytest.mark.parametrize("row", [{}, *({"Completed": value} for value in [*NO_TRUTH, None])])
def test_whether_something_is_completed_is_never_guessed(row):
    with pytest.raises(Transient):
        shape.truth(row, "Completed", "Complete")


@pytest.mark.parametrize(
    ("value", "number"), [(None, None), ("", None), ("40.5", 40.5), (0, 0.0), (-1, 0.0), (101, 100.0)]
)
def test_a_percentage_is_a_number_or_a_text(value, number):
    assert shape.percent({"PercentageComplete": value}) == number


@pytest.mark.parametrize("value", ["nan", "inf", "half", True, [], 10**400])
def test_a_percentage_that_is_none_is_doubtful(value):
    with pytest.raises(Transient):
        shape.percent({"PercentageComplete": value})
