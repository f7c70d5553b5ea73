"""Bytes that nobody meant to send: good ones, mutated. A stream of chance makes them again."""

import random
import re
from collections.abc import Callable, Sequence

SMALL, LARGEST = 2_000, 60_000  # bytes
_LARGE_SHARE = 0.001
_MOST_MUTATIONS = 5
_LEAF = re.compile(rb'[^"<>,:;=\r\n\t{}\[\]]+')

COMMON: tuple[bytes, ...] = (
    b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\t", b" ", b"\x1b[2J", b"\x7f", b"\xff", b"\xfe\xff", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "\u2028".encode(),
    "\u0085".encode(), "\u202e".encode(), "\u0301".encode(), "\U0001f4de".encode(), "٣".encode(), "²".encode(),
    "ß".encode(), "İ".encode(), "Ж".encode(), b"9" * 30, b"9" * 400, b"9" * 5_000, b"-1", b"1e400", b"-0", b"1.5",
    b"NaN", b"0x10", b"1_000", b"2147483648", b"9223372036854775808", b"18446744073709551616", b"null", b"true",
    b"false", b"%", b"%00", b"%s", b"{}", b"[]", b"{{", b"\\", b"\\u0000", b"\\ud800", b"..", b"/", b"=", b":", b";",
    b",", b'"', b"'", b"<", b">", b"&", b"&#0;", b"&#xD800;", b"&amp;", b"#", b"--", b"+7 (495) 555-01-42",
)  # fmt: skip
"""Pieces that mean something in many formats, or are no text in any."""

Chance = random.Random
_Mutation = Callable[[Chance, bytes, bytes, Sequence[bytes]], bytes]  # the data, other data, tokens


class Mutator:
    """Mutates seeds with the tokens of their format."""

    def __init__(self, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> None:
        self.seeds = tuple(seeds)
        self._tokens = (*tokens, *tokens, *COMMON)

    def make(self, chance: Chance, found: Sequence[bytes] = ()) -> bytes:
        """Make one input; ``found`` are more seeds."""
        pool = found if found and chance.random() < 0.5 else self.seeds
        data = pool[int(chance.random() * len(pool))]
        most = max(SMALL, len(data) + 200)
        for _ in range(1 + int(chance.random() ** 3 * _MOST_MUTATIONS)):
            other = self.seeds[int(chance.random() * len(self.seeds))]
            data = _MUTATIONS[int(chance.random() * len(_MUTATIONS))](chance, data, other, self._tokens)
        if chance.random() < _LARGE_SHARE:
            return _grown(chance, data)
        return data[:most]


def _at(chance: Chance, data: bytes) -> int:
    return int(chance.random() * (len(data) + 1))


def _slice(chance: Chance, data: bytes) -> tuple[int, int]:
    start = _at(chance, data)
    most = len(data) - start
    return start, start + int(chance.random() * (most if chance.random() < 0.3 else min(most, 20)) + 1)


def _token(chance: Chance, tokens: Sequence[bytes]) -> bytes:
    return tokens[int(chance.random() * len(tokens))]


def _byte(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    at = _at(chance, data)
    return b"%b%c%b" % (data[:at], int(chance.random() * 256), data[at + 1 :])


def _bit(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = int(chance.random() * len(data))
    return b"%b%c%b" % (data[:at], data[at] ^ (1 << int(chance.random() * 8)), data[at + 1 :])


def _insert(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    at = _at(chance, data)
    return data[:at] + _token(chance, tokens) + data[at:]


def _replace(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _slice(chance, data)
    return data[:start] + _token(chance, tokens) + data[end:]


def _leaf(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    """Replace a text between signs, so that what is around it stays well formed."""
    found = _LEAF.search(data, _at(chance, data))
    if found is None:
        return data
    new = _LEAF.search(other, _at(chance, other)) if chance.random() < 0.5 else None
    text = new[0] if new is not None else _token(chance, COMMON).strip(b'"<>&\\')
    return data[: found.start()] + text + data[found.end() :]


def _cut(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _slice(chance, data)
    return data[:start] + data[end:]


def _truncate(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    return data[: _at(chance, data)]


def _repeat(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _slice(chance, data)
    return data[:end] + data[start:end] * int(1 + chance.random() * 8) + data[end:]


def _splice(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    at = _at(chance, data)
    start, end = _slice(chance, other)
    return data[:at] + other[start:end] + data[at:]


def _cross(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    return data[: _at(chance, data)] + other[_at(chance, other) :]


def _swap(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _slice(chance, data)
    length = end - start
    return data[:start] + data[end : end + length] + data[start:end] + data[end + length :]


def _nest(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    """Repeat one token many times: brackets, tags and quotes within each other."""
    at = _at(chance, data)
    token = _token(chance, tokens)[:40] or b"["
    return data[:at] + token * int(2 ** (chance.random() * 10)) + data[at:]


def _encode(chance: Chance, data: bytes, other: bytes, tokens: Sequence[bytes]) -> bytes:
    """Write the text in another encoding."""
    if chance.random() < 0.7:
        return data
    name = ("utf-16", "utf-16-le", "cp1251", "utf-8-sig", "utf-32", "koi8-r")[int(chance.random() * 6)]
    return data[:SMALL].decode("utf-8", "replace").encode(name, "replace")


_MUTATIONS: tuple[_Mutation, ...] = (
    _leaf, _leaf, _leaf, _leaf, _leaf, _leaf, _byte, _byte, _bit, _insert, _insert, _replace, _replace, _cut, _truncate,
    _repeat, _splice, _splice, _cross, _swap, _nest, _encode,
)  # fmt: skip


def _grown(chance: Chance, data: bytes) -> bytes:
    """Repeat a part until the whole is long."""
    start, end = _slice(chance, data)
    part = data[start:end] or b"["
    return (data[:start] + part * (LARGEST // 2 // len(part)) + data[end:])[:LARGEST]
