"""Replay: inputs that Runs have read are kept, planned again, and used to try out a configuration."""
