"""What real HR exports do wrong, one small file each: a row is read right, or rejected with its line, or the file is refused.

Never wrong silently. Each file has Bo Berg in its last row, who is right and must stay so whatever stands above him.
What takes several files, a clock or a date is elsewhere: files that still grow (tests/sources/test_csvfile.py), or come again,
late or half (tests/flows/test_hold.py); lost zeros and ids used again, leaving dates and future hires, managers.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from syncd.errors import ConfigError, SourceError
from syncd.intake import Intake, take_in
from syncd.wiring import sources_of
from tests.config.files import load_text
from tests.workbench import Workbench, workbench

CONFIG = """\
version: 1
database: sqlite:///syncd.db
litmos: {{api_key: "${{env:LITMOS_API_KEY}}"}}
source: {{type: csv, path: hr.csv{source}}}
employee:
  id: employee_id
  status: {{from: status, map: {{Active: active, Left: left}}}}
users:
  fields:
    ExternalEmployeeId: employee_id
    UserName: {{from: email, transform: lower}}
    FirstName: first_name
    LastName: last_name
    JobTitle: {{from: title, blank: clear}}
    City: {{from: city, blank: keep}}
    CustomField1: {{from: hired, date: {{in: "%d.%m.%Y", out: "%Y-%m-%d"}}}}
teams:
  - {{name: "{{department}}"}}
"""
ANA = {
    "employee_id": "00101",
    "status": "Active",
    "email": "ana@example.com",
    "first_name": "Ana",
    "last_name": "Novak",
    "title": "Lead",
    "city": "Oslo",
    "hired": "01.02.2020",
    "department": "Sales",
}
BO = {**ANA, "employee_id": "00102", "email": "bo@example.com", "first_name": "Bo", "last_name": "Berg"}
BO_READ = {"ExternalEmployeeId": "00102", "UserName": "bo@example.com", "FirstName": "Bo", "LastName": "Berg"}


def file_of(
    *rows: Mapping[str, str], header: tuple[str, ...] = tuple(ANA), end: str = "\r\n", **how: Any
) -> str:
    """These rows and Bo's, as a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator=end, extrasaction="ignore", **how)
    writer.writeheader()
    writer.writerows([*rows, BO])
    return text.getvalue()


def ana(**cells: str) -> str:
    """A file in which Ana has these cells."""
    return file_of({**ANA, **cells})


PLAIN = file_of(ANA)


class Read(NamedTuple):
    """Ana is read, with these fields; a field that is None is left as Litmos has it."""

    fields: Mapping[str, str | None]
    employee_id: str = "00101"
    team: str = "Sales"


class Rejected(NamedTuple):
    """These lines are rejected, with these codes."""

    lines: Mapping[int, set[str]]


class Refused(NamedTuple):
    """The whole file is refused: the message has this in it."""

    message: str


Outcome = Read | Rejected | Refused
AS_SHE_IS = Read(
    {
        "FirstName": "Ana",
        "LastName": "Novak",
        "JobTitle": "Lead",
        "City": "Oslo",
        "CustomField1": "2020-02-01",
    }
)

