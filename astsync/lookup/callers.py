"""What a PBX sends as its caller: a number that can be looked up, or why there is none.

A PBX sends one number, as its carrier spells it, or a word instead of it. A phone field of 1C is another matter: it may
hold several numbers, remarks, typing errors. So only plain spellings of one number are taken here, and nothing is
guessed: a wrong name on a phone is worse than none. What the digits mean is decided by the same parser that makes the
keys of the phonebook.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from astsync.phonebook.numbers.parser import NumberParser

LONGEST_CALLER: Final = 256
"""Characters of a caller that are looked at: a longer text is no caller. It may hold a name before the number."""
_LONGEST_EXTENSION = 5  # digits
_MOST_DIGITS = 18  # of E.164 there are 15 at most, and 810 may stand before them
_RESTRICTION, _RESTRICTED = 0x60, 0x20  # of a presentation, as Q.931 and Asterisk have it
_WITHHELD = frozenset(
    "anonymous anonym unknown restricted private withheld unavailable blocked hidden none null nobody no-number "
    "not-available unavailable-number private-number аноним анонимный анонимно скрыт скрытый скрытый-номер "
    "номер-скрыт неизвестно неизвестный неизвестен не-определен номер-не-определен".split()
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Each of these is linear: nothing that repeats stands before something that could fail and bring the search back.
_URI = re.compile(r"(sips?|tel):(.*)", re.IGNORECASE)
_IP_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_SIGNS = str.maketrans("", "", " ().-\u00a0\u2010\u2011")
_NUMBER = re.compile(r"\+?[0-9]+")
_ACCOUNT = re.compile(r"[^\W\d_][\w. -]*")


class CallerKind(StrEnum):
    """What a caller is. Only a NUMBER is looked up."""

    NUMBER = "number"
    INTERNAL = "internal"
    """An extension of the PBX: up to five digits, or the name of an account."""
    WITHHELD = "withheld"
    IMPOSSIBLE = "impossible"
    """Neither: no number by the numbering plan, digits with letters behind, or a text that is no caller at all."""


@dataclass(frozen=True, slots=True)
class CallerId:
    """A caller, understood. ``number`` is in E.164 without "+", ``keys`` are its keys in the phonebook, in order.

    A caller of another kind than NUMBER has neither.
    """

    kind: CallerKind
    number: str = ""
    keys: tuple[str, ...] = ()


_WITHHELD_CALLER = CallerId(CallerKind.WITHHELD)
_INTERNAL_CALLER = CallerId(CallerKind.INTERNAL)
_IMPOSSIBLE_CALLER = CallerId(CallerKind.IMPOSSIBLE)


class CallerReader:
    """Reads callers by the configured country, area code and forms of a key. Safe for several threads."""

    def __init__(self, parser: NumberParser) -> None:
        # Loading libphonenumber takes longer than starting a command that needs no numbers.
        from astsync.phonebook.numbers.country_plan import number_plan

        self._parser = parser
        self._only_e164 = parser.forms == ("e164",)
        rules = {"country": parser.country, "area_code": parser.area_code}
        self._e164 = parser if self._only_e164 else NumberParser(**rules, forms=("e164",))
        # Where 8 is dialled before a national number, digits with it are no calling code: 84 is Vietnam's.
        self._trunk = "8" if number_plan(parser.country).trunk == "8" else "0"

    def read(self, text: str) -> CallerId:
        """What a caller is; never raises. ``text`` may be of any length and hold anything.

        Taken are ``+7…``, ``7…``, ``8…``, ten digits, a local number where an area code is set, ``00`` and ``810``
        before a calling code, also with blanks, brackets, dots and hyphens; ``"name" <number>``, ``sip:number@host``,
        ``tel:number``. Digits of another country are taken without "+" as well.
        """
        if len(text) > LONGEST_CALLER or _CONTROLS.search(text):
            return _IMPOSSIBLE_CALLER
        bare = _unwrapped(text)
        if bare is None:
            return _IMPOSSIBLE_CALLER
        number = bare.translate(_SIGNS)
        if not number:
            return _WITHHELD_CALLER if not bare else _IMPOSSIBLE_CALLER
        if not _NUMBER.fullmatch(number):
            return _word(bare)
        if len(number) <= _LONGEST_EXTENSION and number[0] != "+":
            return _INTERNAL_CALLER
        return self._numbered(number) if len(number) <= _MOST_DIGITS + 1 else _IMPOSSIBLE_CALLER

    def _numbered(self, number: str) -> CallerId:
        """Read digits, with or without "+". Some carriers send the digits of other countries without it."""
        found = self._e164.parse(number).keys
        abroad = number[0] not in {"+", "0", self._trunk}
        if not found and abroad:
            digits, number = number, f"+{number}"
            # No digit may have to go to make a number of them: 49 0201 0000 is no number of Germany.
            found = tuple(key for key in self._e164.parse(number).keys if key == digits)
        if len(found) != 1:
            return _IMPOSSIBLE_CALLER
        return CallerId(CallerKind.NUMBER, found[0], found if self._only_e164 else self._parser.parse(number).keys)


def caller_text(number: str, presentation: str = "") -> str:
    """What is to be looked up of a caller as FastAGI sends it: ``agi_callerid`` and ``agi_callingpres``.

    "" where the caller asked that the number be not shown. Then a name must not be shown either.
    """
    shown = not presentation.isdecimal() or len(presentation) > 3  # it is a number below 256
    return number if shown or int(presentation) & _RESTRICTION != _RESTRICTED else ""


def _unwrapped(text: str) -> str | None:
    """The number or the word alone, without the name, the scheme and the host around it; None where there is none."""
    text = text.strip()
    if text.endswith(">"):
        _, opening, text = text[:-1].rpartition("<")
        if not opening:
            return None
        text = text.strip()
    uri = _URI.fullmatch(text)
    scheme, rest = (uri[1].lower(), uri[2]) if uri else ("", text)
    user, at, _host = rest.partition("@")
    if scheme.startswith("sip") and not at:
        return None  # a host alone
    if scheme or at:
        user = re.split("[;:?]", user, maxsplit=1)[0].replace("%2B", "+").replace("%2b", "+")
    user = user.strip().strip('"').strip()
    return None if _IP_ADDRESS.fullmatch(user) else user


def _word(text: str) -> CallerId:
    """What a caller is that is no number: ``anonymous``, the name of an account (``ivan2024``), or nonsense."""
    if "-".join(text.lower().replace("_", " ").replace("-", " ").split()) in _WITHHELD:
        return _WITHHELD_CALLER
    return _INTERNAL_CALLER if _ACCOUNT.fullmatch(text) else _IMPOSSIBLE_CALLER
