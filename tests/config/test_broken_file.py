"""A file of 200 lines in which nearly everything is wrong: every fault is told at once, at its line, with what was meant."""

import re
import subprocess
import sys
from pathlib import Path

from syncd.config.document import read_document

FILE = Path(__file__).parents[1] / "data" / "config" / "broken.yaml"
LINES = FILE.read_text(encoding="utf-8").splitlines()


def expected() -> dict[int, list[str]]:
    """What each line says of itself behind ``#!``."""
    notes = {number: re.search(r"  #! (.*)$", line) for number, line in enumerate(LINES, 1)}
    return {number: note[1].split(" | ") for number, note in notes.items() if note}


def test_every_fault_is_told_at_its_line_in_one_go():
    command = [sys.executable, "-m", "syncd", "config", "check", "--config", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, env={}, timeout=60, check=False)
    assert done.returncode == 3, done.stderr
    told: dict[int, list[str]] = {}
    for line in done.stderr.replace("\n  ", " ").splitlines()[1:]:
        place = re.match(r"broken\.yaml:(\d+):(\d+): ", line)
        assert place, line
        told.setdefault(int(place[1]), []).append(line)
    assert told.keys() == expected().keys()
    for number, notes in expected().items():
        assert len(told[number]) == len(notes), told[number]
        for note, fault in zip(notes, told[number], strict=True):
            assert note in fault
    assert sum(map(len, told.values())) >= 75
    assert list(told) == sorted(told), "in the order of the file"


def test_the_file_is_worth_it():
    """It is a file of some length that YAML can read, with faults in each of its parts."""
    assert len(LINES) >= 200
    document = read_document(FILE.read_bytes(), FILE.name)
    faulty = {number for number, _ in enumerate(LINES, 1) if number in expected()}
    for part in document.data:
        first = document.keys[(part,)][0]
        later = [line for (name, *rest), (line, _) in document.keys.items() if not rest and line > first]
        last = min(later, default=len(LINES) + 1)
        assert part == "version" or any(first <= number < last for number in faulty), part
