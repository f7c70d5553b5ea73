"""Names of counterparties to caller names."""

import difflib
import re
from functools import lru_cache
from threading import Lock
from typing import Final, NamedTuple

from astsync.errors import ConfigError
from astsync.phonebook.alphabets import LANGUAGES, NO_SCHEME, RUSSIAN, RUSSIAN_LETTERS, alphabet, to_ascii
from astsync.phonebook.cleaning import is_quote, plain_name_text, unmix
from astsync.phonebook.languages import language_of, marks_of
from astsync.phonebook.legal_forms import DROP, FIRST, KEEP, LAST, PLACES, FormWord, Found, find_form, form_word

MOST_BYTES: Final = 255
"""The longest value that scheme "none" gives, in bytes of UTF-8."""

NOTHING_LEFT: Final = "nothing printable is left of the name"
EMPTY: Final = "the name is empty"
LOOK_ALIKES: Final = "look-alike letters turned back"

# What transliteration of other scripts may bring back; the source's own are gone (``cleaning.plain_name_text``).
_SAFE = str.maketrans(dict(zip(";~[{]}", ",-(())", strict=True)) | dict.fromkeys('"`\\|$^=<>', ""))
_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_COMMA = re.compile(r"(?<=[^\W\d_]{2}),(?=[^\W\d_]{2})")  # Ромашка,ООО
_UNPRINTABLE = re.compile(r"[^ -~]")
_LOOSE = re.compile(r"\( +| +(?=[),.;:!?])|\( *\)")
# A word that leaves no loose sign behind: Latin, Cyrillic, digits, and no part of ь and ъ alone, which have no Latin.
_SOLID = "A-Za-z0-9\u0400-\u0481\u048a-\u052f"
_PLAIN_WORD = re.compile(rf"(?!(?:.*[.-])?[ьъЬЪ]+(?:[.)-]|$))[{_SOLID}](?:[{_SOLID}.-]*[{_SOLID}])?[.)]?")
_EDGES = " ,.;:-/&*+)"
_END = " ,;:-/&("
_UNMIXED, _ODD = 1 << 16, 1 << 17  # bits beside those of languages.marks_of
AS_WRITTEN: Final = ""
"""Instead of a language: the letters stay as they are."""

_CACHED = 50_000  # words; names repeat their words, and a full cache starts anew


class NameResult(NamedTuple):
    """What a name gave: the caller name, or "" with the reason; and the rules that were used."""

    name: str
    reason: str | None = None
    rules: tuple[str, ...] = ()


class _Token(NamedTuple):
    """The clean words of one token (text without blanks) of a name, and what they tell.

    ``forms`` are the words as legal forms see them, by their places in ``_FORM_WORDS``;
    ``marks`` are those of ``languages`` with _UNMIXED and _ODD; ``quoted`` when a closing quote ends the token.
    """

    words: tuple[str, ...]
    forms: tuple[int, ...]
    marks: int
    quoted: bool


# Names are alike to legal forms: few words tell of one, all others look the same to them.
_FORM_WORDS: Final[dict[FormWord, int]] = {}
_NUMBERING: Final = Lock()  # callers of ``serve`` come in threads


@lru_cache(maxsize=4096)
def _find_form(forms: tuple[int, ...], sure_end: bool) -> Found | None:
    known = list(_FORM_WORDS)
    return find_form([known[form] for form in forms], sure_end=sure_end)


def _clean(token: str, own_letters: frozenset[str]) -> _Token:
    pieces = _COMMA.sub(", ", plain_name_text(token)).split()
    words = tuple(map(unmix, pieces))
    marks = marks_of(" ".join(words), own_letters)
    marks |= _UNMIXED if words != tuple(pieces) else 0
    marks |= 0 if all(map(_PLAIN_WORD.fullmatch, words)) else _ODD
    with _NUMBERING:
        forms = tuple(_FORM_WORDS.setdefault(form_word(word), len(_FORM_WORDS)) for word in words)
    return _Token(words, forms, marks, is_quote(token.rstrip(",.;:)")[-1:] or " "))


