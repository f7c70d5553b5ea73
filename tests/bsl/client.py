"""The client of 1C in tests: forms, dialogs that are answered later, and what was opened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.bsl.interpreter import Cell, Module, World
from tests.bsl.objects import Enumeration
from tests.bsl.values import BslError, Object, is_number, named


class Notice(Object):
    """ОписаниеОповещения: what is called when a dialog ends."""

    kind = "ОписаниеОповещения"

    def __init__(self, procedure: str, module: Module, given: Any = None) -> None:
        super().__init__()
        found = module.functions.get(procedure.casefold())
        if found is None or not found.exported:
            raise BslError(f"Метод объекта не обнаружен ({procedure})")
        self._call: Callable[[Any], Any] = lambda result: module.invoke(found, [Cell(result), Cell(given)])

    def end(self, result: Any) -> None:
        self._call(result)


class ListItem(Object):
    """ЭлементСпискаЗначений."""

    def __init__(self, value: Any, presentation: str) -> None:
        super().__init__(Значение=value, Представление=presentation)


@dataclass
class Dialog:
    """A dialog that waits: its words, what may be chosen, and the notice that gets the answer."""

    text: str
    items: list[ListItem]
    notice: Notice
    seconds: int = 0


@dataclass
class Client:
    """What a session of a client shows: opened cards and forms, dialogs, handlers that are called again and again."""

    values: list[Any] = field(default_factory=list)
    forms: list[tuple[str, Any]] = field(default_factory=list)
    dialogs: list[Dialog] = field(default_factory=list)
    handlers: dict[str, float] = field(default_factory=dict)

    def know_in(self, world: World) -> None:
        """Make the functions and classes of the client known."""
        world.know(
            functions={
                "ПоказатьЗначение": self._show_value,
                "ПоказатьВопрос": self._ask,
                "ОткрытьФорму": self._open,
                "ПодключитьОбработчикОжидания": self._again,
            },
            objects={
                "РежимДиалогаВопрос": Enumeration("ДаНет", "ДаНетОтмена", "ОК", "ОКОтмена"),
                "КодВозвратаДиалога": Enumeration("Да", "Нет", "Таймаут", "Отмена", "ОК"),
            },
            classes={"ОписаниеОповещения": Notice, "СписокЗначений": lambda: ValueList(self)},
        )

    def answer(self, result: Any) -> None:
        """Answer the dialog that was shown first."""
        self.dialogs.pop(0).notice.end(result)

    def _show_value(self, _notice: Any = None, value: Any = None) -> None:
        self.values.append(value)

    def _ask(
        self, notice: Notice, text: str, _buttons: Any, seconds: int = 0, _default: Any = None, title: str = ""
    ) -> None:
        assert title
        self.dialogs.append(Dialog(text, [], notice, seconds))

    def _open(
        self,
        name: str,
        parameters: Any = None,
        _owner: Any = None,
        _unique: Any = None,
        _window: Any = None,
        link: Any = None,
        _notice: Any = None,
        _mode: Any = None,
    ) -> None:
        self.forms.append((name, link if parameters is None else parameters))

    def _again(self, procedure: str, seconds: float, once: bool = False) -> None:
        assert not once
        self.handlers[procedure] = seconds


class ValueList(Object):
    """СписокЗначений."""

    kind = "СписокЗначений"

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._items: list[ListItem] = []

    @named("Добавить")
    def add(self, value: Any, presentation: str = "") -> ListItem:
        self._items.append(ListItem(value, presentation))
        return self._items[-1]

    @named("Количество")
    def count(self) -> int:
        return len(self._items)

    @named("ПоказатьВыборЭлемента")
    def ask(self, notice: Notice, title: str = "", _item: Any = None) -> None:
        self._client.dialogs.append(Dialog(title, self._items, notice))

    def items(self) -> Iterator[Any]:
        return iter(list(self._items))


class FormTable(Object):
    """ДанныеФормыКоллекция: rows with these columns."""

    kind = "ДанныеФормыКоллекция"

    def __init__(self, *columns: str) -> None:
        super().__init__()
        self._columns = columns
        self.rows: list[Object] = []

    @named("Вставить")
    def insert(self, place: int) -> Object:
        self.rows.insert(place, Object(**dict.fromkeys(self._columns)))
        return self.rows[place]

    @named("Удалить")
    def delete(self, place: Any) -> None:
        del self.rows[place]

    @named("Количество")
    def count(self) -> int:
        return len(self.rows)

    @named("НайтиПоИдентификатору")
    def by_id(self, identity: int) -> Object | None:
        return self.rows[identity] if 0 <= identity < len(self.rows) else None

    def at(self, key: Any) -> Any:
        if not is_number(key) or not 0 <= key < len(self.rows):
            raise BslError("Индекс находится за границами диапазона")
        return self.rows[int(key)]
