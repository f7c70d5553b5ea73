"""The XML of ЗначенияПолей in the very form in which 1C itself writes it.

Nearly all rows have that form, and a list has hundreds of thousands of them. One regular expression reads it some
fifteen times faster than a parser of XML. It matches only where both read the same: nothing is escaped, no name stands
twice, and no character is one that XML forbids or changes. For any other text None comes, and ``phone_texts`` parses
it.

Beside the same values in JSON the XML needs not be read: ``XmlForm`` writes it as 1C would, and compares.
"""

import re
from collections.abc import Sequence

_VALUE = r'"([^"<&\x00-\x1f\ud800-\udfff\ufffe\uffff]*)"'
_TEXT = r"([^<>&\x00-\x1f\ud800-\udfff\ufffe\uffff]*)"
_ADDRESS = r'"[a-zA-Z0-9:/.-]*"'
_USUAL = re.compile(
    rf"<КонтактнаяИнформация(?: xmlns={_ADDRESS})?(?: xmlns:xs={_ADDRESS})?(?: xmlns:xsi={_ADDRESS})?"
    rf" Представление={_VALUE}>(?:<Комментарий/>|<Комментарий>{_TEXT}</Комментарий>)?"
    rf'<Состав xsi:type="НомерТелефона" КодСтраны={_VALUE} КодГорода={_VALUE} Номер={_VALUE}(?: Добавочный={_VALUE})?'
    r" ?/></КонтактнаяИнформация>"
)

UsualXml = tuple[str, str, str, str, str, str]
"""Country, area, number, extension, comment, and the text that people see, as they stand in the XML."""


def usual_xml(text: str) -> UsualXml | None:
    """Read the XML that 1C writes; None for any other text."""
    found = _USUAL.fullmatch(text)
    return None if found is None else _values(found)


def _values(found: re.Match[str]) -> UsualXml:
    seen, comment, country, area, number, extension = found.groups("")
    return country, area, number, extension, comment, seen


class XmlForm:
    """The form of the XML that was read last: the same text with other values in it is the XML of these values.

    All rows of a base have one form, or a few. To write and to compare takes a third of the time of reading.
    """

    def __init__(self) -> None:
        self._between: tuple[str, ...] = ()  # what stands between the values, in the order of the text

    def read(self, text: str) -> UsualXml | None:
        """Read the XML that 1C writes, and keep its form; None for any other text."""
        found = _USUAL.fullmatch(text)
        if found is None:
            return None
        if None not in found.groups():
            ends = [0, *(end for value in range(1, 7) for end in found.span(value)), len(text)]
            self._between = tuple([text[ends[at] : ends[at + 1]] for at in range(0, len(ends), 2)])
        return _values(found)

    def fits(self, text: str, held: Sequence[str]) -> bool:
        """Whether a text is the XML of values (``UsualXml``) in the form that is known: a parser would read these.

        False also where nothing is known, or a value has a character that XML may change or forbids.
        """
        if not self._between:
            return False
        a, b, c, d, e, f, g = self._between
        country, area, number, extension, comment, seen = held
        values = "".join(held)
        if "\n" in seen:  # the only character that is escaped in some texts
            values, seen = values.replace("\n", "", seen.count("\n")), seen.replace("\n", "&#10;")
        if text != f"{a}{seen}{b}{comment}{c}{country}{d}{area}{e}{number}{f}{extension}{g}":
            return False
        marked = "<" in values or ">" in values or "&" in values or '"' in values
        return not marked and values.isprintable()
