"""Which file is read: the newest of a pattern, one that is ready, one that a link within the folder leads to; and unpacked."""

import gzip
import hashlib
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.errors import SourceError
from syncd.sources.privatecopy import PrivateCopy
from syncd.sources.unpacking import Caps, unpacked
from tests.sources.makers import csv_error, origins, read_csv

GOOD = b"id,name\n1,Ana\n"


def put(folder: Path, name: str, *, at: int = 1000, content: bytes = GOOD) -> Path:
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


@pytest.mark.parametrize(
    ("newest", "expected"), [("name", "export_3.csv:2"), ("modified", "export_2[x].csv:2")]
)
def test_the_newest_of_a_pattern_is_read(newest, expected, tmp_path):
    for name, at in (("export_1.csv", 10), ("export_2[x].csv", 30), ("export_3.csv", 20)):
        put(tmp_path, name, at=at)
    put(tmp_path, "xexport_9.csv", at=99)
    put(tmp_path, "export_9.csv.part", at=99)
    (tmp_path / "export_99.csv").mkdir()
    assert origins(read_csv(tmp_path / "export_*.csv", newest=newest)) == [expected]


def test_what_cannot_be_told_is_refused(tmp_path):
    path = tmp_path / "export_*.csv"
    assert "no file of that name is there" in csv_error(path, newest="name")
    put(tmp_path, "export_1.csv")
    put(tmp_path, "export_2.csv")
    assert "export_1.csv and export_2.csv were written at the same time" in csv_error(path, newest="modified")


def test_a_file_waits_for_its_marker(tmp_path):
    path = put(tmp_path, "hr.csv", at=1000)
    assert "hr.done, which says that it is whole, is not there yet" in csv_error(path, marker="{stem}.done")
    put(tmp_path, "hr.done", at=999)
    assert "hr.done is older than it" in csv_error(path, marker="{stem}.done")
    put(tmp_path, "hr.done", at=1000)
    assert origins(read_csv(path, marker="{stem}.done")) == ["hr.csv:2"]


def test_the_newest_that_is_ready_is_read(tmp_path):
    pattern, marker = tmp_path / "hr_*", "{name}.done"
    put(tmp_path, "hr_1.csv")
    put(tmp_path, "hr_2.csv")
    message = csv_error(pattern, newest="name", marker=marker)
    assert "no file of that name is ready; of hr_2.csv: hr_2.csv.done, which says that it is whole" in message
    put(tmp_path, "hr_1.csv.done")
    assert origins(read_csv(pattern, newest="name", marker=marker)) == ["hr_1.csv:2"]
    put(tmp_path, "hr_2.csv.done")
    assert origins(read_csv(pattern, newest="name", marker=marker)) == ["hr_2.csv:2"]


SUM = hashlib.sha256(GOOD).hexdigest()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{SUM}  hr.csv\n", ""),
        (f"{'0' * 64}  other.csv\r\n{SUM.upper()} *out/hr.csv\r\n", ""),
        (SUM, ""),
        (f"{'0' * 64}  hr.csv\n", "its SHA-256 is"),
        (f"{SUM}  other.csv\n", "has no SHA-256 of hr.csv"),
        ("", "has no SHA-256 of hr.csv"),
        (f"{SUM[:-1]}  hr.csv\n", "has no SHA-256 of hr.csv"),
    ],
)
def test_a_checksum_must_be_that_of_the_file(line, expected, tmp_path):
    path = put(tmp_path, "hr.csv")
    assert "is not there yet" in csv_error(path, checksum="{name}.sha256")
    put(tmp_path, "hr.csv.sha256", content=line.encode())
    if expected:
        assert expected in csv_error(path, checksum="{name}.sha256")
    else:
        assert origins(read_csv(path, checksum="{name}.sha256")) == ["hr.csv:2"]


def test_links_of_a_mounted_config_map_are_followed(tmp_path):
    """``hr.csv`` leads to ``..data/hr.csv``, and ``..data`` to the folder of the moment."""
    mount, moment = tmp_path / "mount", "..2026_11_27"
    (mount / moment).mkdir(parents=True)
    put(mount / moment, "hr.csv")
    (mount / "..data").symlink_to(moment)
    (mount / "hr.csv").symlink_to("..data/hr.csv")
    assert origins(read_csv(mount / "hr.csv")) == ["hr.csv:2"]
    (tmp_path / "here").symlink_to(mount)
    assert origins(read_csv(tmp_path / "here" / "hr.csv")) == ["hr.csv:2"]


