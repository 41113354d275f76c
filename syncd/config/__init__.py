"""Configuration: one YAML file in, frozen settings out, and every fault in it at once, with its place."""

from syncd.config.config import Config, Shown
from syncd.config.loader import find, load
from syncd.config.schema import json_schema
from syncd.config.secrets import Secret
from syncd.config.shipped import manual, schema_text

__all__ = ["Config", "Secret", "Shown", "find", "json_schema", "load", "manual", "schema_text"]
