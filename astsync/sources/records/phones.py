"""The phones of records, in whatever form: texts, numbers, lists, records, structured texts of 1C."""

import sys
from collections.abc import Iterable

from astsync.config import FieldsConfig
from astsync.phonebook.model import Phone
from astsync.sources.bounds import MANY_FIELDS
from astsync.sources.formats.field_names import field_names
from astsync.sources.formats.values import plain_text
from astsync.sources.onec.contact_rows import read_row
from astsync.sources.onec.metadata_names import ENGLISH, RUSSIAN, MetadataNames, in_trust
from astsync.sources.onec.phone_texts import Gathered, as_phones, gather
from astsync.sources.onec.repeating import repeated
from astsync.sources.records.fields import DEEPEST, Record, values_at

PART_OF_ONE = frozenset({"number", "countryCode", "areaCode", "КодГорода", "КодСтраны"})
"""Fields by which a record is known to be the parsed Значение or ЗначенияПолей itself."""

ROW_COLUMNS = frozenset({RUSSIAN.text, RUSSIAN.value, RUSSIAN.fields, RUSSIAN.digits, RUSSIAN.parts[2], ENGLISH.fields})
"""Columns by which a record is known to be a whole row of 1C's contact information.

The other English names are not here: any service may use them.
"""


class PhoneReader:
    """Reads the phones of records as ``[source.<kind>.fields]`` says. ``found``: the paths that some record had."""

    def __init__(self, fields: FieldsConfig) -> None:
        self._fields = fields
        self._texts, self._digits = in_trust(fields.phone)
        self._understood = False
        self._unread: dict[str, None] = {}
        self.found: set[str] = set()

    @property
    def unread(self) -> list[str]:
        """The fields of those phones that are records, if no phone has a field that ``fields.phone`` names."""
        return [] if self._understood else list(self._unread)

    def read(self, record: Record) -> tuple[Phone, ...]:
        """Read the phones of a record, in the order of the configured paths."""
        phones: list[Phone] = []
        for path in self._fields.phones:
            values = values_at(record, path)
            if values is not None:
                self.found.add(path)
                self._collect(values, phones, DEEPEST)
        return tuple(phones)

    def _collect(self, values: Iterable[object], phones: list[Phone], deeper: int) -> None:
        for value in values:
            if isinstance(value, dict):
                self._collect_record(value, phones, deeper)
            elif isinstance(value, list):
                self._collect(value if deeper else (), phones, deeper - 1)
            elif isinstance(value, str) and repeated(value, "", ""):
                self._understood = True
                phones.append(Phone((value.strip(),)))
            elif found := as_phones(gather((value,))):
                self._understood = True
                phones += found

    def _collect_record(self, value: Record, phones: list[Phone], deeper: int) -> None:
        if _is_other_contact(value):
            return  # addresses and e-mail stand beside phones
        gathered = self._gathered(value)
        if gathered is not None:
            self._understood = True
            phones += as_phones(gathered, self._kind(value))
        elif len(value) == 1 and deeper:  # XML wraps its lists: Phones holds one element Phone, again and again
            self._collect(value.values(), phones, deeper - 1)
        elif len(self._unread) < MANY_FIELDS:
            self._unread.update(dict.fromkeys(field_names(value, 1)))

    def _gathered(self, value: Record) -> Gathered | None:
        """Gather what the configured fields of a phone hold; None where the phone has none of them."""
        known = False
        held: list[object] = []
        for path in self._texts:
            if (values := values_at(value, path)) is not None:
                known = True
                held += values
        made: list[object] = []
        for path in self._digits:
            if (values := values_at(value, path)) is not None:
                known = True
                made += values
        if not PART_OF_ONE.isdisjoint(value):
            held.append(value)
        elif not known:
            row = None if ROW_COLUMNS.isdisjoint(value) else read_row(value, _metadata_names(value))
            return None if row is None else (row.texts, row.parts, row.fault)
        return gather(held, digits=next(filter(None, made), ""))

    def _kind(self, value: Record) -> str:
        values = values_at(value, self._fields.kind) if self._fields.kind else None
        return sys.intern(plain_text(values[0]).strip()) if values else ""


def _is_other_contact(value: Record) -> bool:
    """Whether a record is a row of 1C's contact information for something else: an address, an e-mail.

    Any service may have a field ``Type``. It counts only beside a column that 1C alone has.
    """
    if RUSSIAN.type in value:
        return bool(value[RUSSIAN.type] != RUSSIAN.phone)
    return ENGLISH.fields in value and value.get(ENGLISH.type, ENGLISH.phone) != ENGLISH.phone


def _metadata_names(value: Record) -> MetadataNames:
    return ENGLISH if ENGLISH.fields in value else RUSSIAN
