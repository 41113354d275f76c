"""The trailer: a file that does not end with it, or has not as many rows as it says, is refused."""

import pytest

from tests.sources.makers import csv_error, read_csv

ROWS = "id,city\n1,Oslo\n2,Bonn\n"


@pytest.mark.parametrize(
    ("trailer", "end"),
    [
        ("END", "END\n"),
        ("END", "END"),
        ("END,{rows}", "END,2\r\n\r\n"),
        ("T|{any}|{rows}", "T|2026-11-24|2\n"),
        ("{rows} rows", "  2 rows  \n"),
        ("(Σ) {rows}", "(Σ) 002\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1253"])
def test_a_whole_file_is_read_without_its_trailer(trailer, end, encoding, tmp_path):
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    content = (ROWS + end).encode(encoding)
    reading = read_csv(tmp_path / "hr.csv", content, trailer=trailer, encoding=declared)
    assert [record.fields["city"] for record in reading.records] == ["Oslo", "Bonn"]
    assert reading.complete
    assert (tmp_path / "hr.csv").read_bytes() == content


@pytest.mark.parametrize("end", ["", "EN", "END,", "END,two\n", "END,2,\n", "END,2\n3,Rome\n", "XEND,2\n"])
def test_a_file_without_its_trailer_is_refused(end, tmp_path):
    message = csv_error(tmp_path / "hr.csv", (ROWS + end).encode(), trailer="END,{rows}")
    assert message.startswith('hr.csv: does not end with its trailer (source.expect.trailer: "END,{rows}").')
    assert "Rome" not in message


@pytest.mark.parametrize("said", [0, 1, 3, 20])
def test_a_trailer_that_counts_other_rows_is_refused(said, tmp_path):
    message = csv_error(tmp_path / "hr.csv", f"{ROWS}END,{said}\n".encode(), trailer="END,{rows}")
    assert message == (
        f"hr.csv: its trailer says {said} rows, and it has 2. "
        "It is not whole. Nothing was planned. Let HR export it again."
    )


def test_a_trailer_alone_is_no_header(tmp_path):
    assert "is empty" in csv_error(tmp_path / "hr.csv", b"END,0\n", trailer="END,{rows}")
