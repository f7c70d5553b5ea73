"""Answers of web services: typed lists, lists that no WSDL describes, texts of JSON, XML and base64, and faults."""

import base64
import json
from typing import Any

import pytest

from astsync.errors import SourceBadAnswer, SourceBusy, SourceError, SourceFailure, SourceQueryError, SourceRightsError
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources.soap.answers.quick import Read
from astsync.sources.soap.refusals import ServiceChanged
from astsync.sources.web.retrying import FEW
from tests.unit.soap_service import ASTSYNC, SHIPPED, answer, envelope, fixture, read_answer
from tests.unit.test_xdto_json import xdto

OPERATION = "GetCounterparties"
MIKO = Counterparty("1", "ООО МИКО", (Phone(("+7 (495) 555-01-02",), "Телефон"),), "Контрагенты")
RECORD = (
    "<m:Counterparties><m:Ref>1</m:Ref><m:Name>ООО МИКО</m:Name><m:DeletionMark>false</m:DeletionMark>"
    "<m:Catalog>Контрагенты</m:Catalog><m:Phones><m:Kind>Телефон</m:Kind>"
    "<m:Presentation>+7 (495) 555-01-02</m:Presentation><m:Number>74955550102</m:Number></m:Phones></m:Counterparties>"
)
DELETED = RECORD.replace(">1<", ">2<").replace("false", "true")
NEXT = "<m:NextCursor>2</m:NextCursor>"
CORE = "http://v8.1c.ru/8.1/data/core"
NAMED: dict[str, Any] = {"fields": {"name": "Name", "phones": ["Phone"], "ref": "Id"}}
PAGE: dict[str, Any] = {"fields": {"name": "Name", "phones": ["Phone"]}}
RUSSIAN: dict[str, Any] = {
    "fields": {"name": "Наименование", "phones": ["Телефоны"], "phone": ["Номер"], "kind": "Вид", "ref": "Ссылка"}
}


def typed(inside: str, **options: Any) -> tuple[list[Read], dict[str, Any]]:
    return read_answer(SHIPPED, OPERATION, answer(OPERATION, ASTSYNC, inside), **options)


def alive(records: list[Read]) -> list[Counterparty]:
    return [record for record in records if isinstance(record, Counterparty)]


@pytest.mark.parametrize("piece", [1, 7, 100, 10**6])
def test_a_typed_list_in_pieces_of_any_size(piece: int) -> None:
    records, around = typed(f"<m:return>{RECORD}{DELETED}{NEXT}</m:return>", piece=piece)
    assert alive(records) == [MIKO]
    assert len(records) == 2
    assert around["NextCursor"] == "2"


def test_soap_1_2_is_read_as_1_1_is() -> None:
    inside = f'<m:{OPERATION}Response xmlns:m="{ASTSYNC}"><m:return>{RECORD}</m:return></m:{OPERATION}Response>'
    body = envelope(inside, "http://www.w3.org/2003/05/soap-envelope")
    assert alive(read_answer(SHIPPED, OPERATION, body)[0]) == [MIKO]


def test_several_outputs_stand_around_the_list() -> None:
    outputs = (
        "<m:return><m:Контрагент><m:Ссылка>1</m:Ссылка><m:Наименование>ООО МИКО</m:Наименование>"
        '<m:Телефоны><m:Вид xsi:nil="true"/><m:Номер>+7 495 555-01-02</m:Номер></m:Телефоны></m:Контрагент></m:return>'
        '<m:Количество>1</m:Количество><m:Ошибка xsi:nil="true"/>'
    )
    body = answer("ПолучитьКонтрагентов", "http://www.пример.рф/Обмен", outputs)
    records, around = read_answer(fixture("cyrillic"), "ПолучитьКонтрагентов", body, **RUSSIAN)
    assert records == [Counterparty("1", "ООО МИКО", (Phone(("+7 495 555-01-02",)),))]
    assert around == {"return": {}, "Количество": "1", "Ошибка": None}


