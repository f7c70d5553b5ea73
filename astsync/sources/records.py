"""Records of any list (JSON-like: a mapping of text, numbers, lists and records) to counterparties.

The fields are named in ``[source.<kind>.fields]``. What a record lacks is no fault of its own, since lists leave out
what is empty; a field that no record of the whole list has is one, told together with the fields that there are.
"""

import difflib
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import orjson

from astsync.config import FieldsConfig
from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources.contact import LONGEST_STRUCTURE, number_in, structured
from astsync.sources.onec_words import clean
from astsync.sources.values import MAX_TEXT, text_of

logger = logging.getLogger(__name__)

Record = Mapping[str, Any]
"""JSON-like: text, whole and other numbers, truth, None, lists, records."""

_TRUE = {"true", "1", "да", "истина", "yes"}
_STRUCTURE = re.compile(r"[\s\ufeff]*[{<]")
_KEY_VALUE_LINES = re.compile(r"(?:\s*[^\W\d]\w*=[^\n]*(?:\n|\Z))+", re.UNICODE)
_DEEPEST = 16
"""Lists and records inside each other that are looked into."""

_LONGEST_NUMBER = 400
_SAMPLES = 50
_MANY_FIELDS = 40


def look_up(value: object, path: str) -> list[Any] | None:
    """Give the values at a path of names; a list on the way means all its items. None where there is no such field.

    A name may itself hold dots: what the record has as a whole is taken first. None or an empty list on the way is a
    field without values.
    """
    if isinstance(value, Mapping) and path in value:
        return [value[path]]
    return _walk(value, path, _DEEPEST)


def _walk(value: object, path: str, deeper: int) -> list[Any] | None:
    if value is None:
        return []
    if not deeper:
        return None
    if isinstance(value, list):
        return _walk_list(value, path, deeper - 1)
    if not isinstance(value, Mapping):
        return None
    if path in value:
        return [value[path]]
    name, dot, rest = path.partition(".")
    return _walk(value[name], rest, deeper - 1) if dot and name in value else None


def _walk_list(items: list[Any], path: str, deeper: int) -> list[Any] | None:
    found = [values for item in items if (values := _walk(item, path, deeper)) is not None]
    return [value for values in found for value in values] if found or not items else None


def field_names(value: object, deeper: int = 3) -> Iterator[str]:
    """Give the paths of the fields of a record, those of records inside as ``Phones.Number``."""
    if isinstance(value, list):
        for item in value[:3]:
            yield from field_names(item, deeper)
    elif isinstance(value, Mapping) and deeper:
        for name, inner in list(value.items())[:_MANY_FIELDS]:
            yield str(name)
            yield from (f"{name}.{below}" for below in field_names(inner, deeper - 1))


def name_fields(known: Iterable[str], wanted: Iterable[str]) -> str:
    """Tell which fields exist, for a hint: first those that look like the wanted ones."""
    names = list(dict.fromkeys(known))
    if not names:
        return "There are no fields."
    folded = {name.casefold(): name for name in names}
    near = [folded[hit] for want in wanted for hit in difflib.get_close_matches(want.casefold(), folded, 2, 0.7)]
    mean = f"Did you mean {', '.join(map(clean, dict.fromkeys(near)))}? " if near else ""
    more = f" and {len(names) - _MANY_FIELDS} more" if len(names) > _MANY_FIELDS else ""
    return f"{mean}The fields that exist: {', '.join(map(clean, names[:_MANY_FIELDS]))}{more}."


