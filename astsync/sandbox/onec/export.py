"""The list of counterparties as the 1C code of examples/1c writes it: ordered by reference, only current phones."""

import re
import uuid
from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from astsync.sandbox.onec.columns import REGISTER, Line, kind_of
from astsync.sandbox.onec.data import NO_DATE, PHONE, Contact, Item
from astsync.sandbox.onec.infobase import EntitySet, Infobase
from astsync.sandbox.onec.item_tables import Table

LARGEST_PAGE = 10_000
"""The largest page; a larger Limit does not change it."""

_SHORTEST = 7
_NOT_IN_JSON = re.compile('["\\\\\x00-\x1f]')
_NOT_DIGITS = re.compile(r"[^0-9]+")
ExportedRecord = dict[str, Any]


class WrongCursor(Exception):
    """The cursor is not a reference."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list: the indexes of its items, and the cursor of the next page. None: this is the last."""

    indexes: Sequence[int]
    cursor: str | None


def stored(ref: str) -> bytes:
    """The bytes of a reference in 1C's database, which orders by them: the groups of the GUID in reverse order."""
    first, second, third, fourth, fifth = ref.split("-")
    return bytes.fromhex(fourth + fifth + third + second + first)


class Export:
    """The export of one catalog of an infobase."""

    def __init__(self, base: Infobase, catalog: str) -> None:
        self._base = base
        self._catalog = catalog
        self._order: tuple[int, Sequence[int]] | None = None

    @property
    def table(self) -> Table:
        """The catalog's table."""
        return self._base.tables[self._catalog]

    @property
    def _has_codes(self) -> bool:
        """Whether the catalog has codes. In УТ 11 it has none."""
        return "Code" in self._base.sets[f"Catalog_{self._catalog}"].columns

    def order(self) -> Sequence[int]:
        """The indexes of all items in the order of their references, without folders."""
        table = self.table
        if self._order is None or self._order[0] != table.revision:
            items = [index for index in table.indexes() if not table.item(index).folder]
            items.sort(key=lambda index: stored(table.ref(index)))
            self._order = (table.revision, array("I", items))
        return self._order[1]

    def page(self, cursor: str, limit: int) -> ListPage:
        """The page after ``cursor`` ("": the first). ``limit`` 0: all items. Raises WrongCursor."""
        order = self.order()
        start = self._after(order, cursor) if cursor else 0
        if limit <= 0:
            return self._part(order, start, len(order))
        size = min(limit, LARGEST_PAGE)
        indexes = order[start : start + size]
        # A full page has a cursor even when it is the last: the 1C code does not look for one more row.
        return ListPage(indexes, self.table.ref(indexes[-1]) if len(indexes) == size else None)

    def offset(self, skip: int, limit: int) -> ListPage:
        """The page after the first ``skip`` items. Services of other authors have no cursor and count items."""
        order = self.order()
        return self._part(order, skip, skip + limit if limit > 0 else len(order))

    def _part(self, order: Sequence[int], start: int, end: int) -> ListPage:
        more = end < len(order)
        return ListPage(order[start:end], self.table.ref(order[end - 1]) if more else None)

    def _after(self, order: Sequence[int], cursor: str) -> int:
        try:
            key = stored(str(uuid.UUID(cursor)))
        except ValueError:
            raise WrongCursor(cursor) from None
        return bisect_right(order, key, key=lambda index: stored(self.table.ref(index)))

    def records(self, indexes: Iterable[int]) -> Iterator[ExportedRecord]:
        """The records of these items. A field without a value is left out, like an empty property of XDTO."""
        columns = self._base.sets.get(REGISTER) or self._base.section_of(self._catalog)
        return (self._record(index, columns) for index in indexes)

    def _record(self, index: int, columns: EntitySet | None) -> ExportedRecord:
        item = self.table.item(index)
        lines = self._lines(index) if columns else ()
        return {
            "Ref": item.ref,
            "Name": item.name,
            "DeletionMark": item.deleted,
            "Catalog": self._catalog,
            "Code": item.code.strip() if self._has_codes else "",
            "TaxNumber": item.inn,
            "Responsible": item.responsible,
            "Phones": [phone for line in lines if columns and (phone := self._phone(line, columns))],
        }

    def digits(self, index: int) -> Iterator[str]:
        """The digits of each current phone of an item."""
        for line in self._lines(index):
            yield _NOT_DIGITS.sub("", line.contact.text)

    def _lines(self, index: int) -> list[Line]:
        contacts = self.table.contacts(index)
        counting = in_force(contacts, self._base.kinds)
        lines = [Line(self.table, index, number, contact) for number, contact in counting]
        return sorted(lines, key=self._by_kind) if REGISTER in self._base.sets else lines

    def _by_kind(self, line: Line) -> tuple[bool, bytes]:
        """The place of a row of the register: its query orders by Вид, and in 1C texts come before references."""
        kind = kind_of(line)
        known = self._base.kinds.get(kind)
        return (False, kind.casefold().encode()) if known is None else (True, stored(known))

    def _phone(self, line: Line, columns: EntitySet) -> dict[str, str]:
        """The texts of a phone. {}: the row has none."""

        def column(name: str) -> str:
            found = columns.columns.get(self._base.word(name))
            return str(found.get(line)) if found else ""

        texts = {
            "Value": _parts(column) or column("Значение") or column("ЗначенияПолей"),
            "Presentation": column("Представление"),
            "Number": column("НомерТелефона"),
        }
        filled = {name: text for name, text in texts.items() if text.strip()}
        kind = kind_of(line) if columns.register else line.contact.kind
        named = {"Kind": kind} if columns.register or kind in self._base.kinds else {}
        return {**named, **filled} if filled else {}


