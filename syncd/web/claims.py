"""Claims: what an OpenID provider says of a person, and who that makes them here. Nothing is asked or kept in this module."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncd.config.web_parts import AuthPart
from syncd.web.roles import Role

LONGEST_NAME = 200


class NotSignedIn(Exception):
    """Somebody is not signed in. ``said`` is for their browser; ``why`` is for the log, and names nobody."""

    def __init__(self, said: str, why: str, *, status: int = 401) -> None:
        """``status`` is that of the page."""
        self.said = said
        self.why = why
        self.status = status
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who signed in. ``role`` is None for whom nobody gave one; ``subject`` is the provider's name for them, which it gives to nobody else."""

    name: str
    subject: str
    role: Role | None
    cut: bool = False
    """Whether the provider left the groups out, as they were too many for a token."""
    untold: bool = False
    """Whether the provider said nothing of groups, not even that there are none."""


def person(claims: Mapping[str, Any], auth: AuthPart) -> Person:
    """Who it is by the claims of an ID token that was checked. Raises NotSignedIn if they cannot be named."""
    for claim in (auth.username_claim, auth.roles_claim):
        if claim == "email" and claims.get("email_verified") is False:
            raise NotSignedIn(
                "The provider has not checked your e-mail address, by which syncd is to know you.",
                "the provider has not verified the e-mail address",
            )
    subject = claims["sub"]
    given = claims.get(auth.username_claim)
    name = given.strip() if isinstance(given, str) and given.strip() else subject
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise NotSignedIn(
            "The provider gives you a name that syncd cannot write down.",
            f"{auth.username_claim} is longer than {LONGEST_NAME} characters, or not printable",
        )
    groups = _texts(claims.get(auth.roles_claim))
    roles = [Role(auth.roles[group]) for group in groups if group in auth.roles]
    if auth.default_role is not None:
        roles.append(Role(auth.default_role))
    elsewhere = claims.get("_claim_names")
    return Person(
        name=name,
        subject=subject,
        role=max(roles, key=list(Role).index, default=None),
        untold=auth.roles_claim not in claims,
        cut=not groups and isinstance(elsewhere, Mapping) and auth.roles_claim in elsewhere,
    )


def proof(auth: AuthPart) -> str:
    """What a session keeps of the settings by which it began: editing who may do what ends the sessions."""
    meant = [
        auth.issuer,
        auth.client_id,
        auth.username_claim,
        auth.roles_claim,
        auth.default_role,
        auth.roles,
    ]
    return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
