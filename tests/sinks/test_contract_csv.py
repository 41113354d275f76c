"""CSV sinks keep what every sink keeps."""

import csv
import gzip
import hashlib
import io

import pytest

from tests.sinks.contract import Bench, SinkContract, result

FULL = "path: out/results.csv"
DELTA = 'path: "out/results-{batch}.csv"\n      mode: delta'


def read(raw: bytes) -> list[tuple[str, ...]]:
    return [tuple(row) for row in csv.reader(io.StringIO(raw.decode(), newline=""))][1:]


@pytest.fixture(params=[FULL, DELTA], ids=["full", "delta"])
def bench(request, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()

    def received():
        """As a receiver reads deltas: one after the other, by the key."""
        files = [read(file.read_bytes()) for file in sorted(folder.glob("*.csv"))]
        assert all(len({row[0] for row in rows}) == len(rows) for rows in files)
        return list({row[0]: row for rows in files for row in rows}.values())

    return Bench(
        folder=tmp_path,
        yaml=f"type: csv\n      {request.param}",
        received=received,
        break_it=lambda: folder.rename(tmp_path / "away"),
        points=["fsync", "replaced"],
    )


class TestCsv(SinkContract):
    pass


def test_a_file_with_trailer_checksum_marker_and_compression(tmp_path):
    (tmp_path / "out").mkdir()
    extras = "trailer: END;{rows}\n      header: false\n      compress: gzip\n      checksum: true\n      done: .done"
    bench = Bench(
        folder=tmp_path,
        yaml=f"type: csv\n      path: out/r.csv.gz\n      permissions: 640\n      {extras}",
        received=list,
        break_it=list,
        points=[],
    )
    bench.sink.deliver("b-1", [result(1)])
    raw = (tmp_path / "out" / "r.csv.gz").read_bytes()
    assert gzip.decompress(raw) == b"r1,CANARY-0001,Y,87.5,2026-11-25,litmos\r\nEND;1\r\n"
    said = (tmp_path / "out" / "r.csv.gz.sha256").read_text()
    assert said == f"{hashlib.sha256(raw).hexdigest()}  r.csv.gz\n"
    assert (tmp_path / "out" / "r.csv.gz.done").stat().st_mode & 0o777 == 0o640
    bench.sink.deliver("b-1", [result(1)])
    assert (tmp_path / "out" / "r.csv.gz").read_bytes() == raw, "no time is in it"
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_no_marker_stands_beside_a_file_that_it_was_not_made_for(tmp_path):
    (tmp_path / "out").mkdir()
    bench = Bench(
        folder=tmp_path,
        yaml="type: csv\n      path: out/r.csv\n      checksum: true\n      done: .done",
        received=list,
        break_it=list,
        points=[],
    )
    bench.sink.deliver("b-1", [result(1)])
    bench.killed("b-2", [result(2)], "replaced")
    assert b"r2" in (tmp_path / "out" / "r.csv").read_bytes()
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["r.csv"]
