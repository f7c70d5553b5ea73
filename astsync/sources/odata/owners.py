"""The owners of contact persons: which field leads to them, in which catalog they stand, and their names.

A catalog with one kind of owner has ``Owner_Key``, a reference that does not tell its catalog; one with several has a
field of composite type with the catalog beside it (``ОбъектВладелец`` and ``ОбъектВладелец_Type`` of БП 3.0). Owners
are read once, and only for a template that names them.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from astsync.errors import SourceNotFound, SourceQueryError, SourceRightsError
from astsync.language import joined, say
from astsync.sources.formats.values import text_of
from astsync.sources.odata.catalog_names import DESCRIPTION
from astsync.sources.odata.pages import ODataPages, guid
from astsync.sources.odata.published import PREFIX
from astsync.sources.onec.metadata_names import METADATA_NAMES
from astsync.sources.onec.rows import Row, ref_key
from astsync.sources.web.refusals import ADD_TO_ODATA
from astsync.text import listed

logger = logging.getLogger(__name__)

_LINKS = ("Owner", *(link for names in METADATA_NAMES for link in names.links))
_USUAL = ("Партнеры", "Контрагенты", "Организации", "ФизическиеЛица", "Partners", "Counterparties", "Companies")
_TYPE = f"StandardODATA.{PREFIX}"
_NIL = "00000000-0000-0000-0000-000000000000"
_SAMPLES = 10
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

OwnerOf = Callable[[Row], str]
"""Finds the name of a row's owner; "" where it has none, or one that is marked for deletion or deleted."""


