"""Writes the configuration files of a private Asterisk: its own folders, AMI on the loopback, few modules."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from astsync.sandbox.asterisk.installation import Installation

# For calls, AstDB and caller names in the dialplan; AGI and CURL() for lookups at call time. None opens a port.
MODULES = (
    "app_dial", "app_echo", "app_exec", "app_stack", "app_userevent", "app_verbose", "func_base64", "func_callerid",
    "func_cdr", "func_curl", "func_cut", "func_db", "func_dialplan", "func_global", "func_strings", "func_uri",
    "pbx_config", "res_agi", "res_curl", "res_speech",
)  # fmt: skip

# A SIP channel and what it needs, in an Asterisk that has it. By name they load in half a second; all modules of a
# Debian take ten times that. Only those that were found are named.
SIP_MODULES = (
    "bridge_simple", "chan_pjsip", "codec_alaw", "func_pjsip_endpoint", "res_geolocation", "res_http_websocket",
    "res_pjproject", "res_pjsip", "res_pjsip_authenticator_digest", "res_pjsip_caller_id",
    "res_pjsip_endpoint_identifier_ip", "res_pjsip_header_funcs",
    "res_pjsip_pubsub", "res_pjsip_sdp_rtp", "res_pjsip_session", "res_rtp_asterisk", "res_sorcery_astdb",
    "res_sorcery_config", "res_sorcery_memory", "res_statsd", "res_timing_timerfd",
)  # fmt: skip

_EMPTY = ("acl.conf", "ccss.conf", "cdr.conf", "cel.conf", "features.conf", "indications.conf", "udptl.conf")
_EMPTY_WITH_SIP = ("geolocation.conf", "pjproject.conf", "rtp.conf", "sorcery.conf", "statsd.conf")

# In [incoming] a caller gets the name of the phonebook. Without an entry the carrier's name stays; a bare
# Set(CALLERID(name)=${DB(...)}) would wipe it. A test holds the line equal to that of the pages. In [phones] the called
# phone reports as an event which name it would show, and does not pick up. With SIP a phone rings there too.
DIALPLAN = """\
[incoming]
exten => _X.,1,ExecIf(${DB_EXISTS(cidname/${FILTER(0-9A-Za-z,${CALLERID(num)})})}?Set(CALLERID(name)=${DB_RESULT}))
 same => n,Dial(Local/${EXTEN}@phones/n,10)
 same => n,Hangup()

[phones]
exten => _X.,1,UserEvent(AstsyncCall,Call: ${ASTSYNC_CALL},Name: ${BASE64_ENCODE(${CALLERID(name)})})
"""
_HANG_UP = " same => n,Hangup()\n"
_RING = " same => n,Dial(PJSIP/${EXTEN},10)\n"

# The trunk and the phone are told apart by their addresses, so a caller from the trunk may have any name and number.
# A carrier that is trusted says in P-Asserted-Identity who calls, as most do. The phone is told whom it reached.
_PJSIP = """\
[sandbox]
type = transport
protocol = udp
bind = 127.0.0.1:{port}

[trunk]
type = endpoint
context = {sip.trunk_context}
aors = trunk
disallow = all
allow = alaw
direct_media = no
trust_id_inbound = yes

[trunk]
type = aor
contact = sip:{trunk[0]}:{trunk[1]}

[trunk]
type = identify
endpoint = trunk
match = {trunk[0]}/32

[100]
type = endpoint
context = {sip.phone_context}
aors = 100
disallow = all
allow = alaw
direct_media = no
send_pai = yes
callerid = Desk <100>

[100]
type = aor
contact = sip:100@{phone[0]}:{phone[1]}

[100]
type = identify
endpoint = 100
match = {phone[0]}/32
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
    """The ports of AMI and SIP on 127.0.0.1. ``tls`` 0: there is no AMI over TLS. ``sip`` 0: there is no SIP."""

    ami: int
    tls: int = 0
    sip: int = 0


@dataclass(frozen=True)
class SipEnds:
    """The addresses of a trunk and of the phone 100, which must differ, and the contexts that their calls enter."""

    trunk: tuple[str, int]
    phone: tuple[str, int]
    trunk_context: str = "incoming"
    phone_context: str = "outgoing"


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
    sip: SipEnds | None = None,
) -> None:
    """Write the configuration files into ``folders.etc``. ``dialplan`` and ``modules`` are added to those above.

    With ``one_session`` each AMI user may have one session at a time. With ``sip`` there is a trunk and a phone.
    """
    manager = [*_manager(ports, tls), *(["allowmultiplelogin = no"] if one_session else [])]
    texts = {
        "asterisk.conf": _directories(installation, folders),
        "manager.conf": "\n".join((*manager, *(line for user in users for line in _user(user)))),
        "modules.conf": "\n".join(_modules(installation, (*MODULES, *(SIP_MODULES if sip else ()), *modules))),
        "extensions.conf": f"{DIALPLAN}{_RING if sip else ''}{_HANG_UP}\n{dialplan}",
        "logger.conf": "[general]\n[logfiles]\nmessages.log => notice,warning,error\n",
        # Empty files: without them Asterisk logs errors that mean nothing here.
        **dict.fromkeys((*_EMPTY, *(_EMPTY_WITH_SIP if sip else ())), ""),
    }
    if sip:
        texts["pjsip.conf"] = _PJSIP.format(port=ports.sip, sip=sip, trunk=sip.trunk, phone=sip.phone)
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
