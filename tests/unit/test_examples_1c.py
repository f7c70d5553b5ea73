"""examples/1c: the modules parse, build what the package and the WSDL say, and are what the stand-in serves."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.published_services import HTTP_IDENTIFY, HTTP_SERVICE
from astsync.sandbox.onec.web_services import ASTSYNC, MIKO
from tests.bsl import syntax as bsl
from tests.unit.soap_client import Services

FOLDER = bsl.FOLDER
COMMON = ("common_module_bsp.bsl", "common_module_register.bsl")
XS = "{http://www.w3.org/2001/XMLSchema}"
VRD = "{http://v8.1c.ru/8.2/virtual-resource-system}"
# What the modules call of the platform's global context, with the numbers of arguments that it takes (of those that
# the modules use). All of it is there since 8.3.8 at the latest.
PLATFORM = {
    "XMLСтрока": {1},
    "ВРег": {1},
    "Дата": {1},
    "ЗаписатьJSON": {2},
    "ЗаполнитьЗначенияСвойств": {3},
    "ЗафиксироватьТранзакцию": {0},
    "ЗначениеЗаполнено": {1},
    "ИнформацияОбОшибке": {0},
    "КодСимвола": {1, 2},
    "КодироватьСтроку": {2},
    "КонецДня": {1},
    "КраткоеПредставлениеОшибки": {1},
    "Лев": {2},
    "МестноеВремя": {2},
    "Мин": {2},
    "НРег": {1},
    "Найти": {2},
    "НайтиНедопустимыеСимволыXML": {1, 2},
    "НачатьТранзакцию": {0},
    "ОткрытьФорму": {2},
    "ОтменитьТранзакцию": {0},
    "ПодключитьОбработчикОжидания": {2},
    "ПоказатьВопрос": {6},
    "ПоказатьЗначение": {2},
    "ПолучитьСоставСтандартногоИнтерфейсаOData": {0},
    "Прав": {2},
    "ПравоДоступа": {2},
    "ПрочитатьJSON": {2},
    "ПустаяСтрока": {1},
    "СокрЛП": {1},
    "Сред": {2, 3},
    "СтрДлина": {1},
    "СтрЗаменить": {3},
    "СтрНайти": {2},
    "СтрРазделить": {2},
    "СтрСоединить": {2},
    "Строка": {1},
    "СтрокаСоединенияИнформационнойБазы": {0},
    "ТекущаяДата": {0},
    "ТекущаяДатаСеанса": {0},
    "ТекущаяУниверсальнаяДатаВМиллисекундах": {0},
    "Тип": {1},
    "ТипЗнч": {1},
    "УстановитьСоставСтандартногоИнтерфейсаOData": {1},
    "Формат": {2},
    "Цел": {1},
    "ЧасовойПоясСеанса": {0},
    "Число": {1},
}

EVENTS = {"ПриСозданииНаСервере", "ПриОткрытии", "ВнутреннийПриИзменении", "ЗвонкиВыбор"}
"""What the platform calls of the module of a form."""
ON_CLIENTS = {
    "ЗначениеЗаполнено", "ИнформацияОбОшибке", "КраткоеПредставлениеОшибки", "ОткрытьФорму", "ПоказатьВопрос",
    "ПоказатьЗначение", "ПодключитьОбработчикОжидания", "ПустаяСтрока", "СокрЛП", "СтрСоединить", "ТекущаяДата",
}  # fmt: skip
"""What a thin client and a web client have too."""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with OneC(20, seed=3) as onec:
        onec.web.host = "1c.example.local"
        yield Services(onec)


def xml(name: str) -> ElementTree.Element:
    return ElementTree.XML((FOLDER / name).read_bytes())


def schema_types(root: ElementTree.Element) -> dict[str, list[dict[str, str]]]:
    """Give the named types of a schema: their fields with all attributes."""
    types = root.iter(f"{XS}complexType")
    return {name: [field.attrib for field in one.iter(f"{XS}element")] for one in types if (name := one.get("name"))}


PACKAGE = schema_types(xml("astsync.xsd"))
FIELDS = {name: [field["name"] for field in fields] for name, fields in PACKAGE.items()}


class TestLanguage:
    @pytest.mark.parametrize("name", bsl.MODULES)
    def test_modules_parse(self, name: str) -> None:
        assert bsl.faults(bsl.module(name)) == []

    @pytest.mark.parametrize("name", COMMON)
    def test_the_parser_would_see_a_fault(self, name: str) -> None:
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert bsl.faults(bsl.parse(text.replace("КонецЕсли;", "", 1)))
        query = bsl.queries(bsl.parse(text))[0]
        assert bsl.faults(bsl.parse_query(query.replace("КАК", "", 1).replace("ИЗ", "", 1)))

    @pytest.mark.parametrize("name", COMMON)
    def test_queries_parse(self, name: str) -> None:
        queries = bsl.queries(bsl.module(name))
        assert len(queries) == 4
        for query in queries:
            assert bsl.faults(bsl.parse_query(query)) == []

    @pytest.mark.parametrize("name", COMMON)
    def test_no_query_runs_in_a_loop_or_hides_rows(self, name: str) -> None:
        tree = bsl.module(name)
        for loop in bsl.of_type(tree, "while_statement", "for_statement"):
            assert "Запрос" not in bsl.text_of(loop)
        assert not any("РАЗРЕШЕННЫЕ" in query for query in bsl.queries(tree))
        assert not any(called == "УстановитьПривилегированныйРежим" for _, called, _ in bsl.calls(tree))

    @pytest.mark.parametrize("name", bsl.MODULES)
    def test_what_is_called_exists_and_takes_so_many_arguments(self, name: str) -> None:
        tree = bsl.module(name)
        own = {function: {len(bsl.parameters(node))} for function, node in bsl.functions(tree).items()}
        for before, called, given in bsl.calls(tree):
            if before == "":
                assert given in (own | PLATFORM).get(called, set()), called

    @pytest.mark.parametrize("name", bsl.MODULES)
    def test_own_functions_are_used_or_exported(self, name: str) -> None:
        tree = bsl.module(name)
        called = {function for _, function, _ in bsl.calls(tree)}
        entries = {"GetCounterparties", "identify", "counterpartiesGET", "identifyGET", "callsPOST"} | EVENTS
        for function, node in bsl.functions(tree).items():
            assert function in called | entries or bsl.exported(node), function

    def test_a_client_calls_only_what_clients_have(self) -> None:
        """Of the common modules only the one that servers let clients call."""
        tree = bsl.module("calls_form.bsl")
        for place, node in enumerate(tree.children):
            if not node.type.endswith("_definition"):
                continue
            directive = bsl.text_of(tree.children[place - 1])
            assert directive in {"&НаКлиенте", "&НаСервере"}
            if directive == "&НаКлиенте":
                own = set(bsl.functions(tree)) - {"ПриСозданииНаСервере"}
                called = {name for before, name, _ in bsl.calls(node) if before == ""}
                assert called <= own | ON_CLIENTS
                assert (
                    re.search(r"\b(Метаданные|Константы|РегистрыСведений|Справочники|Запрос)\.", bsl.text_of(node))
                    is None
                )
                assert "ЗвонкиАТССервер" not in bsl.text_of(node)

    def test_what_the_form_asks_of_the_server_is_exported(self) -> None:
        offered = {
            name: len(bsl.parameters(node))
            for name, node in bsl.functions(bsl.module("calls_server_call.bsl")).items()
            if bsl.exported(node)
        }
        asked = {(name, given) for before, name, given in bsl.calls(bsl.module("calls_form.bsl")) if "Вызов" in before}
        assert asked
        assert asked <= set(offered.items())

    def test_both_common_modules_offer_the_same(self) -> None:
        offered = []
        for name in COMMON:
            found = bsl.functions(bsl.module(name)).items()
            offered.append({function: bsl.parameters(node) for function, node in found if bsl.exported(node)})
        assert offered[0] == offered[1]
        assert offered[0] == {
            "Порция": ["Курсор", "Размер", "ИзмененыПосле"],
            "НаименованиеПоНомеру": ["Номер"],
            "ОтветПоНомеру": ["Номер"],
        }

    @pytest.mark.parametrize("name", ["web_service.bsl", "http_service.bsl", "identify.bsl"])
    def test_services_call_the_common_module_as_it_is(self, name: str) -> None:
        common = bsl.functions(bsl.module(COMMON[0]))
        found = [(called, given) for before, called, given in bsl.calls(bsl.module(name)) if "ДляАТС" in before]
        assert found
        for called, given in found:
            assert bsl.exported(common[called])
            assert len(bsl.parameters(common[called])) == given


class TestContract:
    @pytest.mark.server
    @pytest.mark.parametrize("service", [ASTSYNC, MIKO], ids=lambda service: service.name)
    def test_the_wsdl_is_what_the_stand_in_serves(self, services: Services, service: Any) -> None:
        served = services.get(f"ws/{service.paths[1]}?wsdl").content
        assert served == (FOLDER / f"{service.name}.wsdl").read_bytes()

    def test_the_package_is_what_the_wsdl_holds(self) -> None:
        assert schema_types(xml("astsync.wsdl")) == PACKAGE
        root = xml("astsync.xsd")
        assert root.get("targetNamespace") == "urn:astsync:counterparties:1"

    @pytest.mark.parametrize(
        ("name", "wsdl", "operations"),
        [
            ("web_service.bsl", "astsync", ("GetCounterparties", "identify")),
            ("identify.bsl", "MIKO_identify_number", ("identify",)),
        ],
    )
    def test_modules_have_the_operations_of_the_wsdl(self, name: str, wsdl: str, operations: tuple[str, ...]) -> None:
        root = xml(f"{wsdl}.wsdl")
        wrappers = {one.get("name"): one for one in root.iter(f"{XS}element") if one.get("type") is None}
        assert set(wrappers) == {f"{operation}{end}" for operation in operations for end in ("", "Response")}
        for operation in operations:
            fields = [field.get("name") for field in wrappers[operation].iter(f"{XS}element") if field.get("type")]
            assert fields == bsl.parameters(bsl.functions(bsl.module(name))[operation])

    @pytest.mark.parametrize("name", COMMON)
    def test_a_number_is_told_the_name_of_the_list(self, name: str) -> None:
        """As the stand-in does: the card's own name, never of one marked for deletion, the older code first."""
        text = (FOLDER / name).read_text(encoding="utf-8")
        query = next(one for one in bsl.queries(bsl.parse(text)) if "ПОДОБНО" in one)
        assert "ПометкаУдаления" in query
        assert re.search(r"УПОРЯДОЧИТЬ ПО\s+Код,\s+Наименование,\s+Ссылка$", query)
        assert re.search(r"Наименование КАК Наименование", query)

    def test_the_name_of_a_number_is_fit_for_xml(self) -> None:
        for name in ("web_service.bsl", "identify.bsl"):
            assert "ТекстXML(" in bsl.text_of(bsl.functions(bsl.module(name))["identify"])

    def test_objects_are_built_of_the_package(self) -> None:
        tree = bsl.module("web_service.bsl")
        built = set(re.findall(r'Создать\("(\w+)"\)', bsl.text_of(tree)))
        assert built == set(PACKAGE)
        assert f'"{ASTSYNC.namespace}"' in bsl.text_of(bsl.functions(tree)["Создать"])

    @pytest.mark.parametrize(
        ("function", "kind"), [("GetCounterparties", "CounterpartyPage"), ("ОбъектКонтрагента", "Counterparty")]
    )
    def test_every_field_is_filled(self, function: str, kind: str) -> None:
        text = bsl.text_of(bsl.functions(bsl.module("web_service.bsl"))[function])
        filled = re.findall(r"(?:Объект|Страница)\.(\w+)(?: = |\.Добавить)", text)
        assert filled == FIELDS[kind]

    @pytest.mark.parametrize("name", COMMON)
    def test_records_have_the_fields_of_the_package(self, name: str) -> None:
        found = bsl.functions(bsl.module(name))
        record = next(text for text in bsl.strings(found["ЗаписьОКонтрагенте"]) if text.startswith("Ref"))
        assert record.split(", ") == FIELDS["Counterparty"]
        page = next(text for text in bsl.strings(found["Порция"]) if text.startswith("Counterparties"))
        assert page.split(", ") == FIELDS["CounterpartyPage"]
        phone = re.findall(r'ДобавитьНепустое\(Телефон, "(\w+)"', bsl.text_of(found["ДобавитьТелефон"]))
        assert phone == FIELDS["Phone"][: len(phone)]
        assert len(phone) >= 3


