"""``scripts/setup.sh`` on machines that lack something: what it says is all that a newcomer has to go by."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.needs import need, tool

ROOT = Path(__file__).parents[1]
SHELL_SCRIPTS = sorted(
    path for path in (ROOT / "scripts").iterdir() if path.read_bytes().startswith(b"#!/bin/sh")
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder to set up in, with a space in its path, and the lock files that a fingerprint is made of."""
    here = tmp_path / "my checkout"
    here.mkdir()
    for name in ("pyproject.toml", "requirements.lock", "requirements-build.lock", "requirements-dev.lock"):
        (here / name).write_text(name, encoding="utf-8")
    return here


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def run_setup(here: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Source setup.sh as the scripts do, for a checkout at ``here``, and run ``command``."""
    script = f'set -eu; here=$1; . "$2"; {command}'
    return subprocess.run(
        ["sh", "-c", script, "sh", str(here), str(ROOT / "scripts" / "setup.sh")],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("path", [*SHELL_SCRIPTS, ROOT / "scripts" / "setup.sh"], ids=lambda path: path.name)
def test_shell_scripts_parse(path):
    done = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_shell_scripts_lint():
    shellcheck = tool("shellcheck")
    need(
        "shellcheck",
        available=shellcheck is not None,
        install="scripts/test installs it; or apt install shellcheck",
    )
    command = [str(shellcheck), "-x", *map(str, SHELL_SCRIPTS), "scripts/setup.sh", ".ci/run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_scripts_are_executable():
    assert len(SHELL_SCRIPTS) >= 4
    assert [path.name for path in SHELL_SCRIPTS if not os.access(path, os.X_OK)] == []


def test_old_python_is_named_with_the_way_out(checkout, tmp_path):
    bin_dir = tmp_path / "bin"
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        program(bin_dir / name, 'case $1 in --version) echo "Python 3.9.2";; *) exit 1;; esac')
    done = run_setup(checkout, "setup runtime", PATH=f"{bin_dir}:/usr/bin:/bin")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed, found: Python 3.9.2" in done.stderr
    assert "SYNCD_PYTHON" in done.stderr
    assert not (checkout / ".venv").exists()


def test_python_asked_for_by_name_must_do(checkout):
    done = run_setup(checkout, "setup runtime", SYNCD_PYTHON="/bin/false")
    assert done.returncode == 1
    assert "SYNCD_PYTHON=/bin/false is not a Python 3.11 or newer" in done.stderr


def test_missing_venv_module_is_named_with_its_package(checkout, tmp_path):
    python = program(
        tmp_path / "python",
        'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.11;; esac',
    )
    done = run_setup(checkout, "setup runtime", SYNCD_PYTHON=str(python))
    assert done.returncode == 1
    assert "apt install python3.11-venv" in done.stderr


@pytest.fixture
def venv(checkout: Path) -> Path:
    """What looks like a complete virtual environment."""
    folder = checkout / ".venv"
    program(folder / "bin" / "python", 'case $1 in --version) echo "Python 3.12.1";; esac')
    program(folder / "bin" / "syncd", "")
    (folder / "bin" / "pip").write_text(f"#!{folder}/bin/python\n", encoding="utf-8")
    return folder


def test_nothing_is_done_when_up_to_date(checkout, venv):
    assert run_setup(checkout, 'fingerprint dev >"$venv/.syncd-dev"').returncode == 0
    for what in ("dev", "runtime"):
        done = run_setup(checkout, f"setup {what}", SYNCD_PYTHON="/bin/false")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_enough_to_run_is_not_enough_to_test(checkout, venv):
    assert run_setup(checkout, 'fingerprint runtime >"$venv/.syncd-runtime"').returncode == 0
    assert run_setup(checkout, "is_installed runtime").returncode == 0
    assert run_setup(checkout, "is_installed dev").returncode != 0


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock", "requirements-dev.lock"])
def test_a_changed_file_asks_for_a_new_set_up(checkout, venv, name):
    assert run_setup(checkout, 'fingerprint dev >"$venv/.syncd-dev"').returncode == 0
    (checkout / name).write_text("changed", encoding="utf-8")
    assert run_setup(checkout, "is_installed dev").returncode != 0


def test_a_moved_checkout_is_set_up_anew(checkout, venv):
    assert run_setup(checkout, "has_venv").returncode == 0
    moved = checkout.rename(checkout.with_name("moved"))
    assert run_setup(moved, "has_venv").returncode != 0
