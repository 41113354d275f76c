"""One source, or several: one of the two, each with a name of its own, each judged."""

import sqlite3
import sys
from contextlib import closing

import pytest
import xlsxwriter

from syncd.core.doubts import Expect
from syncd.errors import ConfigError, SourceError
from syncd.wiring import sources_of, training_sources_of
from tests.config.files import HEAD, USERS, faults_of, load_text

ONE = "source: {type: csv, path: hr.csv}\n"
TEXT = HEAD.replace(ONE, "") + USERS
TWO = """\
sources:
  - {type: csv, name: employees, path: e.csv, blanks: [none], expect: {rows: {min: 5}}}
  - type: csv
    name: contractors
    path: "c_{date}.csv"
    columns: {" Nr ": employee_id, Mail: email}
    set: {status: Active, first_name: ""}
"""


def test_sources_are_in_the_order_of_the_file(tmp_path):
    config = load_text(tmp_path, TEXT + TWO)
    first, second = config.sources
    assert (first.name, first.expect.expect) == ("employees", Expect(min_rows=5))
    assert (second.renamed, second.added) == (
        {"Nr": "employee_id", "Mail": "email"},
        {"status": "Active", "first_name": ""},
    )
    assert {"none", "NULL"} <= config.mapping.blanks
    shown = {setting.key: setting.value for setting in config.redacted()}
    assert shown["sources[0].name"] == "employees"
    assert shown["sources[1].columns"] == " Nr : employee_id, Mail: email"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("set: {status: Active,", "set: {status: Left,"),
        ("Mail: email}", "E-Mail: email}"),
        ("name: contractors", "name: agency"),
        ("name: contractors", "name: contractors\n    positions: {2: mail}"),
        ("name: contractors", "name: contractors\n    guards: true"),
        ("name: contractors", 'name: contractors\n    quote: ""'),
    ],
)
def test_what_the_sources_say_is_part_of_what_plans_depend_on(before, after, tmp_path):
    text = TEXT + TWO
    assert before in text
    digest = load_text(tmp_path, text).digest
    assert load_text(tmp_path, text.replace(before, after)).digest != digest


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (ONE + TWO, "sources: stands beside source; one of the two must do"),
        ("", "source: is required (or sources, a list of several)"),
        ("sources: []\n", "source: is required (or sources, a list of several)"),
        (
            TWO.replace("contractors", "employees"),
            'sources[1].name: "employees" is the name of sources[0] already',
        ),
        (
            TWO.replace("Mail: email", "Mail: status"),
            'sources[1]: columns and set give the column "status" more than one meaning',
        ),
        (
            TWO.replace("Mail: email", "Mail: employee_id"),
            'sources[1]: columns and set give the column "employee_id" more than one meaning',
        ),
        (TWO.replace("Mail: email", 'Mail: ""'), "sources[1]: columns and set need names that are not blank"),
        (TWO.replace("path: e.csv", "path: e.csv, pth: e.csv"), "sources[0].pth: is no key here"),
        (
            TWO.replace("path: e.csv, ", ""),
            "sources[0]: needs path, or from for a file that is elsewhere, and not both",
        ),
        (
            TWO.replace("type: csv, name: employees", "type: xls, name: employees"),
            "sources[0]: must be csv or excel or json or sql",
        ),
        (
            TWO.replace("path: e.csv", 'path: "{date}/e.csv"'),
            "sources[0]: {date} may be in the name of the file, once, and not in a folder's",
        ),
        (
            TWO.replace("path: e.csv", 'path: "e{date}.csv"').replace(
                "{rows: {min: 5}}", "{dated: {column: at}}"
            ),
            "sources[0]: {date} in the name and expect.dated both say how old the file is; one must do",
        ),
        (
            TWO.replace("path: e.csv", 'path: e.csv, name_date: "%d"'),
            "sources[0].name_date: needs a year (%Y), a month (%m, %b or %B) and a day (%d)",
        ),
        (
            TWO.replace("path: e.csv", "path: e.csv, encoding: utf-0"),
            'sources[0].encoding: "utf-0" is no encoding',
        ),
        (
            TWO.replace("path: e.csv", 'path: "e*.csv"'),
            "sources[0]: newest (name or modified) and a file name with * or ?",
        ),
        (
            TWO.replace("path: e.csv", "path: e.csv, newest: name"),
            "sources[0]: newest (name or modified) and a file name with",
        ),
        (
            TWO.replace("path: e.csv", 'path: "e*{date}.csv", newest: name'),
            "may hold {date}, or * and ?, but not both",
        ),
        (
            TWO.replace("path: e.csv", "path: e.csv, header: none"),
            "sources[0]: header: none needs positions and width",
        ),
        (
            TWO.replace("path: e.csv", "path: e.csv, header: second"),
            "sources[0].header: must be first, none, or what the header begins",
        ),
        (
            TWO.replace("path: e.csv", "path: e.csv, width: 2, positions: {3: a}"),
            "positions has a column beyond width (2)",
        ),
        (
            TWO.replace("path: e.csv", "path: e.csv, positions: {1: a, 3: a}"),
            "positions gives two columns the same name",
        ),
        (
            TWO.replace("path: e.csv", "path: e.csv, ready: {marker: ../x}"),
            "sources[0].ready: marker and checksum must be names",
        ),
        (
            TWO.replace("rows: {min: 5}", 'trailer: [END, "{x}"]'),
            "sources[0].expect.trailer: may hold {rows} and {any}",
        ),
    ],
)
def test_a_fault_names_the_source(text, fault, tmp_path):
    found = faults_of(tmp_path, TEXT + text)
    assert any(fault in each for each in found), found
    assert len(found) == 1


