"""Values of a source's rows, which are not to be trusted, as texts and numbers that every later step can bear.

Text that leaves a source is valid Unicode (no halves of surrogate pairs, which neither SQLite nor a terminal takes) and
has a bound: nothing sensible is longer, and later steps stay fast.
"""

MAX_TEXT = 2000
"""Characters of a name, a phone text or the name of a kind; what is longer is cut. 1C's own names end at 150."""

_LONGEST_NUMBER = 400  # bits


def text_of(value: object, longest: int = MAX_TEXT) -> str:
    """Give a value of JSON as text of at most ``longest`` characters.

    Numbers are text as they are written; what is neither number nor text is "". Half of a surrogate pair becomes "?".
    """
    if isinstance(value, str):
        text = value[:longest]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        text = str(value)[:longest]
    else:
        return ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def plain_text(value: object, longest: int = MAX_TEXT) -> str:
    """Give a value as bounded text; a whole number never as ``1.0`` (spreadsheets keep all numbers so)."""
    if isinstance(value, str):
        return value if len(value) <= longest and value.isascii() else text_of(value, longest)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        return ""
    return text_of(value, longest)
