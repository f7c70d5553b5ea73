"""One catalog of an infobase to counterparties: its fields, its phones, its rows."""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial

from astsync.errors import SourceFailure, SourceQueryError
from astsync.language import say
from astsync.phonebook.model import Counterparty, Phone, Progress, no_progress
from astsync.sources.formats.values import text_of
from astsync.sources.odata.catalog_names import DESCRIPTION, CatalogNames
from astsync.sources.odata.contact_kinds import ContactKinds, read_kinds
from astsync.sources.odata.contacts import Contacts, locate
from astsync.sources.odata.owners import OwnerLink, OwnerOf, Owners, find_link
from astsync.sources.odata.pages import ODataPages, guid
from astsync.sources.odata.published import (
    ITEMS,
    PREFIX,
    NoContacts,
    explain_query,
    filter_refused,
    no_phone_field,
    no_responsible,
    sample_row,
)
from astsync.sources.odata.section import ODataConfig
from astsync.sources.onec.contact_rows import ContactBook
from astsync.sources.onec.phone_texts import as_phones, gather
from astsync.sources.onec.rows import Row, ref_key

logger = logging.getLogger(__name__)

FOLDER = "IsFolder"
CODE = "Code"
TAX_NUMBERS = ("ИНН", "TIN")
_PRESENTATION = "____Presentation"


@dataclass(frozen=True, slots=True)
class PullContext:
    """What the readers of one pull share. ``catalogs`` are those of the configuration, without prefixes."""

    pages: ODataPages
    config: ODataConfig
    catalogs: tuple[str, ...]
    published: frozenset[str]
    kinds: ContactKinds
    owners: Owners
    today: date


def pull_context(
    pages: ODataPages, config: ODataConfig, catalogs: tuple[str, ...], published: frozenset[str], today: date
) -> PullContext:
    """Make the context of a pull; the kinds of contact are read for it. Raises SourceError."""
    kinds = read_kinds(pages, published, config.kinds)
    return PullContext(pages, config, catalogs, published, kinds, Owners(pages, published), today)


