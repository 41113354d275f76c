"""Passwords: a file with a line for each person, ``NAME:ROLE:scrypt$N$R$P$SALT$HASH``; blank lines and ``#`` are passed over."""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

from syncd.errors import ConfigError, Fault
from syncd.web.roles import Role

COST, BLOCK, PARALLEL = 2**15, 8, 1
"""scrypt's parameters: 32 MB and about a tenth of a second for each try."""
MOST_COST = 2**20
SHORTEST = 12
"""So many characters a password has at least (length is what counts)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the file; ``proof`` changes with the password, and ends the sessions that the old one began."""

    role: Role
    hashed: str

    @property
    def proof(self) -> str:
        """What a session keeps of the line by which it began."""
        return hashlib.sha256(self.hashed.encode()).hexdigest()


def hash_password(password: str) -> str:
    """The hash of a password, with a new salt."""
    salt = os.urandom(16)
    parts = ["scrypt", str(COST), str(BLOCK), str(PARALLEL), _text(salt)]
    return "$".join([*parts, _text(_scrypt(password, salt, COST, BLOCK, PARALLEL))])


def fits(password: str, hashed: str) -> bool:
    """Whether this is the password; takes the same time whether or not."""
    _name, cost, block, parallel, salt, expected = hashed.split("$")
    made = _scrypt(password, _bytes(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(made, _bytes(expected))


NOBODY = "scrypt$32768$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A hash that no password fits: it is tried for names that nobody has, so that these take as long."""


def read_passwords(path: Path) -> dict[str, Entry]:
    """Name -> its line. Raises ConfigError with every line that is wrong, never with what it holds."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError([_fault(str(path), f"cannot be read: {why}")]) from None
    found: dict[str, Entry] = {}
    faults = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        role, _, hashed = rest.partition(":")
        if not name or name in found or role not in set(Role) or not _is_hash(hashed.strip()):
            faults.append(_fault(f"{path}:{number}", "is not NAME:ROLE:scrypt$..., or names somebody again"))
            continue
        found[name] = Entry(role=Role(role), hashed=hashed.strip())
    if faults or not found:
        raise ConfigError(
            faults or [_fault(str(path), "names nobody: syncd web password NAME --role viewer")]
        )
    return found


def _fault(where: str, message: str) -> Fault:
    return Fault(where=where, key="web.auth.passwords", message=message)


def _is_hash(text: str) -> bool:
    parts = text.split("$")
    try:
        return (
            len(parts) == 6
            and parts[0] == "scrypt"
            and 2 <= int(parts[1]) <= MOST_COST
            and int(parts[1]).bit_count() == 1
            and 1 <= int(parts[2]) <= 32
            and 1 <= int(parts[3]) <= 16
            and len(_bytes(parts[4])) >= 8
            and len(_bytes(parts[5])) == 32
        )
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    memory = 256 * cost * block
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=memory, dklen=32)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
