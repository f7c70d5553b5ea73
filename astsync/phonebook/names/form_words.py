"""A word of a name as legal forms see it: a short form, a word of a full form, or neither; and the signs around it."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from astsync.phonebook.names.alphabets import RUSSIAN, UKRAINIAN
from astsync.phonebook.names.form_grammar import CLOSING, EXACT, OPENING, UNKNOWN, WORDS, initials
from astsync.phonebook.names.form_spelling import EDGE, LATIN_TWINS, Vocabulary, WordOptions, same
from astsync.phonebook.names.form_table import DOUBTFUL, LOWER_CASE, OFFICIAL, PAIRS, SHORTS

_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_]){2,}")  # О.О.О.; two letters are initials
_ADJECTIVES = frozenset("ое ее ие ые ае яе ая яя ый ий ой ій не ве ке".split())  # how they end
_PLACES = frozenset("ское цкое ская цкая ский цкий ське цьке скае цкае".split())
_LEAST_ADJECTIVE = 5
# A form typed to the name with a sign, before it or behind it: ИП-Иванов, ООО_Ромашка, Ромашка/ООО.
_FRONT = re.compile(r"([^\W\d_]{2,6})(?:[-./:](?=[^\W\d_a-zа-яё][^\W\d_])|_(?=[^\W_]))")
_BACK = re.compile(r"[-_/.](?<=[\w.].)([^\W\d_]{2,6})\W*$")
_LONGEST_TYPED = 6  # letters of such a form
_LONGEST_BACK = 32  # characters at the end of a word in which such a form is looked for
_WHOLE_FRONTS = frozenset({"ООО", "ОАО", "ЗАО", "ПАО"})  # typed to a name in small letters: ОООРомашка
# What follows a form and is no part of the name: a state, a place, a number.
_NOTE = frozenset(map(same, "рб рф рк не больше дубль архив старый старая старое инн унп бин тел г гор ул обл".split()))
_NOTE_STARTS = frozenset("закры ликви удали удале бывши".split())  # their first letters
_TOWNS = ("г.", "ул.", "тел.")  # г.Москва
_NUMBER = re.compile(r"\+?\d[\d()-]{4,30}")
# Words after which a form belongs to another name.
_REFERRING = frozenset(
    map(
        same,
        "филиал представительство отделение подразделение директор бухгалтер от для из с у при к и "
        "filial predstavitelstvo otdeleniye podrazdeleniye direktor bukhgalter ot dlya iz pri i".split(),
    )
)
_LATIN_TWIN = re.compile(f"[{''.join(map(chr, LATIN_TWINS))}]")
_NO_BRACKET = re.compile(r"[^()]+")
_MOST_BRACKETS = 4  # of one word that count
_TELLING = _NOTE | _REFERRING
_LEAST_MISTYPED = 3  # letters: ЗА0 is ЗАО, A0 is a sheet of paper


class Form(NamedTuple):
    """A legal form: its short form, and the language that it is of ("" where several languages have it).

    ``unknown`` are the places of the words in the name whose first letters ``filled`` puts in.
    """

    short: str
    language: str
    unknown: tuple[int, ...] = ()

    def filled(self, words: Sequence[str]) -> str:
        """The short form, with the first letters of unknown adjectives taken from the words of the name."""
        short = self.short
        for at in self.unknown:
            short = short.replace(UNKNOWN, initials(words[at].strip(EDGE)), 1)
        return short


class FormWord(NamedTuple):
    """A word as legal forms see it. All words outside forms look the same, save for the signs around them.

    ``loose``: it is a sign and no word. ``slots``: the words of full forms that it may be. ``short``: the short form
    that it is. ``front``, ``back``: a short form typed to it (``ИП-Иванов``), and how many characters it takes.
    ``opens``, ``closes``: a form of several words may start, or end, with it. ``adjective``: it looks like one;
    ``place``: like one made of a place's name (``минское``). ``note``: it starts a remark that is no part of the name.
    ``refers``: a form behind it is that of another name (``филиал ООО``). ``brackets`` are its brackets. ``comma``,
    ``quoted``: it ends with a comma, with a closing quote.
    """

    loose: bool = False
    slots: WordOptions = ()
    short: Form | None = None
    front: tuple[Form, int] | None = None
    back: tuple[Form, int] | None = None
    opens: bool = False
    closes: bool = False
    adjective: bool = False
    place: bool = False
    note: bool = False
    refers: bool = False
    brackets: str = ""
    comma: bool = False
    quoted: bool = False


def _short_forms() -> dict[str, Form]:
    shorts: dict[str, Form] = {}
    for language, forms in SHORTS.items():
        for short in forms.split():
            known = shorts.setdefault(short.upper(), Form(short, language))
            if known.language not in {language, UKRAINIAN}:
                shorts[short.upper()] = Form(short, "")
    return {short: Form(short, RUSSIAN) for short in OFFICIAL} | shorts


_SHORTS = _short_forms()
_LONGEST_SHORT = max(map(len, _SHORTS))
FORM_PAIRS: Final = {
    tuple(map(same, pair.split())): Form(pair, lang) for lang, pairs in PAIRS.items() for pair in pairs.split("|")
}
"""Short forms of several words, by what those are compared by."""

_OF_PAIRS = {word for pair in FORM_PAIRS for word in pair}
_OPENING = OPENING | {pair[0] for pair in FORM_PAIRS}
_CLOSING = CLOSING | {pair[-1] for pair in FORM_PAIRS}
_VOCABULARY = Vocabulary(WORDS | _OF_PAIRS, EXACT)


def _short_form(word: str) -> Form | None:
    """Read one word as a short form. Its case must be right, except for well-known forms: ``ооо``, but not ``чп``."""
    bare = word.strip(EDGE)
    if "." in bare and _DOTTED.fullmatch(bare):
        bare = bare.replace(".", "")
    if len(bare) > _LONGEST_SHORT:
        return None
    short = _short_as_typed(bare)
    if short is None and _LATIN_TWIN.search(bare) and not _is_no_typing_error(bare):
        short = _short_as_typed(bare.translate(LATIN_TWINS))
    return short


def _is_no_typing_error(bare: str) -> bool:
    return bare.isdigit() or (len(bare) < _LEAST_MISTYPED and not bare.isalpha())


def _short_as_typed(bare: str) -> Form | None:
    form = _SHORTS.get(bare.upper())
    if form is None:
        return None
    return form if bare in {form.short, form.short.upper()} or bare.lower() in LOWER_CASE else None


def _sure_form(text: str) -> Form | None:
    form = _short_as_typed(text)
    return None if form is None or form.short in DOUBTFUL else form


def _front(text: str) -> tuple[Form, int] | None:
    match = _FRONT.match(text)
    form = _sure_form(match[1]) if match else None
    return (form, match.end()) if match and form else None


def _back(text: str) -> tuple[Form, int] | None:
    end = text[-_LONGEST_BACK:]
    match = _BACK.search(end)
    form = _sure_form(match[1]) if match else None
    return (form, len(end) - match.start()) if match and form else None


PLAIN: Final = FormWord()
"""A word that no form holds."""

PLAIN_QUOTED: Final = FormWord(quoted=True)
"""Such a word with a closing quote at its end."""

_PLAIN_ADJECTIVE, _PLAIN_PLACE = FormWord(adjective=True), FormWord(adjective=True, place=True)


def form_word(text: str, *, quoted: bool = False) -> FormWord:
    """One word as legal forms see it; ``quoted``: a closing quote stood at its end."""
    key, short = same(text), _short_form(text)
    slots = _VOCABULARY.read(text, key)
    word = PLAIN
    if short is not None or slots:
        opens = bool(slots) and not _OPENING.isdisjoint(slots[0])
        closes = bool(slots) and not _CLOSING.isdisjoint(slots[-1])
        word = FormWord(slots=slots, short=short, opens=opens, closes=closes)
    elif not key:
        word = FormWord(loose=True)
    elif key[-2:] in _ADJECTIVES and len(key) >= _LEAST_ADJECTIVE:
        word = _PLAIN_PLACE if key[-4:] in _PLACES and key[-6:-3] != "чес" else _PLAIN_ADJECTIVE
    if not text.isalpha():
        word = _with_signs(word, text)
    elif text[:3] in _WHOLE_FRONTS and text[3:4].isupper() and text[4:6].islower():
        word = FormWord(front=(_SHORTS[text[:3]], 3))
    if quoted:
        word = PLAIN_QUOTED if word is PLAIN else word._replace(quoted=True)
    if key in _TELLING or key[:5] in _NOTE_STARTS:
        word = word._replace(note=key in _NOTE or key[:5] in _NOTE_STARTS, refers=key in _REFERRING)
    return word


def _with_signs(word: FormWord, text: str) -> FormWord:
    """Add what the signs in a word show: a form that is typed to it, brackets, a comma, a number."""
    brackets = _NO_BRACKET.sub("", text)[:_MOST_BRACKETS] if "(" in text or ")" in text else ""
    front = back = None
    if not word.slots and word.short is None:
        front = None if text[: _LONGEST_TYPED + 1].isalpha() else _front(text)
        back = None if text[-_LONGEST_TYPED - 1 :].isalpha() else _back(text)
    comma, note = text.endswith((",", ";")), text.startswith(_TOWNS) or _NUMBER.fullmatch(text) is not None
    if brackets or front or back or comma or note:
        return word._replace(brackets=brackets, front=front, back=back, comma=comma, note=note)
    return word
