"""Messages as the store keeps them, with their data: whoever reads them later may speak another language."""

from functools import lru_cache

from astsync.language import altered, packed

_REASONS = 256  # different reasons of skipped phones; nearly all are of a few


def kept(message: str) -> str:
    """A message for a column of the store. Text that UTF-8 cannot hold, as half of a character, becomes an escape."""
    text = packed(message)
    try:
        text.encode()
    except UnicodeEncodeError:
        return packed(altered(message, words))
    return text


@lru_cache(_REASONS)
def kept_reason(message: str) -> str:
    """The same for one of few messages that is kept again and again."""
    return kept(message)


def words(text: str) -> str:
    """Text that UTF-8 can hold."""
    return text.encode("utf-8", "backslashreplace").decode()
