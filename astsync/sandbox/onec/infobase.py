"""The infobase of the stand-in 1C: the configuration (flavour), its tables, the sets that can be published."""

import base64
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from astsync.sandbox.onec.columns import (
    CONTACT_KINDS,
    REGISTER,
    REGISTER_KEYS,
    Column,
    Getter,
    register_columns,
    section_columns,
    type_of,
)
from astsync.sandbox.onec.data import NIL, Contact, Inventor, Item
from astsync.sandbox.onec.english import WORDS, set_name, translated
from astsync.sandbox.onec.item_tables import Items, JoinedTables, Table, presentation

SECTION = "КонтактнаяИнформация"


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A set that can be published. Rows of a tabular ``section`` and of a ``register`` are Line, others Item."""

    name: str
    table: Table
    columns: dict[str, Column]
    section: bool = False
    register: JoinedTables | None = None

    @property
    def lines(self) -> bool:
        """Whether its rows are contacts and not items."""
        return self.section or self.register is not None

    @property
    def rows(self) -> Items:
        """The items behind its rows: those of its table, or of all tables with contacts for the register."""
        return self.table if self.register is None else self.register

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that together identify a row."""
        if self.register is not None:
            return REGISTER_KEYS
        return ("Ref_Key", "LineNumber") if self.section else ("Ref_Key",)


@dataclass(frozen=True, slots=True)
class Flavour:
    """A configuration of 1C. ``catalogs`` has at least Контрагенты and ВидыКонтактнойИнформации.

    - ``hierarchical``: the catalogs have Code, IsFolder and Parent_Key. УТ 11 has none of them.
    - ``details``: how the tabular section stores the parts of a phone. "json" is the newest form (Значение, ДействуетС,
      and the older form beside them), "xml" the older one (ЗначенияПолей), "none" the oldest, without parts.
    - ``sections``: tabular sections are published as sets of their own.
    - ``register``: all contacts are in an information register, as in configurations before БСП; no sections.
    - ``english``: the configuration was written in English.
    - ``phone_field``: a field of Контрагенты that holds phones itself.
    - ``contacts``: there are contacts beside ``phone_field``.
    """

    name: str
    catalogs: tuple[str, ...]
    hierarchical: bool = False
    details: Literal["json", "xml", "none"] = "json"
    sections: bool = True
    register: bool = False
    english: bool = False
    phone_field: str = ""
    contacts: bool = True


_UT = ("Контрагенты", "Партнеры", "КонтактныеЛицаПартнеров", CONTACT_KINDS)
_BP = ("Контрагенты", "КонтактныеЛица", CONTACT_KINDS)
_OLD = ("Контрагенты", "КонтактныеЛицаКонтрагентов", CONTACT_KINDS)
FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour("ut11", _UT),
        Flavour("bp30", _BP, hierarchical=True),
        Flavour("bp-old", _BP, hierarchical=True, details="xml"),
        Flavour("bp-oldest", _BP, hierarchical=True, details="none"),
        Flavour("ut11-embedded", _UT, sections=False),
        Flavour("ut103", _OLD, hierarchical=True, details="none", sections=False, register=True),
        Flavour("english", _UT, english=True),
        Flavour("unf", _BP, hierarchical=True, phone_field="НомерТелефонаДляПоиска"),
        Flavour("own-fields", _BP[:1] + _BP[2:], sections=False, phone_field="Телефон", contacts=False),
    )
}
"""The flavours by name; ``dataclasses.replace`` makes others."""

KIND_NAMES = (
    "Телефон",
    "Мобильный телефон",
    "Телефон с историей",
    "Факс",
    "Электронная почта",
    "Юридический адрес",
)


@dataclass(slots=True)
class Infobase:
    """An infobase: its tables by the name of the catalog, the sets that can be published, the kinds of contacts.

    ``kinds`` are the references of kinds by their names.
    """

    flavour: Flavour
    tables: dict[str, Table]
    kinds: dict[str, str]
    sets: dict[str, EntitySet] = field(default_factory=dict)

    @property
    def section(self) -> str:
        """The name of the tabular section of contacts."""
        return self.word(SECTION)

    def word(self, name: str) -> str:
        """The name of a column, or a part of a set's name, in the language of this configuration."""
        return WORDS.get(name, name) if self.flavour.english else name

    def section_of(self, catalog: str) -> EntitySet | None:
        """The set of a catalog's contacts. None: it has none."""
        return self.sets.get(f"Catalog_{self.word(catalog)}_{self.section}")


