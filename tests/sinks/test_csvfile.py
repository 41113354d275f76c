"""The CSV sink: whole or not at all, the same again on redelivery, harmless in a spreadsheet."""

import csv
import errno
import io
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import SinkError
from syncd.sinks import open_sink
from syncd.sinks.base import CsvSinkSettings, SinkMode
from syncd.sinks.csvfile import FORMULA_STARTS, CsvSink, defuse
from tests.needs import need

ROWS = [
    {"employee_id": "007", "object_name": "Safety, basic"},
    {"employee_id": "008", "object_name": 'A "B"\nC'},
]
COLUMNS = {"Id": "employee_id", "Course": "object_name"}
TEXT = b'Id,Course\r\n007,"Safety, basic"\r\n008,"A ""B""\nC"\r\n'


def settings_for(path, **more) -> CsvSinkSettings:
    """A full file of two columns unless told otherwise."""
    values = {"name": "back", "path": path, "columns": COLUMNS, "mode": SinkMode.FULL, **more}
    return CsvSinkSettings(**values)


def test_a_full_file_is_replaced_and_readable_by_its_owner_alone(tmp_path):
    path = tmp_path / "results.csv"
    path.write_bytes(b"old")
    sink = open_sink(settings_for(path))
    assert sink.wants_everything
    sink.deliver("b-1", ROWS)
    assert path.read_bytes() == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sink.deliver("b-2", ROWS[:1])
    assert path.read_bytes() == b'Id,Course\r\n007,"Safety, basic"\r\n'
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.csv"]


def test_a_delta_is_one_file_per_batch_and_redelivery_overwrites_it(tmp_path):
    sink = open_sink(settings_for(tmp_path / "results-{batch}.csv", mode=SinkMode.DELTA))
    assert not sink.wants_everything
    sink.deliver("b-1", ROWS[:1])
    sink.deliver("b-2", [])
    sink.deliver("b-1", ROWS)
    assert (tmp_path / "results-b-1.csv").read_bytes() == TEXT
    assert (tmp_path / "results-b-2.csv").read_bytes() == b"Id,Course\r\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_permissions_line_end_delimiter_and_encoding_are_settings(tmp_path):
    path = tmp_path / "results.csv"
    rows = [{"employee_id": "é", "object_name": "a;b\rc"}]
    CsvSink(settings_for(path, permissions=0o640, line_end="\n", delimiter=";", encoding="utf-16")).deliver(
        "b", rows
    )
    assert path.read_bytes() == 'Id;Course\né;"a;b\rc"\n'.encode("utf-16")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_formulas_are_defused_unless_raw(tmp_path, start):
    path = tmp_path / "results.csv"
    rows = [{"employee_id": "1", "object_name": f"{start}cmd|' /C calc'!A0"}]
    CsvSink(settings_for(path)).deliver("b", rows)
    assert _parsed(path)[1] == ["1", f"'{start}cmd|' /C calc'!A0"]
    CsvSink(settings_for(path, raw=True)).deliver("b", rows)
    assert _parsed(path)[1] == ["1", rows[0]["object_name"]]


CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(
    "=+-@\t\r\n\0'\",;a", max_size=5
)


@given(
    cells=st.lists(st.tuples(CELL, CELL), max_size=5), delimiter=st.sampled_from(",;\t|"), raw=st.booleans()
)
def test_any_text_comes_back_and_no_cell_starts_a_formula(cells, delimiter, raw):
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "results.csv"
        rows = [dict(zip(COLUMNS.values(), pair, strict=True)) for pair in cells]
        CsvSink(settings_for(path, delimiter=delimiter, raw=raw)).deliver("b", rows)
        found = _parsed(path, delimiter)
    finally:
        shutil.rmtree(folder)
    assert found == [list(COLUMNS), *([cell if raw else defuse(cell) for cell in pair] for pair in cells)]
    assert raw or not any(cell.startswith(tuple("=+-@\t\r\0＝＋－＠")) for row in found for cell in row)


def _parsed(path, delimiter=","):
    return list(
        csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), delimiter=delimiter, strict=True)
    )


def test_what_cannot_be_written_leaves_the_old_file_and_says_what_stays_pending(tmp_path):
    path = tmp_path / "results.csv"
    path.write_bytes(b"old")
    pending = "Batch b-1 (2 rows) stays pending and is delivered again."
    rows = [{"employee_id": "1", "object_name": "a"}, {"employee_id": "2", "object_name": "日"}]
    assert _refused(settings_for(path, encoding="cp1252"), rows) == (
        f"{path}: row 2 (not counting the header) holds U+65E5, which cp1252 cannot write. "
        f"Declare `encoding: utf-8` for this sink. {pending}"
    )
    assert _refused(settings_for(path), [{"employee_id": "1"}, {}]) == (
        f"{path}: row 1 has no value for Course (from object_name); rows have: employee_id. {pending}"
    )
    unwritable: dict[str, dict[str, object]] = {
        "the header": {"columns": {"日": "employee_id"}},
        "the trailer": {"trailer": "日"},
    }
    for what, settings in unwritable.items():
        assert f"{what} holds U+65E5" in _refused(settings_for(path, encoding="cp1252", **settings), rows[:1])
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.csv"]


