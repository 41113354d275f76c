"""A source under other names: its columns as the mapping calls them, and those that it does not have."""

from pathlib import Path

import pytest

from syncd.errors import SourceError
from syncd.sources import open_source
from syncd.sources.base import Reading
from syncd.sources.renaming import renamed
from syncd.sources.settings import CsvSourceSettings
from tests.sources.makers import workspace_of

CONTENT = b"Nr,Mail,Pay\n007,a@example.com,900\n008,,800\n"


def read(folder: Path, columns: dict[str, str], constants: dict[str, str]) -> Reading:
    path = folder / "c.csv"
    path.write_bytes(CONTENT)
    source = renamed(open_source(CsvSourceSettings(name="contractors", path=path)), columns, constants)
    assert source.name == "contractors"
    return source.read(workspace_of(path))


def test_rows_have_our_names_and_what_is_set(tmp_path):
    reading = read(tmp_path, {"Nr": "employee_id", "Mail": "email"}, {"type": "Contractor", "division": ""})
    assert reading.columns == ("employee_id", "email", "Pay", "type", "division")
    for _ in range(2):
        assert [
            (record.fields["employee_id"], record.origin, record.source) for record in reading.records
        ] == [
            ("007", "c.csv:2", "contractors"),
            ("008", "c.csv:3", "contractors"),
        ]
    assert {record.fields["type"] for record in reading.records} == {"Contractor"}
    assert [len(cells) for _, cells in reading.raw] == [5, 5]


def test_names_may_change_places(tmp_path):
    reading = read(tmp_path, {"Nr": "Mail", "Mail": "Nr"}, {})
    assert reading.columns == ("Mail", "Nr", "Pay")


def test_without_anything_to_change_it_is_the_source_itself(tmp_path):
    source = open_source(CsvSourceSettings(name="hr", path=tmp_path / "hr.csv"))
    assert renamed(source, {}, {}) is source


@pytest.mark.parametrize(
    ("columns", "constants", "expected"),
    [
        ({"Mial": "id"}, {}, 'columns: "Mial" is not in contractors; did you mean "Mail"?'),
        ({"Personnel": "id"}, {}, 'columns: "Personnel" is not in contractors; it has: Nr, Mail, Pay'),
        ({"Nr": "Mail"}, {}, 'columns: contractors has a column "Mail" of its own'),
        ({}, {"Pay": "0"}, 'set: contractors has a column "Pay" itself'),
        ({"Nr": "id"}, {"id": "0"}, 'set: contractors has a column "id" itself'),
    ],
)
def test_a_column_has_one_meaning(columns, constants, expected, tmp_path):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, columns, constants)
    assert str(caught.value) == expected
    assert list(workspace_of(tmp_path / "c.csv").iterdir()) == []
