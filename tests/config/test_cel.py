"""CEL in the mapping: what expressions give, which are refused and where, and what they can never do."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.config.cel import MAX_LENGTH, ExpressionFault, compile_condition, compile_text
from syncd.config.celfunctions import MAX_TEXT
from syncd.core.columns import columns_used
from syncd.core.mapping import map_record
from syncd.core.model import Employee, Record, Rejection
from syncd.core.transforms import Refused
from tests.config.files import HEAD, USERS, faults_of, load_text

ROW = {
    "employee_id": "007",
    "status": "Active",
    "email": "Ana@Example.com",
    "first_name": "Ana",
    "last_name": " Novák ",
    "department": "Sales",
    "Cost Center": "4711",
    "level": "3",
    "hired": "31.12.2025",
    "in": "reserved",
    "row": "7",
    "skills": "sql, go",
    "blank": " ",
    "Caf\u00e9": "auf",
}

CONDITIONS = {
    'row.department == "Sales"': True,
    "row.department != 'Sales'": False,
    'row.department in ["IT", "Sales"]': True,
    '!(row.department in ["IT"]) && row["Cost Center"].startsWith("47")': True,
    'row.`Cost Center`.endsWith("12") || row.blank == ""': True,
    'row.email.lower().contains("@example.")': True,
    "row.department.matches('^S[a-z]+s$')": True,
    "int(row.level) >= 3": True,
    "row.level.size() > 1": False,
    "row.hired.date('%d.%m.%Y') > '2025-06-30'": True,
    "row.blank.date('%d.%m.%Y') > '2025-06-30'": False,
    'row["in"] == "reserved" && row.row == "7"': True,
    'row.skills.split(",").exists(skill, skill.trim() == "go")': True,
    'row.skills.split(",").all(skill, skill.trim() == "go")': False,
    "true // row is a comment here, and 'row' a text": True,
    '"row" == "row" && row.department == "Sales" && "a.row" != ".row"': True,
}
TEXTS = {
    'row.last_name + ", " + row.first_name': "Novák, Ana",
    'row.blank == "" ? row.department : row.blank': "Sales",
    '{"Sales": "Vertrieb", "IT": "EDV"}[row.department]': "Vertrieb",
    "row.last_name.upper()": "NOVÁK",
    "row.last_name.ascii().lower()": "novak",
    "row.email.title()": "Ana@Example.Com",
    "row.skills.normalize()": "sql, go",
    "'+49 40/1'.digits() + row.employee_id.strip_zeros()": "494017",
    "row.email.split('@')[1].lower()": "example.com",
    "row.skills.split(', ').join('/')": "sql/go",
    "row.email.replace('@', ' at ')": "Ana at Example.com",
    "row.hired.substring(6) + row.hired.substring(3, 5)": "202512",
    "row.email.indexOf('@')": "3",
    "row.level.size() + 41": "42",
    'row.department == "Sales"': "true",
    "row.hired.date('%d.%m.%Y')": "2025-12-31",
    "[row.first_name, row.blank, row.last_name].filter(p, p != '').join(' ')": "Ana Novák",
    "row.blank": "",
    "row['Cafe\u0301'] + 'e\u0301'": "auf\u00e9",
}


@pytest.mark.parametrize(("expression", "expected"), CONDITIONS.items())
def test_a_condition(expression, expected):
    assert compile_condition(expression, "f.yaml:1:1").holds(ROW) is expected


@pytest.mark.parametrize(("expression", "expected"), TEXTS.items())
def test_a_text(expression, expected):
    assert compile_text(expression, "f.yaml:1:1").text(ROW) == expected


FAULTS = {
    "": "must not be blank",
    "row.department": "gives a text; it must give true or false, for example row.department == 'Sales'",
    "row.level > 3": (
        'column 11 (> 3): ">" takes no (string, int); a column is a text: compare it with a text, or write int(row.name)'
    ),
    'row.a == "x" &&': "column 16 (its end): mismatched input '<EOF>'",
    'row.a = "x"': 'column 7 (= "x"): "=" is not written here: use ==',
    'row.a == "x" and true': 'column 14 (and true): "and" is not written here: use &&',
    'row.a == "x': "column 10 (\"x): token recognition error at: '\"x'",
    'department == "x"': (
        'column 1 (department == "x"): "department" is not known; a column is written row.name or row["a name"]'
    ),
    'row.a.lowr() == "x"': 'column 7 (lowr() == "x"): "lowr" is not known; did you mean "lower"?',
    "row.a.startsWith(1)": 'column 17 ((1)): "startsWith" takes no (string, int); a column is a text: compare it with '
    "a text, or write int(row.name)",
    'row.a == "x" &&\n  row.b': 'line 1, column 14 (&&): "&&" takes no (bool, string)',
    "row.a.b == 'x'": "column 6 (.b == 'x'): expression of type 'string' cannot be the operand of a select operation",
    "row.size() > 3": 'column 5 (size() > 3): row has no size(): a column is written row.name or row["a name"]',
    "row.exists(c, c == 'x')": (
        "column 5 (exists(c, c == 'x')): row has no exists(): a column is written row.name or row[\"a name\"]"
    ),
    "'a' in row": 'column 8 (row): row alone is no value: a column is written row.name or row["a name"]',
    "row['a' + 'b'] == ''": (
        "column 1 (row['a' + 'b'] == ''): row alone is no value: a column is written row.name or row[\"a name\"]"
    ),
    "row['a\\x62'] == ''": (
        "column 5 ('a\\x62'] == ''): write the name of the column in plain quotes, without a backslash or space around it"
    ),
    "row[' a'] == ''": (
        "column 5 (' a'] == ''): write the name of the column in plain quotes, without a backslash or space around it"
    ),
    "row.in == ''": 'column 5 (in == \'\'): "in" is a word of the language: the column is written row["in"]',
    "has(row.a)": 'column 5 (row.a)): every row has the column: ask whether it is blank, as row.name != ""',
    " + ".join(["row.a"] * 40) + " == ''": (
        "is nested too deeply, or joins more than 30 pieces: use map:, template: or several rules"
    ),
    f"'{'x' * MAX_LENGTH}' == ''": f"has {MAX_LENGTH + 8} characters; an expression has at most {MAX_LENGTH}",
    "dyn(row.a)": "gives something whose type is known only at run time; it must give true or false, for example "
    "row.department == 'Sales'",
    "row.a == '\ud800'": "is no expression",
}


@pytest.mark.parametrize(("expression", "fault"), FAULTS.items())
def test_what_cannot_work_is_refused_when_it_is_compiled(expression, fault):
    with pytest.raises(ExpressionFault) as raised:
        compile_condition(expression, "f.yaml:1:1")
    assert str(raised.value).startswith(fault) if fault.endswith("expression") else str(raised.value) == fault


FAILURES = {
    "int(row.department) > 3": "cannot convert string to int",
    '{"IT": "EDV"}[row.department] == ""': 'Key not found in map : "Sales"',
    "row.skills.split(',')[5] == ''": "Index error: index=5 size=2",
    "row.department.date('%d.%m.%Y') == ''": "'Sales' is not a date in the format %d.%m.%Y",
    "row.hired.date('%d.%m.%y') == ''": "date format %d.%m.%y: two-digit years (%y) are not read or written:",
    "row.department.substring(9) == ''": "substring(9, 5) is outside of a text of 5 characters",
    "row.department.matches('[')": "invalid regular expression: missing ]: [",
    "'Łódź ж'.ascii() == row.blank": "has letters that no rule turns into ASCII",
}


@pytest.mark.parametrize(("expression", "why"), FAILURES.items())
def test_what_fails_on_a_row_is_a_reason_and_never_a_blank(expression, why):
    condition = compile_condition(expression, "f.yaml:1:1")
    with pytest.raises(Refused) as raised:
        condition.holds(ROW)
    assert raised.value.code == "EXPRESSION-FAILED"
    assert raised.value.why.startswith(f"the expression cannot be worked out: {why}")


def test_columns_are_found_in_the_text():
    expression = compile_text(
        'row.a + row["b c"] + row.`d-e` + "row.f" + row.a + row.row /* */'.replace(" /* */", " // row.g"),
        "f.yaml:3:9",
    )
    assert list(expression.columns()) == [
        ("a", "f.yaml:3:9"),
        ("b c", "f.yaml:3:9"),
        ("d-e", "f.yaml:3:9"),
        ("row", "f.yaml:3:9"),
    ]


NAMES = ("a", "b c", "row", "in", "d-e", "it's", "ü", "has")
PLAIN = st.text(st.sampled_from("ab row.x['\\\"]//#`{}"), max_size=12)


def literal(quote: str, *, raw: bool) -> st.SearchStrategy[str]:
    """Texts of CEL that look like columns and comments, and hold none."""
    if raw:
        return PLAIN.map(lambda text: "r" + quote + text.replace(quote[0], "").rstrip("\\") + quote)
    return PLAIN.map(
        lambda text: quote + text.replace("\\", "\\\\").replace(quote[0], "\\" + quote[0]) + quote
    )


LITERALS = st.one_of(
    *(literal(quote, raw=raw) for quote in ("'", '"', "'''", '"""') for raw in (True, False))
)
COLUMNS = st.sampled_from(NAMES).flatmap(
    lambda name: st.sampled_from(
        [
            *([f'row["{name}"]', f' row [ "{name}" ] ']),
            *([f"row['{name}']"] if "'" not in name else []),
            *([f"row.{name}"] if name in {"a", "row", "has"} else []),
        ]
    ).map(lambda written: (name, written))
)


