"""When a PBX is tried again: the one place that decides it, for a run and for ``watch``.

Three waits are left, because three different things are waited for:

- In a run (``patient``) a PBX was lost, and somebody waits for the run's end. Only LOST is waited for, and not longer
  than ``pbx.patience`` in all. Each pause is twice the last one, unless the connection between them lived longer than
  that: a PBX that ends each connection soon is asked about ten times in half a minute.
- ``watch`` (``watch.guard``) is not connected. It has all the time, so it tries for ever, and the more seldom the
  longer the PBX is away. How seldom depends on what a try costs the PBX:

  - Nothing listens there, or nothing comes in time. A try costs the PBX nothing, so it is tried often, and found soon
    after its restart.
  - Something answers, and the connection is ended before anything came of it: by a PBX that is shutting down, a proxy
    before one that is away, a fault. The pause is half the time for which that has been so.
  - The login succeeds, and the connection does not last. Each such one doubles the pause (``soonest_after``).
  - The user's only session is taken. It may be one that broke off, which Asterisk counts until it notices. That passes
    by itself or not at all, so it is tried all the time, each pause as long as all before it, up to a minute. Asterisk
    says so before it looks at the secret, and fail2ban does not count it.
  - The login is refused. A person must mend that.

- ``watch`` is connected, and the PBX's restore failed. To connect again would change nothing, so only the restore is
  tried again.

What is not a PBX has its own wait, with the growing pause of this module: the store's lock (``watch.runs.Turns``), the
source (``watch.syncer``), and a bug (``watch.loop``).
"""

from random import SystemRandom

from astsync.errors import (
    AstsyncError,
    ConfigError,
    PbxConnectionLost,
    PbxLoginError,
    PbxRightsError,
    PbxSessionTaken,
    PbxTimeout,
    PbxTlsError,
    PbxUnreachable,
    SafetyError,
)

LOST = (PbxUnreachable, PbxConnectionLost, PbxTimeout)
"""What may pass by itself, as when Asterisk restarts. What was sent and not answered may have been done."""

REFUSED = (PbxTlsError, PbxLoginError, PbxRightsError, ConfigError)
"""What a person must mend first. To try it again soon looks like an attack to Asterisk's log and to fail2ban."""

AT_FIRST = 10.0
"""Seconds that a run waits at most for a PBX that is down when it begins: cron's run must not hang."""

IN_A_RUN = (0.2, 5.0)
"""Least and most seconds between two tries in a run. The least is waited after every loss."""

SOONEST, LATEST = 0.1, 15.0  # seconds between two tries of watch at a PBX that is away
SHARE_OF_ABSENCE = 1 / 150  # so a PBX that took four minutes to start is seen 2 s later at most
SHARE_OF_DROPS = 1 / 2
TAKEN = (5.0, 60.0)  # seconds between two tries at a session that is taken
UNWELCOME = (60.0, 300.0)  # seconds between two refused logins: fewer than fail2ban's usual 5 in 10 minutes
RESTLESS = 30  # connections in a row that were soon lost: no longer a restart or a few
RESTORE = (1.0, 300.0)  # seconds between two tries at a restore that failed
_random = SystemRandom()


def doubled(pause: float, least: float, most: float) -> float:
    """Twice the seconds of ``pause``, within bounds."""
    return min(max(2 * pause, least), most)


def jittered(seconds: float) -> float:
    """Up to a fifth more or less, so that many that wait do not come all at once."""
    return seconds * _random.uniform(0.8, 1.2)


def pause_while_away(away: float, error: AstsyncError, soonest: float = SOONEST) -> float:
    """Seconds until the next try at a PBX that has been away for ``away`` seconds; at least ``soonest``."""
    if isinstance(error, (*REFUSED, PbxSessionTaken)):
        least, most = TAKEN if isinstance(error, PbxSessionTaken) else UNWELCOME
        return min(max(away, least), most)
    silent = isinstance(error, PbxTimeout) or (isinstance(error, PbxUnreachable) and not error.answered)
    return min(max(away * (SHARE_OF_ABSENCE if silent else SHARE_OF_DROPS), soonest), LATEST)


def soonest_after(short_lived: int, *, useful: bool) -> float:
    """Least seconds until the next try after ``short_lived`` connections in a row that were soon lost.

    Each doubles it, as a PBX that ends every connection has been away for no time, and would be tried ten times a
    second. Where the last one was ``useful``, as Asterisk had restarted or entries were put back, it stays under half a
    second at first, so that a PBX that restarts a few times is found soon.
    """
    doublings = max(min(short_lived, 2), short_lived - RESTLESS) if useful else short_lived
    return min(SOONEST * (1 << min(doublings, 10)), LATEST)


def pause_before_restore(before: float, error: AstsyncError) -> float | None:
    """Seconds until a failed restore is tried again, ``before`` being the last such pause; None: it is not.

    What a safety limit refused would be refused again; the next sync or the next connection plans anew.
    """
    return None if isinstance(error, SafetyError) else doubled(before, *RESTORE)
