"""What a CEL expression may do with texts, besides CEL's own: the mapping's transforms, and CEL's string extension, bounded."""

from collections.abc import Callable, Mapping

from syncd.core.dates import ISO, format_fault, read_date
from syncd.core.transforms import TRANSFORMS, Refused

MAX_TEXT = 4000
"""Characters of a cell that an expression reads, and of each text that a function makes of it."""


def _day(text: str, form: str) -> str:
    """``'31.12.2026'.date('%d.%m.%Y')`` is ``2026-12-31``, which is compared as a text; blank stays blank."""
    problem = format_fault(form, reads=True)
    if problem:
        raise ValueError(f"date format {form}: {problem}")
    try:
        return read_date(text, form).strftime(ISO) if text else ""
    except Refused as refused:
        raise ValueError(f"{text!r} {refused.why}") from None


def _between(text: str, start: int, end: int | None = None) -> str:
    """CEL's substring, which refuses what is outside of the text."""
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise ValueError(f"substring({start}, {stop}) is outside of a text of {len(text)} characters")
    return text[start:stop]


Overload = tuple[tuple[str, ...], str, Callable[..., object]]
"""The types of text and arguments, the type of the result, and what is done."""
FUNCTIONS: Mapping[str, tuple[Overload, ...]] = {
    **{name: ((("text",), "text", do),) for name, do in TRANSFORMS.items() if name != "bool"},
    "date": ((("text", "text"), "text", _day),),
    "replace": ((("text", "text", "text"), "text", str.replace),),
    "split": ((("text", "text"), "texts", lambda text, by: text.split(by) if by else list(text)),),
    "join": ((("texts", "text"), "text", lambda texts, by: by.join(texts)),),
    "substring": ((("text", "number"), "text", _between), (("text", "number", "number"), "text", _between)),
    "indexOf": ((("text", "text"), "number", str.find),),
}
"""What texts can do besides CEL's own: the mapping's transforms by name, and what CEL's string extension has."""


def bounded(do: Callable[..., object]) -> Callable[..., object]:
    """The same; a result of more than MAX_TEXT characters is an error, and Refused says why."""

    def checked(*arguments: object) -> object:
        if sum(_size(each) for each in arguments) > 2 * MAX_TEXT:
            raise ValueError(f"a text has more than {MAX_TEXT} characters")
        try:
            result = do(*arguments)
        except Refused as refused:
            raise ValueError(refused.why) from None
        if _size(result) > MAX_TEXT:
            raise ValueError(f"a text has more than {MAX_TEXT} characters")
        return result

    return checked


def _size(value: object) -> int:
    if isinstance(value, list):
        return sum(_size(each) + 1 for each in value)
    return len(value) if isinstance(value, str) else 0
