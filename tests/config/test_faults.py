"""Every fault at its line and column, all of them at once."""

import pytest

from syncd.config import load
from syncd.errors import ConfigError
from tests.config.files import ENVIRON, HEAD, USERS, faults_of, load_text

BROKEN = """\
version: 2
database: sqlite:///x.db
litmus: {}
litmos:
  api_key: ${env:NOPE}
  base_url: http://example.com/v1.svc
  limit: {requests: many, windw: 60s}
  timeout: 25
source:
  type: cvs
  path: hr.csv
employee:
  id: employee_id
  status: {from: status, map: {Active: active, Gone: gone}, else: left}
users:
  match: [ExternalEmployeeId, Emial]
  fields:
    ExternalEmployeeId: employee_id
    UserName: {form: email}
    FirstName: {from: first_name, transform: [trimm]}
    Emial: email
    Id: x
    City: {from: a, date: {in: "%d.%m.%y"}}
    Culture: {value: english}
teams:
  - nmae: x
  - name: "{a"
    remove: all
push:
  policy: snyc
schedules: {push: "* * *", timezone: Europe/Berln}
"""


def test_all_faults_at_once_in_the_order_of_the_file(tmp_path):
    assert faults_of(tmp_path, BROKEN) == [
        "syncd.yaml:1:10: version: must be 1",
        'syncd.yaml:3:1: litmus: is no key here; did you mean "litmos"?',
        "syncd.yaml:5:12: litmos.api_key: the environment variable NOPE is not set; set it, or NOPE_FILE",
        (
            "syncd.yaml:6:13: litmos.base_url: must be https: the API key travels with every request "
            "(http is for loopback only)"
        ),
        "syncd.yaml:7:21: litmos.limit.requests: must be a whole number",
        'syncd.yaml:7:27: litmos.limit.windw: is no key here; did you mean "window"?',
        "syncd.yaml:8:12: litmos.timeout: must be a duration with its unit, such as 25s, 30m, 72h or 2d",
        'syncd.yaml:10:3: source: must be csv or excel or json or sql; did you mean "csv"?',
        "syncd.yaml:14:54: employee.status.map.Gone: must be future or active or leave or left",
        "syncd.yaml:14:67: employee.status.else: must be reject or active",
        'syncd.yaml:16:31: users.match[1]: "Emial" is no Litmos field that can be mapped; did you mean "Email"?',
        "syncd.yaml:17:3: users.fields.LastName: is not mapped; Litmos requires it",
        'syncd.yaml:19:16: users.fields.UserName.form: is no key here; did you mean "from"?',
        'syncd.yaml:20:47: users.fields.FirstName.transform[0]: "trimm" is no transform; did you mean "trim"?',
        'syncd.yaml:21:5: users.fields.Emial: is no Litmos field; did you mean "Email"?',
        "syncd.yaml:22:5: users.fields.Id: cannot be set: Litmos computes it",
        (
            "syncd.yaml:23:32: users.fields.City.date.in: two-digit years (%y) are not read or written: "
            "03 may be 1903 or 2003; use %Y"
        ),
        "syncd.yaml:24:22: users.fields.Culture.value: 'english' is not of the form en-US",
        'syncd.yaml:26:5: teams[0].nmae: is no key here; did you mean "name"?',
        'syncd.yaml:27:11: teams[1].name: has a single "{"; columns are written {column}, and a brace is doubled',
        "syncd.yaml:28:13: teams[1].remove: must be own or strict",
        (
            "syncd.yaml:30:11: push.policy: must be observe or create-only or upsert-only or sync; "
            'did you mean "sync"?'
        ),
        "syncd.yaml:31:19: schedules.push: must have five fields (minute hour day month weekday), and has 3",
        (
            'syncd.yaml:31:38: schedules.timezone: "Europe/Berln" is no time zone; they are named like '
            "Europe/Berlin or UTC"
        ),
    ]


