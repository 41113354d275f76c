"""The contract, kept by each kind and shape of source that reads a file or a database on this machine."""

import csv
import gzip
import io
import sqlite3
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import xlsxwriter

from syncd.sources import Source, open_source
from syncd.sources.settings import CsvSourceSettings, ExcelSourceSettings, Header, SqlSourceSettings
from tests.sources.contract import CANARY, COLUMNS, NAME, Rows, SourceContract

BROKEN: Rows = [("1", CANARY, "", ""), ("2", CANARY, "", "")]


class CsvShape(SourceContract):
    """CSV as one shape of it is written and declared."""

    file: ClassVar[str] = "hr.csv"
    writer: ClassVar[Mapping[str, Any]] = {}
    encoding: ClassVar[str] = "utf-8"
    declared: ClassVar[Mapping[str, Any]] = {}

    def opened(self, folder: Path, rows: Rows) -> Source:
        self.put(folder, self.text(rows).encode(self.encoding))
        return self.source(folder)

    def source(self, folder: Path) -> Source:
        return open_source(CsvSourceSettings(name=NAME, path=folder / self.file, **self.declared))

    def put(self, folder: Path, content: bytes) -> None:
        (folder / self.file).write_bytes(content)

    def text(self, rows: Rows) -> str:
        return self.table([COLUMNS, *rows])

    def table(self, rows: Any) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, **{"lineterminator": "\r\n", **self.writer}).writerows(rows)
        return text.getvalue()

    def broken(self, folder: Path) -> Mapping[str, Source]:
        text = self.text(BROKEN)
        faults = {
            "missing": None,
            "no bytes": "",
            "no rows": self.text([]),
            "truncated": text[: -len("2") - len(CANARY)],
            "a cell too many": text + self.table([("3", CANARY, *[""] * 8)]),
            "a NUL": text.replace(CANARY, f"{CANARY}\0", 1),
        }
        sources = {}
        for number, (fault, content) in enumerate(faults.items()):
            inner = folder / str(number)
            inner.mkdir()
            if content is not None:
                self.put(inner, content.encode(self.encoding))
            sources[fault] = self.source(inner)
        return sources


class TestCsv(CsvShape):
    pass


class TestCsvQuotedAll(CsvShape):
    writer: ClassVar[Mapping[str, Any]] = {"quoting": csv.QUOTE_ALL, "lineterminator": "\n"}


class TestCsvSingleQuotes(CsvShape):
    """As UKG writes it: an apostrophe within a cell is doubled."""

    writer: ClassVar[Mapping[str, Any]] = {"delimiter": ";", "quotechar": "'"}
    declared: ClassVar[Mapping[str, Any]] = {"delimiter": ";", "quote": "'"}


class TestCsvUtf16Tabs(CsvShape):
    """As a spreadsheet writes "Unicode text"."""

    writer: ClassVar[Mapping[str, Any]] = {"delimiter": "\t"}
    encoding: ClassVar[str] = "utf-16"
    declared: ClassVar[Mapping[str, Any]] = {"delimiter": "\t", "encoding": "utf-16"}


class TestSqlite(SourceContract):
    def opened(self, folder: Path, rows: Rows) -> Source:
        connection = sqlite3.connect(folder / "hr.db")
        connection.executescript(
            f"DROP TABLE IF EXISTS p; CREATE TABLE p ({', '.join(f'{c} TEXT' for c in COLUMNS)})"
        )
        connection.executemany("INSERT INTO p VALUES (?, ?, ?, ?)", rows)
        connection.commit()
        connection.close()
        return self.source(folder, "SELECT employee_id, name, city, note FROM p ORDER BY rowid")

    def source(self, folder: Path, query: str) -> Source:
        return open_source(
            SqlSourceSettings(
                name=NAME, url=lambda: f"sqlite:///{folder / 'hr.db'}", query=query, max_rows=100_000
            )
        )

    def broken(self, folder: Path) -> Mapping[str, Source]:
        self.opened(folder, BROKEN)
        return {
            "no database": self.source(folder / "missing", "SELECT name FROM p"),
            "no rows": self.source(folder, "SELECT name FROM p WHERE 1 = 0"),
            "no such column": self.source(folder, "SELECT nobody FROM p"),
            "binary": self.source(folder, "SELECT name, x'00ff' AS photo FROM p"),
            "writes": self.source(folder, "DELETE FROM p"),
        }


