"""Counterparties from an HTTP service of 1C, or from any web API, that answers JSON or XML.

The address, the method, the paths to the list and to the fields, and the paging are configuration.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from astsync.config import SourceConfig
from astsync.errors import SourceBadAnswer, SourceNotFound
from astsync.finding import Finding
from astsync.language import say
from astsync.phonebook.model import Counterparty, Progress, no_progress
from astsync.sources.http.check import check_http
from astsync.sources.http.pages import HttpPages
from astsync.sources.http.refusals import HTTP_RULES
from astsync.sources.http.section import HttpConfig
from astsync.sources.records.reader import RecordReader
from astsync.sources.web.addresses import address_hint
from astsync.sources.web.client import WebClient
from astsync.sources.web.retrying import Patience
from astsync.stopping import NEVER, Stopping

_REPORT_EVERY = 1000
_STAGE = say("counterparties")


class HttpSource:
    """The counterparties that the service of ``[source.http]`` gives."""

    def __init__(self, config: SourceConfig, *, patience: Patience | None = None) -> None:
        self._config = config
        self._patience = patience or Patience()
        self.address = f"{config.url}/{config.table(HttpConfig).service}".rstrip("/")

    def describe(self) -> str:
        """Name the address; it never carries a login."""
        return say("HTTP service at {address}", address=self.address)

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        """Read every counterparty of the list. Raises SourceError when it is not whole."""
        with self._open(stopping) as pages:
            reader = RecordReader(self._config.table(HttpConfig).fields, pages.where)
            done = 0
            for done, record in enumerate(pages.records(), 1):
                counterparty = reader.read(record)
                if counterparty is not None:
                    yield counterparty
                if done % _REPORT_EVERY == 0:
                    progress(_STAGE, done, None)
            reader.finish()
            progress(_STAGE, done, done)

    def check(self, stopping: Stopping = NEVER) -> Iterator[Finding]:
        """Try the address, the login, the list, its pages and its fields, and show three counterparties."""
        yield from check_http(self._config, partial(self._open, stopping))

    @contextmanager
    def _open(self, stopping: Stopping = NEVER) -> Iterator[HttpPages]:
        with WebClient(self._config, self._config.url, self._patience, HTTP_RULES, stopping) as client:
            try:
                yield HttpPages(client, self._config.table(HttpConfig))
            except (SourceNotFound, SourceBadAnswer) as error:
                error.hint += address_hint(self._config.url)
                raise
