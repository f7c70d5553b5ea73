"""The one list of records in an XML document that no WSDL describes, read record by record in constant memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.language import joined, say
from astsync.sources.formats.error_fields import refuse_error
from astsync.sources.formats.field_names import name_fields
from astsync.sources.formats.growing_xml import BadXml, EndlessXml, ForbiddenXml, GrowingTree, local
from astsync.sources.formats.xml_convert import CORE, element_value
from astsync.sources.formats.xml_detect import Spot, find_another, find_list, says_empty
from astsync.sources.formats.xml_list_walk import ENOUGH, ListWalk
from astsync.text import one_line

_FORBIDDEN = say("1C writes no such documents: look at what it comes from, and at what stands on its way.")


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for in a document: the list at ``path``, or the one whose records have ``name_field``.

    ``where`` names the document in messages, ``key`` is the configuration's key for the path. ``beside`` names the
    elements that may stand beside an empty list, such as the next cursor.
    """

    path: str
    name_field: str
    where: str
    key: str
    beside: frozenset[str] = frozenset()

    def find(self, top: Element, whole: bool) -> Spot | None:
        """Find the list below ``top``; None where there is none yet, or an empty one.

        Raises SourceBadAnswer where the document is whole and holds no list.
        """
        spot = find_list(top, self.path, self.name_field, whole=whole)
        if spot is None and whole:
            self._check_empty(top)
        return spot

    def check_single(self, top: Element) -> None:
        """Refuse a document in which a second list is left: it would be lost silently. Raises SourceQueryError."""
        other = find_another(top, self.path, self.name_field)
        if other:
            raise SourceQueryError(
                say("{where} holds several lists: {other} is another", where=self.where, other=one_line(other)),
                hint=say("Name the path to one list in {key}; a list in several parts cannot be read.", key=self.key),
            )

    def _check_empty(self, top: Element) -> None:
        """Accept a list without records and nothing else: an error in XML must not pass for an empty list."""
        known = self.beside | {self.path.rpartition(".")[2]}
        others = [local(child.tag) for child in top if local(child.tag) not in known and _holds_text(child)]
        if says_empty(top) and not self.path:
            return
        if others or (top.text or "").strip() or self.path:
            words = say("{where} holds no list", where=self.where)
            if self.path:
                words = say("{where} holds no list {path}", where=self.where, path=one_line(self.path))
            cure = say("Name the path to the list in {key}.", key=self.key)
            raise SourceBadAnswer(words, hint=joined(" ", (cure, name_fields(others, [self.path], "elements"))))


def _holds_text(element: Element) -> bool:
    return any(text.strip() for text in element.itertext()) or (
        not element.tag.startswith(CORE) and bool(element.keys())
    )


class XmlList:
    """The records of one document, as JSON-like records. ``encoding`` overrides what the document claims.

    Once the list is read, ``answer`` holds what stands around it. ``cut``: the document ended too early.
    """

    def __init__(self, chunks: Iterable[bytes], sought: Sought, cure: str, encoding: str | None = None) -> None:
        self._chunks = chunks
        self._sought = sought
        self._cure = cure
        self._encoding = encoding
        self.answer: Mapping[str, Any] = {}
        self.found = ""
        self.cut = False

    def __iter__(self) -> Iterator[Any]:
        """Read every record.

        Raises SourceBadAnswer when the document is damaged, refused or holds no list, SourceQueryError when it holds
        several, SourceFailure when it tells of an error.
        """
        tree = GrowingTree(self._encoding)
        walk = ListWalk(tree, self._sought.find, ENOUGH)
        try:
            for elements in walk.elements(self._chunks):
                make = walk.spot.make if walk.spot and walk.spot.make else element_value
                yield from map(make, elements)
        except BadXml as error:
            self.cut = error.cut
            raise bad_xml(error, self._sought.where, self._cure) from None
        if tree.root is not None:
            self._finish(tree.root)

    def _finish(self, root: Element) -> None:
        self._sought.check_single(root)
        around = element_value(root)
        self.answer = around if isinstance(around, Mapping) else {}
        refuse_error(self.answer, self._sought.where)


def bad_xml(error: BadXml, where: str, cure: str) -> SourceBadAnswer:
    """Explain why a document cannot be read: the error to be raised. ``where`` names the document."""
    if isinstance(error, ForbiddenXml):
        return SourceBadAnswer(say("{where} is refused: {why}", where=where, why=error.words), hint=_FORBIDDEN)
    if isinstance(error, EndlessXml):
        return SourceBadAnswer(say("{where} is too large: {why}", where=where, why=error.words), hint=cure)
    if error.cut:
        return SourceBadAnswer(say("{where} is cut: {why}", where=where, why=error.words), hint=cure)
    return SourceBadAnswer(say("{where} is damaged XML: {why}", where=where, why=error.words), hint=cure)
