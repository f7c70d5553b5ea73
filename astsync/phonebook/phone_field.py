"""A whole phone field taken apart: accounts, dates and extensions cut away, what is left cut into runs of digits."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

EXTENSION_DROPPED: Final = "extension dropped"
ACCOUNT_IGNORED: Final = "account number ignored"
DATE_IGNORED: Final = "date or hours ignored"
ADDRESS_IGNORED: Final = "IP address ignored"

_WORD = re.compile(r"[^\W\d_]+")
_STOP = " ; "

# Numbers of a taxpayer, a company, an account, a document: never a phone, whatever their length.
_LABELS = (
    r"инн|кпп|огрн(?:ип)?|окпо|окато|октмо|оквэд|бик|снилс|паспорт|єдрпоу|едрпоу|рнокпп|іпн|ипн|мфо|унп|бин|иин|бсн|жсн"
    r"|р/?сч?|к/?сч?|л/?сч?|с/ч|расч(?:[её]тный)?\s*сч[её]т|сч[её]т|рахунок|iban|inn|kpp|ogrn|bik|swift"
    r"|icq|аська|u?id|ид|код клиента"
    r"|догово?р|дог|контракт|накладная|заказ|свидетельство|карта|карта сбербанка|лицензия|полис|factura|vat"
)
_ACCOUNT = re.compile(
    rf"(?<![^\W\d_])(?=[^\W\d_])(?:{_LABELS})(?:\s*[/,]\s*(?:{_LABELS}))*(?![^\W\d_])[\s.:№#=-]*(?:n[o.]?\s*)?"
    r"(?:\d{3}-\d{3}-\d{3}[ -]?\d\d|\d\d ?\d\d[ ,]*№? ?\d{6}(?!\d)"
    r"|(?:\d{4} ){3,}\d{1,4}(?:\d| \d{4})*|\d+(?:[/\\]\d+)*)"
)
_DATE = re.compile(r"(?<![\d.)-])(?:[0-2]?\d|3[01])\.(?:0?\d|1[0-2])\.(?:19|20)\d\d(?![\d.-]\d|\d)")
_OTHER_DATE = re.compile(
    r"(?<![\d)(.-])(?<![\d)] )(?:(?:19|20)\d\d-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])"
    r"|(?:[0-2]\d|3[01])/(?:0\d|1[0-2])/(?:19|20)\d\d)(?![\d-])"
)
_HOUR = r"(?:[01]?\d|2[0-4])"
_TIME = re.compile(
    rf"(?<![\d:.)(-])(?:(?:{_HOUR}\s*-\s*)?{_HOUR}\s*ч(?:ас\w*)?(?!\w)|{_HOUR}(?::[0-5]\d(?:\s*-\s*{_HOUR}:[0-5]\d)?|\.[0-5]\d\s*-\s*{_HOUR}\.[0-5]\d)(?![\d:.-]))"
)
_COORDINATE = re.compile(r"(?<![\d.)(+-])\d\d\.\d{4,8}(?![\d.-])")
_INDEX = re.compile(r"(?<![^\s;,|])[1-69][.)] +(?=[\d+(])")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IP_ADDRESS = re.compile(rf"(?<![\d.)+-])(?<!\d )(?:{_OCTET}\.){{3}}{_OCTET}(?![.\d-]|\s*[\d(])")

# An extension word, in the languages of the field, whole or cut short, with the digits after it and more of the kind.
_EXTENSION_WORDS = (
    r"доб(?:ав(?:оч(?:н\w{0,3})?)?)?|доп(?:олн(?:ит(?:ельн\w{0,3})?)?)?|вну?т?(?:утр(?:ен(?:н?\w{0,3})?)?|утр|р)?|внутр\w{0,8}"
    r"|тон(?:альн\w{0,3}|ов\w{0,3})?(?:\s+(?:набор\w?|режим\w?))?|донабор|дод(?:атков\w{0,3})?|дад(?:атков\w{0,3})?"
    r"|унутр\w{0,6}|ішкі|ext(?:n|en|ension)?|int|extra|xt|[wp]+|[xхд]"
)
_MORE = r"(?:\s*(?:,|;|/|\\|-|и|или)\s*(?:\d{1,5})(?!\d|[-.( ]{1,2}\d))*"
_EXTENSION = re.compile(
    rf"(?<![^\W\d_])(?=[^\W\d_])(?:{_EXTENSION_WORDS})(?![^\W\d_])[\s.:;№#=(-]*(?:(?:ном(?:ер)?|тел(?:ефон)?|н)\b[\s.:№]*)?"
    rf"(\d+(?:-\d+)*){_MORE}"
)
_MARKED_EXTENSION = re.compile(rf"(?<=[\d)])\s*(?:[#*]|,,+)[\s#*]*(\d{{1,8}}(?![\d-])){_MORE}#?")

_RUN = re.compile(r"(?:\+[+( .-]*)?\(?[( ]*\d[\d() .\-/\\]*")

# Before digits of a web address, which are no local number: example.ru/contacts/2293042
_WEB_ADDRESS = re.compile(r"[a-z][^\s,;]*[/=?&]\Z")
_IN_ADDRESS = frozenset("/=?&")

# A short strange word between digits, with no blank around it, is a spoilt digit: 229-3O-42, 2З9-30-42.
_SPOILT_GAP = re.compile(r"[-.)]*([^\W\d_]{1,3})[-.(]*")
_LOOKS_LIKE_DIGIT = re.compile(r"[oозzliібbsgqч]")
_GLUED_WORDS = frozenset("и та or and або т ф тф м тел моб раб дом fax tel mob т факс".split())


class Run(NamedTuple):
    """Digits and the weak separators among them. ``plus``: a "+" stands before; ``glued``: a letter or @ touches it."""

    text: str
    plus: bool
    glued: bool


class Field(NamedTuple):
    """The runs of a phone field, the rules that cut it, and whether a digit was spoilt by a letter."""

    runs: list[Run]
    rules: list[str]
    spoilt: bool


KeepNumber = Callable[[str], bool]
"""Told the digits after an extension word; True when they are a whole phone number after all."""


_LABEL, _EXTENSION_WORD = 1, 2
_LABEL_START = re.compile(rf"{_LABELS}|[рклс]|расч\w*|код")
_EXTENSION_START = re.compile(_EXTENSION_WORDS)


@lru_cache(maxsize=4096)
def _kind(word: str) -> int:
    """Tell whether a word may start an account's label, an extension, both or neither: few words start either."""
    label = _LABEL if _LABEL_START.fullmatch(word) else 0
    return label | (_EXTENSION_WORD if _EXTENSION_START.fullmatch(word) else 0)


