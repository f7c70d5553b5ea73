"""Values of 1C's language, and what its operators make of them.

Неопределено is None, Число an int or a Decimal, Строка a str, Булево a bool, Дата a datetime without a zone.
"""

import inspect
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

EMPTY_DATE = datetime(1, 1, 1)  # noqa: DTZ001 - dates of 1C have no zone


class BslError(Exception):
    """An exception of 1C's language: one that a module raised, or one of the platform."""

    @property
    def text(self) -> str:
        return str(self.args[0])


class _Null:
    """The value Null of queries."""

    def __repr__(self) -> str:
        return "Null"


NULL = _Null()
Made = TypeVar("Made", bound=Callable[..., Any])


def named(name: str) -> Callable[[Made], Made]:
    """Give a method of a stand-in its name in 1C's language."""

    def name_it(made: Made) -> Made:
        vars(made)["bsl_name"] = name
        return made

    return name_it


class Object:
    """An object of the platform, or a stand-in of one: properties, methods that are ``named``, maybe items."""

    kind = ""

    def __init__(self, **properties: Any) -> None:
        self.properties: dict[str, Any] = {}
        for name, value in properties.items():
            self.properties[name] = value

    def get(self, name: str) -> Any:
        return self.properties[self._key(name)]

    def set(self, name: str, value: Any) -> None:
        self.properties[self._key(name)] = value

    def _key(self, name: str) -> str:
        found = next((key for key in self.properties if key.casefold() == name.casefold()), None)
        if found is None:
            raise BslError(f"Поле объекта не обнаружено ({name})")
        return found

    def call(self, name: str, arguments: list[Any]) -> Any:
        method = self.methods().get(name.casefold())
        if method is None:
            raise BslError(f"Метод объекта не обнаружен ({name})")
        return call_python(method, name, arguments)

    def methods(self) -> dict[str, Callable[..., Any]]:
        return {told: getattr(self, name) for told, name in _named_methods(type(self)).items()}

    def at(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.get(key)
        raise BslError("Значение не является значением объектного типа")

    def put(self, key: Any, value: Any) -> None:
        if not isinstance(key, str):
            raise BslError("Индексированное значение доступно только для чтения")
        self.set(key, value)

    def items(self) -> Iterator[Any]:
        raise BslError("Итератор для значения не определен")

    def filled(self) -> bool:
        return True


OMITTED = object()
"""An argument that stands empty between two commas."""


@lru_cache(4096)
def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


_METHODS: dict[type, dict[str, str]] = {}


def _named_methods(kind: type) -> dict[str, str]:
    """The attributes of a class by the names that they have in 1C's language."""
    if kind not in _METHODS:
        found = ((name, getattr(kind, name)) for name in dir(kind))
        _METHODS[kind] = {one.bsl_name.casefold(): name for name, one in found if hasattr(one, "bsl_name")}
    return _METHODS[kind]


def call_python(function: Callable[..., Any], name: str, arguments: list[Any]) -> Any:
    """Call a function of Python as one of the platform. A wrong number of arguments is an error as there."""
    bound = getattr(function, "__func__", None)
    expected = _parameters(function) if bound is None else _parameters(bound)[1:]
    most = None if any(one.kind is one.VAR_POSITIONAL for one in expected) else len(expected)
    if most is not None and len(arguments) > most:
        raise BslError(f"Слишком много фактических параметров ({name})")
    given = []
    for place, argument in enumerate(arguments):
        if argument is OMITTED:
            default = expected[place].default
            if default is inspect.Parameter.empty:
                raise BslError(f"Пропущен обязательный параметр ({name})")
            given.append(default)
        else:
            given.append(argument)
    least = sum(one.default is one.empty and one.kind is not one.VAR_POSITIONAL for one in expected)
    if len(given) < least:
        raise BslError(f"Недостаточно фактических параметров ({name})")
    return function(*given)


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def type_name(value: Any) -> str:
    """The name that Тип() takes."""
    if value is None:
        return "Неопределено"
    if value is NULL:
        return "Null"
    if isinstance(value, Object):
        return value.kind
    kinds = {bool: "Булево", int: "Число", Decimal: "Число", str: "Строка", datetime: "Дата"}
    return kinds[type(value)]


def as_text(value: Any) -> str:
    """What Строка() makes of a value: groups of a number with a non-breaking blank, as on a Russian platform."""
    if value is None or value is NULL:
        return ""
    if isinstance(value, bool):
        return "Да" if value else "Нет"
    if is_number(value):
        whole, _, part = f"{value:,f}".replace(",", "\xa0").partition(".")
        return whole + ("," + part.rstrip("0") if part.rstrip("0") else "")
    if isinstance(value, datetime):
        return "" if value == EMPTY_DATE else f"{value:%d.%m.%Y} {value.hour}:{value:%M:%S}"
    return value if isinstance(value, str) else str(value)


def as_number(value: Any) -> int | Decimal:
    if isinstance(value, bool):
        return int(value)
    if is_number(value):
        return value  # type: ignore[no-any-return]
    text = str(value).strip().replace("\xa0", "").replace(" ", "").replace(",", ".")
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise BslError("Преобразование значения к типу Число не может быть выполнено") from None
    return int(number) if number == number.to_integral_value() else number


def is_filled(value: Any) -> bool:
    """ЗначениеЗаполнено: blanks alone are not filled."""
    if value is None or value is NULL:
        return False
    if isinstance(value, bool):
        return True
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, datetime):
        return value != EMPTY_DATE
    return value.filled() if isinstance(value, Object) else value != 0


def truth(value: Any) -> bool:
    """A value where a Булево is needed."""
    if isinstance(value, bool):
        return value
    if is_number(value):
        return bool(value)
    raise BslError("Преобразование значения к типу Булево не может быть выполнено")


def added(left: Any, right: Any) -> Any:
    """The operator +: the left one decides what it means."""
    if isinstance(left, str):
        return left + as_text(right)
    if isinstance(left, datetime):
        return left + timedelta(seconds=float(as_number(right)))
    return simple(as_number(left) + as_number(right))


def subtracted(left: Any, right: Any) -> Any:
    if isinstance(left, datetime) and isinstance(right, datetime):
        return int((left - right).total_seconds())
    if isinstance(left, datetime):
        return left - timedelta(seconds=float(as_number(right)))
    return simple(as_number(left) - as_number(right))


def divided(left: Any, right: Any) -> Any:
    if as_number(right) == 0:
        raise BslError("Деление на 0")
    return simple(Decimal(as_number(left)) / as_number(right))


def rest(left: Any, right: Any) -> Any:
    if as_number(right) == 0:
        raise BslError("Деление на 0")
    return simple(Decimal(as_number(left)) % as_number(right))


def simple(number: int | Decimal) -> int | Decimal:
    return int(number) if number == int(number) else number


def equal(left: Any, right: Any) -> bool:
    """The operator =: values of different types differ."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def less(left: Any, right: Any) -> bool:
    """The operator <: only values of one type have an order; texts by letters whatever their case, as collations do."""
    if is_number(left) and is_number(right):
        return bool(left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left.casefold(), left) < (right.casefold(), right)
    if type(left) is type(right) and isinstance(left, datetime | bool | Object):
        return bool(left < right)
    raise BslError("Операции сравнения на больше-меньше допустимы только для значений совпадающих примитивных типов")
