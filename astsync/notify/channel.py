"""What every way to tell somebody is."""

from typing import Protocol

from astsync.errors import AstsyncError
from astsync.notify.notices import Notice


class NotTold(AstsyncError):
    """A message could not be sent."""

    exit_code = 7


class PartlyTold(NotTold):
    """A message was sent, but not to everybody who was to get it."""


class Channel(Protocol):
    """A way to tell somebody."""

    @property
    def name(self) -> str:
        """Its section of the configuration, as "notify.mail"."""

    def send(self, notice: Notice) -> None:
        """Send a message. Raises NotTold, PartlyTold, ConfigError for a secret that cannot be read."""

    def probe(self) -> str:
        """Try the way as far as can be done without a message; says what answered. Raises NotTold, ConfigError."""
