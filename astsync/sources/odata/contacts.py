"""Where a catalog's phones stand, and how they are read from there.

The tabular section as a set of its own is the usual place. Some bases let it be read only inside the rows of the
catalog. Configurations before 1C's standard library (УТ 10.3, УПП 1.3, БП 2.0) keep the contacts of all catalogs in
one information register instead.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, Protocol

from astsync.errors import SourceBadAnswer, SourceError, SourceNotFound, SourceQueryError
from astsync.sources.contact import (
    CONTACTS,
    KEY_COLUMNS,
    PHONE_TYPE,
    USUAL_COLUMNS,
    VALUE_COLUMNS,
    ContactBook,
)
from astsync.sources.odata.catalogs import PREFIX, no_contacts
from astsync.sources.odata.kinds import KINDS, Kinds
from astsync.sources.odata.pages import ODataPages, Report, guid
from astsync.sources.values import Row, column, line_number, row_key

logger = logging.getLogger(__name__)

REGISTER = f"InformationRegister_{CONTACTS}"
Place = Literal["auto", "section", "inside", "register"]

_NO_CONTACTS = "This is no contact information as 1C keeps it."
_ONLY_PHONES = f"Тип eq '{PHONE_TYPE}'"
_TYPE = "StandardODATA.Catalog_"
_REGISTER_KEYS = ("Объект", "Объект_Type", "Тип", "Вид", "Вид_Type")
_REGISTER_VALUES = ("Представление", "Поле1", "Поле2", "Поле3", "ДействуетС")
_REGISTER_ORDER = ("Объект", "Вид", "ДействуетС")
_LONGEST_KIND = 200
_FEW_OWNERS = 4
"""Owners in one ``$filter``: IIS refuses queries of more than 2048 characters, and a Cyrillic letter takes six."""


class Contacts(Protocol):
    """A place where the phones of one catalog stand. ``columns`` are the catalog's own that carry phones."""

    columns: tuple[str, ...]

    def describe(self) -> str:
        """Name the place for people."""
        ...

    def fill(self, book: ContactBook, refs: Sequence[str] = (), report: Report | None = None) -> None:
        """Read all phones into the book, or those of some counterparties. Raises SourceError."""
        ...

    def add_row(self, book: ContactBook, row: Row) -> None:
        """Read what a row of the catalog itself carries. Raises SourceBadAnswer."""
        ...


class Section:
    """The tabular section as a set of its own; ``sample`` is one of its rows and shows which columns exist."""

    columns: tuple[str, ...] = ()

    def __init__(self, pages: ODataPages, catalog: str, sample: Row | None) -> None:
        self._pages, self._name = pages, section_set(catalog)
        known = USUAL_COLUMNS if sample is None else sample
        self._columns = (*KEY_COLUMNS, *(name for name in VALUE_COLUMNS if name in known))

    def describe(self) -> str:
        """Name the set."""
        return f"in the set {self._name}"

    def fill(self, book: ContactBook, refs: Sequence[str] = (), report: Report | None = None) -> None:
        """Read the set's rows, page by page."""
        options = {"$select": ",".join(self._columns), "$orderby": ",".join(KEY_COLUMNS)}
        for owners in _any_of(f"Ref_Key eq {guid(ref)}" for ref in refs):
            chosen = {**options, "$filter": _ONLY_PHONES + owners}
            for row in self._pages.rows(self._name, chosen, row_key, report):
                book.add(row["Ref_Key"], row)

    def add_row(self, book: ContactBook, row: Row) -> None:
        """Read nothing: the set has given all."""


class Inside:
    """The tabular section inside the rows of the catalog."""

    columns: tuple[str, ...] = (CONTACTS,)

    def describe(self) -> str:
        """Name the column."""
        return f"inside the rows of the catalog (column {CONTACTS})"

    def fill(self, book: ContactBook, refs: Sequence[str] = (), report: Report | None = None) -> None:
        """Read nothing: each row of the catalog brings its own."""

    def add_row(self, book: ContactBook, row: Row) -> None:
        """Read the lines of a row; a line that comes twice counts once."""
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


