"""Shapes of delimited text: titles, two header rows, totals, no header, blank columns, guards. The line stays the true one."""

import pytest

from syncd.sources.settings import Header
from tests.sources.makers import csv_error, origins, read_csv, texts

TITLED = b"""Workers, all
"as of",2026
5" paper

Employee ID,Name
Nr.,Full name
007,Ana

008,Bo
Total,2
Printed by HR
"""
FOUND = Header(starts_with=("Employee ID",), second=("Nr.", "Full name"))
TOTALS = ("Total,{rows}", "Printed{any}")
BOTH = [{"Employee ID": "007", "Name": "Ana"}, {"Employee ID": "008", "Name": "Bo"}]


def test_titles_a_second_header_row_and_totals_are_no_people(tmp_path):
    reading = read_csv(tmp_path / "hr.csv", TITLED, header=FOUND, trailer=TOTALS)
    assert texts(reading) == BOTH
    assert origins(reading) == ["hr.csv:7", "hr.csv:9"]
    assert list(reading.raw.pick({9})) == [(9, ["008", "Bo"])]


REFUSED = {
    "the header is called otherwise": (
        TITLED.replace(b"Employee ID", b"Worker"),
        "hr.csv: none of the first 100 lines begins with the cell 'Employee ID' (source.header.starts_with).",
    ),
    "the header is too far down": (b"x\n" * 100 + TITLED, "none of the first 100 lines"),
    "the second header row went": (
        TITLED.replace(b"Nr.,Full name\n", b""),
        "hr.csv:6: the row under the header does not begin with the cells 'Nr.', 'Full name'",
    ),
    "the totals went": (TITLED[: TITLED.index(b"Total")], "does not end with its trailer"),
    "the totals say more": (
        TITLED.replace(b"Total,2", b"Total,12"),
        "its trailer says 12 rows, and it has 2",
    ),
}


@pytest.mark.parametrize(("content", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_file_of_another_shape_is_refused(content, expected, tmp_path):
    message = csv_error(tmp_path / "hr.csv", content, header=FOUND, trailer=TOTALS)
    assert expected in message
    assert "Ana" not in message


def test_without_a_header_positions_are_the_columns_and_nothing_else_is_taken(tmp_path):
    header = Header(none=True, positions={3: "name", 1: "id"}, width=4)
    reading = read_csv(tmp_path / "hr.csv", b'007,salary,Ana,x\n008,"sal, ary",Bo,y\n', header=header)
    assert reading.columns == ("id", "name")
    assert texts(reading) == [{"id": "007", "name": "Ana"}, {"id": "008", "name": "Bo"}]
    assert origins(reading) == ["hr.csv:1", "hr.csv:2"]
    assert "expected 4 cells, found 5" in csv_error(tmp_path / "hr.csv", b"1,2,3,4,5\n" * 2, header=header)
    assert "has not one row" in csv_error(tmp_path / "hr.csv", b"\n", header=header)


def test_columns_at_the_end_that_are_blank_throughout_are_none(tmp_path):
    reading = read_csv(tmp_path / "hr.csv", b'id,name,, \n1,a,,\n2,b,"", \n\n"3",c,,\n')
    assert reading.columns == ("id", "name")
    assert [row for _, row in reading.raw] == [["1", "a"], ["2", "b"], ["3", "c"]]
    for quoting in (b"", b'"'):
        row = quoting + b"3" + quoting + b",c,,secret\n"
        message = csv_error(tmp_path / "hr.csv", b"id,name,,\n1,a,,\n" + row * 3)
        assert (
            "rows have something in columns 3 to 4, for which the header has no name: hr.csv:3, " in message
        )
        assert "secret" not in message


def test_positions_name_columns_that_are_blank_or_repeated(tmp_path):
    content = b"id,Name,,Name\n1,a,b,c\n"
    reading = read_csv(
        tmp_path / "hr.csv", content, header=Header(positions={3: "team", 4: "manager"}, width=4)
    )
    assert texts(reading) == [{"id": "1", "Name": "a", "team": "b", "manager": "c"}]
    for header, expected in (
        (Header(positions={3: "team"}), "the header names Name (columns 2, 4) more than once"),
        (Header(positions={4: "boss"}), "the header has no name for column 3 of 4"),
        (Header(positions={9: "boss"}), "the header has 4 columns; source.positions names 9"),
        (Header(width=5), "the header has 4 columns, and source.width says 5"),
    ):
        assert expected in csv_error(tmp_path / "hr.csv", content, header=header)


def test_the_apostrophe_of_a_spreadsheet_goes_where_it_is_declared(tmp_path):
    content = b"id,name,note\n'007,'t Hooft,'=1\n'-8,\"'9\"\"\",'\n"
    kept = [["'007", "'t Hooft", "'=1"], ["'-8", "'9\"", "'"]]
    assert [row for _, row in read_csv(tmp_path / "hr.csv", content).raw] == kept
    guarded = read_csv(tmp_path / "hr.csv", guards=True)
    assert [row for _, row in guarded.raw] == [["007", "'t Hooft", "=1"], ["-8", '9"', "'"]]


def test_single_quotes_with_doubled_apostrophes(tmp_path):
    content = b"id;name\n'7';'O''Neil; Pat'\n8;5\" pipe\n"
    reading = read_csv(tmp_path / "hr.csv", content, delimiter=";", quote="'")
    assert [row for _, row in reading.raw] == [["7", "O'Neil; Pat"], ["8", '5" pipe']]
