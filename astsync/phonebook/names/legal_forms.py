"""Legal forms at either end of a name, in full or short: found, and taken out of the name's words."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from astsync.phonebook.names import form_grammar
from astsync.phonebook.names.form_grammar import MOST_WORDS, Slot
from astsync.phonebook.names.form_table import DOUBTFUL, NEVER_INITIALS, ONE_FORM
from astsync.phonebook.names.form_words import FORM_PAIRS, Form, FormWord

FIRST, LAST, KEEP, DROP = "first", "last", "keep", "drop"
PLACES: Final = (FIRST, LAST, KEEP, DROP)
"""Where a legal form can be put: before the name, behind it, where it stood, nowhere."""

_LEAST_BEHIND_PLACE = 2  # words of a form behind the adjective of a place
_LONGEST_PAIR = max(map(len, FORM_PAIRS))


class FoundForm(NamedTuple):
    """A legal form, and the words of the name without it: from ``start`` to ``end`` and from ``resume`` to ``stop``.

    In ``Ромашка ООО (Тверь)`` those are ``Ромашка`` and the note ``(Тверь)``. ``first``: whether the form stood first;
    None where it stays between both parts. ``front``, ``back``: how many characters of the form to drop from the words
    at ``start`` and before ``end``, to which it was typed (``ООО-Ромашка``). ``comma``: the form ended with one, which
    the word before ``resume`` gets.
    """

    form: Form
    start: int
    end: int
    resume: int
    stop: int
    first: bool | None
    front: int = 0
    back: int = 0
    comma: bool = False


class _NameWords:
    """The words of a name, and how deep in brackets each stands; brackets without a partner do not count.

    ``start`` and ``end`` leave out loose signs at both ends.
    """

    def __init__(self, words: Sequence[FormWord]) -> None:
        self.words = words
        self._depth = self._depths() if any(word.brackets for word in words) else None
        self.start = 0
        self.end = self.before_loose(len(words))
        while self.start < self.end and self._is_loose(self.start):
            self.start += 1

    def _depths(self) -> list[int]:
        steps = [0] * (len(self.words) + 1)
        opened: list[int] = []
        for at, word in enumerate(self.words):
            for bracket in word.brackets:
                if bracket == "(":
                    opened.append(at)
                elif opened:
                    steps[opened.pop() + 1] += 1
                    steps[at + 1] -= 1
        for at in range(1, len(steps)):
            steps[at] += steps[at - 1]
        return steps

    def outside(self, start: int, end: int) -> bool:
        """Whether the words from ``start`` to ``end`` neither begin nor end inside brackets."""
        return self._depth is None or not (self._depth[start] or self._depth[end])

    def before_bracket(self, end: int) -> int:
        """Where the bracket opens that closes just before ``end``; ``end`` itself where none closes there."""
        if self._depth is None or self._depth[end] or ")" not in self.words[end - 1].brackets:
            return end
        start = end - 1
        while start > self.start and self._depth[start]:
            start -= 1
        return start

    def before_loose(self, end: int) -> int:
        """The place behind the last word before ``end`` that is no loose sign."""
        while end > self.start and self._is_loose(end - 1):
            end -= 1
        return end

    def _is_loose(self, at: int) -> bool:
        """Whether a word is a sign that belongs to nothing. A bracket with its partner belongs to what stands in it."""
        return self.words[at].loose and (self._depth is None or self._depth[at] == self._depth[at + 1])

    def slots(self, start: int, end: int) -> list[Slot]:
        """The words as the grammar reads them, without loose signs. Words that run together give several slots."""
        slots: list[Slot] = []
        for at in range(start, end):
            word = self.words[at]
            if word.loose:
                continue
            parts = word.slots or ((),)
            slots += [Slot(part, word.adjective, at, n == len(parts)) for n, part in enumerate(parts, 1)]
        return slots

    def holds_name(self, found: FoundForm) -> bool:
        """Whether any word of the name is left when the form is taken out."""
        left = (*range(found.start, found.end), *range(found.resume, found.stop))
        return any(not self.words[at].loose for at in left)


def _phrase_at_start(words: _NameWords, start: int, end: int) -> FoundForm | None:
    slots = words.slots(start, min(end, start + 2 * MOST_WORDS))
    reading = form_grammar.read(slots, 0)
    if reading is None:
        return _pair_at_start(words, start, end)
    after = slots[reading.end - 1].word + 1
    form = Form(reading.short, reading.language, reading.unknown)
    return FoundForm(form, after, end, end, end, True) if words.outside(start, after) else None


def _behind_place(words: _NameWords) -> FoundForm | None:
    """Find a long form behind the adjective of a place: ``Минское республиканское унитарное предприятие``."""
    place, form = words.start, words.start + 1
    if form >= words.end or not words.words[form].opens:
        return None
    found = _phrase_at_start(words, form, words.end)
    if found is None or found.start >= words.end or found.start < form + _LEAST_BEHIND_PLACE:
        return None
    return FoundForm(found.form, place, form, found.start, found.stop, None)


def _of_unknown(words: _NameWords) -> FoundForm | None:
    """Find a long form whose first adjective is not known: ``Туристическое унитарное предприятие``."""
    known = words.start + 1
    if known >= words.end or not words.words[known].opens:
        return None
    found = _phrase_at_start(words, words.start, words.end)
    return found if found is not None and words.holds_name(found) else None


def _pair_at_start(words: _NameWords, start: int, end: int) -> FoundForm | None:
    for length in range(min(_LONGEST_PAIR, end - start), 1, -1):
        form = _pair(words, start, start + length)
        if form is not None:
            return FoundForm(form, start + length, end, end, end, True)
    return None


def _pair(words: _NameWords, start: int, end: int) -> Form | None:
    slots = words.slots(start, end)
    key = tuple(slot.options[0] for slot in slots if slot.options)
    return FORM_PAIRS.get(key) if len(key) == len(slots) and words.outside(start, end) else None


def _at_start(words: _NameWords, start: int, end: int) -> FoundForm | None:
    word = words.words[start]
    found = _phrase_at_start(words, start, end) if word.opens else None
    if found is not None or not words.outside(start, start + 1):
        return found
    if word.short is not None:
        return FoundForm(word.short, start + 1, end, end, end, True)
    if word.front is not None:
        return FoundForm(word.front[0], start, end, end, end, True, front=word.front[1])
    return None


def _phrase_at_end(words: _NameWords, start: int, end: int) -> FoundForm | None:
    """Find the longest form of several words that ends with some words."""
    slots = words.slots(max(start, end - 2 * MOST_WORDS), end)
    for at in range(max(0, len(slots) - MOST_WORDS), len(slots)):
        first = slots[at].word
        if at and slots[at - 1].word == first:
            continue
        reading = form_grammar.read(slots, at) if words.words[first].opens else None
        if reading is not None and reading.end == len(slots) and words.outside(first, end):
            return FoundForm(Form(reading.short, reading.language, reading.unknown), start, first, end, end, False)
    for length in range(min(_LONGEST_PAIR, end - start), 1, -1):
        form = _pair(words, end - length, end)
        if form is not None:
            return FoundForm(form, start, end - length, end, end, False)
    return None


def _at_end(words: _NameWords, start: int, end: int) -> FoundForm | None:
    """Find a legal form at the end of some words. A short form that may be initials counts only where it is sure."""
    word = words.words[end - 1]
    found = _phrase_at_end(words, start, end) if word.closes else None
    if found is not None or not words.outside(end - 1, end):
        return found
    if word.back is not None:
        return FoundForm(word.back[0], start, end, end, end, False, back=word.back[1])
    if word.short is None or (word.short.short in DOUBTFUL and not _is_sure(words, start, end - 1, word.short.short)):
        return None
    return FoundForm(word.short, start, end - 1, end, end, False)


def _is_sure(words: _NameWords, start: int, at: int, short: str) -> bool:
    """Whether a short form cannot be initials: it stands behind a closing quote, or is Uzbek and behind two words."""
    return at > start and (words.words[at - 1].quoted or (short in NEVER_INITIALS and at - start > 1))


def _before_notes(words: _NameWords, start: int, end: int) -> FoundForm | None:
    """Find a form at the end, before the brackets there, in one of those brackets, or before another note."""
    here, alone = end, None
    while here > start:
        before = words.before_bracket(here)
        found = _at_end(words, start, here) or _alone(words, start, before, here)
        if found is not None and before == here:
            return _followed(words, found, here, end)
        alone = alone or (found and _followed(words, found, here, end))
        if before == here:
            break
        here = words.before_loose(before)
    return alone or _before_sign(words, start, here, end)


def _alone(words: _NameWords, start: int, before: int, here: int) -> FoundForm | None:
    """Find a short form that stands alone between two loose brackets: ``( ООО )``."""
    if here - before != 3 or not (words.words[before].loose and words.words[here - 1].loose):
        return None
    short = words.words[before + 1].short
    return None if short is None or short.short in DOUBTFUL else FoundForm(short, start, before, here, here, False)


def _followed(words: _NameWords, found: FoundForm, here: int, end: int) -> FoundForm | None:
    """The form with what stands behind it as its notes; None for a form of another name: ``филиал ООО``."""
    if found.end > found.start and words.words[found.end - 1].refers:
        return None
    if here == end:
        return found
    return found._replace(resume=here, stop=end, comma=words.words[here - 1].comma)


def _before_sign(words: _NameWords, start: int, here: int, end: int) -> FoundForm | None:
    """Find a form before a sign or a word that starts a note: ``Ромашка ООО закрыто``.

    The words before it are parted by no sign: behind a sign the form may belong to another name.
    """
    parts = 0
    for at in range(start + 1, here):
        before, word = words.words[at - 1], words.words[at]
        if (word.note or word.loose or before.comma) and not before.loose and words.outside(at, at):
            found = _at_end(words, start, at)
            if found is not None and found.end > start and parts <= words.words[found.end - 1].comma:
                return _followed(words, found, at, end)
        parts += before.comma or before.loose
        if parts > 1:
            break
    return None


def _without_same(words: _NameWords, found: FoundForm) -> FoundForm:
    """Drop the same form where it stands once more at either end of the rest: ``ООО Ромашка ООО``."""
    again = _at_start(words, found.start, found.end)
    if again is not None and _are_same(again.form, found.form) and not again.front:
        found = _leaving(words, found, found._replace(start=again.start))
    whole = found.resume == found.stop
    again = (_before_notes if whole else _at_end)(words, found.start, found.end)
    if again is not None and _are_same(again.form, found.form) and not again.back:
        resume, stop = (again.resume, again.stop) if whole else (found.resume, found.stop)
        found = _leaving(words, found, found._replace(end=again.end, resume=resume, stop=stop))
    return found


def _are_same(one: Form, other: Form) -> bool:
    """Whether two short forms are one: ТОО is ЖШС in Kazakh."""
    return ONE_FORM.get(one.short, one.short) == ONE_FORM.get(other.short, other.short)


def _leaving(words: _NameWords, found: FoundForm, less: FoundForm) -> FoundForm:
    return less if words.holds_name(less) and less.start < less.end else found


def find_form(words: Sequence[FormWord]) -> FoundForm | None:
    """The legal form of a name: at its start, else at its end. None where there is none, or no word besides it.

    The same form at the other end is taken out with it. Each way to find one is tried only where the first or the last
    word allows it, because most names have a short form or none.
    """
    name = _NameWords(words)
    if name.start == name.end:
        return None
    first = words[name.start]
    found = None
    if first.opens or first.short is not None or first.front is not None:
        found = _at_start(name, name.start, name.end)
    elif first.adjective and not first.quoted:
        found = (_behind_place if first.place else _of_unknown)(name)
    if found is None:
        found = _before_notes(name, name.start, name.end)
    if found is None or found.start >= found.end or not name.holds_name(found):
        return None
    return _without_same(name, found)
