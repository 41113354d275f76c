"""The shape of ``web``: where the pages of the sync log are served, and to whom."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from syncd.config.kinds import FilePath, Part, SecretText, Text, Texts
from syncd.http.links import is_loopback, link_fault

RoleName = Literal["viewer", "operator", "approver", "admin"]
"""What somebody may do on the pages, each including what is before it."""
Network = Annotated[IPv4Network | IPv6Network, Field(union_mode="left_to_right")]
Header = Annotated[Text, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]


class AuthPart(Part):
    """How the pages know who somebody is."""

    type: Literal["none", "password", "proxy", "oidc"] = "none"
    """none: whoever reaches them, on loopback only; password: a file of names; proxy: one in front of them says who it is;
    oidc: an OpenID provider does."""
    passwords: FilePath | None = None
    """password: the file, a line of NAME:ROLE:HASH for each person, as `syncd web password` makes them."""
    user_header: Header = "X-Forwarded-User"
    """proxy: the header that names the person."""
    roles: dict[str, RoleName] = Field(default_factory=dict)
    """proxy: what named people may do, oidc: what their groups may: viewer, operator, approver, admin; of several the most."""
    default_role: RoleName | None = None
    """proxy, oidc: what everybody else may do whom the proxy or the provider lets through; null: nothing."""
    trusted_proxies: tuple[Network, ...] = ()
    """proxy: the addresses it asks from; the header is believed from nowhere else."""
    secret_header: Header = "X-Syncd-Proxy"  # noqa: S105 - the name of a header, not what it holds
    """proxy: the header in which it shows that it is the one."""
    secret: SecretText | None = None
    """proxy: what that header must hold."""
    issuer: Text | None = None
    """oidc: the provider, exactly as it writes itself: what comes before /.well-known/openid-configuration."""
    client_id: Annotated[Text, Field(pattern=r"^[!-~]{1,255}$")] | None = None
    """oidc: how the provider calls syncd."""
    client_secret: SecretText | None = None
    """oidc: what it gave syncd to show that it is the one; read again each time."""
    scopes: Texts = ("openid", "profile")
    """oidc: what is asked for; some providers tell groups only if asked: [openid, profile, groups]."""
    username_claim: Annotated[Text, Field(min_length=1)] = "preferred_username"
    """oidc: what people are called by here and in the audit; sub where the provider tells none."""
    roles_claim: Annotated[Text, Field(min_length=1)] = "groups"
    """oidc: where the ID token, or else userinfo, names the groups (or app roles) that roles speaks of; a text or a list."""
    ca_file: FilePath | None = None
    """oidc: more certificate authorities to trust, PEM."""

    @model_validator(mode="after")
    def _complete(self) -> "AuthPart":
        if self.type == "password" and self.passwords is None:
            raise ValueError("type password needs passwords, a file: syncd web password makes its lines")
        if self.type == "proxy" and not (self.trusted_proxies and self.secret):
            raise ValueError(
                "type proxy needs trusted_proxies and secret, or anybody could claim to be anybody"
            )
        if self.type == "oidc":
            self._check_oidc()
        return self

    def _check_oidc(self) -> None:
        if not (self.issuer and self.client_id and self.client_secret):
            raise ValueError(
                "type oidc needs issuer, client_id and client_secret, as the provider gives them"
            )
        if fault := link_fault(self.issuer):
            raise ValueError(f"issuer {fault}")
        if "?" in self.issuer:
            raise ValueError("issuer must have no query")
        if "openid" not in self.scopes or any(set(scope) & set(' "\\') for scope in self.scopes):
            raise ValueError("scopes must have openid among them, and no spaces in any")
        if not self.roles and self.default_role is None:
            raise ValueError(
                "type oidc needs roles (group: role) or default_role, or nobody could see anything"
            )


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

    @model_validator(mode="after")
    def _reachable(self) -> "WebSettings":
        if self.auth.type == "oidc":
            if self.url is None:
                raise ValueError(
                    "auth.type oidc needs url, the address to which the provider sends people back"
                )
            if self.url.startswith("http:") and not is_loopback(urlsplit(self.url).hostname or ""):
                raise ValueError("auth.type oidc needs a url with https (http is for loopback only)")
        return self

    @property
    def names(self) -> list[str]:
        """Every name under which the pages answer."""
        own = [] if self.url is None else [urlsplit(self.url).hostname or ""]
        return ["127.0.0.1", "localhost", "[::1]", self.host, *self.hosts, *filter(None, own)]