ENCODINGS: dict[str, tuple[bytes, str, Outcome]] = {
    "a byte order mark": (PLAIN.encode("utf-8-sig"), "", AS_SHE_IS),
    "UTF-16 as a spreadsheet's Unicode text": (
        PLAIN.replace(",", "\t").encode("utf-16"), ", encoding: utf-16, delimiter: tab", AS_SHE_IS,
    ),
    "UTF-16, undeclared": (PLAIN.encode("utf-16"), "", Refused("hr.csv:1: starts with the byte order mark of utf-16")),
    "UTF-16 without a mark, undeclared": (
        PLAIN.encode("utf-16-le"), "", Refused("hr.csv:1: holds a NUL character, so it is no utf-8 text"),
    ),
    "cp1252 in a file declared UTF-8": (
        ana(last_name="Müller").encode("cp1252"), "", Refused("hr.csv:2: 0xfc (byte 109 of the file) is not valid utf-8"),
    ),
    "UTF-8 in a file declared cp1252": (
        ana(last_name="Müller").encode(), ", encoding: cp1252", Refused("is UTF-8 in every character, but cp1252 is declared"),
    ),
    "cp1252, declared": (ana(last_name="Müller").encode("cp1252"), ", encoding: cp1252", Read({"LastName": "Müller"})),
    "an encoding that changes after 4 kB": (
        file_of(*({**ANA, "employee_id": f"1{n}", "email": f"é{n}@example.com"} for n in range(100))).encode()
        + "00104,Active,j@example.com,Jos\xe9,Diaz,,,,\r\n".encode("cp1252"),
        "",
        Refused("hr.csv:103: 0xe9"),
    ),
    "letters in two pieces (NFD)": (ana(last_name="Nova\u0301k").encode(), "", Read({"LastName": "Nov\u00e1k"})),
    "a header in two pieces": (
        file_of(ANA).replace("title", "titel\u0308").encode(), "", Refused('column "title" is not in hr; did you mean'),
    ),
    "no-break spaces": (
        ana(last_name="\u00a0de\u00a0Vries ", department="Field\u00a0Sales").encode(),
        "",
        Read({"LastName": "de Vries"}, team="Field Sales"),
    ),
    "a no-break space in the header": (PLAIN.replace("title", "\u00a0title").encode(), "", AS_SHE_IS),
    "characters that nobody can see": (
        ana(employee_id="\u202a00101\u202c", email="ana\u200b@example.com", last_name="\ufeffNo\u00advak").encode(),
        "",
        Read({"LastName": "Novak", "UserName": "ana@example.com"}),
    ),
    "a NUL": (ana(last_name="No\0vak").encode(), "", Refused("hr.csv:2: holds a NUL character")),
    "a control character": (ana(last_name="No\x08vak").encode(), "", Rejected({2: {"TEXT-CONTROL"}})),
}  # fmt: skip

