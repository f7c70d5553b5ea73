"""Counterparties straight from elements, for records that are as records usually are.

The general way (``convert`` to a record, then ``RecordReader``) understands everything, and takes several times as long
as reading the XML. So a record is read directly when it is simple: it has no attributes, and holds only elements that
the general way has read before, each in its simple form. Every other record goes the general way (``NotSimple``).

Both ways give the same. That is why nothing is known beforehand but only learned from the general way, and why a doubt
always ends there; a property test compares the two.
"""

import sys
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from astsync.config import FieldsConfig
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources.formats.growing_xml import is_nil, local
from astsync.sources.formats.values import MAX_TEXT
from astsync.sources.formats.xml_convert import CORE
from astsync.sources.onec.metadata_names import RUSSIAN, in_trust
from astsync.sources.onec.phone_texts import as_phones, gather
from astsync.sources.records.fields import Record
from astsync.sources.records.phones import PART_OF_ONE, ROW_COLUMNS
from astsync.sources.records.reader import RecordReader
from astsync.sources.soap.answers.convert import typed_value
from astsync.sources.soap.wsdl.answer_types import WsdlType

Read = Counterparty | Record
"""What a record becomes; one that is marked for deletion stays a record."""

_UNKNOWN = -1
_NAME, _REF, _DELETED, _CATALOG, _CODE, _TAX, _RESPONSIBLE, _PASSED, _PHONES = range(9)
"""What an element of a record is; from ``_PHONES`` on the phones of the first path, of the second, ..."""

_KIND, _IDLE = -2, -1
"""What an element of a phone is, as places from the end; from 0 on its texts, the most trusted first."""

_ALIVE = frozenset({None, "", "false", "0"})
_OF_A_ROW = ROW_COLUMNS | {RUSSIAN.type}
"""Elements of a row of 1C's contact information, which the general way understands."""


class NotSimple(Exception):
    """This record is not simple: it goes the general way."""


class ElementReader:
    """Reads the elements of one list through ``reader``, the usual ones directly.

    ``wsdl_type`` is the type of a record; None where the WSDL does not describe it.
    """

    def __init__(self, fields: FieldsConfig, reader: RecordReader, wsdl_type: WsdlType | None = None) -> None:
        self._reader = reader
        self._type = wsdl_type
        self._roles = _roles(fields)
        self._phones = _PhoneReader(fields)
        self._known: dict[str, int] = {}

    def read(self, element: Element) -> Read:
        """Read a record. Raises SourceError."""
        try:
            return self._quick(element)
        except NotSimple:
            return self._general(element)

    def _general(self, element: Element) -> Read:
        record = typed_value(element, self._type)
        counterparty = self._reader.read(record)
        self._learn(element)
        return record if counterparty is None else counterparty

    def _learn(self, element: Element) -> None:
        """Remember the elements of a record that the general way has read: the next ones may be read directly."""
        for child in element if self._roles else ():
            role = self._roles.get(local(child.tag), _PASSED)
            described = self._type.elements.get(child.tag) if self._type else None
            if child.tag.startswith(CORE):  # means something else than it is called
                continue
            if role >= _PHONES:
                self._phones.learn(child, described.type if described else None)
            if role >= _PASSED or not (described and described.many):
                self._known[child.tag] = role

    def _quick(self, element: Element) -> Counterparty:
        if element.keys() or not len(element):
            raise NotSimple
        roles, read_phone = self._known, self._phones.read
        texts: list[str | None] = [None] * _PASSED
        phones: list[Phone] = []
        last = _PHONES
        for child in element:
            role = roles.get(child.tag, _UNKNOWN)
            if role >= last:  # phones stand in the order of the configured paths
                last = role
                phones += read_phone(child)
            elif 0 <= role < _PASSED and texts[role] is None and child.text and not len(child):
                texts[role] = child.text
            else:
                self._set(texts, role, child)
        name = (texts[_NAME] or "")[:MAX_TEXT]
        ref = (texts[_REF] or "")[:MAX_TEXT] or name
        if texts[_DELETED] not in _ALIVE:
            raise NotSimple
        told = ((texts[role] or "")[:MAX_TEXT] for role in (_CATALOG, _CODE, _TAX, _RESPONSIBLE))
        catalog, code, tax_number, responsible = told
        card = (sys.intern(catalog), 0, code, tax_number, sys.intern(responsible))
        return Counterparty(ref, name, tuple(phones), *card)

    def _set(self, texts: list[str | None], role: int, child: Element) -> None:
        """Keep the text of an element of a record. Raises NotSimple."""
        if 0 <= role < _PASSED:
            if len(child) or texts[role] is not None:
                raise NotSimple
            texts[role] = child.text or _no_text(child)
        elif role != _PASSED:
            raise NotSimple
        elif len(child):
            self._check(child)

    def _check(self, child: Element) -> None:
        """Compare an element that nobody reads with the WSDL too, as the general way does. Raises ServiceChanged."""
        described = self._type.elements.get(child.tag) if self._type else None
        if described is not None:
            typed_value(child, described.type)


