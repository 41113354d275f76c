"""The contract of a Source: what every implementation keeps, whatever it reads from.

A test module makes a class of it for each kind, or shape, of source::

    class TestCsv(SourceContract):
        def opened(self, folder, rows):
            return <a Source called NAME over HR with COLUMNS and these rows, kept in folder>

        def broken(self, folder):
            return {"truncated": <a Source over HR that holds CANARY and cannot be read whole>, ...}

``folder`` is empty and of one test alone. ``opened`` may be asked twice in one test, the second time with other rows: then HR
is what it was asked for last. ``closed`` is for what has to be stopped.
"""

import gc
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from syncd.core.model import Record
from syncd.errors import SourceError
from syncd.sources import Source
from syncd.sources.base import Reading, numbered, require_columns

NAME = "hr"
COLUMNS = ("employee_id", "name", "city", "note")
CANARY = "Zebulon Canary"
"""A person in HR that cannot be read; no error may name him."""

Rows = Sequence[tuple[str, str, str, str]]

PEOPLE: Rows = [
    ("007", "José Müller", "Zürich", "=1+1"),
    ("008", "O'Neil, Pat", "", 'says "hi"'),
    ("009", "Zoë; Ltd", "Oslo", "two\nlines"),
    ("010", "李雷", "北京", "tab\tthere"),
    ("011", "Ana", "Oslo", ""),
    ("011", "Ana", "Oslo", ""),
    ("NO", "Null", "N/A", "1e5"),
]
"""What is easily read wrong; two rows are the same."""


def many(count: int) -> Rows:
    """So many plain people."""
    return [
        (f"{number:06}", f"Person {number}", "Oslo" if number % 3 else "Bonn", "") for number in range(count)
    ]


class SourceContract:
    """Inherit it, call it Test..., and say how HR is opened."""

    def opened(self, folder: Path, rows: Rows) -> Source:
        """A Source called ``NAME``: HR has ``COLUMNS`` and these rows, in this order."""
        raise NotImplementedError

    def broken(self, folder: Path) -> Mapping[str, Source]:
        """Sources that cannot be read, each by what is wrong with it; HR's data hold ``CANARY`` where there are any."""
        raise NotImplementedError

    def closed(self) -> None:
        """Stop what ``opened`` and ``broken`` have started."""

    @pytest.fixture
    def workspace(self, tmp_path: Path):
        """An existing private folder; behind the test, what was started is stopped."""
        (tmp_path / "hr").mkdir()
        (tmp_path / "workspace").mkdir(mode=0o700)
        yield tmp_path / "workspace"
        self.closed()

    def read(self, workspace: Path, rows: Rows) -> Reading:
        """HR with these rows, read."""
        return self.opened(workspace.parent / "hr", rows).read(workspace)

    def test_every_row_is_read_exactly_in_order_and_says_where_it_is(self, workspace):
        """Sized, and streamed anew by each ``iter``; a Record is its cells, its origin and the name of the source."""
        source = self.opened(workspace.parent / "hr", PEOPLE)
        assert source.name == NAME
        reading = source.read(workspace)
        assert (reading.name, reading.columns, reading.rows) == (NAME, COLUMNS, len(PEOPLE))
        numbers = [number for number, _ in reading.raw]
        assert numbers == sorted(set(numbers))
        expected = [
            Record(
                fields=dict(zip(COLUMNS, cells, strict=True)), origin=f"{reading.place}{number}", source=NAME
            )
            for number, cells in zip(numbers, PEOPLE, strict=True)
        ]
        assert len(reading.records) == len(PEOPLE)
        assert list(reading.records) == list(reading.records) == expected
        require_columns(reading, COLUMNS)
        with pytest.raises(SourceError, match="did you mean city"):
            require_columns(reading, ["citty"])

    def test_rows_are_the_same_however_they_are_taken(self, workspace):
        """By ``iter``, by ``hashed`` and by ``pick``: the same numbers, the same cells."""
        self._agree(self.read(workspace, PEOPLE))

    def test_many_rows_are_the_same_however_they_are_taken(self, workspace):
        """More than are looked at together, some of them with what must be quoted."""
        rows = many(12_000)
        self._agree(self.read(workspace, [*rows[:7_000], *PEOPLE, *rows[7_000:]]))

    def _agree(self, reading: Reading) -> None:
        plain = list(reading.raw)
        assert all(type(cell) is str for _, cells in plain for cell in cells)
        apart, hashes = [], []
        for some in reading.raw.hashed():
            apart += [
                (number, list(some.taken_apart(row)))
                for number, row in zip(some.numbers, some.rows, strict=True)
            ]
            hashes += some.hashes
        assert apart == plain
        assert {len(found) for found in hashes} == {16}
        meant: dict[bytes, list[str]] = {}
        for (_, cells), found in zip(plain, hashes, strict=True):
            assert meant.setdefault(found, cells) == cells
        numbers = [number for number, _ in plain]
        some_of_them = {*numbers[1::3], numbers[-1]}
        assert list(reading.raw.pick(some_of_them)) == [row for row in plain if row[0] in some_of_them]
        assert list(reading.raw.pick(())) == []
        assert list(reading.raw.pick({max(numbers) + 1000})) == []

    def test_equal_rows_have_equal_hashes_wherever_they_are(self, workspace):
        """Or those who did not change would be looked at again whenever somebody above them comes or goes."""
        first = self.read(workspace, PEOPLE)
        before = [found for _, found in numbered(first.raw)]
        assert before[4] == before[5]
        assert len(set(before)) == len(PEOPLE) - 1
        moved = self.read(workspace, [("000", "New", "Rome", "x"), *reversed(PEOPLE)])
        assert [found for _, found in numbered(moved.raw)][1:] == before[::-1]

    def test_the_digest_is_of_the_content(self, workspace):
        """The same for the same HR, another for another."""
        digests = [self.read(workspace, rows).sha256 for rows in (PEOPLE, PEOPLE, PEOPLE[1:])]
        assert digests[0] == digests[1] != digests[2]
        assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in digests)

    def test_a_whole_reading_is_private_and_says_that_it_is_whole(self, workspace):
        """What is left is in the workspace, for nobody else to read, and does not change with HR."""
        reading = self.read(workspace, PEOPLE)
        assert reading.complete
        assert reading.size_bytes > 0
        assert reading.modified_at is None or reading.modified_at.utcoffset() is not None
        left = list(workspace.iterdir())
        assert left
        assert all(path.stat().st_mode & 0o077 == 0 for path in left)
        before = list(reading.raw)
        self.opened(workspace.parent / "hr", PEOPLE[:1])
        assert list(reading.raw) == before
        reading_repr = repr(reading)
        assert "Müller" not in reading_repr

    def test_what_cannot_be_read_is_a_source_error_without_personal_data(self, workspace):
        """It says what is wrong, names nobody, and leaves nothing behind."""
        sources = self.broken(workspace.parent / "hr")
        assert sources
        for wrong, source in sources.items():
            with pytest.raises(SourceError) as caught:
                source.read(workspace)
            said = str(caught.value)
            assert len(said) > 20, wrong
            assert not [word for word in CANARY.split() if word in said], wrong
            assert list(workspace.iterdir()) == [], wrong
        gc.collect()  # a descriptor left open is a warning, which is an error here
