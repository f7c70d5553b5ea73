"""Counterparties from a SOAP web service of 1C.

zeep reads the WSDL and writes the calls; answers are read as they come, in constant memory. A short answer (a page) is
read whole before anything of it is given, so that a broken one can be asked for again; of a long one its beginning.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from astsync.config import SourceConfig
from astsync.errors import SourceQueryError
from astsync.finding import Finding
from astsync.language import say
from astsync.phonebook.model import Counterparty, Progress, no_progress
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap.check import check_soap
from astsync.sources.soap.pages import SoapPages
from astsync.sources.soap.refusals import SOAP_RULES, ServiceChanged, address_of, operation_label
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.loader import Wsdl, WsdlLoader, origin_of, wsdl_address, wsdl_key
from astsync.sources.soap.wsdl.operations import OfferedOperations, OperationCall
from astsync.sources.web.client import WebClient
from astsync.sources.web.retrying import Patience
from astsync.stopping import NEVER, Stopping

logger = logging.getLogger(__name__)

_STAGE = say("counterparties")
_REPORT_EVERY = 1000


class SoapSource:
    """The counterparties that the operation of ``[source.soap]`` gives."""

    def __init__(self, config: SourceConfig, *, patience: Patience | None = None) -> None:
        self._config = config
        self._patience = patience or Patience()
        self._loader = WsdlLoader(config, self._patience)

    def describe(self) -> str:
        """Name the web service and the operation; an address never carries a login."""
        address = wsdl_address(self._config).partition("?")[0]
        operation = self._config.table(SoapConfig).operation
        return say("1C web service at {address} ({operation})", address=address, operation=operation)

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        """Read every counterparty of the list. Raises SourceError when it is not whole.

        A WSDL from the cache may be outdated. Where the service then answers something else, the WSDL is fetched anew
        and the list read again, once. If counterparties were given already, only the next pull can do that.
        """
        wsdl = self._loader.load(stopping)
        given = False
        try:
            for counterparty in self._counterparties(wsdl, progress, stopping):
                given = True
                yield counterparty
        except (ServiceChanged, SourceQueryError) as error:
            self._loader.forget()
            if wsdl.fresh or given:
                raise
            logger.info("%s; reading the WSDL anew", error.message)
            yield from self._counterparties(self._loader.fetch(stopping), progress, stopping)

    def check(self, stopping: Stopping = NEVER) -> Iterator[Finding]:
        """Try the WSDL, the operation, its parameters, a call, the list and its fields; show three counterparties."""
        return check_soap(self._config, self._loader, partial(self._open, stopping=stopping), stopping)

    def _counterparties(self, wsdl: Wsdl, progress: Progress, stopping: Stopping) -> Iterator[Counterparty]:
        soap = self._config.table(SoapConfig)
        reader = RecordReader(soap.fields, operation_label(soap.operation))
        call = OfferedOperations(wsdl, soap, self._loader.address).choose()
        done = 0
        with self._open(call, reader, stopping) as pages:
            for done, item in enumerate(pages.records(), 1):
                if isinstance(item, Counterparty):
                    yield item
                if done % _REPORT_EVERY == 0:
                    progress(_STAGE, done, None)
        reader.finish()
        progress(_STAGE, done, done)

    @contextmanager
    def _open(self, call: OperationCall, reader: RecordReader, stopping: Stopping = NEVER) -> Iterator[SoapPages]:
        place, origin = call.list_place(), origin_of(call.endpoint)
        key = "source.soap.endpoint" if self._config.table(SoapConfig).endpoint else wsdl_key(self._config)
        with address_of(key), WebClient(self._config, origin, self._patience, SOAP_RULES, stopping) as client:
            yield SoapPages(client, call, place, self._config.table(SoapConfig), reader)
