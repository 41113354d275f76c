"""References (``${env:NAME}``, ``${file:PATH}``) and the secrets that are made of them.

A value is parsed first and filled in afterwards: nothing that an environment variable or a file holds can become YAML,
and what is filled in is not looked at again.
"""

import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from syncd.errors import ConfigError, Fault

DOTS = "••••"
MAX_FILE = 64 * 1024
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
_CONTENT = re.compile(
    r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?|file:(?P<path>.+)", re.DOTALL
)
_PASSWORD = re.compile(r"(\w+://[^:/?#@]*):[^@]*@")
_QUERY = re.compile(r"([?&][^=&]*)=[^&]*")


class Unresolved(Exception):
    """A reference that cannot be filled in; the message says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``${env:NAME}``, ``${env:NAME:-default}`` or ``${file:PATH}``; exactly one of ``name`` and ``path`` is set."""

    name: str = ""
    default: str | None = None
    path: str = ""

    def __str__(self) -> str:
        return f"env {self.name}" if self.name else f"file {self.path}"


@dataclass(frozen=True, slots=True)
class Template:
    """A value as written, taken apart: literal texts and References."""

    parts: tuple[str | Reference, ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        """The References in it."""
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def has_file(self) -> bool:
        """Whether a part comes from a file: such a value is never shown."""
        return any(reference.path for reference in self.references)


@dataclass(frozen=True, slots=True)
class Lookups:
    """Where References are looked up: the environment, and the folder that relative paths start from."""

    environ: Mapping[str, str]
    folder: Path

    def fill(self, template: Template, *, url: bool = False) -> str:
        """The value now. Raises Unresolved.

        In a ``url``, what stands for user or password is percent-encoded: a ``@`` in a password does no harm.
        """
        return "".join(
            part if isinstance(part, str) else self._part(template, index, part, url=url)
            for index, part in enumerate(template.parts)
        )

    def origin(self, reference: Reference) -> str:
        """What the value really comes from: ``env NAME``, ``file PATH``, or ``default``."""
        if reference.name and not self.environ.get(reference.name):
            if self.environ.get(f"{reference.name}_FILE"):
                return f"env {reference.name}_FILE"
            if reference.default is not None:
                return f"default, env {reference.name} is not set"
        return str(reference)

    def files(self, template: Template) -> list[Path]:
        """The files that the value is read from."""
        found = []
        for reference in template.references:
            twin = self.environ.get(f"{reference.name}_FILE") if reference.name else None
            if reference.path or twin:
                found.append(self.folder / (reference.path or str(twin)))
        return found

    def _part(self, template: Template, index: int, reference: Reference, *, url: bool) -> str:
        text = self._one(reference)
        before = "".join(p if isinstance(p, str) else "x" for p in template.parts[:index])
        after = "".join(p if isinstance(p, str) else "x" for p in template.parts[index + 1 :])
        login = re.search(r"://[^/@]*$", before) and re.match(r"[^/@]*@", after)
        return quote(text, safe="") if url and login else text

    def _one(self, reference: Reference) -> str:
        if reference.path:
            return self._file(reference.path)
        value, twin = self.environ.get(reference.name), self.environ.get(f"{reference.name}_FILE")
        if value and twin:
            raise Unresolved(f"both {reference.name} and {reference.name}_FILE are set; unset one")
        if value:
            return value
        if twin:
            return self._file(twin)
        if reference.default is not None:
            return reference.default
        state = "is empty" if value == "" else "is not set"
        raise Unresolved(
            f"the environment variable {reference.name} {state}; set it, or {reference.name}_FILE"
        )

    def _file(self, name: str) -> str:
        path = self.folder / name
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_FILE + 1)
        except PermissionError:
            raise Unresolved(
                f"{path} cannot be read by this user; in a container: chown 10001 {path.name}, chmod 0400 {path.name}"
            ) from None
        except OSError as error:
            raise Unresolved(f"{path} cannot be read: {error.strerror}") from None
        if len(raw) > MAX_FILE:
            raise Unresolved(f"{path} has more than {MAX_FILE} bytes: that is no secret")
        try:
            text = raw.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise Unresolved(f"{path} is not UTF-8 text") from None
        if not text:
            raise Unresolved(f"{path} is empty")
        return text


class Resolved(str):
    """A filled-in text that remembers its Template and place, so that a secret can be read again."""

    __slots__ = ("key", "template", "where")
    template: Template
    where: str
    key: str


def resolved(text: str, template: Template, *, where: str, key: str) -> Resolved:
    """A text as filled in from a Template that is written at ``where`` as the value of ``key``."""
    made = Resolved(text)
    made.template, made.where, made.key = template, where, key
    return made


class Secret:
    """A value that is read again on each ``reveal`` and shown nowhere else; a rotated key needs no restart."""

    __slots__ = ("_finish", "_key", "_lookups", "_template", "_url", "_where")

    def __init__(
        self,
        written: str,
        lookups: Lookups,
        *,
        url: bool = False,
        finish: Callable[[str], str] = str,
    ) -> None:
        """``written`` is a Resolved, or the secret itself.

        ``url``: passwords in it are encoded, and all but them is shown; ``finish`` is applied to what was read.
        """
        self._template = written.template if isinstance(written, Resolved) else Template((written,))
        self._where = written.where if isinstance(written, Resolved) else ""
        self._key = written.key if isinstance(written, Resolved) else ""
        self._lookups = lookups
        self._url = url
        self._finish = finish

    def reveal(self) -> str:
        """The secret as it is now. Raises ConfigError if its variable or file has gone."""
        try:
            return self._finish(self._lookups.fill(self._template, url=self._url))
        except Unresolved as error:
            raise ConfigError([Fault(where=self._where, key=self._key, message=str(error))]) from None

    def __str__(self) -> str:
        references = self._template.references
        origin = ", ".join(self._lookups.origin(reference) for reference in references)
        from_where = f" (from {origin})" if origin else ""
        return (self._masked_url() if self._url else DOTS) + from_where

    def __repr__(self) -> str:
        return f"Secret({self})"

    @property
    def files(self) -> list[Path]:
        """The files it is read from."""
        return self._lookups.files(self._template)

    @property
    def is_literal(self) -> bool:
        """Whether the secret is written in the configuration file itself."""
        return not self._template.references

    def _masked_url(self) -> str:
        try:
            text = self.reveal()
        except ConfigError:
            return DOTS
        return _QUERY.sub(rf"\1={DOTS}", _PASSWORD.sub(rf"\1:{DOTS}@", text))


def parse_template(text: str) -> Template:
    """Take a value apart. ``$${`` stands for ``${``. Raises Unresolved for a reference that is not understood."""
    parts: list[str | Reference] = []
    end = 0
    for found in _REFERENCE.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found.group() == "$${":
            parts.append("${")
            continue
        content = _CONTENT.fullmatch(found.group(1) or "")
        if content is None:
            raise Unresolved(
                f"{found.group()} is no reference: write ${{env:NAME}}, ${{env:NAME:-default}} or ${{file:PATH}}, "
                "and $${ for a plain ${"
            )
        parts.append(
            Reference(name=content["name"] or "", default=content["default"], path=content["path"] or "")
        )
    parts.append(text[end:])
    return Template(tuple(part for part in parts if part != ""))


def readable_by_all(path: Path) -> bool:
    """Whether every user of the machine may read the file."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
