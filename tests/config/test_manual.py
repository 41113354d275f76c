"""The shipped file is the manual: it loads, it fits the sample HR export, and it has every key there is."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from syncd.config import json_schema, load, manual, schema_text
from syncd.config.document import read_document
from syncd.config.settings import ResultField
from syncd.core.cells import BLANKS
from syncd.core.columns import columns_used
from syncd.core.limits import Limits
from syncd.core.model import Record, Status
from syncd.core.records import map_records
from syncd.core.transforms import TRANSFORMS
from syncd.sinks.result import RESULT_FIELDS
from tests.core.factories import path_name

ROOT = Path(__file__).parents[2]
FILE = ROOT / "config" / "syncd.yaml"
SAMPLE_COLUMNS = (
    "employee_id,first_name,last_name,email,job_title,department,division,location,country,status,hire_date,manager_id"
).split(",")
ROW = dict(
    zip(
        SAMPLE_COLUMNS,
        "00101,Ana,Novak,Ana.Novak@example.com,Lead,Sales,Commercial,Oslo,NO,Active,2020-01-31,".split(","),
        strict=True,
    )
)


NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def config():
    return load(FILE, environ={"LITMOS_API_KEY": "x"})


def test_it_loads_without_a_warning(config):
    assert config.warnings == ()
    assert config.push.policy == "observe"
    assert config.sources[0].path == ROOT / "config" / "hr.csv"
    assert config.litmos.limit.usable == 100


def test_it_asks_for_columns_of_the_sample_only(config):
    assert set(columns_used(config.mapping)) <= set(SAMPLE_COLUMNS)


def test_it_maps_the_sample(config):
    rows = [ROW, {**ROW, "employee_id": "00102", "email": "b@example.com", "status": "Left"}]
    result = map_records(config.mapping, [Record(fields=row, origin="hr.csv") for row in rows], now=NOW)
    assert result.rejections == ()
    first, second = result.employees
    assert dict(first.fields) == {
        "ExternalEmployeeId": "00101",
        "UserName": "ana.novak@example.com",
        "FirstName": "Ana",
        "LastName": "Novak",
        "Email": "ana.novak@example.com",
        "JobTitle": "Lead",
        "City": "Oslo",
        "Country": "Norway",
        "CustomField1": "Commercial / Sales",
        "CustomField2": "31.01.2020",
        "CustomField3": "Oslo, NO",
        "CustomField4": "Oslo (NO)",
        "CustomField5": "Leads",
        "State": "",
        "CustomField6": "Ana.Novak",
        "Culture": "en-US",
        "DisableMessages": False,
    }
    assert first.if_empty == {"CustomField6"}
    assert first.manager == ""
    assert first.create_only == {"Culture", "DisableMessages"}
    assert first.report_only == {"CustomField3"}
    assert [wish.names for wish in first.teams] == [("Commercial", "Sales"), ("Everyone",)]
    assert [wish.item for wish in first.items] == [path_name("Welcome"), path_name("Sales Foundations")]
    assert second.status is Status.LEFT


def keys_of(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every key the schema knows: ``litmos.limit.window``, ``teams[].name``, ``users.fields.*.from``."""
    root = json_schema()

    def walk(node: dict[str, Any], path: str) -> Iterator[str]:
        if "$ref" in node:
            yield from walk(root["$defs"][node["$ref"].rsplit("/", 1)[1]], path)
        for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            yield from walk(branch, path)
        for name, inner in node.get("properties", {}).items():
            yield f"{path}.{name}".lstrip(".")
            yield from walk(inner, f"{path}.{name}")
        if isinstance(node.get("items"), dict):
            yield from walk(node["items"], f"{path}[]")
        if isinstance(node.get("additionalProperties"), dict):
            yield from walk(node["additionalProperties"], f"{path}.*")

    return walk(schema, path)


def keys_in(data: Any, path: str = "") -> Iterator[str]:
    """Every key of the file, written as ``keys_of`` writes them."""
    if isinstance(data, dict):
        tables = (
            "login.headers",
            "token.fields",
            "users.fields",
            ".map",
            ".columns",
            ".given",
            "expect.fields",
            "limits.fields",
        )
        for key, value in data.items():
            name = "*" if path.endswith(tables) else key
            yield f"{path}.{name}".lstrip(".")
            yield from keys_in(value, f"{path}.{name}".lstrip("."))
    elif isinstance(data, list):
        for item in data:
            yield from keys_in(item, f"{path}[]")


