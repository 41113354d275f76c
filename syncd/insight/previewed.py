"""A preview as data: for the JSON of ``syncd preview`` and for the page."""

from dataclasses import asdict
from typing import Any

from syncd.core.planfile import change_data
from syncd.core.trace import told
from syncd.insight.inquiry import Preview
from syncd.insight.lessons import Lesson


def preview_data(found: Preview) -> dict[str, Any]:
    """All that a Preview says, JSON-able."""
    employee, intake = found.employee, found.intake
    return {
        "employee_id": found.employee_id,
        "inputs": [one.data for one in intake.inputs],
        "rows": [
            {
                "origin": row.origin,
                "cells": dict(row.cells),
                "rules": [
                    {
                        "rule": rule.place.key,
                        "where": rule.place.where,
                        "applies": rule.applies,
                        "told": told(rule),
                        "steps": [asdict(step) for step in rule.steps],
                    }
                    for rule in row.rules
                ],
            }
            for row in found.rows
        ],
        "reasons": [asdict(reason) for reason in found.reasons],
        "training": [_lesson_data(one) for one in found.lessons],
        "employee": None
        if employee is None
        else {
            "source": employee.source,
            "origin": employee.origin,
            "status": employee.status.value,
            "in_scope": employee.in_scope,
            "fields": dict(employee.fields),
            "teams": [{"names": list(wish.names), "rule": wish.rule} for wish in employee.teams],
            "items": [
                {"kind": wish.item.kind.value, "name": wish.item.name, "rule": wish.rule}
                for wish in employee.items
            ],
        },
        "match": asdict(found.match),
        "mirror_read_at": found.mirror_read_at,
        "changes": [change_data(change) for change in found.changes],
        "withheld": [change_data(change) for change in found.withheld],
        "skips": [asdict(skip) for skip in found.skips],
        "policy": found.policy.value,
        "holds": [asdict(hold) for hold in found.draft.plan.holds],
        "requests": [
            {"kind": request.kind.value, "target": request.target, "changes": len(request.changes)}
            for request in found.requests
        ],
    }


def _lesson_data(one: Lesson) -> dict[str, Any]:
    return {
        "origin": one.origin,
        "rule": one.rule,
        "cells": dict(one.cells),
        "steps": {rule.place.key: [asdict(step) for step in rule.steps] for rule in one.steps},
        "code": one.code,
        "outcome": one.outcome,
    }
