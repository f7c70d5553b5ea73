"""The sockets that calls come in by. They outlive a reload, so that no call is refused meanwhile."""

import errno
import os
import socket
from collections.abc import Mapping

from astsync.config.serve_section import address_and_port
from astsync.errors import ConfigError
from astsync.language import say
from astsync.lookup import gate

_CURES = {
    errno.EADDRINUSE: say(
        "Another program listens there; it may be another `astsync serve` or `astsync watch --serve`, "
        "and one is enough. `ss -ltnp` names the program. Or write another port."
    ),
    errno.EADDRNOTAVAIL: say("Write an address that this machine has (`ip address` lists them)."),
    errno.EACCES: say("Ports under 1024 are root's: write a higher one."),
}
_OWN = "This service itself listens on that port, and a reload does not free it: restart it (`systemctl restart`)."


class Listening:
    """What is listened on: a socket for each address that a key of ``[serve]`` names, "agi" or "http"."""

    def __init__(self) -> None:
        self._sockets: dict[str, socket.socket] = {}  # by address
        self._wanted: dict[str, str] = {}  # addresses by key

    def change(self, addresses: Mapping[str, str]) -> None:
        """Listen on these addresses, by key, and on no others; "" is none. Connections wait until somebody takes them.

        Raises ConfigError where an address cannot be had; then all stays as it was.
        """
        wanted = {key: address for key, address in addresses.items() if address}
        fresh: dict[str, socket.socket] = {}
        try:
            for key, address in wanted.items():
                if address not in self._sockets:
                    fresh[address] = listen(key, address)
        except ConfigError as error:
            _close(fresh)
            if any(address_and_port(held)[1] == address_and_port(address)[1] for held in self._sockets):
                error.hint = _OWN
            raise
        _close({address: self._sockets.pop(address) for address in self._sockets.keys() - wanted.values()})
        self._sockets |= fresh
        self._wanted = wanted

    def sockets(self) -> dict[str, socket.socket]:
        """The sockets by key, as duplicates: who takes connections from one closes it, and this one stays."""
        return {key: self._sockets[address].dup() for key, address in self._wanted.items()}

    def close(self) -> None:
        """Listen no longer."""
        self.change({})


def listen(key: str, address: str) -> socket.socket:
    """Listen on ``address``, which the key ``serve.key`` names. Raises ConfigError."""
    try:
        return gate.listen(*address_and_port(address))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        cure = _CURES.get(error.errno or 0, say("Write another address."))
        words = say("serve.{key}: cannot listen on {address}: {why}", key=key, address=address, why=why)
        raise ConfigError(words, hint=cure) from None


def _close(sockets: Mapping[str, socket.socket]) -> None:
    for each in sockets.values():
        each.close()
