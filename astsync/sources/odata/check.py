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
from astsync.language import counted, say
from astsync.sources.check import FIRST, counterparty_line
from astsync.sources.odata.contact_kinds import ContactKinds
from astsync.sources.odata.contacts import Contacts, RegisterContacts
from astsync.sources.odata.pages import ODataPages
from astsync.sources.odata.published import PREFIX, check_published, published_sets
from astsync.sources.odata.reader import CatalogReader, PullContext, check_phone_fields, check_responsible, pull_context
from astsync.sources.odata.section import ODataConfig
from astsync.sources.web.addresses import address_hint
from astsync.text import listed

ALLOWED_ONLY = say(
    "source.odata.allowed_only: what the 1C user may not see is left out without a word; when its rights shrink that "
    "looks like deletions, which only the safety limits hold back"
)
"""What a run and a check say when the list is one that rights have cut."""

_NO_COUNTERPARTY = say(
    "The first rows are folders or marked for deletion, the filter fits nothing, or the catalog is empty."
)
_PART_OF: tuple[tuple[type[AstsyncError], str], ...] = (
    (SourceUnreachable, say("address")),
    (SourceLoginError, say("login")),
    (SourceBusy, say("licence and sessions")),
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
        self._part: str = say("configuration")
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
        self._part = say("published sets")
        published = published_sets(pages)
        yield from self._welcome(published)
        context = pull_context(pages, self._odata, self._catalogs, published, self._today)
        readers = [CatalogReader(context, catalog, rank) for rank, catalog in enumerate(self._catalogs)]
        yield from self._own_fields(readers)
        for reader in readers:
            yield from self._isolated(reader, context)
        self._part = say("kinds of contact")
        yield self._kinds(context.kinds)

    def _welcome(self, published: frozenset[str]) -> Iterator[Finding]:
        if not published:
            words = say("1C does not show which sets are published; the catalogs are asked themselves")
            yield Finding(self._part, None, words)
            return
        url, catalogs = self._config.url, ", ".join(self._catalogs)
        words = say("1C OData at {url} answers; catalogs to read: {catalogs}", url=url, catalogs=catalogs)
        yield Finding(say("address"), True, words)
        user = self._config.user
        words = say("1C accepts the login {user}", user=user) if user else say("1C wants no login")
        yield Finding(say("login"), True, words)
        words = counted(
            "{count:,} set is published, {catalogs:,} of them of catalogs",
            "{count:,} sets are published, {catalogs:,} of them of catalogs",
            len(published),
            catalogs=sum(name.startswith(PREFIX) for name in published),
        )
        yield Finding(self._part, True, words)
        if self._odata.allowed_only:
            yield Finding(say("rights"), None, ALLOWED_ONLY)

    def _own_fields(self, readers: list[CatalogReader]) -> Iterator[Finding]:
        """Check that some catalog has the configured fields of phones; if none has, the catalogs are still checked."""
        self._part = say("fields with phones")
        try:
            check_phone_fields(readers, self._odata.phone_fields)
            check_responsible(readers, self._odata.responsible)
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
        self._part = say("catalog {name}", name=name)
        check_published((name,), context.published)
        reader.check_fields()
        reader.check_readable()
        count = context.pages.count(f"{PREFIX}{name}", {"$filter": reader.filter} if reader.filter else {})
        yield Finding(self._part, True, _readable_words(count, listed(reader.own_fields)))
        self._part = say("phones of {name}", name=name)
        self._contacts.append(reader.contacts)
        place, fields = reader.contacts.describe(), listed(reader.phone_fields)
        words = say("they stand {place}", place=place)
        if fields:
            words = say("they stand {place}, and in the fields {fields}", place=place, fields=fields)
        yield Finding(self._part, True, words)
        self._part = say("rows of {name}", name=name)
        found = reader.first_counterparties(FIRST)
        if not found:
            yield Finding(self._part, None, say("no counterparty among the first rows"), _NO_COUNTERPARTY)
        for one in found:
            yield Finding(self._part, True, counterparty_line(one))

    def _kinds(self, kinds: ContactKinds) -> Finding:
        """List the kinds. A row of a register may bring a kind of its own, so a kind is never called unknown there."""
        names = sorted({*filter(None, kinds.names.values()), *self._odata.phone_fields})
        unknown = kinds.unknown(names)
        words = say("kinds: {names}", names=listed(names)) if names else say("the names of kinds cannot be read")
        if not unknown:
            return Finding(self._part, True if names else None, words)
        register = any(isinstance(contacts, RegisterContacts) for contacts in self._contacts)
        return Finding(
            self._part,
            None if register else False,
            say("no kind is called {unknown}; {words}", unknown=listed(unknown), words=words),
            say(
                "Correct source.odata.kinds: names as the catalog «Виды контактной информации» writes them, * for any "
                "letters."
            ),
        )


def _readable_words(count: int | None, fields: str) -> str:
    if count is None:
        return say("it can be read; fields asked for: {fields}", fields=fields)
    return counted(
        "{count:,} row; fields asked for: {fields}", "{count:,} rows; fields asked for: {fields}", count, fields=fields
    )
