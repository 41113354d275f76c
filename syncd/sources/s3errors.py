"""S3 errors: what an error of S3 means for whoever runs syncd, and what to do next. No message holds a secret.

The codes are those of S3's documentation, "Error responses" of its API reference. The library hands on the XML as text.
"""

import re
from collections.abc import Collection

_REGION = (
    'the bucket is in another region than "{region}"{hint}. Set region under s3 to that of the bucket: '
    "aws s3api get-bucket-location tells it"
)
_BUSY = "S3 asks to be left alone for a while. Run syncd again later"
_TOKEN = "access_key, secret_key and session_token belong together: get all three anew"  # noqa: S105 - no secret
_TOLD = {
    "InvalidAccessKeyId": "S3 does not know this access key. Check access_key (or AWS_ACCESS_KEY_ID), and whether it was deleted",
    "SignatureDoesNotMatch": (
        "the secret key does not belong to this access key. Check secret_key (or AWS_SECRET_ACCESS_KEY) for what was cut off or added"
    ),
    "ExpiredToken": f"the session token has expired; {_TOKEN}",
    "InvalidToken": f"the session token is not valid; {_TOKEN}",
    "AuthorizationHeaderMalformed": _REGION,
    "PermanentRedirect": _REGION,
    "TemporaryRedirect": _REGION,
    "NoSuchBucket": "there is no such bucket. Check bucket (and endpoint, if it is not at AWS)",
    "NoSuchKey": "there is no such object. Check key, and whether the HR export ran",
    "AccessDenied": (
        "these credentials may not read it, or it is not there: without s3:ListBucket S3 says the same of both. "
        "They need s3:GetObject, s3:ListBucket for a pattern, and kms:Decrypt for what is encrypted with a key of KMS"
    ),
    "RequestTimeTooSkewed": "the clock of this machine is wrong by more than 15 minutes. Set it",
    "SlowDown": _BUSY,
    "ServiceUnavailable": _BUSY,
    "InternalError": _BUSY,
}
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_EXPECTED = re.compile(r"expecting '([a-z0-9-]{1,40})'|<Region>([a-z0-9-]{1,40})</Region>")
_NO_LOCATION = "redirect without LOCATION"
"""What the library says of a redirect as S3 makes it for a bucket of another region: without an address."""
_ROLES = ("/latest/api/token", "/latest/meta-data", "/v2/credentials")
"""Where machines and containers are asked for the credentials of their role: where there is none, nobody answers."""


def told(text: str, *, is_missing: bool, is_refused: bool, region: str, secrets: Collection[str]) -> str:
    """What happened and what to do, without a full stop; of what is not known, the library's first words without ``secrets``.

    ``text`` is what the library says; ``is_missing`` and ``is_refused`` are what it took that for.
    """
    found = _CODE.search(text)
    code = found.group(1) if found else "PermanentRedirect" if _NO_LOCATION in text else ""
    if said := _TOLD.get(code):
        named = _EXPECTED.search(text)
        hint = f", {named.group(1) or named.group(2)}" if named else ""
        return said.format(region=region, hint=hint)
    if any(place in text for place in _ROLES):
        return (
            "there are no credentials: set access_key and secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or give this machine a role"
        )
    if is_missing:
        return "there is no such object, or no such bucket. Check both, and whether the HR export ran"
    return _TOLD["AccessDenied"] if is_refused else _first_words(text, secrets)


def _first_words(text: str, secrets: Collection[str]) -> str:
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return " ".join(text.split())[:200].rstrip(". ")
