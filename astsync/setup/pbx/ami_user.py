"""The section of astsync's user in manager.conf: a good secret, this machine alone, and the least rights."""

import ipaddress
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from astsync.errors import ConfigError
from astsync.language import say, spoken
from astsync.resolving import addresses_of
from astsync.text import visible

WRITE_TIMEOUT = 5_000
"""Milliseconds that Asterisk waits for astsync to read; see ``pbx/whole_lists.py``."""

_SECRET_BYTES = 24
_RESOLVED = 5.0  # seconds for the address of a name
_MEANT = "[]();\\"  # what ends the name of a section, begins its parent's or a comment, or makes the next one plain
_LONGEST_NAME = 79  # bytes of a section's name that Asterisk keeps
_GENERAL = "general"  # the section of manager.conf that is no user
_VERSION = re.compile(r"(?:certified/)?(\d+)\.(\d+)")
_WITH_TREE = {16: 28, 18: 14, 19: 6}
"""By the first number of Asterisk's version the second one from which on it has DBGetTree; 20 and newer have it."""


@dataclass(frozen=True, slots=True)
class AmiUser:
    """A user of AMI. ``address`` is that of the machine which runs astsync, as the PBX sees it.

    ``command``: the Asterisk is too old for DBGetTree, so it needs the right ``command`` too. None: nobody knows.
    ``calls``: it hears of calls, which ``serve`` follows. Making one raises ConfigError for a name that manager.conf
    cannot hold.
    """

    name: str
    secret: str = field(repr=False)
    address: str
    command: bool | None
    calls: bool = False

    def __post_init__(self) -> None:
        """Check the name."""
        _check_name(self.name)

    def section(self) -> str:
        """The section, as manager.conf has it."""
        rights = "system,command" if self.command else "system"
        lines = [
            f"[{self.name}]",
            f"secret = {escaped(self.secret)}",
            *_from_nowhere_but(self.address),
            "read = call" if self.calls else "read =",
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


def _check_name(name: str) -> None:
    """Raise ConfigError for a name that the head of a section cannot hold: it would write other lines than meant."""
    hint = say("Choose another one in pbx.user, in letters and digits.")
    if name != name.strip() or not name.isprintable() or not name or set(name) & set(_MEANT):
        words = say(
            "manager.conf cannot hold the AMI user {name}: it has one of {signs}, a line break, or a blank at an end",
            name=visible(name),
            signs=" ".join(_MEANT),
        )
        raise ConfigError(words, hint=hint)
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        words = say(
            "Asterisk keeps {most} bytes of an AMI user's name, and this one is longer", most=str(_LONGEST_NAME)
        )
        raise ConfigError(words, hint=hint)
    if name.lower() == _GENERAL:
        words = say("[general] of manager.conf is no user: it has what counts for all of them")
        raise ConfigError(words, hint=hint)


def local_address(host: str, port: int) -> str:
    """The address from which this machine reaches a PBX, as its routes say. Nothing is sent. Raises ConfigError.

    Behind NAT or a VPN the PBX may see another one.
    """
    return _ends_of_way(host, port)[0]


def is_this_machine(host: str, port: int) -> bool:
    """Whether a PBX is this machine: a way to it begins where it ends."""
    try:
        own, found = _ends_of_way(host, port)
    except ConfigError:
        return False
    return found == own or ipaddress.ip_address(own).is_loopback


def _ends_of_way(host: str, port: int) -> tuple[str, str]:
    """The addresses at which a way to a PBX begins and ends. Raises ConfigError."""
    try:
        family, _, _, _, address = addresses_of(host, port, _RESOLVED)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            way.connect(address)
            return str(way.getsockname()[0]).partition("%")[0], str(address[0]).partition("%")[0]
    except (OSError, UnicodeError, IndexError) as error:
        late = say("its address was not found within {seconds} s", seconds=f"{_RESOLVED:g}")
        unknown = late if isinstance(error, TimeoutError) else say("its address is not known")
        why = getattr(error, "strerror", None) or unknown
        raise ConfigError(
            say("no way to {host}: {why}", host=host, why=why),
            hint=say("Name the address of the machine that runs astsync: --permit ADDRESS."),
        ) from None


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
