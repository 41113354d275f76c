"""Sealing: a stream of bytes under a key, in chunks each of which is proved to be where it belongs.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM: the nonce of a chunk is its number and
whether it is the last one, so chunks that were changed, moved, left out or cut off are refused. Each file has a key of its
own, derived from the configured one (HKDF-SHA256) and 32 random bytes, so no nonce is ever used twice under one key.

A file is ``MAGIC``, the id of the configured key (8 bytes), the random bytes, and the chunks. All before the chunks is
authenticated with each of them.
"""

import os
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from syncd.errors import ArchiveError, ConfigError, Fault

MAGIC = b"syncd-sealed-1\n\0"
CHUNK = 64 * 1024
"""Bytes that are sealed together."""
_TAG = 16
_ID, _SALT = 8, 32
HEADER = len(MAGIC) + _ID + _SALT


class Sealer:
    """Bytes in, sealed chunks out, to ``write``; ``close`` writes the last one."""

    def __init__(self, key: str, write: Callable[[bytes], object]) -> None:
        """Write the header. Raises ConfigError if `cryptography` is not installed."""
        salt = os.urandom(_SALT)
        self._header = MAGIC + key_id(key) + salt
        self._cipher = _cipher(key, salt)
        self._write = write
        self._waiting = bytearray()
        self._number = 0
        write(self._header)

    def feed(self, data: bytes) -> None:
        """Take bytes; what fills a chunk, and is surely not the last one, is written."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def close(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, data: bytes, *, last: bool) -> None:
        self._write(self._cipher.encrypt(_nonce(self._number, last=last), data, self._header))
        self._number += 1


def unsealed(read: Callable[[int], bytes], keys: Sequence[str], name: str) -> Iterator[bytes]:
    """The bytes of a sealed file, chunk by chunk, each proved before it is handed out; ``name`` is for messages.

    Raises ArchiveError if none of the ``keys`` is the one it was sealed with, or if it is not as it was written.
    """
    from cryptography.exceptions import InvalidTag

    header = read(HEADER)
    if len(header) < HEADER or not header.startswith(MAGIC):
        raise damaged(name, "it has no whole header")
    wanted = header[len(MAGIC) : len(MAGIC) + _ID]
    key = next((one for one in keys if key_id(one) == wanted), None)
    if key is None:
        raise ArchiveError(
            f"{name} is encrypted with another key (id {wanted.hex()}) than archive.key has; "
            "put that key back there, behind the first one"
        )
    cipher = _cipher(key, header[-_SALT:])
    number, chunk = 0, read(CHUNK + _TAG)
    while True:
        following = read(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), chunk, header)
        except InvalidTag:
            raise damaged(name, f"chunk {number} of it is not authentic") from None
        if not following:
            return
        number, chunk = number + 1, following


def is_sealed_with(key: str, header: bytes) -> bool:
    """Whether the file that begins with this ``header`` was sealed with the ``key``."""
    return header[: len(MAGIC) + _ID] == MAGIC + key_id(key)


def damaged(name: str, why: str) -> ArchiveError:
    """The refusal of a file that is not as it was written."""
    return ArchiveError(
        f"{name} is damaged, or was tampered with: {why}; it is refused whole. Restore it from a backup of archive.folder"
    )


def key_id(key: str) -> bytes:
    """What says which key a file was sealed with, and nothing of the key."""
    return _derived(key, None, b"syncd archive: id of a key", _ID)


def _cipher(key: str, salt: bytes) -> Any:
    need_cryptography()
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_derived(key, salt, b"syncd archive: key of a file", 32))


def _derived(key: str, salt: bytes | None, purpose: bytes, length: int) -> bytes:
    need_cryptography()
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=purpose).derive(key.encode())


def need_cryptography() -> None:
    """Raises ConfigError, with what to install, if `cryptography` is not."""
    try:
        import cryptography  # noqa: F401 - only whether it is there
    except ImportError:
        message = 'a key needs the package cryptography: pip install "syncd[archive]"'
        raise ConfigError([Fault(where="archive.key", key="", message=message)]) from None


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">7xIB", number, last)
