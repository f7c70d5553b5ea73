"""What the stand-in 1C publishes: flavours of configuration, the sets of the composition, and their columns."""

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from astsync.demo.onec.data import FAX, NIL, NO_DATE, PHONE, Contact, Inventor, Item
from astsync.demo.onec.phones import Written
from astsync.demo.onec.tables import Table, presentation

Edm = Literal["Guid", "String", "Text", "Boolean", "Int64", "DateTime", "Composite", "Section"]
"""The kinds of columns. Text is a string of unlimited length, which 1C cannot compare; the others are Edm's."""

Getter = Callable[[Any], Any]
SECTION = "КонтактнаяИнформация"
KINDS = "ВидыКонтактнойИнформации"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a set. ``target`` is the set that a reference leads to; ``item_only`` is absent in folders."""

    name: str
    type: Edm
    get: Getter
    target: str = ""
    item_only: bool = False
    sort_key: Getter | None = None

    @property
    def link(self) -> str:
        """The navigation property of a reference: Вид for Вид_Key; "" for other columns."""
        return self.name.removesuffix("_Key") if self.target else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a tabular section: its table, the index of its item there, its number from 1, and what it holds."""

    table: Table
    index: int
    number: int
    contact: Contact

    @property
    def item(self) -> Item:
        """The item that the line belongs to, made anew."""
        return self.table.item(self.index)

    @property
    def ref(self) -> str:
        """The reference of that item."""
        return self.table.ref(self.index)


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A published set. A ``section`` is a tabular section, whose rows are ``Line``; else rows are ``Item``."""

    name: str
    table: Table
    columns: dict[str, Column]
    section: bool = False


@dataclass(frozen=True, slots=True)
class Flavour:
    """A configuration of 1C.

    ``catalogs`` has at least Контрагенты and ВидыКонтактнойИнформации.
    ``hierarchical`` catalogs have Code, IsFolder and Parent_Key. ``details`` says in which form the tabular section
    keeps a phone's parts: "json" is the newest (Значение, ДействуетС and the older form), "xml" the older
    (ЗначенияПолей), "none" the oldest. ``sections`` tells whether tabular sections are sets of their own.
    """

    name: str
    catalogs: tuple[str, ...]
    hierarchical: bool = False
    details: Literal["json", "xml", "none"] = "json"
    sections: bool = True


_UT = ("Контрагенты", "Партнеры", "КонтактныеЛицаПартнеров", KINDS)
_BP = ("Контрагенты", "КонтактныеЛица", KINDS)
FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour("ut11", _UT),
        Flavour("bp30", _BP, hierarchical=True),
        Flavour("bp-old", _BP, hierarchical=True, details="xml"),
        Flavour("bp-oldest", _BP, hierarchical=True, details="none"),
        Flavour("ut11-embedded", _UT, sections=False),
    )
}
"""The known flavours by name; ``dataclasses.replace`` makes others."""

KIND_NAMES = (
    ("Телефон", "Телефон"),
    ("Мобильный телефон", "Телефон"),
    ("Телефон с историей", "Телефон"),
    ("Факс", "Факс"),
    ("Электронная почта", "АдресЭлектроннойПочты"),
    ("Юридический адрес", "Адрес"),
)


@dataclass(slots=True)
class Base:
    """The data of an infobase: its tables by the catalog's name, and the sets that can be published."""

    flavour: Flavour
    tables: dict[str, Table]
    kinds: dict[str, str]
    sets: dict[str, EntitySet] = field(default_factory=dict)


def make_base(flavour: Flavour, size: int, seed: int, dirt: float) -> Base:
    """Invent an infobase with ``size`` counterparties. Quick for any size: rows are made when they are asked for."""
    inventors = {name: Inventor(seed, name, dirt=dirt, history=flavour.details == "json") for name in flavour.catalogs}
    tables = {name: _table(flavour, name, size, inventors) for name in flavour.catalogs}
    kinds = {record.item.name: record.item.ref for record in tables[KINDS]}
    base = Base(flavour, tables, kinds)
    for name, table in tables.items():
        base.sets.update((entity.name, entity) for entity in _sets(base, name, table))
    return base


