"""An infobase in memory: tables of rows, references that see them, and what the global context shows of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from astsync.sandbox.onec.export import stored
from tests.bsl.objects import Uuid
from tests.bsl.values import NULL, BslError, Object, equal, is_filled, named

NOBODY = UUID(int=0)


class Reference(Object):
    """СправочникСсылка: equal and ordered by its value in the base; its properties are those of the row."""

    def __init__(self, base: "Infobase", table: str, identity: UUID) -> None:
        super().__init__()
        self.base, self.table, self.identity = base, table, identity
        self.kind = "СправочникСсылка." + table.rpartition(".")[2]

    def get(self, name: str) -> Any:
        if name.casefold() == "ссылка":
            return self
        row = self.row()
        if row is None:
            raise BslError(f"Объект не найден ({self.identity})")
        return cell(row, name)

    def row(self) -> dict[str, Any] | None:
        """The row, None where the object is not there (any more)."""
        return next((row for row in self.base.tables[self.table] if row["Ссылка"] == self), None)

    @named("Пустая")
    def is_empty(self) -> bool:
        return self.identity == NOBODY

    @named("УникальныйИдентификатор")
    def uuid(self) -> Uuid:
        return Uuid(str(self.identity))

    def filled(self) -> bool:
        return self.identity != NOBODY

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and (self.table, self.identity) == (other.table, other.identity)

    def __hash__(self) -> int:
        return hash((self.table, self.identity))

    def __lt__(self, other: "Reference") -> bool:
        return stored(str(self.identity)) < stored(str(other.identity))

    def __str__(self) -> str:
        return str(self.identity)


class EnumValue(Object):
    """A value of an enumeration of the configuration, by its whole name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.kind = "ПеречислениеСсылка." + name.split(".")[1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EnumValue) and self.name.casefold() == other.name.casefold()

    def __hash__(self) -> int:
        return hash(self.name.casefold())

    def __str__(self) -> str:
        return self.name.rpartition(".")[2]


def cell(row: dict[str, Any], name: str) -> Any:
    """The value of a column. Raises BslError where there is none of this name."""
    for key, value in row.items():
        if key.casefold() == name.casefold():
            return value
    raise BslError(f"Поле не найдено ({name})")


class CatalogManager(Object):
    """СправочникМенеджер."""

    kind = "СправочникМенеджер"

    def __init__(self, base: "Infobase", table: str) -> None:
        super().__init__()
        self.base, self.table = base, table

    @named("ПустаяСсылка")
    def empty(self) -> Reference:
        return self.base.reference(self.table, NOBODY)

    @named("ПолучитьСсылку")
    def by_uuid(self, identity: Uuid | None = None) -> Reference:
        return self.base.reference(self.table, uuid4() if identity is None else identity.value)

    @named("НайтиПоРеквизиту")
    def by_field(self, name: str, value: Any) -> Reference:
        rows = self.base.tables[self.table]
        found = next((row for row in rows if equal(cell(row, name), value)), None)
        return self.empty() if found is None else found["Ссылка"]


class Namespace(Object):
    """Справочники, Перечисления and the like: what they hold is found by its name."""


@dataclass
class Infobase:
    """Tables by their whole names, as Справочник.Контрагенты, and what the configuration tells of itself.

    A row is a dict by columns; a catalog's has Ссылка. A part's table, as Справочник.Контрагенты.КонтактнаяИнформация,
    has the owner's Ссылка and НомерСтроки.
    """

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def reference(self, table: str, identity: UUID | str) -> Reference:
        return Reference(self, table, UUID(str(identity)))

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table. Raises BslError, as a query does."""
        found = next((rows for known, rows in self.tables.items() if known.casefold() == name.casefold()), None)
        if found is None:
            raise BslError(f"Таблица не найдена ({name})")
        return found

    def managers(self, kind: str, made: Any) -> Namespace:
        """Справочники or РегистрыСведений: a manager for each table of this kind."""
        names = (name.split(".") for name in self.tables)
        return Namespace(
            **{parts[1]: made(self, ".".join(parts)) for parts in names if parts[0] == kind and len(parts) == 2}
        )

    def catalogs(self) -> Namespace:
        """Справочники."""
        return self.managers("Справочник", CatalogManager)


class Described(Object):
    """A collection of metadata: Найти gives what has this name, else Неопределено."""

    def __init__(self, names: Iterable[str], inner: dict[str, Any] | None = None) -> None:
        super().__init__(**{name: (inner or {}).get(name, Object(Имя=name)) for name in names})

    @named("Найти")
    def find(self, name: str) -> Any:
        return next((one for key, one in self.properties.items() if key.casefold() == name.casefold()), None)

    def items(self) -> Iterator[Any]:
        return iter(list(self.properties.values()))


def presentation(value: Any) -> str:
    """ПРЕДСТАВЛЕНИЕ of a query: a reference by its Наименование."""
    if isinstance(value, Reference):
        row = value.row()
        return "" if row is None else str(cell(row, "Наименование"))
    return "" if value in (None, NULL) or not is_filled(value) else str(value)
