"""Imports run one way, and what is costly to depend on is depended on in one place.

    core, http <- sources | sinks | litmos | store | archive <- sending <- app <- mirroring <- planning <- replay <- insight, sync <- daemon, cli, web

The tables below are the architecture: a new module of the top level is entered here, on purpose.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "syncd"

LEAVES = {"errors", "events", "log", "failpoint", "garbage", "databases", "__init__"}
MIDDLE = {"sources", "sinks", "litmos", "store", "archive"}
# What the flows are made of, each of which may use those before it. (The crew in ``sending`` knows the App.)
FLOWS = ["sending", "app", "turn", "intake", "delivery", "mirroring", "planning", "replay", "insight", "sync"]
FACES = {"wiring", "schedule", "metrics", "daemon", "cli", "web", "demo", "__main__"}

# What each part of the top level may import of syncd, besides itself.
ALLOWED: dict[str, set[str]] = {
    **{part: set() for part in LEAVES},
    "core": {"errors"},
    "log": {"core"},
    "http": LEAVES,
    "plugins": {"errors"},
    "sandbox": set(),
    "config": {"core", "http", *LEAVES},
    **{part: {"core", "http", "plugins", *LEAVES} for part in MIDDLE},
    **{part: {"core", *LEAVES, *MIDDLE, *FLOWS[:number], "app"} for number, part in enumerate(FLOWS)},
    "messages": {"core", "http", "store", *LEAVES},
    "telemetry": {"http", *LEAVES},
    **{
        part: {"core", "http", "config", "sandbox", "messages", "telemetry", *LEAVES, *MIDDLE, *FLOWS, *FACES}
        for part in FACES
    },
}

# Third-party packages that only some modules may import (a name stands for its submodules too).
RESERVED: dict[str, set[str]] = {
    "httpx": {"syncd.http", "syncd.litmos.transport"},
    "httpcore": {"syncd.http", "syncd.litmos.transport"},
    "apprise": {"syncd.messages.channels"},
    "opentelemetry": {"syncd.telemetry.otlp"},
    "google": {"syncd.telemetry.otlp"},
    "paramiko": {"syncd.sources.sftpfile"},
    "obstore": {"syncd.sources.s3file"},
    "sqlalchemy": {
        "syncd.databases",
        "syncd.store",
        "syncd.sources.sql",
        "syncd.sources.sqlsession",
        "syncd.sources.sqlpages",
        "syncd.sources.sqlsince",
        "syncd.sources.sqlrights",
        "syncd.sinks.sql",
    },
    "alembic": {"syncd.store"},
    "pydantic": {"syncd.config"},
    "ruamel": {"syncd.config"},
    "cel_expr_python": {"syncd.config.cel"},
    "apscheduler": {"syncd.daemon", "syncd.schedule"},
    "joserfc": {"syncd.web.idtoken"},
    "starlette": {"syncd.web"},
    "uvicorn": {"syncd.daemon", "syncd.web", "syncd.demo"},
    "jinja2": {"syncd.web"},
    "prometheus_client": {"syncd.metrics"},
    "typer": {"syncd.cli"},
}

# What anyone may name of a reserved package: the types of values that are handed through.
COMMON_NAMES = {("sqlalchemy", "Connection"), ("sqlalchemy", "Engine")}

# Standard library the core does without: no I/O, no clock, no logging, no randomness of its own.
IMPURE = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3", "subprocess", "tempfile",
    "threading", "time", "urllib",
}  # fmt: skip


class Import(NamedTuple):
    """One imported module, where, and the name taken from it (None for ``import x``)."""

    importer: str
    line: int
    module: str
    name: str | None

    def __str__(self) -> str:
        what = f"from {self.module} import {self.name}" if self.name else f"import {self.module}"
        return f"{self.importer}:{self.line}: {what}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def imports_of(path: Path) -> Iterator[Import]:
    importer = module_name(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(importer, node.lineno, alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{importer}:{node.lineno}: imports are absolute"
            for alias in node.names:
                yield Import(importer, node.lineno, node.module or "", alias.name)


MODULES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = [found for path in MODULES for found in imports_of(path)]


def part_of(module: str) -> str:
    """``syncd.litmos.wire`` belongs to the part ``litmos``; ``syncd`` itself is ``__init__``."""
    return module.split(".")[1] if "." in module else "__init__"


def imported_part(found: Import) -> str | None:
    """The part of syncd that an import reaches for; None for anything else."""
    if found.module == "syncd":
        is_part = found.name and any((PACKAGE / f"{found.name}{suffix}").exists() for suffix in ("", ".py"))
        return found.name if is_part else "__init__"
    return part_of(found.module) if found.module.startswith("syncd.") else None


def is_within(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def test_there_is_something_to_judge():
    assert len(MODULES) > 20
    assert len(IMPORTS) > 100


def test_every_part_has_its_place():
    unknown = sorted({part_of(module_name(path)) for path in MODULES} - set(ALLOWED))
    assert not unknown, f"say in this test what {unknown} may import"


def test_imports_run_one_way():
    wrong = [
        str(found)
        for found in IMPORTS
        if (part := imported_part(found)) is not None
        and part != (own := part_of(found.importer))
        and part not in ALLOWED.get(own, set())
    ]
    assert not wrong, "\n".join(wrong)


def test_core_is_pure():
    """Nothing but the standard library, and of that nothing that reads a clock, a file or the environment."""
    allowed = (sys.stdlib_module_names - IMPURE) | {"syncd"}
    wrong = [
        str(found)
        for found in IMPORTS
        if part_of(found.importer) == "core" and found.module.split(".")[0] not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def test_core_asks_no_clock():
    wrong = [
        f"{module_name(path)}:{node.lineno}: {node.attr}()"
        for path in (PACKAGE / "core").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
    ]
    assert not wrong, "\n".join(wrong)


def test_sandbox_stands_alone():
    """It is also the judge of what syncd sends: it must not share a line with what it judges."""
    wrong = [
        str(found)
        for found in IMPORTS
        if part_of(found.importer) == "sandbox"
        and found.module.split(".")[0] not in sys.stdlib_module_names
        and not found.module.startswith("syncd.sandbox")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", sorted(RESERVED))
def test_third_party_packages_have_one_place(package):
    wrong = [
        str(found)
        for found in IMPORTS
        if found.module.split(".")[0] == package
        and not is_within(found.importer, RESERVED[package])
        and (package, found.name) not in COMMON_NAMES
    ]
    assert not wrong, "\n".join(wrong)
