"""Certificates: a server of HR is believed if an authority that was named vouches for its host today, and only then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncd.errors import SourceError
from syncd.sources import open_fetch, open_source
from syncd.sources.fetch_settings import HttpsFileSettings, Login
from syncd.sources.json_settings import JsonSourceSettings
from tests.sources.certificates import Authority
from tests.sources.https_server import Asked, HttpServer, Said

SECRET = "s3cret-of-hr"
CSV = b"employee_id,name\n007,Ana\n"
LOGIN = Login(bearer=lambda: SECRET)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def serving(certificate: Path) -> Iterator[HttpServer]:
    made = HttpServer(answer, certificate)
    try:
        yield made
    finally:
        made.stop()


def answer(asked: Asked) -> Said:
    return Said(b'[{"id": "007"}]' if asked.path == "/people" else CSV)


def read_file(link: str, ca_file: Path | None, folder: Path) -> object:
    settings = HttpsFileSettings(
        name="hr",
        link=lambda: f"{link}/hr.csv",
        login=LOGIN,
        ca_file=None if ca_file is None else str(ca_file),
        timeout_seconds=10,
    )
    return open_fetch(settings).fetch(folder).copy.path.read_bytes()


def read_json(link: str, ca_file: Path | None, folder: Path) -> object:
    settings = JsonSourceSettings(
        name="hr",
        link=lambda: f"{link}/people",
        login=LOGIN,
        ca_file=None if ca_file is None else str(ca_file),
        columns=("id",),
        timeout_seconds=10,
    )
    return list(open_source(settings).read(folder).raw)


READERS = [(read_file, CSV), (read_json, [(1, ["007"])])]


@pytest.mark.parametrize(("read", "expected"), READERS)
def test_a_certificate_of_an_authority_of_ones_own_is_believed_with_ca_file(
    authority: Authority, tmp_path: Path, read: Callable[..., object], expected: object
) -> None:
    with serving(authority.issue("localhost")) as server:
        assert read(server.link, authority.ca_file, tmp_path) == expected
        assert [one.headers["authorization"] for one in server.asked] == [f"Bearer {SECRET}"]


@pytest.mark.parametrize(("read", "_expected"), READERS)
@pytest.mark.parametrize(
    ("host", "days", "named", "why"),
    [
        ("localhost", 30, False, "unable to get local issuer certificate"),
        ("hr.example.com", 30, True, "Hostname mismatch"),
        ("localhost", -1, True, "certificate has expired"),
    ],
    ids=["unknown authority", "another host", "expired"],
)
def test_any_other_certificate_is_refused_and_the_secret_is_told_nobody(
    authority: Authority,
    tmp_path: Path,
    read: Callable[..., object],
    _expected: object,
    host: str,
    days: int,
    named: bool,  # noqa: FBT001 - a parameter of a table
    why: str,
) -> None:
    with serving(authority.issue(host, days=days)) as server:
        with pytest.raises(SourceError) as caught:
            read(server.link, authority.ca_file if named else None, tmp_path)
        assert server.asked == []
    said = str(caught.value)
    assert why in said
    assert "Nothing was planned" in said
    assert SECRET not in said
    assert ("ca_file" in said) == (not named)
    assert list(tmp_path.iterdir()) == []
