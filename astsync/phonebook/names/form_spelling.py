"""How people spell the words of legal forms: with typing errors, abbreviated, run together."""

import re
from collections.abc import Iterable
from typing import Final

EDGE: Final = " ,.;:()-/!_"
"""Signs that may stand around a word of a legal form."""

LATIN_TWINS: Final = str.maketrans("abcehkmoptxyiëABCEHKMOPTXYIË03", "авсенкмортхуіеАВСЕНКМОРТХУІЕОЗ")
_COMPARED: Final = str.maketrans(
    dict(zip("abcehkmoptxyiëё03", "авсенкмортхуіееоз", strict=True)) | dict.fromkeys("'’ʻʼ‘`")
)
_TO_COMPARE: Final = re.compile(rf"[{''.join(map(chr, _COMPARED))}]|(.)\1")
_TWICE = re.compile(r"(\w)\1+")
_ABBREVIATED = re.compile(r"[^\W\d_]+\.[,;:)]*")
_ABBREVIATED_TWICE = re.compile(r"([^\W\d_]{3,20})\.([^\W\d_]{3,20}\.?)[,;:)]*")  # огр.отв., Инд.предприниматель
# об-во, пр-тие, отв-ю, гос-ное: the start of a word and how such words end.
_CONTRACTED = re.compile(r"([^\W\d_]{1,8})-((?:ст)?во|т?во|т?ие|ние|ция|ль|н?ое|н?ая|н?ый|(?:ость|сть|ть|ст|т)?ю|ость)")

_LEAST_TYPED = 8  # letters: in a shorter word one error makes another word
_LEAST_TWICE = 10  # letters of a word in which two errors are believed
_MOST_ERRORS = 2
_LEAST_STEM = 3  # letters of an abbreviation
_LEAST_RUN = 7  # letters of a word to which the next is typed
_LONGEST_RUN = 90  # letters of words that run together
_MOST_WORDS = 6  # that run together
_HEAD, _TAIL = 3, 4  # letters; one of both ends is without an error
_PARTICLES = ("со", "с", "з")

WordOptions = tuple[tuple[str, ...], ...]
"""The words that a text stands for, one after another; of each, all words that it may be."""


def same(word: str) -> str:
    """The key by which words are compared: ``комерческии`` and ``Коммерческии,`` have the same.

    Lower case, ё as е, Latin twins as Cyrillic, double letters once, no signs at the ends.
    """
    bare = word.strip(EDGE).lower()
    return _TWICE.sub(r"\1", bare.translate(_COMPARED)) if _TO_COMPARE.search(bare) else bare


