"""What is shipped beside the code: the manual, a configuration with every key explained, and the schema for editors."""

import json
from pathlib import Path

from syncd.config.schema import json_schema

MANUAL_NAME = "syncd.yaml"
SCHEMA_NAME = "syncd.schema.json"
"""The name under which the manual's first line looks for the schema, in its own folder."""


def manual(*, login: str = "sso") -> str:
    """The text of the manual, ``config/syncd.yaml``: ``syncd init`` writes it, the demo lives by it.

    ``login`` is what it says about how people log in: sso, or invitation.
    """
    in_wheel = Path(__file__).with_name(MANUAL_NAME)
    in_checkout = Path(__file__).parents[2] / "config" / MANUAL_NAME
    text = (in_wheel if in_wheel.is_file() else in_checkout).read_text(encoding="utf-8")
    written, said = (f"  login: {each}".ljust(len("  login: invitation")) for each in ("sso", login))
    return text.replace(written, said, 1)


def schema_text() -> str:
    """The JSON Schema as the text of a file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
