"""Reports by mail, to addresses of the command line: over the server of ``[notify.mail]``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from astsync.errors import ConfigError, PartlyTold
from astsync.language import say

if TYPE_CHECKING:
    from astsync.notify.notices import Notice
    from astsync.parts import Parts


def post_to(parts: "Parts", addresses: Sequence[str], no_server: str) -> "Callable[[Notice], PartlyTold | None]":
    """What mails a message there, and returns the error where only some of the addresses got it.

    The server is tried first. Raises ConfigError with the words ``no_server`` where none is configured, NotTold.
    """
    from astsync.config.notify_section import NotifyMailConfig
    from astsync.notify.mail import MailChannel
    from astsync.setup.typed_values import checked

    config = parts.config.notify
    if not config.mail.server:
        raise ConfigError(no_server, hint=say("Write notify.mail.server."))
    channel = MailChannel(checked(NotifyMailConfig, {**dict(config.mail), "to": list(addresses)}), config.timeout)
    channel.probe()

    def post(notice: "Notice") -> PartlyTold | None:
        try:
            channel.send(notice)
        except PartlyTold as error:
            return error
        return None

    return post
