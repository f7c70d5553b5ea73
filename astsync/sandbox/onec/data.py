"""Invented counterparties of the stand-in 1C. An item is computed from the seed and its index when it is needed.

Nothing is real. Names are combined from word lists, phone numbers are permuted digits. Tax numbers begin with the
region 00, which no tax office has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from astsync.sandbox.onec.invented_phones import Dice, TypedText, soil, split_typed, subscriber, write_phone

NIL = "00000000-0000-0000-0000-000000000000"
NO_DATE = "0001-01-01T00:00:00"
PHONE, FAX, EMAIL, ADDRESS = "Телефон", "Факс", "АдресЭлектроннойПочты", "Адрес"


@dataclass(slots=True)
class Item:
    """The header of an item in a catalog.

    In 1C ``name`` is Description, ``full_name`` НаименованиеПолное, ``parent`` Parent_Key, ``owner`` Owner_Key.
    ``responsible`` is who keeps the card, ``extension`` their phone, as the services of examples/1c tell them; nobody
    keeps an invented card.
    """

    ref: str
    name: str
    full_name: str = ""
    code: str = ""
    folder: bool = False
    parent: str = NIL
    owner: str = NIL
    partner: str = NIL
    deleted: bool = False
    inn: str = ""
    kpp: str = ""
    version: int = 1
    responsible: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A row of КонтактнаяИнформация. ``type`` is Тип, ``kind`` the name of Вид, ``since`` ДействуетС.

    A contact comes into 1C in one of three ways. ``structured``: its parts were typed into separate fields, and 1C
    built Представление from them. ``split``: it was typed into one field, and 1C's standard library split it into
    parts, right or wrong. Neither: it was imported and has only its text. ``raw`` are values of columns by name; they
    replace those that follow from the rest.
    """

    type: str
    kind: str
    typed: TypedText
    structured: bool = False
    since: str = NO_DATE
    split: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def text(self) -> str:
        """Представление, the text that people see."""
        return self.typed.in_form if self.structured else self.typed.text

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Country, area, number and extension as 1C stores them. All are empty when it has only the text."""
        typed = self.typed
        if self.structured:
            return typed.country, typed.area, typed.local, typed.extension
        return split_typed(typed.text) if self.split else ("", "", "", "")


@dataclass(frozen=True, slots=True)
class Record:
    """An item with its contacts, for tests and the demo."""

    item: Item
    contacts: tuple[Contact, ...] = field(default=())

    @property
    def phones(self) -> tuple[Contact, ...]:
        """The rows whose Тип is Телефон."""
        return tuple(contact for contact in self.contacts if contact.type == PHONE)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers (E.164 digits) that a correct reader finds in the current phones.

        Of a kind with a history only the latest phone is current.
        """
        latest: dict[str, Contact] = {}
        for contact in self.phones:
            dated = contact.since != NO_DATE
            key = contact.kind if dated else f"{contact.kind} {len(latest)}"
            if key not in latest or latest[key].since < contact.since:
                latest[key] = contact
        return tuple(number for contact in latest.values() for number in contact.typed.numbers)


