"""Stand-ins of the platform's objects and of its global context."""

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.bsl.interpreter import ErrorInfo, World
from tests.bsl.values import (
    NULL,
    BslError,
    Object,
    as_number,
    as_text,
    equal,
    is_filled,
    is_number,
    less,
    named,
    type_name,
)

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class KeyAndValue(Object):
    """КлючИЗначение."""

    kind = "КлючИЗначение"

    def __init__(self, key: Any, value: Any) -> None:
        super().__init__(Ключ=key, Значение=value)


class Structure(Object):
    """Структура."""

    kind = "Структура"

    def __init__(self, names: str = "", *given: Any) -> None:
        super().__init__()
        for place, name in enumerate(one.strip() for one in names.split(",") if one.strip()):
            self.insert(name, given[place] if place < len(given) else None)

    @named("Вставить")
    def insert(self, name: Any, value: Any = None) -> None:
        if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
            raise BslError(f"Неправильное имя атрибута структуры ({as_text(name)})")
        known = next((key for key in self.properties if key.casefold() == name.casefold()), name)
        self.properties[known] = value

    @named("Свойство")
    def has(self, name: str) -> bool:
        return any(key.casefold() == name.casefold() for key in self.properties)

    @named("Удалить")
    def delete(self, name: str) -> None:
        del self.properties[self._key(name)]

    @named("Количество")
    def count(self) -> int:
        return len(self.properties)

    def items(self) -> Iterator[Any]:
        return iter([KeyAndValue(key, value) for key, value in self.properties.items()])

    def filled(self) -> bool:
        return bool(self.properties)


class Map(Object):
    """Соответствие."""

    kind = "Соответствие"

    def __init__(self) -> None:
        super().__init__()
        self.pairs: dict[Any, Any] = {}

    @named("Вставить")
    def insert(self, key: Any, value: Any = None) -> None:
        self.pairs[key] = value

    @named("Получить")
    def found(self, key: Any) -> Any:
        return self.pairs.get(key)

    @named("Удалить")
    def delete(self, key: Any) -> None:
        self.pairs.pop(key, None)

    @named("Количество")
    def count(self) -> int:
        return len(self.pairs)

    def at(self, key: Any) -> Any:
        return self.pairs.get(key)

    def put(self, key: Any, value: Any) -> None:
        self.pairs[key] = value

    def items(self) -> Iterator[Any]:
        return iter([KeyAndValue(key, value) for key, value in self.pairs.items()])

    def filled(self) -> bool:
        return bool(self.pairs)


class Array(Object):
    """Массив."""

    kind = "Массив"

    def __init__(self, size: int = 0) -> None:
        super().__init__()
        self.values: list[Any] = [None] * size

    @classmethod
    def of(cls, values: Iterable[Any]) -> "Array":
        made = cls()
        made.values = list(values)
        return made

    @named("Добавить")
    def add(self, value: Any = None) -> None:
        self.values.append(value)

    @named("Количество")
    def count(self) -> int:
        return len(self.values)

    @named("ВГраница")
    def last(self) -> int:
        return len(self.values) - 1

    @named("Найти")
    def find(self, value: Any) -> Any:
        return next((at for at, one in enumerate(self.values) if equal(one, value)), None)

    @named("Получить")
    def at(self, key: Any) -> Any:
        return self.values[self._place(key)]

    @named("Установить")
    def put(self, key: Any, value: Any) -> None:
        self.values[self._place(key)] = value

    @named("Удалить")
    def delete(self, key: Any) -> None:
        del self.values[self._place(key)]

    @named("Очистить")
    def clear(self) -> None:
        self.values.clear()

    def _place(self, key: Any) -> int:
        if not is_number(key) or not 0 <= key < len(self.values):
            raise BslError("Индекс находится за границами массива")
        return int(key)

    def items(self) -> Iterator[Any]:
        return iter(list(self.values))

    def filled(self) -> bool:
        return bool(self.values)


class Row(Object):
    """СтрокаТаблицыЗначений."""

    kind = "СтрокаТаблицыЗначений"

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(**values)


class Table(Object):
    """ТаблицаЗначений, as a query gives it."""

    kind = "ТаблицаЗначений"

    def __init__(self, columns: Iterable[str] = (), rows: Iterable[dict[str, Any]] = ()) -> None:
        super().__init__()
        self.columns = list(columns)
        self.rows = [Row(row) for row in rows]

    @named("Количество")
    def count(self) -> int:
        return len(self.rows)

    @named("ВыгрузитьКолонку")
    def column(self, name: str) -> Array:
        if name.casefold() not in {column.casefold() for column in self.columns}:
            raise BslError(f"Неверное имя колонки ({name})")
        return Array.of(row.get(name) for row in self.rows)

    def at(self, key: Any) -> Any:
        if not is_number(key) or not 0 <= key < len(self.rows):
            raise BslError("Индекс находится за границами диапазона")
        return self.rows[int(key)]

    def items(self) -> Iterator[Any]:
        return iter(list(self.rows))