SHAPES: dict[str, tuple[bytes, str, Outcome]] = {
    "CRLF": (PLAIN.encode(), "", AS_SHE_IS),
    "LF": (file_of(ANA, end="\n").encode(), "", AS_SHE_IS),
    "lone CR": (file_of(ANA, end="\r").encode(), "", AS_SHE_IS),
    "line ends of both kinds": (PLAIN.replace("\r\n", "\n", 1).encode(), "", AS_SHE_IS),
    "blank lines": (("\r\n" + PLAIN.replace("\r\n", "\r\n\r\n")).encode(), "", AS_SHE_IS),
    "a column twice": (PLAIN.replace("title", "city", 1).encode(), "", Refused("hr.csv:1: the header names city (columns 6, 7) more than once")),
    "trailing empty columns": (
        PLAIN.replace("\r\n", ",,\r\n").encode(), "", AS_SHE_IS,
    ),
    "a column without a name": (
        PLAIN.replace("title", "", 1).encode(), "", Refused("hr.csv:1: the header has no name for column 6 of 9"),
    ),
    "trailing empty cells": (
        PLAIN.replace("Sales\r\n", "Sales,,\r\n").encode(), "", Refused("hr.csv:2: expected 9 cells, found 11"),
    ),
    "semicolons": (file_of(ANA, delimiter=";").encode(), ', delimiter: ";"', AS_SHE_IS),
    "semicolons, undeclared": (
        file_of(ANA, delimiter=";").encode(), "", Refused('Hint: it has 8 × semicolon; perhaps `delimiter: ";"`'),
    ),
    "tabs": (file_of(ANA, delimiter="\t").encode(), ", delimiter: tab", AS_SHE_IS),
    "bars": (file_of(ANA, delimiter="|").encode(), ', delimiter: "|"', AS_SHE_IS),
    "single quotes": (
        file_of({**ANA, "last_name": "O'Brien", "title": "Lead, Sales"}, quotechar="'").encode(), ', quote: "\'"',
        Read({"LastName": "O'Brien", "JobTitle": "Lead, Sales"}),
    ),
    "single quotes, undeclared": (
        ana(employee_id="'00101'", title="'Lead'").encode(), "", Rejected({2: {"TEXT-QUOTED"}}),
    ),
    "a space before the quote": (ana().replace(",Lead,", ', "Lead",', 1).encode(), "", Rejected({2: {"TEXT-QUOTED"}})),
    "quotes in a file without quoting": (
        ana().replace(",Lead,", ',"Lead",', 1).encode(), ', quote: ""', Rejected({2: {"TEXT-QUOTED"}}),
    ),
    "an apostrophe, an inch, a nickname": (
        ana(last_name="O'Neil'", title='19" racks', first_name='Ana "Annie"').encode(), "",
        Read({"LastName": "O'Neil'", "JobTitle": '19" racks', "FirstName": 'Ana "Annie"'}),
    ),
    "a quote that is never closed": (
        ana().replace(",Lead,", ',"Lead,', 1).encode(), "", Refused("hr.csv:2: a quote opened in this row is never closed"),
    ),
    "a quote that is not doubled": (
        ana().replace(",Lead,", ',"Lead "A" B",', 1).encode(), "", Refused("hr.csv:2: text follows a closing quote"),
    ),
    "a line end in a cell": (ana(title="Lead\nSales").encode(), "", Rejected({2: {"TEXT-CONTROL"}})),
    "a decimal comma": (ana().replace(",Lead,", ",1,5,", 1).encode(), "", Refused("hr.csv:2: expected 9 cells, found 10")),
    "a decimal comma between semicolons": (
        file_of({**ANA, "title": "1,5"}, delimiter=";").encode(), ', delimiter: ";"', Read({"JobTitle": "1,5"}),
    ),
    "columns in another order": (file_of(ANA, header=tuple(reversed(ANA))).encode(), "", AS_SHE_IS),
    "more columns than are mapped": (file_of({**ANA, "pay": "1"}, header=(*ANA, "pay"), restval="").encode(), "", AS_SHE_IS),
    "a column that is gone": (
        file_of(ANA, header=tuple(name for name in ANA if name != "title")).encode(), "",
        Refused('syncd.yaml:14:22: column "title" is not in hr; it has: employee_id,'),
    ),
    "a column that was renamed": (
        PLAIN.replace("title", "job_title").encode(), "", Refused('column "title" is not in hr; did you mean "job_title"?'),
    ),
    "a header in capitals": (
        PLAIN.replace("email", "EMAIL").encode(), "", Refused('column "email" is not in hr; it has: employee_id,'),
    ),
    "no header": ("".join(PLAIN.splitlines(keepends=True)[1:]).encode(), "", Refused('column "employee_id" is not in hr')),
    "a title above the header": (
        f"Staff,,,,,,,,\r\n{PLAIN}".encode(), "", Refused("no name: hr.csv:2, hr.csv:3, hr.csv:4. Nothing was planned"),
    ),
    "a title above the header, declared": (
        f"Staff,,,,,,,,\r\n{PLAIN}".encode(), ", header: {starts_with: employee_id}", AS_SHE_IS,
    ),
    "a title and a blank line above the header": (
        f"Staff\r\n\r\n{PLAIN}".encode(), "", Refused("hr.csv:3: expected 1 cells, found 9"),
    ),
    "a second header, of labels": (
        file_of(dict.fromkeys(ANA, "Label")).encode(), "",
        Rejected({2: {"STATUS-UNKNOWN", "DATE-INVALID", "USERNAME-INVALID"}}),
    ),
    "nothing but the header": (PLAIN.splitlines(keepends=True)[0].encode(), "", Refused("has a header and not one row")),
    "no bytes": (b"", "", Refused("hr.csv: is empty (no bytes)")),
    "cut off in a row": (PLAIN.encode()[:-40], "", Refused("hr.csv:3: the file ends within this row")),
    "cut off in a letter": (
        (PLAIN + "00103,Active,é").encode()[:-1], "", Refused("hr.csv:4: the file ends in the middle of a character"),
    ),
    "a footer": ((PLAIN + "Total: 2\r\n").encode(), "", Refused("hr.csv:4: the file ends within this row")),
}  # fmt: skip

