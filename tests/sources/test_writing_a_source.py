"""The source of docs/writing-a-source.md, installed as its page says, is named in a configuration and read."""

import re
from pathlib import Path

import pytest

from syncd.config import load
from syncd.errors import ConfigError, SourceError
from syncd.plugins import Made
from syncd.sources.base import Reading
from syncd.sources.plugin import PluginSource
from syncd.wiring import sources_of

PAGE = (Path(__file__).parents[2] / "docs" / "writing-a-source.md").read_text(encoding="utf-8")
CONFIG = """
version: 1
database: sqlite:///syncd.db
litmos: {api_key: x}
%s
employee: {id: employee_id}
users:
  fields: {ExternalEmployeeId: employee_id, UserName: email, FirstName: first_name, LastName: last_name}
"""


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The package of the page, as an installer lays it down; gives the file that its source reads."""
    site = tmp_path / "site"
    (site / "hr_ini-1.dist-info").mkdir(parents=True)
    (site / "hr_ini.py").write_text(block("python"), encoding="utf-8")
    points = re.sub(r'^.*\n\[.*"(.*)"\]', r"[\1]", block("toml")).replace('"', "")
    (site / "hr_ini-1.dist-info" / "entry_points.txt").write_text(points, encoding="utf-8")
    (site / "hr_ini-1.dist-info" / "METADATA").write_text("Name: hr-ini\nVersion: 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    (tmp_path / "people.ini").write_text(
        "employee_id=007\nfirst_name=Zoë\nemail=z@example.com\n\nemployee_id=008\n"
    )
    (tmp_path / "workspace").mkdir()
    return tmp_path / "people.ini"


def configured(tmp_path, source: str):
    (tmp_path / "syncd.yaml").write_text(CONFIG % source, encoding="utf-8")
    config = load(tmp_path / "syncd.yaml", environ={})
    assert str(tmp_path / "people.ini") not in repr(config.shown)
    return sources_of(config)[0]


def test_the_source_of_the_page(installed, tmp_path):
    source = configured(tmp_path, block("yaml").replace("/srv/hr/people.ini", str(installed)))
    reading = source.read(tmp_path / "workspace")
    assert [(one.origin, one.fields["employee_id"]) for one in reading.records] == [
        ("people.ini:person 1", "007"),
        ("people.ini:person 2", "008"),
    ]
    installed.write_text("Zebulon Canary\n", encoding="utf-8")
    for left in (tmp_path / "workspace").iterdir():
        left.unlink()
    with pytest.raises(SourceError, match=r"^hr: failed with ValueError. Nothing was planned\.$"):
        source.read(tmp_path / "workspace")
    assert list((tmp_path / "workspace").iterdir()) == []


def test_a_secret_that_is_replaced_needs_no_restart(installed, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(str(installed), encoding="utf-8")
    source = configured(tmp_path, block("yaml").replace("/srv/hr/people.ini", f'"${{file:{secret}}}"'))
    assert source.read(tmp_path / "workspace").rows == 2
    other = tmp_path / "other.ini"
    other.write_text("employee_id=009\nfirst_name=A\nemail=a@example.com\n", encoding="utf-8")
    secret.write_text(str(other), encoding="utf-8")
    (tmp_path / "second").mkdir()
    assert source.read(tmp_path / "second").rows == 1
    secret.unlink()
    with pytest.raises(ConfigError) as caught:
        source.read(tmp_path / "second")
    assert str(other) not in str(caught.value)


def test_what_is_made_stays_while_its_options_do():
    given = {"key": "a"}
    made = Made(lambda options: [options["key"]], lambda: given)
    first = made.current()
    assert made.current() is first
    given["key"] = "b"
    assert made.current() == ["b"]


def test_what_is_wrong_with_it_is_said(installed, tmp_path):
    with pytest.raises(ConfigError, match="could not be opened with these options: KeyError"):
        configured(tmp_path, "source: {type: ini}")
    with pytest.raises(ConfigError, match='must be csv or excel or ini or json or sql; did you mean "ini"'):
        configured(tmp_path, "source: {type: inni}")


def test_what_a_source_that_fails_has_laid_down_is_gone(tmp_path):
    class Failing:
        name = "hr"

        def read(self, workspace: Path) -> Reading:
            (workspace / "pages").mkdir()
            (workspace / "pages" / "1.json").write_text("canary", encoding="utf-8")
            (workspace / "half.csv").write_text("canary", encoding="utf-8")
            raise KeyError("canary")

    with pytest.raises(SourceError, match=r"^hr: failed with KeyError\. Nothing was planned\.$"):
        PluginSource("hr", Made(lambda _options: Failing(), dict)).read(tmp_path)
    assert list(tmp_path.iterdir()) == []
