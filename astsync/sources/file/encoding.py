"""The encoding of a text file: named by its byte order mark, else UTF-8, else windows-1251 if its letters are Russian.

Nearly every byte is a letter in windows-1251, cp866 and koi8-r alike: read with the wrong one, a file gives wrong names
and no error. So a file whose encoding is in doubt is refused, and the message names the key to write.
"""

import codecs
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import IO

from astsync.errors import SourceBadAnswer
from astsync.language import joined, say

WINDOWS = "windows-1251"

_BLOCK = 1 << 20
_LONGEST_LETTER = 4
"""Bytes."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = ("cp866", "koi8-r", "mac-cyrillic", "iso8859-5")
_USUAL = {letter: 34 - place for place, letter in enumerate("оеаинтсрвлкмдпуяёыьгзбчйхжшюцщэфъ")}
_USUAL |= {"ё": 20, "і": 24, "ї": 14, "є": 14, "ў": 14, "ґ": 8}
"""The letters of Russian, Ukrainian and Belarusian by how usual they are."""

_NO_LETTERS = set("«»№–—“”„…°\xa0")
_STRANGE = -30
_LIKELY, _LIKELY_FEW = 22, 12
_FEW = 20
"""Bytes. A shorter text may be all unusual letters. Longer Russian ones are 26 likely; Greek read as Russian, 19."""

_BYTES_OF_UTF8 = re.compile(rb"\xd0[\xb0\xb5\xbd\xbe]|\xd1[\x80-\x82\x8b]")
"""The letters а е н о р с т ы as UTF-8 writes them; as windows-1251 they are Р° Рµ …, which no text holds."""

_CUT_LETTER = re.compile(rb"[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2}")
"""The start of a letter of UTF-8 at the end of the file: the file was cut within it.

A whole file in windows-1251 whose only Russian letter is its last byte looks the same, and is refused too.
"""

_BESIDE_LATIN = re.compile(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]")
_HIGH = re.compile(rb"[\x80-\xff]")
_KEY = say('Write the encoding in source.file.encoding, such as "cp866", or save the file as UTF-8.')
_CUT = say("Export it again: the file is not whole. If it is whole, it is of another encoding.")
_DAMAGED = say("The file is damaged or mixes encodings: export it again as UTF-8.")
_NO_TEXT = say("Export the list again as CSV or XLSX.")


def encoding_of(stream: IO[bytes], name: str, wanted: str = "") -> str:
    """The Python name of a file's encoding; ``wanted`` is ``source.file.encoding``.

    Raises SourceBadAnswer that names the line and the byte when the file is neither UTF-8 nor windows-1251.
    """
    stream.seek(0)
    head = stream.read(4)
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")
    if wanted:
        return "utf-8-sig" if codecs.lookup(wanted).name == "utf-8" else wanted
    return marked or _unmarked(stream, name)


def _unmarked(stream: IO[bytes], name: str) -> str:
    stream.seek(0)
    if b"\0" in stream.read(_BLOCK):
        raise SourceBadAnswer(
            say("{file} holds NUL bytes: it is no text, or UTF-16 without a mark", file=name),
            hint=say(
                'For UTF-16 write encoding = "utf-16-le" in source.file; otherwise export the list as CSV or XLSX.'
            ),
        )
    fault = first_fault(stream, "utf-8")
    if fault is None:
        return "utf-8"
    position, line = fault
    stream.seek(max(0, position - _BLOCK // 16))
    sample = stream.read(_BLOCK)
    stream.seek(position)
    # All before this byte is UTF-8. If only the start of a letter follows, the file is UTF-8 and cut.
    if position and _CUT_LETTER.fullmatch(stream.read(4)):
        raise _within_letter(name, "UTF-8", line)
    # Letters of UTF-8 elsewhere in the file: it is damaged, or two files of different encodings were put together.
    if _holds_utf8(stream):
        raise undecodable(name, "UTF-8", position, line, _DAMAGED)
    _check_russian(sample, name, position, line)
    return WINDOWS


def undecodable(name: str, encoding: str, position: int, line: int, hint: str = _KEY) -> SourceBadAnswer:
    """The error for a byte that an encoding does not have; positions count from 0, lines from 1."""
    words = say(
        "{file} is not {encoding}: line {line}, byte {position}",
        file=name,
        encoding=_shown(encoding),
        line=line,
        position=position,
    )
    return SourceBadAnswer(words, hint=hint)


def _within_letter(name: str, encoding: str, line: int) -> SourceBadAnswer:
    words = say(
        "{file} ends within a letter of {encoding} (line {line}): it is cut",
        file=name,
        encoding=_shown(encoding),
        line=line,
    )
    return SourceBadAnswer(words, hint=joined(" ", (_CUT, _KEY)))


def _shown(encoding: str) -> str:
    return encoding.upper().removesuffix("-SIG") if encoding.startswith("utf") else encoding


def first_fault(stream: IO[bytes], encoding: str) -> tuple[int, int] | None:
    """The position and the line of the first byte that an encoding cannot read; None when it reads all."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    stream.seek(0)
    position, line = 0, 1
    while True:
        block = stream.read(_BLOCK)
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            return position - waiting + error.start, line + before.count(b"\n")
        except UnicodeError:  # UTF-16 and UTF-32 without the mark that tells the order of their bytes
            return position, line
        if not block:
            return None
        position += len(block)
        line += text.count("\n")


