"""The language of a name in Cyrillic: by its letters, else by its legal form, the phone's country, the setting."""

import re
from typing import Final

from astsync.phonebook.names.alphabets import BELARUSIAN, CENTRAL_ASIAN, KAZAKH, RUSSIAN, UKRAINIAN

_ONLY_UKRAINIAN, _ONLY_BELARUSIAN, _ONLY_KAZAKH, _SHORT_I, _NOT_UKRAINIAN, _NOT_BELARUSIAN = (1 << n for n in range(6))
_MARKS: Final = {
    **dict.fromkeys("їєґ", _ONLY_UKRAINIAN),
    **dict.fromkeys("ў", _ONLY_BELARUSIAN),
    **dict.fromkeys("әғқңөұүһ", _ONLY_KAZAKH),
    **dict.fromkeys("і", _SHORT_I),
    **dict.fromkeys("ыэё", _NOT_UKRAINIAN),
    **dict.fromkeys("ищ", _NOT_BELARUSIAN),
    **dict.fromkeys("ъ", _NOT_UKRAINIAN | _NOT_BELARUSIAN),
}
_FOREIGN = _ONLY_UKRAINIAN | _ONLY_BELARUSIAN | _ONLY_KAZAKH | _SHORT_I
_TELLING = re.compile(f"[{''.join(_MARKS)}]")
_OF_COUNTRY: Final = {"UA": UKRAINIAN, "BY": BELARUSIAN, "KZ": KAZAKH}

# The same countries by the start of their numbers in E.164; Kazakhstan has 6 and 7 of the calling code 7 (ITU-T E.164).
_COUNTRY_OF_START: Final = {"380": "UA", "375": "BY", "76": "KZ", "77": "KZ"}
_STARTS = frozenset(start[:2] for start in _COUNTRY_OF_START)


def country_of(number: str) -> str | None:
    """The country (ISO 3166 alpha-2) of a number in E.164 without "+": UA, BY or KZ; None for all others.

    Only these three have a language of their own here.
    """
    if number[:2] not in _STARTS or len(number) <= 10:  # as nearly all
        return None
    return _COUNTRY_OF_START.get(number[:3]) or _COUNTRY_OF_START.get(number[:2])


def marks_of(text: str, known: frozenset[str] = frozenset()) -> int:
    """Bits for the letters of a text that speak for or against a language, without the letters in ``known``."""
    marks = 0
    for letter in _TELLING.findall(text.lower()):
        marks |= _MARKS[letter] if letter not in known else 0
    return marks


def _by_letters(marks: int) -> str | None:
    if marks & _ONLY_KAZAKH:
        return KAZAKH
    if marks & _ONLY_BELARUSIAN:
        return RUSSIAN if marks & _NOT_BELARUSIAN else BELARUSIAN  # Uzbek has ў and и
    if marks & _ONLY_UKRAINIAN:
        return UKRAINIAN
    if marks & _SHORT_I and marks & _NOT_UKRAINIAN:
        return KAZAKH if marks & _NOT_BELARUSIAN else BELARUSIAN
    return None


def _allowed(language: str, marks: int) -> bool:
    """Whether no letter of a name speaks against a language."""
    if language == UKRAINIAN:
        return not marks & _NOT_UKRAINIAN
    return language != BELARUSIAN or not marks & _NOT_BELARUSIAN


def language_of(together: int, form: str, country: str | None, setting: str) -> str:
    """The language (ru, uk, be, kk) of a name.

    ``together`` are the marks (``marks_of``) of all its words. ``form`` is the language of its legal form or "", also
    CENTRAL_ASIAN. ``country`` (ISO 3166 alpha-2) is the phone's, ``setting`` the configured language or "".
    """
    if not together & _FOREIGN and (form == RUSSIAN or not (form or country or setting)):
        return RUSSIAN
    if form == CENTRAL_ASIAN:
        return KAZAKH if together & _ONLY_KAZAKH else RUSSIAN
    by_letters = _by_letters(together)
    if by_letters is not None:
        return by_letters
    for language in (form, _OF_COUNTRY.get(country or "", ""), setting):
        if language and _allowed(language, together) and not (together & _SHORT_I and language == RUSSIAN):
            return language
    return UKRAINIAN if together & _SHORT_I else RUSSIAN
