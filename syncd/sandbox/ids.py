"""Ids in the shape Litmos gives them: ASP.NET's UrlTokenEncode of an 8- or 16-byte block [REC], made reproducibly."""

import base64
import hashlib

_FIRST_NUMBERS = {"user": 9_999_951, "team": 405_001, "path": 71_001, "course": 88_001}
_OTHER_FIRST_NUMBER = 1_001
_EIGHT_DIGITS = 10_000_000
_TOP_SIX_BITS = {
    3: 0b111110_00,
    11: 0b111111_00,
}  # "-" and "_" in base64url, the nuisance every client must survive


class IdMint:
    """Hands out (OriginalId, Id) pairs; the same ``seed`` and the same order of calls give the same pairs.

    Numbers below eight digits become 12 characters, longer ones 23 (litmos-api 2, inferred from samples); the numbers
    of users cross that border after 49, so every world of some size holds both. Two in sixteen begin with ``-``, ``_``.
    """

    def __init__(self, seed: str = "sandbox") -> None:
        self._seed = seed
        self._next: dict[str, int] = {}

    def restart(self) -> None:
        """Begins again at the first numbers."""
        self._next.clear()

    def mint(self, kind: str) -> tuple[int, str]:
        """The next number and Id of a kind of object ("user", "team", "path", "course", ...)."""
        number = self._next.get(kind, _FIRST_NUMBERS.get(kind, _OTHER_FIRST_NUMBER))
        self._next[kind] = number + 1
        return number, self.token(kind, number)

    def token(self, kind: str, number: int) -> str:
        """The Id that belongs to a number."""
        width, pad = (8, "1") if number < _EIGHT_DIGITS else (16, "2")
        block = bytearray(
            hashlib.blake2b(f"{self._seed}:{kind}:{number}".encode(), digest_size=width).digest()
        )
        if (top := _TOP_SIX_BITS.get(number % 16)) is not None:
            block[0] = top | (block[0] & 0b11)
        return base64.urlsafe_b64encode(bytes(block)).decode().rstrip("=") + pad

    def login_url(self, number: int) -> str:
        """A LoginKey: a link that logs a user in, with the doubled slash of the recordings [REC]."""
        digits = hashlib.blake2b(f"{self._seed}:login:{number}".encode(), digest_size=16).hexdigest()
        guid = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        return f"https://sandbox.litmos.example//login.aspx?loginkey={guid}"

    def used(self, kind: str, number: int) -> None:
        """Makes later numbers of this kind greater than ``number`` (a seeded object brought its own)."""
        self._next[kind] = max(
            self._next.get(kind, _FIRST_NUMBERS.get(kind, _OTHER_FIRST_NUMBER)), number + 1
        )
