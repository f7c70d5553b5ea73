"""examples/1c: the modules of the calls are executed, against the stand-in 1C's answers and against ``serve``."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from astsync.calls.model import Direction, LiveCall, Stage
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.call_register import CALL_LENGTHS, LONGEST_ID, CallRegister, WrongDelivery
from astsync.store.known_names import Card
from tests.bsl.calls_base import CallsBase, told_registers
from tests.bsl.client import FormTable
from tests.bsl.interpreter import Cell, Module, World
from tests.bsl.objects import Array, Enumeration, ServiceAnswer, ServiceRequest
from tests.bsl.syntax import FOLDER
from tests.bsl.values import BslError
from tests.bsl.web_client import Network
from tests.unit.deliveries import CALL, delivery
from tests.unit.faces import NUMBER, Faces, play

pytestmark = pytest.mark.server

ATS = "ats.example.local:8710"
ANSWERS = Enumeration()
HOSTILE = {
    "quotes": "ООО \"Ромашка\" «и», 'сын' \\",
    "code": '"\nКонецПроцедуры\nУдалитьФайлы("C:\\\\*"); // ',
    "query": '"") ИЛИ Истина; УНИЧТОЖИТЬ Контрагенты',
    "long": "Я" * 65_536,
    "lines": "первая\r\nвторая\ttab",
    "controls": "a\x00b\x02c\ufffe",
    "empty": "",
}

WRONG: tuple[dict[str, Any], ...] = (
    {"id": ""}, {"id": None}, {"id": 5}, {"id": " office:1"}, {"id": "x" * 151}, {"id": "a\x00b"},
    {"started": None}, {"started": "yesterday"}, {"started": "2026-13-29T10:30:01Z"}, {"started": 1},
    {"started": "2026-11-29T10:30:01"}, {"started": "2026-11-29T10:30:01+03:00"}, {"started": "2" * 65_536},
    {"answered": "soon"}, {"ended": []}, {"wait": "1"}, {"talk": -1}, {"revision": True}, {"name": 5},
    {"rung": "101"}, {"rung": [101]}, {"counterparty": "ООО"}, {"counterparty": {"catalog": 1}},
    {"phone": {"a": 1}}, {"recording": False},
)  # fmt: skip
"""Fields that are none of the protocol."""


@pytest.fixture(scope="module")
def onec() -> Iterator[OneC]:
    with OneC(12, seed=4, dirt=0.0) as running:
        yield running


@pytest.fixture
def base(onec: OneC) -> CallsBase:
    return CallsBase(onec)


def take(base: CallsBase, body: bytes) -> ServiceAnswer:
    answer: ServiceAnswer = base.service().run("callsPOST", ServiceRequest(method="POST", body=body.decode()))
    assert base.transactions.open == 0
    return answer


def stand_in(onec: OneC) -> CallRegister:
    """A fresh register of the stand-in."""
    onec.web.call_register.rows.clear()
    return onec.web.call_register


def same(rows: list[dict[str, Any]], theirs: CallRegister) -> None:
    """Demand that the register of the modules holds what that of the stand-in does."""
    ours = {row["Идентификатор"]: row for row in rows}
    assert len(ours) == len(rows)
    assert ours.keys() == theirs.rows.keys()
    for identity, row in ours.items():
        card = row["Контрагент"]
        told = "" if card is None else f"{card.table.rpartition('.')[2]}/{card}"
        assert row | {"Контрагент": told} == theirs.rows[identity]


class TestDelivery:
    def test_the_registers_are_those_of_the_stand_in(self) -> None:
        fields = told_registers()["ЗвонкиАТС"]
        assert {one.name: one.length for one in fields if one.kind == "Строка" and not one.dimension} == CALL_LENGTHS
        assert [(one.name, one.length) for one in fields if one.dimension] == [("Идентификатор", LONGEST_ID)]

    def test_a_call_is_written_once_and_replaced_by_a_later_revision(self, base: CallsBase, onec: OneC) -> None:
        theirs = stand_in(onec)
        cards = onec.records()
        card = {"catalog": "Контрагенты", "ref": cards[0].item.ref, "name": "ООО «Ромашка»"}
        later = {"revision": 3, "result": "missed", "counterparty": card}
        changes: list[dict[str, Any]] = [{}, {}, later, {"revision": 2}]
        for changed in changes:
            body = delivery(CALL | changed, CALL | {"id": "office:2"})
            answer = take(base, body)
            assert (answer.status, json.loads(answer.body)) == (200, {"accepted": theirs.take(body)})
            same(base.rows(), theirs)
        assert [row["Результат"] for row in base.rows()] == ["missed", "answered"]
        assert (("РегистрСведений.ЗвонкиАТС.Идентификатор", CALL["id"])) in base.transactions.locked

    @pytest.mark.parametrize("changed", [
        {"counterparty": None}, {"counterparty": {"catalog": "Нет", "ref": "x", "name": "ООО"}},
        {"counterparty": {"catalog": "Контрагенты", "ref": "98896cb3-1113-11dc-810c-b5b3b5b31d37", "name": "ООО"}},
        {"counterparty": {"catalog": "Контрагенты; УНИЧТОЖИТЬ", "ref": "' ИЛИ '", "name": None}},
        {"answered": None, "rung": [], "name": None, "phone": ""}, {"wait": 1e12, "talk": 0, "unknown": [{}]},
        {"started": "2026-11-29T10:30:01Z"}, {"rung": None, "recording": None}, {"rung": ["1" * 400, "2" * 400]},
    ])  # fmt: skip
    def test_what_the_protocol_allows_is_kept_alike(self, base: CallsBase, onec: OneC, changed: dict[str, Any]) -> None:
        theirs, body = stand_in(onec), delivery(CALL | changed)
        answer = take(base, body)
        assert (answer.status, json.loads(answer.body)) == (200, {"accepted": theirs.take(body)})
        same(base.rows(), theirs)

    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
    def test_hostile_texts_are_stored_as_texts(self, base: CallsBase, onec: OneC, text: str) -> None:
        names = ("pbx", "direction", "phone", "name", "extension", "did", "result", "recording")
        card = {"catalog": text, "ref": text, "name": text}
        body = delivery(CALL | dict.fromkeys(names, text) | {"counterparty": card, "rung": [text, text]})
        theirs = stand_in(onec)
        answer = take(base, body)
        assert (answer.status, json.loads(answer.body)) == (200, {"accepted": theirs.take(body)})
        same(base.rows(), theirs)
        clean = "".join(one for one in text[:150] if one not in "\x00\x02\ufffe")
        assert base.rows()[0]["Имя"] == clean

    @pytest.mark.parametrize("body", [
        b"", b"<html><form>", b"[]", b"null", b'{"version": 2, "calls": []}', b'{"version": "1", "calls": []}',
        b'{"version": true, "calls": []}', b'{"version": 1}', b'{"version": 1, "calls": {}}', b"[" * 100_000,
        b'{"version": 1, "calls": [1]}', b'{"version": 1, "calls": [null]}', delivery(*[CALL] * 1001),
        *(delivery(CALL, CALL | wrong) for wrong in WRONG),
    ])  # fmt: skip
    def test_wrong_data_are_refused_whole(self, base: CallsBase, onec: OneC, body: bytes) -> None:
        theirs = stand_in(onec)
        answer = take(base, body)
        with pytest.raises(WrongDelivery) as refused:
            theirs.take(body)
        assert (answer.status, answer.body) == (400, str(refused.value))
        assert base.rows() == []
        assert not theirs.rows

    def test_what_cannot_be_written_is_not_told_and_not_half_written(self, base: CallsBase) -> None:
        take(base, delivery(CALL))
        before = list(base.rows())
        metadata = base.world.objects["метаданные"].get("РегистрыСведений").find("ЗвонкиАТС")
        metadata.get("Ресурсы").find("Имя").get("Тип").get("КвалификаторыСтроки").set("Длина", 0)  # no longer cut
        answer = take(base, delivery(CALL | {"revision": 2}, CALL | {"id": "office:2", "name": "Я" * 200}))
        assert (answer.status, "accepted" in answer.body) == (500, False)
        assert base.rows() == before

    def test_times_are_those_of_the_session(self, onec: OneC) -> None:
        moscow = CallsBase(onec, hours=3)
        take(moscow, delivery(CALL | {"answered": None}))
        row = moscow.rows()[0]
        assert (row["Начало"], row["Ответ"].year) == (datetime(2026, 11, 29, 13, 30, 1), 1)  # noqa: DTZ001

    def test_cards_that_may_not_be_read_are_none(self, base: CallsBase, onec: OneC) -> None:
        base.no_rights.add("Контрагенты")
        card = {"catalog": "Контрагенты", "ref": onec.records()[0].item.ref, "name": "ООО"}
        take(base, delivery(CALL | {"counterparty": card}))
        assert base.rows()[0]["Контрагент"] is None

    def test_the_service_fits_at_the_end_of_the_one_that_is_there(self) -> None:
        both = "\n".join((FOLDER / name).read_text() for name in ("http_service.bsl", "calls_http_service.bsl"))
        module = Module(both, World())
        assert len(module.functions) == 6


class History:
    """A server that tells past calls by a cursor, as astsync does."""

    def __init__(self, count: int) -> None:
        self.calls = [CALL | {"id": f"office:{number}"} for number in range(count)]
        self.asked: list[dict[str, list[str]]] = []
        self.instead: Callable[[], tuple[int, bytes]] | None = None
        self.tokens: set[str | None] = set()

    def answer(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        self.asked.append(query)
        if self.instead is not None:
            return self.instead()
        since, limit = query.get("since", ["c/0"])[0], int(query["limit"][0])
        if parts.path != "/api/v1/calls" or not since.startswith("c/"):
            return 400, b'{"error": "no such cursor"}'
        start = int(since[2:])
        part = self.calls[start : start + limit]
        told = {"calls": part, "next": f"c/{start + len(part)}", "more": start + limit < len(self.calls)}
        return 200, json.dumps(told).encode()


@contextmanager
def serving(history: History) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            history.tokens.add(self.headers.get("Authorization"))
            status, body = history.answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TestFetching:
    def test_the_job_takes_all_and_goes_on_at_its_cursor(self, onec: OneC) -> None:
        history = History(250)
        with serving(history) as port:
            base = CallsBase(onec, Network({ATS: port}))
            base.constants["АТСТокен"].value = "secret-1"
            base.server.call("ЗабратьИсторию", [])
            assert [row["Идентификатор"] for row in base.rows()] == [call["id"] for call in history.calls]
            assert base.constants["АТСКурсорЗвонков"].value == "c/250"
            history.calls.append(CALL | {"id": "office:new"})
            base.server.call("ЗабратьИсторию", [])
        assert len(base.rows()) == 251
        assert history.asked[-1]["since"] == ["c/250"]
        assert history.tokens == {"Bearer secret-1"}

    def test_a_cursor_that_is_gone_begins_again(self, onec: OneC) -> None:
        history = History(3)
        with serving(history) as port:
            base = CallsBase(onec, Network({ATS: port}))
            base.constants["АТСКурсорЗвонков"].value = "of another store"
            base.server.call("ЗабратьИсторию", [])
        assert (len(base.rows()), base.constants["АТСКурсорЗвонков"].value) == (3, "c/3")

    @pytest.mark.parametrize("instead", [
        (200, b"<html><form>login</form></html>"), (500, b"error"), (401, b"{}"), (200, b"{}"), (200, b""),
        (200, b'{"calls": [{}], "next": "c/9", "more": false}'), (200, b'{"calls": [], "next": null}'),
        (200, b'{"calls": null, "next": "c/9"}'), (404, b"{}"),
    ])  # fmt: skip
    def test_a_wrong_answer_moves_no_cursor(self, onec: OneC, instead: tuple[int, bytes]) -> None:
        history = History(3)
        history.instead = lambda: instead
        with serving(history) as port:
            base = CallsBase(onec, Network({ATS: port}))
            base.constants["АТСКурсорЗвонков"].value = "c/1"
            with pytest.raises(BslError):
                base.server.call("ЗабратьИсторию", [])
        assert (base.rows(), base.constants["АТСКурсорЗвонков"].value) == ([], "c/1")
        assert base.transactions.open == 0

    @pytest.mark.parametrize("address", ["", "ats.example.local", "ftp://ats.example.local", "http://nowhere:1"])
    def test_a_wrong_address_is_an_error(self, base: CallsBase, address: str) -> None:
        base.constants["АТСАдрес"].value = address
        with pytest.raises(BslError):
            base.server.call("ЗабратьИсторию", [])

    def test_https_has_its_own_port(self, onec: OneC) -> None:
        history = History(1)
        with serving(history) as port:
            base = CallsBase(onec, Network({"ats.example.local:443": port}))
            base.constants["АТСАдрес"].value = "https://ats.example.local/"
            base.server.call("ЗабратьИсторию", [])
        assert len(base.rows()) == 1


BEGUN = datetime(2026, 11, 29, 10, 30, 1, tzinfo=UTC)


def ringing(identity: str = "office:1.1", phone: str = NUMBER, rung: tuple[str, ...] = ("101", "102")) -> LiveCall:
    place = {"id": identity, "pbx": "office", "direction": Direction.INCOMING, "phone": phone, "rung": rung}
    more = {"extension": rung[0] if rung else "", "did": "84955550100", "stage": Stage.RINGING}
    return LiveCall(**place, **more, started=BEGUN, since=BEGUN)  # type: ignore[arg-type]


async def listen_once(base: CallsBase, *, looks: int = 1) -> None:
    """Run the background job as long as it takes to look so many times."""
    base.step = 600_000 // max(looks - 1, 1) + 1 if looks > 1 else 600_001
    base.milliseconds = 0
    await asyncio.to_thread(base.server.call, "СлушатьЗвонки", [])


class TestListening:
    def test_the_register_holds_who_rings_now(self, onec: OneC) -> None:
        async def story(faces: Faces) -> None:
            base = CallsBase(onec, Network({ATS: faces.web_port}))
            ref = onec.records()[0].item.ref
            faces.known.names[NUMBER] = "OOO Romashka"
            faces.known.claims[NUMBER] = [Card(f"Контрагенты/{ref}", "ООО «Ромашка»")]
            faces.live.moved(ringing())
            await listen_once(base)
            rows = base.rows("ВходящиеАТС")
            assert [(row["Идентификатор"], row["Внутренний"], row["Имя"]) for row in rows] == [
                ("office:1.1", "101", "OOO Romashka"),
                ("office:1.1", "102", "OOO Romashka"),
            ]
            assert json.loads(rows[0]["Карточки"]) == [
                {"Справочник": "Контрагенты", "Ссылка": ref, "Имя": "ООО «Ромашка»"}
            ]
            faces.live.moved(ringing(rung=("103",)))
            base.now += timedelta(seconds=30)
            base.connection_string = 'File="C:\\base";'  # asks once and does not wait
            await listen_once(base)
            assert [row["Внутренний"] for row in base.rows("ВходящиеАТС")] == ["103"]
            faces.live.over("office:1.1")
            await faces.until(lambda: faces.live.find("office:1.1") is None)
            await listen_once(base)
            assert base.rows("ВходящиеАТС") == []
            assert all(b"wait" not in one for one in base.network.sent[1:])

        play(story)

    def test_it_waits_at_the_pbx_and_wakes(self, onec: OneC) -> None:
        async def story(faces: Faces) -> None:
            base = CallsBase(onec, Network({ATS: faces.web_port}))
            job = asyncio.ensure_future(listen_once(base))
            await faces.until(lambda: faces.gate.connections == 1)
            faces.live.moved(ringing())
            await job
            assert len(base.rows("ВходящиеАТС")) == 2
            assert b"?wait=20 " in base.network.sent[0]

        play(story)

    def test_while_it_rings_it_looks_again(self, onec: OneC) -> None:
        async def story(faces: Faces) -> None:
            base = CallsBase(onec, Network({ATS: faces.web_port}))
            faces.live.moved(ringing("office:1,1 &"))
            await listen_once(base, looks=3)
            targets = [sent.split(b"\r\n")[0].split()[1].decode() for sent in base.network.sent]
            assert targets[0].endswith("?wait=20")
            assert targets[1].endswith("?wait=1&after=office%3A1%2C1%20%26")
            assert targets[2].endswith("/incoming")

        play(story)

    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
    def test_hostile_callers_are_texts(self, onec: OneC, text: str) -> None:
        async def story(faces: Faces) -> None:
            base = CallsBase(onec, Network({ATS: faces.web_port}))
            faces.known.names[NUMBER] = text
            faces.known.claims[NUMBER] = [Card(f"{text}/{text}", text)]
            faces.live.moved(ringing())
            await listen_once(base)
            told = base.server_call.call("Входящие", ["*", Array.of([])])
            assert [one.get("Карточки").values for one in told.values] == [[]]
            assert told.values[0].get("Имя") == "".join(one for one in text[:150] if one not in "\x00\x02\ufffe")

        play(story)

    def test_another_server_is_an_error_and_the_register_stays(self, onec: OneC) -> None:
        history = History(0)
        for status, body in ((200, b"<html>"), (404, b"not found"), (401, b"{}"), (200, b'{"calls": {}}')):
            history.instead = lambda status=status, body=body: (status, body)
            with serving(history) as port:
                base = CallsBase(onec, Network({ATS: port}))
                with pytest.raises(BslError):
                    base.server.call("СлушатьЗвонки", [])
                assert base.rows("ВходящиеАТС") == []

    def test_one_job_for_the_base(self, base: CallsBase) -> None:
        base.server_call.call("НачатьСлушать", [])
        base.server_call.call("НачатьСлушать", [])
        assert base.jobs.running == {"ЗвонкиАТС": "ЗвонкиАТССервер.СлушатьЗвонки"}


class Form:
    """The form of a user, over an infobase whose register a test fills."""

    def __init__(self, onec: OneC, extension: str = "*") -> None:
        self.base = CallsBase(onec)
        self.onec = onec
        self.table = FormTable("Время", "Номер", "Имя", "Идентификатор")
        context: dict[str, Any] = {"Звонки": self.table, "ОткрыватьКарточку": False, "Состояние": "", "Внутренний": ""}
        self.module = Module((FOLDER / "calls_form.bsl").read_text(encoding="utf-8"), self.base.world, context)
        self.module.variables["этотобъект"] = Cell(self.module)
        self.base.settings.save("ЗвонкиАТС", "Внутренний", extension)
        self.module.run("ПриСозданииНаСервере", False, True)
        self.module.run("ПриОткрытии", False)

    def ring(self, identity: str, phone: str = NUMBER, cards: int = 0, extension: str = "101") -> None:
        """Put a ringing call into the register, with the first so many counterparties as its cards."""
        found = self.onec.records()[:cards]
        told = [{"Справочник": "Контрагенты", "Ссылка": one.item.ref, "Имя": one.item.name} for one in found]
        row = {"Идентификатор": identity, "Внутренний": extension, "Номер": phone, "Имя": "", "Линия": ""}
        more = {"Появился": self.base.now, "Карточки": json.dumps(told, ensure_ascii=False)}
        self.base.rows("ВходящиеАТС").append(row | more)

    def look(self) -> None:
        (procedure,) = self.base.client.handlers
        self.module.call(procedure, [])
        assert self.module.variables["состояние"].value == ""

    @property
    def opened(self) -> list[str]:
        return [str(one) for one in self.base.client.values]


class TestCard:
    def test_the_one_card_opens_once(self, onec: OneC) -> None:
        form = Form(onec)
        form.ring("office:1", cards=1)
        form.ring("office:1", cards=1, extension="102")
        for _ in range(3):
            form.look()
        assert form.opened == [onec.records()[0].item.ref]
        assert [(row.get("Номер"), row.get("Имя")) for row in form.table.rows] == [
            (NUMBER, onec.records()[0].item.name)
        ]
        form.module.run("ЗвонкиВыбор", None, 0, None, True)  # the row again, by the person
        assert len(form.opened) == 2

    def test_of_several_the_person_chooses(self, onec: OneC) -> None:
        form = Form(onec)
        form.ring("office:1", cards=3)
        form.ring("office:2", cards=1)
        form.look()
        form.look()
        (dialog,) = form.base.client.dialogs
        assert NUMBER in dialog.text
        assert [item.get("Представление") for item in dialog.items] == [one.item.name for one in onec.records()[:3]]
        assert form.opened == []  # the second call waits until the person has chosen
        form.base.client.answer(dialog.items[1])
        assert form.opened == [onec.records()[1].item.ref, onec.records()[0].item.ref]

    def test_what_waited_long_behind_a_question_does_not_open_at_once(self, onec: OneC) -> None:
        form = Form(onec)
        form.ring("office:1", cards=3)
        for number in range(2, 6):
            form.ring(f"office:{number}", cards=1)
        form.look()
        (dialog,) = form.base.client.dialogs
        form.base.now += timedelta(minutes=40)
        form.ring("office:6", cards=1)
        form.look()
        form.base.client.answer(dialog.items[1])
        assert form.opened == [onec.records()[1].item.ref, onec.records()[0].item.ref]
        assert len(form.table.rows) == 6
        form.module.run("ЗвонкиВыбор", None, 3, None, True)  # an old row, by the person
        assert len(form.opened) == 3

    def test_who_chooses_none_gets_none(self, onec: OneC) -> None:
        form = Form(onec)
        form.ring("office:1", cards=2)
        form.look()
        form.base.client.answer(None)
        form.look()
        assert (form.opened, form.base.client.dialogs) == ([], [])

    @pytest.mark.parametrize(("field", "filled"), [("Телефон", {"Телефон": NUMBER}), ("Другое", {})])
    def test_nobodys_number_offers_a_new_card(self, onec: OneC, field: str, filled: dict[str, str]) -> None:
        form = Form(onec)
        catalog = form.base.world.objects["метаданные"].get("Справочники").find("Контрагенты")
        catalog.get("Реквизиты").properties[field] = catalog
        for answer, opened in ((ANSWERS.get("Нет"), 0), (ANSWERS.get("Таймаут"), 0), (ANSWERS.get("Да"), 1)):
            form.ring(f"office:{answer.name}")
            form.look()
            assert form.base.client.dialogs[0].seconds == 30
            form.base.client.answer(answer)
            assert len(form.base.client.forms) == opened
        name, parameters = form.base.client.forms[0]
        assert name == "Справочник.Контрагенты.ФормаОбъекта"
        assert parameters.get("ЗначенияЗаполнения").properties == filled

    def test_a_withheld_number_is_shown_and_opens_nothing(self, onec: OneC) -> None:
        form = Form(onec)
        form.ring("office:1", phone="")
        form.look()
        form.module.run("ЗвонкиВыбор", None, 0, None, True)
        assert [row.get("Номер") for row in form.table.rows] == ["номер скрыт"]
        assert (form.opened, form.base.client.dialogs) == ([], [])

    def test_only_the_users_own_phone(self, onec: OneC) -> None:
        form = Form(onec, "101")
        form.ring("office:1", cards=1, extension="102")
        form.look()
        assert form.table.rows == []
        form.module.variables["внутренний"].value = " 102 "
        form.module.run("ВнутреннийПриИзменении", None)
        form.look()
        assert len(form.opened) == 1
        assert form.base.settings.kept["ЗвонкиАТС", "Внутренний"] == "102"

    @pytest.mark.parametrize("extension", ["", "  "])
    def test_who_named_no_phone_is_told_and_sees_nobodys_calls(self, onec: OneC, extension: str) -> None:
        form = Form(onec, extension)
        form.ring("office:1", cards=1, extension="")
        form.ring("office:2", cards=1)
        (procedure,) = form.base.client.handlers
        form.module.call(procedure, [])
        assert "внутренний номер" in form.module.variables["состояние"].value
        assert (form.table.rows, form.opened, form.base.jobs.running) == ([], [], {})
        assert form.base.server_call.call("Входящие", [extension, Array.of([])]).values == []
        form.module.variables["внутренний"].value = "101"
        form.module.run("ВнутреннийПриИзменении", None)
        form.look()
        assert len(form.opened) == 1

    def test_a_card_that_is_gone_is_not_opened(self, onec: OneC) -> None:
        form = Form(onec)
        form.ring("office:1", cards=1)
        form.base.rows("ВходящиеАТС")[0]["Карточки"] = json.dumps(
            [{"Справочник": "Контрагенты", "Ссылка": "98896cb3-1113-11dc-810c-b5b3b5b31d37", "Имя": "ООО"}]
        )
        form.look()
        assert (form.opened, len(form.base.client.dialogs)) == ([], 1)

    def test_what_a_dead_job_left_is_not_shown(self, onec: OneC) -> None:
        form = Form(onec)
        form.ring("office:1", cards=1)
        form.base.now += timedelta(minutes=3)
        form.look()
        assert form.table.rows == []

    def test_many_calls_fill_no_memory(self, onec: OneC) -> None:
        form = Form(onec)
        for number in range(160):
            form.base.rows("ВходящиеАТС").clear()
            form.ring(f"office:{number}", cards=1)
            form.look()
        shown, calls = form.module.variables["показанные"].value, form.module.variables["поидентификатору"].value
        assert (len(form.table.rows), len(shown.values), len(calls.pairs)) == (50, 100, 50)
        assert len(form.opened) == 160

    def test_a_server_that_is_away_is_said_and_asked_again(self, onec: OneC) -> None:
        form = Form(onec)
        rows = form.base.base.tables.pop("РегистрСведений.ВходящиеАТС")
        form.module.call("ПроверитьЗвонки", [])
        assert "Таблица не найдена" in form.module.variables["состояние"].value
        form.base.base.tables["РегистрСведений.ВходящиеАТС"] = rows
        form.look()

    def test_it_keeps_the_job_running(self, onec: OneC) -> None:
        form = Form(onec)
        for _ in range(5):
            form.look()
        assert list(form.base.jobs.running) == ["ЗвонкиАТС"]
        form.base.jobs.running.clear()
        for _ in range(10):
            form.look()
        assert list(form.base.jobs.running) == ["ЗвонкиАТС"]

    def test_in_a_file_base_it_starts_the_job_at_each_look(self, onec: OneC) -> None:
        form = Form(onec)
        form.base.connection_string = 'File="C:\\base";'
        for _ in range(3):
            form.base.jobs.running.clear()
            form.look()
            assert list(form.base.jobs.running) == ["ЗвонкиАТС"]


@pytest.mark.parametrize("encodes", [True, False], ids=["percent-encoded", "raw"])
def test_the_published_code_works_unchanged(onec: OneC, encodes: bool) -> None:
    async def story(faces: Faces) -> None:
        network = Network({"ats.example.local:80": faces.web_port}, encodes=encodes)
        base = CallsBase(onec, network)
        row = base.base.tables["Справочник.Контрагенты"][0]
        for one in base.base.tables["Справочник.Контрагенты"]:
            one["Телефон"] = ""
        row["Телефон"] = NUMBER
        published = Module((Path(__file__).parents[1] / "fixtures/published_1c.bsl").read_text(), base.world)
        await asyncio.to_thread(published.call, "ПоказатьКарточку", [NUMBER])
        assert base.client.forms == []  # nobody calls
        faces.live.moved(ringing())
        await faces.until(lambda: faces.live.find("office:1.1") is not None)
        await asyncio.to_thread(published.call, "ПоказатьКарточку", [NUMBER])
        ((name, parameters),) = base.client.forms
        assert name == "Справочник.Контрагенты.ФормаЭлемента"
        assert parameters.get("Ключ") == row["Ссылка"]
        blank = b"?%20phone=" if encodes else b"? phone="
        assert all(blank in sent for sent in network.sent)

    play(story)
