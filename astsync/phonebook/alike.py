"""Rows that are alike are held once: of ten PBXs that hold one phonebook most blocks are the same bytes.

Whoever gets rows of a PBX, or of the store about one, asks ``ALIKE`` for them: it gives back equal rows, made of blocks
that somebody holds already where there are such. It holds none itself.
"""

import threading
import weakref
from collections.abc import Iterator
from itertools import chain
from typing import Final

from astsync.phonebook.columns import Column, Lists
from astsync.phonebook.packed import BLOCK, PackedRows, RowsBuilder, in_step

_Block = tuple[Column, ...]


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

    def of(self, rows: PackedRows) -> PackedRows:
        """Equal rows: the same object for all that ask with equal ones, and else with blocks of others where it can be.

        The blocks begin where those of the largest rows begin that are held, so one key more or less makes one block
        of its own.
        """
        with self._lock:
            held = [one for ref in self._held if (one := ref()) is not None]
            if (found := _equal(rows, held)) is not None:
                return found
            if held and rows.count >= BLOCK:
                rows = _made_of(rows, max(held, key=lambda one: one.count))
                if (found := _equal(rows, held)) is not None:
                    return found
            self._add(rows)
            return rows


def _equal(rows: PackedRows, held: list[PackedRows]) -> PackedRows | None:
    return next((one for one in held if one is rows or (one.width == rows.width and are_same(one, rows))), None)


def are_same(one: PackedRows, other: PackedRows) -> bool:
    """Whether two have the same rows, in the columns that both have, and in the same blocks.

    Where the blocks are the same objects this takes next to no time.
    """
    width = min(one.width, other.width)
    return one.firsts == other.firsts and all(
        mine[:width] == theirs[:width] for mine, theirs in zip(one.blocks, other.blocks, strict=True)
    )


def _made_of(rows: PackedRows, others: PackedRows) -> PackedRows:
    """The same rows, with the columns of ``others`` where they are equal."""
    if rows.firsts == others.firsts:
        blocks = [_shared(mine, theirs) for mine, theirs in zip(rows.blocks, others.blocks, strict=True)]
        return PackedRows(rows.width, blocks, rows.firsts, rows.count)
    blocks, firsts = [], list[bytes]()
    for lists, theirs in _beside(rows, others):
        own = RowsBuilder(rows.width)
        own.add(*lists)
        made = own.built()
        blocks += [_shared(made.blocks[0], theirs)] if len(made.blocks) == 1 else made.blocks
        firsts += made.firsts
    return PackedRows(rows.width, blocks, firsts, rows.count)


def _shared(mine: _Block, theirs: _Block) -> _Block:
    shared = [other if one == other else one for one, other in zip(mine, theirs, strict=False)]
    return (*shared, *mine[len(shared) :])


def _beside(rows: PackedRows, others: PackedRows) -> Iterator[tuple[Lists, _Block]]:
    """The rows in parts, each with the block of the others that stands there; () where none does."""
    parts, blocks = list[Lists](), iter(others.blocks)
    block: _Block = next(blocks, ())
    left = _length(block)
    for mine, theirs in in_step(rows, others):
        parts.append(mine)
        left -= len(theirs[0])
        if not left:
            yield _together(parts), block
            parts, block = [], next(blocks, ())
            left = _length(block)
    if parts:
        yield _together(parts), block


def _together(parts: list[Lists]) -> Lists:
    return tuple([*chain.from_iterable(column)] for column in zip(*parts, strict=True))


def _length(block: _Block) -> int:
    if not block:
        return -1  # so that it never is over: what is left stays together
    keys = block[0]
    return keys.count(b"\0") + 1 if isinstance(keys, bytes) else len(keys)


ALIKE: Final = Alike()
"""That of this process: the threads of a run have the rows of several PBXs."""
