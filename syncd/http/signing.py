"""Signing: calls to webhooks as standardwebhooks.com says, and how their answers are read. One home for all who call.

``webhook-id``, ``webhook-timestamp`` and ``webhook-signature: v1,<Base64>``, an HMAC-SHA256 over ``id.timestamp.body``, once for
each secret. A receiver that remembers ids takes each call once, however often it comes.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from syncd.http.outbound import Answered

PREFIX = "whsec_"
SECRET_FAULT = f"a secret must be {PREFIX} and the Base64 of 24 to 64 bytes; make one: echo whsec_$(openssl rand -base64 32)"
_LATER = frozenset({408, 425, 429})
"""Statuses below 500 after which the same call may succeed."""


def secret_bytes(secret: str) -> bytes | None:
    """The key of ``whsec_...``; None for a text that is none (``SECRET_FAULT`` says how one looks)."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if secret.startswith(PREFIX) and 24 <= len(key) <= 64 else None


def signed(webhook_id: str, timestamp: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of a call."""
    content = f"{webhook_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def judged(answer: Answered, *, key: str = "url") -> tuple[str, bool]:
    """Why an answer means that the call was not taken ("": it was), and whether trying again is no use.

    ``key`` is where the configuration has the address.
    """
    status = answer.status
    if 200 <= status < 300:
        return "", True
    if 300 <= status < 400:
        return (
            f"the receiver answered {status}, a redirect, which is not followed: put the final address in {key}",
            True,
        )
    if status == 410:
        return f"the receiver answered 410: it is gone for good. Correct its {key}, or take it out", True
    return f"the receiver answered {status}", 400 <= status < 500 and status not in _LATER


def retry_after(answer: Answered, now: float) -> float:
    """For how many seconds the receiver asks to be left alone; 0 if it does not say."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds())
