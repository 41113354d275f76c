"""Encodings: declared, strict, never guessed. What would have worked is only ever a hint in an error."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from syncd.errors import SourceError

CHUNK = 1024 * 1024
CANDIDATES = ("utf-8", "cp1252")
"""What is tried for the hint, in this order; both refuse some bytes, so they say something."""

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def codec_of(encoding: str) -> str:
    """The codec for a declared encoding; ``utf-8`` becomes the one that accepts a byte order mark."""
    try:
        "".encode(encoding)  # refuses codecs that are no text encodings
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise SourceError(
            f"encoding {encoding!r} is not known. Usual ones are utf-8, cp1252 (Windows, Western), utf-16."
        ) from error
    return "utf-8-sig" if name == "utf-8" else name


def wrong_mark(copy: Path, encoding: str) -> str:
    """The encoding that the file's byte order mark announces, if it is another than the declared one, else ""."""
    with copy.open("rb") as file:
        start = file.read(3)
    declared = codec_of(encoding).removesuffix("-sig")
    for mark, announced in MARKS:
        if start.startswith(mark):
            return "" if announced == declared else announced
    return ""


def mistaken(copy: Path, encoding: str) -> bool:
    """Whether a file that is declared to be of one byte a character is UTF-8: it has other than ASCII, and all of it decodes."""
    declared = codec_of(encoding).removesuffix("-sig")
    if declared.startswith("utf") or len("é".encode(declared, "replace")) != 1:
        return False
    with copy.open("rb") as file:
        is_ascii = all(chunk.isascii() for chunk in _chunks(file))
    return not is_ascii and _decodes(copy, "utf-8")


def explain(copy: Path, label: str, encoding: str) -> SourceError:
    """Where and why ``copy``, of the file called ``label``, does not decode: line, byte, and what would decode it."""
    line, offset, fault = _first_fault(copy, codec_of(encoding))
    if (
        fault.end >= len(fault.object)
        and offset + (fault.end - fault.start) >= copy.stat().st_size
        and ("unexpected end" in fault.reason or "truncated" in fault.reason or "incomplete" in fault.reason)
    ):
        return SourceError(
            f"{label}:{line}: the file ends in the middle of a character (byte {offset}, read as {encoding}): "
            "it is truncated. Nothing was planned. Let HR export it again."
        )
    bad = " ".join(f"0x{byte:02x}" for byte in fault.object[fault.start : fault.end][:4])
    return SourceError(
        f"{label}:{line}: {bad} (byte {offset} of the file) is not valid {encoding}, the declared encoding. "
        f"{_hint(copy, encoding, fault.object[fault.start : fault.start + 1])}"
    )


def _first_fault(copy: Path, codec: str) -> tuple[int, int, UnicodeDecodeError]:
    """The line (from 1), the offset in the file (from 0) and the error of the first bytes that do not decode."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    lines, fed = 1, 0
    with copy.open("rb") as file:
        for chunk in _chunks(file):
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(codec.removesuffix("-sig"), "replace")
                lines += newlines.decode(before, final=True).count("\n")
                return lines, fed - pending + error.start, error
            lines += newlines.decode(text).count("\n")
            fed += len(chunk)
    raise AssertionError(f"{copy} decodes as {codec}")


def _chunks(file: io.BufferedReader) -> Iterator[bytes]:
    """The file in pieces, and an empty one at its end."""
    while chunk := file.read(CHUNK):
        yield chunk
    yield b""


def _hint(copy: Path, encoding: str, first: bytes) -> str:
    announced = wrong_mark(copy, encoding)
    if announced:
        return (
            f"Hint: the file starts with the byte order mark of {announced}; declare `encoding: {announced}`."
        )
    declared = codec_of(encoding).removesuffix("-sig")
    for candidate in CANDIDATES:
        if codecs.lookup(candidate).name != declared and _decodes(copy, candidate):
            shown = (
                f", where the first such byte is '{first.decode(candidate)}'" if candidate != "utf-8" else ""
            )
            return f"Hint: the whole file would decode as {candidate}{shown}; ask HR, then declare `encoding: {candidate}`."
    return "Hint: no usual encoding decodes the whole file; it may be damaged or no text at all."


def _decodes(copy: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with copy.open("rb") as file:
            for chunk in _chunks(file):
                decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError:
        return False
    return True
