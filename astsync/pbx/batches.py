"""Actions that are sent together, and the order in which their answers are expected.

An Asterisk works off the actions of a session one after the other, so the answers to thousands of them are known before
they come, to the last byte: what comes is compared with that, a piece at a time. It is the same look at each answer, at
a tenth of the price. Whatever is not as expected is looked at one by one.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Protocol

from astsync.errors import UnsafeValue
from astsync.pbx.packets import EntryAction, confirmed
from astsync.phonebook.columns import Lists
from astsync.phonebook.packed import PackedItems, PackedRows, texts


class Batch:
    """Actions that are sent together: one for each of ``identities``, on the key at the same place of ``keys``.

    Keys that are bytes are joined by NUL: there may be many batches, and seldom does anybody ask for a key.

    ``data`` are their bytes. ``failed`` are keys that cannot be sent, with the reason. ``_open`` are the places of
    those that are not answered; None: those from ``_answered`` on, as the others were answered in their order.
    """

    def __init__(self, identities: range, keys: Sequence[str] | bytes, data: bytes, failed: dict[str, str]) -> None:
        self.identities = identities
        self._data = data
        self.failed = failed
        self._keys = keys
        self._answered = 0
        self._open: set[int] | None = None
        self._message: bytes | None = None  # the words of the expected answers
        self._expected = b""
        self._size = 0  # bytes of each expected answer; 0: they are not known, or not all of one size

    def sent(self) -> bytes:
        """The bytes, which are to be sent now: they are given once, and not kept until the answers come."""
        data, self._data = self._data, b""
        return data

    @property
    def waiting(self) -> int:
        """How many are not answered."""
        return len(self.identities) - self._answered if self._open is None else len(self._open)

    def left(self) -> Iterator[str]:
        """The keys that are not answered, in their order."""
        keys = self._listed()
        return iter(keys[self._answered :] if self._open is None else [keys[place] for place in sorted(self._open)])

    def _listed(self) -> Sequence[str]:
        return texts(self._keys.split(b"\0")) if isinstance(self._keys, bytes) else self._keys

    def take(self, data: bytes, at: int, message: bytes) -> int:
        """Take the answers that stand there in these bytes, where they are the next ones and confirm with these words.

        Returns how many bytes they have; 0: they are not, or none is whole.
        """
        if message != self._message:
            self._expect(message)
        if not self._size or self._open is not None:
            return 0
        count = min((len(data) - at) // self._size, len(self.identities) - self._answered)
        start, size = self._answered * self._size, count * self._size
        if not data.startswith(self._expected[start : start + size], at):
            return 0
        self._answered += count
        return size

    def _expect(self, message: bytes) -> None:
        self._message, self._size = message, 0
        if len(str(self.identities[0])) == len(str(self.identities[-1])):
            self._expected = confirmed(self.identities, message)
            self._size = len(self._expected) // len(self.identities)

    def waits_for(self, identity: int) -> bool:
        """Whether this is one of the actions, and not answered."""
        if identity not in self.identities:
            return False
        place = identity - self.identities[0]
        return place >= self._answered if self._open is None else place in self._open

    def key(self, identity: int) -> str:
        """The key of an action."""
        return self._listed()[identity - self.identities[0]]

    def answer(self, identity: int) -> None:
        """Note that an action, which was open, is answered."""
        place = identity - self.identities[0]
        if self._open is None and place == self._answered:
            self._answered += 1
            return
        if self._open is None:
            self._open = {*range(self._answered, len(self.identities))}
        self._open.discard(place)


class Batches(Protocol):
    """Entries that become batches, one after the other."""

    def more(self, size: int) -> int:
        """Look at the next entries, at most so many; return how many they are."""

    def built(self, identities: range) -> Batch:
        """The batch of these, in which each has its ActionID. Where some cannot be sent the last ActionIDs are free."""

    def rest(self) -> Iterator[str]:
        """The keys of those that are not built."""


def batches_of(items: Iterable[tuple[str, str]], action: EntryAction) -> Batches:
    """The batches of these entries."""
    return _PackedBatches(items, action) if isinstance(items, PackedItems) else _TextBatches(items, action)


class _TextBatches:
    """Of entries that come one after the other."""

    def __init__(self, items: Iterable[tuple[str, str]], action: EntryAction) -> None:
        self._stream = iter(items)
        self._action = action
        self._next: list[tuple[str, str]] = []

    def more(self, size: int) -> int:
        self._next = [*islice(self._stream, size)]
        return len(self._next)

    def built(self, identities: range) -> Batch:
        entries, self._next = self._next, []
        return _built(self._action, identities, entries)

    def rest(self) -> Iterator[str]:
        return (key for key, _ in chain(self._next, self._stream))


class _PackedBatches:
    """Of packed entries: they stay bytes."""

    def __init__(self, items: PackedItems, action: EntryAction) -> None:
        self._action = action
        self._blocks = _keys_and_values(items.rows)
        self._keys: Sequence[bytes] = ()
        self._values: Sequence[bytes] = ()
        self._count = 0

    def more(self, size: int) -> int:
        parts: list[Lists] = [(self._keys, self._values)]
        while sum(len(keys) for keys, _ in parts) < size and (block := next(self._blocks, None)):
            parts.append(block)
        self._keys, self._values = ([*chain.from_iterable(column)] for column in zip(*parts, strict=True))
        self._count = min(size, len(self._keys))
        return self._count

    def built(self, identities: range) -> Batch:
        keys, values = self._keys[: self._count], self._values[: self._count]
        self._keys, self._values = self._keys[self._count :], self._values[self._count :]
        data = self._action.packed(identities, keys, values)
        if data is not None:
            return Batch(identities, b"\0".join(keys), data, {})
        return _built(self._action, identities, [*zip(texts(keys), texts(values), strict=True)])

    def rest(self) -> Iterator[str]:
        yield from texts(self._keys)
        for keys, _ in self._blocks:
            yield from texts(keys)


def _keys_and_values(rows: PackedRows) -> Iterator[Lists]:
    return (lists[:2] for lists in rows.lists())


def _built(action: EntryAction, identities: range, entries: Sequence[tuple[str, str]]) -> Batch:
    data = action.many([*map(str, identities)], entries)
    if data is not None:
        return Batch(identities, [key for key, _ in entries], data, {})
    parts, keys, failed = list[bytes](), list[str](), dict[str, str]()
    for key, value in entries:
        try:
            parts.append(action.one(str(identities[len(keys)]), key, value))
        except UnsafeValue as error:
            failed[key] = error.message
        else:
            keys.append(key)
    return Batch(identities[: len(keys)], keys, b"".join(parts), failed)
