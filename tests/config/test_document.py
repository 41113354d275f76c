"""YAML and its traps: what a scalar looks like decides nothing, and what could hurt is refused with its place."""

import pytest

from syncd.config.document import read_document
from syncd.core.mapping import map_record
from syncd.core.model import Employee, Record
from syncd.errors import ConfigError
from tests.config.files import HEAD, USERS, load_text


def refused(raw: bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_document(raw, "f.yaml").raise_faults()
    return [str(fault) for fault in caught.value.faults]


def test_scalars_are_their_raw_text():
    data = read_document(
        b"a: 007\nb: NO\nc: 12:30\nd: 1e3\ne: yes\nf: 2026-01-01\ng: 0x1F\nh: 1_000\n", "f"
    ).data
    assert data == {
        "a": "007", "b": "NO", "c": "12:30", "d": "1e3", "e": "yes", "f": "2026-01-01", "g": "0x1F", "h": "1_000",
    }  # fmt: skip


def test_keys_are_their_raw_text():
    data = read_document(b"007: a\nNO: b\n12:30: c\ntrue: d\n~: e\n1.0: f\n", "f.yaml").data
    assert list(data) == ["007", "NO", "12:30", "true", "~", "1.0"]


def test_only_plain_nulls_are_null():
    data = read_document(b"a: ~\nb: null\nc:\nd: 'null'\ne: ''\nf: none\n", "f.yaml").data
    assert data == {"a": None, "b": None, "c": None, "d": "null", "e": "", "f": "none"}


def test_a_byte_order_mark_is_no_part_of_the_first_key():
    assert read_document(b"\xef\xbb\xbfa: 1\n", "f.yaml").data == {"a": "1"}


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: a: is there twice; the first is in line 1"),
        (b"a: {b: 1, b: 2}\n", "f.yaml:1:11: a.b: is there twice; the first is in line 1"),
        (b"a: &x 1\nb: *x\n", "f.yaml:2:4: aliases (*name) are not read here: write the value out"),
        (b"a: !!python/object:os.system x\n", "f.yaml:1:4: tags ("),
        (b"a: !secret x\n", "f.yaml:1:4: tags (!secret) are not read here"),
        (b"a: 1\n---\nb: 2\n", "f.yaml:2:1: begins a second document"),
        (b"a: [1\n", "f.yaml:2:1: is no YAML:"),
        (b"a: b: c\n", "f.yaml:1:5: is no YAML:"),
        (b"\ta: 1\n", "f.yaml:1:1: is no YAML:"),
        (b"a: \x07\n", "f.yaml:1:4: is no YAML: character U+0007 is not allowed"),
        (b"a: 1\nb: M\xfcller\n", "f.yaml:2:5: byte 0xFC is not UTF-8: save the file as UTF-8"),
        (b"- a\n", "f.yaml:1:1: must hold keys and values"),
        (b"", "f.yaml:1:1: must hold keys and values"),
        (b"{[a, b]: c}\n", "f.yaml:1:2: a key must be a plain text"),
        (b"a: " + b"[" * 60 + b"]" * 60, "f.yaml:1:53: is nested more than 50 deep"),
        (b"a: " + b"[" * 500_000, "f.yaml:1:53: is nested more than 50 deep"),
        (b"a: " + b"x" * 1024 * 1024, "f.yaml:1:1: has 1048579 bytes"),
    ],
)
def test_refused(raw, fault):
    assert refused(raw)[0].startswith(fault)


def test_billion_laughs_are_refused_before_anything_is_built():
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    found = refused("\n".join(lines).encode())
    assert len(found) == 78
    assert all("aliases" in each for each in found)


def test_norway_zeros_and_times_reach_the_rules_as_text(tmp_path):
    """The whole way: map keys, map values, conditions, constants and columns."""
    config = load_text(
        tmp_path,
        HEAD
        + USERS
        + """\
    Country: {from: country, map: {NO: Norway, 007: "yes", on: 12:30}, else: {value: 0x1F}}
    CustomField1: {value: 007, when: {country: [NO, 1.0]}}
    CustomField2: 2024
""",
    )
    row = {
        "employee_id": "007",
        "status": "Active",
        "email": "a@example.com",
        "first_name": "A",
        "last_name": "B",
    }

    def country(text: str) -> object:
        employee = map_record(
            config.mapping, Record(fields={**row, "country": text, "2024": "x"}, origin="hr.csv:2")
        )
        assert isinstance(employee, Employee)
        assert employee.employee_id == "007"
        return employee.fields["Country"], employee.fields.get("CustomField1")

    assert country("NO") == ("Norway", "007")
    assert country("007") == ("yes", None)
    assert country("on") == ("12:30", None)
    assert country("1.0") == ("0x1F", "007")
    assert country("False") == ("0x1F", None)