def test_elements_by_reference_and_phones_that_are_texts() -> None:
    client = "<m:Id>7</m:Id><m:Name>ООО МИКО</m:Name><m:Phone>555-01-02</m:Phone><m:Phone>555-01-03</m:Phone>"
    body = answer("GetClients", "neo-fly", f"<m:return><m:Client>{client}</m:Client></m:return>")
    records, _ = read_answer(fixture("neo-fly"), "GetClients", body, **NAMED)
    assert records == [Counterparty("7", "ООО МИКО", (Phone(("555-01-02",)), Phone(("555-01-03",))))]


def test_a_type_that_an_element_names_itself() -> None:
    item = (
        '<p:Items xsi:type="p:Special"><p:Name>ООО МИКО</p:Name><p:Phone>555-01-02</p:Phone>'
        "<p:Manager>Иванов</p:Manager></p:Items>"
    )
    plain = item.replace(' xsi:type="p:Special"', "").replace("<p:Manager>Иванов</p:Manager>", "")
    body = answer(
        "GetPage", "urn:example:exchange", f'<m:return xmlns:p="urn:example:package">{item}{plain}</m:return>'
    )
    records, _ = read_answer(fixture("v8-core"), "GetPage", body, **PAGE)
    assert [one.name for one in alive(records)] == ["ООО МИКО"] * 2
    wrong = body.replace(b' xsi:type="p:Special"', b"")
    with pytest.raises(ServiceChanged, match="holds the element Manager"):
        read_answer(fixture("v8-core"), "GetPage", wrong, **PAGE)


def v8(operation: str, inside: str) -> list[Read]:
    body = answer(operation, "urn:example:exchange", f'<m:return xmlns:v8="{CORE}">{inside}</m:return>')
    return read_answer(fixture("v8-core"), operation, body, **NAMED)[0]


FOUND = [Counterparty("1", "ООО МИКО", (Phone(("555-01-02",)),)), Counterparty("2", "ИП Иванов", ())]


def test_a_value_table_of_1c() -> None:
    head = "".join(f"<v8:column><v8:Name>{name}</v8:Name><v8:Title/></v8:column>" for name in ("Id", "Name", "Phone"))
    rows = "".join(
        f"<v8:row><v8:Value>{ref}</v8:Value><v8:Value>{name}</v8:Value>{phone}</v8:row>"
        for ref, name, phone in (
            ("1", "ООО МИКО", "<v8:Value>555-01-02</v8:Value>"),
            ("2", "ИП Иванов", '<v8:Value xsi:nil="true"/>'),
        )
    )
    assert v8("GetTable", head + rows) == FOUND


def structure(**values: str) -> str:
    return "".join(
        f'<v8:Property name="{name}"><v8:Value xsi:type="xs:string">{text}</v8:Value></v8:Property>'
        for name, text in values.items()
    )


def test_an_array_of_structures_of_1c() -> None:
    one = structure(Id="1", Name="ООО МИКО", Phone="555-01-02")
    two = structure(Id="2", Name="ИП Иванов", Phone="")
    items = "".join(f'<v8:Value xsi:type="v8:Structure">{item}</v8:Value>' for item in (one, two))
    assert v8("GetArray", items) == FOUND
    assert v8("GetAny", f"<Список>{items}</Список>") == FOUND


def test_a_map_of_1c() -> None:
    pairs = "".join(
        f"<v8:pair><v8:Key>{name}</v8:Key><v8:Value>{text}</v8:Value></v8:pair>"
        for name, text in {"Id": "1", "Name": "ООО МИКО", "Phone": "555-01-02"}.items()
    )
    entry = f"<Список><Запись>{pairs}</Запись></Список>"
    assert v8("GetAny", entry) == FOUND[:1]
    body = answer("GetAny", "urn:example:exchange", f'<m:return xmlns:v8="{CORE}">{entry}</m:return>')
    assert read_answer(fixture("v8-core"), "GetAny", body, list="Список.Запись", **NAMED)[0] == FOUND[:1]


