"""CSV files that are refused: each with the line, the numbers and what to do; nothing is left behind."""

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import SourceError
from syncd.sources.base import MAX_CELL
from syncd.sources.csvfile import CsvSource
from syncd.sources.settings import CsvSourceSettings
from tests.sources.makers import csv_error, read_csv, workspace_of

AGAIN = "Nothing was planned. Let HR export it again."
OWN = "Every column needs a name of its own; source.positions can give it one."

REFUSED = {
    "no bytes": (
        b"",
        "hr.csv: is empty (no bytes). Nothing was planned. Check whether the HR export ran to its end.",
    ),
    "blank": (
        b"\n \r\n",
        "hr.csv: is empty (blank lines only). Nothing was planned. Check whether the HR export ran to its end.",
    ),
    "header only": (
        b"id,name\n\n",
        "hr.csv: has a header and not one row. An empty export is never taken for 'nobody works here'. "
        + AGAIN,
    ),
    "duplicate header": (
        b"id,name,id\n1,a,2\n",
        f"hr.csv:1: the header names id (columns 1, 3) more than once. {OWN}",
    ),
    "empty header": (
        b"\nid,, ,name\n1,2,3,4\n",
        f"hr.csv:2: the header has no name for column 2, 3 of 4. {OWN}",
    ),
    "wrong delimiter": (
        b"id;name;mail\n1;a;b\n",
        (
            "hr.csv:1: the header has no ',', the declared delimiter. "
            'Hint: it has 2 × semicolon; perhaps `delimiter: ";"`.'
        ),
    ),
    "ragged": (
        b'id,name\n1\n2,"a\nb"\n3,b,c\n4,d\n',
        (
            "hr.csv: 2 rows do not have as many cells as the header:\n"
            "  hr.csv:2: expected 2 cells, found 1\n"
            "  hr.csv:5: expected 2 cells, found 3\n"
            "Nothing was planned. A cell that holds a comma or a line break must be quoted."
        ),
    ),
    "last row too long": (
        b"id,name\n1,a\n2,b,c\n",
        (
            "hr.csv: 1 row does not have as many cells as the header:\n"
            "  hr.csv:3: expected 2 cells, found 3\n"
            "Nothing was planned. A cell that holds a comma or a line break must be quoted."
        ),
    ),
    "truncated in a row": (
        b"id,name,mail\n1,a,b\n2,b",
        "hr.csv:3: the file ends within this row: expected 3 cells, found 2. It is truncated. " + AGAIN,
    ),
    "truncated in quotes": (
        b'id,name\n1,a\n2,"b\n3,c\n',
        (
            "hr.csv:3: a quote opened in this row is never closed: the file is truncated, "
            f"or a quote within a cell is not doubled. {AGAIN}"
        ),
    ),
    "loose quote": (
        b'id,name\n1,a\n2,"b\nc"d\n',
        f"hr.csv:4: text follows a closing quote; a quote within a cell must be doubled. {AGAIN}",
    ),
    "truncated in a character": (
        "id,name\n1,José".encode()[:-1],
        "hr.csv:2: the file ends in the middle of a character (byte 13, read as utf-8): it is truncated. "
        + AGAIN,
    ),
    "nul": (
        b"id,name\n1,a\n2,b\0\n",
        (
            "hr.csv:3: holds a NUL character, so it is no utf-8 text or is damaged. "
            "If the file is UTF-16, declare `encoding: utf-16`."
        ),
    ),
    "nul in quotes": (
        b'id,name\n1,"a\n\0"\n',
        (
            "hr.csv:3: holds a NUL character, so it is no utf-8 text or is damaged. "
            "If the file is UTF-16, declare `encoding: utf-16`."
        ),
    ),
    "utf-16 by its mark": (
        b"\xff\xfe" + "id,name\n1,a\n".encode("utf-16-le"),
        "hr.csv:1: starts with the byte order mark of utf-16, but utf-8 is declared. Declare `encoding: utf-16`.",
    ),
    "cp1252": (
        b"id,name\n1,Ana\n2,Jos\xe9\n",
        (
            "hr.csv:3: 0xe9 (byte 19 of the file) is not valid utf-8, the declared encoding. Hint: the whole file "
            "would decode as cp1252, where the first such byte is 'é'; ask HR, then declare `encoding: cp1252`."
        ),
    ),
    "no encoding at all": (
        b"id,name\n1,\xff\x81\x98\xd2\n",
        (
            "hr.csv:2: 0xff (byte 10 of the file) is not valid utf-8, the declared encoding. Hint: no usual "
            "encoding decodes the whole file; it may be damaged or no text at all."
        ),
    ),
    "large cell": (
        b"id,name\n1,a\n2," + b"x" * (MAX_CELL + 1) + b"\n",
        f"hr.csv:3: a cell of more than 1 MiB begins in this row; perhaps its quote is never closed. {AGAIN}",
    ),
    "large quoted cell": (
        b'id,name\n1,a\n2,"' + b"x\n" * MAX_CELL + b'"\n',
        f"hr.csv:3: a cell of more than 1 MiB begins in this row; perhaps its quote is never closed. {AGAIN}",
    ),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_with_this_message(tmp_path, content, message):
    assert csv_error(tmp_path / "hr.csv", content) == message


@pytest.mark.parametrize("first", [b"0,a\n", b'0,"a"\n'], ids=["few quotes", "many quotes"])
def test_a_fault_after_many_rows_is_found_on_its_line(tmp_path, first):
    def refused(content):
        return csv_error(tmp_path / "hr.csv", b"id,name\n" + first * 40 + content)

    assert refused(b'1,"a\nb"\n\n2\n3,c\n').split("\n")[1] == "  hr.csv:45: expected 2 cells, found 1"
    assert refused(b"1,a\n2").startswith(
        "hr.csv:43: the file ends within this row: expected 2 cells, found 1."
    )
    assert refused(b'1,a\n2,"b').startswith("hr.csv:43: a quote opened in this row is never closed")
    assert refused(b'1,"a\nb"c\n').startswith("hr.csv:43: text follows a closing quote")
    assert refused(b"1,a\n2,b\0\n").startswith("hr.csv:43: holds a NUL character")
    assert refused(b'1,"a\n\0"\n').startswith("hr.csv:43: holds a NUL character")
    large = b"x" * (MAX_CELL + 1)
    assert refused(b"1,a\n2," + large + b"\n").startswith("hr.csv:43: a cell of more than 1 MiB")
    assert refused(b'1,"' + large + b'"\n').startswith("hr.csv:42: a cell of more than 1 MiB")


def test_twenty_ragged_rows_are_named_and_the_others_counted(tmp_path):
    message = csv_error(tmp_path / "hr.csv", b"id,name\n" + b"1\n" * 25)
    assert message.count("expected 2 cells, found 1") == 20
    assert "25 rows do not" in message
    assert "  and 5 more\n" in message


def test_a_utf_8_mark_in_a_file_declared_otherwise(tmp_path):
    assert csv_error(tmp_path / "hr.csv", b"\xef\xbb\xbfid,name\n1,a\n", encoding="cp1252") == (
        "hr.csv:1: starts with the byte order mark of utf-8, but cp1252 is declared. Declare `encoding: utf-8`."
    )


def test_a_fault_far_into_the_file_has_the_right_line_and_byte(tmp_path):
    lines = b"1,\xc3\xa9\xc3\xa9\r\n" * 300_000
    message = csv_error(tmp_path / "hr.csv", b"id,name\n" + lines + b"2,\xe9\n")
    assert f"hr.csv:300002: 0xe9 (byte {8 + len(lines) + 2} of the file)" in message


def test_unknown_encodings(tmp_path):
    for encoding in ("utf-99", "hex"):
        assert csv_error(tmp_path / "hr.csv", b"a,b\n1,2\n", encoding=encoding) == (
            f"encoding '{encoding}' is not known. Usual ones are utf-8, cp1252 (Windows, Western), utf-16."
        )


@given(cut=st.integers(0, 71))
def test_a_file_cut_anywhere_is_refused_or_known_to_be_incomplete_or_ends_after_a_row(cut):
    whole = 'id,name\n1,"Ana, Zoë"\n2,"Bob ""B"" Ng"\n3,José\n4,"two\nlines"\n5,Eve\n'.encode()
    folder = Path(tempfile.mkdtemp())
    try:
        reading = read_csv(folder / "hr.csv", whole[:cut])
    except SourceError:
        return
    finally:
        shutil.rmtree(folder)
    assert not reading.complete or whole[:cut].endswith(b"\n")


def test_a_missing_file_and_a_missing_folder(tmp_path):
    path = tmp_path / "hr.csv"
    assert csv_error(path) == (
        f"{path}: there is no such file (the folder is there, the file is not). "
        "Check the path, and whether the HR export ran."
    )
    gone = tmp_path / "gone" / "hr.csv"
    with pytest.raises(SourceError, match=f"there is no folder {gone.parent}"):
        CsvSource(CsvSourceSettings(name="hr", path=gone)).read(tmp_path)


def test_a_folder_a_pipe_and_a_link(tmp_path):
    folder, pipe, link = tmp_path / "folder", tmp_path / "pipe", tmp_path / "link"
    folder.mkdir()
    os.mkfifo(pipe)
    link.symlink_to(tmp_path.parent / "hr.csv")
    (tmp_path.parent / "hr.csv").write_bytes(b"a,b\n1,2\n")
    assert csv_error(folder) == f"{folder}: is a folder, not a file. Give the path of the file in it."
    assert csv_error(pipe) == (
        f"{pipe}: is no regular file (a pipe, socket or device). Give the path of a CSV file."
    )
    assert (
        csv_error(link)
        == f"{link}: is a symbolic link out of its folder, which is not followed. Give the path of the file itself."
    )


def test_no_permission(tmp_path):
    script = """
        import os, sys, pathlib
        from syncd.errors import SourceError
        from syncd.sources.privatecopy import copy_privately
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            copy_privately(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
        except SourceError as error:
            print(error)
    """
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        path = folder / "hr.csv"
        path.write_bytes(b"a,b\n1,2\n")
        path.chmod(0)
        done = _python(script, str(path), str(folder))
        assert done.startswith(f"{path}: may not be read by the user that syncd runs as (uid ")
        assert done.endswith("Give this user read permission on the file and its folders.\n")
        if os.geteuid() == 0:
            path.chmod(0o644)
            assert "the private copy cannot be made there (Permission denied)" in _python(
                script, str(path), str(folder)
            )
    finally:
        shutil.rmtree(folder)


def test_disk_full_while_copying(tmp_path):
    script = """
        import os, pathlib, resource, signal, sys
        from syncd.errors import SourceError
        from syncd.sources.privatecopy import copy_privately
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            copy_privately(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
        except SourceError as error:
            print(error, os.listdir(sys.argv[2]))
    """
    path = tmp_path / "hr.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100_000)
    workspace = workspace_of(path)
    assert _python(script, str(path), str(workspace)) == (
        f"{path}: no room for the private copy in {workspace} ({os.strerror(errno.EFBIG)}). Nothing was planned. "
        "Free some space there, then run again. []\n"
    )


@pytest.mark.parametrize("change", ["appended", "rewritten", "replaced", "removed"])
def test_a_file_that_is_being_written_while_it_is_read(tmp_path, change):
    path = tmp_path / "hr.csv"
    path.write_bytes(b"a,b\n1,2\n")
    os.utime(path, (1000, 1000))
    other = tmp_path / "new.csv"
    other.write_bytes(b"a,b\n1,2\n")

    def meanwhile(seconds):
        assert seconds == 5.0
        if change == "appended":
            path.write_bytes(b"a,b\n1,2\n3,4\n")
        elif change == "rewritten":
            path.write_bytes(b"a,b\n1,3\n")
        elif change == "replaced":
            other.replace(path)
        else:
            path.unlink()

    settings = CsvSourceSettings(name="hr", path=path, settle_seconds=5.0)
    source = CsvSource(settings, clock=lambda: 1004.0, sleep=meanwhile)
    with pytest.raises(SourceError) as caught:
        source.read(workspace_of(path))
    words = {"appended": "changed", "rewritten": "changed"}.get(change, f"was {change}")
    assert f"{path}: {words} while it was read" in str(caught.value)
    assert "Let the export write under another name and rename when it is done" in str(caught.value)
    assert list(workspace_of(path).iterdir()) == []


def test_an_old_file_is_not_waited_for(tmp_path):
    path = tmp_path / "hr.csv"
    path.write_bytes(b"a,b\n1,2\n")
    os.utime(path, (1000, 1000))
    waited: list[float] = []
    source = CsvSource(
        CsvSourceSettings(name="hr", path=path, settle_seconds=5.0), clock=lambda: 1005.0, sleep=waited.append
    )
    assert source.read(workspace_of(path)).rows == 1
    assert waited == []
    assert stat.S_ISREG(path.stat().st_mode)


def _python(script: str, *arguments: str) -> str:
    """What a Python of its own prints for this script."""
    command = [sys.executable, "-c", textwrap.dedent(script), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path.cwd()).stdout