# Of a hundred counterparties so many have this legal form: its short form, its full form.
_FORMS = (
    (52, "ООО", "Общество с ограниченной ответственностью"),
    (26, "ИП", "Индивидуальный предприниматель"),
    (7, "АО", "Акционерное общество"),
    (4, "ТОО", "Товарищество с ограниченной ответственностью"),
    (3, "ПАО", "Публичное акционерное общество"),
    (3, "ЗАО", "Закрытое акционерное общество"),
    (2, "НКО", "Некоммерческая организация"),
    (2, "МУП", "Муниципальное унитарное предприятие"),
    (1, "ФГУП", "Федеральное государственное унитарное предприятие"),
)
_BY_ROLL = tuple((short, full) for share, short, full in _FORMS for _ in range(share))
_ADJECTIVES = tuple(
    "Северный Южный Восточный Западный Уральский Сибирский Волжский Балтийский Степной Горный Лесной Морской Речной "
    "Новый Первый Белый Чёрный Красный Зелёный Синий Золотой Серебряный Стальной Хрустальный Солнечный Лунный Звёздный "
    "Городской Полевой Озёрный Верхний Дальний Быстрый Тихий Ясный Добрый Светлый Большой Малый Вольный".split()
)
_NOUNS = tuple(
    "альянс базис вектор горизонт дом завод источник каркас лидер маяк оазис партнёр резерв союз терем ключ форум холм "
    "центр щит эталон юнкер якорь мост причал компас рубеж сектор контур импульс формат стандарт ресурс проект поток "
    "квартал регион экспресс диалог фарватер подъёмник цех хутор".split()
)
_ROOTS = tuple(
    "Агро Строй Тех Метал Авто Пром Энерго Торг Снаб Гидро Тепло Электро Лес Хим Био Мед Фарм Инфо Транс Юг Север "
    "Восток Запад Урал Сиб Волга Щебень Цемент Эко Нефте Газ Хлеб Мясо Рыб Овощ Стекло Пласт Бумаг Кабель".split()
)
_TAILS = tuple(
    "сервис маш комплект инвест групп проект монтаж торг пром снаб сбыт экспорт ресурс лайн дизайн холдинг продукт "
    "логистик трейд техника контракт консалт щит актив база союз центр плюс".split()
)
_SURNAMES = tuple(
    "Алексеев Беляев Воронов Гаврилов Дёмин Ежов Жуков Зайцев Ильин Кузьмин Лыткин Мельников Никитин Овчинников Попов "
    "Рябов Соколов Тихонов Уваров Фёдоров Харитонов Цветков Чернышёв Шубин Щукин Эрлих Юдин Яковлев Быков Власов "
    "Герасимов Денисов Егоров Журавлёв Зыков Калинин Логинов Миронов Нестеров Орлов".split()
)
_NAMES = tuple(
    "Александр Борис Виктор Георгий Дмитрий Евгений Захар Игорь Константин Леонид Михаил Николай Олег Пётр Роман "
    "Сергей Тимофей Фёдор Эдуард Юрий".split()
)
_FATHERS = tuple(
    "Александрович Борисович Викторович Георгиевич Дмитриевич Евгеньевич Игоревич Константинович Львович Михайлович "
    "Николаевич Олегович Петрович Романович Сергеевич Фёдорович Эдуардович Юрьевич Яковлевич".split()
)
_QUOTES = ('"{}"', "«{}»", '"{}"', "«{}»", "{}", "„{}“", "“{}”", "'{}'", '"НПФ "{}"', "«ТД «{}»")
_FOLDERS = ("Поставщики", "Покупатели", "Прочие", "Архив", "Розница", "Опт", "Перевозчики", "Сотрудники")
_CITIES = ("г. Тверь", "г. Пермь", "г. Самара", "г. Омск", "г. Казань", "вн. тер. г. Сосновое", "г. Псков", "г. Чита")


def _firm(dice: Dice) -> str:
    kind = dice.roll(10)
    if kind < 5:
        return dice.pick(_ROOTS) + dice.pick(_TAILS)
    if kind < 8:
        return f"{dice.pick(_ADJECTIVES)} {dice.pick(_NOUNS)}"
    if kind == 8:
        return f"{dice.pick(_ROOTS)}-{dice.pick(_ROOTS)} {dice.roll(90) + 2}"
    return f"{dice.pick(_ROOTS)}{dice.pick(_TAILS)} № {dice.roll(30) + 1}"


def person(dice: Dice) -> str:
    """Invent a man's surname, name and patronymic."""
    return f"{dice.pick(_SURNAMES)} {dice.pick(_NAMES)} {dice.pick(_FATHERS)}"


def _cased(dice: Dice, text: str) -> str:
    roll = dice.roll(100)
    return text.upper() if roll < 20 else text.lower() if roll < 25 else text


def _placed(dice: Dice, form: tuple[str, str], bare: str) -> str:
    """Put the legal form where people put it: before the name, behind it, in full, or nowhere."""
    roll = dice.roll(100)
    if roll < 60:
        return f"{form[0]} {bare}"
    if roll < 80:
        return f"{bare} {form[0]}"
    return f"{form[1]} {bare}" if roll < 90 else bare


def _padded(dice: Dice, text: str) -> str:
    return f"  {text}   " if dice.roll(50) == 0 else text


_DIRT = ("", "\u0002{}", "{} \U0001f600", "{}\u200b", "{} (не использовать)", "{}\r\n", "{}\u00a0\u00a0", "\t{}")


