"""The full records of all users are kept on disk, as they came."""

import json
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import RefreshError
from syncd.litmos.spool import Spool


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


ROWS = st.lists(
    st.builds(
        lambda user_id, value: {"Id": user_id, "Value": value},
        st.sampled_from("a A b c -d".split()),
        st.none() | st.booleans() | st.text(max_size=3) | st.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=6,
)


@given(pages=st.lists(ROWS, max_size=4), in_memory=st.sampled_from([1, 60, 100_000]))
def test_records_come_back_as_they_were_put_the_latest_of_each_id(pages, in_memory):
    spool = Spool(in_memory=in_memory)
    expected: dict[str, dict[str, object]] = {}
    for rows in pages:
        spool.put(rows)
        expected.update((row["Id"], row) for row in rows)
    assert list(spool) == list(spool) == list(expected.values())
    assert len(spool) == len(expected)
    assert [spool[place] for place in range(-len(spool), len(spool))] == [*expected.values()] * 2
    assert spool[1:3] == list(expected.values())[1:3]


def test_a_look_in_the_middle_of_another_does_not_disturb_it():
    spool = Spool(in_memory=1)
    spool.put({"Id": each, "Email": each * 20} for each in "abcde")
    seen = []
    for row in spool:
        seen.append(row["Id"])
        assert spool[0]["Id"] == "a"
        if row["Id"] == "b":
            spool.put([{"Id": "a", "Email": "new"}])
    assert seen == list("abcde")
    assert spool[0]["Email"] == "new"


def test_what_is_held_has_no_name_and_is_gone_with_the_spool(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = open_files()
    spool = Spool(in_memory=1)
    spool.put([{"Id": "a", "Email": "canary@example.com"}])
    assert open_files() == before + 1
    assert not list(tmp_path.iterdir())
    del spool
    assert open_files() == before


def test_no_room_for_the_records_is_said_with_what_to_do():
    spool = Spool(in_memory=1)
    spool.put([{"Id": "a"}])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(RefreshError, match=r"after 2 of them\. .*TMPDIR; then: syncd refresh") as caught:
            spool.put([{"Id": "b", "Email": "canary@example.com" * 9}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "canary" not in str(caught.value)
    assert json.loads(json.dumps(spool[0])) == {"Id": "a"}