ROWS = [
    {"Id": "1", "Name": "ООО МИКО", "Phone": "555-01-02"},
    {"Id": "2", "Name": 'ИП <Иванов> & "Ко"', "Phone": ["555-01-03", "555-01-04"]},
]
WANTED = [
    Counterparty("1", "ООО МИКО", (Phone(("555-01-02",)),)),
    Counterparty("2", 'ИП <Иванов> & "Ко"', (Phone(("555-01-03",)), Phone(("555-01-04",)))),
]
XML = (
    '<?xml version="1.0" encoding="windows-1251"?>\n<Каталоги xmlns="S2"><Клиент><Id>1</Id><Name>ООО МИКО</Name>'
    '<Phone>555-01-02</Phone></Клиент><Клиент><Id>2</Id><Name>ИП &lt;Иванов&gt; &amp; "Ко"</Name>'
    "<Phone>555-01-03</Phone><Phone>555-01-04</Phone></Клиент></Каталоги>"
)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_base64(content: bytes) -> str:
    return base64.encodebytes(content).decode()


JSON = json.dumps({"Клиенты": ROWS, "Следующий": "x"}, ensure_ascii=False)
TEXTS = {
    "json": escaped(JSON),
    "json-list": escaped(json.dumps(ROWS)),
    "json-xdto": escaped(json.dumps(xdto({"Клиенты": ROWS, "Следующий": "x"}), ensure_ascii=False)),
    "json-cdata": f"<![CDATA[\ufeff{JSON}]]>",
    "xml": escaped(XML),
    "xml-cdata": f"<![CDATA[\n\t{XML}]]>",
    "base64-json": in_base64(b"\xef\xbb\xbf" + JSON.encode()),
    "base64-xml": in_base64(XML.encode("windows-1251")),
    "base64-xml-8": in_base64(XML.replace("windows-1251", "utf-8").encode()),
}


def text(inside: str, **options: Any) -> tuple[list[Read], dict[str, Any]]:
    body = answer("GetText", "neo-fly", f"<m:return>{inside}</m:return>")
    return read_answer(fixture("neo-fly"), "GetText", body, **{**NAMED, **options})


@pytest.mark.parametrize("piece", [1, 50, 10**6])
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_holds_the_list(name: str, piece: int) -> None:
    assert text(TEXTS[name], piece=piece)[0] == WANTED


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_text_is_may_be_configured(name: str) -> None:
    decode = name.partition("-")[0]
    assert text(TEXTS[name], decode=decode)[0] == WANTED
    with pytest.raises(SourceError):
        text(TEXTS[name], decode={"json": "xml", "xml": "base64", "base64": "json"}[decode])


def test_the_list_within_a_text_may_be_named() -> None:
    other = json.dumps({"Другие": [{"a": 1}], "Данные": {"Клиенты": ROWS}}, ensure_ascii=False)
    assert text(escaped(other), list="Данные.Клиенты")[0] == WANTED
    two = XML.replace("<Клиент>", "<Склад><Name>Склад</Name></Склад><Клиент>", 1)
    assert text(escaped(two), list="Клиент")[0] == WANTED
    assert text(escaped(two), list="Каталоги.Клиент")[0] == WANTED


def test_texts_are_not_looked_into_where_that_is_switched_off() -> None:
    with pytest.raises(SourceQueryError, match="holds no list") as caught:
        text(TEXTS["json"], decode="none")
    assert 'decode = "none"' in caught.value.hint


UMC = (
    '<m:return><![CDATA[<?xml version="1.0"?><Каталоги xmlns="S2" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Каталог><UID xsi:type="xs:string">b468afaa</UID>'
    "<Наименование>Прочие услуги</Наименование><Артикул/><Телефон>555-01-02</Телефон></Каталог></Каталоги>]]>"
    "</m:return>"
)


def test_a_list_of_one_record_is_known_by_its_fields() -> None:
    fields = {"name": "Наименование", "phones": ["Телефон"], "ref": "UID"}
    body = answer("GetText", "neo-fly", UMC)
    records, _ = read_answer(fixture("neo-fly"), "GetText", body, fields=fields)
    assert records == [Counterparty("b468afaa", "Прочие услуги", (Phone(("555-01-02",)),))]


def test_a_field_that_no_record_has_is_told_with_those_that_exist() -> None:
    fields = {"name": "Имя", "phones": ["Телефон"]}
    two = UMC.replace("</Каталог>", "</Каталог><Каталог><Наименование>Ещё</Наименование></Каталог>")
    with pytest.raises(SourceQueryError, match="has the field Имя") as caught:
        read_answer(fixture("neo-fly"), "GetText", answer("GetText", "neo-fly", two), fields=fields)
    assert "Наименование" in caught.value.hint


