"""The register of calls of the stand-in 1C: what the HTTP service ``hs/astsync/calls`` of examples/1c does.

It answers as the module does: 200 with the ids of the calls that are in the register now, 400 in words for data that
are none of the protocol, and then nothing is written.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

CALL_LENGTHS: Mapping[str, int] = {
    "АТС": 100,
    "Направление": 10,
    "Номер": 40,
    "Имя": 150,
    "ИмяКонтрагента": 150,
    "Внутренний": 40,
    "Звонили": 500,
    "Линия": 40,
    "Результат": 10,
    "ЗаписьРазговора": 500,
}
"""Resources of the register that are texts, with their lengths."""
LONGEST_ID = 150
MOST_CALLS = 1000
_MOST_NUMBER = 9_999_999_999  # of Число(10, 0)
_TEXTS: Mapping[str, str] = {
    "АТС": "pbx",
    "Направление": "direction",
    "Номер": "phone",
    "Имя": "name",
    "Внутренний": "extension",
    "Линия": "did",
    "Результат": "result",
    "ЗаписьРазговора": "recording",
}
_NUMBERS: Mapping[str, str] = {"Ожидание": "wait", "Разговор": "talk", "Редакция": "revision"}
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,9})?Z")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_MOMENT = datetime(1, 1, 1)  # noqa: DTZ001  the empty date of 1C

KnowsCard = Callable[[str, str], bool]
"""Whether a catalog of the infobase has this reference."""


class WrongDelivery(ValueError):
    """Raised for a delivery that is none of the protocol; its text is what the service answers with 400."""


class CallRegister:
    """The information register ЗвонкиАТС: rows by the id of the call, with the columns of the register.

    Moments are those of UTC, the time zone of the stand-in's sessions. ``Контрагент`` is CATALOG/REF, or "".

    For tests: ``calls`` are the same calls as they came, ``order`` the ids as they came, ``told`` how often each came.
    ``refuses`` are ids that are not taken, of a service that gives up on a call.
    """

    def __init__(self, knows: KnowsCard) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.told: dict[str, int] = {}
        self.refuses: set[str] = set()
        self._knows = knows

    def take(self, body: bytes, most: int | None = None) -> list[str]:
        """Write a delivery, all of it or nothing. Returns the ids to be told. Raises WrongDelivery.

        ``most`` is how many calls are taken, of a service that gives up halfway: the rest is neither written nor told.
        """
        calls = _calls(body)
        rows = [self._row(one) for one in calls][:most]
        taken = [(row, call) for row, call in zip(rows, calls, strict=False) if call["id"] not in self.refuses]
        for row, call in taken:
            known = self.rows.get(call["id"])
            if known is None or known["Редакция"] <= row["Редакция"]:
                self.rows[call["id"]], self.calls[call["id"]] = row, call
            self.order.append(call["id"])
            self.told[call["id"]] = self.told.get(call["id"], 0) + 1
        return list(dict.fromkeys(call["id"] for _, call in taken))

    def _row(self, call: Any) -> dict[str, Any]:
        identity = call.get("id") if isinstance(call, dict) else None
        if not isinstance(identity, str) or not _is_key(identity):
            raise WrongDelivery("Звонок без годного идентификатора id")
        row: dict[str, Any] = {"Идентификатор": identity}
        for column, name in _TEXTS.items():
            row[column] = _fitting(column, _text(call, name))
        row["Звонили"] = _fitting("Звонили", ",".join(_rung(call)))
        if not _text(call, "started"):
            raise WrongDelivery("Неверное значение поля started")
        row["Начало"] = _moment(call, "started")
        row["Ответ"], row["Окончание"] = _moment(call, "answered"), _moment(call, "ended")
        for column, name in _NUMBERS.items():
            row[column] = _number(call, name)
        card = call.get("counterparty")
        if card is not None and not isinstance(card, dict):
            raise WrongDelivery("Неверное значение поля counterparty")
        card = card or {}
        catalog, ref = _text(card, "catalog"), _text(card, "ref")
        row["Контрагент"] = f"{catalog}/{ref}" if self._knows(catalog, ref) else ""
        row["ИмяКонтрагента"] = _fitting("ИмяКонтрагента", _text(card, "name"))
        return row


def _calls(body: bytes) -> list[Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise WrongDelivery("Тело запроса не является JSON") from None
    if not isinstance(told, dict) or not _is_number(told.get("version")) or told["version"] != 1:
        raise WrongDelivery("Неизвестная версия протокола")
    calls = told.get("calls")
    if not isinstance(calls, list):
        raise WrongDelivery("Нет списка звонков calls")
    if len(calls) > MOST_CALLS:
        raise WrongDelivery("Слишком много звонков в одном запросе")
    return calls


def _is_key(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and text.strip() == text == _clean(text)


def _text(call: Mapping[str, Any], name: str) -> str:
    value = call.get(name)
    if value is not None and not isinstance(value, str):
        raise WrongDelivery(f"Неверное значение поля {name}")
    return value or ""


def _rung(call: Mapping[str, Any]) -> list[str]:
    rung = call.get("rung")
    if rung is None:
        return []
    if not isinstance(rung, list) or not all(isinstance(one, str) for one in rung):
        raise WrongDelivery("Неверное значение поля rung")
    return rung


def _moment(call: Mapping[str, Any], name: str) -> datetime:
    text = _text(call, name)
    if not text:
        return _NO_MOMENT
    wrong = WrongDelivery(f"Неверное значение поля {name}")
    if _MOMENT.fullmatch(text) is None:
        raise wrong
    try:
        return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007  times of 1C have no zone
    except ValueError:
        raise wrong from None


def _number(call: Mapping[str, Any], name: str) -> int:
    value = call.get(name)
    if value is None:
        return 0
    if not _is_number(value) or value < 0:
        raise WrongDelivery(f"Неверное значение поля {name}")
    return min(int(value), _MOST_NUMBER)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fitting(column: str, text: str) -> str:
    """Give the text as long as the register keeps it, without what neither XML nor a database takes."""
    return _clean(text[: CALL_LENGTHS[column]])


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
