"""Words of legal forms as people type them: with errors, abbreviated, run together, and what only looks like them."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from astsync.phonebook.names.form_grammar import EXACT, WORDS
from astsync.phonebook.names.form_spelling import Vocabulary, distance, same

STABLE = settings(derandomize=True, deadline=None, max_examples=300, database=None)
VOCABULARY = Vocabulary(WORDS, EXACT)
SHORT = st.text("абв", max_size=8)


def plain_distance(one: str, other: str) -> int:
    """Count letters missing, extra, changed or swapped the long way."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            cost = min(rows[i - 1][j - 1] + (letter != against), rows[i - 1][j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


@given(SHORT, SHORT, st.integers(1, 3))
@example("аб", "ба", 1)
@example("", "авб", 2)
@STABLE
def test_distance(one: str, other: str, most: int) -> None:
    assert distance(one, other, most) == min(plain_distance(one, other), most + 1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Общество", ["общество"]),
        ("ОБЩЕСТВО,", ["общество"]),
        ("Обшество", ["общество"]),  # changed
        ("Общетво", ["общество"]),  # missing
        ("Обществво", ["общество"]),  # extra
        ("Обещство", ["общество"]),  # swapped
        ("Oбщecтвo", ["общество"]),  # Latin letters
        ("отвественостью", ["ответственостью"]),
        ("Обществос", ["общество"]),
        ("ограниченнойответственностью", ["ограниченой", "ответственостью"]),
        ("Обществосограниченнойотвественностью", ["общество", "с", "ограниченой", "ответственостью"]),
        ("огр.", ["ограниченой"]),
        ("Об-во", ["общество"]),
        ("Существо", []),
        ("Обществознание", []),
        ("Божество", []),
        ("Коммерческая", ["комерческий"]),  # and not некоммерческая
        ("Санитарное", []),
        ("Бельское", []),
        ("ъ.", []),
        ("-", []),
    ],
)
def test_read(text: str, wanted: list[str]) -> None:
    slots = VOCABULARY.read(text, same(text))
    assert len(slots) == len(wanted)
    assert all(word in options for word, options in zip(wanted, slots, strict=True))


@pytest.mark.parametrize("word", sorted(word for word in WORDS - EXACT if len(word) >= 10))
def test_every_long_word_is_read_with_an_error_in_its_midst(word: str) -> None:
    """Where two words are as near, none of both is taken."""
    middle = len(word) // 2
    for typed in (word[:middle] + word[middle + 1 :], word[:middle] + "ъ" + word[middle:]):
        slots = VOCABULARY.read(typed, same(typed))
        assert slots in {((word,),), ()} or typed in WORDS


def test_nearly_all_long_words_are_read_with_an_error() -> None:
    words = [word for word in WORDS - EXACT if len(word) >= 10 and "-" not in word]
    typed = [word[:5] + "ъ" + word[5:] for word in words]
    read = sum(VOCABULARY.read(text, same(text)) == ((word,),) for word, text in zip(words, typed, strict=True))
    assert read > 0.95 * len(words)
