"""Sheets: what each kind of cell is as text, and what is refused because it would be read wrong."""

import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import xlsxwriter

from syncd.errors import SourceError
from syncd.sources import open_source
from syncd.sources.settings import ExcelSourceSettings, Header
from tests.sources.makers import origins, texts, workspace_of

DATA = Path(__file__).parents[1] / "data" / "excel"


def book(path, *rows, more=None, sheet="People"):
    """A workbook of one sheet; ``more`` is given the workbook and the sheet."""
    with xlsxwriter.Workbook(path) as made:
        page = made.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        if more:
            more(made, page)
    return path


def read(path, **settings):
    return open_source(ExcelSourceSettings(name="hr", path=path, **settings)).read(workspace_of(path))


def refused(path, **settings):
    before = set(workspace_of(path).iterdir())
    with pytest.raises(SourceError) as caught:
        read(path, **settings)
    assert set(workspace_of(path).iterdir()) == before
    return str(caught.value)


def test_every_kind_of_cell_as_text(tmp_path):
    def more(made, page):
        day, moment = (made.add_format({"num_format": form}) for form in ("dd.mm.yy", "yyyy-mm-dd hh:mm"))
        page.write_datetime(1, 3, datetime(2026, 3, 1), day)  # noqa: DTZ001 - a sheet knows no zone
        page.write_datetime(1, 4, datetime(2026, 3, 1, 8, 30), moment)  # noqa: DTZ001 - as above
        page.write_datetime(1, 5, timedelta(hours=36), made.add_format({"num_format": "[h]:mm"}))
        page.write_formula(1, 6, '="a"&"b"', None, "ab")
        page.write(1, 7, 123, made.add_format({"num_format": "00000"}))
        page.write_blank(9_999, 500, None, day)  # looks like a cell, and has nothing

    path = book(tmp_path / "hr.xlsx", list("abcdefgh"), [7, 1.5, True], more=more)
    (row,) = texts(read(path))
    assert list(row.values()) == [
        "7",
        "1.5",
        "true",
        "2026-03-01",
        "2026-03-01T08:30:00",
        "36:00:00",
        "ab",
        "123",
    ]


def test_the_table_in_a_sheet(tmp_path):
    def more(made, page):
        page.merge_range(0, 0, 0, 2, "Workers")
        made.add_worksheet("Other")

    rows = [
        [],
        [],
        ["Nr", "Name", ""],
        ["(no.)", "(full name)"],
        ["007", "Ana"],
        [],
        ["'008", "Bo"],
        ["Total", 2],
    ]
    path = book(tmp_path / "hr.xlsx", *rows, more=more)
    shape = {
        "header": Header(starts_with=("Nr",), second=("(no.)",)),
        "trailer": ("Total {rows}",),
        "guards": True,
    }
    for sheet in ("People", "1"):
        reading = read(path, sheet=sheet, **shape)
        assert origins(reading) == ["hr.xlsx:5", "hr.xlsx:7"]
        assert texts(reading) == [{"Nr": "007", "Name": "Ana"}, {"Nr": "008", "Name": "Bo"}]
    assert "has 2 sheets, and source.sheet names none. It has: 'People', 'Other'" in refused(path, **shape)
    assert "has no sheet '3'" in refused(path, sheet="3", **shape)
    assert "says" not in refused(path, sheet="People", **{**shape, "trailer": ("Sum {rows}",)})
    assert "none of the first" in refused(path, sheet="1", header=Header(starts_with=("No",)))
    header = Header(none=True, positions={1: "id"}, width=2)
    assert texts(read(book(tmp_path / "hr.xlsx", ["007", "x"]), header=header)) == [{"id": "007"}]


def test_a_number_in_a_column_of_ids_is_refused(tmp_path):
    path = book(tmp_path / "hr.xlsx", ["id", "boss", "fte"], ["007", "001", 1], [8, "", 0.5], ["009", 1, 1])
    message = refused(path, text=frozenset({"id", "boss"}))
    assert "hr.xlsx:3: A3: id is a number or a date, not a text" in message
    assert "hr.xlsx:4: B4: boss is a number or a date, not a text" in message
    assert "lost the zeros in front" in message
    assert [row["id"] for row in texts(read(path))] == ["007", "8", "009"]