@given(st.lists(LITERALS.map(lambda text: ("", text)) | COLUMNS, min_size=1, max_size=6))
def test_the_columns_that_are_found_are_those_that_cel_asks_for(pieces):
    """Whatever stands beside them, in texts and comments: the row is given them, and no other."""
    text = " + // row.comment 'row.text'\n".join(written for _, written in pieces) + " // row.end"
    expression = compile_text(text, "f.yaml:1:1")
    names = {name for name, _ in pieces if name}
    assert {name for name, _ in expression.columns()} == names
    expression.text(dict.fromkeys(names, "x"))


def test_a_column_that_the_row_does_not_have_is_no_blank():
    with pytest.raises(Refused) as raised:
        compile_condition("row.nowhere == ''", "f.yaml:1:1").holds(ROW)
    assert raised.value.code == "COLUMN-MISSING"


HUNDRED = "[" + ",".join(["1"] * 100) + "]"
COSTLY = {
    f"{HUNDRED}.all(a, {HUNDRED}.all(b, {HUNDRED}.all(c, a + b + c > 0)))": "Iteration budget exceeded",
    f"{HUNDRED}.map(a, {HUNDRED}.map(b, {HUNDRED}.map(c, row.big))).size() > 0": "Iteration budget exceeded",
    "row.big.matches('(x*)*(x*)*(x*)*y')": "",
    "row.big" + ".replace('x', 'xxxxxxxxxx')" * 20 + " == ''": f"a text has more than {MAX_TEXT} characters",
    "row.big.replace('', row.big) == ''": f"a text has more than {MAX_TEXT} characters",
    "[row.big, row.big].join(row.big) == ''": f"a text has more than {MAX_TEXT} characters",
}


