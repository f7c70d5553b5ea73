"""The addresses of a host's name, within a time.

Nothing can interrupt the system's resolver, and ``getaddrinfo`` has no time-out. So a thread of its own asks, and is
left alone when the time is over.
"""

import queue
import socket
import threading
from collections.abc import Sequence
from typing import Any

from astsync.language import say

_MOST = 100  # threads that ask for addresses: a resolver may hang for ever, and a service asks for ever
_THREAD = "astsync-resolver"  # the name of such a thread

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""An address as ``getaddrinfo`` gives it: family, kind, protocol, canonical name, and what a socket connects to."""


def addresses_of(
    host: str, port: int, seconds: float, family: socket.AddressFamily = socket.AF_UNSPEC
) -> Sequence[Address]:
    """Find the addresses of a host for TCP. Raises TimeoutError, and what ``getaddrinfo`` raises."""
    if sum(thread.name == _THREAD for thread in threading.enumerate()) >= _MOST:
        raise TimeoutError(say("timed out"))
    answer: queue.SimpleQueue[Sequence[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - it is raised below
            answer.put(error)

    threading.Thread(target=ask, name=_THREAD, daemon=True).start()
    try:
        found = answer.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(say("timed out")) from None
    if isinstance(found, Exception):
        raise found
    return found
