"""Where a catalog's phones stand, and how they are read from there.

Three places are tried, in this order. The tabular section as a set of its own is the usual one. Some bases let the
section be read only inside the rows of the catalog. Configurations before 1C's standard library (УТ 10.3, УПП 1.3,
БП 2.0) keep the contacts of all catalogs in one information register instead.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from astsync.errors import SourceBadAnswer, SourceNotFound, SourceQueryError
from astsync.language import say
from astsync.sources.odata.contact_kinds import ContactKinds
from astsync.sources.odata.overlapping_pages import NotWhole
from astsync.sources.odata.pages import ODataPages, PageProgress, guid
from astsync.sources.odata.published import PREFIX, no_contacts
from astsync.sources.onec.contact_rows import ContactBook
from astsync.sources.onec.metadata_names import METADATA_NAMES, MetadataNames, metadata_names_of
from astsync.sources.onec.rows import KEY_COLUMNS, Row, column, line_number, row_key

logger = logging.getLogger(__name__)

ContactsPlace = Literal["auto", "section", "inside", "register"]

_NO_CONTACTS = say("This is no contact information as 1C keeps it.")
_INSIDE = say(
    "If it happens again, let them be read inside the rows of the catalog, of which none is cut between two pages: "
    'contacts = "inside" in the table source.odata.'
)
_TYPE = "StandardODATA.Catalog_"
_FEW_ROWS = 50
_USUAL = 4  # of the section's columns: those that every configuration has that was seen
_LONGEST_KIND = 200
_FEW_OWNERS = 4
"""Owners in one ``$filter``: IIS refuses queries of more than 2048 characters, and a Cyrillic letter takes six."""


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """Where a number is searched: a set, the test of its rows that are phones, and the column of their owner.

    ``whole`` are columns that hold whole numbers, ``local`` those with the end of a number alone. ``within`` is the
    section whose lines are tested, where the set is the catalog itself; the columns are then those of the lines.
    """

    name: str
    only: str
    owner: str
    whole: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    within: str = ""


class Contacts:
    """A place where the phones of one catalog stand. ``columns`` are the catalog's own that carry phones.

    This is that of a catalog without contact information: its phones stand in fields of its own
    (``source.odata.phone_fields``), which the catalog's reader takes itself.
    """

    columns: tuple[str, ...] = ()

    def describe(self) -> str:
        """Name the place for people."""
        return say("in the catalog itself")

    def fill(self, book: ContactBook, refs: Sequence[str] = (), report: PageProgress | None = None) -> None:
        """Read all phones into the book, or those of some counterparties. Raises SourceError."""

    def add_row(self, book: ContactBook, row: Row) -> None:
        """Read what a row of the catalog itself carries. Raises SourceBadAnswer."""

    def fill_few(self, book: ContactBook, refs: Sequence[str]) -> None:
        """Read the phones of a few counterparties, each with its first ``_FEW_ROWS``: one request for some of them."""

    def search_place(self) -> SearchPlace | None:
        """Where the rows of a number are found; None: nowhere but in the catalog's own fields."""
        return None


class TabularContacts(Contacts):
    """The tabular section as a set of its own; ``sample`` is one of its rows and shows which columns exist."""

    def __init__(self, pages: ODataPages, catalog: str, sample: Row | None, names: MetadataNames) -> None:
        self._pages, self._name, self._names = pages, tabular_set(catalog, names), names
        known = names.section_columns[:_USUAL] if sample is None else sample
        self._columns = (*KEY_COLUMNS, *(name for name in names.section_columns if name in known))

    def describe(self) -> str:
        """Name the set."""
        return say("in the set {name}", name=self._name)

    def fill(self, book: ContactBook, refs: Sequence[str] = (), report: PageProgress | None = None) -> None:
        """Read the set's rows, page by page. Where rows are missing, the cure names the other place for them."""
        try:
            self._fill(book, refs, report)
        except NotWhole as error:
            error.hint += " " + _INSIDE
            raise

    def _fill(self, book: ContactBook, refs: Sequence[str], report: PageProgress | None) -> None:
        for chosen in self._choices(refs):
            for page in self._pages.batches(self._name, chosen, row_key, report, counted=not refs):
                book.add_page(page, self._names)

    def _choices(self, refs: Sequence[str]) -> Iterator[dict[str, str]]:
        options = {"$select": ",".join(self._columns), "$orderby": ",".join(KEY_COLUMNS)}
        for owners in _any_of(f"Ref_Key eq {guid(ref)}" for ref in refs):
            yield {**options, "$filter": self._names.only_phones + owners}

    def fill_few(self, book: ContactBook, refs: Sequence[str]) -> None:
        """Read the first rows of these counterparties."""
        for chosen in self._choices(refs):
            for row in self._pages.first(self._name, chosen, _FEW_OWNERS * _FEW_ROWS):
                row_key(row)
                book.add(row["Ref_Key"], row, self._names)

    def search_place(self) -> SearchPlace:
        """Search the set of the section."""
        whole = tuple(name for name in (self._names.text, self._names.digits) if name in self._columns)
        return SearchPlace(self._name, self._names.only_phones, "Ref_Key", whole)