FIELD_FAULTS = [
    ("{from: a, value: b}", "14:5: users.fields.JobTitle: has from and value; it needs exactly one of"),
    ("{transform: trim}", "14:5: users.fields.JobTitle: says not where the value comes from;"),
    ("{from: a, else: keep}", "14:25: users.fields.JobTitle.else: is for map only"),
    ("{from: a, map: {x: y}, else: rejct}", "14:44: users.fields.JobTitle.else: must be reject, skip, keep or"),
    ("{from: a, map: {x: y}, date: {}}", "14:25: users.fields.JobTitle.map: and date exclude each other"),
    ("{from: a, separator: x}", "14:25: users.fields.JobTitle.separator: is for concat only"),
    ("{from: ' '}", "14:22: users.fields.JobTitle.from: must be the name of a column"),
    ("{concat: []}", "14:24: users.fields.JobTitle.concat: must not be empty"),
    ("{concat: [{from: a, text: b}]}", "14:25: users.fields.JobTitle.concat[0]: needs either from or text"),
    ("{template: '{}'}", "14:26: users.fields.JobTitle.template: has empty braces"),
    ("{from: a, date: {in: '%d.%m'}}", "14:36: users.fields.JobTitle.date.in: needs a year (%Y), a month"),
    ("{from: a, date: {out: '%q'}}", "14:37: users.fields.JobTitle.date.out: %q is not known here;"),
    ("{from: a, on: always, owner: litmos}", "14:29: users.fields.JobTitle.on: always contradicts owner: litmos"),
    ("{from: a, on: create, owner: report}", "14:29: users.fields.JobTitle.on: create contradicts owner: report"),
    ("{from: a, split: {by: '', pick: 1}}", "14:37: users.fields.JobTitle.split.by: must have at least 1 character"),
    ("{from: a, split: {by: x, pick: 0}}", "14:46: users.fields.JobTitle.split.pick: must be first, last, or a number"),
    ("{from: a, required: true, blank: keep}", "14:48: users.fields.JobTitle.blank: keep contradicts required: true"),
    ("{from: a, cleared: ['']}", "14:34: users.fields.JobTitle.cleared: must name words; what a blank cell does says"),
    ("{from: a, cleared: [NULL]}", "14:35: users.fields.JobTitle.cleared[0]: is nothing, not a text: a word that YAML"),
    ("{value: a, optional: true}", "14:26: users.fields.JobTitle.optional: is for fields that come from a column"),
    ("{from: a, map: {N/A: x}}", '14:31: users.fields.JobTitle.map.N/A: "N/A" is read as blank: use "" here, or take'),
    ("{from: a, when: {b: ['-']}}", '14:36: users.fields.JobTitle.when.b[0]: "-" is read as blank: ask {empty: true}'),
    ("{from: a, on: if_empty, owner: report}", "14:29: users.fields.JobTitle.on: if_empty contradicts owner: report"),
    ("{from: a, on: if_emtpy}", "14:29: users.fields.JobTitle.on: must be always or create or if_empty; did you mean"),
    ("{from: a, required: ja}", "14:35: users.fields.JobTitle.required: must be true or false"),
    ("{from: [a]}", "14:22: users.fields.JobTitle.from: must be a text"),
    ("{from: a, when: b = 1}", '14:31: users.fields.JobTitle.when: column 3 (= 1): "=" is not written here: use =='),
    ("{from: a, when: [b]}", "14:31: users.fields.JobTitle.when: must be a CEL expression, or a mapping from columns"),
    ("{from: a, when: ''}", "14:31: users.fields.JobTitle.when: must not be blank"),
    ("{expr: row.a + 1}", '14:22: users.fields.JobTitle.expr: column 7 (+ 1): "+" takes no (string, int); a column is'),
    ("{from: a, expr: row.a}", "14:5: users.fields.JobTitle: has from and expr; it needs exactly one of"),
    ("{from: a, when: {}}", "14:31: users.fields.JobTitle.when: must be a mapping from columns to what they must be"),
    ("{from: a, when: {d: {startswith: x}}}", "14:36: users.fields.JobTitle.when.d.startswith: is no comparison; did"),
    ("{from: a, when: {d: {empty: yes}}}", "14:43: users.fields.JobTitle.when.d.empty: must be true or false"),
    ("{from: a, when: {d: {before: 1.2.26}}}", "14:44: users.fields.JobTitle.when.d.before: must be a day as"),
    ("{from: a, when: {d: {format: '%d.%m.%Y'}}}", "14:36: users.fields.JobTitle.when.d.format: needs before: or"),
    ("{from: a, when: {d: {starts_with: ''}}}", "14:49: users.fields.JobTitle.when.d.starts_with: must not be empty:"),
    ("{from: a, when: {any: x}}", "14:37: users.fields.JobTitle.when.any: must be a list of conditions"),
    ("{from: a, when: {d: }}", "14:34: users.fields.JobTitle.when.d: is empty; write {empty: true}"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "fault"), FIELD_FAULTS)
