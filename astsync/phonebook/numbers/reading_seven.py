"""One run of digits read as a phone number of Russia or Kazakhstan: the prefixes 7 and 8, and codes of three to five.

Both countries share the calling code 7 and the trunk prefix 8.
"""

from astsync.phonebook.numbers.calling_codes import is_calling_code
from astsync.phonebook.numbers.country_plan import number_plan
from astsync.phonebook.numbers.reading import (
    CODE_TRUNK,
    CODE_TWICE,
    NATIONAL,
    NEIGHBOURS,
    NO_PLUS,
    PLUS_CODE,
    PREFIX_810,
    UNASSIGNED,
    WITH_SEVEN,
    Digits,
    Number,
    NumberReader,
)

_LEAST_CODE, _LONGEST_CODE = 3, 5  # digits
_LEAST_BRACKETED = 4  # digits of a trunk prefix and a code in one pair of brackets: (8495), (8-473)


class SevenReader(NumberReader):
    """Reads numbers as they are written in Russia and Kazakhstan, which share the calling code 7 and the trunk 8."""

    def _may_be_home(self, count: int, start: str) -> bool:
        if count == WITH_SEVEN:
            return start[0] in "78"
        if count == self.plan.length or (count == WITH_SEVEN + 1 and start[:2] == "78"):
            return True
        return WITH_SEVEN < count <= WITH_SEVEN + 2 and start[0] in "78" and start[1:2] in {"3", "9"}

    def _is_trunk(self, digits: Digits) -> bool:
        """Tell +8 (495) … from +84 95 …: the groups decide, and where there are none, the reading at home wins."""
        text, groups, _ = digits
        if groups[0] == "8":
            return True
        apart = len(groups) > 1 and is_calling_code(groups[0])
        return text[0] == "8" and len(text) == WITH_SEVEN and not apart and self.plan.valid(text[1:])

    def _international(self, text: str, rule: str) -> Number | None:
        if text[:1] != "7":
            return super()._international(text, rule)
        return self._ten(text[1:], rule)

    def _plus(self, digits: Digits) -> Number | None:
        text, groups, _ = digits
        if len(groups) > 1 and len(text) == self.plan.length and not is_calling_code(groups[0]):
            at_home = _LEAST_CODE <= len(groups[0]) <= _LONGEST_CODE and self.plan.valid(text)
            if at_home:  # + (495) 229-30-42 is no number of Germany, though its digits are
                return Number("7", text, PLUS_CODE)
        if self._has_second_code(text):
            return self._international(text[1:], CODE_TWICE)
        if text.startswith("7810") and len(text) > WITH_SEVEN + 3:
            return self._international(text[4:], PREFIX_810)  # +7 (8 10 375 29) …: 1C's form put +7 before
        return self._with_both(digits) or super()._plus(digits)

    @staticmethod
    def _has_second_code(text: str) -> bool:
        """Tell +7 375 29 123-45-67: 1C's form put its own code before a neighbour's number."""
        return len(text) > WITH_SEVEN and text[0] in "78" and text[1:4] in NEIGHBOURS

    def _with_both(self, digits: Digits) -> Number | None:
        """Read +7 8 495 …; where the 8 does not stand apart it may be an area's: +7 (8482) 12-34-567 is too long."""
        text, groups, _ = digits
        if len(text) != WITH_SEVEN + 1 or text[:2] != "78" or not self.plan.valid(text[2:]):
            return None
        apart = groups[0] == "78" or groups[1:2] == ["8"]
        return Number("7", text[2:], CODE_TRUNK) if apart or not self.plan.code_exists(text[1:4]) else None

    def _ten(self, national: str, rule: str) -> Number | None:
        """Take ten digits after a prefix; a new block of an old code may not be in the metadata: the code decides."""
        if len(national) != self.plan.length:
            return None
        if self.plan.valid(national):
            return Number("7", national, rule)
        return Number("7", national, UNASSIGNED) if self.plan.code_exists(national[:3]) else None

    def _home(self, digits: Digits) -> Number | None:
        text, groups, _ = digits
        if len(text) == WITH_SEVEN and text[0] in "78":
            return self._ten(text[1:], NO_PLUS if text[0] == "7" else "trunk prefix 8") if _keeps_code(groups) else None
        if len(text) > WITH_SEVEN and len(groups) > 1:  # in one piece it may be a taxpayer's number
            return self._international(text[1:], CODE_TWICE) if self._has_second_code(text) else self._with_both(digits)
        if len(text) != self.plan.length or groups[0] in {"7", "8"}:
            return None
        if text[0] == "7" and self.country != "KZ" and not digits.bracketed:
            return None  # of Kazakhstan, but a taxpayer's number as well, or a number that lost a digit
        return Number("7", text, NATIONAL) if self.plan.valid(text) else None


def _keeps_code(groups: list[str]) -> bool:
    """Tell whether a prefix of one digit leaves the area code whole: (847) 213-82-010 has a digit too many instead."""
    first = len(groups[0])
    return first == 1 or first >= _LEAST_BRACKETED or all(len(group) == 3 for group in groups[1:])


def reader_for(country: str) -> NumberReader:
    """Give the reader of a country. Raises ValueError for a country that libphonenumber does not know."""
    return SevenReader(country) if number_plan(country).country_code == 7 else NumberReader(country)
