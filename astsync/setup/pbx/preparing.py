"""What is known of a PBX before its user exists: the version, the flavour, and the user that it is to get."""

from pathlib import Path

from pydantic import SecretStr

from astsync.config import PbxConfig
from astsync.errors import AstsyncError, ConfigError
from astsync.files import draft
from astsync.language import say
from astsync.pbx import packets
from astsync.pbx.connecting import Dialling
from astsync.pbx.connection import AmiConnection
from astsync.pbx.flavour import Flavour, Recognition, recognise
from astsync.setup.pbx.ami_user import AmiUser, checked_address, local_address, needs_command, new_secret
from astsync.setup.pbx.console import installed_version
from astsync.text import printable

_OLDEST_WITH_TREE, _NEWEST_WITHOUT = 9, 4  # first numbers of AMI's version: Asterisk 20, Asterisk 15


class Known:
    """What a PBX tells over AMI, where it lets the user in already, and what its greeting tells where it does not."""

    def __init__(self, config: PbxConfig, *, here: bool, login: bool) -> None:
        """Ask the PBX. ``here``: it is this machine.

        Without ``login`` only its greeting is read: a login with a secret that nobody has yet would be refused, and
        fail2ban on the PBX counts those.
        """
        self.recognition: Recognition | None = None
        self.command: bool | None = None
        if login:
            self._ask(config)
        if self.command is None:
            self.command = _by_greeting(config)
        if self.command is None and here:
            self.command = needs_command(installed_version())

    def _ask(self, config: PbxConfig) -> None:
        connection = AmiConnection(config)
        try:
            connection.open()
            self.command = needs_command("", packets.headers(connection.action("ListCommands")))
            self.recognition = recognise(connection)
        except AstsyncError:
            pass  # what is to be made ready need not be ready
        finally:
            connection.disconnect()

    def excludes(self, flavour: Flavour) -> bool:
        """Whether the PBX is certainly another than this flavour."""
        return self.recognition is not None and self.recognition.excludes(flavour)


def _by_greeting(config: PbxConfig) -> bool | None:
    """Whether an Asterisk needs the right ``command``, by AMI's banner; None where that does not tell."""
    dialling = Dialling(config)
    try:
        dialling.resolve()
        dialling.reach()
        if config.tls:
            dialling.secure()
        major = int(dialling.greet().partition(".")[0])
    except (AstsyncError, ValueError, OSError):
        return None
    finally:
        dialling.close()
    return False if major >= _OLDEST_WITH_TREE else True if major <= _NEWEST_WITHOUT else None


def user_of(config: PbxConfig, secret: str, permit: str, *, command: bool | None, calls: bool = False) -> AmiUser:
    """The user of a PBX. ``permit`` is the address that somebody named, "" for this machine's. Raises ConfigError.

    ``command`` and ``calls``: see ``AmiUser``.
    """
    address = checked_address(permit) if permit else local_address(config.host, config.port)
    return AmiUser(config.user, secret, address, command, calls)


def secret_of(config: PbxConfig) -> tuple[str, bool]:
    """The configured secret, or a new one where the file that is to hold it is not there yet; and whether it is new.

    Raises ConfigError for a file that cannot be read.
    """
    if config.secret_file is not None and not config.secret_file.exists():
        return new_secret(), True
    return config.password(), False


def keep_secret(file: Path, secret: str) -> None:
    """Write a new secret into the file that the configuration names, for this user alone. Raises ConfigError."""
    try:
        ready = draft(file, f"{secret}\n".encode())
        try:
            file.hardlink_to(ready)
        finally:
            ready.unlink(missing_ok=True)
    except OSError as error:
        words = say("cannot write {file}: {why}", file=printable(str(file)), why=str(error.strerror))
        raise ConfigError(words, hint=say("Check the folder and its rights.")) from None


def unconfigured(host: str, port: int, user: str, secret: str) -> PbxConfig:
    """A PBX that no configuration has yet. Raises ConfigError."""
    from astsync.setup.typed_values import checked

    values = {"name": "pbx", "host": host, "port": port, "user": user, "secret": SecretStr(secret)}
    return checked(PbxConfig, values)
