"""Files that address books and shops write: vCard, CommerceML, and lists in XML."""

import base64
import quopri
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.errors import SourceBadAnswer, SourceError, SourceQueryError
from astsync.sources.file.commerceml import commerceml
from astsync.sources.file.vcards import vcards
from tests.unit.file_source import READ, check, pull, short, write


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def quoted(text: str) -> str:
    return quopri.encodestring(text.encode(), quotetabs=True).decode().replace("\n", "\r\n")


CARDS = card("UID:01", "FN:ООО Ромашка", "TEL;TYPE=WORK,VOICE:+7 495 555-01-01") + card(
    "UID:02", "FN:ИП Ёлкин", "TEL:555-01-02"
)


@pytest.mark.parametrize("name", ["contacts.vcf", "contacts", "contacts.txt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
def test_the_cards_of_a_file(tmp_path: Path, name: str, encoding: str) -> None:
    assert short(pull(write(tmp_path, CARDS, name, encoding))) == READ
    assert ("format", "vcard") in {(finding.part, finding.words) for finding in check(tmp_path / name)}


def one(*lines: str) -> tuple[str, list[tuple[str, str]]]:
    """Read one card: its name, and its phones with their kinds."""
    ((_, record),) = vcards(card(*lines).splitlines(keepends=True), "x.vcf")
    return record["Name"], [(phone["Value"], phone["Kind"]) for phone in record["Phones"]]


LONG = "Общество с ограниченной ответственностью «Весенние ромашки и осенние астры»"


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["FN:ООО Ромашка"], "ООО Ромашка"),
        (["fn;charset=utf-8:ООО Ромашка"], "ООО Ромашка"),
        (["item1.FN:ООО Ромашка"], "ООО Ромашка"),
        (['FN:ООО \\"Ромашка\\"\\, Москва\\; Тверская\\nофис'], 'ООО "Ромашка", Москва; Тверская офис'),
        (["FN:ООО Ром", " ашка"], "ООО Ромашка"),
        (["FN:ООО Ром", "\tашка"], "ООО Ромашка"),
        (["N:Иванов;Иван;Петрович;г-н;"], "Иванов Иван Петрович"),
        (["N:Иванов\\;Петров;Иван;;;"], "Иванов;Петров Иван"),
        (["ORG:ООО Ромашка;Отдел продаж", "N:;;;;"], "ООО Ромашка"),
        (["FN:", "NICKNAME:Ваня"], "Ваня"),
        ([f"FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:{quoted(LONG)}"], LONG),
        ([f"FN;CHARSET=UTF-8;QUOTED-PRINTABLE:{quoted(LONG)}"], LONG),
        ([f"FN;ENCODING=QUOTED-PRINTABLE:{quoted('Иванов')}"], "Иванов"),
        (["FN;QUOTED-PRINTABLE;CHARSET=windows-1251:=C8=E2=E0=ED=EE=E2"], "Иванов"),
        (["FN;QUOTED-PRINTABLE;CHARSET=unheard-of:=C8=E2=E0=ED=EE=E2"], "Иванов"),
        ([f"FN;ENCODING=b:{base64.b64encode('Иванов'.encode()).decode()}"], "Иванов"),
        ([f"FN;BASE64:{base64.b64encode('Иванов'.encode()).decode()}"], "Иванов"),
        (['FN;X-A="a:b;c":Иванов'], "Иванов"),
        (["NOTE;QUOTED-PRINTABLE:=D0=98=", "FN:чужой=", "TEL:1", "FN:Иванов"], "Иванов"),
        (["PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRg", " ABAQAAAQABAAD", "", "FN:Иванов"], "Иванов"),
        (["FN:Иванов", "AGENT:", "BEGIN:VCARD", "FN:Секретарь", "TEL:555-01-09", "END:VCARD"], "Иванов"),
        ([], ""),
    ],
)
def test_the_name_of_a_card(lines: list[str], name: str) -> None:
    assert one(*lines)[0] == name


