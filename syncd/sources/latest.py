"""Latest: which file is meant where the name stands for several: the one with the latest date, the last name, or written last."""

from collections.abc import Callable
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from syncd.core.dates import read_date
from syncd.core.transforms import Refused
from syncd.errors import SourceError

DATE = "{date}"
"""Stands for the date in the name of a file."""
AHEAD = timedelta(days=1)
"""So far a date may be ahead of ours in UTC: somewhere it is tomorrow."""


def anything(_path: Path) -> bool:
    """Whatever fits may be read."""
    return True


def latest_file(
    path: Path, form: str, today: date, may: Callable[[Path], bool] = anything
) -> tuple[Path, date]:
    """The file that ``path``, with ``{date}`` in its name, means, and the date there, written as ``form`` says.

    Other files of the folder, and those that may not be read yet, are left alone. Raises SourceError if there is none, if two
    have the same date, or if its date has not come yet: every later file would seem old.
    """
    before, after = path.name.split(DATE)
    found: dict[date, list[str]] = {}
    for name in _names(path.parent):
        if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after):
            text = name[len(before) : len(name) - len(after)]
            try:
                day = read_date(text, form)
            except Refused:
                continue
            if may(path.with_name(name)):
                found.setdefault(day, []).append(name)
    if not found:
        raise SourceError(f"{path}: no file of that name, with a date like {form}, is there.")
    day = max(found)
    if len(found[day]) > 1:
        raise SourceError(f"{path.parent}: {' and '.join(found[day])} have the same date; one must go.")
    if day > today + AHEAD:
        raise SourceError(f"{path.parent / found[day][0]}: its date has not come yet; today is {today}.")
    return path.with_name(found[day][0]), day


def newest_file(path: Path, by: str, may: Callable[[Path], bool] = anything) -> Path:
    """The file that ``path``, with ``*`` or ``?`` in its name, means: the last by ``name``, or the one ``modified`` last.

    Other files of the folder, hidden ones, and those that may not be read yet, are left alone. Raises SourceError if there is
    none, or if two were modified last.
    """
    pattern = path.name.replace("[", "[[]")
    fitting = [path.with_name(name) for name in _names(path.parent) if fnmatchcase(name, pattern)]
    ready = [one for one in fitting if one.name[0] != "." and one.is_file() and may(one)]
    if not ready:
        raise SourceError(f"{path}: no file of that name is there. Check whether the HR export ran.")
    if by == "name":
        return ready[-1]
    moments = [one.stat().st_mtime_ns for one in ready]
    last = [one.name for one, moment in zip(ready, moments, strict=True) if moment == max(moments)]
    if len(last) > 1:
        raise SourceError(
            f"{path.parent}: {' and '.join(last)} were written at the same time; one must go, or set newest: name."
        )
    return path.with_name(last[0])


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed ({error.strerror}).") from error
