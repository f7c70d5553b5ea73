"""Counterparties from the standard OData interface of 1C:Enterprise 8.3.8 and newer.

How a pull goes: the service root tells which sets are published; the phones of a catalog come from its tabular
section as a set of its own (or from inside the parent where that set cannot be asked, or from the register of older
configurations); then the catalog itself, page by page, joined with the phones in memory. One sample row of each catalog
shows which of the fields that not every configuration has exist in it.

All texts that leave the source are valid Unicode and at most ``formats.values.MAX_TEXT`` characters long.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial

from astsync.config import SourceConfig
from astsync.errors import SourceBadAnswer, SourceNotFound
from astsync.finding import Finding
from astsync.language import say
from astsync.phonebook.model import Counterparty, Progress, no_progress
from astsync.sources.odata.check import ALLOWED_ONLY, ODataCheck
from astsync.sources.odata.pages import ODataPages
from astsync.sources.odata.published import check_published, published_sets, service_root
from astsync.sources.odata.reader import CatalogReader, check_phone_fields, check_responsible, pull_context
from astsync.sources.odata.section import ODataConfig, bare_catalog
from astsync.sources.onec.contact_rows import today_here
from astsync.sources.web.addresses import address_hint
from astsync.sources.web.client import WebClient
from astsync.sources.web.retrying import Patience
from astsync.stopping import NEVER, Stopping

logger = logging.getLogger(__name__)


class ODataSource:
    """The counterparties of the catalogs that ``[source.odata]`` names, in that order of rank."""

    def __init__(
        self, config: SourceConfig, *, patience: Patience | None = None, today: Callable[[], date] = today_here
    ) -> None:
        self._config = config
        self._patience = patience or Patience()
        self._today = today
        self._odata = config.table(ODataConfig)
        self._catalogs = tuple(dict.fromkeys(map(bare_catalog, self._odata.catalogs)))  # both spellings name one

    def describe(self) -> str:
        """Name the publication and the catalogs; an address never carries a login."""
        return say("1C OData at {url} ({catalogs})", url=self._config.url, catalogs=", ".join(self._catalogs))

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        """Read every counterparty of every catalog once. Raises SourceError when a list is not whole."""
        with self._open(stopping) as pages:
            try:
                yield from self._read(pages, progress)
            except (SourceNotFound, SourceBadAnswer) as error:
                error.hint += address_hint(self._config.url)
                raise

    def check(self, stopping: Stopping = NEVER) -> Iterator[Finding]:
        """Try the interface, the login, each catalog with its phones, and read three counterparties."""
        opened = partial(self._open, stopping)
        yield from ODataCheck(self._config, self._catalogs, self._today(), opened).run()

    @contextmanager
    def _open(self, stopping: Stopping = NEVER) -> Iterator[ODataPages]:
        root = service_root(self._config.url)
        with WebClient(self._config, root, self._patience, stopping=stopping) as client:
            yield ODataPages(client, self._odata.page_size, allowed_only=self._odata.allowed_only)

    def _read(self, pages: ODataPages, progress: Progress) -> Iterator[Counterparty]:
        published = published_sets(pages)
        check_published(self._catalogs, published)
        context = pull_context(pages, self._odata, self._catalogs, published, self._today())
        if self._odata.allowed_only:
            logger.warning(ALLOWED_ONLY)
        readers = [CatalogReader(context, catalog, rank, progress) for rank, catalog in enumerate(self._catalogs)]
        check_phone_fields(readers, self._odata.phone_fields)
        check_responsible(readers, self._odata.responsible)
        for reader in readers:
            yield from reader.read()
        context.kinds.warn()
