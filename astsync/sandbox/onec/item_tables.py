"""The tables of the stand-in 1C: items are invented when they are read; only changed ones are stored."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from astsync.sandbox.onec.data import Contact, Inventor, Item, Record

Invent = Callable[[int], Item]
InventContacts = Callable[[int], tuple[Contact, ...]]


def presentation(item: Item) -> tuple[str, str]:
    """The sort key of a reference: 1C orders by the text of the item. Among equal texts the reference decides."""
    return item.name.casefold(), item.ref


class Items(Protocol):
    """Items by index, of one catalog or of several."""

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        ...

    def indexes(self) -> Iterator[int]:
        """The indexes of all items."""
        ...

    def order(self) -> Sequence[int]:
        """The indexes in 1C's "auto order" of references."""
        ...

    def part(self, index: int) -> tuple["Table", int]:
        """The table that holds item ``index``, and its index there."""
        ...


class Table:
    """The items of one catalog by index, in the order of their creation.

    Only two things are in memory: the order by presentation (4 bytes an item, made once) and the changed items.
    """

    def __init__(
        self, name: str, size: int, invent: Invent, contacts: InventContacts | None, inventor: Inventor
    ) -> None:
        self.name = name
        self.revision = 0
        self._invent, self._contacts, self._inventor = invent, contacts, inventor
        self._made, self._next = size, size
        self._items: dict[int, Item] = {}
        self._rows: dict[int, tuple[Contact, ...]] = {}
        self._removed: set[int] = set()
        self._added: dict[str, int] = {}
        self._order: array[int] | None = None

    def __len__(self) -> int:
        return self._next - len(self._removed)

    def __iter__(self) -> Iterator[Record]:
        return (self.record(index) for index in self.indexes())

    def indexes(self) -> Iterator[int]:
        """The indexes of all items in the order of their creation."""
        return (index for index in range(self._next) if index not in self._removed)

    def part(self, index: int) -> tuple["Table", int]:
        """This table: it has no parts."""
        return self, index

    def item(self, index: int) -> Item:
        """The header of item ``index``."""
        return self._items.get(index) or self._invent(index)

    def ref(self, index: int) -> str:
        """The reference of item ``index``. The item itself is not made."""
        return self._inventor.ref(index) if index < self._made else self._items[index].ref

    def contacts(self, index: int) -> tuple[Contact, ...]:
        """The rows of КонтактнаяИнформация of item ``index``."""
        rows = self._rows.get(index)
        if rows is not None or self._contacts is None:
            return rows or ()
        return self._contacts(index)

    def record(self, index: int) -> Record:
        """Item ``index`` with its contacts."""
        return Record(self.item(index), self.contacts(index))

    def find(self, ref: str) -> int | None:
        """The index of the item with this reference. None: there is no such item."""
        index = self._added.get(ref)
        if index is None:
            index = self._inventor.index_of(ref)
            if index >= self._made or self._inventor.ref(index) != ref:
                return None
        return None if index in self._removed else index

    def order(self) -> Sequence[int]:
        """The indexes in 1C's "auto order" of references.

        ``$orderby=Ref_Key`` orders by presentation and not by GUID. A public project measured that on a live 1C.
        """
        if self._order is None:
            keyed = sorted((*presentation(self.item(index)), index) for index in self.indexes())
            self._order = array("I", (index for _, _, index in keyed))
        return self._order

    def change(self, index: int, item: Item, contacts: tuple[Contact, ...] | None = None) -> None:
        """Replace item ``index``. Its version grows, as with every write in 1C."""
        moved = presentation(self.item(index)) != presentation(item)
        if moved:
            self._leave_order(index)
        self._items[index] = replace(item, version=item.version + 1)
        if contacts is not None:
            self._rows[index] = contacts
        if moved:
            self._enter_order(index)
        self.revision += 1

    def add(self, item: Item, contacts: tuple[Contact, ...]) -> int:
        """Add an item. Returns its index."""
        index = self._next
        self._next += 1
        self._items[index], self._rows[index], self._added[item.ref] = item, contacts, index
        self._enter_order(index)
        self.revision += 1
        return index

    def remove(self, index: int) -> None:
        """Remove an item for good."""
        self._leave_order(index)
        self._removed.add(index)
        self.revision += 1

    def _place(self, order: Sequence[int], index: int) -> int:
        key = presentation(self.item(index))
        return bisect_left(order, key, key=lambda other: presentation(self.item(other)))

    def _leave_order(self, index: int) -> None:
        if self._order is not None:
            del self._order[self._place(self._order, index)]

    def _enter_order(self, index: int) -> None:
        if self._order is not None:
            self._order.insert(self._place(self._order, index), index)


class JoinedTables:
    """The items of several tables under one index, for the register. An index encodes the table and the item in it."""

    _STRIDE = 1 << 40

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tuple(tables)

    @property
    def revision(self) -> int:
        """A number that grows with every change of any table."""
        return sum(table.revision for table in self._tables)

    def indexes(self) -> Iterator[int]:
        """The indexes of all items, table by table."""
        return self._all([table.indexes() for table in self._tables])

    def order(self) -> Sequence[int]:
        """The indexes in 1C's "auto order" of references: by type, inside a type as in its table."""
        return array("Q", self._all([iter(table.order()) for table in self._tables]))

    def _all(self, indexes: Sequence[Iterator[int]]) -> Iterator[int]:
        return (number * self._STRIDE + index for number, part in enumerate(indexes) for index in part)

    def part(self, index: int) -> tuple[Table, int]:
        """The table that holds item ``index``, and its index there."""
        number, inner = divmod(index, self._STRIDE)
        return self._tables[number], inner