def distance(one: str, other: str, most: int) -> int:
    """How many letters are missing, extra, changed or swapped between two words; ``most`` + 1 where more are.

    Only cells near the diagonal of the table are filled, so the work grows with the length of a word times ``most``.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    far = most + 1
    above: list[int] = []
    row = [min(at, far) for at in range(len(other) + 1)]
    for i, letter in enumerate(one, 1):
        before, above, row = above, row, [min(i, far)] + [far] * len(other)
        for j in range(max(1, i - most), min(len(other), i + most) + 1):
            cost = above[j - 1] + (letter != other[j - 1])
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == other[j - 1]:
                cost = min(cost, before[j - 2] + 1)
            row[j] = min(cost, above[j] + 1, row[j - 1] + 1, far)
        if min(row) > most:
            return far
    return row[-1]


class Vocabulary:
    """The words of all legal forms, as ``same`` gives them, found by what people type for them.

    ``exact`` are those of them that must be spelled right: сельская with an error may as well be the town Бельская.
    """

    def __init__(self, words: Iterable[str], exact: Iterable[str] = ()) -> None:
        self._words: dict[str, WordOptions] = {word: ((word,),) for word in sorted(set(words))}
        self._typed: dict[str, tuple[str, ...]] = {}
        self._heads: dict[str, list[str]] = {}
        self._initials: dict[str, list[str]] = {}
        self._letters: dict[str, frozenset[str]] = {}
        self._index(set(exact))

    def _index(self, exact: set[str]) -> None:
        for word in sorted(self._words.keys() - exact):
            self._initials.setdefault(word[0], []).append(word)
            if len(word) >= _LEAST_STEM:
                self._heads.setdefault(word[:_HEAD], []).append(word)
            if len(word) < _LEAST_TYPED:
                continue
            self._letters[word] = frozenset(word)
            for end in (word[:_HEAD], word[-_TAIL:]):
                self._typed[end] = (*self._typed.get(end, ()), word)

    def read(self, text: str, key: str) -> WordOptions:
        """The words of forms that a text stands for; () where there are none. ``key`` is ``same(text)``."""
        known = self._words.get(key)
        if known is not None:
            return known
        if len(key) >= _LEAST_STEM and not text.isalpha():
            if "." in text and _ABBREVIATED.fullmatch(text):
                return self._started(key)
            if "." in key and (both := _ABBREVIATED_TWICE.fullmatch(text)):
                first, second = self._started(same(both[1])), self.read(both[2], same(both[2]))
                return first + second if first and second else ()
            if "-" in key and (contracted := _CONTRACTED.fullmatch(key)):
                return self._contracted(contracted[1], contracted[2])
        if len(key) < _LEAST_TYPED - 1 or len(key) > _LONGEST_RUN:
            return ()
        return self._near_or_run_together(key, _MOST_WORDS)

    def _near_or_run_together(self, key: str, most: int) -> WordOptions:
        typed = self._typed.get(key[:_HEAD], ()) + self._typed.get(key[-_TAIL:], ())
        near = self._near(key, typed) if typed else ""
        if near:
            return ((near,),)
        return self._run_together(key, most) if key[:_HEAD] in self._heads or key.startswith(_PARTICLES) else ()

    def _started(self, stem: str) -> WordOptions:
        """All words that ``огр.`` may be: those that start so."""
        found = tuple(word for word in self._heads.get(stem[:_HEAD], ()) if word.startswith(stem))
        return (found,) if found else ()

    def _contracted(self, start: str, end: str) -> WordOptions:
        """All words that ``об-во`` may be: those that start and end so; behind one letter the end must be -во."""
        if len(start) == 1 and not end.endswith("во"):
            return ()
        near = [word for word in self._initials.get(start[0], ()) if len(word) > len(start) + len(end)]
        found = tuple(word for word in near if word.startswith(start) and word.endswith(end))
        return (found,) if found else ()

    def _near(self, key: str, typed: tuple[str, ...]) -> str:
        """The one of some words that is nearest to a key with a typing error or two; "" where two are as near.

        How many errors are believed depends on the length and on the first letter. Where the first letter is wrong, one
        error less: коммерческая must never be read as некоммерческая with two letters missing.
        """
        letters, length = frozenset(key), len(key)
        best, found = _MOST_ERRORS + 1, ""
        for word in typed:
            if not -_MOST_ERRORS <= len(word) - length <= _MOST_ERRORS or word == found:
                continue
            is_long = min(length, len(word)) >= _LEAST_TWICE
            most = is_long + (key[0] == word[0])
            if abs(len(word) - length) > most or len(letters ^ self._letters[word]) > 2 * most:
                continue
            far = distance(key, word, most)
            if far < min(best, most + 1):
                best, found = far, word
            elif far == best:
                found = ""
        return found

    def _run_together(self, key: str, most: int) -> WordOptions:
        """Read words that run together: ``ограниченнойответственностью``, ``Обществос``; at most ``most`` of them."""
        if not most:
            return ()
        for particle in _PARTICLES:
            rest = key.removeprefix(particle)
            if rest != key and rest[:_HEAD] in self._heads and (read := self._rest(rest, most - 1)):
                return ((particle,), *read)
        for word in sorted(self._heads.get(key[:_HEAD], ()), key=len, reverse=True):
            if len(word) >= _LEAST_RUN and key.startswith(word) and (read := self._rest(key[len(word) :], most - 1)):
                return ((word,), *read)
        return ()

    def _rest(self, rest: str, most: int) -> WordOptions:
        if rest in _PARTICLES:
            return ((rest,),)
        known = self._words.get(rest)
        if known is not None or len(rest) < _LEAST_TYPED - 1:
            return known or ()
        return self._near_or_run_together(rest, most)
