"""The numbers of a whole field, run by run; a local number takes its area code from the numbers before it."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from astsync.language import say
from astsync.phonebook.numbers.area_codes import CODE_WORD, LONGEST_CODE, CodesApart
from astsync.phonebook.numbers.local_numbers import LEAST_LOCAL, MOST_LOCAL, PREFIXES, USUAL_LOCAL, local_digits
from astsync.phonebook.numbers.pieces import START, PieceKind, Way
from astsync.phonebook.numbers.reading import Number, NumberReader
from astsync.phonebook.numbers.run_cutting import RunCutting, inherited_after
from astsync.phonebook.numbers.run_groups import GROUP, Groups, digit_count
from astsync.phonebook.numbers.runs import Run
from astsync.phonebook.numbers.small_numbers import is_placed
from astsync.phonebook.numbers.whole_numbers import CODE_DIGITS, MOST_DIGITS, NATIONAL_DIGITS

INHERITED: Final = say("area code inherited")
CONFIGURED: Final = say("configured area code")
TAIL_IGNORED: Final = say("digits after the number ignored")
INDEX_IGNORED: Final = say("small number before the number ignored")

_PLAIN_LOCAL = re.compile(r"\d{1,3}(?:-\d\d){1,2}|\d{1,3}-\d{2,4}")
# What a number of another country may begin with where its "+" is missing.
_ABROAD = re.compile(r"8[ -]?10|00|3[78]\d|99\d")
_LONGEST_ALONE = 30  # characters of one number
_LEAST_WITH_MORE = 11  # digits of a number with its "+" and of something else
_APART = re.compile(r"\d{2,3} ")  # an office or a house, where a word says so
_NEW_ITEM = re.compile(r"[;\n]|\d *, *(?!код)")  # what separates a code from the number before it
# A word before a number that names a place or a person. Behind it no area code of another country is inherited.
_NAMED = re.compile(r"(?<![^\W\d_])(?!тел|факс|моб|раб|внут)[^\W\d_]{4,}[\s.:-]{0,3}\Z")
_FAR = 8  # numbers back from which an area code is taken


class FieldNumbers:
    """The numbers of one field, found run by run in their order.

    ``area_code`` is the configured one. ``rules`` say what was passed over.
    """

    def __init__(self, reader: NumberReader, area_code: str, codes: CodesApart) -> None:
        self._reader, self._area_code, self._codes = reader, area_code, codes
        self._local_first = reader.plan.length > MOST_LOCAL  # then no local number can be a whole one
        self.numbers: list[Number] = []
        self.rules: list[str] = []
        self.has_local = False
        """A local number was found that no area code made a whole one."""
        self._code_apart = ""
        """An area code that stood apart from its number, as "8 (905)" does in a line of its own."""
        self._blocked = False
        """What follows may belong to another code than the configured one.

        So it is behind a number that was spoilt or is of a mobile line, and behind a code that is not known.
        """

    def add(self, run: Run) -> None:
        """Find the numbers of one run, or the area code that the whole run is.

        A run in which a letter stands for a digit gives nothing, but it may have had a code of its own. Behind
        8 (831) 413-2З-60 the configured code is put before no local number.
        """
        if run.spoilt:
            self._blocked = self._blocked or self._has_code(run)
            return
        short = len(run.text) <= LONGEST_CODE and not (len(run.text) > USUAL_LOCAL and run.text.isdigit())
        code = self._codes.read(run) if short else None
        if code is not None:
            self._take_code(code, run)
            return
        known = len(self.numbers)
        if len(run.text) >= LEAST_LOCAL:
            self._find(run)
            if len(self.numbers) == known and run.loose:
                self._find(run._replace(plus=False))  # 229-30-42 + 229-30-43
        if len(self.numbers) == known:
            self._blocked = self._blocked or self._has_code(run)
        elif self._code_apart or self._blocked:
            fixed = any(map(self._reader.is_fixed, self.numbers[known:]))
            # The code of a mobile number is not its neighbours': 8 (903), 625-17-40, раб. 641-25-08.
            self._code_apart, self._blocked = "", not fixed

    def _take_code(self, code: str, run: Run) -> None:
        """Keep a code for the numbers behind it.

        217-56-30 г. Екатеринбург (343): the number before the code was read with the configured code, and wrongly. It
        is dropped.
        """
        last = self.numbers[-1] if self.numbers else None
        other = code and code != self._area_code and not _NEW_ITEM.search(run.before)
        if other and last is not None and last.rule == CONFIGURED:
            self.numbers.pop()
        self._code_apart, self._blocked = code, not code

    def look_ahead(self, runs: list[Run]) -> None:
        """Take the area code that a field names by the word "код", wherever it stands: 260-13-24 (код 846)."""
        named = (self._codes.read(run) for run in runs if CODE_WORD.search(run.before))
        self._code_apart = next(filter(None, named), "")

    def _has_code(self, run: Run) -> bool:
        """Whether a run that gave no number was one with a code of its own."""
        match, count = GROUP.search(run.text), digit_count(run.text)
        if match is None or count < USUAL_LOCAL:
            return False
        first, plan = match[0], self._reader.plan
        if run.plus or "(" in run.text or first in PREFIXES or first[0] == "0":
            return True
        bare = len(first) >= CODE_DIGITS and USUAL_LOCAL < count < NATIONAL_DIGITS == plan.length
        return bare and plan.code_exists(first[:CODE_DIGITS])

    def _find(self, run: Run) -> None:
        placed = run.before and _APART.match(run.text) and is_placed(run)  # офис 301 229-30-42
        whole = None if placed else self._whole(run)
        if whole is not None:
            self.numbers.append(whole)
        elif not run.text.isdigit() and not (run.plus and digit_count(run.text) < _LEAST_WITH_MORE):
            self._cut(run)
        elif len(run.text) == USUAL_LOCAL and not run.plus and self._is_unglued_local(run):
            self.has_local = True

    def _whole(self, run: Run) -> Number | None:
        """Read a run that is surely one number: plainly written, in one piece, with its "+", of another country."""
        text, reader, plus = run.text, self._reader, run.plus
        if plus or len(text) >= reader.plan.length:
            plain = reader.read_plain(text, plus=plus)
            if plain is not None:
                return plain
        digits = text.isdigit()
        local = (digits or _PLAIN_LOCAL.fullmatch(text)) and not plus and self._is_unglued_local(run)
        if local and self._local_first:
            return self._local(run, text, START)
        number = None
        if digits or ((plus or _ABROAD.match(text)) and len(text) <= _LONGEST_ALONE and "/" not in text):
            number = reader.read_closely(text, plus=plus)
            if number is not None and (plus or digits or number.country_code != reader.code):
                return number
        return self._local(run, text, START) if digits and local else None

    def _is_unglued_local(self, run: Run) -> bool:
        return not run.glued and local_digits(run.text, self._reader.plan.trunk) > 0

    def _cut(self, run: Run) -> None:
        """Cut a run that may hold several numbers. Nobody types several numbers digit by digit: 8 9 1 6 1 2 …"""
        groups = Groups(run)
        way = None
        if groups.count <= MOST_DIGITS or not groups.is_sparse:
            way = RunCutting(self._reader, self._area_code, groups, partial(self._local, run)).best()
        if way is not None:
            self._take(way)
        elif not run.plus and not run.glued and local_digits(run.text, self._reader.plan.trunk) == USUAL_LOCAL:
            self.has_local = True

    def _take(self, way: Way) -> None:
        """Keep the numbers of a way, and the rules that passed over digits."""
        for piece in way.steps():
            if piece.number is not None:
                self.numbers.append(piece.number)
            else:
                behind = piece.kind in {PieceKind.AFTER, PieceKind.ACCOUNT}
                rule = TAIL_IGNORED if behind else INDEX_IGNORED
                self.rules += [] if rule in self.rules else [rule]

    def _local(self, run: Run, text: str, way: Way) -> Number | None:
        """Read a local number (``text``, a part of ``run``) by the first area code that makes it a whole number.

        ``way`` is how the run was cut before it.
        """
        return next(self._locals(run, text, digit_count(text), way), None)

    def _locals(self, run: Run, text: str, width: int, way: Way) -> Iterator[Number]:
        abroad = way.inherited.abroad
        if way.last is None and self.numbers and not _NAMED.search(run.before):
            abroad = self.numbers[-1]
        number = self._reader.local_abroad(text, abroad, INHERITED) if abroad is not None else None
        if number is not None:
            yield number
        elif abroad is not None and self._may_be_of(abroad, text, width):
            return
        for area, rule in self._areas(width, way):
            number = self._reader.local(text, area, rule)
            if number is not None:
                yield number

    def _may_be_of(self, number: Number, text: str, width: int) -> bool:
        """Whether a local number is of the same exchange as a number of another country.

        +375 29 641-25-08, 641-25-09: it is surely no number at home, even where it is none of that country.
        """
        if number.country_code == self._reader.code or not number.area:
            return False
        if len(number.area) + width != len(number.national):
            return False
        exchange = number.national.removeprefix(number.area)[:CODE_DIGITS]
        return "".join(GROUP.findall(text)).startswith(exchange)

    def _areas(self, width: int, way: Way) -> Iterator[tuple[str, str]]:
        """Yield the area codes for a local number of this many digits, each with its rule, the nearest first.

        The nearest is a code that stands apart in the field. Then come the numbers before it in its own run, those of
        the runs before, and last the configured code.
        """
        if self._code_apart:
            yield self._code_apart, INHERITED
            return
        inherited = way.inherited
        if inherited.area is None:
            fixed = next(filter(self._reader.is_fixed, self.numbers[: -_FAR - 1 : -1]), None)
            inherited = START.inherited if fixed is None else inherited_after(self._reader, fixed, START.inherited)
        if inherited.area:
            yield inherited.area, INHERITED
        elif inherited.start and width == USUAL_LOCAL:
            yield inherited.start, INHERITED
        if self._area_code and not self._blocked:
            yield self._area_code, CONFIGURED
