"""The wheel carries all that syncd runs with: built the way a release is built, through the source archive."""

import re
import sqlite3
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import syncd

ROOT = Path(__file__).parents[1]

UPGRADE = """
import sys
import syncd
from syncd.store.database import open_database
from syncd.store.migrate import upgrade

upgrade(open_database(sys.argv[1]))
print(syncd.__file__)
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel built from that archive."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_version_is_that_of_the_package(wheel):
    assert wheel.name == f"syncd-{syncd.__version__}-py3-none-any.whl"


def test_wheel_carries_every_migration(names):
    migrations = [path for path in (ROOT / "migrations").rglob("*") if path.suffix in {".py", ".mako"}]
    assert any(path.parent.name == "versions" for path in migrations)
    expected = {f"syncd/{path.relative_to(ROOT).as_posix()}" for path in migrations}
    assert expected <= names


def test_wheel_carries_every_file_of_the_package(names):
    files = [
        path for path in (ROOT / "syncd").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    expected = {path.relative_to(ROOT).as_posix() for path in files}
    assert expected <= names, "templates and static files are part of the package"


def test_wheel_carries_nothing_else(names):
    assert {name.split("/")[0] for name in names} == {"syncd", f"syncd-{syncd.__version__}.dist-info"}


def test_wheel_says_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        info = f"syncd-{syncd.__version__}.dist-info"
        metadata = archive.read(f"{info}/METADATA").decode()
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
        licence = archive.read(f"{info}/licenses/LICENSE").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert "syncd = syncd.cli:main" in entry_points
    assert "Apache License" in licence


def test_source_archive_can_be_built_and_tested(dist):
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[-1] for name in tar.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "syncd/__init__.py", "tests/test_packaging.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".git/"))]


def test_unpacked_wheel_upgrades_a_database(wheel, tmp_path):
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)  # noqa: S202 - we have just made it
    file = tmp_path / "syncd.db"
    done = subprocess.run(
        [sys.executable, "-c", UPGRADE, f"sqlite:///{file}"],
        env={"PYTHONPATH": str(unpacked)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(unpacked / "syncd" / "__init__.py")

    with sqlite3.connect(file) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        revisions = database.execute("SELECT version_num FROM alembic_version").fetchall()
    database.close()
    assert len(tables) > 5
    assert len(revisions) == 1


def pins(name: str) -> dict[str, str]:
    """``{package: version}`` of a lock file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==([^ ;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_lock_file_pins_by_hash_and_names_no_host(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"://|^-|\s@\s", text, re.MULTILINE)


def test_lock_files_agree():
    runtime, build, dev = (pins(f"requirements{part}.lock") for part in ("", "-build", "-dev"))
    assert runtime.items() <= dev.items()
    assert build.items() <= dev.items()


def test_lock_file_covers_what_the_project_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["postgres"], *extras["mysql"]]
    named = {re.split(r"[\[<>=~! ]", line)[0].lower().replace(".", "-").replace("_", "-") for line in wanted}
    assert named - set(pins("requirements.lock")) == set(), "run scripts/lock"
