"""Counterparties as the 1C side of examples/1c gives them: in the order of their references, history resolved."""

import re
import uuid
from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from astsync.sandbox.onec.columns import REGISTER, Line, kind_of
from astsync.sandbox.onec.data import NO_DATE, PHONE, Contact
from astsync.sandbox.onec.infobase import EntitySet, Infobase
from astsync.sandbox.onec.item_tables import Table

LARGEST_PAGE = 10_000
"""The service gives no more in one page, whatever Limit says."""

_SHORTEST = 5
_NOT_IN_JSON = re.compile('["\\\\\x00-\x1f]')
_NOT_DIGITS = re.compile(r"[^0-9]+")
ExportedRecord = dict[str, Any]


class WrongCursor(Exception):
    """The cursor is no reference."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A part of the list: the indexes of its items, and the cursor of the next part, None after the last."""

    indexes: Sequence[int]
    cursor: str | None


def stored(ref: str) -> bytes:
    """Give what a database orders references by: 1C keeps the groups of a GUID from the last to the first."""
    first, second, third, fourth, fifth = ref.split("-")
    return bytes.fromhex(fourth + fifth + third + second + first)


class Export:
    """The export of one catalog of a base."""

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
        """Whether the catalog has codes: in УТ 11 it has none."""
        return "Code" in self._base.sets[f"Catalog_{self._catalog}"].columns

    def order(self) -> Sequence[int]:
        """Give the indexes of all items, folders left out, in the order of their references."""
        table = self.table
        if self._order is None or self._order[0] != table.revision:
            items = [index for index in table.indexes() if not table.item(index).folder]
            items.sort(key=lambda index: stored(table.ref(index)))
            self._order = (table.revision, array("I", items))
        return self._order[1]

    def page(self, cursor: str, limit: int) -> ListPage:
        """Give the part that follows ``cursor`` ("": the first). A ``limit`` of 0 is everything. Raises WrongCursor."""
        order = self.order()
        start = self._after(order, cursor) if cursor else 0
        if limit <= 0:
            return self._part(order, start, len(order))
        size = min(limit, LARGEST_PAGE)
        indexes = order[start : start + size]
        # A page that is full has a cursor, also where nothing follows it: the module asks for no row more.
        return ListPage(indexes, self.table.ref(indexes[-1]) if len(indexes) == size else None)

    def offset(self, skip: int, limit: int) -> ListPage:
        """Give the part that follows the first ``skip`` items; other people's services page so."""
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
        """Give items as records; a field without a value is left out, as an empty property of XDTO is."""
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
            **({"Code": item.code.strip()} if self._has_codes else {}),
            "Phones": [phone for line in lines if columns and (phone := self._phone(line, columns))],
        }

    def _lines(self, index: int) -> list[Line]:
        contacts = self.table.contacts(index)
        counting = in_force(contacts, self._base.kinds)
        return [Line(self.table, index, number, contact) for number, contact in counting]

    def _phone(self, line: Line, columns: EntitySet) -> dict[str, str]:
        """Give a row's texts; {} for a row without any."""

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
    """Write the parts of a number in a register as common_module_register.bsl does; "" without a number."""
    if not column("Поле3").strip():
        return ""
    names = ("countryCode", "areaCode", "number", "extNumber")
    texts = (_NOT_IN_JSON.sub(" ", column(f"Поле{number}")).strip() for number in range(1, 5))
    return "{" + ", ".join(f'"{name}": "{text}"' for name, text in zip(names, texts, strict=True)) + "}"


def in_force(contacts: Iterable[Contact], kinds: Collection[str]) -> Iterator[tuple[int, Contact]]:
    """Give the phones that count today with their line numbers: of a kind with a history only the latest.

    A row whose kind is none of ``kinds`` has no history.
    """
    until = datetime.now(tz=UTC).astimezone().date().isoformat() + "T23:59:59"
    phones = [(n, c) for n, c in enumerate(contacts, 1) if c.type == PHONE and (c.since or NO_DATE) <= until]
    latest: dict[str, str] = {}
    for _, contact in phones:
        latest[contact.kind] = max(latest.get(contact.kind, NO_DATE), contact.since)
    return ((n, c) for n, c in phones if c.kind not in kinds or c.since == latest[c.kind])


class NumberIndex:
    """Finds counterparties by the last ten digits of a phone, as MIKO's service does."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._known: tuple[int, list[tuple[str, int]]] | None = None

    def name(self, text: str) -> str:
        """Give the name of the first counterparty with this number, "" when there is none."""
        digits = _NOT_DIGITS.sub("", text)[-10:]
        if len(digits) < _SHORTEST:
            return ""
        found = next((index for known, index in self._all() if digits in known), None)
        return "" if found is None else self._export.table.item(found).name

    def _all(self) -> list[tuple[str, int]]:
        """Give the digits of each phone, and whose it is; those marked for deletion are left out."""
        table = self._export.table
        if self._known is None or self._known[0] != table.revision:
            living = [index for index in self._export.order() if not table.item(index).deleted]
            phones = ((phone, index) for index in living for phone in table.record(index).phones)
            known = [(_NOT_DIGITS.sub("", phone.text), index) for phone, index in phones]
            self._known = (table.revision, known)
        return self._known[1]
