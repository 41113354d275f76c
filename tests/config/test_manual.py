"""The shipped file is the manual: it loads, it fits the sample HR export, and it has every key there is."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from syncd.config import json_schema, load, manual, schema_text
from syncd.config.document import read_document
from syncd.core.cells import BLANKS
from syncd.core.columns import columns_used
from syncd.core.delivered import RESULT_FIELDS, ResultField
from syncd.core.limits import Limits
from syncd.core.model import Record, Status
from syncd.core.outgoing import made
from syncd.core.records import map_records
from syncd.core.transforms import TRANSFORMS
from syncd.errors import ConfigError
from syncd.wiring import sinks_of
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


def with_telemetry(text: str) -> str:
    """The file with its commented example of a collector made live."""
    found = re.search(r"^  otlp: null.*\n(?:  #  .*\n)+", text, re.MULTILINE)
    assert found is not None
    lines = found[0].splitlines()[1:]
    return text.replace(found[0], "\n".join(["  otlp:", *(line.replace("#", " ", 1) for line in lines), ""]))


def test_its_example_of_a_collector_loads(tmp_path):
    (tmp_path / "syncd.yaml").write_text(with_telemetry(manual()), encoding="utf-8")
    (tmp_path / "token").write_text("Bearer x", encoding="utf-8")
    text = (tmp_path / "syncd.yaml").read_text(encoding="utf-8")
    named = text.replace("/run/secrets/otlp_authorization", "token")
    (tmp_path / "syncd.yaml").write_text(named, encoding="utf-8")
    otlp = load(tmp_path / "syncd.yaml", environ={"LITMOS_API_KEY": "x"}).telemetry.otlp
    assert otlp is not None
    assert (otlp.timeout, otlp.headers["Authorization"].reveal()) == (10.0, "Bearer x")


def with_sinks(text: str) -> str:
    """The file with its commented examples of sinks made live."""
    found = re.search(r"^    # - name: hr-table\n(?:    # .*\n)+", text, re.MULTILINE)
    assert found is not None
    return text.replace(found[0], re.sub("^    # ", "    ", found[0], flags=re.MULTILINE))


def test_its_examples_of_sinks_load(tmp_path):
    (tmp_path / "syncd.yaml").write_text(with_sinks(manual()), encoding="utf-8")
    loaded = load(tmp_path / "syncd.yaml", environ={"LITMOS_API_KEY": "x"})
    csv, sql, webhook = sinks_of(loaded).values()
    assert (csv.wants_everything, sql.wants_everything, webhook.wants_everything) == (True, False, False)
    assert loaded.pull.sinks[1].rules["result"] == "result_id"
    row = {**dict.fromkeys(RESULT_FIELDS, ""), "employee_id": "007", "completed": "true", "percent": "87.5"}
    row |= {"kind": "course", "object_id": "c1", "completed_at": "2026-11-24T23:30:00Z"}
    cells, faults = made(loaded.pull.sinks[1].rules, row)
    assert faults == []
    assert list(cells.values()) == ["", "7", "course:c1", "Y", "2026-11-25", "87,5", "litmos"]


def with_archive(text: str) -> str:
    """The file with its commented archive of inputs made live."""
    found = re.search(r"^archive: null\n(?:#  .*\n)+", text, re.MULTILINE)
    assert found is not None
    live = re.sub("^#", "", found[0].replace("archive: null", "archive:"), flags=re.MULTILINE)
    return text.replace(found[0], live)


def test_its_example_of_an_archive_loads(tmp_path):
    (tmp_path / "syncd.yaml").write_text(with_archive(manual()), encoding="utf-8")
    environ = {"LITMOS_API_KEY": "x", "SYNCD_ARCHIVE_KEY": f"{'n' * 44} {'o' * 44}"}
    archive = load(tmp_path / "syncd.yaml", environ=environ).archive
    assert archive is not None
    assert archive.keep == 90 * 86400
    assert archive.keys is not None
    assert archive.keys() == ["n" * 44, "o" * 44]
    with pytest.raises(ConfigError, match=r"syncd\.yaml:\d+:\d+: archive.key: .*32 characters"):
        load(tmp_path / "syncd.yaml", environ={**environ, "SYNCD_ARCHIVE_KEY": "short"})


def with_training(text: str) -> str:
    """The file with its commented example of training made live."""
    found = re.search(r"^# training:\n(?:#  .*\n)+", text, re.MULTILINE)
    assert found is not None
    lines = re.sub("^# ", "", found[0], flags=re.MULTILINE)
    return text.replace(found[0], lines.replace("${file:attendance.sql}", "SELECT 1"))


def test_its_example_of_training_loads(tmp_path):
    (tmp_path / "syncd.yaml").write_text(with_training(manual()), encoding="utf-8")
    licences, attendance = load(tmp_path / "syncd.yaml", environ={"LITMOS_API_KEY": "x"}).training
    assert (licences.source, licences.record, licences.form) == ("licences", "module", "%d.%m.%Y")
    columns = {column for column, _where in licences.columns()}
    assert columns == {"employee_id", "licence", "issued_on", "points", "remark", "attempt", "state"}
    assert (attendance.record.value, attendance.courses) == ("session", frozenset({"First Aid"}))


def of_training(text: str) -> set[str]:
    """The keys of training that the file tells of in words."""
    if "The source has the keys of `source`" not in text or "made as a field of users.fields is" not in text:
        return set()
    every = set(keys_of(json_schema()))
    named = ("course", "module", "session", "score", "note", "attempt")
    return {
        *(key.replace("source.", "training[].source.", 1) for key in every),
        *(key.replace("users.fields.*", f"training[].{name}", 1) for key in every for name in named),
        *(
            f"training[].employee_id.{key}"
            for key in ("from", "transform")
            if "{from: number, transform:" in text
        ),
    }


def commented_blocks(text: str) -> list[Any]:
    """The commented examples of keys of a source that have keys of their own, as data."""
    blocks = re.findall(r"^(?:  # \w+:\n(?:  #   .*\n)+)", text, re.MULTILINE)
    plain = [re.sub("^  # ", "", block, flags=re.MULTILINE) for block in blocks]
    return [read_document(block.encode(), "x").data for block in plain]


def test_every_key_of_the_schema_is_in_it():
    text = FILE.read_text(encoding="utf-8")
    written = {
        key
        for each in (
            text,
            with_employments(text),
            with_sources(text),
            with_sinks(text),
            with_archive(text),
            with_training(text),
        )
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
        commented |= {
            key.replace("source.", "sources[].", 1)
            for key in keys_of(json_schema())
            if key.startswith("source.")
        }
    commented |= of_training(text)
    if "{value: TEXT}" in text:
        commented.add("users.fields.*.else.value")
    assert "another package, with options:" in text
    commented.add("pull.sinks[].options")
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
    kinds = [(branch.count("Settings"), "SmtpPart" in branch) for branch in branches]
    assert sorted(kinds) == [(0, True), *[(4, False)] * 3], (
        "only sources and channels, which their type tells apart"
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