def test_a_column_that_looks_sensitive_is_warned_of_by_the_name_that_its_source_gives_it(tmp_path):
    text = TEXT + TWO.replace("Mail: email", "Salary: email")
    (warning,) = load_text(tmp_path, text).warnings
    assert 'sources[1].columns: column "Salary" looks like pay, and would be sent to Litmos' in warning
    assert load_text(tmp_path, text.replace("users:", "users:\n  sensitive: [Salary]")).warnings == ()


def test_a_sheet_may_have_no_numbers_for_the_ids_of_people_and_their_managers(tmp_path, monkeypatch):
    with xlsxwriter.Workbook(tmp_path / "hr.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([["Nr", "Boss", "floor"], ["007", 8, 3], [9, "007", 4]]):
            sheet.write_row(number, 0, row)
    source = "source: {type: excel, path: hr.xlsx, columns: {Nr: employee_id, Boss: boss}MORE}\n"
    text = HEAD.replace(ONE, source) + USERS.replace("users:\n", "users:\n  manager: boss\n")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (strict,) = sources_of(load_text(tmp_path, text.replace("MORE", "")))
    with pytest.raises(SourceError) as caught:
        strict.read(workspace)
    assert "A3: Nr is a number" in str(caught.value)
    assert "B2: Boss is a number" in str(caught.value)
    assert "floor" not in str(caught.value)
    (kept,) = sources_of(load_text(tmp_path, text.replace("MORE", ", text: []")))
    assert [row[:2] for _, row in kept.read(workspace).raw] == [["007", "8"], ["9", "007"]]
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(ConfigError, match=r'pip install "syncd\[excel\]"'):
        kept.read(workspace)


def test_a_sheet_of_training_may_have_no_numbers_for_the_ids_that_its_entry_names(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "licences.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([["Holder", "employee_id"], [7, 8]]):
            sheet.write_row(number, 0, row)
    training = """\
training:
  - source: {type: excel, name: licences, path: licences.xlsx, columns: {Holder: person}}
    record: reset
    employee_id: person
    course: Forklift
    date: person
"""
    config = load_text(tmp_path, HEAD + USERS + training)
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with pytest.raises(SourceError) as caught:
        training_sources_of(config)["licences"].read(workspace)
    assert "A2: Holder is a number" in str(caught.value)
    assert "employee_id is" not in str(caught.value)


def test_a_url_of_a_database_that_was_rotated_needs_no_restart(tmp_path):
    for name in ("old", "new"):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as database, database:
            database.execute("CREATE TABLE p (employee_id TEXT)")
            database.execute("INSERT INTO p VALUES (?)", [name])
    url = tmp_path / "url.txt"
    url.write_text(f"sqlite:///{tmp_path}/old.db")
    query = "source: {type: sql, url: '${file:url.txt}', query: SELECT employee_id FROM p}\n"
    (source,) = sources_of(load_text(tmp_path, HEAD.replace(ONE, query) + USERS))
    url.write_text(f"sqlite:///{tmp_path}/new.db")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    assert [cells for _, cells in source.read(workspace).raw] == [["new"]]
