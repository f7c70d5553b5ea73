"""A real mail server (aiosmtpd) for tests: it keeps what it takes, and can refuse, want a login, and speak TLS."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword


@dataclass
class MailServer:
    """What a test gives and sees. ``answers`` are those to RCPT and DATA, "" for a yes.

    ``dead`` is an address that is refused.
    """

    user: str = ""
    password: str = ""
    rcpt: str = ""
    dead: str = ""
    data: str = ""
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(self, _s: Any, _n: Any, envelope: Envelope, address: str, _o: Any) -> str:  # noqa: N802
        if self.rcpt:
            return self.rcpt
        if address == self.dead:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.data:
            return self.data
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        self.to.append(list(envelope.rcpt_tos))
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        good = isinstance(given, LoginPassword) and given == LoginPassword(self.user.encode(), self.password.encode())
        return AuthResult(success=good, handled=False)


@contextmanager
def mail_server(
    server: MailServer, tls: ssl.SSLContext | None = None, *, at_once: bool = False
) -> Iterator[MailServer]:
    """Run the server on a free port; ``tls`` for STARTTLS, or ``at_once`` when a connection begins."""
    more: dict[str, Any] = {}
    if server.user:
        encrypted = tls is not None and not at_once
        more = {"authenticator": server.authenticate, "auth_required": encrypted, "auth_require_tls": encrypted}
    loop = asyncio.new_event_loop()

    def protocol() -> SMTP:
        return SMTP(server, hostname="127.0.0.1", tls_context=None if at_once else tls, loop=loop, **more)

    listening = loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if at_once else None)
    running = loop.run_until_complete(listening)
    server.port = running.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(running.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
