import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.profile import (
    PROFILE_FIELDS,
    PROFILE_ORDER,
    WRITABLE_FIELDS,
    FieldKind,
    normalise,
    normalise_profile,
)


@pytest.mark.parametrize(
    ("name", "value", "normal"),
    [
        ("FirstName", None, ""),
        ("FirstName", "", ""),
        ("FirstName", "  Ann ", "Ann"),
        ("FirstName", "Jose\u0301", "José"),
        ("ExternalEmployeeId", 17043521, "17043521"),
        ("ExternalEmployeeId", "007", "007"),
        ("ManagerId", "0", ""),
        ("ManagerId", 0, ""),
        ("ManagerId", "-bA-I8jb-tXUrvqglbdc1A2", "-bA-I8jb-tXUrvqglbdc1A2"),
        ("CustomField1", "0", "0"),
        ("ExpirationDate", "2026-12-31", "2026-12-31T00:00:00Z"),
        ("ExpirationDate", "2026-12-31T01:00:00+01:00", "2026-12-31T00:00:00Z"),
        ("ExpirationDate", "2026-12-31T00:00:00.000+0000", "2026-12-31T00:00:00Z"),
        ("ExpirationDate", "soon", "soon"),
        ("DisableMessages", None, False),
        ("DisableMessages", "True", True),
        ("DisableMessages", "false", False),
        ("DisableMessages", 1, True),
        ("DisableMessages", True, True),
    ],
)
def test_the_normal_form_of_a_value(name, value, normal):
    assert normalise(name, value) == normal
    assert type(normalise(name, value)) is type(normal)


def test_a_boolean_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="Active"):
        normalise("Active", "perhaps")


@given(
    st.text(),
    st.sampled_from([name for name, spec in WRITABLE_FIELDS.items() if spec.kind is FieldKind.TEXT]),
)
def test_normalising_twice_is_normalising_once(text, name):
    once = normalise(name, text)
    assert normalise(name, once) == once


def test_a_profile_has_all_writable_fields_and_no_others():
    normal = normalise_profile({"Id": "X", "UserName": "ann", "LoginKey": "secret", "Surprise": 1})
    assert set(normal) == set(WRITABLE_FIELDS)
    assert normal["UserName"] == "ann"
    assert normal["Email"] == ""
    assert normal["DisableMessages"] is False


def test_secrets_and_computed_fields_are_not_writable():
    for name in ("Id", "Active", "FullName", "LoginKey", "Password", "OriginalId", "ManagerName", "Points"):
        assert not PROFILE_FIELDS[name].writable


def test_the_order_is_the_recorded_one():
    assert PROFILE_ORDER[:6] == ("Id", "UserName", "FirstName", "LastName", "FullName", "Email")
    assert PROFILE_ORDER.index("Culture") == PROFILE_ORDER.index("CustomField3") + 1
    assert PROFILE_ORDER[-1] == "ProfileType"
    assert len(set(PROFILE_ORDER)) == 53
