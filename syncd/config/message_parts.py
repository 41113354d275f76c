"""The shape of ``messages``: who is told what, by which channel. Durations are seconds."""

from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, WithJsonSchema, model_validator

from syncd.config.kinds import FilePath, Flag, Part, Seconds, SecretText, Text, Texts
from syncd.http.links import is_loopback

KindName = Literal["held", "failed", "late", "quarantine", "refused", "digest"]
ALL: tuple[KindName, ...] = ("held", "failed", "late", "quarantine", "refused", "digest")


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return time.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("must be a time of day, such as 07:00") from None


DayTime = Annotated[
    time, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d$"})
]


class ChannelPart(Part):
    """What every channel has."""

    name: Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")]
    """A short name of ours; what it was told is remembered under it."""
    kinds: tuple[KindName, ...] = ALL
    """What it is told: held, failed, late, quarantine, refused, digest."""
    repeat: Annotated[Seconds, Field(ge=60)] | None = 86400.0
    """After how long it is told again of what lasts; null: never."""
    timeout: Annotated[Seconds, Field(ge=1, le=120)] = 20.0
    """The longest that one try may take."""


class SmtpPart(ChannelPart):
    """A mail server."""

    type: Literal["smtp"]
    """smtp"""
    host: Annotated[Text, Field(min_length=1)]
    """The server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port: 587 for starttls, 465 for tls."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """starttls or tls, its certificate verified; none is for loopback only."""
    user: Text = ""
    """Who signs in there; "": nobody does."""
    password: SecretText | None = None
    """Their password."""
    sender: Annotated[Text, Field(alias="from", pattern=r"^[^\s@<>]+@[^\s@<>]+$")]
    """The address it comes from."""
    to: Annotated[Texts, Field(min_length=1)]
    """Whom it goes to, one address or several."""
    ca_file: FilePath | None = None
    """Certificate authorities to trust besides the usual ones (PEM)."""

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError("security none is for loopback only; use starttls or tls")
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password go together")
        if any("@" not in each or any(c.isspace() for c in each) for each in self.to):
            raise ValueError("to must be e-mail addresses")
        return self


class WebhookChannelPart(ChannelPart):
    """An address on the web that is sent JSON, signed."""

    type: Literal["webhook"]
    """webhook"""
    url: SecretText
    """The address; https, but for loopback."""
    secrets: Annotated[tuple[SecretText, ...], Field(min_length=1, max_length=5)]
    """What calls are signed with, as whsec_ and Base64; several while one is replaced by another."""
    allow_private: Flag = False
    """true: the address may be one of a private network."""
    ca_file: FilePath | None = None
    """Certificate authorities to trust besides the usual ones (PEM)."""


class ApprisePart(ChannelPart):
    """Chats and pagers, by apprise (syncd[notify])."""

    type: Literal["apprise"]
    """apprise"""
    urls: Annotated[tuple[SecretText, ...], Field(min_length=1, max_length=10)]
    """Its URLs, each a secret."""


AnyChannel = Annotated[SmtpPart | WebhookChannelPart | ApprisePart, Discriminator("type")]


class DeadManPart(Part):
    """An outside service that says so when it hears nothing any more."""

    url: SecretText
    """Asked by GET; https, but for loopback."""
    every: Annotated[Seconds, Field(ge=60)] | None = None
    """So often while nothing is late, failed or refused; null: after each scheduled push that succeeded."""
    timeout: Annotated[Seconds, Field(ge=1, le=120)] = 20.0
    """The longest that one call may take."""


class MessageSettings(Part):
    """Who is told when a person is needed."""

    channels: tuple[AnyChannel, ...] = ()
    """Where messages go; none: nowhere."""
    late: Annotated[Seconds, Field(ge=60)] = 1800.0
    """How long after its schedule a flow that has not begun is late."""
    digest: DayTime | None = time(7)
    """When the daily digest goes out, in schedules.timezone; null: never."""
    dead_man: DeadManPart | None = None
    """An outside service that notices silence; null: none."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [one.name for one in self.channels]
        if len(names) != len(set(names)):
            raise ValueError("channels must have different names")
        return self
