"""CSV files that can be read: exactly what was written, each row with the line it starts on."""

import csv
import hashlib
import io
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.model import Record
from syncd.errors import SourceError
from syncd.sources.base import require_columns
from syncd.sources.settings import CsvSourceSettings
from tests.sources.makers import origins, read_csv, texts

GOOD = b"id,name\n007,Ana\n008,Bob\n"


def test_a_reading_says_what_was_read(tmp_path):
    path = tmp_path / "hr.csv"
    reading = read_csv(path, GOOD)
    assert reading.name == "hr"
    assert reading.columns == ("id", "name")
    assert reading.rows == len(reading.records) == 2
    assert reading.sha256 == hashlib.sha256(GOOD).hexdigest()
    assert reading.size_bytes == len(GOOD)
    assert reading.modified_at == datetime.fromtimestamp(path.stat().st_mtime, UTC)
    assert reading.complete
    assert next(iter(reading.records)) == Record(
        fields={"id": "007", "name": "Ana"}, origin="hr.csv:2", source="hr"
    )


def test_records_come_from_the_private_copy_as_often_as_asked(tmp_path):
    path = tmp_path / "hr.csv"
    reading = read_csv(path, GOOD)
    path.write_bytes(b"gone")
    assert texts(reading) == texts(reading) == [{"id": "007", "name": "Ana"}, {"id": "008", "name": "Bob"}]
    (copy,) = (tmp_path / "workspace").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "expected", "lines"),
    [
        (b"id,name\r\n1,a\r\n2,b\r\n", [("1", "a"), ("2", "b")], [2, 3]),
        (b"id,name\r1,a\r2,b\r", [("1", "a"), ("2", "b")], [2, 3]),
        (b"id,name\n1,a\r\n2,b\r3,c\n", [("1", "a"), ("2", "b"), ("3", "c")], [2, 3, 4]),
        (b'id,name\n1,"a\nb"\n2,c\n', [("1", "a\nb"), ("2", "c")], [2, 4]),
        (b'id,name\n1,"a\r\n\r\nb"\n\n2,c\n', [("1", "a\r\n\r\nb"), ("2", "c")], [2, 6]),
        (b'\n"id","na\nme"\n\n1,a\n  \n2,b\n\n', [("1", "a"), ("2", "b")], [5, 7]),
        (b'id,name\n1,"say ""hi"", she said"\n', [("1", 'say "hi", she said')], [2]),
        (b'id,name\n1,5" pipe\n,\n', [("1", '5" pipe'), ("", "")], [2, 3]),
        (b"\xef\xbb\xbfid,name\n1,Jos\xc3\xa9\n", [("1", "José")], [2]),
        ("id,name\n1,Zoë\u2028x\n".encode(), [("1", "Zoë\u2028x")], [2]),
    ],
    ids=[
        "crlf",
        "cr",
        "mixed",
        "newline-in-cell",
        "blank-in-cell",
        "blank-lines",
        "quotes",
        "loose",
        "bom",
        "u2028",
    ],
)
def test_line_ends_quotes_and_blank_lines(tmp_path, content, expected, lines):
    reading = read_csv(tmp_path / "hr.csv", content)
    assert [tuple(fields.values()) for fields in texts(reading)] == expected
    assert origins(reading) == [f"hr.csv:{line}" for line in lines]
    assert reading.rows == len(expected)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8-sig", "shift_jis"])
def test_declared_encodings(tmp_path, encoding):
    name = "テスト" if encoding == "shift_jis" else "José"
    reading = read_csv(tmp_path / "hr.csv", f"id,name\n1,{name}\n".encode(encoding), encoding=encoding)
    assert texts(reading) == [{"id": "1", "name": name}]
    assert reading.complete


def test_other_delimiters_and_no_quotes(tmp_path):
    reading = read_csv(tmp_path / "hr.csv", b"id;name\n1;a,b\n", delimiter=";")
    assert texts(reading) == [{"id": "1", "name": "a,b"}]
    reading = read_csv(tmp_path / "hr.csv", b'id\tname\n1\t"a\n', delimiter="\t", quote="")
    assert texts(reading) == [{"id": "1", "name": '"a'}]


