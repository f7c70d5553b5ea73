"""What every way to tell somebody is."""

from typing import Protocol

from astsync.notify.notices import Notice


class Channel(Protocol):
    """A way to tell somebody."""

    @property
    def name(self) -> str:
        """Its section of the configuration, as "notify.mail"."""

    def send(self, notice: Notice) -> None:
        """Send a message. Raises NotTold, PartlyTold, ConfigError for a secret that cannot be read."""

    def probe(self) -> str:
        """Try the way as far as can be done without a message; says what answered. Raises NotTold, ConfigError."""