BLANK_TITLE = Read({"JobTitle": "", "LastName": "Novak"})
CELLS: dict[str, tuple[bytes, str, Outcome]] = {
    'a spreadsheet\'s ="00101"': (
        ana(employee_id='="00101"').encode(), "", Read({"ExternalEmployeeId": "00101"}),
    ),
    "the same without quoting": (ana().replace("00101", '="00101"').encode(), "", Read({"ExternalEmployeeId": "00101"})),
    "an id in scientific notation": (ana(employee_id="1.01E+05").encode(), "", Rejected({2: {"ID-ROUNDED"}})),
    "the same with a decimal comma": (ana(employee_id="1,01E+05").encode(), "", Rejected({2: {"ID-ROUNDED"}})),
    "an id as a decimal number": (ana(employee_id="101.0").encode(), "", Rejected({2: {"ID-ROUNDED"}})),
    "an id with letters": (ana(employee_id="1E5").encode(), "", Read({"ExternalEmployeeId": "1E5"}, employee_id="1E5")),
    "a blank id": (ana(employee_id=" ").encode(), "", Rejected({2: {"ID-MISSING"}})),
    **{
        f"{word} for nothing": (ana(title=word).encode(), "", BLANK_TITLE)
        for word in ("NULL", "(null)", "N/A", "n/a", "-", "#N/A")
    },
    "NULL as an id": (ana(employee_id="NULL").encode(), "", Rejected({2: {"ID-MISSING"}})),
    "NULL for a name": (ana(last_name="NULL").encode(), "", Rejected({2: {"FIELD-REQUIRED"}})),
    "Mr Null": (ana(last_name="Null").encode(), "", Read({"LastName": "Null"})),
    "a word for nothing where a blank keeps": (ana(city="N/A").encode(), "", Read({"City": None})),
    "a word for nothing as a department": (
        ana(department="-").encode(), "", Read({"LastName": "Novak"}, team=""),
    ),
    "a spreadsheet's error": (ana(title="#REF!").encode(), "", Rejected({2: {"SPREADSHEET-ERROR"}})),
    "a column that was too narrow": (ana(title="########").encode(), "", Rejected({2: {"SPREADSHEET-ERROR"}})),
    **{
        f"the date {day}": (ana(hired=day).encode(), "", Read({"CustomField1": ""}))
        for day in ("00.00.0000", "0000-00-00", "1900-01-00", "9999-12-31", "31.12.9999")
    },
    "days and months in another order": (ana(hired="12/31/2020").encode(), "", Rejected({2: {"DATE-INVALID"}})),
    "a date in another format": (ana(hired="2020-02-01").encode(), "", Rejected({2: {"DATE-INVALID"}})),
    "a year of two digits": (ana(hired="01.02.20").encode(), "", Rejected({2: {"DATE-INVALID"}})),
    "a day that is none": (ana(hired="30.02.2020").encode(), "", Rejected({2: {"DATE-INVALID"}})),
    "a day as a spreadsheet counts it": (ana(hired="43862").encode(), "", Rejected({2: {"DATE-INVALID"}})),
    "spaces at the ends": (
        file_of({name: f"  {cell} \t" for name, cell in ANA.items()}).encode(), "", AS_SHE_IS,
    ),
    "a status of another spelling": (ana(status="active").encode(), "", Rejected({2: {"STATUS-UNKNOWN"}})),
    "a blank status": (ana(status="").encode(), "", Rejected({2: {"STATUS-UNKNOWN"}})),
    "an address in capitals": (ana(email="Ana@EXAMPLE.com").encode(), "", Read({"UserName": "ana@example.com"})),
    "an address without a domain": (ana(email="SKING").encode(), "", Rejected({2: {"USERNAME-INVALID"}})),
    "two addresses": (ana(email="a@example.com;b@example.com").encode(), "", Rejected({2: {"USERNAME-INVALID"}})),
    "a blank address": (ana(email="").encode(), "", Rejected({2: {"FIELD-REQUIRED"}})),
    "a name that is too long": (ana(last_name="x" * 51).encode(), "", Rejected({2: {"FIELD-TOO-LONG"}})),
    "a formula": (ana(title="=1+1").encode(), "", Read({"JobTitle": "=1+1"})),
    "markup": (ana(title="<b>{title}</b>").encode(), "", Read({"JobTitle": "<b>{title}</b>"})),
}  # fmt: skip

