"""XML from a server that is not trusted, as a tree that grows while its bytes come in.

The tree is that of the standard library, written in C. Of all ways to read the elements of a large document from Python
it is the fastest, and elements that were read can be cut off while it grows. Nothing is ever fetched. A document type
is refused before the parser of the tree sees it: only there entities can be declared.
"""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from astsync.language import say
from astsync.text import one_line

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class BadXml(ValueError):
    """A document that cannot be read: it is not well formed. ``words`` say why. ``cut``: it ended too early."""

    def __init__(self, words: str, *, cut: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.cut = cut


class ForbiddenXml(BadXml):
    """A document with a document type. Its entities could grow without end, or read files of this machine."""


class EndlessXml(BadXml):
    """A document in which a record, or what stands around the list, has no end."""


def forbidden() -> ForbiddenXml:
    """The error of a document with a document type, to be raised."""
    return ForbiddenXml(say("it has a document type (DOCTYPE), which may hide entities"))


class Prolog:
    """Reads a document up to its first element: a document type can only stand before that."""

    def __init__(self, encoding: str | None = None) -> None:
        self.over = False
        self._parser = expat.ParserCreate(encoding)
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._begin

    def feed(self, chunk: bytes) -> None:
        """Read on. Raises ForbiddenXml. What is not well formed is left to the tree's own parser."""
        try:
            self._parser.Parse(chunk)
        except ForbiddenXml:
            raise
        except (expat.ExpatError, ValueError, LookupError):
            self.over = True

    def _refuse(self, *_declaration: object) -> None:
        raise forbidden()

    def _begin(self, *_element: object) -> None:
        self.over = True
        self._parser.StartElementHandler = None


class GrowingTree:
    """A document's elements as far as it was read. ``encoding`` overrides what the document itself claims."""

    def __init__(self, encoding: str | None = None) -> None:
        self._builder = ElementTree.TreeBuilder()
        # S314 warns of document types: none reaches this parser, because Prolog reads each piece before it.
        self._parser = ElementTree.XMLParser(target=self._builder, encoding=encoding)  # noqa: S314
        self._prolog = Prolog(encoding)

    @property
    def root(self) -> Element | None:
        """The document's element; None as long as its start tag was not read."""
        # ``close`` of the builder in C only returns the element: the parser may go on building it.
        return self._builder.close()

    def feed(self, chunk: bytes) -> None:
        """Read on. Raises BadXml."""
        if not self._prolog.over:
            self._prolog.feed(chunk)
        try:
            self._parser.feed(chunk)
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            # ValueError: the document claims to be of an encoding of many bytes that expat does not know.
            raise BadXml(one_line(str(error))) from None

    def close(self) -> None:
        """End the document. Raises BadXml where its end is missing."""
        try:
            self._parser.close()
        except ElementTree.ParseError as error:
            raise BadXml(one_line(str(error)), cut=True) from None


def local(tag: str) -> str:
    """Cut the namespace off a tag."""
    return tag.rpartition("}")[2]


def is_nil(element: Element) -> bool:
    """Whether an element is marked as holding nothing (``xsi:nil``)."""
    return element.get(f"{XSI}nil", "").strip() in {"true", "1"}


def is_empty_nil(element: Element) -> bool:
    """Whether an element is marked as holding nothing and is empty. Content beside such a mark is read."""
    return not len(element) and not element.text and is_nil(element)
