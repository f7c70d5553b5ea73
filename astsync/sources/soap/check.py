"""``astsync check`` of a web service: each part of the way to its counterparties, each error with its cure."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice

from astsync.config import SourceConfig
from astsync.errors import AstsyncError, SourceQueryError
from astsync.finding import Finding
from astsync.language import counted, joined, say
from astsync.phonebook.model import Counterparty
from astsync.sources.check import EMPTY, FIRST, counterparty_finding, error_finding
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap.pages import SoapPages
from astsync.sources.soap.refusals import operation_label
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.list_place import ListPlace
from astsync.sources.soap.wsdl.loader import WsdlLoader
from astsync.sources.soap.wsdl.operations import OfferedOperations, OperationCall
from astsync.stopping import Stopping
from astsync.text import listed, one_line

_READ = 2000

Open = Callable[[OperationCall, RecordReader], AbstractContextManager[SoapPages]]


def check_soap(config: SourceConfig, loader: WsdlLoader, opened: Open, stopping: Stopping) -> Iterator[Finding]:
    """Try each part of the way to the list. An error ends the check and is its last finding."""
    soap = config.table(SoapConfig)
    try:
        wsdl = loader.fetch(stopping)
        yield Finding("WSDL", True, say("{address} can be read", address=one_line(loader.address)))
        offered = OfferedOperations(wsdl, soap, loader.address)
        yield _operations(offered)
        call = offered.choose()
        operation = call.operation
        words = say("{signature}, port {port}", signature=operation.signature(), port=one_line(operation.port))
        yield Finding(say("operation"), True, words)
        yield Finding(say("endpoint"), True, one_line(call.endpoint))
        yield _list(call.list_place())
        reader = RecordReader(soap.fields, operation_label(soap.operation))
        with opened(call, reader) as pages:
            yield from _read(pages, reader)
    except AstsyncError as error:
        yield error_finding(error, say("operation") if isinstance(error, SourceQueryError) else say("web service"))


def _operations(offered: OfferedOperations) -> Finding:
    """List the operations of each service; the ports offer the same ones."""
    signatures = dict.fromkeys(operation.signature() for operation in offered.operations)
    words = counted(
        "{count:,} operation, ports {ports}",
        "{count:,} operations, ports {ports}",
        len(signatures),
        ports=listed(offered.ports) or say("none"),
    )
    return Finding(say("operations"), bool(signatures), joined("\n", (words, *signatures)))


def _list(place: ListPlace) -> Finding:
    names = one_line(".".join(tag.rpartition("}")[2] for tag in (*place.path, place.record) if tag))
    if place.form == "open":
        names = say("{names}, which the WSDL does not describe", names=names)
    elif place.form == "text":
        names = say("{names}, a text that holds the list", names=names)
    return Finding(say("list"), True, joined("", (names,)))  # foreign, though a tag may be called "fields"


def _read(pages: SoapPages, reader: RecordReader) -> Iterator[Finding]:
    """Read the beginning of the list, and show three counterparties. Raises SourceError."""
    paging = pages.paging
    answers = say("{where} answers, in one answer", where=pages.where)
    if paging.by != "none":
        answers = say(
            "{where} answers, in pages of {size:,} by {parameter}",
            where=pages.where,
            size=paging.size,
            parameter=one_line(paging.parameter),
        )
    items = list(islice(pages.records(), _READ))
    reader.finish()
    found = [item for item in items if isinstance(item, Counterparty)]
    yield Finding(say("call"), True, answers)
    if items:
        read = counted(
            "{count:,} record read, {alive:,} not marked for deletion",
            "{count:,} records read, {alive:,} not marked for deletion",
            len(items),
            alive=len(found),
        )
        yield Finding(say("fields"), True, read)
    else:
        yield Finding(say("list"), False, say("{where} gives an empty list", where=pages.where), EMPTY)
    yield from map(counterparty_finding, found[:FIRST])