class Register:
    """The information register of older configurations, of which the rows of one catalog are read.

    Its rows name their owner in ``Объект`` with the catalog in ``Объект_Type``. ``Вид`` is a reference to the catalog
    of kinds, or the kind's own name, which joins the names of ``kinds``.
    """

    columns: tuple[str, ...] = ()

    def __init__(self, pages: ODataPages, catalog: str, sample: Row | None, kinds: Kinds) -> None:
        self._pages, self._catalog, self._kinds = pages, catalog, kinds
        values = _REGISTER_VALUES[:1] if sample is None else (name for name in _REGISTER_VALUES if name in sample)
        self._columns = (*_REGISTER_KEYS, *values)

    def describe(self) -> str:
        """Name the register."""
        return f"in the register {REGISTER}"

    def fill(self, book: ContactBook, refs: Sequence[str] = (), report: Report | None = None) -> None:
        """Read the register's rows of the catalog, page by page."""
        order = ",".join(name for name in _REGISTER_ORDER if name in self._columns)
        options = {"$select": ",".join(self._columns), "$orderby": order}
        for owners in _any_of(f"Объект eq cast({guid(ref)},'{PREFIX}{self._catalog}')" for ref in refs):
            chosen = {**options, "$filter": _register_filter(self._catalog) + owners}
            for row in self._pages.rows(REGISTER, chosen, register_key, report):
                if row.get("Объект_Type") == _TYPE + self._catalog:
                    book.add(row["Объект"], {**row, "Вид_Key": self._kind(row)})

    def _kind(self, row: Row) -> str:
        kind = column(row, "Вид", _LONGEST_KIND)
        if column(row, "Вид_Type") == _TYPE + KINDS:
            self._kinds.need()
        elif kind:
            self._kinds.names.setdefault(kind, kind.strip())
        return kind

    def add_row(self, book: ContactBook, row: Row) -> None:
        """Read nothing: the register has given all."""


def locate(
    pages: ODataPages,
    catalog: str,
    place: Place,
    published: frozenset[str],
    item: Callable[[], Row | None],
    kinds: Kinds,
) -> Contacts:
    """Find where the phones of a catalog stand. ``item`` gives one of its rows with all fields.

    Raises SourceError: SourceNotFound where there are no contacts at all.
    """
    if place == "auto":
        found = _search(pages, catalog, published, item, kinds)
    elif place == "inside":
        found = Inside()
    else:
        found = _section(pages, catalog) if place == "section" else _register(pages, catalog, kinds)
    if not isinstance(found, Register):
        kinds.need()
    return found


def _search(
    pages: ODataPages, catalog: str, published: frozenset[str], item: Callable[[], Row | None], kinds: Kinds
) -> Contacts:
    try:
        return _section(pages, catalog)
    except (SourceNotFound, SourceQueryError) as error:
        logger.info("%s: %s; looking elsewhere", catalog, error)
    row = item()
    if row is not None and CONTACTS not in row:
        return _found_register(pages, catalog, published, kinds)
    return Inside()


def _found_register(pages: ODataPages, catalog: str, published: frozenset[str], kinds: Kinds) -> Contacts:
    """Give the register where there is one. Raises SourceNotFound: the catalog has no contacts then."""
    missing: SourceError = no_contacts(catalog)
    if published and REGISTER not in published:
        raise missing
    try:
        return _register(pages, catalog, kinds)
    except SourceNotFound:
        raise missing from None


def _section(pages: ODataPages, catalog: str) -> Section:
    return Section(pages, catalog, pages.sample(section_set(catalog), {"$filter": _ONLY_PHONES}))


def _register(pages: ODataPages, catalog: str, kinds: Kinds) -> Register:
    return Register(pages, catalog, pages.sample(REGISTER, {"$filter": _register_filter(catalog)}), kinds)


def section_set(catalog: str) -> str:
    """Give the name of the set of a catalog's contacts."""
    return f"{PREFIX}{catalog}_{CONTACTS}"


def _register_filter(catalog: str) -> str:
    return f"{_ONLY_PHONES} and Объект_Type eq '{_TYPE}{catalog}'"


def _any_of(tests: Iterable[str]) -> Iterator[str]:
    """Give what continues a ``$filter``, for a few tests at a time; without tests "" once: everything is wanted."""
    every = list(tests)
    for start in range(0, len(every) or 1, _FEW_OWNERS):
        joined = " or ".join(every[start : start + _FEW_OWNERS])
        yield f" and ({joined})" if joined else ""


def register_key(row: Row) -> str:
    """Give what names a row of the register: its owner, its kind, its date where it has one. Raises SourceBadAnswer."""
    owner = row.get("Объект")
    if not isinstance(owner, str) or not owner.isprintable():
        raise SourceBadAnswer(f"a row of {REGISTER} came without its owner (Объект)", hint=_NO_CONTACTS)
    return "/".join((owner, column(row, "Вид", _LONGEST_KIND), column(row, "ДействуетС", _LONGEST_KIND)))