class InsideContacts(Contacts):
    """The tabular section inside the rows of the catalog."""

    def __init__(self, catalog: str, names: MetadataNames) -> None:
        self._catalog, self._names = catalog, names
        self.columns = (names.section,)

    def describe(self) -> str:
        """Name the column."""
        return say("inside the rows of the catalog (column {column})", column=self._names.section)

    def add_row(self, book: ContactBook, row: Row) -> None:
        """Read the lines of a row; a line that comes twice counts once."""
        section = self._names.section
        inside = row.get(section)
        if inside is not None and not isinstance(inside, list):
            raise SourceBadAnswer(say("{column} is no list of rows", column=section), hint=_NO_CONTACTS)
        seen: set[int | None] = set()
        for contact in inside or ():
            if not isinstance(contact, dict):
                raise SourceBadAnswer(say("{column} holds what is no row", column=section), hint=_NO_CONTACTS)
            line = line_number(contact)
            if line is None or line not in seen:
                seen.add(line)
                book.add(row["Ref_Key"], contact, self._names)

    def search_place(self) -> SearchPlace:
        """Search the lines of the catalog's rows."""
        names = self._names
        columns = (names.text, names.digits)
        return SearchPlace(PREFIX + self._catalog, names.only_phones, "Ref_Key", columns, within=names.section)


class RegisterContacts(Contacts):
    """The information register of older configurations, of which the rows of one catalog are read.

    Its rows name their owner in ``Объект`` with the catalog in ``Объект_Type``. ``Вид`` is a reference to the catalog
    of kinds, or the kind's own name, which joins the names of ``kinds``.
    """

    def __init__(
        self, pages: ODataPages, catalog: str, sample: Row | None, kinds: ContactKinds, names: MetadataNames
    ) -> None:
        self._pages, self._catalog, self._kinds, self._names = pages, catalog, kinds, names
        self._type = _TYPE + catalog
        known = names.register_values[:1] if sample is None else sample
        self._columns = (*names.register_keys, *(name for name in names.register_values if name in known))

    def describe(self) -> str:
        """Name the register."""
        return say("in the register {name}", name=self._names.register)

    def fill(self, book: ContactBook, refs: Sequence[str] = (), report: PageProgress | None = None) -> None:
        """Read the register's rows of the catalog, page by page."""
        key = partial(register_key, names=self._names)
        for chosen in self._choices(refs):
            for row in self._pages.rows(self._names.register, chosen, key, report, counted=not refs):
                self._add(book, row)

    def _choices(self, refs: Sequence[str]) -> Iterator[dict[str, str]]:
        names = self._names
        ordered = (names.owner, names.register_kind, names.since)
        order = ",".join(name for name in ordered if name in self._columns)
        options = {"$select": ",".join(self._columns), "$orderby": order}
        for owners in _any_of(f"{names.owner} eq cast({guid(ref)},'{PREFIX}{self._catalog}')" for ref in refs):
            yield {**options, "$filter": _register_filter(self._catalog, names) + owners}

    def _add(self, book: ContactBook, row: Row) -> None:
        names = self._names
        if row.get(f"{names.owner}_Type") == self._type:
            book.add(row[names.owner], {**row, names.kind: self._kind(row)}, names)

    def fill_few(self, book: ContactBook, refs: Sequence[str]) -> None:
        """Read the first rows of these counterparties."""
        for chosen in self._choices(refs):
            for row in self._pages.first(self._names.register, chosen, _FEW_OWNERS * _FEW_ROWS):
                register_key(row, self._names)
                self._add(book, row)

    def search_place(self) -> SearchPlace:
        """Search the register: the text that people see, and the part with the local number."""
        names = self._names
        local = tuple(name for name in names.parts[2:3] if name in self._columns)
        return SearchPlace(names.register, _register_filter(self._catalog, names), names.owner, (names.text,), local)

    def _kind(self, row: Row) -> str:
        names = self._names
        kind = column(row, names.register_kind, _LONGEST_KIND)
        if column(row, f"{names.register_kind}_Type") == _TYPE + names.kinds:
            self._kinds.need()
        elif kind:
            self._kinds.names.setdefault(kind, kind.strip())
        return kind


