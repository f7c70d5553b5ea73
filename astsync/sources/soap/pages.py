"""The list of one operation: its calls, one after the other, and the records of their answers."""

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from astsync.config import PagingConfig, ParameterValue
from astsync.sources.records.paging import Page, paged
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap.answers.quick import Read
from astsync.sources.soap.answers.reader import AnswerReader
from astsync.sources.soap.refusals import SOAP_RULES, operation_label
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.list_place import ListPlace
from astsync.sources.soap.wsdl.operations import OperationCall
from astsync.sources.web.addresses import encode_address
from astsync.sources.web.client import WebClient
from astsync.sources.web.refusals import raise_hidden_error
from astsync.sources.web.stream import Body, WebRequest

READ_WHOLE = 2000
"""Records of an answer that are read before the first is given: until then it can be asked for again."""

SHIPPED_PAGING = PagingConfig(by="cursor", parameter="Cursor", size_parameter="Limit", size=1000, next="NextCursor")
"""How the service of ``examples/1c`` is read, unless the configuration says otherwise."""


def paging_of(call: OperationCall, place: ListPlace, config: SoapConfig) -> PagingConfig:
    """Choose the paging: the configured one, or that of the shipped service if the operation has its signature."""
    ours = SHIPPED_PAGING
    parameters = {name for name, _element in call.operation.parameters}
    taken = {ours.parameter, ours.size_parameter} & config.parameters.keys()
    if "paging" in config.model_fields_set or taken or not {ours.parameter, ours.size_parameter} <= parameters:
        return config.paging
    return ours if place.form == "typed" and place.has_beside(ours.next) else config.paging


class SoapPages:
    """Reads the list through one client. Records become counterparties, those marked for deletion stay records."""

    def __init__(
        self, client: WebClient, call: OperationCall, place: ListPlace, config: SoapConfig, reader: RecordReader
    ) -> None:
        self._client = client
        self._call = call
        self.where = operation_label(call.operation.name)
        self.paging = paging_of(call, place, config)
        self._answers = AnswerReader(place, config.model_copy(update={"paging": self.paging}), reader)
        self.answered = 0

    def records(self) -> Iterator[object]:
        """Read the records of the whole list. Raises SourceError."""
        return paged(self.paging, self._ask, self.where)

    def _ask(self, parameters: Mapping[str, ParameterValue]) -> Page:
        message = self._call.message(parameters)
        around: dict[str, Any] = {}
        records = self._client.retries.persist(lambda: self._attempt(message, around))
        self.answered += 1
        return Page(records, around)

    def _attempt(self, message: bytes, around: dict[str, Any]) -> Iterator[Read]:
        request = WebRequest(
            "", self.where, body=message, headers=self._call.headers(), url=encode_address(self._call.endpoint)
        )
        around.clear()
        records = self._read(self._client.open(request), around)
        return chain(list(islice(records, READ_WHOLE)), records)

    def _read(self, body: Body, around: dict[str, Any]) -> Iterator[Read]:
        with body:
            raise_hidden_error(body.head, self.where, first=SOAP_RULES)
            yield from self._answers.read(body, around, first=not self.answered)
