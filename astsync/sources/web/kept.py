"""Clients that are kept between questions, with their connections, for several threads at once.

A client asks one question at a time. So each question takes a client that is free, or a new one; there are never more
of them than questions at once. The one that was used last is taken first: its connection is the freshest.
"""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from astsync.errors import ConfigError, SourceLoginError
from astsync.sources.web.client import WebClient
from astsync.sources.web.network import ConnectionBroke
from astsync.stopping import Stopping

logger = logging.getLogger(__name__)

T = TypeVar("T")


class KeptClients:
    """Clients that ``make`` makes. Raises ConfigError at once where it cannot make one."""

    def __init__(self, make: Callable[[], WebClient]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._free = [make()]
        self._closed = False

    def ask(self, question: Callable[[WebClient], T], stopping: Stopping) -> T:
        """Ask a question through a client of its own, in the time of ``stopping``. Raises SourceError.

        A server closes a connection that was idle, perhaps just when the question is sent. So a question whose kept
        connection broke is asked once more, over a new one.
        """
        client = self._take()
        try:
            client.work_for(stopping)
            used = client.reached
            try:
                return question(client)
            except ConnectionBroke:
                if not used or stopping.is_set():
                    raise
                logger.debug("a kept connection to %s was closed; asking again", client.host)
                return question(client)
        finally:
            self._give_back(client)

    def close(self) -> None:
        """Close the clients that are free now, and the others once they are."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for client in free:
            client.__exit__()

    def _take(self) -> WebClient:
        with self._lock:
            if self._free:
                return self._free.pop()
        try:
            return self._make()
        except ConfigError as error:  # the file of the password is gone meanwhile
            raise SourceLoginError(error.message, hint=error.hint) from None

    def _give_back(self, client: WebClient) -> None:
        with self._lock:
            if not self._closed:
                self._free.append(client)
                return
        client.__exit__()
