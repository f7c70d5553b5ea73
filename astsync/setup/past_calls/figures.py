"""What the phonebook says of calls: which share of the callers it names, and what would name more. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from astsync.lookup.callers import CallerId, CallerKind
from astsync.phonebook.numbers.parser import FORMS, NumberParser
from astsync.setup.past_calls.incoming import IncomingCall

_LOCAL_DIGITS = range(6, 8)  # of a number without its area code; up to five digits are an extension
_LONGEST_AREA = 5  # digits of an area code
_ENOUGH = 2  # calls that an area code must name to be proposed
_KEY_LETTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class CallerLookup(StrEnum):
    """How a dialplan makes the key of a caller.

    EXACT: the digits as the carrier sends them, without signs: the line of README with FILTER. ANY_SPELLING: the
    contexts of examples/asterisk (``astsync-key``), and ``serve``, make the keys of whatever spelling.
    """

    EXACT = "exact"
    ANY_SPELLING = "any spelling"


class SpelledAs(StrEnum):
    """How a carrier writes a caller's number. ``shape`` of ``SpellingCount`` shows it: +7XXXXXXXXXX."""

    PLUS = "plus"
    E164 = "e164"
    TRUNK = "trunk"
    NATIONAL = "national"
    LOCAL = "local"
    ABROAD = "abroad"
    OTHER = "other"


@dataclass(slots=True)
class SpellingCount:
    """The calls whose number is written in one way: how many, how many have an entry, how many are found by it."""

    written: SpelledAs
    shape: str
    calls: int = 0
    in_book: int = 0
    named: int = 0


@dataclass(slots=True)
class CallFigures:
    """The figures of calls from outside.

    ``numbers`` are the calls with a number, ``in_book`` those whose caller has an entry, ``named`` those that the
    lookup EXACT finds. ``forms`` says how many more it would find with a form of ``numbers.forms`` that is not set,
    ``areas`` how many an area code would name. ``local`` are calls whose number lacks its area code where none is set,
    ``impossible`` other texts that are no number. ``shown`` are calls that ended with the name of the phonebook,
    ``carried`` those that ended with any name. ``unknown`` counts the calls of numbers that have no entry.
    """

    calls: int = 0
    numbers: int = 0
    in_book: int = 0
    named: int = 0
    withheld: int = 0
    impossible: int = 0
    local: int = 0
    shown: int = 0
    carried: int = 0
    first: datetime | None = None
    last: datetime | None = None
    spellings: list[SpellingCount] = field(default_factory=list)
    forms: dict[str, int] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)

    def found_by(self, lookup: CallerLookup) -> int:
        """How many calls a dialplan of this kind names."""
        return self.named if lookup is CallerLookup.EXACT else self.in_book


def figures_of(calls: Iterable[IncomingCall], book: Mapping[str, str], parser: NumberParser) -> CallFigures:
    """Count calls against a phonebook, its names by key. ``parser`` is that of the configuration."""
    counting = _Counting(book, parser)
    for call in calls:
        counting.add(call)
    return counting.figures()


