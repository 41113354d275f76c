"""Latest: of the files whose names hold a date, the one with the latest date."""

from datetime import date, timedelta
from pathlib import Path

from syncd.core.dates import read_date
from syncd.core.transforms import Refused
from syncd.errors import SourceError

DATE = "{date}"
"""Stands for the date in the name of a file."""
AHEAD = timedelta(days=1)
"""So far a date may be ahead of ours in UTC: somewhere it is tomorrow."""


def latest_file(path: Path, form: str, today: date) -> tuple[Path, date]:
    """The file that ``path``, with ``{date}`` in its name, means, and the date there, written as ``form`` says.

    Other files of the folder are left alone. Raises SourceError if there is none, if two have the same date, or if its date
    has not come yet: every later file would seem old.
    """
    before, after = path.name.split(DATE)
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError as error:
        raise SourceError(f"{path.parent}: cannot be listed ({error.strerror}).") from error
    found: dict[date, list[str]] = {}
    for name in sorted(names):
        if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after):
            text = name[len(before) : len(name) - len(after)]
            try:
                found.setdefault(read_date(text, form), []).append(name)
            except Refused:
                continue
    if not found:
        raise SourceError(f"{path}: no file of that name, with a date like {form}, is there.")
    day = max(found)
    if len(found[day]) > 1:
        raise SourceError(f"{path.parent}: {' and '.join(found[day])} have the same date; one must go.")
    if day > today + AHEAD:
        raise SourceError(f"{path.parent / found[day][0]}: its date has not come yet; today is {today}.")
    return path.with_name(found[day][0]), day
