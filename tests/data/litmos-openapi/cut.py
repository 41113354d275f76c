"""Cut contract.json from the vendor's OpenAPI document: python cut.py litmos-openapi-2021.yml > contract.json"""

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def main() -> None:
    """Print what the tests compare: per method and path the parameters, statuses and members of the answer."""
    document = YAML(typ="safe", pure=True).load(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = {
        f"{method.upper()} {path}": _operation(document, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "delete"}
    }
    sys.stdout.write(json.dumps(found, indent=1, sort_keys=True) + "\n")


def _operation(document: Any, operation: Any) -> dict[str, Any]:
    parameters = operation.get("parameters", [])
    success = {
        status: _answer(document, answer)
        for status, answer in operation["responses"].items()
        if int(status) < 300
    }
    return {
        "query": {
            p["name"]: bool(p.get("required"))
            for p in parameters
            if p.get("in") == "query" and p["name"] != "source"
        },
        "success": {str(status): answer for status, answer in success.items()},
        "errors": sorted(str(status) for status in operation["responses"] if int(status) >= 300),
    }


def _answer(document: Any, answer: Any) -> Any:
    content = answer.get("content") or {}
    media = content.get("application/json") or content.get("application/xml")
    return None if media is None else _shape(document, media.get("schema", {}))


def _shape(document: Any, schema: Any) -> Any:
    """{"many": bool, "members": {name: type}}: lists are followed to their items, wrappers to what they wrap."""
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        return {**_shape(document, schema.get("items", {})), "many": True}
    members = schema.get("properties", {})
    if len(members) == 1:
        (only,) = members.values()
        inner = _resolved(document, only)
        if inner.get("type") in {"array", "object"} and (inner.get("properties") or inner.get("items")):
            return {**_shape(document, inner), "many": inner.get("type") == "array"}
    return {
        "many": False,
        "members": {name: _resolved(document, m).get("type", "") for name, m in members.items()},
    }


def _resolved(document: Any, schema: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "allOf" in schema:
        merged: dict[str, Any] = {"type": "object", "properties": {}}
        for part in schema["allOf"]:
            merged["properties"] |= _resolved(document, part).get("properties", {})
        return merged
    return schema


if __name__ == "__main__":
    main()
