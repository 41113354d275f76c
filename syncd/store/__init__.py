"""The store: syncd's own database. Functions take a Connection first, so that callers compose one transaction."""