def locate(
    pages: ODataPages,
    catalog: str,
    place: ContactsPlace,
    published: frozenset[str],
    sample_item: Callable[[], Row | None],
    kinds: ContactKinds,
) -> Contacts:
    """Find where the phones of a catalog stand. ``sample_item`` gives one of its rows with all fields.

    Raises SourceError: SourceNotFound where there are no contacts at all.
    """
    names = metadata_names_of(catalog, published)
    if place == "auto":
        found = _search(pages, catalog, published, sample_item, kinds)
    elif place == "inside":
        row = sample_item()
        held = (one for one in METADATA_NAMES if row is not None and one.section in row)
        found = InsideContacts(catalog, next(held, names))
    else:
        found = _tabular(pages, catalog, names) if place == "section" else _register(pages, catalog, kinds, names)
    if not isinstance(found, RegisterContacts):
        kinds.need()
    return found


def _search(
    pages: ODataPages,
    catalog: str,
    published: frozenset[str],
    sample_item: Callable[[], Row | None],
    kinds: ContactKinds,
) -> Contacts:
    names = metadata_names_of(catalog, published)
    # Without the published sets only the catalog's name tells the language, and it may mislead: both are tried.
    for one in (names,) if published else sorted(METADATA_NAMES, key=lambda one: one is not names):
        try:
            return _tabular(pages, catalog, one)
        except (SourceNotFound, SourceQueryError) as error:
            logger.info("%s: %s; looking elsewhere", catalog, error)
    row = sample_item()
    if row is None:
        return InsideContacts(catalog, names)
    for one in METADATA_NAMES:
        if one.section in row:
            return InsideContacts(catalog, one)
    return _found_register(pages, catalog, published, row, kinds)


def _found_register(
    pages: ODataPages, catalog: str, published: frozenset[str], row: Row, kinds: ContactKinds
) -> Contacts:
    """Choose the register if there is one. Raises SourceNotFound: the catalog has no contacts then."""
    missing = no_contacts(catalog, row)
    names = next((one for one in METADATA_NAMES if one.register in published), metadata_names_of(catalog, published))
    if published and names.register not in published:
        raise missing
    try:
        return _register(pages, catalog, kinds, names)
    except SourceNotFound:
        raise missing from None


def _tabular(pages: ODataPages, catalog: str, names: MetadataNames) -> TabularContacts:
    sample = pages.sample(tabular_set(catalog, names), {"$filter": names.only_phones})
    return TabularContacts(pages, catalog, sample, names)


def _register(pages: ODataPages, catalog: str, kinds: ContactKinds, names: MetadataNames) -> RegisterContacts:
    sample = pages.sample(names.register, {"$filter": _register_filter(catalog, names)})
    return RegisterContacts(pages, catalog, sample, kinds, names)


def tabular_set(catalog: str, names: MetadataNames) -> str:
    """Name the set of a catalog's contacts."""
    return f"{PREFIX}{catalog}_{names.section}"


def _register_filter(catalog: str, names: MetadataNames) -> str:
    return f"{names.only_phones} and {names.owner}_Type eq '{_TYPE}{catalog}'"


def _any_of(tests: Iterable[str]) -> Iterator[str]:
    """Write ends of a ``$filter`` with a few tests in each. Without tests there is one end, "": all rows are wanted."""
    every = list(tests)
    for start in range(0, len(every) or 1, _FEW_OWNERS):
        joined = " or ".join(every[start : start + _FEW_OWNERS])
        yield f" and ({joined})" if joined else ""


def register_key(row: Row, names: MetadataNames) -> str:
    """The key of a row of the register: its owner, its kind, its date if it has one. Raises SourceBadAnswer."""
    owner = row.get(names.owner)
    if not isinstance(owner, str) or not owner.isprintable():
        words = say("a row of {name} came without its owner ({column})", name=names.register, column=names.owner)
        raise SourceBadAnswer(words, hint=_NO_CONTACTS)
    kind, since = (column(row, name, _LONGEST_KIND) for name in (names.register_kind, names.since))
    return f"{owner}/{kind}/{since}"