def test_a_field_rule_that_cannot_work(tmp_path, rule, fault):
    found = faults_of(tmp_path, f"{HEAD}{USERS}    JobTitle: {rule}\n")
    assert len(found) == 1
    assert found[0].startswith(f"syncd.yaml:{fault}")


NAMED_FAULTS = [
    ("    Email: {value: not an address}", "14:20: users.fields.Email.value: 'not an address' is not an e-mail"),
    ("    Skype: {from: s, default: " + "x" * 101 + "}", "14:31: users.fields.Skype.default: has 101 characters;"),
    ("    Culture: {from: c, map: {a: English}}", "14:33: users.fields.Culture.map.a: 'English' is not of the form"),
    ("    DisableMessages: column", "14:5: users.fields.DisableMessages: is true or false to Litmos: add"),
    ("    DisableMessages: {from: c, map: {a: 1}}", "14:41: users.fields.DisableMessages.map.a: '1' is neither true"),
    ("    EnableTextNotification: {from: a, transform: bool, on: if_empty}", "14:60: users.fields.EnableTextNotification.on:"),
    ("    Email: {from: email, cleared: x}", "14:26: users.fields.Email.cleared: Litmos fills this field by itself: it"),
    ("    FirstName: {from: a, optional: true}", "14:5: users.fields.FirstName: is there twice"),
    ("    Active: column", "14:5: users.fields.Active: cannot be set: employee.status decides about it"),
    ("    Nonsense: column", "14:5: users.fields.Nonsense: is no Litmos field"),
    ("    ManagerId: m\n  manager: m", "14:5: users.fields.ManagerId: is set by users.manager; keep one of them"),
    ("  manager: {from: m, by: Email}", "14:26: users.manager.by: Email is not mapped; add it to users.fields"),
    ("  manager: {from: m, transform: lwer}", '14:33: users.manager.transform: "lwer" is no transform; did you'),
    ("  link_field: CustomField9", "14:15: users.link_field: CustomField9 is not mapped; add it to users.fields"),
    ("  match: [Email]", "14:11: users.match[0]: Email is not mapped; add it to users.fields"),
    ("  match: UserName\n  protected: {usernames: x, levels: y}", "15:29: users.protected.levels: is no key here;"),
    ("teams: [{name: '{a}', parent: ['x', '{']}]", "14:37: teams[0].parent[1]: has a single"),
    ("teams: [{name: '" + "x" * 101 + "'}]", "14:16: teams[0].name: has more than 100 characters"),
    ("teams: [{name: x, leaders: {}}]", "14:19: teams[0].leaders: says not who: it needs when:, or managers: true"),
    ("teams: [{name: x, admins: {managers: true}}]", "14:38: teams[0].admins.managers: needs users.manager, which"),
    (
        "  protected: {access_levels: Team_Leader}\nteams: [{name: x, leaders: {when: {a: b}}}]",
        "14:15: users.protected.access_levels[0]: Team_Leader is what the leaders of a team become",
    ),
    ("teams: [{when: {a: b}}]", "14:9: teams[0]: needs either name or tree"),
    ("teams: [{tree: {name: x}}]", "14:10: teams[0].tree: needs the column of a code, of a path, or managers: true"),
    ("teams: [{tree: {code: c}}]", "14:10: teams[0].tree: says not what its teams are called: name"),
    ("teams: [{tree: {managers: true, name: x}}]", "14:27: teams[0].tree.managers: needs users.manager, which says"),
    ("teams: [{tree: {code: c, name: n, moved: away}}]", "14:42: teams[0].tree.moved: must be report or rebuild"),
    (
        "teams: [{tree: {code: c, name: n}}, {tree: {code: d, name: n}}]",
        "14:38: teams[1].tree: has the space of teams[0]; give one of them another space",
    ),
    (
        "teams: [{tree: {code: c, name: n, file: {path: o.csv, code: c, name: n}}}]",
        "14:41: teams[0].tree.file: says what the teams are called",
    ),
    ("teams: [{tree: {code: c, name: n}, parent: '{a}'}]", "14:44: teams[0].parent: has a column in it"),
    ("learning_paths: [{name: x}]", "14:18: learning_paths[0].path: is required"),
    ("scope: {leaving: drop}", "14:18: scope.leaving: must be keep or deactivate"),
    ("schedules: {pull: 61 * * * *}", "14:19: schedules.pull: is no cron expression"),
    ("push: {limits: {deactivations: {percent: 500}}}", "14:42: push.limits.deactivations.percent: must be less than"),
    ("push: {limits: {changes: {percent: .nan}}}", "14:36: push.limits.changes.percent: must be a"),
    ("push: {limits: {fields: {Emial: {percent: 5}}}}", "14:26: push.limits.fields.Emial: is not in users.fields;"),
    ("push: {limits: {window: 24}}", "14:25: push.limits.window: must be a duration with its unit"),
    ("pull: {sinks: [{name: r, path: r.csv, columns: {a: b}}]}", "14:52: pull.sinks[0].columns.a: must be employee_id"),
    ("pull: {sinks: [{name: r, path: r.csv, mode: delta, columns: {a: kind}}]}", "14:16: pull.sinks[0]: in mode delta"),
    ("  protected: {access_levels: [Administrater]}", '14:31: users.protected.access_levels[0]: "Administrater" is no'),
    ("teams: [{name: x, parent: ''}]", "14:27: teams[0].parent: must not be blank"),
    ("pull: {sinks: [{name: r, path: '', columns: {a: kind}}]}", "14:32: pull.sinks[0].path: must be a path"),
    ("web: {port: 99999}", "14:13: web.port: must be less than or equal to 65535"),
    ("log: {level: INFO}", "14:14: log.level: must be debug or info or warning or error"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "fault"), NAMED_FAULTS)