class CatalogReader:
    """Reads one catalog with its phones. ``rank`` is its place among the catalogs."""

    def __init__(self, context: PullContext, catalog: str, rank: int, progress: Progress = no_progress) -> None:
        self._context, self._pages = context, context.pages
        self.catalog, self._rank, self._progress = catalog, rank, progress
        config = context.config
        self.names = CatalogNames(catalog, config.name_field, config.of_catalog(config.templates, catalog))
        self.filter = config.of_catalog(config.filters, catalog, config.filter)
        self._set = f"{PREFIX}{catalog}"

    @cached_property
    def sample_row(self) -> Row | None:
        """A row with all fields, which fits the filter if any does. Raises SourceQueryError for a refused filter."""
        return (self._fitting() if self.filter else None) or sample_row(self._pages, self.catalog)

    def _fitting(self) -> Row | None:
        """Try the filter alone, so that an error of the filter is not taken for one of the fields."""
        try:
            return self._pages.sample(self._set, {"$filter": self.filter})
        except (SourceQueryError, SourceFailure) as error:
            row = sample_row(self._pages, self.catalog)
            if row is None and isinstance(error, SourceFailure):
                raise  # without the filter 1C fails too
            raise filter_refused(self.catalog, self.filter, row, error) from None

    @cached_property
    def sample_item(self) -> Row | None:
        """A sample row that is no folder: folders lack fields that items have."""
        folder = self.sample_row is not None and self.sample_row.get(FOLDER) is True
        return sample_row(self._pages, self.catalog, ITEMS) if folder else self.sample_row

    @cached_property
    def link(self) -> OwnerLink | None:
        """The field that leads to the owner, where the template names it. Raises SourceQueryError where it has none."""
        return find_link(self.catalog, self.sample_item) if self.names.wants_owner else None

    @cached_property
    def contacts(self) -> Contacts:
        """The place where the phones stand. Raises SourceError where there is none."""
        context = self._context
        place = context.config.contacts
        try:
            return locate(self._pages, self.catalog, place, context.published, lambda: self.sample_item, context.kinds)
        except NoContacts:
            if place != "auto" or self.sample_item is None or not self.phone_fields:
                raise
            return Contacts()

    @cached_property
    def phone_fields(self) -> tuple[str, ...]:
        """The catalog's own fields with phones: those of the configuration that it has."""
        wanted, item = self._context.config.phone_fields, self.sample_item
        return wanted if item is None else tuple(field for field in wanted if field in item)

    @cached_property
    def tax_field(self) -> str:
        """The field with the ИНН where the catalog has one, and no code: something has to tell cards apart."""
        item = self.sample_item or {}
        return "" if CODE in item else next((field for field in TAX_NUMBERS if field in item), "")

    @cached_property
    def responsible_field(self) -> str:
        """The field with the name of who keeps a card, "" where the catalog has none; of a reference its text."""
        wanted, item = self._context.config.responsible, self.sample_item or {}
        if wanted and f"{wanted}_Key" in item:
            return f"{wanted}{_PRESENTATION}"
        return wanted if wanted in item else ""

    def check_fields(self) -> None:
        """Compare what the configuration names with what the catalog has. Raises SourceError."""
        if self.sample_row is not None:
            self.names.plain(self.sample_row, self.sample_item)
        if self.names.template:
            self.names.check(self.sample_item)

    def check_readable(self) -> None:
        """Ask for one reference alone, if no sample row could be read. Raises the SourceError that says why not."""
        if self.sample_row is None:
            self._pages.sample(self._set, {"$select": "Ref_Key"})

    def read(self) -> Iterator[Counterparty]:
        """Read the catalog's counterparties, without those marked for deletion. Raises SourceError."""
        self.check_fields()
        book, make = self._book(), self._maker(self._owner_of())
        stage = say("{catalog}: phones", catalog=self.catalog)
        self.contacts.fill(book, report=partial(self._progress, stage))
        inside, take = bool(self.contacts.columns), book.take
        for row in self._explained(self._rows()):
            if inside:
                self.contacts.add_row(book, row)
            one = make(row, take(row["Ref_Key"]))
            if one is not None:
                yield one
        self._tell_left_out(book.owners)

    def first_counterparties(self, count: int, among: int = 10) -> list[Counterparty]:
        """Read some counterparties of the first ``among`` rows, those with phones first. Raises SourceError."""
        self.check_fields()
        book, make = self._book(), self._maker(self._owner_of())
        rows = list(self._explained(self._first(among)))
        if rows:  # without references the contacts of the whole base would be read
            self.contacts.fill(book, refs=[row["Ref_Key"] for row in rows])
        for row in rows:
            self.contacts.add_row(book, row)
        found = [one for row in rows if (one := make(row, book.take(row["Ref_Key"]))) is not None]
        return sorted(found, key=lambda one: not one.phones)[:count]

    def read_few(self, refs: Sequence[str]) -> list[Counterparty]:
        """Read a few counterparties by their references, without those marked for deletion. Raises SourceError.

        Only what belongs to them is read, in one or two requests.
        """
        chosen = " or ".join(f"Ref_Key eq {guid(ref)}" for ref in refs)
        test = f"({chosen}) and ({self.filter})" if self.filter else chosen
        options = {**self._options(), "$filter": test}
        rows = list(self._explained(iter(self._pages.first(self._set, options, len(refs)))))
        living = [row for row in rows if ref_key(row) and row.get("DeletionMark") is not True]
        book, make = self._book(), self._maker(self._owner_of_few(living))
        if living:
            self.contacts.fill_few(book, [row["Ref_Key"] for row in living])
        for row in living:
            self.contacts.add_row(book, row)
        return [one for row in living if (one := make(row, book.take(row["Ref_Key"]))) is not None]

    def _owner_of_few(self, rows: Sequence[Row]) -> OwnerOf:
        if self.link is None or not rows:
            return lambda _row: ""
        config, others = self._context.config, self._context.catalogs
        named = config.of_catalog(config.owners, self.catalog).removeprefix(PREFIX)
        return self._context.owners.finder_for(self.catalog, self.link, named, others, rows)

    def _book(self) -> ContactBook:
        return ContactBook(self._context.kinds.names, self._context.today)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields to ask for."""
        return tuple(dict.fromkeys((*self.own_fields, *self.contacts.columns)))

    @cached_property
    def own_fields(self) -> tuple[str, ...]:
        """The fields without those of phones.

        IsFolder and Code are asked for only where a row has them: 1C refuses a query for a field that is not there, and
        Контрагенты of УТ 11 have neither.
        """
        folder = (FOLDER,) if self.sample_row and FOLDER in self.sample_row else ()
        code = (CODE,) if self.sample_item and CODE in self.sample_item else ()
        card = tuple(filter(None, (self.tax_field, self.responsible_field)))
        link = self.link.fields if self.link else ()
        named = ("Ref_Key", *self.names.fields(self.sample_item), "DeletionMark", *self.phone_fields)
        return tuple(dict.fromkeys((*named, *folder, *code, *card, *link)))

    def _options(self) -> dict[str, str]:
        options = {"$select": ",".join(self.fields), "$orderby": "Ref_Key"}
        return {**options, "$filter": self.filter} if self.filter else options

    def _rows(self) -> Iterator[Row]:
        rows = self._pages.rows(self._set, self._options(), ref_key, partial(self._progress, self.catalog))
        later = self._context.catalogs[self._rank + 1 :]
        wanted = any(
            "{owner}" in self._context.config.of_catalog(self._context.config.templates, name) for name in later
        )
        unfiltered = not self.filter and DESCRIPTION in self.fields
        return self._context.owners.keeping(self.catalog, rows) if wanted and unfiltered else rows

    def _first(self, count: int) -> Iterator[Row]:
        for row in self._pages.first(self._set, self._options(), count):
            ref_key(row)
            yield row

    def _explained(self, rows: Iterator[Row]) -> Iterator[Row]:
        try:
            yield from rows
        except SourceQueryError as error:
            raise explain_query(self.catalog, self.fields, self.sample_item, error) from None

    def _owner_of(self) -> OwnerOf:
        if self.link is None:
            return lambda _row: ""
        config, others = self._context.config, self._context.catalogs
        named = config.of_catalog(config.owners, self.catalog).removeprefix(PREFIX)
        return self._context.owners.finder(self.catalog, self.link, named, others)

    def _maker(self, owner_of: OwnerOf) -> Callable[[Row, tuple[Phone, ...]], Counterparty | None]:
        """Make what makes the counterparty of a row; None for a row that is a folder or marked for deletion.

        What is the same for all rows is looked up once.
        """
        full, sample, choose = self.names.full, self.sample_item, self._context.kinds.choose
        catalog, rank, phone_fields = self.catalog, self._rank, self.phone_fields
        tax_field, responsible_field = self.tax_field, self.responsible_field

        def make(row: Row, phones: tuple[Phone, ...]) -> Counterparty | None:
            told = row.get
            if told("DeletionMark") is True or told(FOLDER) is True:
                return None
            name = full(row, owner_of(row), sample)
            for field in phone_fields:
                phones += as_phones(gather((told(field),)), field)
            code, tax_number, responsible = told(CODE), told(tax_field), told(responsible_field)
            return Counterparty(
                row["Ref_Key"],
                name,
                choose(phones),
                catalog,
                rank,
                text_of(code).strip() if code is not None else "",
                text_of(tax_number).strip() if tax_number is not None else "",
                sys.intern(text_of(responsible).strip()) if responsible is not None else "",
            )

        return make

    def _tell_left_out(self, count: int) -> None:
        """Log how many phones were left out because their owners were not read.

        It is a warning, unless a filter or rights leave owners out: then it is expected.
        """
        if not count:
            return
        expected = self.filter or self._context.config.allowed_only
        level = logging.INFO if expected else logging.WARNING
        logger.log(level, "%s: phones of %d unknown owners were left out", self.catalog, count)


def check_responsible(readers: Sequence[CatalogReader], wanted: str) -> None:
    """Raise SourceQueryError where none of the catalogs has the field of ``source.odata.responsible``."""
    rows = [row for reader in readers if wanted and (row := reader.sample_item) is not None]
    if wanted and len(rows) == len(readers) and not any(reader.responsible_field for reader in readers):
        raise no_responsible(wanted, rows)


def check_phone_fields(readers: Sequence[CatalogReader], wanted: Sequence[str]) -> None:
    """Raise SourceQueryError where none of the catalogs has a field of ``source.odata.phone_fields``."""
    rows = [row for reader in readers if wanted and (row := reader.sample_item) is not None]
    missing = [field for field in wanted if not any(field in row for row in rows)]
    if missing and len(rows) == len(readers):
        raise no_phone_field(missing, rows)
