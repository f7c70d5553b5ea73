"""What a PBX says before it lets anybody in, AMI's banner and the answer to a login, and what to make of it."""

from collections.abc import Callable
from typing import Protocol

from asterisk.ami import AMIClient

from astsync.config import PbxConfig
from astsync.errors import PbxBadAnswer, PbxError, PbxLoginError, PbxTlsError, PbxUnreachable
from astsync.language import about, joined, say
from astsync.pbx.bounds import BANNER

_OLDEST = (1, 1)  # of AMI: Asterisk 1.6 and 1.8. AMI 1.0 (Asterisk 1.4 and older) has no DBDel
_PROXY = b"Asterisk Call Manager Proxy"  # astmanproxy
# How other services begin when somebody connects, or answer what they do not understand.
_OTHERS = (
    (b"SSH-", "SSH"),
    (b"HTTP/", say("a web server (HTTP)")),
    (b"<", say("a web server (HTTP)")),
    (b"220", say("a mail or FTP server")),
    (b"* OK", say("a mail server (IMAP)")),
    (b"+OK", say("a mail server (POP3)")),
    (b"RFB ", "VNC"),
    (b"\x15\x03", "TLS"),
    (b"\xff", "telnet"),
)
# AMI's first number and the Asterisk of it (AMI_VERSION in include/asterisk/manager.h of each branch).
_ASTERISK = {5: "16", 6: "17", 7: "18", 8: "19", 9: "20", 10: "21", 11: "22", 12: "23"}
_LOG_HINT = say(
    "Asterisk's log on the PBX (/var/log/asterisk/full or messages) tells which it was: `tried to authenticate with "
    "nonexistent user`: the user; `failed to pass IP ACL`: deny and permit, for this machine's address; `failed to "
    "authenticate`: the secret. Run `manager reload` after a change of manager.conf or a file that it includes."
)


def place(config: PbxConfig) -> str:
    """Where the PBX is, for messages."""
    return f"[{config.host}]:{config.port}" if ":" in config.host else f"{config.host}:{config.port}"


class Readable(Protocol):
    """A socket, or a wire that reads like one."""

    def settimeout(self, seconds: float, /) -> None:
        """Bound the next ``recv``."""

    def recv(self, size: int, /) -> bytes:
        """Wait for at most so many bytes."""


def read_line(connected: Readable, left: Callable[[], float]) -> bytes:
    """Read the line that a server says first; b"" where it closes instead. ``left`` gives seconds.

    AMI's ends in one CR LF, and what comes after it belongs to the listener, so it is read byte by byte. Raises OSError
    (TimeoutError).
    """
    line = b""
    while not line.endswith(b"\n") and len(line) <= BANNER:
        connected.settimeout(left())
        byte = connected.recv(1)
        if not byte:
            break
        line += byte
    return line


def ami_version(config: PbxConfig, line: bytes) -> str:
    """Read AMI's version from its banner.

    Raises PbxUnreachable for what is not AMI, PbxBadAnswer for an AMI that astsync cannot use.
    """
    if not line:
        raise closed_at_once(config, "")
    match = AMIClient.asterisk_start_regex.match(line.decode("latin-1"))
    if match is None or len(line) > BANNER:
        raise _not_ami(config, line)
    version = str(match["version"])
    if tuple(int(part[:6]) for part in version.split(".")[:2]) < _OLDEST:
        words = say(
            "AMI {version} at {place} is that of {asterisk}",
            version=version,
            place=place(config),
            asterisk=asterisk_of(version),
        )
        raise PbxBadAnswer(
            about(config.name, words),
            hint=say("astsync needs Asterisk 1.8 or newer: older ones have no action DBDel. Upgrade the PBX."),
        )
    return version


def asterisk_of(version: str) -> str:
    """The Asterisks that have this version of AMI, in words."""
    major = int(version.split(".")[0][:6])
    if major in _ASTERISK:
        return f"Asterisk {_ASTERISK[major]}"
    if major == 0 or version == "1.0":
        return say("Asterisk 1.4 or older")
    if major == 1:
        return say("Asterisk 1.6 or 1.8") if version == "1.1" else say("Asterisk 10 or 11")
    return say("Asterisk 12 to 15") if major < min(_ASTERISK) else say("an Asterisk newer than 23")


