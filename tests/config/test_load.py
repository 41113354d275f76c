"""What comes out: settings in seconds and absolute paths, a Mapping that is followed, everything shown with its place."""

import subprocess
import sys
from pathlib import Path

import pytest

from syncd.config.checks import base_url_fault, cron_fault, encoding_fault, timezone_fault
from syncd.config.kinds import duration, seconds
from syncd.config.sink_parts import CsvSinkPart
from syncd.config.source_parts import CsvSettings
from syncd.core.columns import columns_used
from syncd.core.limits import Limit, Limits, Policy
from syncd.core.mapping import map_record
from syncd.core.model import Employee, Record
from tests.config.files import HEAD, USERS, load_text
from tests.core.factories import path_name

TEXT = HEAD + USERS
ROW = {
    "employee_id": "1", "status": "Active", "email": "a@example.com", "first_name": "A", "last_name": "B",
    "department": "Sales", "country": "DE", "hired": "03.04.2026",
}  # fmt: skip


def test_the_least_configuration_has_every_default(tmp_path):
    config = load_text(tmp_path, TEXT)
    assert config.litmos.base_url == "https://api.litmos.com/v1.svc"
    assert (config.litmos.limit.usable, config.litmos.limit.window) == (100, 60.0)
    assert config.push.policy is Policy.OBSERVE
    assert config.push.limits == Limits()
    assert config.push.hold_expires == 72 * 3600
    assert config.pull.results == ("course", "learning_path")
    assert config.pull.sinks == ()
    assert config.schedules.push is None
    assert config.web.host == "127.0.0.1"
    assert not config.mapping.absence.deactivates
    assert config.mapping.protection.levels == {"Account_Owner", "Administrator"}


def test_paths_start_at_the_file(tmp_path):
    text = TEXT + "pull: {sinks: [{name: r, path: out/r.csv, columns: {id: employee_id}}]}\n"
    config = load_text(tmp_path, text)
    assert isinstance(config.sources[0], CsvSettings)
    assert config.sources[0].path == tmp_path / "hr.csv"
    sink = config.pull.sinks[0]
    assert isinstance(sink, CsvSinkPart)
    assert sink.path == tmp_path / "out" / "r.csv"
    absolute = load_text(tmp_path, TEXT.replace("hr.csv", "/data/hr.csv"))
    assert isinstance(absolute.sources[0], CsvSettings)
    assert absolute.sources[0].path == Path("/data/hr.csv")


def test_limits_keep_what_is_not_said_and_null_takes_away(tmp_path):
    config = load_text(
        tmp_path, TEXT + "push: {limits: {deactivations: {percent: 1.5}, changes: {percent: null}}}\n"
    )
    assert config.push.limits.deactivations == Limit(count=20, percent=1.5)
    assert config.push.limits.changes == Limit()


def test_a_sync_without_any_limit_on_deactivations_is_a_warning(tmp_path):
    text = TEXT + "push: {policy: sync, limits: {deactivations: {count: null, percent: null}}}\n"
    assert load_text(tmp_path, text).warnings == (
        "syncd.yaml:14:46: push.limits.deactivations: nothing holds a push that deactivates everybody",
    )


def test_a_tab_can_be_written(tmp_path):
    for written in ("tab", r'"\t"', r"'\t'"):
        config = load_text(tmp_path, TEXT.replace("path: hr.csv", f"path: hr.csv, delimiter: {written}"))
        assert isinstance(config.sources[0], CsvSettings)
        assert config.sources[0].delimiter == "\t"


@pytest.mark.parametrize(
    ("text", "number"),
    [("25s", 25), ("30m", 1800), ("72h", 259200), ("2d", 172800), ("500ms", 0.5), ("1.5 h", 5400), ("0s", 0)],
)
def test_duration(text, number):
    assert seconds(text) == number
    assert seconds(duration(number)) == number


@pytest.mark.parametrize("text", ["25", "s", "", "-1s", "1w", "1h30m", "25 seconds"])
def test_no_duration(text):
    with pytest.raises(ValueError, match="must be a duration with its unit"):
        seconds(text)


@pytest.mark.parametrize(
    "url", ["https://api.litmos.com/v1.svc", "http://127.0.0.1:1/v1.svc", "http://[::1]/x"]
)
def test_base_url(url):
    assert base_url_fault(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://api.litmos.com",
        "http://127.0.0.1.evil.com",
        "ftp://x",
        "x",
        "https://u:p@x",
        "https://x?a=1",
        "https://x:y",
    ],
)
def test_no_base_url(url):
    assert base_url_fault(url)


@pytest.mark.parametrize(
    "text", ["0 2 * * *", "*/30 6-20 * * mon-fri", "0 0 1 1 0", "0 0 * * 7", "0 6 L * *"]
)
def test_cron(text):
    assert cron_fault(text) == ""


