"""Loader: find the file, read it, fill it in, check it, build it: a Config, or a ConfigError with every fault."""

import json
import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from syncd.config.build import build_mapping
from syncd.config.checks import check_settings, warnings_of
from syncd.config.config import PLANNING, Config
from syncd.config.document import read_document
from syncd.config.examples import check_examples
from syncd.config.interpolate import interpolate
from syncd.config.root import Root
from syncd.config.secrets import Lookups, readable_by_all
from syncd.config.sensitive import sensitive_fields, sensitive_warnings
from syncd.config.shape import shape
from syncd.config.show import show
from syncd.config.source_parts import TableFilePart
from syncd.config.training import build_training, check_training_sources
from syncd.errors import ConfigError, Fault

SEARCHED = ("syncd.yaml", "config/syncd.yaml", "/etc/syncd/syncd.yaml")
"""Where the file is looked for, after ``--config`` and SYNCD_CONFIG."""
VARIABLE = "SYNCD_CONFIG"
_PLANNING = (*PLANNING, "files", "blanks", "hr")


def load(path: str | Path | None = None, *, environ: Mapping[str, str] | None = None) -> Config:
    """Read a configuration, all of it checked.

    ``path`` None searches as ``find`` does. Only this package reads the environment; ``environ`` stands for it in tests.
    Raises ConfigError with every fault, in file order.
    """
    environment = os.environ if environ is None else environ
    file = find(path, environ=environment).absolute()
    document = read_document(_read(file), file.name)
    lookups = Lookups(environment, file.parent)
    failed = interpolate(document, lookups)
    root = shape(document, lookups, failed)
    if root is None:
        document.raise_faults()
        raise AssertionError("a file without a shape has faults")
    check_settings(root, document)
    mapping = build_mapping(root, document)
    check_training_sources(root, document)
    training = build_training(root, document)
    if not document.faults:  # what a faulty mapping makes of an example says nothing
        check_examples(root.examples, mapping, document)
    document.raise_faults()
    return Config(
        path=file,
        database=root.database,
        litmos=root.litmos,
        sources=tuple(root.hr.values()),
        mapping=mapping,
        node_files={
            part.tree.space: part.tree.file for part in root.teams if part.tree is not None and part.tree.file
        },
        training=training,
        training_sources=tuple(part.source for part in root.training),
        push=root.push,
        pull=root.pull,
        schedules=root.schedules,
        retention=root.retention,
        archive=root.archive,
        web=root.web,
        metrics=root.metrics,
        messages=root.messages,
        telemetry=root.telemetry,
        log=root.log,
        digest=_digest(
            {**document.data, "files": document.read, "blanks": sorted(mapping.blanks), "hr": _named(root)}
        ),
        warnings=(
            *warnings_of(root, document),
            *sensitive_warnings(mapping, root.users.sensitive, document, root.hr),
            *_open_files(root),
        ),
        sensitive=sensitive_fields(mapping, root.users.sensitive),
        shown=show(root, document, lookups),
    )


def find(path: str | Path | None = None, *, environ: Mapping[str, str] | None = None) -> Path:
    """The configuration file: ``path``, else SYNCD_CONFIG, else the first of SEARCHED. Raises ConfigError if none is there."""
    environment = os.environ if environ is None else environ
    named = path or environment.get(VARIABLE)
    if named:
        file = Path(named)
        if file.is_file():
            return file
        origin = "--config" if path else VARIABLE
        raise ConfigError([Fault(where=str(file), key="", message=f"is no file (named by {origin})")])
    for candidate in SEARCHED:
        if Path(candidate).is_file():
            return Path(candidate)
    message = f"no configuration found: looked for {', '.join(SEARCHED)}; `syncd init` writes one"
    raise ConfigError([Fault(where=str(Path.cwd()), key="", message=message)])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise ConfigError([Fault(where=str(file), key="", message=message)]) from None


def _digest(data: Mapping[str, Any]) -> str:
    text = json.dumps({key: data.get(key) for key in _PLANNING}, ensure_ascii=False, sort_keys=True)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _named(root: Root) -> list[Any]:
    """The sources in their order, what their columns are called, and how a line becomes cells, where that is not as usual."""
    return [
        [part.name, part.renamed, part.added, *(_read_as(part) if isinstance(part, TableFilePart) else ())]
        for part in root.hr.values()
    ]


def _read_as(part: TableFilePart) -> list[Any]:
    """The same line of a file may be other cells when one of these changes."""
    names = {"header", "positions", "guards", "delimiter", "quote", "encoding", "sheet"}
    said = part.model_dump(mode="json", include=names, exclude_defaults=True)
    return [said] if said else []


def _open_files(root: Root) -> list[str]:
    archived = root.archive.key.files if root.archive is not None and root.archive.key is not None else []
    files = dict.fromkeys([*root.litmos.api_key.files, *root.database.files, *archived])
    return [
        f"{file}: every user of this machine can read this secret: chmod 0400"
        for file in files
        if readable_by_all(file)
    ]
