"""What an OData publication has to offer, asked for cheaply: never the metadata, which take 16 MB in a real base."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from astsync.config import SourceConfig
from astsync.errors import SourceError
from astsync.phonebook.model import Counterparty
from astsync.sources.formats.values import text_of
from astsync.sources.odata.contacts import tabular_set
from astsync.sources.odata.pages import ODataPages, guid
from astsync.sources.odata.published import (
    ALL_ROWS,
    ITEMS,
    PREFIX,
    REFUSED,
    phone_fields,
    published_sets,
    sample_row,
    service_root,
    text_fields,
)
from astsync.sources.odata.reader import CatalogReader, PullContext, pull_context
from astsync.sources.odata.section import ODataConfig
from astsync.sources.onec.contact_rows import today_here
from astsync.sources.onec.metadata_names import METADATA_NAMES, RUSSIAN, metadata_names_of
from astsync.sources.onec.rows import Row
from astsync.sources.web.client import WebClient
from astsync.sources.web.retrying import Patience

USUAL = tuple(chain(*((*names.firms, *names.persons) for names in METADATA_NAMES)))
"""The catalogs that hold phones in 1C's own configurations, the most trusted first."""

PROPOSED = frozenset(chain(*(names.firms for names in METADATA_NAMES)))
PERSONS = frozenset(chain(*(names.persons[:2] for names in METADATA_NAMES)))
"""Catalogs of contact persons, whose names say little without their owner's."""

_NAMES = ("Description", "НаименованиеПолное")
_ROWS = 10  # of one request: their references must fit in an address (IIS allows 2,048 characters)
_PATIENCE = Patience(all_waits=5)


@dataclass(frozen=True, slots=True)
class Offer:
    """A catalog that may hold phones; ``phones`` counts their rows, None where that cannot be told cheaply."""

    name: str
    phones: int | None


class Publication:
    """One publication, open. ``published`` are its sets; empty where it does not show them."""

    def __init__(self, config: SourceConfig, client: WebClient) -> None:
        self._config = config
        self._pages = ODataPages(client, config.table(ODataConfig).page_size)
        self.published = published_sets(self._pages)
        self._found: list[str] = []
        self._phone_counts: dict[str, int | None] = {}

    def offers(self) -> list[Offer]:
        """The catalogs that may hold phones: the usual ones, then others with contact information."""
        if not self.published:
            return [Offer(name, None) for name in self._found]
        names = [name for name in USUAL if PREFIX + name in self.published]
        for words in METADATA_NAMES:
            others = (name.removeprefix(PREFIX).removesuffix(f"_{words.section}") for name in sorted(self.published))
            names += [name for name in others if tabular_set(name, words) in self.published and name not in names]
        return [Offer(name, self._phones(name)) for name in names]

    def find(self, catalogs: Sequence[str]) -> None:
        """Find which of these catalogs can be read, where 1C does not show its sets.

        Raises SourceError when none can: what was wrong with the first of them.
        """
        refused: list[SourceError] = []
        for name in catalogs:
            try:
                self._pages.sample(PREFIX + name, ALL_ROWS)
                self._found.append(name)
            except REFUSED as error:
                refused.append(error)
        if not self._found and refused:
            raise refused[0]

    def _phones(self, name: str) -> int | None:
        words = metadata_names_of(name, self.published)
        section = tabular_set(name, words)
        if name not in self._phone_counts:
            there = section in self.published
            self._phone_counts[name] = self._pages.count(section, {"$filter": words.only_phones}) if there else None
        return self._phone_counts[name]

    def name_fields(self, catalog: str) -> dict[str, str]:
        """The fields that may be the name, each with what one row holds there; the usual one first."""
        row = self._item(catalog)
        return _names(row) if row is not None else {}

    def phone_fields(self, catalogs: Sequence[str]) -> tuple[str, ...]:
        """The own fields that look like phones, of those catalogs that have no contact information with phones."""
        found: dict[str, None] = {}
        for catalog in catalogs:
            row = None if self._phones(catalog) else self._item(catalog)
            if row is not None and not any(names.section in row and row[names.section] for names in METADATA_NAMES):
                found.update(dict.fromkeys(phone_fields(row)))
        return tuple(found)

    def _item(self, catalog: str) -> Row | None:
        row = sample_row(self._pages, catalog)
        folder = row is not None and row.get("IsFolder") is True
        return sample_row(self._pages, catalog, ITEMS) if folder else row

    def first_counterparties(self, catalogs: Sequence[str]) -> Iterator[Counterparty]:
        """Read some counterparties with phones of each catalog. Raises SourceError."""
        for rank, catalog in enumerate(catalogs):
            yield from CatalogReader(self._context(catalog, catalogs), catalog, rank).first_counterparties(_ROWS, _ROWS)

    def _context(self, catalog: str, catalogs: Sequence[str]) -> PullContext:
        """Make the context of a pull that sees only a few rows, those with phones if 1C can choose them."""
        words = metadata_names_of(catalog, self.published)
        section = tabular_set(catalog, words)
        odata = self._config.table(ODataConfig)
        if section in self.published:
            options = {"$filter": words.only_phones, "$select": "Ref_Key", "$orderby": "Ref_Key,LineNumber"}
            refs = dict.fromkeys(text_of(row.get("Ref_Key")) for row in self._pages.first(section, options, _ROWS))
            if refs:
                odata = odata.model_copy(update={"filter": " or ".join(f"Ref_Key eq {guid(ref)}" for ref in refs)})
        return pull_context(self._pages, odata, tuple(catalogs), self.published, today_here())


def _names(row: Row) -> dict[str, str]:
    fields = [name for name in text_fields(row) if name.startswith(("Description", "Наименование"))]
    fields = [name for name in (*_NAMES, *fields) if name in fields]
    return {name: text_of(row[name]).strip() for name in dict.fromkeys(fields)}


def proposal(offers: Sequence[Offer]) -> tuple[str, ...]:
    """Propose catalogs: counterparties and partners as far as they have phones, else the first that is there."""
    filled = [offer.name for offer in offers if offer.phones != 0]
    usual = tuple(name for name in filled if name in PROPOSED)
    return usual or tuple(filled[:1]) or RUSSIAN.firms[:1]


@contextmanager
def open_publication(config: SourceConfig) -> Iterator[Publication]:
    """Open a publication and read which sets it has. Raises SourceError, ConfigError."""
    with WebClient(config, service_root(config.url), _PATIENCE) as client:
        yield Publication(config, client)