def test_folders_that_are_missing_or_in_the_way(tmp_path):
    pending = "Batch b-1 (2 rows) stays pending and is delivered again."
    gone = tmp_path / "gone" / "results.csv"
    assert _refused(settings_for(gone), ROWS) == (
        f"{gone}: there is no folder {gone.parent}. Make it, or correct the path. {pending}"
    )
    folder = tmp_path / "results.csv"
    folder.mkdir()
    assert (
        _refused(settings_for(folder), ROWS)
        == f"{folder}: is a folder; the path must be that of a file. {pending}"
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.csv"]


@pytest.mark.parametrize("batch_id", ["", "../b", "a/b", ".b", "a\n", "x" * 101])
def test_batch_ids_that_are_no_file_names(tmp_path, batch_id):
    sink = CsvSink(settings_for(tmp_path / "{batch}.csv", mode=SinkMode.DELTA))
    with pytest.raises(SinkError, match="a batch id may hold letters"):
        sink.deliver(batch_id, ROWS)
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_file_of_a_process_that_died_is_removed_when_it_is_old(tmp_path):
    old, young, other = (
        tmp_path / ".results.csv.a.part",
        tmp_path / ".results.csv.b.part",
        tmp_path / ".x.csv.c.part",
    )
    for path in (old, young, other):
        path.write_bytes(b"")
    os.utime(old, (1, 1))
    os.utime(other, (1, 1))
    CsvSink(settings_for(tmp_path / "results.csv")).deliver("b", ROWS)
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)


DELIVER = """
    import pathlib, signal, sys
    from syncd.errors import SinkError
    from syncd.sinks.base import CsvSinkSettings, SinkMode
    from syncd.sinks.csvfile import CsvSink
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    settings = CsvSinkSettings(
        name="back", path=pathlib.Path(sys.argv[1]), columns={"Id": "employee_id"}, mode=SinkMode.FULL
    )
    try:
        CsvSink(settings).deliver("b-1", [{"employee_id": "x" * 50}] * 4000)
        print("delivered")
    except SinkError as error:
        print(error)
"""


def _limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk_leaves_the_old_file_and_the_batch_is_delivered_once_there_is_room(tmp_path):
    path = tmp_path / "results.csv"
    path.write_bytes(b"old")
    command = [sys.executable, "-c", textwrap.dedent(DELIVER), str(path)]
    full = subprocess.run(command, check=True, capture_output=True, text=True, preexec_fn=_limit_file_size)
    assert full.stdout == (
        f"{path}: no room to write the file ({os.strerror(errno.EFBIG)}). The file is as it was. "
        "Free some space there. Batch b-1 (4000 rows) stays pending and is delivered again.\n"
    )
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.csv"]
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert again.stdout == "delivered\n"
    assert len(path.read_bytes().splitlines()) == 4001


def test_a_really_full_disk(tmp_path):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)], check=False)
    need("tmpfs", available=mounted.returncode == 0, install="run as root where mount is allowed")
    try:
        message = _refused(settings_for(tmp_path / "r.csv"), [{**ROWS[0], "object_name": "x" * 100_000}])
        assert "no room to write the file (No space left on device)" in message
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_readers_never_see_a_part_even_if_the_process_is_killed(tmp_path):
    path = tmp_path / "results.csv"
    path.write_bytes(b"old")
    script = textwrap.dedent(DELIVER).replace(
        "try:", "import os\nos.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)\ntry:"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(path)], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    CsvSink(settings_for(path)).deliver("b-1", ROWS)
    assert path.read_bytes() == TEXT


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": SinkMode.DELTA},
        {"path": Path("/x/{batch}.csv")},
        {"path": Path("/x/{batch}/{batch}.csv"), "mode": SinkMode.DELTA},
        {"columns": {}},
        {"delimiter": "||"},
        {"encoding": "utf-99"},
        {"line_end": "\r"},
    ],
)
def test_settings_that_contradict_each_other(wrong):
    with pytest.raises(ValueError, match=r"must|needs|not known|lines end"):
        settings_for(**{"path": Path("/x/results.csv"), **wrong})


def _refused(settings, rows):
    """The message with which the batch b-1 is refused."""
    padded = [*rows, *rows][:2]
    with pytest.raises(SinkError) as caught:
        CsvSink(settings).deliver("b-1", padded)
    return str(caught.value)