NO_LIST = {
    "nil": ('<m:return xsi:nil="true"/>', "holds nothing: return is nil"),
    "empty": ("<m:return/>", "is empty: return holds no"),
    "missing": ("", "holds no return"),
}


@pytest.mark.parametrize("name", NO_LIST)
def test_no_list_is_an_error_typed_or_in_a_text(name: str) -> None:
    inside, words = NO_LIST[name]
    with pytest.raises(SourceBadAnswer, match=words):
        typed(inside)
    with pytest.raises(SourceBadAnswer, match=words):
        read_answer(fixture("neo-fly"), "GetText", answer("GetText", "neo-fly", inside), **NAMED)


def test_an_empty_list_is_none_and_so_is_an_empty_last_page() -> None:
    assert typed('<m:return><m:NextCursor xsi:nil="true"/></m:return>') == (
        [],
        {"return": {"NextCursor": None}, "NextCursor": None},
    )
    assert typed("<m:return/>", first=False)[0] == []
    assert text("[]")[0] == []
    assert text("&lt;Каталоги/&gt;")[0] == []


ERRORS_IN_TEXTS = [
    "Нет доступа",
    "123 456 ошибок",
    escaped("<Результат><Код>5</Код><Сообщение>Нет доступа</Сообщение></Результат>"),
    escaped("<Результат>Нет доступа</Результат>"),
    escaped('{"error": "Нет доступа"}'),
    escaped('{"Клиенты": null}'),
    escaped(JSON[:-20]),
    escaped(XML[:-20]),
    escaped("<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>"),
    "QUJD",
    "QUJDR",
    "тайна",
]


@pytest.mark.parametrize("inside", ERRORS_IN_TEXTS)
def test_a_text_that_holds_no_list_is_an_error(inside: str) -> None:
    with pytest.raises(SourceError) as caught:
        text(inside)
    assert caught.value.exit_code == 4
    assert caught.value.hint


FAULT = (
    "Неизвестная ошибка. {WебСервис.Prompter.Модуль(25)}: Не указан тип идентификатора.\nпо причине:\n"
    "{WебСервис.Prompter.Модуль(25)}: Не указан тип идентификатора."
)


def fault(words: str, version: str) -> bytes:
    if version == "1.1":
        return envelope(
            f"<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{words}</faultstring><detail/></soap:Fault>"
        )
    reason = f'<soap:Reason><soap:Text xml:lang="ru">{words}</soap:Text></soap:Reason>'
    return envelope(f"<soap:Fault><soap:Code/>{reason}</soap:Fault>", "http://www.w3.org/2003/05/soap-envelope")


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(("wsdl", "operation"), [(SHIPPED, OPERATION), (fixture("neo-fly"), "GetText")])
def test_a_fault_that_comes_with_200_is_told_in_its_own_words(wsdl: bytes, operation: str, version: str) -> None:
    with pytest.raises(SourceFailure, match="Не указан тип идентификатора") as caught:
        read_answer(wsdl, operation, fault(FAULT, version), **NAMED if operation == "GetText" else {})
    assert "(SOAP fault)" in caught.value.message


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Не обнаружено свободной лицензии!", SourceBusy),
        ("Начало сеанса запрещено", SourceBusy),
        ("Нарушение прав доступа!", SourceRightsError),
        ("У пользователя недостаточно прав на исполнение операции", SourceRightsError),
        ("Ошибка преобразования данных XDTO", SourceQueryError),
        ("Операция не найдена: GetX", ServiceChanged),
        ("Что-то ещё", SourceFailure),
    ],
)
def test_the_words_of_a_fault_decide_what_it_is(words: str, error: type[SourceError]) -> None:
    with pytest.raises(error) as caught:
        read_answer(SHIPPED, OPERATION, fault(words, "1.1"))
    assert words in caught.value.message