def test_cells_that_are_errors_are_no_blanks(tmp_path):
    def more(_made, page):
        page.write_formula(1, 1, "=NA()", None, "#N/A")
        page.write_formula(2, 1, "=1/0", None, "#DIV/0!")

    message = refused(book(tmp_path / "hr.xlsx", ["id", "title"], ["1"], ["2"], more=more))
    assert "cells of the sheet 'People' are errors (such as #N/A or #REF!): B2, B3" in message


def test_merged_cells_of_people_are_refused(tmp_path):
    path = book(
        tmp_path / "hr.xlsx",
        ["id", "team"],
        ["1"],
        ["2"],
        more=lambda _, page: page.merge_range(1, 1, 2, 1, "Sales"),
    )
    assert "cells of people are merged (B2:B3)" in refused(path)


def test_a_sheet_with_a_cell_far_away_is_refused_before_it_is_held(tmp_path):
    path = book(tmp_path / "hr.xlsx", ["id"], ["1"], more=lambda _, page: page.write(1_048_575, 16_383, "x"))
    assert "spans 1048576 rows and 16384 columns, more than 10000000 cells" in refused(path)


def test_a_workbook_that_unpacks_to_far_too_much_is_refused(tmp_path):
    path = book(tmp_path / "hr.xlsx", ["id"], ["1"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b"\0" * 20_000_000)
    assert "unpacks to more than 250 times its" in refused(path)


def test_what_is_no_workbook_or_is_damaged_or_encrypted_is_refused(tmp_path):
    path = tmp_path / "hr.xlsx"
    whole = book(path, ["id"], ["1"]).read_bytes()
    directory = whole.index(b"PK\1\2")
    encrypted = bytearray(whole)
    for place in (6, directory + 8):
        encrypted[place] |= 1
    flipped = bytearray(whole)
    flipped[whole.index(b"sheet1.xml") + 60] ^= 0xFF
    for content in (
        b"",
        b"id\n1\n",
        whole[:-30],
        whole[:directory],
        bytes(encrypted),
        bytes(flipped),
        b"\xd0\xcf\x11\xe0" * 200,
    ):
        path.write_bytes(content)
        assert "is no workbook that can be read" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", b"x")
    assert "is no workbook that can be read (.xlsx, .xls, .ods)" in refused(path)


ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" office:version="1.2"><office:body>
<office:spreadsheet><table:table table:name="People"><table:table-row>{a}{b}</table:table-row>
<table:table-row table:number-rows-repeated="{gap}"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
<table:table-row>{c}{d}</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""


MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'


def text_cell(text, more=""):
    return f'<table:table-cell office:value-type="string" {more}><text:p>{text}</text:p></table:table-cell>'


@pytest.mark.parametrize(
    ("more", "gap", "fault"),
    [
        ("", 2, ""),
        (
            'calcext:value-type="error"',
            2,
            "cells of the sheet 'People' are errors (such as #N/A or #REF!): row 4",
        ),
        ('table:number-rows-spanned="2"', 2, "merged"),
        ('table:number-columns-repeated="16000"', 2000, "spans 2002 rows and 16001 columns"),
    ],
)
def test_open_document(more, gap, fault, tmp_path):
    path = tmp_path / "hr.ods"
    number = '<table:table-cell office:value-type="float" office:value="7"/>'
    content = ODS.format(a=text_cell("id"), b=text_cell("name"), c=number, d=text_cell("Ana", more), gap=gap)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    if fault:
        assert fault in refused(path)
        return
    reading = read(path)
    assert texts(reading) == [{"id": "7", "name": "Ana"}]
    assert origins(reading) == ["hr.ods:4"]


def test_a_workbook_of_old(tmp_path):
    """tests/data/excel/people.xls was made with xlwt."""
    (tmp_path / "people.xls").write_bytes((DATA / "people.xls").read_bytes())
    reading = read(tmp_path / "people.xls", text=frozenset({"id"}))
    assert texts(reading) == [
        {"id": "007", "name": "José", "hired": "2026-03-01"},
        {"id": "008", "name": "Bo", "hired": ""},
    ]
    assert origins(reading) == ["people.xls:2", "people.xls:3"]