@pytest.mark.parametrize(("expression", "why"), COSTLY.items())
def test_no_expression_takes_long(expression, why):
    """The budget is cel-cpp's; its regular expressions take linear time; texts are bounded by ours."""
    condition = compile_condition(expression, "f.yaml:1:1")
    began, told = time.monotonic(), ""
    try:
        condition.holds({**ROW, "big": "x" * MAX_TEXT})
    except Refused as refused:
        told = refused.why
    assert why in told
    assert bool(told) is bool(why)
    assert time.monotonic() - began < 5


def test_a_cell_that_is_too_long_for_an_expression_is_a_reason():
    with pytest.raises(
        Refused, match=f'column "a" has {MAX_TEXT + 1} characters; an expression takes {MAX_TEXT}'
    ):
        compile_condition("row.a == ''", "f.yaml:1:1").holds({"a": "x" * (MAX_TEXT + 1)})


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
def test_cells_are_data(text):
    """Whatever is in a cell, it is the text it is (in Unicode NFC, as every cell)."""
    joined = compile_text("row.a + '|'", "f.yaml:1:1").text({"a": f"x{text}x"})
    assert joined == unicodedata.normalize("NFC", f"x{text}x") + "|"


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_half_a_character_and_a_nul_are_reasons(text):
    with pytest.raises(Refused) as raised:
        compile_condition("row.a == 'a'", "f.yaml:1:1").holds({"a": text})
    assert raised.value.code in {"TEXT-CONTROL", "EXPRESSION-FAILED"}


