"""Records of a list that comes in parts, each let through once; and the error of a list without an end."""

from hashlib import blake2b

import orjson

from astsync.errors import SourceBadAnswer
from astsync.sources import bounds


def endless(where: str) -> SourceBadAnswer:
    """Make the error of a list that does not end."""
    return SourceBadAnswer(
        f"{where} has no end: more than {bounds.LARGEST_LIST} records",
        hint="Look at what the source gives, and why so much.",
    )


class Once:
    """Lets each record pass once: a list that is read in parts may shift between them.

    Records count as the same when they are alike in all fields. A list may well give one counterparty several times
    with one phone each, so its reference alone proves nothing. Costs some 100 bytes of memory a record.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._seen)

    def new(self, record: object) -> bool:
        """Tell whether a record was not seen before, and keep it in mind. Raises SourceBadAnswer when it has no end."""
        try:
            mark = blake2b(_bytes(record), digest_size=16).digest()
        except (RecursionError, ValueError):
            raise SourceBadAnswer(
                "a record is nested too deeply, or holds a number without end", hint="Look at what the source gives."
            ) from None
        before = len(self._seen)
        self._seen.add(mark)
        return len(self._seen) > before


def _bytes(record: object) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, orjson.JSONEncodeError):
        return repr(record).encode("utf-8", "backslashreplace")
