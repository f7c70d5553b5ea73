"""Counterparties from the standard OData interface of 1C:Enterprise 8.3.8 and newer.

The reading plan: the service root tells which sets are published; the phones of a catalog come from its tabular
section as a set of its own (or from inside the parent where that set cannot be asked); then the catalog itself,
page by page, joined with the phones in memory. One whole row of each catalog shows which of the fields that not every
configuration has exist in it.

All texts that leave the source are valid Unicode of at most ``values.MAX_TEXT`` characters; longer ones are cut.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial

from astsync.config import SourceConfig
from astsync.errors import (
    SourceBadAnswer,
    SourceFailure,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
)
from astsync.finding import Finding
from astsync.phonebook.model import Counterparty, Phone, Progress, no_progress
from astsync.sources.checking import check_by_reading
from astsync.sources.contact import (
    CONTACTS,
    KEY_COLUMNS,
    PHONE_TYPE,
    USUAL_COLUMNS,
    VALUE_COLUMNS,
    ContactBook,
    today_here,
)
from astsync.sources.odata_catalogs import (
    ITEMS,
    address_hint,
    check_published,
    explain_query,
    no_text,
    published_sets,
    service_root,
    whole_row,
)
from astsync.sources.odata_pages import ODataPages
from astsync.sources.onec_http import OneCClient
from astsync.sources.retrying import Patience
from astsync.sources.values import Row, line_number, ref_key, row_key, text_of

logger = logging.getLogger(__name__)

FOLDER = "IsFolder"
KINDS = "Catalog_ВидыКонтактнойИнформации"
_NO_CONTACTS = "This is no contact information as 1C keeps it."
_ONLY_PHONES = {"$filter": f"Тип eq '{PHONE_TYPE}'"}


class ODataSource:
    """The counterparties of the catalogs that ``[source.odata]`` names, in that order of rank."""

    def __init__(
        self, config: SourceConfig, *, patience: Patience | None = None, today: Callable[[], date] = today_here
    ) -> None:
        self._config = config
        self._patience = patience or Patience()
        self._today = today
        names = (name.removeprefix("Catalog_") for name in config.odata.catalogs)
        self._catalogs = tuple(dict.fromkeys(names))  # both spellings name one catalog

    def describe(self) -> str:
        """Name the publication and the catalogs; an address never carries a login."""
        return f"1C OData at {self._config.url} ({', '.join(self._catalogs)})"

    def pull(self, progress: Progress = no_progress) -> Iterator[Counterparty]:
        """Give every counterparty of every catalog once. Raises SourceError when a list is not whole."""
        with OneCClient(self._config, service_root(self._config.url), self._patience) as client:
            pages = ODataPages(client, self._config.odata.page_size)
            try:
                yield from self._read(pages, progress)
            except (SourceNotFound, SourceBadAnswer) as error:
                error.hint += address_hint(self._config.url)
                raise

    def check(self) -> Iterator[Finding]:
        """Read the first counterparties."""
        return check_by_reading(self)

    def _read(self, pages: ODataPages, progress: Progress) -> Iterator[Counterparty]:
        published = published_sets(pages)
        check_published(self._catalogs, published)
        kinds = _kinds(pages, published)
        for rank, catalog in enumerate(self._catalogs):
            reader = _CatalogReader(pages, catalog, rank, self._config.odata.name_field, progress)
            yield from reader.read(ContactBook(kinds, self._today()), published)


class _CatalogReader:
    """Reads one catalog with its phones."""

    def __init__(self, pages: ODataPages, catalog: str, rank: int, name_field: str, progress: Progress) -> None:
        self._pages = pages
        self._catalog, self._rank, self._name_field = catalog, rank, name_field
        self._progress = progress
        self._set = f"Catalog_{catalog}"
        self._whole: Row | None = None

    def read(self, book: ContactBook, published: frozenset[str]) -> Iterator[Counterparty]:
        """Give the catalog's counterparties, with the phones of the tabular set or of the rows inside."""
        self._whole = whole_row(self._pages, self._catalog)
        if self._whole is not None:
            self._name(self._whole)
        inside = not self._read_contacts(book)
        fields = self._fields(CONTACTS) if inside else self._fields()
        try:
            for row in self._owners(fields):
                if inside:
                    _add_inside(book, row)
                yield from self._counterparty(row, book.take(row["Ref_Key"]))
        except SourceQueryError as error:
            raise explain_query(self._catalog, fields, self._item(), published, error) from None
        if book.owners:
            logger.warning("%s: phones of %d unknown owners were left out", self._catalog, book.owners)

    def _fields(self, *more: str) -> tuple[str, ...]:
        """Give the fields to ask for. IsFolder only where a row has it: other catalogs refuse the whole query."""
        folder = (FOLDER,) if self._whole and FOLDER in self._whole else ()
        return tuple(dict.fromkeys(("Ref_Key", self._name_field, "DeletionMark", *folder, *more)))

    def _item(self) -> Row | None:
        """Give a whole row that is no folder: folders lack fields that items have."""
        folder = self._whole is not None and self._whole.get(FOLDER) is True
        return whole_row(self._pages, self._catalog, ITEMS) if folder else self._whole

    def _read_contacts(self, book: ContactBook) -> bool:
        """Read the tabular section as a set; False when this base has no such set."""
        name = f"{self._set}_{CONTACTS}"
        try:
            sample = self._pages.sample(name, _ONLY_PHONES)
        except (SourceNotFound, SourceQueryError) as error:
            logger.info("%s: %s; reading it inside the catalog", name, error)
            return False
        known = USUAL_COLUMNS if sample is None else sample
        columns = (*KEY_COLUMNS, *(column for column in VALUE_COLUMNS if column in known))
        options = {"$select": ",".join(columns), **_ONLY_PHONES, "$orderby": ",".join(KEY_COLUMNS)}
        for row in self._pages.rows(name, options, row_key, partial(self._progress, f"{self._catalog}: phones")):
            book.add(row["Ref_Key"], row)
        return True

    def _owners(self, fields: tuple[str, ...]) -> Iterator[Row]:
        options = {"$select": ",".join(fields), "$orderby": "Ref_Key"}
        return self._pages.rows(self._set, options, ref_key, partial(self._progress, self._catalog))

    def _counterparty(self, row: Row, phones: tuple[Phone, ...]) -> Iterator[Counterparty]:
        """Give the counterparty of a row, unless it is a folder or marked for deletion."""
        if row.get("DeletionMark") is not True and row.get(FOLDER) is not True:
            yield Counterparty(row["Ref_Key"], self._name(row), phones, self._catalog, self._rank)

    def _name(self, row: Row) -> str:
        """Give the name in a row; null is an empty one. Raises SourceQueryError when the field holds no text."""
        name = row.get(self._name_field)
        if name is not None and not isinstance(name, str):
            raise no_text(self._catalog, self._name_field, self._item())
        return text_of(name)


def _kinds(pages: ODataPages, published: frozenset[str]) -> Mapping[str, str]:
    """Read the names of the kinds of contact information: welcome, but the phonebook does without."""
    if published and KINDS not in published:
        return {}
    options = {"$select": "Ref_Key,Description", "$orderby": "Ref_Key"}
    try:
        rows = pages.rows(KINDS, options, ref_key)
        return {row["Ref_Key"]: text_of(row.get("Description")).strip() for row in rows}
    except (SourceNotFound, SourceQueryError, SourceRightsError, SourceFailure) as error:
        logger.info("phones go without the names of their kinds: %s", error)
        return {}


def _add_inside(book: ContactBook, row: Row) -> None:
    inside = row.get(CONTACTS)
    if inside is not None and not isinstance(inside, list):
        raise SourceBadAnswer(f"{CONTACTS} is no list of rows", hint=_NO_CONTACTS)
    seen: set[int | None] = set()
    for contact in inside or ():
        if not isinstance(contact, dict):
            raise SourceBadAnswer(f"{CONTACTS} holds what is no row", hint=_NO_CONTACTS)
        line = line_number(contact)
        if line is None or line not in seen:
            seen.add(line)
            book.add(row["Ref_Key"], contact)
