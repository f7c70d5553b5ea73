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
        """Whether the 8 behind a "+" is the trunk prefix: in +8 (495) …, but not in +84 95 …, a number of Vietnam.

        The groups decide. Where there are none, it is one if the number is valid at home.
        """
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
            if at_home:  # + (495) 229-30-42 is of Moscow, though +49 52293042 were of Germany
                return Number("7", text, PLUS_CODE)
        if self._has_second_code(text):
            return self._international(text[1:], CODE_TWICE)
        if text.startswith("7810") and len(text) > WITH_SEVEN + 3:
            return self._international(text[4:], PREFIX_810)  # +7 (8 10 375 29) …: 1C's form put +7 before
        return self._with_both(digits) or super()._plus(digits)

    @staticmethod
    def _has_second_code(text: str) -> bool:
        """Whether a neighbour's number stands behind a 7 or 8: 1C's form puts +7 before 375 29 123-45-67."""
        return len(text) > WITH_SEVEN and text[0] in "78" and text[1:4] in NEIGHBOURS

    def _with_both(self, digits: Digits) -> Number | None:
        """Read +7 8 495 …, a number with both prefixes.

        Where the 8 does not stand apart, it may begin an area code: +7 (8482) 12-34-567 has a digit too many instead.
        """
        text, groups, _ = digits
        if len(text) != WITH_SEVEN + 1 or text[:2] != "78" or not self.plan.valid(text[2:]):
            return None
        apart = groups[0] == "78" or groups[1:2] == ["8"]
        return Number("7", text[2:], CODE_TRUNK) if apart or not self.plan.code_exists(text[1:4]) else None

    def _ten(self, national: str, rule: str) -> Number | None:
        """Take ten digits behind a prefix.

        New blocks are assigned often and the metadata learns of them late. So it is enough that the code exists.
        """
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
            return None  # it may be of Kazakhstan, a taxpayer's number, or a number that lost a digit
        return Number("7", text, NATIONAL) if self.plan.valid(text) else None


def _keeps_code(groups: list[str]) -> bool:
    """Whether the area code stays whole when its first digit is taken for the prefix 8 or 7.

    8 (495) 229-30-42, 8495 229-30-42 and 84 952 293 042 keep it; (847) 213-82-010 has a digit too many instead.
    """
    first = len(groups[0])
    return first == 1 or first >= _LEAST_BRACKETED or all(len(group) == 3 for group in groups[1:])


def reader_for(country: str) -> NumberReader:
    """The reader of a country (ISO 3166 alpha-2). Raises ValueError for one that libphonenumber does not know."""
    return SevenReader(country) if number_plan(country).country_code == 7 else NumberReader(country)