ROWS: dict[str, tuple[bytes, str, Outcome]] = {
    "a row twice": (file_of(ANA, ANA).encode(), "", Rejected({2: {"ID-DUPLICATE"}, 3: {"ID-DUPLICATE"}})),
    "an id twice, once with spaces": (
        file_of(ANA, {**ANA, "employee_id": " 00101", "email": "b@example.com"}).encode(), "",
        Rejected({2: {"ID-DUPLICATE"}, 3: {"ID-DUPLICATE"}}),
    ),
    "two people with one address, but for capitals": (
        file_of(ANA, {**ANA, "employee_id": "00103", "email": "ANA@example.com"}).encode(), "",
        Rejected({2: {"MATCH-KEY-SHARED"}, 3: {"MATCH-KEY-SHARED"}}),
    ),
    "rows below a cell of two lines": (
        file_of({**ANA, "title": "a\r\nb"}, {**ANA, "employee_id": "00103", "email": "x"}).encode(), "",
        Rejected({2: {"TEXT-CONTROL"}, 4: {"USERNAME-INVALID"}}),
    ),
}  # fmt: skip


def taken(folder: Path, content: bytes, source: str) -> Intake:
    (folder / "hr.csv").write_bytes(content)
    config = load_text(folder, CONFIG.format(source=source), dedent=False)
    return take_in(sources_of(config), config.mapping, datetime(2026, 11, 24, tzinfo=UTC))


CASES = {**ENCODINGS, **SHAPES, **CELLS, **ROWS}


@pytest.mark.parametrize(("content", "source", "outcome"), CASES.values(), ids=CASES)
def test_a_pitfall(tmp_path, content, source, outcome):
    if isinstance(outcome, Refused):
        with pytest.raises((SourceError, ConfigError)) as raised:
            taken(tmp_path, content, source)
        assert outcome.message in str(raised.value)
        return
    intake = taken(tmp_path, content, source)
    people = {employee.employee_id: employee for employee in intake.employees}
    assert BO_READ.items() <= people.pop("00102").fields.items(), "he is right, whatever stands above him"
    if isinstance(outcome, Rejected):
        found = {
            int(rejection.origin.removeprefix("hr.csv:")): {reason.code for reason in rejection.reasons}
            for rejection in intake.rejections
        }
        assert found == outcome.lines
        assert not people
        return
    assert intake.rejections == ()
    (found_ana,) = people.values()
    assert found_ana.employee_id == outcome.employee_id
    assert {name: found_ana.fields.get(name) for name in outcome.fields} == outcome.fields
    assert [wish.names for wish in found_ana.teams] == ([(outcome.team,)] if outcome.team else [])


STAFF = 40


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Iterator[Workbench]:
    """A company of 40 people in Litmos and in HR."""
    with workbench(tmp_path_factory.mktemp("pitfalls")) as made:
        made.in_process = True
        made.configure(
            ("    JobTitle: title\n", "    JobTitle: title\n    City: {from: city, optional: true}\n")
        )
        made.staff(STAFF)
        made.run("push")
        yield made


WHOLE: dict[str, dict[str, str]] = {
    "a column that is blank in every row": {"title": ""},
    "a column with one value in every row": {"first_name": "Test"},
    "the addresses of another tenant": {"email": "{email}.example"},
}


@pytest.mark.parametrize("changed", WHOLE.values(), ids=WHOLE)
def test_what_each_row_alone_does_not_show_holds_the_run(bench, changed):
    rows = bench.staff(STAFF)
    bench.write_hr([{**row, **{name: text.format(**row) for name, text in changed.items()}} for row in rows])
    before = bench.writes()
    assert bench.json("push", expect=4)["state"] == "held"
    assert bench.writes() == before


@pytest.mark.parametrize("changed", [{"email": ""}, {"status": ""}, {"employee_id": ""}], ids=str)
def test_a_needed_column_that_is_blank_in_every_row_changes_nobody(bench, changed):
    rows = bench.staff(STAFF)
    bench.write_hr([{**row, **changed} for row in rows])
    before = bench.writes()
    assert bench.json("push", expect=4)["state"] == "held"
    assert bench.writes() == before


def test_an_optional_column_that_is_not_there_changes_nothing_and_is_told(bench):
    bench.staff(STAFF)
    before = bench.writes()
    done = bench.run("push")
    assert "users.fields.City (syncd.yaml:" in done.stdout
    assert 'column "city" is not in hr' in done.stdout
    assert "the field is left as Litmos has it" in done.stdout
    assert bench.writes() == before
