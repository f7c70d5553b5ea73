"""XML and HTML from a server that is not trusted: just enough to read error messages and contact information.

Plain expat, without a tree: nothing is ever fetched, and a document type (the only door to entities) is refused.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

_UNSEEN = re.compile(r"<!--.*?-->|<(script|style|head)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


@dataclass(slots=True)
class Element:
    """An XML element without its prefix: its attributes and its own text."""

    name: str
    attributes: Mapping[str, str]
    text: str = field(default="")


class _Collector:
    """Keeps the elements of a document in the order of their start tags."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(_local(name), {_local(key): value for key, value in attributes.items()})
        self.elements.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1].text += text

    def refuse(self, *_declaration: object) -> None:
        raise ValueError("a document type is not accepted")


def elements(text: str) -> list[Element]:
    """Give the elements of an XML document. Raises ValueError when it is not well formed or has a document type."""
    collector = _Collector()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    parser.StartDoctypeDeclHandler = collector.refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(f"not XML: {error}") from None
    return collector.elements


def html_title(text: str) -> str:
    """Give the title of an HTML page, or ""."""
    match = _TITLE.search(text)
    return html.unescape(match[1]) if match else ""


def html_text(text: str) -> str:
    """Give the visible text of an HTML page."""
    return html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", text)))


def _local(name: str) -> str:
    return name.rpartition(":")[2]
