"""Cyrillic to Latin: the schemes of iuliia by their names, and the tables of other languages.

Ukrainian: resolution 55 of the Cabinet of Ministers, 27.01.2010. Belarusian: ICAO Doc 9303, part 3. Kazakh letters: as
in Kazakh passports. Everything else Cyrillic goes through the chosen scheme.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from astsync.errors import ConfigError
from astsync.language import joined, say
from astsync.text import did_you_mean, nearest

NO_SCHEME: Final = "none"
RUSSIAN, UKRAINIAN, BELARUSIAN, KAZAKH = "ru", "uk", "be", "kk"
CENTRAL_ASIAN: Final = "uz"
"""Stands for Uzbek and its neighbours. They have no alphabet here: their letters go through another one's."""

RUSSIAN_LETTERS: Final = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
LANGUAGES: Final = (RUSSIAN, UKRAINIAN, BELARUSIAN, KAZAKH)

_UKRAINIAN = dict(
    zip(
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя'ёыэъ",
        "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch  iu ia  yo y e ".split(" "),
        strict=True,
    )
)
_UKRAINIAN_FIRST = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_BELARUSIAN = dict(
    zip(
        "абвгґдеёжзіийклмнопрстуўфхцчшщыьэюяъ'",
        "a b v h g d e io zh z i i i k l m n o p r s t u u f kh ts ch sh shch y  e iu ia  ".split(" "),
        strict=True,
    )
)
_KAZAKH = dict(zip("әғқңөұүһі", "agknouuhi", strict=True))
_OTHER_CYRILLIC = dict(
    zip(
        "їєґіўҳҷӣӯҗӑӗҫӳђјљњћџѓѕќ",
        "i ye g i u h j i u j a e s u dj j lj nj c dz gj dz kj".split(),
        strict=True,
    )
)


_SIGNS = str.maketrans({**dict.fromkeys("ʻʼ’ʹ", "'"), **dict.fromkeys('"`”ʺ', "")})
_CYRILLIC = re.compile("[\u0400-\u052f]")


class Scheme(NamedTuple):
    """How letters become Latin; all are lower-case here, and ``Alphabet`` puts the capitals right.

    ``letters``: of one letter. ``after``: of a letter and the one before it, or alone at the start of a word.
    ``before``: of a letter and the one behind it. ``endings``: of the last two letters of a word.
    """

    letters: Mapping[str, str]
    after: Mapping[str, str] = {}
    before: Mapping[str, str] = {}
    endings: Mapping[str, str] = {}


def _of_iuliia(name: str) -> Scheme:
    """Read a scheme of iuliia from its own definition. Raises ConfigError for a name that it does not know."""
    from iuliia.repo import FileRepo

    repo = FileRepo()
    if not repo.has(name):
        known = [NO_SCHEME, *repo.names()]
        mean = did_you_mean(nearest(name, known, 0.3))
        raise ConfigError(
            say("names.scheme: {scheme!r} is not a transliteration scheme", scheme=name),
            hint=joined(" ", filter(None, (mean, say("Known: {names}.", names=", ".join(known))))),
        )
    content = json.loads(repo.get(name).path.read_text(encoding="utf-8"))
    parts = [content.get(key) or {} for key in ("mapping", "prev_mapping", "next_mapping", "ending_mapping")]
    return Scheme(*parts)


def to_ascii(text: str) -> str:
    """The nearest ASCII of a text in any script: ``Cafe`` of ``Café``; what has no plain base goes through anyascii."""
    if text.isascii():
        return text
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    if bare.isascii():
        return bare
    from anyascii import anyascii

    return str(anyascii(bare))


class Alphabet:
    """Transliterates words letter by letter, with the capitals right: ЩУКА SHCHUKA, Щука Shchuka, Ж.Щ. Zh.Shch."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self.letters = frozenset(scheme.letters)

    def word(self, word: str) -> str:
        """Transliterate one run of letters to ASCII."""
        lower = word.lower()
        if len(lower) != len(word) or not _CYRILLIC.search(word):
            return to_ascii(word)
        ending = self._scheme.endings.get(lower[-2:]) if len(lower) > 2 else None
        stem = len(lower) - (2 if ending is not None else 0)
        latin = [self._letter(lower, at, stem) for at in range(stem)]
        if word == lower:
            return self._plain("".join(latin) + (ending or ""))
        cased = [_cased(latin[at], word, at) for at in range(stem)]
        if ending is not None:
            cased.append(ending.upper() if word[-2:].isupper() else ending)
        return self._plain("".join(cased))

    @staticmethod
    def _plain(latin: str) -> str:
        """Latin in ASCII. Schemes write ь and ъ as apostrophes and quotes; a quote would end a string, so it goes."""
        return to_ascii(latin if latin.isascii() and latin.isalpha() else latin.translate(_SIGNS))

    def _letter(self, word: str, at: int, end: int) -> str:
        scheme, letter = self._scheme, word[at]
        found = scheme.after.get(word[at - 1] + letter if at else letter)
        if found is None and at + 1 < end:
            found = scheme.before.get(letter + word[at + 1])
        if found is None:
            found = scheme.letters.get(letter)
        return found if found is not None else to_ascii(_OTHER_CYRILLIC.get(letter, letter))


def _cased(latin: str, word: str, at: int) -> str:
    """The Latin in the case of its letter; several letters are all capital where a neighbour is a capital."""
    if not word[at].isupper():
        return latin
    if len(latin) < 2:
        return latin.upper()
    near = word[at + 1] if at + 1 < len(word) else word[at - 1] if at else ""
    return latin.upper() if near.isupper() else latin[0].upper() + latin[1:]


@cache
def alphabet(scheme: str, language: str) -> Alphabet:
    """The alphabet of a language (ru, uk, be, kk) under a scheme. Raises ConfigError for an unknown scheme."""
    russian = _of_iuliia(scheme)
    if language == UKRAINIAN:
        return Alphabet(Scheme(_UKRAINIAN, {**_UKRAINIAN_FIRST, "зг": "gh"}))
    if language == BELARUSIAN:
        return Alphabet(Scheme(_BELARUSIAN))
    if language == KAZAKH:
        return Alphabet(russian._replace(letters={**_KAZAKH, **russian.letters}))
    return Alphabet(russian)
