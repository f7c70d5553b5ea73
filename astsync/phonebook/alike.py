"""Rows that are alike are held once: of ten PBXs that hold one phonebook most blocks are the same bytes.

Whoever packs rows of a PBX, or of the store about one, takes a builder of ``ALIKE``: it makes them of columns that
somebody holds already where there are such. So they never take memory of their own, not even while they come: what
threads free, their arenas keep. ``ALIKE`` itself holds nothing.
"""

import threading
import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from astsync.phonebook.columns import Block
from astsync.phonebook.packed import BLOCK, PackedRows, RowsBuilder

_MOST = 8  # rows whose blocks are looked at: those of some PBXs that differ, of their owners, and the list


class Alike:
    """The rows that somebody holds, as far as this was told of them. Several threads may ask at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[weakref.ref[PackedRows]] = []

    def add(self, rows: PackedRows) -> None:
        """Remember rows, as long as somebody else holds them."""
        with self._lock:
            self._add(rows)

    def _add(self, rows: PackedRows) -> None:
        if rows.count >= BLOCK:  # what is smaller takes no memory to speak of
            self._held = [one for one in self._held if one() is not None]
            self._held.append(weakref.ref(rows))

    def _known(self) -> list[PackedRows]:
        """Those that are held now, the largest first."""
        held = [rows for ref in self._held if (rows := ref()) is not None]
        return sorted(held, key=lambda rows: -rows.count)

    def builder(self, width: int = 2) -> RowsBuilder:
        """A builder of rows of so many columns that are like those that are held now."""
        with self._lock:
            return AlikeBuilder(width, self._known())

    def of(self, rows: PackedRows) -> PackedRows:
        """Equal rows: the same object for all that ask with equal ones."""
        with self._lock:
            for one in self._known():
                if one is rows or (one.width == rows.width and are_same(one, rows)):
                    return one
            self._add(rows)
            return rows


def are_same(one: PackedRows, other: PackedRows) -> bool:
    """Whether two have the same rows, in the columns that both have, and in the same blocks.

    Where the blocks are the same objects this takes next to no time.
    """
    width = min(one.width, other.width)
    return one.firsts == other.firsts and all(
        mine[:width] == theirs[:width] for mine, theirs in zip(one.blocks, other.blocks, strict=True)
    )


class AlikeBuilder(RowsBuilder):
    """Packs rows of the columns of other rows, where they are equal.

    Blocks begin where those of the first of ``others`` begin: then a key more or less makes one block of its own, and
    not all that follow.
    """

    def __init__(self, width: int, others: Sequence[PackedRows]) -> None:
        super().__init__(width)
        self._others = others[:_MOST]
        self._before: Block = ()

    def _fill(self, *, last: bool = False) -> None:
        """Pack what is left up to the last end of a block that has come, and the ``last`` rows too."""
        if not self._others or not self._sorted:
            super()._fill(last=last)
            return
        firsts = self._others[0].firsts
        while keys := self._left[0]:
            following = bisect_right(firsts, keys[0])
            end = bisect_left(keys, firsts[following]) if following < len(firsts) else len(keys)
            if end == len(keys) and not last:
                if end < 2 * BLOCK:  # the rest of the block is still to come
                    return
                end = BLOCK
            self._pack(end)

    def _keep(self, first: bytes, block: Block) -> None:
        """Keep the block, with columns of the block before it and of those of others that begin with the same key."""
        found = _shared(block, self._before)
        for rows in self._others:
            place = bisect_left(rows.firsts, first)
            if place < len(rows.firsts) and rows.firsts[place] == first:
                found = _shared(found, rows.blocks[place])
        self._before = found
        super()._keep(first, found)


def _shared(mine: Block, theirs: Block) -> Block:
    shared = [other if one == other else one for one, other in zip(mine, theirs, strict=False)]
    return (*shared, *mine[len(shared) :])


ALIKE: Final = Alike()
"""That of this process: the threads of a run have the rows of several PBXs."""
