"""1C asked for one number over SOAP: the operation ``identify`` of examples/1c, or of the service of 2013."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from astsync.config import ServeSoapConfig, SourceConfig
from astsync.errors import SourceError, SourceQueryError, SourceUnreachable
from astsync.language import joined, say, swapped
from astsync.sources.identified import LARGEST_IDENTIFIED, Identified
from astsync.sources.records.one_name import (
    EXTENSION_FIELD,
    NAME_FIELDS,
    extension_in_text,
    extension_in_value,
    name_in_text,
    name_in_value,
)
from astsync.sources.soap.answers.one_value import read_value
from astsync.sources.soap.refusals import SOAP_RULES, ServiceChanged, address_of, operation_label
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.answer_types import WsdlType
from astsync.sources.soap.wsdl.loader import Wsdl, WsdlLoader, origin_of, wsdl_address
from astsync.sources.soap.wsdl.operations import WRONG_KEYS, OfferedOperations, OperationCall
from astsync.sources.web.addresses import encode_address
from astsync.sources.web.client import WebClient
from astsync.sources.web.kept import KeptClients
from astsync.sources.web.refusals import raise_hidden_error
from astsync.sources.web.retrying import Patience
from astsync.sources.web.stream import WebRequest
from astsync.stopping import NEVER, Stopping
from astsync.text import one_line

logger = logging.getLogger(__name__)

_ONCE = Patience(all_waits=0)
_PUBLISH_IDENTIFY = say(
    "The service of examples/1c has it since this version: take its modules anew and publish it. Another service is "
    "named in serve.soap.wsdl."
)
_READ_ANEW = 60.0
"""Seconds for which a WSDL that was just read is believed: an answer that does not fit it is the service's fault."""


@dataclass(frozen=True, slots=True)
class _ReadWsdl:
    """What the WSDL says of the operation. ``until``: from then on it may be outdated (``time.monotonic``)."""

    call: OperationCall
    response: str
    response_type: WsdlType
    until: float


