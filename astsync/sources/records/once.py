"""Records that come a second time, because a list shifted between two of its pages; and lists that never end."""

from hashlib import blake2b

import orjson

from astsync.errors import SourceBadAnswer
from astsync.language import say
from astsync.sources import bounds


def endless(where: str) -> SourceBadAnswer:
    """The error of a list that never ends, to be raised. ``where`` names the list."""
    return SourceBadAnswer(
        say("{where} has no end: more than {limit:,} records", where=where, limit=bounds.LARGEST_LIST),
        hint=say("Look at what the source gives, and why so much."),
    )


class Once:
    """Remembers which records were seen.

    Two records are the same when all their fields are equal. The reference alone is not enough: a list may give one
    counterparty several times, each time with another phone. A record takes about 100 bytes of memory.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._seen)

    def new(self, record: object) -> bool:
        """Whether a record comes for the first time; it is remembered. Raises SourceBadAnswer for an unreadable one."""
        try:
            mark = blake2b(_bytes(record), digest_size=16).digest()
        except (RecursionError, ValueError):
            raise SourceBadAnswer(
                say("a record is nested too deeply, or holds a number without end"),
                hint=say("Look at what the source gives."),
            ) from None
        before = len(self._seen)
        self._seen.add(mark)
        return len(self._seen) > before


def _bytes(record: object) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, orjson.JSONEncodeError):
        return repr(record).encode("utf-8", "backslashreplace")