def _table(flavour: Flavour, name: str, size: int, inventors: dict[str, Inventor]) -> Table:
    inventor = inventors[name]
    if name == KINDS:
        return Table(name, len(KIND_NAMES), lambda i: Item(inventor.ref(i), KIND_NAMES[i][0]), None, inventor)
    partners = max(1, size * 3 // 5)
    if name == "Партнеры":
        return Table(name, partners, inventor.partner, inventor.contacts, inventor)
    if name == "Контрагенты":
        return _counterparties(flavour, size, inventor, inventors.get("Партнеры"), partners)
    owners, count = (inventors["Партнеры"], partners) if "Партнеры" in inventors else (inventors["Контрагенты"], size)
    shift = 0 if "Партнеры" in inventors else folder_count(size)
    return _persons(name, max(1, size // 3), inventor, lambda i: owners.ref(shift + i * 7 % count))


def folder_count(size: int) -> int:
    """Give how many folders a hierarchical catalog of ``size`` counterparties has; they come first."""
    return min(24, 3 + size // 100)


def _counterparties(flavour: Flavour, size: int, inventor: Inventor, partners: Inventor | None, count: int) -> Table:
    folders = folder_count(size) if flavour.hierarchical else 0

    def invent(index: int) -> Item:
        if index < folders:
            return inventor.folder(index)
        item = inventor.counterparty(index)
        if folders:
            item.parent = inventor.ref(index % folders)
        if partners:
            item.partner = partners.ref(index % count)
        return item

    def contacts(index: int) -> tuple[Contact, ...]:
        return () if index < folders else inventor.contacts(index)

    return Table("Контрагенты", size + folders, invent, contacts, inventor)


def _persons(name: str, size: int, inventor: Inventor, owner: Callable[[int], str]) -> Table:
    def invent(index: int) -> Item:
        item = inventor.person(index)
        item.owner = owner(index)
        return item

    return Table(name, size, invent, inventor.contacts, inventor)


def _sets(base: Base, name: str, table: Table) -> list[EntitySet]:
    header = _header(base.flavour, name)
    if name == KINDS:
        return [EntitySet(f"Catalog_{name}", table, _by_name(header))]
    rows = _section(base)
    whole = [*header, Column(SECTION, "Section", lambda item: item, item_only=True)]
    catalog = EntitySet(f"Catalog_{name}", table, _by_name(whole))
    section = EntitySet(f"Catalog_{name}_{SECTION}", table, _by_name(rows), section=True)
    return [catalog, section]


def _by_name(columns: list[Column]) -> dict[str, Column]:
    return {column.name: column for column in columns}


def _header(flavour: Flavour, name: str) -> list[Column]:
    columns = [
        Column("Ref_Key", "Guid", lambda item: item.ref, sort_key=presentation),
        Column("DataVersion", "String", _version),
        Column("DeletionMark", "Boolean", lambda item: item.deleted),
        Column("Description", "String", lambda item: item.name),
    ]
    if flavour.hierarchical and name != KINDS:
        columns.append(Column("Code", "String", lambda item: item.code))
    if name == "Контрагенты":
        columns.extend(_counterparty_columns(flavour))
    if name == "Партнеры":
        columns.append(Column("НаименованиеПолное", "String", lambda item: item.full_name))
    if name == "КонтактныеЛицаПартнеров":
        owners = "Партнеры" if "Партнеры" in flavour.catalogs else "Контрагенты"
        columns.append(Column("Owner_Key", "Guid", lambda item: item.owner, target=f"Catalog_{owners}"))
    if name == "КонтактныеЛица":
        columns.append(Column("ОбъектВладелец", "Composite", lambda item: item.owner))
        columns.append(Column("ОбъектВладелец_Type", "String", lambda _: "StandardODATA.Catalog_Контрагенты"))
    return [
        *columns,
        Column("Predefined", "Boolean", lambda _: False),
        Column("PredefinedDataName", "String", lambda _: ""),
    ]


def _counterparty_columns(flavour: Flavour) -> list[Column]:
    columns = [
        Column("НаименованиеПолное", "String", lambda item: item.full_name, item_only=True),
        Column("ИНН", "String", lambda item: item.inn, item_only=True),
        Column("КПП", "String", lambda item: item.kpp, item_only=True),
    ]
    if flavour.hierarchical:
        parent = Column("Parent_Key", "Guid", lambda item: item.parent, target="Catalog_Контрагенты")
        return [parent, Column("IsFolder", "Boolean", lambda item: item.folder), *columns]
    if "Партнеры" in flavour.catalogs:
        columns.append(Column("Партнер_Key", "Guid", lambda item: item.partner, target="Catalog_Партнеры"))
    return columns


def _version(item: Item) -> str:
    return base64.b64encode(struct.pack(">II", item.version, 0)).decode()


def _section(base: Base) -> list[Column]:
    columns = [
        Column("Ref_Key", "Guid", lambda line: line.ref, sort_key=lambda line: presentation(line.item)),
        Column("LineNumber", "Int64", lambda line: str(line.number), sort_key=lambda line: line.number),
        Column("Тип", "String", lambda line: line.contact.type),
        Column("Вид_Key", "Guid", lambda line: base.kinds.get(line.contact.kind, NIL), target=f"Catalog_{KINDS}"),
        Column("Представление", "String", lambda line: line.contact.written.text),
        Column("НомерТелефона", "String", _number),
        Column("НомерТелефонаБезКодов", "String", lambda line: line.contact.written.local),
    ]
    if base.flavour.details != "none":
        columns.append(Column("ЗначенияПолей", "Text", lambda line: _fields(line.contact, base.flavour.details)))
    if base.flavour.details == "json":
        columns.append(Column("ДействуетС", "DateTime", lambda line: line.contact.since or NO_DATE))
        columns.append(Column("Значение", "Text", lambda line: _value_json(line.contact)))
    return columns


def _number(line: Line) -> str:
    """Country, area and number with only "-", blanks and "+" taken out, cut at a comma, 20 characters at most."""
    written = line.contact.written
    if line.contact.type not in {PHONE, FAX}:
        return ""
    if line.contact.structured:
        return written.country + written.area + written.local
    return written.text.replace("\n", ",").split(",")[0].translate({ord(c): None for c in "- +"})[:20]


def _value_json(contact: Contact) -> str:
    """Write Значение. Rows that were imported have none, or one without the number."""
    written = contact.written
    if contact.type != PHONE or not (contact.structured or len(written.text) % 5 == 0):
        return ""
    value: dict[str, str | int] = {"version": 4, "value": written.text, "comment": "", "type": contact.type}
    parts = {"countryCode": "", "areaCode": "", "number": "", "extNumber": ""}
    if contact.structured:
        value["comment"] = written.comment
        filled = (written.country, written.area, written.local, written.extension)
        parts = dict(zip(parts, filled, strict=True))
    return json.dumps({**value, **parts}, ensure_ascii=False, indent=1)


def _fields(contact: Contact, details: str) -> str:
    """Write ЗначенияПолей: XML, and for a few rows of older bases the lines of key=value that came before it."""
    written = contact.written
    if contact.type != PHONE or not contact.structured:
        return ""
    parts = {"КодСтраны": written.country, "КодГорода": written.area, "Номер": written.local}
    parts["Добавочный"] = written.extension
    if details == "xml" and written.local.endswith("0"):
        return "\n".join(f"{name}={value}" for name, value in {**parts, "Комментарий": written.comment}.items())
    return _fields_xml(written, parts)


def _fields_xml(written: Written, parts: dict[str, str]) -> str:
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in parts.items())
    return (
        '<КонтактнаяИнформация xmlns="http://www.v8.1c.ru/ssl/contactinfo" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f"Представление={quoteattr(written.text)}><Комментарий>{escape(written.comment)}</Комментарий>"
        f'<Состав xsi:type="НомерТелефона"{attributes}/></КонтактнаяИнформация>'
    )