class NameMaker:
    """Turns a name of 1C into a caller name, for one scheme, legal form setting and maximum length (characters).

    ``scheme`` is a scheme of iuliia by its name, or "none" for clean UTF-8; ``legal_form`` is first, last, keep or
    drop; ``language`` (ru, uk, be, kk or "") decides where neither letters, legal form nor country do. Raises
    ConfigError for an unknown scheme, legal form setting or language, and for a length below 1.
    """

    def __init__(
        self, *, scheme: str = "wikipedia", legal_form: str = "first", max_length: int = 40, language: str = ""
    ) -> None:
        _check("names.legal_form", legal_form, PLACES)
        _check("names.language", language, ("", *LANGUAGES))
        if max_length < 1:
            raise ConfigError("names.max_length must be at least 1", hint="Phones show 16 to 40 characters.")
        self.scheme, self.legal_form, self.max_length, self.language = scheme, legal_form, max_length, language
        self._keeps_script = scheme == NO_SCHEME
        # Letters beyond Russian that the scheme itself spells (uz does) do not tell of another language.
        self._own_letters = frozenset() if self._keeps_script else alphabet(scheme, RUSSIAN).letters - RUSSIAN_LETTERS
        # Where the form goes, by whether it stood first.
        self._places = {True: FIRST, False: LAST} if legal_form == KEEP else dict.fromkeys((True, False), legal_form)
        self._tokens: dict[str, _Token] = {}
        self._latin: dict[str, dict[str, str]] = {language: {} for language in (AS_WRITTEN, *LANGUAGES)}
        self._told: dict[tuple[object, ...], tuple[str, ...]] = {}

    def make(self, text: str, *, country: str | None = None) -> NameResult:
        """Give the caller name of one name; ``country`` is the phone's (ISO 3166 alpha-2). Never raises."""
        words: list[str] = []
        forms: tuple[int, ...] = ()
        marks = 0
        quoted = ends_quote = False
        known = self._tokens.get
        for token in text.split():
            token_words, token_forms, token_marks, token_quoted = known(token) or self._learn(token)
            words += token_words
            forms += token_forms
            marks |= token_marks
            quoted, ends_quote = ends_quote, token_quoted
        if not words:
            return NameResult("", NOTHING_LEFT if text.strip() else EMPTY)
        found = _find_form(forms, quoted)
        form = found.form.language if found is not None else ""
        language = AS_WRITTEN if self._keeps_script else language_of(marks, form, country, self.language)
        spelled = self._latin[language]
        if found is not None:
            words = words[found.start : found.end]
        name = " ".join([spelled.get(word) or self._learn_spelling(word, language) for word in words])
        if marks & _ODD:
            name = _tidy(name)
        if found is not None:
            name = self._placed(name, found, language)
        if len(name) > self.max_length or self._keeps_script:
            name = self._cut(name)
        return self._result(name, marks, found, language)

    def _cut(self, text: str) -> str:
        """Cut a name to its maximum length, and under the scheme "none" to its maximum of bytes, at a character."""
        name = _cut(text, self.max_length)
        if self._keeps_script:
            return name.encode()[:MOST_BYTES].decode(errors="ignore").rstrip()
        return name

    def _result(self, name: str, marks: int, found: Found | None, language: str) -> NameResult:
        if not name:
            return NameResult("", NOTHING_LEFT)
        short, first = (found.form.short, found.first) if found is not None else ("", False)
        key = (marks & _UNMIXED, short, first, language)
        return NameResult(name, None, self._told.get(key) or self._tell(*key))

    def _tell(self, unmixed: int, short: str, first: bool, language: str) -> tuple[str, ...]:
        """Name the rules of a name, and keep them for the next like it."""
        named = (f"legal form {short} {self._places[first]}",) if short else ()
        letters = f"scheme {self.scheme}" if language in {AS_WRITTEN, RUSSIAN} else f"alphabet {language}"
        rules = (*((LOOK_ALIKES,) if unmixed else ()), *named, letters)
        self._told[unmixed, short, first, language] = rules
        return rules

    def _placed(self, body: str, found: Found, language: str) -> str:
        """Put the legal form where the setting wants it; at the end it is kept and the rest is cut."""
        place, short = self._places[found.first], self._spell(found.form.short, language)
        if place == DROP:
            return body
        if not body:
            return short
        room = self.max_length - len(short) - 1
        if place == LAST and room > len(short):
            return f"{_cut(body, room)} {short}"
        return f"{short} {body}"

    def _learn(self, token: str) -> _Token:
        if len(self._tokens) >= _CACHED:
            self._tokens.clear()
        self._tokens[token] = clean = _clean(token, self._own_letters)
        return clean

    def _spell(self, word: str, language: str) -> str:
        return self._latin[language].get(word) or self._learn_spelling(word, language)

    def _learn_spelling(self, word: str, language: str) -> str:
        """Give one word in safe characters: ASCII, or as it is written under the scheme "none"."""
        known = self._latin[language]
        if len(known) >= _CACHED:
            known.clear()
        spelled = word.translate(_SAFE) if language == AS_WRITTEN else self._to_latin(word, language)
        known[word] = spelled
        return spelled

    def _to_latin(self, word: str, language: str) -> str:
        letters = alphabet(self.scheme, language)
        spelled = _LETTERS.sub(lambda match: letters.word(match[0]), word.replace("№", "No"))
        return " ".join(_UNPRINTABLE.sub("", to_ascii(spelled).translate(_SAFE)).split())


def _tidy(text: str) -> str:
    """Collapse blanks, and take away what quotes and pictures leave behind: blanks in brackets, loose signs."""
    text = _LOOSE.sub("", " ".join(text.split()))
    return " ".join(text.lstrip(_EDGES).rstrip(_END).split())


def _cut(text: str, most: int) -> str:
    """Cut at a word's end to so many characters; in a word where too little would be left of the name."""
    if len(text) <= most:
        return text
    space = text.rfind(" ", 0, most + 1)
    return text[: space if space > most // 3 else most].rstrip(_END)


def _check(key: str, value: str, known: tuple[str, ...]) -> None:
    if value in known:
        return
    near = difflib.get_close_matches(value.lower(), known, n=1, cutoff=0)
    raise ConfigError(f"{key}: {value!r} is not known", hint=f"Did you mean {near[0]!r}? Known: {', '.join(known)}.")
