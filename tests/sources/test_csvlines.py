"""Lines of a file that are taken many at a time: the same as Python reads them one by one, wherever a block ends."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.sources import csvlines
from syncd.sources.base import row_hash
from syncd.sources.csvlines import Lines, line_hashes

TEXT = st.text(st.sampled_from("ab,\r\n\u2028\x0bé€😀"), max_size=40)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT, codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), block=st.integers(4, 20))
def test_lines_are_those_that_python_reads(tmp_path, monkeypatch, text, codec, block):
    monkeypatch.setattr(csvlines, "BLOCK", block)
    path = tmp_path / "hr.csv"
    path.write_bytes(text.encode(codec))
    read = "utf-8-sig" if codec == "utf-8" else codec
    with path.open(encoding=read, newline="") as file:
        wanted = list(file)
    assert list(Lines(path, read)) == wanted
    together, lines = [], Lines(path, read)
    while some := lines.take().lines:
        together += some
    assert [line.decode() for line in together] == wanted
    assert line_hashes(together) == list(map(row_hash, wanted))


def test_what_was_taken_one_by_one_is_not_taken_again(tmp_path):
    path = tmp_path / "hr.csv"
    path.write_bytes(b"a\nb\r\nc\n")
    lines = Lines(path, "utf-8-sig")
    assert next(lines) == "a\n"
    block = lines.take()
    assert block.lines == [b"b\r\n", b"c\n"]
    lines.give_back(block)
    assert list(lines) == ["b\r\n", "c\n"]
    assert lines.take().lines == []


@pytest.mark.parametrize("data", [b"a\n\xff\n", b"a\n\xc3", "aé".encode()[:-1] + b"\nb"])
def test_what_is_not_in_the_codec_is_an_error(tmp_path, monkeypatch, data):
    monkeypatch.setattr(csvlines, "BLOCK", 4)
    path = tmp_path / "hr.csv"
    path.write_bytes(data)
    with pytest.raises(UnicodeError):
        list(Lines(path, "utf-8-sig"))
