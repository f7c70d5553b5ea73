"""How a connection to a PBX is made, and why one cannot be made."""

import socket
import ssl

from astsync.config import PbxConfig
from astsync.errors import PbxUnreachable
from astsync.pbx.certificates import context_of
from astsync.pbx.wire import PlainWire, TlsWire, Wire, reason


def connect(config: PbxConfig) -> Wire:
    """Connect to a PBX by name or address, IPv4 or IPv6. Raises PbxUnreachable, ConfigError for a bad ``ca_file``."""
    where = f"{config.host}:{config.port}"
    context = context_of(config) if config.tls else None
    try:
        connected = socket.create_connection((config.host, config.port), timeout=config.timeout)
    except (OSError, UnicodeError) as error:
        raise PbxUnreachable(
            f"{config.name}: no connection to AMI at {where}: {reason(error)}", hint=_connect_hint(error)
        ) from None
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        return PlainWire(connected, config.timeout)
    return _secured(connected, context, config)


def _secured(connected: socket.socket, context: ssl.SSLContext, config: PbxConfig) -> TlsWire:
    try:
        secured = context.wrap_socket(connected, server_hostname=config.server_name or config.host)
    except ssl.SSLCertVerificationError as error:
        connected.close()
        raise PbxUnreachable(
            f"{config.name}: the PBX's certificate is not trusted: {error.verify_message}",
            hint="Name its CA or the certificate itself in ca_file, and the name in it in server_name.",
            answered=True,
        ) from None
    except (OSError, ValueError) as error:
        connected.close()
        raise PbxUnreachable(
            f"{config.name}: no TLS with {config.host}:{config.port}: {reason(error)}",
            hint="AMI's TLS port is 5039 (tlsenable, tlsbindaddr in manager.conf); without TLS set tls = false.",
            answered=True,
        ) from None
    return TlsWire(secured, config.timeout)


def _connect_hint(error: OSError | UnicodeError) -> str:
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return "Check the host's name, or write its address."
    if isinstance(error, ConnectionRefusedError):
        return "Is Asterisk running, `enabled = yes` in manager.conf, the port AMI's (5038), bindaddr not only local?"
    return "Check the host and the port, and the firewall between."