class Uuid(Object):
    """УникальныйИдентификатор."""

    kind = "УникальныйИдентификатор"

    def __init__(self, text: Any = None) -> None:
        super().__init__()
        try:
            self.value = uuid.uuid4() if text is None else uuid.UUID(as_text(text))
        except ValueError:
            raise BslError("Неверный формат уникального идентификатора") from None

    def __str__(self) -> str:
        return str(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Uuid) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


class JsonWriter(Object):
    """ЗаписьJSON, into a text."""

    kind = "ЗаписьJSON"

    def __init__(self) -> None:
        super().__init__()
        self.text: str | None = None

    @named("УстановитьСтроку")
    def open(self, _settings: Any = None) -> None:
        self.text = ""

    @named("Закрыть")
    def close(self) -> str:
        if self.text is None:
            raise BslError("Не задан приемник для записи JSON")
        done, self.text = self.text, None
        return done


class JsonReader(Object):
    """ЧтениеJSON, of a text."""

    kind = "ЧтениеJSON"

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    @named("УстановитьСтроку")
    def open(self, text: str) -> None:
        self.text = text

    @named("Закрыть")
    def close(self) -> None:
        self.text = ""


def write_json(writer: JsonWriter, value: Any, _settings: Any = None) -> None:
    """ЗаписатьJSON: structures, maps with keys of text, arrays and plain values; anything else is an error there."""
    if writer.text is None:
        raise BslError("Не задан приемник для записи JSON")
    writer.text += json.dumps(_for_json(value), ensure_ascii=False, indent=" ")


def _for_json(value: Any) -> Any:
    if isinstance(value, Structure):
        return {key: _for_json(one) for key, one in value.properties.items()}
    if isinstance(value, Map):
        if not all(isinstance(key, str) for key in value.pairs):
            raise BslError("Ключ соответствия для записи в JSON должен быть строкой")
        return {key: _for_json(one) for key, one in value.pairs.items()}
    if isinstance(value, Array):
        return [_for_json(one) for one in value.values]
    if value is None or isinstance(value, str | bool):
        return value
    if is_number(value):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise BslError(f"Переданное значение не может быть сериализовано в JSON ({type_name(value)})")


def read_json(reader: JsonReader, into_maps: bool = False) -> Any:
    """ПрочитатьJSON."""
    try:
        return _from_json(json.loads(reader.text), into_maps=into_maps)
    except (ValueError, RecursionError):
        raise BslError("Непредвиденный символ при чтении JSON") from None


def _from_json(value: Any, *, into_maps: bool) -> Any:
    if isinstance(value, dict):
        made: Structure | Map = Map() if into_maps else Structure()
        for key, one in value.items():
            made.insert(key, _from_json(one, into_maps=into_maps))
        return made
    if isinstance(value, list):
        return Array.of(_from_json(one, into_maps=into_maps) for one in value)
    return value if not isinstance(value, float) else as_number(repr(value))


class ServiceRequest(Object):
    """HTTPСервисЗапрос, as the platform gives it to the handler of an HTTP service."""

    kind = "HTTPСервисЗапрос"

    def __init__(
        self,
        query: dict[str, str] | None = None,
        *,
        method: str = "GET",
        body: str = "",
        path: dict[str, str] | None = None,
    ) -> None:
        super().__init__(HTTPМетод=method, ПараметрыЗапроса=_map(query), ПараметрыURL=_map(path), Заголовки=Map())
        self.body = body

    @named("ПолучитьТелоКакСтроку")
    def read(self, _encoding: Any = None) -> str:
        return self.body


class ServiceAnswer(Object):
    """HTTPСервисОтвет."""

    kind = "HTTPСервисОтвет"

    def __init__(self, status: int, reason: str = "", headers: Any = None) -> None:
        super().__init__(КодСостояния=status, Причина=reason, Заголовки=headers or Map())
        self.body = ""

    @named("УстановитьТелоИзСтроки")
    def write(self, text: str, _encoding: Any = None, _mark: Any = None) -> None:
        if not isinstance(text, str):
            raise BslError("Неверный тип параметра (УстановитьТелоИзСтроки)")
        self.body = text

    @property
    def status(self) -> int:
        return int(self.properties["КодСостояния"])


def _map(pairs: dict[str, str] | None) -> Map:
    made = Map()
    made.pairs = dict(pairs or {})
    return made


class Type(Object):
    """Тип."""

    kind = "Тип"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Type) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Enumeration(Object):
    """A system enumeration: a value of it by its name. Where the names are told, another one is an error."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = {name.casefold() for name in names}

    def get(self, name: str) -> Any:
        if self.names and name.casefold() not in self.names:
            raise BslError(f"Поле объекта не обнаружено ({name})")
        return EnumerationValue(name)


class EnumerationValue(Object):
    """A value of a system enumeration."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name.casefold()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EnumerationValue) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


def _mid(text: str, start: int, count: int | None = None) -> str:
    begin = max(start, 1) - 1
    return text[begin:] if count is None else text[begin : begin + max(count, 0)]


