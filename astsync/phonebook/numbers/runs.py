"""What is left of a field, cut into runs: digits and the weak signs among them, with what touches each run.

``тел.: 8 (495) 229-30-42, 229-30-43 Иван`` holds two runs, ``8 (495) 229-30-42`` and ``229-30-43``. A run may hold
several numbers, when nothing but blanks or hyphens stands between them.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Digits and the weak signs between and behind them. The signs before the first digit ("+(") are looked at apart: a
# pattern that began with them would read long rows of signs again and again.
_RUN = re.compile(r"\d[\d() .\-/\\]*")
_OPENED = re.compile(r"\+[+( .-]*\Z|\( *\Z")
_LONGEST_OPENING = 8  # signs between a "+" and its number
_LONGEST_BEFORE = 24  # characters before a run that may tell what its first digits are
_LIST_SIGNS = frozenset(",;")
_ADDRESS_SIGNS = frozenset("/=?&")
_TOUCHING = _ADDRESS_SIGNS | {"@"}

# A short strange word between digits, with no blank around it, is a spoilt digit: 229-3O-42, 2З9-30-42.
_SPOILT_GAP = re.compile(r"[-.)]*([^\W\d_]{1,3})[-.(]*")
_LONGEST_GAP = 16  # characters around such a word
_LOOKS_LIKE_DIGIT = re.compile(r"[oозzliібbsgqч]")
_GLUED_WORDS = frozenset("и или та or and або т ф тф м р д тел моб раб дом сот факс fax tel mob".split())
_LONGEST_URL = 80  # characters of a web address before a run
_LONGEST_LABEL = 6  # letters
_LEAST_NAME = 3  # letters of a word that is no spoilt digit: Глеб8-916…


class Run(NamedTuple):
    """Digits and the weak signs among them.

    ``plus``: a "+" stands before them. ``loose``: that "+" stands between two numbers, so it may mean "and".
    ``glued``: a letter, an @ or a web address touches them. ``spoilt``: a letter stands for one of the digits.
    ``before``: the last characters in front of the run, where the field has words. ``comma``: a comma or a semicolon
    stands right behind it.
    """

    text: str
    plus: bool = False
    glued: bool = False
    before: str = ""
    loose: bool = False
    comma: bool = False
    spoilt: bool = False


class _Span(NamedTuple):
    start: int
    end: int
    run: Run


def _opening(before: str) -> tuple[str, bool]:
    """Of the signs before a first digit, those of the number: "+(" of "- +("; and whether they begin with "+"."""
    if before == "+" or before[-2:] == " +":
        return "+", True
    opened = _OPENED.search(before)
    return ("", False) if opened is None else (opened[0], opened[0].startswith("+"))


def _spans(text: str, *, words: bool) -> list[_Span]:
    """The runs of a text with their places; with ``words``, also the characters in front of each."""
    spans: list[_Span] = []
    done = 0  # everything before was looked at
    for match in _RUN.finditer(text):
        start, end = match.span()
        run = match[0].rstrip("( .-/\\")
        first, stop, plus, loose = start, start + len(run), False, False
        if start > done and text[start - 1] in "( +.-":
            opened, plus = _opening(text[max(done, start - _LONGEST_OPENING) : start])
            first -= len(opened)
            run = "(" + run if "(" in opened else run
            # 229-30-42 + 229-30-43, 229-30-42+229-30-43: this "+" may mean "and".
            apart = opened[1:2] == " " and first > 1 and text[first - 1] == " "
            loose = plus and (apart or (opened == "+" and first > 0 and text[first - 1].isdigit()))
        before = text[max(first - _LONGEST_BEFORE, 0) : first] if words else ""
        spans.append(_Span(first, stop, Run(run, plus, False, before, loose, text[stop : stop + 1] in _LIST_SIGNS)))
        done = end
    return spans


class _Letters:
    """Marks the runs of a text that letters touch (``glued``) or spoil (``spoilt``)."""

    def __init__(self, text: str, spans: list[_Span]) -> None:
        self._text, self._spans = text, spans
        self._address = False
        self._looked = 0  # gaps

    def runs(self) -> Iterator[Run]:
        """Yield all runs in their order, marked."""
        text, spans = self._text, self._spans
        last = len(spans) - 1
        next_word: str | None = None
        for at, (start, end, run) in enumerate(spans):
            word = next_word
            next_word = _short_word(text[end : spans[at + 1].start]) if at < last else None
            before, after = text[start - 1 : start] if start else "", text[end : end + 1]
            label = _word_before(text, start) if before.isalpha() else ""
            left = bool(label) and word not in _GLUED_WORDS and label not in _GLUED_WORDS
            right = after.isalpha() and next_word not in _GLUED_WORDS
            spoilt = _spoils(word) or _spoils(next_word) or (left and (after == "@" or _is_in_url(text, start)))
            if left or right:
                glued = True
                looks = (before if left and len(label) < _LEAST_NAME else "") + (after if right else "")
                spoilt = spoilt or _LOOKS_LIKE_DIGIT.search(looks) is not None
            else:
                glued = before == "@" or after == "@" or (before in _ADDRESS_SIGNS and self._in_address(at))
            yield run._replace(glued=glued, spoilt=spoilt) if glued or spoilt else run

    def _in_address(self, at: int) -> bool:
        """Whether a web address reaches run ``at``: example.ru/contacts/2293042.

        The address goes on over several runs. So its state is kept, and each gap is looked at only once.
        """
        while self._looked <= at:
            gap_start = self._spans[self._looked - 1].end if self._looked else 0
            for char in self._text[gap_start : self._spans[self._looked].start]:
                if char.isspace() or char in _LIST_SIGNS:
                    self._address = False
                elif "a" <= char <= "z":
                    self._address = True
            self._looked += 1
        return self._address


def _word_before(text: str, start: int) -> str:
    """The letters that touch a run in front. Of a longer word than any label, its last seven letters."""
    first = start
    while first and start - first <= _LONGEST_LABEL and text[first - 1].isalpha():
        first -= 1
    return text[first:start]


def _is_in_url(text: str, start: int) -> bool:
    """Whether a letter that touches a run belongs to a web address: vk.com/club89161234567."""
    token = text[max(start - _LONGEST_URL, 0) : start].rsplit(None, 1)[-1].rpartition("//")[2]
    return "@" in token or ("/" in token and "." in token.partition("/")[0])


def _short_word(gap: str) -> str | None:
    """The word of one to three letters between two runs without a blank: "o" of 229-3o-42; else None."""
    match = _SPOILT_GAP.fullmatch(gap) if len(gap) <= _LONGEST_GAP else None
    return match[1] if match is not None else None


def _spoils(word: str | None) -> bool:
    """Whether a short word stands for a digit, as in 229-3O-42; the "и" of 229-30-51и229-30-52 does not."""
    return word is not None and word not in _GLUED_WORDS


def _stands_apart(text: str, span: _Span) -> bool:
    """Whether no letter and no sign of an address touches a run."""
    before, after = text[span.start - 1 : span.start] if span.start else " ", text[span.end : span.end + 1] or " "
    return not (before.isalpha() or after.isalpha() or before in _TOUCHING or after in _TOUCHING)


def find_runs(text: str, *, has_words: bool) -> list[Run]:
    """The runs of a plain text from which ``not_phones`` are cut away, in their order.

    ``has_words``: the field held words before that. Only then can letters touch a run, or a word stand before it.
    """
    spans = _spans(text, words=has_words or "№" in text)
    if not has_words or (len(spans) == 1 and _stands_apart(text, spans[0])):
        return [span.run for span in spans]
    return list(_Letters(text, spans).runs())
