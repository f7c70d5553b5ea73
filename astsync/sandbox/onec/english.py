"""The names of sets, columns and types of contacts in a configuration that was written in English."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from astsync.sandbox.onec.columns import Column
from astsync.sandbox.onec.data import ADDRESS, EMAIL, FAX, PHONE

WORDS: Mapping[str, str] = {
    "Контрагенты": "Counterparties",
    "Партнеры": "Partners",
    "КонтактныеЛицаПартнеров": "PartnersContactPersons",
    "ВидыКонтактнойИнформации": "ContactInformationKinds",
    "КонтактнаяИнформация": "ContactInformation",
    "Тип": "Type",
    "Вид_Key": "Kind_Key",
    "Представление": "Presentation",
    "НомерТелефона": "PhoneNumber",
    "НомерТелефонаБезКодов": "PhoneNumberWithoutCodes",
    "Страна": "Country",
    "Регион": "State",
    "Город": "City",
    "АдресЭП": "EMAddress",
    "ДоменноеИмяСервера": "ServerDomainName",
    "ЗначенияПолей": "FieldsValues",
    "Значение": "Value",
    "ДействуетС": "ValidFrom",
    "ВидДляСписка_Key": "KindForList_Key",
    "НаименованиеПолное": "DescriptionFull",
    "ИНН": "TIN",
    "КПП": "KPP",
    "Партнер_Key": "Partner_Key",
}
_TYPES = {PHONE: "Phone", FAX: "Fax", EMAIL: "EmailAddress", ADDRESS: "Address"}


def set_name(name: str) -> str:
    """The English name of a set. A part without an English word stays."""
    return "_".join(WORDS.get(part, part) for part in name.split("_"))


def translated(column: Column) -> Column:
    """The column with its English name. The values of Тип are translated too: they belong to the configuration."""
    get = column.get
    named = replace(column, name=WORDS.get(column.name, column.name), target=set_name(column.target))
    return replace(named, get=lambda row: _type(get(row))) if column.name == "Тип" else named


def _type(value: Any) -> Any:
    return _TYPES.get(value, value)
