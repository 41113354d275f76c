"""A map that is kept in a CSV file."""

import pytest

from syncd.core.mapping import map_record
from syncd.core.model import Employee, Record, Rejection
from tests.config.files import HEAD, USERS, faults_of, load_text

ROW = {
    "employee_id": "1", "status": "Active", "email": "a@example.com", "first_name": "A", "last_name": "B", "land": "SI",
}  # fmt: skip


def configured(more: str = "", **keys: str) -> str:
    written = {"file": "lands.csv", "from": "code", "to": "name", **keys}
    table = ", ".join(f"{key}: {value}" for key, value in written.items() if value)
    return f"{HEAD}{USERS}    Country: {{from: land, map: {{{table}}}{more}}}\n"


def country(folder, *, land: str = "SI", more: str = "", **keys: str) -> object:
    mapping = load_text(folder, configured(more, **keys)).mapping
    outcome = map_record(mapping, Record(fields={**ROW, "land": land}, origin="hr.csv:2"))
    if isinstance(outcome, Rejection):
        return [reason.code for reason in outcome.reasons]
    assert isinstance(outcome, Employee)
    return outcome.fields.get("Country")


def test_a_table_from_a_file(tmp_path):
    text = (
        'code,note,name\r\nDE,x,Germany\r\n SI ,," Slovenia "\r\n\r\nNO,x,Norway\r\nNO,y,Norway\r\nXX,,\r\n'
    )
    (tmp_path / "lands.csv").write_text(text, encoding="utf-8-sig", newline="")
    assert country(tmp_path) == "Slovenia"
    assert country(tmp_path, land="XX") == ""
    assert country(tmp_path, land="FR") == ["VALUE-UNKNOWN"]
    assert country(tmp_path, land="FR", more=", else: keep") == "FR"
    assert country(tmp_path, land="FR", more=", else: skip") is None
    assert country(tmp_path, land="FR", more=", else: {value: Other}") == "Other"


def test_words_are_read_as_cells_are(tmp_path):
    text = 'code,name\n" New\u00a0York ","The ""Big Apple"""\nNovo\u2028Mesto,x\n'
    (tmp_path / "lands.csv").write_text(text, encoding="utf-8")
    assert country(tmp_path, land="New York") == 'The "Big Apple"'
    assert country(tmp_path, land="New\u00a0York") == 'The "Big Apple"'


def test_two_tables_of_one_name_are_two(tmp_path):
    def digest(first: str, second: str) -> str:
        for folder, name in (("a", first), ("b", second)):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "lands.csv").write_text(f"code,name\nSI,{name}\n", encoding="utf-8")
        text = configured(file="a/lands.csv") + configured(file="b/lands.csv").splitlines()[-1].replace(
            "Country", "City"
        )
        return load_text(tmp_path, text + "\n").digest

    assert digest("x", "y") != digest("z", "y")
    assert digest("x", "y") != digest("x", "z")


def test_another_delimiter_and_encoding(tmp_path):
    (tmp_path / "lands.csv").write_text("code;name\nÖS;Österreich\n", encoding="cp1252")
    assert country(tmp_path, land="ÖS", delimiter='";"', encoding="cp1252") == "Österreich"


@pytest.mark.parametrize(
    ("content", "keys", "faults"),
    [
        (None, {}, ["14:39: users.fields.Country.map.file: lands.csv: cannot be read: No such file or directory"]),
        (b"", {}, ["14:39: users.fields.Country.map.file: lands.csv:1: has no row below its header"]),
        (b"code,name\n", {}, ["14:39: users.fields.Country.map.file: lands.csv:1: has no row below its header"]),
        (
            b"code,nam\nDE,Germany\n",
            {},
            ['14:66: users.fields.Country.map.to: lands.csv:1: column "name" is not in it; did you mean "nam"?'],
        ),
        (
            b"code,name,name\nDE,Germany,x\n",
            {},
            ['14:66: users.fields.Country.map.to: lands.csv:1: column "name" is there twice'],
        ),
        (
            b"code,name\nDE,Germany,x\nNO,Norway\n,Nowhere\nNO,Norge\n",
            {},
            [
                "14:39: users.fields.Country.map.file: lands.csv:2: has 3 cells; the header has 2",
                '14:39: users.fields.Country.map.file: lands.csv:4: "code" is blank',
                "14:39: users.fields.Country.map.file: lands.csv:5: 'NO' is 'Norge' here and 'Norway' in line 3",
            ],
        ),
        (
            b'code,name\nDE,"Germany\nNO,Norway\n',
            {},
            ["14:39: users.fields.Country.map.file: lands.csv:2: is no CSV: unexpected end of data"],
        ),
        (
            b"code,name\nAT,\xd6sterreich\n",
            {},
            [
                "14:39: users.fields.Country.map.file: lands.csv:2: byte 0xD6 is not utf-8; is the file in another encoding?",
            ],
        ),
        (
            b"code,name\nDE,Germany\n",
            {"encoding": "klingon"},
            ['14:82: users.fields.Country.map.encoding: "klingon" is no encoding that Python knows; such are utf-8, utf-16, cp1252, iso-8859-15'],
        ),
        (
            b"code,name\n" + b"x" * (8 * 1024 * 1024),
            {},
            ["14:39: users.fields.Country.map.file: lands.csv: has more than 8388608 bytes; a table has at most as many"],
        ),
        (b"code,name\nDE,Germany\n", {"to": ""}, ["14:27: users.fields.Country.map.to: is required"]),
        (
            b"code,name\nDE,Germany\n",
            {"delimeter": '";"'},
            ['14:72: users.fields.Country.map.delimeter: is no key here; did you mean "delimiter"?'],
        ),
    ],
)  # fmt: skip
def test_faults_name_the_line_of_the_configuration_and_of_the_file(tmp_path, content, keys, faults):
    if content is not None:
        (tmp_path / "lands.csv").write_bytes(content)
    found = faults_of(tmp_path, configured(**keys))
    assert [fault.removeprefix("syncd.yaml:") for fault in found] == faults


def test_what_a_field_cannot_hold_is_a_fault_of_the_table_too(tmp_path):
    (tmp_path / "lands.csv").write_text("code,name\nDE,German\n", encoding="utf-8")
    text = configured().replace("Country", "Culture")
    assert faults_of(tmp_path, text) == [
        "syncd.yaml:14:27: users.fields.Culture.map.DE: 'German' is not of the form en-US"
    ]


def test_a_changed_table_is_a_changed_configuration(tmp_path):
    digests = set()
    for name in ("Norway", "Norge"):
        (tmp_path / "lands.csv").write_text(f"code,name\nNO,{name}\n", encoding="utf-8")
        digests.add(load_text(tmp_path, configured()).digest)
    assert len(digests) == 2


def test_a_table_in_place_may_have_the_word_file(tmp_path):
    text = f"{HEAD}{USERS}    Country: {{from: land, map: {{file: Filing, SI: Slovenia}}}}\n"
    rule = load_text(tmp_path, text).mapping.fields[-1]
    assert rule.value.lookup is not None
    assert rule.value.lookup.table == {"file": "Filing", "SI": "Slovenia"}
