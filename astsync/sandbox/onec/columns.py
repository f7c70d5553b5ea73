"""The columns of sets in the stand-in 1C. Contacts are stored in a tabular section or in an information register."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from astsync.sandbox.onec.data import EMAIL, FAX, NIL, NO_DATE, PHONE, Contact, Item
from astsync.sandbox.onec.item_tables import Table, presentation

Edm = Literal["Guid", "String", "Text", "Boolean", "Int64", "DateTime", "Composite", "Section"]
"""The types of columns. Text is a string of unlimited length: 1C cannot compare it. Section is a tabular section."""

Getter = Callable[[Any], Any]
CONTACT_KINDS = "ВидыКонтактнойИнформации"
REGISTER = "InformationRegister_КонтактнаяИнформация"
REGISTER_KEYS = ("Объект", "Объект_Type", "Тип", "Вид", "Вид_Type")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a set. ``target`` is the set that a reference points to.

    An ``item_only`` column is absent in folders. ``sort_key`` replaces ``get`` in ``$orderby``.
    """

    name: str
    type: Edm
    get: Getter
    target: str = ""
    item_only: bool = False
    sort_key: Getter | None = None

    @property
    def link(self) -> str:
        """The navigation property of a reference (Вид for Вид_Key); "" for other columns."""
        return self.name.removesuffix("_Key") if self.target else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a tabular section or of the register: its item by table and index, its number from 1, its contact."""

    table: Table
    index: int
    number: int
    contact: Contact

    @property
    def item(self) -> Item:
        """The item that the line belongs to. It is made anew each time."""
        return self.table.item(self.index)

    @property
    def ref(self) -> str:
        """The reference of that item."""
        return self.table.ref(self.index)


def type_of(catalog: str, ref: str) -> str:
    """The type that 1C writes beside a reference of composite type: that of the catalog, or Undefined for NIL."""
    return "StandardODATA.Undefined" if ref == NIL else f"StandardODATA.Catalog_{catalog}"


def section_columns(kinds: dict[str, str], details: str) -> list[Column]:
    """The columns of a tabular section. ``kinds``: references of kinds by their names. ``details``: see ``Flavour``."""
    columns = [
        Column("Ref_Key", "Guid", lambda line: line.ref, sort_key=lambda line: presentation(line.item)),
        Column("LineNumber", "Int64", lambda line: str(line.number), sort_key=lambda line: line.number),
        Column("Тип", "String", lambda line: line.contact.type),
        Column("Вид_Key", "Guid", lambda line: kinds.get(line.contact.kind, NIL), target=f"Catalog_{CONTACT_KINDS}"),
        Column("Представление", "String", lambda line: line.contact.text),
        Column("НомерТелефона", "String", _number),
        Column("НомерТелефонаБезКодов", "String", lambda line: line.contact.parts[2]),
        *(Column(name, "String", lambda _: "") for name in ("Страна", "Регион", "Город")),  # parts of addresses
        Column("АдресЭП", "String", _email),
        Column("ДоменноеИмяСервера", "String", lambda line: _email(line).rpartition("@")[2]),
    ]
    if details != "none":
        columns.append(Column("ЗначенияПолей", "Text", lambda line: _fields(line.contact, details)))
    if details == "json":
        columns.append(Column("ВидДляСписка_Key", "Guid", columns[3].get, target=f"Catalog_{CONTACT_KINDS}"))
        columns.append(Column("ДействуетС", "DateTime", lambda line: line.contact.since or NO_DATE))
        columns.append(Column("Значение", "Text", lambda line: _value_json(line.contact)))
    return [_or_raw(column) for column in columns]


def _or_raw(column: Column) -> Column:
    """The same column; a value in ``Contact.raw`` replaces its own."""
    name, get = column.name, column.get

    def found(line: Line) -> Any:
        raw = line.contact.raw
        return raw[name] if name in raw else get(line)

    return replace(column, get=found)


def register_columns(kinds: dict[str, str]) -> list[Column]:
    """The columns of the register of contacts. ``Вид`` is a reference, or a kind's name as a text."""
    columns = [
        Column("Объект", "Composite", lambda line: line.ref, sort_key=_owner_order),
        Column("Объект_Type", "String", lambda line: type_of(line.table.name, line.ref)),
        Column("Тип", "String", lambda line: line.contact.type),
        Column("Вид", "Composite", lambda line: kinds.get(kind_of(line), kind_of(line))),
        Column(
            "Вид_Type",
            "String",
            lambda line: type_of(CONTACT_KINDS, line.ref) if kind_of(line) in kinds else "Edm.String",
        ),
        Column("Представление", "Text", lambda line: line.contact.text),
    ]
    columns += [Column(f"Поле{number}", "String", _field(number)) for number in range(1, 11)]
    columns.append(Column("Комментарий", "String", lambda line: line.contact.typed.comment))
    columns.append(Column("ЗначениеПоУмолчанию", "Boolean", lambda _: False))
    return [_or_raw(column) for column in columns]


