"""What differs between two names, for a reader: the words that changed, and inside them the letters."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_WORDS = re.compile(r"\s*\S+|\s+")
_MOST_PAIRS = 10_000  # pairs of words that are compared one by one; names with more differ as a whole
_JOINS = {"Mn", "Mc", "Me", "Cf", "Sk"}  # categories that change the letter before them, as an accent does


class NamePart(NamedTuple):
    """A part of a word: ``text`` as it stands between ``before`` and ``after``, which the other name has too."""

    before: str
    text: str
    after: str

    @property
    def whole(self) -> str:
        """All of it."""
        return self.before + self.text + self.after


class NamePiece(NamedTuple):
    """A piece of two names: ``same`` in both of them, or the ``old`` words and the ``new`` ones in their place."""

    same: str = ""
    old: NamePart = NamePart("", "", "")
    new: NamePart = NamePart("", "", "")


def pieces(old: str, new: str) -> Iterator[NamePiece]:
    """Compare two names word by word. The pieces in their order are both names, none is empty."""
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    before, after = _equal_ends(a, b)
    if before:
        yield NamePiece("".join(a[:before]))
    yield from _between(a[before : len(a) - after], b[before : len(b) - after])
    if after:
        yield NamePiece("".join(a[len(a) - after :]))


def _between(a: Sequence[str], b: Sequence[str]) -> Iterator[NamePiece]:
    """Compare the words between the equal ones at both ends."""
    if min(len(a), len(b)) <= 1 or len(a) * len(b) > _MOST_PAIRS:
        yield from _closer("".join(a), "".join(b))
        return
    for kind, start, end, begin, stop in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        words = "".join(a[start:end])
        if kind == "equal":
            yield NamePiece(words)
        else:
            yield from _closer(words, "".join(b[begin:stop]))


def _closer(old: str, new: str) -> Iterator[NamePiece]:
    """Compare words that differ. Where one only has letters more than the other, these letters are the difference."""
    before, after = _equal_ends(old, new)
    while before and (_joins(old, before) or _joins(new, before)):  # no accent leaves its letter
        before -= 1
    while after and (_joins(old, len(old) - after) or _joins(new, len(new) - after)):
        after -= 1
    left, right = _cut(old, before, after), _cut(new, before, after)
    if left.text and right.text:
        blank = len(left.before) - len(left.before.lstrip())
        if blank:
            yield NamePiece(old[:blank])
        yield _words(left, right, blank)
        return
    if before:
        yield NamePiece(left.before)
    if left.text or right.text:
        yield NamePiece("", NamePart("", left.text, ""), NamePart("", right.text, ""))
    if after:
        yield NamePiece(left.after)


def _words(left: NamePart, right: NamePart, blank: int) -> NamePiece:
    """Words in the place of others. Letters are told apart where at least half of the longer word is the same."""
    equal = len(left.before) - blank + len(left.after)
    if 2 * equal >= max(len(left.whole), len(right.whole)) - blank:
        return NamePiece("", left._replace(before=left.before[blank:]), right._replace(before=right.before[blank:]))
    return NamePiece("", NamePart("", left.whole[blank:], ""), NamePart("", right.whole[blank:], ""))


def _equal_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many words, or letters of a word, are the same at the beginning and, without these, at the end."""
    most = min(len(old), len(new))
    before = next((at for at in range(most) if old[at] != new[at]), most)
    most -= before
    return before, next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)


def _joins(text: str, at: int) -> bool:
    """Whether the letter at a place belongs to the one before it, as an accent or a part of an emoji does."""
    return 0 < at < len(text) and (unicodedata.category(text[at]) in _JOINS or text[at - 1] == "\u200d")


def _cut(text: str, before: int, after: int) -> NamePart:
    end = len(text) - after
    return NamePart(text[:before], text[before:end], text[end:])
