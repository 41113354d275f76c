"""Wire, XML: rows as DataContractSerializer writes them, and bodies as it reads them (litmos-api 0)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from syncd.sandbox.call import Contract, Reply
from syncd.sandbox.modes import Modes
from syncd.sandbox.refusal import BodyError, bad_body

CONTENT_TYPE = "application/xml; charset=utf-8"

_NIL_NAME = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_NAMESPACE = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
_ITEMS = {"Items": "User", "Courses": "Course"}
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def dumped(reply: Reply) -> bytes:
    """The body of a reply: no namespace on elements, null as ``i:nil="true"``, "" as ``<X/>`` [REC]."""
    if reply.rows is not None:
        inner = "".join(_element(reply.item, row) for row in reply.rows)
    else:
        inner = "".join(_element(name, value) for name, value in (reply.row or {}).items())
    opened = f"<{reply.root} {_NAMESPACE}"
    return f"{opened}>{inner}</{reply.root}>".encode() if inner else f"{opened}/>".encode()


def loaded(body: bytes, contract: Contract, modes: Modes) -> Any:
    """A body as the data that its JSON would be; None if empty; Refusal 400 if malformed or another root [SPEC]."""
    if not body.strip():
        return None
    if b"<!" in body:
        raise bad_body()
    try:
        root = ET.fromstring(body)  # noqa: S314 - declarations, and so entities, are refused above
    except ET.ParseError:
        raise bad_body() from None
    if _local(root) != contract.root:
        raise bad_body()
    if contract.item:
        return [_members(child, contract, modes) for child in root if _local(child) == contract.item]
    return _members(root, contract, modes)


def date_out(moment: datetime) -> str:
    """``yyyy-MM-ddTHH:mm:ss.fff``, UTC without saying so [DOC]."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def _element(name: str, value: Any) -> str:
    if value is None:
        return f'<{name} i:nil="true"/>'
    if isinstance(value, Mapping):
        inner = "".join(_element(*member) for member in value.items())
    elif isinstance(value, list | tuple):
        inner = "".join(_element(_ITEMS.get(name, "Item"), member) for member in value)
    else:
        inner = _text(value).translate(_ESCAPES)
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return date_out(value)
    return str(value)


def _members(element: ET.Element, contract: Contract, modes: Modes) -> dict[str, Any]:
    """The members of an object; one that comes after its place is skipped without an error [INFER], if so set."""
    values: dict[str, Any] = {}
    place = 0
    for child in element:
        name = _local(child)
        if name not in contract.members:
            continue
        index = contract.members.index(name)
        if modes.strict_xml_order and index < place:
            continue
        place = index + 1
        values[name] = _value(child, is_date=name in contract.dates)
    return values


def _value(element: ET.Element, *, is_date: bool) -> Any:
    if element.get(_NIL_NAME, "").lower() == "true":
        return None
    text = element.text or ""
    if not is_date:
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BodyError("DateTime expected") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