def test_a_line_that_cannot_work(tmp_path, line, fault):
    found = faults_of(tmp_path, f"{HEAD}{USERS}{line}\n")
    assert [each for each in found if each.startswith(f"syncd.yaml:{fault}")], found


def test_what_is_wrong_is_reported_once(tmp_path):
    """A misspelt key takes nothing else along: not "UserName is not mapped", not "says not where it comes from"."""
    text = HEAD + USERS.replace("UserName: {from:", "UserName: {form:")
    assert faults_of(tmp_path, text) == [
        'syncd.yaml:11:16: users.fields.UserName.form: is no key here; did you mean "from"?'
    ]


def test_a_part_that_is_missing_does_not_hide_faults_elsewhere(tmp_path):
    text = HEAD.replace("database: sqlite:///syncd.db\n", "") + USERS.replace("lower", "lwer")
    assert faults_of(tmp_path, text) == [
        "syncd.yaml:1:1: database: is required",
        'syncd.yaml:10:40: users.fields.UserName.transform: "lwer" is no transform; did you mean "lower"?',
    ]


def test_the_same_file_without_faults_loads(tmp_path):
    assert load_text(tmp_path, HEAD + USERS).mapping.match == ("ExternalEmployeeId", "UserName")


def test_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match=r"looked for syncd.yaml, config/syncd.yaml, .*`syncd init` writes one"
    ):
        load(environ=ENVIRON)
    with pytest.raises(ConfigError, match=r"nowhere.yaml: is no file \(named by SYNCD_CONFIG\)"):
        load(environ={"SYNCD_CONFIG": "nowhere.yaml"})


