"""Hashes of rows: the same for the same cells, others for others, and whoever is picked by number is read as ever."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.sources import CsvSourceSettings, open_source
from syncd.sources.base import Reading, numbered

CELL = st.text(st.sampled_from('ab "\n;,\té0'), max_size=4)


def read(folder, rows, *, delimiter=",", quoting=csv.QUOTE_MINIMAL, end="\r\n") -> Reading:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    path = folder / "hr.csv"
    path.write_bytes(text.getvalue().encode())
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    return open_source(CsvSourceSettings(name="hr", path=path, delimiter=delimiter)).read(workspace)


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    picked=st.sets(st.integers(0, 7)),
)
def test_every_row_has_a_hash_and_can_be_picked(tmp_path_factory, rows, delimiter, quoting, end, picked):
    header = ("a", "b", "c")
    folder = tmp_path_factory.mktemp("hr")
    reading = read(folder, [header, *rows], delimiter=delimiter, quoting=quoting, end=end)
    plain = list(reading.raw)
    hashed = list(numbered(reading.raw))
    assert [number for number, _ in hashed] == [number for number, _ in plain]
    cells = {number: tuple(cells) for number, cells in plain}
    for number, found in hashed:
        same = {other for other, again in hashed if again == found}
        assert {cells[other] for other in same} == {cells[number]}
    apart = {
        number: tuple(some.taken_apart(row))
        for some in reading.raw.hashed()
        for number, row in zip(some.numbers, some.rows, strict=True)
    }
    assert apart == cells
    numbers = {plain[index][0] for index in picked if index < len(plain)}
    assert list(reading.raw.pick(numbers)) == [row for row in plain if row[0] in numbers]


@pytest.mark.parametrize(
    "rows", [[("1", "x", "y")], [("1", 'a "quoted" cell', "y"), ("2", "two\nlines", "z")]]
)
def test_the_hash_does_not_depend_on_where_a_row_is(tmp_path, rows):
    header = ("a", "b", "c")
    first = {found for _, found in numbered(read(tmp_path, [header, *rows]).raw)}
    moved = {
        found for _, found in numbered(read(tmp_path, [header, ("0", "new", "row"), *reversed(rows)]).raw)
    }
    assert first <= moved


def test_one_column_is_read_as_ever(tmp_path):
    reading = read(tmp_path, [("a",), ("1",), ("",), ("2",)])
    assert [number for number, _ in numbered(reading.raw)] == [number for number, _ in reading.raw]
