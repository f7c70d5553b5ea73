"""The pages about calls that are over: for a 1C that asks for them.

``GET /api/v1/calls?since=CURSOR&limit=`` gives the calls after a cursor, in the order in which they became known, with
the next cursor; without one from the oldest that is kept. Asking again with the same cursor gives the same calls, and
those that came since. A call that changed comes again with the same id and a higher revision. ``gaps`` are the times of
which calls may be missing. The store is read in a thread, so no call waits for it.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from astsync.lookup.answers import JSON, BadRequest, answer
from astsync.lookup.call_json import CallTeller, gap_told
from astsync.store import JournalReader

CALLS = "/api/v1/calls"
MOST = 1_000
"""Calls in one answer."""
USUAL = 100


class PastCallPages:
    """Answers by the journal. On the event loop of the calls; ``teller`` may be used by another thread.

    ``pbxs`` are the names of the PBXs that are configured.
    """

    def __init__(self, journal: JournalReader, teller: CallTeller, pbxs: Sequence[str]) -> None:
        self._journal, self._teller, self._pbxs = journal, teller, pbxs

    async def page(self, given: Mapping[str, str]) -> web.StreamResponse:
        """Some calls after a cursor. Raises BadRequest."""
        cursor, limit = given.get("since", ""), _limit(given.get("limit", ""))
        try:
            return answer(await asyncio.to_thread(self._read, cursor, limit), JSON)
        except ValueError:
            raise BadRequest(400, "since is no cursor of this service") from None
        except (sqlite3.Error, OSError):
            raise _unread() from None

    async def find(self, call_id: str) -> dict[str, Any] | None:
        """One call that is over. Raises BadRequest."""
        try:
            found = await asyncio.to_thread(self._journal.find, call_id)
        except (sqlite3.Error, OSError):
            raise _unread() from None
        return None if found is None else self._teller.past(found)

    def _read(self, cursor: str, limit: int) -> bytes:
        calls, after, more = self._journal.page(cursor, limit)
        gaps = self._journal.gaps(datetime.now(UTC), self._pbxs)
        told = [self._teller.past(call) for call in calls]
        return orjson.dumps({"calls": told, "next": after, "more": more, "gaps": [gap_told(gap) for gap in gaps]})


def _unread() -> BadRequest:
    return BadRequest(503, "the store cannot be read", {"Retry-After": "5"}, None)


def _limit(text: str) -> int:
    if not text:
        return USUAL
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    if not 1 <= limit <= MOST:
        raise BadRequest(400, f"limit is a number from 1 to {MOST}")
    return limit
