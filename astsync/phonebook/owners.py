"""The words of ownership as types, and what there may be a million of as sorted rows (``phonebook.packed``).

The rules stand in ``phonebook.ownership``.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import product
from typing import Final, NamedTuple

from astsync.phonebook.columns import Column, Lists, Stretch, length, uniform
from astsync.phonebook.packed import PackedKeys, PackedNames, PackedRows, as_bytes, as_text, packed, stretches


class Ownership(NamedTuple):
    """One key's owner as the store keeps it. With ``if_held`` the key is ours only if the PBX holds that value."""

    ours: bool
    if_held: str | None = None


NOT_OURS = Ownership(ours=False)
"""Foreign. The store keeps no row for it."""
CERTAINLY_OURS = Ownership(ours=True)
"""Certainly ours: a run wrote or adopted the key, and a reading has shown it."""


class Act(Enum):
    """What a run does with a key, as far as its owner is concerned."""

    WRITE = auto()
    """Give the key a value that is ours."""
    ADOPT = auto()
    """Make a key ours that holds the wanted value already, so that nothing needs to be sent."""
    DELETE = auto()
    """Delete the key."""
    GIVE_BACK = auto()
    """Put a foreign value back over what is there (undo)."""
    RELEASE = auto()
    """Give up a key where nothing of ours stands: it is gone, or holds its foreign value already."""


class Step(NamedTuple):
    """What a run does with one key: ``old`` is what the PBX holds before, ``new`` what it holds afterwards."""

    act: Act
    old: str | None
    new: str | None


CERTAIN: Final = b"c"
FOREIGN: Final = b"f"
CONDITIONAL: Final = b"i"
"""How ``KeyOwners`` names the owner of a key: certainly ours, foreign, ours if the PBX holds a value."""

Owner = tuple[bytes, bytes]
"""One of them, and that value, else b""."""


def owner_of(owner: Ownership) -> Owner:
    """An owner as a row has it."""
    if not owner.ours:
        return FOREIGN, b""
    return (CERTAIN, b"") if owner.if_held is None else (CONDITIONAL, as_bytes(owner.if_held))


class KeyOwners(Mapping[str, Ownership]):
    """Owners by number. Its rows are number, how the key is ours, and the value that it must hold."""

    __slots__ = ("rows",)

    def __init__(self, rows: PackedRows) -> None:
        self.rows = rows

    @classmethod
    def of(cls, owners: Mapping[str, Ownership]) -> "KeyOwners":
        """Pack a mapping."""
        if isinstance(owners, KeyOwners):
            return owners
        return cls(packed(sorted((as_bytes(number), *owner_of(owner)) for number, owner in owners.items()), 3))

    def __getitem__(self, number: str) -> Ownership:
        row = self.rows.row(as_bytes(number))
        if row is None:
            raise KeyError(number)
        return _ownership(row[1], as_text(row[2]))

    def __iter__(self) -> Iterator[str]:
        return iter(PackedKeys(self.rows))

    def __len__(self) -> int:
        return self.rows.count

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"


def _ownership(how: bytes, value: str) -> Ownership:
    if how == CONDITIONAL:
        return Ownership(ours=True, if_held=value)
    return CERTAINLY_OURS if how == CERTAIN else NOT_OURS


_Meaning = tuple[Act, bool, bool, bool]
_BOTH = (False, True)
_CODES: Mapping[_Meaning, bytes] = {
    meaning: bytes([ord("A") + n]) for n, meaning in enumerate(product(Act, _BOTH, _BOTH, _BOTH))
}
_MEANINGS: Mapping[bytes, _Meaning] = {code: meaning for meaning, code in _CODES.items()}


def code_of(act: Act, *, old: bool, new: bool, same: bool = False) -> bytes:
    """How ``Steps`` names a step: its act, whether there is an old and a new value, and whether both are the same."""
    return _CODES[act, old, new, same]


class Group(NamedTuple):
    """Some keys with which a run does the same, and which are all ours or all foreign.

    ``olds`` and ``news`` are the values before and after, None where there is none; ``same`` says that they are equal.
    """

    act: Act
    ours: bool
    same: bool
    keys: Sequence[bytes]
    olds: Sequence[bytes] | None
    news: Sequence[bytes] | None