def _replace(text: str, what: str, by: Any) -> str:
    return text if what == "" else text.replace(what, as_text(by))


def _least(*given: Any) -> Any:
    found = given[0]
    for one in given[1:]:
        found = one if less(one, found) else found
    return found


def _most(*given: Any) -> Any:
    found = given[0]
    for one in given[1:]:
        found = one if less(found, one) else found
    return found


def _format(value: Any, pattern: str = "") -> str:
    """Формат, for what the modules ask: ЧГ=0, and ДФ of a date."""
    if is_number(value) and pattern == "ЧГ=0":
        return str(value).replace(".", ",")
    if isinstance(value, datetime) and (found := re.fullmatch(r"ДФ='?([^']+)'?", pattern)):
        parts = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
        return value.strftime(re.sub("yyyy|MM|dd|HH|mm|ss", lambda part: parts[part.group()], found[1]))
    raise NotImplementedError(f"Формат({value!r}, {pattern!r})")


def xml_text(value: Any) -> str:
    """XMLСтрока."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or value is NULL:
        raise BslError("Несоответствие типов (параметр номер '1')")
    return str(value)


def _day_end(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59)


def date_of_text(text: str) -> datetime:
    """Дата, of a text like 20261129103001."""
    if not re.fullmatch(r"[0-9]{8}([0-9]{6})?", text):
        raise BslError("Преобразование значения к типу Дата не может быть выполнено")
    try:
        return datetime.strptime(text.ljust(14, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - dates of 1C have no zone
    except ValueError:
        raise BslError("Преобразование значения к типу Дата не может быть выполнено") from None


def fill_properties(into: Object, source: Object, names: str = "") -> None:
    """ЗаполнитьЗначенияСвойств, with the names that both have to have."""
    for name in (one.strip() for one in names.split(",")):
        into.set(name, source.get(name))


def _bad_xml(text: str, start: int = 1) -> int:
    found = _NOT_XML.search(text, start - 1)
    return found.start() + 1 if found else 0


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "XMLСтрока": xml_text,
    "ЗаписатьJSON": write_json,
    "ПрочитатьJSON": read_json,
    "ЗначениеЗаполнено": is_filled,
    "КодСимвола": lambda text, place=1: ord(text[place - 1]) if 0 < place <= len(text) else -1,
    "КонецДня": _day_end,
    "КраткоеПредставлениеОшибки": lambda info: info.text if isinstance(info, ErrorInfo) else as_text(info),
    "ПодробноеПредставлениеОшибки": lambda info: f"{{Модуль(1)}}: {info.text}",
    "Лев": lambda text, count: text[: max(count, 0)],
    "Прав": lambda text, count: text[-count:] if count > 0 else "",
    "Сред": _mid,
    "Мин": _least,
    "Макс": _most,
    "Найти": lambda text, what: text.find(what) + 1,
    "СтрНайти": lambda text, what: text.find(what) + 1,
    "СтрДлина": lambda text: len(as_text(text)),
    "СтрЗаменить": _replace,
    "СтрНачинаетсяС": lambda text, what: text.startswith(what),
    "СтрРазделить": lambda text, by, empty=True: Array.of(
        one for one in re.split(f"[{re.escape(by)}]", text) if one or empty
    ),
    "СтрСоединить": lambda array, by="": by.join(as_text(one) for one in array.values),
    "СокрЛП": lambda text: as_text(text).strip(),
    "НРег": lambda text: as_text(text).lower(),
    "ВРег": lambda text: as_text(text).upper(),
    "ПустаяСтрока": lambda text: not text.strip(),
    "НайтиНедопустимыеСимволыXML": _bad_xml,
    "Строка": as_text,
    "Число": as_number,
    "Цел": lambda value: int(as_number(value)),
    "Дата": date_of_text,
    "ЗаполнитьЗначенияСвойств": fill_properties,
    "КодироватьСтроку": lambda text, _way, _charset="UTF-8": quote(text, safe=""),
    "Булево": bool,
    "Тип": Type,
    "ТипЗнч": lambda value: Type(type_name(value)),
    "Формат": _format,
    "ТекущаяДатаСеанса": lambda: datetime.now().replace(microsecond=0),  # noqa: DTZ005 - as there
}

CLASSES: dict[str, Callable[..., Any]] = {
    "Структура": Structure,
    "Соответствие": Map,
    "Массив": Array,
    "УникальныйИдентификатор": Uuid,
    "ЗаписьJSON": JsonWriter,
    "ЧтениеJSON": JsonReader,
    "HTTPСервисОтвет": ServiceAnswer,
}

OBJECTS: dict[str, Any] = {
    "КодировкаТекста": Enumeration(),
    "ИспользованиеByteOrderMark": Enumeration(),
    "СпособКодированияСтроки": Enumeration("КодировкаURL", "URLВКодировкеURL"),
    "Символы": Object(ПС="\n", ВК="\r", Таб="\t"),
}


def global_context() -> World:
    """A world with all that is here; the infobase adds its own."""
    world = World()
    world.know(FUNCTIONS, OBJECTS, CLASSES)
    return world
