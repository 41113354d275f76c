"""Training as configured: what each entry becomes, and every fault at its place."""

import pytest

from syncd.config.source_parts import CsvSettings
from syncd.core.rules import Column, Text
from syncd.core.training import RecordKind
from tests.config.files import HEAD, USERS, faults_of, load_text

SOURCE = "source: {type: csv, name: licences, path: l.csv, blanks: [none]}"
ENTRY = f"{{{SOURCE}, record: module, employee_id: person, course: Fire, date: done}}"


def written(*entries: str) -> str:
    return f"{HEAD}{USERS}training:\n" + "".join(f"  - {entry}\n" for entry in entries)


def test_short_forms_name_columns_but_of_courses_modules_and_sessions(tmp_path):
    entry = (
        f"{{{SOURCE}, record: session, employee_id: {{from: person, transform: upper}}, course: Fire, "
        "module: Class, session: {from: class}, score: points, when: {state: valid}}"
    )
    config = load_text(tmp_path, written(entry))
    (rule,) = config.training
    parts = {name: value.parts[0] for name, value in rule.values.items()}
    assert (rule.record, rule.source, rule.blanks) == (RecordKind.SESSION, "licences", frozenset({"none"}))
    assert (parts["course"], parts["module"]) == (Text(text="Fire"), Text(text="Class"))
    assert [name for name, part in parts.items() if isinstance(part, Column)] == [
        "employee_id",
        "session",
        "score",
    ]
    assert {column for column, _ in rule.columns()} == {"person", "class", "points", "state"}
    assert rule.courses == {"Fire"}
    (source,) = config.training_sources
    assert isinstance(source, CsvSettings)
    assert source.path == tmp_path / "l.csv"
    assert "none" not in config.mapping.blanks


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (ENTRY.replace("date: done", "score: points"), "module needs date:, the column that says when"),
        (ENTRY.replace("record: module", "record: session"), "session needs session:"),
        (ENTRY.replace("record: module", "record: reset, note: x"), "has no place beside record: reset"),
        (ENTRY.replace("record: module", "session: x, record: module"), "has no place beside record: module"),
        (ENTRY.replace("date: done", 'date: {from: done, format: "%d.%m.%y"}'), "two-digit years"),
        (ENTRY.replace("name: licences", "name: hr"), '"hr" is the name of source already'),
        (
            ENTRY.replace("blanks: [none]", "expect: {rows: {min: 1}}"),
            "nothing follows from a row of training",
        ),
        (ENTRY.replace("blanks: [none]", "encoding: klingon"), '"klingon" is no encoding'),
        (ENTRY.replace("record: module", "record: badge"), "must be module or session or reset"),
        (ENTRY.replace("course: Fire", "course: {from: c, value: x}"), "has from and value"),
        (ENTRY.replace("course: Fire, ", ""), "is required"),
        (ENTRY.replace("course: Fire", "course: {from: c, map: {none: x}}"), '"none" is read as blank'),
        (ENTRY.replace("date: done", "date: done, when: {state: none}"), '"none" is read as blank'),
    ],
)
def test_what_cannot_work_is_told(tmp_path, entry, fault):
    assert fault in "\n".join(faults_of(tmp_path, written(entry)))


def test_two_entries_need_names_of_their_own(tmp_path):
    (fault,) = faults_of(tmp_path, written(ENTRY, ENTRY))
    assert '"licences" is the name of training[0].source already' in fault


def test_the_digest_depends_on_it(tmp_path):
    one, other = (
        load_text(tmp_path, written(entry)).digest for entry in (ENTRY, ENTRY.replace("Fire", "Ice"))
    )
    assert one != other
