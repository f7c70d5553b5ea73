"""Invented phone fields as people type them into 1C: the text, and the numbers that a correct reader finds in it.

The shares are those of a real counterparty list: 70 % one number in 13 spellings, 8 % two numbers, 7 % an extension,
4 % a comment, 3 % a local number, 2 % each of 8-800, foreign, no number, a wrong length. Numbers are a permutation of
an index: two fields of an infobase have the same number only on purpose.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

# Codes of Russian areas and mobile networks. With these libphonenumber accepts every subscriber number.
_CODES = (
    "495 499 812 343 383 846 831 843 351 391 863 473 342 861 347 423 381 844 862 401 482 485 487 491 492 493 494 496 "
    "471 472 474 475 481 483 484 486 813 814 815 816 817 818 820 821 833 834 835 836 841 842 845 847 848 851 855 865 "
    "866 867 872 877 878 879 301 302 341 345 346 349 352 353 382 384 385 388 390 394 395 411 413 415 416 421 424 426 "
    "427 902 903 904 905 906 908 909 910 911 912 913 914 915 916 917 918 919 920 921 922 923 924 925 926 927 928 929 "
    "931 932 933 937 938 950 951 952 953 960 961 962 963 964 965 967 968 977 978 980 981 982 983 985 987 999"
).split()
_LOCALS = 8_000_000  # 7-digit locals from 2000000 to 9999999
_STEP = 982_451_653  # a prime: the steps reach every number before one repeats

# Foreign numbers: country code, area, and the format of the whole text.
_FOREIGN = (
    ("375", "29", "+375 (29) {0}-{1}-{2}"),
    ("375", "33", "+375 33 {0} {1} {2}"),
    ("380", "67", "+380 67 {0} {1} {2}"),
    ("380", "50", "+380 (50) {0}-{1}-{2}"),
    ("998", "90", "+998 90 {0}-{1}-{2}"),
    ("49", "30", "+49 30 {0}{1}{2}"),
    ("996", "55", "+996 55{0} {1}{2}"),
    ("7", "701", "+7 (701) {0}-{1}-{2}"),
)


class Dice:
    """Random choices that depend only on the seed, the subject and the index: the same with every Python."""

    __slots__ = ("_bits",)

    def __init__(self, key: bytes, subject: bytes, index: int) -> None:
        digest = blake2b(index.to_bytes(8, "big"), key=key, person=subject, digest_size=64).digest()
        self._bits = int.from_bytes(digest, "big")

    def roll(self, sides: int) -> int:
        """Choose a number from 0 to ``sides`` - 1."""
        self._bits, value = divmod(self._bits, sides)
        return value

    def pick(self, choices: tuple[str, ...]) -> str:
        """Choose one of ``choices``."""
        self._bits, value = divmod(self._bits, len(choices))
        return choices[value]


@dataclass(frozen=True, slots=True)
class TypedText:
    """The text that somebody typed as a contact, and what it means.

    ``numbers`` (E.164 digits) are those that a correct reader without a default area code finds. The parts are set
    where the text has exactly one number.
    """

    text: str
    numbers: tuple[str, ...] = ()
    country: str = ""
    area: str = ""
    local: str = ""
    extension: str = ""
    comment: str = ""

    @property
    def in_form(self) -> str:
        """The text that 1C builds from the parts: +7 (495) 2293042, доб. 12, секретарь."""
        extension = self.extension and f"доб. {self.extension}"
        number = f"+{self.country} ({self.area}) {self.local}"
        return ", ".join(filter(None, (number, extension, self.comment)))


_SPELLINGS = (
    "+7 ({c}) {a}-{b}-{d}",
    "8 ({c}) {a}-{b}-{d}",
    "7 {c} {a} {b} {d}",
    "8{c}{a}{b}{d}",
    "8-{c}-{a}-{b}-{d}",
    "8({c}){a}-{b}-{d}",
    "+7{c}{a}{b}{d}",
    "{c}{a}{b}{d}",
    "({c}) {a}-{b}-{d}",
    "8 {c} {a}-{b}-{d}",
    "+7 {c} {a}{b}{d}",
    "+7({c}){a}-{b}-{d}",
    "тел. 8 ({c}) {a}-{b}-{d}",
)
_SEPARATORS = (", ", "; ", " / ", "\n", " и ", "  ", " ")
_EXTENSIONS = (" доб. {}", ", доб. {}", " (доб. {})", " вн. {}", " доб {}", " #{}", " ext. {}")
_COMMENTS = ("(секретарь Анна)", "звонить с 9 до 18", "- офис", ", бухгалтерия", "Сергей Петрович", "(после 18:00)")
_NO_NUMBER = ("нет", "-", "уточнить", "e-mail: info@example.ru", "звонить секретарю", "101", "тел. не отвечает", "")


def _one(dice: Dice, code: str, local: str) -> TypedText:
    text = dice.pick(_SPELLINGS).format(c=code, a=local[:3], b=local[3:5], d=local[5:])
    return TypedText(text, (f"7{code}{local}",), "7", code, local)


def _two(dice: Dice, code: str, local: str, other: tuple[str, str]) -> TypedText:
    first, second = _one(dice, code, local), _one(dice, *other)
    return TypedText(first.text + dice.pick(_SEPARATORS) + _trunk(*other), first.numbers + second.numbers)


def _trunk(code: str, local: str) -> str:
    return f"8-{code}-{local[:3]}-{local[3:5]}-{local[5:]}"


def _with_extension(dice: Dice, code: str, local: str) -> TypedText:
    one = _one(dice, code, local)
    extension = str(10 + dice.roll(990))
    return replace(one, text=one.text + dice.pick(_EXTENSIONS).format(extension), extension=extension)


def _with_comment(dice: Dice, code: str, local: str) -> TypedText:
    one = _one(dice, code, local)
    comment = dice.pick(_COMMENTS)
    blank = "" if comment.startswith(",") else " "
    return replace(one, text=f"{one.text}{blank}{comment}", comment=comment.strip("(), -"))


def _local(dice: Dice, _code: str, local: str) -> TypedText:
    return TypedText(dice.pick(("{}-{}-{}", "{}{}{}", "тел. {}-{}-{}")).format(local[:3], local[3:5], local[5:]))


def _free(dice: Dice, _code: str, local: str) -> TypedText:
    text = dice.pick(("8-800-{}-{}-{}", "8 (800) {}-{}-{}", "+7 800 {} {} {}")).format(local[:3], local[3:5], local[5:])
    return TypedText(text, (f"7800{local}",), "7", "800", local)


def _foreign(dice: Dice, _code: str, local: str) -> TypedText:
    country, area, form = _FOREIGN[dice.roll(len(_FOREIGN))]
    text = form.format(local[:3], local[3:5], local[5:])
    return TypedText(text, (f"{country}{area}{local}",), country, area, local)


def _none(dice: Dice, _code: str, _local: str) -> TypedText:
    return TypedText(dice.pick(_NO_NUMBER))


def _wrong_length(dice: Dice, code: str, local: str) -> TypedText:
    # Code 8xx and one digit too many could also be a trunk 8 with a whole number: no reading is the correct one.
    # So such codes only get a number that is too short.
    short = dice.roll(2) == 1 or code.startswith("8")
    tail = local[5:6] if short else local[5:] + "0"
    return TypedText(dice.pick(("+7 ({}) {}-{}-{}", "8 ({}) {}-{}-{}")).format(code, local[:3], local[3:5], tail))


_KINDS: tuple[tuple[int, Callable[[Dice, str, str], TypedText] | None], ...] = (
    (70, _one),
    (8, None),  # two numbers: only this kind takes a second subscriber
    (7, _with_extension),
    (4, _with_comment),
    (3, _local),
    (2, _free),
    (2, _foreign),
    (2, _none),
    (2, _wrong_length),
)
_BY_ROLL = tuple(kind for share, kind in _KINDS for _ in range(share))


def subscriber(index: int, offset: int) -> tuple[str, str]:
    """The code and the 7-digit local number of subscriber ``index``. No two indexes have the same."""
    place, code = divmod((index * _STEP + offset) % (len(_CODES) * _LOCALS), len(_CODES))
    return _CODES[code], str(2_000_000 + place)


def write_phone(dice: Dice, index: int, offset: int) -> TypedText:
    """Invent phone field ``index``. It uses the subscribers 2 * index and 2 * index + 1."""
    kind = _BY_ROLL[dice.roll(100)]
    code, local = subscriber(2 * index, offset)
    if kind is None:
        return _two(dice, code, local, subscriber(2 * index + 1, offset))
    return kind(dice, code, local)


_INVISIBLE: tuple[Callable[[str], str], ...] = (
    lambda text: f"\u200b{text}\u200b",
    lambda text: f"\u202a{text}\u202c",
    lambda text: text.replace("-", "\u2212").replace(" ", "\u00a0"),
    lambda text: text.replace("-", "\u2014"),
    lambda text: f"\ufeff{text}",
    lambda text: f"\t{text} ",
    lambda text: text.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
    lambda text: f"'{text}",
    lambda text: f"\U0001f4de{text}",
)


_DIGITS = frozenset("0123456789")


def split_typed(text: str) -> tuple[str, str, str, str]:
    """Split a typed text into country, area, number and extension as 1C's standard library does, right or wrong.

    The first run of digits becomes the country, the second the area, the third (with blanks and dashes) the number.
    The rest becomes the extension, without a comma and «доб.» before it. So «(495) 229-30-42» gets country 495. The
    source is public: БСП 3.1.12, module УправлениеКонтактнойИнформациейСлужебный, ДесериализацияТелефонаФаксаВJSON.
    """
    country, place = _run(text, 0, _DIGITS)
    area, place = _run(text, place, _DIGITS)
    number, place = _run(text, place, _DIGITS | {" ", "-"})
    rest = text[place:].strip().removeprefix(",").lstrip()
    rest = rest[3:].lstrip() if rest[:3].lower() == "доб" else rest
    return country, area, number.strip(), rest.removeprefix(".").strip()


def _run(text: str, start: int, allowed: frozenset[str]) -> tuple[str, int]:
    """The run of ``allowed`` characters from the next digit on, and the index behind it."""
    first = next((place for place in range(start, len(text)) if text[place] in _DIGITS), len(text))
    end = next((place for place in range(first, len(text)) if text[place] not in allowed), len(text))
    return text[first:end], end


def soil(dice: Dice, typed: TypedText) -> TypedText:
    """Put invisible or look-alike characters into the text. Its numbers stay the same."""
    return replace(typed, text=_INVISIBLE[dice.roll(len(_INVISIBLE))](typed.text))
