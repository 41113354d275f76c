"""Workbooks, looked at before they are opened: what is packed in them is unpacked once, counted, and kept nowhere.

The library that reads them makes a table of every cell between the first and the last one, whatever stands between, and
reads a cell that is an error (``#REF!``) as a blank one. So both are looked for here.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO
from xml.parsers import expat

from syncd.errors import SourceError
from syncd.sources.privatecopy import CHUNK
from syncd.sources.unpacking import Caps

CAPS = Caps(size=1024**3, ratio=250)
CELLS = 20_000_000
"""The most cells that a sheet may span: 200,000 rows of 100 columns."""
SHOWN = 20
OLE = b"\xd0\xcf\x11\xe0"
_WIDEST = 16_384


@dataclass(slots=True)
class Extent:
    """What a sheet spans, and its cells that are errors: their addresses, or how many."""

    rows: int = 0
    columns: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Contents:
    """The sheets of a workbook by name; of an .xls, which packs nothing, none are known."""

    sheets: dict[str, Extent]

    def check(self, sheet: str, label: str) -> None:
        """Raise SourceError if this sheet is too large to hold, or has cells that are errors."""
        extent = self.sheets.get(sheet, Extent())
        if extent.rows * extent.columns > CELLS:
            raise SourceError(
                f"{label}: the sheet {sheet!r} spans {extent.rows} rows and {extent.columns} columns, more than {CELLS} cells. "
                "Nothing was planned. Delete what stands far below or beside the table, or export CSV."
            )
        if extent.errors:
            more = f" and {len(extent.errors) - SHOWN} more" if len(extent.errors) > SHOWN else ""
            raise SourceError(
                f"{label}: cells of the sheet {sheet!r} are errors (such as #N/A or #REF!): "
                f"{', '.join(extent.errors[:SHOWN])}{more}. They are no blanks. Nothing was planned. Mend its formulas."
            )


def look_at(path: Path, label: str) -> Contents:
    """Unpack a workbook into nothing and say what is in it. Raises SourceError beyond the caps, or if it is damaged."""
    with path.open("rb") as file:
        if file.read(4) == OLE:
            CAPS.check(label, path.stat().st_size, path.stat().st_size)
            return Contents({})
    try:
        with zipfile.ZipFile(path) as archive:
            return Contents(_sheets(_Archive(archive, path.stat().st_size, label)))
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        NotImplementedError,
        zlib.error,
        KeyError,
        expat.ExpatError,
    ) as error:
        raise SourceError(
            f"{label}: is no workbook that can be read (.xlsx, .xls, .ods), or is damaged. Nothing was planned. "
            "Let HR export it again."
        ) from error


@dataclass(slots=True)
class _Archive:
    """A packed workbook: every byte that comes out of it is counted."""

    archive: zipfile.ZipFile
    packed: int
    label: str
    total: int = 0

    def chunks(self, name: str) -> Iterator[bytes]:
        with self.archive.open(name) as file:
            yield from self._counted(file)

    def _counted(self, file: IO[bytes]) -> Iterator[bytes]:
        while chunk := file.read(CHUNK):
            self.total += len(chunk)
            CAPS.check(self.label, self.packed, self.total)
            yield chunk


def _sheets(book: _Archive) -> dict[str, Extent]:
    """The sheets; every other member is unpacked and counted as well."""
    infos = book.archive.infolist()
    CAPS.check(book.label, book.packed, sum(info.file_size for info in infos))
    if any(info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for info in infos):
        raise ValueError("packed by another method")
    names = book.archive.namelist()
    if "content.xml" in names:
        return _OpenDocument().read(book.chunks("content.xml"))
    by_member = _members(book)
    sheets: dict[str, Extent] = {}
    for name in names:
        if name in by_member:
            sheets[by_member[name]] = _extent(book.chunks(name))
        else:
            for _ in book.chunks(name):
                pass
    return sheets


def _members(book: _Archive) -> dict[str, str]:
    """Member -> name of the sheet in it, of an .xlsx."""
    names = set(book.archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return {}
    targets = {
        attributes.get("Id", ""): attributes.get("Target", "")
        for tag, attributes in _tags(book.chunks("xl/_rels/workbook.xml.rels"))
        if tag == "Relationship"
    }
    found = {}
    for tag, attributes in _tags(book.chunks("xl/workbook.xml")):
        if tag == "sheet":
            key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            target = targets.get(key, "")
            found[str(PurePosixPath("xl") / target).lstrip("/")] = attributes.get("name", "")
    return found


def _tags(chunks: Iterator[bytes]) -> list[tuple[str, dict[str, str]]]:
    """The elements of a small XML file, without their prefixes. A document type is refused, and what it could define."""
    tags: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: tags.append((tag.rpartition(":")[2], attributes))
    parser.StartDoctypeDeclHandler = _refuse_doctype
    for chunk in chunks:
        parser.Parse(chunk)
    parser.Parse(b"", True)
    return tags


def _refuse_doctype(*_about: object) -> None:
    raise ValueError("a document type")


def _extent(chunks: Iterator[bytes]) -> Extent:
    """What the cells with a value span, by their addresses: a pattern over the text is three times as quick as a parser."""
    extent, rest = Extent(), b""
    letters: set[bytes] = set()
    head = next(chunks, b"")
    found = re.search(rb"<(\w+:)?worksheet\b", head)
    prefix = (found and found[1]) or b""
    cell = re.compile(rb"<" + prefix + rb'c r="([A-Z]+)\d+"[^>/]*>')
    error = re.compile(rb"<" + prefix + rb'c r="([A-Z]+\d+)"[^>/]*\bt="e"')
    start, end = b"<" + prefix + b'c r="', b"</" + prefix + b"c>"
    for chunk in chain((head,), chunks):
        text = rest + chunk
        cut = text.rfind(end) + len(end) if end in text else 0
        text, rest = text[:cut], text[cut:]
        letters.update(cell.findall(text))
        last = re.match(rb"[A-Z]+(\d+)", text[text.rfind(start) + len(start) :]) if start in text else None
        if last:
            extent.rows = max(extent.rows, int(last[1]))
        if b't="e"' in text:
            extent.errors += [address.decode() for address in error.findall(text)]
    extent.columns = max((_column(one) for one in letters), default=0)
    return extent


def _column(letters: bytes) -> int:
    """The number of a column (from 1)."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return min(number, _WIDEST)


