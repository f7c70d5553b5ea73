"""Time as watch sees it, and how long to wait before the next try."""

import threading
import time
from random import SystemRandom

from astsync.errors import AstsyncError, ConfigError, PbxLoginError, PbxRightsError

SOONEST, LATEST = 0.1, 15.0  # seconds between two tries at a PBX that is away
SHARE_OF_ABSENCE = 1 / 150  # so a PBX that took four minutes to start is seen 2 s later at most
UNWELCOME = (60.0, 300.0)  # seconds between two refused logins: fewer than fail2ban's usual 5 in 10 minutes
RESTLESS = 30  # connections in a row that were soon lost: no longer a restart or a few
_random = SystemRandom()


class Clock:
    """Monotonic seconds. A ``speed`` over 1 lets them pass faster, as a test of a whole day wants it."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed

    def now(self) -> float:
        """Give the seconds since some moment; a change of the machine's date does not touch them."""
        return time.monotonic() * self._speed

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Wait for an event, so many seconds at most."""
        event.wait(max(seconds, 0) / self._speed)


def next_try(away: float, error: AstsyncError, soonest: float = SOONEST) -> float:
    """Give the seconds until the next try at a PBX that has been away for ``away`` seconds; at least ``soonest``.

    The longer it is away, the more seldom. What a person must mend first, and what a ban may follow, waits longer.
    """
    if isinstance(error, (PbxLoginError, PbxRightsError, ConfigError)):
        least, most = UNWELCOME
        return min(max(away, least), most)
    return min(max(away * SHARE_OF_ABSENCE, soonest), LATEST)


def after_flickers(flickers: int, *, useful: bool) -> float:
    """Give the soonest next try after so many connections in a row that were soon lost.

    Each doubles it. Where the last one was ``useful``, as Asterisk had restarted or entries were put back, it stays
    under half a second at first, so that a PBX that restarts a few times is found soon.
    """
    doublings = max(min(flickers, 2), flickers - RESTLESS) if useful else flickers
    return min(SOONEST * (1 << min(doublings, 10)), LATEST)


def doubled(pause: float, least: float, most: float) -> float:
    """Give the pause after ``pause``: twice as long, within bounds."""
    return min(max(2 * pause, least), most)


def jittered(seconds: float) -> float:
    """Give up to a fifth more or less, so that many that wait do not come all at once."""
    return seconds * _random.uniform(0.8, 1.2)
