"""Rows that several PBXs have alike are held once, and stay the same rows."""

import gc
import random
from collections.abc import Iterable

import pytest

from astsync.phonebook.alike import Alike, are_same
from astsync.phonebook.packed import BLOCK, PackedRows, packed

COUNT = 10 * BLOCK + 7


def rows(numbers: Iterable[int], *, odd: Iterable[int] = (), width: int = 2) -> PackedRows:
    """Rows with keys of these numbers; the values of ``odd`` are others, and hold a NUL."""
    others = {*odd}
    values = (b"name %d", b"source %d")[: width - 1]
    return packed(
        [(b"%08d" % n, *(value % n + b"\0" * (n in others) for value in values)) for n in sorted(numbers)], width
    )


def listed(some: PackedRows) -> list[tuple[bytes, ...]]:
    return [row for lists in some.lists() for row in zip(*lists, strict=True)]


def built(alike: Alike, some: PackedRows, piece: int = 700) -> PackedRows:
    """The same rows, given in pieces to a builder."""
    builder = alike.builder(some.width)
    every = listed(some)
    for start in range(0, len(every), piece):
        builder.add(*zip(*every[start : start + piece], strict=True))
    return builder.built()


def own(some: PackedRows, other: PackedRows) -> int:
    """How many columns of blocks are no objects of the other rows."""
    known = {id(column) for block in other.blocks for column in block}
    return sum(id(column) not in known for block in some.blocks for column in block)


def test_equal_rows_are_the_same_object_for_all() -> None:
    alike, first = Alike(), rows(range(COUNT))
    assert alike.of(first) is first
    assert alike.of(rows(range(COUNT))) is first
    assert alike.of(first) is first


def test_rows_with_fewer_columns_share_those_that_both_have() -> None:
    alike, book = Alike(), rows(range(COUNT), width=3)
    alike.add(book)
    held = rows(range(COUNT))
    found = alike.of(built(alike, held))
    assert listed(found) == listed(held)
    assert own(found, book) == 0
    assert are_same(found, book)
    assert alike.of(built(alike, held)) is found


@pytest.mark.parametrize(
    "numbers",
    [
        [-1, *range(COUNT)],
        [*range(COUNT), COUNT],
        [n for n in range(COUNT) if n != 3],
        [n for n in range(COUNT) if n != BLOCK],
        [n for n in range(COUNT) if n != COUNT - 1],
        [*range(BLOCK, COUNT)],
        [*range(COUNT - BLOCK)],
    ],
    ids=lambda numbers: f"{numbers[0]}-{numbers[-1]}, {len(numbers)}",
)
def test_a_key_more_or_less_costs_a_block_or_two(numbers: list[int]) -> None:
    alike, book = Alike(), rows([n + 1 for n in range(COUNT)])
    alike.add(book)
    held = rows([n + 1 for n in numbers])
    found = alike.of(built(alike, held))
    assert listed(found) == listed(held)
    assert found.count == held.count
    assert own(found, book) <= 2 * 2


@pytest.mark.parametrize("seed", range(30))
def test_they_stay_the_same_rows_whatever_both_hold(seed: int) -> None:
    chance = random.Random(seed)
    alike, every, kept = Alike(), range(5_000), list[PackedRows]()
    for _ in range(4):
        some = rows(
            chance.sample(every, chance.choice([0, 1, BLOCK, 300, 2_000, 4_999, 5_000])),
            odd=chance.sample(every, chance.choice([0, 0, 3])),
            width=chance.choice([2, 3]),
        )
        found = alike.of(built(alike, some, chance.randrange(1, 900)))
        assert listed(found) == listed(some)
        assert (found.count, found.width, len(found.firsts)) == (some.count, some.width, len(found.blocks))
        assert [lists[0][0] for lists in found.lists()] == list(found.firsts)
        assert max([len(lists[0]) for lists in found.lists()], default=0) <= BLOCK
        for key, *values in listed(some)[:: 1 + some.count // 50]:
            assert found.row(key) == (key, *values)
        assert found.row(b"x") is None
        kept += [found, some]  # as long as they are held, others may get their blocks


def test_nothing_is_held_for_its_own_sake() -> None:
    alike, book = Alike(), rows(range(COUNT))
    alike.add(book)
    del book
    gc.collect()
    fresh = rows(range(COUNT))
    assert alike.of(fresh) is fresh


def test_rows_that_differ_in_a_value_are_not_the_same() -> None:
    assert not are_same(rows(range(COUNT)), rows(range(COUNT), odd=[5]))
    assert not are_same(rows(range(COUNT)), rows(range(COUNT - 1)))
    assert are_same(rows([]), rows([], width=3))