def _not_ami(config: PbxConfig, line: bytes) -> PbxError:
    if line.startswith(_PROXY):
        proxy = say(
            "{place} is a proxy of AMI and not Asterisk itself: {line}", place=place(config), line=_quoted(line)
        )
        return PbxBadAnswer(
            about(config.name, proxy),
            hint=say("Name the address of Asterisk's own AMI: a proxy mixes the answers of several clients and PBXs."),
        )
    found = next((what for mark, what in _OTHERS if line.startswith(mark)), None)
    words = say("{place} is not AMI: the first line is {line}", place=place(config), line=_quoted(line))
    if found is not None:
        words = say(
            "{place} is not AMI: it is {other}, the first line is {line}",
            place=place(config),
            other=found,
            line=_quoted(line),
        )
    return PbxUnreachable(
        about(config.name, words),
        hint=say(
            "Name AMI's port (5038, with TLS 5039; a Grandstream UCM's AMI cannot be used). Through a tunnel or a "
            "published port, look at which port of the PBX it leads to."
        ),
        answered=True,
    )


def _quoted(line: bytes) -> str:
    return repr(line[:60].rstrip(b"\r\n"))[1:]


def closed_at_once(config: PbxConfig, why: str) -> PbxUnreachable:
    """The error of a peer that takes a connection and ends it without a word."""
    words = say("the connection to {place} was closed before AMI's banner came", place=place(config))
    if why:
        words = say("{closed} ({why})", closed=words, why=why)
    return PbxUnreachable(
        about(config.name, words),
        hint=say(
            "So does a tunnel (ssh -L), a container's published port or stunnel whose far side is down: is Asterisk "
            "running there, and does AMI listen where the tunnel leads? Asterisk itself does it while it starts and "
            "with too many logins under way (authlimit in manager.conf); a firewall or fail2ban on the PBX may do it "
            "too."
        ),
        answered=True,
    )


def silent(config: PbxConfig) -> PbxUnreachable:
    """The error of a port that takes a connection and says nothing."""
    return PbxUnreachable(
        about(config.name, say("{place} sends no AMI banner", place=place(config))),
        hint=say(
            "Is this AMI's port (5038, with tls = true 5039)? Is Asterisk overloaded or stuck? Through a tunnel, is "
            "its far side alive?"
        ),
    )


def tls_on_plain(config: PbxConfig) -> PbxTlsError:
    """The error of a TLS port that was spoken to without TLS."""
    return PbxTlsError(
        about(config.name, say("{place} speaks TLS, and tls is not set", place=place(config))),
        hint=say("Set tls = true for this PBX."),
    )


def plain_on_tls(config: PbxConfig, line: bytes) -> PbxError:
    """The error of a port that was spoken to over TLS, and begins with this line without TLS."""
    if not line.startswith(b"Asterisk"):
        return _not_ami(config, line)
    return PbxTlsError(
        about(config.name, say("{place} speaks AMI without TLS, and tls = true", place=place(config))),
        hint=say(
            "AMI over TLS has a port of its own: write port = 5039, and in manager.conf `tlsenable = yes`, "
            "`tlsbindaddr = 0.0.0.0:5039`, `tlscertfile`. Then run `manager reload`."
        ),
    )


def login_refused(config: PbxConfig, secret: str, words: str) -> PbxError:
    """The error of a login that AMI refused with these words."""
    if "shutting down" in words:
        hint = say("Wait until Asterisk is up again.")
        return PbxUnreachable(about(config.name, words), hint=hint, answered=True)
    hints = filter(None, (_secret_hint(secret), _LOG_HINT))
    return PbxLoginError(about(config.name, refused_words(config, words)), hint=joined(" ", hints))


def refused_words(config: PbxConfig, words: str) -> str:
    """What is said of a login that AMI refused with these words."""
    return say("AMI refused the login of {user!r}: {why}", user=config.user, why=words)


def _secret_hint(secret: str) -> str:
    """What manager.conf makes of such a secret, where that is not the secret itself."""
    if ";" in secret:
        return say("The secret holds a `;`, with which manager.conf begins a comment: write `\\;` there (not here).")
    if secret != secret.strip():
        return say("The secret begins or ends with a blank, which manager.conf drops: leave it out here too.")
    return ""
