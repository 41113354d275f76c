"""The sink of docs/writing-a-sink.md, installed as its page says, keeps what every sink keeps."""

import json
import re
import sys
from pathlib import Path

import pytest

from syncd.config import load
from syncd.errors import ConfigError, SinkError
from syncd.wiring import sinks_of
from tests.config.files import ENVIRON
from tests.sinks.contract import CANARY, Bench, SinkContract, result

PAGE = (Path(__file__).parents[2] / "docs" / "writing-a-sink.md").read_text(encoding="utf-8")
CODE, ENTRY = (re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("python", "toml"))


@pytest.fixture
def bench(tmp_path, monkeypatch):
    assert CODE is not None
    assert ENTRY is not None
    site, folder = tmp_path / "site", tmp_path / "lines"
    (site / "my_sinks-1.dist-info").mkdir(parents=True)
    folder.mkdir()
    (site / "my_sinks.py").write_text(CODE[1], encoding="utf-8")
    (site / "my_sinks-1.dist-info" / "METADATA").write_text("Name: my-sinks\nVersion: 1\n")
    entry = ENTRY[1].replace('project.entry-points."syncd.sinks"', "syncd.sinks").replace('"', "")
    (site / "my_sinks-1.dist-info" / "entry_points.txt").write_text(entry, encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "my_sinks", raising=False)

    def received():
        files = sorted(folder.glob("*.jsonl"))
        rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
        return [tuple(row.values()) for row in {row["result_id"]: row for row in rows}.values()]

    return Bench(
        folder=tmp_path,
        yaml=f'type: jsonl\n      options: {{folder: "{folder}"}}',
        received=received,
        break_it=lambda: folder.rename(tmp_path / "away"),
        points=["fsync", "replaced"],
        path=[str(site)],
    )


class TestPlugin(SinkContract):
    pass


def test_the_page_shows_forty_lines():
    assert CODE is not None
    assert len(CODE[1].splitlines()) <= 40


def test_what_a_sink_of_others_raises_is_told_by_its_type(bench, monkeypatch):
    sink = bench.sink
    import my_sinks  # type: ignore[import-not-found,unused-ignore] # installed above

    def fail(*_args: object) -> None:
        raise ZeroDivisionError(CANARY)

    monkeypatch.setattr(my_sinks.JsonLines, "deliver", fail)
    with pytest.raises(SinkError) as caught:
        sink.deliver("b-1", [result(1)])
    assert str(caught.value) == (
        "back: failed with ZeroDivisionError. Batch b-1 (1 row) stays pending and is delivered again."
    )


def test_options_are_shown_nowhere_and_refused_without_being_quoted(bench):
    loaded = load(bench.config, environ=ENVIRON)
    assert str(bench.folder / "lines") not in " ".join(each.value for each in loaded.redacted())
    bench.yaml = f"type: jsonl\n      options: {{folders: {CANARY}}}"
    with pytest.raises(ConfigError, match="could not be opened with these options: KeyError") as caught:
        sinks_of(load(bench.config, environ=ENVIRON))
    assert CANARY not in str(caught.value)


def test_a_kind_that_nobody_brings_is_a_fault_with_its_place(bench):
    bench.yaml = "type: jsnol"
    file = bench.config
    with pytest.raises(ConfigError) as caught:
        load(file, environ=ENVIRON)
    assert 'pull.sinks[0]: type "jsnol" is no kind of sink; there are csv, jsonl, sql, webhook' in str(
        caught.value
    )