@pytest.mark.parametrize(
    "text", ["", "* * * *", "* * * * * *", "60 * * * *", "0 0 31 2 *", "0 0 * * mo", "@daily"]
)
def test_no_cron(text):
    assert cron_fault(text)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin"])
def test_timezone(name):
    assert timezone_fault(name) == ""


@pytest.mark.parametrize("name", ["", "Europe/Berln", "../../etc/passwd", "/etc/passwd", "CEST+1"])
def test_no_timezone(name):
    assert timezone_fault(name)


def test_encodings():
    assert [encoding_fault(name) for name in ("utf-8", "cp1252", "utf-16", "latin-1")] == [""] * 4
    assert all(encoding_fault(name) for name in ("rot13", "base64", "klingon", ""))


CONDITIONS = [
    ("{department: Sales}", True),
    ("{department: sales}", False),
    ("{department: [IT, Sales]}", True),
    ("{department: {in: [IT]}}", False),
    ("{department: {not: Sales}}", False),
    ("{department: {not_in: [IT, HR]}}", True),
    ("{department: {empty: false}}", True),
    ("{department: {empty: true}}", False),
    ("{department: {starts_with: Sa, ends_with: [x, es]}}", True),
    ("{department: {not_starts_with: Sa}}", False),
    ("{department: Sales, country: FR}", False),
    ("{hired: {after: 2026-04-02, before: 2026-04-04, format: '%d.%m.%Y'}}", True),
    ("{hired: {after: 2026-04-03, format: '%d.%m.%Y'}}", False),
    ("{any: [{department: IT}, {country: DE}]}", True),
    ("{all: [{department: IT}, {country: DE}]}", False),
    ("{not: {department: IT}, country: DE}", True),
    ("{not: {any: [{department: IT}, {country: [DE, FR]}]}}", False),
]


@pytest.mark.parametrize(("when", "expected"), CONDITIONS)
def test_when(tmp_path, when, expected):
    config = load_text(tmp_path, f"{TEXT}scope: {{when: {when}}}\n")
    employee = map_record(config.mapping, Record(fields=ROW, origin="hr.csv:2"))
    assert isinstance(employee, Employee)
    assert employee.in_scope is expected


def test_templates_parents_and_columns_with_their_places(tmp_path):
    text = (
        TEXT
        + """\
teams:
  - name: "{department} ({{{country}}})"
    parent: [Company, "{country}"]
    when: {site: {in: [HQ]}}
learning_paths: [Welcome]
"""
    )
    config = load_text(tmp_path, text)
    employee = map_record(config.mapping, Record(fields={**ROW, "site": "HQ"}, origin="hr.csv:2"))
    assert isinstance(employee, Employee)
    assert [wish.names for wish in employee.teams] == [("Company", "DE", "Sales ({DE})")]
    assert [wish.item for wish in employee.items] == [path_name("Welcome")]
    assert columns_used(config.mapping) == {
        "employee_id": "syncd.yaml:6:7",
        "status": "syncd.yaml:7:18",
        "email": "syncd.yaml:11:22",
        "first_name": "syncd.yaml:12:16",
        "last_name": "syncd.yaml:13:15",
        "country": "syncd.yaml:16:23",
        "department": "syncd.yaml:15:11",
        "site": "syncd.yaml:17:12",
    }


def test_without_a_status_everybody_is_active(tmp_path):
    text = TEXT.replace("  status: {from: status, map: {Active: active, Left: left}}\n", "")
    employee = map_record(load_text(tmp_path, text).mapping, Record(fields=ROW, origin="hr.csv:2"))
    assert isinstance(employee, Employee)
    assert employee.status == "active"


def test_what_is_shown_has_its_place(tmp_path):
    shown = {each.key: (each.value, each.where) for each in load_text(tmp_path, TEXT).redacted()}
    assert shown["litmos.api_key"] == ("•••• (from env LITMOS_API_KEY)", "syncd.yaml:3:19")
    assert shown["litmos.timeout"] == ("25s", "default")
    assert shown["push.hold_expires"] == ("3d", "default")
    assert shown["push.limits.creates.count"] == ("null", "default")
    assert shown["users.fields.UserName.transform"] == ("lower", "syncd.yaml:11:40")
    assert shown["source.path"] == (str(tmp_path / "hr.csv"), "syncd.yaml:4:27")


def test_only_this_package_reads_the_environment():
    package = Path(__file__).parents[2] / "syncd"
    allowed = {"config", "cli", "failpoint.py"}
    wrong = [
        str(path)
        for path in package.rglob("*.py")
        if "os.environ" in path.read_text(encoding="utf-8")
        and path.relative_to(package).parts[0] not in allowed
        and path.name
        != "s3file.py"  # the S3 library reads its credentials there; they are masked in what it says
    ]
    assert wrong == []


def test_loading_is_quick_and_needs_no_engine():
    code = "import sys, syncd.config; print([m for m in ('sqlalchemy', 'httpx', 'starlette') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"
