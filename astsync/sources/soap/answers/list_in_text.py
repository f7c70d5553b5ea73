"""A list inside a text inside an envelope (a string of JSON or XML), given out while the envelope comes in."""

import binascii
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from astsync.language import say
from astsync.sources.bounds import LARGEST_RECORD
from astsync.sources.formats.growing_xml import BadXml, EndlessXml, ForbiddenXml, forbidden, local
from astsync.sources.soap.refusals import bad_soap_answer, unknown_element
from astsync.text import one_line

Decode = Literal["auto", "none", "json", "xml", "base64"]

_BUFFER = 1024 * 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]+")
_BLANK = re.compile(rb"\s+")
_BOM = b"\xef\xbb\xbf"
_SHOWN = 400


class EnvelopeText:
    """Reads an envelope: it gives out the text at ``path`` (tags below the body), and makes a tree of the rest."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path
        self._open: list[str] = []
        self._inside = False
        self._out: list[str] = []
        self._builder = ElementTree.TreeBuilder()
        self._beside = 0
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.buffer_size = _BUFFER
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.StartDoctypeDeclHandler = self._refuse

    @property
    def root(self) -> Element:
        """The envelope without the text, once it is complete."""
        return self._builder.close()

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The text, piece by piece, as UTF-8. Raises BadXml, EndlessXml, ServiceChanged."""
        for chunk in chain(chunks, (None,)):
            try:
                self._parser.Parse(chunk or b"", chunk is None)
            except ForbiddenXml:
                raise
            except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: an encoding of many bytes
                raise BadXml(one_line(str(error)), cut=chunk is None) from None
            if self._out:
                yield "".join(self._out).encode()
                self._out.clear()
            if self._beside > LARGEST_RECORD:
                raise EndlessXml(say("more than {limit:,} bytes around the text", limit=LARGEST_RECORD))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._inside:
            raise unknown_element(name.rpartition("}")[2], local(self._path[-1]), ())
        self._open.append(_tag(name))
        self._inside = tuple(self._open[2:]) == self._path and local(self._open[1]) == "Body"
        self._builder.start(self._open[-1], {_tag(key): value for key, value in attributes.items()})
        self._beside += len(name) + 100

    def _end(self, _name: str) -> None:
        self._inside = False
        self._builder.end(self._open.pop())

    def _data(self, text: str) -> None:
        if self._inside:
            self._out.append(text)
        else:
            self._beside += len(text)
            self._builder.data(text)

    def _refuse(self, *_declaration: object) -> None:
        raise forbidden()


def _tag(name: str) -> str:
    return "{" + name if "}" in name else name


def peek(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Look at the first piece that is not blank. Returns it without the blanks before, and all pieces from it on."""
    for piece in pieces:
        start = piece.removeprefix(_BOM).lstrip()
        if start:
            return start, chain((start,), pieces)
    return b"", iter(())


def text_format(start: bytes, decode: Decode, operation: str) -> Decode:
    """Guess from its beginning what a text is, unless the configuration says it. Raises SourceBadAnswer."""
    if decode not in {"auto", "none"}:
        return decode
    if start.startswith(b"<"):
        return "xml"
    if start.startswith((b"{", b"[")):
        return "json"
    if _BASE64.fullmatch(start[: 64 * 1024]):
        return "base64"
    words = one_line(start[:_SHOWN].decode("utf-8", "replace"))
    told = say(
        "the answer of the operation {operation} is neither JSON nor XML but a text: {words}",
        operation=operation,
        words=words,
    )
    raise bad_soap_answer(told, say("The text is the service's own."))


def from_base64(pieces: Iterable[bytes], operation: str) -> Iterator[bytes]:
    """Decode base64 piece by piece; blanks and line breaks may stand in it. Raises SourceBadAnswer."""
    rest = b""
    for piece in chain(pieces, (None,)):
        rest += _BLANK.sub(b"", piece or b"")
        ready = len(rest) if piece is None else len(rest) // 4 * 4
        try:
            yield binascii.a2b_base64(rest[:ready], strict_mode=True)
        except binascii.Error:
            raise bad_soap_answer(
                say("the answer of the operation {operation} is damaged base64", operation=operation),
                say("Write what the text is in source.soap.decode."),
            ) from None
        rest = rest[ready:]
