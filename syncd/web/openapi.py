"""The OpenAPI document, made from the table of routes."""

import re
from typing import Any

from syncd import __version__
from syncd.core.filters import Filter, Reads
from syncd.web.routes import Deed, Page, rules

_SCHEMAS = {
    Reads.NUMBER: {"type": "integer"},
    Reads.DAY: {"type": "string", "format": "date"},
    Reads.MOMENT: {"type": "string", "format": "date-time"},
}
_ERROR = {
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
        }
    }
}


def document() -> dict[str, Any]:
    """OpenAPI 3.1: every page in JSON and CSV, and everything that can be done."""
    paths: dict[str, Any] = {}
    for method, path, role, rule in rules():
        if isinstance(rule, Page) and path == rule.path:
            continue  # HTML is for people
        plain = re.sub(r":\w+}", "}", path)
        paths.setdefault(plain, {})[method.lower()] = _operation(path, role, rule)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "syncd",
            "version": __version__,
            "description": "The sync log. To sign in: Authorization: Bearer TOKEN (syncd web token).",
        },
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _operation(path: str, role: str, rule: Page | Deed) -> dict[str, Any]:
    named = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _SCHEMAS[Reads.NUMBER] if kind == "id" else {"type": "string"},
        }
        for name, kind in re.findall(r"{(\w+):?(\w*)}", path)
    ]
    answers: dict[str, Any] = {
        "401": {"description": "Nobody that is known asks"},
        "403": {"description": f"Only for {role} and above"},
    }
    if isinstance(rule, Page):
        media = "text/csv" if path.endswith(".csv") else "application/json"
        asked = [
            {"name": name, "in": "query", "schema": _schema(meant)} for name, meant in rule.query.items()
        ]
        answers |= {
            "200": {"description": "It", "content": {media: {}}},
            "404": {"description": "No such thing"},
        }
        if rule.query:
            answers["400"] = {
                "description": "A filter that is not there, or says what nothing is called by",
                **_ERROR,
            }
        return _with_role(rule, role, parameters=[*named, *asked], responses=answers)
    answers |= {
        "200": {"description": "Done, and what it means", "content": {"application/json": {}}},
        "409": {
            "description": "It cannot be done as things are, and why",
            "content": {"application/json": {}},
        },
    }
    fields = {name: {"type": "string"} for name in rule.form}
    form = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}}}
    return _with_role(rule, role, parameters=named, requestBody={"content": form}, responses=answers)


def _with_role(rule: Page | Deed, role: str, **parts: Any) -> dict[str, Any]:
    return {"summary": rule.summary, "x-role": role, **parts}


def _schema(meant: Filter) -> dict[str, Any]:
    return _SCHEMAS.get(meant.reads, {"type": "string"}) | (
        {"enum": list(meant.words)} if meant.words else {}
    )
