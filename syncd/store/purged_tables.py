"""The tables of privacy: the key by which people are called in logs, and whom syncd was told to forget."""

from sqlalchemy import Table

from syncd.store.columns import key_column, metadata, text_column, time_column

pseudonym_key = Table(
    "pseudonym_key",
    metadata,
    key_column("account"),
    text_column("key"),
    time_column("made_at", required=True),
)
purged = Table(
    "purged",
    metadata,
    key_column("account"),
    key_column("pseudonym"),
    time_column("purged_at", required=True),
)
"""By pseudonym: nobody can be told from it without the key and a guess of the id."""
