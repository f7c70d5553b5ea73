"""Messages to systemd: the service's state and its pulse (sd_notify(3)), one datagram each."""

import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Sends messages to systemd; does nothing where ``NOTIFY_SOCKET`` names no Unix socket.

    ``watchdog`` is the seconds without a pulse after which systemd ends the service; None: it never does.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address if address.startswith("/") else ""
        self.watchdog = _watchdog(environ) if self._address else None

    def ready(self) -> None:
        """The service is up, or a reload is done."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again; ``ready`` must follow."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The service ends."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """The service works."""
        self._tell("WATCHDOG=1")

    def status(self, words: str) -> None:
        """What ``systemctl status`` shows, in one line."""
        self._tell(f"STATUS={' '.join(words.split())}")

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(1)
                sender.sendto(words.encode(), self._address)
        except OSError as error:
            log.debug("systemd was not told %r: %s", words, error)


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """systemd's ``WatchdogSec`` in seconds; None where there is none, or it is meant for another process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1_000_000 if microseconds.isdecimal() and int(microseconds) else None
