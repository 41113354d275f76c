"""The lines of a CSV copy, many at a time: what is done to a line with one call for all of them costs a tenth of a loop."""

import codecs
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from io import BytesIO, FileIO
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

BLOCK = 1 << 18
"""So many bytes of a file are looked at together; more of them do not fit into a processor's cache."""


class Block(NamedTuple):
    """Some lines in UTF-8, each with its end, and their text, to look for a character in."""

    text: bytes
    lines: list[bytes]


class Lines:
    """The lines of a file, to be taken one by one, or as many as are at hand; each with its end (LF, CR LF or CR).

    Raises UnicodeError where the file is not in its codec.
    """

    def __init__(self, path: Path, codec: str) -> None:
        self._texts = _texts(path, codec)
        self._block = Block(b"", [])
        self._taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._taken == len(self._block.lines):
            self._block, self._taken = block_of(next(self._texts)), 0
        line = self._block.lines[self._taken]
        self._taken += 1
        return line.decode()

    def take(self) -> Block:
        """The lines that are at hand; none at the end."""
        return block_of(self.take_text())

    def take_text(self) -> bytes:
        """The same, not yet cut into lines."""
        left = self._block.lines[self._taken :]
        self._block, self._taken = Block(b"", []), 0
        return b"".join(left) or next(self._texts, b"")

    def give_back(self, block: Block) -> None:
        """What was taken last is to be taken once more."""
        self._block, self._taken = block, 0


def block_of(text: bytes) -> Block:
    """Some text in UTF-8 by its lines."""
    lines = BytesIO(text).readlines()  # at LF, several times as fast as at any end
    if b"\r" in text and text.count(b"\r") != sum(map(bytes.endswith, lines, repeat(b"\r\n"))):
        lines = text.splitlines(keepends=True)
    return Block(text, lines)


def line_hashes(lines: Iterable[bytes]) -> list[bytes]:
    """16 bytes that stand for each line, as ``row_hash`` makes them of a text."""
    found = []
    fresh = blake2b(digest_size=16).copy  # a quarter less than making each anew
    for line in lines:
        digest = fresh()
        digest.update(line)
        found.append(digest.digest())
    return found


def _texts(path: Path, codec: str) -> Iterator[bytes]:
    """The text of a file in UTF-8, cut where a line ends."""
    waiting: list[bytes] = []
    with path.open("rb", buffering=0) as file:
        for some in _checked(file) if codec == "utf-8-sig" else _recoded(file, codec):
            end = some.rfind(b"\n") + 1 or some.rfind(b"\r", 0, -1) + 1  # a last "\r" may be half of an end
            if end:
                yield b"".join((*waiting, some[:end]))
                waiting = []
            waiting.append(some[end:])
    if rest := b"".join(waiting):
        yield rest


def _checked(file: FileIO) -> Iterator[bytes]:
    """The bytes of a file in UTF-8 without its mark, once they were seen to be that."""
    decode = codecs.getincrementaldecoder("utf-8")("strict").decode
    some = file.read(BLOCK).removeprefix(codecs.BOM_UTF8)
    is_ascii = True
    while some:
        if not (is_ascii and some.isascii()):
            is_ascii = False
            decode(some)
        yield some
        some = file.read(BLOCK)
    decode(b"", final=True)


def _recoded(file: FileIO, codec: str) -> Iterator[bytes]:
    """The text of a file in another encoding, in UTF-8."""
    decode = codecs.getincrementaldecoder(codec)("strict").decode
    while some := file.read(BLOCK):
        yield decode(some).encode()
    yield decode(b"", final=True).encode()
