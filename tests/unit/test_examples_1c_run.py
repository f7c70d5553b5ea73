"""examples/1c: the modules are executed, and answer what the stand-in 1C answers over the same rows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.published_services import HTTP_IDENTIFY, HTTP_SERVICE
from tests.bsl.infobase import Described
from tests.bsl.interpreter import Module
from tests.bsl.objects import Array, ServiceAnswer, ServiceRequest
from tests.bsl.same_base import CATALOG, base_of, module_of, responsible_field, world_of
from tests.bsl.values import Object
from tests.bsl.xdto import NAMESPACE
from tests.unit.soap_client import Services, records_of

BSP, REGISTER = "common_module_bsp.bsl", "common_module_register.bsl"
FLAVOURS = {"ut11": BSP, "bp30": BSP, "bp-old": BSP, "bp-oldest": BSP, "ut103": REGISTER}

KEEPERS = ("Иванова Мария", "", "Пётр «Второй» & Ко", "Иванова Мария")
EXTENSIONS = {"Иванова Мария": "101"}

pytestmark = pytest.mark.server


@dataclass
class Rig:
    """The module of the HTTP service in an infobase, and the stand-in that publishes the same infobase."""

    onec: OneC
    module: Module
    web: Module
    miko: Module

    def listed(self, **query: str) -> ServiceAnswer:
        return self.module.run("counterpartiesGET", ServiceRequest(query))  # type: ignore[no-any-return]

    def named(self, number: str) -> str:
        answer: ServiceAnswer = self.module.run("identifyGET", ServiceRequest({"number": number}))
        assert answer.status == 200, answer.body
        return answer.body


@pytest.fixture(scope="module", params=FLAVOURS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with OneC(40, seed=5, flavour=request.param, dirt=0.2) as onec:
        for record, name in zip(onec.records(), KEEPERS, strict=False):
            onec.change(record.item.ref, responsible=name, extension=EXTENSIONS.get(name, ""))
        world = world_of(onec)
        world.know(objects={"КонтрагентыДляАТС": module_of(FLAVOURS[request.param], world)})
        yield Rig(onec, *(module_of(f"{name}.bsl", world) for name in ("http_service", "web_service", "identify")))


def test_the_list_is_that_of_the_stand_in(rig: Rig) -> None:
    ours = rig.listed()
    assert ours.status == 200, ours.body
    theirs = Services(rig.onec).get(f"hs/{HTTP_SERVICE}")
    theirs.encoding = "utf-8-sig"
    assert json.loads(ours.body) == json.loads(theirs.text)
    assert len(json.loads(ours.body)["Counterparties"]) == 40


def test_it_names_tax_numbers_and_who_keeps_the_cards(rig: Rig) -> None:
    cards = json.loads(rig.listed().body)["Counterparties"]
    assert {card["Responsible"] for card in cards} == set(KEEPERS)
    assert any(card["TaxNumber"] for card in cards)


@pytest.mark.parametrize("flavour", ["ut11", "ut103"])
@pytest.mark.parametrize("lacks", ["fields", "right"])
def test_a_configuration_without_these_fields_gives_the_list_all_the_same(flavour: str, lacks: str) -> None:
    with OneC(6, seed=5, flavour=flavour) as onec:
        for record in onec.records():
            onec.change(record.item.ref, responsible="Иванова Мария")
        base = base_of(onec)
        world = world_of(onec, base, {"Пользователи"} if lacks == "right" else ())
        if lacks == "fields":
            for row in base.tables[CATALOG]:
                del row["ИНН"], row[responsible_field(onec)]
            world.objects["метаданные"].get("Справочники").find("Контрагенты").set("Реквизиты", Described([]))
        module = module_of(FLAVOURS[flavour], world)
        cards = module.call("Порция", [None, 0, None]).get("Counterparties").values
        assert len(cards) == len(onec.records())
        assert {card.get("Responsible") for card in cards} == {""}
        assert any(card.get("TaxNumber") for card in cards) is (lacks == "right")


def test_the_manager_of_the_partner_keeps_the_card() -> None:
    with OneC(3, seed=5) as onec:
        base = base_of(onec)
        users, partners = "Справочник.Пользователи", "Справочник.Партнеры"
        keeper, partner = (base.reference(table, uuid4()) for table in (users, partners))
        base.tables[users].append({"Ссылка": keeper, "Наименование": "Иванова Мария"})
        base.tables[partners].append({"Ссылка": partner, "Наименование": "Партнёр", "ОсновнойМенеджер": keeper})
        for row in base.tables[CATALOG]:
            row["Партнер"] = partner
        world = world_of(onec, base)
        catalogs = world.objects["метаданные"].get("Справочники").properties
        kinds = catalogs["Контрагенты"].get("Реквизиты").properties.pop("Ответственный")
        catalogs["Контрагенты"].get("Реквизиты").properties["Партнер"] = kinds
        catalogs["Партнеры"] = Object(Реквизиты=Described(["ОсновнойМенеджер"], {"ОсновнойМенеджер": kinds}))
        cards = module_of(BSP, world).call("Порция", [None, 0, None]).get("Counterparties").values
        assert {card.get("Responsible") for card in cards} == {"Иванова Мария"}


def test_the_pages_are_those_of_the_stand_in(rig: Rig) -> None:
    cursor, refs = "", []
    while True:
        page = json.loads(rig.listed(cursor=cursor, limit="7").body)
        theirs = Services(rig.onec).get(f"hs/{HTTP_SERVICE}?cursor={cursor}&limit=7")
        theirs.encoding = "utf-8-sig"
        assert page == json.loads(theirs.text)
        refs += [one["Ref"] for one in page["Counterparties"]]
        if page["NextCursor"] is None:
            break
        cursor = page["NextCursor"]
    assert len(set(refs)) == len(refs) == 40


def test_a_number_has_the_name_that_the_stand_in_tells(rig: Rig) -> None:
    numbers = [number for record in rig.onec.base.tables["Контрагенты"] for number in record.numbers]
    names = [rig.named(number) for number in numbers[:12]]
    for number, name in zip(numbers, names, strict=False):
        theirs = Services(rig.onec).get(f"hs/{HTTP_IDENTIFY}?number={number}")
        theirs.encoding = "utf-8-sig"
        assert name == theirs.text, number
    assert any(names)
    assert rig.named("74955550199") == ""


def test_the_web_service_gives_the_same_list(rig: Rig) -> None:
    page = rig.web.run("GetCounterparties", None, 9, None)
    theirs = Services(rig.onec).returned(Limit="9")
    assert page.plain() == {
        "Counterparties": records_of(theirs),
        "NextCursor": theirs.findtext(f"{{{NAMESPACE}}}NextCursor"),
    }


def test_the_names_of_the_web_services_are_those_of_the_http_service(rig: Rig) -> None:
    numbers = [number for record in rig.onec.base.tables["Контрагенты"] for number in record.numbers][:5]
    told = [re.sub("[\x00-\x08]", "", rig.named(number)) for number in numbers]  # in XML no such character can be
    assert [rig.web.run("identify", number) for number in numbers] == told
    names = [json.loads(text)["Name"] if '"Extension"' in text else text for text in told]
    assert [rig.miko.run("identify", number) for number in numbers] == names


def test_who_keeps_the_card_is_told_by_the_extension(rig: Rig) -> None:
    card = rig.onec.record(rig.onec.records()[0].item.ref)
    rig.onec.change(card.item.ref, phones=["+7 495 555-07-01"], name='ООО "Ромашка \\ сын"')
    world = world_of(rig.onec)
    flavour = next(name for name in FLAVOURS if rig.onec.flavour.name == name)
    world.know(objects={"КонтрагентыДляАТС": module_of(FLAVOURS[flavour], world)})
    answer = module_of("http_service.bsl", world).run("identifyGET", ServiceRequest({"number": "74955550701"})).body
    assert json.loads(answer) == {"Name": 'ООО "Ромашка \\ сын"', "Extension": "101"}
    theirs = Services(rig.onec).get(f"hs/{HTTP_IDENTIFY}?number=74955550701")
    assert theirs.content.decode("utf-8-sig") == answer
    bare = module_of("identify.bsl", world).run("identify", "74955550701")
    assert bare == 'ООО "Ромашка \\ сын"'


def test_the_composition_of_odata_gets_what_the_base_has_and_keeps_what_was_there(rig: Rig) -> None:
    world = world_of(rig.onec)
    metadata = world.objects["метаданные"]
    metadata.properties["РегистрыСведений"] = Described(["КонтактнаяИнформация"])
    kept, told = Object(Имя="Валюты"), list[Array]()
    world.know(
        {
            "ПолучитьСоставСтандартногоИнтерфейсаOData": lambda: Array.of([kept]),
            "УстановитьСоставСтандартногоИнтерфейсаOData": told.append,
        }
    )
    module_of("odata.bsl", world).run("ДобавитьКонтрагентовВСоставOData")
    (composition,) = told
    counterparties = metadata.get("Справочники").find("Контрагенты")
    assert composition.values == [kept, counterparties, metadata.get("РегистрыСведений").find("КонтактнаяИнформация")]


def test_what_is_no_cursor_or_no_limit_is_an_error_in_words(rig: Rig) -> None:
    wrong = rig.listed(cursor="abc")
    assert (wrong.status, wrong.body) == (500, "Значение параметра Cursor не является ссылкой")
    assert rig.listed(limit="many").body == "Параметр limit не является числом"
