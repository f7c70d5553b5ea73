"""Names of counterparties to caller names."""

import difflib
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from astsync.errors import ConfigError
from astsync.phonebook.alphabets import LANGUAGES, NO_SCHEME, RUSSIAN, RUSSIAN_LETTERS, alphabet, to_ascii
from astsync.phonebook.cleaning import is_quote, plain_name_text, unmix
from astsync.phonebook.languages import language_of, marks_of
from astsync.phonebook.legal_forms import DROP, FIRST, KEEP, LAST, PLACES, Found, may_be_form, split_form

MOST_BYTES: Final = 255
"""The longest value that scheme "none" gives, in bytes of UTF-8."""

NOTHING_LEFT: Final = "nothing printable is left of the name"
EMPTY: Final = "the name is empty"
LOOK_ALIKES: Final = "look-alike letters turned back"

# Characters that end a string, a command or an expression in a dialplan, a shell or AMI; see the tests for the list.
_SAFE = str.maketrans({**dict.fromkeys('"`\\|$^=<>', " "), ";": ",", "~": "-", "[": "(", "{": "(", "]": ")", "}": ")"})
_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_UNPRINTABLE = re.compile(r"[^ -~]")
_LOOSE = re.compile(r"\( +| +(?=[),.;:!?])|\( *\)")
_EDGES = " ,.;:-/&*+)"
_END = " ,;:-/&+("
_CACHED = 50_000  # words; names repeat their words, and a full cache starts anew


@dataclass(frozen=True, slots=True)
class NameResult:
    """What a name gave: the caller name, or "" with the reason; and the rules that were used."""

    name: str
    reason: str | None = None
    rules: tuple[str, ...] = ()


class _Word(NamedTuple):
    """A clean word of a name, and what is told by it alone."""

    text: str
    marks: int
    starts_form: bool
    ends_form: bool
    closes_quote: bool
    unmixed: bool


def _words_of(token: str, own_letters: frozenset[str]) -> tuple[_Word, ...]:
    """Clean one token (text without blanks) of a name."""
    clean = plain_name_text(token)
    words: list[_Word] = []
    for piece in clean.split():
        text = unmix(piece)
        closes = is_quote(token.rstrip(",.;:)")[-1:] or " ")
        words.append(_Word(text, marks_of(text, own_letters), *may_be_form(text), closes, text != piece))
    return tuple(words)


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
        self._tokens: dict[str, tuple[_Word, ...]] = {}
        self._latin: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}

    def make(self, text: str, *, country: str | None = None) -> NameResult:
        """Give the caller name of one name; ``country`` is the phone's (ISO 3166 alpha-2). Never raises."""
        words = self._clean(text)
        if not words:
            return NameResult("", NOTHING_LEFT if text.strip() else EMPTY)
        found = self._form(words)
        language = self._language(words, found, country)
        rest = [word.text for word in words] if found is None else found.words
        body = _tidy(" ".join([self._spell(word, language) for word in rest]))
        name = _cut(body, self.max_length) if found is None else self._placed(body, found, language)
        if self._keeps_script:
            name = name.encode()[:MOST_BYTES].decode(errors="ignore").rstrip()
        if not name:
            return NameResult("", NOTHING_LEFT)
        return NameResult(name, None, self._rules(words, found, language))

    def _placed(self, body: str, found: Found, language: str) -> str:
        """Put the legal form where the setting wants it; at the end it is kept and the rest is cut."""
        place, short = self._place(found), self._spell(found.form.short, language)
        if place == DROP:
            return _cut(body, self.max_length)
        room = self.max_length - len(short) - 1
        if place == LAST and room > len(short):
            return f"{_cut(body, room)} {short}".lstrip()
        return _cut(f"{short} {body}".rstrip(), self.max_length)

    def _rules(self, words: list[_Word], found: Found | None, language: str) -> tuple[str, ...]:
        rules = [LOOK_ALIKES] if any(word.unmixed for word in words) else []
        if found is not None:
            rules.append(f"legal form {found.form.short} {self._place(found)}")
        rules.append(f"scheme {self.scheme}" if language in {"", RUSSIAN} else f"alphabet {language}")
        return tuple(rules)

    def _clean(self, text: str) -> list[_Word]:
        words: list[_Word] = []
        for token in text.split():
            words += self._tokens.get(token) or self._learn(token)
        return words

    def _learn(self, token: str) -> tuple[_Word, ...]:
        if len(self._tokens) >= _CACHED:
            self._tokens.clear()
        self._tokens[token] = words = _words_of(token, self._own_letters)
        return words

    @staticmethod
    def _form(words: list[_Word]) -> Found | None:
        if not (words[0].starts_form or words[-1].ends_form):
            return None
        return split_form([word.text for word in words], sure_end=len(words) > 1 and words[-2].closes_quote)

    def _language(self, words: list[_Word], found: Found | None, country: str | None) -> str:
        if self._keeps_script:
            return ""
        form = found.form.language if found is not None else ""
        return language_of([word.marks for word in words], form, country, self.language)

    def _spell(self, word: str, language: str) -> str:
        """Give one word in safe characters: ASCII, or as it is written under the scheme "none"."""
        if self._keeps_script:
            return word.translate(_SAFE)
        cache = self._latin[language]
        latin = cache.get(word)
        if latin is None:
            if len(cache) >= _CACHED:
                cache.clear()
            cache[word] = latin = self._to_latin(word, language)
        return latin

    def _to_latin(self, word: str, language: str) -> str:
        letters = alphabet(self.scheme, language)
        spelled = _LETTERS.sub(lambda match: letters.word(match[0]), word.replace("№", "No"))
        return _UNPRINTABLE.sub("", to_ascii(spelled).translate(_SAFE))

    def _place(self, found: Found) -> str:
        if self.legal_form == KEEP:
            return FIRST if found.first else LAST
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
