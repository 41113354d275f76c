from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.profile import PROFILE_ORDER
from syncd.litmos.wire import (
    date_out,
    decoded,
    full_record,
    header_date,
    holds,
    instant,
    new_record,
    offset_of,
    query_time,
    unescaped,
)

MOMENT = datetime(2020, 10, 26, 23, 52, 39, 593000, tzinfo=UTC)

RECORD = {
    "Id": "Oe4zZK7ZntpWn8FLGZTxuw2",
    "UserName": "ann@example.com",
    "FirstName": "Ann",
    "LastName": "Lee",
    "FullName": "Ann Lee",
    "Email": "ann@example.com",
    "AccessLevel": "Learner",
    "DisableMessages": False,
    "Active": True,
    "Skype": None,
    "LastLogin": "",
    "IsCustomUsername": "false",
    "OriginalId": 22584109,
    "CustomField3": "three",
    "Culture": "en-US",
    "CustomField4": "four",
    "Points": 0,
    "ManagerId": "0",
    "Surprise": "kept",
}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (None, None),
        ("", None),
        ("/Date(1603756359593)/", MOMENT),
        ("/Date(1603756359593-0500)/", MOMENT),
        ("/Date(1603756359593+1030)/", MOMENT),
        ("/Date(-1)/", datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
        ("/Date(-62135596800000)/", None),
        ("/Date(-62135596800000-0600)/", None),
        ("/Date(99999999999999999)/", None),
        ("2020-10-26T23:52:39.593Z", MOMENT),
        ("2020-10-26T23:52:39.5930000Z", MOMENT),
        ("2020-10-26T23:52:39.593", MOMENT),
        ("2020-10-26T23:52:39.593+0000", MOMENT),
        ("2020-10-26T18:52:39.593-05:00", MOMENT),
        ("2016-12-09", datetime(2016, 12, 9, tzinfo=UTC)),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+10:00", None),
    ],
)
def test_both_forms_of_a_date(text, moment):
    assert instant(text) == moment


@pytest.mark.parametrize(
    "text", ["yesterday", "/Date()/", "/Date(1603756359593", "12/31/2020", "true", 20240101, True, [], {}]
)
def test_what_is_no_date_is_an_error(text):
    with pytest.raises(ValueError):
        instant(text)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(-(10**12), 2 * 10**14).map(lambda ms: EPOCH + timedelta(milliseconds=ms))


@given(MOMENTS)
def test_a_date_survives_the_round_trip(moment):
    assert instant(date_out(moment)) == moment


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_an_iso_date_survives_in_any_zone(moment, minutes):
    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert instant(local.isoformat()) == moment


def test_a_query_time_is_utc():
    local = MOMENT.astimezone(timezone(timedelta(hours=-5)))
    assert query_time(local) == "2020-10-26 23:52:39"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("R&amp;D", "R&D"),
        ("O&#39;Neil", "O'Neil"),
        ("O&#x27;Neil", "O'Neil"),
        ("&lt;b&gt;", "<b>"),
        ("&amp;amp;", "&amp;"),
        ("AT&T", "AT&T"),
        ("a &copy 2026", "a &copy 2026"),
        ("&notathing;", "&notathing;"),
        ("Tom & Jerry; Co", "Tom & Jerry; Co"),
        ("AT&T &amp; Co", "AT&T &amp; Co"),
        ("<b> &amp; Co", "<b> &amp; Co"),
        ('the "&amp;" sign', 'the "&amp;" sign'),
        ("M&uuml;ller", "Müller"),
    ],
)
def test_entities_are_undone_once_and_only_whole_ones(text, plain):
    assert unescaped(text) == plain


@given(st.text())
def test_what_litmos_escaped_comes_back(text):
    import html

    assert unescaped(html.escape(text)) == text


def test_a_decoded_row_has_its_keys_put_right_and_no_secrets():
    row = decoded(
        {
            "FirstName": "D&#39;Arcy",
            "Points": 3,
            "Skype": None,
            "EnableTextNotifications": True,
            "LoginKey": "https://x.litmos.com/login.aspx?loginkey=9e9f",
            "Password": "x",
        }
    )
    assert row == {
        "FirstName": "D'Arcy",
        "Points": 3,
        "Skype": None,
        "EnableTextNotification": True,
        "LoginKey": "",
        "Password": "",
    }


def test_a_full_record_sends_everything_again_in_order_with_the_change_laid_over():
    record = full_record(RECORD, {"LastName": "Ng", "JobTitle": "Chef"}, active=False)
    known = [name for name in record if name in PROFILE_ORDER]
    assert known == sorted(known, key=PROFILE_ORDER.index)
    assert list(record)[-1] == "Surprise"
    assert record["LastName"] == "Ng"
    assert record["JobTitle"] == "Chef"
    assert record["Active"] is False
    assert record["Skype"] is None, "null is not made blank"
    assert record["IsCustomUsername"] is False
    assert record["ManagerId"] == ""
    assert (record["LoginKey"], record["Password"], record["FullName"]) == ("", "", "")
    untouched = set(RECORD) - {"LastName", "Active", "IsCustomUsername", "ManagerId", "FullName"}
    assert {name: record[name] for name in untouched} == {name: RECORD[name] for name in untouched}


def test_a_full_record_leaves_active_as_it_is():
    assert full_record({**RECORD, "Active": False}, {})["Active"] is False


def test_a_new_record_has_what_litmos_requires():
    record = new_record({"UserName": "ann@example.com", "LastName": "Lee", "CustomField2": "x"})
    assert (record["Id"], record["Active"], record["AccessLevel"]) == ("", True, "Learner")
    assert record["IsCustomUsername"] is False
    assert list(record)[-1] == "CustomField2"
    assert new_record({"UserName": "annlee"})["IsCustomUsername"] is True
    assert new_record({"UserName": "annlee", "IsCustomUsername": False})["IsCustomUsername"] is False


def test_holding_values_is_judged_in_the_normal_form():
    caseless = frozenset({"Email"})
    assert holds(
        RECORD, {"ManagerId": "", "Skype": "", "Email": "ANN@example.com", "FirstName": "Ann "}, caseless
    )
    assert not holds(RECORD, {"FirstName": "ann"}, caseless)
    assert not holds(RECORD, {"ManagerId": "X"}, caseless)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("/Date(1603756359593-0500)/", -300),
        ("/Date(1603756359593+1030)/", 630),
        ("/Date(1603756359593)/", None),
        ("2026-11-24T12:00:00", None),
        (None, None),
    ],
)
def test_the_offset_that_a_date_shows(text, minutes):
    assert offset_of(text) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue, 24 Nov 2026 12:00:00 GMT", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("Tue, 24 Nov 2026 12:00:00 -0000", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("Tue, 24 Nov 2026 14:00:00 +0200", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("Tue, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_the_date_of_a_header(text, moment):
    assert header_date(text) == moment