def _cut_extensions(text: str, keep: KeepNumber, *, words: bool) -> str:
    def cut(match: re.Match[str]) -> str:
        digits = match[1].replace("-", "")
        return f"{_STOP}{match[1]}{_STOP}" if len(digits) >= 10 and keep(digits) else _STOP

    return _MARKED_EXTENSION.sub(cut, _EXTENSION.sub(cut, text) if words else text)


def _cut_dates(text: str, rules: list[str]) -> str:
    """Cut dates, hours, IP addresses and coordinates."""
    without_dates = _TIME.sub(_STOP, _OTHER_DATE.sub(_STOP, _DATE.sub(_STOP, text)))
    without_both = _IP_ADDRESS.sub(_STOP, without_dates)
    rules += [DATE_IGNORED] if without_dates != text else []
    rules += [ADDRESS_IGNORED] if without_both != without_dates else []
    return _COORDINATE.sub(_STOP, without_both) if without_both.count(".") > 1 else without_both


def _cut(text: str, words: list[str], keep: KeepNumber) -> tuple[str, list[str]]:
    """Cut away what holds digits and is no number; give the rest and the rules used."""
    rules: list[str] = []
    kinds = 0
    for word in words:
        kinds |= _kind(word)
    if kinds & _LABEL:
        shorter = _ACCOUNT.sub(_STOP, text)
        rules += [ACCOUNT_IGNORED] if shorter != text else []
        text = shorter
    if ":" in text or "ч" in text or "20" in text or "19" in text or text.count(".") > 1:
        text = _cut_dates(text, rules)
    if ") " in text or ". " in text:
        text = _INDEX.sub(_STOP, text)
    words_found = bool(kinds & _EXTENSION_WORD)
    if words_found or "#" in text or "*" in text or ",," in text:
        shorter = _cut_extensions(text, keep, words=words_found)
        rules += [EXTENSION_DROPPED] if shorter != text else []
        text = shorter
    return text, rules


class _Span(NamedTuple):
    start: int
    end: int
    text: str


def _spans(text: str) -> Iterator[_Span]:
    for match in _RUN.finditer(text):
        run = match[0].rstrip("( .-/\\")
        end = match.start() + len(run)
        run = run.lstrip()
        yield _Span(end - len(run), end, run)


def _is_spoilt(gap: str) -> bool:
    match = _SPOILT_GAP.fullmatch(gap)
    return match is not None and match[1] not in _GLUED_WORDS


def _is_in_address(text: str, end: int) -> bool:
    return _WEB_ADDRESS.search(text, 0, end) is not None


def _run(span: str, *, glued: bool = False) -> Run:
    return Run(span.lstrip("+ .-"), span[0] == "+", glued)


def _check_letters(text: str, spans: list[_Span]) -> Iterator[tuple[Run, bool]]:
    """Yield each run of a text with letters, with whether one of them spoils it."""
    gaps = [False, *[_is_spoilt(text[left.end : right.start]) for left, right in pairwise(spans)], False]
    for at, (start, end, run) in enumerate(spans):
        before, after = text[max(start - 1, 0) : start], text[end : end + 1]
        letter = before.isalpha() or after.isalpha()
        spoilt = gaps[at] or gaps[at + 1] or (letter and _LOOKS_LIKE_DIGIT.search(before + after) is not None)
        glued = letter or "@" in (before, after) or (before in _IN_ADDRESS and _is_in_address(text, start))
        yield _run(run, glued=glued), spoilt


def take_apart(text: str, keep: KeepNumber) -> Field:
    """Take a plain phone text (``cleaning.plain_phone_text``) apart."""
    words = _WORD.findall(text)
    text, rules = _cut(text, words, keep)
    spans = list(_spans(text))
    if not words:
        return Field([_run(span.text) for span in spans], rules, spoilt=False)
    runs = list(_check_letters(text, spans))
    return Field([run for run, spoilt in runs if not spoilt], rules, any(spoilt for _, spoilt in runs))
