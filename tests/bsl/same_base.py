"""The invented infobase of the stand-in 1C as the tables that the queries of modules see."""

from collections.abc import Callable, Container
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.columns import CONTACT_KINDS, Line
from astsync.sandbox.onec.data import Item
from astsync.sandbox.onec.infobase import SECTION
from tests.bsl.infobase import NOBODY, Described, EnumValue, Infobase, Reference
from tests.bsl.interpreter import Module, World
from tests.bsl.objects import Array, global_context
from tests.bsl.queries import Query
from tests.bsl.syntax import FOLDER
from tests.bsl.values import Object, named
from tests.bsl.xdto import Factory

CATALOG = "Справочник.Контрагенты"
KINDS = f"Справочник.{CONTACT_KINDS}"
PART = f"{CATALOG}.{SECTION}"
REGISTER = f"РегистрСведений.{SECTION}"
USERS = "Справочник.Пользователи"
_BUYERS_MANAGER = {"ut103": "ОсновнойМенеджерПокупателя"}
"""How configurations call the field with who keeps the card, where it is not Ответственный."""


class FieldKinds(Object):
    """ОписаниеТипов of a field: a reference to a catalog."""

    kind = "ОписаниеТипов"

    def __init__(self, catalog: Object) -> None:
        super().__init__()
        self.catalog = catalog

    @named("Типы")
    def kinds(self) -> Array:
        return Array.of([self])


class Metadata(Object):
    """Метаданные."""

    @named("НайтиПоТипу")
    def of_kind(self, kind: FieldKinds) -> Object:
        return kind.catalog


def responsible_field(onec: OneC) -> str:
    """The name of the field with who keeps the card."""
    return _BUYERS_MANAGER.get(onec.flavour.name, "Ответственный")


def base_of(onec: OneC) -> Infobase:
    """The counterparties of a stand-in, the kinds of contacts, and the contacts where this flavour keeps them."""
    base = Infobase()
    base.tables[USERS], base.tables[f"{USERS}.{SECTION}"] = [], []
    for record in onec.base.tables[CONTACT_KINDS]:
        base.tables[KINDS].append({"Ссылка": base.reference(KINDS, record.item.ref), "Наименование": record.item.name})
    columns = (
        onec.base.sets.get("InformationRegister_" + SECTION) or onec.base.sets[f"Catalog_Контрагенты_{SECTION}"]
    ).columns
    table = onec.base.tables["Контрагенты"]
    for index in table.indexes():
        item = table.item(index)
        reference = base.reference(CATALOG, item.ref)
        row = {
            "Ссылка": reference,
            "Наименование": item.name,
            "ПометкаУдаления": item.deleted,
            "ЭтоГруппа": item.folder,
            "ИНН": item.inn,
            responsible_field(onec): _user(onec, base, item),
        }
        base.tables[CATALOG].append(row | ({"Код": item.code} if onec.flavour.hierarchical else {}))
        for number, contact in enumerate(table.contacts(index), 1):
            line = Line(table, index, number, contact)
            found = {name: _value(base, name, column.get, line) for name, column in columns.items()}
            if onec.flavour.register:
                base.tables[REGISTER].append(found | {"Объект": reference})
            else:
                base.tables[PART].append(found | {"Ссылка": reference, "НомерСтроки": number})
    return base


def _user(onec: OneC, base: Infobase, item: Item) -> Reference:
    """Who keeps a card, with an extension beside a number outside; the empty reference for nobody."""
    if not item.responsible:
        return base.reference(USERS, NOBODY)
    user = base.reference(USERS, uuid4())
    base.tables[USERS].append({"Ссылка": user, "Наименование": item.responsible})
    phone = EnumValue("Перечисление.ТипыКонтактнойИнформации.Телефон")
    mail = EnumValue("Перечисление.ТипыКонтактнойИнформации.АдресЭлектроннойПочты")
    texts = [
        (mail, "77"),
        (phone, "+7 (495) 555-01-99"),
        *([(phone, f"доб. {item.extension}")] if item.extension else []),
    ]
    for number, (kind, text) in enumerate(texts, 1):
        row = {"Тип": kind, "Представление": text, "Вид": number}
        if onec.flavour.register:
            base.tables[REGISTER].append(row | {"Объект": user})
        else:
            base.tables[f"{USERS}.{SECTION}"].append(row | {"Ссылка": user, "НомерСтроки": number})
    return user


def _value(base: Infobase, name: str, get: Callable[[Any], Any], line: Line) -> Any:
    value = get(line)
    if name == "Тип":
        return EnumValue(f"Перечисление.ТипыКонтактнойИнформации.{value}")
    if name == "ДействуетС":
        return datetime.fromisoformat(value)
    if name in {"Вид_Key", "Вид"}:
        try:
            return base.reference(KINDS, UUID(value))
        except ValueError:  # a kind of before БСП, which is a text
            return value
    return value


def world_of(onec: OneC, base: Infobase | None = None, no_rights: Container[str] = ()) -> World:
    """The global context of the infobase of a stand-in; ``base`` is what ``base_of`` made of it.

    ``no_rights`` are catalogs that the user may not read.
    """
    base = base or base_of(onec)
    for row in base.tables[PART]:
        row["Вид"] = row.pop("Вид_Key")
    world = global_context()
    names = list(base.tables[PART][0]) if base.tables[PART] else []
    part = Object(Имя=SECTION, Реквизиты=Described(names))
    parts = Described([SECTION] if names else [], {SECTION: part})
    hierarchy = "ИерархияГруппИЭлементов"
    keeper = Object(Имя=responsible_field(onec), Тип=FieldKinds(Object(Имя="Пользователи")))
    catalog = Object(
        ДлинаКода=9 if onec.flavour.hierarchical else 0,
        Иерархический=onec.flavour.hierarchical,
        ВидИерархии=hierarchy,
        ТабличныеЧасти=parts,
        Имя="Контрагенты",
        Реквизиты=Described(["ИНН", responsible_field(onec)], {responsible_field(onec): keeper}),
    )
    users = Object(Имя="Пользователи", ТабличныеЧасти=Described([] if onec.flavour.register else [SECTION]))
    metadata = Metadata(
        Справочники=Described(["Контрагенты", "Пользователи"], {"Контрагенты": catalog, "Пользователи": users}),
        СвойстваОбъектов=Object(ВидИерархии=Object(ИерархияГруппИЭлементов=hierarchy)),
    )
    world.know(
        objects={"Метаданные": metadata, "Справочники": base.catalogs(), "ФабрикаXDTO": Factory()},
        functions={"ПравоДоступа": lambda _right, of: of.get("Имя") not in no_rights},
        classes={"Запрос": lambda text="": Query(base, text)},
    )
    return world


def module_of(name: str, world: World) -> Module:
    """A module of examples/1c in a world."""
    return Module((FOLDER / name).read_text(encoding="utf-8"), world)
