"""ID tokens: whether one is signed by the provider, meant for us, fresh, and the answer to what we asked. The only user of joserfc."""

import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidClaimError, JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import to_bytes, urlsafe_b64decode

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a private key that the provider alone has; never ``none``, never HS*, whose key would be the client's secret."""
LEEWAY = 60
"""Seconds by which clocks may differ."""
OLDEST = 600
"""Seconds for which a token may have been on its way: it was made when it was asked for."""
SMALLEST_RSA = 2048
LONGEST_SUBJECT = 255
"""Characters, by OpenID Connect Core 1.0, section 2."""

Key = RSAKey | ECKey


class BadToken(Exception):
    """An ID token that proves nothing; the message says why and holds nothing of it."""


def keys_of(document: Any) -> tuple[Key, ...]:
    """The keys of a JWK set (RFC 7517) that can sign; what is not understood is passed over, and secrets are never keys."""
    found: list[Key] = []
    listed = document.get("keys") if isinstance(document, dict) else None
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        try:
            match one.get("kty"):
                case "RSA":
                    if len(urlsafe_b64decode(to_bytes(one["n"]))) * 8 >= SMALLEST_RSA:
                        found.append(RSAKey.import_key({k: v for k, v in one.items() if k in _PUBLIC}))
                case "EC":
                    found.append(ECKey.import_key({k: v for k, v in one.items() if k in _PUBLIC}))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return tuple(found)


_PUBLIC = frozenset({"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"})


def key_id(token: str) -> str | None:
    """The key that a token says it is signed with. Raises BadToken."""
    try:
        header = json.loads(urlsafe_b64decode(to_bytes(token.partition(".")[0])))
    except (ValueError, JoseError):
        raise BadToken("the ID token is none") from None
    kid = header.get("kid") if isinstance(header, dict) else None
    return kid if isinstance(kid, str) else None


def claims_of(
    token: str, keys: Sequence[Key], *, issuer: str, client_id: str, nonce: str, now: datetime
) -> dict[str, Any]:
    """What a token says, if it proves that. Raises BadToken."""
    kid = key_id(token)
    fitting = [key for key in keys if kid is None or key.kid == kid]
    if len(fitting) != 1:
        raise BadToken("the ID token is signed with a key that the provider does not publish")
    key = fitting[0]
    allowed = [name for name in ALGORITHMS if key.alg in {None, name}]
    registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
    try:
        claims = jwt.decode(token, key, algorithms=allowed, registry=registry).claims
        _checked(claims, issuer=issuer, client_id=client_id, now=int(now.timestamp()))
    except JoseError as error:
        raise BadToken(f"the ID token is not good: {error.error}{_claim(error)}") from None
    except (ValueError, TypeError):
        raise BadToken("the ID token cannot be read") from None
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise BadToken("the ID token is the answer to another question (nonce)")
    return claims


def _checked(claims: dict[str, Any], *, issuer: str, client_id: str, now: int) -> None:
    jwt.JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    ).validate(claims)
    if claims["iat"] < now - OLDEST - LEEWAY:
        raise InvalidClaimError("iat")
    party = claims.get("azp")
    if party not in {None, client_id} or (
        party is None and isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    ):
        raise InvalidClaimError("azp")
    if len(claims["sub"]) > LONGEST_SUBJECT or not claims["sub"].isprintable():
        raise InvalidClaimError("sub")


def _claim(error: JoseError) -> str:
    claim = getattr(error, "claim", "")
    return f" ({claim})" if isinstance(claim, str) and claim.isalpha() else ""
