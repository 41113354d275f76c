"""The shape of ``web``: where the pages of the sync log are served, and to whom."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field, model_validator

from syncd.config.kinds import FilePath, Part, SecretText, Text

RoleName = Literal["viewer", "operator", "approver", "admin"]
"""What somebody may do on the pages, each including what is before it."""
Network = Annotated[IPv4Network | IPv6Network, Field(union_mode="left_to_right")]
Header = Annotated[Text, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]


class AuthPart(Part):
    """How the pages know who somebody is."""

    type: Literal["none", "password", "proxy"] = "none"
    """none: whoever reaches them, on loopback only; password: a file of names; proxy: one in front of them says who it is."""
    passwords: FilePath | None = None
    """password: the file, a line of NAME:ROLE:HASH for each person, as `syncd web password` makes them."""
    user_header: Header = "X-Forwarded-User"
    """proxy: the header that names the person."""
    roles: dict[str, RoleName] = Field(default_factory=dict)
    """proxy: what named people may do: viewer, operator, approver, admin."""
    default_role: RoleName | None = None
    """proxy: what everybody else may do whom the proxy lets through; null: nothing."""
    trusted_proxies: tuple[Network, ...] = ()
    """proxy: the addresses it asks from; the header is believed from nowhere else."""
    secret_header: Header = "X-Syncd-Proxy"  # noqa: S105 - the name of a header, not what it holds
    """proxy: the header in which it shows that it is the one."""
    secret: SecretText | None = None
    """proxy: what that header must hold."""

    @model_validator(mode="after")
    def _complete(self) -> "AuthPart":
        if self.type == "password" and self.passwords is None:
            raise ValueError("type password needs passwords, a file: syncd web password makes its lines")
        if self.type == "proxy" and not (self.trusted_proxies and self.secret):
            raise ValueError(
                "type proxy needs trusted_proxies and secret, or anybody could claim to be anybody"
            )
        return self


class WebSettings(Part):
    """The sync log's pages."""

    host: Annotated[Text, Field(min_length=1)] = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port to listen on; 0 takes a free one."""
    pages: Literal["always", "safe", "never"] = "always"
    """always; safe: only on loopback or with authentication, else health alone; never: health alone."""
    hosts: tuple[Annotated[Text, Field(pattern=r"^[A-Za-z0-9.:\[\]-]{1,253}$")], ...] = ()
    """More names under which browsers ask for the pages, such as that of a proxy; any other name is refused."""
    url: Annotated[Text, Field(pattern=r"^https?://[^\s?#]+$")] | None = None
    """Where people reach the pages, such as https://sync.example.com: messages link there; null: they have no links."""
    auth: AuthPart = AuthPart()
    """How the pages know who somebody is."""
