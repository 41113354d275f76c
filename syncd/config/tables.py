"""Tables from files: a map that is kept in a CSV file beside the configuration, read when that is loaded."""

import codecs
import csv
import io
from hashlib import sha256
from pathlib import Path

from syncd.config.checks import encoding_fault
from syncd.config.document import Document, Loc, dotted
from syncd.config.faults import suggestion
from syncd.config.mapping_parts import TableFile
from syncd.core.cells import clean
from syncd.core.transforms import trim

MAX_BYTES = 8 * 1024 * 1024
MAX_FAULTS = 20
"""Faults of one file that are told."""


def read_table(part: TableFile, loc: Loc, document: Document) -> dict[str, str]:
    """The table; what is wrong with the file is noted at the map, with the line of the file."""
    problem = encoding_fault(part.encoding)
    if problem:
        document.fault((*loc, "encoding"), problem)
        return {}
    text = _text(part, loc, document)
    if text is None:
        return {}
    table = _Table(part=part, loc=loc, document=document)
    try:
        table.read(text)
    except csv.Error as error:
        table.broken(str(error))
    return table.entries


def _text(part: TableFile, loc: Loc, document: Document) -> str | None:
    path: Path = part.file
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        document.fault((*loc, "file"), f"{path.name}: cannot be read: {error.strerror}")
        return None
    if len(raw) > MAX_BYTES:
        document.fault(
            (*loc, "file"), f"{path.name}: has more than {MAX_BYTES} bytes; a table has at most as many"
        )
        return None
    document.read[dotted(loc)] = sha256(raw).hexdigest()
    codec = codecs.lookup(part.encoding).name
    try:
        return raw.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        why = f"byte 0x{raw[error.start]:02X} is not {part.encoding}"
        document.fault((*loc, "file"), f"{path.name}:{line}: {why}; is the file in another encoding?")
        return None


class _Table:
    """What is read so far, and where each entry was."""

    def __init__(self, *, part: TableFile, loc: Loc, document: Document) -> None:
        self.entries: dict[str, str] = {}
        self._part, self._loc, self._document = part, loc, document
        self._lines: dict[str, int] = {}
        self._line = self._end = 0
        self._faults = 0

    def read(self, text: str) -> None:
        """Take every row of the text."""
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._part.delimiter, strict=True)
        header: list[str] | None = None
        places: list[int] = []
        for cells in reader:
            self._line, self._end = self._end + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [clean(cell) for cell in cells]
                places = self._places(header)
            elif len(cells) != len(header):
                self.fault(f"has {len(cells)} cells; the header has {len(header)}", "file")
            elif places:
                self._take(*(clean(cells[place]) for place in places))
        if not self.entries and not self._faults:
            self.fault("has no row below its header", "file")

    def _places(self, header: list[str]) -> list[int]:
        """Where the two columns are; [] (and a fault) if one is not."""
        wanted = {"from": trim(self._part.source), "to": trim(self._part.target)}
        for key, name in wanted.items():
            if header.count(name) != 1:
                why = "is there twice" if name in header else f"is not in it{suggestion(name, header)}"
                self.fault(f'column "{name}" {why}', key)
        return [] if self._faults else [header.index(name) for name in wanted.values()]

    def _take(self, word: str, value: str) -> None:
        if not word:
            self.fault(f'"{self._part.source}" is blank', "file")
        elif self.entries.get(word, value) != value:
            was = f"{self.entries[word]!r} in line {self._lines[word]}"
            self.fault(f"{word!r} is {value!r} here and {was}", "file")
        else:
            self.entries[word] = value
            self._lines.setdefault(word, self._line)

    def broken(self, why: str) -> None:
        """The row behind the last one cannot be read."""
        self._line = self._end + 1
        self.fault(f"is no CSV: {why}", "file")

    def fault(self, why: str, key: str) -> None:
        """Note a fault at the line that is read, unless there are too many."""
        self._faults += 1
        if self._faults <= MAX_FAULTS:
            self._document.fault((*self._loc, key), f"{self._part.file.name}:{max(self._line, 1)}: {why}")
