"""A small configuration that is right, and a way to read text as a configuration."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

from syncd.config import Config, load
from syncd.errors import ConfigError

ENVIRON = {"LITMOS_API_KEY": "CANARY-1234"}

HEAD = """\
version: 1
database: sqlite:///syncd.db
litmos: {api_key: "${env:LITMOS_API_KEY}"}
source: {type: csv, path: hr.csv}
employee:
  id: employee_id
  status: {from: status, map: {Active: active, Left: left}}
"""
USERS = """\
users:
  fields:
    ExternalEmployeeId: employee_id
    UserName: {from: email, transform: lower}
    FirstName: first_name
    LastName: last_name
"""


def load_text(
    folder: Path, text: str, *, environ: Mapping[str, str] | None = None, dedent: bool = True
) -> Config:
    """The configuration that this text is."""
    file = folder / "syncd.yaml"
    file.write_text(textwrap.dedent(text) if dedent else text, encoding="utf-8")
    return load(file, environ=ENVIRON if environ is None else environ)


def faults_of(folder: Path, text: str, *, environ: Mapping[str, str] | None = None) -> list[str]:
    """The faults in this text as printed; no faults is an error of the test."""
    try:
        load_text(folder, text, environ=environ)
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    raise AssertionError("there is no fault")