@pytest.mark.parametrize(
    ("lines", "phones"),
    [
        (["TEL:+7 495 555-01-01"], [("+7 495 555-01-01", "")]),
        (["TEL;CELL;PREF:+7 916 555-01-01"], [("+7 916 555-01-01", "cell")]),
        (["TEL;TYPE=WORK;TYPE=VOICE:1", "TEL;TYPE=\"home,voice\":2"], [("1", "work"), ("2", "home")]),
        (["TEL;TYPE=WORK,FAX:1", "TEL;FAX;VOICE:2", "TEL;PAGER:3"], [("2", "fax")]),
        (["TEL;TYPE=cell,fax:4"], [("4", "cell fax")]),
        (["TEL;VALUE=uri;TYPE=work:tel:+7-495-555-01-01;ext=12"], [("+7-495-555-01-01 доб. 12", "work")]),
        (["TEL;VALUE=uri:tel:555-01-01;phone-context=+7-495"], [("+7-495 555-01-01", "")]),
        (["TEL:tel:%2B74955550101"], [("+74955550101", "")]),
        (["TEL;VALUE=uri:sip:1234@example.com"], []),
        (["item1.TEL:1", "item1.X-ABLabel:_$!<Mobile>!$_"], [("1", "Mobile")]),
        (["i1.TEL:1", "i2.TEL:2", "i2.X-ABLabel:Склад"], [("1", ""), ("2", "Склад")]),
        (["TEL;QUOTED-PRINTABLE:+7=20495=20555-01-01"], [("+7 495 555-01-01", "")]),
        (["TEL:"], []),
        (["TEL;TYPE=WORK"], []),
    ],
)  # fmt: skip
def test_the_phones_of_a_card(lines: list[str], phones: list[tuple[str, str]]) -> None:
    assert one("FN:Иванов", *lines)[1] == phones


def test_the_version_decides_how_lines_are_joined() -> None:
    for version, name in (("2.1", "Иванов Иван"), ("3.0", "ИвановИван"), ("4.0", "ИвановИван")):
        text = card("FN:Иванов", " Иван", version=version)
        assert [record["Name"] for _, record in vcards(text.splitlines(keepends=True), "x")] == [name]


def test_another_field_may_be_the_name(tmp_path: Path) -> None:
    path = write(tmp_path, card("FN:Иванов", "ORG:ООО Ромашка", "TEL:1"), "a.vcf")
    assert pull(path, {"name": "ORG"})[0].name == "ООО Ромашка"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CARDS[:-14], "card on line 7 of a.vcf has no end"),
        ("BEGIN:VCARD\r\nFN:x\r\n", "card on line 1 of a.vcf has no end"),
        ("FN:Иванов\r\nTEL:1\r\n", "holds no card"),
    ],
)
def test_a_card_that_is_cut_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SourceBadAnswer, match=words):
        pull(write(tmp_path, text, "a.vcf"))


PIECES = [
    "BEGIN:VCARD",
    "END:VCARD",
    "TEL",
    "FN",
    "N",
    ";",
    ":",
    '"',
    "=",
    "\\",
    " ",
    "\n",
    "\r\n",
    "QUOTED-PRINTABLE",
    "B",
    "x",
]


