"""The answer of an operation, read while it comes in: its records, then what stands around them."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import Element

from astsync.language import say
from astsync.sources.formats.growing_xml import BadXml, GrowingTree, local
from astsync.sources.formats.json_list import JsonList
from astsync.sources.formats.xml_detect import Spot
from astsync.sources.formats.xml_list import Sought
from astsync.sources.formats.xml_list_walk import ENOUGH, ListWalk
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap.answers.convert import typed_value
from astsync.sources.soap.answers.envelope import EMPTY, check_whole, holder_of, response_of, space_of
from astsync.sources.soap.answers.list_in_text import EnvelopeText, from_base64, peek, text_format
from astsync.sources.soap.answers.quick import ElementReader, Read
from astsync.sources.soap.refusals import (
    PAGE,
    bad_soap_answer,
    empty_soap_answer,
    operation_label,
    page_answered,
    unreadable,
)
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.list_place import RETURN, ListPlace
from astsync.sources.web.refusals import SERVICE_CURE
from astsync.sources.web.retrying import FEW
from astsync.sources.web.server_words import body_text, page_words
from astsync.text import one_line

_CUT = say(
    "If it happens again, look into the logs of the web server and of 1C; pages (source.soap.paging) are shorter."
)
_VALUE_STORAGE = say("A ХранилищеЗначения keeps 1C's own format: let the web service give JSON or XML.")
_LOOKED_AT = 4096


class AnswerReader:
    """Reads the answers of one operation; what it has learned from one helps with the next.

    Records become counterparties through ``reader``; those marked for deletion stay records.
    """

    def __init__(self, place: ListPlace, config: SoapConfig, reader: RecordReader) -> None:
        self._place = place
        self._config = config
        self._reader = reader
        beside = frozenset({config.paging.next.rpartition(".")[2]})
        told = say("the answer of the operation {operation}", operation=place.operation)
        self._sought = Sought(place.rest, config.fields.name, told, "source.soap.list", beside)
        self._elements = ElementReader(config.fields, reader, place.record_type)

    def read(self, body: Iterable[bytes], around: dict[str, Any], *, first: bool) -> Iterator[Read]:
        """Read the records of an answer; afterwards ``around`` holds the fields that stand around them.

        ``first``: this is the first answer. An empty one is an error then, and an end of the list later. Raises
        SourceError.
        """
        chunks = _no_page(body, self._place.operation)
        with self._explained():
            if self._place.form == "text":
                yield from self._text(chunks, around)
            else:
                yield from self._elements_of(chunks, around, first=first)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BadXml as error:
            raise unreadable(error, self._place.operation, _CUT, tries=FEW) from None

    def _elements_of(self, chunks: Iterable[bytes], around: dict[str, Any], *, first: bool) -> Iterator[Read]:
        """Read a list of elements, typed by the WSDL or not."""
        tree = GrowingTree()
        typed = self._place.form == "typed"
        walk = ListWalk(tree, self._find_typed) if typed else ListWalk(tree, self._find_open, ENOUGH)
        yield from self._records(walk, chunks)
        root = tree.root
        if root is not None:
            holder = check_whole(root, self._place)
            if first and not self._place.path[1:] and not walk.children and not len(holder):
                words = say(
                    "the answer of the operation {operation} is empty: {element} holds nothing",
                    operation=self._place.operation,
                    element=one_line(local(holder.tag)),
                )
                raise bad_soap_answer(words, EMPTY)
            if not typed:  # a second list in what the WSDL does not describe: which one is meant?
                self._sought.check_single(holder)
            self._keep_around(root, around)

    def _records(self, walk: ListWalk, chunks: Iterable[bytes]) -> Iterator[Read]:
        read = self._elements.read
        for elements in walk.elements(chunks):
            make = walk.spot.make if walk.spot else None
            for element in elements:
                yield read(element) if make is None else self._read_record(make(element))

    def _read_record(self, record: Any) -> Read:
        counterparty = self._reader.read(record)
        return record if counterparty is None else counterparty

    def _find_typed(self, root: Element, whole: bool) -> Spot | None:
        holder = self._holder(root, whole=whole)
        return None if holder is None else Spot(holder, self._place.record)

    def _find_open(self, root: Element, whole: bool) -> Spot | None:
        """Find a list that the WSDL does not describe, once enough of it is there."""
        holder = self._holder(root, whole=whole)
        return None if holder is None else self._sought.find(holder, whole)

    def _holder(self, root: Element, *, whole: bool) -> Element | None:
        space_of(root, self._place.operation)
        return check_whole(root, self._place) if whole else holder_of(root, self._place)

    def _keep_around(self, root: Element, around: dict[str, Any]) -> None:
        """Keep the outputs and, of the result, the fields around the list. Raises ServiceChanged."""
        response = response_of(root, self._place)
        outputs = typed_value(response, self._place.response_type) if response is not None else {}
        if isinstance(outputs, Mapping):
            inner = outputs.get(RETURN)
            around.update({**outputs, **(inner if isinstance(inner, Mapping) else {})})

    def _text(self, chunks: Iterable[bytes], around: dict[str, Any]) -> Iterator[Read]:
        """Read a list that stands in a text."""
        envelope = EnvelopeText((self._place.response, *self._place.path))
        start, pieces = peek(envelope.pieces(chunks))
        decode = self._config.decode
        inner: dict[str, Any] = {}
        if start:
            yield from self._decoded(text_format(start, decode, self._place.operation), pieces, inner)
        check_whole(envelope.root, self._place)
        if not start:
            words = say(
                "the answer of the operation {operation} is empty: {element} holds no text",
                operation=self._place.operation,
                element=one_line(local(self._place.path[-1])),
            )
            raise bad_soap_answer(words, EMPTY)
        self._keep_around(envelope.root, around)
        around.update(inner)

    def _decoded(self, kind: str, pieces: Iterator[bytes], around: dict[str, Any]) -> Iterator[Read]:
        encoding: str | None = "utf-8"  # whatever the prolog inside a text claims
        if kind == "base64":
            start, pieces = peek(from_base64(pieces, self._place.operation))
            kind, encoding = text_format(start, "auto", self._place.operation), None
        if kind == "json":
            yield from self._json(pieces, around)
        elif kind == "xml":
            yield from self._xml(GrowingTree(encoding), pieces, around)
        else:
            words = say(
                "the answer of the operation {operation} is base64 of what is neither JSON nor XML",
                operation=self._place.operation,
            )
            raise bad_soap_answer(words, _VALUE_STORAGE)

    def _json(self, pieces: Iterable[bytes], around: dict[str, Any]) -> Iterator[Read]:
        records = JsonList(pieces, self._place.rest, operation_label(self._place.operation), SERVICE_CURE)
        for record in records:
            yield self._read_record(record)
        around.update(records.answer)

    def _xml(self, tree: GrowingTree, pieces: Iterable[bytes], around: dict[str, Any]) -> Iterator[Read]:
        yield from self._records(ListWalk(tree, self._sought.find, ENOUGH), pieces)
        if tree.root is not None:
            self._sought.check_single(tree.root)
            document = typed_value(tree.root)
            around.update(document if isinstance(document, Mapping) else {})


def _no_page(body: Iterable[bytes], operation: str) -> Iterator[bytes]:
    """Pass an answer on. Raises SourceBadAnswer for one whose beginning is no XML, and names what it is."""
    chunks = iter(body)
    start = b""
    while len(start) <= len(BOM_UTF8) and (chunk := next(chunks, b"")):
        start = (start + chunk).lstrip()
    text = body_text(start[:_LOOKED_AT]).lstrip("\ufeff \t\r\n")
    if not text:
        raise empty_soap_answer(operation, PAGE)
    if not text.startswith("<") or "<html" in text.lower():
        raise page_answered(operation, page_words(text), PAGE)
    yield start
    yield from chunks