def _parts(column: Callable[[str], str]) -> str:
    """Write the parts of a number in the register as common_module_register.bsl does. "": there is no number."""
    if not column("Поле3").strip():
        return ""
    names = ("countryCode", "areaCode", "number", "extNumber")
    texts = (_NOT_IN_JSON.sub(" ", column(f"Поле{number}")).strip() for number in range(1, 5))
    return "{" + ", ".join(f'"{name}": "{text}"' for name, text in zip(names, texts, strict=True)) + "}"


def in_force(contacts: Iterable[Contact], kinds: Collection[str]) -> Iterator[tuple[int, Contact]]:
    """The current phones with their line numbers: of each kind the latest that has begun.

    A kind that is not in ``kinds`` has no history: all its phones that have begun are current.
    """
    until = datetime.now(tz=UTC).astimezone().date().isoformat() + "T23:59:59"
    phones = [(n, c) for n, c in enumerate(contacts, 1) if c.type == PHONE and (c.since or NO_DATE) <= until]
    latest: dict[str, str] = {}
    for _, contact in phones:
        latest[contact.kind] = max(latest.get(contact.kind, NO_DATE), contact.since)
    return ((n, c) for n, c in phones if c.kind not in kinds or c.since == latest[c.kind])


class NumberIndex:
    """Finds a counterparty by the last ten digits of a phone, as the code of examples/1c does."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._known: tuple[int, list[tuple[str, int]]] | None = None

    def name(self, text: str) -> str:
        """The name of the first counterparty with this number, the older code first. "": nobody has it."""
        found = self._find(text)
        return "" if found is None else found.name

    def answer(self, text: str) -> str:
        """The same, or JSON of the name and of the extension of who keeps the card, where that is known."""
        found = self._find(text)
        if found is None or not found.extension:
            return "" if found is None else found.name
        name = re.sub(r'(["\\\\])', r"\\\1", re.sub("[\x00-\x1f]", " ", found.name))
        return f'{{"Name": "{name}", "Extension": "{found.extension}"}}'

    def _find(self, text: str) -> Item | None:
        digits = _NOT_DIGITS.sub("", text)[-10:]
        if len(digits) < _SHORTEST:
            return None
        found = next((index for known, index in self._all() if digits in known), None)
        return None if found is None else self._export.table.item(found)

    def _all(self) -> list[tuple[str, int]]:
        """The digits of each current phone with the index of its item. Items marked for deletion are left out."""
        table = self._export.table
        if self._known is None or self._known[0] != table.revision:
            items = ((table.item(index), index) for index in self._export.order())
            living = sorted((item.code, item.name, index) for item, index in items if not item.deleted)
            known = [(text, index) for *_order, index in living for text in self._export.digits(index)]
            self._known = (table.revision, known)
        return self._known[1]
