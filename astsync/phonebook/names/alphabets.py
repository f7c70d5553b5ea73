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
_ALL_CYRILLIC = re.compile("[\u0400-\u0481\u048a-\u052f]+")  # letters, each with a capital or a small twin
_CAPITALS = re.compile("[\u0400-\u042f]+")


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


class _Table(dict[int, str]):
    """What a letter that no neighbour changes is in Latin. It learns Cyrillic letters beyond the scheme."""

    def __init__(self, letters: Mapping[str, str]) -> None:
        super().__init__({ord(letter): latin for letter, latin in letters.items()})

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        latin = to_ascii(_OTHER_CYRILLIC.get(letter, letter))
        if _CYRILLIC.match(letter):  # a few hundred
            self[code] = latin
        return latin


def _changed_by_neighbours(scheme: Scheme) -> re.Pattern[str]:
    """Matches a letter that a neighbour changes. All its branches begin with a letter, which makes it fast."""
    after = (f"{pair[-1]}(?<={pair})" if len(pair) > 1 else f"{pair}(?<!.{pair})" for pair in scheme.after)
    before = (f"{pair[0]}(?={pair[1]})" for pair in scheme.before)
    return re.compile("|".join((*after, *before)) or "(?!)")


class Alphabet:
    """Transliterates words letter by letter, with the capitals right: ЩУКА SHCHUKA, Щука Shchuka, Ж.Щ. Zh.Shch.

    A list has some hundred thousand words, nearly all of them Cyrillic alone, and in small letters or as Щука or ЩУКА
    are. ``_quickly`` spells those by one table and puts their capitals right at once.
    """

    def __init__(self, scheme: Scheme) -> None:
        self._after, self._before, self._endings = scheme.after, scheme.before, scheme.endings
        self.letters = frozenset(scheme.letters)
        self._table = _Table(scheme.letters)
        self._changed = _changed_by_neighbours(scheme)

    def word(self, word: str) -> str:
        """Transliterate one run of letters to ASCII."""
        lower, is_cyrillic = word.lower(), _ALL_CYRILLIC.fullmatch(word)
        if is_cyrillic is None and (len(lower) != len(word) or not _CYRILLIC.search(word)):
            return to_ascii(word)
        ending = self._endings.get(lower[-2:]) if len(lower) > 2 else None
        stem = lower if ending is None else lower[:-2]
        latin = self._quickly(word, stem, ending or "") if is_cyrillic else ""
        latin = latin or self._slowly(word, stem, ending or "")
        # Schemes write ь and ъ as apostrophes and quotes; a quote would end a string, so it goes.
        return latin if latin.isascii() and latin.isalpha() else to_ascii(latin.translate(_SIGNS))

    def _quickly(self, word: str, stem: str, ending: str) -> str:
        """A Cyrillic word in Latin; "" where its capitals are not so plain."""
        latin = self._with_changed(stem) if self._changed.search(stem) else stem.translate(self._table)
        latin += ending
        if word[1:].islower():
            if word[0] == stem[0]:
                return latin
            # Where the first letter has no Latin, a small letter stands first: Ьа is "a".
            return latin[0].upper() + latin[1:] if self._letter(stem, 0) else ""
        return latin.upper() if len(word) > 1 and _CAPITALS.fullmatch(word) else ""

    def _with_changed(self, stem: str) -> str:
        latin, done = "", 0
        for match in self._changed.finditer(stem):
            at = match.start()
            latin += stem[done:at].translate(self._table) + self._letter(stem, at)
            done = at + 1
        return latin + stem[done:].translate(self._table)

    def _slowly(self, word: str, stem: str, ending: str) -> str:
        latin = [self._letter(stem, at) for at in range(len(stem))]
        cased = [_cased(latin[at], word, at) for at in range(len(stem))]
        return "".join(cased) + (ending.upper() if word[-2:].isupper() else ending)

    def _letter(self, stem: str, at: int) -> str:
        letter = stem[at]
        found = self._after.get(stem[at - 1] + letter if at else letter)
        if found is None and at + 1 < len(stem):
            found = self._before.get(letter + stem[at + 1])
        return found if found is not None else self._table[ord(letter)]


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
