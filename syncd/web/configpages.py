"""The configuration in force: every setting with its place, the mapping as a table, and when schedules fire next."""

from typing import Any

from syncd.config.sensitive import looks_like
from syncd.core.rules import FieldRule
from syncd.core.states import FLOWS
from syncd.schedule import upcoming
from syncd.store import runs
from syncd.web.site import Answer, Ask, Shown

FIRINGS = 5


def shown(ask: Ask) -> Answer:
    """What holds, and where it is set; secrets are dots, and say where they come from."""
    config, site = ask.site.config, ask.site
    with site.database.read() as conn:
        now = site.database.now(conn)
        last = runs.newest(conn, site.account, "push")
    settings = [{"key": one.key, "value": one.value, "where": one.where} for one in config.redacted()]
    return Shown(
        template="config.html",
        listed="settings",
        columns=("key", "value", "where"),
        data={
            "now": now,
            "file": str(config.path),
            "digest": config.digest,
            "last_push": None if last is None else {"id": last["id"], "digest": last["config_digest"]},
            "warnings": list(config.warnings),
            "schedules": [_schedule(ask, flow, now) for flow in FLOWS],
            "timezone": config.schedules.timezone,
            "mapping": [_field(rule, settings) for rule in config.mapping.fields],
            "settings": settings,
        },
    )


def _schedule(ask: Ask, flow: str, now: Any) -> dict[str, Any]:
    schedules = ask.site.config.schedules
    expression = getattr(schedules, flow)
    fires = [] if expression is None else upcoming(expression, schedules.timezone, now, FIRINGS)
    return {
        "flow": flow,
        "expression": expression,
        "fires": [{"at": one.at, "local": one.at.isoformat(), "note": one.note} for one in fires],
    }


def _field(rule: FieldRule, settings: list[dict[str, str]]) -> dict[str, Any]:
    """One Litmos field: the rule as it is written, and who owns it."""
    key = rule.place.key
    parts = [one for one in settings if one["key"] == key or one["key"].startswith((f"{key}.", f"{key}["))]
    columns = sorted({name for name, _place in rule.columns()})
    kinds = sorted({kind for name in columns if (kind := looks_like(name))})
    return {
        "field": rule.field,
        "owner": "report" if rule.report else "litmos" if rule.on_create or rule.if_empty else "hr",
        "rule": "; ".join(
            f"{one['key'].removeprefix(key).lstrip('.')} {one['value']}".strip() for one in parts
        ),
        "columns": columns,
        "sensitive": kinds,
        "where": parts[0]["where"] if parts else rule.place.where,
    }
