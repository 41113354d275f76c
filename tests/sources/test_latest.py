"""The date in a file's name: of all files of such a name the latest is read, and says how old it is."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from syncd.errors import SourceError
from syncd.sources.csvfile import CsvSource
from syncd.sources.latest import latest_file
from syncd.sources.settings import CsvSourceSettings
from tests.sources.makers import workspace_of

TODAY = date(2026, 4, 28)


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("id\n1\n")
    return folder / "hr_{date}.csv"


@pytest.mark.parametrize(
    ("names", "form", "expected"),
    [
        (["hr_20260427.csv", "hr_20260426.csv", "hr_20251231.csv"], "%Y%m%d", "hr_20260427.csv"),
        (["hr_01.05.2025.csv", "hr_30.04.2025.csv"], "%d.%m.%Y", "hr_01.05.2025.csv"),
        (["hr_2026-04-27T0600.csv", "hr_2026-04-26T1800.csv"], "%Y-%m-%dT%H%M", "hr_2026-04-27T0600.csv"),
        (
            ["hr_20260427.csv", "hr_20260428.csv.part", "hr_20260428", "xhr_20260428.csv"],
            "%Y%m%d",
            "hr_20260427.csv",
        ),
        (["hr_20260427.csv", "hr_20261301.csv", "hr_latest.csv", "hr_.csv"], "%Y%m%d", "hr_20260427.csv"),
        (["hr_20260429.csv", "hr_20260428.csv"], "%Y%m%d", "hr_20260429.csv"),
    ],
)
def test_the_latest_by_its_name_is_read(names, form, expected, tmp_path):
    assert latest_file(files(tmp_path, *names), form, TODAY)[0].name == expected


@pytest.mark.parametrize(
    ("names", "form", "expected"),
    [
        ([], "%Y%m%d", "no file of that name, with a date like %Y%m%d, is there"),
        (["hr_20260430.csv", "hr_20260427.csv"], "%Y%m%d", "its date has not come yet; today is 2026-04-28"),
        (
            ["hr_1.4.2026.csv", "hr_01.04.2026.csv"],
            "%d.%m.%Y",
            "hr_01.04.2026.csv and hr_1.4.2026.csv have the same date",
        ),
    ],
)
def test_what_cannot_be_told_is_refused(names, form, expected, tmp_path):
    with pytest.raises(SourceError, match=expected.replace(".", r"\.")):
        latest_file(files(tmp_path, *names), form, TODAY)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SourceError, match="cannot be listed"):
        latest_file(tmp_path / "no" / "hr_{date}.csv", "%Y%m%d", TODAY)


def test_a_reading_says_the_date_and_the_name_of_the_file(tmp_path):
    path = files(tmp_path, "hr_20260427.csv", "hr_20260401.csv")
    noon = datetime(2026, 4, 28, 12, tzinfo=UTC).timestamp()
    source = CsvSource(CsvSourceSettings(name="hr", path=path, name_date="%Y%m%d"), clock=lambda: noon)
    reading = source.read(workspace_of(path))
    assert reading.dated == date(2026, 4, 27)
    assert [record.origin for record in reading.records] == ["hr_20260427.csv:2"]
