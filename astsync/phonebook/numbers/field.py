"""A whole phone field taken apart: accounts, dates and extensions cut away, what is left cut into runs of digits."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from astsync.phonebook.numbers.damage import IsNumber

EXTENSION_DROPPED: Final = "extension dropped"
ACCOUNT_IGNORED: Final = "account number ignored"
DATE_IGNORED: Final = "date or hours ignored"
ADDRESS_IGNORED: Final = "IP address ignored"
COUNT_IGNORED: Final = "sum, floor or ordinal ignored"

_WORD = re.compile(r"[^\W\d_]+")
_STOP = " ; "

# Numbers of a taxpayer, a company, an account, a document: never a phone, whatever their length.
_LABELS = (
    r"инн|кпп|огрн(?:ип)?|окпо|окато|октмо|оквэд|бик|снилс|паспорт|єдрпоу|едрпоу|рнокпп|іпн|ипн|мфо|унп|бин|иин|бсн|жсн"
    r"|р/?сч?|к/?сч?|л/?сч?|с/ч|расч(?:[её]тный)?\s*сч[её]т|сч[её]т|рахунок|iban|inn|kpp|ogrn|bik|swift"
    r"|icq|аська|u?id|ид|код клиента|код(?=\s{0,3}\d{6})"
    r"|догово?р|дог|контракт|накладная|заказ|заявка|свидетельство|карта|карта сбербанка|лицензия|полис|factura|vat"
    r"|сч[её]т[ -]фактура|артикул|арт|индекс|гост|долг|сумма|цена|оплата|аванс|серия|кадастровый"
)
_ACCOUNT = re.compile(
    rf"(?<![^\W\d_])(?=[^\W\d_])(?:{_LABELS})(?:\s{{0,3}}[/,]\s{{0,3}}(?:{_LABELS})){{0,3}}(?![^\W\d_])[\s.:№#=-]{{0,8}}(?:n[o.]?\s{{0,3}}|номер\s{{0,3}}№?\s{{0,3}})?"
    r"(?:\d{3}-\d{3}-\d{3}[ -]?\d\d|\d\d ?\d\d[ ,]{0,3}(?:номер|№)? ?\d{6}(?!\d)"
    r"|(?:\d{4} ){3,}\d{1,4}(?:\d| \d{4})*|\d+(?:[/\\:]\d+)*)"
)
_DATE = re.compile(r"(?<![\d.)-])(?:[0-2]?\d|3[01])\.(?:0?\d|1[0-2])\.(?:19|20)\d\d(?![\d.-]\d|\d)")
_OTHER_DATE = re.compile(
    r"(?<![\d)(.-])(?:(?<![\d)] )(?:19|20)\d\d-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])(?![\d-])"
    r"|(?:19|20)\d\d-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])t\d\d:\d\d(?::\d\d)?"
    r"|(?<![\d)] )(?:[0-2]\d|3[01])/(?:0\d|1[0-2])/(?:19|20)\d\d(?![\d-])"
    r"|(?<![\d)] )(?:[0-2]?\d|3[01])\.(?:0\d|1[0-2])\.\d\d(?!\d|[.-]\d))"
)
# Between the signs of a date its month stands.
_MAYBE_DATE = re.compile(r"[./-](?:0?\d|1[0-2])[./-]")
# 12-03-24 8-906-…: at the beginning, before a prefix or a code; elsewhere such digits may be a local number.
_FIRST_DATE = re.compile(r"\A *(?:[0-2]?\d|3[01])[-/](?:0\d|1[0-2])[-/]\d\d(?= +(?:[+(78]|\d{3}-))")
# 440000, г. Пенза: a postal code before an address.
_POSTAL = re.compile(r"(?<![\d().,-])(?<!\d )[1-69]\d{5}(?=, {1,3}[^\W\d_])")
_HOUR = r"(?:[01]?\d|2[0-4])"
_TIME = re.compile(
    rf"(?<![\d:.)(-])(?:(?:{_HOUR}\s{{0,3}}-\s{{0,3}})?{_HOUR}\s{{0,3}}ч(?:ас\w{{0,4}})?(?!\w)"
    rf"|{_HOUR}:[0-5]\d(?:\s{{0,3}}-\s{{0,3}}{_HOUR}:[0-5]\d)?(?![\d:.-]))"
)
# 9.00-18.00, 9-00 - 18-00, 9 00 - 18 00: from an hour to another.
_HOURS = re.compile(
    rf"(?<![\d:.-]){_HOUR}(?:[.:][0-5]\d ?- ?{_HOUR}[.:]|[- ][0-5][05] - {_HOUR}[- ])[0-5]\d(?![\d:]|[.-]\d)"
)
# Sums, floors, lines, ordinals: 15 000 руб., 5 этаж, 2 линии, 1-й.
_MONEY = r"руб\w{0,4}|тыс\w{0,4}|млн|грн|тенге|тг|сум|сом|usd|eur"
_ORDINAL_ENDS = r"й|ый|ой|ая|я|ого|го"
_UNITS = r"эт(?:аж)?|подъезд|лини[ияй]|корпус|минут|час(?:а|ов)?|дн(?:ей|я)"
_COUNTED = re.compile(
    rf"(?<![\d.,)-])(?:(?:\d{{1,3}}(?: \d{{3}}){{1,3}}|\d{{1,9}})(?:[.,]\d\d)? ?(?:{_MONEY})"
    rf"|\d{{1,3}}(?:-?(?:{_ORDINAL_ENDS})| ?(?:{_UNITS})))(?![^\W\d_])"
)
_DIGITS_BEFORE = re.compile(r"\d[\d() .+-]{0,24} \Z")
_COORDINATE = re.compile(r"(?<![\d.)(+-])\d\d\.\d{4,8}(?![\d.-])")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IP_ADDRESS = re.compile(rf"(?<![\d.)+-])(?<!\d )(?:{_OCTET}\.){{3}}{_OCTET}(?![.\d-]|\s*[\d(])")

# An extension word, in the languages of the field, whole or cut short, with the digits after it and more of the kind.
_EXTENSION_WORDS = (
    r"доб(?:ав(?:оч(?:н\w{0,3})?)?)?|доп(?:олн(?:ит(?:ельн\w{0,3})?)?)?|вну?т?(?:утр(?:ен(?:н?\w{0,3})?)?|утр|р)?|внутр\w{0,8}"
    r"|тон(?:альн\w{0,3}|ов\w{0,3})?(?:\s+(?:набор\w?|режим\w?))?|донабор|дод(?:атков\w{0,3})?|дад(?:атков\w{0,3})?"
    r"|унутр\w{0,6}|ішкі|ext(?:n|en|ension)?|int|extra|xt|[wp]{1,8}|[xхд]"
)
# These stand for an extension only right behind a number. Elsewhere they are labels: д. 229-30-46 is at home.
_SHORT_EXTENSION_WORDS = re.compile(r"[wp]+|[xхд]")
_BEHIND_NUMBER = re.compile(r"[\d)][\s,;(]{0,4}\Z")
_LONGEST_EXTENSION = 5  # digits
_USUAL_LOCAL = 7  # digits
_MORE = r"(?:\s*(?:,|;|/|\\|-|и|или)\s*(?:\d{1,5})(?!\d|[-.( ]{1,2}\d))*"
_EXTENSION = re.compile(
    rf"(?<![^\W\d_])(?=[^\W\d_])(?P<word>{_EXTENSION_WORDS})(?![^\W\d_])[\s.:;№#=(-]{{0,16}}(?:(?:ном(?:ер)?|тел(?:ефон)?|н)\b[\s.:№]{{0,16}})?"
    rf"(?P<digits>\d+(?:-\d+)*){_MORE}"
)
_MARKED_EXTENSION = re.compile(
    rf"(?<=[\d)])\s*(?:[#*]|,,+)[\s#*]*(?P<digits>\d{{1,8}}(?![\d-]|[ .(]{{1,2}}\d)){_MORE}#?"
)

# Digits and the weak separators between and behind them; what stands before the first digit is looked at separately, so
# that no sign is read twice.
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
    """Digits and the weak separators among them.

    ``plus``: a "+" stands before; ``loose``: that "+" stands between two numbers, so it may mean "and"; ``glued``: a
    letter, an @ or a web address touches it; ``before``: the last characters in front of it, where the field has words;
    ``comma``: a comma or a semicolon stands right behind it; ``spoilt``: a letter stands for one of the digits.
    """

    text: str
    plus: bool = False
    glued: bool = False
    before: str = ""
    loose: bool = False
    comma: bool = False
    spoilt: bool = False


class Field(NamedTuple):
    """The runs of a phone field, and the rules that cut it."""

    runs: list[Run]
    rules: list[str]


_LABEL, _EXTENSION_WORD, _COUNTED_WORD = 1, 2, 4
_LABEL_START = re.compile(rf"{_LABELS}|[рклс]|расч\w*|код")
_EXTENSION_START = re.compile(_EXTENSION_WORDS)
_COUNTED_START = re.compile(rf"{_MONEY}|{_ORDINAL_ENDS}|{_UNITS}")


@lru_cache(maxsize=4096)
def _kind(word: str) -> int:
    """Tell, as bits, whether a word may start an account's label, an extension, or what follows a sum or a floor.

    Most words start none of them, and the slow patterns are tried only where one may match.
    """
    label = _LABEL if _LABEL_START.fullmatch(word) else 0
    counted = _COUNTED_WORD if _COUNTED_START.fullmatch(word) else 0
    return label | counted | (_EXTENSION_WORD if _EXTENSION_START.fullmatch(word) else 0)


def _cut_extensions(text: str, is_number: IsNumber, *, words: bool) -> str:
    def cut(match: re.Match[str]) -> str:
        digits = match["digits"].replace("-", "")
        return f"{_STOP}{match['digits']}{_STOP}" if len(digits) >= 10 and is_number(digits) else _STOP

    def cut_word(match: re.Match[str]) -> str:
        return cut(match) if _is_extension(match) else match[0]

    return _MARKED_EXTENSION.sub(cut, _EXTENSION.sub(cut_word, text) if words else text)


def _is_extension(match: re.Match[str]) -> bool:
    """Tell a short word before an extension from the same word as a label of a number."""
    digits = match["digits"].replace("-", "")
    behind = _BEHIND_NUMBER.search(match.string, max(match.start() - 6, 0), match.start()) is not None
    if not _SHORT_EXTENSION_WORDS.fullmatch(match["word"]):
        return behind or len(digits) < _USUAL_LOCAL  # доп. тел. 641-25-08 is one more telephone
    if not behind:
        return False
    return len(digits) <= _LONGEST_EXTENSION and ("-" not in match["digits"] or len(digits) < _LONGEST_EXTENSION)


def _is_counted(match: re.Match[str], is_number: IsNumber) -> bool:
    """Tell a sum or a floor from the last digits of a number: 8 903 625 17 40 тг is on Telegram."""
    digits = "".join(filter(str.isdigit, match[0]))
    if len(digits) >= _USUAL_LOCAL and "тг" in match[0]:
        return False
    before = _DIGITS_BEFORE.search(match.string, max(match.start() - _LONGEST_BEFORE, 0), match.start())
    if before is None or "-" in before[0][-4:] or len(digits) == 1 or match.string[max(before.start() - 1, 0)] in "/\\":
        return True
    together = "".join(filter(str.isdigit, before[0]))
    return is_number(together) or not (is_number(together + digits) or len(together) + len(digits) == _USUAL_LOCAL)


def _cut_dates(text: str, rules: list[str]) -> str:
    """Cut dates, hours, IP addresses and coordinates; each pattern is tried only where its signs stand."""
    dots = text.count(".") > 1
    without = text
    if _MAYBE_DATE.search(text):
        without = _FIRST_DATE.sub(_STOP, _OTHER_DATE.sub(_STOP, _DATE.sub(_STOP, text)))
    if "-" in without and (dots or " - " in without or ":" in without):
        without = _HOURS.sub(_STOP, without)
    if ":" in without or "ч" in without:
        without = _TIME.sub(_STOP, without)
    rules += [DATE_IGNORED] if without != text else []
    if not dots:
        return without
    without_both = _IP_ADDRESS.sub(_STOP, without)
    rules += [ADDRESS_IGNORED] if without_both != without else []
    return _COORDINATE.sub(_STOP, without_both)


def _cut(text: str, words: list[str], is_number: IsNumber) -> tuple[str, list[str]]:
    """Cut away what holds digits and is no number; give the rest and the rules used."""
    rules: list[str] = []
    kinds = 0
    for word in words:
        kinds |= _kind(word)
    if kinds & _LABEL:
        shorter = _ACCOUNT.sub(_STOP, text)
        rules += [ACCOUNT_IGNORED] if shorter != text else []
        text = shorter
    text = _cut_dates(text, rules)
    if words and "," in text:
        text = _POSTAL.sub(_STOP, text)
    if kinds & _COUNTED_WORD:
        shorter = _COUNTED.sub(lambda match: _STOP if _is_counted(match, is_number) else match[0], text)
        rules += [COUNT_IGNORED] if shorter != text else []
        text = shorter
    words_found = bool(kinds & _EXTENSION_WORD)
    if words_found or "#" in text or "*" in text or ",," in text:
        shorter = _cut_extensions(text, is_number, words=words_found)
        rules += [EXTENSION_DROPPED] if shorter != text else []
        text = shorter
    return text, rules


class _Span(NamedTuple):
    start: int
    end: int
    run: Run


def _opening(before: str) -> tuple[str, bool]:
    """Give what opens a number at the end of some signs before its first digit: "+(", "( ", and whether it is a "+"."""
    if before == "+" or before[-2:] == " +":
        return "+", True
    opened = _OPENED.search(before)
    return ("", False) if opened is None else (opened[0], opened[0].startswith("+"))


def _spans(text: str, *, words: bool) -> list[_Span]:
    """Give the runs of a text with their places; ``words``: with the characters in front of each."""
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
    """Tells which runs of a text with letters are glued to them, and which are spoilt by them."""

    def __init__(self, text: str, spans: list[_Span]) -> None:
        self._text, self._spans = text, spans
        self._address = False
        self._looked = 0  # gaps

    def runs(self) -> Iterator[Run]:
        """Yield each run, marked where it is glued or spoilt."""
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
        """Tell whether a web address reaches run ``at``: example.ru/contacts/2293042. Looks at each gap once."""
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
    """Give the letters that touch a run in front, at most ``_LONGEST_LABEL`` and one more of them."""
    first = start
    while first and start - first <= _LONGEST_LABEL and text[first - 1].isalpha():
        first -= 1
    return text[first:start]


def _is_in_url(text: str, start: int) -> bool:
    """Tell whether a letter that touches a run belongs to a web address: vk.com/club89161234567."""
    token = text[max(start - _LONGEST_URL, 0) : start].rsplit(None, 1)[-1].rpartition("//")[2]
    return "@" in token or ("/" in token and "." in token.partition("/")[0])


def _short_word(gap: str) -> str | None:
    """Give the short word that alone stands between two runs, with no blank around it; else None."""
    match = _SPOILT_GAP.fullmatch(gap) if len(gap) <= _LONGEST_GAP else None
    return match[1] if match is not None else None


def _spoils(word: str | None) -> bool:
    """Tell a spoilt digit (229-3O-42) from a word between two numbers, as "и" is in 229-30-51и229-30-52."""
    return word is not None and word not in _GLUED_WORDS


def _stands_apart(text: str, span: _Span) -> bool:
    """Tell whether no letter and no sign of an address touches a run."""
    before, after = text[span.start - 1 : span.start] if span.start else " ", text[span.end : span.end + 1] or " "
    return not (before.isalpha() or after.isalpha() or before in _TOUCHING or after in _TOUCHING)


def take_apart(text: str, is_number: IsNumber) -> Field:
    """Take a plain phone text (``damage.plain``) apart; ``is_number`` tells whether digits are a whole number."""
    words = _WORD.findall(text)
    text, rules = _cut(text, words, is_number)
    spans = _spans(text, words=bool(words) or "№" in text)
    if not words or (len(spans) == 1 and _stands_apart(text, spans[0])):
        return Field([span.run for span in spans], rules)
    return Field(list(_Letters(text, spans).runs()), rules)
