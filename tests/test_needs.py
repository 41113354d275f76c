"""A machine that lacks a server: its tests are skipped with a line that says what to install, or fail if demanded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOWHERE = {
    "mariadb": ("SYNCD_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:1/test", "tests/sources/test_sql_mariadb.py"),
    "pg": ("SYNCD_TEST_PG", "postgresql+psycopg://postgres@127.0.0.1:1/postgres", "tests/sources/test_sql_postgres.py"),
    "pg in a fixture": ("SYNCD_TEST_PG", "postgresql+psycopg://postgres@127.0.0.1:1/postgres",
                        "tests/store/test_migrate.py::test_at_head_nothing_is_done[postgresql]"),
}  # fmt: skip


def outcome(which: str, demanded: str) -> tuple[int, str]:
    """Pytest's exit code and words, on a machine where that server is not."""
    variable, url, tests = NOWHERE[which]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", tests],
        cwd=ROOT,
        env=os.environ | {variable: url, "SYNCD_TEST_REQUIRE": demanded},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("which", NOWHERE)
def test_without_the_server_its_tests_are_skipped_with_what_to_install(which):
    code, said = outcome(which, "")
    assert code == 0, said
    assert f"needs {which.split()[0]}: apt install" in said
    assert "error" not in said.lower()


@pytest.mark.parametrize(
    ("which", "demanded"), [("mariadb", "mysql"), ("pg", "browser,pg"), ("pg in a fixture", "all")]
)
def test_where_it_is_demanded_they_fail(which, demanded):
    code, said = outcome(which, demanded)
    assert code == 1, said
    assert "SYNCD_TEST_REQUIRE names" in said
    assert " passed" not in said
