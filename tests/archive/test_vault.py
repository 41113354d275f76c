"""The vault: what is put into it comes out as it was, once for the same content, or not at all."""

import errno
import gzip
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.archive import Stored, Vault
from syncd.archive.sealing import CHUNK, HEADER, Sealer, unsealed
from syncd.archive.vault import rows_of
from syncd.errors import ArchiveError
from syncd.sources.base import MAX_CELL

OLD, NEW = "o" * 44, "n" * 44
ROWS = [
    ["#", "id", "note"],
    ["2", "007", 'a "quoted", one'],
    ["3", "", "two\r\nlines\n\ttab"],
    ["5", "é", ""],
]
MANY = [[str(number), f"{number * 7919 % 99991}" * 8] for number in range(20_000)]


def vault(tmp_path: Path, *keys: str) -> Vault:
    return Vault(tmp_path / "archive", "main", keys=(lambda: list(keys)) if keys else None)


def fetched(made: Vault, stored: Stored, tmp_path: Path) -> list[list[str]]:
    """The rows as they come out; the copy is removed."""
    into = tmp_path / "copy.csv"
    made.fetch(stored.content, stored.size_bytes, into)
    try:
        assert stat.S_IMODE(into.stat().st_mode) == 0o600
        return list(rows_of(into))
    finally:
        into.unlink()


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "archive" / "main").iterdir())


@pytest.mark.parametrize("keys", [(), (NEW,)], ids=["clear", "sealed"])
@pytest.mark.parametrize(
    "rows", [ROWS, MANY, [["#"]], [["2", "x" * MAX_CELL]]], ids=["odd", "many", "empty", "long"]
)
def test_what_is_put_comes_out_and_is_private(tmp_path, rows, keys):
    made = vault(tmp_path, *keys)
    stored = made.put(rows)
    assert fetched(made, stored, tmp_path) == rows
    (file,) = files(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stored.stored_bytes == file.stat().st_size


@given(rows=st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=3), max_size=5))
def test_every_text_survives(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("vault")
    made = vault(folder)
    assert fetched(made, made.put(rows), folder) == rows


def test_without_a_key_gunzip_reads_it_and_with_one_nothing_of_it_is_seen(tmp_path):
    vault(tmp_path).put(ROWS)
    (file,) = files(tmp_path)
    assert b"quoted" in gzip.decompress(file.read_bytes())
    vault(tmp_path, NEW).put(ROWS)
    (file,) = files(tmp_path)
    assert file.name.endswith(".sealed"), "what was kept in clear has gone"
    assert b"\x1f\x8b" not in file.read_bytes()[:HEADER]


def test_the_same_content_is_kept_once(tmp_path):
    made = vault(tmp_path, NEW)
    assert made.put(ROWS).content == made.put(ROWS).content
    assert len(files(tmp_path)) == 1
    made.put(MANY)
    assert len(files(tmp_path)) == 2


def test_a_new_first_key_encrypts_and_the_old_one_still_decrypts(tmp_path):
    before = vault(tmp_path, OLD).put(ROWS)
    after = vault(tmp_path, NEW, OLD)
    assert fetched(after, before, tmp_path) == ROWS
    later = after.put(MANY)
    assert fetched(vault(tmp_path, NEW), later, tmp_path) == MANY
    with pytest.raises(ArchiveError, match=r"another key .* put that key back"):
        fetched(vault(tmp_path, NEW), before, tmp_path)
    with pytest.raises(ArchiveError, match="another key"):
        fetched(vault(tmp_path), before, tmp_path)


def test_what_is_read_again_is_encrypted_with_the_new_first_key(tmp_path):
    stored = vault(tmp_path, OLD).put(ROWS)
    assert vault(tmp_path, OLD).has(stored.content)
    after = vault(tmp_path, NEW, OLD)
    assert not after.has(stored.content)
    after.put(ROWS)
    assert vault(tmp_path, NEW).has(stored.content)
    assert fetched(vault(tmp_path, NEW), stored, tmp_path) == ROWS


@pytest.mark.parametrize("keys", [(), (NEW,)], ids=["clear", "sealed"])
@pytest.mark.parametrize("harm", ["flip first", "flip middle", "flip last", "cut", "append", "empty"])
def test_what_was_tampered_with_is_refused_and_leaves_no_copy(tmp_path, harm, keys):
    made = vault(tmp_path, *keys)
    stored = made.put(MANY)
    (file,) = files(tmp_path)
    data = bytearray(file.read_bytes())
    place = {"flip first": 0, "flip middle": len(data) // 2, "flip last": len(data) - 1}.get(harm)
    if place is not None:
        data[place] ^= 1
    changed = {"cut": data[:-9], "append": data + b"x", "empty": bytearray()}.get(harm, data)
    file.write_bytes(changed)
    with pytest.raises(ArchiveError, match="damaged, or was tampered with"):
        fetched(made, stored, tmp_path)
    assert not (tmp_path / "copy.csv").exists()


def test_another_table_under_its_name_is_refused(tmp_path):
    made = vault(tmp_path, NEW)
    one, other = made.put(ROWS), made.put(MANY)
    folder = tmp_path / "archive" / "main"
    (folder / f"{other.content}.csv.gz.sealed").replace(folder / f"{one.content}.csv.gz.sealed")
    with pytest.raises(ArchiveError, match="damaged"):
        fetched(made, one, tmp_path)


def sealed_chunks() -> tuple[bytes, list[bytes]]:
    """The header and the chunks of a sealed stream of three."""
    out: list[bytes] = []
    sealer = Sealer(NEW, out.append)
    sealer.feed(os.urandom(2 * CHUNK + 10))
    sealer.close()
    return out[0], out[1:]


def unseal(data: bytes) -> bytes:
    view = memoryview(data)

    def read(number: int) -> bytes:
        nonlocal view
        taken, view = bytes(view[:number]), view[number:]
        return taken

    return b"".join(unsealed(read, [NEW], "it"))


def test_chunks_that_are_swapped_dropped_or_of_another_file_are_refused():
    header, (first, second, last) = sealed_chunks()
    assert len(unseal(header + first + second + last)) == 2 * CHUNK + 10
    other, _ = sealed_chunks()
    for forged in (
        header + second + first + last,
        header + first + last,
        header + first + second,
        header,
        other + first + second + last,
    ):
        with pytest.raises(ArchiveError, match="not authentic"):
            unseal(forged)


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path, monkeypatch):
    made = vault(tmp_path, NEW)
    written = 0
    write = os.write

    def full(file: int, data: bytes) -> int:
        nonlocal written
        written += len(data)
        if written > CHUNK:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ArchiveError, match="No space left"):
        made.put(MANY)
    assert files(tmp_path) == []


