"""The web side of the daemon: health, readiness, and a first page of the sync log."""
