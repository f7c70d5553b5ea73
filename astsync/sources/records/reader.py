"""Records of any list to counterparties.

``[source.<kind>.fields]`` names the fields. A record may lack some of them: many lists leave out what is empty. But a
field that no record of the whole list has is an error, which names the fields that exist.
"""

import logging
import sys
from collections.abc import Iterable
from typing import Any

from astsync.config import FieldsConfig
from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.language import Message, joined, say
from astsync.phonebook.model import Counterparty
from astsync.sources import bounds
from astsync.sources.formats.field_names import field_names, name_fields
from astsync.sources.formats.values import plain_text
from astsync.sources.records.fields import Record, values_at
from astsync.sources.records.once import endless
from astsync.sources.records.phones import PhoneReader
from astsync.text import listed, one_line

logger = logging.getLogger(__name__)

_TRUE = {"true", "1", "да", "истина", "yes"}
_SAMPLES = 50
_KINDS = {
    str: say("a text"),
    bool: say("true or false"),
    int: say("a number"),
    float: say("a number"),
    list: say("a list"),
    type(None): say("null"),
}
"""What stands in JSON and XML where a record should, in words."""

_NO_FIELD = say("no record of {where} has the field {fields} ({key})")
_OF_A_CARD = ("code", "tax_number", "responsible")


class RecordReader:
    """Reads the records of one list. ``where`` names the list in messages, such as "the answer" or a file's name."""

    def __init__(self, fields: FieldsConfig, where: str) -> None:
        self._fields = fields
        self._where = where
        self._read = 0
        self._found: set[str] = set()
        self._known: dict[str, None] = {}
        self._phones = PhoneReader(fields)

    def read(self, record: object) -> Counterparty | None:
        """Read the counterparty of a record; None when it is marked for deletion.

        Raises SourceBadAnswer when it is no record, SourceQueryError when a configured field holds no text.
        """
        if not isinstance(record, dict):
            raise SourceBadAnswer(
                say(
                    "{where} holds what is no record: {kind}, number {place}",
                    where=self._where,
                    kind=_KINDS.get(type(record), type(record).__name__),
                    place=self._read + 1,
                ),
                hint=say("A list of records with named fields is needed: name the path to it in the key list."),
            )
        self._read += 1
        if self._read > bounds.LARGEST_LIST:
            raise endless(self._where)
        if self._read <= _SAMPLES:
            self._known.update(dict.fromkeys(field_names(record)))
        return self._counterparty(record)

    def finish(self) -> None:
        """Check, after the last record, that the configured fields exist.

        Raises SourceQueryError when no record has the name, or any of the phones. The same holds for the reference, the
        deletion mark and what else tells of a card, where the configuration sets them: their defaults may not exist.
        """
        if not self._read:
            return
        fields = self._fields
        set_here = fields.model_fields_set
        wanted = [("name", fields.name)] + [
            (key, path) for key in ("ref", "deleted", *_OF_A_CARD) if (path := getattr(fields, key)) and key in set_here
        ]
        for key, path in wanted:
            if path not in self._found:
                raise self._missing(key, [path])
        if not self._phones.found:
            raise self._missing("phones", fields.phones)
        for path in set(fields.phones) - self._phones.found:
            logger.warning("%s: no record has the field %s (phones)", self._where, one_line(path))
        if self._phones.unread:
            words = say("no record of {where} has the field {fields} of a phone ({key})")
            raise self._missing("phone", fields.phone, words, self._phones.unread)

    def _counterparty(self, record: Record) -> Counterparty | None:
        deleted = self._first(record, self._fields.deleted)
        phones = self._phones.read(record)
        name = self._text(record, "name", self._fields.name)
        if _is_true(deleted):
            if self._fields.ref:
                self._first(record, self._fields.ref)  # so that ``finish`` knows that the field exists
            return None
        ref = self._text(record, "ref", self._fields.ref) or name
        catalog = self._text(record, "catalog", self._fields.catalog)
        code, tax_number, responsible = (self._of_a_card(record, key) for key in _OF_A_CARD)
        return Counterparty(ref, name, phones, sys.intern(catalog), 0, code, tax_number, sys.intern(responsible))

    def _of_a_card(self, record: Record, key: str) -> str:
        """Read the code or such. A field of the default name that holds no text is something else, and no error."""
        path = getattr(self._fields, key)
        value = self._first(record, path)
        if value is None or type(value) is str:
            return plain_text(value) if value else ""
        if isinstance(value, list | dict | bool) and key not in self._fields.model_fields_set:
            return ""
        return self._text(record, key, path)

    def _first(self, record: Record, path: str) -> Any:
        if path and path in record:  # nearly always it is a field of the record itself
            self._found.add(path)
            return record[path]
        values = values_at(record, path) if path else None
        if values is None:
            return None
        self._found.add(path)
        return values[0] if len(values) == 1 else next((value for value in values if value is not None), None)

    def _text(self, record: Record, key: str, path: str) -> str:
        value = self._first(record, path)
        if type(value) is not str and isinstance(value, list | dict | bool):
            raise SourceQueryError(
                say(
                    "the field {field} of {where} holds no text ({key})",
                    field=one_line(path),
                    where=self._where,
                    key=key,
                ),
                hint=_correct(key, self._known, [path]),
            )
        return plain_text(value)

    def _missing(
        self, key: str, paths: Iterable[str], words: str = _NO_FIELD, known: Iterable[str] | None = None
    ) -> SourceQueryError:
        return SourceQueryError(
            Message(str(words), {"where": self._where, "fields": listed(paths), "key": key}),
            hint=_correct(key, self._known if known is None else known, paths),
        )


def _correct(key: str, known: Iterable[str], paths: Iterable[str]) -> str:
    cure = say("Correct {key} in the table fields of the source.", key=key)
    return joined(" ", (cure, name_fields(known, paths)))


def _is_true(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return value is True
    return plain_text(value, 10).strip().casefold() in _TRUE