def test_the_search_goes_from_the_nearest_to_the_farthest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    for name in ("config/syncd.yaml", "syncd.yaml", "named.yaml", "given.yaml"):
        (tmp_path / name).write_text(HEAD + USERS, encoding="utf-8")
        environ = {**ENVIRON, **({"SYNCD_CONFIG": "named.yaml"} if name[0] in "ng" else {})}
        given = "given.yaml" if name[0] == "g" else None
        assert load(given, environ=environ).path == tmp_path / name


EMPLOYEE_FAULTS = [
    ("  same_person: [last_name]", "8:16: employee.same_person: must be two columns or more"),
    ("  same_person: [last_name, last_name]", "8:16: employee.same_person: must be two columns or more"),
    ("  same_person: [last_name, '']", "8:28: employee.same_person[1]: must be the name of a column"),
    ("  employments: {primary: [{}]}", "8:27: employee.employments.primary[0]: needs exactly one of when, latest"),
    ("  employments: {primary: [{latest: a, highest: b}]}", "8:27: employee.employments.primary[0]: needs exactly"),
    ("  employments: {primary: [{latest: a, format: '%y'}]}", "8:47: employee.employments.primary[0].format: two-digit"),
    ("  employments: {primary: [{when: {}}]}", "8:34: employee.employments.primary[0].when: "),
]  # fmt: skip


@pytest.mark.parametrize(("line", "fault"), EMPLOYEE_FAULTS)
def test_a_line_about_employees_that_cannot_work(tmp_path, line, fault):
    found = faults_of(tmp_path, f"{HEAD}{line}\n{USERS}")
    assert [each for each in found if each.startswith(f"syncd.yaml:{fault}")], found


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("reset: {}", "8:33: courses[0].reset: needs before: or every:, or both, such as {before: 30d}"),
        ("reset: {every: 0d}", "8:41: courses[0].reset.every: must be at least 1d"),
        ("reset: {before: 30}", "8:42: courses[0].reset.before: must be whole days, such as 0d or 7d"),
        ("reset: {before: 12h}", "8:42: courses[0].reset.before: must be whole days, such as 0d or 7d"),
        ("reset: {every: 7321d}", "8:41: courses[0].reset.every: must be at most 7320d"),
        ("reset: {after: 3d}", "8:34: courses[0].reset.after: is no key here; known are before, every"),
        (
            "via: team, team: Everyone, reset: {before: 30d}",
            "8:53: courses[0].reset: has no place beside via: team: a reset is about what each person is given",
        ),
    ],
)
def test_a_reset_that_cannot_be_meant(tmp_path, rule, fault):
    text = HEAD + f"courses: [{{course: Fire, {rule}}}]\n" + USERS
    assert faults_of(tmp_path, text) == [f"syncd.yaml:{fault}"]


def test_a_learning_path_is_not_reset(tmp_path):
    text = HEAD + "learning_paths: [{path: Fire, reset: {before: 30d}}]\n" + USERS
    assert faults_of(tmp_path, text) == [
        'syncd.yaml:8:31: learning_paths[0].reset: is no key here; did you mean "remove"?'
    ]
