"""Lines that nobody meant to type: the tables of tests/fixtures, mutated. A seed and a place make a line again."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tests.unit.cases import rows
from tests.unit.test_name_work import PIECES
from tests.unit.test_number_steps import WORST

Kind = Literal["phone", "name"]
Mutation = Callable[[random.Random, str, str], str]  # the text, and another one of the tables

LONGEST = 20_000  # characters
# How long a line becomes, and how many of a hundred do: most fields are short, some hold a whole file.
_LENGTHS, _SHARES = (100, 400, 2_000, LONGEST), (90, 7, 2, 1)
_TABLES: dict[Kind, tuple[tuple[str, int], ...]] = {  # file, and the column with the text
    "phone": (("phones.tsv", 1), ("fields.tsv", 1)),
    "name": (
        ("names.tsv", 0),
        ("callers.tsv", 1),
        ("callers_more.tsv", 1),
        ("legal_forms.tsv", 1),
        ("belarusian.tsv", 0),
        ("ukrainian.tsv", 0),
    ),
}
_ROWS = Path(__file__).parent.parent / "fixtures" / "contact_rows.jsonl"
_SIGNS: tuple[str, ...] = (
    *"+-()[]{}<>.,;:/\\|&#№*=_~^'\"«»„“`!?@%$ \t\r\x00\x0b\x0c\x1b\x7f\x85\xa0\xad0123456789OoОоЗзIlxхXХ",
    *"\u200b\u200e\u202e\u2028\u2029\u2060\ufeff\u0301\u0336\ufffd\U0001f4de\U000e0041٣৩３①²½Ⅷﬁßİıǅ",
    *(
        "доб. ",
        "вн.",
        "ext",
        "%2B",
        "%",
        "&amp;",
        "&#",
        "&quot",
        "8-10",
        "+7",
        " 8 ",
        "ООО",
        "ООО ",
        "(ИП)",
        "tel:",
        "\ud800",
    ),
)
_JOINS = ("", " ", ", ", "; ", "/", " и ", "\t", "\r", "-", "(", ")", "\u2028", "|", "+")


def line(seed: int, kind: Kind, place: int) -> bytes:
    """Make the line at a place, without its line feed. Now and then it is no UTF-8."""
    chance = random.Random(f"{seed} {kind} {place}")
    length = chance.choices(_LENGTHS, _SHARES)[0]
    if length > _LENGTHS[0] and chance.random() < 0.5:
        text = _worst(chance, kind, chance.randint(length // 2, length))
    else:
        text = _mutated(chance, kind, length)
    return _encoded(chance, text[:length])


def _mutated(chance: random.Random, kind: Kind, length: int) -> str:
    """Mutate a text of the tables some times, and join more of them until it is long enough."""
    text = chance.choice(_TEXTS[kind])
    while True:
        for _ in range(chance.randint(1, 5)):
            mutate = chance.choice(_MUTATIONS)
            text = mutate(chance, text, chance.choice(_TEXTS[kind]))[:LONGEST]
        if length == _LENGTHS[0] or len(text) > length // 2:
            return text
        text = _repeat(chance, _join(chance, text, chance.choice(_TEXTS[kind])), "")


def _worst(chance: random.Random, kind: Kind, length: int) -> str:
    """Repeat one to three shapes that took long once, between texts of the tables."""
    shape = "".join(chance.choices(_SHAPES[kind], k=chance.randint(1, 3)))
    start, end = (chance.choice(("", chance.choice(_TEXTS[kind]))) for _ in range(2))
    return f"{start}{shape * (length // len(shape))}{end}"


def _encoded(chance: random.Random, text: str) -> bytes:
    data = text.replace("\n", " ").encode("utf-8", "surrogatepass")
    if chance.random() < 0.02:  # another encoding than was said, or a text cut within a character
        cp1251 = text.encode("cp1251", "ignore")
        data = chance.choice((cp1251, data[: max(len(data) - 1, 0)], data.decode("cp1252", "ignore").encode()))
    return data.replace(b"\n", b" ")


def _repeat(chance: random.Random, text: str, other: str) -> str:
    start, end = _slice(chance, text)
    return text[:end] + text[start:end] * chance.randint(1, 9) + text[end:]


def _join(chance: random.Random, text: str, other: str) -> str:
    return text + chance.choice(_JOINS) + other


def _insert(chance: random.Random, text: str, other: str) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(_SIGNS) * chance.choice((1, 1, 1, 2, 7)) + text[at:]


def _insert_any(chance: random.Random, text: str, other: str) -> str:
    """Insert any character of Unicode, lone surrogates too."""
    at = chance.randint(0, len(text))
    return text[:at] + chr(chance.randrange(chance.choice((0x100, 0x3000, 0x110000)))) + text[at:]


def _cut(chance: random.Random, text: str, other: str) -> str:
    start, end = _slice(chance, text)
    return text[:start] + text[end:]


def _splice(chance: random.Random, text: str, other: str) -> str:
    """Put a part of another text into this one."""
    at = chance.randint(0, len(text))
    start, end = _slice(chance, other)
    return text[:at] + other[start:end] + text[at:]


def _swap(chance: random.Random, text: str, other: str) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def _replace(chance: random.Random, text: str, other: str) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(_SIGNS) + text[at + 1 :]


def _case(chance: random.Random, text: str, other: str) -> str:
    return chance.choice((text.upper, text.lower, text.title, text.swapcase))()


def _double(chance: random.Random, text: str, other: str) -> str:
    """Double each character, or part each from the next."""
    between = chance.choice(("", " ", "-", "\u200b", "."))
    return between.join(c + c if not between else c for c in text)


def _slice(chance: random.Random, text: str) -> tuple[int, int]:
    start, end = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
    return start, end


_MUTATIONS: tuple[Mutation, ...] = (
    _repeat, _join, _insert, _insert, _insert, _insert_any, _cut, _splice, _swap, _replace, _replace, _case, _double,
)  # fmt: skip
_TEXTS: dict[Kind, list[str]] = {
    kind: [row[column] for file, column in tables for row in rows(file, column + 1)] for kind, tables in _TABLES.items()
}
_TEXTS["phone"] += _ROWS.read_text(encoding="utf-8").splitlines()
_SHAPES: dict[Kind, list[str]] = {"phone": WORST, "name": PIECES}
