"""Contact information of 1C (the tabular section КонтактнаяИнформация, or the register) to phone fields.

One row holds the same phone in several columns. They may be empty, cut, or say different things. In the order of trust:

1. The text that people see in 1C: ``Представление``, else the text inside ``Значение``, else inside ``ЗначенияПолей``.
2. Beside it the structure (country, area and number): inside ``Значение`` and ``ЗначенияПолей``, or in ``Поле1`` to
   ``Поле3`` of the register of configurations before 1C's standard library.
3. ``НомерТелефона``, which 1C itself derives from the others, cut at 20 characters in older configurations.

This module collects them; ``phonebook.numbers.phone_row`` decides between them.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Final, NamedTuple

from astsync.language import say
from astsync.phonebook.model import Phone, PhoneParts
from astsync.sources.formats.values import text_of
from astsync.sources.onec.metadata_names import PART_FIELDS, RUSSIAN, MetadataNames
from astsync.sources.onec.phone_texts import Gathered, gather
from astsync.sources.onec.repeating import adds_nothing, repeated
from astsync.sources.onec.rows import KEY_COLUMNS, Row, line_number

CONTACTS = RUSSIAN.section
"""The tabular section in every Russian configuration that is built on 1C's standard library (БСП)."""

NO_TYPE: Final = say("the type of this contact (Тип) is not told, so that it may be no phone")
ODD_DATE: Final = say("the date since when this phone counts cannot be read")

_NO_REFERENCE = "00000000-0000-0000-0000-000000000000"
_NO_DATE = "0001-01-01"
_ALWAYS = f"{_NO_DATE}T00:00:00"
_FIRST_LINES = frozenset("123456789")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def today_here() -> date:
    """Today's date where this program runs: the dates of 1C have no time zone."""
    return datetime.now(tz=UTC).astimezone().date()


class PhoneRow(NamedTuple):
    """One row. ``line`` is its LineNumber, ``kind`` the reference of its kind, ``since`` the date from which it counts.

    Where ``since`` is "0001-01-01" it always counted. ``texts``, ``parts`` and ``fault`` are those of a ``Phone``.
    """

    line: int
    kind: str
    since: str
    texts: tuple[str, ...]
    parts: PhoneParts | None = None
    fault: str = ""

    @property
    def empty(self) -> bool:
        """Whether the row holds no phone. In a history that means: from this date on there is none."""
        return not (self.texts or self.parts or self.fault)

    def phone(self, kinds: Mapping[str, str]) -> Phone:
        """The phone of this row; ``kinds`` are the names of kinds by their references."""
        return Phone(self.texts, kinds.get(self.kind, ""), 0, self.parts, self.fault)


UsualRow = tuple[int, str, str]
"""The line, the kind and the text of a row that says nothing else; nearly all rows are such."""


class ContactBook:
    """The phones of one catalog by their owner. They are kept compactly: a catalog may hold 200,000 counterparties.

    ``kinds`` names the references of Вид; ``today`` decides which row of a history counts.
    """

    def __init__(self, kinds: Mapping[str, str], today: date) -> None:
        self._kinds = kinds
        self._today = today
        # Most owners have one row: a list would cost memory.
        self._rows: dict[str, UsualRow | PhoneRow | list[UsualRow | PhoneRow]] = {}

    def add(self, owner: str, row: Row, names: MetadataNames = RUSSIAN) -> None:
        """Keep one row of an owner, unless it is no phone or empty."""
        phone = read_row(row, names)
        if phone is not None:
            self._keep(owner, phone)

    def add_page(self, rows: Iterable[Row], names: MetadataNames) -> None:
        """Keep rows of a tabular section, each with its owner (``Ref_Key``)."""
        columns = itemgetter(*KEY_COLUMNS, names.type, names.kind, names.text, names.value, names.fields, names.since)
        number, comment, phone, kept = names.parts[2], names.comment, names.phone, self._rows
        kinds: dict[str, str] = {}
        for row in rows:
            try:
                owner, line, told, kind, text, value, fields, since = columns(row)
                usual = told == phone and since == _ALWAYS and type(kind) is str
                if usual and number not in row and comment not in row and repeated(text, value, fields):
                    place = int(line) if line in _FIRST_LINES else line_number(row) or 0
                    named = kinds.get(kind)
                    if named is None:
                        named = kinds[kind] = sys.intern(text_of(kind))
                    one = (place, named, text.strip())
                    if kept.setdefault(owner, one) is not one:
                        self._keep(owner, one)
                    continue
            except (KeyError, TypeError):  # a column is not there, or holds no text
                pass
            self.add(row["Ref_Key"], row, names)

    def _keep(self, owner: str, row: UsualRow | PhoneRow) -> None:
        held = self._rows.setdefault(owner, row)
        if isinstance(held, list):
            held.append(row)
        elif held is not row:
            self._rows[owner] = [held, row]

    def take(self, owner: str) -> tuple[Phone, ...]:
        """The phones of an owner that count today. They are not kept any longer."""
        held = self._rows.pop(owner, None)
        if held is None:
            return ()
        if isinstance(held, PhoneRow):
            return current_phones((held,), self._kinds, self._today)
        named = self._kinds.get
        if not isinstance(held, list):
            return (Phone((held[2],), named(held[1], "")),)
        usual = [row for row in held if not isinstance(row, PhoneRow)]
        if len(usual) == len(held):  # rows without a history all count
            return tuple([Phone((text,), named(kind, "")) for _, kind, text in sorted(usual, key=_line)])
        return current_phones(map(_whole, held), self._kinds, self._today)

    @property
    def owners(self) -> int:
        """The number of owners whose phones were not taken."""
        return len(self._rows)


