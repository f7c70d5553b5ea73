"""Packed names and keys: they are what a dict and a set of the same text are, and are walked through side by side."""

import random

import pytest

from astsync.phonebook.packed import (
    BLOCK,
    KeyTwice,
    PackedKeys,
    PackedNames,
    PackedRows,
    RowsBuilder,
    as_bytes,
    as_text,
    in_step,
    many_as_bytes,
    texts,
)

STRANGE = ["", " ", "a\0b", "\0", "\udcc8", "\udcc8\0", "я", "1", "\U0001f600", "\uffff", "\udc80я", "7\n8"]


def some(count: int, seed: int = 1) -> dict[str, str]:
    """Names by number, in no order."""
    chance = random.Random(seed)
    return {str(chance.randrange(10**10, 10**11)): f"OOO {chance.randrange(50)}" for _ in range(count)}


def in_order(keys: list[str]) -> list[str]:
    return sorted(keys, key=as_bytes)


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 7])
def test_packed_names_are_the_mapping_that_they_were_made_of(count: int) -> None:
    names = some(count)
    packed = PackedNames.of(names)
    assert packed == names
    assert names == packed
    assert packed == PackedNames.of(dict(reversed(names.items())))
    assert len(packed) == len(names)
    assert list(packed) == sorted(names)
    assert list(packed.items()) == sorted(names.items())
    assert list(packed.values()) == [names[number] for number in sorted(names)]
    assert all(packed[number] == name and number in packed for number, name in names.items())
    assert packed.get("5") is None
    assert "99999999999999" not in packed


def test_names_that_differ_in_one_place_are_not_equal() -> None:
    names = some(3 * BLOCK)
    number = random.Random(3).choice(list(names))
    assert PackedNames.of(names) != PackedNames.of(names | {number: "other"})
    assert PackedNames.of(names) != PackedNames.of({n: name for n, name in names.items() if n != number})
    assert PackedNames.of(names) != names | {"1": "more"}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("held", [0, 1, BLOCK, 3 * BLOCK])
@pytest.mark.parametrize("more", [0, 1, 2, BLOCK + 1])
def test_rows_with_more_rows_are_what_they_would_be_together(held: int, more: int, seed: int) -> None:
    chance = random.Random(seed)
    names = some(held + more, seed) | ({"79": "a\0b"} if seed % 2 else {})
    added = dict(chance.sample(sorted(names.items()), more))
    rows = PackedNames.of({number: name for number, name in names.items() if number not in added}).rows
    together = rows.with_rows(sorted((as_bytes(number), as_bytes(name)) for number, name in added.items()))
    assert PackedNames(together) == PackedNames.of(names)
    assert dict(PackedNames(together)) == names
    assert all(PackedNames(together)[number] == name for number, name in added.items())
    assert together.count == len(names)


def test_names_are_equal_wherever_their_blocks_begin() -> None:
    names = {"1": "a", "2": "a\0b", "3": "c"}
    rows = PackedRows(2)
    for number, name in names.items():
        rows = rows.with_rows([(as_bytes(number), as_bytes(name))])
    longer = names | some(2 * BLOCK)
    split = PackedNames.of(some(2 * BLOCK)).rows.with_rows(list(zip(*next(rows.lists()), strict=True)))
    assert PackedNames(rows) == PackedNames.of(names)
    assert PackedNames(split) == PackedNames.of(longer)


def test_text_of_any_bytes_comes_back_as_it_was() -> None:
    names = {key: value for key in STRANGE for value in STRANGE}
    assert dict(PackedNames.of(names)) == names
    for value in STRANGE:
        one_value = dict.fromkeys(STRANGE, value)
        assert dict(PackedNames.of(one_value).items()) == one_value
        assert PackedNames.of(one_value).get("\udcc8") == value
    assert list(PackedNames.of(names)) == in_order(STRANGE)
    assert texts([as_bytes(text) for text in STRANGE]) == STRANGE
    assert [as_text(as_bytes(text)) for text in STRANGE] == STRANGE
    for some in (STRANGE, STRANGE[3:4], ["я", "\ud83d", "\udcc8"], [""], ["", ""], ["1", "2"]):
        assert [*many_as_bytes(some)] == [*map(as_bytes, some)]


def test_half_of_a_character_becomes_an_escape() -> None:
    assert PackedNames.of({"1": "\ud83d!"})["1"] == "\\ud83d!"


def test_packed_keys_are_the_set_that_they_were_made_of() -> None:
    keys = {*some(2 * BLOCK), *STRANGE}
    packed = PackedKeys.of(keys)
    assert set(packed) == keys
    assert packed <= keys <= packed
    assert list(packed) == in_order(list(keys))
    assert "\udcc8" in packed
    assert "no such" not in packed
    assert packed & {"1", "no such"} == {"1"}
    assert {"1", "no such"} - packed == {"no such"}
    assert PackedKeys.of(packed) is packed


@pytest.mark.parametrize("piece", [1, 7, BLOCK, 10 * BLOCK])
@pytest.mark.parametrize("shuffled", [False, True])
def test_rows_that_come_in_pieces_and_in_any_order_are_packed_in_order(piece: int, shuffled: bool) -> None:
    names = some(3 * BLOCK + 5)
    rows = sorted((as_bytes(number), as_bytes(name)) for number, name in names.items())
    if shuffled:
        random.Random(2).shuffle(rows)
    builder = RowsBuilder()
    for start in range(0, len(rows), piece):
        builder.add(*zip(*rows[start : start + piece], strict=True))
    assert builder.count == len(names)
    built = builder.built()
    assert PackedNames(built) == names
    assert builder.size == sum(map(len, names)) + sum(map(len, names.values())) + 2 * len(names)


@pytest.mark.parametrize("count", [2, BLOCK, 3 * BLOCK])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("piece", [1, BLOCK, 10 * BLOCK])
def test_a_key_that_comes_twice_is_found(count: int, shuffled: bool, piece: int) -> None:
    keys = [b"%05d" % n for n in range(count)]
    keys.insert(count // 2 + 1, keys[count // 2])
    if shuffled:
        random.Random(4).shuffle(keys)
    builder = RowsBuilder(1)
    with pytest.raises(KeyTwice) as raised:  # noqa: PT012  # the sooner the better
        for start in range(0, len(keys), piece):
            builder.add(keys[start : start + piece])
        builder.built()
    assert raised.value.key == b"%05d" % (count // 2)


@pytest.mark.parametrize("seed", range(20))
def test_a_walk_shows_each_key_once_and_of_all_sheets_together(seed: int) -> None:
    chance = random.Random(seed)
    books = [some(chance.choice([0, 1, 5, BLOCK, 3 * BLOCK, 2_000]), seed=n) for n in range(3)]
    shared = chance.sample(list(some(2_000, seed=9)), 500)
    books[0] |= dict.fromkeys(shared, "a")
    books[1] |= dict.fromkeys(shared[:400], "b")
    sheets = [PackedNames.of(book).rows for book in books]
    walked = list(in_step(*sheets))
    for book, parts in zip(books, zip(*walked, strict=True), strict=True):
        rows = [row for keys, values in parts for row in zip(keys, values, strict=True)]
        assert rows == sorted((as_bytes(number), as_bytes(name)) for number, name in book.items())
    last = b""
    for pieces in walked:
        keys = sorted({key for numbers, _ in pieces for key in numbers})
        assert all(len(numbers) <= BLOCK for numbers, _ in pieces)
        assert not keys or keys[0] > last
        last = keys[-1] if keys else last
