"""An infobase with the objects of the calls, created as README.ru.md of examples/1c tells a person to create them."""

import re
from datetime import datetime, timedelta
from typing import Any

from astsync.sandbox.onec import OneC
from tests.bsl.client import Client
from tests.bsl.infobase import Infobase
from tests.bsl.interpreter import Module, World
from tests.bsl.objects import Enumeration
from tests.bsl.registers import (
    Constant,
    DataLock,
    RegisterField,
    Transactions,
    described_registers,
    register_managers,
)
from tests.bsl.same_base import base_of, module_of, world_of
from tests.bsl.syntax import FOLDER
from tests.bsl.values import BslError, Object, named
from tests.bsl.web_client import Network, WebRequest

README = FOLDER / "README.ru.md"
_ROW = re.compile(r"\| `(ЗвонкиАТС|ВходящиеАТС)` \| (измерение|ресурс) \| `(\w+)` \| ([^|]+) \|")
_KIND = re.compile(r"([\w.]+)(?: \((\d+)(?:, 0)?\)| \(неограниченная\))?")


def told_registers() -> dict[str, list[RegisterField]]:
    """The registers as README.ru.md describes them."""
    found: dict[str, list[RegisterField]] = {}
    for register, role, name, kind in _ROW.findall(README.read_text(encoding="utf-8")):
        read = _KIND.fullmatch(kind.strip())
        assert read is not None, kind
        field = RegisterField(name, read[1], int(read[2] or 0), role == "измерение")
        found.setdefault(register, []).append(field)
    return found


class BackgroundJobs(Object):
    """ФоновыеЗадания: they are noted, not run; one key at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.running: dict[str, str] = {}

    @named("Выполнить")
    def start(self, method: str, _parameters: Any = None, key: str = "", _title: str = "") -> Object:
        if key in self.running:
            raise BslError("Фоновое задание с таким значением ключа уже выполняется")
        self.running[key] = method
        return Object()


class SettingsStore(Object):
    """ХранилищеОбщихНастроек."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], Any] = {}

    @named("Сохранить")
    def save(self, place: str, key: str, value: Any) -> None:
        self.kept[place, key] = value

    @named("Загрузить")
    def load(self, place: str, key: str) -> Any:
        return self.kept.get((place, key))


class CallsBase:
    """The infobase of a stand-in with the modules of the calls, at a moment of its own."""

    def __init__(self, onec: OneC, network: Network | None = None, *, hours: int = 0) -> None:
        self.base: Infobase = base_of(onec)
        self.no_rights: set[str] = set()
        self.world: World = world_of(onec, self.base, self.no_rights)
        self.network = network or Network({})
        self.transactions = Transactions(self.base)
        self.jobs, self.settings, self.client = BackgroundJobs(), SettingsStore(), Client()
        self.constants = {"АТСАдрес": Constant("http://ats.example.local:8710"), "АТСТокен": Constant()}
        self.constants["АТСКурсорЗвонков"] = Constant()
        self.now = datetime(2026, 11, 29, 13, 30, 5)  # noqa: DTZ001 - dates of 1C have no zone
        self.step = 250_000  # milliseconds by which each look at the clock moves it
        self.milliseconds = 0
        self.connection_string = 'Srvr="1c-server";Ref="trade";'
        registers = told_registers()
        self.world.objects["метаданные"].properties["РегистрыСведений"] = described_registers(registers)
        self.world.know(
            functions={
                "НачатьТранзакцию": lambda _mode=None: self.transactions.begin(),
                "ЗафиксироватьТранзакцию": self.transactions.commit,
                "ОтменитьТранзакцию": self.transactions.cancel,
                "МестноеВремя": lambda moment, _zone: moment + timedelta(hours=hours),
                "ЧасовойПоясСеанса": lambda: "Europe/Moscow",
                "ТекущаяДатаСеанса": lambda: self.now,
                "ТекущаяДата": lambda: self.now,
                "ТекущаяУниверсальнаяДатаВМиллисекундах": self._tick,
                "СтрокаСоединенияИнформационнойБазы": lambda: self.connection_string,
            },
            objects={
                "РегистрыСведений": register_managers(self.base, registers),
                "Константы": Object(**self.constants),
                "РежимБлокировкиДанных": Enumeration("Исключительный", "Разделяемый"),
                "ФоновыеЗадания": self.jobs,
                "ХранилищеОбщихНастроек": self.settings,
            },
            classes={
                "БлокировкаДанных": lambda: DataLock(self.transactions),
                "HTTPСоединение": self.network.maker(),
                "HTTPЗапрос": WebRequest,
                "ЗащищенноеСоединениеOpenSSL": lambda _own=None, _trusted=None: Object(),
                "СертификатыУдостоверяющихЦентровОС": lambda: Object(),
            },
        )
        self.client.know_in(self.world)
        self.server = module_of("calls_server.bsl", self.world)
        self.world.know(objects={"ЗвонкиАТССервер": self.server})
        self.server_call = module_of("calls_server_call.bsl", self.world)
        self.world.know(objects={"ЗвонкиАТСВызовСервера": self.server_call})

    def service(self) -> Module:
        """The module of the HTTP service."""
        return module_of("calls_http_service.bsl", self.world)

    def rows(self, register: str = "ЗвонкиАТС") -> list[dict[str, Any]]:
        """What the register holds."""
        return self.base.tables[f"РегистрСведений.{register}"]

    def _tick(self) -> int:
        self.milliseconds += self.step
        return self.milliseconds