_line = itemgetter(0)


def _whole(row: UsualRow | PhoneRow) -> PhoneRow:
    if isinstance(row, PhoneRow):
        return row
    line, kind, text = row
    return PhoneRow(line, kind, _NO_DATE, (text,))


def read_row(row: Row, names: MetadataNames = RUSSIAN) -> PhoneRow | None:
    """Read one row of contact information; None when it is no phone, or is empty and ends no history.

    Each text is cut to ``MAX_TEXT`` characters. A column that holds no text is a fault of this row alone. The run goes
    on, and ``astsync problems`` lists the row under its owner.
    """
    told = row.get(names.type, names.phone)
    if told != names.phone and isinstance(told, str) and told.strip():
        return None
    texts, parts, fault = _gathered(row, names)
    if told != names.phone:  # the type is missing: this may be an address, whose digits are no phone
        texts, parts, fault = texts or (parts.spelled() if parts else "",), None, NO_TYPE
        if not any(map(str.isdigit, texts[0])):
            return None
    since, odd = _since(row.get(names.since))
    if odd:
        texts, parts, fault = texts or (parts.spelled() if parts else "",), None, ODD_DATE
    elif not (texts or parts or fault) and since == _NO_DATE:
        return None
    kind = sys.intern(text_of(row.get(names.kind)))
    return PhoneRow(line_number(row) or 0, kind, since, texts, parts, fault)


def _since(value: object) -> tuple[str, bool]:
    """Read the date from which a row counts, and whether it cannot be read: the row may have ended years ago."""
    if value is None or value in ("", _ALWAYS):
        return _NO_DATE, False
    text = text_of(value, 10)
    return (sys.intern(text), False) if _DATE.fullmatch(text) else (_NO_DATE, True)


def _gathered(row: Row, names: MetadataNames) -> Gathered:
    text, value, fields = row.get(names.text), row.get(names.value), row.get(names.fields)
    values = [text, value, fields]
    if names.parts[2] not in row and names.comment not in row:
        if adds_nothing(text, value, fields):
            values = [text]
    else:
        held = [row.get(name) for name in (*names.parts, names.comment)]
        if any(held):
            values.append(dict(zip(PART_FIELDS, held, strict=True)))
    return gather(values, digits=row.get(names.digits))


def current_phones(rows: Iterable[PhoneRow], kinds: Mapping[str, str], today: date) -> tuple[Phone, ...]:
    """Choose the phones that count today, in the order of their lines.

    A kind may keep a history: several rows, each from another date. Then only the latest row that is not in the future
    counts. Where that row is empty, the owner has no phone of this kind any more.
    """
    until = today.isoformat()
    past = [row for row in sorted(rows, key=lambda row: row.line) if row.since <= until]
    latest: dict[str, str] = {}
    for row in past:
        latest[row.kind] = max(row.since, latest.get(row.kind, _NO_DATE))
    return tuple(row.phone(kinds) for row in past if not row.empty and _counts(row, latest))


def _counts(row: PhoneRow, latest: Mapping[str, str]) -> bool:
    """Whether a row is the latest of its kind. Rows without a kind, as imports write them, are no history."""
    return row.kind in {"", _NO_REFERENCE} or row.since == latest[row.kind]
