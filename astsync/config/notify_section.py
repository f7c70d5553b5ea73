"""The section ``[notify]``: who is told when runs fail, are refused, or work again."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from astsync.config.section import Section, read_secret
from astsync.config.value_types import ConfigPath, HostOrNone, Line, Port, Seconds, WebAddress, WebAddressOrNone, words
from astsync.language import say

Event = Literal["failure", "refusal", "recovery"]
DigestDay = Literal["", "daily", "mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _mailbox(value: str) -> str:
    """Check that a text is one address of mail, without a name and without what could end a header."""
    user, at, host = value.rpartition("@")
    if not (at and user and host) or not value.isprintable() or any(c.isspace() or c in ',;<>"' for c in value):
        raise ValueError(say('write an address, such as "admin@example.org"'))
    return value


def _mailboxes(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_mailbox, value))


Mailboxes = Annotated[tuple[Line, ...], BeforeValidator(words), AfterValidator(_mailboxes)]
MailboxOrNone = Annotated[Line, AfterValidator(lambda value: value and _mailbox(value))]


class NotifyMailConfig(Section):
    """The section ``[notify.mail]``."""

    server: HostOrNone = Field(
        default="", description="the mail server (SMTP); empty: no mail", examples=["mail.example.org"]
    )
    port: Port = Field(default=587, description="its port: 587 with starttls, 465 with tls, 25 without both")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="how the connection is secured. A login needs `starttls` or `tls`"
    )
    ca_file: ConfigPath | None = Field(
        default=None, description="certificates to trust beside the system's own", examples=["/etc/astsync/mail-ca.pem"]
    )
    user: Line = Field(default="", description="the user of the mail server; empty: no login")
    password: SecretStr = Field(default=SecretStr(""), description="its password")
    password_file: ConfigPath | None = Field(
        default=None, description="or a file that holds only the password", examples=["/etc/astsync/mail.password"]
    )
    sender: MailboxOrNone = Field(
        default="", description="the sender's address; empty: `user`, if that is one, else astsync@ this machine"
    )
    to: Mailboxes = Field(default=(), description='the addresses that get the mails, as `["admin@example.org"]`')

    @model_validator(mode="after")
    def _login(self) -> "NotifyMailConfig":
        if self.password_file is not None and self.password.get_secret_value():
            raise ValueError(say("give password or password_file, not both"))
        if self.user and self.security == "none":
            raise ValueError(
                say("user: a login needs security tls or starttls: without it anybody can read the password")
            )
        return self

    def secret(self) -> str:
        """The password. Raises ConfigError."""
        return read_secret(self.password, self.password_file, "notify.mail.password_file")


class NotifyWebhookConfig(Section):
    """The section ``[notify.webhook]``."""

    url: WebAddressOrNone = Field(
        default="",
        description="an address that gets each message as a POST of JSON; empty: none. It may hold a secret",
        examples=["https://chat.example.org/hooks/astsync"],
    )
    token_file: ConfigPath | None = Field(
        default=None,
        description="a file that holds only a token, which is sent as `Authorization: Bearer TOKEN`",
        examples=["/etc/astsync/webhook.token"],
    )

    def token(self) -> str:
        """The token, "" where there is none. Raises ConfigError."""
        return read_secret(SecretStr(""), self.token_file, "notify.webhook.token_file")


class NotifyTelegramConfig(Section):
    """The section ``[notify.telegram]``."""

    chat: Line = Field(
        default="", description="the number or the @name of the chat; empty: no messages", examples=["-1001234567890"]
    )
    token: SecretStr = Field(default=SecretStr(""), description="the token of the bot")
    token_file: ConfigPath | None = Field(
        default=None, description="or a file that holds only the token", examples=["/etc/astsync/telegram.token"]
    )
    url: WebAddress = Field(
        default="https://api.telegram.org", description="the address of Telegram's Bot API, or of an own server"
    )

    @model_validator(mode="after")
    def _one_token(self) -> "NotifyTelegramConfig":
        given = bool(self.token.get_secret_value()) + (self.token_file is not None)
        if given > 1:
            raise ValueError(say("give token or token_file, not both"))
        if self.chat and not given:
            raise ValueError(say("token_file: name a file with the token that @BotFather gave"))
        return self

    def secret(self) -> str:
        """The token. Raises ConfigError."""
        return read_secret(self.token, self.token_file, "notify.telegram.token_file")


class NotifyConfig(Section):
    """The section ``[notify]``."""

    on: Annotated[tuple[Event, ...], BeforeValidator(words)] = Field(
        default=("failure", "refusal", "recovery"),
        description="what is told. A failure is told once until it is over; `refusal` is that of a safety limit",
    )
    digest: DigestDay = Field(
        default="",
        description="the day of the report; empty: none. The first run after 8:00 sends it, of the days since the "
        "last one; see `astsync report`",
        examples=["mon"],
    )
    timeout: Seconds = Field(default=10.0, description="for each way to tell; nothing of it changes a run's result")
    mail: NotifyMailConfig = Field(default=NotifyMailConfig(), description="by mail")
    webhook: NotifyWebhookConfig = Field(default=NotifyWebhookConfig(), description="to a service of your own")
    telegram: NotifyTelegramConfig = Field(default=NotifyTelegramConfig(), description="by a Telegram bot")
