"""What a phone field should be instead, where that is certain: the text has one sense only, and is badly written."""

from collections.abc import Iterator

from astsync.phonebook.numbers.parser import NumberParser

_LOOK_ALIKE = str.maketrans("OoОоQЗзlI|бSВB", "00000331116588")
"""Letters that people and scanners write in the place of digits, Latin and Cyrillic."""
_WHOLE = 11
"""Digits of a number of the Russian plan with its 7 or 8."""


class Repairs:
    """Suggests texts for phone fields that gave no number, by the rules of one configuration."""

    def __init__(self, numbers: NumberParser) -> None:
        self._numbers = NumberParser(country=numbers.country, area_code=numbers.area_code)

    def suggest(self, text: str) -> str:
        """A text for the field, in the international form; "" where nothing is certain."""
        numbers = self._with_digits(text) or self._apart(text)
        return ", ".join(map(_spelled, numbers))

    def _with_digits(self, text: str) -> tuple[str, ...]:
        """The number, where letters that look like digits are the only fault of a text without other words."""
        digits = text.translate(_LOOK_ALIKE)
        if digits == text or not any(map(str.isdigit, text)) or any(map(str.isalpha, digits)):
            return ()
        found = self._numbers.parse(digits).keys
        return found if len(found) == 1 and self._is_all(digits, found[0]) else ()

    def _apart(self, text: str) -> tuple[str, ...]:
        """Two numbers, where their digits were written without anything between."""
        digits = text.strip()
        if not (digits.isascii() and digits.isdecimal() and len(digits) == 2 * _WHOLE):
            return ()
        halves = (digits[:_WHOLE], digits[_WHOLE:])
        if not all(half[0] in "78" for half in halves):
            return ()
        found = tuple(self._numbers.parse(half).keys for half in halves)
        whole = all(len(keys) == 1 and self._is_all(half, keys[0]) for half, keys in zip(halves, found, strict=True))
        return tuple(keys[0] for keys in found) if whole else ()

    def _is_all(self, text: str, key: str) -> bool:
        """Whether all digits of the text are of the number, beside a trunk prefix in the place of the country code."""
        return any("".join(filter(str.isdigit, text)) == digits for digits in _ways(key, self._numbers.area_code))


def _ways(key: str, area: str) -> Iterator[str]:
    yield key
    if key.startswith("7"):
        yield from (f"8{key[1:]}", key[1:])
    if area and key.startswith(f"7{area}"):
        yield key[1 + len(area) :]


def _spelled(key: str) -> str:
    import phonenumbers

    number = phonenumbers.parse(f"+{key}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
