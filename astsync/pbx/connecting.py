"""How a connection to a PBX is made, step by step, and why one cannot be made."""

import contextlib
import errno
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from astsync.config import PbxConfig
from astsync.errors import PbxError, PbxUnreachable
from astsync.language import about, say
from astsync.pbx import certificates, greeting
from astsync.pbx.wire import TIMED_OUT, PlainWire, TlsWire, Wire, reason
from astsync.resolving import addresses_of
from astsync.stopping import NEVER, Stopping

_SECOND_LOOK = 1.0  # seconds for a second connection that only finds out what to say of the first
_CONTAINERS = (Path("/.dockerenv"), Path("/run/.containerenv"))  # Docker and Podman make these files
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_NAME_HINT = say("Check the host's name and this machine's DNS, or write its address.")

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Secured:
    """The TLS that was agreed on: its version, its cipher, and the certificate of the other side (DER)."""

    version: str
    cipher: str
    certificate: bytes


class Dialling:
    """The steps to a connection with a PBX, in their order: ``resolve``, ``reach``, ``secure``, ``greet``, ``wire``.

    All steps together take ``pbx.timeout`` seconds at most, and end when ``stopping`` wants it; a failed one may take
    another second to find out why. Each raises PbxUnreachable for what may pass by itself, and another PbxError for
    what a person must mend.
    """

    def __init__(self, config: PbxConfig, stopping: Stopping = NEVER) -> None:
        self._config = config
        self._stopping = stopping
        self._until = time.monotonic() + config.timeout
        self._addresses: list[Address] = []
        self._socket: socket.socket | None = None
        self._peer: Address | None = None
        self._secured: TlsWire | None = None

    def close(self) -> None:
        """Close what no wire has been made of."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def resolve(self) -> list[str]:
        """Find the addresses of the host."""
        host = self._config.host
        try:
            found = addresses_of(host, self._config.port, self._left())
            self._addresses = [(family, address) for family, *_, address in found]
        except TimeoutError:
            raise self._unreachable(say("no address of {host} was found in time", host=host), _NAME_HINT) from None
        except (OSError, UnicodeError) as error:
            words = say("no address of {host}: {why}", host=host, why=reason(error))
            raise self._unreachable(words, _NAME_HINT) from None
        return list(dict.fromkeys(str(address[0]) for _, address in self._addresses))

    def reach(self) -> None:
        """Connect to one of the addresses: each has its share of the time, so that a dead one leaves some."""
        try:
            self._socket = self._connected()
        except OSError as error:
            words = say("no connection to AMI at {place}: {why}", place=self._where, why=reason(error))
            raise self._unreachable(words, connect_hint(error, self._config)) from None
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connected(self) -> socket.socket:
        last: OSError = TimeoutError(TIMED_OUT)
        for tried, (family, address) in enumerate(self._addresses):
            trying = None
            try:
                trying = socket.socket(family, socket.SOCK_STREAM)
                trying.settimeout(self._left() / (len(self._addresses) - tried))
                trying.connect(address)
            except OSError as error:
                last = error
                if trying is not None:
                    trying.close()
            else:
                self._peer = (family, address)
                return trying
        raise last

    def secure(self) -> Secured:
        """Speak TLS. Raises PbxTlsError for a certificate that is not trusted, ConfigError for a bad ``ca_file``."""
        connected, config = self._reached, self._config
        context = certificates.context_of(config)
        try:
            secured = TlsWire(connected, context, certificates.wanted_name(config))
            secured.shake_hands(self._left())
        except ssl.SSLCertVerificationError as error:
            raise certificates.refused(config, error, self._shown()) from None
        except ssl.SSLError as error:
            raise self._no_tls(error) from None
        except (OSError, ValueError) as error:
            hint = say("Is Asterisk restarting? AMI's TLS port is 5039 (tlsenable, tlsbindaddr in manager.conf).")
            words = say("no TLS with {place}: {why}", place=self._where, why=reason(error))
            raise PbxUnreachable(about(self._config.name, words), hint=hint, answered=True) from None
        self._secured = secured
        certificates.check_peer(config, secured.tls)
        tls = secured.tls
        return Secured(str(tls.version()), str((tls.cipher() or ("",))[0]), tls.getpeercert(binary_form=True) or b"")

    def _shown(self) -> bytes:
        """The certificate that the PBX shows to somebody who trusts everything; b"" where it shows none.

        Python keeps no certificate of a handshake that failed. Nothing is said over this second connection.
        """
        with contextlib.suppress(OSError, PbxError), self._second_look() as connected:
            context = certificates.blind_context()
            with context.wrap_socket(connected, server_hostname=certificates.wanted_name(self._config)) as blind:
                return blind.getpeercert(binary_form=True) or b""
        return b""

    def _no_tls(self, error: ssl.SSLError) -> PbxError:
        """The error of a handshake that failed over something else than the certificate."""
        line = b""
        if certificates.is_no_tls(error):
            with contextlib.suppress(OSError, PbxError), self._second_look() as connected:
                line = greeting.read_line(connected, _countdown(_SECOND_LOOK))
        if line:
            return greeting.plain_on_tls(self._config, line)
        return certificates.broken_handshake(self._config, error)

    def greet(self) -> str:
        """Read AMI's banner; return AMI's version, such as "11.0.0". It is not Asterisk's."""
        try:
            line = greeting.read_line(self._secured or self._reached, self._left)
        except TimeoutError:
            raise self._silent() from None
        except ssl.SSLError as error:
            raise certificates.broken_handshake(self._config, error) from None
        except OSError as error:
            raise greeting.closed_at_once(self._config, reason(error)) from None
        return greeting.ami_version(self._config, line)

    def _silent(self) -> PbxError:
        """The error of a port that says nothing: TLS, which waits for the client to begin, is told apart."""
        self.close()
        if self._config.tls or not self._shown():
            return greeting.silent(self._config)
        return greeting.tls_on_plain(self._config)

    def wire(self) -> Wire:
        """Make the wire, which has the socket from now on."""
        connected, self._socket = self._reached, None
        return self._secured or PlainWire(connected)

    @property
    def _where(self) -> str:
        return greeting.place(self._config)

    @property
    def _reached(self) -> socket.socket:
        if self._socket is None:
            raise self._unreachable(say("not connected"), "")
        return self._socket

    def _left(self) -> float:
        """Seconds that remain of the time-out. Raises TimeoutError where none do."""
        left = self._stopping.left(self._until - time.monotonic())
        if left <= 0:
            raise TimeoutError(TIMED_OUT)
        return left

    @contextlib.contextmanager
    def _second_look(self) -> Iterator[socket.socket]:
        """Connect once more to the same address, for a second at most."""
        if self._peer is None:
            raise TimeoutError
        family, address = self._peer
        with socket.socket(family, socket.SOCK_STREAM) as connected:
            connected.settimeout(self._stopping.left(_SECOND_LOOK) or 0.01)
            connected.connect(address)
            yield connected

    def _unreachable(self, words: str, hint: str) -> PbxUnreachable:
        return PbxUnreachable(about(self._config.name, words), hint=hint)


