"""``astsync check`` of a web service: each part of the way to its counterparties, each error with its cure."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice

from astsync.config import SourceConfig
from astsync.errors import AstsyncError, SourceQueryError
from astsync.finding import Finding
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
        yield Finding("WSDL", True, f"{one_line(loader.address)} can be read")
        offered = OfferedOperations(wsdl, soap, loader.address)
        yield _operations(offered)
        call = offered.choose()
        yield Finding("operation", True, f"{call.operation.signature()}, port {call.operation.port}")
        yield Finding("endpoint", True, one_line(call.endpoint))
        yield _list(call.list_place())
        reader = RecordReader(soap.fields, operation_label(soap.operation))
        with opened(call, reader) as pages:
            yield from _read(pages, reader)
    except AstsyncError as error:
        yield error_finding(error, "operation" if isinstance(error, SourceQueryError) else "web service")


def _operations(offered: OfferedOperations) -> Finding:
    """List the operations of each service; the ports offer the same ones."""
    signatures = dict.fromkeys(operation.signature() for operation in offered.operations)
    lines = [f"{len(signatures)} operations, ports {listed(offered.ports) or 'none'}"]
    return Finding("operations", bool(signatures), "\n".join([*lines, *signatures]))


def _list(place: ListPlace) -> Finding:
    names = ".".join(tag.rpartition("}")[2] for tag in (*place.path, place.record) if tag)
    forms = {"typed": "", "open": ", which the WSDL does not describe", "text": ", a text that holds the list"}
    return Finding("list", True, one_line(names) + forms[place.form])


def _read(pages: SoapPages, reader: RecordReader) -> Iterator[Finding]:
    """Read the beginning of the list, and show three counterparties. Raises SourceError."""
    paging = pages.paging
    how = f"in pages of {paging.size} by {paging.parameter}" if paging.by != "none" else "in one answer"
    items = list(islice(pages.records(), _READ))
    reader.finish()
    found = [item for item in items if isinstance(item, Counterparty)]
    yield Finding("call", True, f"{pages.where} answers, {one_line(how)}")
    read = f"{len(items)} records read, {len(found)} not marked for deletion"
    yield (
        Finding("fields", True, read) if items else Finding("list", False, f"{pages.where} gives an empty list", EMPTY)
    )
    yield from map(counterparty_finding, found[:FIRST])
