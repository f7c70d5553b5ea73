"""Area codes that stand apart from their numbers: ``8 (905)`` in a line of its own, ``код 3532, тел. 77-10-45``."""

import re
from functools import lru_cache
from typing import Final

from astsync.phonebook.numbers.calling_codes import is_calling_code
from astsync.phonebook.numbers.reading import NumberReader
from astsync.phonebook.numbers.run_groups import GROUP, digit_count
from astsync.phonebook.numbers.runs import Run
from astsync.phonebook.numbers.small_numbers import is_placed
from astsync.phonebook.numbers.whole_numbers import CODE_DIGITS, NATIONAL_DIGITS

LONGEST_CODE: Final = 13
"""Characters of a run that may be a code alone."""

CODE_WORD: Final = re.compile(r"(?<![^\W\d_])код(?: города)?[\s.:№]{0,3}\Z")

# 8 (905), +7 905, (846): a prefix with a sign behind it, or one that leaves a whole code.
_SEVEN_CODE = re.compile(
    r"(?:\((?=[78][ .(-]))?(?P<prefix>(?:[78][ .(-]{1,3}|[78](?!\d{4}\)?\Z))?)\(?(?P<code>\d{3,5}) ?\)*"
)
# (067), 8 (029), 0462: of Ukraine or Belarus, in a base of Russia.
_FOREIGN_CODE = re.compile(r"\(0\d{1,4}\)|8[ .-]{0,2}\(0\d{1,4}\)|0\d{2,4}")
# The same at home, with a trunk prefix 0, 8 or 80.
_NATIONAL_CODE = re.compile(r"\(*(?:(?:8[ .(-]{0,3})?0|8[ .(-]{1,3}|38[ .(-]{0,3}0?)?[ .(-]*(?P<code>\d{2,5})\)*")
_WIDTHS = range(2, 6)  # digits of a code
_MOST_DIGITS = 7  # of a prefix and a code
_POSTAL_DIGITS = 5  # 01001 is a postal code of Ukraine
_LEAST_FREE = 3  # digits behind a code


def begins_a_number(reader: NumberReader, code: str) -> bool:
    """Whether any number under the reader's calling code begins with a code; only its first three digits count.

    ``NumberPlan.code_exists`` asks for three digits exactly, and for Russia without Kazakhstan.
    """
    return _begins(reader, code[:CODE_DIGITS])


@lru_cache(maxsize=4096)
def _begins(reader: NumberReader, start: str) -> bool:
    # Two hundred numbers of each start are tried, and the answer is remembered: there are some thousand starts.
    plan = reader.plan
    if plan.length - len(start) < _LEAST_FREE:
        return False
    return any(plan.valid(f"{start}{n:02d}".ljust(plan.length, fill)) for fill in "05" for n in range(100))


class CodesApart:
    """Finds the runs that are an area code and nothing else. ``area_code`` is the configured one."""

    def __init__(self, reader: NumberReader, area_code: str) -> None:
        self._reader, self._area_code = reader, area_code

    def read(self, run: Run) -> str | None:
        """The area code that a whole run is: "846" for ``(846)``; None where it is none.

        "" stands for a code of another country, and for digits that may be a code or not: with either, the configured
        code must not be put before what follows.
        """
        plan = self._reader.plan
        if run.glued or not plan.length:
            return None
        # Kazakhstan writes its codes as its neighbours with other calling codes do, not as Russia does.
        if plan.length != NATIONAL_DIGITS or self._reader.country == "KZ":
            few = _WIDTHS[0] <= digit_count(run.text) <= _MOST_DIGITS
            code = self._national(run) if few else None
        else:
            code = self._of_seven(run) if self._reader.code == "7" else None
        return None if code is None or is_placed(run) else code

    def _of_seven(self, run: Run) -> str | None:
        match = _SEVEN_CODE.fullmatch(run.text)
        if run.plus and (match is None or not match["prefix"]):
            digits = "".join(GROUP.findall(run.text))
            return "" if len(digits) <= _MOST_DIGITS and is_calling_code(digits[:CODE_DIGITS]) else None
        if match is None or not self._reader.plan.code_exists(match["code"][:CODE_DIGITS]):
            return "" if _FOREIGN_CODE.fullmatch(run.text) else None
        told = bool(match["prefix"]) or run.plus
        return self._told(match["code"], run, told=told)

    def _national(self, run: Run) -> str | None:
        own, text = self._reader.code, run.text.lstrip("(")
        bare = text.removeprefix(own)
        if _NATIONAL_CODE.fullmatch(bare or text) is None:
            return None
        digits = "".join(GROUP.findall(run.text))
        if len(digits) > len(own) + 1 and digits.startswith(own) and (run.plus or len(own) > 1):
            return self._existing(digits.removeprefix(own), run, told=True)
        if run.plus:
            return ""
        told = (digits[0] == "0" and len(digits) < _POSTAL_DIGITS) or digits[:2] == "80"
        code = digits.removeprefix("38") if own == "380" else digits
        code = (code.removeprefix("8") if len(code) > _WIDTHS[0] else code).removeprefix("0")
        return self._existing(code, run, told=told)

    def _existing(self, code: str, run: Run, *, told: bool) -> str | None:
        if len(code) not in _WIDTHS:
            return None
        if not begins_a_number(self._reader, code):
            return "" if told else None
        return self._told(code, run, told=told)

    def _told(self, code: str, run: Run, *, told: bool) -> str | None:
        """The code, where a prefix (``told``), a bracket or a word marks it; "" for bare digits before a comma."""
        if told or "(" in run.text or code == self._area_code or CODE_WORD.search(run.before):
            return code
        return "" if run.comma else None
