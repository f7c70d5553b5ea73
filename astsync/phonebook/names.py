"""Names of counterparties to caller names."""

import difflib
import re
from typing import Final, NamedTuple

from astsync.errors import ConfigError
from astsync.phonebook.alphabets import LANGUAGES, NO_SCHEME, RUSSIAN, RUSSIAN_LETTERS, alphabet, to_ascii
from astsync.phonebook.cleaning import is_quote, plain_name_text, unmix
from astsync.phonebook.languages import language_of, marks_of
from astsync.phonebook.legal_forms import DROP, FIRST, KEEP, LAST, PLACES, Form, FormWord, Found, find_form, form_word

MOST_BYTES: Final = 255
"""The longest value that scheme "none" gives, in bytes of UTF-8."""

NOTHING_LEFT: Final = "nothing printable is left of the name"
EMPTY: Final = "the name is empty"
LOOK_ALIKES: Final = "look-alike letters turned back"

# What transliteration of other scripts may bring back; the source's own are gone (``cleaning.plain_name_text``).
_SAFE = str.maketrans(dict(zip(";~[{]}", ",-(())", strict=True)) | dict.fromkeys('"`\\|$^=<>', ""))
_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_UNPRINTABLE = re.compile(r"[^ -~]")
_LOOSE = re.compile(r"\( +| +(?=[),.;:!?])|\( *\)")
_PLAIN_WORD = re.compile(r"[^\W_](?:[\w.-]*[^\W_])?[.)]?")
_EDGES = " ,.;:-/&*+)"
_END = " ,;:-/&+("
_UNMIXED, _ODD = 1 << 16, 1 << 17  # bits beside those of languages.marks_of
_LETTER_MARKS = _UNMIXED - 1
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

    ``marks`` are those of ``languages`` with _UNMIXED and _ODD; ``quoted`` when a closing quote ends the token.
    """

    words: tuple[str, ...]
    forms: tuple[FormWord, ...]
    marks: int
    quoted: bool


def _clean(token: str, own_letters: frozenset[str]) -> _Token:
    pieces = plain_name_text(token).split()
    words = tuple(map(unmix, pieces))
    marks = marks_of(" ".join(words), own_letters)
    marks |= _UNMIXED if words != tuple(pieces) else 0
    marks |= 0 if all(map(_PLAIN_WORD.fullmatch, words)) else _ODD
    return _Token(words, tuple(map(form_word, words)), marks, is_quote(token.rstrip(",.;:)")[-1:] or " "))


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
        self._tokens: dict[str, _Token] = {}
        self._latin: dict[str, dict[str, str]] = {language: {} for language in (AS_WRITTEN, *LANGUAGES)}
        self._told: dict[tuple[object, ...], tuple[str, ...]] = {}

    def make(self, text: str, *, country: str | None = None) -> NameResult:
        """Give the caller name of one name; ``country`` is the phone's (ISO 3166 alpha-2). Never raises."""
        words: list[str] = []
        forms: list[FormWord] = []
        marks = 0
        quoted = ends_quote = False
        for text_token in text.split():
            token = self._tokens.get(text_token) or self._learn(text_token)
            words += token.words
            forms += token.forms
            marks |= token.marks
            quoted, ends_quote = ends_quote, token.quoted
        if not words:
            return NameResult("", NOTHING_LEFT if text.strip() else EMPTY)
        found = find_form(forms, sure_end=quoted)
        language = self._language(marks, found, country)
        body = self._body(words if found is None else words[found.start : found.end], marks, language)
        name = self._cut(body) if found is None else self._placed(body, found, language)
        return self._result(name, marks, found, language)

    def _language(self, marks: int, found: Found | None, country: str | None) -> str:
        if self._keeps_script:
            return AS_WRITTEN
        form = found.form.language if found is not None else ""
        return language_of(marks & _LETTER_MARKS, form, country, self.language)

    def _cut(self, text: str) -> str:
        """Cut a name to its maximum length, and under the scheme "none" to its maximum of bytes, at a character."""
        name = _cut(text, self.max_length)
        if self._keeps_script:
            return name.encode()[:MOST_BYTES].decode(errors="ignore").rstrip()
        return name

    def _result(self, name: str, marks: int, found: Found | None, language: str) -> NameResult:
        if not name:
            return NameResult("", NOTHING_LEFT)
        key = (marks & _UNMIXED, found.form if found is not None else None, found is not None and found.first, language)
        return NameResult(name, None, self._told.get(key) or self._tell(*key))

    def _tell(self, unmixed: int, form: Form | None, first: bool, language: str) -> tuple[str, ...]:
        """Name the rules of a name, and keep them for the next like it."""
        named = (f"legal form {form.short} {self._place(first=first)}",) if form is not None else ()
        letters = f"scheme {self.scheme}" if language in {AS_WRITTEN, RUSSIAN} else f"alphabet {language}"
        rules = (*((LOOK_ALIKES,) if unmixed else ()), *named, letters)
        self._told[unmixed, form, first, language] = rules
        return rules

    def _body(self, words: list[str], marks: int, language: str) -> str:
        known = self._latin[language]
        spelled = [known.get(word) or self._learn_spelling(word, language) for word in words]
        body = " ".join(spelled)
        return _tidy(body) if marks & _ODD or "" in spelled or body[-1] in _END or body[0] in _EDGES else body

    def _placed(self, body: str, found: Found, language: str) -> str:
        """Put the legal form where the setting wants it; at the end it is kept and the rest is cut."""
        place, short = self._place(first=found.first), self._spell(found.form.short, language)
        if place == DROP:
            return self._cut(body)
        room = self.max_length - len(short) - 1
        if place == LAST and room > len(short):
            return self._cut(f"{_cut(body, room)} {short}".lstrip())
        return self._cut(f"{short} {body}".rstrip())

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

    def _place(self, *, first: bool) -> str:
        if self.legal_form == KEEP:
            return FIRST if first else LAST
        return self.legal_form


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