def with_employments(text: str) -> str:
    """The file with its commented example of employments made live."""
    found = re.search(r"^  # employments:.*?(?=^  \w)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return text.replace(found[0], re.sub("^  # ", "  ", found[0], flags=re.MULTILINE))


def test_its_example_of_employments_loads(tmp_path):
    (tmp_path / "syncd.yaml").write_text(with_employments(manual()), encoding="utf-8")
    employments = load(tmp_path / "syncd.yaml", environ={"LITMOS_API_KEY": "x"}).mapping.employments
    assert employments is not None
    columns = [name for rule in employments.primary for name, _ in rule.columns()]
    assert columns == ["worker_type", "hire_date", "fte"]


def with_sources(text: str) -> str:
    """The file with its commented example of several sources instead of the one."""
    several = re.search(r"^# sources:\n(?:#  .*\n)+", text, re.MULTILINE)
    one = re.search(r"^source:\n(?:  .*\n)+", text, re.MULTILINE)
    assert several is not None
    assert one is not None
    return text.replace(several[0], re.sub("^# ", "", several[0], flags=re.MULTILINE)).replace(one[0], "")


def test_its_example_of_several_sources_loads(tmp_path):
    (tmp_path / "syncd.yaml").write_text(with_sources(manual()), encoding="utf-8")
    first, second = load(tmp_path / "syncd.yaml", environ={"LITMOS_API_KEY": "x"}).sources
    assert (first.name, second.name) == ("employees", "contractors")
    assert first.expect.expect.min_rows == 500
    assert second.renamed["E-Mail"] == "email"
    assert second.added["status"] == "Active"


def commented_blocks(text: str) -> list[Any]:
    """The commented examples of keys of a source that have keys of their own, as data."""
    blocks = re.findall(r"^(?:  # \w+:\n(?:  #   .*\n)+)", text, re.MULTILINE)
    plain = [re.sub("^  # ", "", block, flags=re.MULTILINE) for block in blocks]
    return [read_document(block.encode(), "x").data for block in plain]


def test_every_key_of_the_schema_is_in_it():
    text = FILE.read_text(encoding="utf-8")
    written = {
        key
        for each in (text, with_employments(text), with_sources(text))
        for key in keys_in(read_document(each.encode(), "syncd.yaml").data)
    }
    commented = {f"source.{key}" for key in re.findall(r"^  # (\w+): ", text, re.MULTILINE)}
    commented |= {f"source.{key}" for block in commented_blocks(text) for key in keys_in(block)}
    assert "this, ca_file, timeout and max_size as for https" in text
    commented |= {key.replace("source.from.https.", "source.") for key in commented}
    for example in re.findall(r"^    # (\w+: \{.*\}) ", text, re.MULTILINE):
        commented |= {f"teams[].{key}" for key in keys_in(read_document(example.encode(), "x").data)}
    for example in re.findall(r"^  # - (tree: \{.*\})$", text, re.MULTILINE):
        commented |= {f"teams[].{key}" for key in keys_in(read_document(example.encode(), "x").data)}
    if "Each has the keys of `source`" in text:
        commented |= {key.replace("source.", "sources[].", 1) for key in keys_of(json_schema())}
    if "{value: TEXT}" in text:
        commented.add("users.fields.*.else.value")
    if "{column: exported_on, format: " in text:
        commented |= {"source.expect.dated.column", "source.expect.dated.format"}
    assert "header: first                      # none, or {starts_with: Employee ID, second: Label}" in text
    commented |= {f"source.header.{key}" for key in ("none", "starts_with", "second")}
    if '{from: leaving_date, in: "%Y-%m-%d"}' in text:
        commented.update(f"employee.dates.leaving.{key}" for key in ("from", "in"))
    if "{from: location, map: {Oslo: Europe/Oslo}, default: UTC}" in text:
        commented.update(f"employee.dates.timezone.{key}" for key in ("from", "map", "default"))
    if '# map: {file: countries.csv, from: code, to: name, delimiter: ",", encoding: utf-8}' in text:
        commented |= {f"users.fields.*.map.{key}" for key in ("file", "from", "to", "delimiter", "encoding")}
    if "{expr: EXPRESSION}" in text and "{template: TEXT}" in text:
        commented |= {
            f"teams[].{key}.{way}"
            for key in ("name", "parent[]", "tree.name")
            for way in ("expr", "template")
        }
    assert set(keys_of(json_schema())) - written - commented == set()


def test_every_transform_is_named_in_it():
    text = FILE.read_text(encoding="utf-8")
    assert set(TRANSFORMS) <= set(re.findall(r"[a-z_]+", text.split("3  transform", 1)[1].split("\n", 1)[0]))


def test_what_it_shows_as_default_is_the_default(config, tmp_path):
    """Whoever takes these parts out of the file has the same settings."""
    text = re.sub(r"\n(push|web|log):.*?(?=\n\S|\Z)", "", manual(), flags=re.DOTALL)
    assert "policy:" not in text
    (tmp_path / "syncd.yaml").write_text(text, encoding="utf-8")
    less = load(tmp_path / "syncd.yaml", environ={"LITMOS_API_KEY": "x"})
    assert (less.push, less.web, less.log) == (config.push, config.web, config.log)
    assert less.push.limits == Limits()


def test_the_words_for_nothing_that_it_shows_are_the_default(config):
    assert config.sources[0].blanks == BLANKS


def test_the_schema_beside_it_is_the_schema():
    assert (ROOT / "config" / "syncd.schema.json").read_text(encoding="utf-8") == schema_text()


def test_its_first_line_points_editors_to_the_schema():
    assert manual().splitlines()[0] == "# yaml-language-server: $schema=./syncd.schema.json"
    assert manual() == FILE.read_text(encoding="utf-8")


def test_the_columns_of_a_sink_are_those_that_sinks_have():
    assert get_args(ResultField) == RESULT_FIELDS


def test_what_fits_two_branches_of_the_schema_is_no_fault_to_an_editor():
    """A map in a file has the shape of a map of texts: ``oneOf`` would refuse it."""
    schema = json_schema()
    table = schema["$defs"]["FieldPart"]["properties"]["map"]["anyOf"]
    assert {"$ref": "#/$defs/TableFile"} in table[0]["anyOf"]
    branches = re.findall(r'"oneOf": \[[^\]]*\]', schema_text())
    assert [branch.count("Settings") for branch in branches] == [4, 4], (
        "only the source, which its type tells apart"
    )


def test_every_key_of_the_schema_is_described():
    schema = json_schema()

    def undescribed(node: dict[str, Any], path: str) -> Iterator[str]:
        for name, inner in node.get("properties", {}).items():
            target = schema["$defs"].get(inner.get("$ref", "").rsplit("/", 1)[-1], {})
            if not (inner.get("description") or target.get("description")):
                yield f"{path}.{name}"

    found = [
        *undescribed(schema, ""),
        *(each for name, node in schema["$defs"].items() for each in undescribed(node, name)),
    ]
    assert found == []
