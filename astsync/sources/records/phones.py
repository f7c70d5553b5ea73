"""The phones of records, whatever a list keeps them as: texts, numbers, lists, records, structured texts of 1C."""

import re
import sys
from collections.abc import Iterable

from astsync.config import FieldsConfig
from astsync.phonebook.model import Phone
from astsync.sources.contact import LONGEST_STRUCTURE, PHONE_TYPE, number_in, structured
from astsync.sources.records.fields import DEEPEST, MANY_FIELDS, Record, field_names, look_up, plain_text
from astsync.sources.values import MAX_TEXT

_STRUCTURE = re.compile(r"[\s\ufeff]*[{<]")
_KEY_VALUE_LINES = re.compile(r"(?:\s*[^\W\d]\w*=[^\n]*(?:\n|\Z))+")


class PhoneReader:
    """Reads the phones of records as ``[source.<kind>.fields]`` says, and notes what was found."""

    def __init__(self, fields: FieldsConfig) -> None:
        self._fields = fields
        self._understood = False
        self._unread: dict[str, None] = {}
        self.found: set[str] = set()

    @property
    def unread(self) -> list[str]:
        """The fields of phones that are records, where none of them holds what ``fields.phone`` names."""
        return [] if self._understood else list(self._unread)

    def read(self, record: Record) -> tuple[Phone, ...]:
        """Give the phones of a record in the order of the configured paths."""
        phones: list[Phone] = []
        for path in self._fields.phones:
            values = look_up(record, path)
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
            elif texts := _texts((value,)):
                self._understood = True
                phones.append(Phone(texts))

    def _collect_record(self, value: Record, phones: list[Phone], deeper: int) -> None:
        if value.get("Тип", PHONE_TYPE) != PHONE_TYPE:
            return  # rows of 1C's contact information as they are: addresses and e-mail stand beside phones
        known, found = self._numbers(value)
        if known:
            self._understood = True
            if texts := _texts(found):
                phones.append(Phone(texts, self._kind(value)))
        elif len(value) == 1 and deeper:  # XML wraps its lists: Phones holds one element Phone, again and again
            self._collect(value.values(), phones, deeper - 1)
        elif len(self._unread) < MANY_FIELDS:
            self._unread.update(dict.fromkeys(field_names(value, 1)))

    def _numbers(self, value: Record) -> tuple[bool, list[object]]:
        """Tell whether a phone has any of the configured fields, and give what they hold."""
        found: list[object] = [value] if "number" in value and number_in(value) else []
        known = bool(found)
        for path in self._fields.phone:
            values = look_up(value, path)
            if values is not None:
                known = True
                found += values
        return known, found

    def _kind(self, value: Record) -> str:
        values = look_up(value, self._fields.kind) if self._fields.kind else None
        return sys.intern(plain_text(values[0]).strip()) if values else ""


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    """Give what may hold a number, each text once."""
    texts: dict[str, None] = {}
    for value in values:
        if isinstance(value, dict):
            texts.update(dict.fromkeys(filter(None, (number_in(value),))))
        else:
            texts.update(dict.fromkeys(number_texts(plain_text(value, LONGEST_STRUCTURE).strip())))
    return tuple(texts)


def number_texts(text: str) -> Iterable[str]:
    """Give what may hold a number in a text: of a structured text of 1C the number, of others themselves."""
    if _STRUCTURE.match(text):
        return structured(text)
    if not text or ("=" in text and _KEY_VALUE_LINES.fullmatch(text)):
        return ()  # such lines are of old configurations: another field holds the same
    return (text[:MAX_TEXT],)