@given(text=st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@settings(deadline=None)
def test_nothing_but_errors_of_sources_comes_of_odd_cards(text: str) -> None:
    with suppress(SourceError):
        list(vcards(text.splitlines(keepends=True), "x.vcf"))


# --- CommerceML


def contact(kind: str, text: str) -> str:
    return f"<Контакт><Тип>{kind}</Тип><Значение>{text}</Значение></Контакт>"


def party(ref: str, name: str, *contacts: str, more: str = "") -> str:
    inside = f"<Ид>{ref}</Ид><Наименование>{name}</Наименование><Роль>Покупатель</Роль>"
    return f"<Контрагент>{inside}{more}<Контакты>{''.join(contacts)}</Контакты></Контрагент>"


FIRST = party("01", "ООО Ромашка", contact("Телефон рабочий", "+7 495 555-01-01"), contact("Почта", "a@example.com"))
SECOND = party("02", "ИП Ёлкин", contact("ТелефонРабочий", "555-01-02"), contact("Факс", "555-01-03"))
OWNER = "<Владелец><Ид>9</Ид><Наименование>Мы</Наименование></Владелец>"
ROOT = '<КоммерческаяИнформация ВерсияСхемы="2.05" ДатаФормирования="2026-01-01">{}</КоммерческаяИнформация>'
SPACED = ROOT.replace(" ", ' xmlns="urn:1C.ru:commerceml_2" ', 1)
GOODS = "<Товары>" + "<Товар><Ид>7</Ид><Наименование>Гвоздь</Наименование></Товар>" * 50 + "</Товары>"
ORDERS = "".join(
    f"<Документ><Ид>{n}</Ид><Контрагенты>{who}</Контрагенты>{GOODS}</Документ>" for n, who in enumerate((FIRST, SECOND))
)
COMMERCE = {
    "list": ROOT.format(f"<Контрагенты>{FIRST}{SECOND}</Контрагенты>"),
    "orders": ROOT.format(ORDERS),
    "orders twice": ROOT.format(ORDERS + ORDERS),
    "spaced": SPACED.format(f"<Классификатор>{OWNER}</Классификатор><Контрагенты>{FIRST}{SECOND}</Контрагенты>"),
    "spaced orders": SPACED.format(ORDERS),
    "container": ROOT.format(f"<Контейнер>{ORDERS}</Контейнер>"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16"])
@pytest.mark.parametrize("name", COMMERCE)
def test_the_counterparties_of_commerceml(tmp_path: Path, name: str, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n{COMMERCE[name]}'
    path = write(tmp_path, text, "orders.xml", encoding)
    assert short(pull(path)) == READ
    assert ("format", "commerceml") in {(finding.part, finding.words) for finding in check(path)}


@pytest.mark.parametrize("size", [1, 13, 100_000])
def test_commerceml_in_pieces_of_any_size(size: int) -> None:
    raw = COMMERCE["spaced orders"].encode()
    records = commerceml((raw[at : at + size] for at in range(0, len(raw), size)), "x.xml")
    assert [(number, record["Name"]) for number, record in records] == [(1, "ООО Ромашка"), (2, "ИП Ёлкин")]


@pytest.mark.parametrize(
    ("inside", "texts"),
    [
        (contact("Телефон мобильный", "1") + contact("Мобильный", "2") + contact("Телефон/факс", "3"), ["1", "2", "3"]),
        (contact("Электронная почта", "1") + contact("Прочее", "2") + contact("Веб-страница", "3"), []),
        ('<Контакт Тип="Телефон внутренний"><Значение>1</Значение></Контакт>', ["1"]),
        ("<Контакт><КонтактВид>Телефон мобильный</КонтактВид><Значение>1</Значение></Контакт>", ["1"]),
        ("<Контакт><Значение>555-01-01</Значение></Контакт><Контакт><Значение>a@b</Значение></Контакт>", ["555-01-01"]),
    ],
)
def test_which_contacts_are_phones(tmp_path: Path, inside: str, texts: list[str]) -> None:
    path = write(tmp_path, ROOT.format(f"<Контрагенты>{party('1', 'А', inside)}</Контрагенты>"), "a.xml")
    assert short(pull(path)) == [("1", "А", texts)]


def test_phones_of_representatives_belong_to_whom_they_represent(tmp_path: Path) -> None:
    person = party("5", "Иванов", contact("Телефон рабочий", "2"))
    more = f"<Представители><Представитель>{person}</Представитель></Представители>"
    bank = f"<РасчетныеСчета><РасчетныйСчет><Банк>{contact('Телефон', '9')}</Банк></РасчетныйСчет></РасчетныеСчета>"
    body = party("1", "А", contact("Телефон рабочий", "1"), more=more + bank)
    path = write(tmp_path, ROOT.format(f"<Контрагенты>{body}</Контрагенты>"), "a.xml")
    assert short(pull(path)) == [("1", "А", ["1", "2"])]


def test_names_and_deletion_marks_of_commerceml(tmp_path: Path) -> None:
    official = "<Контрагент><Ид>1</Ид><ОфициальноеНаименование>ООО А</ОфициальноеНаименование></Контрагент>"
    person = "<Контрагент><Ид>2</Ид><Фамилия>Иванов</Фамилия><Имя>Иван</Имя></Контрагент>"
    gone = "<Контрагент Статус='Удален'><Ид>3</Ид><Наименование>Б</Наименование></Контрагент>"
    path = write(tmp_path, ROOT.format(f"<Контрагенты>{official}{person}{gone}</Контрагенты>"), "a.xml")
    assert [(c.ref, c.name) for c in pull(path)] == [("1", "ООО А"), ("2", "Иванов Иван")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ROOT.format(f"<Каталог>{OWNER}{GOODS}</Каталог>"), "holds no Контрагенты"),
        (COMMERCE["orders"][:-40], "is cut"),
        ("<!DOCTYPE a [<!ENTITY e 'boom'>]>" + COMMERCE["list"], "document type"),
        (ROOT.format("<Товары>" + "x" * 9_000_000 + "</Товары>"), "too large"),
    ],
)
def test_commerceml_that_cannot_be_read_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SourceBadAnswer, match=words) as caught:
        pull(write(tmp_path, text, "a.xml"))
    assert caught.value.hint


@given(
    tokens=st.lists(
        st.sampled_from(["Контрагенты", "Контрагент", "Контакты", "Контакт", "Представители", "/", "x", "Телефон"]),
        max_size=20,
    )
)
@settings(deadline=None)
def test_nothing_but_errors_of_sources_comes_of_odd_commerceml(tokens: list[str]) -> None:
    body, opened = "", ["КоммерческаяИнформация"]
    for token in tokens:
        if token != "/":
            opened.append(token)
            body += f"<{token}>x"
        elif len(opened) > 1:
            body += f"</{opened.pop()}>"
    text = f"<КоммерческаяИнформация>{body}" + "".join(f"</{name}>" for name in reversed(opened))
    with suppress(SourceError):
        assert all(isinstance(record, dict) for _, record in commerceml([text.encode()], "x.xml"))


# --- lists in XML

LIST = (
    "<Контрагенты><Контрагент><Ref>01</Ref><Name>ООО Ромашка</Name><Phones>+7 495 555-01-01</Phones></Контрагент>"
    "<Контрагент><Ref>02</Ref><Name>ИП Ёлкин</Name><Phones><Phone>555-01-02</Phone></Phones></Контрагент></Контрагенты>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16"])
