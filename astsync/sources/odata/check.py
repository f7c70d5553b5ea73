"""``astsync check`` of an OData source: each part of the way is tried for real, each error is shown with its cure."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date

from astsync.config import SourceConfig
from astsync.errors import (
    AstsyncError,
    ConfigError,
    SourceBusy,
    SourceError,
    SourceLoginError,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.finding import Finding
from astsync.sources.check import FIRST, counterparty_line
from astsync.sources.odata.contact_kinds import ContactKinds
from astsync.sources.odata.contacts import Contacts, RegisterContacts
from astsync.sources.odata.pages import ODataPages
from astsync.sources.odata.published import PREFIX, check_published, published_sets
from astsync.sources.odata.reader import CatalogReader, PullContext, check_phone_fields, pull_context
from astsync.sources.odata.section import ODataConfig
from astsync.sources.web.addresses import address_hint
from astsync.text import listed

ALLOWED_ONLY = (
    "source.odata.allowed_only: what the 1C user may not see is left out without a word; when its rights shrink that "
    "looks like deletions, which only the safety limits hold back"
)
"""What a run and a check say when the list is one that rights have cut."""

_NO_COUNTERPARTY = (
    "The first rows are folders or marked for deletion, the filter fits nothing, or the catalog is empty."
)
_PART_OF: tuple[tuple[type[AstsyncError], str], ...] = (
    (SourceUnreachable, "address"),
    (SourceLoginError, "login"),
    (SourceBusy, "licence and sessions"),
)
_OF_A_CATALOG = (SourceNotFound, SourceQueryError, SourceRightsError)
"""Errors of one catalog: the next one can still be tried."""


class ODataCheck:
    """One check, step by step. ``opened`` may raise ConfigError, for a password file that cannot be read."""

    def __init__(
        self,
        config: SourceConfig,
        catalogs: tuple[str, ...],
        today: date,
        opened: Callable[[], AbstractContextManager[ODataPages]],
    ) -> None:
        self._config, self._catalogs, self._today = config, catalogs, today
        self._odata = config.table(ODataConfig)
        self._opened = opened
        self._part = "configuration"
        self._contacts: list[Contacts] = []

    def run(self) -> Iterator[Finding]:
        """Try step after step. An error that stops the check is its last finding."""
        try:
            with self._opened() as pages:
                yield from self._steps(pages)
        except (SourceError, ConfigError) as error:
            yield self._fault(error)

    def _fault(self, error: SourceError | ConfigError) -> Finding:
        part = next((part for kind, part in _PART_OF if isinstance(error, kind)), self._part)
        where = address_hint(self._config.url) if isinstance(error, SourceNotFound) else ""
        return Finding(part, False, error.message, error.hint + where)

    def _steps(self, pages: ODataPages) -> Iterator[Finding]:
        self._part = "published sets"
        published = published_sets(pages)
        yield from self._welcome(published)
        context = pull_context(pages, self._odata, self._catalogs, published, self._today)
        readers = [CatalogReader(context, catalog, rank) for rank, catalog in enumerate(self._catalogs)]
        yield from self._own_fields(readers)
        for reader in readers:
            yield from self._isolated(reader, context)
        self._part = "kinds of contact"
        yield self._kinds(context.kinds)

    def _welcome(self, published: frozenset[str]) -> Iterator[Finding]:
        if not published:
            words = "1C does not show which sets are published; the catalogs are asked themselves"
            yield Finding(self._part, None, words)
            return
        catalogs = ", ".join(self._catalogs)
        yield Finding("address", True, f"1C OData at {self._config.url} answers; catalogs to read: {catalogs}")
        user = self._config.user
        yield Finding("login", True, f"1C accepts the login {user}" if user else "1C wants no login")
        count = sum(name.startswith(PREFIX) for name in published)
        yield Finding(self._part, True, f"{len(published)} sets are published, {count} of them of catalogs")
        if self._odata.allowed_only:
            yield Finding("rights", None, ALLOWED_ONLY)

    def _own_fields(self, readers: list[CatalogReader]) -> Iterator[Finding]:
        """Check that some catalog has the configured fields of phones; if none has, the catalogs are still checked."""
        self._part = "fields with phones"
        try:
            check_phone_fields(readers, self._odata.phone_fields)
        except _OF_A_CATALOG as error:
            yield self._fault(error)

    def _isolated(self, reader: CatalogReader, context: PullContext) -> Iterator[Finding]:
        """Check one catalog; an error of this catalog alone does not stop the check."""
        try:
            yield from self._catalog(reader, context)
        except _OF_A_CATALOG as error:
            yield self._fault(error)

    def _catalog(self, reader: CatalogReader, context: PullContext) -> Iterator[Finding]:
        name = reader.catalog
        self._part = f"catalog {name}"
        check_published((name,), context.published)
        reader.check_fields()
        reader.check_readable()
        count = context.pages.count(f"{PREFIX}{name}", {"$filter": reader.filter} if reader.filter else {})
        rows = "it can be read" if count is None else f"{count} rows"
        yield Finding(self._part, True, f"{rows}; fields asked for: {listed(reader.own_fields)}")
        self._part = f"phones of {name}"
        own = f", and in the fields {listed(reader.phone_fields)}" if reader.phone_fields else ""
        self._contacts.append(reader.contacts)
        yield Finding(self._part, True, f"they stand {reader.contacts.describe()}{own}")
        self._part = f"rows of {name}"
        found = reader.first_counterparties(FIRST)
        if not found:
            yield Finding(self._part, None, "no counterparty among the first rows", _NO_COUNTERPARTY)
        for one in found:
            yield Finding(self._part, True, counterparty_line(one))

    def _kinds(self, kinds: ContactKinds) -> Finding:
        """List the kinds. A row of a register may bring a kind of its own, so a kind is never called unknown there."""
        names = sorted({*filter(None, kinds.names.values()), *self._odata.phone_fields})
        unknown = kinds.unknown(names)
        words = f"kinds: {listed(names)}" if names else "the names of kinds cannot be read"
        if not unknown:
            return Finding(self._part, True if names else None, words)
        register = any(isinstance(contacts, RegisterContacts) for contacts in self._contacts)
        return Finding(
            self._part,
            None if register else False,
            f"no kind is called {listed(unknown)}; {words}",
            "Correct source.odata.kinds: names as the catalog «Виды контактной информации» writes them, * for any "
            "letters.",
        )
