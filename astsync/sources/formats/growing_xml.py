"""XML from a server that is not trusted, as a tree that grows while its bytes come in.

The tree is the C one of the standard library: of all ways to get at the elements of a large document from Python it
is the fastest, and what was read can be cut off the tree while it grows. Nothing is ever fetched; a document type,
the only door to entities, is refused before the tree sees it.
"""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class BadXml(ValueError):
    """A document that cannot be read, here: that is not well formed. ``cut``: it ended too early."""

    def __init__(self, text: str, *, cut: bool = False) -> None:
        super().__init__(text)
        self.cut = cut


class ForbiddenXml(BadXml):
    """A document with a document type: entities, and through them bombs and files, would be next."""


class EndlessXml(BadXml):
    """A document in which a record, or what stands around the list, has no end."""


class Prolog:
    """Reads a document up to its first element, all that can stand before a document type."""

    def __init__(self, encoding: str | None = None) -> None:
        self.over = False
        self._parser = expat.ParserCreate(encoding)
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._begin

    def feed(self, chunk: bytes) -> None:
        """Read on. Raises ForbiddenXml; what is not well formed is left to the parser behind."""
        try:
            self._parser.Parse(chunk)
        except ForbiddenXml:
            raise
        except (expat.ExpatError, ValueError, LookupError):
            self.over = True

    def _refuse(self, *_declaration: object) -> None:
        raise ForbiddenXml("it has a document type (DOCTYPE), which may hide entities")

    def _begin(self, *_element: object) -> None:
        self.over = True
        self._parser.StartElementHandler = None


class GrowingTree:
    """A tree of elements that grows. ``encoding`` overrides the one that the document itself claims."""

    def __init__(self, encoding: str | None = None) -> None:
        self._builder = ElementTree.TreeBuilder()
        # What S314 warns of, document types, never gets to this parser: the prolog is read before.
        self._parser = ElementTree.XMLParser(target=self._builder, encoding=encoding)  # noqa: S314
        self._prolog = Prolog(encoding)

    @property
    def root(self) -> Element | None:
        """The document's element as far as it has come, None before its start.

        Closing the builder of the C library only hands out its element; it goes on building.
        """
        return self._builder.close()

    def feed(self, chunk: bytes) -> None:
        """Read on. Raises BadXml."""
        if not self._prolog.over:
            self._prolog.feed(chunk)
        try:
            self._parser.feed(chunk)
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            # ValueError: the document claims to be of an encoding of many bytes that expat does not know.
            raise BadXml(str(error)) from None

    def close(self) -> None:
        """End the document. Raises BadXml when it was not whole."""
        try:
            self._parser.close()
        except ElementTree.ParseError as error:
            raise BadXml(str(error), cut=True) from None


def local(tag: str) -> str:
    """Give the name of a tag without its namespace."""
    return tag.rpartition("}")[2]


def is_nil(element: Element) -> bool:
    """Tell whether an element says that it holds nothing (``xsi:nil``)."""
    return element.get(f"{XSI}nil", "").strip() in {"true", "1"}


def is_empty_nil(element: Element) -> bool:
    """Tell whether an element says that it holds nothing and holds nothing; what is there against its word is read."""
    return not len(element) and not element.text and is_nil(element)
