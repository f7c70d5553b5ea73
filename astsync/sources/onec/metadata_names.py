"""The names that configurations of 1C give to contact information, one table for each language of metadata.

The language in which the sets and columns of a configuration are named is meant here, not that of its users. Most are
written in Russian. Configurations for other countries may be written in English, with the names of the English edition
of 1C's standard library.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class MetadataNames:
    """The names in one language. ``section`` also names the register of configurations before the standard library.

    ``type``, ``kind``, ``text``, ``value``, ``fields``, ``since`` and ``digits`` are columns of the section; ``phone``
    is the value of ``type`` whose rows are phones. ``owner``, ``register_kind``, ``parts`` (country, area, number,
    extension) and ``comment`` are columns of the register. ``kinds`` is the catalog of kinds. ``firms`` and
    ``persons`` are the catalogs that hold phones in 1C's own configurations, the most trusted first; ``links`` are the
    fields that lead from a person to its owner.
    """

    section: str
    phone: str
    type: str
    kind: str
    text: str
    digits: str
    value: str
    fields: str
    since: str
    owner: str
    register_kind: str
    parts: tuple[str, str, str, str]
    comment: str
    kinds: str
    firms: tuple[str, ...]
    persons: tuple[str, ...]
    links: tuple[str, ...]

    @property
    def register(self) -> str:
        """The set of the register."""
        return f"InformationRegister_{self.section}"

    @property
    def only_phones(self) -> str:
        """The ``$filter`` of rows that are phones."""
        return f"{self.type} eq '{self.phone}'"

    @property
    def section_columns(self) -> tuple[str, ...]:
        """The columns of the section that are read where they exist; the first four exist everywhere."""
        return (self.type, self.kind, self.text, self.digits, self.value, self.fields, self.since)

    @property
    def register_keys(self) -> tuple[str, ...]:
        """The columns that name a row of the register, with what tells the catalogs of its references."""
        return (self.owner, f"{self.owner}_Type", self.type, self.register_kind, f"{self.register_kind}_Type")

    @property
    def register_values(self) -> tuple[str, ...]:
        """The columns of the register that are read where they exist; the first exists everywhere."""
        return (self.text, *self.parts, self.comment, self.since)


RUSSIAN: Final = MetadataNames(
    section="КонтактнаяИнформация",
    phone="Телефон",
    type="Тип",
    kind="Вид_Key",
    text="Представление",
    digits="НомерТелефона",
    value="Значение",
    fields="ЗначенияПолей",
    since="ДействуетС",
    owner="Объект",
    register_kind="Вид",
    parts=("Поле1", "Поле2", "Поле3", "Поле4"),
    comment="Комментарий",
    kinds="ВидыКонтактнойИнформации",
    firms=("Контрагенты", "Партнеры"),
    persons=("КонтактныеЛицаПартнеров", "КонтактныеЛица", "ФизическиеЛица"),
    links=("ОбъектВладелец", "Партнер"),
)
ENGLISH: Final = MetadataNames(
    section="ContactInformation",
    phone="Phone",
    type="Type",
    kind="Kind_Key",
    text="Presentation",
    digits="PhoneNumber",
    value="Value",
    fields="FieldsValues",
    since="ValidFrom",
    owner="Object",
    register_kind="Kind",
    parts=("Field1", "Field2", "Field3", "Field4"),
    comment="Comment",
    kinds="ContactInformationKinds",
    firms=("Counterparties", "Partners"),
    persons=("PartnersContactPersons", "ContactPersons", "Individuals"),
    links=("OwnerObject", "Partner"),
)
METADATA_NAMES: Final = (RUSSIAN, ENGLISH)

PART_FIELDS: Final = ("countryCode", "areaCode", "number", "extNumber", "comment")
"""The names in the JSON of Значение, in the order of ``PhoneParts``."""

PART_NAMES: Final[Mapping[str, int]] = {
    spelled: place
    for place, names in enumerate(
        (
            (PART_FIELDS[0], "КодСтраны"),
            (PART_FIELDS[1], "КодГорода", "CityCode"),
            (PART_FIELDS[2], "Номер", "НомерТелефона", "PhoneNumber"),
            (PART_FIELDS[3], "Добавочный", "Extension"),
            (PART_FIELDS[4], "Комментарий"),
            ("value", "Представление", "Presentation"),
        )
    )
    for name in names
    for spelled in (name, name.casefold())
}
"""What a name in the JSON, the XML or the lines of a phone means: a place in ``PhoneParts``, after these the text."""

_SEEN = frozenset(names.text.casefold() for names in METADATA_NAMES)
_MADE = frozenset(names.digits.casefold() for names in METADATA_NAMES) | {"number"}
_WORD = re.compile(r"[A-ZА-ЯЁ]+[a-zа-яё]*|[a-zа-яё]+")
_PHONE_WORDS = ("телефон", "моб", "сотов", "phone", "mobile", "cell")
_PHONE_SHORT = frozenset({"тел", "tel"})


def metadata_names_of(name: str, published: frozenset[str]) -> MetadataNames:
    """Choose the table by the sets that a configuration publishes, else by the letters of the catalog's name."""
    sets = {f"Catalog_{name}_{names.section}": names for names in METADATA_NAMES}
    sets |= {f"Catalog_{names.kinds}": names for names in METADATA_NAMES}
    found = next((names for one, names in sets.items() if one in published), None)
    return found or (ENGLISH if name.isascii() else RUSSIAN)


def in_trust(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split the fields of a phone into those to believe, what people see in 1C first, and those that a machine made."""
    named = [(path, path.rpartition(".")[2].casefold()) for path in paths]
    seen = [path for path, name in named if name in _SEEN]
    made = [path for path, name in named if name in _MADE]
    return seen + [path for path, name in named if name not in _SEEN and name not in _MADE], made


def phone_like(names: Iterable[str]) -> list[str]:
    """Keep the names of fields that look like phones: НомерТелефонаДляПоиска, Телефоны, MobilePhone."""
    return [name for name in names if any(map(_names_phone, _WORD.findall(name)))]


def _names_phone(word: str) -> bool:
    folded = word.casefold()
    return folded in _PHONE_SHORT or folded.startswith(_PHONE_WORDS)
