"""The part of the configuration that says what is kept of the inputs that runs read."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from syncd.config.kinds import FilePath, Part, Seconds, SecretText

SHORTEST_KEY = 32
"""A key is not stretched: it must be as hard to guess as what is derived from it."""
DAY = 86400.0


class ArchiveSettings(Part):
    """Where every input that a push or a plan reads is kept, compressed, to be planned again."""

    folder: FilePath
    """A folder for what is kept, on a disk that is encrypted or with a key: whole rows are, columns that no rule names too."""
    keep: Annotated[Seconds, Field(ge=DAY)] | None = 90 * DAY
    """How long it is kept after it was read last; null: for ever."""
    key: SecretText | None = None
    """Encrypts what is kept: 32 characters or more. Several with spaces or line ends between: the first encrypts, each decrypts."""

    @property
    def keys(self) -> Callable[[], Sequence[str]] | None:
        """Tells the keys as they are now, the one that encrypts first; None: nothing is encrypted."""
        key = self.key
        return None if key is None else lambda: key.reveal().split()


def key_fault(text: str) -> str:
    """What is wrong with keys, or ""."""
    keys = text.split()
    if keys and all(len(key) >= SHORTEST_KEY for key in keys):
        return ""
    return f"must be {SHORTEST_KEY} characters or more that nobody can guess; make a key with: openssl rand -base64 32"
