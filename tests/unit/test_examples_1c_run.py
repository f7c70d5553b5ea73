"""examples/1c: the modules are executed, and answer what the stand-in 1C answers over the same rows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.published_services import HTTP_IDENTIFY, HTTP_SERVICE
from tests.bsl.infobase import Described
from tests.bsl.interpreter import Module
from tests.bsl.objects import Array, ServiceAnswer, ServiceRequest
from tests.bsl.same_base import module_of, world_of
from tests.bsl.values import Object
from tests.bsl.xdto import NAMESPACE
from tests.unit.soap_client import Services, records_of

BSP, REGISTER = "common_module_bsp.bsl", "common_module_register.bsl"
FLAVOURS = {"ut11": BSP, "bp30": BSP, "bp-old": BSP, "bp-oldest": BSP, "ut103": REGISTER}

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
    assert [rig.miko.run("identify", number) for number in numbers] == told


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