class RecordReader:
    """Reads the records of one list. ``where`` names the list in messages ("the answer", a file's name)."""

    def __init__(self, fields: FieldsConfig, where: str) -> None:
        self._fields = fields
        self._where = where
        self._read = 0
        self._found: set[str] = set()
        self._known: dict[str, None] = {}
        self._phones = _PhoneReader(fields)

    def read(self, record: object) -> Counterparty | None:
        """Give the counterparty of a record; None when it is marked for deletion.

        Raises SourceBadAnswer when it is no record, SourceQueryError when a field holds something that is no text.
        """
        if not isinstance(record, Mapping):
            raise SourceBadAnswer(
                f"{self._where} holds what is no record: {clean(str(type(record).__name__))} number {self._read + 1}",
                hint="A list of records with named fields is needed: name the path to it in the key list.",
            )
        self._read += 1
        if self._read <= _SAMPLES:
            self._known.update(dict.fromkeys(field_names(record)))
        return self._counterparty(record)

    def finish(self) -> None:
        """Check, after the last record, that the fields were there.

        Raises SourceQueryError when no record has the name, any of the phones, or a reference or deletion mark that
        the configuration names; the hint lists the fields that exist.
        """
        if not self._read:
            return
        fields = self._fields
        set_here = fields.model_fields_set
        wanted = [("name", fields.name)] + [
            (key, path) for key in ("ref", "deleted") if (path := getattr(fields, key)) and key in set_here
        ]
        for key, path in wanted:
            if path not in self._found:
                raise self._missing(key, [path])
        if not self._phones.found:
            raise self._missing("phones", fields.phones)
        for path in set(fields.phones) - self._phones.found:
            logger.warning("%s: no record has the field %s (phones)", self._where, clean(path))
        if self._phones.unread:
            raise self._missing("phone", fields.phone, within=" of a phone", known=self._phones.unread)

    def _counterparty(self, record: Record) -> Counterparty | None:
        deleted = self._first(record, self._fields.deleted)
        phones = self._phones.read(record)
        name = self._text(record, "name", self._fields.name)
        if _is_true(deleted):
            if self._fields.ref:
                self._first(record, self._fields.ref)
            return None
        ref = self._text(record, "ref", self._fields.ref) or name
        catalog = self._text(record, "catalog", self._fields.catalog)
        return Counterparty(ref, name, phones, sys.intern(catalog))

    def _first(self, record: Record, path: str) -> Any:
        values = look_up(record, path) if path else None
        if values is None:
            return None
        self._found.add(path)
        return next((value for value in values if value is not None), None)

    def _text(self, record: Record, key: str, path: str) -> str:
        value = self._first(record, path)
        if isinstance(value, list | Mapping | bool):
            raise SourceQueryError(
                f"the field {clean(path)} of {self._where} holds no text ({key})",
                hint=f"Correct {key} in the table fields of the source. {name_fields(self._known, [path])}",
            )
        return plain_text(value)

    def _missing(
        self, key: str, paths: Iterable[str], *, within: str = "", known: Iterable[str] | None = None
    ) -> SourceQueryError:
        listed = ", ".join(map(clean, paths))
        return SourceQueryError(
            f"no record of {self._where} has the field {listed}{within} ({key})",
            hint=f"Correct {key} in the table fields of the source. "
            f"{name_fields(self._known if known is None else known, paths)}",
        )


class _PhoneReader:
    """Reads the phones of records, whatever a list keeps them as."""

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
                phones.extend(self._phones(values, _DEEPEST))
        return tuple(phones)

    def _phones(self, values: Iterable[Any], deeper: int) -> Iterator[Phone]:
        for value in values:
            if isinstance(value, list):
                yield from self._phones(value, deeper - 1) if deeper else ()
            elif isinstance(value, Mapping):
                yield from self._phone_record(value, deeper)
            elif texts := tuple(dict.fromkeys(_texts([value]))):
                self._understood = True
                yield Phone(texts)

    def _phone_record(self, value: Record, deeper: int) -> Iterator[Phone]:
        found = [values for path in self._fields.phone if (values := look_up(value, path)) is not None]
        number = number_in(value)
        if found or number:
            self._understood = True
            texts = [number] if number else []
            texts += [text for values in found for text in _texts(values)]
            if texts:
                yield Phone(tuple(dict.fromkeys(texts)), self._kind(value))
        elif len(value) == 1 and deeper:  # XML wraps its lists: Phones holds one element Phone, again and again
            yield from self._phones(value.values(), deeper - 1)
        elif len(self._unread) < _MANY_FIELDS:
            self._unread.update(dict.fromkeys(field_names(value, 1)))

    def _kind(self, value: Record) -> str:
        values = look_up(value, self._fields.kind) if self._fields.kind else None
        return sys.intern(plain_text(values[0]).strip()) if values else ""


def _texts(values: Iterable[Any]) -> Iterator[str]:
    """Give what may hold a number: structured texts of 1C as a number, others as they are."""
    for value in values:
        if isinstance(value, Mapping):
            yield from filter(None, [number_in(value)])
        else:
            yield from number_texts(plain_text(value, LONGEST_STRUCTURE).strip())


def number_texts(text: str) -> Iterator[str]:
    """Give what may hold a number in a text: of a structured text of 1C the number, of others themselves."""
    if _STRUCTURE.match(text):
        yield from structured(text)
    elif text and not _KEY_VALUE_LINES.fullmatch(text):  # such lines are of old configurations: others hold the same
        yield text[:MAX_TEXT]


def plain_text(value: object, longest: int = MAX_TEXT) -> str:
    """Give a value as bounded text; a whole number never as ``1.0`` (spreadsheets keep all numbers so)."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        return ""
    return text_of(value, longest)


def _is_true(value: object) -> bool:
    if isinstance(value, bool) or value is None:
        return value is True
    return plain_text(value, 10).strip().casefold() in _TRUE


class Once:
    """Lets each record pass once: a list that is read in parts may shift between them.

    Records count as the same when they are alike in all fields. A list may well give one counterparty several times
    with one phone each, so its reference alone proves nothing. Costs some 100 bytes of memory a record.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._seen)

    def new(self, record: object) -> bool:
        """Tell whether a record was not seen before, and keep it in mind."""
        mark = blake2b(_bytes(record), digest_size=16).digest()
        before = len(self._seen)
        self._seen.add(mark)
        return len(self._seen) > before


def _bytes(record: object) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, orjson.JSONEncodeError):
        return repr(record).encode("utf-8", "backslashreplace")
