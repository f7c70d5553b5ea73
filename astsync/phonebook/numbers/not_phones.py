"""Digits in a phone field that are no phone number: accounts, dates, hours, sums, floors, offices, extensions.

``cut_not_phones`` cuts away what is surely none. What only may be none (an office, an hour beside a number) is decided
later, by ``small_numbers`` and ``local_numbers``; the patterns for it stand here too, so that each word is known once.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from astsync.language import say
from astsync.phonebook.numbers.damage import IsNumber

EXTENSION_DROPPED: Final = say("extension dropped")
ACCOUNT_IGNORED: Final = say("account number ignored")
DATE_IGNORED: Final = say("date or hours ignored")
ADDRESS_IGNORED: Final = say("IP address ignored")
COUNT_IGNORED: Final = say("sum, floor or ordinal ignored")

_WORD = re.compile(r"[^\W\d_]+")
# Put in the place of what was cut: the digits on both sides must not become one number.
_STOP = " ; "
_LONGEST_BEFORE = 24  # characters before a sum or a floor that may hold the number it belongs to

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

# Hours and days of a month. A pattern of this room never looks further than a few groups, so its work is bounded.
_HOUR = r"(?:[01]?\d|2[0-4])"
_MINUTES = r"[.:][0-5]\d"
_DAY, _MONTH = r"(?:[0-2]\d|3[01])", r"(?:0\d|1[0-2])"
_DAY_OR_DIGIT = r"(?:[0-2]?\d|3[01])"  # 5.12.2024 too
_DATE = re.compile(rf"(?<![\d.)-]){_DAY_OR_DIGIT}\.(?:0?\d|1[0-2])\.(?:19|20)\d\d(?![\d.-]\d|\d)")
_OTHER_DATE = re.compile(
    rf"(?<![\d)(.-])(?:(?<![\d)] )(?:19|20)\d\d-{_MONTH}-{_DAY}(?![\d-])"
    rf"|(?:19|20)\d\d-{_MONTH}-{_DAY}t\d\d:\d\d(?::\d\d)?"
    rf"|(?<![\d)] ){_DAY}/{_MONTH}/(?:19|20)\d\d(?![\d-])"
    rf"|(?<![\d)] ){_DAY_OR_DIGIT}\.{_MONTH}\.\d\d(?!\d|[.-]\d))"
)
# Where no such month stands between two signs, no pattern of a date is tried.
_MAYBE_DATE = re.compile(r"[./-](?:0?\d|1[0-2])[./-]")
# 12-03-24 8-906-…: only at the beginning of the field and before a prefix or a code. Elsewhere these digits may be a
# local number of six.
_FIRST_DATE = re.compile(rf"\A *{_DAY_OR_DIGIT}[-/]{_MONTH}[-/]\d\d(?= +(?:[+(78]|\d{{3}}-))")
SHORT_DATE: Final = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.\d\d"
    r"|(?:0[1-9]|[12]\d|3[01])-(?:0[1-9]|1[0-2])-(?:1[5-9]|2\d|3[0-5])"
)
"""12.05.85 and 12-10-24: a date with two digits of the year. As long as a local number of six digits."""

_TIME = re.compile(
    rf"(?<![\d:.)(-])(?:(?:{_HOUR}\s{{0,3}}-\s{{0,3}})?{_HOUR}\s{{0,3}}ч(?:ас\w{{0,4}})?(?!\w)"
    rf"|{_HOUR}:[0-5]\d(?:\s{{0,3}}-\s{{0,3}}{_HOUR}:[0-5]\d)?(?![\d:.-]))"
)
# From an hour to another: 9.00-18.00, 9-00 - 18-00, 9 00 - 18 00.
_FROM_HOUR_TO_HOUR = re.compile(
    rf"(?<![\d:.-]){_HOUR}(?:[.:][0-5]\d ?- ?{_HOUR}[.:]|[- ][0-5][05] - {_HOUR}[- ])[0-5]\d(?![\d:]|[.-]\d)"
)
FULL_HOURS: Final = re.compile(r"\d-[0-5]0-[12]\d-[0-5]0")
"""9-00-18-00: office hours in the groups of a local number."""

_HOURS = re.compile(rf"{_HOUR}(?:{_MINUTES})?(?:-{_HOUR}(?:{_MINUTES})?)?")
_TWO_HOURS = re.compile(r"\d+-\d+|\d+[.:]\d\d(?:-.*)?")

# 440000, г. Пенза: a postal code before an address. In (4852) 293042, Иван an area code stands before the digits.
_AREA = "".join(rf"(?<!\({code}\) )" for code in (r"\d{3}", r"\d{4}", r"\d{5}", r"\d-\d{4}", r"\d \d{4}"))
_POSTAL = re.compile(rf"(?<![\d().,-])(?<!\d ){_AREA}[1-69]\d{{5}}(?=, {{1,3}}[^\W\d_])")
# Sums, floors, lines, ordinals: 15 000 руб., 5 этаж, 2 линии, 1-й. The word stands behind the digits.
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

# Places: офис 301, дом 5, этаж 2. The word stands before the digits.
_PLACES = (
    r"домофон|оф(?:[иі]с\w{0,3})?|каб(?:инет\w{0,2})?|кв(?:арт\w{0,4})?|комн?(?:ат\w{0,2})?|д(?:ом\w{0,2})?|корп(?:ус\w{0,2})?|стр(?:оен\w{0,3})?"
    r"|эт(?:аж\w{0,2})?|под(?:ъезд\w{0,2})?|отд(?:ел\w{0,6})?|маг(?:азин\w{0,2})?|школ\w{0,2}|сад\w{0,2}|цех\w{0,2}|склад\w{0,2}"
    r"|аптек\w{0,2}|уч(?:аст\w{0,4})?|бригад\w{0,2}|пав(?:ильон\w{0,2})?|бокс\w{0,2}|ряд\w{0,2}|мест\w{0,2}|пост\w{0,2}|секци\w{0,2}"
    r"|касс\w{0,2}|пом(?:ещен\w{0,3})?|терминал\w{0,2}|филиал\w{0,2}|лини\w{0,2}|ауд(?:итор\w{0,3})?|палат\w{0,2}|окн\w{0,2}"
    r"|объект\w{0,2}|п|к|до|азс|мкр|сектор|автобус|ячейк\w|а/я|в/ч|кабін\w{0,3}|буд(?:инок)?|поверх|room|office|floor|apt"
)
PLACE_BEFORE: Final = re.compile(
    rf"(?:(?<![^\W\d_])(?:{_PLACES})|№)[\s.№#]{{0,3}}\Z|(?<![^\W\d_])(?P<phone>т(?:ел)?\.?)\Z"
)
"""The end of a text behind which digits are a place: ``офис`` of ``офис 301``.