def test_a_list_in_xml(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, f'<?xml version="1.0" encoding="{encoding}"?>{LIST}', "a.xml", encoding)
    assert short(pull(path)) == READ
    assert short(pull(path, list="Контрагент")) == READ


def test_an_encoding_that_the_document_does_not_name_may_be_configured(tmp_path: Path) -> None:
    path = write(tmp_path, LIST, "a.xml", "windows-1251")
    with pytest.raises(SourceBadAnswer, match="damaged XML") as caught:
        pull(path)
    assert "source.file.encoding" in caught.value.hint
    assert short(pull(path, encoding="windows-1251")) == READ


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32", "cp866", "shift_jis"])
def test_any_encoding_may_be_configured(tmp_path: Path, encoding: str) -> None:
    assert short(pull(write(tmp_path, LIST, "a.xml", encoding), encoding=encoding)) == READ
    path = write(tmp_path, COMMERCE["list"], "b.xml", encoding)
    assert short(pull(path, encoding=encoding, format="commerceml")) == READ


@pytest.mark.parametrize("encoding", ["shift_jis", "utf-7", "no-such"])
def test_an_encoding_that_the_parser_does_not_know_is_told(tmp_path: Path, encoding: str) -> None:
    for document in (LIST, COMMERCE["list"]):
        text = f'<?xml version="1.0" encoding="{encoding}"?>{document}'
        with pytest.raises(SourceBadAnswer, match=r"damaged XML: .*encoding") as caught:
            pull(write(tmp_path, text, "a.xml"))
        assert "source.file.encoding" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'>" + LIST, "auto", "document type"),
        (LIST[:-20], "auto", "is cut"),
        (LIST, "csv", "is XML, not csv"),
        ("Name;Phones\n", "xml", "is no XML, not xml"),
        ("<a><b>нет прав</b></a>", "auto", "holds no list"),
        ("<!doctype html><html/>", "xml", "is HTML"),
    ],
)
def test_xml_that_is_no_list_is_refused(tmp_path: Path, text: str, wanted: str, words: str) -> None:
    with pytest.raises(SourceBadAnswer, match=words) as caught:
        pull(write(tmp_path, text, "a.xml"), format=wanted)
    assert caught.value.hint


def test_fields_that_are_not_there_are_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SourceQueryError, match="has the field Наименование") as caught:
        pull(write(tmp_path, LIST, "a.xml"), {"name": "Наименование"}, list="Контрагент")
    assert "Name" in caught.value.hint
