"""Fields of plainly written numbers and nothing else that counts: one or several, with words around the only one.

``+7 495 229-30-42, 8 (916) 123-45-67``, ``тел. 8 (495) 229-30-42 доб. 12``, ``8 (495) 229-30-42 (Иван)``. Each of these
numbers goes through the fast path of ``country_plan``. Nearly all fields are read so, without the slow rooms, which
would find the same. So this room takes nothing that any of them could take for something else:

- A word before the first number, with a blank behind it, is no label of an account, no place and no extension.
- Whatever stands between two numbers ends a run (``runs``) and touches no digit, so it is no sign within a number
  (``damage``). A run goes on over a slash and over blanks. So these are taken between two numbers only, the second with
  its prefix, the first with no digit in front that could be one: no way to cut their digits costs less (``pieces``).
- Words stand behind the only number, and nothing but the digits of an extension or hours stand behind them. So they are
  no label of an account, no place and no area code. The first word may be no unit (``42 этаж``), unless a sign stands
  before it. Before a comma six digits may be a postal code.
- A number of another country stands alone behind its "+", and is read as ``field_numbers`` reads it.
- A local number is written in one of the two usual ways. A number with a digit too few or too many is, too, and has a
  code of no neighbour and no second prefix.
- The codes of Russia and Kazakhstan begin with no 0, 1 or 2. So no part of their numbers is a date. Elsewhere some are,
  and this room is used for these two countries only.
"""

import re
from typing import Final

from astsync.phonebook.numbers.not_phones import DATE_IGNORED, EXTENSION_DROPPED, is_mere_word, is_unit

_LETTER = "[А-Яа-яA-Za-z]"  # without ё and other letters that ``cleaning`` changes
_LABEL: Final = re.compile(rf"({_LETTER}{{1,12}})(?:\.:?|:)? (?=[+(0-9])")
_BETWEEN: Final = re.compile(r"(?:, | ?; | и )(?=[ (+78349])| (?:/ )?(?=\+)|\n")
_REST = r"\)?[ -]?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}"  # of a number behind a code of three digits
_CLOSE: Final = re.compile(
    rf"((?:\+7|[78])[ -]?\(?[0-9]{{3}}{_REST}"
    r"|(?:\([0-9]{3}|(?!37|380|99)[349][0-9]{2})\)?[ -]?[0-9]{3}-?[0-9]{2}-?[0-9]{2})"
    rf"(?: {{1,2}}| / )(8[ -]?\(?[0-9]{{3}}{_REST})"
)
_NUMBER: Final = re.compile(r"[+(]?[0-9](?:[0-9() +/-]*[0-9])?")
_HOUR = r"(?:[01]?[0-9]|2[0-4])(?::[0-5][0-9])?"
_EXTENSION = r"(?:,? \(?(?:[Дд]об|[Вв]н|[Ee]xt)\.?:? ?| ?#)[0-9]{1,5}\)?"
_BEHIND: Final = re.compile(
    rf"{_EXTENSION}|(?P<sign>, | \(| - | )(?=(?P<word>{_LETTER}+))"
    rf"(?:{_LETTER}[А-Яа-яA-Za-z .]*|(?:{_LETTER}+ ){{0,3}}(?:с|до|после) {_HOUR}(?: до {_HOUR})?)\)?"
)
_LONGEST = 80  # characters of what stands behind a number
_POSTAL: Final = re.compile(r"(?<![0-9])[0-9]{6}\Z")
SHORT_FIELD: Final = 20
"""Characters of a field that is longer than one number alone."""

_LOCAL: Final = re.compile(r"[1-79][0-9]{2}(?:-[0-9]{2}-[0-9]{2}|[0-9]{4})")
_WORDS: Final = re.compile(r"[А-Яа-яA-Za-z .,:;!?()@/-]*")
_ABROAD: Final = re.compile(r"\+(?![78])[1-9](?:[ -]?\(?[0-9]\)?)*(?<=[0-9])")
_MAYBE_DATE: Final = re.compile(r"-(?:0?[0-9]|1[0-2])-")
_RUN_LENGTH: Final = range(14, 31)  # characters of a number abroad: a shorter run may be a code, a longer one more
_WRONG: Final = re.compile(r"(?:\+7 \((?!8)|8 \()(?!37|380|99)[3489][0-9]{2}\) [0-9]{3}-[0-9]{2}-(?:[0-9]|[0-9]{3})")


def without_label(text: str) -> str:
    """The field without the word before its first number, "" where that word may tell what the digits are."""
    label = _LABEL.match(text)
    if label is None or not is_mere_word(label[1].lower()):
        return ""
    return text[label.end() :]


def local_digits(text: str) -> str:
    """The seven digits of a field that is one local number; "" of any other."""
    return text.replace("-", "") if _LOCAL.fullmatch(text) else ""


def is_wrong(text: str) -> bool:
    """Whether a field is surely no number: the usual way to write one, with a digit too few or two too many."""
    return _WRONG.fullmatch(text) is not None


def has_no_digits(text: str) -> bool:
    """Whether a field is surely made of words alone."""
    return _WORDS.fullmatch(text) is not None


def abroad(text: str) -> str:
    """What stands behind the "+" of a field that is perhaps a number of another country and nothing else; else ""."""
    fits = text[:1] == "+" and len(text) - 1 in _RUN_LENGTH and _ABROAD.fullmatch(text) and not _MAYBE_DATE.search(text)
    return text[1:] if fits else ""


def plain_parts(text: str) -> tuple[list[str], tuple[str, ...]]:
    """The parts of a field that may be plain numbers, and the rule of what stands behind; ([], ()) without any."""
    number = _NUMBER.match(text)
    if number is None:
        return [], ()
    end = number.end()
    behind = _BEHIND.fullmatch(text, end) if len(text) - end <= _LONGEST else None
    if behind is None:
        close = _CLOSE.fullmatch(text) if end == len(text) else None
        parts = _BETWEEN.split(text) if close is None else list(close.groups())
        return (parts, ()) if len(parts) > 1 else ([], ())
    rest = behind[0]
    if rest[0] == "," and _POSTAL.search(number[0]):
        return [], ()
    word = behind["word"]
    if word is None:
        return [number[0]], (EXTENSION_DROPPED,)
    if "код" in rest.lower() or (behind["sign"] == " " and is_unit(word.lower())):
        return [], ()
    return [number[0]], (DATE_IGNORED,) if ":" in rest else ()