def _kind_type(line: Line, kinds: dict[str, str]) -> str:
    return type_of(CONTACT_KINDS, line.ref) if kind_of(line) in kinds else "Edm.String"


def _owner_order(line: Line) -> tuple[str, tuple[str, str]]:
    return line.table.name, presentation(line.item)


def kind_of(line: Line) -> str:
    """The kind's name as the register has it.

    Kind is a part of the register's key, so a second phone of the same kind needs a name of its own. People type it by
    hand; some rows have a blank behind it.
    """
    contacts = line.table.contacts(line.index)[: line.number]
    before = sum(contact.kind == line.contact.kind for contact in contacts)
    if before > 1:
        return f"{line.contact.kind} {before}"
    return f"{line.contact.kind} " if line.index % 9 == 4 else line.contact.kind


def _field(number: int) -> Getter:
    """The getter of Поле1 (country), 2 (area), 3 (number), 4 (extension). The others are empty for phones."""

    def get(line: Line) -> str:
        parts = line.contact.parts
        return parts[number - 1] if number <= len(parts) else ""

    return get


def _email(line: Line) -> str:
    return line.contact.typed.text if line.contact.type == EMAIL else ""


def _number(line: Line) -> str:
    """НомерТелефона, as older versions of 1C's standard library fill it.

    Only "-", blanks and "+" are removed. It ends at the first comma or line break, and after 20 characters: a long
    number is cut. The extension is not in it.
    """
    contact = line.contact
    if contact.type not in {PHONE, FAX}:
        return ""
    text = "".join(contact.parts[:3]) or contact.text
    return text.replace("\n", ",").split(",")[0].translate({ord(c): None for c in "- +"})[:20]


def _value_json(contact: Contact) -> str:
    """Write Значение (JSON). Imported rows have none, or one with empty parts."""
    if contact.type != PHONE or not (contact.structured or contact.split or len(contact.text) % 5 == 0):
        return ""
    comment = contact.typed.comment if contact.structured else ""
    value: dict[str, str | int] = {"version": 4, "value": contact.text, "comment": comment, "type": contact.type}
    parts = dict(zip(("countryCode", "areaCode", "number", "extNumber"), contact.parts, strict=True))
    return json.dumps({**value, **parts}, ensure_ascii=False, indent=1)


def _fields(contact: Contact, details: str) -> str:
    """Write ЗначенияПолей: XML. A few rows of older bases have lines of key=value, the form before XML."""
    if contact.type != PHONE or not (contact.structured or contact.split):
        return ""
    parts = dict(zip(("КодСтраны", "КодГорода", "Номер", "Добавочный"), contact.parts, strict=True))
    comment = contact.typed.comment if contact.structured else ""
    if details == "xml" and parts["Номер"].endswith("0"):
        return "\n".join(f"{name}={value}" for name, value in {**parts, "Комментарий": comment}.items())
    return _fields_xml(contact.text, comment, parts)


def _fields_xml(text: str, comment: str, parts: dict[str, str]) -> str:
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in parts.items())
    return (
        '<КонтактнаяИнформация xmlns="http://www.v8.1c.ru/ssl/contactinfo" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f"Представление={quoteattr(text)}><Комментарий>{escape(comment)}</Комментарий>"
        f'<Состав xsi:type="НомерТелефона"{attributes}/></КонтактнаяИнформация>'
    )
