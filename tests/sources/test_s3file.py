"""Objects of a real S3 server on loopback: the newest, whole, or refused with a clear word and no secret."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("obstore")
pytest.importorskip("moto")
import boto3  # type: ignore[import-untyped]  # ships no types
from moto.server import ThreadedMotoServer

from syncd.errors import SourceError
from syncd.sources import open_fetch, open_source
from syncd.sources.fetch_settings import S3FileSettings
from syncd.sources.fetching import Fetched
from syncd.sources.settings import CsvSourceSettings
from tests.sources.https_server import HttpServer, Said

SECRET = "s3cret/of+hr"
CSV = b"employee_id,name\n007,Ana\n"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    link = f"http://{host}:{port}"
    bucket = boto3.client(
        "s3",
        endpoint_url=link,
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key=SECRET,
    )
    bucket.create_bucket(Bucket="hr-files")
    for key in ("out/hr_2026-01-02.csv", "out/hr_2026-01-01.csv", "out/deep/hr_2026-09-09.csv", "out/x.txt"):
        bucket.put_object(Bucket="hr-files", Key=key, Body=CSV + key.encode() + b",Bo\n")
    yield link
    bucket.close()
    server.stop()


def settings_for(endpoint: str, **changed) -> S3FileSettings:
    base = S3FileSettings(
        name="hr",
        bucket="hr-files",
        key="out/hr_2026-01-01.csv",
        endpoint=endpoint,
        access_key=lambda: "id",
        secret_key=lambda: SECRET,
        timeout_seconds=10,
    )
    return replace(base, **changed)


def fetched(tmp_path: Path, endpoint: str, **changed) -> Fetched:
    return open_fetch(settings_for(endpoint, **changed)).fetch(tmp_path)


def refused(tmp_path: Path, endpoint: str, **changed) -> str:
    with pytest.raises(SourceError) as caught:
        fetched(tmp_path, endpoint, **changed)
    assert list(tmp_path.iterdir()) == []
    assert SECRET not in str(caught.value) + repr(settings_for(endpoint, **changed))
    return str(caught.value)


def test_an_object_as_a_csv_source(tmp_path, endpoint):
    settings = CsvSourceSettings(name="hr", path=Path())
    reading = open_source(settings, fetch=open_fetch(settings_for(endpoint))).read(tmp_path)
    assert [dict(one.fields)["employee_id"] for one in reading.records] == ["007", "out/hr_2026-01-01.csv"]
    assert next(iter(reading.records)).origin == "hr_2026-01-01.csv:2"
    assert reading.modified_at is not None


def test_the_newest_of_a_pattern_in_its_folder_alone(tmp_path, endpoint):
    assert fetched(tmp_path, endpoint, key="out/hr_*.csv", by_name=True).name == "hr_2026-01-02.csv"
    assert (
        fetched(tmp_path, endpoint, key="out/*/hr_*.csv".replace("*/", "deep/")).name == "hr_2026-09-09.csv"
    )


def test_refusals(tmp_path, endpoint, monkeypatch):
    assert "there is no such object" in refused(tmp_path, endpoint, key="gone.csv")
    assert "there is no such bucket" in refused(tmp_path, endpoint, bucket="elsewhere")
    assert "there is no file no_*.csv" in refused(tmp_path, endpoint, key="no_*.csv")
    assert "has more than 10 bytes" in refused(tmp_path, endpoint, max_bytes=10)
    assert "Nothing was planned" in refused(tmp_path, "http://127.0.0.1:1", timeout_seconds=1)
    assert "the endpoint must be https" in refused(tmp_path, "http://hr.example.com")


def test_the_environment_gives_credentials_where_none_are_configured(tmp_path, endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert fetched(tmp_path, endpoint, access_key=None, secret_key=None).name == "hr_2026-01-01.csv"


REFUSALS = {
    "InvalidAccessKeyId": (403, "S3 does not know this access key. Check access_key"),
    "SignatureDoesNotMatch": (403, "the secret key does not belong to this access key. Check secret_key"),
    "ExpiredToken": (
        400,
        "the session token has expired; access_key, secret_key and session_token belong together",
    ),
    "AuthorizationHeaderMalformed": (400, 'in another region than "us-east-1", eu-central-1. Set region'),
    "PermanentRedirect": (301, 'in another region than "us-east-1". Set region'),
    "NoSuchBucket": (404, "there is no such bucket. Check bucket"),
    "NoSuchKey": (404, "there is no such object. Check key, and whether the HR export ran"),
    "AccessDenied": (403, "these credentials may not read it, or it is not there"),
    "RequestTimeTooSkewed": (403, "the clock of this machine is wrong"),
    "MadeUp": (400, "Generic S3 error"),
}
"""Codes of S3's API reference ("Error responses"), with their HTTP status, and what is told of each."""


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("key", ["out/hr.csv", "out/*.csv"])
def test_what_s3_refuses_is_told_with_the_next_step_and_without_the_secret(tmp_path, code, key):
    status, expected = REFUSALS[code]
    body = (
        f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>about {SECRET}; the region 'us-east-1' is wrong; "
        "expecting 'eu-central-1'</Message></Error>"
    )
    server = HttpServer(
        lambda _: Said(body.encode(), status=status, headers=(("Content-Type", "application/xml"),))
    )
    try:
        said = refused(tmp_path, server.link, key=key)
        assert len(server.asked) == 1, "what will not change is asked once"
    finally:
        server.stop()
    assert said.startswith(f"hr: s3://hr-files/{key}: ")
    assert expected in said
    assert said.endswith(". Nothing was planned.")


def test_without_any_credentials_the_message_says_where_they_may_come_from(tmp_path, endpoint, monkeypatch):
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    said = refused(tmp_path, endpoint, access_key=None, secret_key=None, timeout_seconds=1)
    assert "there are no credentials: set access_key and secret_key" in said


def test_of_credentials_in_the_environment_nothing_is_told_either(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    server = HttpServer(lambda _: Said(f"odd {SECRET}".encode(), status=418))
    try:
        assert "odd ***" in refused(tmp_path, server.link, access_key=None, secret_key=None)
    finally:
        server.stop()
