"""Names of counterparties to caller names: ``ООО «Ромашка»`` becomes ``OOO Romashka``.

A list of 1C holds hundreds of thousands of names, made of much fewer words. So what is learned of a word (clean, as a
legal form sees it, in Latin) is remembered, and a name is put together of what is known.
"""

import re
from threading import Lock
from typing import Final, NamedTuple, TypeVar

from astsync.errors import ConfigError
from astsync.language import joined, say
from astsync.phonebook.characters import QUOTES, decode_entities
from astsync.phonebook.names.alphabets import LANGUAGES, NO_SCHEME, RUSSIAN, RUSSIAN_LETTERS, alphabet, to_ascii
from astsync.phonebook.names.cleaning import ALL_QUOTES, plain, unmix
from astsync.phonebook.names.form_words import PLAIN, PLAIN_QUOTED, FormWord, form_word
from astsync.phonebook.names.languages import language_of, marks_of
from astsync.phonebook.names.legal_forms import DROP, FIRST, KEEP, LAST, PLACES, FoundForm, find_form
from astsync.phonebook.names.trimming import cut_at_word, tidy
from astsync.text import did_you_mean, nearest

MOST_BYTES: Final = 255
"""The longest value that scheme "none" gives, in bytes of UTF-8."""

NOTHING_LEFT: Final = say("nothing printable is left of the name")
EMPTY: Final = say("the name is empty")
LOOK_ALIKES: Final = say("look-alike letters turned back")

