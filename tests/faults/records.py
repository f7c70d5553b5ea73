"""The records of TLS in a stream of bytes: their kind and their size, which nobody hides."""

from collections.abc import Iterator

_HEADER = 5  # bytes: the kind, two of a version, two of the length
_DATA = 23  # the kind of a record with encrypted data; of TLS 1.3 also those at the end of the handshake


class Records:
    """Reads one way of one connection. ``count`` is how many records with encrypted data have begun."""

    def __init__(self) -> None:
        self.count = 0
        self._head = b""
        self._left = 0

    def take(self, data: bytes) -> Iterator[int]:
        """Read on, and give the size in bytes of each record with encrypted data that begins."""
        while data:
            if self._left:
                passed = min(self._left, len(data))
                self._left -= passed
                data = data[passed:]
                continue
            missing = _HEADER - len(self._head)
            self._head, data = self._head + data[:missing], data[missing:]
            if len(self._head) == _HEADER:
                kind, self._left, self._head = self._head[0], int.from_bytes(self._head[3:]), b""
                if kind == _DATA:
                    self.count += 1
                    yield self._left
