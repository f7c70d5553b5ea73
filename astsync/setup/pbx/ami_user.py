"""The section of astsync's user in manager.conf: a good secret, this machine alone, and the least rights."""

import ipaddress
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from astsync.errors import ConfigError
from astsync.language import say, spoken

WRITE_TIMEOUT = 5_000
"""Milliseconds that Asterisk waits for astsync to read; see ``pbx/whole_lists.py``."""

_SECRET_BYTES = 24
_VERSION = re.compile(r"(?:certified/)?(\d+)\.(\d+)")
_WITH_TREE = {16: 28, 18: 14, 19: 6}
"""By the first number of Asterisk's version the second one from which on it has DBGetTree; 20 and newer have it."""


@dataclass(frozen=True, slots=True)
class AmiUser:
    """A user of AMI. ``address`` is that of the machine which runs astsync, as the PBX sees it.

    ``command``: the Asterisk is too old for DBGetTree, so it needs the right ``command`` too. None: nobody knows.
    """

    name: str
    secret: str = field(repr=False)
    address: str
    command: bool | None

    def section(self) -> str:
        """The section, as manager.conf has it."""
        rights = "system,command" if self.command else "system"
        lines = [
            f"[{self.name}]",
            f"secret = {escaped(self.secret)}",
            *_from_nowhere_but(self.address),
            "read =",
            f"write = {rights}",
            f"writetimeout = {WRITE_TIMEOUT}",
        ]
        if self.command is None:
            told = say("An Asterisk before 16.28, 18.14 and 19.6 needs: write = system,command")
            lines.insert(-1, f"; {spoken(told)}")
        return "\n".join(lines) + "\n"


def new_secret() -> str:
    """A secret of 192 bits, in letters and digits alone."""
    return secrets.token_hex(_SECRET_BYTES)


def escaped(secret: str) -> str:
    r"""A secret as manager.conf has it: a bare ``;`` would begin a comment.

    Raises ConfigError for what manager.conf cannot hold: it drops blanks around a value, and a line ends it.
    """
    if secret != secret.strip() or not secret.isprintable():
        raise ConfigError(
            say("the secret begins or ends with a blank, or holds a line break: manager.conf cannot hold that"),
            hint=say("Choose another one: `openssl rand -hex 24`."),
        )
    return secret.replace(";", "\\;")


def local_address(host: str, port: int) -> str:
    """The address from which this machine reaches a PBX, as its routes say. Nothing is sent. Raises ConfigError.

    Behind NAT or a VPN the PBX may see another one.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            way.connect(address)
            return str(way.getsockname()[0]).partition("%")[0]
    except (OSError, UnicodeError, IndexError) as error:
        why = getattr(error, "strerror", None) or say("its address is not known")
        raise ConfigError(
            say("no way to {host}: {why}", host=host, why=why),
            hint=say("Name the address of the machine that runs astsync: --permit ADDRESS."),
        ) from None


def is_this_machine(host: str, port: int) -> bool:
    """Whether a PBX is this machine: a way to it begins where it ends."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0]
        own = local_address(host, port)
    except (OSError, UnicodeError, IndexError, ConfigError):
        return False
    return str(found).partition("%")[0] == own or ipaddress.ip_address(own).is_loopback


def checked_address(text: str) -> str:
    """An IP address that a person typed. Raises ConfigError."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise ConfigError(
            say("{text} is no IP address", text=text),
            hint=say("Write the address of the machine that runs astsync, as 192.0.2.10."),
        ) from None


def needs_command(version: str, listed: Mapping[str, str] | None = None) -> bool | None:
    """Whether an Asterisk has no DBGetTree, so that it needs the right ``command``; None where nobody can tell.

    ``version`` is Asterisk's own ("16.28.0~dfsg-0", "certified/18.9-cert3"), "" for none. ``listed`` is what it
    answered to ListCommands.
    """
    if listed is not None and ("DBGetTree" in listed or "DBGet" in listed):
        return "DBGetTree" not in listed
    found = _VERSION.match(version.removeprefix("Asterisk "))
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2])
    if "cert" in version and major < 20:
        return True
    return False if major >= 20 else minor < _WITH_TREE.get(major, 1_000)


def _from_nowhere_but(address: str) -> list[str]:
    """The lines that let a user in from one address alone."""
    if ipaddress.ip_address(address).version == 6:
        return ["deny = 0.0.0.0/0.0.0.0", "deny = ::/0", f"permit = {address}/128"]
    return ["deny = 0.0.0.0/0.0.0.0", f"permit = {address}/255.255.255.255"]