def make_infobase(flavour: Flavour, size: int, seed: int, dirt: float) -> Infobase:
    """Invent an infobase with ``size`` counterparties. Quick for any size: items are made when they are read."""
    inventors = {name: Inventor(seed, name, dirt=dirt, history=flavour.details == "json") for name in flavour.catalogs}
    tables = {name: _table(flavour, name, size, inventors) for name in flavour.catalogs}
    kinds = {record.item.name: record.item.ref for record in tables[CONTACT_KINDS]}
    base = Infobase(flavour, tables, kinds)
    for name, table in tables.items():
        sets = _sets(base, name, table)
        base.sets.update((entity.name, entity) for entity in (map(_in_english, sets) if flavour.english else sets))
    if flavour.register:
        base.sets[REGISTER] = make_register(base)
    return base


def make_register(base: Infobase) -> EntitySet:
    """Make the register of contacts of all catalogs."""
    owners = [table for name, table in base.tables.items() if name != CONTACT_KINDS]
    return EntitySet(REGISTER, owners[0], _by_name(register_columns(base.kinds)), register=JoinedTables(owners))


def _table(flavour: Flavour, name: str, size: int, inventors: dict[str, Inventor]) -> Table:
    inventor = inventors[name]
    if name == CONTACT_KINDS:
        return Table(name, len(KIND_NAMES), lambda i: Item(inventor.ref(i), KIND_NAMES[i]), None, inventor)
    partners = max(1, size * 3 // 5)
    if name == "Партнеры":
        return Table(name, partners, inventor.partner, inventor.contacts, inventor)
    if name == "Контрагенты":
        return _counterparties(flavour, size, inventor, inventors.get("Партнеры"), partners)
    owners, count = (inventors["Партнеры"], partners) if "Партнеры" in inventors else (inventors["Контрагенты"], size)
    shift = 0 if "Партнеры" in inventors else folder_count(size)
    return _persons(name, max(1, size // 3), inventor, lambda i: _owner_of(owners, i, shift, count))


def _owner_of(owners: Inventor, index: int, shift: int, count: int) -> str:
    """The owner of a contact person. Some persons have none; the owner of some was removed without 1C's checks."""
    if index % 13 == 5:
        return NIL
    return owners.ref(shift + count + 1000 + index if index % 29 == 7 else shift + index * 7 % count)


def folder_count(size: int) -> int:
    """The number of folders in a hierarchical catalog of ``size`` counterparties. Folders have the first indexes."""
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


def _sets(base: Infobase, name: str, table: Table) -> list[EntitySet]:
    header = _header(base.flavour, name)
    if name == CONTACT_KINDS:
        return [EntitySet(f"Catalog_{name}", table, _by_name(header))]
    if base.flavour.phone_field and name == "Контрагенты":
        header.append(Column(base.flavour.phone_field, "String", _own_phones(table), item_only=True))
    if not base.flavour.contacts:
        return [EntitySet(f"Catalog_{name}", table, _by_name(header))]
    rows = section_columns(base.kinds, base.flavour.details)
    inside = [] if base.flavour.register else [Column(SECTION, "Section", lambda item: item, item_only=True)]
    whole = [*header, *inside]
    catalog = EntitySet(f"Catalog_{name}", table, _by_name(whole))
    section = EntitySet(f"Catalog_{name}_{SECTION}", table, _by_name(rows), section=True)
    return [catalog, section]


def _own_phones(table: Table) -> Getter:
    """The getter of a field in the catalog itself that holds the texts of all phones."""

    def get(item: Item) -> str:
        index = table.find(item.ref)
        record = None if index is None else table.record(index)
        return "; ".join(phone.text for phone in record.phones if phone.text) if record else ""

    return get


def _in_english(entity: EntitySet) -> EntitySet:
    return replace(
        entity, name=set_name(entity.name), columns=_by_name([translated(one) for one in entity.columns.values()])
    )


def _by_name(columns: list[Column]) -> dict[str, Column]:
    return {column.name: column for column in columns}


def _header(flavour: Flavour, name: str) -> list[Column]:
    columns = [
        Column("Ref_Key", "Guid", lambda item: item.ref, sort_key=presentation),
        Column("DataVersion", "String", _version),
        Column("DeletionMark", "Boolean", lambda item: item.deleted),
        Column("Description", "String", lambda item: item.name),
    ]
    if flavour.hierarchical and name != CONTACT_KINDS:
        columns.append(Column("Code", "String", lambda item: item.code))
    if name == "Контрагенты":
        columns.extend(_counterparty_columns(flavour))
    if name == "Партнеры":
        columns.append(Column("НаименованиеПолное", "String", lambda item: item.full_name))
    if name in {"КонтактныеЛицаПартнеров", "КонтактныеЛицаКонтрагентов"}:
        owners = "Партнеры" if "Партнеры" in flavour.catalogs else "Контрагенты"
        columns.append(Column("Owner_Key", "Guid", lambda item: item.owner, target=f"Catalog_{owners}"))
    if name == "КонтактныеЛица":
        columns.append(Column("ОбъектВладелец", "Composite", lambda item: "" if item.owner == NIL else item.owner))
        columns.append(Column("ОбъектВладелец_Type", "String", lambda item: type_of("Контрагенты", item.owner)))
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
