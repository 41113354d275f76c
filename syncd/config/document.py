"""Document: a YAML file as plain data in which every scalar is its raw text, and the place of each key and value.

What a scalar means is for the schema to say, not for its looks: ``007``, ``NO`` and ``12:30`` stay text wherever text is
expected. Keys are raw text always. Aliases, tags, duplicate keys and several documents in one file are refused.
"""

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from syncd.errors import ConfigError, Fault

Loc = tuple[str | int, ...]
"""The way to a value: keys and list indexes from the root."""

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Document:
    """What was read: ``data`` (dicts, lists, str, None), and where (line and column, from 1) each value and key begins."""

    name: str
    data: Any = None
    values: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    faults: list[tuple[int, int, Fault]] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)
    """Files that the configuration names and that were read: name -> SHA-256."""
    blanks: frozenset[str] = frozenset()
    """Words that no rule will ever see: ``source.blanks``."""
    muted: set[Loc] = field(default_factory=set)
    """Values that have a fault already: nothing more is said about them, what is in them, or what they are missing from."""

    def where(self, loc: Loc) -> str:
        """The place of a value as ``file:line:col``; of the nearest thing around it if it is not there itself."""
        line, column = self.position(loc)
        return f"{self.name}:{line}:{column}"

    def where_key(self, loc: Loc) -> str:
        """The place of a key as ``file:line:col``."""
        line, column = self.keys.get(loc) or self.position(loc)
        return f"{self.name}:{line}:{column}"

    def position(self, loc: Loc) -> tuple[int, int]:
        """Line and column of a value, else of the key of the nearest mapping around it."""
        if loc in self.values:
            return self.values[loc]
        while loc:
            loc = loc[:-1]
            found = self.keys.get(loc) or self.values.get(loc)
            if found:
                return found
        return (1, 1)

    def fault(self, loc: Loc, message: str, *, at_key: bool = False) -> None:
        """Note that something is wrong with the value (or the key) at ``loc``, unless it is muted."""
        if self.is_muted(loc):
            return
        line, column = self.keys.get(loc, self.position(loc)) if at_key else self.position(loc)
        self.fault_at(line, column, dotted(loc), message)

    def is_muted(self, loc: Loc) -> bool:
        """Whether the value, something in it, or something around it has a fault already."""
        return any(muted[: len(loc)] == loc or loc[: len(muted)] == muted for muted in self.muted if muted)

    def fault_at(self, line: int, column: int, key: str, message: str) -> None:
        """Note a fault at a line and column."""
        found = Fault(where=f"{self.name}:{line}:{column}", key=key, message=message)
        if (line, column, found) not in self.faults:
            self.faults.append((line, column, found))

    def raise_faults(self) -> None:
        """Raise ConfigError with all faults in file order, if there are any."""
        if self.faults:
            raise ConfigError([fault for _, _, fault in sorted(self.faults, key=lambda entry: entry[:2])])


def dotted(loc: Loc) -> str:
    """A Loc as people write it: ``teams[0].name``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_document(raw: bytes, name: str) -> Document:
    """Parse; raises ConfigError if it is no YAML that can be used at all. Other faults are noted in the Document."""
    document = Document(name)
    text = _decoded(raw, document)
    _check_events(text, document)
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        _syntax_fault(document, error, text)
        document.raise_faults()
        raise
    if not isinstance(root, MappingNode):
        document.fault_at(1, 1, "", "must hold keys and values; `syncd init` writes a file to start from")
        document.raise_faults()
    document.data = _convert(root, (), document)
    return document


def _decoded(raw: bytes, document: Document) -> str:
    if len(raw) > MAX_BYTES:
        document.fault_at(1, 1, "", f"has {len(raw)} bytes; a configuration has at most {MAX_BYTES}")
        document.raise_faults()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = error.start - before.rfind(b"\n")
        document.fault_at(
            before.count(b"\n") + 1,
            column,
            "",
            f"byte 0x{raw[error.start]:02X} is not UTF-8: save the file as UTF-8",
        )
        document.raise_faults()
        raise


def _check_events(text: str, document: Document) -> None:
    """Refuse, before anything is built, what a configuration has no use for and an attacker has."""
    depth = documents = 0
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            kind = type(event).__name__
            depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
            documents += kind == "DocumentStartEvent"
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            if kind == "AliasEvent":
                document.fault_at(line, column, "", "aliases (*name) are not read here: write the value out")
            tag = getattr(event, "tag", None)
            if tag is not None and kind in {"ScalarEvent", "MappingStartEvent", "SequenceStartEvent"}:
                document.fault_at(line, column, "", f"tags ({tag}) are not read here: write the value alone")
            if depth > MAX_DEPTH + 2:  # the stream and the document are the first two
                document.fault_at(line, column, "", f"is nested more than {MAX_DEPTH} deep")
                break
            if documents > 1:
                document.fault_at(
                    line, column, "", "begins a second document: one file holds one configuration"
                )
                break
    except YAMLError as error:
        _syntax_fault(document, error, text)
    document.raise_faults()


def _syntax_fault(document: Document, error: YAMLError, text: str) -> None:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(part) for part in (error.context, error.problem) if part)
        if mark is not None:
            document.fault_at(mark.line + 1, mark.column + 1, "", f"is no YAML: {problem}")
            return
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        code = ord(text[error.position]) if error.position < len(text) else 0
        document.fault_at(line, column, "", f"is no YAML: character U+{code:04X} is not allowed")
        return
    document.fault_at(1, 1, "", f"is no YAML: {str(error).splitlines()[0]}")


def _convert(node: Node, loc: Loc, document: Document) -> Any:
    document.values[loc] = _mark(node)
    if isinstance(node, ScalarNode):
        if node.style is None and node.value in _NULLS:
            return None
        return node.value
    if isinstance(node, SequenceNode):
        return [_convert(child, (*loc, index), document) for index, child in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            document.fault_at(*_mark(key_node), dotted(loc), "a key must be a plain text")
            continue
        key = key_node.value
        here = (*loc, key)
        if key in result:
            first = document.keys[here][0]
            document.fault_at(*_mark(key_node), dotted(here), f"is there twice; the first is in line {first}")
            continue
        document.keys[here] = _mark(key_node)
        result[key] = _convert(value_node, here, document)
    return result


def _mark(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
