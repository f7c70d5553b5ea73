"""The clock of 1C's server beside this machine's, by the header ``Date`` of an answer."""

import time
from contextlib import suppress
from email.utils import parsedate_to_datetime

from astsync.config import SourceConfig
from astsync.errors import AstsyncError
from astsync.finding import Finding
from astsync.language import say
from astsync.sources.web.client import WebClient
from astsync.sources.web.retrying import Patience
from astsync.stopping import NEVER, Stopping

_TOLERANCE = 30  # seconds; the header has whole ones
_CLOCK = say("clock")


def clock_finding(config: SourceConfig, stopping: Stopping = NEVER) -> Finding | None:
    """Ask the publication itself, which begins no session in 1C. None where nothing tells the time.

    That the server cannot be asked is for the check of the source to tell.
    """
    if not config.url:
        return None
    date = ""
    with suppress(AstsyncError), WebClient(config, config.url, Patience(), stopping=stopping) as client:
        date = client.date()
    apart = _apart(date)
    if apart is None:
        return None
    if apart > _TOLERANCE:
        words = say("the clock of 1C's server and this machine's are {seconds:,.0f} s apart", seconds=apart)
        return Finding(_CLOCK, None, words, say("Use NTP on both."))
    return Finding(_CLOCK, True, say("the clock of 1C's server agrees with this machine's"))


def _apart(date: str) -> float | None:
    try:
        return abs(parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
