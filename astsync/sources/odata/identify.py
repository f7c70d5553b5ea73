"""1C asked for one number over OData: who may have it, then their cards and phones as a pull reads them.

It needs no change of 1C's configuration, and is slower than a service of 1C's own: a filter of texts looks at every
row of contacts there.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial

from astsync.config import SourceConfig
from astsync.errors import SourceBadAnswer, SourceNotFound, SourceUnreachable
from astsync.language import say
from astsync.phonebook.model import Counterparty
from astsync.sources.identified import Identified
from astsync.sources.odata.candidates import MOST_OWNERS, CandidateSearch
from astsync.sources.odata.contacts import SearchPlace
from astsync.sources.odata.pages import ODataPages
from astsync.sources.odata.published import PREFIX, check_published, published_sets, service_root
from astsync.sources.odata.reader import CatalogReader, check_phone_fields, pull_context
from astsync.sources.odata.section import ODataConfig, bare_catalog
from astsync.sources.onec.contact_rows import today_here
from astsync.sources.web.addresses import address_hint
from astsync.sources.web.client import QueryOptions, WebClient
from astsync.sources.web.kept import KeptClients
from astsync.sources.web.retrying import Patience, Retries
from astsync.sources.web.stream import WebRequest
from astsync.stopping import NEVER, Stopping

_ONCE = Patience(all_waits=0)
_PAGE = 1000
_LARGEST = 512 * 1024
_LARGEST_ROOT = 4 * 1024 * 1024
"""Bytes of one answer. Cards and contacts of a few counterparties have a hundredth of that; the service root names all
published sets."""


class _ThreadsClient:
    """Asks for pages through kept clients; each thread in the time of its own question."""

    def __init__(self, clients: KeptClients) -> None:
        self.retries = Retries(_ONCE)
        self._clients = clients
        self._mine = threading.local()

    @contextmanager
    def within(self, stopping: Stopping) -> Iterator[None]:
        """Let this thread ask in the time of ``stopping``."""
        self._mine.stopping = stopping
        try:
            yield
        finally:
            del self._mine.stopping

    def ask_once(self, path: str, options: QueryOptions, where: str, *, timeout: float | None = None) -> bytes:
        """Ask once, as ``WebClient`` does. Raises SourceError."""
        stopping = getattr(self._mine, "stopping", NEVER)
        request = WebRequest(path, where, options)
        largest = _LARGEST if path else _LARGEST_ROOT
        return self._clients.ask(lambda client: client.ask_small(request, largest, timeout), stopping)


class _KnownCatalog:
    """One catalog: its reader, and the searches in its contacts and its own fields."""

    def __init__(self, pages: ODataPages, reader: CatalogReader) -> None:
        places = [reader.contacts.search_place()]
        if reader.phone_fields:
            places.append(SearchPlace(f"{PREFIX}{reader.catalog}", "", "Ref_Key", reader.phone_fields))
        self._reader = reader
        self._searches = [CandidateSearch(pages, place) for place in places if place is not None]
        _ = reader.fields  # what it needs to know of the catalog is read now, by one thread

    def find(self, number: str) -> list[Counterparty]:
        """Read those that may have the number. Raises SourceError."""
        refs = list(dict.fromkeys(ref for search in self._searches for ref in search.refs(number)))
        return self._reader.read_few(refs[:MOST_OWNERS]) if refs else []


class ODataIdentifier:
    """Asks the catalogs that ``[source.odata]`` names. What they are like is read at the first question, and kept."""

    def __init__(self, source: SourceConfig, *, today: Callable[[], date] = today_here) -> None:
        self._url = source.url
        self._config = source.table(ODataConfig)
        self._timeout = source.timeout
        self._today = today
        self._names = tuple(dict.fromkeys(map(bare_catalog, self._config.catalogs)))
        self._clients = KeptClients(partial(WebClient, source, service_root(source.url), _ONCE))
        self._client = _ThreadsClient(self._clients)
        self._pages = ODataPages(self._client, _PAGE, allowed_only=self._config.allowed_only)
        self._reading = threading.Lock()
        self._known: tuple[date, list[_KnownCatalog]] | None = None

    def describe(self) -> str:
        """Name the publication and the catalogs."""
        return say("1C OData at {url} ({catalogs})", url=self._url, catalogs=", ".join(self._names))

    def identify(self, number: str, stopping: Stopping = NEVER) -> Identified:
        """Find those that may have the number, in the order of the catalogs. Raises SourceError."""
        with self._client.within(stopping):
            try:
                known = self._catalogs(stopping)
                return Identified(counterparties=tuple(one for catalog in known for one in catalog.find(number)))
            except (SourceNotFound, SourceBadAnswer) as error:
                self._known = None  # the configuration of 1C may have changed
                error.hint += address_hint(self._url)
                raise

    def close(self) -> None:
        """Let the kept connections go."""
        self._clients.close()

    def _catalogs(self, stopping: Stopping) -> list[_KnownCatalog]:
        """What is known of the catalogs, read anew each day: a row of a history counts from a date."""
        today, known = self._today(), self._known
        if known is not None and known[0] == today:
            return known[1]
        if not self._reading.acquire(timeout=max(stopping.left(self._timeout), 0.001)):
            hint = say("They are read by the first question.")
            raise SourceUnreachable(say("the catalogs were not read in time"), hint=hint)
        try:
            if self._known is None or self._known[0] != today:
                self._known = today, self._read(today)
            return self._known[1]
        finally:
            self._reading.release()

    def _read(self, today: date) -> list[_KnownCatalog]:
        published = published_sets(self._pages)
        check_published(self._names, published)
        context = pull_context(self._pages, self._config, self._names, published, today)
        readers = [CatalogReader(context, name, rank) for rank, name in enumerate(self._names)]
        check_phone_fields(readers, self._config.phone_fields)
        for reader in readers:
            reader.check_fields()
        return [_KnownCatalog(self._pages, reader) for reader in readers]