``phone`` is a word for a telephone that touches the digits: "т.1 731-40-11" is the first telephone. With a blank, or
before more digits, "т." stands before a number.
"""

# An extension word, in the languages of the field, whole or cut short, with the digits after it and more of the kind.
_EXTENSION_WORDS = (
    r"доб(?:ав(?:оч(?:н\w{0,3})?)?)?|доп(?:олн(?:ит(?:ельн\w{0,3})?)?)?|вну?т?(?:утр(?:ен(?:н?\w{0,3})?)?|утр|р)?|внутр\w{0,8}"
    r"|тон(?:альн\w{0,3}|ов\w{0,3})?(?:\s+(?:набор\w?|режим\w?))?|донабор|дод(?:атков\w{0,3})?|дад(?:атков\w{0,3})?"
    r"|унутр\w{0,6}|ішкі|ext(?:n|en|ension)?|int|extra|xt|[wp]{1,8}|[xхд]"
)
# These words are extensions only right behind a number. Elsewhere they are labels: "д. 229-30-46" is a number at home.
_SHORT_EXTENSION_WORDS = re.compile(r"[wp]+|[xхд]")
_BEHIND_NUMBER = re.compile(r"[\d)][\s,;(]{0,4}\Z")
_LONGEST_EXTENSION = 5  # digits
_USUAL_LOCAL = 7  # digits
_LEAST_WHOLE = 10  # digits behind an extension word that may be a second whole number
_MORE = r"(?:\s*(?:,|;|/|\\|-|и|или)\s*(?:\d{1,5})(?!\d|[-.( ]{1,2}\d))*"
_EXTENSION = re.compile(
    rf"(?<![^\W\d_])(?=[^\W\d_])(?P<word>{_EXTENSION_WORDS})(?![^\W\d_])[\s.:;№#=(-]{{0,16}}(?:(?:ном(?:ер)?|тел(?:ефон)?|н)\b[\s.:№]{{0,16}})?"
    rf"(?P<digits>\d+(?:-\d+)*){_MORE}"
)
_MARKED_EXTENSION = re.compile(
    rf"(?<=[\d)])\s*(?:[#*]|,,+)[\s#*]*(?P<digits>\d{{1,8}}(?![\d-]|[ .(]{{1,2}}\d)){_MORE}#?"
)


# Bits of a word (see ``_word_bits``).
_LABEL, _EXTENSION_WORD, _COUNTED_WORD = 1, 2, 4
_LABEL_START = re.compile(rf"{_LABELS}|[рклс]|расч\w*|код")
_EXTENSION_START = re.compile(_EXTENSION_WORDS)
_COUNTED_START = re.compile(rf"{_MONEY}|{_ORDINAL_ENDS}|{_UNITS}")


@lru_cache(maxsize=4096)
def _word_bits(word: str) -> int:
    """What a word may be, as bits: the label of an account, an extension word, the unit of a sum or a floor.

    Most words are none of them. The slow patterns are tried only on a field with such a word.
    """
    label = _LABEL if _LABEL_START.fullmatch(word) else 0
    counted = _COUNTED_WORD if _COUNTED_START.fullmatch(word) else 0
    return label | counted | (_EXTENSION_WORD if _EXTENSION_START.fullmatch(word) else 0)


def is_unit(word: str) -> bool:
    """Whether a word behind digits may make them a sum, a floor, an ordinal or an hour."""
    return word[0] == "ч" or bool(_word_bits(word) & _COUNTED_WORD)


@lru_cache(maxsize=4096)
def is_mere_word(word: str) -> bool:
    """Whether a word before digits, with a blank between, says nothing that could keep them from being a number."""
    return not _word_bits(word) and PLACE_BEFORE.search(f"{word} ") is None


def _cut_extensions(text: str, is_number: IsNumber, *, words: bool) -> str:
    def cut(match: re.Match[str]) -> str:
        digits = match["digits"].replace("-", "")
        return f"{_STOP}{match['digits']}{_STOP}" if len(digits) >= _LEAST_WHOLE and is_number(digits) else _STOP

    def cut_word(match: re.Match[str]) -> str:
        return cut(match) if _is_extension(match) else match[0]

    return _MARKED_EXTENSION.sub(cut, _EXTENSION.sub(cut_word, text) if words else text)


def _is_extension(match: re.Match[str]) -> bool:
    """Whether an extension stands behind the word; the same short word may be the label of a number instead."""
    digits = match["digits"].replace("-", "")
    behind = _BEHIND_NUMBER.search(match.string, max(match.start() - 6, 0), match.start()) is not None
    if not _SHORT_EXTENSION_WORDS.fullmatch(match["word"]):
        return behind or len(digits) < _USUAL_LOCAL  # доп. тел. 641-25-08 is one more telephone
    if not behind:
        return False
    return len(digits) <= _LONGEST_EXTENSION and ("-" not in match["digits"] or len(digits) < _LONGEST_EXTENSION)


def _is_counted(match: re.Match[str], is_number: IsNumber) -> bool:
    """Whether digits and a unit are a sum or a floor, and not the end of a number: 8 903 625 17 40 тг."""
    digits = "".join(filter(str.isdigit, match[0]))
    if len(digits) >= _USUAL_LOCAL and "тг" in match[0]:
        return False
    before = _DIGITS_BEFORE.search(match.string, max(match.start() - _LONGEST_BEFORE, 0), match.start())
    if before is None or "-" in before[0][-4:] or len(digits) == 1 or match.string[max(before.start() - 1, 0)] in "/\\":
        return True
    together = "".join(filter(str.isdigit, before[0]))
    return is_number(together) or not (is_number(together + digits) or len(together) + len(digits) == _USUAL_LOCAL)


def _cut_dates(text: str, rules: list[str]) -> str:
    """Cut dates, hours, IP addresses and coordinates, and add to ``rules``; each pattern only where its signs are."""
    dots = text.count(".") > 1
    without = text
    if _MAYBE_DATE.search(text):
        without = _FIRST_DATE.sub(_STOP, _OTHER_DATE.sub(_STOP, _DATE.sub(_STOP, text)))
    if "-" in without and (dots or " - " in without or ":" in without):
        without = _FROM_HOUR_TO_HOUR.sub(_STOP, without)
    if ":" in without or "ч" in without:
        without = _TIME.sub(_STOP, without)
    rules += [DATE_IGNORED] if without != text else []
    if not dots:
        return without
    without_both = _IP_ADDRESS.sub(_STOP, without)
    rules += [ADDRESS_IGNORED] if without_both != without else []
    return _COORDINATE.sub(_STOP, without_both)


def find_words(text: str) -> list[str]:
    """All words of a plain text: ``тел`` and ``доб`` of ``тел. 229-30-42 доб. 12``."""
    return _WORD.findall(text)


def cut_not_phones(text: str, words: Collection[str], is_number: IsNumber) -> tuple[str, list[str]]:
    """Replace what holds digits and is surely no phone number; ``words`` are all words of the text.

    Returns the rest and the rules used: ``8 (495) 229-30-42 доб. 12`` gives ``8 (495) 229-30-42 ;`` and "extension
    dropped". Ten digits behind an extension word stay where they are a whole number.
    """
    rules: list[str] = []
    bits = 0
    for word in words:
        bits |= _word_bits(word)
    if bits & _LABEL:
        shorter = _ACCOUNT.sub(_STOP, text)
        rules += [ACCOUNT_IGNORED] if shorter != text else []
        text = shorter
    text = _cut_dates(text, rules)
    if words and "," in text:
        text = _POSTAL.sub(_STOP, text)
    if bits & _COUNTED_WORD:
        shorter = _COUNTED.sub(lambda match: _STOP if _is_counted(match, is_number) else match[0], text)
        rules += [COUNT_IGNORED] if shorter != text else []
        text = shorter
    words_found = bool(bits & _EXTENSION_WORD)
    if words_found or "#" in text or "*" in text or ",," in text:
        shorter = _cut_extensions(text, is_number, words=words_found)
        rules += [EXTENSION_DROPPED] if shorter != text else []
        text = shorter
    return text, rules


def are_hours(text: str) -> bool:
    """Whether a text may be hours: ``9``, ``18:30``, ``9-18``, ``9.00-18.00``."""
    return _HOURS.fullmatch(text) is not None


def are_surely_hours(text: str) -> bool:
    """Whether a text is an hour with minutes, or from an hour to another: ``18:30``, ``9-18``; not ``9`` alone."""
    return _HOURS.fullmatch(text) is not None and _TWO_HOURS.fullmatch(text) is not None