class Steps(Mapping[str, Step]):
    """The steps of a run on one PBX, by number. Its rows are number, code and old value.

    The new values are those of ``wanted``, what the PBX is to hold afterwards.
    """

    __slots__ = ("_wanted", "rows")

    def __init__(self, rows: PackedRows, wanted: PackedNames) -> None:
        self.rows = rows
        self._wanted = wanted

    @classmethod
    def of(cls, steps: Mapping[str, Step]) -> "Steps":
        """Pack a mapping."""
        if isinstance(steps, Steps):
            return steps
        rows = sorted(
            (as_bytes(n), _CODES[act, old is not None, new is not None, old == new], as_bytes(old or ""))
            for n, (act, old, new) in steps.items()
        )
        wanted = {number: step.new for number, step in steps.items() if step.new is not None}
        return cls(packed(rows, 3), PackedNames.of(wanted))

    def __getitem__(self, number: str) -> Step:
        row = self.rows.row(as_bytes(number))
        if row is None:
            raise KeyError(number)
        act, old, new, _ = _MEANINGS[row[1]]
        return Step(act, as_text(row[2]) if old else None, self._wanted[number] if new else None)

    def __iter__(self) -> Iterator[str]:
        return iter(PackedKeys(self.rows))

    def __len__(self) -> int:
        return self.rows.count

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"

    def ranges(self, owned: PackedKeys, *beside: PackedRows) -> "Iterator[tuple[Range, tuple[Stretch, ...]]]":
        """The steps by ranges of keys, and what stands ``beside`` them there. ``owned`` are our keys."""
        for steps, wanted, ours, *rest in stretches(self.rows, self._wanted.rows, owned.rows, *beside):
            yield Range(steps, wanted, ours), tuple(rest)


class Uniform(NamedTuple):
    """A whole block of keys with which a run does the same: a ``Group`` as it is packed. ``first`` is its first key."""

    act: Act
    ours: bool
    same: bool
    first: bytes
    keys: Column
    olds: Column | None
    news: Column | None

    @property
    def size(self) -> int:
        """How many keys they are."""
        return length(self.keys)

    def is_made(self, held: Stretch) -> bool:
        """Whether values are written, and a PBX, which holds ``held`` there, has all of them."""
        wanted = self.keys, self.news
        return not self.same and self.news is not None and held.block is not None and held.block[:2] == wanted


class Range:
    """The steps of a run in a range of keys: number, code, old value; what is wanted there, our keys."""

    __slots__ = ("_ours", "_wanted", "steps")

    def __init__(self, steps: Stretch, wanted: Stretch, ours: Stretch) -> None:
        self.steps, self._wanted, self._ours = steps, wanted, ours

    def __bool__(self) -> bool:
        return bool(self.steps)

    @property
    def uniform(self) -> Uniform | None:
        """The steps as one block, where they are one: nearly always where there are many."""
        steps, block = self.steps, self.steps.block
        if block is None:
            return None
        keys, codes, olds = block
        code = codes[:1] if isinstance(codes, bytes) else b""
        if codes != uniform(code, length(keys)) or (self._ours and not self._ours.same(steps, 1)):
            return None
        act, old_is, new_is, same = _MEANINGS[code]
        wanted = self._wanted.block
        if new_is and (wanted is None or wanted[0] != keys):
            return None
        news = wanted[1] if new_is and wanted is not None else None
        return Uniform(act, bool(self._ours), same, steps.first, keys, olds if old_is else None, news)

    def groups(self) -> list[Group]:
        """The steps in groups."""
        (keys, codes, olds), (wanted, news, *_) = self.steps.lists, self._wanted.lists
        return list(_grouped(keys, codes, olds, (wanted, news), self._ours.lists[0])) if keys else []


def _grouped(
    keys: Sequence[bytes], codes: Sequence[bytes], olds: Sequence[bytes], wanted: Lists, ours: Sequence[bytes]
) -> Iterator[Group]:
    own = set(ours)
    parts: dict[tuple[bytes, bool], tuple[list[bytes], list[bytes]]] = {}
    if len(set(codes)) == 1 and (not own or keys == ours):  # nearly always, and then without a look at each key
        parts[codes[0], bool(own)] = keys, olds  # type: ignore[assignment]
    else:
        for key, code, old in zip(keys, codes, olds, strict=True):
            some = parts.setdefault((code, key in own), ([], []))
            some[0].append(key)
            some[1].append(old)
    names = dict(zip(*wanted, strict=True))
    for (code, is_ours), (some_keys, some_olds) in parts.items():
        act, old_is, new_is, same = _MEANINGS[code]
        news = [names[key] for key in some_keys] if new_is else None
        yield Group(act, is_ours, same, some_keys, some_olds if old_is else None, news)
