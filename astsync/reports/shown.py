"""The edge of the reports: what a person reads is in their language, and harmless."""

from datetime import datetime

from astsync.language import spoken
from astsync.text import printable


def shown(text: str) -> str:
    """A message or a foreign text, in the language in use, as text that cannot steer a terminal."""
    return printable(spoken(text))


def in_one_line(text: str) -> str:
    """The same as one line."""
    return printable(" ".join(spoken(text).splitlines()))


def minute(at: datetime) -> str:
    """A time to the minute, in local time."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def moment(at: datetime) -> str:
    """A time to the second, in local time."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
