"""Grids of phone fields in which digits could be thrown away, or a neighbour's rules applied: right, none, wrong.

Each field is made from one number, so its wanted key is known. A wrong key is any other one: a stranger's call would
show a customer's name.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

Spelling = Callable[[str], str]


class Made(NamedTuple):
    """A field, the key of its number, and the country in which it is read."""

    text: str
    key: str
    country: str


class Score(NamedTuple):
    """How many fields gave their key, none, or a wrong one."""

    right: int
    none: int
    wrong: int


_EIGHT: Final[tuple[Spelling, ...]] = (
    lambda n: f"8 ({n[:3]}) {n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"8({n[:3]}){n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"8-{n[:3]}-{n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"8 {n[:3]} {n[3:6]} {n[6:8]} {n[8:]}",
    lambda n: f"8{n}",
    lambda n: f"8({n[:4]}){n[4:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"8 ({n[:3]}) {n[3:]}",
    lambda n: f"8.{n[:3]}.{n[3:6]}.{n[6:8]}.{n[8:]}",
)
_BRACKETED: Final[tuple[Spelling, ...]] = (
    lambda n: f"({n[:3]}) {n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"({n[:3]}){n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"({n[:4]}) {n[4:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"({n[:3]}) {n[3:]}",
)
_LOCAL: Final[tuple[Spelling, ...]] = (
    lambda n: f"{n[3:6]}-{n[6:8]}-{n[8:]}",
    lambda n: f"{n[3:6]} {n[6:8]} {n[8:]}",
    lambda n: n[3:],
    lambda n: f"{n[3:6]}-{n[6:]}",
)
_SEPARATORS = ("{} ", "{}) ", "{}. ", "{}.", "{})", "({}) ", "{}-", "{}, ")
_WORDS = ("", "офис ", "отдел ", "кв. ", "т. ", "№ ")
_CODES = ("495", "499", "812", "343", "383", "845", "916", "903", "925", "391", "423", "863", "831", "347")
AREA_CODES: Final = {"RU": "495", "UA": "44", "BY": "17", "KZ": "727"}
"""The countries of the grid of national spellings, each with the area code of its base."""


def small_numbers(seed: int = 1) -> Iterator[Made]:
    """Yield the grid of no, one or two digits before numbers with 8, with an area code in brackets, and local ones."""
    dice = random.Random(seed)
    indexes = ("", *map(str, range(0, 100, 3)))
    for spelling, index, separator, word in product((*_EIGHT, *_BRACKETED, *_LOCAL), indexes, _SEPARATORS, _WORDS):
        code = "495" if spelling in _LOCAL else dice.choice(_CODES)
        number = code + str(dice.randrange(2_000_000, 7_000_000))
        before = separator.format(index) if index else ""
        yield Made(word + before + spelling(number), f"7{number}", "RU")


def national_spellings(seed: int = 2) -> Iterator[Made]:
    """Yield numbers of four countries as they are written at home, each in the bases of all four.

    Codes that are a Ukrainian and a Belarusian one at once (33 and 44) are left out: nothing in 8 (044) … tells whose
    it is, and the base's own country is the right answer.
    """
    dice = random.Random(seed)
    for home, code, width, spellings in _national():
        for _ in range(4):
            local = str(dice.randrange(2 * 10 ** (width - 1), 10**width))
            number = code.lstrip("0") + local
            key = {"RU": "7", "KZ": "7", "UA": "380", "BY": "375"}[home] + number
            for spelling, country in product(spellings, AREA_CODES):
                yield Made(spelling.format(code=code, local=local), key, country)


def _national() -> Iterator[tuple[str, str, int, tuple[str, ...]]]:
    eight = ("8 ({code}) {local}", "8-{code}-{local}", "8{code}{local}", "8 {code} {local}")
    bare = ("({code}) {local}", "{code} {local}", "{code}-{local}")
    for code in ("495", "812", "916", "960", "8452", "48439", "391"):
        yield "RU", code, 10 - len(code), (*eight, *bare, "{code}{local}")
    for code in ("727", "7172", "701", "777"):
        yield "KZ", code, 10 - len(code), (*eight, "({code}) {local}")
    for code in ("067", "050", "063", "0462", "03858", "057"):
        yield "UA", code, 10 - len(code), (*eight, *bare, "{code}{local}")
    for code in ("029", "025", "0162", "01795"):
        yield "BY", code, 10 - len(code), (*eight, *bare)


def matcher(text: str, country: str) -> tuple[str, ...]:
    """The keys that libphonenumber's matcher finds, for the comparison."""
    matches = PhoneNumberMatcher(text, country, leniency=Leniency.VALID)
    return tuple(f"{m.number.country_code}{phonenumbers.national_significant_number(m.number)}" for m in matches)


def score(fields: Iterable[Made], read: Callable[[str, str], tuple[str, ...]]) -> Score:
    """Count what ``read(text, country)`` makes of the fields."""
    right = none = wrong = 0
    for field in fields:
        keys = read(field.text, field.country)
        right += keys == (field.key,)
        none += not keys
        wrong += any(key != field.key for key in keys)
    return Score(right, none, wrong)
