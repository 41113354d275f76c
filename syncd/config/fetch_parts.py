"""Fetch parts: where a file comes from that is not on this machine, and what proves who asks for it. Durations are seconds."""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from syncd.config.kinds import FilePath, Part, Seconds, SecretText, Text, secret_of
from syncd.config.secrets import Secret
from syncd.http.links import link_fault


def _secret_link(value: Any, info: ValidationInfo) -> Secret:
    if not isinstance(value, str):
        raise ValueError("must be a URL such as https://hr.example.com/export/hr.csv")  # noqa: TRY004 - a fault of shape
    if "${" not in value and (problem := link_fault(value)):  # else it has its fault already
        raise ValueError(problem)
    return secret_of(value, info, url=True)


SecretLink = Annotated[Secret, PlainValidator(_secret_link), WithJsonSchema({"type": "string"})]
"""An https URL, shown without what is in its query: there may be a token."""
Megabytes = Annotated[int, Field(ge=1, le=65_536)]


class TokenPart(Part):
    """A token that is asked for before anything else (OAuth 2 client credentials, or like it)."""

    url: SecretLink
    """Where it is asked for."""
    fields: dict[str, SecretText] = Field(min_length=1)
    """What is sent: {grant_type: client_credentials, client_id: ..., client_secret: ...}."""
    path: Text = "access_token"
    """Where the token is in the answer."""
    send: Literal["form", "json"] = "form"
    """How the fields are sent."""


class LoginPart(Part):
    """What proves who asks: bearer, user with password, or token; and headers besides."""

    bearer: SecretText | None = None
    """A token for the header Authorization: Bearer."""
    user: SecretText | None = None
    """A user for basic authentication."""
    password: SecretText | None = None
    """The user's password."""
    token: TokenPart | None = None
    """A token that is asked for first."""
    headers: dict[str, SecretText] = Field(default={})
    """More headers, by name."""

    @model_validator(mode="after")
    def _one_way(self) -> "LoginPart":
        if sum(each is not None for each in (self.bearer, self.user, self.token)) > 1:
            raise ValueError("bearer, user and token are three ways to log in; one must do")
        if self.password is not None and self.user is None:
            raise ValueError("password needs user")
        return self


class HttpsPart(Part):
    """A file behind a URL."""

    url: SecretLink
    """The URL; https, but for loopback. Redirects to another server are not followed."""
    login: LoginPart = LoginPart()
    """What proves who asks."""
    ca_file: FilePath | None = None
    """Certificate authorities to trust besides the usual ones (PEM)."""
    timeout: Annotated[Seconds, Field(gt=0)] = 300.0
    """The longest that all of it may take."""
    max_size: Megabytes = 2048
    """The longest file that is taken, in MiB."""


class SftpPart(Part):
    """A file of an SFTP server."""

    host: Text
    """The server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    """Its port."""
    host_key: Text
    """The server's own public key, such as "ssh-ed25519 AAAA...": no other server is talked to. ssh-keyscan HOST prints it."""
    user: Text
    """The user."""
    password: SecretText | None = None
    """The user's password."""
    key: SecretText | None = None
    """Or a private key: ${file:id_ed25519}."""
    passphrase: SecretText | None = None
    """The passphrase of the private key, if it has one."""
    path: Text
    """The file; * and ? in its name stand for any text, and newest says which of several."""
    newest: Literal["modified", "name"] = "modified"
    """Of several files: the one that was written last, or the one with the last name."""
    timeout: Annotated[Seconds, Field(gt=0)] = 300.0
    """The longest that all of it may take."""
    max_size: Megabytes = 2048
    """The longest file that is taken, in MiB."""

    @model_validator(mode="after")
    def _one_login(self) -> "SftpPart":
        if (self.password is None) == (self.key is None):
            raise ValueError("needs password or key, and not both")
        return self


class S3Part(Part):
    """An object of a bucket."""

    bucket: Text
    """The bucket."""
    key: Text
    """The object; * and ? in its last part stand for any text, and newest says which of several."""
    newest: Literal["modified", "name"] = "modified"
    """Of several objects: the one that was written last, or the one with the last name."""
    region: Text = "us-east-1"
    """The region."""
    endpoint: Text | None = None
    """The URL of another provider than AWS."""
    access_key: SecretText | None = None
    """The id of the access key; null: what the environment has (AWS_ACCESS_KEY_ID, a role of the machine or container)."""
    secret_key: SecretText | None = None
    """The secret of the access key."""
    session_token: SecretText | None = None
    """The token of a session, for temporary credentials."""
    ca_file: FilePath | None = None
    """Certificate authorities to trust besides the usual ones (PEM)."""
    timeout: Annotated[Seconds, Field(gt=0)] = 300.0
    """The longest that all of it may take."""
    max_size: Megabytes = 2048
    """The longest file that is taken, in MiB."""

    @model_validator(mode="after")
    def _both_keys(self) -> "S3Part":
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("access_key and secret_key need each other")
        if self.endpoint is not None and (problem := link_fault(self.endpoint)):
            raise ValueError(f"endpoint {problem}")
        return self


class FetchPart(Part):
    """Where a file comes from: exactly one of these."""

    https: HttpsPart | None = None
    """A file behind a URL."""
    sftp: SftpPart | None = None
    """A file of an SFTP server."""
    s3: S3Part | None = None
    """An object of an S3 bucket."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "FetchPart":
        if sum(each is not None for each in (self.https, self.sftp, self.s3)) != 1:
            raise ValueError("needs exactly one of https, sftp, s3")
        return self
