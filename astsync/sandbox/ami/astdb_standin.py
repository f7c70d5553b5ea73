"""The AstDB of the stand-in PBX: entries in memory, with the searches and the limits of each version of Asterisk."""

import re
import threading
from collections.abc import Callable
from itertools import count

from astsync.sandbox.ami.dialects import Dialect

# One character of UTF-8, or one byte that is none: LIKE's ``_`` counts so.
_CHARACTER = rb"(?>[\xc0-\xff][\x80-\xbf]*|[\x00-\xbf])"
KeyValues = list[tuple[bytes, bytes]]
"""Pairs of ``/family/key`` and value, ordered by the bytes of the first."""


class AstDbStandIn:
    """Entries by ``/family/key``, shared by all sessions.

    ``entries`` may be read and changed by anyone who holds ``lock``.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.lock = threading.Lock()
        self._dialect = dialect
        self._key_limit = dialect.key_limit
        self._lost = count(0xFFFFFFFF, -1)

    def put(self, family: bytes, key: bytes, value: bytes) -> bool:
        """Store an entry. False: the key is too long for this version."""
        full = b"/%b/%b" % (family, key)
        if len(full) > self._key_limit:
            if not self._dialect.loses_long_keys:
                return False
            # 1.8 stores the cut key together with the bytes behind it in memory. No lookup finds such a key again.
            # The counter stands for those bytes: two keys that are cut alike stay two entries.
            full = full[: self._key_limit] + b"\0%08x" % next(self._lost)
        with self.lock:
            self.entries[full] = value
        return True

    def get(self, family: bytes, key: bytes) -> bytes | None:
        """A value, cut as this version cuts it. None: no such entry."""
        full = b"/%b/%b" % (family, key)
        value = self.entries.get(full) if len(full) <= self._key_limit else None
        return None if value is None else value[: self._dialect.value_limit]

    def delete(self, family: bytes, key: bytes) -> bool:
        """Delete an entry. False: there was none."""
        with self.lock:
            return self.entries.pop(b"/%b/%b" % (family, key), None) is not None

    def fits(self, family: bytes, key: bytes) -> bool:
        """Whether this version can store a key of this length."""
        return len(family) + len(key) + 2 <= self._key_limit

    def tree(self, family: bytes, key: bytes = b"") -> KeyValues:
        """The entries of a family, or only those below ``key``; all entries when both are empty."""
        return self._rows(self._below(family, key))

    def named(self, key: bytes) -> KeyValues:
        """The entries with this key in all families, as ``database showkey`` lists them."""
        start = b".*/" if self._dialect.wildcards else b".*"
        found = re.compile(start + self._pattern(key) + rb"\Z", re.IGNORECASE | re.DOTALL).match
        return self._rows(lambda full: found(full) is not None)

    def delete_tree(self, family: bytes, key: bytes = b"") -> int:
        """Delete the entries that ``tree`` lists, and count them."""
        below = self._below(family, key)
        with self.lock:
            doomed = [full for full in self.entries if below(full.partition(b"\0")[0])]
            for full in doomed:
                del self.entries[full]
        return len(doomed)

    def _rows(self, wanted: Callable[[bytes], bool]) -> KeyValues:
        with self.lock:
            rows = sorted(self.entries.items())
        cut = ((full.partition(b"\0")[0], value) for full, value in rows) if self._dialect.loses_long_keys else rows
        return [row for row in cut if wanted(row[0])]

    def _below(self, family: bytes, key: bytes) -> Callable[[bytes], bool]:
        # Asterisk compares by LIKE here: case-insensitive, with wildcards. ``deltree cidname`` also removes CIDNAME.
        if not family:
            return lambda _: True
        prefix = b"/%b/%b" % (family, key) if key else b"/%b" % family
        pattern = self._pattern(prefix[: self._key_limit]) + b"/"
        found = re.compile(pattern, re.IGNORECASE | re.DOTALL).match
        return lambda full: found(full + b"/") is not None

    def _pattern(self, text: bytes) -> bytes:
        """The regular expression for SQL LIKE: ``_`` is one character, ``%`` any text. Case is the caller's matter."""
        if not self._dialect.wildcards:
            return re.escape(text)
        wild = {b"_": _CHARACTER, b"%": b".*"}
        return b"".join(wild.get(part) or re.escape(part) for part in re.split(rb"([_%])", text))