class TestCsvGz(CsvShape):
    file: ClassVar[str] = "hr.csv.gz"

    def put(self, folder: Path, content: bytes) -> None:
        super().put(folder, gzip.compress(content))


class TestCsvZip(CsvShape):
    """With titles above the header, a second header row, totals below, and a blank column at the end."""

    file: ClassVar[str] = "hr.zip"
    declared: ClassVar[Mapping[str, Any]] = {
        "member": "hr-*.csv",
        "header": Header(starts_with=("employee_id", "name"), second=("Employee",)),
        "trailer": ("Total{any}{rows}{any}", "Printed {any}"),
    }

    def text(self, rows: Rows) -> str:
        return self.table(
            [
                ["Workers, all", "", "", "", ""],
                ['5" report'],
                [],
                [*COLUMNS, ""],
                ["Employee", "Name", "City", "Note", ""],
                *([*row, ""] for row in rows),
                [],
                ["Total", "", len(rows), "", ""],
                ["Printed 2026"],
            ]
        )

    def put(self, folder: Path, content: bytes) -> None:
        with zipfile.ZipFile(folder / self.file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("../readme.txt", "not this one")
            archive.writestr("hr-2026.csv", content)


class TestCsvPositions(CsvShape):
    """Without a header; of six columns four are taken."""

    declared: ClassVar[Mapping[str, Any]] = {
        "header": Header(
            none=True, positions={2: COLUMNS[0], 3: COLUMNS[1], 5: COLUMNS[2], 6: COLUMNS[3]}, width=6
        )
    }

    def text(self, rows: Rows) -> str:
        return self.table([["x", row[0], row[1], "y", row[2], row[3]] for row in rows])


class TestExcel(SourceContract):
    declared: ClassVar[Mapping[str, Any]] = {}

    def opened(self, folder: Path, rows: Rows) -> Source:
        return self.source(folder, [COLUMNS, *rows])

    def source(self, folder: Path, rows: Any) -> Source:
        with xlsxwriter.Workbook(folder / "hr.xlsx", {"strings_to_formulas": False}) as book:
            sheet = book.add_worksheet("People")
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    if value != "":
                        sheet.write(number, place, value)
        return open_source(ExcelSourceSettings(name=NAME, path=folder / "hr.xlsx", **self.declared))

    def broken(self, folder: Path) -> Mapping[str, Source]:
        tables: dict[str, Any] = {
            "no rows": [COLUMNS],
            "empty": [],
            "repeated": [[*COLUMNS, "name"], *BROKEN],
            "beside the header": [COLUMNS, *BROKEN, ("3", CANARY, "", "", "", CANARY)],
            "digits lost": [COLUMNS, *BROKEN, (12345678901234567, CANARY, "", "")],
        }
        for fault in (*tables, "damaged", "text", "missing"):
            (folder / fault).mkdir()
        sources = {fault: self.source(folder / fault, rows) for fault, rows in tables.items()}
        damaged = self.source(folder / "damaged", [COLUMNS, *BROKEN])
        content = (folder / "damaged" / "hr.xlsx").read_bytes()
        (folder / "damaged" / "hr.xlsx").write_bytes(content[: len(content) // 2])
        (folder / "text" / "hr.xlsx").write_text(f"employee_id,name\n1,{CANARY}\n")
        text, missing = (
            open_source(ExcelSourceSettings(name=NAME, path=folder / fault / "hr.xlsx"))
            for fault in ("text", "missing")
        )
        return {**sources, "damaged": damaged, "text": text, "missing": missing}
