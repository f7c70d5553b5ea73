"""Values that are not trusted, as texts that every later step can hold.

Text that leaves a source is valid Unicode, without halves of surrogate pairs: SQLite and terminals take none.
Its length has a bound, so that later steps stay fast; nothing sensible is longer.
"""

MAX_TEXT = 2000
"""Characters of a name, a phone text or the name of a kind; what is longer is cut. 1C's own names end at 150."""

_LONGEST_NUMBER = 400  # bits


def text_of(value: object, longest: int = MAX_TEXT) -> str:
    """Turn a value of JSON into text of at most ``longest`` characters.

    A number becomes text as it is written; what is neither number nor text becomes "". Half of a surrogate pair becomes
    "?".
    """
    if isinstance(value, str):
        text = value[:longest]
        if text.isascii():
            return text
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
    """Turn a value into bounded text. A whole number never becomes ``1.0``, as spreadsheets keep all numbers."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value if len(value) <= longest and value.isascii() else text_of(value, longest)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        return ""
    return text_of(value, longest)
