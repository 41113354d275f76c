"""Mirroring: what a refresh reads of Litmos, and how the mirror takes it in."""
