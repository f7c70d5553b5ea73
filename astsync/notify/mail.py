"""Mail over SMTP."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from astsync.config.notify_section import NotifyMailConfig
from astsync.errors import ConfigError, NotTold, PartlyTold
from astsync.language import say
from astsync.notify.notices import Notice
from astsync.text import one_line

_ENCRYPT = say("Look at notify.mail.port and notify.mail.security: 587 with starttls, 465 with tls.")
_REACH = say("Check notify.mail.server and notify.mail.port, and firewalls between.")


class MailChannel:
    """Sends each message as a mail, with the report as an attached page."""

    name = "notify.mail"

    def __init__(self, config: NotifyMailConfig, timeout: float) -> None:
        self._config = config
        self._timeout = timeout

    def send(self, notice: Notice) -> None:
        """Send a mail to all. Raises NotTold, PartlyTold where some of the addresses were refused, ConfigError."""
        mail = self.mail(notice)
        with self._server() as server:
            refused = server.send_message(mail)
        if refused:
            raise PartlyTold(
                say("the mail server refused {addresses}", addresses=", ".join(refused)),
                hint=say("Mend notify.mail.to."),
            )

    def probe(self) -> str:
        """Connect and log in. Raises NotTold, ConfigError."""
        with self._server() as server:
            server.noop()
        return say("{server} takes mail", server=f"{self._config.server}:{self._config.port}")

    def mail(self, notice: Notice) -> EmailMessage:
        """Make the mail."""
        config = self._config
        mail = EmailMessage()
        user = config.user if "@" in config.user else ""
        mail["From"] = config.sender or user or f"astsync@{socket.getfqdn()}"
        mail["To"] = ", ".join(config.to)
        mail["Subject"] = notice.subject
        mail["Date"] = formatdate(localtime=True)
        mail["Message-ID"] = make_msgid(domain="astsync.invalid")
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
        mail.set_content(notice.text)
        if notice.page:
            mail.add_attachment(notice.page.encode(), maintype="text", subtype="html", filename="astsync.html")
        return mail

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """A connection with a login. What smtplib raises becomes NotTold, with the cure."""
        where = f"{self._config.server}:{self._config.port}"
        secret = self._config.secret()
        if not (self._config.user.isascii() and secret.isascii()):
            raise ConfigError(
                say("notify.mail.user or its password has characters beyond ASCII, which a login cannot send"),
                hint=say("Give astsync a password of ASCII; many services make one for programs."),
            )
        try:
            with self._connected() as server:
                if self._config.user:
                    server.login(self._config.user, secret)
                yield server
        except smtplib.SMTPException as error:
            raise _refusal(error, where) from None
        except OSError as error:
            raise _unreached(error, where) from None

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        if config.security == "tls":
            return smtplib.SMTP_SSL(config.server, config.port, timeout=self._timeout, context=self._context())
        server = smtplib.SMTP(config.server, config.port, timeout=self._timeout)
        try:
            if config.security == "starttls":
                server.starttls(context=self._context())
        except BaseException:
            server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._config.ca_file is not None:
            try:
                context.load_verify_locations(self._config.ca_file)
            except OSError as error:  # one of a bad file too: ssl.SSLError is one
                why = getattr(error, "reason", None) or error.strerror or type(error).__name__
                raise ConfigError(
                    say("{where}: cannot read {file}: {why}", where="ca_file", file=str(self._config.ca_file), why=why),
                    hint=say("Look at notify.mail.ca_file: it is a file of certificates in PEM."),
                ) from None
        return context


def _refusal(error: smtplib.SMTPException, where: str) -> NotTold:
    """What a mail server refused, and the cure."""
    match error:
        case smtplib.SMTPNotSupportedError():
            return NotTold(say("{server} offers no STARTTLS or no login", server=where), hint=_ENCRYPT)
        case smtplib.SMTPAuthenticationError():
            return NotTold(
                say("{server} refused the login: {answer}", server=where, answer=_words(error.smtp_error)),
                hint=say("Check notify.mail.user and its password; many services want a password for programs."),
            )
        case smtplib.SMTPResponseException():
            answer = f"{error.smtp_code} {_words(error.smtp_error)}"
            return NotTold(
                say("{server} refused the mail: {answer}", server=where, answer=answer),
                hint=say("Check notify.mail.sender and notify.mail.to, and whether this machine may send there."),
            )
        case smtplib.SMTPRecipientsRefused():
            answers = "; ".join(f"{who}: {code} {_words(words)}" for who, (code, words) in error.recipients.items())
            return NotTold(
                say("the mail server refused every address: {answers}", answers=answers),
                hint=say("Mend notify.mail.to."),
            )
    why = one_line(str(error)) or type(error).__name__
    return NotTold(say("no mail server at {server}: {why}", server=where, why=why), hint=_REACH)


def _unreached(error: OSError, where: str) -> NotTold:
    """Why a mail server could not be reached, and the cure."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotTold(
            say("the certificate of {server} is not good: {why}", server=where, why=error.verify_message),
            hint=say("Name the server as its certificate does, or its certificate authority in notify.mail.ca_file."),
        )
    if isinstance(error, ssl.SSLError):
        why = error.reason or str(error)
        return NotTold(say("no TLS with {server}: {why}", server=where, why=why), hint=_ENCRYPT)
    why = say("no answer in time") if isinstance(error, TimeoutError) else error.strerror or one_line(str(error))
    return NotTold(say("no mail server at {server}: {why}", server=where, why=why), hint=_REACH)


def _words(answer: bytes | str) -> str:
    return one_line(answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer)