def test_a_process_killed_in_the_middle_leaves_no_half_table(tmp_path):
    made = vault(tmp_path)
    child = os.fork()
    if not child:

        def dying():
            yield from MANY[:10_000]
            os._exit(9)

        made.put(dying())
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    (half,) = files(tmp_path)
    assert half.name.startswith(".partial-")
    stored = made.put(MANY)
    assert fetched(made, stored, tmp_path) == MANY
    now = datetime.now(UTC)
    made.sweep({stored.content}, now, now)
    assert half.exists(), "it may be of a process that is alive"
    made.sweep({stored.content}, now, now + timedelta(days=2))
    assert [file.name for file in files(tmp_path)] == [f"{stored.content}.csv.gz"]


def test_links_and_odd_names_lead_nowhere(tmp_path):
    made = vault(tmp_path)
    stored = made.put(ROWS)
    (file,) = files(tmp_path)
    elsewhere = file.rename(tmp_path / "elsewhere")
    file.symlink_to(elsewhere)
    with pytest.raises(ArchiveError, match="does not hold"):
        fetched(made, stored, tmp_path)
    with pytest.raises(ArchiveError, match="is not the name"):
        made.fetch("../../elsewhere", 10, tmp_path / "copy.csv")
    (tmp_path / "outside").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "main").symlink_to(tmp_path / "outside")
    with pytest.raises(ArchiveError, match="cannot be used"):
        Vault(tmp_path / "other", "main").put(ROWS)


def test_sweeping_spares_what_is_wanted_or_was_read_lately(tmp_path):
    made = vault(tmp_path)
    now = datetime.now(UTC)
    wanted, lately, gone = made.put(ROWS), made.put(MANY), made.put([["#", "x"]])
    for one, days in ((wanted, 100), (lately, 1), (gone, 100)):
        made.touch(one.content, now - timedelta(days=days))
    assert made.sweep({wanted.content}, now - timedelta(days=90), now) == 1
    assert [made.has(one.content) for one in (wanted, lately, gone)] == [True, True, False]