@dataclass(slots=True)
class _OpenDocument:
    """The content of an .ods as it goes by: cells and rows say how often they are there."""

    sheets: dict[str, Extent] = field(default_factory=dict)
    extent: Extent = field(default_factory=Extent)
    row: int = 0
    repeated: int = 1
    column: int = 0
    last: int = 0

    def read(self, chunks: Iterator[bytes]) -> dict[str, Extent]:
        """Every sheet by its name."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = _refuse_doctype
        for chunk in chunks:
            parser.Parse(chunk)
        parser.Parse(b"", True)
        return self.sheets

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self.extent = self.sheets[attributes.get("table:name", "")] = Extent()
            self.row = 0
        elif tag == "table:table-row":
            self.repeated = int(attributes.get("table:number-rows-repeated", "1"))
            self.column = self.last = 0
        elif tag in {"table:table-cell", "table:covered-table-cell"}:
            self.column += int(attributes.get("table:number-columns-repeated", "1"))
            if "office:value-type" in attributes:
                self.last = self.column
            if attributes.get("calcext:value-type") == "error":
                self.extent.errors.append(f"row {self.row + 1}")
            if attributes.get("table:number-rows-spanned", "1") != "1":
                raise SourceError(
                    f"row {self.row + 1} of a sheet has cells that are merged with those of the row below; "
                    "every row needs cells of its own. Nothing was planned."
                )

    def _end(self, tag: str) -> None:
        if tag == "table:table-row":
            self.row += self.repeated
            if self.last:
                self.extent.rows = self.row
                self.extent.columns = max(self.extent.columns, self.last)