class TestPublication:
    def test_the_description_publishes_the_services_of_the_examples(self) -> None:
        root = xml("default.vrd")
        points = {point.get("name"): point.get("alias") for point in root.iter(f"{VRD}point") if point.get("alias")}
        assert points == {service.name: service.paths[1] for service in (ASTSYNC, MIKO)}
        service = root.find(f".//{VRD}service")
        assert service is not None
        templates = re.findall(r"шаблон (/\w+)", (FOLDER / "http_service.bsl").read_text(encoding="utf-8"))
        assert [f"{service.get('rootUrl')}{template}" for template in templates] == [HTTP_SERVICE, HTTP_IDENTIFY]

    def test_it_switches_on_the_web_service_alone(self) -> None:
        root = xml("default.vrd")
        on = [one.get("name") or one.tag for one in root.iter() if one.get("enable") == "true"]
        assert on == [f"{VRD}ws", "astsync"]
        assert "Usr=" not in (root.get("ib") or "")


class TestReadme:
    @pytest.fixture(params=["README.md", "README.ru.md"])
    def text(self, request: pytest.FixtureRequest) -> str:
        path: Path = FOLDER / request.param
        return path.read_text(encoding="utf-8")

    def test_it_names_every_file(self, text: str) -> None:
        files = [path.name for path in FOLDER.iterdir() if path.suffix != ".md" and path.is_file()]
        missing = [name for name in files if f"`{name}`" not in text]
        assert missing == []

    def test_it_says_first_what_was_not_run(self, text: str) -> None:
        start = text.partition("\n## ")[0]
        assert "Not run on a real 1C" in start or "На настоящей 1С не запускалось" in start

    def test_its_links_lead_somewhere(self, text: str) -> None:
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert target.removeprefix("#") in anchors if target.startswith("#") else (FOLDER / target).exists(), target

    def test_both_languages_tell_the_same(self) -> None:
        texts = [(FOLDER / name).read_text(encoding="utf-8") for name in ("README.md", "README.ru.md")]
        for pattern in (r"^## ", r"^- ", r"^\| ", r"^```", r"^[0-9]\. "):
            counts = [len(re.findall(pattern, text, re.MULTILINE)) for text in texts]
            assert counts[0] == counts[1] > 0, pattern
        blocks = [re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for text in texts]
        assert blocks[0] == blocks[1]
