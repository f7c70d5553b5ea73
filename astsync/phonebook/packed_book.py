"""A phonebook of many entries, and the changes of a plan, as sorted rows (``phonebook.packed``).

Both are what they were as a dict and a tuple: an ``Entry`` and a ``Change`` are made when somebody looks at one.
"""

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from operator import eq
from typing import TypeVar, overload

from astsync.phonebook.model import Change, Entry
from astsync.phonebook.packed import (
    BLOCK,
    PackedKeys,
    PackedNames,
    PackedRows,
    RowsBuilder,
    as_bytes,
    as_text,
    in_step,
    many_as_bytes,
    packed,
    texts,
)

Made = TypeVar("Made")


class PackedEntries(Mapping[str, Entry]):
    """Entries by number. Its rows are number, name, source."""

    __slots__ = ("rows",)

    def __init__(self, rows: PackedRows) -> None:
        self.rows = rows

    @classmethod
    def of(cls, entries: Mapping[str, Entry]) -> "PackedEntries":
        """Pack a mapping."""
        if isinstance(entries, PackedEntries):
            return entries
        rows = sorted((as_bytes(n), as_bytes(one.name), as_bytes(one.source)) for n, one in entries.items())
        return cls(packed(rows, 3))

    @property
    def names(self) -> PackedNames:
        """The names by number; the same rows."""
        return PackedNames(self.rows)

    def __getitem__(self, number: str) -> Entry:
        row = self.rows.row(as_bytes(number))
        if row is None:
            raise KeyError(number)
        return Entry(number, as_text(row[1]), as_text(row[2]))

    def __contains__(self, number: object) -> bool:
        return number in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return self.rows.count

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"

    def with_entries(self, more: Mapping[str, Entry]) -> "PackedEntries":
        """The same entries and a few ``more``, whose numbers these have not."""
        added = sorted((as_bytes(n), as_bytes(one.name), as_bytes(one.source)) for n, one in more.items())
        return PackedEntries(self.rows.with_rows(added))


class EntriesBuilder:
    """Packs entries that come in the order of their numbers."""

    def __init__(self) -> None:
        self._rows = RowsBuilder(3)
        self._waiting: list[tuple[str, str, str]] = []

    def add(self, number: str, name: str, source: str) -> None:
        """Add an entry, by what it has."""
        self._waiting.append((number, name, source))
        if len(self._waiting) == BLOCK:
            self._pack()

    def _pack(self) -> None:
        if self._waiting:
            self._rows.add(*map(many_as_bytes, zip(*self._waiting, strict=True)))
            self._waiting.clear()

    def built(self) -> PackedEntries:
        """All entries that were added."""
        self._pack()
        return PackedEntries(self._rows.built())


class _PackedSequence(Sequence[Made]):
    """Things that are made of rows when somebody looks at them."""

    __slots__ = ("rows",)

    def __init__(self, rows: PackedRows) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows.count

    @overload
    def __getitem__(self, index: int) -> Made: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Made]: ...
    def __getitem__(self, index: int | slice) -> Made | Sequence[Made]:
        return tuple(self)[index]

    @abstractmethod
    def __iter__(self) -> Iterator[Made]:
        """Make one after the other."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(tuple(self))


class PackedHeld(_PackedSequence[Entry]):
    """Entries that a PBX holds, without a source; the rows are number and name."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Entry]:
        return itertools.starmap(Entry, PackedNames(self.rows).items())


class PackedChanges(_PackedSequence[Change]):
    """Changes of one kind, in the order of their numbers.

    The rows are the number, and the old name where there is one. The new entries are those of ``desired``; where that
    is None the changes are deletions.
    """

    __slots__ = ("_desired",)

    def __init__(self, rows: PackedRows, desired: PackedEntries | None) -> None:
        super().__init__(rows)
        self._desired = desired

    def __iter__(self) -> Iterator[Change]:
        if self._desired is None:
            for deleted in self.rows.lists():
                yield from map(Change, *map(texts, deleted), itertools.repeat(None))
            return
        for (numbers, *old), desired in in_step(self.rows, self._desired.rows):
            if numbers:
                news = {row[0]: Entry(*row) for row in zip(*map(texts, desired), strict=True)}
                before = texts(old[0]) if old else itertools.repeat(None)
                yield from (Change(n, was, news[n]) for n, was in zip(texts(numbers), before, strict=False))


def numbers_of(changes: Sequence[Change]) -> PackedKeys:
    """The numbers of changes."""
    if isinstance(changes, PackedChanges):
        return PackedKeys(changes.rows)
    return PackedKeys.of([change.number for change in changes])