RULES = """\
    JobTitle: {expr: 'row.level == "3" ? "Senior" : "Junior"', default: none}
    City: {from: city, when: 'row.department == "Sales" && int(row.level) > 2'}
    DisableMessages: {expr: 'row.department == "IT"'}
scope: {when: 'row.department != "Other"'}
teams:
  - name: {expr: 'row.department.upper()'}
    parent: [All, {expr: 'row["Cost Center"]'}]
    when: {all: ['row.level != ""', {department: [Sales, IT]}]}
learning_paths:
  - path: Onboarding
    when: |
      row.department == "Sales" &&
      row.level == "3"
"""


def test_expressions_in_a_configuration(tmp_path):
    mapping = load_text(tmp_path, HEAD + USERS + RULES).mapping
    employee = map_record(mapping, Record(fields={**ROW, "city": "Oslo"}, origin="hr.csv:2"))
    assert isinstance(employee, Employee), employee
    assert employee.fields["JobTitle"] == "Senior"
    assert employee.fields["City"] == "Oslo"
    assert employee.fields["DisableMessages"] is False
    assert [wish.names for wish in employee.teams] == [("All", "4711", "SALES")]
    assert [wish.item.name for wish in employee.items] == ["Onboarding"]
    used = columns_used(mapping)
    assert used["level"] == "syncd.yaml:14:22"
    assert used["Cost Center"] == "syncd.yaml:20:26"


def test_what_fails_on_a_row_names_the_rule_and_its_line(tmp_path):
    mapping = load_text(tmp_path, HEAD + USERS + RULES).mapping
    outcome = map_record(mapping, Record(fields={**ROW, "city": "", "level": "high"}, origin="hr.csv:2"))
    assert isinstance(outcome, Rejection)
    assert [str(reason.message) for reason in outcome.reasons] == [
        "users.fields.City (syncd.yaml:15:5): the expression cannot be worked out: cannot convert string to int"
    ]


def test_faults_have_their_place_in_the_file_and_in_the_expression(tmp_path):
    text = f"""{HEAD}{USERS}    JobTitle: {{expr: row.level + 1}}
scope: {{when: departmnt == "x"}}
teams:
  - name: {{expr: row.department}}
    when: |
      row.department == "Sales" &&
      row.level
  - name: {{expr: 'row.a', template: b}}
"""
    assert faults_of(tmp_path, text) == [
        (
            'syncd.yaml:14:22: users.fields.JobTitle.expr: column 11 (+ 1): "+" takes no (string, int); a column is a '
            "text: compare it with a text, or write int(row.name)"
        ),
        (
            'syncd.yaml:15:15: scope.when: column 1 (departmnt == "x"): "departmnt" is not known; a column is written '
            'row.name or row["a name"]'
        ),
        'syncd.yaml:18:11: teams[0].when: line 1, column 27 (&&): "&&" takes no (bool, string)',
        "syncd.yaml:21:11: teams[1].name: needs either template or expr",
    ]