def connect(config: PbxConfig, stopping: Stopping = NEVER) -> tuple[Wire, str]:
    """Take all steps; return the wire and AMI's version. Raises PbxError, ConfigError for a bad ``ca_file``."""
    dialling = Dialling(config, stopping)
    try:
        dialling.resolve()
        dialling.reach()
        if config.tls:
            dialling.secure()
        version = dialling.greet()
        return dialling.wire(), version
    finally:
        dialling.close()


def _countdown(seconds: float) -> Callable[[], float]:
    """What remains of these seconds from now on; it raises TimeoutError where nothing does."""
    until = time.monotonic() + seconds

    def left() -> float:
        if (rest := until - time.monotonic()) <= 0:
            raise TimeoutError(TIMED_OUT)
        return rest

    return left


def in_container() -> bool:
    """Whether this process runs in a container, where 127.0.0.1 is the container itself."""
    return any(file.exists() for file in _CONTAINERS)


def connect_hint(error: OSError, config: PbxConfig) -> str:
    """What to do about a connection that could not be made."""
    if isinstance(error, ConnectionRefusedError):
        return _refused_hint(config)
    if error.errno in _NO_WAY:
        return say("This machine knows no way to that address: check it, the VPN, and in a container its network.")
    if error.errno in _FORBIDDEN:
        return say("This machine itself forbids the connection: look at its firewall and at SELinux.")
    return say(
        "Nothing answered, not even with a refusal: check the host and the port, whether the machine runs, and the "
        "firewalls between."
    )


def _refused_hint(config: PbxConfig) -> str:
    port = "5039" if config.tls else "5038"
    if not _is_loopback(config.host):
        return say(
            "The machine answers and nothing listens on this port: is Asterisk running, with `enabled = yes` in "
            "manager.conf, is the port AMI's ({port}), and is bindaddr not 127.0.0.1? An Asterisk in a container must "
            "publish the port.",
            port=port,
        )
    if in_container():
        return say(
            "{host} is this container, and Asterisk does not listen in it. Run the container with "
            "`network_mode: host`, or name the address of the machine with Asterisk as host, and let bindaddr in "
            "manager.conf listen there (port {port}).",
            host=config.host,
            port=port,
        )
    return say(
        "Is Asterisk running on this machine, `enabled = yes` in manager.conf, the port AMI's ({port})? If this is "
        "the near end of a tunnel (ssh -L), is the tunnel up?",
        port=port,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold().rstrip(".") in {"localhost", "ip6-localhost"}