class Inventor:
    """Invents the items of one catalog. The same ``seed`` and ``subject`` (the catalog's name) give the same items.

    ``dirt`` is the share (0 to 1) of items with a spoilt name or phone: invisible and control characters, emoji, an
    empty name, the number of another item. ``history``: some phones have an older row of the same kind.
    """

    def __init__(self, seed: int, subject: str, *, dirt: float = 0.03, history: bool = True) -> None:
        self._key = seed.to_bytes(8, "big", signed=True)
        self._subject = blake2b(subject.encode(), digest_size=16).digest()
        self._dirt = int(dirt * 1000)
        self._history = history
        start = Dice(self._key, b"start", int.from_bytes(self._subject[:7], "big"))
        self._mask, self._offset = start.roll(2**32), start.roll(10**9)

    def dice(self, index: int, salt: int = 0) -> Dice:
        """The dice of item ``index``. Each ``salt`` (0 to 15) has dice of its own."""
        return Dice(self._key, self._subject, index << 4 | salt)

    def ref(self, index: int) -> str:
        """The GUID of item ``index``. Its first 8 hex digits encode the index; ``index_of`` decodes it.

        So a table of a million items needs no map from GUIDs to indexes.
        """
        first = (index * 2_654_435_761 + self._mask) & 0xFFFFFFFF
        tail = blake2b(index.to_bytes(8, "big"), key=self._key, person=self._subject, digest_size=11).hexdigest()
        return f"{first:08x}-{tail[:4]}-11{tail[4:6]}-{tail[6:10]}-{tail[10:]}"

    def index_of(self, ref: str) -> int:
        """The index in a GUID of ``ref``. For any other GUID the result is an arbitrary number from 0 to 2**32 - 1."""
        return (int(ref[:8], 16) - self._mask) * _INVERSE & 0xFFFFFFFF

    def counterparty(self, index: int) -> Item:
        """Invent a counterparty. Description has the legal form or not; НаименованиеПолное has it."""
        dice = self.dice(index)
        form = _BY_ROLL[dice.roll(100)]
        alone = form[0] == "ИП"
        bare = person(dice) if alone else dice.pick(_QUOTES).format(_cased(dice, _firm(dice)))
        name = self._spoil(dice, _padded(dice, _placed(dice, form, bare)))
        item = Item(self.ref(index), name, f"{form[dice.roll(2)]} {bare}", deleted=dice.roll(50) == 0)
        item.inn = f"00{dice.roll(10**10):010}" if alone else f"00{dice.roll(10**8):08}"
        item.kpp = "" if alone else f"00{dice.roll(10**5):05}01"
        item.code = f"{index + 1:09} "
        if dice.roll(25) == 0:
            item.full_name = ""  # the field is optional in 1C
        return item

    def partner(self, index: int) -> Item:
        """Invent a partner: a firm's working name without a legal form."""
        dice = self.dice(index)
        name = _cased(dice, _firm(dice)) if dice.roll(4) else person(dice)
        return Item(self.ref(index), name, name, deleted=dice.roll(50) == 0, code=f"{index + 1:08} ")

    def person(self, index: int) -> Item:
        """Invent a contact person."""
        dice = self.dice(index)
        return Item(self.ref(index), person(dice), deleted=dice.roll(50) == 0, code=f"{index + 1:09} ")

    def folder(self, index: int) -> Item:
        """Invent a folder. The first eight are at the top, the others inside them."""
        name = _FOLDERS[index % len(_FOLDERS)] + (f" {index // len(_FOLDERS)}" if index >= len(_FOLDERS) else "")
        parent = self.ref(index % len(_FOLDERS)) if index >= len(_FOLDERS) else NIL
        return Item(self.ref(index), name, folder=True, parent=parent, code=f"{index + 1:09} ")

    def contacts(self, index: int) -> tuple[Contact, ...]:
        """Invent the rows of КонтактнаяИнформация of item ``index``."""
        dice = self.dice(index, 1)
        rows: list[Contact] = []
        if dice.roll(10) < 3:
            rows.append(Contact(ADDRESS, "Юридический адрес", TypedText(_address(dice))))
        if dice.roll(100) < 88:
            rows.extend(self._phone(dice, index))
        if dice.roll(100) < 25:
            extra = write_phone(dice, 2 * index + 1, self._offset)
            rows.append(_stored(dice, "Мобильный телефон", extra))
        if dice.roll(10) < 4:
            rows.append(Contact(EMAIL, "Электронная почта", TypedText(f"info{index}@example.ru")))
        if dice.roll(20) == 0:
            code, local = subscriber(2 * (2 * index + 1) + 1, self._offset + 1)
            rows.append(Contact(FAX, "Факс", TypedText(f"8 ({code}) {local[:3]}-{local[3:5]}-{local[5:]}")))
        return tuple(rows)

    def _phone(self, dice: Dice, index: int) -> list[Contact]:
        spoilt = dice.roll(1000) < self._dirt
        twin = spoilt and index > 0 and dice.roll(3) == 0
        # A twin has the number of an earlier item, as two counterparties behind one switchboard.
        typed = write_phone(dice, 2 * (dice.roll(index) if twin else index), self._offset)
        if spoilt and not twin:
            typed = soil(dice, typed)
        row = _stored(dice, "Телефон", typed)
        if not (self._history and typed.text) or dice.roll(100):
            return [row]
        old = write_phone(dice, 4 * index + 100_000_001, self._offset)
        kind = "Телефон с историей"
        return [
            Contact(PHONE, kind, old, since="2019-03-01T00:00:00"),
            replace(row, kind=kind, since="2023-09-15T00:00:00"),
        ]

    def _spoil(self, dice: Dice, name: str) -> str:
        return dice.pick(_DIRT).format(name) if dice.roll(1000) < self._dirt else name


_INVERSE = pow(2_654_435_761, -1, 2**32)


def _address(dice: Dice) -> str:
    return f"{170000 + dice.roll(9000)}, {dice.pick(_CITIES)}, ул. Новая, дом {dice.roll(99) + 1}, доб. 2"


def _stored(dice: Dice, kind: str, typed: TypedText) -> Contact:
    """Choose how a phone came into 1C: typed part by part, typed into one field, or imported."""
    roll = dice.roll(100) if typed.local else 20 + len(typed.text) % 80
    return Contact(PHONE, kind, typed, structured=roll < 15, split=15 <= roll < 60)