class _PhoneReader:
    """Reads the elements that are phones: a text, or a record of texts."""

    def __init__(self, fields: FieldsConfig) -> None:
        self._places = {name: place for place, name in enumerate(fields.phone)}
        seen, made = in_trust(fields.phone)
        self._seen, self._made = [self._places[name] for name in seen], [self._places[name] for name in made]
        if fields.kind:
            self._places[fields.kind] = _KIND
        self._count = len(fields.phone)
        self._known: dict[str, int] = {}
        self._texts_known = False

    def learn(self, element: Element, wsdl_type: WsdlType | None) -> None:
        """Remember what stands in a phone that the general way has read."""
        if wsdl_type is None or wsdl_type.text:
            self._texts_known |= bool(element.text and element.text.strip())
        for child in element:
            name = local(child.tag)
            described = wsdl_type.elements.get(child.tag) if wsdl_type else None
            usual = name not in PART_OF_ONE and (name in self._places or name not in _OF_A_ROW)
            if usual and not child.tag.startswith(CORE) and not (described and described.many):
                self._known[child.tag] = self._places.get(name, _IDLE)

    def read(self, element: Element) -> tuple[Phone, ...]:
        """Read the phone of an element; an empty one has none. Raises NotSimple."""
        if element.keys():
            raise NotSimple
        if not len(element):
            return self._read_text(element.text)
        places = self._known
        found: list[str | None] = [None] * (self._count + 2)  # then the kind, then what nobody reads
        for child in element:
            place = places.get(child.tag)
            if place is None or len(child) or (found[place] is not None and place != _IDLE):
                raise NotSimple
            found[place] = child.text or _no_text(child)
        del found[_IDLE]
        kind = found.pop() or ""
        if found.count(None) == self._count:
            raise NotSimple
        made: str | None = ""
        for place in self._made:
            made = made or found[place]
        gathered = gather([found[place] for place in self._seen], digits=made)
        return as_phones(gathered, sys.intern(kind[:MAX_TEXT].strip()))

    def _read_text(self, text: str | None) -> tuple[Phone, ...]:
        if not text:
            return ()
        if not self._texts_known:
            raise NotSimple
        return as_phones(gather((text,)))


def _no_text(element: Element) -> str:
    if element.keys() and not is_nil(element):  # a record of attributes
        raise NotSimple
    return ""


def _roles(fields: FieldsConfig) -> Mapping[str, int]:
    """What each element of a record is, by its name; nothing where the configuration is not simple."""
    usual = ((fields.name, _NAME), (fields.ref, _REF), (fields.deleted, _DELETED), (fields.catalog, _CATALOG))
    of_a_card = ((fields.code, _CODE), (fields.tax_number, _TAX), (fields.responsible, _RESPONSIBLE))
    named = [pair for pair in (*usual, *of_a_card) if pair[0]]
    named += [(path, _PHONES + place) for place, path in enumerate(fields.phones)]
    roles = dict(named)
    inner = [*fields.phone, fields.kind]
    simple = len(roles) == len(named) and len(set(inner)) == len(inner)
    return roles if simple and not any("." in name for name in (*roles, *inner)) else {}