def _holds_utf8(stream: IO[bytes]) -> bool:
    stream.seek(0)
    end = b""
    while block := stream.read(_BLOCK):
        if _BYTES_OF_UTF8.search(end + block):
            return True
        end = block[-1:]
    return False


def _check_russian(sample: bytes, name: str, position: int, line: int) -> None:
    """Raises SourceBadAnswer unless the bytes are Russian, Ukrainian or Belarusian in windows-1251.

    Each single-byte encoding of Cyrillic is tried: in the right one the usual letters of the language are frequent.
    """
    high = b"".join(_HIGH.findall(sample))
    likely = {encoding: _likeness(high, encoding) for encoding in (WINDOWS, *_OTHERS)}
    best = max(likely, key=lambda encoding: likely[encoding])
    # Western letters in a Latin word (Müller) stand beside Latin ones; Russian words stand alone.
    beside = len(_BESIDE_LATIN.findall(sample))
    if likely[best] < (_LIKELY_FEW if len(high) < _FEW else _LIKELY) or beside * 3 > len(high):
        raise SourceBadAnswer(
            say(
                "{file} is not UTF-8, and no Russian in {encoding} either: line {line}, byte {position}",
                file=name,
                encoding=WINDOWS,
                line=line,
                position=position,
            ),
            hint=_KEY,
        )
    if best != WINDOWS:
        raise SourceBadAnswer(
            say(
                "{file} is neither UTF-8 nor {encoding} (line {line}, byte {position}); it looks like {best}",
                file=name,
                encoding=WINDOWS,
                line=line,
                position=position,
                best=best,
            ),
            hint=say('If it is, write encoding = "{best}" in source.file; best save the file as UTF-8.', best=best),
        )


def _likeness(high: bytes, encoding: str) -> float:
    """How usual the letters are on average, at most 34; a sign that no name holds counts -30."""
    letters = [c.lower() for c in high.decode(encoding, "replace") if c not in _NO_LETTERS]
    return sum(_USUAL.get(letter, _STRANGE) for letter in letters) / max(1, len(letters))


@contextmanager
def _text(stream: IO[bytes], name: str, encoding: str) -> Iterator[io.TextIOWrapper]:
    """A stream as text whose lines keep their own ends. Raises SourceBadAnswer that names a byte it cannot read."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding, errors="strict", newline="")
    try:
        yield text
    except UnicodeError:
        position, line = first_fault(stream, encoding) or (0, 1)
        if encoding.startswith("utf") and stream.seek(0, os.SEEK_END) - position < _LONGEST_LETTER:
            raise _within_letter(name, encoding, line) from None
        raise undecodable(name, encoding, position, line) from None
    finally:
        if not stream.closed:  # by the error that this generator was left with
            text.detach()


def text_lines(stream: IO[bytes], name: str, encoding: str, longest: int) -> Iterator[str]:
    """The lines of a text with their ends; ``longest`` bounds a line in characters.

    Raises SourceBadAnswer, which names the line, when a byte cannot be read, a line is longer or holds NUL.
    """
    with _text(stream, name, encoding) as text:
        for number in count(1):
            line = text.readline(longest)
            if "\0" in line:
                words = say("line {line} of {file} holds NUL: it is no text", line=number, file=name)
                raise SourceBadAnswer(words, hint=_NO_TEXT)
            if len(line) >= longest:
                words = say(
                    "line {line} of {file} is longer than {limit:,} characters", line=number, file=name, limit=longest
                )
                raise SourceBadAnswer(words, hint=_NO_TEXT)
            if not line:
                return
            yield line


def utf8_blocks(stream: IO[bytes], name: str, encoding: str) -> Iterator[bytes]:
    """A text as blocks of UTF-8. Raises SourceBadAnswer when a byte cannot be read."""
    with _text(stream, name, encoding) as text:
        while block := text.read(_BLOCK // 8):
            yield block.encode()
