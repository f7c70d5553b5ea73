"""The sockets that calls come in by. They outlive a reload, so that no call is refused meanwhile."""

import errno
import os
import socket
from collections.abc import Mapping

from astsync.config.serve_section import address_and_port
from astsync.errors import ConfigError
from astsync.lookup import gate

_CURES = {
    errno.EADDRINUSE: "Another program listens there; it may be another `astsync serve` or `astsync watch --serve`, "
    "and one is enough. `ss -ltnp` names the program. Or write another port.",
    errno.EADDRNOTAVAIL: "Write an address that this machine has (`ip address` lists them).",
    errno.EACCES: "Ports under 1024 are root's: write a higher one.",
}


class Listening:
    """What is listened on: sockets by the key of ``[serve]`` that names their address, "agi" or "http"."""

    def __init__(self) -> None:
        self._sockets: dict[tuple[str, str], socket.socket] = {}

    def change(self, addresses: Mapping[str, str]) -> None:
        """Listen on these addresses, by key, and on no others; "" is none. Connections wait until somebody takes them.

        Raises ConfigError where an address cannot be had; then all stays as it was.
        """
        wanted = {(key, address) for key, address in addresses.items() if address}
        fresh: dict[tuple[str, str], socket.socket] = {}
        try:
            for key, address in wanted - self._sockets.keys():
                fresh[key, address] = listen(key, address)
        except ConfigError:
            _close(fresh)
            raise
        _close({place: self._sockets.pop(place) for place in self._sockets.keys() - wanted})
        self._sockets |= fresh

    def sockets(self) -> dict[str, socket.socket]:
        """The sockets by key, as duplicates: who takes connections from one closes it, and this one stays."""
        return {key: taken.dup() for (key, _), taken in self._sockets.items()}

    def close(self) -> None:
        """Listen no longer."""
        self.change({})


def listen(key: str, address: str) -> socket.socket:
    """Listen on ``address``, which the key ``serve.key`` names. Raises ConfigError."""
    try:
        return gate.listen(*address_and_port(address))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        cure = _CURES.get(error.errno or 0, "Write another address.")
        raise ConfigError(f"serve.{key}: cannot listen on {address}: {why}", hint=cure) from None


def _close(sockets: Mapping[tuple[str, str], socket.socket]) -> None:
    for each in sockets.values():
        each.close()
