"""What a sink of results, or of identities, may name."""

import pytest

from syncd.config import load
from tests.config.files import HEAD, USERS

SINK = "pull: {{sinks: [{{name: s, {}}}]}}\n"


@pytest.mark.parametrize(
    ("sink", "warned"),
    [
        ('path: "{batch}.csv", mode: delta, columns: {id: employee_id}', True),
        ('path: "{batch}.csv", mode: delta, columns: {id: employee_id, done: completed}', False),
        ("path: all.csv, columns: {id: employee_id}", False),
        ("path: all.csv, what: identities, columns: {id: employee_id}", False),
    ],
)
def test_a_delta_that_cannot_tell_a_withdrawal_is_warned_of(tmp_path, sink, warned):
    path = tmp_path / "syncd.yaml"
    path.write_text(HEAD + USERS + SINK.format(sink), encoding="utf-8")
    found = load(path, environ={"LITMOS_API_KEY": "x"}).warnings
    assert any("looks like one that holds" in one for one in found) is warned
