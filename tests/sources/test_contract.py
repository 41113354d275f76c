"""The contract, kept by each kind and shape of source that reads a file or a database on this machine."""

import csv
import io
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from syncd.sources import Source, open_source
from syncd.sources.settings import CsvSourceSettings, SqlSourceSettings
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
            "a cell too many": text + self.table([("3", CANARY, "", "", "", "")]),
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
            SqlSourceSettings(name=NAME, url=f"sqlite:///{folder / 'hr.db'}", query=query, max_rows=100_000)
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
