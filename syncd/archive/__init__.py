"""The archive: what is kept of HR's inputs, compressed, by what it holds, encrypted where a key is configured."""

from syncd.archive.vault import Stored, Vault

__all__ = ["Stored", "Vault"]
