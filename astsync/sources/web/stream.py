"""Answers of any size: read as they come, bounded in bytes here, and in time by their clock."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import requests

from astsync.errors import SourceBadAnswer, SourceError
from astsync.language import say
from astsync.sources.web.clock import LARGEST_STREAM, AnswerClock
from astsync.sources.web.network import NETWORK_ERRORS

LARGEST_HEAD = 4 * 1024 * 1024
"""Bytes that are read before an answer counts as begun: what goes wrong until then can be asked for again."""

_PIECE = 64 * 1024
_SMALLER = say("Read the list in pages, or in smaller ones.")


@dataclass(frozen=True, slots=True)
class WebRequest:
    """What is asked for: ``path`` below the client's root, ``options`` of the query, ``where`` names it in messages.

    ``url`` takes the place of path and options: an address of its own, encoded already. ``body`` makes it a POST.
    All but ``path`` and ``where`` may hold secrets, and does not show. The values of headers are bytes or ASCII text.
    """

    path: str
    where: str
    options: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str | bytes] = field(default_factory=dict, repr=False)
    url: str = field(default="", repr=False)


class Body:
    """The body of a good answer. Iterating gives its bytes once; closing frees the connection.

    ``head`` is the beginning, read already; ``whole``: there is nothing behind it. ``explain`` makes an error of what
    ``requests`` raises. Raises SourceError while iterating when the connection breaks, or the answer is too large or
    too slow.
    """

    def __init__(
        self, response: requests.Response, where: str, clock: AnswerClock, explain: Callable[[Exception], SourceError]
    ) -> None:
        self._response = response
        self._where = where
        self._explain = explain
        self._pieces = pieces(response, clock, _PIECE)
        self._read = 0
        self.head = b""
        self.whole = False

    def __enter__(self) -> "Body":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        while not self.whole:
            yield self._guarded()

    def close(self) -> None:
        """Free the connection; what was not read is lost."""
        self._response.close()

    def begin(self) -> "Body":
        """Read the head. Raises SourceError when it is too slow or too large, and what ``requests`` raises."""
        head = bytearray()
        while len(head) < LARGEST_HEAD and not self.whole:
            head += self._next()
        self.head = bytes(head)
        return self

    def _guarded(self) -> bytes:
        try:
            return self._next()
        except (SourceError, *NETWORK_ERRORS) as error:
            broken = error if isinstance(error, SourceError) else self._explain(error)
            # Records of this answer may have been given out: whoever asked for it again would give them twice.
            broken.tries, broken.smaller_page = 1, False
            raise broken from None

    def _next(self) -> bytes:
        """Read on; sets ``whole`` at the end. Raises SourceError, and what ``requests`` raises."""
        piece = next(self._pieces, None)
        if piece is None:
            self.whole = True
            return b""
        self._read += len(piece)
        if self._read > LARGEST_STREAM:
            raise SourceBadAnswer(
                say(
                    "the answer about {where} is too large: more than {bytes:,} bytes",
                    where=self._where,
                    bytes=LARGEST_STREAM,
                ),
                hint=_SMALLER,
            )
        return piece


def pieces(response: requests.Response, clock: AnswerClock, size: int) -> Iterator[bytes]:
    """Read the body of an answer in pieces, ``size`` bytes at most, and tell the clock of each.

    A packed body of which a few bytes came may go on without the socket: so it is looked here too whether the run must
    end.
    """
    for piece in response.iter_content(size):
        clock.came()
        clock.check_run()
        yield piece
