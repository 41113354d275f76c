"""The list of behaviours names every mode, and the documents every option and call."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from syncd.sandbox.behaviours import BEHAVIOURS, Evidence, told
from syncd.sandbox.control import CALLS
from syncd.sandbox.modes import Modes

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_every_mode_belongs_to_a_behaviour():
    named = [mode for one in BEHAVIOURS for mode in one.modes]
    assert sorted(named) == sorted(field.name for field in fields(Modes))


def test_help_says_how_sure_each_behaviour_is():
    done = subprocess.run(
        [sys.executable, "-m", "syncd", "sandbox", "--behaviours"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == told()
    assert {line.split("  ")[0].strip() for line in done.stdout.splitlines()} >= {
        "recorded",
        "documented",
        "assumed",
    }
    assert {one.evidence for one in BEHAVIOURS} == set(Evidence)


def test_the_document_names_every_call_of_the_control_plane():
    missing = [f"{method} {name}" for method, name in CALLS if f"`{method} {name}`" not in DOCUMENT]
    grouped = [one for one in missing if one not in DOCUMENT.replace("`", "")]
    assert grouped == []
