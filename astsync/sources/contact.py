"""Contact information of 1C (the tabular section КонтактнаяИнформация, or the register) to phone fields.

One row holds the same phone in several ways, which may be empty, cut or disagree. The order of trust: the JSON of
``Значение``, the XML of ``ЗначенияПолей``, ``Поле1`` to ``Поле3`` of the register before 1C's standard library (all
three say which digits are the country, the area and the number), then
``Представление`` as the user sees it, then ``НомерТелефона`` (20 characters in older configurations).
"""

import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import orjson

from astsync.phonebook.model import Phone
from astsync.sources.markup import elements
from astsync.sources.values import MAX_TEXT, Row, column, line_number, text_of

logger = logging.getLogger(__name__)

CONTACTS = "КонтактнаяИнформация"
"""The tabular section, the same in every configuration built on 1C's standard library (БСП)."""

PHONE_TYPE = "Телефон"
"""The value of the column Тип whose rows are phones; faxes, addresses and e-mail have others."""

KEY_COLUMNS = ("Ref_Key", "LineNumber")
VALUE_COLUMNS = ("Тип", "Вид_Key", "Представление", "НомерТелефона", "Значение", "ЗначенияПолей", "ДействуетС")
"""The columns that are read where they exist; which of them exist differs between configurations of 1C."""

USUAL_COLUMNS = VALUE_COLUMNS[:4]
"""Those of them that every configuration has that was seen: asked for where no row tells which exist."""

_NO_REFERENCE = "00000000-0000-0000-0000-000000000000"
_NO_DATE = "0001-01-01"
_SEPARATORS = re.compile(r"[\s().-]+")
_NOT_DIGITS = re.compile(r"[^0-9]+")

LONGEST_STRUCTURE = 64 * 1024
"""Characters of Значение or ЗначенияПолей; what is longer is no phone and is passed over."""


def today_here() -> date:
    """Give today's date where this program runs; 1C's own dates carry no time zone."""
    return datetime.now(tz=UTC).astimezone().date()


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """One row: its line, its kind's reference, since when it counts ("0001-01-01": ever), its texts."""

    line: int
    kind: str
    since: str
    texts: tuple[str, ...]


class ContactBook:
    """The phones of one catalog by their owner, kept compactly: a catalog may hold 200,000 counterparties.

    ``kinds`` names the references of Вид; ``today`` decides which row of a history counts.
    """

    def __init__(self, kinds: Mapping[str, str], today: date) -> None:
        self._kinds = kinds
        self._today = today
        self._rows: dict[str, list[PhoneRow]] = {}

    def add(self, owner: str, row: Row) -> None:
        """Keep one row of an owner; rows that are not phones, or are empty, are let go."""
        phone = read_row(row)
        if phone is not None:
            self._rows.setdefault(owner, []).append(phone)

    def take(self, owner: str) -> tuple[Phone, ...]:
        """Give the phones of an owner and forget them."""
        return phones(self._rows.pop(owner, ()), self._kinds, self._today)

    @property
    def owners(self) -> int:
        """The number of owners whose phones nobody took."""
        return len(self._rows)


def read_row(row: Row) -> PhoneRow | None:
    """Read one row of contact information; None when it is no phone, or holds no text and ends no history.

    Each text is cut to ``MAX_TEXT`` characters. Raises SourceBadAnswer when a column of text holds something else.
    """
    if row.get("Тип", PHONE_TYPE) != PHONE_TYPE:
        return None
    texts = tuple(dict.fromkeys(_texts(row)))
    since = sys.intern(column(row, "ДействуетС", 10) or _NO_DATE)
    if not texts and since == _NO_DATE:
        return None
    kind = sys.intern(column(row, "Вид_Key"))
    return PhoneRow(line_number(row) or 0, kind, since, texts)


def phones(rows: Iterable[PhoneRow], kinds: Mapping[str, str], today: date) -> tuple[Phone, ...]:
    """Give the phones that count today, in the order of their lines.

    Of a kind that keeps a history only the latest row that is not in the future counts; where that one is empty, the
    phone is no more.
    """
    until = today.isoformat()
    past = [row for row in sorted(rows, key=lambda row: row.line) if row.since <= until]
    latest: dict[str, str] = {}
    for row in past:
        latest[row.kind] = max(row.since, latest.get(row.kind, _NO_DATE))
    return tuple(Phone(row.texts, kinds.get(row.kind, "")) for row in past if row.texts and _counts(row, latest))


def _counts(row: PhoneRow, latest: Mapping[str, str]) -> bool:
    """Rows without a kind are nobody's history: integrations import them so."""
    return row.kind in {"", _NO_REFERENCE} or row.since == latest[row.kind]


def _texts(row: Row) -> Iterator[str]:
    for name in ("Значение", "ЗначенияПолей"):
        yield from structured(column(row, name, LONGEST_STRUCTURE))
    yield from _parts(row)
    for name in ("Представление", "НомерТелефона"):
        text = column(row, name).strip()
        if text:
            yield text


def _parts(row: Row) -> Iterator[str]:
    """Read the parts that the register of older configurations keeps: country, area, number (Поле4: the extension)."""
    country, area, number = (column(row, name).strip() for name in ("Поле1", "Поле2", "Поле3"))
    if number:
        yield render(country, area, number)[:MAX_TEXT]


def structured(text: str) -> tuple[str, ...]:
    """Give the number that a text of Значение or ЗначенияПолей describes, or nothing.

    Either notation is read wherever it stands: some configurations keep JSON in ЗначенияПолей.
    """
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        fields = _from_json(start)
    elif start.startswith("<"):
        fields = _from_xml(start)
    else:
        return ()  # empty, or the key=value lines of old configurations: Представление holds the same
    return (render(*fields)[:MAX_TEXT],) if fields is not None and fields[2] else ()


def _from_json(text: str) -> tuple[str, str, str] | None:
    try:
        value = orjson.loads(text)
    except ValueError:
        logger.debug("a JSON value of contact information cannot be read")
        return None
    return _json_parts(value)


def number_in(value: Mapping[str, object]) -> str:
    """Give the number that the parsed JSON of Значение describes, or ""."""
    fields = _json_parts(value)
    return render(*fields)[:MAX_TEXT] if fields[2] else ""


def _json_parts(value: Mapping[str, object]) -> tuple[str, str, str]:
    country, area, number = (text_of(value.get(key)).strip() for key in ("countryCode", "areaCode", "number"))
    return country, area, number


def _from_xml(text: str) -> tuple[str, str, str] | None:
    try:
        found = [element.attributes for element in elements(text) if element.name == "Состав"]
    except ValueError:
        logger.debug("an XML value of contact information cannot be read")
        return None
    if not found:
        return None
    country, area, number = (found[0].get(key, "").strip() for key in ("КодСтраны", "КодГорода", "Номер"))
    return country, area, number


def render(country: str, area: str, number: str) -> str:
    """Write the parts of a phone as a person would: ``+7 (495) 2293042``. Extensions never reach this."""
    number = _plain(number)
    if number.startswith("+"):
        return number
    country, area = _NOT_DIGITS.sub("", country), _plain(area)
    return " ".join(part for part in (country and f"+{country}", area and f"({area})", number) if part)


def _plain(text: str) -> str:
    """Drop separators between digits; a text that holds more than digits stays as it was typed."""
    if text.isdecimal():
        return text
    digits = _SEPARATORS.sub("", text)
    return digits if digits.isdecimal() else " ".join(text.split())