class SoapIdentifier:
    """Asks the operation of ``[serve.soap]``. Its WSDL is read at the first question, and kept."""

    def __init__(self, source: SourceConfig, soap: ServeSoapConfig) -> None:
        self._soap = soap
        self._config = _config_for(source, soap)
        self._loader = WsdlLoader(self._config, _ONCE)
        self._key = _address_key(source, soap)
        origin = origin_of(self._config.table(SoapConfig).endpoint or self._loader.address)
        self._clients = KeptClients(partial(WebClient, self._config, origin, _ONCE, SOAP_RULES))
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._wsdl: _ReadWsdl | None = None

    def describe(self) -> str:
        """Name the web service and the operation."""
        address = wsdl_address(self._config).partition("?")[0]
        return say("1C web service at {address} ({operation})", address=address, operation=self._soap.operation)

    def identify(self, number: str, stopping: Stopping = NEVER) -> Identified:
        """Call the operation. Where the answer does not fit an old WSDL, that is read anew once. Raises SourceError."""
        with self._in_words_of_serve():
            wsdl = self._described(stopping)
            try:
                return self._said(wsdl, number, stopping)
            except (ServiceChanged, SourceQueryError) as error:
                if time.monotonic() < wsdl.until:
                    raise
                logger.info("%s; reading the WSDL anew", error.message)
            return self._said(self._described(stopping, instead_of=wsdl), number, stopping)

    def close(self) -> None:
        """Let the kept connections go."""
        self._clients.close()

    def _said(self, wsdl: _ReadWsdl, number: str, stopping: Stopping) -> Identified:
        where = operation_label(self._soap.operation)
        with self._writing:  # nobody promises that zeep may write two messages at once
            message = wsdl.call.message({self._soap.parameter: number})
        request = WebRequest(
            "", where, body=message, headers=wsdl.call.headers(), url=encode_address(wsdl.call.endpoint)
        )
        body = self._clients.ask(lambda client: client.ask_small(request, LARGEST_IDENTIFIED), stopping)
        raise_hidden_error(body, where, first=SOAP_RULES)
        value = read_value(body, self._soap.operation, wsdl.response, wsdl.response_type)
        if isinstance(value, str):
            name = name_in_text(value, NAME_FIELDS, where)
            return Identified(name, extension=extension_in_text(value, EXTENSION_FIELD))
        name = name_in_value(value, NAME_FIELDS, where)
        return Identified(name, extension=extension_in_value(value, EXTENSION_FIELD))

    def _described(self, stopping: Stopping, instead_of: _ReadWsdl | None = None) -> _ReadWsdl:
        """Read the WSDL, unless another thread has read it already. Raises SourceError."""
        wsdl = self._wsdl
        if wsdl is not None and wsdl is not instead_of:
            return wsdl
        if not self._reading.acquire(timeout=max(stopping.left(self._config.timeout), 0.001)):
            raise SourceUnreachable(
                say("the WSDL was not read in time"), hint=say("It is read once, by the first question.")
            )
        try:
            if self._wsdl is None or self._wsdl is instead_of:
                self._wsdl = self._read(stopping, anew=instead_of is not None)
            return self._wsdl
        finally:
            self._reading.release()

    def _read(self, stopping: Stopping, *, anew: bool) -> _ReadWsdl:
        wsdl = self._loader.fetch(stopping) if anew else self._loader.load(stopping)
        try:
            return self._chosen(wsdl)
        except SourceQueryError:
            self._loader.forget()
            if wsdl.fresh:
                raise
        return self._chosen(self._loader.fetch(stopping))  # yesterday's service may have had only the list

    def _chosen(self, wsdl: Wsdl) -> _ReadWsdl:
        try:
            call = OfferedOperations(wsdl, self._config.table(SoapConfig), self._loader.address).choose()
        except SourceQueryError as error:
            error.hint = joined(" ", (error.hint, _PUBLISH_IDENTIFY))
            raise
        if not call.operation.outputs:
            raise SourceQueryError(
                say("the operation {operation} gives no answer", operation=one_line(call.operation.name)),
                hint=say("Choose one that returns the name in source.soap.operation."),
            )
        call.message({self._soap.parameter: "0"})
        until = time.monotonic() + _READ_ANEW if wsdl.fresh else 0.0
        return _ReadWsdl(call, *call.response(), until)

    @contextmanager
    def _in_words_of_serve(self) -> Iterator[None]:
        """Write the keys of ``[serve.soap]`` where the modules of the list name theirs."""
        try:
            with address_of(self._key):
                yield
        except SourceError as error:
            error.message, error.hint = _renamed(error.message), _renamed(error.hint)
            error.hint = swapped(error.hint, "source.soap.wsdl", self._key)
            error.args = (error.message,)
            raise


def _config_for(source: SourceConfig, soap: ServeSoapConfig) -> SourceConfig:
    """Make the configuration by which the operation is called, without what belongs to another WSDL or to the list."""
    of_list = source.table(SoapConfig)
    same = not soap.wsdl or soap.wsdl == wsdl_address(source)
    asked = SoapConfig(
        wsdl=soap.wsdl or of_list.wsdl,
        operation=soap.operation,
        endpoint=of_list.endpoint if same else "",
        port=of_list.port if same else "",
        cache_hours=of_list.cache_hours,
    )
    return source.model_copy(update={"soap": asked})


def _address_key(source: SourceConfig, soap: ServeSoapConfig) -> str:
    if soap.wsdl:
        return "serve.soap.wsdl"
    return "source.soap.wsdl" if source.table(SoapConfig).wsdl else "source.url"


_RENAMED = (
    ("source.soap.operation", "serve.soap.operation"),
    (WRONG_KEYS, "serve.soap.parameter"),
    ("source.soap.parameters", "serve.soap.parameter"),
)


def _renamed(text: str) -> str:
    for ours, theirs in _RENAMED:
        text = swapped(text, ours, theirs)
    return text