class _Counting:
    def __init__(self, book: Mapping[str, str], parser: NumberParser) -> None:
        from astsync.phonebook.numbers.country_plan import number_plan

        self._book, self._parser = book, parser
        rules = {"country": parser.country, "area_code": parser.area_code}
        self._by_form = {form: NumberParser(**rules, forms=(form,)) for form in FORMS}
        self._code = str(number_plan(parser.country).country_code)
        self._found = CallFigures()
        self._spellings: dict[str, SpellingCount] = {}
        self._gains: Counter[str] = Counter()
        self._local: Counter[str] = Counter()

    def add(self, call: IncomingCall) -> None:
        """Count one call."""
        found, caller = self._found, call.caller
        found.calls += 1
        _widen(found, call.record.start)
        found.carried += bool(call.record.name) and call.record.name != call.record.source
        if caller.kind is CallerKind.WITHHELD:
            found.withheld += 1
        elif caller.kind is CallerKind.IMPOSSIBLE:
            self._impossible(call.record.source)
        else:
            self._number(call)

    def figures(self) -> CallFigures:
        """What was counted."""
        found = self._found
        found.spellings = sorted(self._spellings.values(), key=lambda spelling: (-spelling.calls, spelling.shape))
        found.forms = {form: more for form, more in self._gains.most_common() if more}
        found.areas = self._areas()
        return found

    def _number(self, call: IncomingCall) -> None:
        found, caller, text = self._found, call.caller, call.record.source
        digits = "".join(filter(_KEY_LETTERS.__contains__, text))
        name = next((self._book[key] for key in (*caller.keys, caller.number) if key in self._book), None)
        exact = digits in self._book
        spelling = self._spelling(text, digits, caller)
        spelling.calls += 1
        spelling.in_book += name is not None
        spelling.named += exact
        found.numbers += 1
        found.in_book += name is not None
        found.named += exact
        if name is None:
            found.unknown[caller.number] += 1
            return
        found.shown += call.record.name == name
        if not exact and spelling.written.value in FORMS:
            self._gains[spelling.written.value] += 1
        elif not exact and spelling.written is SpelledAs.PLUS:
            self._gains[SpelledAs.E164.value] += 1

    def _spelling(self, text: str, digits: str, caller: CallerId) -> SpellingCount:
        """How the number is written. The kinds that differ in nothing but their digits are one."""
        number = caller.number
        by_form = {form: self._by_form[form].parse(f"+{number}").keys for form in FORMS}
        at_home = by_form["national"] != (number,)
        written, shape = SpelledAs.OTHER, ""
        if not at_home:
            written, shape = SpelledAs.ABROAD, "+…" if text.startswith("+") else ""
        elif digits == number:
            plus = "+" in text
            written = SpelledAs.PLUS if plus else SpelledAs.E164
            shape = f"{'+' if plus else ''}{self._code}{'X' * (len(number) - len(self._code))}"
        elif (digits,) == by_form["trunk"]:
            written = SpelledAs.TRUNK
            shape = digits[: len(digits) - len(by_form["national"][0])] + "X" * len(by_form["national"][0])
        elif (digits,) == by_form["national"]:
            written, shape = SpelledAs.NATIONAL, "X" * len(digits)
        elif number.endswith(digits):
            written, shape = SpelledAs.LOCAL, "X" * len(digits)
        return self._spellings.setdefault(f"{written} {shape}", SpellingCount(written, shape))

    def _impossible(self, text: str) -> None:
        digits = "".join(filter(_KEY_LETTERS.__contains__, text))
        is_local = digits.isdecimal() and len(digits) in _LOCAL_DIGITS and "+" not in text
        if is_local and not self._parser.area_code:
            self._found.local += 1
            self._local[digits] += 1
        else:
            self._found.impossible += 1

    def _areas(self) -> dict[str, int]:
        """The area codes that would name calls of local numbers: those of entries that end in such a number."""
        if not self._local:
            return {}
        more: Counter[str] = Counter()
        for key in self._book:
            if not key.startswith(self._code):
                continue
            for length in _LOCAL_DIGITS:
                calls = self._local.get(key[-length:])
                area = key[len(self._code) : -length]
                if calls and 1 < len(area) <= _LONGEST_AREA:
                    more[area] += calls
        return {area: calls for area, calls in more.most_common(3) if calls >= _ENOUGH}


def _widen(found: CallFigures, start: datetime | None) -> None:
    if start is not None:
        found.first = min(found.first or start, start)
        found.last = max(found.last or start, start)


def forms_to_add(found: CallFigures, forms: Sequence[str]) -> tuple[str, ...]:
    """The forms with which more calls would be named, those that are set left out."""
    return tuple(form for form in FORMS if found.forms.get(form) and form not in forms)
