"""Whatever somebody writes into the manual, it is a configuration or a list of faults with places in the file."""

import re
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncd.config import load, manual
from syncd.config.document import read_document
from syncd.errors import ConfigError, Fault

TEXT = manual()
LINES = TEXT.splitlines()
PLACES = [place for loc, place in read_document(TEXT.encode(), "f").values.items() if loc]
WRITTEN = [
    "[]",
    "{}",
    "null",
    '""',
    "x",
    "[[x]]",
    "{a: b}",
    "[{a: b}]",
    "${env:NO}",
    "${",
    "-1",
    "1e400",
    "9" * 30,
    "{}: {",
    "'",
]
GIVE_BACK = next(
    place for loc, place in read_document(TEXT.encode(), "f").values.items() if loc[-1:] == ("give_back",)
)
TOKEN = re.compile(r'"[^"]*"|\'[^\']*\'|\$\{[^}]*\}\S*|[^\s,\]}\[{]+')


def with_value(place: tuple[int, int], written: str) -> str:
    """The manual with another value at a line and column."""
    line, column = place
    before, after = LINES[line - 1][: column - 1], LINES[line - 1][column - 1 :]
    token = TOKEN.match(after)
    changed = before + written + (after[token.end() :] if token else after)
    return "\n".join([*LINES[: line - 1], changed, *LINES[line:]]) + "\n"


@settings(max_examples=60, deadline=None)
@example(GIVE_BACK, "[]")
@given(st.sampled_from(PLACES), st.sampled_from(WRITTEN) | st.text(max_size=5))
def test_any_value_anywhere(place, written):
    assert all(
        re.fullmatch(r"syncd\.yaml:\d+:\d+", fault.where) for fault in faults_in(with_value(place, written))
    )


def faults_in(text: str) -> list[Fault]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "syncd.yaml"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            load(file, environ={"LITMOS_API_KEY": "x"})
        except ConfigError as error:
            return error.faults
    return []
