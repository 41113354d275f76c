"""What it takes to fetch a file from elsewhere; plain values that the configuration builds. Secrets are asked for when needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from syncd.sources.fetching import MAX_BYTES

Ask = Callable[[], str]
"""Gives a secret as it is now: a rotated one needs no restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that is asked for first (OAuth 2 client credentials, or like it): POST of ``fields`` to ``link``.

    ``path`` is where it is in the answer, ``as_json`` sends JSON instead of a form.
    """

    link: Ask = field(repr=False)
    fields: Mapping[str, Ask] = field(repr=False)
    path: str = "access_token"
    as_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What proves who asks over HTTPS: a bearer token, a user with a password, a token to be asked for, or headers."""

    bearer: Ask | None = field(default=None, repr=False)
    user: Ask | None = field(default=None, repr=False)
    password: Ask | None = field(default=None, repr=False)
    token: Token | None = None
    headers: Mapping[str, Ask] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsFileSettings:
    """One file behind a URL. ``timeout_seconds`` is for all of it; ``ca_file`` (PEM) is trusted besides the usual authorities."""

    name: str
    link: Ask = field(repr=False)
    login: Login = field(default_factory=Login)
    ca_file: str | None = None
    timeout_seconds: float = 300.0
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpFileSettings:
    """One file of an SFTP server, or the newest of those whose name fits (``*`` and ``?``).

    ``host_key`` is the server's own public key as ``ssh-keyscan`` prints it, without the host: no other server is talked to.
    ``key`` is the text of a private key. A file is compared with itself after ``settle_seconds`` before it is read.
    """

    name: str
    host: str
    path: str
    user: str
    host_key: str
    port: int = 22
    password: Ask | None = field(default=None, repr=False)
    key: Ask | None = field(default=None, repr=False)
    passphrase: Ask | None = field(default=None, repr=False)
    by_name: bool = False
    settle_seconds: float = 0.0
    timeout_seconds: float = 300.0
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class S3FileSettings:
    """One object of a bucket, or the newest of those whose name fits (``*`` and ``?`` in the last part of ``key``).

    Without ``access_key`` the credentials are those of the environment: variables, a role of the machine or the container.
    ``endpoint`` is that of another provider than AWS.
    """

    name: str
    bucket: str
    key: str
    region: str = "us-east-1"
    endpoint: str | None = None
    access_key: Ask | None = field(default=None, repr=False)
    secret_key: Ask | None = field(default=None, repr=False)
    session_token: Ask | None = field(default=None, repr=False)
    by_name: bool = False
    ca_file: str | None = None
    timeout_seconds: float = 300.0
    max_bytes: int = MAX_BYTES


FetchSettings = HttpsFileSettings | SftpFileSettings | S3FileSettings
"""Everything that ``open_fetch`` can open."""
