"""Information registers, constants, transactions and locks of an infobase in memory."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bsl.infobase import Described, Infobase, Namespace
from tests.bsl.values import EMPTY_DATE, BslError, Object, equal, is_number, named, type_name


@dataclass(frozen=True, slots=True)
class RegisterField:
    """A dimension or a resource as a person creates it: Строка with its length (0: unlimited), Число, Дата, a link."""

    name: str
    kind: str
    length: int = 0
    dimension: bool = False

    def empty(self) -> Any:
        return {"Строка": "", "Число": 0, "Дата": EMPTY_DATE}.get(self.kind)

    def refuse(self, value: Any) -> None:
        """Raise BslError for what does not fit. The platform would cut a text in silence: here it is an error."""
        if not self._fits(value):
            raise BslError(f"Значение не подходит полю {self.name}: {self.kind}({self.length})")
        if isinstance(value, str) and "\0" in value:
            raise BslError(f"Недопустимый символ в поле {self.name}")

    def _fits(self, value: Any) -> bool:
        if self.kind == "Строка":
            return isinstance(value, str) and (not self.length or len(value) <= self.length)
        if self.kind == "Число":
            return is_number(value) and value == int(value) and abs(value) < 10**self.length
        return type_name(value) == self.kind or (value is None and self.kind != "Дата")

    def described(self) -> Object:
        """What Метаданные tell of it."""
        return Object(Имя=self.name, Тип=_FieldType(self))


class _FieldType(Object):
    kind = "ОписаниеТипов"

    def __init__(self, field: RegisterField) -> None:
        length = field.length if field.kind == "Строка" else 0
        super().__init__(КвалификаторыСтроки=Object(Длина=length))
        self._field = field

    @named("СодержитТип")
    def holds(self, one: Any) -> bool:
        return bool(one.name == self._field.kind)


class Record(Object):
    """РегистрСведенийЗапись: one row of a set."""

    def __init__(self, fields: list[RegisterField], row: Mapping[str, Any] | None = None) -> None:
        super().__init__(**(row or {field.name: field.empty() for field in fields}))
        self._fields = {field.name.casefold(): field for field in fields}

    def set(self, name: str, value: Any) -> None:
        super().set(name, value)
        self._fields[name.casefold()].refuse(value)


class _FilterItem(Object):
    def __init__(self) -> None:
        super().__init__()
        self.value: Any = None
        self.used = False

    @named("Установить")
    def choose(self, value: Any, use: bool = True) -> None:
        self.value, self.used = value, use


class RecordSet(Object):
    """РегистрСведенийНаборЗаписей of an independent register."""

    kind = "РегистрСведенийНаборЗаписей"

    def __init__(self, base: Infobase, table: str, fields: list[RegisterField]) -> None:
        self.filter = {field.name: _FilterItem() for field in fields if field.dimension}
        super().__init__(Отбор=Object(**self.filter))
        self._base, self._table, self._fields = base, table, fields
        self._records: list[Record] = []

    @named("Добавить")
    def add(self) -> Record:
        self._records.append(Record(self._fields))
        return self._records[-1]

    @named("Количество")
    def count(self) -> int:
        return len(self._records)

    @named("Прочитать")
    def read(self) -> None:
        self._records = [Record(self._fields, row) for row in self._rows() if self._chosen(row)]

    @named("Записать")
    def write(self, replace: bool = True) -> None:
        kept = [row for row in self._rows() if not (replace and self._chosen(row))]
        for record in self._records:
            row = dict(record.properties)
            if not self._chosen(row):
                raise BslError("Запись не соответствует отбору набора")
            if any(all(equal(row[name], other[name]) for name in self.filter) for other in kept):
                raise BslError("Запись с такими ключевыми полями существует")
            kept.append(row)
        self._base.tables[self._table] = kept

    def _rows(self) -> list[dict[str, Any]]:
        return self._base.tables[self._table]

    def _chosen(self, row: Mapping[str, Any]) -> bool:
        return all(not item.used or equal(row[name], item.value) for name, item in self.filter.items())

    def items(self) -> Iterator[Any]:
        return iter(list(self._records))

    def at(self, key: Any) -> Any:
        return self._records[key] if is_number(key) else super().at(key)


class _RegisterManager(Object):
    def __init__(self, make: Callable[[], RecordSet]) -> None:
        super().__init__()
        self._make = make

    @named("СоздатьНаборЗаписей")
    def record_set(self) -> RecordSet:
        return self._make()


class Constant(Object):
    """КонстантаМенеджер, of a text."""

    def __init__(self, value: str = "") -> None:
        super().__init__()
        self.value = value

    @named("Получить")
    def read(self) -> str:
        return self.value

    @named("Установить")
    def write(self, value: Any) -> None:
        if not isinstance(value, str):
            raise BslError("Несоответствие типов (Константа)")
        self.value = value


class Transactions:
    """Транзакции of one session: what was written since the outermost one began goes back where it is cancelled."""

    def __init__(self, base: Infobase) -> None:
        self._base = base
        self._before: list[dict[str, Any]] = []
        self.locked: list[tuple[str, Any]] = []

    @property
    def open(self) -> int:
        """How many are open."""
        return len(self._before)

    def begin(self) -> None:
        self._before.append({name: copy.copy(rows) for name, rows in self._base.tables.items()})

    def commit(self) -> None:
        self._end()

    def cancel(self) -> None:
        before = self._end()
        for name, rows in before.items():
            self._base.tables[name] = rows

    def _end(self) -> dict[str, Any]:
        if not self._before:
            raise BslError("Транзакция не активна")
        return self._before.pop()


class DataLock(Object):
    """БлокировкаДанных."""

    kind = "БлокировкаДанных"

    def __init__(self, transactions: Transactions) -> None:
        super().__init__()
        self._transactions = transactions
        self._items: list[_LockItem] = []

    @named("Добавить")
    def add(self, table: str) -> "_LockItem":
        self._items.append(_LockItem(table))
        return self._items[-1]

    @named("Заблокировать")
    def lock(self) -> None:
        if not self._transactions.open:
            raise BslError("Управляемая блокировка возможна только в транзакции")
        self._transactions.locked += [pair for item in self._items for pair in item.values]


class _LockItem(Object):
    def __init__(self, table: str) -> None:
        super().__init__(Режим=None)
        self.table = table
        self.values: list[tuple[str, Any]] = []

    @named("УстановитьЗначение")
    def choose(self, name: str, value: Any) -> None:
        self.values.append((f"{self.table}.{name}", value))


def register_managers(base: Infobase, registers: Mapping[str, list[RegisterField]]) -> Namespace:
    """РегистрыСведений."""

    def manager(name: str, fields: list[RegisterField]) -> _RegisterManager:
        table = f"РегистрСведений.{name}"
        base.tables.setdefault(table, [])
        return _RegisterManager(lambda: RecordSet(base, table, fields))

    return Namespace(**{name: manager(name, fields) for name, fields in registers.items()})


def described_registers(registers: Mapping[str, list[RegisterField]]) -> Described:
    """Метаданные.РегистрыСведений."""
    found = {}
    for name, fields in registers.items():
        parts = {True: [one for one in fields if one.dimension], False: [one for one in fields if not one.dimension]}
        dimensions, resources = (
            Described([one.name for one in parts[which]], {one.name: one.described() for one in parts[which]})
            for which in (True, False)
        )
        found[name] = Object(Имя=name, Измерения=dimensions, Ресурсы=resources)
    return Described(found, found)
