"""Writes the configuration files of a private Asterisk: its own folders, AMI on the loopback, few modules."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from astsync.sandbox.asterisk.installation import Installation

# For calls, AstDB and caller names in the dialplan; AGI and CURL() for lookups at call time. None opens a port.
MODULES = (
    "app_dial", "app_echo", "app_exec", "app_userevent", "app_verbose", "func_base64", "func_callerid", "func_cdr",
    "func_curl", "func_db", "func_strings", "pbx_config", "res_agi", "res_curl", "res_speech",
)  # fmt: skip

_EMPTY = ("acl.conf", "ccss.conf", "cdr.conf", "cel.conf", "features.conf", "indications.conf", "udptl.conf")

# In [incoming] a caller gets the name of the phonebook. Without an entry the carrier's name stays; a bare
# Set(CALLERID(name)=${DB(...)}) would wipe it. A test holds the line equal to README's. In [phones] the called
# phone reports as an event which name it would show, and does not pick up.
DIALPLAN = """\
[incoming]
exten => _X.,1,ExecIf(${DB_EXISTS(cidname/${FILTER(0-9,${CALLERID(num)})})}?Set(CALLERID(name)=${DB_RESULT}))
 same => n,Dial(Local/${EXTEN}@phones/n,10)
 same => n,Hangup()

[phones]
exten => _X.,1,UserEvent(AstsyncCall,Call: ${ASTSYNC_CALL},Name: ${BASE64_ENCODE(${CALLERID(name)})})
 same => n,Hangup()
"""


@dataclass(frozen=True)
class ManagerUser:
    """A user of manager.conf. ``read`` are the classes of events it gets, ``write`` those of actions it may send.

    ``write_timeout`` is how long Asterisk waits for it to read, in milliseconds; None: as Asterisk does by itself, 100.
    """

    name: str
    write: str = ""
    read: str = ""
    write_timeout: int | None = None
    secret: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)


@dataclass(frozen=True)
class TlsFiles:
    """The certificate and the key (PEM) of AMI over TLS."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Ports:
    """The ports of AMI on 127.0.0.1. ``tls`` 0: there is no AMI over TLS."""

    ami: int
    tls: int = 0


@dataclass(frozen=True)
class Folders:
    """The folders of a private Asterisk. ``run`` holds a socket; the system limits the length of a socket's path."""

    home: Path
    run: Path

    @property
    def etc(self) -> Path:
        """The folder of the configuration."""
        return self.home / "etc"

    @property
    def log(self) -> Path:
        """The folder of logs."""
        return self.home / "log"

    @property
    def database(self) -> Path:
        """The file of AstDB; SQLite may keep a journal beside it."""
        return self.home / "db" / "astdb.sqlite3"

    def make(self) -> None:
        """Make the folders, for this user only."""
        for name in ("etc", "log", "db", "lib", "spool", "keys", "agi"):
            (self.home / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        self.run.mkdir(parents=True, exist_ok=True, mode=0o700)


def write_files(  # the parts of one configuration
    installation: Installation,
    folders: Folders,
    ports: Ports,
    users: Sequence[ManagerUser],
    *,
    dialplan: str = "",
    modules: Sequence[str] = (),
    tls: TlsFiles | None = None,
    one_session: bool = False,
) -> None:
    """Write the configuration files into ``folders.etc``. ``dialplan`` and ``modules`` are added to those above.

    With ``one_session`` each AMI user may have one session at a time.
    """
    manager = [*_manager(ports, tls), *(["allowmultiplelogin = no"] if one_session else [])]
    texts = {
        "asterisk.conf": _directories(installation, folders),
        "manager.conf": "\n".join((*manager, *(line for user in users for line in _user(user)))),
        "modules.conf": "\n".join(_modules(installation, (*MODULES, *modules))),
        "extensions.conf": f"{DIALPLAN}\n{dialplan}",
        "logger.conf": "[general]\n[logfiles]\nmessages.log => notice,warning,error\n",
        # Empty files: without them Asterisk logs errors that mean nothing here.
        **dict.fromkeys(_EMPTY, ""),
    }
    for name, text in texts.items():
        path = folders.etc / name
        path.touch(mode=0o600)  # before there is a secret in it
        path.write_text(f"{text}\n", encoding="utf-8")


def _directories(installation: Installation, folders: Folders) -> str:
    home = folders.home
    return f"""\
[directories]
astetcdir => {folders.etc}
astmoddir => {installation.modules}
astdatadir => {installation.data}
astvarlibdir => {home}/lib
astdbdir => {folders.database.parent}
astkeydir => {home}/keys
astagidir => {home}/agi
astspooldir => {home}/spool
astrundir => {folders.run}
astlogdir => {folders.log}
[options]
nocolor = yes
"""


def _manager(ports: Ports, tls: TlsFiles | None) -> Iterator[str]:
    yield from ("[general]", "enabled = yes", "webenabled = no", "bindaddr = 127.0.0.1", f"port = {ports.ami}")
    if tls:
        yield from ("tlsenable = yes", f"tlsbindaddr = 127.0.0.1:{ports.tls}")
        yield from (f"tlscertfile = {tls.certificate.resolve()}", f"tlsprivatekey = {tls.key.resolve()}")


def _user(user: ManagerUser) -> Iterator[str]:
    yield from (f"[{user.name}]", f"secret = {user.secret}", f"read = {user.read}", f"write = {user.write}")
    yield from ("deny = 0.0.0.0/0.0.0.0", "permit = 127.0.0.1/255.255.255.255")
    if user.write_timeout is not None:
        yield f"writetimeout = {user.write_timeout}"


def _modules(installation: Installation, names: Sequence[str]) -> Iterator[str]:
    yield from ("[modules]", "autoload = no")
    yield from (f"load = {name}.so" for name in names if (installation.modules / f"{name}.so").is_file())
