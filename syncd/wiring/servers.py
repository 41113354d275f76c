"""Servers that HR's data is on: from how the configuration names them to how sources ask them."""

from syncd.config.fetch_parts import FetchPart, HttpsPart, LoginPart, S3Part
from syncd.config.json_parts import PagingPart
from syncd.config.secrets import Secret
from syncd.config.source_parts import JsonSettings
from syncd.sources.fetch_settings import (
    Ask,
    FetchSettings,
    HttpsFileSettings,
    Login,
    S3FileSettings,
    SftpFileSettings,
    Token,
)
from syncd.sources.json_settings import JsonSourceSettings, Paging

MEBIBYTE = 1024 * 1024


def fetch_settings(name: str, part: FetchPart, *, settle_seconds: float) -> FetchSettings:
    """How the file of the source ``name`` is brought here."""
    if part.https is not None:
        return _https(name, part.https)
    if part.s3 is not None:
        return _s3(name, part.s3)
    sftp = part.sftp
    assert sftp is not None
    return SftpFileSettings(
        name=name,
        host=sftp.host,
        port=sftp.port,
        host_key=sftp.host_key,
        user=sftp.user,
        password=_ask(sftp.password),
        key=_ask(sftp.key),
        passphrase=_ask(sftp.passphrase),
        path=sftp.path,
        by_name=sftp.newest == "name",
        settle_seconds=settle_seconds,
        timeout_seconds=sftp.timeout,
        max_bytes=sftp.max_size * MEBIBYTE,
    )


def json_settings(part: JsonSettings) -> JsonSourceSettings:
    """How HR's list is asked for."""
    theirs = {ours: path for path, ours in part.renamed.items()}
    gone = part.gone
    return JsonSourceSettings(
        name=part.name,
        link=part.url.reveal,
        columns=tuple(part.renamed),
        rows=part.rows,
        login=login_of(part.login),
        method=part.method,
        body=part.body,
        params=part.params,
        paging=_paging(part.paging),
        gone="" if gone is None else gone.path,
        gone_set={} if gone is None else {theirs[column]: text for column, text in gone.constants.items()},
        ca_file=None if part.ca_file is None else str(part.ca_file),
        timeout_seconds=part.timeout,
        max_bytes=part.max_size * MEBIBYTE,
        max_rows=part.max_rows,
    )


def _paging(part: PagingPart) -> Paging:
    total = part.total or ""
    if part.next is not None:
        return Paging(kind="next", path=part.next, total=total)
    if part.link_header is not None:
        return Paging(kind="link_header", total=total)
    if part.page is not None:
        return Paging(
            kind="page", param=part.page, first=1 if part.first is None else part.first, total=total
        )
    if part.offset is not None:
        return Paging(kind="offset", param=part.offset, first=part.first or 0, total=total)
    if part.cursor is not None:
        return Paging(kind="cursor", param=part.cursor, path=part.cursor_from or "", total=total)
    return Paging(total=total)


def login_of(part: LoginPart) -> Login:
    """What proves who asks."""
    token = part.token
    return Login(
        bearer=_ask(part.bearer),
        user=_ask(part.user),
        password=_ask(part.password),
        headers={name: secret.reveal for name, secret in part.headers.items()},
        token=None
        if token is None
        else Token(
            link=token.url.reveal,
            fields={name: secret.reveal for name, secret in token.fields.items()},
            path=token.path,
            as_json=token.send == "json",
        ),
    )


def _https(name: str, part: HttpsPart) -> HttpsFileSettings:
    return HttpsFileSettings(
        name=name,
        link=part.url.reveal,
        login=login_of(part.login),
        ca_file=None if part.ca_file is None else str(part.ca_file),
        timeout_seconds=part.timeout,
        max_bytes=part.max_size * MEBIBYTE,
    )


def _s3(name: str, part: S3Part) -> S3FileSettings:
    return S3FileSettings(
        name=name,
        bucket=part.bucket,
        key=part.key,
        region=part.region,
        endpoint=part.endpoint,
        access_key=_ask(part.access_key),
        secret_key=_ask(part.secret_key),
        session_token=_ask(part.session_token),
        by_name=part.newest == "name",
        ca_file=None if part.ca_file is None else str(part.ca_file),
        timeout_seconds=part.timeout,
        max_bytes=part.max_size * MEBIBYTE,
    )


def _ask(secret: Secret | None) -> Ask | None:
    return None if secret is None else secret.reveal
