"""Rows whose structures only repeat the text that people see, as 1C itself writes nearly all of them.

``phone_texts`` reads any row. This finds out faster that it would keep the text alone.
"""

from typing import Final

import orjson

from astsync.sources.formats.values import MAX_TEXT
from astsync.sources.onec.phone_texts import LEAST_REST, MARKED, NOT_DIGITS, NUMBER, TEXT, USUAL_FIELDS
from astsync.sources.onec.usual_xml import XmlForm

_FORM: Final = XmlForm()


def repeated(text: object, value: object, fields: object) -> bool:
    """Whether Представление has a number, and Значение and ЗначенияПолей only hold it once more, as 1C writes them.

    That is so in nearly all rows. ``gather`` then keeps the text alone.
    """
    return bool(_repeated_digits(text, value, fields))


def adds_nothing(text: object, value: object, fields: object) -> bool:
    """Whether ``gather`` makes the same of Представление alone, because the others only repeat it, as 1C writes them.

    This finds it out in half the time. False also where nothing is sure.
    """
    return _repeated_digits(text, value, fields) is not None


def _repeated_digits(text: object, value: object, fields: object) -> bytes | None:
    """The digits of a text that the structures beside it only repeat; None where that is not sure."""
    if not (isinstance(text, str) and text[:1] not in MARKED and "=" not in text and len(text) <= MAX_TEXT):
        return None
    try:
        digits = text.encode().translate(None, NOT_DIGITS)
        held: tuple[str, ...] | None = None
        if value:
            held = USUAL_FIELDS(orjson.loads(value)) if isinstance(value, str) else None
            if held is None or not _repeats(held, text, digits):
                return None
        if fields and not (isinstance(fields, str) and held is not None and _FORM.fits(fields, held)):
            held = _FORM.read(fields) if isinstance(fields, str) else None
            if held is None or not _repeats(held, text, digits):
                return None
    except (KeyError, TypeError, ValueError):  # such JSON is unusual
        return None
    return digits


def _repeats(held: tuple[str, ...], text: str, digits: bytes) -> bool:
    """Whether a structure (``USUAL_FIELDS``) is of this text, and a split of its digits, with nothing that it lacks.

    Raises TypeError where anything of it is no text.
    """
    if held[TEXT] != text:
        return False
    others = held[NUMBER + 1 : TEXT]
    number, rest = "".join(held[: NUMBER + 1]), "".join(others)
    split = number.encode().translate(None, NOT_DIGITS)
    if not split:
        return not (number or rest)
    return digits.startswith(split) and (len(rest) < LEAST_REST or all(one in text for one in others))