@pytest.mark.parametrize("target", ["../outside/hr.csv", "inner/hr.csv", "/etc/hostname"])
def test_links_out_of_the_folder_are_refused(target, tmp_path):
    for folder in ("outside", "drop"):
        (tmp_path / folder).mkdir()
    put(tmp_path / "outside", "hr.csv")
    (tmp_path / "drop" / "inner").symlink_to(tmp_path / "outside")
    (tmp_path / "drop" / "hr.csv").symlink_to(target)
    assert "is a symbolic link out of its folder" in csv_error(tmp_path / "drop" / "hr.csv")


def test_a_link_to_nothing_or_to_itself_is_refused(tmp_path):
    (tmp_path / "hr.csv").symlink_to("gone.csv")
    assert "there is no such file" in csv_error(tmp_path / "hr.csv")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    assert "cannot be opened" in csv_error(tmp_path / "loop.csv")


MOMENT = datetime(2026, 4, 28, tzinfo=UTC)


def zipped(path: Path, *members: str, content: bytes = GOOD, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for member in members:
            archive.writestr(member, content)
    return path


def test_packed_files_are_read_and_hashed_by_what_is_in_them(tmp_path):
    plain = read_csv(put(tmp_path, "hr.csv"))
    packed = put(tmp_path, "hr.csv.gz", content=gzip.compress(GOOD))
    archive = zipped(tmp_path / "HR.ZIP", "../../etc/hr.csv", "__MACOSX/._hr.csv")
    for path, line in ((packed, "hr.csv.gz:2"), (archive, "HR.ZIP:2")):
        reading = read_csv(path)
        assert (reading.sha256, reading.size_bytes, origins(reading)) == (plain.sha256, len(GOOD), [line])
    packed.rename(tmp_path / "hr.dat")
    assert origins(read_csv(tmp_path / "hr.dat", unpack="gz")) == ["hr.dat:2"]
    assert "Declare `unpack: gz`" in csv_error(tmp_path / "hr.dat")
    assert origins(read_csv(zipped(tmp_path / "two.zip", "a.csv", "b.csv"), member="b*")) == ["two.zip:2"]


def test_what_cannot_be_unpacked_is_refused(tmp_path):
    path, whole = tmp_path / "hr.csv.gz", gzip.compress(GOOD * 100)
    assert "it is truncated" in csv_error(path, whole[:-9])
    for damaged in (b"", GOOD, whole[:-8] + b"\0" * 8, whole + b"more"):
        if damaged:
            assert "cannot be unpacked" in csv_error(path, damaged)
    path = tmp_path / "hr.zip"
    assert "cannot be unpacked" in csv_error(path, GOOD)
    assert "should hold one file, and has 2 such. It holds: 'a', 'b'" in csv_error(zipped(path, "a", "b"))
    assert "should hold the member 'c', and has 0" in csv_error(path, member="c")
    zipped(path, "a", method=zipfile.ZIP_LZMA)
    assert "packed by another method than deflate" in csv_error(path)
    content = bytearray(zipped(path, "a").read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    assert "is encrypted" in csv_error(path, bytes(content))


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_what_unpacks_to_far_too_much_is_stopped_and_leaves_nothing(kind, tmp_path):
    bomb = b"\0" * 2_000_000
    for caps, said in (
        (Caps(size=1_000_000), "unpacks to more than 1000000 bytes"),
        (Caps(ratio=100, free=1000), "unpacks to more than 100 times its"),
    ):
        workspace = tmp_path / "workspace"
        workspace.mkdir(exist_ok=True)
        path = workspace / "source-1"
        if kind == "gz":
            path.write_bytes(gzip.compress(bomb))
        else:
            zipped(path, "a", content=bomb)
        copy = PrivateCopy(path=path, sha256="", size_bytes=path.stat().st_size, modified_at=MOMENT)
        with pytest.raises(SourceError, match=said):
            unpacked(copy, workspace, kind=kind, member="", label="hr", caps=caps)
        assert list(workspace.iterdir()) == []