@dataclass(frozen=True, slots=True)
class OwnerLink:
    """The field that leads to the owner, and the one beside it that names the owner's catalog ("": there is none)."""

    field: str
    type_field: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields to ask for."""
        return (self.field, self.type_field) if self.type_field else (self.field,)


def find_link(catalog: str, row: Row | None) -> OwnerLink:
    """Find the field that leads to the owner. Raises SourceQueryError when a sample row has none."""
    if row is None:
        return OwnerLink("Owner_Key")
    for name in _LINKS:
        if f"{name}_Key" in row:
            return OwnerLink(f"{name}_Key")
        if name in row and f"{name}_Type" in row:
            return OwnerLink(name, f"{name}_Type")
    raise SourceQueryError(
        say("the catalog {catalog} has no owner, which its template names", catalog=catalog),
        hint=say(
            "Take {{owner}} out of source.odata.templates: this catalog has none of {fields}.", fields=", ".join(_LINKS)
        ),
    )


class Owners:
    """The names of owners by catalog and reference, each catalog read once."""

    def __init__(self, pages: ODataPages, published: frozenset[str]) -> None:
        self._pages, self._published = pages, published
        self._names: dict[str, Mapping[bytes, str]] = {}
        self._targets: dict[str, str] = {}

    def keeping(self, catalog: str, rows: Iterator[Row]) -> Iterator[Row]:
        """Pass on the rows of a whole catalog and keep their names, so that the catalog need not be read again."""
        names: dict[bytes, str] = {}
        for row in rows:
            if row.get("DeletionMark") is not True:
                names[_packed(ref_key(row))] = text_of(row.get(DESCRIPTION)).strip()
            yield row
        self._names[catalog] = names

    def finder(self, catalog: str, link: OwnerLink, named: str, candidates: tuple[str, ...]) -> OwnerOf:
        """Make the function that finds a row's owner.

        ``named`` is the catalog of owners that the configuration names; "": it is searched for, first among
        ``candidates``, then among the usual catalogs. Raises SourceError.
        """
        if link.type_field:
            return lambda row: self._by_type(row, link)
        target = named or self._search(catalog, link.field, candidates)
        names = self._of(target) if target else {}
        return lambda row: names.get(_packed(row.get(link.field)), "")

    def finder_for(
        self, catalog: str, link: OwnerLink, named: str, candidates: tuple[str, ...], rows: Sequence[Row]
    ) -> OwnerOf:
        """Make the function that finds the owners of a few rows: only these owners are read. Raises SourceError."""
        wanted: dict[str, set[str]] = {}
        for row in rows:
            ref = text_of(row.get(link.field))
            target = self._target(catalog, link, named, candidates, row)
            if target and ref != _NIL and _GUID.fullmatch(ref):
                wanted.setdefault(target, set()).add(ref)
        names: dict[bytes, str] = {}
        for target, refs in wanted.items():
            options = {
                "$select": f"Ref_Key,{DESCRIPTION},DeletionMark",
                "$filter": " or ".join(f"Ref_Key eq {guid(ref)}" for ref in sorted(refs)),
            }
            for row in self._pages.first(PREFIX + target, options, len(refs)):
                if row.get("DeletionMark") is not True:
                    names[_packed(ref_key(row))] = text_of(row.get(DESCRIPTION)).strip()
        return lambda row: names.get(_packed(row.get(link.field)), "")

    def _target(self, catalog: str, link: OwnerLink, named: str, candidates: tuple[str, ...], row: Row) -> str:
        """The catalog of a row's owner; "" where nobody knows it."""
        if link.type_field:
            kind = text_of(row.get(link.type_field))
            return kind.removeprefix(_TYPE) if kind.startswith(_TYPE) else ""
        if catalog not in self._targets:
            self._targets[catalog] = named or self._search(catalog, link.field, candidates)
        return self._targets[catalog]

    def _by_type(self, row: Row, link: OwnerLink) -> str:
        kind = text_of(row.get(link.type_field))
        if not kind.startswith(_TYPE) or not row.get(link.field):
            return ""
        try:
            names = self._of(kind.removeprefix(_TYPE))
        except SourceNotFound as error:
            logger.warning("owners of the type %s are left out of names: %s", kind, error)
            names = self._names[kind.removeprefix(_TYPE)] = {}
        return names.get(_packed(row.get(link.field)), "")

    def _of(self, catalog: str) -> Mapping[bytes, str]:
        if catalog not in self._names:
            if not self._offers(catalog):
                words = say("not published in 1C's OData interface: {names}", names=catalog)
                raise SourceNotFound(words, hint=ADD_TO_ODATA)
            options = {"$select": f"Ref_Key,{DESCRIPTION},DeletionMark", "$orderby": "Ref_Key"}
            for _ in self.keeping(catalog, self._pages.rows(PREFIX + catalog, options, ref_key)):
                pass
        return self._names[catalog]

    def _search(self, catalog: str, field: str, candidates: tuple[str, ...]) -> str:
        """Find the catalog that knows some owners; "" where nothing has an owner. Raises SourceNotFound."""
        options = {"$select": field, "$filter": f"{field} ne {guid(_NIL)}"}
        rows = self._pages.first(PREFIX + catalog, options, _SAMPLES)
        refs = sorted({ref for row in rows if _GUID.fullmatch(ref := text_of(row.get(field))) and ref != _NIL})
        if not refs:
            return ""
        tried = [name for name in dict.fromkeys((*candidates, *_USUAL)) if name != catalog and self._offers(name)]
        for name in tried:
            if name in self._names or self._knows(name, refs):
                return name
        write = say(
            'Write it in source.odata.owners: "{catalog}" = "…"; tried: {tried}. It must be published.',
            catalog=catalog,
            tried=listed(tried) or say("no catalog"),
        )
        words = say("no catalog is known to hold the owners of {catalog}", catalog=catalog)
        raise SourceNotFound(words, hint=joined(" ", (write, ADD_TO_ODATA)))

    def _offers(self, catalog: str) -> bool:
        return not self._published or PREFIX + catalog in self._published

    def _knows(self, catalog: str, refs: list[str]) -> bool:
        options = {"$select": "Ref_Key", "$filter": " or ".join(f"Ref_Key eq {guid(ref)}" for ref in refs)}
        try:
            return self._pages.sample(PREFIX + catalog, options) is not None
        except (SourceNotFound, SourceQueryError, SourceRightsError) as error:
            logger.info("%s: not the owners of anybody: %s", catalog, error)
            return False


def _packed(reference: object) -> bytes:
    """Pack a reference into half the memory of its text: a base may have 200,000 owners."""
    text = text_of(reference)
    return bytes.fromhex(text.replace("-", "")) if _GUID.fullmatch(text) else text.encode()