def test_a_file_without_a_final_line_end_is_read_but_proves_no_absence(tmp_path):
    reading = read_csv(tmp_path / "hr.csv", b"id,name\n1,a")
    assert not reading.complete
    assert texts(reading) == [{"id": "1", "name": "a"}]
    assert read_csv(tmp_path / "hr.csv", final_newline=False).complete


def test_missing_columns_are_named_with_what_was_meant(tmp_path):
    reading = read_csv(tmp_path / "hr.csv", GOOD)
    require_columns(reading, ["id"])
    with pytest.raises(SourceError) as caught:
        require_columns(reading, ["id", "names", "zip"])
    assert str(caught.value) == (
        "hr: the mapping needs columns that the source does not have:\n"
        "  names (did you mean name?)\n"
        "  zip\n"
        "It has: id, name."
    )


@pytest.mark.parametrize(
    "settings", [{"delimiter": ""}, {"delimiter": "ab"}, {"delimiter": '"'}, {"quote": ","}, {"quote": "''"}]
)
def test_settings_that_cannot_work(tmp_path, settings):
    with pytest.raises(ValueError, match="must be one character"):
        CsvSourceSettings(name="hr", path=tmp_path, **settings)


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.text(
    "\r\n\",; \t'a", max_size=6
)


@given(
    width=st.integers(1, 4),
    rows=st.data(),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    plain=st.sampled_from([0, 20]),
)
def test_whatever_csv_writes_comes_back_with_its_line(width, rows, delimiter, quoting, codec, plain):
    cells = [["plain"] * width] * plain
    cells += rows.draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6))
    columns = [f"c{number}" for number in range(width)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerow(columns)
    expected = []
    for row in cells:
        before = text.getvalue()
        line = before.count("\n") + before.replace("\r\n", "\n").count("\r") + 1
        writer.writerow(row)
        fields = dict(zip(columns, row, strict=True))
        expected.append(Record(fields=fields, origin=f"hr.csv:{line}", source="hr"))
    folder = Path(tempfile.mkdtemp())
    try:
        content = text.getvalue().encode(codec)
        reading = read_csv(
            folder / "hr.csv", content, delimiter=delimiter, encoding=codec.removesuffix("-sig")
        )
        assert list(reading.records) == expected
        assert reading.rows == len(expected)
    finally:
        shutil.rmtree(folder)


@given(content=st.binary(max_size=60) | st.text('a1,;"\n\r ', max_size=40).map(str.encode))
def test_any_bytes_are_a_reading_or_a_source_error(content):
    folder = Path(tempfile.mkdtemp())
    try:
        reading = read_csv(folder / "hr.csv", b"a,b\n" + content)
        assert reading.rows == len(list(reading.records)) > 0
    except SourceError as error:
        if "hr.csv" not in str(error):
            raise
    finally:
        shutil.rmtree(folder)


def naive_rows(text, width):
    """What a plain reading of the whole text gives, or None where it has a fault or no rows."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    next(reader)
    try:
        rows = [row for row in reader if row and not (width > 1 and len(row) == 1 and not row[0].strip())]
    except csv.Error:
        return None
    return rows if rows and all(len(row) == width for row in rows) else None


@given(
    width=st.integers(1, 3),
    plain=st.sampled_from([0, 12]),
    body=st.lists(st.sampled_from(["1", ",", ",", '"', '""', "\n", "\r\n", "\r", " ", "é"]), max_size=20),
)
def test_the_quick_scan_agrees_with_a_plain_reading(width, plain, body):
    text = ",".join("abc"[:width]) + "\n" + (",".join("xyz"[:width]) + "\n") * plain + "".join(body)
    folder = Path(tempfile.mkdtemp())
    try:
        reading = read_csv(folder / "hr.csv", text.encode())
        found = [cells for _, cells in reading.raw]
        assert reading.rows == len(found)
    except SourceError:
        found = None
    finally:
        shutil.rmtree(folder)
    assert found == naive_rows(text, width)
