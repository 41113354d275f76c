"""Sinks as they are written: what cannot work is said with its place, all at once, and secrets are shown nowhere."""

import pytest

from syncd.core.outgoing import made
from tests.config.files import ENVIRON, HEAD, USERS, faults_of, load_text

SECRET = "whsec_Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ"


def of(sink: str) -> str:
    return f"{HEAD}{USERS}pull:\n  sinks:\n    - {sink}\n"


@pytest.mark.parametrize(
    ("sink", "says"),
    [
        ("{name: a, type: cvs, columns: {a: kind}}", 'sinks[0]: type "cvs" is no kind of sink; there are csv, sql, webhook'),
        ("{name: a, path: a.csv, columns: {a: {from: kind, value: x}}}", "columns.a: has from and value; it needs exactly one"),
        ("{name: a, path: a.csv, columns: {a: {map: {x: y}}}}", "columns.a: has none of them"),
        ("{name: a, path: a.csv, columns: {a: {from: kind, else: keep}}}", "columns.a: else is for map only"),
        ("{name: a, path: a.csv, columns: {a: {template: 'x{kin}'}}}", 'columns.a: "kin" is no field of a result'),
        ("{name: a, path: a.csv, columns: {a: {template: 'x{kind'}}}", 'columns.a: has a single "{"'),
        ("{name: a, path: a.csv, columns: {a: {from: kind, transform: uper}}}", '"uper" is no transform'),
        ("{name: a, path: a.csv, columns: {a: {from: completed_at, date: {out: '%y'}}}}", "date: out two-digit years"),
        ("{name: a, path: a.csv, columns: {a: {from: completed_at, date: {zone: Mars}}}}", 'date: zone "Mars" is none'),
        ("{name: a, path: a.csv, columns: {a: kind}, trailer: 'E{any}'}", "trailer: may hold {rows}, no other braces"),
        ("{name: a, path: a.csv, columns: {a: kind}, permissions: rw}", "sinks[0].permissions: must match"),
        ("{name: a, type: sql, url: 'sqlite:///x', table: t, key: b, columns: {a: kind}}", "key must name some of columns, and b"),
        ("{name: a, type: sql, url: 'sqlite:///x', table: 't; DROP', key: a, columns: {a: kind}}", "sinks[0].table: must match"),
        ("{name: a, type: webhook, url: 'http://hr.example.com/CANARY', secrets: [x], columns: {a: kind}}", "url: must be https"),
        ("{name: a, type: webhook, url: 'https://u:CANARY@hr.example.com', secrets: [x], columns: {a: kind}}", "url: must hold no user"),
        ("{name: a, type: webhook, url: 'https://hr.example.com', columns: {a: kind}}", "sinks[0].secrets: is required"),
    ],
)  # fmt: skip
def test_faults(tmp_path, sink, says):
    found = faults_of(tmp_path, of(sink))
    assert len(found) == 1
    assert says in found[0]
    assert found[0].startswith("syncd.yaml:1")
    assert "CANARY" not in found[0]


def test_secrets_of_sinks_are_shown_nowhere_and_warned_of_where_they_are_written(tmp_path):
    webhook = f"{{name: a, type: webhook, url: 'https://x.example/CANARY', secrets: [{SECRET}], columns: {{a: kind}}}}"
    table = "{name: b, type: sql, url: 'postgresql://u:CANARY@h/d', table: t, key: a, columns: {a: kind}}"
    config = load_text(tmp_path, of(f"{webhook}\n    - {table}"), environ=ENVIRON)
    shown = " ".join(each.value for each in config.redacted()) + repr(config)
    assert SECRET not in shown
    assert "CANARY" not in shown
    assert any("pull.sinks[0].secrets: is written in the file" in warning for warning in config.warnings)


def test_columns_are_shown_as_they_are_written(tmp_path):
    columns = "{id: employee_id, done: {from: completed, map: {true: Y}}, from: {value: '${env:CANARY}'}}"
    config = load_text(
        tmp_path, of(f"{{name: a, path: a.csv, columns: {columns}}}"), environ={**ENVIRON, "CANARY": "hr"}
    )
    shown = {each.key: each.value for each in config.redacted()}
    assert shown["pull.sinks[0].columns"] == (
        "id: employee_id, done: {from: completed, map: {true: Y}}, from: {value: hr (from env CANARY)}"
    )


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("username", " Ä@example.com "),
        ("{from: username, transform: [lower, ascii]}", "a@example.com"),
        ("{from: completed_at, date: {}}", "2026-11-24"),
        ("{from: completed_at, date: {out: '%d.%m.%Y %H:%M', zone: Europe/Berlin}}", "25.11.2026 00:30"),
        ("{from: started_at, date: {}, default: never}", "never"),
        ("{from: percent, decimal: ','}", "87,5"),
        ("{from: completed, map: {true: Y, false: N}}", "Y"),
        ("{from: kind, map: {path: P}, else: keep}", "course"),
        ("{from: kind, map: {path: P}, else: {value: C}}", "C"),
        ("{template: '{kind}/{object_id} {{x}}'}", "course/007 {x}"),
        ("{value: NO}", "NO"),
    ],
)
def test_what_fills_a_column(tmp_path, column, cell):
    config = load_text(tmp_path, of(f"{{name: a, path: a.csv, columns: {{a: {column}}}}}"))
    row = {
        "username": " Ä@example.com ",
        "kind": "course",
        "object_id": "007",
        "completed": "true",
        "percent": "87.5",
        "started_at": "",
        "completed_at": "2026-11-24T23:30:00Z",
    }
    assert made(config.pull.sinks[0].rules, row) == ({"a": cell}, [])
