"""Files of a real SFTP server on loopback: whole, from the pinned server alone, or refused with a clear word and no secret."""

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.errors import SourceError
from syncd.sources import Source, open_fetch, open_source
from syncd.sources.fetch_settings import SftpFileSettings
from syncd.sources.settings import CsvSourceSettings
from tests.sources.contract import CANARY, NAME, Rows
from tests.sources.sftp_server import PASSWORD, USER, SftpServer, replace_with
from tests.sources.test_contract import CsvShape

paramiko = pytest.importorskip("paramiko")
CSV = b"employee_id,name\n007,Zo\xc3\xab\n008,Ana\n"


@pytest.fixture
def server(tmp_path):
    (tmp_path / "served").mkdir()
    (tmp_path / "workspace").mkdir()
    made = SftpServer(tmp_path / "served")
    replace_with(made.folder / "hr.csv", CSV, 1_770_000_000)
    yield made
    made.stop()


def settings_for(server: SftpServer, **changed) -> SftpFileSettings:
    base = SftpFileSettings(
        name="hr",
        host="127.0.0.1",
        port=server.port,
        path="/hr.csv",
        user=USER,
        password=lambda: PASSWORD,
        host_key=server.public_line,
        timeout_seconds=20,
    )
    return replace(base, **changed)


def fetched(server, **changed):
    return open_fetch(settings_for(server, **changed)).fetch(server.folder.parent / "workspace")


def refused(server, **changed) -> str:
    workspace = server.folder.parent / "workspace"
    with pytest.raises(SourceError) as caught:
        fetched(server, **changed)
    assert list(workspace.iterdir()) == []
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(settings_for(server))
    return str(caught.value)


class TestCsvBySftp(CsvShape):
    """The contract of sources, kept by what is fetched."""

    server: SftpServer | None = None

    def source(self, folder: Path) -> Source:
        if self.server is None:
            self.server = SftpServer(folder.parent)
        path = f"/{folder.relative_to(self.server.folder)}/{self.file}"
        settings = CsvSourceSettings(name=NAME, path=Path())
        return open_source(settings, fetch=open_fetch(settings_for(self.server, path=path)))

    def opened(self, folder: Path, rows: Rows) -> Source:
        return super().opened(folder, rows)

    def broken(self, folder: Path) -> Mapping[str, Source]:
        sources = dict(super().broken(folder))
        assert self.server is not None
        (folder / "big.csv").write_bytes(f"employee_id,name\n1,{CANARY}\n".encode())
        settings = settings_for(self.server, path="/hr/big.csv", max_bytes=20)
        sources["too long"] = open_source(
            CsvSourceSettings(name=NAME, path=Path()), fetch=open_fetch(settings)
        )
        return sources

    def closed(self) -> None:
        if self.server is not None:
            self.server.stop()


def test_a_file_by_password_and_by_key(server):
    by_password = fetched(server)
    assert by_password.name == "hr.csv"
    assert by_password.copy.path.read_bytes() == CSV
    assert by_password.copy.path.stat().st_mode & 0o777 == 0o600
    assert by_password.copy.modified_at == datetime.fromtimestamp(1_770_000_000, UTC)
    text = io.StringIO()
    server.client_key.write_private_key(text, password="of the key")
    by_key = fetched(server, password=None, key=text.getvalue, passphrase=lambda: "of the key")
    assert by_key.copy.sha256 == by_password.copy.sha256


def test_the_newest_of_a_pattern_by_time_and_by_name(server):
    replace_with(server.folder / "hr_20260102.csv", b"a\n1\n", 1_770_000_002)
    replace_with(server.folder / "hr_20260103.csv", b"a\n2\n", 1_770_000_001)
    replace_with(server.folder / "other.csv", b"a\n3\n", 1_770_000_009)
    (server.folder / "hr_20260104.csv").symlink_to(server.folder / "other.csv")
    assert fetched(server, path="/hr_*.csv").name == "hr_20260102.csv"
    assert fetched(server, path="/hr_*.csv", by_name=True).name == "hr_20260103.csv"
    replace_with(server.folder / "hr_20260103.csv", b"a\n2\n", 1_770_000_002)
    for copy in (server.folder.parent / "workspace").iterdir():
        copy.unlink()
    assert "hr_20260102.csv and /hr_20260103.csv were written at the same time" in refused(
        server, path="/hr_*.csv"
    )
    assert "there is no file /no_*.csv" in refused(server, path="/no_*.csv")


def test_a_server_with_another_host_key_is_told_nothing(server):
    other = paramiko.ECDSAKey.generate()
    said = refused(server, host_key=f"{other.get_name()} {other.get_base64()}")
    assert server.host_key.fingerprint in said
    assert other.fingerprint in said
    assert "nothing was sent to it" in said
    foreign = paramiko.RSAKey.generate(2048)
    assert "Nothing was planned" in refused(server, host_key=f"{foreign.get_name()} {foreign.get_base64()}")
    with pytest.raises(SourceError, match="host_key is no public key"):
        open_fetch(settings_for(server, host_key="SHA256:abc"))


def test_refusals(server):
    assert f"refused '{USER}' with these credentials" in refused(server, password=lambda: "wrong")
    assert "the private key is not understood" in refused(server, key=lambda: "no key")
    assert "has no file /gone.csv" in refused(server, path="/gone.csv")
    assert "is no regular file" in refused(server, path="/")
    assert f"has more than {len(CSV) - 1} bytes" in refused(server, max_bytes=len(CSV) - 1)
    server.forbidden.add("/hr.csv")
    assert f"does not let '{USER}' read /hr.csv" in refused(server)
    server.stop()
    assert "cannot be reached or read" in refused(server)


def test_a_file_that_changes_while_it_is_read(server):
    grown = CSV + b"009,Bo\n"
    server.on_read = lambda _offset: replace_with(server.folder / "hr.csv", grown, 1_770_000_050)
    assert "cut short, or the file changed meanwhile" in refused(server)


def test_a_file_that_changes_while_it_is_left_to_settle(server):
    settings = settings_for(server, settle_seconds=30)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        replace_with(server.folder / "hr.csv", CSV[:-8], 1_770_000_000)

    from syncd.sources.sftpfile import SftpFile

    with pytest.raises(
        SourceError, match=r"arrived of 24: the transfer was cut short|file changed meanwhile"
    ):
        SftpFile(settings, sleep=sleep).fetch(server.folder.parent / "workspace")
    assert slept == [30]


def test_a_connection_that_breaks_off_and_one_that_is_too_slow(server):
    server.on_read = lambda _offset: server.break_off()
    assert "Nothing was planned" in refused(server)
    server.on_read = lambda _offset: None
    ticks = iter([0.0, 1.0, 30.0])
    from syncd.sources.sftpfile import SftpFile

    with pytest.raises(SourceError, match="did not arrive within 20 s"):
        SftpFile(settings_for(server), monotonic=lambda: next(ticks)).fetch(
            server.folder.parent / "workspace"
        )
    assert list((server.folder.parent / "workspace").iterdir()) == []