# Dangerous characters that the transliteration of other scripts may bring in; the name's own are gone already.
_SAFE = str.maketrans(dict(zip(";~[{]}", ",-(())", strict=True)) | dict.fromkeys('"`\\|$^=<>', ""))
# Every pattern here is linear: what repeats without bound is the last of its pattern, or nothing follows that could
# fail and bring the search back to it.
_LETTERS = re.compile(r"[^\W\d_](?:'?[^\W\d_])*")
_COMMA = re.compile(r"(?<=[^\W\d_]{2}),(?=[^\W\d_]{2})")  # Ромашка,ООО
_BRACKET = re.compile(r"(?:(?<=\w\w)|(?<=[.,!?]))(?=\()|(?<=\))(?=\w\w)")  # Рахимов М.(Зафар)Юг
_UNPRINTABLE = re.compile(r"[^ -~]")
_SPELLED = re.compile(r"[A-Za-z0-9.,()&+'-]+")  # a word in which nothing is dangerous any more
# A word that leaves no loose sign behind: Latin, Cyrillic, digits. A part of ь and ъ alone has no Latin and leaves one.
_SOLID = "A-Za-z0-9\u0400-\u0481\u048a-\u052f"
_PLAIN_WORD = re.compile(rf"[{_SOLID}](?:[{_SOLID}.-]*[{_SOLID}])?\.?")
_RUSSIAN_WORD = re.compile("[А-Яа-яЁё](?:[А-Яа-яЁё-]*[А-Яа-яЁё])?")
_SILENT = re.compile(r"(?<![^.-])[ьъЬЪ]+(?![^.-])")
_UNMIXED, _ODD = 1 << 16, 1 << 17  # bits beside those of languages.marks_of
AS_WRITTEN: Final = ""
"""Instead of a language: the letters stay as they are."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_CACHED = 50_000  # words; names repeat their words, and a full cache starts anew
_LONGEST_CACHED = 64  # characters of a word: a cache has a bound in bytes
_MOST_CACHED = 32  # words of a name whose form is remembered
_MOST_ALIKE = 10_000  # rows of words as legal forms see them; lists have some hundreds


class NameResult(NamedTuple):
    """What a name gave: the caller name, or "" with the reason; and the rules that were used."""

    name: str
    reason: str | None = None
    rules: tuple[str, ...] = ()


_Told = tuple[tuple[str, ...], str, str]
"""The rules of a name, its legal form in Latin, and where that goes."""


class _CleanToken(NamedTuple):
    """The clean words of one token of a name (a token has no blanks in it), and what is known of them.

    ``forms`` are the numbers of the words in ``_FORM_WORDS``. ``marks`` are bits: those of ``languages``, _UNMIXED for
    a word whose look-alike letters were turned back, _ODD for one that may leave loose signs behind. ``spelled``: the
    words in the maker's usual language.
    """

    words: tuple[str, ...]
    forms: tuple[int, ...]
    marks: int
    spelled: tuple[str, ...]


# To legal forms most words look the same: PLAIN. The few hundred others get a number each, so that a whole name is a
# short row of numbers, and a maker can remember what it found for names of the same row. All makers share the
# numbers. The count has a bound, because words come from outside: beyond it every new word counts as PLAIN.
_FORM_WORDS: Final[dict[FormWord, int]] = {PLAIN: 0, PLAIN_QUOTED: 1}
_NUMBERED: Final = [PLAIN, PLAIN_QUOTED]
_MOST_FORM_WORDS = 20_000
_NUMBERING: Final = Lock()  # makers may run in several threads, and two words must never get one number


def _number(word: FormWord) -> int:
    """The number of a word as legal forms see it; a new word gets the next one."""
    if word is PLAIN:
        return 0
    if word is PLAIN_QUOTED:
        return 1
    known = _FORM_WORDS.get(word)
    if known is not None:
        return known
    with _NUMBERING:
        known = _FORM_WORDS.get(word)
        if known is None:
            known = len(_NUMBERED)
            if known >= _MOST_FORM_WORDS:
                return 0
            _NUMBERED.append(word)
            _FORM_WORDS[word] = known
        return known


class _Alike(NamedTuple):
    """What names have in common whose words look the same to legal forms, whose letters tell the same, of one country.

    The name is the words from ``start`` to ``end``, each unchanged; else ``parts`` says how to take the words apart.
    ``short``: the short form, "" where there is none. ``told`` goes with it; with ``parts`` both are found anew.
    """

    language: str
    start: int
    end: int
    parts: FoundForm | None
    short: str
    told: _Told


def _unusual(text: str) -> list[str]:
    """The tokens of a name with entities, or with very many words: such a name is one token, as no other is like it."""
    tokens = decode_entities(text).split()
    return tokens if len(tokens) <= _MOST_CACHED else [" ".join(tokens)]


def _pieces(text: str) -> list[str]:
    """The words of a plain token; commas and brackets part them: ``Ромашка,ООО`` gives ``Ромашка,`` and ``ООО``."""
    if "," in text:
        text = _COMMA.sub(", ", text)
    if "(" in text or ")" in text:
        text = _BRACKET.sub(" ", text)
    return text.split()


def _clean(token: str, own_letters: frozenset[str]) -> tuple[tuple[str, ...], tuple[int, ...], int]:
    """The words, forms and marks of a token (see ``_CleanToken``)."""
    text = token.strip(ALL_QUOTES)
    quoted = token.rstrip(",.;:)")[-1:] in QUOTES
    if _RUSSIAN_WORD.fullmatch(text) and not _SILENT.search(text):  # as nearly all are: nothing to part or turn back
        return (text,), (_number(form_word(text, quoted=quoted)),), marks_of(text)
    pieces = _pieces(plain(token))
    words = tuple(map(unmix, pieces))
    marks = marks_of(" ".join(words), own_letters)
    if words != tuple(pieces):
        marks |= _UNMIXED
    for word in words:
        if not _PLAIN_WORD.fullmatch(word) or _SILENT.search(word):
            marks |= _ODD
    last = len(words) - 1
    forms = [_number(form_word(word, quoted=quoted and at == last)) for at, word in enumerate(words)]
    return words, tuple(forms), marks


class NameMaker:
    """Turns a name of 1C into a caller name, for one scheme, legal form setting and maximum length.

    ``scheme`` is a scheme of iuliia by its name, or "none" for clean UTF-8; ``legal_form`` is first, last, keep or
    drop; ``max_length`` is in characters, ``max_bytes`` in bytes of UTF-8; ``language`` (ru, uk, be, kk or "") decides
    where neither letters, legal form nor country do. Raises ConfigError for an unknown scheme, legal form setting or
    language, and for a maximum below 1.
    """

    def __init__(
        self,
        *,
        scheme: str = "wikipedia",
        legal_form: str = "first",
        max_length: int = 40,
        max_bytes: int = MOST_BYTES,
        language: str = "",
    ) -> None:
        _check("names.legal_form", legal_form, PLACES)
        _check("names.language", language, ("", *LANGUAGES))
        if max_length < 1:
            raise ConfigError(say("names.max_length must be at least 1"), hint=say("Phones show 16 to 40 characters."))
        if max_bytes < 1:
            raise ConfigError(say("names.max_bytes must be at least 1"), hint=say("A Cyrillic letter is two bytes."))
        self.scheme, self.legal_form, self.language = scheme, legal_form, language
        self.max_length, self.max_bytes = max_length, max_bytes
        self._keeps_script = scheme == NO_SCHEME
        self._surely = min(max_length, max_bytes // (1 if not self._keeps_script else 4))  # characters that always fit
        # Letters beyond Russian that the scheme itself spells (uz does) do not tell of another language.
        self._own_letters = frozenset() if self._keeps_script else alphabet(scheme, RUSSIAN).letters - RUSSIAN_LETTERS
        # Where the form goes, by whether it stood first; None: it stays among the words.
        self._places: dict[bool | None, str] = {True: legal_form, False: legal_form, None: KEEP}
        if legal_form == KEEP:
            self._places |= {True: FIRST, False: LAST}
        self._usual = AS_WRITTEN if self._keeps_script else language or RUSSIAN
        self._tokens: dict[str, _CleanToken] = {}
        self._latin: dict[str, dict[str, str]] = {language: {} for language in (AS_WRITTEN, *LANGUAGES)}
        self._alike: dict[tuple[tuple[int, ...], int, str | None], _Alike] = {}
        self._told: dict[tuple[int, str, bool | None, str], _Told] = {}

    def make(self, text: str, *, country: str | None = None) -> NameResult:
        """The caller name of one name; never raises. ``country`` (ISO 3166 alpha-2) is that of the phone number."""
        tokens = text.split()
        if "&" in text or len(tokens) > _MOST_CACHED:
            tokens = _unusual(text)
        words: tuple[str, ...] = ()
        forms: tuple[int, ...] = ()
        marks = 0
        spelled: tuple[str, ...] = ()
        known = self._tokens.get
        for token in tokens:
            token_words, token_forms, token_marks, token_spelled = known(token) or self._learn(token)
            words += token_words
            forms += token_forms
            marks |= token_marks
            spelled += token_spelled
        if not words:
            return NameResult("", NOTHING_LEFT if tokens else EMPTY)
        alike = self._alike.get((forms, marks, country)) or self._learn_alike(forms, marks, country)
        language, start, end, parts, short, told = alike
        if parts is not None:
            short, words, first = self._taken_apart(words, parts)
            told = self._tell(marks & _UNMIXED, short, first, language)
            name = self._spell(words, language)
        else:
            name = " ".join(spelled[start:end]) if language == self._usual else self._spell(words[start:end], language)
        if marks & _ODD:
            name = tidy(name)
        rules, latin, place = told
        if short:
            name = f"{latin} {name}" if place == FIRST and name else self._placed(name, latin, place)
        if len(name) > self._surely:
            name = self._cut(name, self.max_length, self.max_bytes)
        return NameResult(name, None, rules) if name else NameResult("", NOTHING_LEFT)

    def fits(self, name: str) -> bool:
        """Whether a name is no longer than ``max_length`` and ``max_bytes``."""
        return len(name) <= self._surely or (len(name) <= self.max_length and len(name.encode()) <= self.max_bytes)

    def _cut(self, text: str, length: int, size: int) -> str:
        """Cut a name to ``length`` characters and ``size`` bytes of UTF-8, never inside a character."""
        if not text.isascii():
            length = min(length, len(text.encode()[:size].decode(errors="ignore")))
        return cut_at_word(text, min(length, size))

    def _learn_alike(self, forms: tuple[int, ...], marks: int, country: str | None) -> _Alike:
        """Look for the legal form and the language of such names."""
        found = find_form([_NUMBERED[form] for form in forms])
        short, form, first = (found.form.short, found.form.language, found.first) if found else ("", "", False)
        start, end = (found.start, found.end) if found else (0, len(forms))
        apart = found and (found.resume < found.stop or found.front or found.back or found.comma or found.form.unknown)
        language = AS_WRITTEN if self._keeps_script else language_of(marks, form, country, self.language)
        told = ((), "", KEEP) if apart else self._tell(marks & _UNMIXED, short, first, language)
        alike = _Alike(language, start, end, found if apart else None, short, told)
        if len(forms) <= _MOST_CACHED:
            _keep(self._alike, (forms, marks, country), alike, _MOST_ALIKE)
        return alike

    def _tell(self, unmixed: int, short: str, first: bool | None, language: str) -> _Told:
        """The rules and the form of such names; they are few, and remembered."""
        known = self._told.get((unmixed, short, first, language))
        if known is not None:
            return known
        place = self._places[first]
        named = (_form_rule(short, place),) if short else ()
        letters = say("alphabet {language}", language=language)
        if language in {AS_WRITTEN, RUSSIAN}:
            letters = say("scheme {scheme}", scheme=self.scheme)
        rules = (*((LOOK_ALIKES,) if unmixed else ()), *named, letters)
        spelled = self._latin[language].get(short) or self._learn_spelling(short, language)
        told = (rules, spelled, place)
        _keep(self._told, (unmixed, short, first, language), told, _CACHED)
        return told

    def _taken_apart(self, words: tuple[str, ...], found: FoundForm) -> tuple[str, tuple[str, ...], bool | None]:
        """The short form with its unknown letters filled in, the words of the name, and whether the form stood first.

        None for the last: the form is among the words already. So it is before a note, as in ``Ромашка ООО (Тверь)``,
        where the setting wants the form last or the form stands in the midst of the name.
        """
        short, body, notes = found.form.filled(words), _body(words, found), words[found.resume : found.stop]
        comma = "," if found.comma else ""
        place = self._places[found.first]
        if notes and (place == LAST or (found.first is None and self.legal_form != DROP)):
            return short, (*body, f"{short}{comma}", *notes), None
        if notes and body:
            body[-1] = f"{body[-1].rstrip(',;')}{comma}"
        return short, (*body, *notes), found.first

    def _placed(self, body: str, short: str, place: str) -> str:
        """The name with its legal form where the setting wants it. At the end it stays whole, and the rest is cut."""
        if place in {DROP, KEEP}:
            return body
        if not body:
            return short
        room, size = self.max_length - len(short) - 1, self.max_bytes - len(short.encode()) - 1
        if place == LAST and room > len(short) and size > len(short.encode()):
            return f"{self._cut(body, room, size)} {short}"
        return f"{short} {body}"

    def _learn(self, token: str) -> _CleanToken:
        words, forms, marks = _clean(token, self._own_letters)
        spelled = tuple([self._spelled(word, self._usual) for word in words])
        clean = _CleanToken(words, forms, marks, spelled)
        if len(token) <= _LONGEST_CACHED:
            _keep(self._tokens, token, clean, _CACHED)
        return clean

    def _spell(self, words: tuple[str, ...], language: str) -> str:
        """Words of another language than the usual one, or words that were taken apart."""
        known = self._latin[language]
        return " ".join([known.get(word) or self._learn_spelling(word, language) for word in words])

    def _learn_spelling(self, word: str, language: str) -> str:
        spelled = self._spelled(word, language)
        if len(word) <= _LONGEST_CACHED:
            _keep(self._latin[language], word, spelled, _CACHED)
        return spelled

    def _spelled(self, word: str, language: str) -> str:
        """A word in safe characters: in ASCII, or under the scheme "none" as it is written."""
        return word.translate(_SAFE) if language == AS_WRITTEN else self._to_latin(word, language)

    def _to_latin(self, word: str, language: str) -> str:
        letters = alphabet(self.scheme, language)
        if word.isalpha():
            spelled = letters.word(word)
            if spelled.isalnum() and spelled.isascii():
                return spelled
        elif word.replace("-", "").isalpha():
            spelled = "-".join(map(letters.word, word.split("-")))
        else:
            spelled = _LETTERS.sub(lambda match: letters.word(match[0]), word.replace("№", "No"))
        if _SPELLED.fullmatch(spelled):
            return spelled
        return " ".join(_UNPRINTABLE.sub("", to_ascii(spelled).translate(_SAFE)).split())


def _form_rule(short: str, place: str) -> str:
    """The rule by which a legal form got its place."""
    if place == FIRST:
        return say("legal form {form} first", form=short)
    if place == LAST:
        return say("legal form {form} last", form=short)
    return say("legal form {form} drop", form=short) if place == DROP else say("legal form {form} keep", form=short)


def _keep(cache: dict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    if len(cache) >= most:
        cache.clear()
    cache[key] = value


def _body(words: tuple[str, ...], found: FoundForm) -> list[str]:
    """The words of a name without its legal form and without the notes behind it."""
    body = list(words[found.start : found.end])
    if found.front:
        body[0] = body[0][found.front :]
    if found.back:
        body[-1] = body[-1][: -found.back]
    return body


def _check(key: str, value: str, known: tuple[str, ...]) -> None:
    if value in known:
        return
    mean = did_you_mean(nearest(value, known, 0.3))
    names = say("Known: {names}.", names=", ".join(known))
    raise ConfigError(
        say("{key}: {value!r} is not known", key=key, value=value), hint=joined(" ", filter(None, (mean, names)))
    )
