"""Short texts of XML and HTML that are not trusted: error messages and contact information.

Expat reads them, without a tree. Nothing is ever fetched. A document type is refused: only there entities can be
declared.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

_UNSEEN = re.compile(r"<!--|<(script|style|head)\b", re.IGNORECASE)
_ENDS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style", "head")}
_COMMENT_END = re.compile("-->")
_TITLE = re.compile(r"<title\b[^<>]*>([^<]*)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ENDLESS_NUMBER = re.compile(r"&#\w{9,};?")
# Each of these reads a text once, whatever the text is: an error page must not be able to make them slow.


@dataclass(slots=True)
class FlatElement:
    """An XML element outside of any tree. Names have no prefixes. ``depth`` is 0 for the document's own element."""

    name: str
    attributes: Mapping[str, str]
    depth: int = 0
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The element's own text, without that of the elements inside."""
        return "".join(self.parts)


class _Collector:
    """Keeps the elements of a document in the order of their start tags."""

    def __init__(self) -> None:
        self.elements: list[FlatElement] = []
        self._open: list[FlatElement] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = FlatElement(_local(name), {_local(key): value for key, value in attributes.items()}, len(self._open))
        self.elements.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1].parts.append(text)

    def refuse(self, *_declaration: object) -> None:
        raise ValueError("a document type is not accepted")


def elements(text: str) -> list[FlatElement]:
    """Read the elements of an XML document. Raises ValueError when it is not well formed or has a document type."""
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
    """Read the title of an HTML page; "" where it has none."""
    match = _TITLE.search(text)
    return _unescape(match[1]) if match else ""


def html_text(text: str) -> str:
    """Read the visible text of an HTML page."""
    return _unescape(_TAG.sub(" ", " ".join(_seen(text))))


def _unescape(text: str) -> str:
    """Replace character references. One with a very long number stands for no character, and Python cannot read it."""
    return html.unescape(_ENDLESS_NUMBER.sub(" ", text))


def _seen(text: str) -> Iterator[str]:
    """Cut out comments, scripts, styles and the head. One of them that never ends hides nothing."""
    position = 0
    endless: set[str] = set()  # their end was looked for, and there is none in the rest of the page
    for start in _UNSEEN.finditer(text):
        name = (start[1] or "").lower()
        if start.start() < position or name in endless:
            continue
        end = _ENDS.get(name, _COMMENT_END).search(text, start.end())
        if end is None:
            endless.add(name)
        else:
            yield text[position : start.start()]
            position = end.end()
    yield text[position:]


def _local(name: str) -> str:
    return name.rpartition(":")[2]
