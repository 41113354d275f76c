"""What a test may need that a machine may lack: skipped with one line that says what to install, or demanded.

``SYNCD_TEST_REQUIRE=pg,mariadb,browser,promtool,hadolint,compose`` (or ``all``) turns such a skip into a failure, so that
continuous integration cannot pass by lacking something.
"""

import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

POSTGRES_URL = os.environ.get("SYNCD_TEST_PG", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
MARIADB_URL = os.environ.get("SYNCD_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/test")


ALIASES = {"mariadb": ("mysql",)}
"""Other names under which a server may be demanded."""


def need(name: str, *, available: bool, install: str) -> None:
    """Skip the test that asks if ``name`` is not ``available``; fail it instead if the environment demands ``name``."""
    if available:
        return
    demanded = {word.strip() for word in os.environ.get("SYNCD_TEST_REQUIRE", "").split(",")}
    if demanded & {name, "all", *ALIASES.get(name, ())}:
        pytest.fail(f"SYNCD_TEST_REQUIRE names {name}, and it is not there: {install}", pytrace=False)
    pytest.skip(f"needs {name}: {install}")


def tool(name: str) -> str | None:
    """The path of a program in the virtual environment or on PATH; None if there is none."""
    beside_python = Path(sys.executable).with_name(name)
    return str(beside_python) if beside_python.exists() else shutil.which(name)


@cache
def has_postgres() -> bool:
    """Whether a PostgreSQL server answers at ``SYNCD_TEST_PG``."""
    return _answers(POSTGRES_URL)


@cache
def has_mariadb() -> bool:
    """Whether a MariaDB or MySQL server answers at ``SYNCD_TEST_MARIADB``."""
    return _answers(MARIADB_URL)


def has_browser() -> bool:
    """Whether a chromium is installed."""
    return bool(tool("chromium") or tool("chromium-browser") or tool("google-chrome"))


def has_promtool() -> bool:
    """Whether Prometheus and its tool are installed."""
    return bool(tool("promtool") and tool("prometheus"))


MARKERS: dict[str, tuple[str, Callable[[], bool], str]] = {
    "postgres": ("pg", has_postgres, "apt install postgresql, or set SYNCD_TEST_PG"),
    "mariadb": ("mariadb", has_mariadb, "apt install mariadb-server, or set SYNCD_TEST_MARIADB"),
    "browser": ("browser", has_browser, "apt install chromium"),
    "promtool": ("promtool", has_promtool, "apt install prometheus"),
}
"""``{marker: (its name in SYNCD_TEST_REQUIRE, is it there, what to install)}``"""


def need_marked(marker: str) -> None:
    """``need`` what a marker stands for."""
    name, there, install = MARKERS[marker]
    need(name, available=there(), install=install)


def _answers(url: str) -> bool:
    import sqlalchemy

    try:
        engine = sqlalchemy.create_engine(url, connect_args={"connect_timeout": 2})
    except ImportError:
        return False  # its driver is not installed
    try:
        with engine.connect():
            return True
    except sqlalchemy.exc.SQLAlchemyError:
        return False
    finally:
        engine.dispose()