GOOD = answer(OPERATION, ASTSYNC, f"<m:return>{RECORD}{NEXT}</m:return>")
NOT_SOAP = {
    "page": (
        b"<!DOCTYPE html><html><head><title>Login</title></head><body>x</body></html>",
        "not XML but a page: Login",
    ),
    "empty": (b"", "is empty"),
    "blank": (b"\xef\xbb\xbf \r\n", "is empty"),
    "json": (b'{"a": 1}', "not XML but a page"),
    "other": (b"<Counterparties/>", "no SOAP envelope but the document Counterparties"),
    "no body": (envelope(""), "holds nothing in its SOAP body"),
    "bomb": (b'<!DOCTYPE a [<!ENTITY b "x">]>' + GOOD, "refused: it has a document type"),
    "encoding": (b'<?xml version="1.0" encoding="shift_jis"?>' + GOOD, "is damaged XML"),
    "control": (GOOD.replace("МИКО".encode(), b"&#x2;"), "is damaged XML"),
}


@pytest.mark.parametrize("name", NOT_SOAP)
@pytest.mark.parametrize("piece", [5, 10**6])
def test_what_is_no_answer_is_refused(name: str, piece: int) -> None:
    body, words = NOT_SOAP[name]
    with pytest.raises(SourceBadAnswer, match=words) as caught:
        read_answer(SHIPPED, OPERATION, body, piece=10**6 if piece == 5 and name in {"page", "json"} else piece)
    assert caught.value.hint


@pytest.mark.parametrize("length", range(1, len(GOOD), 40))
def test_a_cut_answer_is_never_taken_for_a_whole_one(length: int) -> None:
    with pytest.raises(SourceBadAnswer):
        read_answer(SHIPPED, OPERATION, GOOD[:-length])


def test_a_cut_answer_may_be_asked_for_again() -> None:
    with pytest.raises(SourceBadAnswer) as caught:
        read_answer(SHIPPED, OPERATION, GOOD[:-30])
    assert caught.value.tries == FEW


@pytest.mark.parametrize(
    "change",
    [
        ("<m:Ref>", "<m:ИНН>7</m:ИНН><m:Ref>"),
        ("<m:Kind>", "<m:ИНН>7</m:ИНН><m:Kind>"),
        (NEXT, f"{NEXT}<m:ИНН>7</m:ИНН>"),
        ("</m:return>", "</m:return><m:ИНН>7</m:ИНН>"),
        ("<m:Ref>1</m:Ref>", "<m:Ref><m:ИНН>1</m:ИНН></m:Ref>"),
    ],
)
def test_an_element_that_the_wsdl_does_not_know_is_an_error_that_names_it(change: tuple[str, str]) -> None:
    first = f"<m:return>{RECORD.replace('>1<', '>0<')}"
    good = answer(OPERATION, ASTSYNC, f"{first}{RECORD}{NEXT}</m:return>").decode()
    place = good.rindex(change[0])
    changed = good[:place] + good[place:].replace(change[0], change[1], 1)
    assert changed != good
    with pytest.raises(ServiceChanged, match="the element ИНН, which the WSDL does not know"):
        read_answer(SHIPPED, OPERATION, changed.encode())


def test_the_answer_to_another_operation_is_an_error() -> None:
    with pytest.raises(ServiceChanged, match="answered with OtherResponse instead of GetCounterpartiesResponse"):
        read_answer(SHIPPED, OPERATION, answer("Other", ASTSYNC, "<m:return/>"))
    with pytest.raises(ServiceChanged, match="of another namespace"):
        read_answer(SHIPPED, OPERATION, answer(OPERATION, "urn:other", "<m:return/>"))


def test_the_list_may_be_named_and_a_wrong_name_is_told() -> None:
    assert alive(typed(f"<m:return>{RECORD}</m:return>", list="Counterparties")[0]) == [MIKO]
    assert alive(typed(f"<m:return>{RECORD}</m:return>", list="return.Counterparties")[0]) == [MIKO]
    with pytest.raises(SourceQueryError, match=r"has no Контрагенты \(source.soap.list\)") as caught:
        typed("<m:return/>", list="Контрагенты")
    assert "return.Counterparties" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<m:x>" * 900_000, "more than 2,097,152 bytes without a record"),
        ("<m:x/>" * 10_000, "more than 1,000 elements beside the records"),
        ("x" * 5_000_000, "more than 2,097,152 bytes without a record"),
    ],
)
def test_what_has_no_records_and_no_end_is_bounded(inside: str, words: str) -> None:
    with pytest.raises(SourceBadAnswer, match=f"is too large: {words}"):
        typed(f"<m:return>{inside}</m:return>", piece=65536)
